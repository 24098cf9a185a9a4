/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nodes for new VMs, by the balancer's engine (balance/balance.h). What counts is what guests are assigned, against what a node
 * has after over-commit and reserve. A named node is taken even when it is over its share, since the user said so, but not
 * when the VM could not be there.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/affinity.h"
#include "cloud/balance/balance.h"
#include "cloud/ha.h"
#include "cloud/holder.h"
#include "cloud/vm_batch.h"

#define NODES_SAID 12     /* a refusal tells of so many nodes, and how many more there are */
#define ENTRIES_SHOWN 200 /* candidates of a batch, unless more is asked for */
#define CORE 1000         /* millicores */

struct site {
	const struct world_node *node;
	bool usable;                /* online, and not in maintenance */
	int64_t mem, cpu;           /* MiB and millicores for guests */
	int64_t used_mem, used_cpu; /* of all guests; of the new ones once they are placed */
};

struct vm_placing {
	const struct world *w;
	struct pxc_arena *arena;
	struct site *sites; /* in the order of the world's nodes */
	size_t nsites;
	const struct vm_case *cases; /* the whole batch */
	size_t ncases;
	struct vm_case **who; /* the new VMs */
	struct vm_shape *shapes;
	bool *relaxed; /* may be where it should not, since no node where it should be takes it */
	size_t n;
	struct affinity_rules rules; /* that new VMs are in */
	struct classes {
		json_t *by_key; /* owned; what VMs need -> index into list */
		struct class
		{
			const char **nodes;
			size_t n;
		} * list;
		size_t n, cap;
	} classes;
};

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

static const char *unusable(const struct vm_case *c, const struct site *s)
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

/* ---- rules ---- */

static int vmid_order(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static bool has_member(const struct bal_rule *r, uint32_t vmid)
{
	for (size_t i = 0; i < r->nmembers; i++)
		if (r->members[i] == vmid)
			return true;
	return false;
}

static const struct affinity_bound *bound_of(const struct vm_placing *p, const struct vm_case *c)
{
	return p->rules.nbounds ? bsearch(&c->vmid, p->rules.bounds, p->rules.nbounds,
					  sizeof(*p->rules.bounds), vmid_order)
				: NULL;
}

static bool is_in(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], name))
			return true;
	return false;
}

static bool bound_allows(const struct affinity_bound *b, bool relaxed, const char *node)
{
	if (!b)
		return true;
	return relaxed ? b->nmust == 0 || is_in(b->must, b->nmust, node)
		       : is_in(b->nodes, b->nnodes, node);
}

/* Where a guest is, or will be. */
static const char *node_of(const struct vm_placing *p, uint32_t vmid)
{
	const struct world_guest *g;

	for (size_t i = 0; i < p->ncases; i++)
		if (p->cases[i].vmid == vmid && !p->cases[i].spec->absent)
			return p->cases[i].have && p->cases[i].spec->node ? p->cases[i].spec->node
									  : p->cases[i].node;
	g = world_guest(p->w, vmid);
	return g ? g->node : NULL;
}

/* The first member that is, or is not, where the VM would be. */
static const char *rule_refuses(const struct vm_placing *p, const struct vm_case *c,
				const char *node)
{
	for (size_t i = 0; i < p->rules.nrules; i++) {
		const struct bal_rule *r = &p->rules.rules[i];

		if (!r->hard || !has_member(r, c->vmid))
			continue;
		for (size_t k = 0; k < r->nmembers; k++) {
			const char *at =
				r->members[k] == c->vmid ? NULL : node_of(p, r->members[k]);

			if (at && str_eq(at, node) == (r->type == BAL_APART))
				return arena_printf(p->arena, "%s member %u of rule %s",
						    r->type == BAL_APART ? "has" : "does not have",
						    r->members[k], r->name);
		}
	}
	return NULL;
}

static bool concerns(const struct vm_case *c)
{
	return !c->spec->absent && (!c->have || vm_moves(c->spec, c->have));
}

