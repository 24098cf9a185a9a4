/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/rebalance_reserve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

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
static const uint32_t web[] = { 100, 102 };
static const uint32_t db[] = { 100, 101 };

static const struct {
	const char *name;
	struct bal_node nodes[4];
	struct bal_vm vms[8];
	struct bal_rule rules[2];
	uint32_t ha[8];
	const char *
		answer; /* of each node with HA guests: "pve1 2/9G missing 1/8G VM 101 (why)"; then the worst */
} rows[] = {
	{ "no HA guests, nothing to take over",
	  { N("pve1", 10), N("pve2", 10) },
	  { V(100, "pve1", 9), V(101, "pve2", 9) },
	  { { .name = NULL } },
	  { 0 },
	  "" },
	{ "room for all",
	  { N("pve1", 10), N("pve2", 10), N("pve3", 10) },
	  { V(100, "pve1", 4), V(101, "pve1", 4), V(102, "pve2", 4), V(103, "pve3", 4) },
	  { { .name = NULL } },
	  { 100, 101, 102, 103 },
	  "pve1 2/8G; pve2 1/4G; pve3 1/4G; " },
	{ "of the fullest node nobody takes all",
	  { N("pve1", 20), N("pve2", 10), N("pve3", 10) },
	  { V(100, "pve1", 8), V(101, "pve1", 8), V(102, "pve2", 1), V(103, "pve3", 4) },
	  { { .name = NULL } },
	  { 100, 101, 102 },
	  "pve1 2/16G missing 1/8G VM 101 (pve2 has 512 MiB left, pve3 has 5632 MiB left); "
	  "pve2 1/1G; worst pve1" },
	{ "what HA does not start is lost with its node, and needs no room",
	  { N("pve1", 10), N("pve2", 10) },
	  { V(100, "pve1", 3), V(101, "pve1", 6), V(102, "pve2", 6) },
	  { { .name = NULL } },
	  { 100 },
	  "pve1 1/3G; " },
	{ "but on the others it takes room",
	  { N("pve1", 10), N("pve2", 10) },
	  { V(100, "pve1", 3), V(101, "pve1", 6), V(102, "pve2", 7) },
	  { { .name = NULL } },
	  { 100 },
	  "pve1 1/3G missing 1/3G VM 100 (pve2 has 2560 MiB left); worst pve1" },
	{ "a rule keeps two apart",
	  { N("pve1", 10), N("pve2", 10), N("pve3", 3) },
	  { V(100, "pve1", 3), V(102, "pve2", 3), V(103, "pve3", 1) },
	  { { "web", BAL_APART, true, web, 2 } },
	  { 100, 102 },
	  "pve1 1/3G missing 1/3G VM 100 (pve2 has member 102 of rule web, pve3 has 1894 MiB left"
	  "); pve2 1/3G missing 1/3G VM 102 (pve1 has member 100 of rule web, pve3 has 1894 MiB "
	  "left); worst pve1" },
	{ "a rule keeps two together",
	  { N("pve1", 10), N("pve2", 6), N("pve3", 6) },
	  { V(100, "pve1", 4), V(101, "pve1", 4) },
	  { { "db", BAL_TOGETHER, true, db, 2 } },
	  { 100, 101 },
	  "pve1 2/8G missing 2/8G VM 100 (pve2 has 5836 MiB left of the 8192 for those that stay "
	  "together, pve3 has 5836 MiB left of the 8192 for those that stay together); worst pve1" },
	{ "a guest that can be nowhere else",
	  { N("pve1", 10), N("pve2", 10) },
	  { { 100, "pve1", G(1), 1000, 1000, G(1), NULL, only_pve1, 1 } },
	  { { .name = NULL } },
	  { 100 },
	  "pve1 1/1G missing 1/1G VM 100 (pve2 is not among its nodes); worst pve1" },
	{ "why it does not migrate does not matter",
	  { N("pve1", 10), N("pve2", 10) },
	  { { 100, "pve1", G(1), 1000, 1000, G(1), "it is locked", NULL, 0 } },
	  { { .name = NULL } },
	  { 100 },
	  "pve1 1/1G; " },
	{ "a node in maintenance takes nothing over",
	  { N("pve1", 10), { "pve2", G(10), 32000, 0, 0, true, true }, N("pve3", 3) },
	  { V(100, "pve1", 4) },
	  { { .name = NULL } },
	  { 100 },
	  "pve1 1/4G missing 1/4G VM 100 (pve2 is drained, pve3 has 2918 MiB left); worst pve1" },
	{ "of two that are as bad, the first by name",
	  { N("pve2", 10), N("pve1", 10) },
	  { V(100, "pve1", 8), V(101, "pve2", 8) },
	  { { .name = NULL } },
	  { 100, 101 },
	  "pve2 1/8G missing 1/8G VM 101 (pve1 has 1536 MiB left); "
	  "pve1 1/8G missing 1/8G VM 100 (pve2 has 1536 MiB left); worst pve1" },
	{ "a node nobody knows",
	  { N("pve1", 10) },
	  { V(100, "pve9", 1) },
	  { { .name = NULL } },
	  { 100 },
	  "VM 100: there is no node pve9" },
};

