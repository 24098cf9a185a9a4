/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * order.c - in which order VMs move, so that every state on the way is feasible.
 *
 * Migrations are started as soon as they can be, on a clock that counts MiB sent; a VM under way counts on both nodes. When nothing
 * can start, somebody makes room for a while; when that is dearer than what it leads to, the move is dropped.
 */
#include "cloud/balance/order.h"
#include "base/mem.h"

static void start_all(struct bal_order *o)
{
	for (size_t i = 0; i < o->ntrips; i++) {
		struct bal_trip *t = &o->trips[i];

		if (t->leg >= 0 || t->given_up)
			continue;
		t->leg = bal_start(o, (int32_t)i);
		if (t->leg >= 0)
			o->waiting--;
	}
}

static void leave(struct bal_order *o, int32_t leg)
{
	const struct bal_model *m = o->m;
	const struct bal_leg *l = &o->legs[leg];
	struct bal_log *log = &o->logs[l->from];

	bal_vm_load(m->vms[l->vm], o->now[l->from], -1);
	for (int32_t i = m->vm_rule[l->vm]; i < m->vm_rule[l->vm + 1]; i++)
		o->present[(ptrdiff_t)m->vm_rules[i] * m->nnodes + l->from]--;
	log->left = arena_grow(&o->arena, log->left, log->nleft, &log->cap, sizeof(*log->left));
	log->left[log->nleft++] = leg;
}

/* The next end, and all that end with it. */
static void advance(struct bal_order *o)
{
	size_t kept = 0;

	o->clock = INT64_MAX;
	for (size_t i = 0; i < o->nflying; i++)
		if (o->legs[o->flying[i]].end < o->clock)
			o->clock = o->legs[o->flying[i]].end;
	for (size_t i = 0; i < o->nflying; i++) {
		if (o->legs[o->flying[i]].end <= o->clock)
			leave(o, o->flying[i]);
		else
			o->flying[kept++] = o->flying[i];
	}
	o->nflying = kept;
}

int32_t bal_for_whom(const struct bal_order *o, int32_t trip)
{
	while (o->trips[trip].helps >= 0)
		trip = o->trips[trip].helps;
	return trip;
}

/* What coming home again is worth is what it was good for. */
double bal_worth(const struct bal_order *o, int32_t trip)
{
	return o->goal->worth[o->trips[bal_for_whom(o, trip)].vm];
}

static void give_up(struct bal_order *o, size_t trip)
{
	struct bal_trip *t = &o->trips[trip];
	int32_t vm = o->trips[bal_for_whom(o, (int32_t)trip)].vm;
	bool told = false;

	t->given_up = true;
	o->waiting--;
	for (size_t i = 0; i < o->ndropped; i++)
		told = told || o->dropped[i] == vm;
	if (!told)
		o->dropped[o->ndropped++] = vm;
	if (o->logs[t->to].reserved == (int32_t)trip)
		o->logs[t->to].reserved = -1;
}

/* Is the first one to be dropped rather than the second? What is worth no end must be; then the larger one. */
static bool worse(const struct bal_order *o, int32_t a, int32_t b)
{
	const bool must_a = bal_worth(o, a) >= BAL_ANY_PRICE,
		   must_b = bal_worth(o, b) >= BAL_ANY_PRICE;

	if (must_a != must_b)
		return must_b;
	return o->m->vms[o->trips[a].vm]->mem >= o->m->vms[o->trips[b].vm]->mem;
}

static void drop_worst(struct bal_order *o)
{
	size_t worst = o->ntrips;

	for (size_t i = 0; i < o->ntrips; i++) {
		const struct bal_trip *t = &o->trips[i];

		if (t->leg >= 0 || t->given_up)
			continue;
		if (worst < o->ntrips && worse(o, (int32_t)worst, (int32_t)i))
			continue;
		worst = i;
	}
	if (worst < o->ntrips)
		give_up(o, worst);
}

static int busier_first(const void *a, const void *b)
{
	const struct bal_trip *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? 1 : -1;
	return x->vm < y->vm ? -1 : x->vm > y->vm;
}

int32_t bal_add_trip(struct bal_order *o, struct bal_trip trip)
{
	o->trips = arena_grow(&o->arena, o->trips, o->ntrips, &o->cap_trips, sizeof(*o->trips));
	o->trips[o->ntrips++] = trip;
	o->waiting++;
	return (int32_t)o->ntrips - 1;
}

