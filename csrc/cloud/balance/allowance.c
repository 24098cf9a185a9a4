/* SPDX-License-Identifier: GPL-3.0-or-later */
/* allowance.c - how many migrations a plan may have, in all and by node. What must be is never held up by it, but counts. */
#include "cloud/balance/parts.h"

#define MOST_WAYS 64 /* nodes that one change may touch; a larger one is refused */

struct ways {
	struct bal_way {
		int32_t node;
		int in, out;      /* more, or less */
		bool comes, goes; /* somebody does, whoever does not any more */
	} list[MOST_WAYS];
	int n;
	bool full;
};

static void add_way(struct ways *w, int32_t node, int in, int out)
{
	int i = 0;

	while (i < w->n && w->list[i].node != node)
		i++;
	if (i == MOST_WAYS) {
		w->full = true;
		return;
	}
	if (i == w->n)
		w->list[w->n++] = (struct bal_way){ .node = node };
	w->list[i].comes = w->list[i].comes || in > 0;
	w->list[i].goes = w->list[i].goes || out > 0;
	w->list[i].in += in;
	w->list[i].out += out;
}

static void add_item(struct ways *w, const struct bal_model *m, int32_t item, int32_t at, int sign)
{
	const struct bal_item *it = &m->items[item];

	for (int32_t i = 0; at >= 0 && i < it->nmembers; i++) {
		int32_t v = m->members[it->member + i];

		if (!bal_moves(m, v, at))
			continue;
		add_way(w, at, sign, 0);
		add_way(w, m->vm_node[v], 0, sign);
	}
}

void bal_count_ways(struct bal_state *s, int32_t item, int32_t at, int32_t sign)
{
	const struct bal_model *m = s->m;
	const struct bal_item *it = &m->items[item];

	for (int32_t i = 0; at >= 0 && i < it->nmembers; i++) {
		int32_t v = m->members[it->member + i];

		if (!bal_moves(m, v, at))
			continue;
		s->in[at] += sign;
		s->out[m->vm_node[v]] += sign;
	}
}

static bool over_nodes(const struct bal_state *s, const struct bal_step *steps, int n)
{
	const int64_t most = s->m->params.max_node_moves;
	struct ways w = { .n = 0 };

	for (int i = 0; i < n; i++) {
		add_item(&w, s->m, steps[i].item, s->at[steps[i].item], -1);
		add_item(&w, s->m, steps[i].item, steps[i].to, 1);
	}
	for (int i = 0; i < w.n; i++) {
		const struct bal_way *way = &w.list[i];

		if ((way->comes && s->in[way->node] + way->in > most) ||
		    (way->goes && s->out[way->node] + way->out > most))
			return true;
	}
	return w.full;
}

bool bal_over_limits(const struct bal_state *s, const struct bal_step *steps, int n)
{
	const struct bal_model *m = s->m;
	int64_t more = 0;

	for (int i = 0; m->params.max_moves && i < n; i++)
		more += (int64_t)bal_moved_vms(m, steps[i].item, steps[i].to) -
			bal_moved_vms(m, steps[i].item, s->at[steps[i].item]);
	if (more > 0 && s->moved + more > m->params.max_moves)
		return true;
	return m->params.max_node_moves && over_nodes(s, steps, n);
}
