/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_power_api.c - the calls that start, stop and pause guests: directly, or through the HA manager. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

static int begin(struct sim_call *call, const struct sim_task_kind *kind)
{
	char id[16];
	json_t *args =
		json_pack("{s:I,s:I,s:I}", "timeout", (json_int_t)sim_arg_int(call, "timeout", 180),
			  "forceStop", (json_int_t)sim_arg_int(call, "forceStop", 0), "todisk",
			  (json_int_t)sim_arg_int(call, "todisk", 0));

	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	return sim_task_start(call, kind, id, call->vmid, args);
}

static int post_start(struct sim_call *call)
{
	if (sim_need_quorum(call) < 0)
		return -1;
	return qm_ask_ha(call, true, 0) ? 0 : begin(call, &qm_start_kind);
}

static int post_stop(struct sim_call *call)
{
	return qm_ask_ha(call, false, 0) ? 0 : begin(call, &qm_stop_kind);
}

static int post_shutdown(struct sim_call *call)
{
	return qm_ask_ha(call, false, sim_arg_int(call, "timeout", 60))
		       ? 0
		       : begin(call, &qm_shutdown_kind);
}

/* Calls that fail at once when the guest is off. */
static int begin_running(struct sim_call *call, const struct sim_task_kind *kind)
{
	struct sim_guest *g = qm_guest(call);

	if (!g)
		return -1;
	if (g->run == SIM_STOPPED && !(g->lock && !strcmp(g->lock, "suspended")))
		return sim_fail(call, 500, "VM %u not running", call->vmid);
	return begin(call, kind);
}

static int post_reboot(struct sim_call *call)
{
	return begin_running(call, &qm_reboot_kind);
}

static int post_reset(struct sim_call *call)
{
	return begin_running(call, &qm_reset_kind);
}

static int post_suspend(struct sim_call *call)
{
	return begin_running(call,
			     sim_arg_int(call, "todisk", 0) ? &qm_suspend_kind : &qm_pause_kind);
}

static int post_resume(struct sim_call *call)
{
	return begin_running(call, &qm_resume_kind);
}

static int get_status(struct sim_call *call)
{
	static const char *const names[] = { "current",  "start",   "stop",  "reset",
					     "shutdown", "suspend", "reboot" };

	call->data = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)json_array_append_new(call->data, json_pack("{s:s}", "subdir", names[i]));
	return 0;
}

#define COMMON                                                                                     \
	{ .name = "timeout", .type = SIM_INT, .min = 0, .max = INT32_MAX },                        \
	{                                                                                          \
		.name = "skiplock", .type = SIM_BOOL                                               \
	}

static const struct sim_param start_params[] = {
	COMMON,
	{ .name = "machine", .type = SIM_STR },
	{ .name = "force-cpu", .type = SIM_STR },
	{ .name = "targetstorage", .type = SIM_STR },
	{ .name = "stateuri", .type = SIM_STR },
	{ .name = "nets-host-mtu", .type = SIM_STR },
	{ .name = "with-conntrack-state", .type = SIM_BOOL },
	{ .name = NULL },
};
static const struct sim_param stop_params[] = {
	COMMON,
	{ .name = "keepActive", .type = SIM_BOOL },
	{ .name = "overrule-shutdown", .type = SIM_BOOL },
	{ .name = "migratedfrom", .type = SIM_STR },
	{ .name = NULL },
};
static const struct sim_param shutdown_params[] = {
	COMMON,
	{ .name = "forceStop", .type = SIM_BOOL },
	{ .name = "keepActive", .type = SIM_BOOL },
	{ .name = NULL },
};
static const struct sim_param reboot_params[] = { { .name = "timeout", .type = SIM_INT },
						  { .name = NULL } };
static const struct sim_param reset_params[] = { { .name = "skiplock", .type = SIM_BOOL },
						 { .name = NULL } };
static const struct sim_param suspend_params[] = {
	{ .name = "skiplock", .type = SIM_BOOL },
	{ .name = "todisk", .type = SIM_BOOL },
	{ .name = "statestorage", .type = SIM_STR },
	{ .name = NULL },
};
static const struct sim_param resume_params[] = {
	{ .name = "skiplock", .type = SIM_BOOL },
	{ .name = "nocheck", .type = SIM_BOOL },
	{ .name = NULL },
};

#define POWER "/vms/{vmid} VM.PowerMgmt"

const struct sim_route qm_power_routes[] = {
	{ "GET", QM_GUEST "/status", get_status, NULL, NULL, "user", 0 },
	{ "POST", QM_GUEST "/status/start", post_start, start_params, NULL, POWER, 0 },
	{ "POST", QM_GUEST "/status/stop", post_stop, stop_params, NULL, POWER, 0 },
	{ "POST", QM_GUEST "/status/shutdown", post_shutdown, shutdown_params, NULL, POWER, 0 },
	{ "POST", QM_GUEST "/status/reboot", post_reboot, reboot_params, NULL, POWER, 0 },
	{ "POST", QM_GUEST "/status/reset", post_reset, reset_params, NULL, POWER, 0 },
	{ "POST", QM_GUEST "/status/suspend", post_suspend, suspend_params, NULL, POWER, 0 },
	{ "POST", QM_GUEST "/status/resume", post_resume, resume_params, NULL, POWER, 0 },
	{ .method = NULL },
};
