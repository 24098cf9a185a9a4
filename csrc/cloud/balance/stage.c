/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stage.c - what a search found needs an order; what has none is left out, and the search is made again. */
#include "cloud/balance/stage.h"
#include "base/mem.h"

#define ROUNDS 7
#define PATIENCE 2     /* rounds in a row that find nothing better */
#define ENOUGH 0.015   /* of the improvement: what may be lacking without a further search */
#define LITTLE 0.002   /* of the improvement: what bounces may cost without a further search */
#define LARGE_ROUNDS 3 /* the same of clusters in which a search takes long */
#define LARGE_LITTLE 0.01

void bal_told(const struct bal_cluster *c, const char *phase)
{
	if (c->phase)
		c->phase(c->context, phase);
}

int bal_stage_init(struct bal_stage *st, const struct bal_cluster *cluster, struct pxc_arena *arena,
		   struct pxc_err *err)
{
	struct bal_model *m = &st->m;
	size_t items;

	*st = (struct bal_stage){ .arena = arena, .bound = -1 };
	if (bal_model_init(m, cluster, err) < 0)
		return -1;
	st->stuck = bal_reach(m, arena);
	bal_told(cluster, "model");
	items = (size_t)m->nitems + 1;
	st->why = arena_alloc(&m->arena, items * sizeof(*st->why));
	st->hint.at = arena_alloc(&m->arena, items * sizeof(*st->hint.at));
	st->hint.is_near = arena_alloc(&m->arena, items * sizeof(*st->hint.is_near));
	st->hint.near = arena_alloc(&m->arena, items * sizeof(*st->hint.near));
	st->hint.worth = arena_alloc(&m->arena, items * sizeof(*st->hint.worth));
	st->hint.slope = arena_alloc(&m->arena, ((size_t)m->nnodes + 1) * sizeof(*st->hint.slope));
	bal_stage_restart(st);
	st->f0 = bal_objective(&st->s) - bal_broken(&st->s);
	return 0;
}

void bal_stage_release(struct bal_stage *st)
{
	if (st->m.cluster) {
		bal_state_release(&st->s);
		bal_state_release(&st->musts);
	}
	bal_model_release(&st->m);
}

/* Is there a way to what is planned? Then it is the order's. */
static bool ordered(struct bal_stage *st, struct bal_way_so_far *way, bool careful, uint64_t seed)
{
	const bool found = bal_way_find(st, way, careful, seed);

	bal_told(st->m.cluster, "order");
	return found;
}

static void pin(struct bal_stage *st, int32_t item, const char *why)
{
	struct bal_item *it = &st->m.items[item];

	for (int32_t i = 0; !it->pinned && it->home_ok && i < it->nmembers; i++) {
		int32_t v = st->m.members[it->member + i];

		bal_leave(&st->dropped, st->arena,
			  (struct bal_left){ st->m.vms[v]->id, st->m.nodes[st->m.vm_node[v]]->name,
					     why });
	}
	it->pinned = true;
}

/* What must be is given up only when there is nothing else to give up. */
static void pin_dropped(struct bal_stage *st, const struct bal_order *o)
{
	static const char why[] = "no order of moves leads to where it would be better";
	bool only_musts = true;

	for (size_t i = 0; i < o->ndropped; i++)
		only_musts = only_musts && st->why[st->m.vm_item[o->dropped[i]]];
	for (size_t i = 0; i < o->ndropped; i++) {
		int32_t item = st->m.vm_item[o->dropped[i]];

		if (only_musts || !st->why[item])
			pin(st, item, why);
	}
}

static bool is_told(const struct bal_stage *st, uint32_t vm)
{
	for (size_t i = 0; i < st->unmovable.n; i++)
		if (st->unmovable.rows[i].vm == vm)
			return true;
	return false;
}

