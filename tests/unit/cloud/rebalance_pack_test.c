/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/rebalance_pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "unit/cloud/balance/worlds.h"

#define G(n) ((int64_t)(n)*1024)
#define N(name, gib)                                                                               \
	{                                                                                          \
		name, G(gib), 32000, 0, 0, true, false                                             \
	}
#define V(id, node, gib)                                                                           \
	{                                                                                          \
		id, node, G(gib), 1000, 1000, G(gib), NULL, NULL, 0                                \
	}

static const char *const only_pve1[] = { "pve1" };
static const char *const two_and_three[] = { "pve2", "pve3", NULL };
static const char *const one_or_two[] = { "pve1", "pve2" };
static const char *const one_or_three[] = { "pve1", "pve3" };
static const char *const nobody[] = { "pve9", NULL };
static const uint32_t web[] = { 100, 101 };

static const struct {
	const char *name;
	struct bal_node nodes[5];
	struct bal_vm vms[8];
	struct bal_rule rules[2];
	const char *const *among;
	unsigned count;
	const char *answer; /* "pve2 pve3 7G / why" */
} rows[] = {
	{ "the one with least on it",
	  { N("pve1", 20), N("pve2", 20), N("pve3", 20) },
	  { V(100, "pve1", 8), V(101, "pve2", 3), V(102, "pve3", 4) },
	  { { .name = NULL } },
	  NULL,
	  1,
	  "pve2 3G" },
	{ "and two",
	  { N("pve1", 20), N("pve2", 20), N("pve3", 20) },
	  { V(100, "pve1", 8), V(101, "pve2", 3), V(102, "pve3", 4) },
	  { { .name = NULL } },
	  NULL,
	  2,
	  "pve2 pve3 7G" },
	{ "as much in fewer VMs, then by name",
	  { N("pve3", 20), N("pve2", 20), N("pve1", 20) },
	  { V(100, "pve1", 2), V(101, "pve1", 2), V(102, "pve3", 4), V(103, "pve2", 4) },
	  { { .name = NULL } },
	  NULL,
	  1,
	  "pve2 4G" },
	{ "empty ones cost nothing",
	  { N("pve1", 20), N("pve2", 20), N("pve3", 20) },
	  { V(100, "pve1", 8), V(101, "pve2", 3) },
	  { { .name = NULL } },
	  NULL,
	  1,
	  "pve3 0G" },
	{ "one that is drained already is no choice, but goes first",
	  { N("pve1", 20), { "pve2", G(20), 32000, 0, 0, true, true }, N("pve3", 20) },
	  { V(100, "pve1", 8), V(101, "pve2", 3), V(102, "pve3", 4) },
	  { { .name = NULL } },
	  NULL,
	  1,
	  "pve3 4G" },
	{ "nor is one that takes no VMs",
	  { N("pve1", 20), { "pve2", G(20), 32000, 0, 0, false, false }, N("pve3", 20) },
	  { V(100, "pve1", 8), V(101, "pve2", 3), V(102, "pve3", 4) },
	  { { .name = NULL } },
	  NULL,
	  1,
	  "pve3 4G" },
	{ "only those that are named",
	  { N("pve1", 20), N("pve2", 20), N("pve3", 20) },
	  { V(100, "pve1", 1), V(101, "pve2", 3), V(102, "pve3", 4) },
	  { { .name = NULL } },
	  two_and_three,
	  1,
	  "pve2 3G" },
	{ "a node nobody knows",
	  { N("pve1", 20) },
	  { V(100, "pve1", 1) },
	  { { .name = NULL } },
	  nobody,
	  1,
	  "there is no node pve9" },
	{ "a VM that cannot move keeps its node",
	  { N("pve1", 20), N("pve2", 20), N("pve3", 20) },
	  { V(100, "pve1", 8),
	    { 101, "pve2", G(1), 1000, 1000, G(1), "it is locked", NULL, 0 },
	    V(102, "pve3", 4) },
	  { { .name = NULL } },
	  NULL,
	  1,
	  "pve3 4G" },
	{ "as many as can be, and why no more",
	  { N("pve1", 20), N("pve2", 20) },
	  { V(100, "pve1", 8), { 101, "pve2", G(1), 1000, 1000, G(1), "it is locked", NULL, 0 } },
	  { { .name = NULL } },
	  NULL,
	  2,
	  "pve1 8G / pve2 cannot be emptied: VM 101 cannot move, since it is locked" },
	{ "one must be left",
	  { N("pve1", 20), N("pve2", 20) },
	  { V(100, "pve1", 8), V(101, "pve2", 1) },
	  { { .name = NULL } },
	  NULL,
	  2,
	  "pve2 1G / pve1 cannot be emptied as well: the others have not the memory for what runs "
	  "on it" },
	{ "more than there are",
	  { N("pve1", 20), N("pve2", 20) },
	  { { .id = 0 } },
	  { { .name = NULL } },
	  NULL,
	  3,
	  "pve1 pve2 0G / there are no more nodes that may be emptied" },
	/* pve1 costs least, but has the room that two need. */
	{ "the cheapest set has no room",
	  { N("pve1", 40), N("pve2", 20), N("pve3", 20) },
	  { V(100, "pve1", 2), V(101, "pve2", 5), V(102, "pve2", 4), V(103, "pve3", 5),
	    V(104, "pve3", 4) },
	  { { .name = NULL } },
	  NULL,
	  2,
	  "pve2 pve3 18G" },
	/* pve1 is in the way of both others that are cheap; with pve4 it could be emptied, for more. */
	{ "the cheapest that can be, not the first that is found",
	  { N("pve1", 40), N("pve2", 40), N("pve3", 40), N("pve4", 40) },
	  { { 100, "pve1", G(1), 1000, 1000, G(1), NULL, one_or_two, 2 },
	    { 101, "pve1", G(1), 1000, 1000, G(1), NULL, one_or_three, 2 },
	    V(102, "pve2", 3),
	    V(103, "pve3", 4),
	    V(104, "pve4", 9) },
	  { { .name = NULL } },
	  NULL,
	  2,
	  "pve2 pve3 7G" },
	/* By memory pve1 would do, but its VM may be nowhere else. */
	{ "the next one does",
	  { N("pve1", 20), N("pve2", 20), N("pve3", 20) },
	  { { 100, "pve1", G(1), 1000, 1000, G(1), NULL, only_pve1, 1 },
	    V(101, "pve2", 3),
	    V(102, "pve3", 4) },
	  { { .name = NULL } },
	  NULL,
	  1,
	  "pve2 3G" },
	{ "a rule counts",
	  { N("pve1", 20), N("pve2", 20) },
	  { V(100, "pve1", 1), V(101, "pve2", 3) },
	  { { "web", BAL_APART, true, web, 2 } },
	  NULL,
	  1,
	  " 0G / pve2 cannot be emptied as well: cannot move VM 101 off pve2 (drain pve2): " },
	/* Enough in sum, and no node has room for one of 12 GiB. */
	{ "pieces of room are no room",
	  { N("pve1", 16), N("pve2", 16), N("pve3", 16) },
	  { V(100, "pve1", 12), V(101, "pve2", 9), V(102, "pve3", 8) },
	  { { .name = NULL } },
	  NULL,
	  1,
	  " 0G / pve1 cannot be emptied as well: cannot move VM 100 off pve1 (drain pve1)" },
	{ "somebody else makes room",
	  { N("pve1", 24), N("pve2", 24), N("pve3", 10) },
	  { V(100, "pve1", 16),
	    V(101, "pve2", 8),
	    V(102, "pve3", 1),
	    { 103, "pve3", G(1), 1000, 1000, G(1), "it is locked", NULL, 0 } },
	  { { .name = NULL } },
	  NULL,
	  1,
	  "pve2 8G" },
	{ "none is asked for",
	  { N("pve1", 20), N("pve2", 20) },
	  { V(100, "pve1", 8) },
	  { { .name = NULL } },
	  NULL,
	  0,
	  " 0G" },
};

