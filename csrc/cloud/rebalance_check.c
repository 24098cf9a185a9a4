/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_check.c - can a VM live on other nodes? What PVE's migrate precondition and the VM's own configuration say. */
#include <string.h>

#include "annot/annot.h"
#include "base/buf.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/cpu_model.h"
#include "cloud/rebalance_parts.h"

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static const struct rebalance_node *node_of(const struct rebalance_world *bw, const char *name)
{
	for (size_t i = 0; i < bw->w->nnodes; i++)
		if (str_eq(bw->w->nodes[i].name, name))
			return &bw->nodes[i];
	return NULL;
}

/* A running guest needs the processor it was started with. */
static const char *cpu_refuses(const struct rebalance_world *bw, const char *model,
			       const struct rebalance_node *from, const struct rebalance_node *to)
{
	const char *missing;

	if (str_eq(model, "host") && from && *from->cpu_model && *to->cpu_model &&
	    !str_eq(from->cpu_model, to->cpu_model))
		return arena_printf(bw->arena, "has another processor (%s, and cpu is host)",
				    to->cpu_model);
	missing = cpu_model_lacks(model, to->cpu_flags);
	if (missing)
		return arena_printf(bw->arena, "has no processor for %s (lacks %s)", model,
				    missing);
	return NULL;
}

static bool has_bridge(const struct rebalance_node *node, const char *bridge)
{
	size_t i;
	json_t *name;

	json_array_foreach (node->bridges, i, name)
		if (str_eq(json_string_value(name), bridge))
			return true;
	return !node->bridges;
}

/* The first bridge or vnet of the VM's cards that the node lacks. */
static const char *bridge_refuses(const struct rebalance_world *bw, const json_t *config,
				  const struct rebalance_node *to)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)config, key, value) {
		json_auto_t *card = NULL;
		const char *bridge;

		if (!str_starts(key, "net") || !json_is_string(value))
			continue;
		card = prop_parse_net(json_string_value(value));
		bridge = text(card, "bridge");
		if (*bridge && !has_bridge(to, bridge))
			return arena_printf(bw->arena, "has no bridge %s", bridge);
	}
	return NULL;
}

/* "ceph, nfs" of an array of texts, or of objects with a text "sid". */
static const char *names_of(struct pxc_arena *arena, const json_t *list)
{
	auto_buf struct pxc_buf out = { .data = NULL };
	size_t i;
	json_t *x;

	json_array_foreach (list, i, x) {
		const char *name = json_is_string(x) ? json_string_value(x) : text(x, "sid");

		buf_printf(&out, "%s%s", out.len ? ", " : "", name);
	}
	return arena_strdup(arena, buf_str(&out));
}

/* What PVE's precondition has against the node. */
static const char *pve_refuses(const struct rebalance_world *bw, const json_t *pre,
			       const char *node)
{
	const json_t *against = json_object_get(json_object_get(pre, "not_allowed_nodes"), node);
	const json_t *storages = json_object_get(against, "unavailable_storages"),
		     *resources = json_object_get(against, "unavailable-resources"),
		     *ha = json_object_get(against, "blocking-ha-resources");

	if (json_array_size(storages))
		return arena_printf(bw->arena, "has no storage %s", names_of(bw->arena, storages));
	if (json_array_size(resources))
		return arena_printf(bw->arena, "has no mapping for %s",
				    names_of(bw->arena, resources));
	if (json_array_size(ha))
		return arena_printf(bw->arena, "is barred by an HA rule (%s)",
				    names_of(bw->arena, ha));
	return json_object_size(against) ? "is refused by PVE" : NULL;
}

/* A device of the node that cannot be handed over while the guest runs. */
static const char *holds_device(const struct rebalance_world *bw, const json_t *pre)
{
	const json_t *mapped = json_object_get(pre, "mapped-resource-info");
	const char *key;
	json_t *value;

	if (json_array_size(json_object_get(pre, "local_resources")))
		return arena_printf(bw->arena, "it uses a device of its node (%s)",
				    names_of(bw->arena, json_object_get(pre, "local_resources")));
	json_object_foreach ((json_t *)(uintptr_t)mapped, key, value)
		if (json_integer_value(json_object_get(value, "live-migration")) == 0 &&
		    !json_is_true(json_object_get(value, "live-migration")))
			return arena_printf(bw->arena,
					    "it uses a mapped device that cannot migrate live (%s)",
					    key);
	return NULL;
}

