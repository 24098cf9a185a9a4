/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.c - the whole plan: stage after stage until nothing more is found, and how close to the best that is. */
#include <math.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/balance/stage.h"

struct making {
	struct bal_cluster now; /* where the VMs are after the stages so far */
	struct bal_vm *vms;
	struct bal_stage first;
	struct bal_way_so_far way;
	const char **why; /* of each VM; NULL = balance */
	struct bal_left_list unmovable, dropped;
	struct bal_state end; /* in the model of the first stage */
	struct bal_plan plan;
};

static void append(struct bal_left_list *list, struct pxc_arena *arena,
		   const struct bal_left_list *more)
{
	for (size_t i = 0; i < more->n; i++)
		bal_leave(list, arena, more->rows[i]);
}

/* The VMs are where the stage has them. Has it moved any? */
static bool take_over(struct making *p, const struct bal_stage *st)
{
	const struct bal_model *m = &st->m;
	const int32_t *node = p->way.goals[p->way.ngoals - 1].node;
	bool moved = false;

	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t item = m->vm_item[v];

		if (node[v] == m->vm_node[v])
			continue;
		moved = true;
		p->vms[m->vms[v] - st->m.cluster->vms].node = m->nodes[node[v]]->name;
		if (!p->why[v])
			p->why[v] = st->why[item];
	}
	p->unmovable = st->unmovable;
	append(&p->dropped, &p->plan.arena, &st->dropped);
	return moved;
}

/* A further stage cannot gain more than what this one is above its bound; below the hysteresis it would do nothing. */
static bool may_go_on(struct making *p, const struct bal_stage *st)
{
	const size_t before = p->way.order.nmoves;

	if (p->way.ngoals == BAL_STAGES)
		return false;
	if (p->first.m.params.max_moves) {
		const unsigned all = p->first.m.cluster->params.max_moves;

		if (before >= all)
			return false;
		p->now.params.max_moves = all - (unsigned)before;
	}
	return st->unmovable.n || bal_objective(&st->s) - st->bound >= st->m.hysteresis;
}

static void count_moves(struct making *p, struct bal_model *m)
{
	int32_t *in = arena_alloc(&m->arena, ((size_t)m->nnodes + 1) * sizeof(*in));
	int32_t *out = arena_alloc(&m->arena, ((size_t)m->nnodes + 1) * sizeof(*out));

	for (int32_t n = 0; n < m->nnodes; n++) {
		in[n] = p->way.order.logs[n].nin;
		out[n] = p->way.order.logs[n].nout;
	}
	m->in_before = in;
	m->out_before = out;
}

static void go_on(struct making *p)
{
	struct bal_stage later;
	struct pxc_err err = { .kind = PXC_OK };
	bool more = take_over(p, &p->first) && may_go_on(p, &p->first);

	while (more) {
		/* What was no mistake before is none now. */
		if (bal_stage_init(&later, &p->now, &p->plan.arena, &err) == 0) {
			count_moves(p, &later.m);
			bal_stage_restart(&later);
			bal_stage_run(&later, &p->way);
			more = take_over(p, &later) && may_go_on(p, &later);
		} else {
			more = false;
		}
		bal_stage_release(&later);
	}
}

static void explain(struct making *p)
{
	const struct bal_model *m = &p->first.m;
	const struct bal_order *o = &p->way.order;

	p->plan.moves = arena_alloc(&p->plan.arena, (o->nmoves + 1) * sizeof(*p->plan.moves));
	p->plan.nmoves = o->nmoves;
	for (size_t i = 0; i < o->nmoves; i++) {
		struct bal_move *move = &p->plan.moves[i];
		const int32_t v = o->legs[i].vm;
		size_t *after;

		*move = o->moves[i];
		after = arena_alloc(&p->plan.arena, (move->nstarts_after + 1) * sizeof(*after));
		memcpy(after, move->starts_after, move->nstarts_after * sizeof(*after));
		move->starts_after = after;
		if (o->where[v] == m->vm_node[v])
			move->why = o->helped[v] >= 0
					    ? arena_printf(&p->plan.arena, "room for VM %u",
							   m->vms[o->helped[v]]->id)
					    : "balance";
		else
			move->why = p->why[v] ? p->why[v] : "balance";
	}
	bal_gains(m, p->plan.moves, p->plan.nmoves);
}

static int64_t ppm(int64_t load, int64_t capacity)
{
	return (int64_t)((__int128)load * BAL_PPM / capacity);
}

static void share(struct making *p)
{
	const struct bal_model *m = &p->first.m;
	struct bal_state before;

	bal_state_init(&before, m);
	p->plan.shares =
		arena_alloc(&p->plan.arena, ((size_t)m->nnodes + 1) * sizeof(*p->plan.shares));
	p->plan.nshares = (size_t)m->nnodes;
	for (int32_t n = 0; n < m->nnodes; n++)
		p->plan.shares[n] = (struct bal_share){
			.node = m->nodes[n]->name,
			.mem_before = ppm(before.load[n][MEM], m->nodes[n]->mem),
			.mem_after = ppm(p->end.load[n][MEM], m->nodes[n]->mem),
			.cpu_before = ppm(before.load[n][CPU], m->nodes[n]->cpu),
			.cpu_after = ppm(p->end.load[n][CPU], m->nodes[n]->cpu),
		};
	bal_state_release(&before);
}

