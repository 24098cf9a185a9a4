/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The projects of the batch, and the VMs that own their volumes. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/project_find.h"
#include "cloud/vm_parts.h"
#include "cloud/volume_parts.h"

#define HUMAN                                                                                           \
	"Owns the volumes of project %s, so that they outlive the VMs they are attached to. It has no " \
	"disks and is never started. Do not remove it.\n"

struct volume_home *volume_home(struct volume_run *run, const char *project)
{
	for (size_t i = 0; i < run->nhomes; i++)
		if (str_eq(run->homes[i].project, project))
			return &run->homes[i];
	return NULL;
}

static int add_home(struct volume_run *run, const struct volume_spec *s, const char *project,
		    const char *label, struct pxc_err *err)
{
	struct volume_home *h = project ? volume_home(run, project) : NULL;

	if (!project || h) {
		if (h)
			h->reseal |= s->reseal;
		return 0;
	}
	h = &run->homes[run->nhomes++];
	*h = (struct volume_home){ .project = project, .label = label, .reseal = s->reseal };
	h->pool = project_pool(run->vw->w, project);
	if (!h->pool)
		return project_missing(s->label, project, err);
	return 0;
}

/* What is to be in the list of storages: what is there, and what is wanted of it. */
static void read_storages(struct volume_run *run, struct volume_home *h)
{
	const char *text = h->holder ? annot_get(&h->holder->notes.annot, "storages") : NULL;
	const char *const *names = strv_split(run->arena, text);

	for (size_t i = 0; names[i]; i++)
		(void)json_object_set_new(h->storages, names[i], json_true());
}

