/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hull.c - which few of all nodes can be the cheapest for an item, at the prices of load on nodes as they are. */
#include "cloud/balance/fluid.h"

static bool before(const struct bal_fluid *f, int32_t a, int32_t b)
{
	const double *gm = f->g[MEM], *gc = f->g[CPU];

	if (gm[a] < gm[b] || gm[a] > gm[b])
		return gm[a] < gm[b];
	return gc[a] < gc[b] || (gc[a] <= gc[b] && a < b);
}

/*
 * Most items may be on the same nodes, and only the lower left hull of these nodes' prices can be the cheapest for any of them.
 * The order hardly changes from one time to the next.
 */
void bal_fluid_find_hull(struct bal_fluid *f)
{
	const double *gm = f->g[MEM], *gc = f->g[CPU];
	int32_t n = 0;

	for (int32_t i = 1; i < f->norder; i++) {
		int32_t node = f->order[i], k = i;

		for (; k > 0 && before(f, node, f->order[k - 1]); k--)
			f->order[k] = f->order[k - 1];
		f->order[k] = node;
	}
	for (int32_t i = 0; i < f->norder; i++) {
		int32_t c = f->order[i];

		if (n && gc[c] >= gc[f->hull[n - 1]])
			continue;
		for (; n > 1; n--) {
			int32_t a = f->hull[n - 2], b = f->hull[n - 1];

			if ((gm[b] - gm[a]) * (gc[c] - gc[a]) > (gc[b] - gc[a]) * (gm[c] - gm[a]))
				break;
		}
		f->hull[n++] = c;
	}
	f->nhull = n;
}

void bal_fluid_find_usual(struct bal_fluid *f, struct pxc_arena *arena)
{
	const struct bal_model *m = f->m;
	int32_t *items = arena_alloc(arena, ((size_t)m->nclasses + 1) * sizeof(*items));
	struct bal_item any;

	for (int32_t i = 0; i < m->nitems; i++)
		items[m->items[i].class]++;
	for (int32_t c = 1; c < m->nclasses; c++)
		f->usual = items[c] > items[f->usual] ? c : f->usual;
	any = (struct bal_item){ .home = -1, .class = f->usual };
	f->order = arena_alloc(arena, ((size_t)m->nnodes + 1) * sizeof(*f->order));
	f->hull = arena_alloc(arena, ((size_t)m->nnodes + 1) * sizeof(*f->hull));
	for (int32_t n = 0; m->nclasses && n < m->nnodes; n++)
		if (bal_may(m, &any, n))
			f->order[f->norder++] = n;
	bal_fluid_find_hull(f);
}
