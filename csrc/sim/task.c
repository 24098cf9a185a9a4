/* SPDX-License-Identifier: GPL-3.0-or-later */
/* task.c - workers with a UPID: started by a request, outliving it, ending on the cluster's clock. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/core.h"
#include "sim/state.h"

#define KEPT_TASKS 5000 /* finished tasks that are remembered */
#define LOCK_WAIT_MS 10000

void sim_task_free(struct sim_task *task)
{
	if (task->free_data)
		task->free_data(task->data);
	free(task->upid);
	free(task->id);
	free(task->user);
	free(task->tokenid);
	free(task->status);
	json_decref(task->args);
	json_decref(task->log);
	free(task);
}

static printf_like(3, 0) void log_line(struct sim_task *task, const char *prefix, const char *fmt,
				       va_list args)
{
	auto_free char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	json_array_append_new(task->log, json_sprintf("%s%s", prefix, text));
}

void sim_task_log(struct sim_task *task, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(task, "", fmt, args);
	va_end(args);
}

void sim_task_warn(struct sim_task *task, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(task, "WARN: ", fmt, args);
	va_end(args);
	task->warnings++;
}

int sim_task_fail(struct sim_task *task, const char *fmt, ...)
{
	va_list args;

	free(task->status);
	va_start(args, fmt);
	if (vasprintf(&task->status, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	return -1;
}

void sim_task_let_go(struct sim_task *task, struct sim_guest *guest)
{
	if (task->held == guest)
		task->held = NULL;
}

static void release(struct sim_task *task)
{
	if (task->held && task->held->busy == task)
		task->held->busy = NULL;
	task->held = NULL;
}

int64_t sim_task_lock(struct sim_task *task, struct sim_guest *guest)
{
	int64_t now = task->sim->now_ms, wait;

	if (!guest->busy || guest->busy == task) {
		release(task);
		guest->busy = task;
		task->held = guest;
		task->lock_since_ms = 0;
		return 0;
	}
	if (!task->lock_since_ms) {
		task->lock_since_ms = now;
		sim_task_log(task, "trying to acquire lock...");
	}
	wait = task->lock_since_ms + LOCK_WAIT_MS - now;
	if (wait <= 0 || task->sim->options.speed <= 0)
		return sim_task_fail(
			task, "can't lock file '/var/lock/qemu-server/lock-%u.conf' - got timeout",
			guest->vmid);
	task->repeat = true;
	return wait < 100 ? wait : 100;
}

static void unlink_running(struct sim_task *task)
{
	struct sim_task **at = &task->sim->running;

	while (*at && *at != task)
		at = &(*at)->next_running;
	if (*at)
		*at = task->next_running;
	task->next_running = NULL;
}

static void finish(struct sim_task *task)
{
	struct sim *sim = task->sim;
	auto_free char *who = NULL;

	unlink_running(task);
	release(task);
	task->end_ms = sim->now_ms;
	if (task->status)
		json_array_append_new(task->log, json_sprintf("TASK ERROR: %s", task->status));
	else if (task->warnings)
		task->status = pxc_printf("WARNINGS: %u", task->warnings);
	else
		task->status = pxc_strdup("OK");
	if (task->warnings && str_starts(task->status, "WARNINGS"))
		json_array_append_new(task->log, json_sprintf("TASK %s", task->status));
	else if (!strcmp(task->status, "OK"))
		json_array_append_new(task->log, json_string("TASK OK"));
	for (char *at = task->status; *at; at++)
		if (*at == '\n')
			*at = ' ';
	who = pxc_printf("%s%s%s", task->user, task->tokenid ? "!" : "",
			 task->tokenid ? task->tokenid : "");
	sim_log(sim, task->node, who, "end task %s %s", task->upid, task->status);
}

/* Run stages until the task is over or has to wait. */
static void run_stage(struct sim_task *task)
{
	struct sim_task *outer = task->sim->working;

	for (;;) {
		int64_t wait;

		task->repeat = false;
		task->sim->working = task;
		wait = task->kind->work(task);
		task->sim->working = outer;
		if (wait <= 0) {
			finish(task);
			return;
		}
		if (!task->repeat)
			task->stage++;
		task->next_ms = task->sim->now_ms + wait;
		if (task->sim->options.speed > 0)
			return;
	}
}

static void remember(struct sim *sim, struct sim_task *task)
{
	size_t drop = 0;

	while (sim->task_count - drop >= KEPT_TASKS && sim->tasks[drop]->end_ms)
		sim_task_free(sim->tasks[drop++]);
	if (drop) {
		sim->task_count -= drop;
		memmove(sim->tasks, sim->tasks + drop, sim->task_count * sizeof(*sim->tasks));
	}
	if (sim->task_count == sim->task_room) {
		sim->task_room = sim->task_room ? sim->task_room * 2 : 64;
		sim->tasks = pxc_realloc(sim->tasks, sim->task_room * sizeof(*sim->tasks));
	}
	sim->tasks[sim->task_count++] = task;
	task->next_running = sim->running;
	sim->running = task;
}

static struct sim_task *create(struct sim *sim, struct sim_node *node,
			       const struct sim_task_kind *kind, const char *id, json_t *args)
{
	struct sim_task *task = pxc_calloc(1, sizeof(*task));

	task->sim = sim;
	task->kind = kind;
	task->node = node;
	task->id = pxc_strdup(id);
	task->pid = node->next_pid;
	node->next_pid += 1 + (uint32_t)(sim_random(sim) & 7);
	task->pstart = (uint32_t)((sim->now_ms - node->started_ms) / 10);
	task->start_ms = sim->now_ms;
	task->args = args ? args : json_object();
	task->log = json_array();
	return task;
}

static void launch(struct sim_task *task, const char *authid)
{
	const char *bang = strchr(authid, '!'), *failure;

	task->user = bang ? pxc_strndup(authid, (size_t)(bang - authid)) : pxc_strdup(authid);
	task->tokenid = bang ? pxc_strdup(bang + 1) : NULL;
	task->upid = pxc_printf("UPID:%s:%08X:%08X:%08llX:%s:%s:%s:", task->node->name, task->pid,
				task->pstart, (unsigned long long)(task->start_ms / 1000),
				task->kind->type, task->id, authid);
	remember(task->sim, task);
	sim_log(task->sim, task->node, authid, "starting task %s", task->upid);
	task->hung = sim_faults_hang(task->sim);
	failure = sim_faults_fail(task->sim);
	if (failure) {
		if (task->kind->abort)
			task->kind->abort(task);
		sim_task_fail(task, "%s", failure);
		finish(task);
	} else if (task->hung) {
		task->next_ms = INT64_MAX;
	} else {
		run_stage(task);
	}
}

int sim_task_start(struct sim_call *call, const struct sim_task_kind *kind, const char *id,
		   unsigned vmid, json_t *args)
{
	struct sim_task *task = create(call->sim, call->node, kind, id, args);

	task->vmid = vmid;
	launch(task, call->authid);
	json_decref(call->data);
	call->data = json_string(task->upid);
	return 0;
}

int sim_task_start_with(struct sim_call *call, const struct sim_task_kind *kind, const char *id,
			json_t *args, void *data, void (*free_data)(void *data))
{
	struct sim_task *task = create(call->sim, call->node, kind, id, args);

	task->data = data;
	task->free_data = free_data;
	launch(task, call->authid);
	json_decref(call->data);
	call->data = json_string(task->upid);
	return 0;
}

struct sim_task *sim_task_start_on(struct sim *sim, struct sim_node *node,
				   const struct sim_task_kind *kind, const char *id, unsigned vmid,
				   json_t *args)
{
	struct sim_task *task = create(sim, node, kind, id, args);

	task->vmid = vmid;
	launch(task, "root@pam");
	return task;
}

void sim_task_stop(struct sim_task *task, const char *why)
{
	if (task->end_ms)
		return;
	if (task->kind->abort)
		task->kind->abort(task);
	sim_task_fail(task, "%s", why);
	finish(task);
}

bool sim_task_due(struct sim *sim, int64_t *ret_ms, struct sim_task **ret_task)
{
	struct sim_task *soonest = NULL;

	for (struct sim_task *task = sim->running; task; task = task->next_running)
		if (!soonest || task->next_ms < soonest->next_ms ||
		    (task->next_ms == soonest->next_ms && task->pid < soonest->pid))
			soonest = task;
	if (!soonest || soonest->next_ms == INT64_MAX)
		return false;
	*ret_ms = soonest->next_ms;
	*ret_task = soonest;
	return true;
}

void sim_task_run(struct sim_task *task)
{
	run_stage(task);
}
