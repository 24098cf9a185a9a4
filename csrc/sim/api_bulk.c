/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * api_bulk.c - /cluster/bulk-action/guest/migrate: one worker that moves many guests, so many at a time.
 *
 * As in PVE the worker sends a request for each guest, in the name of whoever asked for it, and looks once a second which
 * of the tasks have ended.
 */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/qm.h"
#include "sim/request.h"

#define TICK_MS 1000

/* The header lines by which the worker is the caller. New reference. */
static json_t *credentials(const struct sim_call *call)
{
	auto_free char *ticket = NULL, *csrf = NULL;

	if (call->token)
		return json_pack("[o]", json_sprintf("Authorization: PVEAPIToken=%s=%s",
						     call->token->full, call->token->secret));
	ticket = sim_ticket(call->sim, call->user->id);
	csrf = sim_csrf_token(call->sim, call->user->id);
	return json_pack("[o,o]", json_sprintf("Cookie: PVEAuthCookie=%s", ticket),
			 json_sprintf("CSRFPreventionToken: %s", csrf));
}

static const struct sim_task *find_task(const struct sim *sim, const char *upid)
{
	for (size_t i = sim->task_count; i-- > 0;)
		if (!strcmp(sim->tasks[i]->upid, upid))
			return sim->tasks[i];
	return NULL;
}

static const char *kind_of(const struct sim *sim, unsigned vmid)
{
	const struct sim_guest *g = sim_guest_find(sim, vmid);

	return g && g->container ? "CT" : "VM";
}

static void failed(struct sim_task *task, unsigned vmid, const char *why)
{
	sim_task_warn(task, "Migrating %s %u failed: %.*s", kind_of(task->sim, vmid), vmid,
		      (int)strcspn(why, "\n"), why);
	(void)json_array_append_new(json_object_get(task->args, "failed"), json_integer(vmid));
}

/* Tasks that have ended leave the list; UPID -> VMID. */
static void look(struct sim_task *task)
{
	json_t *running = json_object_get(task->args, "running"), *vmid;
	const char *upid;
	void *next;

	json_object_foreach_safe (running, next, upid, vmid) {
		const struct sim_task *one = find_task(task->sim, upid);

		if (one && !one->end_ms)
			continue;
		if (!one ||
		    (strcmp(one->status, "OK") != 0 && !str_starts(one->status, "WARNINGS")))
			failed(task, (unsigned)json_integer_value(vmid),
			       one ? one->status : "could not query task status");
		(void)json_object_del(running, upid);
	}
}

/* POST with the caller's credentials; *ret_why is set when it is refused. The answer's data, new reference or NULL. */
static json_t *send(struct sim_task *task, const char *path, const char *form, char **ret_why)
{
	const json_t *lines = json_object_get(task->args, "credentials");
	const char *headers[3] = { json_string_value(json_array_get(lines, 0)),
				   json_string_value(json_array_get(lines, 1)), NULL };
	struct sim_request request = { .method = "POST",
				       .target = path,
				       .headers = headers,
				       .body = form,
				       .body_len = strlen(form) };
	struct sim_reply reply = { 0 };
	int64_t again_ms = 0;
	json_auto_t *body = NULL;
	json_t *data = NULL;

	if (!sim_answer(task->sim, &request, &reply, &again_ms)) {
		*ret_why = pxc_strdup("got timeout");
		return NULL;
	}
	body = reply.body ? json_loadb(reply.body, reply.body_len, 0, NULL) : NULL;
	if (reply.status == 200)
		data = json_incref(json_object_get(body, "data"));
	else
		*ret_why = pxc_strdup(reply.reason);
	sim_reply_release(&reply);
	return data;
}

static char *form_of(const struct sim_task *task, bool container)
{
	struct pxc_buf form = { 0 };
	const json_t *online = json_object_get(task->args, "online"),
		     *disks = json_object_get(task->args, "with-local-disks");

	buf_printf(&form, "target=%s", qm_text(task->args, "target", ""));
	if (online)
		buf_printf(&form, "&%s=%d", container ? "restart" : "online",
			   (int)json_integer_value(online));
	if (disks && !container)
		buf_printf(&form, "&with-local-disks=%d", (int)json_integer_value(disks));
	return buf_take(&form);
}

