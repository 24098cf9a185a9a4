/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_ha_groups.c - /cluster/ha/groups: what PVE 8 has in place of rules; PVE 9 refuses every call. */
#include <string.h>

#include "sim/areas.h"
#include "sim/ha.h"
#include "sim/ha_format.h"

/* PVE 9 knows the calls and does none of them. */
static int refuse(struct sim_call *call, const char *what)
{
	if (call->sim->options.pve == 8)
		return 0;
	return sim_fail(call, 500, "cannot %s group%s: ha groups have been migrated to rules", what,
			!strcmp(what, "index") ? "s" : "");
}

static int need_quorum(struct sim_call *call, const char *what)
{
	if (call->sim->quorate)
		return 0;
	return sim_fail(call, 500, "%s ha group failed: cfs-lock 'domain-ha' error: no quorum!",
			what);
}

static json_t *describe(const struct sim *sim, const char *id, const json_t *group)
{
	json_t *entry = json_copy((json_t *)(uintptr_t)group);
	char digest[41];

	sim_json_digest(sim->crm->groups, digest);
	json_object_set_new(entry, "group", json_string(id));
	json_object_set_new(entry, "type", json_string("group"));
	json_object_set_new(entry, "digest", json_string(digest));
	return entry;
}

static int get_groups(struct sim_call *call)
{
	const char *id;
	json_t *group;

	if (refuse(call, "index") < 0)
		return -1;
	call->data = json_array();
	json_object_foreach (call->sim->crm->groups, id, group)
		json_array_append_new(call->data, describe(call->sim, id, group));
	return 0;
}

static int get_group(struct sim_call *call)
{
	const char *id = sim_arg(call, "group");
	const json_t *group = json_object_get(call->sim->crm->groups, id);

	if (refuse(call, "read") < 0)
		return -1;
	if (!group)
		return sim_fail(call, 500, "no such ha group '%s'", id);
	call->data = describe(call->sim, id, group);
	return 0;
}

static void take(struct sim_call *call, json_t *group)
{
	static const char *const plain[] = { "comment", "nofailback", "restricted" };
	const char *nodes = sim_arg(call, "nodes");

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (sim_has(call, plain[i]))
			json_object_set(group, plain[i], json_object_get(call->params, plain[i]));
	if (nodes) {
		auto_free char *text = ha_normal_nodes(nodes);

		json_object_set_new(group, "nodes", json_string(text));
	}
	call->sim->crm->compiled = false;
	sim_ha_kick(call->sim);
}

static int post_group(struct sim_call *call)
{
	const char *id = sim_arg(call, "group");
	json_t *group;

	if (refuse(call, "create") < 0 || sim_need_quorum(call) < 0)
		return -1;
	if (json_object_get(call->sim->crm->groups, id))
		return sim_fail(call, 500,
				"create ha group failed: ha group ID '%s' already defined", id);
	group = json_object();
	json_object_set_new(call->sim->crm->groups, id, group);
	take(call, group);
	return 0;
}

static int check_delete(struct sim_call *call)
{
	const char *list = sim_arg(call, "delete");
	int failed = 0;

	for (char *key; (key = sim_list_next(&list)); free(key)) {
		if (failed)
			continue;
		if (!strcmp(key, "nodes"))
			failed = sim_fail(
				call, 500,
				"update ha group failed: unable to delete required option '%s'",
				key);
		else if (strcmp(key, "comment") != 0 && strcmp(key, "nofailback") != 0 &&
			 strcmp(key, "restricted") != 0)
			failed = sim_fail(call, 500, "update ha group failed: no such option '%s'",
					  key);
	}
	return failed;
}

static int put_group(struct sim_call *call)
{
	const char *id = sim_arg(call, "group");
	json_t *group = json_object_get(call->sim->crm->groups, id);
	char digest[41];

	if (refuse(call, "update") < 0 || need_quorum(call, "update") < 0)
		return -1;
	sim_json_digest(call->sim->crm->groups, digest);
	if (sim_check_digest(call, digest) < 0)
		return -1;
	if (!group)
		return sim_fail(call, 500, "update ha group failed: no such ha group '%s'", id);
	if (check_delete(call) < 0)
		return -1;
	take(call, group);
	sim_forget_keys(group, sim_arg(call, "delete"));
	return 0;
}

static int delete_group(struct sim_call *call)
{
	const char *id = sim_arg(call, "group");

	if (refuse(call, "delete") < 0 || need_quorum(call, "delete") < 0)
		return -1;
	for (size_t i = 0; i < call->sim->ha.count; i++) {
		const struct sim_ha *ha = call->sim->ha.entries[i].value;
		const char *used = json_string_value(json_object_get(ha->config, "group"));

		if (used && !strcmp(used, id))
			return sim_fail(call, 500,
					"delete ha group failed: ha group is used by service '%s'",
					call->sim->ha.entries[i].key);
	}
	json_object_del(call->sim->crm->groups, id);
	call->sim->crm->compiled = false;
	sim_ha_kick(call->sim);
	return 0;
}

#define OPTIONS                                                                                    \
	{ .name = "comment", .max = 4096 }, { .name = "nofailback", .type = SIM_BOOL },            \
	{                                                                                          \
		.name = "restricted", .type = SIM_BOOL                                             \
	}

static const struct sim_param group_get[] = { { .name = "group", .format = ha_format_id }, { 0 } };
static const struct sim_param group_post[] = {
	{ .name = "group", .flags = SIM_REQUIRED, .format = ha_format_id },
	{ .name = "nodes", .flags = SIM_REQUIRED | SIM_LIST, .format = ha_format_nodes },
	{ .name = "type", .choices = "group" },
	OPTIONS,
	{ 0 },
};
static const struct sim_param group_put[] = {
	{ .name = "group", .format = ha_format_id },
	{ .name = "nodes", .flags = SIM_LIST, .format = ha_format_nodes },
	OPTIONS,
	{ .name = "delete", .flags = SIM_LIST, .max = 4096 },
	{ .name = "digest", .max = 64 },
	{ 0 },
};

#define GROUP "/cluster/ha/groups/{group}"

const struct sim_route sim_ha_group_routes[] = {
	{ "GET", "/cluster/ha/groups", get_groups, NULL, NULL, "/ Sys.Audit", 0 },
	{ "POST", "/cluster/ha/groups", post_group, group_post, NULL, "/ Sys.Console", 0 },
	{ "GET", GROUP, get_group, group_get, NULL, "/ Sys.Audit", 0 },
	{ "PUT", GROUP, put_group, group_put, NULL, "/ Sys.Console", 0 },
	{ "DELETE", GROUP, delete_group, group_get, NULL, "/ Sys.Console", 0 },
	{ 0 },
};
