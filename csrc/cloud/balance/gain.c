/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gain.c - what each move of a plan gains, one after the other, and when it gains nothing any more. */
#include <math.h>

#include "base/mem.h"
#include "base/str.h"
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

/* What moves of the whole plan bring to each node, and take from it. */
struct flows {
	double (*in)[PRICED], (*out)[PRICED];
	bool *awaited; /* of each move: another one starts behind it */
};

static void add_flows(struct flows *f, const struct bal_model *m, const struct bal_move *moves,
		      size_t nmoves)
{
	f->in = pxc_calloc((size_t)m->nnodes, sizeof(*f->in));
	f->out = pxc_calloc((size_t)m->nnodes, sizeof(*f->out));
	f->awaited = pxc_calloc(nmoves + 1, sizeof(*f->awaited));
	for (size_t i = 0; i < nmoves; i++) {
		const struct bal_vm *vm = m->vms[bal_find_vm(m, moves[i].vm)];
		const double d[PRICED] = { (double)vm->mem, (double)vm->cpu };

		for (int r = 0; r < PRICED; r++) {
			f->in[bal_find_node(m, moves[i].to)][r] += d[r];
			f->out[bal_find_node(m, moves[i].from)][r] += d[r];
		}
		for (size_t k = 0; k < moves[i].nstarts_after; k++)
			f->awaited[moves[i].starts_after[k]] = true;
	}
}

/* Does it go by itself, for nothing but load? */
static bool is_for_load(const struct bal_model *m, const struct bal_move *move, int32_t v)
{
	const struct bal_item *it = &m->items[m->vm_item[v]];

	return str_eq(move->why, "balance") && !move->bounce && it->nmembers == 1 && !it->nrules &&
	       bal_find_node(m, move->from) == m->vm_node[v];
}

/* end: the nodes when all is done */
static void set_worth(const struct bal_model *m, const struct bal_spot *end, const struct flows *f,
		      struct bal_move *move)
{
	int32_t v = bal_find_vm(m, move->vm), a = bal_find_node(m, move->from),
		b = bal_find_node(m, move->to);
	const double d[PRICED] = { (double)m->vms[v]->mem, (double)m->vms[v]->cpu };
	double rise = 0, others = 0;

	if (!is_for_load(m, move, v))
		return;
	for (int r = 0; r < PRICED; r++) {
		const struct bal_spot *from = &end[a], *to = &end[b];

		move->worth.to[r] = 2 * to->factor[r] * d[r];
		move->worth.from[r] = 2 * from->factor[r] * d[r];
		/* Against the end without it: the VM is on "from", and "to" has so much less. */
		rise += to->factor[r] * d[r] * (2 * to->x[r] - d[r]) -
			from->factor[r] * d[r] * (2 * from->x[r] + d[r]);
		others += move->worth.to[r] * (f->in[b][r] - d[r]) +
			  move->worth.from[r] * (f->out[a][r] - d[r]);
	}
	/* The loads at the beginning are those at the end, less what came and with what went; what makes way counts as done. */
	if (rise <= -bal_move_cost(m, m->vms[v]))
		move->worth.most = others - rise - bal_move_cost(m, m->vms[v]) / 2;
}

/*
 * Each move is measured against what the ones before it have left, so that together they gain what the plan gains. A VM pays
 * for its wire once, with the move that brings it where it stays.
 */
void bal_gains(const struct bal_model *m, struct bal_move *moves, size_t nmoves)
{
	struct bal_state s;
	struct flows f;

	bal_state_init(&s, m);
	for (size_t i = 0; i < nmoves; i++) {
		struct bal_move *move = &moves[i];
		const struct bal_vm *vm = m->vms[bal_find_vm(m, move->vm)];
		int32_t to = bal_find_node(m, move->to), home = m->vm_node[bal_find_vm(m, vm->id)];
		double rise = shift(s.spots, vm, bal_find_node(m, move->from), to);

		if (!move->bounce && to != home)
			rise += bal_move_cost(m, vm);
		move->gain = llround(-rise * BAL_PPM);
	}
	add_flows(&f, m, moves, nmoves);
	for (size_t i = 0; i < nmoves; i++) {
		moves[i].worth = (struct bal_worth){ .most = 0 };
		if (!f.awaited[i])
			set_worth(m, s.spots, &f, &moves[i]);
	}
	free(f.in);
	free(f.out);
	free(f.awaited);
	bal_state_release(&s);
}
