/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_view.c - what the API shows of SDN: configured, running, or running with what is pending. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"
#include "sim/sdn.h"

/* Keys that the pending view does not put under "pending", since they cannot change. */
static bool outside(const char *key)
{
	return !strcmp(key, "type") || !strcmp(key, "vnet");
}

/* Running values, "state" and a map of what would become of them. NULL when the section is in neither. New. */
static json_t *pending_view(const json_t *running, const json_t *config)
{
	json_t *shown = running ? json_copy((json_t *)(uintptr_t)running) : json_object();
	json_t *pending, *value;
	const char *state = NULL, *key;

	if (!running && !config) {
		json_decref(shown);
		return NULL;
	}
	if (running == config)
		return shown;
	pending = json_object();
	json_object_foreach ((json_t *)(uintptr_t)running, key, value) {
		if (!config)
			continue;
		if (!json_object_get(config, key)) {
			json_object_set_new(pending, key, json_string("deleted"));
			state = "changed";
		}
	}
	json_object_foreach ((json_t *)(uintptr_t)config, key, value) {
		if (outside(key)) {
			json_object_set(shown, key, value);
		} else if (!json_equal(json_object_get(running, key), value)) {
			json_object_set(pending, key, value);
			state = "changed";
		}
	}
	if (!running || !config)
		state = running ? "deleted" : "new";
	if (state) {
		json_object_set_new(shown, "state", json_string(state));
		json_object_set(shown, "pending", pending);
	}
	json_decref(pending);
	return shown;
}

/* "start-address=A,end-address=B" as objects. */
static void show_ranges(json_t *shown)
{
	const json_t *ranges = json_object_get(shown, "dhcp-range");
	json_t *list = json_array(), *range;
	size_t i;

	json_array_foreach (ranges, i, range) {
		char start[64], end[64];

		if (sdn_range(json_string_value(range), start, end))
			json_array_append_new(list, json_pack("{s:s, s:s}", "start-address", start,
							      "end-address", end));
	}
	json_object_set_new(shown, "dhcp-range", list);
}

static json_t *decorate(json_t *shown, enum sdn_kind kind, const char *id, const char *digest)
{
	json_object_set_new(shown, sdn_key(kind), json_string(id));
	json_object_set_new(shown, "digest", digest ? json_string(digest) : json_null());
	if (kind != SDN_SUBNET)
		return shown;
	json_object_set_new(shown, "id", json_string(id));
	sdn_subnet_fields(id, shown);
	show_ranges(shown);
	return shown;
}

static json_t *show(const struct sim_call *call, enum sdn_kind kind, const char *id,
		    const char *digest)
{
	const json_t *config = sdn_find(call->sim, kind, id);
	const json_t *running = json_object_get(sdn_running(call->sim, kind), id);
	json_t *shown;

	if (sim_arg_int(call, "pending", 0))
		shown = pending_view(running, config);
	else if (sim_arg_int(call, "running", 0))
		shown = running ? json_copy((json_t *)(uintptr_t)running) : NULL;
	else
		shown = config ? json_copy((json_t *)(uintptr_t)config) : NULL;
	return shown ? decorate(shown, kind, id, digest) : NULL;
}

/* Only the plain view has a digest. */
static const char *digest_of(const struct sim_call *call, enum sdn_kind kind, char digest[41])
{
	if (sim_arg_int(call, "pending", 0) || sim_arg_int(call, "running", 0))
		return NULL;
	sdn_digest(call->sim, kind, digest);
	return digest;
}

json_t *sdn_show(const struct sim_call *call, enum sdn_kind kind, const char *id)
{
	char digest[41];

	return show(call, kind, id, digest_of(call, kind, digest));
}

/* Only the subnets of the vnet that is asked about are worth a look: there may be thousands of others. */
static void gather(const struct sim_call *call, enum sdn_kind kind, const json_t *from, json_t *all)
{
	const char *vnet = kind == SDN_SUBNET ? sim_arg(call, "vnet") : NULL, *id;
	json_t *section;

	json_object_foreach ((json_t *)(uintptr_t)from, id, section)
		if (!vnet || str_eq(sdn_str(section, "vnet"), vnet))
			json_object_set(all, id, section);
}

int sdn_answer_list(struct sim_call *call, enum sdn_kind kind, sdn_filter *filter)
{
	json_auto_t *all = json_object();
	auto_free const char **ids = NULL;
	char text[41];
	const char *digest = digest_of(call, kind, text);
	size_t count = 0;

	gather(call, kind, call->sim->sdn->config[kind], all);
	gather(call, kind, sdn_running(call->sim, kind), all);
	ids = qm_sorted_keys(all, &count);
	call->data = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *shown = show(call, kind, ids[i], digest);

		if (shown && filter(call, ids[i], shown))
			json_array_append(call->data, shown);
		json_decref(shown);
	}
	return 0;
}

int sdn_missing(struct sim_call *call, enum sdn_kind kind, const char *id)
{
	return sim_fail(call, 500, "sdn %s%s'%s' does not exist",
			kind == SDN_VNET || kind == SDN_SUBNET ? sdn_key(kind) : "",
			kind == SDN_VNET || kind == SDN_SUBNET ? " " : "", id);
}

int sdn_answer_one(struct sim_call *call, enum sdn_kind kind, const char *id)
{
	call->data = sdn_show(call, kind, id);
	return call->data ? 0 : sdn_missing(call, kind, id);
}

const struct sim_param sdn_view_params[] = {
	{ .name = "pending", .type = SIM_BOOL },
	{ .name = "running", .type = SIM_BOOL },
	{ 0 },
};
