/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_ha_status.c - /cluster/ha/status: what manager and LRMs say, and the switch of the whole stack. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/areas.h"
#include "sim/ha_manager.h"

#define DEAD_MS 30000
#define IDLE_ROUNDS 90

static void clock_text(int64_t ms, char text[32])
{
	time_t now = (time_t)(ms / 1000);
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)strftime(text, 32, "%a %b %e %H:%M:%S %Y", &tm);
}

/* Does a master hold the lock, and with it the watchdog? */
static bool at_work(const struct sim *sim)
{
	return sim->crm->master && sim->crm->idle_rounds < IDLE_ROUNDS;
}

static const char *age(const struct sim *sim, int64_t written_ms, const char *otherwise)
{
	return sim->now_ms - written_ms > DEAD_MS ? "old timestamp - dead?" : otherwise;
}

static json_t *master(const struct sim *sim)
{
	const struct sim_crm *crm = sim->crm;
	const char *status = age(sim, crm->written_ms, "active");
	char when[32];

	if (strcmp(status, "active") != 0 && sim->quorate && !sim->ha.count)
		status = "idle";
	clock_text(crm->written_ms, when);
	return json_pack("{s:s,s:s,s:s,s:o,s:I}", "id", "master", "type", "master", "node",
			 crm->master->name, "status",
			 json_sprintf("%s (%s, %s)", crm->master->name, status, when), "timestamp",
			 (json_int_t)(crm->written_ms / 1000));
}

static json_t *fencing(const struct sim *sim, const struct sim_node *node)
{
	static const char *const names[] = {
		[HA_ARMED] = "armed", [HA_DISARMING] = "disarming", [HA_DISARMED] = "disarmed"
	};
	const struct sim_crm *crm = sim->crm;
	bool armed = crm->arm != HA_DISARMED && at_work(sim);
	const char *state = crm->arm == HA_ARMED && !armed ? "standby" : names[crm->arm];
	json_t *entry =
		json_pack("{s:s,s:s,s:s,s:o,s:s}", "id", "fencing", "type", "fencing", "node",
			  at_work(sim) ? crm->master->name : node->name, "status",
			  json_sprintf("%s (CRM watchdog %s)", state, armed ? "active" : "standby"),
			  "armed-state", state);

	if (crm->arm != HA_ARMED)
		json_object_set_new(entry, "resource_mode", json_string(crm->resource_mode));
	return entry;
}

static const char *lrm_mode(const struct ha_node *n)
{
	return n->wants_maintenance ? "maintenance" : "active";
}

static json_t *lrm(const struct sim *sim, size_t i)
{
	const struct ha_node *n = &sim->crm->nodes[i];
	const char *name = sim->nodes[i].name, *status, *dog;
	char when[32];

	clock_text(n->alive_ms, when);
	if (n->wants_maintenance)
		status = "maintenance mode";
	else
		status = n->lrm_active ? "active" : "idle";
	status = age(sim, n->alive_ms, status);
	dog = sim->options.pve == 8 ? ""
	      : n->lrm_active       ? "watchdog active, "
				    : "watchdog standby, ";
	return json_pack("{s:o,s:s,s:s,s:o,s:I}", "id", json_sprintf("lrm:%s", name), "type", "lrm",
			 "node", name, "status",
			 json_sprintf("%s (%s, %s%s)", name, status, dog, when), "timestamp",
			 (json_int_t)(n->alive_ms / 1000));
}

/* The manager's state in the light of what is asked for. */
static const char *verbose(const struct sim_ha *ha)
{
	if (!strcmp(ha->state, "ignored"))
		return "ignored";
	if (!*ha->crm)
		return "queued";
	if (ha_is(ha, "stopped"))
		return !strcmp(ha->state, "started")    ? "starting"
		       : !strcmp(ha->state, "disabled") ? "disabled"
							: "stopped";
	if (ha_is(ha, "started") && !ha->running)
		return "starting";
	if (ha_is(ha, "started") && strcmp(ha->state, "started") != 0)
		return "stopping";
	if (ha_is(ha, "error") && !strcmp(ha->state, "disabled"))
		return "clearing error flag";
	return ha->crm;
}

static json_t *service(const struct sim *sim, const struct sim_ha *ha)
{
	static const char *const fields[] = { "comment", "group" };
	const struct sim_guest *guest = sim_guest_find(sim, ha->vmid);
	const char *node = ha->node ? ha->node->name : guest ? guest->node->name : "";
	json_t *entry =
		json_pack("{s:o,s:o,s:s,s:s,s:s,s:s,s:I,s:I}", "id",
			  json_sprintf("service:%s", ha->sid), "sid", json_string(ha->sid), "type",
			  "service", "node", node, "state", verbose(ha), "request_state", ha->state,
			  "max_restart", (json_int_t)ha_option(ha, "max_restart", 1),
			  "max_relocate", (json_int_t)ha_option(ha, "max_relocate", 1));

	if (sim->options.pve != 8)
		json_object_set_new(entry, "failback", json_integer(ha_option(ha, "failback", 1)));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (json_object_get(ha->config, fields[i]))
			json_object_set(entry, fields[i], json_object_get(ha->config, fields[i]));
	json_object_set_new(entry, "status",
			    json_sprintf("%s (%s, %s)", ha->sid, node, verbose(ha)));
	if (*ha->crm)
		json_object_set_new(entry, "crm_state", json_string(ha->crm));
	return entry;
}

