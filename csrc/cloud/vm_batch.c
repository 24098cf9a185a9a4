/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/vm_batch.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/holder.h"
#include "cloud/placement.h"
#include "cloud/project_block.h"
#include "cloud/usage.h"

struct shape {
	int64_t cores, ram_mb, disk_gb;
};

static int64_t count(const json_t *config, const char *key, int64_t fallback)
{
	const char *text = config ? vm_text(config, key) : NULL;
	json_auto_t *parts = text ? prop_parse(text, "current") : NULL;
	const char *n = json_string_value(json_object_get(parts, "current"));

	return n ? strtoll(n, NULL, 10) : fallback;
}

/* Cores and memory of a configuration, over a base that says what is not named. */
static struct shape shape_of(const json_t *config, struct shape base)
{
	struct shape s = {
		.cores = count(config, "cores", base.cores) * count(config, "sockets", 1),
		.ram_mb = count(config, "memory", base.ram_mb),
		.disk_gb = base.disk_gb,
	};

	return s;
}

static struct shape wanted(const struct vm_case *c)
{
	struct shape base = { 1, 512, 0 };

	if (c->have)
		base = shape_of(c->have->config, base);
	else if (c->template)
		base = shape_of(c->template->config, base);
	if (vm_reshapes(c))
		base = (struct shape){ c->flavor->vcpus, (int64_t)c->flavor->memory_mib, 0 };
	base.disk_gb = (int64_t)(vm_disk_bytes_wanted(c) / GIB);
	return shape_of(c->spec->config, base);
}

static int check_ceiling(const struct vm_case *c, struct pxc_err *err)
{
	const struct registry *r = &c->w->registry;
	struct shape s = wanted(c);
	const struct {
		const char *what;
		int64_t asked, limit;
	} rows[] = {
		{ "cores", s.cores, r->max_cores },
		{ "ram_mb", s.ram_mb, r->max_ram_mb },
		{ "disk_gb", s.disk_gb, r->max_disk_gb },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].limit >= 0 && rows[i].asked > rows[i].limit)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: %s asked %lld > %lld, the most this cloud gives one VM",
				c->spec->label, rows[i].what, (long long)rows[i].asked,
				(long long)rows[i].limit);
	return 0;
}

/* What the batch adds to (or, by removing and shrinking, takes from) the usage of the project of case first. */
static struct quota asked_of(const struct vm_case *cases, size_t n, size_t first)
{
	struct quota q = { { 0 } };

	for (size_t i = first; i < n; i++) {
		const struct vm_case *c = &cases[i];
		struct shape now = { 0, 0, 0 }, then = { 0, 0, 0 }, base = { 1, 512, 0 };

		if (!str_eq(c->pool, cases[first].pool))
			continue;
		if (c->have)
			now = shape_of(c->have->config, base);
		if (!c->spec->absent)
			then = wanted(c);
		q.v[QUOTA_IPS] += vm_addresses_asked(c);
		q.v[QUOTA_INSTANCES] += (c->spec->absent ? 0 : 1) - (c->have ? 1 : 0);
		q.v[QUOTA_CORES] += then.cores - now.cores;
		q.v[QUOTA_RAM_MB] += then.ram_mb - now.ram_mb;
	}
	return q;
}

static bool first_of_project(const struct vm_case *cases, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(cases[k].pool, cases[i].pool))
			return false;
	return true;
}

int vm_check_quota(const struct vm_case *cases, size_t n, struct pxc_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!cases[i].spec->absent && check_ceiling(&cases[i], err) < 0)
			return -1;
	for (size_t i = 0; i < n; i++) {
		struct quota asked, used, limit;

		if (i && (str_eq(cases[i].pool, cases[i - 1].pool) || !first_of_project(cases, i)))
			continue;
		asked = asked_of(cases, n, i);
		if (usage_limit(cases[i].w, cases[i].pool, &limit, err) < 0 ||
		    usage_count(cases[i].w, cases[i].pool, &limit, &asked, &used, err) < 0)
			return pxc_context(err, "project %s", cases[i].spec->project);
		used.v[QUOTA_IPS] = (int64_t)vm_addresses_used(&cases[i]);
		if (quota_check(&limit, &used, &asked, err) < 0)
			return pxc_context(err, "project %s", cases[i].spec->project);
	}
	return 0;
}

struct reach {
	const struct vm_case *c;
	const struct vm_world *vw;
	char text[160];
};

static bool node_has_bridge(const struct vm_world *vw, const char *node, const char *bridge)
{
	const json_t *list = json_object_get(vw->bridges, node);
	size_t i;
	json_t *name;

	json_array_foreach (list, i, name)
		if (str_eq(json_string_value(name), bridge))
			return true;
	return !list;
}

