/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_power.c - guests start, stop, pause; directly, or through the HA manager. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

#define START_MS 2000
#define STOP_MS 1000
#define SHUTDOWN_MS 3000
#define SILENCE_MS 3000 /* what PVE waits for the agent before it tries ACPI */
#define HA_ROUND_MS 10000

void qm_run(struct sim_guest *g, enum sim_run run)
{
	if (g->run == SIM_STOPPED && run != SIM_STOPPED) {
		g->pid = ++g->node->next_pid;
		g->started_ms = g->sim->now_ms;
	}
	if (run == SIM_STOPPED) {
		g->pid = 0;
		json_decref(g->runtime);
		g->runtime = NULL;
	}
	g->run = run;
	sim_guest_touch(g);
}

int64_t qm_start_now(struct sim_task *task, struct sim_guest *g)
{
	const char *key;
	json_t *value;

	if (qm_template(g))
		return sim_task_fail(task, "you can't start a vm if it's a template");
	if (g->run != SIM_STOPPED)
		return sim_task_fail(task, "VM %u already running", g->vmid);
	qm_apply_pending(task->sim, g);
	json_object_foreach (g->config, key, value) {
		auto_free char *volid =
			qm_is_drive(key) ? qm_volid(json_string_value(value)) : NULL;
		json_auto_t *net =
			qm_family(key, "net") ? prop_parse_net(json_string_value(value)) : NULL;

		if (qm_is_drive(key) && !strncmp(json_string_value(value), "cdrom", 5))
			return sim_task_fail(task, "no '/dev/cdrom' on this node");
		if (volid && !sim_volume_find(task->sim, volid, g->node))
			return sim_task_fail(task, "volume '%s' does not exist", volid);
		if (net && json_object_get(net, "mtu") &&
		    strcmp(qm_text(net, "model", ""), "virtio") != 0)
			sim_task_warn(task, "netdev %s: ignoring MTU '%s', not using VirtIO", key,
				      qm_text(net, "mtu", ""));
	}
	qm_run(g, SIM_RUNNING);
	return 0;
}

/* The guest of a task, found again at every stage; locked guests fail it. */
static struct sim_guest *task_guest(struct sim_task *task, int64_t *ret)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);

	*ret = 0;
	if (!g || g->node != task->node) {
		*ret = sim_task_fail(
			task, "Configuration file 'nodes/%s/qemu-server/%u.conf' does not exist",
			task->node->name, task->vmid);
		return NULL;
	}
	*ret = sim_task_lock(task, g);
	if (*ret == 0 && g->lock && strcmp(g->lock, "backup") != 0)
		*ret = sim_task_fail(task, "VM is locked (%s)", g->lock);
	return g;
}

static int64_t start_work(struct sim_task *task)
{
	int64_t r;
	struct sim_guest *g = task_guest(task, &r);

	if (!g || r)
		return r;
	if (task->stage == 0 && !qm_template(g) && g->run == SIM_STOPPED &&
	    !json_is_true(json_object_get(task->args, "now")))
		return START_MS;
	return qm_start_now(task, g);
}

static int64_t stop_work(struct sim_task *task)
{
	int64_t r;
	struct sim_guest *g = task_guest(task, &r);

	if (!g || r || g->run == SIM_STOPPED)
		return r;
	if (task->stage == 0)
		return STOP_MS;
	qm_run(g, SIM_STOPPED);
	qm_apply_pending(task->sim, g);
	return 0;
}

/* A guest in which nothing listens (or whose tags say "noshutdown"): for tests of timeouts. */
static bool deaf(const struct sim_guest *g)
{
	return g->deaf || strstr(qm_text(g->config, "tags", ""), "noshutdown") ||
	       g->run == SIM_PAUSED;
}

static void log_silence(struct sim_task *task, const struct sim_guest *g)
{
	json_auto_t *agent = prop_parse(qm_text(g->config, "agent", ""), "enabled");

	if (prop_bool(qm_text(agent, "enabled", "0")))
		sim_task_log(task,
			     "QEMU Guest Agent is not running - VM %u qga command 'guest-ping' "
			     "failed - got timeout",
			     g->vmid);
}

/* Asked to power down: milliseconds until it is off, or until we stop waiting. */
static int64_t power_down(struct sim_task *task, const struct sim_guest *g)
{
	int64_t timeout = qm_int(task->args, "timeout", 180) * 1000;

	if (task->stage == 0 && deaf(g))
		return SILENCE_MS < timeout ? SILENCE_MS : timeout;
	if (task->stage == 1 && deaf(g)) {
		log_silence(task, g);
		return timeout > SILENCE_MS ? timeout - SILENCE_MS : 1;
	}
	return task->stage == 0 ? SHUTDOWN_MS < timeout ? SHUTDOWN_MS : timeout : 0;
}

static int64_t shutdown_work(struct sim_task *task)
{
	int64_t r;
	struct sim_guest *g = task_guest(task, &r);

	if (!g || r || g->run == SIM_STOPPED)
		return r;
	r = power_down(task, g);
	if (r > 0)
		return r;
	if (deaf(g) && !qm_int(task->args, "forceStop", 0))
		return sim_task_fail(task, "VM quit/powerdown failed - got timeout");
	qm_run(g, SIM_STOPPED);
	qm_apply_pending(task->sim, g);
	return 0;
}

