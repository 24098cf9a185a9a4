/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_monitor.c - looking into a guest from outside: QEMU's monitor, keys. */
#include <string.h>

#include "sim/qm.h"

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

static const struct sim_param monitor_params[] = {
	{ .name = "command", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = NULL },
};
static const struct sim_param sendkey_params[] = {
	{ .name = "key", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = "skiplock", .type = SIM_BOOL },
	{ .name = NULL },
};
const struct sim_route qm_monitor_routes[] = {
	{ "POST", QM_GUEST "/monitor", post_monitor, monitor_params, NULL,
	  "/vms/{vmid} Sys.Audit|Sys.Modify", 0 },
	{ "PUT", QM_GUEST "/sendkey", put_sendkey, sendkey_params, NULL, "/vms/{vmid} VM.Console",
	  0 },
	{ .method = NULL },
};