/* Reasons of a node, in the order in which a person would look. */
static const char *unfit(const struct place_request *rq, const struct place_node *node)
{
	struct reach *r = (struct reach *)(uintptr_t)rq->context;
	const struct vm_case *c = r->c;
	const struct vm_spec *s = c->spec;
	const char *bridge = NULL;

	if (c->template && !str_eq(c->template->guest->node, node->name)) {
		const char *slot = vm_root_disk(c->template->config);
		const char *drive = slot ? vm_text(c->template->config, slot) : NULL;
		auto_free char *storage = drive ? pxc_strndup(drive, strcspn(drive, ":")) : NULL;
		const struct world_storage *st =
			storage ? world_storage(c->w, node->name, storage, NULL) : NULL;

		if (storage && (!st || !st->shared)) {
			(void)snprintf(r->text, sizeof(r->text),
				       "cannot reach template %u: its storage %s is local to %s",
				       c->template->guest->vmid, storage, c->template->guest->node);
			return r->text;
		}
	}
	if (c->storage && (!c->template || s->full_clone) &&
	    !world_storage(c->w, node->name, c->storage, "images")) {
		(void)snprintf(r->text, sizeof(r->text), "has no storage %s for disks", c->storage);
		return r->text;
	}
	for (size_t i = 0; i < s->ndisks; i++)
		if (s->disks[i].storage &&
		    !world_storage(c->w, node->name, s->disks[i].storage, "images")) {
			(void)snprintf(r->text, sizeof(r->text), "has no storage %s for disks",
				       s->disks[i].storage);
			return r->text;
		}
	for (size_t i = 0; i < s->nnets; i++) {
		const char *named = vm_net_bridge(c, &s->nets[i]);

		bridge = named ? named : c->template ? NULL : c->w->registry.bridge;
		if (!s->nets[i].absent && bridge && !node_has_bridge(r->vw, node->name, bridge)) {
			(void)snprintf(r->text, sizeof(r->text), "has no bridge %s", bridge);
			return r->text;
		}
	}
	return vm_image_unfit(c, r->vw, node->name, r->text, sizeof(r->text));
}

static struct place_node *capacities(const struct world *w, struct pxc_arena *arena)
{
	struct place_node *nodes = arena_alloc(arena, w->nnodes * sizeof(*nodes));

	for (size_t i = 0; i < w->nnodes; i++) {
		const struct world_node *n = &w->nodes[i];
		uint64_t reserve = w->registry.reserve_mb * MIB;
		uint64_t memory = n->memory_bytes > reserve ? n->memory_bytes - reserve : 0;

		nodes[i] = (struct place_node){
			.name = n->name,
			.online = n->online,
			.cores = n->cpus * w->registry.overcommit_cpu,
			.memory_bytes = (uint64_t)((double)memory * w->registry.overcommit_ram),
		};
	}
	for (size_t k = 0; k < w->nguests; k++)
		for (size_t i = 0; i < w->nnodes; i++)
			if (!w->guests[k].is_template && !holder_looks(w, &w->guests[k]) &&
			    str_eq(w->guests[k].node, nodes[i].name)) {
				nodes[i].used_bytes += w->guests[k].memory_bytes;
				nodes[i].used_cores += w->guests[k].cpus;
			}
	return nodes;
}

int vm_place(struct vm_case *cases, size_t n, const struct vm_world *vw, struct pxc_arena *arena,
	     struct pxc_err *err)
{
	struct place_request *requests = arena_alloc(arena, n * sizeof(*requests));
	struct vm_case **who = arena_alloc(arena, n * sizeof(struct vm_case *));
	size_t nnew = 0;

	for (size_t i = 0; i < n; i++) {
		struct reach *r;
		struct shape s;

		if (cases[i].have || cases[i].spec->absent)
			continue;
		r = arena_alloc(arena, sizeof(*r));
		*r = (struct reach){ .c = &cases[i], .vw = vw };
		s = wanted(&cases[i]);
		who[nnew] = &cases[i];
		requests[nnew++] = (struct place_request){
			.label = cases[i].spec->label,
			.fixed = cases[i].spec->node,
			.cores = (double)s.cores,
			.memory_bytes = (uint64_t)s.ram_mb * MIB,
			.unfit = unfit,
			.context = r,
		};
	}
	if (nnew && place_all(capacities(vw->w, arena), vw->w->nnodes, requests, nnew, err) < 0)
		return -1;
	for (size_t i = 0; i < nnew; i++)
		who[i]->node = arena_strdup(arena, requests[i].node->name);
	return 0;
}
