/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mandatory.c - what must move, at any price: off nodes that are drained or not allowed, and away from broken rules.
 *
 * Largest first; among the next few the one that would lose most by not getting its best node. Where nothing has room,
 * another VM makes room.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "cloud/balance/parts.h"

#define WINDOW 12
#define NODES_SAID 6

struct musts {
	struct bal_model *m;
	struct bal_state *s;
	int32_t *items;
	int32_t n;
	bool *listed;
	const char **why; /* of each item */
	struct pxc_arena *arena;
	struct bal_left_list *unmovable;
};

static void leave(struct musts *q, int32_t item, const char *why)
{
	const struct bal_model *m = q->m;
	const struct bal_item *it = &m->items[item];

	for (int32_t i = 0; i < it->nmembers; i++) {
		int32_t v = m->members[it->member + i];
		const char *node = m->nodes[m->vm_node[v]]->name;
		const char *said = arena_printf(q->arena, "cannot move VM %u off %s (%s): %s",
						m->vms[v]->id, node, q->why[item], why);

		bal_leave(q->unmovable, q->arena, (struct bal_left){ m->vms[v]->id, node, said });
	}
}

static void list(struct musts *q, int32_t item, const char *why)
{
	if (q->listed[item])
		return;
	q->listed[item] = true;
	q->why[item] = why;
	q->m->items[item].fixed = q->m->items[item].pinned;
	if (q->m->items[item].fixed)
		leave(q, item, "no order of moves leads to where it could be");
	else
		q->items[q->n++] = item;
}

static const char *home_reason(struct musts *q, const struct bal_item *it)
{
	const struct bal_node *node;

	if (it->torn)
		return arena_printf(q->arena, "rule %s", it->torn);
	node = q->m->nodes[it->home];
	return arena_printf(q->arena, node->drain ? "drain %s" : "not allowed on %s", node->name);
}

/* Of those on one node whom a rule keeps apart, all but one leave; the largest stays, unless one that cannot move is there. */
static void list_broken(struct musts *q, int32_t rule)
{
	const struct bal_model *m = q->m;
	const uint16_t *there = &q->s->count[(ptrdiff_t)rule * m->nnodes];

	for (int32_t n = 0; n < m->nnodes; n++) {
		int32_t stays = -1;

		if (there[n] < 2)
			continue;
		for (int pass = 0; pass < 2; pass++) {
			for (int32_t i = 0; i < m->nitems; i++) {
				const struct bal_item *it = &m->items[i];
				bool in = false;

				for (int32_t k = 0; q->s->at[i] == n && k < it->nrules; k++)
					in = in || m->item_rules[it->rule + k] == rule;
				if (!in)
					continue;
				if (pass)
					i == stays ? (void)0
						   : list(q, i,
							  arena_printf(q->arena, "rule %s",
								       m->counts[rule].name));
				else if (!m->base_count[(ptrdiff_t)rule * m->nnodes + n] &&
					 it->home_ok &&
					 (stays < 0 || it->cost > m->items[stays].cost))
					stays = i;
			}
		}
	}
}

static int larger_first(const void *a, const void *b, void *context)
{
	const struct bal_model *m = context;
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	int64_t lx = m->items[x].load[MEM], ly = m->items[y].load[MEM];

	if (lx != ly)
		return lx < ly ? 1 : -1;
	return x < y ? -1 : x > y;
}

double bal_regret(const struct bal_state *s, int32_t item, int32_t *to)
{
	double best = 0, second = 1e300;

	*to = bal_best_target(s, item, &best);
	for (int32_t n = 0; *to >= 0 && n < s->m->nnodes; n++) {
		double d;

		if (n == *to || n == s->at[item])
			continue;
		d = bal_shift_delta(s, item, n);
		if (d < second && !bal_refusal(s, item, n, -1))
			second = d;
	}
	return *to < 0 ? 0 : second - best;
}

int32_t bal_make_room(struct bal_state *s, int32_t item)
{
	const struct bal_model *m = s->m;
	int32_t who = -1, where = -1, to = -1;
	double best = 1e300;

	for (int32_t n = 0; n < m->nnodes; n++) {
		if (n == s->at[item] || !bal_may(m, &m->items[item], n))
			continue;
		for (int32_t i = 0; i < s->on[n].n; i++) {
			int32_t other = s->on[n].items[i], third;
			double d, own;

			if (bal_stays(&m->items[other]) || bal_refusal(s, item, n, other))
				continue;
			third = s->at[item];
			if (third >= 0 && bal_can_swap(s, item, other)) {
				own = bal_swap_delta(s, item, other);
			} else {
				third = bal_best_target(s, other, &d);
				if (third < 0 || third == s->at[item])
					continue;
				own = d + bal_shift_delta(s, item, n);
			}
			if (own < best || (own <= best && other < who)) {
				best = own;
				who = other;
				where = third;
				to = n;
			}
		}
	}
	if (who < 0)
		return -1;
	bal_shift(s, who, where);
	bal_shift(s, item, to);
	return who;
}

