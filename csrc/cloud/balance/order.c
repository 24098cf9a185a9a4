/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * order.c - in which order VMs move, so that every state on the way is feasible.
 *
 * Migrations are started as soon as they can be, on a clock that counts MiB sent; a VM under way counts on both nodes. What a start
 * relied on is written down: departures whose room it takes, and the migrations whose slots it takes. With these, all that can have
 * entered a node before stands against what has certainly left it, so the timing of the others does not matter.
 */
#include "base/mem.h"
#include "cloud/balance/parts.h"

/* Setting a migration up takes as long as sending so much. */
#define START_MIB 1024

struct trip {
	int32_t vm, from, to;
	int32_t after;    /* the first leg of a bounce, or -1 */
	int64_t priority; /* MiB through the busier of its nodes */
	bool done;
};

struct leg {
	int32_t vm, from, to, slot_in, slot_out;
	int64_t end;
};

struct log {
	int32_t *left; /* legs out of it that have ended, in order of their end */
	int32_t nleft, cap;
	int32_t *in, *out; /* slots: the last leg in each, or -1 */
};

struct run {
	const struct bal_model *m;
	struct bal_order *ret;
	struct pxc_arena *arena;
	struct trip *trips;
	int32_t ntrips, waiting;
	unsigned slots_in, slots_out; /* for each node */
	int64_t (*gross)[LOADS];      /* what was there and all that has started to enter */
	int64_t (*now)[LOADS];        /* gross without what has left */
	int64_t (*limit)[LOADS];
	uint16_t *
		present; /* ncounts x nodes: members that are there, or on their way to or from it */
	struct log *logs;
	struct leg *legs; /* of each move */
	int32_t *flying;
	int32_t nflying;
	int64_t clock;
	size_t *after; /* being collected */
	size_t nafter;
};

static void vm_load(const struct run *r, int32_t vm, int64_t load[LOADS])
{
	memset(load, 0, LOADS * sizeof(*load));
	bal_vm_load(r->m->vms[vm], load, 1);
}

static bool in_rule(const struct bal_model *m, int32_t vm, int32_t rule)
{
	for (int32_t i = m->vm_rule[vm]; i < m->vm_rule[vm + 1]; i++)
		if (m->vm_rules[i] == rule)
			return true;
	return false;
}

/* Room and rules; "gone" is a VM there that is thought to have left, or -1. */
static bool has_room(const struct run *r, int32_t vm, int32_t to, int32_t gone)
{
	const struct bal_model *m = r->m;
	int64_t load[LOADS], less[LOADS] = { 0 };

	vm_load(r, vm, load);
	if (gone >= 0)
		vm_load(r, gone, less);
	for (int k = 0; k < LOADS; k++)
		if (load[k] && r->now[to][k] - less[k] + load[k] > r->limit[to][k])
			return false;
	for (int32_t i = m->vm_rule[vm]; i < m->vm_rule[vm + 1]; i++) {
		int32_t rule = m->vm_rules[i];
		int there = r->present[(ptrdiff_t)rule * m->nnodes + to];

		if (there > (gone >= 0 && in_rule(m, gone, rule)))
			return false;
	}
	return true;
}

static int32_t free_slot(const struct run *r, const int32_t *slots, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bool busy = false;

		for (int32_t k = 0; slots[i] >= 0 && k < r->nflying; k++)
			busy = busy || r->flying[k] == slots[i];
		if (!busy)
			return (int32_t)i;
	}
	return -1;
}

static void relies_on(struct run *r, int32_t leg)
{
	for (size_t i = 0; i < r->nafter; i++)
		if (r->after[i] == (size_t)leg)
			return;
	r->after[r->nafter++] = (size_t)leg;
}

