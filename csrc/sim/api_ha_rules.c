/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_ha_rules.c - /cluster/ha/rules: where resources are to be, and which of them together or apart. PVE 9. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/ha.h"
#include "sim/ha_format.h"
#include "sim/ha_rule_options.h"

/* ---- reading ---- */

static void digest_of_all(const struct sim *sim, char digest[41])
{
	sim_json_digest(sim->crm->rules, digest);
}

static json_t *find(const struct sim *sim, const char *id, size_t *ret_index)
{
	json_t *rule;
	size_t i;

	json_array_foreach (sim->crm->rules, i, rule)
		if (!strcmp(json_string_value(json_object_get(rule, "rule")), id)) {
			*ret_index = i;
			return rule;
		}
	return NULL;
}

static json_t *errors_of(const struct sim *sim, const json_t *configs)
{
	struct ha_rules rules auto_ha_rules = { 0 };

	ha_rules_read(sim, configs, &rules);
	return ha_check(&rules, ha_known_nodes(sim));
}

static json_t *describe(const json_t *rule, size_t index, const char *digest, const json_t *errors)
{
	json_t *entry = json_copy((json_t *)(uintptr_t)rule);
	json_t *wrong = json_object_get(errors, json_string_value(json_object_get(rule, "rule")));

	json_object_set_new(entry, "order", json_integer((json_int_t)index + 1));
	json_object_set_new(entry, "digest", json_string(digest));
	if (wrong)
		json_object_set(entry, "errors", wrong);
	return entry;
}

static bool names(const json_t *rule, const char *sid)
{
	const char *list = json_string_value(json_object_get(rule, "resources"));
	bool found = false;

	for (char *one; (one = sim_list_next(&list)); free(one))
		found |= !strcmp(one, sid);
	return found;
}

static int get_rules(struct sim_call *call)
{
	json_auto_t *errors = errors_of(call->sim, call->sim->crm->rules);
	const char *type = sim_arg(call, "type"), *resource = sim_arg(call, "resource");
	char digest[41];
	json_t *rule;
	size_t i;

	digest_of_all(call->sim, digest);
	call->data = json_array();
	json_array_foreach (call->sim->crm->rules, i, rule) {
		if (type && strcmp(type, json_string_value(json_object_get(rule, "type"))) != 0)
			continue;
		if (!resource || names(rule, resource))
			json_array_append_new(call->data, describe(rule, i, digest, errors));
	}
	return 0;
}

static int get_rule(struct sim_call *call)
{
	json_auto_t *errors = errors_of(call->sim, call->sim->crm->rules);
	const char *id = sim_arg(call, "rule");
	char digest[41];
	size_t i = 0;
	const json_t *rule = find(call->sim, id, &i);

	if (!rule)
		return sim_fail(call, 500, "no such ha rule '%s'", id);
	digest_of_all(call->sim, digest);
	call->data = describe(rule, i, digest, errors);
	return 0;
}

/* ---- writing ---- */

/* Add to a list in words. */
static void list_word(struct pxc_buf *out, const char *word)
{
	buf_printf(out, "%s%s", out->len ? ", " : "", word);
}

static int check_known(struct sim_call *call, const char *what, const json_t *config)
{
	const char *list = json_string_value(json_object_get(config, "resources"));
	auto_buf struct pxc_buf sids = { 0 }, nodes = { 0 };

	for (char *sid; (sid = sim_list_next(&list)); free(sid))
		if (!sim_map_get(&call->sim->ha, sid))
			list_word(&sids, sid);
	if (sids.len)
		return sim_fail(call, 500, "%s: cannot use unmanaged resource(s) %s.", what,
				buf_str(&sids));
	list = json_string_value(json_object_get(config, "nodes"));
	for (char *node; (node = sim_list_next(&list)); free(node)) {
		node[strcspn(node, ":")] = 0;
		if (!sim_node_find(call->sim, node))
			list_word(&nodes, node);
	}
	if (nodes.len)
		return sim_fail(call, 500, "%s: cannot use non-existent node(s) %s.", what,
				buf_str(&nodes));
	return 0;
}

/* Could the rule be followed among the others, as they would be then? */
static int check_feasible(struct sim_call *call, const char *what, const char *id,
			  const json_t *rules)
{
	json_auto_t *errors = errors_of(call->sim, rules);
	const json_t *list = json_object_get(json_object_get(errors, id), "resources"), *text;
	auto_buf struct pxc_buf all = { 0 };
	size_t i;

	json_array_foreach (list, i, text)
		list_word(&all, json_string_value(text));
	if (!all.len)
		return 0;
	return sim_fail(call, 500, "%s: 400 Rule '%s' is invalid.\nresources: %s\n", what, id,
			buf_str(&all));
}

static void write_rules(struct sim *sim, json_t *rules)
{
	json_decref(sim->crm->rules);
	sim->crm->rules = json_incref(rules);
	sim->crm->compiled = false;
	sim_ha_kick(sim);
}

/*
 * A new rule's number is that of the first plus one, so that it is the second, before or behind the one that was: PVE leaves
 * that to the order of a hash. Here the shorter name goes first, and of equals the older.
 */
