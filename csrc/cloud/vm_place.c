/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nodes for new VMs, by the balancer's engine (balance/balance.h). What counts is what guests are assigned, against what a node
 * has after over-commit and reserve. A named node is taken even when it is over its share, since the user said so, but not
 * when the VM could not be there.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/balance/balance.h"
#include "cloud/ha.h"
#include "cloud/holder.h"
#include "cloud/vm_placing.h"

#define NODES_SAID 12 /* a refusal tells of so many nodes, and how many more there are */

/* ---- nodes and guests ---- */

static struct site *site_of(const struct vm_placing *p, const char *node)
{
	for (size_t i = 0; i < p->nsites; i++)
		if (str_eq(p->sites[i].node->name, node))
			return &p->sites[i];
	return NULL;
}

static void take_sites(struct vm_placing *p)
{
	const struct registry *r = &p->w->registry;

	p->sites = arena_alloc(p->arena, (p->w->nnodes + 1) * sizeof(*p->sites));
	p->nsites = p->w->nnodes;
	for (size_t i = 0; i < p->nsites; i++) {
		const struct world_node *n = &p->w->nodes[i];
		uint64_t reserve = r->reserve_mb * MIB;
		uint64_t memory = n->memory_bytes > reserve ? n->memory_bytes - reserve : 0;

		p->sites[i] = (struct site){
			.node = n,
			.usable = n->online && !ha_in_maintenance(p->w->ha, n->name),
			.mem = (int64_t)((double)memory * r->overcommit_ram / MIB),
			.cpu = (int64_t)(n->cpus * r->overcommit_cpu * CORE),
		};
	}
	for (size_t k = 0; k < p->w->nguests; k++) {
		const struct world_guest *g = &p->w->guests[k];
		struct site *s = g->is_template ? NULL : site_of(p, g->node);

		if (!s || holder_looks(p->w, g))
			continue;
		s->used_mem += (int64_t)(g->memory_bytes / MIB);
		s->used_cpu += (int64_t)(g->cpus * CORE);
	}
}

const char *vm_site_unusable(const struct vm_case *c, const struct site *s)
{
	if (!s->node->online)
		return "is offline";
	if (!s->usable)
		return "is in maintenance";
	return vm_unfit(c, s->node->name);
}

static bool takes_part(const struct site *s)
{
	return s->usable && s->mem > 0 && s->cpu > 0;
}

/* ---- the cluster of the balancer ---- */

/* Nodes that have all that it needs; one list for all VMs that need the same. */
static const struct class *class_of(struct vm_placing *p, size_t i)
{
	const struct vm_case *c = p->who[i];
	const struct affinity_bound *b = vm_bound(p, c);
	const char *key = arena_printf(p->arena, "%s\n%d %s", vm_needs_text(c), p->relaxed[i],
				       b ? b->rule : "");
	const json_t *at = json_object_get(p->classes.by_key, key);
	struct class *class;

	if (at)
		return &p->classes.list[json_integer_value(at)];
	p->classes.list = arena_grow(p->arena, p->classes.list, p->classes.n, &p->classes.cap,
				     sizeof(*p->classes.list));
	(void)json_object_set_new(p->classes.by_key, key, json_integer((json_int_t)p->classes.n));
	class = &p->classes.list[p->classes.n++];
	*class = (struct class){ .nodes = arena_alloc(p->arena, p->nsites * sizeof(char *)) };
	for (size_t k = 0; k < p->nsites; k++)
		if (takes_part(&p->sites[k]) &&
		    vm_bound_allows(b, p->relaxed[i], p->sites[k].node->name) &&
		    !vm_unfit(c, p->sites[k].node->name))
			class->nodes[class->n++] = p->sites[k].node->name;
	return class;
}

static void add_new(struct vm_placing *p, struct bal_vm *vms)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct vm_case *c = p->who[i];

		vms[i] = (struct bal_vm){ .id = c->vmid,
					  .mem = p->shapes[i].ram_mb,
					  .cpu = p->shapes[i].cores * CORE,
					  .wire = p->shapes[i].ram_mb };
		if (c->spec->node) {
			vms[i].node = c->spec->node;
			vms[i].stays = "its node is named";
		} else {
			const struct class *class = class_of(p, i);

			vms[i].allowed = class->nodes;
			vms[i].nallowed = class->n;
		}
	}
}

/* Guests that new ones are to be with, or apart from; all others are part of what their node is busy with. */
static size_t add_partners(struct vm_placing *p, struct bal_node *nodes, size_t nnodes,
			   struct bal_vm *vms)
{
	json_auto_t *seen = json_object();
	size_t n = 0;