/* Departures that make the room, oldest first; and those of VMs that a rule keeps the new one apart from. */
static void relies_on_room(struct run *r, int32_t vm, int32_t to)
{
	const struct bal_model *m = r->m;
	const struct log *log = &r->logs[to];
	int64_t need[LOADS];
	bool more = false;

	vm_load(r, vm, need);
	for (int k = 0; k < LOADS; k++) {
		need[k] = need[k] ? need[k] + r->gross[to][k] - r->limit[to][k] : 0;
		more = more || need[k] > 0;
	}
	for (int32_t i = 0; i < log->nleft; i++) {
		int32_t other = r->legs[log->left[i]].vm;
		int64_t load[LOADS];
		bool helps = false, rule = false;

		for (int32_t k = m->vm_rule[vm]; k < m->vm_rule[vm + 1]; k++)
			rule = rule || in_rule(m, other, m->vm_rules[k]);
		vm_load(r, other, load);
		for (int k = 0; more && k < LOADS; k++)
			helps = helps || (need[k] > 0 && load[k] > 0);
		if (!helps && !rule)
			continue;
		relies_on(r, log->left[i]);
		for (int k = 0; k < LOADS; k++)
			need[k] -= load[k];
	}
}

static int compare_size(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? -1 : x > y;
}

static void enter(struct run *r, int32_t vm, int32_t to)
{
	const struct bal_model *m = r->m;

	bal_vm_load(m->vms[vm], r->gross[to], 1);
	bal_vm_load(m->vms[vm], r->now[to], 1);
	for (int32_t i = m->vm_rule[vm]; i < m->vm_rule[vm + 1]; i++)
		r->present[(ptrdiff_t)m->vm_rules[i] * m->nnodes + to]++;
}

/* Start a migration if it can be; its index, or -1. */
static int32_t start(struct run *r, int32_t vm, int32_t from, int32_t to, int32_t after,
		     bool bounce)
{
	const struct bal_model *m = r->m;
	int32_t in = free_slot(r, r->logs[to].in, r->slots_in);
	int32_t out = free_slot(r, r->logs[from].out, r->slots_out);
	int32_t leg = (int32_t)r->ret->nmoves;
	size_t *kept;

	if (in < 0 || out < 0 || !has_room(r, vm, to, -1))
		return -1;
	r->nafter = 0;
	if (after >= 0)
		relies_on(r, after);
	if (r->logs[to].in[in] >= 0)
		relies_on(r, r->logs[to].in[in]);
	if (r->logs[from].out[out] >= 0)
		relies_on(r, r->logs[from].out[out]);
	relies_on_room(r, vm, to);
	qsort(r->after, r->nafter, sizeof(*r->after), compare_size);
	kept = arena_alloc(r->arena, (r->nafter + 1) * sizeof(*kept));
	memcpy(kept, r->after, r->nafter * sizeof(*kept));
	r->ret->moves[r->ret->nmoves++] = (struct bal_move){
		.vm = m->vms[vm]->id,
		.from = m->nodes[from]->name,
		.to = m->nodes[to]->name,
		.bounce = bounce,
		.wire = m->vms[vm]->wire,
		.starts_after = kept,
		.nstarts_after = r->nafter,
	};
	r->legs[leg] =
		(struct leg){ vm, from, to, in, out, r->clock + m->vms[vm]->wire + START_MIB };
	r->logs[to].in[in] = r->logs[from].out[out] = leg;
	r->flying[r->nflying++] = leg;
	enter(r, vm, to);
	return leg;
}

static void start_all(struct run *r)
{
	for (int32_t i = 0; i < r->ntrips; i++) {
		struct trip *t = &r->trips[i];

		if (t->done || (t->after >= 0 && r->legs[t->after].end > r->clock))
			continue;
		if (start(r, t->vm, t->from, t->to, t->after, false) >= 0) {
			t->done = true;
			r->waiting--;
		}
	}
}

