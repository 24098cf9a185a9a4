/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_agent_exec.c - the agent's commands and files: echo works, other programs succeed without a word. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

/* What lives as long as the guest runs: {"files": {...}, "execs": {"117": {...}}, "next": 118}. */
static json_t *runtime(struct sim_guest *g)
{
	if (!g->runtime)
		g->runtime = json_pack("{s:{},s:{},s:i}", "files", "execs", "next", 117);
	return g->runtime;
}

/* "echo a b" -> "a b\n"; "" for everything else. New string. */
static char *output_of(const json_t *command)
{
	struct pxc_buf out = { .data = NULL };
	const char *program = json_string_value(json_array_get(command, 0));

	if (program && (!strcmp(program, "echo") || str_ends(program, "/echo"))) {
		for (size_t i = 1; i < json_array_size(command); i++)
			buf_printf(&out, "%s%s", i > 1 ? " " : "",
				   json_string_value(json_array_get(command, i)));
		buf_addc(&out, '\n');
	}
	return buf_take(&out);
}

static int post_exec(struct sim_call *call)
{
	struct sim_guest *g = qm_agent_ready(call);
	auto_free char *output = NULL, *key = NULL;
	int64_t pid;
	json_t *all;

	if (!g)
		return -1;
	all = runtime(g);
	pid = qm_int(all, "next", 0);
	(void)json_object_set_new(all, "next", json_integer(pid + 1));
	output = output_of(json_object_get(call->params, "command"));
	key = pxc_printf("%lld", (long long)pid);
	(void)json_object_set_new(json_object_get(all, "execs"), key, json_string(output));
	call->data = json_pack("{s:I}", "pid", (json_int_t)pid);
	return 0;
}

static int get_exec_status(struct sim_call *call)
{
	struct sim_guest *g = qm_agent_ready(call);
	auto_free char *key = pxc_printf("%lld", (long long)sim_arg_int(call, "pid", 0));
	const char *output;

	if (!g)
		return -1;
	output = qm_text(json_object_get(runtime(g), "execs"), key, NULL);
	if (!output)
		return sim_fail(call, 500, "Agent error: PID %s does not exist", key);
	call->data = json_pack("{s:i,s:i}", "exited", 1, "exitcode", 0);
	if (*output)
		(void)json_object_update_new(
			call->data, json_pack("{s:s,s:i}", "out-data", output, "out-truncated", 0));
	return 0;
}

static int post_file_write(struct sim_call *call)
{
	struct sim_guest *g = qm_agent_ready(call);

	if (!g)
		return -1;
	(void)json_object_set_new(json_object_get(runtime(g), "files"), sim_arg(call, "file"),
				  json_string(sim_arg(call, "content")));
	return 0;
}

static int get_file_read(struct sim_call *call)
{
	struct sim_guest *g = qm_agent_ready(call);
	const char *file = sim_arg(call, "file"), *content;

	if (!g)
		return -1;
	content = qm_text(json_object_get(runtime(g), "files"), file, NULL);
	if (!content)
		return sim_fail(
			call, 500,
			"Agent error: failed to open file '%s' (mode: 'r'): No such file or directory",
			file);
	call->data = json_pack("{s:s,s:I}", "content", content, "bytes-read",
			       (json_int_t)utf8_length(content));
	return 0;
}

static const struct sim_param exec_params[] = {
	{ .name = "command", .type = SIM_ARRAY, .flags = SIM_REQUIRED },
	{ .name = "input-data", .type = SIM_STR, .max = 65536 },
	{ .name = NULL },
};
static const struct sim_param status_params[] = {
	{ .name = "pid", .type = SIM_INT, .flags = SIM_REQUIRED },
	{ .name = NULL },
};
static const struct sim_param write_params[] = {
	{ .name = "file", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = "content", .type = SIM_STR, .flags = SIM_REQUIRED, .max = 61440 },
	{ .name = "encode", .type = SIM_BOOL },
	{ .name = NULL },
};
static const struct sim_param read_params[] = {
	{ .name = "file", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = "count", .type = SIM_INT, .min = 0, .max = 16 << 20 },
	{ .name = "offset", .type = SIM_INT, .min = 0, .max = INT64_MAX },
	{ .name = "decode", .type = SIM_BOOL },
	{ .name = NULL },
};

#define AGENT QM_GUEST "/agent"
#define ANY "/vms/{vmid} VM.GuestAgent.Unrestricted"

const struct sim_route qm_agent_exec_routes[] = {
	{ "POST", AGENT "/exec", post_exec, exec_params, NULL, ANY, 0 },
	{ "GET", AGENT "/exec-status", get_exec_status, status_params, NULL, ANY, 0 },
	{ "POST", AGENT "/file-write", post_file_write, write_params, NULL,
	  "/vms/{vmid} VM.GuestAgent.FileWrite|VM.GuestAgent.Unrestricted", 0 },
	{ "GET", AGENT "/file-read", get_file_read, read_params, NULL,
	  "/vms/{vmid} VM.GuestAgent.FileRead|VM.GuestAgent.Unrestricted", 0 },
	{ .method = NULL },
};