static void collect(struct bal_order *o)
{
	const struct bal_model *m = o->m;
	auto_free int64_t *in = pxc_calloc((size_t)m->nnodes + 1, sizeof(*in));
	auto_free int64_t *out = pxc_calloc((size_t)m->nnodes + 1, sizeof(*out));

	o->ntrips = o->waiting = 0;
	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t from = o->where[v], to = o->goal->node[v];

		if (to == from)
			continue;
		(void)bal_add_trip(o, (struct bal_trip){ .vm = v,
							 .from = from,
							 .to = to,
							 .follows = -1,
							 .helps = -1,
							 .leg = -1 });
		out[from] += m->vms[v]->wire + BAL_START_MIB;
		in[to] += m->vms[v]->wire + BAL_START_MIB;
	}
	for (size_t i = 0; i < o->ntrips; i++) {
		struct bal_trip *t = &o->trips[i];

		t->priority = out[t->from] > in[t->to] ? out[t->from] : in[t->to];
	}
	if (o->ntrips)
		qsort(o->trips, o->ntrips, sizeof(*o->trips), busier_first);
	o->dropped = arena_alloc(&o->arena, ((size_t)m->nvms + 1) * sizeof(*o->dropped));
	o->ndropped = 0;
}

static void init_nodes(struct bal_order *o)
{
	const struct bal_model *m = o->m;

	for (int32_t n = 0; n < m->nnodes; n++) {
		struct bal_log *log = &o->logs[n];

		o->gross[n][MEM] = m->nodes[n]->base_mem;
		o->gross[n][CPU] = o->gross[n][VCPU] = m->nodes[n]->base_cpu;
		log->reserved = -1;
		log->in = arena_alloc(&o->arena, o->slots_in * sizeof(*log->in));
		log->out = arena_alloc(&o->arena, o->slots_out * sizeof(*log->out));
		memset(log->in, 0xff, o->slots_in * sizeof(*log->in));
		memset(log->out, 0xff, o->slots_out * sizeof(*log->out));
	}
	for (int32_t v = 0; v < m->nvms; v++) {
		o->where[v] = m->vm_node[v];
		o->last[v] = o->helped[v] = -1;
		bal_vm_load(m->vms[v], o->gross[m->vm_node[v]], 1);
		for (int32_t i = m->vm_rule[v]; i < m->vm_rule[v + 1]; i++)
			o->present[(ptrdiff_t)m->vm_rules[i] * m->nnodes + m->vm_node[v]]++;
	}
	memcpy(o->now, o->gross, (size_t)m->nnodes * sizeof(*o->now));
}

void bal_order_init(struct bal_order *o, const struct bal_model *m)
{
	size_t nodes = (size_t)m->nnodes + 1, vms = (size_t)m->nvms + 1;

	*o = (struct bal_order){ .m = m };
	/* More slots than there are VMs are never used. */
	o->slots_in = m->params.max_in < vms ? m->params.max_in : (unsigned)vms;
	o->slots_out = m->params.max_out < vms ? m->params.max_out : (unsigned)vms;
	o->gross = arena_alloc(&o->arena, nodes * sizeof(*o->gross));
	o->now = arena_alloc(&o->arena, nodes * sizeof(*o->now));
	o->limit = arena_alloc(&o->arena, nodes * sizeof(*o->limit));
	o->logs = arena_alloc(&o->arena, nodes * sizeof(*o->logs));
	o->present = arena_alloc(&o->arena, (size_t)m->ncounts * nodes * sizeof(*o->present) + 1);
	o->where = arena_alloc(&o->arena, vms * sizeof(*o->where));
	o->last = arena_alloc(&o->arena, vms * sizeof(*o->last));
	o->helped = arena_alloc(&o->arena, vms * sizeof(*o->helped));
	o->bounced = arena_alloc(&o->arena, vms * sizeof(*o->bounced));
	o->room = arena_alloc(&o->arena, vms * sizeof(*o->room));
	init_nodes(o);
}

void bal_order_release(struct bal_order *o)
{
	arena_release(&o->arena);
	*o = (struct bal_order){ .m = NULL };
}

void bal_order_go(struct bal_order *o, const struct bal_goal *goal)
{
	const struct bal_model *m = o->m;

	o->goal = goal;
	o->random.x = goal->seed * 0x9e3779b97f4a7c15u;
	memset(o->bounced, 0, (size_t)m->nvms);
	memset(o->room, 0, (size_t)m->nvms * sizeof(*o->room));
	for (int32_t n = 0; n < m->nnodes; n++)
		for (int k = 0; k < LOADS; k++)
			o->limit[n][k] = goal->careful && m->limit[n][k] < m->transit[n][k]
						 ? m->limit[n][k]
						 : m->transit[n][k];
	collect(o);
	start_all(o);
	while (o->waiting || o->nflying) {
		if (o->nflying)
			advance(o);
		else if (goal->careful || !bal_bounce(o))
			drop_worst(o);
		start_all(o);
	}
}