/* Rules between others do not matter here. */
static void keep_ours(struct vm_placing *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->rules.nrules; i++)
		for (size_t k = 0; k < p->ncases; k++)
			if (concerns(&p->cases[k]) &&
			    has_member(&p->rules.rules[i], p->cases[k].vmid)) {
				p->rules.rules[n++] = p->rules.rules[i];
				break;
			}
	p->rules.nrules = n;
}

/* Only where a VM that is placed, or moved, is in a group: a contradiction among others is none of its business. */
static int read_rules(struct vm_placing *p, struct pxc_err *err)
{
	const struct vm_affinity *a = p->ncases ? p->cases[0].affinity : NULL;
	bool any = false;

	for (size_t i = 0, k = 0; a && i < p->ncases && k < a->nknown; i++) {
		if (p->cases[i].vmid != a->known[k].vmid)
			continue;
		any = any ||
		      (concerns(&p->cases[i]) && a->known[k].groups && a->known[k].groups[0]);
		k++;
	}
	if (!any)
		return 0;
	if (affinity_rules(p->w, p->w->ha, &a->groups, a->known, a->nknown, p->arena, &p->rules,
			   err) < 0)
		return -1;
	keep_ours(p);
	return 0;
}

const char *vm_rules_refuse(const struct vm_case *c, const char *node)
{
	const struct vm_placing *p = c->placing;
	const struct affinity_bound *b = p ? bound_of(p, c) : NULL;

	if (!p)
		return NULL;
	if (!bound_allows(b, true, node))
		return arena_printf(p->arena, "%s is not among the nodes of %s", node, b->rule);
	if (!rule_refuses(p, c, node))
		return NULL;
	return arena_printf(p->arena, "%s %s", node, rule_refuses(p, c, node));
}

/* ---- the cluster of the balancer ---- */

/* Nodes that have all that it needs; one list for all VMs that need the same. */
static const struct class *class_of(struct vm_placing *p, size_t i)
{
	const struct vm_case *c = p->who[i];
	const struct affinity_bound *b = bound_of(p, c);
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
		    bound_allows(b, p->relaxed[i], p->sites[k].node->name) &&
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
					  .cpu = p->shapes[i].cores * CORE };
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
					vms[n] = (struct bal_vm){ .id = g->vmid,
								  .node = nodes[m].name,
								  .mem = (int64_t)(g->memory_bytes /
										   MIB),
								  .cpu = (int64_t)(g->cpus * CORE),
								  .stays = "it is there" };
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
	struct bal_cluster c = { .params = { .weight_mem = 1,
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

static void say_room(struct pxc_buf *out, const struct site *s, const struct vm_shape *shape)
{
	int64_t mem = s->mem > s->used_mem ? s->mem - s->used_mem : 0;
	int64_t cpu = s->cpu > s->used_cpu ? s->cpu - s->used_cpu : 0;

	if (mem < shape->ram_mb)
		buf_printf(out, "%s has %lld MiB left", s->node->name, (long long)mem);
	else
		buf_printf(out, "%s has %.10g cores left", s->node->name, (double)cpu / CORE);
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
	const struct affinity_bound *b = bound_of(p, c);
	const char *name = s->node->name, *why = unusable(c, s);

	if (!why && !bound_allows(b, true, name))
		why = arena_printf(p->arena, "is not among the nodes of %s", b->rule);
	if (!why)
		why = c->spec->node ? rule_refuses(p, c, name) : said(placement, c->vmid, name);
	if (why)
		buf_printf(out, "%s %s", name, why);
	else
		say_room(out, s, &p->shapes[i]);
}

static int refuse(const struct vm_placing *p, const struct bal_placement *placement, size_t i,
		  struct pxc_err *err)
{
	auto_buf struct pxc_buf why = { .data = NULL };
	const struct vm_case *c = p->who[i];
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
	return pxc_fail(err, PXC_EINVAL, "no node can take %s (%lld MiB, %lld cores): %s",
			c->spec->label, (long long)p->shapes[i].ram_mb,
			(long long)p->shapes[i].cores, buf_str(&why));
}

/* Named nodes first: what is placed there is there, whatever the engine does with the rest. */
static int check_named(struct vm_placing *p, struct pxc_err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const char *node = p->who[i]->spec->node;
		const struct site *s = node ? site_of(p, node) : NULL;

		if (!node)
			continue;
		if (!s || unusable(p->who[i], s) || !takes_part(s) ||
		    !bound_allows(bound_of(p, p->who[i]), true, node))
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
		const struct affinity_bound *b = bound_of(p, p->who[i]);

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
		    (p->who[i]->spec->node && rule_refuses(p, p->who[i], p->who[i]->node)))
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
		if (concerns(&cases[i]))
			cases[i].placing = p;
		if (cases[i].have || cases[i].spec->absent)
			continue;
		p->shapes[p->n] = vm_shape_wanted(&cases[i]);
		p->who[p->n++] = &cases[i];
	}
	if (read_rules(p, err) < 0)
		return -1;
	if (p->n == 0)
		return 0;
	take_sites(p);
	if (check_named(p, err) < 0 || place(p, err) < 0)
		r = -1;
	p->classes.by_key = NULL;
	return r;
}

