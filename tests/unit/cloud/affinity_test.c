/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity.h"
#include "cloud/project_block.h"
#include "lib/plan.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* Guests of project acme with these tags. */
#define G(vmid, tags)                                                                              \
	"{\"vmid\":" #vmid ",\"pool\":\"acme\",\"node\":\"pve1\",\"config\":{\"tags\":\"pxc;" tags \
	"\"}}"
#define GUESTS(list) "\"guests\":[" list "]"
#define GROUPS(list) "{\"pools\":{\"acme\":{\"groups\":{" list "}}},"
#define NODE_RULE(name, vms, nodes, rest)                                                          \
	"{\"rule\":\"" name "\",\"type\":\"node-affinity\",\"resources\":\"" vms                   \
	"\",\"nodes\":\"" nodes "\"" rest "}"
#define RULE(name, vms, affinity, rest)                                                            \
	"{\"rule\":\"" name "\",\"type\":\"resource-affinity\",\"resources\":\"" vms               \
	"\",\"affinity\":\"" affinity "\"" rest "}"
#define HA(rules) ",\"ha\":{\"rules\":[" rules "]}}"
#define STRICT ",\"strict\":1"

/* Guests that are known better than by their tags, and what is understood: groups; rules; bounds; warnings. */
static const struct {
	const char *name, *world;
	struct affinity_guest known[3];
	const char *is;
} rows[] = {
	{ "no groups", "{}", .is = "" },
	{ "members by their tags",
	  GROUPS("\"web\":\"anti-affinity\",\"db\":\"soft-affinity\"") GUESTS(
		  G(102, "pxc-ag-web") "," G(100, "pxc-ag-web;pxc-ag-db") "," G(101, "web")) "}",
	  .is = "acme/db soft-affinity [100]; acme/web anti-affinity [100 102]; "
		"apart! acme/web [100 102]; " },
	{ "whatever the case of the tags, and once",
	  GROUPS("\"web\":\"soft-anti-affinity\"") GUESTS(G(100, "PXC-AG-Web;pxc-ag-web") "," G(
		  101, "pxc-ag-web, x") "," G(103, "pxc-ag-")) "}",
	  .is = "acme/web soft-anti-affinity [100 101]; apart acme/web [100 101]; " },
	{ "not in another pool, nor of containers and templates",
	  "{\"pools\":{\"acme\":{\"groups\":{\"web\":\"affinity\"}},\"beta\":{\"groups\":{\"web\":\"affinity\"}}},"
	  "\"guests\":[{\"vmid\":100,\"pool\":\"beta\",\"config\":{\"tags\":\"pxc-ag-web\"}},"
	  "{\"vmid\":101,\"pool\":\"acme\",\"lxc\":1,\"config\":{\"tags\":\"pxc-ag-web\"}},"
	  "{\"vmid\":102,\"pool\":\"acme\",\"template\":1,\"config\":{\"tags\":\"pxc-ag-web\"}},"
	  "{\"vmid\":103,\"pool\":\"acme\",\"config\":{\"tags\":\"pxc-ag-web\"}}]}",
	  .is = "acme/web affinity [103]; beta/web affinity [100]; " },
	{ "those that are to be made belong to it, and those that leave do not",
	  GROUPS("\"web\":\"anti-affinity\"")
		  GUESTS(G(100, "pxc-ag-web") "," G(101, "pxc-ag-web")) "}",
	  .known = { { 101, "acme", NULL },
		     { 102, "acme", (const char *[]){ "web", "gone", NULL } },
		     { 99, "beta", (const char *[]){ "web", NULL } } },
	  .is = "acme/web anti-affinity [100 102]; apart! acme/web [100 102]; " },
	{ "what cannot be read is left out, and said",
	  GROUPS("\"a\":\"anti-affinity,pve1\",\"b\":\"nodes\",\"c\":\"racks\",\"d\":\"nodes,pve1/x\",\"e\":\"nodes,/1\","
		 "\"f\":\"affinity\",\"g\":\"nodes,pve1/1001\"") GUESTS("") "}",
	  .is = "acme/f affinity []; "
		"|affinity group acme/a is left out: its policy takes no nodes"
		"|affinity group acme/b is left out: it has no nodes"
		"|affinity group acme/c is left out: its policy is not known: a newer pxcloud.pve may know it"
		"|affinity group acme/d is left out: its nodes cannot be read"
		"|affinity group acme/e is left out: its nodes cannot be read"
		"|affinity group acme/g is left out: its nodes cannot be read" },
	{ "node sets bind",
	  GROUPS("\"ssd\":\"nodes,pve1,pve2\"")
		  GUESTS(G(100, "pxc-ag-ssd") "," G(101, "pxc-ag-ssd")) "}",
	  .is = "acme/ssd nodes pve1 pve2 [100 101]; 100: pve1 pve2 of pve1 pve2 by group acme/ssd; "
		"101: pve1 pve2 of pve1 pve2 by group acme/ssd; " },
	{ "of priorities the highest that is there",
	  GROUPS("\"ssd\":\"nodes,pve1/3,pve2/2,pve3/1\"") GUESTS(G(
		  100,
		  "pxc-ag-ssd")) ",\"nodes\":{\"pve1\":{\"online\":0},\"pve2\":{},\"pve3\":{}},\"ha\":{\"maintenance\":[\"pve2\"]}}",
	  .is = "acme/ssd nodes pve1/3 pve2/2 pve3/1 [100]; "
		"100: pve3 of pve1 pve2 pve3 by group acme/ssd; " },
	{ "a soft one does not bind when none of its nodes is there",
	  GROUPS("\"a\":\"soft-nodes,pve1\",\"b\":\"soft-nodes,pve2/1,pve3\"")
		  GUESTS(G(100, "pxc-ag-a") "," G(
			  101,
			  "pxc-ag-b")) ",\"nodes\":{\"pve1\":{\"online\":0},\"pve2\":{},\"pve3\":{}}}",
	  .is = "acme/a soft-nodes pve1 [100]; acme/b soft-nodes pve2/1 pve3 [101]; "
		"101: pve2 of any by group acme/b; " },
	{ "a hard one does",
	  GROUPS("\"a\":\"nodes,pve1\"") GUESTS(G(
		  100, "pxc-ag-a")) ",\"nodes\":{\"pve1\":{\"online\":0},\"pve2\":{},\"pve3\":{}}}",
	  .is = "acme/a nodes pve1 [100]; 100: pve1 of pve1 by group acme/a; " },
	{ "two that bind one VM: what they share",
	  GROUPS("\"a\":\"nodes,pve1/9,pve2\",\"b\":\"nodes,pve2,pve3/9\"")
		  GUESTS(G(100, "pxc-ag-a;pxc-ag-b")) "}",
	  .is = "acme/a nodes pve1/9 pve2 [100]; acme/b nodes pve2 pve3/9 [100]; "
		"100: pve2 of pve2 by group acme/a and group acme/b; " },
	{ "the hard one wins over the soft one",
	  GROUPS("\"a\":\"soft-nodes,pve1\",\"b\":\"nodes,pve2,pve3\"")
		  GUESTS(G(100, "pxc-ag-a;pxc-ag-b")) "}",
	  .is = "acme/a soft-nodes pve1 [100]; acme/b nodes pve2 pve3 [100]; "
		"100: pve2 pve3 of pve2 pve3 by group acme/a and group acme/b; " },
	{ "nowhere to be",
	  GROUPS("\"b\":\"nodes,pve2,pve3\"") GUESTS(G(100, "pxc-ag-b"))
		  HA(NODE_RULE("a", "vm:100", "pve1", STRICT)),
	  .is = "!VM 100 can be nowhere: HA rule a allows pve1, group acme/b allows pve2 and pve3" },
	{ "rules of PVE",
	  GROUPS("") GUESTS(G(100, "") "," G(101, ""))
		  HA(RULE("x", "vm:100,vm:101", "negative",
			  "") "," RULE("y", "vm:100,ct:105", "positive",
				       "") "," NODE_RULE("z", "vm:101", "pve1:2,pve2", "")),
	  .is = "apart! x [100 101]; together! y [100 105]; 101: pve1 of any by HA rule z; " },
	{ "those that PVE does not follow do not count",
	  GROUPS("") GUESTS(G(100, "") "," G(101, ""))
		  HA(RULE("x", "vm:100,vm:101", "negative", ",\"disable\":1") "," RULE(
			  "y", "vm:100", "positive",
			  ",\"errors\":{\"resources\":[\"less than two\"]}") "," NODE_RULE("z",
											   "vm:101",
											   "pve1",
											   ",\"disable\":1")),
	  .is = "" },
	{ "the projection of a group does not count twice",
	  GROUPS("\"n\":\"nodes,pve1\",\"web\":\"anti-affinity\"") GUESTS(
		  G(100, "pxc-ag-web;pxc-ag-n") "," G(101, "pxc-ag-web") "," G(102, "pxc-ag-web"))
		  HA(RULE("pxc-acme-web", "vm:100,vm:101", "negative",
			  ",\"comment\":\"@acme/web\"") "," NODE_RULE("pxc-acme-n", "vm:100",
								      "pve1",
								      STRICT
								      ",\"comment\":\"@acme/n\"")),
	  .is = "acme/n nodes pve1 [100]; acme/web anti-affinity [100 101 102]; "
		"apart! acme/web [100 101 102]; 100: pve1 of pve1 by group acme/n; " },
	{ "of another kind, or of a group that is gone, it does",
	  GROUPS("\"web\":\"soft-anti-affinity\"") GUESTS(G(100, "") "," G(101, "")) HA(RULE(
		  "pxc-acme-web", "vm:100,vm:101", "negative",
		  ",\"comment\":\"@acme/web\"") "," RULE("pxc-acme-db", "vm:100,vm:101", "positive",
							 ",\"comment\":\"@acme/db\"")),
	  .is = "acme/web soft-anti-affinity []; together! pxc-acme-db [100 101]; "
		"apart! pxc-acme-web [100 101]; " },
};