	for (size_t i = 0; i < p->rules.nrules; i++)
		for (size_t k = 0; k < p->rules.rules[i].nmembers; k++) {
			const struct world_guest *g =
				world_guest(p->w, p->rules.rules[i].members[k]);
			char key[16];

			if (!g || g->is_template)
				continue;
			(void)snprintf(key, sizeof(key), "%u", g->vmid);
			for (size_t m = 0; m < nnodes && !json_object_get(seen, key); m++)
				if (str_eq(nodes[m].name, g->node)) {
					vms[n] = (struct bal_vm){
						.id = g->vmid,
						.node = nodes[m].name,
						.mem = (int64_t)(g->memory_bytes / MIB),
						.cpu = (int64_t)(g->cpus * CORE),
						.wire = (int64_t)(g->memory_bytes / MIB),
						.stays = "it is there"
					};
					nodes[m].base_mem -= vms[n].mem;
					nodes[m].base_cpu -= vms[n].cpu;
					(void)json_object_set_new(seen, key, json_true());
					n++;
				}
		}
	return n;
}

static struct bal_cluster cluster_of(struct vm_placing *p)
{
	struct bal_node *nodes = arena_alloc(p->arena, (p->nsites + 1) * sizeof(*nodes));
	struct bal_vm *vms = arena_alloc(p->arena, (p->n + p->w->nguests) * sizeof(*vms));
	/*
	 * A soft rule costs as much as moves of its members, which cost what is sent, times the tolerance: at the highest it is
	 * broken only where no node has room. Nothing moves here, so that is all the tolerance does.
	 */
	struct bal_cluster c = { .params = { .tolerance_ppm = BAL_PPM,
					     .weight_mem = 1,
					     .weight_cpu = 1,
					     .steady_ppm = BAL_PPM,
					     .transient_ppm = BAL_PPM,
					     .overcommit_cpu_ppm = BAL_PPM,
					     .max_in = 1,
					     .max_out = 1 },
				 .nodes = nodes,
				 .vms = vms,
				 .rules = p->rules.rules,
				 .nrules = p->rules.nrules };

	for (size_t i = 0; i < p->nsites; i++)
		if (takes_part(&p->sites[i]))
			nodes[c.nnodes++] = (struct bal_node){ .name = p->sites[i].node->name,
							       .mem = p->sites[i].mem,
							       .cpu = p->sites[i].cpu,
							       .base_mem = p->sites[i].used_mem,
							       .base_cpu = p->sites[i].used_cpu,
							       .accepts = true };
	add_new(p, vms);
	c.nvms = p->n + add_partners(p, nodes, c.nnodes, vms + p->n);
	return c;
}

/* ---- answers ---- */

void vm_say_room(struct pxc_buf *out, const struct site *s, const struct vm_shape *shape)
{
	int64_t mem = s->mem > s->used_mem ? s->mem - s->used_mem : 0;
	int64_t cpu = s->cpu > s->used_cpu ? s->cpu - s->used_cpu : 0;

	if (mem < shape->ram_mb)
		buf_printf(out, "has %lld MiB left", (long long)mem);
	else
		buf_printf(out, "has %.10g cores left", (double)cpu / CORE);
}

/* What the engine has against the node; NULL: it was not asked about it. */
static const char *said(const struct bal_placement *placement, uint32_t vmid, const char *node)
{
	for (size_t i = 0; placement && i < placement->nrefused; i++)
		if (placement->refused[i].vm == vmid && str_eq(placement->refused[i].node, node))
			return placement->refused[i].why;
	return NULL;
}

static void say_why_not(const struct vm_placing *p, const struct bal_placement *placement, size_t i,
			const struct site *s, struct pxc_buf *out)
{
	const struct vm_case *c = p->who[i];
	const struct affinity_bound *b = vm_bound(p, c);
	const char *name = s->node->name, *why = vm_site_unusable(c, s);

	if (!why && !vm_bound_allows(b, true, name))
		why = arena_printf(p->arena, "is not among the nodes of %s", b->rule);
	if (!why)
		why = c->spec->node ? vm_rule_refuses(p, c, name) : said(placement, c->vmid, name);
	buf_printf(out, "%s ", name);
	if (why)
		buf_adds(out, why);
	else
		vm_say_room(out, s, &p->shapes[i]);
}