static void show(const struct rebalance_reserve *r, struct pxc_buf *out)
{
	for (size_t i = 0; i < r->nnodes; i++) {
		const struct reserve_node *n = &r->nodes[i];

		if (!n->guests)
			continue;
		buf_printf(out, "%s %u/%lldG", n->node, n->guests, (long long)n->mib / 1024);
		if (n->missing)
			buf_printf(out, " missing %u/%lldG VM %u (%s)", n->missing,
				   (long long)n->missing_mib / 1024, n->first, n->why);
		buf_adds(out, "; ");
	}
	if (r->worst)
		buf_printf(out, "worst %s", r->worst->node);
}

static void who_takes_over(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bal_cluster c = { .params = { 50000, 1, 1, 950000, 980000, 4000000, 2, 2, 0,
						     0, 0 },
					 .nodes = rows[i].nodes,
					 .vms = rows[i].vms,
					 .rules = rows[i].rules };
		auto_buf struct pxc_buf text = { .data = NULL };
		auto_reserve struct rebalance_reserve r = { .nnodes = 0 };
		struct pxc_err err;
		size_t nha = 0;

		while (c.nnodes < 4 && rows[i].nodes[c.nnodes].name)
			c.nnodes++;
		while (c.nvms < 8 && rows[i].vms[c.nvms].id)
			c.nvms++;
		while (c.nrules < 2 && rows[i].rules[c.nrules].name)
			c.nrules++;
		while (nha < 8 && rows[i].ha[nha])
			nha++;
		if (rebalance_reserve(&c, rows[i].ha, nha, &r, &err) < 0)
			buf_adds(&text, err.msg);
		else
			show(&r, &text);
		if (!str_eq(buf_str(&text), rows[i].answer))
			fail_msg("%s: %s", rows[i].name, buf_str(&text));
	}
}

/* The same, without putting together what only takes room: memory that finds no node when node n fails. */
static int64_t missing_plainly(const struct world *w, size_t n, const uint32_t *ha, size_t nha)
{
	struct bal_node nodes[WORLD_NODES];
	struct bal_vm vms[WORLD_VMS];
	struct bal_cluster c = w->c;
	auto_bal_placement struct bal_placement p = { .nrefused = 0 };
	struct pxc_err err;
	int64_t missing = 0;

	memcpy(nodes, w->nodes, sizeof(nodes));
	nodes[n].accepts = false;
	c.nodes = nodes;
	c.vms = vms;
	c.nvms = 0;
	for (size_t v = 0; v < w->c.nvms; v++) {
		bool mine = false;

		for (size_t k = 0; k < nha; k++)
			mine = mine || ha[k] == w->vms[v].id;
		vms[c.nvms] = w->vms[v];
		vms[c.nvms].stays = "it stays";
		if (str_eq(w->vms[v].node, nodes[n].name)) {
			if (!mine)
				continue;
			vms[c.nvms].node = vms[c.nvms].stays = NULL;
		}
		c.nvms++;
	}
	if (bal_place(&c, &p, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t v = 0; v < c.nvms; v++)
		missing += p.nodes[v] ? 0 : vms[v].mem;
	return missing;
}

static void what_only_takes_room_may_be_put_together(void **state)
{
	int64_t all = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 40; seed++) {
		auto_reserve struct rebalance_reserve r = { .nnodes = 0 };
		uint32_t ha[WORLD_VMS];
		struct world w;
		struct pxc_err err;
		size_t nha = 0;

		world_make(&w, seed, 2 + seed % 4, 60);
		if (seed % 2)
			world_rules(&w);
		/* So that not all that fails is taken over. */
		for (size_t v = 0; v < w.c.nvms; v++)
			w.vms[v].mem *= 2;
		for (size_t v = 0; v < w.c.nvms; v++)
			if (v % 3)
				ha[nha++] = w.vms[v].id;
		if (rebalance_reserve(&w.c, ha, nha, &r, &err) < 0) {
			/* Rules that cannot be are refused in either way. */
			assert_true(seed % 2);
			continue;
		}
		for (size_t n = 0; n < r.nnodes; n++) {
			if (r.nodes[n].missing_mib != missing_plainly(&w, n, ha, nha))
				fail_msg("seed %d, node %s: %lld", (int)seed, r.nodes[n].node,
					 (long long)r.nodes[n].missing_mib);
			all += r.nodes[n].missing_mib;
		}
	}
	assert_true(all > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_takes_over),
		cmocka_unit_test(what_only_takes_room_may_be_put_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