static void print_groups(const struct affinity *a, const struct affinity_members *members,
			 struct pxc_buf *out)
{
	for (size_t i = 0; i < a->ngroups; i++) {
		const struct affinity_group *g = &a->groups[i];

		buf_printf(out, "%s %s", g->title, affinity_policy_names[g->policy]);
		for (size_t k = 0; k < g->nnodes; k++) {
			buf_printf(out, " %s", g->nodes[k].name);
			if (g->nodes[k].priority)
				buf_printf(out, "/%d", g->nodes[k].priority);
		}
		buf_adds(out, " [");
		for (size_t k = 0; k < members[i].n; k++)
			buf_printf(out, "%s%u", k ? " " : "", members[i].vmids[k]);
		buf_adds(out, "]; ");
	}
}

static void print_rules(const struct affinity_rules *r, struct pxc_buf *out)
{
	for (size_t i = 0; i < r->nrules; i++) {
		buf_printf(out, "%s%s %s [", r->rules[i].type == BAL_APART ? "apart" : "together",
			   r->rules[i].hard ? "!" : "", r->rules[i].name);
		for (size_t k = 0; k < r->rules[i].nmembers; k++)
			buf_printf(out, "%s%u", k ? " " : "", r->rules[i].members[k]);
		buf_adds(out, "]; ");
	}
	for (size_t i = 0; i < r->nbounds; i++) {
		const struct affinity_bound *b = &r->bounds[i];

		buf_printf(out, "%u:", b->vmid);
		for (size_t k = 0; k < b->nnodes; k++)
			buf_printf(out, " %s", b->nodes[k]);
		buf_adds(out, b->nmust ? " of" : " of any");
		for (size_t k = 0; k < b->nmust; k++)
			buf_printf(out, " %s", b->must[k]);
		buf_printf(out, " by %s; ", b->rule);
	}
}

