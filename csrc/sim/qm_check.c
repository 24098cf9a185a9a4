/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_check.c - a change of a guest's options is checked as a whole before anything of it is done. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

void qm_change_release(struct qm_change *c)
{
	json_decref(c->set);
	json_decref(c->remove);
	json_decref(c->revert);
	*c = (struct qm_change){ .set = NULL };
}

json_t *qm_split(const char *text)
{
	json_t *list = json_array();

	for (const char *p = text; p && *p; p += strcspn(p, ",; ")) {
		size_t n;

		p += strspn(p, ",; ");
		n = strcspn(p, ",; ");
		if (n)
			(void)json_array_append_new(list, json_stringn(p, n));
	}
	return list;
}

static int check_remove(struct sim_call *call, const struct sim_guest *g, const struct qm_change *c)
{
	size_t i;
	json_t *name;

	json_array_foreach (c->remove, i, name) {
		const char *key = json_string_value(name);

		if (!qm_option(key))
			return sim_param_error(call, "delete", "unknown option '%s'", key);
		if (json_object_get(c->set, key))
			return sim_param_error(
				call, "delete",
				"you can't use '-%s' and -delete %s' at the same time", key, key);
		if (!qm_privilege(key, NULL) && !sim_is_root(call))
			return sim_fail(call, 500, "only root can set '%s' config", key);
		if (qm_is_drive(key) && qm_int(g->config, "protection", 0) &&
		    json_object_get(g->config, key))
			return sim_fail(call, 500,
					"can't remove drive '%s' - protection mode enabled", key);
	}
	json_array_foreach (c->revert, i, name) {
		const char *key = json_string_value(name);

		if (json_object_get(c->set, key))
			return sim_param_error(
				call, "delete",
				"you can't use '-%s' and -revert %s' at the same time", key, key);
	}
	return 0;
}

static int check_privileges(struct sim_call *call, const struct sim_guest *g,
			    const struct qm_change *c)
{
	const struct qm_owner owner = { .vmid = call->vmid };
	const char *key;
	size_t i;
	json_t *value;

	json_array_foreach (c->remove, i, value) {
		key = json_string_value(value);
		if (qm_need_option(call, &owner, key, qm_text(g->config, key, NULL)) < 0)
			return -1;
	}
	json_object_foreach (c->set, key, value) {
		if (qm_need_option(call, &owner, key, json_string_value(value)) < 0)
			return -1;
	}
	return qm_need_bridges(call, c->set);
}

static bool known_type(const char *text)
{
	static const char *const types[] = { "ssh-", "ecdsa-", "sk-" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strncmp(text, types[i], strlen(types[i])))
			return true;
	return false;
}

static int check_drives(struct sim_call *call, const struct qm_change *c)
{
	const char *key;
	json_t *value;

	json_object_foreach (c->set, key, value) {
		if (qm_is_drive(key) && qm_drive_check(call, key, json_string_value(value)) < 0)
			return -1;
	}
	return 0;
}

static int check_values(struct sim_call *call, const struct sim_guest *g, const struct qm_change *c)
{
	json_auto_t *after = qm_merged(g);
	const char *boot;

	(void)json_object_update(after, c->set);
	if (json_object_get(c->set, "sshkeys") && !known_type(qm_text(c->set, "sshkeys", "")))
		return sim_fail(call, 500, "SSH public key validation error");
	if ((uint64_t)qm_int(after, "balloon", 0) << 20 > qm_memory_bytes(after))
		return sim_fail(call, 500,
				"balloon value too large (must be smaller than assigned memory)");
	boot = qm_text(c->set, "boot", NULL);
	boot = boot ? strstr(boot, "order=") : NULL;
	for (boot = boot ? boot + 6 : NULL; boot && *boot && *boot != ',';) {
		char device[32];

		(void)snprintf(device, sizeof(device), "%.*s", (int)strcspn(boot, ";,"), boot);
		if (!json_object_get(after, device))
			return sim_fail(call, 500, "invalid bootorder: device '%s' does not exist'",
					device);
		boot += strcspn(boot, ";,");
		boot += *boot == ';';
	}
	return 0;
}

static bool is_cloudinit(const char *key, const json_t *value)
{
	return qm_is_drive(key) && json_is_string(value) &&
	       strstr(json_string_value(value), "cloudinit");
}

/* A guest has one cloud-init drive. */
static int check_cloudinit(struct sim_call *call, const struct sim_guest *g,
			   const struct qm_change *c)
{
	json_auto_t *after = qm_merged(g);
	const char *key, *other;
	json_t *value, *another;
	size_t i;

	json_array_foreach (c->remove, i, value)
		(void)json_object_del(after, json_string_value(value));
	(void)json_object_update(after, c->set);
	json_object_foreach (c->set, key, value) {
		if (!is_cloudinit(key, value))
			continue;
		json_object_foreach (after, other, another) {
			if (strcmp(other, key) != 0 && is_cloudinit(other, another))
				return sim_fail(call, 500,
						"%s - cloud-init drive is already attached at '%s'",
						key, other);
		}
	}
	return 0;
}

int qm_change_read(struct sim_call *call, struct sim_guest *g, struct qm_change *ret)
{
	const char *key;
	json_t *value;

	*ret = (struct qm_change){ .set = json_object(),
				   .remove = qm_split(sim_arg(call, "delete")),
				   .revert = qm_split(sim_arg(call, "revert")),
				   .force = sim_arg_int(call, "force", 0) != 0 };
	json_object_foreach (call->params, key, value) {
		if (qm_option(key))
			(void)json_object_set(ret->set, key, value);
	}
	if (sim_arg_int(call, "skiplock", 0) && !sim_is_root(call))
		return sim_param_error(call, "skiplock", "Only root may use this option.");
	if (json_object_size(ret->set) + json_array_size(ret->remove) +
		    json_array_size(ret->revert) ==
	    0)
		return sim_fail(call, 500, "no options specified");
	if (check_remove(call, g, ret) < 0 || check_drives(call, ret) < 0 ||
	    check_privileges(call, g, ret) < 0 || check_values(call, g, ret) < 0 ||
	    check_cloudinit(call, g, ret) < 0)
		return -1;
	return 0;
}