static void which_are_emptied(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bal_cluster c = { .params = { 50000, 1, 1, 950000, 980000, 4000000, 2, 2, 0,
						     0, 0 },
					 .nodes = rows[i].nodes,
					 .vms = rows[i].vms,
					 .rules = rows[i].rules };
		auto_buf struct pxc_buf text = { .data = NULL };
		auto_pack struct rebalance_pack pack = { .why = "" };
		struct pxc_err err;

		while (c.nnodes < 5 && rows[i].nodes[c.nnodes].name)
			c.nnodes++;
		while (c.nvms < 8 && rows[i].vms[c.nvms].id)
			c.nvms++;
		while (c.nrules < 2 && rows[i].rules[c.nrules].name)
			c.nrules++;
		if (rebalance_pack(&c, rows[i].among, rows[i].count, &pack, &err) < 0) {
			buf_adds(&text, err.msg);
		} else {
			for (size_t n = 0; n < pack.nnodes; n++)
				buf_printf(&text, "%s%s", n ? " " : "", pack.nodes[n]);
			buf_printf(&text, " %lldG%s%s", (long long)pack.wire_mib / 1024,
				   *pack.why ? " / " : "", pack.why);
		}
		if (!str_starts(buf_str(&text), rows[i].answer) ||
		    (*pack.why && !strstr(rows[i].answer, " / ")))
			fail_msg("%s: %s", rows[i].name, buf_str(&text));
	}
}