/* Media and disks that are on its node only. */
static const char *disk_stays(const struct rebalance_batch *b, const struct rebalance_world *bw,
			      const json_t *pre)
{
	size_t i;
	json_t *disk;

	json_array_foreach (json_object_get(pre, "local_disks"), i, disk) {
		bool cd = json_integer_value(json_object_get(disk, "cdrom")) != 0;

		if (cd && !json_integer_value(json_object_get(disk, "is_cloudinit")))
			return arena_printf(bw->arena, "it has a CD of its node in the drive (%s)",
					    text(disk, "volid"));
		if (!b->spec.local_disks)
			return arena_printf(
				bw->arena,
				"it has a disk on one node only (%s; see with_local_disks)",
				text(disk, "volid"));
	}
	return NULL;
}

/* Groups are looked up by tags; one that only the notes know would be broken without notice. */
static const char *untagged_group(const struct rebalance_world *bw, const struct world_guest *g,
				  const json_t *config)
{
	auto_annot_text struct annot_text notes = { 0 };
	const char *groups;

	annot_parse(ANNOT_BLOCK, text(config, "description"), &notes);
	groups = notes.finding == ANNOT_OK ? annot_get(&notes.annot, AFFINITY_KEY) : NULL;
	for (const char *p = groups ? groups : ""; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");
		const char *name = arena_strndup(bw->arena, p, n);

		p += n;
		if (n && !world_has_tag(g->tags, arena_printf(bw->arena, AFFINITY_TAG "%s", name)))
			return arena_printf(
				bw->arena,
				"its notes and its tags differ about its affinity groups (%s; run "
				"pxc_vm for it)",
				name);
	}
	return NULL;
}

static const char *stays(const struct rebalance_batch *b, const struct rebalance_world *bw,
			 const struct world_guest *g, const json_t *pre, const json_t *config)
{
	bool runs = json_integer_value(json_object_get(pre, "running")) != 0 ||
		    json_is_true(json_object_get(pre, "running"));
	const char *why = NULL;

	if (runs != rebalance_runs(g))
		return runs ? "it has just been started" : "it has just been stopped";
	if (*text(config, "lock"))
		return arena_printf(bw->arena, "it is locked (%s)", text(config, "lock"));
	why = holds_device(bw, pre);
	if (!why)
		why = disk_stays(b, bw, pre);
	return why ? why : untagged_group(bw, g, config);
}

void rebalance_check(struct rebalance_batch *b, const struct rebalance_world *bw,
		     const struct world_guest *g, const json_t *pre, const json_t *config)
{
	json_auto_t *cpu = prop_parse(text(config, "cpu"), "cputype");
	const struct rebalance_node *from = node_of(bw, g->node);
	const char *why = stays(b, bw, g, pre, config);

	if (why) {
		rebalance_refuse(b, g->vmid, NULL, why);
		return;
	}
	for (size_t i = 0; i < bw->w->nnodes; i++) {
		const char *node = bw->w->nodes[i].name;
		const struct rebalance_node *to = &bw->nodes[i];

		if (str_eq(node, g->node) || !rebalance_has_node(&b->spec, &bw->w->nodes[i]))
			continue;
		why = pve_refuses(bw, pre, node);
		if (!why)
			why = bridge_refuses(bw, config, to);
		if (!why && rebalance_runs(g))
			why = cpu_refuses(bw, text(cpu, "cputype"), from, to);
		if (why)
			rebalance_refuse(b, g->vmid, node, why);
	}
}

static size_t place_of(const struct rebalance_batch *b, unsigned vmid)
{
	size_t i = b->nchecked;

	while (i > 0 && b->checked[i - 1] >= vmid)
		i--;
	return i;
}

bool rebalance_checked(const struct rebalance_batch *b, unsigned vmid)
{
	return rebalance_find(b->checked, b->nchecked, sizeof(*b->checked), vmid) != NULL;
}

void rebalance_note_checked(struct rebalance_batch *b, unsigned vmid)
{
	size_t at = place_of(b, vmid);

	if (rebalance_checked(b, vmid))
		return;
	b->checked =
		arena_grow(b->arena, b->checked, b->nchecked, &b->checked_cap, sizeof(*b->checked));
	memmove(&b->checked[at + 1], &b->checked[at], (b->nchecked - at) * sizeof(*b->checked));
	b->checked[at] = vmid;
	b->nchecked++;
}
