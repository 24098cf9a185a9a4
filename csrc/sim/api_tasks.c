/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_tasks.c - /cluster/tasks and /nodes/{node}/tasks. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

#define CLUSTER_TASKS 25 /* each node tells the others of its newest tasks */

static bool owns(const struct sim_call *call, const struct sim_task *task)
{
	if (strcmp(task->user, call->user->id))
		return false;
	return !call->token || !call->token->privsep || str_eq(task->tokenid, call->token->id);
}

static bool may_see(const struct sim_call *call, const struct sim_task *task)
{
	auto_free char *path = pxc_printf("/nodes/%s", task->node->name);

	return owns(call, task) || sim_may(call, path, "Sys.Audit");
}

static json_t *describe(const struct sim_task *task, bool in_cluster)
{
	json_t *entry =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "upid", task->upid, "node",
			  task->node->name, "type", task->kind->type, "id", task->id, "user",
			  task->user, "starttime", (json_int_t)(task->start_ms / 1000));

	if (task->tokenid)
		json_object_set_new(entry, "tokenid", json_string(task->tokenid));
	if (!in_cluster) {
		json_object_set_new(entry, "pid", json_integer(task->pid));
		json_object_set_new(entry, "pstart", json_integer(task->pstart));
	}
	if (task->end_ms) {
		json_object_set_new(entry, "endtime", json_integer(task->end_ms / 1000));
		json_object_set_new(entry, "status", json_string(task->status));
		if (in_cluster)
			json_object_set_new(entry, "saved", json_string("1"));
	}
	return entry;
}

static int get_cluster_tasks(struct sim_call *call)
{
	const struct sim *sim = call->sim;
	auto_free unsigned *shown = pxc_calloc(sim->node_count, sizeof(*shown));

	call->data = json_array();
	for (size_t i = sim->task_count; i-- > 0;) {
		const struct sim_task *task = sim->tasks[i];
		unsigned *count = &shown[task->node - sim->nodes];
		json_t *entry;

		if (task->end_ms && *count >= CLUSTER_TASKS)
			continue;
		(*count)++;
		if (!may_see(call, task))
			continue;
		entry = describe(task, true);
		/* read back from the node's list it is text; not yet read back a number */
		if (task->end_ms && task->end_ms >= sim->tasks[sim->task_count - 1]->start_ms)
			json_object_set_new(entry, "saved", json_integer(1));
		json_array_append_new(call->data, entry);
	}
	return 0;
}

static const char *status_kind(const struct sim_task *task)
{
	if (!strcmp(task->status, "OK"))
		return "ok";
	return str_starts(task->status, "WARNINGS: ") ? "warning" : "error";
}

static bool wanted(const struct sim_call *call, const struct sim_task *task)
{
	const char *type = sim_arg(call, "typefilter"), *user = sim_arg(call, "userfilter");
	const char *status = sim_arg(call, "statusfilter"), *source = sim_arg(call, "source");
	unsigned vmid = (unsigned)sim_arg_int(call, "vmid", 0);
	int64_t start_s = task->start_ms / 1000;

	if (task->node != call->node || !may_see(call, task))
		return false;
	if (!source || !strcmp(source, "archive") ? !task->end_ms
						  : (!strcmp(source, "active") && task->end_ms))
		return false;
	if ((type && strcmp(type, task->kind->type)) || (user && !strstr(task->user, user)))
		return false;
	if (vmid && (unsigned)strtoul(task->id, NULL, 10) != vmid)
		return false;
	if (start_s < sim_arg_int(call, "since", 0) ||
	    start_s > sim_arg_int(call, "until", INT64_MAX))
		return false;
	if (sim_arg_int(call, "errors", 0) && (!task->end_ms || !strcmp(status_kind(task), "ok")))
		return false;
	return !status || !task->end_ms || strstr(status, status_kind(task));
}

static int get_tasks(struct sim_call *call)
{
	int64_t start = sim_arg_int(call, "start", 0), limit = sim_arg_int(call, "limit", 50),
		n = 0;

	call->data = json_array();
	for (size_t i = call->sim->task_count; i-- > 0;) {
		const struct sim_task *task = call->sim->tasks[i];

		if (!wanted(call, task))
			continue;
		if (n >= start && (!limit || n < start + limit))
			json_array_append_new(call->data, describe(task, false));
		n++;
	}
	if (n)
		call->siblings = json_pack("{s:I}", "total", (json_int_t)n);
	return 0;
}

static bool is_upid(const char *text)
{
	unsigned colons = 0;

	for (const char *at = text; *at; at++)
		colons += *at == ':';
	return str_starts(text, "UPID:") && colons == 8 && str_ends(text, ":");
}