static void must_stay(struct bal_stage *st, int32_t item)
{
	struct bal_item *it = &st->m.items[item];

	it->fixed = true;
	for (int32_t i = 0; i < it->nmembers; i++) {
		int32_t v = st->m.members[it->member + i];
		uint32_t id = st->m.vms[v]->id;
		const char *node = st->m.nodes[st->m.vm_node[v]]->name;

		if (!is_told(st, id))
			bal_leave(&st->unmovable, st->arena,
				  (struct bal_left){
					  id, node,
					  arena_printf(st->arena,
						       "cannot move VM %u off %s: no order of "
						       "moves leads away",
						       id, node) });
	}
}

/* Whoever could not go stays; then those whose room that takes. In the end nobody moves, which can be ordered. */
static void shrink(struct bal_stage *st, struct bal_way_so_far *way)
{
	const struct bal_model *m = &st->m;

	do {
		for (size_t i = 0; i < way->order.ndropped; i++) {
			int32_t item = m->vm_item[way->order.dropped[i]];

			bal_shift(&st->s, item, m->items[item].home);
			pin(st, item, "no order of moves leads to where it would be better");
		}
	} while (!ordered(st, way, true, 0));
	for (int32_t i = 0; i < m->nitems; i++)
		if (m->items[i].pinned && !m->items[i].home_ok && st->s.at[i] == m->items[i].home)
			must_stay(st, i);
}

static bool improves(const struct bal_stage *st)
{
	for (int32_t i = 0; i < st->m.nitems; i++)
		if (st->s.at[i] != st->musts.at[i])
			return true;
	return false;
}

/* Bounces count, too. Where that is too much, the search gets less; in the end nothing beside what must be. */
static bool within_limits(struct bal_stage *st, const struct bal_order *o, size_t moves_before)
{
	struct bal_params *p = &st->m.params;
	const unsigned most = st->m.cluster->params.max_moves;
	bool fits = true;

	for (int32_t n = 0; n < st->m.nnodes; n++) {
		const bool over =
			p->max_node_moves && (o->logs[n].nin > (int32_t)p->max_node_moves ||
					      o->logs[n].nout > (int32_t)p->max_node_moves);

		for (int32_t i = 0; over && i < st->m.nitems; i++)
			if (st->s.at[i] != st->musts.at[i] &&
			    (st->s.at[i] == n || st->m.items[i].home == n)) {
				pin(st, i, "its nodes have the moves they may have");
				fits = false;
			}
	}
	if (most && o->nmoves - moves_before > most) {
		unsigned excess = (unsigned)(o->nmoves - moves_before) - most;

		p->max_moves = p->max_moves > excess ? p->max_moves - excess : 1;
		fits = false;
	}
	return fits;
}

/* The best plan so far that has an order, with what its bounces cost. */
struct found {
	struct bal_state s;
	struct bal_left_list unmovable;
	uint64_t seed; /* of its order */
	double f;
	bool any;
};

static void keep(struct found *found, const struct bal_stage *st, double f, uint64_t seed)
{
	if (found->any && f >= found->f - BAL_EPSILON)
		return;
	found->any = true;
	found->f = f;
	found->seed = seed;
	found->unmovable.n = 0;
	bal_state_copy(&found->s, &st->s);
	for (size_t i = 0; i < st->unmovable.n; i++)
		bal_leave(&found->unmovable, st->arena, st->unmovable.rows[i]);
}

/* What making room for a VM cost is the price of its move when the search is made again. Their sum; what must be has no price. */
static double set_tolls(const struct bal_stage *st, const struct bal_order *o, double *toll)
{
	double sum = 0;

	for (int32_t v = 0; v < st->m.nvms; v++) {
		const int32_t item = st->m.vm_item[v];

		if (item < 0 || st->why[item] || o->room[v] <= 0)
			continue;
		toll[item] = o->room[v];
		sum += o->room[v];
	}
	return sum;
}

static void charge(struct bal_stage *st, const double *toll, int sign)
{
	for (int32_t i = 0; i < st->m.nitems; i++)
		st->m.items[i].cost =
			sign > 0 ? st->m.items[i].own_cost + toll[i] : st->m.items[i].own_cost;
}

