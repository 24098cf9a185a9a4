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
#include "cloud/ha.h"
#include "lib/plan.h"

/* What was understood, in one line, for comparison. */
static char *tell(const struct ha *ha)
{
	static const char *const types[] = { "nodes", "apart", "together" };
	auto_buf struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < ha->nresources; i++) {
		const struct ha_resource *r = &ha->resources[i];

		buf_printf(&out, "%s%u %s crm=%s@%s %d/%d%s%s g=%s c=%s d=%s; ",
			   r->container ? "ct" : "vm", r->vmid, r->state, r->crm, r->node,
			   r->max_restart, r->max_relocate, r->failback ? " back" : "",
			   r->auto_rebalance ? " auto" : "", r->group, r->comment, r->digest);
	}
	for (size_t i = 0; i < ha->nrules; i++) {
		const struct ha_rule *r = &ha->rules[i];

		buf_printf(&out, "%s %s%s%s [", r->name, types[r->type], r->disabled ? " off" : "",
			   r->strict ? " strict" : "");
		for (size_t k = 0; k < r->nvmids; k++)
			buf_printf(&out, "%s%u", k ? " " : "", r->vmids[k]);
		buf_printf(&out, "]");
		for (size_t k = 0; k < r->nnodes; k++)
			buf_printf(&out, " %s=%d", r->nodes[k].name, r->nodes[k].priority);
		buf_printf(&out, " c=%s d=%s p=%s; ", r->comment, r->digest,
			   r->problem ? r->problem : "-");
	}
	for (size_t i = 0; ha->maintenance[i]; i++)
		buf_printf(&out, "empty %s; ", ha->maintenance[i]);
	buf_printf(&out, "%s%s%s %s", ha->has_rules ? "rules" : "groups",
		   ha->rebalances ? " rebalances" : "", ha->armed ? " armed" : "", ha->scheduler);
	return pxc_strdup(buf_str(&out));
}

struct row {
	const char *what, *resources, *rules, *groups, *current, *manager, *options;
	const char *is; /* as tell() has it; "!" in front: the error */
	const char *warning;
};

#define SERVICE(sid, rest) "{\"type\":\"service\",\"sid\":\"" sid "\"" rest "}"
#define LRM(node, status)                                                                          \
	"{\"type\":\"lrm\",\"node\":\"" node "\",\"status\":\"" node " (" status ")\"}"