/* It stays for good; its members are part of what never moves. */
static void give_up(struct musts *q, int32_t item)
{
	struct bal_model *m = q->m;
	auto_buf struct pxc_buf why = { .data = NULL };
	int32_t said = 0, first = m->members[m->items[item].member];

	for (int32_t n = 0; n < m->nnodes; n++) {
		if (n == q->s->at[item])
			continue;
		if (said++ < NODES_SAID)
			buf_printf(&why, "%s%s %s", said > 1 ? ", " : "", m->nodes[n]->name,
				   bal_refusal(q->s, item, n, -1)
					   ? bal_say_refusal(q->s, first, n, q->arena)
					   : "can never have room for it");
	}
	if (said > NODES_SAID)
		buf_printf(&why, ", and %d more", said - NODES_SAID);
	if (!said)
		buf_adds(&why, "there is no other node");
	m->items[item].fixed = true;
	leave(q, item, buf_str(&why));
}

static bool moved_on(const struct bal_state *s, int32_t item)
{
	return s->at[item] >= 0 && s->at[item] != s->m->items[item].home;
}

static void want_room(struct musts *q, int32_t item)
{
	const struct bal_model *m = q->m;
	const int32_t who = bal_make_room(q->s, item);

	if (who < 0)
		give_up(q, item);
	else if (!q->why[who])
		q->why[who] = arena_printf(q->arena, "room for VM %u",
					   m->vms[m->members[m->items[item].member]]->id);
}

static void place(struct musts *q)
{
	while (q->n) {
		int32_t pick = 0, to = -1;
		double most = -1;

		for (int32_t i = 0; i < q->n && i < WINDOW; i++) {
			int32_t where;
			double r = bal_regret(q->s, q->items[i], &where);

			if (r > most) {
				most = r;
				pick = i;
				to = where;
			}
		}
		if (q->m->items[q->items[pick]].frozen)
			give_up(q, q->items[pick]);
		else if (moved_on(q->s, q->items[pick]))
			; /* it has changed places with another that had to move */
		else if (to >= 0)
			bal_shift(q->s, q->items[pick], to);
		else
			want_room(q, q->items[pick]);
		q->n--;
		memmove(&q->items[pick], &q->items[pick + 1],
			(size_t)(q->n - pick) * sizeof(*q->items));
	}
}

/* What cannot be moved though it should. Of those that a rule keeps apart the first may stay. */
static void say_stays(struct musts *q)
{
	const struct bal_model *m = q->m;
	auto_free uint32_t *there =
		pxc_calloc((size_t)m->ncounts * (size_t)m->nnodes + 1, sizeof(*there));

	for (int32_t v = 0; v < m->nvms; v++) {
		const struct bal_vm *vm = m->vms[v];
		const struct bal_node *node = m->nodes[m->vm_node[v]];
		bool wrong = node->drain || !bal_is_among(vm, node->name);

		if (!vm->stays)
			continue;
		for (int32_t i = m->vm_rule[v]; i < m->vm_rule[v + 1]; i++)
			wrong = there[(ptrdiff_t)m->vm_rules[i] * m->nnodes + m->vm_node[v]]++ ||
				wrong;
		if (wrong)
			bal_leave(q->unmovable, q->arena,
				  (struct bal_left){ vm->id, node->name,
						     arena_printf(q->arena,
								  "cannot move VM %u off %s: %s",
								  vm->id, node->name, vm->stays) });
	}
}

void bal_mandatory(struct bal_model *m, struct bal_state *s, struct bal_left_list *unmovable,
		   const char **why, struct pxc_arena *arena)
{
	auto_free int32_t *items = pxc_calloc((size_t)m->nitems + 1, sizeof(*items));
	auto_free bool *listed = pxc_calloc((size_t)m->nitems + 1, sizeof(*listed));
	struct musts q = { m, s, items, 0, listed, why, arena, unmovable };

	for (int32_t i = 0; i < m->nitems; i++) {
		m->items[i].fixed = m->items[i].frozen;
		if (!m->items[i].home_ok)
			list(&q, i, home_reason(&q, &m->items[i]));
	}
	for (int32_t rule = 0; rule < m->ncounts; rule++)
		if (m->counts[rule].hard)
			list_broken(&q, rule);
	say_stays(&q);
	qsort_r(items, (size_t)q.n, sizeof(*items), larger_first, m);
	s->unlimited = true;
	place(&q);
	s->unlimited = false;
}
