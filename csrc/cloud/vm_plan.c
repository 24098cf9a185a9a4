/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole batch at once: flavors, quota, VMIDs, placement, downloads; then each VM's own steps. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/project_find.h"
#include "cloud/vm_batch.h"
#include "cloud/vm_parts.h"

#define DEFAULT_VMID 100u
#define LAST_VMID 999999999u

static int find_flavor(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	char names[300];

	if (!s->flavor)
		return 0;
	c->flavor = registry_flavor(&c->w->registry, s->flavor);
	/* One that is kept for others is told as one that is not there. */
	if (!c->flavor || !registry_flavor_for(c->flavor, s->project))
		return pxc_fail(
			err, PXC_EINVAL, "%s: there is no flavor %s for project %s: %s", s->label,
			s->flavor, s->project,
			registry_flavor_names(&c->w->registry, s->project, names, sizeof(names)));
	return 0;
}

/* A new VM needs a shape: from a flavor, from its template, or said in full. */
static int check_shape(const struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;

	if (s->absent || c->have || c->flavor || c->template ||
	    (vm_text(s->config, "memory") && vm_text(s->config, "cores")))
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"%s does not exist yet: give a flavor, or cores and memory", s->label);
}

static int check_node(const struct vm_case *c, struct pxc_err *err)
{
	const struct world_node *n = c->spec->node ? world_node(c->w, c->spec->node) : NULL;

	if (!c->spec->node)
		return 0;
	if (!n)
		return pxc_fail(err, PXC_EINVAL, "%s: there is no node %s in cluster %s",
				c->spec->label, c->spec->node, c->w->cluster_name);
	if (!n->online)
		return pxc_fail(err, PXC_EINVAL, "%s: node %s is offline", c->spec->label, n->name);
	return 0;
}

/* The image of a VM is what it was made from; another one means another VM. */
static int check_origin(const struct vm_case *c, struct pxc_err *err)
{
	const char *from = c->have ? annot_get(&c->have->notes.annot, "image") : NULL;
	const struct vm_spec *s = c->spec;
	char template[32] = "";
	size_t len = s->image_name ? strlen(s->image_name) : 0;

	if (!from || s->absent)
		return 0;
	if (s->template_vmid)
		(void)snprintf(template, sizeof(template), "template/%u", s->template_vmid);
	if (len && !s->rebuild &&
	    (strncmp(from, s->image_name, len) != 0 || from[len] != '@' ||
	     (s->image_version && !str_eq(s->image_version, from + len + 1))))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s was made from %s, not from %s%s%s: a VM keeps its image; rebuild: true "
			"replaces its root disk, and all that is on it",
			s->label, from, s->image_name, s->image_version ? "@" : "",
			s->image_version ? s->image_version : "");
	if ((*template && !str_eq(template, from)) ||
	    (s->image_volume && !str_eq(s->image_volume, from)))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s was made from %s, not from %s: a VM keeps its image; remove it and make "
			"it anew, or leave the image out",
			s->label, from, *template ? template : s->image_volume);
	return 0;
}

static int prepare(struct vm_case *c, const struct vm_world *vw, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;

	c->pool = project_pool(c->w, s->project);
	if (!c->pool)
		return project_missing(s->label, s->project, err);
	if (vm_match(s, vw, &c->have, err) < 0)
		return -1;
	if (c->have) {
		c->vmid = c->have->guest->vmid;
		c->node = c->have->guest->node;
	}
	if (vm_snap_check(c, err) < 0 || vm_cards(c, err) < 0)
		return -1;
	if (s->absent)
		return 0;
	c->storage = s->storage ? s->storage : registry_usual_storage(&c->w->registry);
	if (find_flavor(c, err) < 0 || check_node(c, err) < 0 || check_origin(c, err) < 0)
		return -1;
	if (!c->have && (s->template_vmid || s->template_name) &&
	    vm_template(s, vw, &c->template, err) < 0)
		return -1;
	if (!c->have && s->image_volume) {
		c->import = s->image_volume;
		c->image_bytes = vm_image_bytes(vw, c->import);
	}
	if (vm_root_find(c, err) < 0 || vm_seed_decide(c, err) < 0 || vm_ha_decide(c, err) < 0)
		return -1;
	if (s->new_name && !c->have)
		return pxc_fail(err, PXC_EINVAL, "%s does not exist and cannot be renamed to %s",
				s->label, s->new_name);
	return check_shape(c, err);
}

