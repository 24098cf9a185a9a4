/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_config.c - reading and writing a guest's configuration; pending changes. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

#define DEFAULT_DELAY_MS 100

static void add_common(json_t *config, struct sim_guest *g)
{
	qm_mask(config);
	if (g->lock)
		(void)json_object_set_new(config, "lock", json_string(g->lock));
	(void)json_object_set_new(config, "digest", json_string(sim_qemu_digest(g)));
}

static int get_config(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	const char *snapshot = sim_arg(call, "snapshot");
	json_t *saved;

	if (!g)
		return -1;
	if (snapshot) {
		saved = json_object_get(json_object_get(g->snapshots, snapshot), "config");
		if (!saved)
			return sim_fail(call, 500, "snapshot '%s' does not exist", snapshot);
		call->data = json_deep_copy(saved);
		qm_mask(call->data);
		(void)json_object_set_new(call->data, "digest", json_string(sim_qemu_digest(g)));
		return 0;
	}
	call->data = sim_arg_int(call, "current", 0) ? json_copy(g->config) : qm_merged(g);
	add_common(call->data, g);
	return 0;
}

static int get_pending(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	const char *key;
	json_t *value;

	if (!g)
		return -1;
	call->data = json_array();
	json_object_foreach (g->config, key, value) {
		json_t *row = json_pack("{s:s,s:o}", "key", key, "value", qm_shown(key, value));
		json_t *next = json_object_get(g->pending, key),
		       *gone = json_object_get(g->deleted, key);

		if (next)
			(void)json_object_set_new(row, "pending", qm_shown(key, next));
		if (gone)
			(void)json_object_set(row, "delete", gone);
		(void)json_array_append_new(call->data, row);
	}
	json_object_foreach (g->pending, key, value) {
		if (!json_object_get(g->config, key))
			(void)json_array_append_new(call->data,
						    json_pack("{s:s,s:o}", "key", key, "pending",
							      qm_shown(key, value)));
	}
	if (g->lock)
		(void)json_array_append_new(
			call->data, json_pack("{s:s,s:s}", "key", "lock", "value", g->lock));
	(void)json_array_append_new(
		call->data, json_pack("{s:s,s:s}", "key", "digest", "value", sim_qemu_digest(g)));
	return 0;
}

/* What PUT and POST have in common: everything up to the change itself. */
static struct sim_guest *prepare(struct sim_call *call, struct qm_change *ret)
{
	struct sim_guest *g = qm_guest(call);

	if (!g || sim_need_quorum(call) < 0 || qm_change_read(call, g, ret) < 0)
		return NULL;
	if (qm_need_unlocked(call, g) < 0 || qm_check_digest(call, g) < 0 ||
	    sim_wait_lock(call, g) < 0)
		return NULL;
	return g;
}

/* "net1: hotplug problem - ..." is an error of that parameter. */
static int hotplug_problem(struct sim_call *call, const char *why)
{
	auto_free char *key = pxc_strndup(why, strcspn(why, ":"));

	return sim_param_error(call, key, "%s\n", why + strlen(key) + 2);
}

static int put_config(struct sim_call *call)
{
	struct qm_change change = { .set = NULL };
	struct sim_guest *g = prepare(call, &change);
	struct pxc_err err;
	int rc = g ? qm_change_apply(call->sim, g, &change, &err) : -1;

	if (g && rc < 0)
		rc = sim_fail(call, 500, "%s", err.msg);
	if (rc > 0)
		rc = hotplug_problem(call, err.msg);
	qm_change_release(&change);
	return rc;
}

static void add_list(struct pxc_buf *line, const char *option, const json_t *names)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		buf_printf(line, i ? ",%s%s" : " -%s %s", i ? "" : option,
			   json_string_value(json_array_get(names, i)));
}