static void leave(struct run *r, int32_t leg)
{
	const struct bal_model *m = r->m;
	const struct leg *l = &r->legs[leg];
	struct log *log = &r->logs[l->from];

	bal_vm_load(m->vms[l->vm], r->now[l->from], -1);
	for (int32_t i = m->vm_rule[l->vm]; i < m->vm_rule[l->vm + 1]; i++)
		r->present[(ptrdiff_t)m->vm_rules[i] * m->nnodes + l->from]--;
	if (log->nleft == log->cap) {
		log->cap = log->cap ? 2 * log->cap : 8;
		log->left = pxc_realloc(log->left, (size_t)log->cap * sizeof(*log->left));
	}
	log->left[log->nleft++] = leg;
}

/* The next end, and all that end with it. */
static void advance(struct run *r)
{
	int32_t kept = 0;

	r->clock = INT64_MAX;
	for (int32_t i = 0; i < r->nflying; i++)
		if (r->legs[r->flying[i]].end < r->clock)
			r->clock = r->legs[r->flying[i]].end;
	for (int32_t i = 0; i < r->nflying; i++) {
		if (r->legs[r->flying[i]].end <= r->clock)
			leave(r, r->flying[i]);
		else
			r->flying[kept++] = r->flying[i];
	}
	r->nflying = kept;
}

static bool unblocks(const struct run *r, const struct trip *t)
{
	for (int32_t i = 0; i < r->ntrips; i++)
		if (!r->trips[i].done && r->trips[i].to == t->from &&
		    has_room(r, r->trips[i].vm, t->from, t->vm))
			return true;
	return false;
}

/* Nothing can start: the smallest VM that is in somebody's way waits on a third node. */
static bool bounce(struct run *r)
{
	const struct bal_model *m = r->m;
	struct trip *best = NULL;
	int32_t via = -1;

	for (int32_t i = 0; i < r->ntrips; i++) {
		struct trip *t = &r->trips[i];
		const struct bal_item *it = &m->items[m->vm_item[t->vm]];
		double least = 0;
		int32_t where = -1;

		if (t->done || t->after >= 0 || it->nmembers > 1 ||
		    (best && m->vms[best->vm]->wire <= m->vms[t->vm]->wire) || !unblocks(r, t))
			continue;
		for (int32_t n = 0; n < m->nnodes; n++) {
			double share = (double)r->now[n][MEM] / (double)m->nodes[n]->mem;

			if (n == t->from || n == t->to || !bal_may(m, it, n) ||
			    !has_room(r, t->vm, n, -1) || (where >= 0 && share >= least))
				continue;
			least = share;
			where = n;
		}
		if (where < 0)
			continue;
		best = t;
		via = where;
	}
	if (!best)
		return false;
	best->after = start(r, best->vm, best->from, via, -1, true);
	best->from = via;
	return best->after >= 0;
}

static void drop_largest(struct run *r)
{
	struct trip *worst = NULL;

	for (int32_t i = 0; i < r->ntrips; i++)
		if (!r->trips[i].done &&
		    (!worst || r->m->vms[r->trips[i].vm]->mem > r->m->vms[worst->vm]->mem))
			worst = &r->trips[i];
	if (!worst)
		return;
	worst->done = true;
	r->waiting--;
	r->ret->dropped[r->ret->ndropped++] = worst->vm;
}

static int busier_first(const void *a, const void *b)
{
	const struct trip *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? 1 : -1;
	return x->vm < y->vm ? -1 : x->vm > y->vm;
}

static void collect(struct run *r, const struct bal_state *s)
{
	const struct bal_model *m = s->m;
	auto_free int64_t *in = pxc_calloc((size_t)m->nnodes + 1, sizeof(*in));
	auto_free int64_t *out = pxc_calloc((size_t)m->nnodes + 1, sizeof(*out));

	r->trips = arena_alloc(r->arena, ((size_t)s->moved + 1) * sizeof(*r->trips));
	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t item = m->vm_item[v], from = m->vm_node[v],
			to = item < 0 ? from : s->at[item];

		if (to < 0 || to == from)
			continue;
		r->trips[r->ntrips++] = (struct trip){ v, from, to, -1, 0, false };
		out[from] += m->vms[v]->wire + START_MIB;
		in[to] += m->vms[v]->wire + START_MIB;
	}
	for (int32_t i = 0; i < r->ntrips; i++) {
		struct trip *t = &r->trips[i];

		t->priority = out[t->from] > in[t->to] ? out[t->from] : in[t->to];
	}
	qsort(r->trips, (size_t)r->ntrips, sizeof(*r->trips), busier_first);
	r->waiting = r->ntrips;
}

