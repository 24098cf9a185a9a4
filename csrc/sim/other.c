/* SPDX-License-Identifier: GPL-3.0-or-later */
/* other.c - pages outside /api2: the start page, and /sim/..., by which tests move time and break things. */
#include <stdio.h>
#include <string.h>

#include "sim/ha.h"
#include "sim/request.h"

static void json_reply(struct sim_reply *reply, int status, json_t *body)
{
	reply->status = status;
	snprintf(reply->reason, sizeof(reply->reason), "%s", status == 200 ? "OK" : "refused");
	reply->content_type = pxc_strdup("application/json;charset=UTF-8");
	reply->body = json_dumps(body, JSON_SORT_KEYS | JSON_INDENT(1));
	reply->body_len = strlen(reply->body);
	reply->close = status >= 400;
	json_decref(body);
}

static const char *arg(const json_t *params, const char *name)
{
	const char *value = json_string_value(json_object_get(params, name));

	return value ? value : "";
}

/* As `qm set --lock` or `qm unlock` would on the node: what no API call can do. */
static int set_lock(struct sim *sim, const json_t *params)
{
	struct sim_guest *guest =
		sim_guest_find(sim, (unsigned)strtoul(arg(params, "vmid"), NULL, 10));

	if (!guest)
		return -1;
	sim_guest_set_lock(guest, arg(params, "lock"));
	return 0;
}

/* As root's `qm set` on the node: an option that the API takes from root alone. */
static int set_config(struct sim *sim, const json_t *params)
{
	struct sim_guest *guest =
		sim_guest_find(sim, (unsigned)strtoul(arg(params, "vmid"), NULL, 10));

	if (!guest)
		return -1;
	json_object_set_new(guest->config, arg(params, "key"), json_string(arg(params, "value")));
	sim_guest_touch(guest);
	return 0;
}

/* Whether a system runs in the guest that reacts to ACPI and has an agent. */
static int set_deaf(struct sim *sim, const json_t *params)
{
	struct sim_guest *guest =
		sim_guest_find(sim, (unsigned)strtoul(arg(params, "vmid"), NULL, 10));

	if (!guest)
		return -1;
	guest->deaf = !strcmp(arg(params, "deaf"), "1");
	return 0;
}

/* Another load for a guest: numbers by name, see load.h. */
static int set_load(struct sim *sim, json_t *params)
{
	struct sim_guest *guest =
		sim_guest_find(sim, (unsigned)strtoul(arg(params, "vmid"), NULL, 10));
	json_auto_t *spec = json_object();
	struct pxc_err err;
	const char *key;
	json_t *value;

	if (!guest)
		return -1;
	json_object_foreach (params, key, value)
		if (strcmp(key, "vmid") != 0)
			json_object_set_new(spec, key,
					    json_real(strtod(json_string_value(value), NULL)));
	if (sim_load_read(&guest->load, spec, &err) < 0)
		return -1;
	sim->loads_move = sim->loads_move || sim_load_moves(&guest->load);
	sim_guest_touch(guest);
	return 0;
}

/* Whether ifreload works on the node: what its next reload of SDN comes to. */
static int set_sdn(struct sim *sim, const json_t *params)
{
	struct sim_node *node = sim_node_find(sim, arg(params, "node"));

	if (!node)
		return -1;
	node->reload_fails = !strcmp(arg(params, "reload"), "fail");
	return 0;
}

static int set_faults(struct sim *sim, const struct sim_request *request)
{
	auto_free char *text =
		pxc_strndup(request->body_len ? request->body : "", request->body_len);
	struct sim_faults *faults;
	struct pxc_err err = { 0 };

	if (sim_faults_parse(text, &faults, &err) < 0)
		return -1;
	sim_faults_free(sim->faults);
	sim->faults = faults;
	sim_faults_tick(sim);
	return 0;
}

static void control(struct sim *sim, const struct sim_request *request, const char *path,
		    struct sim_reply *reply)
{
	const char *query = strchr(request->target, '?');
	json_auto_t *params = json_object();
	int done = 0;

	if (query)
		sim_form_decode(query + 1, strlen(query + 1), params);
	if (!strcmp(path, "/sim/dump")) {
		json_reply(reply, 200, sim_dump(sim));
		return;
	}
	if (!strcmp(path, "/sim/advance"))
		sim_advance(sim, strtoll(arg(params, "ms"), NULL, 10));
	else if (!strcmp(path, "/sim/event"))
		done = sim_event(sim, arg(params, "event"), arg(params, "node"));
	else if (!strcmp(path, "/sim/lock"))
		done = set_lock(sim, params);
	else if (!strcmp(path, "/sim/config"))
		done = set_config(sim, params);
	else if (!strcmp(path, "/sim/guest"))
		done = set_deaf(sim, params);
	else if (!strcmp(path, "/sim/load"))
		done = set_load(sim, params);
	else if (!strcmp(path, "/sim/sdn"))
		done = set_sdn(sim, params);
	else if (!strcmp(path, "/sim/ha/crm-command"))
		done = sim_ha_command(sim, arg(params, "command"));
	else if (!strcmp(path, "/sim/faults"))
		done = set_faults(sim, request);
	else if (strcmp(path, "/sim/now"))
		done = -1;
	json_reply(reply, done < 0 ? 400 : 200,
		   json_pack("{s:I, s:I, s:I}", "now_ms", (json_int_t)sim->now_ms, "running",
			     (json_int_t)(sim->running != NULL), "requests",
			     (json_int_t)sim->requests));
}

void sim_other_page(struct sim *sim, const struct sim_request *request, struct sim_reply *reply)
{
	auto_free char *path = pxc_strndup(request->target, strcspn(request->target, "?"));

	if (str_starts(path, "/sim/"))
		control(sim, request, path, reply);
	else if (!strcmp(path, "/"))
		sim_reply_plain(
			reply, 200, "text/html; charset=utf-8", "OK",
			"<!DOCTYPE html>\n<title>pxcsim</title>\n<p>A simulated Proxmox VE cluster.\n");
	else
		sim_reply_plain(reply, 501, NULL, "no such page", "no such page");
}
