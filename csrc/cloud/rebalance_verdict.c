/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_verdict.c - are the nodes empty that a task was to empty? */
#include "base/buf.h"
#include "base/str.h"
#include "cloud/rebalance_parts.h"

#define SENTENCES 10 /* so many are said, and how many more there are */

struct left {
	struct pxc_buf text;
	size_t n;
};

static bool drained(const struct rebalance_world *bw, const char *node)
{
	for (size_t i = 0; i < bw->cluster.nnodes; i++)
		if (str_eq(bw->cluster.nodes[i].name, node))
			return bw->cluster.nodes[i].drain;
	return false;
}

static void add(struct left *left, const char *sentence)
{
	if (left->n++ < SENTENCES)
		buf_printf(&left->text, "%s%s", left->n > 1 ? "; " : "", sentence);
}

static bool moved(const struct rebalance_batch *b, unsigned vmid)
{
	for (size_t i = 0; i < b->ndone; i++)
		if (b->done[i].vmid == vmid)
			return true;
	return false;
}

int rebalance_verdict(const struct rebalance_batch *b, const struct rebalance_world *bw,
		      struct pxc_err *err)
{
	auto_buf struct pxc_buf more = { .data = NULL };
	struct left left = { .n = 0 };
	int r = 0;

	if (!b->spec.empties || !bw || !bw->planned)
		return 0;
	for (size_t i = 0; i < bw->plan.nunmovable; i++)
		if (drained(bw, bw->plan.unmovable[i].node))
			add(&left, bw->plan.unmovable[i].why);
	/* What was dropped right before its start is there, too; what failed has been said already. */
	for (size_t i = 0; b->begun && i < bw->plan.nmoves; i++)
		if (!bw->plan.moves[i].bounce && drained(bw, bw->plan.moves[i].from) &&
		    !moved(b, bw->plan.moves[rebalance_leader(bw, i)].vm))
			add(&left, arena_printf(bw->arena,
						"VM %u has not moved off %s: see its \"dropped\"",
						bw->plan.moves[i].vm, bw->plan.moves[i].from));
	if (left.n > SENTENCES)
		buf_printf(&more, "; and %zu more", left.n - SENTENCES);
	if (left.n)
		r = pxc_fail(err, PXC_EREMOTE, "%zu VM%s left on nodes that were to be empty: %s%s",
			     left.n, left.n == 1 ? " is" : "s are", buf_str(&left.text),
			     buf_str(&more));
	buf_release(&left.text);
	return r;
}