/* Where what must be is for the worse, the improvement begins after it. */
static int64_t captured(const struct bal_plan *plan, const struct bal_state *musts)
{
	double start = bal_objective(musts) - bal_broken(musts), best, got;

	start = start > plan->f0 ? start : plan->f0;
	best = start - plan->bound;
	got = start - plan->f;
	return best <= BAL_EPSILON || got >= best ? BAL_PPM : (int64_t)(got / best * BAL_PPM);
}

/* Where all stages lead, in the model of the first; the bound leaves out what is still unmovable, and only that. */
static void find_end(struct making *p)
{
	struct bal_model *m = &p->first.m;
	bool freed = false;

	bal_state_init(&p->end, m);
	for (int32_t i = 0; i < m->nitems; i++) {
		const int32_t v = m->members[m->items[i].member];
		const int32_t at = p->way.order.where[v];

		if (m->items[i].home >= 0 ? at != m->items[i].home : p->first.s.at[i] >= 0)
			bal_shift(&p->end, i, at);
		if (m->items[i].fixed && p->end.at[i] != m->items[i].home) {
			m->items[i].fixed = false;
			freed = true;
		}
	}
	if (!freed)
		return;
	p->first.bound = bal_bound(&p->end, p->first.f0, &p->first.hint);
	p->first.bound = bal_sharpen(&p->end, p->first.f0, p->first.bound, &p->first.hint, false);
}

/* Moves of later stages may be of VMs that were dropped before. */
static void list_dropped(struct making *p)
{
	const struct bal_model *m = &p->first.m;
	struct bal_left_list kept = { .n = 0 };

	for (size_t i = 0; i < p->dropped.n; i++) {
		const struct bal_left *row = &p->dropped.rows[i];
		const int32_t at = p->way.order.where[bal_find_vm(m, row->vm)];
		bool known = !str_eq(row->node, m->nodes[at]->name);

		for (size_t k = 0; k < kept.n; k++)
			known = known || kept.rows[k].vm == row->vm;
		if (!known)
			bal_leave(&kept, &p->plan.arena, *row);
	}
	p->plan.dropped = kept.rows;
	p->plan.ndropped = kept.n;
}

static void finish(struct making *p)
{
	struct bal_plan *plan = &p->plan;
	const struct bal_model *m = &p->first.m;

	find_end(p);
	explain(p);
	share(p);
	list_dropped(p);
	for (size_t i = 0; i < m->left.n; i++) {
		struct bal_left row = m->left.rows[i];

		row.why = arena_printf(&plan->arena, "cannot move VM %u off %s: %s", row.vm,
				       row.node, row.why);
		bal_leave(&p->unmovable, &plan->arena, row);
	}
	plan->unmovable = p->unmovable.rows;
	plan->nunmovable = p->unmovable.n;
	plan->f0 = p->first.f0;
	plan->f = bal_objective(&p->end) - bal_broken(&p->end) + p->way.order.sent;
	for (int32_t i = 0; i < m->nitems; i++)
		plan->f -= bal_moved_cost(m, i, p->end.at[i]); /* is in what was sent */
	plan->bound = bal_sharpen(&p->end, p->first.f0, p->first.bound, &p->first.hint, false);
	plan->stuck = p->first.stuck;
	plan->captured_ppm = captured(plan, &p->first.musts);
}

int bal_plan(const struct bal_cluster *cluster, struct bal_plan *ret, struct pxc_err *err)
{
	struct making p = { .now = *cluster };
	int r = bal_stage_init(&p.first, cluster, &p.plan.arena, err);

	if (r == 0) {
		p.vms = arena_alloc(&p.first.m.arena, (cluster->nvms + 1) * sizeof(*p.vms));
		if (cluster->nvms)
			memcpy(p.vms, cluster->vms, cluster->nvms * sizeof(*p.vms));
		p.now.vms = p.vms;
		p.why = arena_alloc(&p.first.m.arena, (cluster->nvms + 1) * sizeof(*p.why));
		p.way.first = &p.first.m;
		bal_stage_run(&p.first, &p.way);
		go_on(&p);
		finish(&p);
		bal_told(cluster, "plan");
		*ret = p.plan;
		bal_state_release(&p.end);
		bal_order_release(&p.way.order);
	}
	bal_stage_release(&p.first);
	return r;
}

void bal_plan_release(struct bal_plan *plan)
{
	arena_release(&plan->arena);
	*plan = (struct bal_plan){ .nmoves = 0 };
}
