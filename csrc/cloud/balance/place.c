/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * place.c - nodes for VMs that have none yet: those first that would lose most by waiting, the larger ones before the smaller
 * ones; then only the new ones are shifted and swapped among themselves.
 */
#include "base/mem.h"
#include "cloud/balance/parts.h"

#define WINDOW 16 /* so many of the largest are weighed against each other */

struct placing {
	struct bal_model m;
	struct bal_state s;
	double (*share)[PRICED]; /* of each item: of what the cluster has */
	int32_t *waiting;        /* items without a node, larger ones first */
	int32_t nwaiting;
	struct bal_placement placement;
	size_t cap;
};

static double size_of(const struct placing *p, int32_t item)
{
	const double *share = p->share[item];

	return share[MEM] > share[CPU] ? share[MEM] : share[CPU];
}

static int larger_first(const void *a, const void *b, void *context)
{
	const struct placing *p = context;
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	double sx = size_of(p, x), sy = size_of(p, y);

	if (sx < sy || sx > sy)
		return sx < sy ? 1 : -1;
	return x < y ? -1 : x > y;
}

static void line_up(struct placing *p)
{
	const struct bal_model *m = &p->m;
	double capacity[PRICED] = { 1, 1 };

	for (int32_t n = 0; n < m->nnodes; n++) {
		capacity[MEM] += (double)m->nodes[n]->mem;
		capacity[CPU] += (double)m->nodes[n]->cpu;
	}
	p->share = arena_alloc(&p->m.arena, ((size_t)m->nitems + 1) * sizeof(*p->share));
	p->waiting = arena_alloc(&p->m.arena, ((size_t)m->nitems + 1) * sizeof(*p->waiting));
	for (int32_t i = 0; i < m->nitems; i++) {
		for (int r = 0; r < PRICED; r++)
			p->share[i][r] = m->items[i].d[r] / capacity[r];
		p->waiting[p->nwaiting++] = i;
	}
	qsort_r(p->waiting, (size_t)p->nwaiting, sizeof(*p->waiting), larger_first, p);
}

/* Each that waits gets the node that is best now, if need be by another new one's making room. Did anything change? */
static bool insert(struct placing *p)
{
	int32_t kept = 0, n = p->nwaiting;

	while (n > kept) {
		int32_t pick = kept, item, to = -1;
		double most = -1;

		for (int32_t i = kept; i < n && i < kept + WINDOW; i++) {
			int32_t where;
			double regret = bal_regret(&p->s, p->waiting[i], &where);

			if (regret > most) {
				most = regret;
				pick = i;
				to = where;
			}
		}
		item = p->waiting[pick];
		if (to >= 0)
			bal_shift(&p->s, item, to);
		if (to >= 0 || bal_make_room(&p->s, item)) {
			n--;
			memmove(&p->waiting[pick], &p->waiting[pick + 1],
				(size_t)(n - pick) * sizeof(*p->waiting));
		} else {
			memmove(&p->waiting[kept + 1], &p->waiting[kept],
				(size_t)(pick - kept) * sizeof(*p->waiting));
			p->waiting[kept++] = item;
		}
	}
	n = p->nwaiting;
	p->nwaiting = kept;
	return kept < n;
}

/* The first VM of a rule apart that is on the node; that there is one is known. */
static uint32_t member_on(const struct placing *p, const char *rule, int32_t n)
{
	const struct bal_model *m = &p->m;

	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t at = m->vm_item[v] < 0 ? m->vm_node[v] : p->s.at[m->vm_item[v]];

		for (int32_t k = m->vm_rule[v]; at == n && k < m->vm_rule[v + 1]; k++)
			if (m->counts[m->vm_rules[k]].name == rule)
				return m->vms[v]->id;
	}
	return 0;
}

/* The member of its rule "together" that is elsewhere already; NULL = none is. */
static const struct bal_vm *partner(const struct placing *p, int32_t item, int32_t n,
				    const char **rule)
{
	const struct bal_model *m = &p->m;
	const struct bal_cluster *c = m->cluster;

	for (size_t i = 0; i < c->nrules; i++) {
		const struct bal_vm *elsewhere = NULL;
		bool mine = false;

		if (c->rules[i].type != BAL_TOGETHER || !c->rules[i].hard)
			continue;
		for (size_t k = 0; k < c->rules[i].nmembers; k++) {
			int32_t v = bal_find_vm(m, c->rules[i].members[k]);

			if (v < 0)
				continue;
			mine = mine || m->vm_item[v] == item;
			if (m->vm_node[v] >= 0 && m->vm_node[v] != n &&
			    (!elsewhere || m->vms[v]->id < elsewhere->id))
				elsewhere = m->vms[v];
		}
		*rule = c->rules[i].name;
		if (mine && elsewhere)
			return elsewhere;
	}
	return NULL;
}