static struct sim_task *find(const struct sim_call *call)
{
	const char *upid = sim_arg(call, "upid");

	for (size_t i = call->sim->task_count; i-- > 0;)
		if (!strcmp(call->sim->tasks[i]->upid, upid))
			return call->sim->tasks[i];
	return NULL;
}

static int check(struct sim_call *call, struct sim_task *task, const char *priv)
{
	if (!is_upid(sim_arg(call, "upid")))
		return sim_param_error(call, "upid", "unable to parse worker upid");
	if (task && !owns(call, task))
		return sim_need(call, priv, "/nodes/%s", call->node->name);
	return 0;
}

static int get_task(struct sim_call *call)
{
	if (check(call, NULL, "Sys.Audit") < 0)
		return -1;
	return sim_answer_index(call, "name", "log status");
}

static int get_status(struct sim_call *call)
{
	struct sim_task *task = find(call);

	if (check(call, task, "Sys.Audit") < 0)
		return -1;
	if (!task)
		return sim_param_error(call, "upid", "no such task");
	call->data = describe(task, false);
	json_object_del(call->data, "endtime");
	json_object_set_new(call->data, "status",
			    json_string(task->end_ms ? "stopped" : "running"));
	if (task->end_ms)
		json_object_set_new(call->data, "exitstatus", json_string(task->status));
	return 0;
}

static int answer_lines(struct sim_call *call, const json_t *lines, const char *otherwise)
{
	int64_t start = sim_arg_int(call, "start", 0), limit = sim_arg_int(call, "limit", 50);
	size_t count = json_array_size(lines);

	call->data = json_array();
	for (size_t i = (size_t)start; i < count; i++) {
		if (limit && (int64_t)i >= start + limit)
			break;
		json_array_append_new(call->data, json_pack("{s:I, s:O}", "n", (json_int_t)i + 1,
							    "t", json_array_get(lines, i)));
	}
	if (!count) {
		json_array_append_new(call->data, json_pack("{s:i, s:s}", "n", 1, "t", otherwise));
		count = 1;
	}
	call->siblings = json_pack("{s:I}", "total", (json_int_t)count);
	return 0;
}

static int get_log(struct sim_call *call)
{
	struct sim_task *task = find(call);
	struct pxc_buf text = { 0 };

	if (check(call, task, "Sys.Audit") < 0)
		return -1;
	if (!sim_arg_int(call, "download", 0))
		return answer_lines(call, task ? task->log : NULL,
				    task ? "no content"
					 : "unable to open file - No such file or directory");
	for (size_t i = 0; task && i < json_array_size(task->log); i++)
		buf_printf(&text, "%s\n", json_string_value(json_array_get(task->log, i)));
	call->plain = buf_take(&text);
	return 0;
}

static int delete_task(struct sim_call *call)
{
	struct sim_task *task = find(call);

	if (check(call, task, "Sys.Modify") < 0)
		return -1;
	if (task)
		sim_task_stop(task, "received interrupt");
	return 0;
}

static const struct sim_param tasks_get[] = {
	{ .name = "errors", .type = SIM_BOOL },
	{ .name = "limit", .type = SIM_INT, .min = 0, .max = INT64_MAX },
	{ .name = "since", .type = SIM_INT },
	{ .name = "source", .choices = "archive, active, all" },
	{ .name = "start", .type = SIM_INT, .min = 0, .max = INT64_MAX },
	{ .name = "statusfilter", .flags = SIM_LIST },
	{ .name = "typefilter" },
	{ .name = "until", .type = SIM_INT },
	{ .name = "userfilter" },
	{ .name = "vmid", .type = SIM_INT, .format = sim_format_vmid },
	{ 0 },
};
static const struct sim_param log_get[] = {
	{ .name = "download", .type = SIM_BOOL },
	{ .name = "limit", .type = SIM_INT, .min = 0, .max = INT64_MAX },
	{ .name = "start", .type = SIM_INT, .min = 0, .max = INT64_MAX },
	{ 0 },
};

const struct sim_route sim_task_routes[] = {
	{ "GET", "/cluster/tasks", get_cluster_tasks, NULL, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/tasks", get_tasks, tasks_get, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/tasks/{upid}", get_task, NULL, NULL, "user", 0 },
	{ "DELETE", "/nodes/{node}/tasks/{upid}", delete_task, NULL, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/tasks/{upid}/status", get_status, NULL, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/tasks/{upid}/log", get_log, log_get, NULL, "user", 0 },
	{ 0 },
};
