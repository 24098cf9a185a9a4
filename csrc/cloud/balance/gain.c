/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gain.c - what each move of a plan gains, one after the other. */
#include <math.h>

#include "cloud/balance/parts.h"

/* By how much F rises when a VM's load goes from one node to another. */
static double shift(struct bal_spot *spots, const struct bal_vm *vm, int32_t from, int32_t to)
{
	const double d[PRICED] = { (double)vm->mem, (double)vm->cpu };
	struct bal_spot *a = &spots[from], *b = &spots[to];
	double sum = 0;

	for (int r = 0; r < PRICED; r++) {
		sum += a->factor[r] * d[r] * (d[r] - 2 * a->x[r]) +
		       b->factor[r] * d[r] * (d[r] + 2 * b->x[r]);
		a->x[r] -= d[r];
		b->x[r] += d[r];
	}
	return sum;
}

/*
 * Each move is measured against what the ones before it have left, so that together they gain what the plan gains. A VM pays
 * for its wire once, with the move that brings it where it stays.
 */
void bal_gains(const struct bal_model *m, struct bal_move *moves, size_t nmoves)
{
	struct bal_state before;

	bal_state_init(&before, m);
	for (size_t i = 0; i < nmoves; i++) {
		struct bal_move *move = &moves[i];
		const struct bal_vm *vm = m->vms[bal_find_vm(m, move->vm)];
		int32_t to = bal_find_node(m, move->to), home = m->vm_node[bal_find_vm(m, vm->id)];
		double rise = shift(before.spots, vm, bal_find_node(m, move->from), to);

		if (!move->bounce && to != home)
			rise += bal_move_cost(m, vm);
		move->gain = llround(-rise * BAL_PPM);
	}
	bal_state_release(&before);
}