static bool is_among(const struct bal_vm *vm, const char *node)
{
	for (size_t i = 0; i < vm->nallowed; i++)
		if (strcmp(vm->allowed[i], node) == 0)
			return true;
	return !vm->allowed;
}

static const char *say_not_allowed(struct placing *p, int32_t v, int32_t n)
{
	const struct bal_model *m = &p->m;
	const struct bal_vm *other;
	const char *rule;

	if (m->nodes[n]->drain)
		return "is drained";
	if (!m->nodes[n]->accepts)
		return "takes no VMs";
	if (!is_among(m->vms[v], m->nodes[n]->name))
		return "is not among its nodes";
	other = partner(p, m->vm_item[v], n, &rule);
	return other ? arena_printf(&p->placement.arena, "does not have member %u of rule %s",
				    other->id, rule)
		     : "is not among the nodes of those it is together with";
}

static const char *say_why(struct placing *p, int32_t v, int32_t n)
{
	static const char *const units[LOADS] = { "MiB", "cores", "assigned cores" };
	const struct bal_model *m = &p->m;
	const struct bal_item *it = &m->items[m->vm_item[v]];
	struct pxc_arena *arena = &p->placement.arena;
	const char *rule;

	if (!bal_may(m, it, n))
		return say_not_allowed(p, v, n);
	for (int r = 0; r < LOADS; r++) {
		int64_t room = m->limit[n][r] - p->s.load[n][r];
		double unit = r == MEM ? 1 : 1000;

		if (it->load[r] <= room)
			continue;
		if (it->nmembers == 1)
			return arena_printf(arena, "has %.10g %s left", (double)room / unit,
					    units[r]);
		return arena_printf(arena,
				    "has %.10g %s left of the %.10g for those that stay together",
				    (double)room / unit, units[r], (double)it->load[r] / unit);
	}
	rule = bal_refusal(&p->s, m->vm_item[v], n, -1);
	return arena_printf(arena, "has member %u of rule %s", member_on(p, rule, n), rule);
}

static void answer(struct placing *p)
{
	const struct bal_model *m = &p->m;
	const struct bal_cluster *c = m->cluster;
	struct bal_placement *ret = &p->placement;

	ret->nodes = arena_alloc(&ret->arena, (c->nvms + 1) * sizeof(*ret->nodes));
	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t item = m->vm_item[v], at = item < 0 ? m->vm_node[v] : p->s.at[item];

		if (at >= 0)
			ret->nodes[m->vms[v] - c->vms] = m->nodes[at]->name;
		for (int32_t n = 0; at < 0 && n < m->nnodes; n++) {
			ret->refused = arena_grow(&ret->arena, ret->refused, ret->nrefused, &p->cap,
						  sizeof(*ret->refused));
			ret->refused[ret->nrefused++] =
				(struct bal_refused){ m->vms[v]->id, m->nodes[n]->name,
						      say_why(p, v, n) };
		}
	}
}

int bal_place(const struct bal_cluster *cluster, struct bal_placement *ret, struct pxc_err *err)
{
	struct placing p = { .nwaiting = 0 };
	int r = bal_model_init_placing(&p.m, cluster, err);

	if (r == 0) {
		if (cluster->phase)
			cluster->phase(cluster->context, "model");
		bal_state_init(&p.s, &p.m);
		line_up(&p);
		/* What is improved may make room for one that found none. */
		while (insert(&p)) {
			(void)bal_greedy(&p.s);
			bal_descent(&p.s);
		}
		answer(&p);
		if (cluster->phase)
			cluster->phase(cluster->context, "plan");
		*ret = p.placement;
		bal_state_release(&p.s);
	}
	bal_model_release(&p.m);
	return r;
}

void bal_placement_release(struct bal_placement *placement)
{
	arena_release(&placement->arena);
	*placement = (struct bal_placement){ .nrefused = 0 };
}
