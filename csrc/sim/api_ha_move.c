/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_ha_move.c - moving resources: the manager is asked, and the answer tells what it will find. */
#include <string.h>

#include "sim/areas.h"
#include "sim/ha_sid.h"

static void add_partners(struct sim_call *call, unsigned vmid)
{
	auto_free unsigned *vmids = NULL;
	json_t *list = json_array();
	size_t count;

	sim_ha_partners(call->sim, vmid, &vmids, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(sim_ha_find(call->sim, vmids[i])->sid));
	if (count)
		json_object_set(call->data, "comigrated-resources", list);
	json_decref(list);
}

static int move(struct sim_call *call, const char *what)
{
	const char *node = sim_arg(call, "node");
	struct sim_node *to = sim_node_find(call->sim, node);
	const struct sim_ha *ha;
	struct ha_sid sid;
	json_t *blocking;

	if (ha_sid(call, &sid) < 0)
		return -1;
	ha = sim_map_get(&call->sim->ha, sid.full);
	if (!ha || !sim_ha_managed(call->sim, ha->vmid))
		return sim_fail(call, 500, "resource '%s' is not HA managed", sid.full);
	if (ha_need_sane(call, ha) < 0)
		return -1;
	if (!call->sim->quorate)
		return sim_fail(call, 500, "cfs-lock 'domain-ha' error: no quorum!");
	call->data = json_pack("{s:s,s:s}", "requested-node", node, "sid", sid.full);
	blocking = to ? sim_ha_blocking(call->sim, ha->vmid, to) : json_array();
	if (json_array_size(blocking))
		json_object_set(call->data, "blocking-resources", blocking);
	else
		add_partners(call, ha->vmid);
	json_decref(blocking);
	sim_ha_request(call->sim, ha, what, node);
	return 0;
}

static int post_migrate(struct sim_call *call)
{
	return move(call, "migrate");
}

static int post_relocate(struct sim_call *call)
{
	return move(call, "relocate");
}

static const struct sim_param move_post[] = {
	{ .name = "sid", .format = ha_format_sid },
	{ .name = "node", .flags = SIM_REQUIRED },
	{ 0 },
};

#define RESOURCE "/cluster/ha/resources/{sid}"

const struct sim_route sim_ha_move_routes[] = {
	{ "POST", RESOURCE "/migrate", post_migrate, move_post, NULL, "/ Sys.Console", 0 },
	{ "POST", RESOURCE "/relocate", post_relocate, move_post, NULL, "/ Sys.Console", 0 },
	{ 0 },
};