static char *understood(size_t row)
{
	auto_world struct test_world w = { .json = NULL };
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *warnings = json_array();
	struct pxc_buf out = { .data = NULL };
	struct affinity a;
	struct affinity_rules rules;
	struct pxc_err err;
	size_t n = 0, i;
	json_t *text;

	while (n < ARRAY_SIZE(rows[row].known) && rows[row].known[n].vmid)
		n++;
	test_world_create(&w, rows[row].world);
	affinity_decode(&w.world, &arena, warnings, &a);
	if (affinity_rules(&w.world, w.ha, &a, rows[row].known, n, &arena, &rules, &err) < 0) {
		buf_printf(&out, "!%s", err.msg);
		return buf_take(&out);
	}
	print_groups(&a, affinity_members(&w.world, &a, rows[row].known, n, &arena), &out);
	print_rules(&rules, &out);
	json_array_foreach (warnings, i, text)
		buf_printf(&out, "|%s", json_string_value(text));
	return buf_take(&out);
}

static void groups_and_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *is = understood(i);

		if (!str_eq(is, rows[i].is))
			fail_msg("%s:\n  is     %s\n  should %s", rows[i].name, is, rows[i].is);
	}
}

/* What is written is what is read, and pxc_project keeps it. */
static void written_and_read(void **state)
{
	static const struct ha_rule_node nodes[] = { { "pve1", 2 }, { "pve-2.lan", 0 } };
	const struct affinity_group g = { .project = "acme",
					  .poolid = "acme",
					  .name = "web",
					  .policy = AFFINITY_SOFT_NODES,
					  .nodes = nodes,
					  .nnodes = 2,
					  .description = "Near, the disks: 50 %" };
	auto_annot struct annot a = { .npairs = 0 };
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *warnings = json_array();
	auto_free char *comment = NULL;
	struct project_block block = { .name = "acme", .quota = quota_unset() };
	struct world_pool pool = { .poolid = "acme" };
	struct world w = { .pools = &pool, .npools = 1 };
	struct affinity read;

	(void)state;
	affinity_encode(&g, &a);
	project_encode(&block, "acme", "00000000", &a);
	assert_string_equal(annot_get(&a, "ag.web"), "soft-nodes,pve1/2,pve-2.lan");
	comment = annot_render(ANNOT_TOKEN, "text", &a, "");
	assert_non_null(strstr(comment, " ag.web=soft-nodes,pve1/2,pve-2.lan "));
	pool.comment = comment;
	affinity_decode(&w, &arena, warnings, &read);
	assert_int_equal(read.ngroups, 1);
	assert_string_equal(read.groups[0].title, "acme/web");
	assert_string_equal(read.groups[0].description, g.description);
	assert_int_equal(read.groups[0].nodes[0].priority, 2);
	assert_ptr_equal(affinity_group(&read, "acme", "web"), read.groups);
	assert_null(affinity_group(&read, "acme", "db"));
	assert_string_equal(affinity_names(&read, "acme", &arena), "there are web");
	assert_string_equal(affinity_names(&read, "beta", &arena), "it has none");
	affinity_erase("web", &a);
	assert_null(annot_get(&a, "ag.web"));
	assert_null(annot_get(&a, "agd.web"));
}

static void a_damaged_token(void **state)
{
	struct world_pool pool = { "acme", "[pxc/1 t=project id=pool.acme ag.web=affinity s=00]" };
	struct world w = { .pools = &pool, .npools = 1 };
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *warnings = json_array();
	struct affinity read;

	(void)state;
	affinity_decode(&w, &arena, warnings, &read);
	assert_int_equal(read.ngroups, 0);
	assert_true(
		str_starts(json_string_value(json_array_get(warnings, 0)),
			   "affinity groups of pool acme are left out: its annotation is damaged"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_and_rules),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(a_damaged_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
