/* SPDX-License-Identifier: GPL-3.0-or-later */
/* objective.c - a state of the model: who is where, F, and how F changes with one move, in constant time. */
#include "base/mem.h"
#include "cloud/balance/parts.h"

static void list_add(struct bal_list *l, int32_t *pos, int32_t item)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 8;
		l->items = pxc_realloc(l->items, (size_t)l->cap * sizeof(*l->items));
	}
	pos[item] = l->n;
	l->items[l->n++] = item;
}

static void list_drop(struct bal_list *l, int32_t *pos, int32_t item)
{
	int32_t last = l->items[--l->n];

	l->items[pos[item]] = last;
	pos[last] = pos[item];
}

static void refresh(struct bal_state *s, int32_t n)
{
	for (int r = 0; r < PRICED; r++)
		s->spots[n].x[r] = (double)s->load[n][r] - s->m->mean[n][r];
}

static void add_load(struct bal_state *s, int32_t n, const int64_t load[LOADS], int64_t times)
{
	for (int r = 0; r < LOADS; r++)
		s->load[n][r] += times * load[r];
	refresh(s, n);
}

static void count(struct bal_state *s, const struct bal_item *it, int32_t n, int add)
{
	const struct bal_model *m = s->m;

	for (int32_t i = 0; i < it->nrules; i++) {
		uint16_t *c = &s->count[(ptrdiff_t)m->item_rules[it->rule + i] * m->nnodes + n];

		*c = (uint16_t)(*c + add);
	}
}

/* Scattered items are on each node with what they have there, new ones on none; neither counts for a rule. */
static void put_scattered(struct bal_state *s, const struct bal_item *it, int64_t times)
{
	const struct bal_model *m = s->m;

	for (int32_t i = 0; i < it->nmembers; i++) {
		int32_t v = m->members[it->member + i];

		if (m->vm_node[v] < 0)
			continue;
		bal_vm_load(m->vms[v], s->load[m->vm_node[v]], times);
		refresh(s, m->vm_node[v]);
	}
}

static void put(struct bal_state *s, int32_t item, int32_t n)
{
	const struct bal_model *m = s->m;
	const struct bal_item *it = &m->items[item];

	s->at[item] = n;
	if (n >= 0) {
		add_load(s, n, it->load, 1);
		count(s, it, n, 1);
		list_add(&s->on[n], s->pos, item);
		return;
	}
	put_scattered(s, it, 1);
}

static void take(struct bal_state *s, int32_t item)
{
	const struct bal_model *m = s->m;
	const struct bal_item *it = &m->items[item];
	int32_t n = s->at[item];

	if (n >= 0) {
		add_load(s, n, it->load, -1);
		count(s, it, n, -1);
		list_drop(&s->on[n], s->pos, item);
		return;
	}
	put_scattered(s, it, -1);
}

void bal_state_init(struct bal_state *s, const struct bal_model *m)
{
	size_t nodes = (size_t)m->nnodes + 1, items = (size_t)m->nitems + 1;
	size_t counts = (size_t)m->ncounts * (size_t)m->nnodes;

	*s = (struct bal_state){ .m = m };
	s->at = pxc_calloc(items, sizeof(*s->at));
	s->pos = pxc_calloc(items, sizeof(*s->pos));
	s->spots = pxc_calloc(nodes, sizeof(*s->spots));
	s->load = pxc_calloc(nodes, sizeof(*s->load));
	s->count = pxc_calloc(counts + 1, sizeof(*s->count));
	s->on = pxc_calloc(nodes, sizeof(*s->on));
	s->in = pxc_calloc(nodes, sizeof(*s->in));
	s->out = pxc_calloc(nodes, sizeof(*s->out));
	memcpy(s->load, m->base, (size_t)m->nnodes * sizeof(*s->load));
	memcpy(s->count, m->base_count, counts * sizeof(*s->count));
	for (int32_t n = 0; n < m->nnodes; n++) {
		memcpy(s->spots[n].factor, m->factor[n], sizeof(m->factor[n]));
		refresh(s, n);
	}
	for (int32_t n = 0; m->in_before && n < m->nnodes; n++) {
		s->in[n] = m->in_before[n];
		s->out[n] = m->out_before[n];
	}
	for (int32_t i = 0; i < m->nitems; i++)
		put(s, i, m->items[i].home);
}

void bal_state_release(struct bal_state *s)
{
	for (int32_t n = 0; s->on && n < s->m->nnodes; n++)
		free(s->on[n].items);
	free(s->at);
	free(s->pos);
	free(s->spots);
	free(s->load);
	free(s->count);
	free(s->on);
	free(s->in);
	free(s->out);
	*s = (struct bal_state){ .m = NULL };
}

/* Only what differs is shifted: states that are compared are mostly close to each other. */
void bal_state_copy(struct bal_state *to, const struct bal_state *from)
{
	for (int32_t i = 0; i < from->m->nitems; i++)
		if (to->at[i] != from->at[i])
			bal_shift(to, i, from->at[i]);
}

uint32_t bal_moved_vms(const struct bal_model *m, int32_t item, int32_t at)
{
	const struct bal_item *it = &m->items[item];
	uint32_t n = 0;

	if (it->home >= 0)
		return at == it->home ? 0 : (uint32_t)it->nmembers;
	for (int32_t i = 0; at >= 0 && i < it->nmembers; i++)
		n += bal_moves(m, m->members[it->member + i], at);
	return n;
}