static const struct row rows[] = {
	{ "nothing at all", .is = "groups armed " },
	{ "never used", "[]", "[]", .current = "[]", .manager = "{\"manager_status\":{}}",
	  .options = "{}", .is = "rules armed " },
	{ "defaults", "[{\"sid\":\"vm:101\",\"digest\":\"d1\",\"type\":\"vm\"}]", "[]",
	  .is = "vm101 started crm=@ 1/1 back auto g= c= d=d1; rules armed " },
	{ "all named, out of order",
	  "[{\"sid\":\"vm:300\",\"state\":\"stopped\",\"max_restart\":2,\"max_relocate\":3,\"failback\":0,"
	  "\"auto-rebalance\":0,\"comment\":\"Ä 100%\",\"digest\":\"d\"},{\"sid\":\"ct:20\",\"state\":\"enabled\"}]",
	  "[]",
	  .is = "ct20 started crm=@ 1/1 back auto g= c= d=; "
		"vm300 stopped crm=@ 2/3 g= c=Ä 100% d=d; rules armed " },
	{ "numbers as texts",
	  "[{\"sid\":\"vm:300\",\"max_restart\":\"0\",\"failback\":\"0\",\"auto-rebalance\":false}]",
	  "[]", .is = "vm300 started crm=@ 0/1 g= c= d=; rules armed " },
	{ "a resource of another kind",
	  "[{\"sid\":\"fa:1\"},{\"sid\":\"vm:1x\"},{\"sid\":\"vm:7\"}]", "[]",
	  .is = "vm7 started crm=@ 1/1 back auto g= c= d=; rules armed ",
	  .warning = "HA resource fa:1 is of a kind that is not known" },
	{ "what the manager is at", "[{\"sid\":\"vm:1\"},{\"sid\":\"vm:2\"},{\"sid\":\"ct:3\"}]",
	  "[]",
	  .current = "[" SERVICE("vm:1", ",\"node\":\"n1\",\"crm_state\":\"migrate\",\"state\":\"migrate (to n2)\"") "," SERVICE(
		  "vm:2",
		  ",\"node\":\"n2\",\"state\":\"queued\"") "," SERVICE("vm:9",
								       ",\"node\":\"n2\",\"crm_state\":\"started\"") "]",
	  .is = "vm1 started crm=migrate@n1 1/1 back auto g= c= d=; vm2 started crm=queued@n2 1/1 "
		"back auto g= c= d=; ct3 started crm=@ 1/1 back auto g= c= d=; rules armed " },
	{ "rules, sorted, members and nodes too", "[]",
	  "[{\"rule\":\"web\",\"type\":\"resource-affinity\",\"affinity\":\"negative\",\"resources\":\"vm:10,vm:9,ct:100\","
	  "\"comment\":\"c\",\"digest\":\"d\",\"order\":1},"
	  "{\"rule\":\"db\",\"type\":\"resource-affinity\",\"affinity\":\"positive\",\"resources\":\"vm:9,vm:8\",\"disable\":1},"
	  "{\"rule\":\"near\",\"type\":\"node-affinity\",\"nodes\":\"pve2,pve1:2\",\"strict\":1,\"resources\":\"vm:9\"}]",
	  .is = "db together off [8 9] c= d= p=-; near nodes strict [9] pve1=2 pve2=0 c= d= p=-; "
		"web apart [9 10 100] c=c d=d p=-; rules armed " },
	{ "a rule that PVE does not follow", "[]",
	  "[{\"rule\":\"a\",\"type\":\"resource-affinity\",\"affinity\":\"positive\",\"resources\":\"vm:9\","
	  "\"errors\":{\"resources\":[\"less than two\",\"and more\"]}}]",
	  .is = "a together [9] c= d= p=less than two, and more; rules armed " },
	{ "a rule of a new type", "[]",
	  "[{\"rule\":\"x\",\"type\":\"rack-affinity\",\"resources\":\"vm:9\"},"
	  "{\"rule\":\"y\",\"type\":\"resource-affinity\",\"affinity\":\"odd\",\"resources\":\"vm:9\"}]",
	  .is = "rules armed ",
	  .warning = "HA rule x is of type rack-affinity, which is not known: it is left out" },
	{ "a member of a new kind", "[]",
	  "[{\"rule\":\"x\",\"type\":\"node-affinity\",\"nodes\":\"a\",\"resources\":\"vm:9,fa:1\"}]",
	  .is = "x nodes [9] a=0 c= d= p=-; rules armed ",
	  .warning = "HA rule x names fa:1, which is of a kind that is not known" },
	{ "groups become rules",
	  "[{\"sid\":\"vm:2\",\"group\":\"g\"},{\"sid\":\"vm:1\",\"group\":\"g\"},{\"sid\":\"vm:3\",\"group\":\"h\"}]",
	  .groups =
		  "[{\"group\":\"h\",\"nodes\":\"b\",\"nofailback\":1,\"restricted\":1,\"digest\":\"d\"},"
		  "{\"group\":\"g\",\"nodes\":\"b:1,a:2\",\"comment\":\"c\"}]",
	  .is = "vm1 started crm=@ 1/1 back auto g=g c= d=; vm2 started crm=@ 1/1 back auto g=g c= d=; "
		"vm3 started crm=@ 1/1 auto g=h c= d=; g nodes [1 2] a=2 b=1 c=c d= p=-; "
		"h nodes strict [3] b=0 c= d=d p=-; groups armed " },
	{ "groups do not count beside rules", "[]", "[]", "[{\"group\":\"g\",\"nodes\":\"a\"}]",
	  .is = "rules armed " },
	{ "maintenance, said by the node, the manager, and asked for", "[]", "[]",
	  .current = "[" LRM("n2", "maintenance mode, watchdog standby, Sat Nov 21 2026") "," LRM(
		  "n9", "active, watchdog active, Sat") "]",
	  .manager =
		  "{\"manager_status\":{\"node_status\":{\"n2\":\"maintenance\",\"n1\":\"maintenance\",\"n4\":\"online\"},"
		  "\"node_request\":{\"n3\":{\"maintenance\":1},\"n5\":{\"maintenance\":0}}}}",
	  .is = "empty n1; empty n2; empty n3; rules armed " },
	{ "disarmed", "[]", "[]",
	  .current = "[{\"type\":\"fencing\",\"armed-state\":\"disarming\"}]", .is = "rules " },
	{ "on standby is armed", "[]", "[]",
	  .current = "[{\"type\":\"fencing\",\"armed-state\":\"standby\"}]", .is = "rules armed " },
	{ "crs", "[]", "[]", .options = "{\"crs\":{\"ha\":\"dynamic\",\"ha-auto-rebalance\":1}}",
	  .is = "rules rebalances armed dynamic" },
	{ "crs as text", "[]", "[]", .options = "{\"crs\":\"ha=static,ha-rebalance-on-start=1\"}",
	  .is = "rules armed static" },
	{ "no list", "{}", "[]",
	  .is = "!GET /cluster/ha/resources: half an answer, not taken for truth" },
	{ "no list of rules", "[]", "7", .is = "!GET /cluster/ha/rules: half an answer*" },
	{ "no list of groups", "[]", NULL, "7", .is = "!GET /cluster/ha/groups: half an answer*" },
	{ "no status", "[]", "[]", .current = "7", .is = "!GET /cluster/ha/status/current: half*" },
};