static int get_current(struct sim_call *call)
{
	const struct sim *sim = call->sim;
	const char *node = call->node->name;
	json_t *quorum =
		sim->quorate ? json_string("OK") : json_sprintf("No quorum on node '%s'!", node);

	call->data = json_array();
	json_array_append_new(call->data, json_pack("{s:s,s:s,s:s,s:o,s:i}", "id", "quorum", "type",
						    "quorum", "node", node, "status", quorum,
						    "quorate", (int)sim->quorate));
	if (sim->crm->master)
		json_array_append_new(call->data, master(sim));
	if (sim->options.pve != 8)
		json_array_append_new(call->data, fencing(sim, call->node));
	for (size_t i = 0; sim->crm->master && i < sim->node_count; i++)
		json_array_append_new(call->data, lrm(sim, i));
	for (size_t i = 0; i < sim->ha.count; i++)
		json_array_append_new(call->data, service(sim, sim->ha.entries[i].value));
	return 0;
}

static json_t *service_status(const struct sim *sim)
{
	json_t *all = json_object();

	for (size_t i = 0; i < sim->ha.count; i++) {
		const struct sim_ha *ha = sim->ha.entries[i].value;
		json_t *entry;

		if (!*ha->crm)
			continue;
		entry = json_pack("{s:s,s:s,s:s*,s:s*}", "state", ha->crm, "node", ha->node->name,
				  "target", ha->target ? ha->target->name : NULL,
				  "maintenance_node", ha->back ? ha->back->name : NULL);
		if (ha->running)
			json_object_set_new(entry, "running", json_integer(1));
		json_object_set_new(all, sim->ha.entries[i].key, entry);
	}
	return all;
}

static json_t *manager_status(const struct sim *sim)
{
	json_t *nodes = json_object(), *requests = json_object(), *all;

	for (size_t i = 0; sim->crm->master && i < sim->node_count; i++) {
		const struct sim_node *node = &sim->nodes[i];

		json_object_set_new(nodes, node->name, json_string(sim_ha_node_state(sim, node)));
		if (sim->crm->nodes[i].wants_maintenance)
			json_object_set_new(requests, node->name,
					    json_pack("{s:i}", "maintenance", 1));
	}
	all = json_pack("{s:o}", "node_status", nodes);
	if (sim->crm->master) {
		json_object_set_new(all, "master_node", json_string(sim->crm->master->name));
		json_object_set_new(all, "timestamp", json_integer(sim->crm->written_ms / 1000));
		json_object_set_new(all, "service_status", service_status(sim));
	}
	if (json_object_size(requests))
		json_object_set(all, "node_request", requests);
	json_decref(requests);
	return all;
}

static int get_manager_status(struct sim_call *call)
{
	const struct sim *sim = call->sim;
	json_t *lrms = json_object();

	for (size_t i = 0; sim->crm->master && i < sim->node_count; i++) {
		const struct ha_node *n = &sim->crm->nodes[i];

		json_object_set_new(lrms, sim->nodes[i].name,
				    json_pack("{s:s,s:s,s:I,s:{}}", "mode", lrm_mode(n), "state",
					      n->lrm_active ? "active" : "wait_for_agent_lock",
					      "timestamp", (json_int_t)(n->alive_ms / 1000),
					      "results"));
	}
	call->data = json_pack("{s:o,s:{s:s,s:s}}", "manager_status", manager_status(sim), "quorum",
			       "node", call->node->name, "quorate", sim->quorate ? "1" : "0");
	if (json_object_size(lrms))
		json_object_set(call->data, "lrm_status", lrms);
	json_decref(lrms);
	return 0;
}

static int get_index(struct sim_call *call)
{
	return sim_answer_index(call, "name",
				call->sim->options.pve == 8 ? "current manager_status"
							    : "arm-ha current disarm-ha "
							      "manager_status");
}

static int command(struct sim_call *call, const char *text)
{
	if (!call->sim->quorate)
		return sim_fail(call, 500, "cfs-lock 'domain-ha' error: no quorum!");
	return sim_ha_command(call->sim, text);
}

static int post_disarm(struct sim_call *call)
{
	auto_free char *text = pxc_printf("disarm-ha %s", sim_arg(call, "resource-mode"));

	return command(call, text);
}

static int post_arm(struct sim_call *call)
{
	return command(call, "arm-ha");
}

static const struct sim_param disarm_post[] = {
	{ .name = "resource-mode", .flags = SIM_REQUIRED, .choices = "freeze, ignore" },
	{ 0 },
};

#define STATUS "/cluster/ha/status"

const struct sim_route sim_ha_status_routes[] = {
	{ "GET", STATUS, get_index, NULL, NULL, "user", 0 },
	{ "GET", STATUS "/current", get_current, NULL, NULL, "/ Sys.Audit", 0 },
	{ "GET", STATUS "/manager_status", get_manager_status, NULL, NULL, "/ Sys.Audit", 0 },
	{ "POST", STATUS "/disarm-ha", post_disarm, disarm_post, NULL, "/ Sys.Console", SIM_PVE9 },
	{ "POST", STATUS "/arm-ha", post_arm, NULL, NULL, "/ Sys.Console", SIM_PVE9 },
	{ 0 },
};