double bal_scattered_cost(const struct bal_model *m, int32_t item, int32_t at)
{
	const struct bal_item *it = &m->items[item];
	double cost = 0;

	for (int32_t i = 0; at >= 0 && i < it->nmembers; i++) {
		int32_t v = m->members[it->member + i];

		if (bal_moves(m, v, at))
			cost += bal_move_cost(m, m->vms[v]);
	}
	return cost;
}

void bal_shift(struct bal_state *s, int32_t item, int32_t to)
{
	s->moved -= bal_moved_vms(s->m, item, s->at[item]);
	s->moved += bal_moved_vms(s->m, item, to);
	if (s->m->params.max_node_moves) {
		bal_count_ways(s, item, s->at[item], -1);
		bal_count_ways(s, item, to, 1);
	}
	take(s, item);
	put(s, item, to);
}

static double broken_price(const struct bal_count *c, int32_t on_node)
{
	if (c->together)
		return on_node > 0 ? c->price : 0;
	return on_node > 1 ? (on_node - 1) * c->price : 0;
}

double bal_count_delta(const struct bal_state *s, int32_t item, int32_t from, int32_t to)
{
	const struct bal_model *m = s->m;
	const struct bal_item *it = &m->items[item];
	double sum = 0;

	for (int32_t i = 0; i < it->nrules; i++) {
		int32_t rule = m->item_rules[it->rule + i];
		const struct bal_count *c = &m->counts[rule];
		const uint16_t *n = &s->count[(ptrdiff_t)rule * m->nnodes];

		if (c->hard)
			continue;
		if (from >= 0)
			sum += broken_price(c, n[from] - 1) - broken_price(c, n[from]);
		sum += broken_price(c, n[to] + 1) - broken_price(c, n[to]);
	}
	return sum;
}

double bal_broken(const struct bal_state *s)
{
	const struct bal_model *m = s->m;
	double f = 0;

	for (int32_t c = 0; c < m->ncounts; c++) {
		for (int32_t n = 0; !m->counts[c].hard && n < m->nnodes; n++)
			f += broken_price(&m->counts[c], s->count[(ptrdiff_t)c * m->nnodes + n]);
		if (!m->counts[c].hard && m->counts[c].together)
			f -= m->counts[c].price;
	}
	return f;
}

/* Nodes one by one, then rules, then what has moved: the one definition of F, which all deltas must agree with. */
double bal_objective(const struct bal_state *s)
{
	const struct bal_model *m = s->m;
	double f = 0;

	for (int32_t n = 0; n < m->nnodes; n++)
		for (int r = 0; r < PRICED; r++)
			f += s->spots[n].factor[r] * s->spots[n].x[r] * s->spots[n].x[r];
	for (int32_t i = 0; i < m->nitems; i++)
		f += bal_moved_cost(m, i, s->at[i]);
	return f + bal_broken(s);
}

static double scattered_delta(const struct bal_state *s, int32_t item, int32_t to)
{
	const struct bal_model *m = s->m;
	const struct bal_item *it = &m->items[item];
	double sum = 0;

	for (int r = 0; r < PRICED; r++) {
		double x = s->spots[to].x[r], d = it->d[r];

		for (int32_t i = 0; i < it->nmembers; i++) {
			int32_t v = m->members[it->member + i], from = m->vm_node[v];
			double part = (double)(r == MEM ? m->vms[v]->mem : m->vms[v]->cpu);

			if (from == to)
				d -= part;
			else if (from >= 0)
				sum += s->spots[from].factor[r] * part *
				       (part - 2 * s->spots[from].x[r]);
		}
		sum += s->spots[to].factor[r] * d * (d + 2 * x);
	}
	return sum;
}

double bal_shift_delta(const struct bal_state *s, int32_t item, int32_t to)
{
	const struct bal_item *it = &s->m->items[item];
	int32_t from = s->at[item];
	double sum;

	if (from == to)
		return 0;
	sum = from >= 0 ? bal_load_delta(s, it, from, to) : scattered_delta(s, item, to);
	sum += bal_moved_cost(s->m, item, to) - bal_moved_cost(s->m, item, from);
	return it->nrules ? sum + bal_count_delta(s, item, from, to) : sum;
}

int32_t bal_best_target(const struct bal_state *s, int32_t item, double *delta)
{
	const struct bal_model *m = s->m;
	const struct bal_item *it = &m->items[item];
	int32_t from = s->at[item], best = -1;

	for (int32_t n = 0; n < m->nnodes; n++) {
		double d;

		if (n == from)
			continue;
		if (from >= 0) {
			/* Far the most of them end here, so the cheap part comes first. */
			d = bal_load_delta(s, it, from, n);
			d += (n == it->home ? 0 : it->cost) - (from == it->home ? 0 : it->cost);
			if (it->nrules)
				d += bal_count_delta(s, item, from, n);
		} else {
			d = bal_shift_delta(s, item, n);
		}
		if (best >= 0 && d >= *delta)
			continue;
		if (bal_refusal(s, item, n, -1) ||
		    bal_over_moves(s, &(struct bal_step){ item, n }, 1))
			continue;
		best = n;
		*delta = d;
	}
	return best;
}
