/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bounce.c - nothing can start: some VMs go to third nodes, so that one that waits can.
 *
 * Of all that wait, the one for which room is made at the least cost, as long as that is not more than its move is worth. The VMs that
 * make room may be on their way anyhow; those that are not come home again.
 */
#include "base/mem.h"
#include "cloud/balance/order.h"

#define MOST_LEAVE 32   /* VMs that make room for one */
#define MOST_BOUNCES 2  /* of one VM for one goal */
#define LUCK 0.2        /* a cost is taken to be this, up to 1 more, of what it is */
#define MOST_LOOKED 200 /* trips that wait and are looked at */

struct eviction {
	int32_t vm[MOST_LEAVE], to[MOST_LEAVE];
	int n;
	double cost;
};

struct making_room {
	struct bal_order *o;
	int32_t *waits;           /* of each VM: its trip that has not started, or -1 */
	int32_t *first, *next;    /* VMs by node */
	int64_t (*extra)[LOADS];  /* on each node, by what is being planned */
	int64_t need[LOADS];      /* that must leave still */
	const struct bal_trip *t; /* for whom */
};

static bool covers(const struct bal_vm *vm, const int64_t need[LOADS])
{
	int64_t load[LOADS] = { 0 };

	bal_vm_load(vm, load, 1);
	for (int k = 0; k < LOADS; k++)
		if (load[k] < need[k])
			return false;
	return true;
}

static bool satisfied(const int64_t need[LOADS])
{
	return need[MEM] <= 0 && need[CPU] <= 0 && need[VCPU] <= 0;
}

static bool may_go(const struct making_room *r, int32_t vm, const struct eviction *e)
{
	const struct bal_order *o = r->o;
	const struct bal_model *m = o->m;
	const struct bal_item *it;

	if (m->vm_item[vm] < 0 || vm == r->t->vm || o->bounced[vm] >= MOST_BOUNCES)
		return false;
	it = &m->items[m->vm_item[vm]];
	if (it->nmembers > 1 || it->fixed || (r->waits[vm] < 0 && !bal_may(m, it, o->where[vm])))
		return false;
	for (int i = 0; i < e->n; i++)
		if (e->vm[i] == vm)
			return false;
	return true;
}

/* The third node with most room for the VM, or -1. */
static int32_t third_node(const struct making_room *r, int32_t vm)
{
	const struct bal_order *o = r->o;
	const struct bal_model *m = o->m;
	const struct bal_item *it = &m->items[m->vm_item[vm]];
	int32_t best = -1;
	double least = 0;

	for (int32_t n = 0; n < m->nnodes; n++) {
		double share =
			(double)(o->now[n][MEM] + r->extra[n][MEM]) / (double)m->nodes[n]->mem;

		if (n == r->t->to || o->logs[n].reserved >= 0 || (best >= 0 && share >= least) ||
		    !m->nodes[n]->accepts || m->nodes[n]->drain || !bal_may(m, it, n) ||
		    !bal_has_room(o, vm, n, r->extra[n]))
			continue;
		best = n;
		least = share;
	}
	return best;
}

static double cost_of(const struct making_room *r, int32_t vm)
{
	return bal_move_cost(r->o->m, r->o->m->vms[vm]) * (r->waits[vm] >= 0 ? 1 : 2);
}

static void leaves(struct making_room *r, struct eviction *e, int32_t vm, int32_t to)
{
	int64_t load[LOADS] = { 0 };

	bal_vm_load(r->o->m->vms[vm], load, 1);
	for (int k = 0; k < LOADS; k++) {
		r->need[k] -= load[k];
		r->extra[to][k] += load[k];
	}
	e->cost += cost_of(r, vm);
	e->vm[e->n] = vm;
	e->to[e->n++] = to;
}

/* VMs that a rule keeps the one that waits apart from must leave in any case. */
static bool evict_rules(struct making_room *r, struct eviction *e)
{
	const struct bal_model *m = r->o->m;
	const int32_t v = r->t->vm;

	for (int32_t x = r->first[r->t->to]; x >= 0; x = r->next[x])
		for (int32_t i = m->vm_rule[v]; i < m->vm_rule[v + 1]; i++) {
			int32_t to;

			if (!bal_in_rule(m, x, m->vm_rules[i]))
				continue;
			to = e->n < MOST_LEAVE && may_go(r, x, e) ? third_node(r, x) : -1;
			if (to < 0)
				return false;
			leaves(r, e, x, to);
			break;
		}
	return true;
}

/* The cheapest VM that is enough by itself; when there is none, the one that is worth most of what is lacking for its cost. */
static int32_t next_to_leave(const struct making_room *r, const struct eviction *e, int32_t *to)
{
	const struct bal_order *o = r->o;
	int32_t best = -1;
	double least = 0;
	bool enough = false;

	for (int32_t x = r->first[r->t->to]; x >= 0; x = r->next[x]) {
		bool all = covers(o->m->vms[x], r->need);
		double key = cost_of(r, x);
		int64_t load[LOADS] = { 0 };
		bool helps = false;
		int32_t n;

		bal_vm_load(o->m->vms[x], load, 1);
		for (int k = 0; k < LOADS; k++)
			helps = helps || (r->need[k] > 0 && load[k] > 0);
		if (!helps || (enough && !all) || !may_go(r, x, e))
			continue;
		if (!all)
			key /= (double)(1 + load[MEM] + load[CPU]);
		if (best >= 0 && all == enough && key >= least)
			continue;
		n = third_node(r, x);
		if (n < 0)
			continue;
		best = x;
		least = key;
		enough = all;
		*to = n;
	}
	return best;
}

