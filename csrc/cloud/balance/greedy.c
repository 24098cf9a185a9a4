/* SPDX-License-Identifier: GPL-3.0-or-later */
/* greedy.c - single moves, the best one first, from a heap whose keys are looked at again when they come up. */
#include "base/mem.h"
#include "cloud/balance/parts.h"

/* Passes over all items; nodes that became lighter attract items that were passed over. */
#define PASSES 8

struct heap {
	double *key;    /* of each item: its best delta when last looked at */
	int32_t *slot;  /* of each item; -1 = not in the heap */
	int32_t *items; /* smallest key first, then smallest item */
	int32_t n;
	double slope[PRICED]; /* of F, where it is least */
};

static bool before(const struct heap *h, int32_t a, int32_t b)
{
	if (h->key[a] < h->key[b] || h->key[a] > h->key[b])
		return h->key[a] < h->key[b];
	return a < b;
}

static void set_slot(struct heap *h, int32_t slot, int32_t item)
{
	h->items[slot] = item;
	h->slot[item] = slot;
}

static void sift(struct heap *h, int32_t slot)
{
	int32_t item = h->items[slot];

	for (int32_t up = (slot - 1) / 2; slot > 0 && before(h, item, h->items[up]);
	     up = (slot - 1) / 2) {
		set_slot(h, slot, h->items[up]);
		slot = up;
	}
	for (int32_t down = 2 * slot + 1; down < h->n; down = 2 * slot + 1) {
		if (down + 1 < h->n && before(h, h->items[down + 1], h->items[down]))
			down++;
		if (!before(h, h->items[down], item))
			break;
		set_slot(h, slot, h->items[down]);
		slot = down;
	}
	set_slot(h, slot, item);
}

static void update(struct heap *h, int32_t item, double key)
{
	h->key[item] = key;
	if (h->slot[item] < 0)
		set_slot(h, h->n++, item);
	sift(h, h->slot[item]);
}

static void drop(struct heap *h, int32_t item)
{
	int32_t slot = h->slot[item];

	h->slot[item] = -1;
	if (slot == --h->n)
		return;
	set_slot(h, slot, h->items[h->n]);
	sift(h, slot);
}

static void find_slopes(struct heap *h, const struct bal_state *s)
{
	for (int r = 0; r < PRICED; r++) {
		h->slope[r] = 1e300;
		for (int32_t n = 0; n < s->m->nnodes; n++) {
			double slope = 2 * s->spots[n].factor[r] * s->spots[n].x[r];

			h->slope[r] = slope < h->slope[r] ? slope : h->slope[r];
		}
	}
}

/* Would it gain nothing even on a node where F is the flattest, for all it needs? Most items end here. */
static bool hopeless(const struct heap *h, const struct bal_state *s, int32_t item)
{
	const struct bal_item *it = &s->m->items[item];
	const struct bal_spot *spot = &s->spots[s->at[item]];
	double delta = s->at[item] == it->home ? it->cost : -it->cost;

	for (int r = 0; r < PRICED; r++)
		delta += spot->factor[r] * it->d[r] * (it->d[r] - 2 * spot->x[r]) +
			 h->slope[r] * it->d[r];
	return delta >= 0 && it->home >= 0 && it->nrules == 0;
}

/* Look at an item; it stays in the heap only while there is something to gain. */
static int32_t look(struct heap *h, const struct bal_state *s, int32_t item)
{
	double delta = 0;
	int32_t to = -1;

	if (bal_searched(s, item) && !hopeless(h, s, item))
		to = bal_best_target(s, item, &delta);

	if (to >= 0 && delta < -BAL_EPSILON)
		update(h, item, delta);
	else if (h->slot[item] >= 0)
		drop(h, item);
	return to;
}

static size_t pass(struct heap *h, struct bal_state *s)
{
	size_t moves = 0;

	find_slopes(h, s);
	for (int32_t i = 0; i < s->m->nitems; i++)
		(void)look(h, s, i);
	while (h->n) {
		int32_t item = h->items[0], to;

		to = look(h, s, item);
		if (!h->n || h->items[0] != item)
			continue; /* it is worth less by now; another comes first */
		bal_shift(s, item, to);
		find_slopes(h, s);
		moves++;
		for (int32_t i = 0; i < s->on[to].n; i++)
			(void)look(h, s, s->on[to].items[i]);
	}
	return moves;
}

bool bal_greedy(struct bal_state *s)
{
	bool moved = false;
	size_t n = (size_t)s->m->nitems + 1;
	struct heap h = { .n = 0 };

	h.key = pxc_calloc(n, sizeof(*h.key));
	h.slot = pxc_calloc(n, sizeof(*h.slot));
	h.items = pxc_calloc(n, sizeof(*h.items));
	memset(h.slot, 0xff, n * sizeof(*h.slot));
	for (int i = 0; i < PASSES && pass(&h, s); i++)
		moved = true;
	free(h.key);
	free(h.slot);
	free(h.items);
	return moved;
}