static int64_t on_node(const struct bal_cluster *c, const char *node)
{
	int64_t wire = 0;

	for (size_t v = 0; v < c->nvms; v++)
		wire += str_eq(c->vms[v].node, node) ? c->vms[v].wire : 0;
	return wire;
}

/* Draining what was chosen leaves nothing there; nothing cheaper of the same size can be drained. */
static bool drains(const struct world *w, unsigned mask)
{
	struct bal_node nodes[WORLD_NODES];
	struct bal_cluster c = w->c;
	auto_bal_plan struct bal_plan plan = { .nmoves = 0 };
	struct pxc_err err;

	memcpy(nodes, w->nodes, sizeof(nodes));
	for (size_t n = 0; n < c.nnodes; n++)
		nodes[n].drain = mask >> n & 1;
	c.nodes = nodes;
	c.params.tolerance_ppm = BAL_PPM;
	if (bal_plan(&c, &plan, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t v = 0; v < c.nvms; v++) {
		const char *where = c.vms[v].node;

		for (size_t i = 0; i < plan.nmoves; i++)
			if (plan.moves[i].vm == c.vms[v].id)
				where = plan.moves[i].to;
		for (size_t n = 0; n < c.nnodes; n++)
			if (nodes[n].drain && str_eq(where, nodes[n].name))
				return false;
	}
	return true;
}

static void nothing_cheaper_can_be_emptied(void **state)
{
	unsigned found = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 12; seed++) {
		auto_pack struct rebalance_pack pack = { .nnodes = 0 };
		struct world w;
		struct pxc_err err;
		unsigned mask = 0, count = 1 + seed % 2;

		world_make(&w, seed, 4, 40);
		for (size_t v = 0; v < w.c.nvms; v++)
			w.vms[v].stays = v % 17 ? NULL : w.vms[v].stays;
		if (rebalance_pack(&w.c, NULL, count, &pack, &err) < 0)
			fail_msg("%s", err.msg);
		for (size_t i = 0; i < pack.nnodes; i++)
			for (size_t n = 0; n < w.c.nnodes; n++)
				mask |= (unsigned)str_eq(pack.nodes[i], w.names[n]) << n;
		assert_true(drains(&w, mask));
		found += pack.nnodes == count;
		for (unsigned other = 1; other < 1U << w.c.nnodes; other++) {
			int64_t wire = 0;

			for (size_t n = 0; n < w.c.nnodes; n++)
				wire += other >> n & 1 ? on_node(&w.c, w.names[n]) : 0;
			if ((unsigned)__builtin_popcount(other) != count ||
			    (pack.nnodes == count && wire >= pack.wire_mib))
				continue;
			if (drains(&w, other))
				fail_msg("seed %d: %u can be emptied, for %lld", (int)seed, other,
					 (long long)wire);
		}
	}
	assert_true(found > 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_are_emptied),
		cmocka_unit_test(nothing_cheaper_can_be_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
