/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cloud/balance/stage.h"

#define NODES 8
#define VMS 1600
#define SIZES 50

struct crowd {
	struct bal_cluster c;
	struct bal_node nodes[NODES];
	struct bal_vm vms[VMS];
	char names[NODES][8];
};

/* All nodes full of memory, of VMs of SIZES sizes; those of the first half of the nodes are busy, and the others idle. */
static void crowd_make(struct crowd *w)
{
	int64_t used[NODES] = { 0 };

	*w = (struct crowd){ .c = { .params = { 10, 1e-3, 1e-3, 950000, 980000, 4000000, 2, 2, 0, 0,
						1 },
				    .nodes = w->nodes,
				    .nnodes = NODES,
				    .vms = w->vms,
				    .nvms = VMS } };
	for (size_t n = 0; n < NODES; n++)
		(void)snprintf(w->names[n], sizeof(w->names[n]), "pve%zu", n + 1);
	for (size_t i = 0; i < VMS; i++) {
		const size_t n = i % NODES;
		const int64_t mem = (int64_t)1000 * (1 + (int64_t)(i / NODES % SIZES));

		w->vms[i] = (struct bal_vm){ .id = (uint32_t)(100 + i),
					     .node = w->names[n],
					     .mem = mem,
					     .cpu = n < NODES / 2 ? 400 : 100,
					     .vcpu = 1000,
					     .wire = mem };
		used[n] += mem;
	}
	for (size_t n = 0; n < NODES; n++)
		w->nodes[n] =
			(struct bal_node){ w->names[n], used[n] * 1000 / 950, 200000, 0, 0, true,
					   false };
}

/* At random two of so many are hardly ever alike, and nothing else fits. */
static void in_a_crowd_vms_of_like_memory_change_places(void **state)
{
	static struct crowd w;
	struct pxc_err err = { .kind = PXC_OK };
	struct pxc_arena arena = { .head = NULL };
	struct bal_stage st;
	double before, after;

	(void)state;
	crowd_make(&w);
	assert_int_equal(bal_stage_init(&st, &w.c, &arena, &err), 0);
	for (int32_t i = 0; i < st.m.nitems; i++)
		st.hint.near[st.hint.nnear++] = i;
	before = bal_objective(&st.s);
	bal_anneal(&st.s, &st.hint, before / 1e6, 20000, 1);
	after = bal_objective(&st.s);
	for (int32_t n = 0; n < st.m.nnodes; n++)
		for (int r = 0; r < LOADS; r++)
			assert_true(st.s.load[n][r] <= st.m.limit[n][r]);
	assert_true(after < before * 0.5);
	bal_stage_release(&st);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_crowd_vms_of_like_memory_change_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