/* Deterministic for a run, never the same in two: SHA-256 of the run's nonce and the VM, as a version 4 uuid. */
static char *new_uuid(const struct vm_case *c, struct pxc_arena *arena)
{
	char text[512], h[65];
	int n = snprintf(text, sizeof(text), "%s %s %u", c->batch->nonce, c->spec->label, c->vmid);

	sha256_hex(text, strnlen(text, n < 0 ? 0 : (size_t)n), h);
	h[12] = '4';
	h[16] = "89ab"[h[16] % 4];
	return arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", h, h + 8, h + 12, h + 16, h + 20);
}

static unsigned limit_of(const struct world *w, const char *key, unsigned fallback)
{
	const json_t *v = json_object_get(json_object_get(w->options, "next-id"), key);
	const char *text = json_string_value(v);
	unsigned long n = text ? strtoul(text, NULL, 10) : (unsigned long)json_integer_value(v);

	return n > 0 && n <= LAST_VMID ? (unsigned)n : fallback;
}

/*
 * The lowest free VMIDs, in the batch's order. Whether one is really free is known only when PVE has taken it;
 * ids that keep colliding (guests that we may not see) are left behind from the third look on.
 */
static int choose_vmids(struct vm_case *cases, size_t n, struct pxc_arena *arena,
			struct pxc_err *err)
{
	const struct world *w = n ? cases[0].w : NULL;
	unsigned next = w ? limit_of(w, "lower", DEFAULT_VMID) : 0;
	unsigned last = w ? limit_of(w, "upper", LAST_VMID) : 0,
		 round = n ? cases[0].batch->round : 0;

	if (round > 3)
		next += (round - 3) * 50;
	for (size_t i = 0; i < n; i++) {
		struct vm_case *c = &cases[i];

		if (c->have || c->spec->absent)
			continue;
		while (next < last && (world_guest(w, next) || holder_number(w, next)))
			next++;
		if (next >= last)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: no VMID is free between %u and %u: raise next-id in the cluster "
				"options",
				c->spec->label, limit_of(w, "lower", DEFAULT_VMID), last);
		c->vmid = next++;
		c->uuid = new_uuid(c, arena);
	}
	return 0;
}

/* A downloaded image is an import volume of the storage it was put on. */
static int name_images(struct vm_case *cases, size_t n, struct vm_spec *copies,
		       struct pxc_arena *arena, struct pxc_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct vm_spec *s = cases[i].spec;
		const char *storage =
			s->image_storage ? s->image_storage : cases[i].w->registry.import_storage;

		if (!s->image_url)
			continue;
		if (!storage)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: the image needs a storage with content import to be downloaded to: "
				"set image: storage (or pxc_cloud: import_storage)",
				s->label);
		copies[i] = *s;
		copies[i].image_storage = storage;
		copies[i].image_volume =
			arena_printf(arena, "%s:import/%s", storage, s->image_file);
		cases[i].spec = &copies[i];
	}
	return 0;
}

int vm_plan(const struct vm_batch *batch, const struct vm_world *vw, struct pxc_plans *ret,
	    struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct vm_case *cases = arena_alloc(&arena, batch->nspecs * sizeof(*cases));
	struct vm_affinity affinity;
	struct vm_spec *copies = arena_alloc(&arena, batch->nspecs * sizeof(*copies));
	size_t n = batch->nspecs;
	char cluster[9];

	if (world_writable(vw->w, err) < 0)
		return -1;
	world_cluster_hash(vw->w->registry.domain, vw->w->cluster_name, cluster);
	for (size_t i = 0; i < n; i++)
		cases[i] = (struct vm_case){ .batch = batch,
					     .spec = &batch->specs[i],
					     .w = vw->w,
					     .cluster = cluster,
					     .vw = vw,
					     .arena = &arena };
	if (name_images(cases, n, copies, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (prepare(&cases[i], vw, err) < 0)
			return -1;
	if (vw->making)
		return pxc_fail(err, PXC_EBUSY,
				"a creation that an earlier run began still goes on at the server");
	if (vm_addresses(cases, n, err) < 0 || vm_recount(cases, n, err) < 0 ||
	    vm_check_quota(cases, n, err) < 0 || choose_vmids(cases, n, &arena, err) < 0 ||
	    vm_affinity(cases, n, &affinity, err) < 0 || vm_place(cases, n, vw, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		vm_root_name(&cases[i]);
	for (size_t i = 0; i < n; i++) {
		cases[i].plan = pxc_plans_add(ret, cases[i].spec->label);
		cases[i].plan->allow = cases[i].spec->allow;
		if (vm_steps(&cases[i], err) < 0)
			return -1;
		cases[i].plan->item = vm_item(&cases[i]);
	}
	vm_downloads(cases, n, vw, ret);
	vm_root_collect(cases, n, vw, ret);
	vm_affinity_steps(cases, n, ret);
	return 0;
}