static size_t place_for(const json_t *rules, const char *id)
{
	const json_t *second = json_array_get(rules, 1);

	if (!second)
		return json_array_size(rules);
	return strlen(id) < strlen(json_string_value(json_object_get(second, "rule"))) ? 1 : 2;
}

static int post_rule(struct sim_call *call)
{
	static const char what[] = "create ha rule failed";
	const char *id = sim_arg(call, "rule");
	json_auto_t *config = NULL, *rules = NULL;
	size_t at;

	if (ha_rule_check(call, true) < 0 || sim_need_quorum(call) < 0)
		return -1;
	config = ha_rule_given(call);
	if (!config)
		return -1;
	if (find(call->sim, id, &at))
		return sim_fail(call, 500, "%s: HA rule '%s' already defined", what, id);
	if (check_known(call, what, config) < 0)
		return -1;
	json_object_set_new(config, "rule", json_string(id));
	json_object_set_new(config, "type", json_string(sim_arg(call, "type")));
	rules = json_copy(call->sim->crm->rules);
	json_array_insert(rules, place_for(rules, id), config);
	if (check_feasible(call, what, id, rules) < 0)
		return -1;
	write_rules(call->sim, rules);
	return 0;
}

static int check_digest(struct sim_call *call, const char *what)
{
	const char *digest = sim_arg(call, "digest");
	char have[41];

	digest_of_all(call->sim, have);
	if (!digest || !*digest || !strcmp(digest, have))
		return 0;
	return sim_fail(call, 500,
			"%s: detected modified configuration - file changed by other user? Try "
			"again.",
			what);
}

static int put_rule(struct sim_call *call)
{
	static const char what[] = "update HA rules failed";
	const char *id = sim_arg(call, "rule"), *type = sim_arg(call, "type");
	json_auto_t *config = NULL, *rules = NULL, *changed = NULL;
	const json_t *rule;
	size_t at = 0;

	if (ha_rule_check(call, false) < 0)
		return -1;
	config = ha_rule_given(call);
	if (!config)
		return -1;
	if (!call->sim->quorate)
		return sim_fail(call, 500, "%s: cfs-lock 'domain-ha' error: no quorum!", what);
	if (check_digest(call, what) < 0)
		return -1;
	rule = find(call->sim, id, &at);
	if (!rule)
		return sim_fail(call, 500, "%s: HA rule '%s' does not exist", what, id);
	if (strcmp(type, json_string_value(json_object_get(rule, "type"))) != 0)
		return sim_fail(call, 500, "%s: unexpected property 'type'", what);
	if (check_known(call, what, config) < 0)
		return -1;
	changed = json_copy((json_t *)(uintptr_t)rule);
	if (ha_rule_forget(call, what, changed, config) < 0)
		return -1;
	json_object_update(changed, config);
	rules = json_copy(call->sim->crm->rules);
	json_array_set(rules, at, changed);
	if (check_feasible(call, what, id, rules) < 0)
		return -1;
	write_rules(call->sim, rules);
	return 0;
}

static int delete_rule(struct sim_call *call)
{
	json_auto_t *rules = json_copy(call->sim->crm->rules);
	size_t at = 0;

	if (!call->sim->quorate)
		return sim_fail(call, 500,
				"delete ha rule failed: cfs-lock 'domain-ha' error: no quorum!");
	if (!find(call->sim, sim_arg(call, "rule"), &at))
		return 0;
	json_array_remove(rules, at);
	write_rules(call->sim, rules);
	return 0;
}

/* What an option may be depends on the type of the rule: see ha_rule_check(). */
#define OPTIONS                                                                                    \
	{ .name = "type" }, { .name = "resources", .flags = SIM_LIST },                            \
		{ .name = "nodes", .flags = SIM_LIST }, { .name = "strict" },                      \
		{ .name = "affinity" }, { .name = "disable" },                                     \
	{                                                                                          \
		.name = "comment"                                                                  \
	}

static const struct sim_param rules_get[] = {
	{ .name = "type", .choices = "node-affinity, resource-affinity" },
	{ .name = "resource" },
	{ 0 },
};
static const struct sim_param rule_get[] = { { .name = "rule", .format = ha_format_id }, { 0 } };
static const struct sim_param rule_post[] = {
	{ .name = "rule", .flags = SIM_REQUIRED, .format = ha_format_id },
	OPTIONS,
	{ 0 },
};
static const struct sim_param rule_put[] = {
	{ .name = "rule", .format = ha_format_id },
	OPTIONS,
	{ .name = "delete", .flags = SIM_LIST, .max = 4096 },
	{ .name = "digest", .max = 64 },
	{ 0 },
};

#define RULE "/cluster/ha/rules/{rule}"

const struct sim_route sim_ha_rule_routes[] = {
	{ "GET", "/cluster/ha/rules", get_rules, rules_get, NULL, "/ Sys.Audit", SIM_PVE9 },
	{ "POST", "/cluster/ha/rules", post_rule, rule_post, NULL, "/ Sys.Console", SIM_PVE9 },
	{ "GET", RULE, get_rule, rule_get, NULL, "/ Sys.Audit", SIM_PVE9 },
	{ "PUT", RULE, put_rule, rule_put, NULL, "/ Sys.Console", SIM_PVE9 },
	{ "DELETE", RULE, delete_rule, rule_get, NULL, "/ Sys.Console", SIM_PVE9 },
	{ 0 },
};
