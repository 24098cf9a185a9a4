/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * api_execute.c - POST /nodes/{node}/execute: several requests to one node in one, in order. Read from pve-manager:
 * PVE/API2/Nodes.pm (execute).
 *
 * Whatever becomes of a request, the next is carried out; each has an entry in the answer. Rights are asked for as root@pam,
 * who has them all. A command that would have to wait for a guest's lock is told at once what it would hear in the end.
 */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/request.h"

#define LOCK_WAIT_MS 10000

static bool is_method(const char *text)
{
	return !strcmp(text, "GET") || !strcmp(text, "POST") || !strcmp(text, "PUT") ||
	       !strcmp(text, "DELETE");
}

/* What the schema of a command has against one of its keys; NULL = nothing. */
static const char *key_fault(const json_t *command, const char *key)
{
	const json_t *value = json_object_get(command, key);

	if (!strcmp(key, "args"))
		return value && !json_is_object(value) ? "type check ('object') failed" : NULL;
	if (!value || json_is_null(value))
		return "property is missing and it is not optional";
	if (json_is_object(value) || json_is_array(value))
		return "type check ('string') failed";
	if (!strcmp(key, "method") &&
	    !(json_is_string(value) && is_method(json_string_value(value))))
		return "value does not match the regex pattern";
	return NULL;
}

/* Format pve-command-batch. */
static bool format_batch(const char *name, const char *value, struct pxc_buf *why)
{
	static const char *const keys[] = { "args", "method", "path" };
	json_auto_t *list = json_loads(value, JSON_DECODE_ANY, NULL);
	auto_buf struct pxc_buf lines = { 0 };
	json_t *command;
	size_t i;

	(void)name;
	if (!list) {
		buf_adds(why, "commands param did not contain valid JSON: malformed JSON string\n");
		return false;
	}
	if (!json_is_array(list))
		buf_adds(&lines, "  : type check ('array') failed\n");
	json_array_foreach (list, i, command) {
		if (!json_is_object(command))
			buf_printf(&lines, "  [%zu]: type check ('object') failed\n", i);
		for (size_t k = 0; json_is_object(command) && k < ARRAY_SIZE(keys); k++)
			if (key_fault(command, keys[k]))
				buf_printf(&lines, "  [%zu].%s: %s\n", i, keys[k],
					   key_fault(command, keys[k]));
	}
	if (lines.len)
		buf_printf(why,
			   "commands is not a valid array of commands: 400 Parameter verification "
			   "failed.\n%s",
			   lines.data);
	return !lines.len;
}

/* "nodes/pve1/" and the command's path, as the server takes them apart: "/nodes/pve1/qemu/100/config". Caller frees. */
static char *full_path(const struct sim_call *call, const json_t *command)
{
	const char *rest = json_string_value(json_object_get(command, "path"));
	auto_free char *text = pxc_printf("nodes/%s/%s", call->node->name, rest ? rest : "");
	struct pxc_buf out = { 0 };

	for (const char *at = text; *at;) {
		size_t len;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len) {
			buf_addc(&out, '/');
			buf_add(&out, at, len);
		}
		at += len;
	}
	return buf_take(&out);
}

/* The arguments over the variables of the path, which they must not name again. */
static void take_args(struct sim_call *one, const json_t *args)
{
	const char *key;
	json_t *value;

	one->raw = json_deep_copy(one->path_params);
	json_object_foreach ((json_t *)(uintptr_t)args, key, value) {
		if (json_object_get(one->path_params, key))
			(void)sim_param_error(one, key, "duplicate parameter");
		else if (!json_is_null(value))
			(void)json_object_set(one->raw, key, value);
	}
}

static json_t *entry_of(struct sim_call *one)
{
	json_t *entry;

	if (!one->status) {
		json_t *data = one->text.len ? json_loadb(one->text.data, one->text.len,
							  JSON_DECODE_ANY, NULL)
			       : one->data   ? json_incref(one->data)
					     : json_null();

		return json_pack("{s:i, s:o}", "status", 200, "data", data);
	}
	entry = json_pack("{s:i, s:s}", "status", one->status, "message", one->message);
	if (one->errors)
		(void)json_object_set(entry, "errors", one->errors);
	return entry;
}

/* One command and its entry, new reference. */
static json_t *carry_out(struct sim_call *call, const json_t *command)
{
	auto_free char *path = full_path(call, command);
	struct sim_call one = { .sim = call->sim,
				.method = json_string_value(json_object_get(command, "method")),
				.path = path,
				.user = call->user,
				.authid = call->authid,
				.node = call->node,
				.first_ms = call->sim->now_ms - LOCK_WAIT_MS,
				.path_params = json_object() };
	json_t *entry;

	one.route = sim_route_find(one.method, path, one.path_params);
	if (one.route && one.route->flags & SIM_PVE9 && call->sim->options.pve == 8)
		one.route = NULL;
	if (!one.route)
		(void)sim_fail(&one, 500, "no handler for '%s'", path + 1);
	else
		take_args(&one, json_object_get(command, "args"));
	if (!one.status)
		sim_call_work(&one);
	entry = entry_of(&one);
	call->delay_ms += one.delay_ms;
	sim_call_release(&one);
	return entry;
}

static int post_execute(struct sim_call *call)
{
	json_auto_t *list = json_loads(sim_arg(call, "commands"), 0, NULL);
	json_t *command;
	size_t i;

	call->data = json_array();
	json_array_foreach (list, i, command)
		(void)json_array_append_new(call->data, carry_out(call, command));
	return 0;
}

static const struct sim_param execute_params[] = {
	{ .name = "commands", .flags = SIM_REQUIRED, .format = format_batch },
	{ 0 },
};

const struct sim_route sim_execute_routes[] = {
	{ "POST", "/nodes/{node}/execute", post_execute, execute_params, NULL, "root", 0 },
	{ 0 },
};
