/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_power.c - guests start, stop, pause: the work of the tasks. */
#include <stdio.h>
#include <string.h>

#include "sim/cpu.h"
#include "sim/disk.h"
#include "sim/qm.h"
#include "sim/rbd.h"

#define START_MS 2000
#define STOP_MS 1000
#define SHUTDOWN_MS 3000
#define SILENCE_MS 3000 /* what PVE waits for the agent before it tries ACPI */

void qm_run(struct sim_guest *g, enum sim_run run)
{
	if (g->run == SIM_STOPPED && run != SIM_STOPPED) {
		g->pid = ++g->node->next_pid;
		g->started_ms = g->sim->now_ms;
	}
	if (run == SIM_STOPPED) {
		g->touched_bytes = 0;
		rbd_let_go(g, NULL);
		g->pid = 0;
		g->frozen = false;
		json_decref(g->runtime);
		g->runtime = NULL;
	}
	g->run = run;
	sim_guest_touch(g);
	if (run != SIM_STOPPED)
		sim_guest_grow(g);
}

/* A disk is not there: file storages are looked at before, images in Ceph are QEMU's business. */
static int64_t no_disk(struct sim_task *task, const char *volid, const struct pxc_err *err)
{
	auto_free char *id = pxc_strndup(volid, strcspn(volid, ":"));
	const struct sim_storage *s = sim_storage_find(task->sim, id);

	if (!s || !s->rbd)
		return sim_task_fail(task, "%s", err->msg);
	sim_task_log(task, "kvm: error reading header from %s: %s", disk_image_name(volid),
		     err->kind == PXC_ENOTFOUND ? "No such file or directory"
						: "Connection timed out");
	return sim_task_fail(task, "start failed: QEMU exited with code 1");
}

const char *qm_no_start(const struct sim_guest *g, const struct sim_node *node, uint64_t bytes)
{
	if (!sim_cpu_fits(g, node))
		return "Host doesn't support requested features";
	if (bytes > sim_node_room(g->sim, node))
		return "cannot set up guest memory 'pc.ram': Cannot allocate memory";
	return NULL;
}

int64_t qm_start_now(struct sim_task *task, struct sim_guest *g)
{
	const char *key, *why;
	json_t *value;
	struct pxc_err err;

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
		if (volid && !disk_need(task->sim, volid, g->node, &err))
			return no_disk(task, volid, &err);
		if (net && json_object_get(net, "mtu") &&
		    strcmp(qm_text(net, "model", ""), "virtio") != 0)
			sim_task_warn(task, "netdev %s: ignoring MTU '%s', not using VirtIO", key,
				      qm_text(net, "mtu", ""));
	}
	if (qm_plug(task, g) < 0)
		return -1;
	why = qm_no_start(g, g->node, sim_guest_wants(g));
	if (why) {
		sim_task_log(task, "kvm: %s", why);
		return sim_task_fail(task, "start failed: QEMU exited with code 1");
	}
	qm_run(g, SIM_RUNNING);
	if (rbd_hold(g, &err) == 0)
		return 0;
	qm_run(g, SIM_STOPPED);
	sim_task_log(task, "kvm: %s", err.msg);
	return sim_task_fail(task, "start failed: QEMU exited with code 1");
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

const struct sim_task_kind qm_start_kind = { "qmstart", start_work, NULL };
const struct sim_task_kind qm_stop_kind = { "qmstop", stop_work, NULL };
const struct sim_task_kind qm_shutdown_kind = { "qmshutdown", shutdown_work, NULL };
const struct sim_task_kind qm_reboot_kind = { "qmreboot", reboot_work, NULL };
const struct sim_task_kind qm_reset_kind = { "qmreset", reset_work, NULL };
const struct sim_task_kind qm_suspend_kind = { "qmsuspend", suspend_work, NULL };
const struct sim_task_kind qm_pause_kind = { "qmpause", suspend_work, NULL };
const struct sim_task_kind qm_resume_kind = { "qmresume", resume_work, NULL };
