/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dive.c - from items that are divided to whole ones, the largest first: where these go is what a plan is worth, and the small ones
 * flow round them.
 */
#include "base/mem.h"
#include "cloud/balance/fluid.h"

#define DEEP 80  /* items made whole one by one, or a few at a time; the others are small */
#define SPEED 8  /* of those that are whole: one more of so many is made so at a time */
#define PASSES 3 /* of the others, after each time */

static void make_whole(struct bal_fluid *f, struct bal_large *large, int32_t item)
{
	const struct bal_parts *p = &f->parts[item];

	bal_fluid_unite(f, item, p->node[bal_fluid_main_part(p)]);
	large->is[item] = true;
	large->items[large->n++] = item;
}

void bal_dive(struct bal_fluid *f, const struct bal_state *s, int32_t *at)
{
	const struct bal_model *m = f->m;
	const size_t items = (size_t)m->nitems + 1;
	auto_arena struct pxc_arena arena = { .head = NULL };
	int32_t *divided = arena_alloc(&arena, items * sizeof(*divided));
	struct bal_large large = { .items = arena_alloc(&arena, items * sizeof(*large.items)),
				   .is = arena_alloc(&arena, items * sizeof(*large.is)) };
	struct bal_fluid spare;

	for (int32_t n = 1; large.n < DEEP && n;) {
		const int32_t few = 1 + large.n / SPEED;
		double now;

		n = 0;
		for (int32_t i = 0; i < m->nitems; i++)
			if (!m->items[i].fixed && f->parts[i].n > 1)
				divided[n++] = i;
		qsort_r(divided, (size_t)n, sizeof(*divided), bal_larger_first, f);
		for (int32_t k = 0; k < few && k < n; k++)
			make_whole(f, &large, divided[k]);
		(void)bal_fluid_evaluate(f, &now);
		bal_fluid_flow(f, PASSES, large.is);
	}
	qsort_r(large.items, (size_t)large.n, sizeof(*large.items), bal_larger_first, f);
	bal_fluid_init(&spare, s, &arena);
	bal_fluid_polish(f, &spare, &large);
	bal_fluid_places(f, s, at);
}
