/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_monitor.c - looking into a guest from outside: QEMU's monitor, keys, statistics over time. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

#define POINTS 60 /* of the last hour, one a minute */

static int need_running(struct sim_call *call)
{
	const struct sim_guest *g = qm_guest(call);

	if (!g)
		return -1;
	return g->run == SIM_STOPPED ? sim_fail(call, 500, "VM %u not running", call->vmid) : 0;
}

static int post_monitor(struct sim_call *call)
{
	const char *command = sim_arg(call, "command");

	if (need_running(call) < 0)
		return -1;
	if (!strcmp(command, "info status"))
		call->data = json_sprintf("VM status: %s\r\n", qm_qmpstatus(qm_guest(call)));
	else
		call->data = json_sprintf("unknown command: '%.*s'\r\n", (int)strcspn(command, " "),
					  command);
	return 0;
}

static int put_sendkey(struct sim_call *call)
{
	return need_running(call);
}

/* A minute without data has only its time; the simulator measures nothing, so only the last one has more. */
static int get_rrddata(struct sim_call *call)
{
	const struct sim_guest *g = qm_guest(call);
	json_int_t last = call->sim->now_ms / 60000 * 60;

	if (!g)
		return -1;
	call->data = json_array();
	for (json_int_t i = POINTS - 1; i >= 0; i--)
		(void)json_array_append_new(call->data, json_pack("{s:I}", "time", last - i * 60));
	(void)json_object_update_new(
		json_array_get(call->data, POINTS - 1),
		json_pack("{s:I,s:I,s:i,s:f}", "maxcpu", (json_int_t)qm_cpus(g->config), "maxmem",
			  (json_int_t)qm_memory_bytes(g->config), "disk", 0, "maxdisk", 0.0));
	return 0;
}

static const struct sim_param monitor_params[] = {
	{ .name = "command", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = NULL },
};
static const struct sim_param sendkey_params[] = {
	{ .name = "key", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = "skiplock", .type = SIM_BOOL },
	{ .name = NULL },
};
static const struct sim_param rrd_params[] = {
	{ .name = "timeframe",
	  .type = SIM_STR,
	  .flags = SIM_REQUIRED,
	  .choices = "hour, day, week, month, year, decade" },
	{ .name = "cf", .type = SIM_STR, .choices = "AVERAGE, MAX" },
	{ .name = NULL },
};

const struct sim_route qm_monitor_routes[] = {
	{ "POST", QM_GUEST "/monitor", post_monitor, monitor_params, NULL, "/ Sys.Audit", 0 },
	{ "PUT", QM_GUEST "/sendkey", put_sendkey, sendkey_params, NULL, "/vms/{vmid} VM.Console",
	  0 },
	{ "GET", QM_GUEST "/rrddata", get_rrddata, rrd_params, NULL, "/vms/{vmid} VM.Audit", 0 },
	{ .method = NULL },
};