/* What must be, and found no way among the rest: does it alone? Then it is a stage of its own. */
static bool musts_first(struct bal_stage *st, struct bal_way_so_far *way)
{
	bool dropped = false;

	for (size_t i = 0; i < way->order.ndropped; i++)
		dropped = dropped || st->why[st->m.vm_item[way->order.dropped[i]]];
	if (!dropped || !improves(st))
		return false;
	bal_state_copy(&st->s, &st->musts);
	return ordered(st, way, false, 0);
}

/* The bound is of plans in which those that no order was found for stay. */
static void bound_again(struct bal_stage *st)
{
	bool changed = false;

	for (int32_t i = 0; i < st->m.nitems; i++)
		changed = changed || (st->m.items[i].fixed && st->m.items[i].pinned);
	if (!changed)
		return;
	st->bound = bal_bound(&st->s, st->f0, &st->hint);
	st->bound = bal_sharpen(&st->s, st->f0, st->bound, &st->hint, false);
}

/* One search and its order. Is it as good as it gets? */
static bool try_once(struct bal_stage *st, struct bal_way_so_far *way, struct found *found,
		     double *toll)
{
	const double little = bal_is_large(&st->m) ? LARGE_LITTLE : LITTLE;
	double paid, f;
	uint64_t seed;

	charge(st, toll, 1);
	bal_stage_search(st);
	charge(st, toll, -1);
	st->f_musts = bal_objective(&st->musts);
	bal_told(st->m.cluster, "plan");
	seed = bal_way_find_cheap(st, way);
	bal_told(st->m.cluster, "order");
	if (way->order.ndropped) {
		if (musts_first(st, way)) {
			keep(found, st, bal_objective(&st->s) + bal_way_bounces(st, way), 0);
			return true;
		}
		pin_dropped(st, &way->order);
		return false;
	}
	if (bal_way_bounces(st, way) >= LITTLE * (st->f_musts - st->bound))
		bal_trim(st, way, seed, st->bound + ENOUGH * (st->f0 - st->bound));
	bal_told(st->m.cluster, "order");
	f = bal_objective(&st->s) + bal_way_bounces(st, way);
	if (!improves(st)) {
		keep(found, st, f, seed);
		return true;
	}
	if (!within_limits(st, &way->order, way->moves_before))
		return false;
	paid = set_tolls(st, &way->order, toll);
	if (st->f_musts - bal_objective(&st->s) - paid >= st->m.hysteresis)
		keep(found, st, f, seed);
	return paid < little * (st->f_musts - st->bound) ||
	       (found->any && found->f - st->bound < ENOUGH * (st->f0 - st->bound));
}

/* What must be alone, or nothing. */
static void only_musts(struct bal_stage *st, struct bal_way_so_far *way)
{
	bal_state_copy(&st->s, &st->musts);
	if (ordered(st, way, false, 0))
		return;
	pin_dropped(st, &way->order);
	shrink(st, way);
}

/* Each search knows what the orders of those before cost. */
static void search(struct bal_stage *st, struct bal_way_so_far *way, struct found *found)
{
	auto_free double *toll = pxc_calloc((size_t)st->m.nitems + 1, sizeof(*toll));
	const int rounds = bal_is_large(&st->m) ? LARGE_ROUNDS : ROUNDS;
	int idle = 0;

	for (int round = 0; round < rounds && idle < PATIENCE; round++) {
		const bool any = found->any;
		const double f = found->f;

		if (round)
			bal_stage_restart(st);
		if (try_once(st, way, found, toll))
			break;
		idle = any && found->f >= f ? idle + 1 : 0;
	}
}

void bal_stage_run(struct bal_stage *st, struct bal_way_so_far *way)
{
	struct found found = { .any = false };

	way->sent_before = way->order.sent;
	way->moves_before = way->order.nmoves;
	bal_state_init(&found.s, &st->m);
	search(st, way, &found);
	if (found.any) {
		bal_state_copy(&st->s, &found.s);
		st->unmovable = found.unmovable;
	}
	if (!found.any || !ordered(st, way, false, found.seed))
		only_musts(st, way);
	bound_again(st);
	bal_state_release(&found.s);
	way->ngoals++;
}