/* "update VM 101: -cores 1 -description async", secrets hidden. */
static void log_change(struct sim_task *task, const struct qm_change *change)
{
	auto_buf struct pxc_buf line = { .data = NULL };
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(change->set, &count);

	add_list(&line, "delete", change->remove);
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_object_get(change->set, keys[i]);

		if (!strcmp(keys[i], "cipassword") || !strcmp(keys[i], "sshkeys"))
			buf_printf(&line, " -%s <hidden>", keys[i]);
		else if (json_is_string(value))
			buf_printf(&line, " -%s %s", keys[i], json_string_value(value));
		else
			buf_printf(&line, " -%s %lld", keys[i],
				   (long long)json_integer_value(value));
	}
	add_list(&line, "revert", change->revert);
	sim_task_log(task, "update VM %u:%s", task->vmid, buf_str(&line));
}

static int64_t config_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	struct qm_change change = { .set = json_object_get(task->args, "set"),
				    .remove = json_object_get(task->args, "remove"),
				    .revert = json_object_get(task->args, "revert"),
				    .force = json_is_true(json_object_get(task->args, "force")) };
	const char *key;
	json_t *value;
	int64_t ms = DEFAULT_DELAY_MS, wait;
	struct pxc_err err;

	if (!g)
		return sim_task_fail(
			task, "Configuration file 'nodes/%s/qemu-server/%u.conf' does not exist",
			task->node->name, task->vmid);
	if (!g->busy || g->busy == task) {
		wait = sim_task_lock(task, g);
		if (wait != 0)
			return wait;
	}
	if (task->stage == 0) {
		json_object_foreach (change.set, key, value) {
			if (qm_is_drive(key))
				ms += qm_drive_ms(task->sim, g->node, json_string_value(value));
		}
		return ms;
	}
	log_change(task, &change);
	switch (qm_change_apply(task->sim, g, &change, &err)) {
	case 0:
		return 0;
	case 1:
		return sim_task_fail(task, "400 Parameter verification failed.\n%s", err.msg);
	default:
		return sim_task_fail(task, "%s", err.msg);
	}
}

static const struct sim_task_kind config_kind = { "qmconfig", config_work, NULL };

static int post_config(struct sim_call *call)
{
	struct qm_change change = { .set = NULL };
	struct sim_guest *g = prepare(call, &change);
	char id[16];
	int r = -1;

	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	if (g)
		r = sim_task_start(call, &config_kind, id, g->vmid,
				   json_pack("{s:O,s:O,s:O,s:b}", "set", change.set, "remove",
					     change.remove, "revert", change.revert, "force",
					     change.force));
	qm_change_release(&change);
	return r;
}

static bool format_configid(const char *name, const char *value, struct pxc_buf *why)
{
	size_t n = strlen(value);

	(void)name;
	if (n >= 2 &&
	    ((value[0] >= 'a' && value[0] <= 'z') || (value[0] >= 'A' && value[0] <= 'Z')) &&
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n)
		return true;
	buf_printf(why, "invalid configuration ID '%s'\n", value);
	return false;
}

static const struct sim_param get_params[] = {
	{ .name = "current", .type = SIM_BOOL },
	{ .name = "snapshot", .type = SIM_STR, .format = format_configid },
	{ .name = NULL }
};

static const struct sim_param change_params[] = {
	{ .name = "delete", .type = SIM_STR, .flags = SIM_LIST },
	{ .name = "revert", .type = SIM_STR, .flags = SIM_LIST },
	{ .name = "force", .type = SIM_BOOL },
	{ .name = "digest", .type = SIM_STR },
	{ .name = "skiplock", .type = SIM_BOOL },
	{ .name = "background_delay", .type = SIM_INT, .min = 1, .max = 30 },
	{ .name = "import-working-storage", .type = SIM_STR },
	{ .name = NULL },
};

const struct sim_route qm_config_routes[] = {
	{ "GET", QM_GUEST "/config", get_config, get_params, NULL, "/vms/{vmid} VM.Audit", 0 },
	{ "GET", QM_GUEST "/pending", get_pending, NULL, NULL, "/vms/{vmid} VM.Audit", 0 },
	{ "PUT", QM_GUEST "/config", put_config, change_params, qm_options, "user", 0 },
	{ "POST", QM_GUEST "/config", post_config, change_params, qm_options, "user", 0 },
	{ .method = NULL },
};