static bool plan_eviction(struct making_room *r, int32_t trip, struct eviction *e)
{
	const struct bal_order *o = r->o;
	const struct bal_model *m = o->m;
	int64_t load[LOADS] = { 0 };
	bool found = true;

	*e = (struct eviction){ .n = 0 };
	r->t = &o->trips[trip];
	bal_vm_load(m->vms[r->t->vm], load, 1);
	for (int k = 0; k < LOADS; k++)
		r->need[k] = load[k] ? o->now[r->t->to][k] + load[k] - o->limit[r->t->to][k] : 0;
	found = evict_rules(r, e);
	while (found && !satisfied(r->need)) {
		int32_t to, x = e->n < MOST_LEAVE ? next_to_leave(r, e, &to) : -1;

		found = x >= 0;
		if (found)
			leaves(r, e, x, to);
	}
	for (int i = 0; i < e->n; i++)
		memset(r->extra[e->to[i]], 0, sizeof(*r->extra));
	return found && e->n;
}

static void carry_out(struct making_room *r, int32_t trip, const struct eviction *e)
{
	struct bal_order *o = r->o;
	int32_t from = o->trips[trip].to;

	o->logs[from].reserved = trip;
	o->room[o->trips[bal_for_whom(o, trip)].vm] += e->cost;
	for (int i = 0; i < e->n; i++) {
		int32_t x = e->vm[i], waits = r->waits[x];
		int32_t leg = bal_add_trip(o, (struct bal_trip){ .vm = x,
								 .from = from,
								 .to = e->to[i],
								 .follows = -1,
								 .helps = trip,
								 .leg = -1 });

		o->bounced[x]++;
		o->helped[x] = o->trips[trip].vm;
		if (waits >= 0) {
			o->trips[waits].from = e->to[i];
			o->trips[waits].follows = leg;
		} else {
			(void)bal_add_trip(o, (struct bal_trip){ .vm = x,
								 .from = e->to[i],
								 .to = from,
								 .follows = leg,
								 .helps = trip,
								 .leg = -1,
								 .back = true });
		}
	}
}

static void list_vms(struct making_room *r)
{
	const struct bal_order *o = r->o;
	const struct bal_model *m = o->m;

	memset(r->first, 0xff, ((size_t)m->nnodes + 1) * sizeof(*r->first));
	memset(r->waits, 0xff, ((size_t)m->nvms + 1) * sizeof(*r->waits));
	for (int32_t v = m->nvms - 1; v >= 0; v--) {
		r->next[v] = r->first[o->where[v]];
		r->first[o->where[v]] = v;
	}
	for (size_t i = 0; i < o->ntrips; i++)
		if (o->trips[i].leg < 0 && !o->trips[i].given_up &&
		    o->where[o->trips[i].vm] == o->trips[i].from)
			r->waits[o->trips[i].vm] = (int32_t)i;
}

/* What is cheapest now is not always what leads to the least in the end; so another order takes its chances. */
static double luck(struct bal_order *o)
{
	return o->random.x ? LUCK + (double)(bal_next(&o->random) >> 11) * 0x1p-53 : 1;
}

bool bal_bounce(struct bal_order *o)
{
	const size_t vms = (size_t)o->m->nvms + 1, nodes = (size_t)o->m->nnodes + 1;
	auto_free int32_t *waits = pxc_calloc(vms, sizeof(*waits));
	auto_free int32_t *next = pxc_calloc(vms, sizeof(*next));
	auto_free int32_t *first = pxc_calloc(nodes, sizeof(*first));
	auto_free int64_t(*extra)[LOADS] = pxc_calloc(nodes, sizeof(*extra));
	struct making_room r = {
		.o = o, .waits = waits, .first = first, .next = next, .extra = extra
	};
	struct eviction best = { .n = 0 }, e;
	double least = 0, key;
	int32_t who = -1;
	int looked = 0;

	/* Where room was being made in vain. */
	for (int32_t n = 0; n < o->m->nnodes; n++)
		o->logs[n].reserved = -1;
	list_vms(&r);
	for (size_t i = 0; i < o->ntrips && looked < MOST_LOOKED; i++) {
		const struct bal_trip *t = &o->trips[i];

		if (t->leg >= 0 || t->given_up || o->where[t->vm] != t->from)
			continue;
		looked++;
		if (!plan_eviction(&r, (int32_t)i, &e) || e.cost > bal_worth(o, (int32_t)i))
			continue;
		key = e.cost * luck(o);
		if (who >= 0 && key >= least)
			continue;
		best = e;
		least = key;
		who = (int32_t)i;
	}
	if (who < 0)
		return false;
	carry_out(&r, who, &best);
	return true;
}
