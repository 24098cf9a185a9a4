/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_lock.c - /cluster/sdn itself: the index, the global lock, rollback, and the views of fabrics, of which there are none. */
#include <string.h>

#include "sim/areas.h"
#include "sim/sdn.h"

static int get_index(struct sim_call *call)
{
	return sim_answer_index(call, "id",
				sdn_old(call->sim) ? "vnets zones controllers ipams dns"
						   : "vnets zones controllers ipams dns fabrics");
}

static int post_lock(struct sim_call *call)
{
	static const char what[] = "could not acquire lock for SDN config";

	if (sdn_guard(call, what) < 0)
		return -1;
	if (!sim_arg_int(call, "allow-pending", 0) && sdn_pending(call->sim))
		return sim_fail(call, 500,
				"%s: configuration has pending changes at "
				"/usr/share/perl5/PVE/API2/Network/SDN.pm line 150.",
				what);
	sim_uuid(call->sim, call->sim->sdn->token);
	call->data = json_string(call->sim->sdn->token);
	return 0;
}

static int delete_lock(struct sim_call *call)
{
	if (!sim_arg_int(call, "force", 0) && sdn_guard(call, "could not release lock") < 0)
		return -1;
	*call->sim->sdn->token = '\0';
	return 0;
}

void sdn_unlock_after(struct sim_call *call)
{
	/* PVE's schema says that 1 is the default, but its code never sees a default */
	if (sim_has(call, "lock-token") && sim_arg_int(call, "release-lock", 0))
		*call->sim->sdn->token = '\0';
}

static int post_rollback(struct sim_call *call)
{
	if (sdn_guard(call, "could not rollback SDN configuration") < 0)
		return -1;
	sdn_rollback(call->sim);
	sdn_unlock_after(call);
	return 0;
}

static int get_fabrics(struct sim_call *call)
{
	return sim_answer_index(call, "subdir", "fabric node all");
}

static int get_all_fabrics(struct sim_call *call)
{
	call->data = json_pack("{s:[], s:[]}", "fabrics", "nodes");
	return 0;
}

static int get_none(struct sim_call *call)
{
	call->data = json_array();
	return 0;
}

static const struct sim_param lock_post[] = { { .name = "allow-pending", .type = SIM_BOOL },
					      { 0 } };
static const struct sim_param lock_delete[] = {
	{ .name = "lock-token" },
	{ .name = "force", .type = SIM_BOOL },
	{ 0 },
};
static const struct sim_param release[] = {
	{ .name = "lock-token" },
	{ .name = "release-lock", .type = SIM_BOOL },
	{ 0 },
};

#define SDN "/cluster/sdn"
#define RIGHT "/sdn SDN.Allocate"

const struct sim_route sim_sdn_routes[] = {
	{ "GET", SDN, get_index, NULL, NULL, "/sdn SDN.Audit", 0 },
	{ "POST", SDN "/lock", post_lock, lock_post, NULL, RIGHT, SIM_PVE9 },
	{ "DELETE", SDN "/lock", delete_lock, lock_delete, NULL, RIGHT, SIM_PVE9 },
	{ "POST", SDN "/rollback", post_rollback, release, NULL, RIGHT, SIM_PVE9 },
	{ "GET", SDN "/fabrics", get_fabrics, NULL, NULL, "/sdn/fabrics SDN.Audit", SIM_PVE9 },
	{ "GET", SDN "/fabrics/all", get_all_fabrics, sdn_view_params, NULL, "user", SIM_PVE9 },
	{ "GET", SDN "/fabrics/fabric", get_none, sdn_view_params, NULL, "user", SIM_PVE9 },
	{ "GET", SDN "/fabrics/node", get_none, sdn_view_params, NULL, "user", SIM_PVE9 },
	{ 0 },
};