static int refuse(const struct vm_placing *p, const struct bal_placement *placement, size_t i,
		  struct pxc_err *err)
{
	auto_buf struct pxc_buf why = { .data = NULL };
	const struct vm_case *c = p->who[i];
	const char *unseen = vm_unseen(c);
	size_t told = 0, more = 0;

	for (size_t k = 0; k < p->nsites; k++) {
		if (c->spec->node && !str_eq(c->spec->node, p->sites[k].node->name))
			continue;
		if (told == NODES_SAID) {
			more++;
			continue;
		}
		if (told++)
			buf_adds(&why, ", ");
		say_why_not(p, placement, i, &p->sites[k], &why);
	}
	if (told == 0)
		buf_adds(&why, "there is no node at all");
	if (more)
		buf_printf(&why, ", and %zu more", more);
	(void)pxc_fail(err, PXC_EINVAL, "no node can take %s (%lld MiB, %lld cores): %s",
		       c->spec->label, (long long)p->shapes[i].ram_mb,
		       (long long)p->shapes[i].cores, buf_str(&why));
	return unseen ? pxc_unseen(err, "%s", unseen) : -1;
}

/* Named nodes first: what is placed there is there, whatever the engine does with the rest. */
static int check_named(struct vm_placing *p, struct pxc_err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const char *node = p->who[i]->spec->node;
		const struct site *s = node ? site_of(p, node) : NULL;

		if (!node)
			continue;
		if (!s || vm_site_unusable(p->who[i], s) || !takes_part(s) ||
		    !vm_bound_allows(vm_bound(p, p->who[i]), true, node))
			return refuse(p, NULL, i, err);
		p->who[i]->node = s->node->name;
	}
	return 0;
}

/* Where it should be there is no room, but it may be elsewhere. Is there another try? */
static bool relax(struct vm_placing *p, const struct bal_placement *placement)
{
	bool again = false;

	for (size_t i = 0; i < p->n; i++) {
		const struct affinity_bound *b = vm_bound(p, p->who[i]);

		if (placement->nodes[i] || p->relaxed[i] || !b || b->must == b->nodes)
			continue;
		p->relaxed[i] = again = true;
	}
	return again;
}

static int settle(struct vm_placing *p, const struct bal_placement *placement, struct pxc_err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		struct site *s = placement->nodes[i] ? site_of(p, placement->nodes[i]) : NULL;

		if (!s)
			continue;
		p->who[i]->node = arena_strdup(p->arena, s->node->name);
		s->used_mem += p->shapes[i].ram_mb;
		s->used_cpu += p->shapes[i].cores * CORE;
	}
	for (size_t i = 0; i < p->n; i++)
		if (!placement->nodes[i] ||
		    (p->who[i]->spec->node && vm_rule_refuses(p, p->who[i], p->who[i]->node)))
			return refuse(p, placement, i, err);
	return 0;
}

static int place(struct vm_placing *p, struct pxc_err *err)
{
	int r = -1;

	for (bool again = true; again;) {
		auto_bal_placement struct bal_placement placement = { .nrefused = 0 };
		struct bal_cluster c = cluster_of(p);

		if (c.nnodes == 0)
			return refuse(p, NULL, 0, err);
		if (bal_place(&c, &placement, err) < 0)
			return -1;
		again = relax(p, &placement);
		if (!again)
			r = settle(p, &placement, err);
	}
	return r;
}

int vm_place(struct vm_case *cases, size_t n, const struct vm_world *vw, struct pxc_arena *arena,
	     struct pxc_err *err)
{
	struct vm_placing *p = arena_alloc(arena, sizeof(*p));
	json_auto_t *by_key = json_object();
	int r = 0;

	*p = (struct vm_placing){ .w = vw->w,
				  .arena = arena,
				  .cases = cases,
				  .ncases = n,
				  .classes = { .by_key = by_key } };
	p->who = arena_alloc(arena, n * sizeof(struct vm_case *));
	p->shapes = arena_alloc(arena, n * sizeof(*p->shapes));
	p->relaxed = arena_alloc(arena, n * sizeof(*p->relaxed));
	for (size_t i = 0; i < n; i++) {
		if (vm_place_concerns(&cases[i]))
			cases[i].placing = p;
		if (cases[i].have || cases[i].spec->absent)
			continue;
		p->shapes[p->n] = vm_shape_wanted(&cases[i]);
		p->who[p->n++] = &cases[i];
	}
	if (vm_place_rules(p, err) < 0)
		return -1;
	if (p->n == 0)
		return 0;
	take_sites(p);
	if (check_named(p, err) < 0 || place(p, err) < 0)
		r = -1;
	p->classes.by_key = NULL;
	return r;
}
