/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

/* Rules as "NAME nodes SIDS NODES", "NAME together SIDS" or "NAME apart SIDS", with ";" between them. */
static json_t *configs_of(const char *text)
{
	json_t *list = json_array();

	for (const char *at = text; *at; at += strspn(at, "; ")) {
		auto_free char *line = pxc_strndup(at, strcspn(at, ";"));
		char name[32], kind[16], sids[64], nodes[64] = "";
		int n = sscanf(line, "%31s %15s %63s %63s", name, kind, sids, nodes);
		json_t *config;

		assert_true(n >= 3);
		at += strlen(line);
		config = json_pack("{s:s,s:s,s:s}", "rule", name, "type",
				   n == 4 ? "node-affinity" : "resource-affinity", "resources",
				   sids);
		if (n == 4)
			json_object_set_new(config, "nodes", json_string(nodes));
		else
			json_object_set_new(
				config, "affinity",
				json_string(strcmp(kind, "apart") ? "positive" : "negative"));
		json_array_append_new(list, config);
	}
	return list;
}

#define FEW "rule is ineffective as there are less than two resources"
#define MANY "rule defines more resources than available nodes"
#define WITH_POSITIVE "rule shares two or more resources with a positive resource affinity rule"
#define WITH_NEGATIVE "rule shares two or more resources with a negative resource affinity rule"

static const struct {
	const char *rules;
	size_t nodes;
	const char *rule; /* of which the texts are, joined by ", " */
	const char *errors;
} cases[] = {
	{ "a together vm:1,vm:2", 3, "a", "" },
	{ "a together vm:1", 3, "a", FEW },
	{ "a apart vm:1", 0, "a", FEW ", " MANY },
	{ "a apart vm:1,vm:2,vm:3", 3, "a", "" },
	{ "a apart vm:1,vm:2,vm:3,vm:4", 3, "a", MANY },
	{ "a apart vm:1,vm:2", 0, "a", MANY },
	{ "a together vm:1,vm:2; b apart vm:1,vm:2", 3, "a", WITH_NEGATIVE },
	{ "a together vm:1,vm:2; b apart vm:1,vm:2", 3, "b", WITH_POSITIVE },
	{ "a together vm:1,vm:2; b together vm:2,vm:3; c apart vm:1,vm:3", 3, "c", WITH_POSITIVE },
	{ "a together vm:1,vm:2; b apart vm:2,vm:3", 3, "b", "" },
	{ "a nodes vm:1 pve1; b nodes vm:1,vm:2 pve2", 3, "b",
	  "resource 'vm:1' is already used in another node affinity rule" },
	{ "a nodes vm:1 pve1; b nodes vm:2 pve2", 3, "b", "" },
	{ "a nodes vm:1 pve1:2,pve2; b together vm:1,vm:2", 3, "b",
	  "resources are in node affinity rules with multiple priorities" },
	{ "a nodes vm:1 pve1:2,pve2; b together vm:1,vm:2", 3, "a",
	  "resources are in a resource affinity rule and cannot be in a node affinity rule with "
	  "multiple priorities" },
	{ "a nodes vm:1 pve1:2,pve2:2; b together vm:1,vm:2", 3, "a", "" },
	{ "a nodes vm:1 pve1; b nodes vm:2 pve2; c together vm:1,vm:2", 3, "c",
	  "resources are in multiple node affinity rules" },
	{ "a nodes vm:1 pve1; b nodes vm:2 pve2; c together vm:1,vm:2", 3, "a",
	  "at least one resource is in a positive resource affinity rule and there are other "
	  "resources in at least one other node affinity rule already" },
	{ "a nodes vm:1,vm:2 pve1; b apart vm:1,vm:2", 3, "b",
	  "two or more resources are restricted to less nodes than available to the resources" },
	{ "a nodes vm:1,vm:2 pve1; b apart vm:1,vm:2", 3, "a",
	  "at least one resource is in a negative resource affinity rule and this rule would "
	  "restrict these to less nodes than available to the resources" },
	{ "a nodes vm:1,vm:2 pve1,pve2; b apart vm:1,vm:2", 3, "b", "" },
	{ "a nodes vm:1 pve1; b apart vm:1,vm:2", 3, "b", "" },
	/* a rule that connects two bundles joins the first only: the third does not see the second's */
	{ "a together vm:1,vm:5; b together vm:2,vm:6; c together vm:5,vm:6; d apart vm:1,vm:2", 3,
	  "d", "" },
	{ "a together vm:1,vm:5; b together vm:2,vm:6; c together vm:5,vm:6; d apart vm:1,vm:6", 3,
	  "d", WITH_POSITIVE },
};

static void each_check_has_its_words(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_auto_t *configs = configs_of(cases[i].rules), *errors = NULL;
		struct ha_rules rules auto_ha_rules = { 0 };
		auto_buf struct pxc_buf all = { 0 };
		const json_t *text;
		size_t k;

		ha_rules_read(sim, configs, &rules);
		errors = ha_check(&rules, cases[i].nodes);
		json_array_foreach (
			json_object_get(json_object_get(errors, cases[i].rule), "resources"), k,
			text)
			buf_printf(&all, "%s%s", k ? ", " : "", json_string_value(text));
		if (strcmp(buf_str(&all), cases[i].errors) != 0)
			fail_msg("%s: of %s: \"%s\", not \"%s\"", cases[i].rules, cases[i].rule,
				 buf_str(&all), cases[i].errors);
	}
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_check_has_its_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