static void start(struct sim_task *task, unsigned vmid)
{
	const struct sim_guest *g = sim_guest_find(task->sim, vmid);
	auto_free char *path = NULL, *form = NULL, *why = NULL;
	json_auto_t *upid = NULL;

	if (!g)
		return;
	if (!strcmp(g->node->name, qm_text(task->args, "target", ""))) {
		sim_task_warn(task, "%s %u already on %s, skipping.", kind_of(task->sim, vmid),
			      vmid, g->node->name);
		return;
	}
	sim_task_log(task, "Migrating %s %u", kind_of(task->sim, vmid), vmid);
	path = pxc_printf("/api2/json/nodes/%s/%s/%u/migrate", g->node->name,
			  g->container ? "lxc" : "qemu", vmid);
	form = form_of(task, g->container);
	upid = send(task, path, form, &why);
	if (upid)
		(void)json_object_set_new(json_object_get(task->args, "running"),
					  json_string_value(upid), json_integer(vmid));
	else
		failed(task, vmid, why ? why : "no answer");
}

static int conclude(struct sim_task *task)
{
	const json_t *list = json_object_get(task->args, "failed");
	auto_buf struct pxc_buf names = { 0 };
	json_t *vmid;
	size_t i;

	if (!json_array_size(list))
		return 0;
	json_array_foreach (list, i, vmid)
		buf_printf(&names, "%s%lld", i ? ", " : "", (long long)json_integer_value(vmid));
	return sim_task_fail(task, "Some guests failed to migrate %s", buf_str(&names));
}

static int64_t bulk_work(struct sim_task *task)
{
	json_t *todo = json_object_get(task->args, "todo"),
	       *running = json_object_get(task->args, "running");
	size_t most = (size_t)qm_int(task->args, "max", 1);

	if (task->stage == 0)
		return TICK_MS;
	look(task);
	while (json_array_size(todo) && json_object_size(running) < most) {
		unsigned vmid = (unsigned)json_integer_value(json_array_get(todo, 0));

		(void)json_array_remove(todo, 0);
		start(task, vmid);
	}
	if (json_array_size(todo) || json_object_size(running))
		return TICK_MS;
	return conclude(task);
}

static const struct sim_task_kind bulk_kind = { "bulk-migrate", bulk_work, NULL };

/* Who is to move: those that are listed, or all. New reference; NULL after a failure. */
static json_t *chosen(struct sim_call *call)
{
	const json_t *list = json_object_get(call->params, "vms");
	json_t *todo = json_array(), *one;
	size_t i;

	if (!list && sim_need(call, "VM.Migrate", "/") < 0) {
		json_decref(todo);
		return NULL;
	}
	json_array_foreach (list, i, one) {
		unsigned vmid = json_is_integer(one)
					? (unsigned)json_integer_value(one)
					: (unsigned)strtoul(json_string_value(one), NULL, 10);

		if (sim_need_vm(call, vmid, "VM.Migrate") < 0) {
			json_decref(todo);
			return NULL;
		}
		(void)json_array_append_new(todo, json_integer(vmid));
	}
	for (size_t g = 0; g < call->sim->guest_count && !list; g++)
		(void)json_array_append_new(todo, json_integer(call->sim->guests[g]->vmid));
	return todo;
}

static int post_migrate(struct sim_call *call)
{
	int64_t most = qm_int(call->sim->dc, "max_workers", 1);
	json_t *todo = chosen(call), *args;

	if (!todo)
		return -1;
	most = sim_arg_int(call, "max-workers", sim_arg_int(call, "maxworkers", most));
	args = json_pack("{s:s,s:o,s:{},s:[],s:o,s:I}", "target", sim_arg(call, "target"), "todo",
			 todo, "running", "failed", "credentials", credentials(call), "max",
			 (json_int_t)most);
	(void)json_object_set(args, "online", json_object_get(call->params, "online"));
	(void)json_object_set(args, "with-local-disks",
			      json_object_get(call->params, "with-local-disks"));
	return sim_task_start(call, &bulk_kind, "", 0, args);
}

static int get_index(struct sim_call *call)
{
	return sim_answer_index(call, "name", "guest");
}

static int get_guest_index(struct sim_call *call)
{
	return sim_answer_index(call, "name", "start shutdown migrate suspend");
}

static const struct sim_param migrate_params[] = {
	{ .name = "target", .flags = SIM_REQUIRED },
	{ .name = "vms", .type = SIM_ARRAY },
	{ .name = "online", .type = SIM_BOOL },
	{ .name = "with-local-disks", .type = SIM_BOOL },
	{ .name = "max-workers", .type = SIM_INT, .min = 1, .max = 64 },
	{ .name = "maxworkers", .type = SIM_INT, .min = 1, .max = 64 },
	{ 0 },
};

const struct sim_route sim_bulk_routes[] = {
	{ "GET", "/cluster/bulk-action", get_index, NULL, NULL, "user", SIM_PVE9 },
	{ "GET", "/cluster/bulk-action/guest", get_guest_index, NULL, NULL, "user", SIM_PVE9 },
	{ "POST", "/cluster/bulk-action/guest/migrate", post_migrate, migrate_params, NULL, "user",
	  SIM_PVE9 },
	{ 0 },
};
