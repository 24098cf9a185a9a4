/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reach.c - VMs that no order of moves can ever move, for want of room: a proof, not a search that gave up.
 *
 * A move starts only where there is room. What can be free on a node is what is free now and what those that can move take with them,
 * and no more than what is free on all nodes together. Whoever fits nowhere even so stays, and so does what only his leaving
 * would free. Rules and the number of moves are left out, so that more seems possible than is.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "cloud/balance/parts.h"

#define SAID 6

struct reach {
	struct bal_model *m;
	int64_t (*room)[LOADS]; /* of each node, at most */
	int64_t all[LOADS];     /* of all nodes together */
};

static bool fits_somewhere(const struct reach *r, const struct bal_item *it)
{
	for (int32_t n = 0; n < r->m->nnodes; n++) {
		bool fits = n != it->home && bal_may(r->m, it, n);

		/* Members go one by one, so the largest need of one of them is what counts at least. */
		for (int k = 0; fits && k < LOADS; k++) {
			int64_t room = r->room[n][k] < r->all[k] ? r->room[n][k] : r->all[k];

			for (int32_t i = 0; fits && i < it->nmembers; i++) {
				int64_t load[LOADS] = { 0 };

				bal_vm_load(r->m->vms[r->m->members[it->member + i]], load, 1);
				fits = !load[k] || load[k] <= room;
			}
		}
		if (fits)
			return true;
	}
	return false;
}

/* One that may be nowhere else does not lack room. */
static bool lacks_room(const struct bal_model *m, const struct bal_item *it)
{
	for (int32_t n = 0; it->frozen && n < m->nnodes; n++)
		if (n != it->home && bal_may(m, it, n))
			return true;
	return false;
}

static void say_stuck(const struct reach *r, struct pxc_buf *out)
{
	const struct bal_model *m = r->m;
	int64_t most = 0, least = INT64_MAX;
	int32_t said = 0;

	for (int32_t n = 0; n < m->nnodes; n++) {
		int64_t room = r->room[n][MEM] < r->all[MEM] ? r->room[n][MEM] : r->all[MEM];

		most = room > most && m->nodes[n]->accepts && !m->nodes[n]->drain ? room : most;
	}
	for (int32_t i = 0; i < m->nitems; i++)
		for (int32_t k = 0; lacks_room(m, &m->items[i]) && k < m->items[i].nmembers; k++) {
			const struct bal_vm *vm = m->vms[m->members[m->items[i].member + k]];

			least = vm->mem < least ? vm->mem : least;
			if (said++ < SAID)
				buf_printf(out, "%s%u (%lld MiB)",
					   said == 1 ? "no order of moves can make room for VMs "
						     : ", ",
					   vm->id, (long long)vm->mem);
		}
	if (said > SAID)
		buf_printf(out, " and %d more", said - SAID);
	if (said && least > most)
		buf_printf(out, ": no node can ever have more than %lld MiB free", (long long)most);
}

const char *bal_reach(struct bal_model *m, struct pxc_arena *arena)
{
	auto_free int64_t(*room)[LOADS] = pxc_calloc((size_t)m->nnodes + 1, sizeof(*room));
	auto_buf struct pxc_buf said = { .data = NULL };
	struct reach r = { .m = m, .room = room };
	bool more = true;

	for (int32_t n = 0; n < m->nnodes; n++)
		for (int k = 0; k < LOADS; k++)
			room[n][k] = m->transit[n][k] - m->base[n][k];
	for (int32_t i = 0; i < m->nitems; i++)
		for (int32_t k = 0; k < m->items[i].nmembers; k++) {
			int32_t v = m->members[m->items[i].member + k];

			bal_vm_load(m->vms[v], room[m->vm_node[v]], -1);
		}
	for (int32_t n = 0; n < m->nnodes; n++)
		for (int k = 0; k < LOADS; k++)
			r.all[k] += room[n][k] > 0 ? room[n][k] : 0;
	for (int32_t i = 0; i < m->nitems; i++)
		m->items[i].frozen = m->items[i].home >= 0;
	while (more) {
		more = false;
		for (int32_t i = 0; i < m->nitems; i++) {
			struct bal_item *it = &m->items[i];

			if (!it->frozen || !fits_somewhere(&r, it))
				continue;
			it->frozen = false;
			more = true;
			for (int k = 0; k < LOADS; k++)
				room[it->home][k] += it->load[k];
		}
	}
	say_stuck(&r, &said);
	return said.len ? arena_strdup(arena, buf_str(&said)) : NULL;
}