static json_t *load(const char *json)
{
	json_t *value = json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;

	assert_true(!json == !value);
	return value;
}

static void one(const struct row *row)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *resources = load(row->resources), *rules = load(row->rules);
	json_auto_t *groups = load(row->groups), *current = load(row->current);
	json_auto_t *manager = load(row->manager), *options = load(row->options);
	json_auto_t *warnings = json_array();
	struct pxc_err err = { .kind = PXC_OK };
	struct ha *ha = NULL;
	auto_free char *is = NULL;
	const char *said;

	if (ha_decode(resources, rules, groups, current, manager, options, &arena, warnings, &ha,
		      &err) < 0)
		is = pxc_printf("!%s", err.msg);
	else
		is = tell(ha);
	if (!plan_fits(row->is, is))
		fail_msg("%s:\n%s\nis not\n%s", row->what, is, row->is);
	said = json_string_value(json_array_get(warnings, 0));
	if (!str_eq(said, row->warning))
		fail_msg("%s: warning %s", row->what, said);
}

static void replies_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		one(&rows[i]);
}

static void things_are_found(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *resources = load("[{\"sid\":\"vm:5\"},{\"sid\":\"vm:3\"},{\"sid\":\"ct:4\"}]");
	json_auto_t *rules = load(
		"[{\"rule\":\"b\",\"type\":\"node-affinity\"},{\"rule\":\"a\",\"type\":\"node-affinity\"}]");
	json_auto_t *manager =
		load("{\"manager_status\":{\"node_status\":{\"n1\":\"maintenance\"}}}");
	json_auto_t *warnings = json_array();
	struct pxc_err err;
	struct ha *ha = NULL;

	(void)state;
	assert_int_equal(
		ha_decode(resources, rules, NULL, NULL, manager, NULL, &arena, warnings, &ha, &err),
		0);
	assert_int_equal(ha_resource(ha, 3)->vmid, 3);
	assert_true(ha_resource(ha, 4)->container);
	assert_null(ha_resource(ha, 6));
	assert_string_equal(ha_rule(ha, "b")->name, "b");
	assert_null(ha_rule(ha, "c"));
	assert_true(ha_in_maintenance(ha, "n1"));
	assert_false(ha_in_maintenance(ha, "n2"));
	assert_null(ha_resource(NULL, 3));
	assert_null(ha_rule(NULL, "a"));
	assert_false(ha_in_maintenance(NULL, "n1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_understood),
		cmocka_unit_test(things_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