int volume_homes(struct volume_run *run, struct pxc_err *err)
{
	const struct volume_batch *b = run->batch;

	run->homes = arena_alloc(run->arena, (2 * b->nspecs + 1) * sizeof(*run->homes));
	for (size_t i = 0; i < b->nspecs; i++) {
		const struct volume_spec *s = &b->specs[i];

		if (add_home(run, s, s->project, s->project_label, err) < 0 ||
		    add_home(run, s, s->new_project, s->new_project_label, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < run->nhomes; i++) {
		struct volume_home *h = &run->homes[i];

		h->storages = json_object();
		if (holder_find(run->vw->w, run->vw->seen, run->vw->nseen, h->project, h->reseal,
				&h->holder, err) < 0)
			return -1;
		read_storages(run, h);
		h->vmid = h->holder ? h->holder->guest->vmid : 0;
	}
	return 0;
}

void volume_home_wants(struct volume_home *home, const char *storage)
{
	home->wanted = true;
	(void)json_object_set_new(home->storages, storage, json_true());
}

static bool is_free(const struct volume_run *run, unsigned vmid)
{
	for (size_t i = 0; i < run->nhomes; i++)
		if (run->homes[i].vmid == vmid)
			return false;
	return holder_number(run->vw->w, vmid) && !world_guest(run->vw->w, vmid);
}

/* A holder that is gone is made anew under the number that its volumes carry, when that is free. */
static unsigned former_number(const struct volume_run *run, const struct volume_home *h)
{
	const struct rbd_world *rbd = run->vw->rbd;

	for (size_t i = 0; i < rbd->npools; i++)
		for (size_t k = 0; k < rbd->pools[i].nimages; k++) {
			const struct rbd_seen *v = &rbd->pools[i].images[k];
			unsigned vmid = volume_named_after(v->name);

			if (vmid && volume_is(v) && str_eq(volume_get(v, "project"), h->project) &&
			    is_free(run, vmid))
				return vmid;
		}
	return 0;
}

/* Whether a number is really free is known only when PVE has taken it; those that keep colliding are left behind. */
static unsigned next_number(const struct volume_run *run)
{
	const struct registry *r = &run->vw->w->registry;
	unsigned first = r->holder_last ? r->holder_first : HOLDER_FIRST;
	unsigned last = r->holder_last ? r->holder_last : HOLDER_LAST;

	if (run->batch->round > 3)
		first += (run->batch->round - 3) * 50;
	for (unsigned vmid = first; vmid <= last; vmid++)
		if (is_free(run, vmid))
			return vmid;
	return 0;
}

int volume_homes_number(struct volume_run *run, struct pxc_err *err)
{
	for (size_t i = 0; i < run->nhomes; i++) {
		struct volume_home *h = &run->homes[i];

		if (!h->wanted || h->holder)
			continue;
		h->vmid = former_number(run, h);
		if (!h->vmid)
			h->vmid = next_number(run);
		if (!h->vmid)
			return pxc_fail(
				err, PXC_EINVAL,
				"project %s: no VMID is free for the VM that holds its volumes: widen "
				"holder_range (pxc_cloud)",
				h->project);
	}
	return 0;
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "ceph,fast" */
static char *storages_text(const struct volume_home *h)
{
	const char **names = pxc_calloc(json_object_size(h->storages) + 1, sizeof(*names));
	struct pxc_buf out = { .data = NULL };
	size_t n = 0;
	const char *key;
	json_t *value;

	json_object_foreach (h->storages, key, value)
		names[n++] = key;
	qsort(names, n, sizeof(*names), name_order);
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s%s", i ? "," : "", names[i]);
	free(names);
	return buf_take(&out);
}

static char *notes(const struct volume_run *run, const struct volume_home *h, const char *uuid)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *storages = storages_text(h), *human = pxc_printf(HUMAN, h->project);
	const char *old;
	char id[64], r[24];

	if (h->holder)
		annot_copy(&a, &h->holder->notes.annot);
	old = annot_get(&a, "r");
	vm_block_id(h->vmid, uuid, id);
	(void)snprintf(r, sizeof(r), "%lu", old ? strtoul(old, NULL, 10) + 1 : 1);
	annot_set(&a, "t", "holder");
	annot_set(&a, "id", id);
	annot_set(&a, "c", run->cluster);
	annot_set(&a, "project", h->project);
	annot_set(&a, "storages", storages);
	annot_set(&a, "r", r);
	annot_set(&a, "at", run->batch->stamp);
	annot_set(&a, "by", run->batch->actor);
	return h->holder ? annot_rewrite(ANNOT_BLOCK, &h->holder->notes, &a)
			 : annot_render(ANNOT_BLOCK, human, &a, "");
}

static void add_create(struct volume_run *run, struct volume_home *h)
{
	auto_free char *text = NULL, *seed = NULL;
	const struct world *w = run->vw->w;
	const char *node = w->nodes[0].name;
	char hash[65], uuid[37];

	for (size_t i = w->nnodes; i-- > 0;)
		if (w->nodes[i].online)
			node = w->nodes[i].name;
	seed = pxc_printf("%s holder %s %u", run->batch->nonce, h->project, h->vmid);
	sha256_hex(seed, strlen(seed), hash);
	(void)snprintf(uuid, sizeof(uuid), "%.8s-%.4s-4%.3s-a%.3s-%.12s", hash, hash + 8, hash + 13,
		       hash + 17, hash + 20);
	text = notes(run, h, uuid);
	pxc_plan_add(h->plan, VOLUME_HOLDER_CREATE, PXC_QUIET,
		     json_pack("{s:s,s:i,s:o,s:s,s:s,s:s,s:o,s:i,s:i,s:i}", "node", node, "vmid",
			       (int)h->vmid, "name", json_sprintf("holder-%s", h->project), "pool",
			       h->pool, "tags", HOLDER_TAG, "description", text, "smbios1",
			       json_sprintf("uuid=%s", uuid), "protection", 1, "onboot", 0,
			       "memory", 16),
		     "create VM %u on %s, which holds the volumes of project %s", h->vmid, node,
		     h->project);
}

static void add_notes(struct volume_run *run, struct volume_home *h)
{
	const struct vm_seen *x = h->holder;
	auto_free char *storages = storages_text(h), *text = NULL;
	char uuid[37];

	if (x->problem || (x->notes.finding == ANNOT_OK &&
			   str_eq(annot_get(&x->notes.annot, "storages"), storages)))
		return;
	text = notes(run, h, vm_smbios_uuid(x->config, uuid));
	pxc_plan_add(h->plan, VOLUME_HOLDER_NOTES, PXC_QUIET,
		     json_pack("{s:s,s:i,s:s,s:s}", "node", x->guest->node, "vmid", (int)h->vmid,
			       "description", text, "digest", x->digest),
		     "note that volumes of project %s lie in %s", h->project, storages);
}

/* So that its configuration moves when its node dies: without it the volumes' names would speak of a VM that nobody sees. */
static void add_ha(struct volume_run *run, struct volume_home *h)
{
	if (run->vw->w->nnodes < 2 || (h->holder && *h->holder->guest->ha))
		return;
	if (!run->vw->may_ha) {
		if (!h->holder)
			pxc_plan_warn(
				h->plan,
				"VM %u, which holds the volumes of project %s, is not in high "
				"availability: the API user needs the privilege Sys.Console on / "
				"for that",
				h->vmid, h->project);
		return;
	}
	pxc_plan_add(h->plan, VOLUME_HOLDER_HA, PXC_QUIET,
		     json_pack("{s:o,s:s,s:s}", "sid", json_sprintf("vm:%u", h->vmid), "state",
			       "stopped", "comment", "holds volumes"),
		     "let HA move VM %u when its node dies", h->vmid);
}

void volume_homes_plan(struct volume_run *run)
{
	for (size_t i = 0; i < run->nhomes; i++) {
		struct volume_home *h = &run->homes[i];

		if (h->wanted) {
			h->plan = pxc_plans_add(run->plans, h->label);
			if (h->holder)
				add_notes(run, h);
			else
				add_create(run, h);
			add_ha(run, h);
		}
	}
}
