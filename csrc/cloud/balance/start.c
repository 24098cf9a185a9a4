/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * start.c - may a migration start, and what does it rely on?
 *
 * What a start relied on is written down: departures whose room it takes, and the migrations whose slots it takes. With these, all
 * that can have entered a node before stands against what has certainly left it, so the timing of the others does not matter.
 */
#include "cloud/balance/order.h"

bool bal_in_rule(const struct bal_model *m, int32_t vm, int32_t rule)
{
	for (int32_t i = m->vm_rule[vm]; i < m->vm_rule[vm + 1]; i++)
		if (m->vm_rules[i] == rule)
			return true;
	return false;
}

bool bal_has_room(const struct bal_order *o, int32_t vm, int32_t to, const int64_t more[LOADS])
{
	const struct bal_model *m = o->m;
	int64_t load[LOADS] = { 0 };

	bal_vm_load(m->vms[vm], load, 1);
	for (int k = 0; k < LOADS; k++)
		if (load[k] && o->now[to][k] + more[k] + load[k] > o->limit[to][k])
			return false;
	for (int32_t i = m->vm_rule[vm]; i < m->vm_rule[vm + 1]; i++)
		if (o->present[(ptrdiff_t)m->vm_rules[i] * m->nnodes + to])
			return false;
	return true;
}

static int32_t free_slot(const struct bal_order *o, const int32_t *slots, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bool busy = false;

		for (size_t k = 0; slots[i] >= 0 && k < o->nflying; k++)
			busy = busy || o->flying[k] == slots[i];
		if (!busy)
			return (int32_t)i;
	}
	return -1;
}

static void relies_on(struct bal_order *o, int32_t leg)
{
	if (leg < 0)
		return;
	for (size_t i = 0; i < o->nafter; i++)
		if (o->after[i] == (size_t)leg)
			return;
	o->after = arena_grow(&o->arena, o->after, o->nafter, &o->cap_after, sizeof(*o->after));
	o->after[o->nafter++] = (size_t)leg;
}

/* Departures that make the room, oldest first; and those of VMs that a rule keeps the new one apart from. */
static void relies_on_room(struct bal_order *o, int32_t vm, int32_t to)
{
	const struct bal_model *m = o->m;
	const struct bal_log *log = &o->logs[to];
	int64_t need[LOADS] = { 0 };
	bool more = false;

	bal_vm_load(m->vms[vm], need, 1);
	for (int k = 0; k < LOADS; k++) {
		need[k] = need[k] ? need[k] + o->gross[to][k] - o->limit[to][k] : 0;
		more = more || need[k] > 0;
	}
	for (size_t i = 0; i < log->nleft; i++) {
		int32_t other = o->legs[log->left[i]].vm;
		int64_t load[LOADS] = { 0 };
		bool helps = false, rule = false;

		for (int32_t k = m->vm_rule[vm]; k < m->vm_rule[vm + 1]; k++)
			rule = rule || bal_in_rule(m, other, m->vm_rules[k]);
		bal_vm_load(m->vms[other], load, 1);
		for (int k = 0; more && k < LOADS; k++)
			helps = helps || (need[k] > 0 && load[k] > 0);
		if (!helps && !rule)
			continue;
		relies_on(o, log->left[i]);
		for (int k = 0; k < LOADS; k++)
			need[k] -= load[k];
	}
}

static int compare_size(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? -1 : x > y;
}

static void enter(struct bal_order *o, int32_t vm, int32_t to)
{
	const struct bal_model *m = o->m;

	bal_vm_load(m->vms[vm], o->gross[to], 1);
	bal_vm_load(m->vms[vm], o->now[to], 1);
	for (int32_t i = m->vm_rule[vm]; i < m->vm_rule[vm + 1]; i++)
		o->present[(ptrdiff_t)m->vm_rules[i] * m->nnodes + to]++;
}

static int32_t add_leg(struct bal_order *o, int32_t vm, int32_t from, int32_t to)
{
	const struct bal_model *m = o->m;
	size_t *kept = arena_alloc(&o->arena, (o->nafter + 1) * sizeof(*kept));
	int32_t leg = (int32_t)o->nmoves;

	if (o->nafter)
		qsort(o->after, o->nafter, sizeof(*o->after), compare_size);
	if (o->nafter)
		memcpy(kept, o->after, o->nafter * sizeof(*kept));
	o->moves = arena_grow(&o->arena, o->moves, o->nmoves, &o->cap_moves, sizeof(*o->moves));
	o->legs = arena_grow(&o->arena, o->legs, o->nmoves, &o->cap_legs, sizeof(*o->legs));
	o->legs[leg] =
		(struct bal_leg){ vm, from, to, o->clock + m->vms[vm]->wire + BAL_START_MIB };
	o->moves[o->nmoves++] = (struct bal_move){
		.vm = m->vms[vm]->id,
		.from = m->nodes[from]->name,
		.to = m->nodes[to]->name,
		.wire = m->vms[vm]->wire,
		.starts_after = kept,
		.nstarts_after = o->nafter,
	};
	if (o->last[vm] >= 0)
		o->moves[o->last[vm]].bounce = true;
	o->last[vm] = leg;
	o->where[vm] = to;
	o->sent += bal_move_cost(m, m->vms[vm]);
	o->flying =
		arena_grow(&o->arena, o->flying, o->nflying, &o->cap_flying, sizeof(*o->flying));
	o->flying[o->nflying++] = leg;
	return leg;
}

static bool in_turn(const struct bal_order *o, int32_t trip)
{
	const struct bal_trip *t = &o->trips[trip];
	const int32_t reserved = o->logs[t->to].reserved;

	if (t->follows >= 0) {
		int32_t leg = o->trips[t->follows].leg;

		if (leg < 0 || o->legs[leg].end > o->clock)
			return false;
	}
	if (t->back && o->trips[t->helps].leg < 0 && !o->trips[t->helps].given_up)
		return false;
	return reserved < 0 || reserved == trip;
}

int32_t bal_start(struct bal_order *o, int32_t trip)
{
	static const int64_t nothing[LOADS] = { 0 };
	const struct bal_trip *t = &o->trips[trip];
	struct bal_log *to = &o->logs[t->to], *from = &o->logs[t->from];
	int32_t in, out, leg;

	if (!in_turn(o, trip) || !bal_has_room(o, t->vm, t->to, nothing))
		return -1;
	in = free_slot(o, to->in, o->slots_in);
	out = free_slot(o, from->out, o->slots_out);
	if (in < 0 || out < 0)
		return -1;
	o->nafter = 0;
	relies_on(o, o->last[t->vm]);
	relies_on(o, to->in[in]);
	relies_on(o, from->out[out]);
	relies_on_room(o, t->vm, t->to);
	leg = add_leg(o, t->vm, t->from, t->to);
	to->in[in] = from->out[out] = leg;
	to->nin++;
	from->nout++;
	if (to->reserved == trip)
		to->reserved = -1;
	enter(o, t->vm, t->to);
	return leg;
}
