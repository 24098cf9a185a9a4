/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dive.c - from items that are divided to whole ones, the largest first: where these go is what a plan is worth, and the small ones
 * flow round them.
 */
#include "base/mem.h"
#include "cloud/balance/fluid.h"

#define DEEP 60  /* items made whole one by one, or a few at a time; the others are small */
#define SPEED 8  /* of those that are whole: one more of so many is made so at a time */
#define PASSES 6 /* of the others, after each time */

static int larger_first(const void *a, const void *b, void *context)
{
	const struct bal_model *m = ((const struct bal_fluid *)context)->m;
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	if (m->items[x].cost < m->items[y].cost || m->items[x].cost > m->items[y].cost)
		return m->items[x].cost < m->items[y].cost ? 1 : -1;
	return x < y ? -1 : x > y;
}

/* All of it goes to where most of it is. */
static void make_whole(struct bal_fluid *f, int32_t item)
{
	struct bal_parts *p = &f->parts[item];
	const int32_t to = p->node[bal_fluid_main_part(p)];

	while (p->n > 1) {
		int32_t from = p->node[0] == to ? 1 : 0;

		bal_fluid_transfer(f, item, from, to, p->share[from]);
	}
}

void bal_dive(struct bal_fluid *f)
{
	const struct bal_model *m = f->m;
	auto_free int32_t *split = pxc_calloc((size_t)m->nitems + 1, sizeof(*split));
	auto_free bool *whole = pxc_calloc((size_t)m->nitems + 1, sizeof(*whole));
	double divided;

	for (int32_t done = 0, n = 1; done < DEEP && n;) {
		int32_t few = 1 + done / SPEED;

		n = 0;
		for (int32_t i = 0; i < m->nitems; i++)
			if (!m->items[i].fixed && f->parts[i].n > 1)
				split[n++] = i;
		qsort_r(split, (size_t)n, sizeof(*split), larger_first, f);
		for (int32_t k = 0; k < few && k < n; k++) {
			whole[split[k]] = true;
			make_whole(f, split[k]);
		}
		done += few;
		(void)bal_fluid_evaluate(f, &divided);
		bal_fluid_flow(f, PASSES, whole);
	}
}