static void prepare(struct run *r, const struct bal_state *s, bool careful)
{
	const struct bal_model *m = s->m;
	size_t nodes = (size_t)m->nnodes + 1, legs = 2 * (size_t)r->ntrips + 1;
	size_t in = m->params.max_in, out = m->params.max_out;

	r->gross = arena_alloc(r->arena, nodes * sizeof(*r->gross));
	r->now = arena_alloc(r->arena, nodes * sizeof(*r->now));
	r->limit = arena_alloc(r->arena, nodes * sizeof(*r->limit));
	r->logs = arena_alloc(r->arena, nodes * sizeof(*r->logs));
	r->present = arena_alloc(r->arena, (size_t)m->ncounts * nodes * sizeof(*r->present) + 1);
	r->legs = arena_alloc(r->arena, legs * sizeof(*r->legs));
	r->flying = arena_alloc(r->arena, legs * sizeof(*r->flying));
	r->after = arena_alloc(r->arena, (legs + 3) * sizeof(*r->after));
	r->ret->moves = arena_alloc(r->arena, legs * sizeof(*r->ret->moves));
	r->ret->dropped = arena_alloc(r->arena, legs * sizeof(*r->ret->dropped));
	/* More slots than there are moves are never used. */
	r->slots_in = (unsigned)(in = in > legs ? legs : in);
	r->slots_out = (unsigned)(out = out > legs ? legs : out);
	for (int32_t n = 0; n < m->nnodes; n++) {
		r->gross[n][MEM] = m->nodes[n]->base_mem;
		r->gross[n][CPU] = r->gross[n][VCPU] = m->nodes[n]->base_cpu;
		r->logs[n].in = arena_alloc(r->arena, in * sizeof(*r->logs[n].in));
		r->logs[n].out = arena_alloc(r->arena, out * sizeof(*r->logs[n].out));
		memset(r->logs[n].in, 0xff, in * sizeof(*r->logs[n].in));
		memset(r->logs[n].out, 0xff, out * sizeof(*r->logs[n].out));
		for (int k = 0; k < LOADS; k++)
			r->limit[n][k] = careful && m->limit[n][k] < m->transit[n][k]
						 ? m->limit[n][k]
						 : m->transit[n][k];
	}
	for (int32_t v = 0; v < m->nvms; v++) {
		bal_vm_load(m->vms[v], r->gross[m->vm_node[v]], 1);
		for (int32_t i = m->vm_rule[v]; i < m->vm_rule[v + 1]; i++)
			r->present[(ptrdiff_t)m->vm_rules[i] * m->nnodes + m->vm_node[v]]++;
	}
	memcpy(r->now, r->gross, nodes * sizeof(*r->now));
}

void bal_order(struct bal_order *ret, const struct bal_state *s, bool careful,
	       struct pxc_arena *arena)
{
	struct run r = { .m = s->m, .ret = ret, .arena = arena };

	*ret = (struct bal_order){ .nmoves = 0 };
	collect(&r, s);
	prepare(&r, s, careful);
	start_all(&r);
	while (r.waiting || r.nflying) {
		if (r.nflying)
			advance(&r);
		else if (careful || s->m->params.max_moves || !bounce(&r))
			drop_largest(&r);
		start_all(&r);
	}
	for (int32_t n = 0; n < s->m->nnodes; n++)
		free(r.logs[n].left);
}