static int64_t reboot_work(struct sim_task *task)
{
	int64_t r;
	struct sim_guest *g = task_guest(task, &r);

	if (!g || r)
		return r;
	r = g->run == SIM_STOPPED ? 0 : power_down(task, g);
	if (r > 0)
		return r;
	if (deaf(g) && g->run != SIM_STOPPED)
		return sim_task_fail(task, "VM quit/powerdown failed - got timeout");
	if (g->run != SIM_STOPPED) {
		qm_run(g, SIM_STOPPED);
		qm_apply_pending(task->sim, g);
		return START_MS;
	}
	return qm_start_now(task, g);
}

static int64_t reset_work(struct sim_task *task)
{
	return task->stage == 0 ? 200 : 0;
}

static int64_t suspend_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);

	if (task->stage == 0)
		return 500;
	if (!g || g->run == SIM_STOPPED)
		return sim_task_fail(task, "VM %u not running", task->vmid);
	if (qm_int(task->args, "todisk", 0)) {
		qm_run(g, SIM_STOPPED);
		sim_guest_set_lock(g, "suspended");
	} else {
		qm_run(g, SIM_PAUSED);
	}
	return 0;
}

static int64_t resume_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);

	if (task->stage == 0)
		return 200;
	if (!g || g->run == SIM_STOPPED)
		return sim_task_fail(task, "VM %u not running", task->vmid);
	qm_run(g, SIM_RUNNING);
	return 0;
}

/* Through the HA manager a task only asks; see sim_qemu_ha(). */
static int64_t ask_start_work(struct sim_task *task)
{
	sim_task_log(task, "Requesting HA start for VM %u", task->vmid);
	return 0;
}

static int64_t ask_stop_work(struct sim_task *task)
{
	sim_task_log(task, "Requesting HA stop for VM %u", task->vmid);
	return 0;
}

const struct sim_task_kind qm_start_kind = { "qmstart", start_work, NULL };
const struct sim_task_kind qm_stop_kind = { "qmstop", stop_work, NULL };
static const struct sim_task_kind shutdown_kind = { "qmshutdown", shutdown_work, NULL };
static const struct sim_task_kind reboot_kind = { "qmreboot", reboot_work, NULL };
static const struct sim_task_kind reset_kind = { "qmreset", reset_work, NULL };
static const struct sim_task_kind suspend_kind = { "qmsuspend", suspend_work, NULL };
static const struct sim_task_kind pause_kind = { "qmpause", suspend_work, NULL };
static const struct sim_task_kind resume_kind = { "qmresume", resume_work, NULL };
static const struct sim_task_kind hastart_kind = { "hastart", ask_start_work, NULL };
static const struct sim_task_kind hastop_kind = { "hastop", ask_stop_work, NULL };

void sim_qemu_ha(struct sim *sim, struct sim_ha *ha)
{
	struct sim_guest *g = sim_guest_find(sim, ha->vmid);
	bool on = !strcmp(ha->state, "started") || !strcmp(ha->state, "enabled");
	char id[16];

	if (!g || g->busy || g->lock || !strcmp(ha->state, "ignored"))
		return;
	(void)snprintf(id, sizeof(id), "%u", g->vmid);
	if (on && g->run == SIM_STOPPED && g->node->online)
		(void)sim_task_start_on(sim, g->node, &qm_start_kind, id, g->vmid, NULL);
	else if (!on && g->run != SIM_STOPPED)
		(void)sim_task_start_on(sim, g->node, &qm_stop_kind, id, g->vmid, NULL);
}

void sim_qemu_node_died(struct sim *sim, struct sim_node *node)
{
	for (size_t i = 0; i < sim->guest_count; i++)
		if (sim->guests[i]->node == node && sim->guests[i]->run != SIM_STOPPED)
			qm_run(sim->guests[i], SIM_STOPPED);
}

static void ha_round(struct sim *sim, json_t *ctx)
{
	struct sim_ha *ha = sim_ha_find(sim, (unsigned)json_integer_value(ctx));

	if (ha)
		sim_qemu_ha(sim, ha);
}

/* Is it the HA manager's to do? Then note the wish and answer with a task that is over at once. */
static bool ask_ha(struct sim_call *call, bool on)
{
	struct sim_ha *ha = sim_ha_find(call->sim, call->vmid);
	char id[16];

	if (!ha || !strcmp(ha->state, "ignored"))
		return false;
	(void)snprintf(ha->state, sizeof(ha->state), "%s", on ? "started" : "stopped");
	(void)json_object_set_new(ha->config, "state", json_string(ha->state));
	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	sim_later(call->sim, HA_ROUND_MS, ha_round, json_integer(call->vmid));
	(void)sim_task_start(call, on ? &hastart_kind : &hastop_kind, id, call->vmid, NULL);
	return true;
}

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
	return ask_ha(call, true) ? 0 : begin(call, &qm_start_kind);
}

static int post_stop(struct sim_call *call)
{
	return ask_ha(call, false) ? 0 : begin(call, &qm_stop_kind);
}

static int post_shutdown(struct sim_call *call)
{
	return ask_ha(call, false) ? 0 : begin(call, &shutdown_kind);
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
	return begin_running(call, &reboot_kind);
}

static int post_reset(struct sim_call *call)
{
	return begin_running(call, &reset_kind);
}

static int post_suspend(struct sim_call *call)
{
	return begin_running(call, sim_arg_int(call, "todisk", 0) ? &suspend_kind : &pause_kind);
}

static int post_resume(struct sim_call *call)
{
	return begin_running(call, &resume_kind);
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