/* ---- for people ---- */

/* By how much the node would become fuller than even: what the engine would weigh for this VM alone. */
static double burden(const struct vm_placing *p, const struct site *s, const struct vm_shape *shape)
{
	double mem = (double)shape->ram_mb, cpu = (double)shape->cores * CORE;
	double all_mem = 0, all_cpu = 0;

	for (size_t i = 0; i < p->nsites; i++) {
		all_mem += (double)p->sites[i].mem;
		all_cpu += (double)p->sites[i].cpu;
	}
	return mem * (2 * (double)s->used_mem + mem) / ((double)s->mem * all_mem) +
	       cpu * (2 * (double)s->used_cpu + cpu) / ((double)s->cpu * all_cpu);
}

struct candidate {
	struct site site; /* without the VM */
	const char *why;  /* not; NULL = it could */
	double burden;
};

static struct candidate candidate_of(const struct vm_placing *p, size_t i, const struct site *at)
{
	const struct vm_case *c = p->who[i];
	const struct affinity_bound *b = bound_of(p, c);
	struct candidate x = { *at, unusable(c, at), 0 };

	if (str_eq(at->node->name, c->node)) {
		x.site.used_mem -= p->shapes[i].ram_mb;
		x.site.used_cpu -= p->shapes[i].cores * CORE;
		x.why = NULL;
	} else if (!x.why && !bound_allows(b, p->relaxed[i], at->node->name))
		x.why = arena_printf(p->arena, "is not among the nodes of %s", b->rule);
	else if (!x.why)
		x.why = rule_refuses(p, c, at->node->name);
	if (!x.why && !c->spec->node &&
	    (x.site.used_mem + p->shapes[i].ram_mb > x.site.mem ||
	     x.site.used_cpu + p->shapes[i].cores * CORE > x.site.cpu)) {
		auto_buf struct pxc_buf text = { .data = NULL };

		say_room(&text, at, &p->shapes[i]);
		x.why = arena_strdup(p->arena, buf_str(&text) + strlen(at->node->name) + 1);
	}
	if (!x.why)
		x.burden = burden(p, &x.site, &p->shapes[i]);
	return x;
}

json_t *vm_candidates(const struct vm_case *c)
{
	const struct vm_placing *p = c->placing;
	struct candidate *list;
	json_t *ret;
	size_t i = 0;

	if (!p || c->have || (p->n * p->nsites > ENTRIES_SHOWN && !c->batch->verbose))
		return NULL;
	while (p->who[i] != c)
		i++;
	list = arena_alloc(p->arena, p->nsites * sizeof(*list));
	ret = json_array();
	for (size_t k = 0; k < p->nsites; k++)
		list[k] = candidate_of(p, i, &p->sites[k]);
	for (size_t k = 0; k < p->nsites; k++) {
		json_t *o = json_pack("{s:s}", "node", list[k].site.node->name);
		int rank = 1;

		for (size_t m = 0; m < p->nsites; m++)
			rank += !list[m].why && list[m].burden < list[k].burden;
		if (list[k].why)
			(void)json_object_set_new(o, "why", json_string(list[k].why));
		else
			(void)json_object_set_new(o, "rank", json_integer(rank));
		(void)json_array_append_new(ret, o);
	}
	return ret;
}
