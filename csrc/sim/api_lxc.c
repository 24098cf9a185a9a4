/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_lxc.c - /nodes/{node}/lxc: lists, state, configuration, power and moves of containers. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/ha.h"
#include "sim/lxc.h"
#include "sim/qm.h"

#define LXC_GUEST "/nodes/{node}/lxc/{vmid}"
#define START_MS 2000
#define STOP_MS 1000

static json_t *list_entry(const struct sim_guest *ct)
{
	json_t *o = lxc_summary(ct);
	int64_t uptime = ct->run == SIM_STOPPED ? 0 : (ct->sim->now_ms - ct->started_ms) / 1000;
	struct sim_use use;

	sim_guest_use(ct, &use);
	(void)json_object_del(o, "template");
	(void)json_object_set(o, "cpus", json_object_get(o, "maxcpu"));
	(void)json_object_del(o, "maxcpu");
	(void)json_object_update_new(
		o, json_pack("{s:s,s:i,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "type", "lxc", "vmid",
			     (int)ct->vmid, "uptime", (json_int_t)uptime, "mem",
			     (json_int_t)use.mem_bytes, "maxswap",
			     (json_int_t)(qm_int(ct->config, "swap", 512) << 20), "disk",
			     (json_int_t)0, "netin", (json_int_t)(uptime * SIM_NETIN_RATE),
			     "netout", (json_int_t)(uptime * SIM_NETOUT_RATE), "diskread",
			     (json_int_t)(uptime * SIM_DISKREAD_RATE), "diskwrite",
			     (json_int_t)(uptime * SIM_DISKWRITE_RATE)));
	(void)json_object_set_new(o, "swap", json_integer(0));
	(void)json_object_set_new(o, "cpu", use.cpu > 0 ? json_real(use.cpu) : json_integer(0));
	if (ct->lock)
		(void)json_object_set_new(o, "lock", json_string(ct->lock));
	if (ct->run == SIM_STOPPED)
		return o;
	(void)json_object_set_new(o, "pid", json_integer(ct->pid));
	sim_add_pressure(o, use.stall);
	(void)json_object_del(o, "pressurecpufull");
	return o;
}

static int get_list(struct sim_call *call)
{
	call->data = json_array();
	for (size_t i = 0; i < call->sim->guest_count; i++) {
		const struct sim_guest *g = call->sim->guests[i];

		if (g->container && g->node == call->node && sim_may_vm(call, g->vmid, "VM.Audit"))
			(void)json_array_append_new(call->data, list_entry(g));
	}
	return 0;
}

static int get_index(struct sim_call *call)
{
	return sim_answer_index(call, "subdir", "config interfaces status migrate rrddata");
}

static int get_current(struct sim_call *call)
{
	const struct sim_guest *ct = lxc_guest(call);

	if (!ct)
		return -1;
	call->data = list_entry(ct);
	(void)json_object_set_new(call->data, "ha", sim_ha_entry(call->sim, ct->vmid));
	return 0;
}

static int get_config(struct sim_call *call)
{
	struct sim_guest *ct = lxc_guest(call);

	if (!ct)
		return -1;
	call->data = json_copy(ct->config);
	(void)json_object_set_new(call->data, "digest", json_string(sim_qemu_digest(ct)));
	return 0;
}

/* "10.0.0.5/24" as one more address of an interface. What DHCP or router advertisements gave is not known here. */
static void add_address(json_t *iface, const char *text, bool v6)
{
	const char *slash = text ? strchr(text, '/') : NULL;

	if (!slash)
		return;
	(void)json_array_append_new(json_object_get(iface, "ip-addresses"),
				    json_pack("{s:s%, s:i, s:s}", "ip-address", text,
					      (size_t)(slash - text), "prefix",
					      (int)strtol(slash + 1, NULL, 10), "ip-address-type",
					      v6 ? "inet6" : "inet"));
	(void)json_object_set_new(iface, v6 ? "inet6" : "inet", json_string(text));
}

static json_t *interface(const char *name, const char *mac, const char *ip, const char *ip6)
{
	json_t *iface = json_pack("{s:s, s:s, s:s, s:[]}", "name", name, "hwaddr", mac,
				  "hardware-address", mac, "ip-addresses");

	add_address(iface, ip, false);
	add_address(iface, ip6, true);
	return iface;
}

/* By the schema; PVE looks into the network namespace of the container, and answers null when there is none. */
static int get_interfaces(struct sim_call *call)
{
	const struct sim_guest *ct = lxc_guest(call);

	if (!ct)
		return -1;
	if (ct->run == SIM_STOPPED)
		return 0;
	call->data =
		json_pack("[o]", interface("lo", "00:00:00:00:00:00", "127.0.0.1/8", "::1/128"));
	for (unsigned slot = 0; slot < 32; slot++) {
		json_auto_t *card = NULL;
		char key[16], mac[18];

		(void)snprintf(key, sizeof(key), "net%u", slot);
		if (!*qm_text(ct->config, key, ""))
			continue;
		card = prop_parse(qm_text(ct->config, key, ""), NULL);
		(void)snprintf(mac, sizeof(mac), "bc:24:11:%02x:%02x:%02x", ct->vmid >> 8 & 0xff,
			       ct->vmid & 0xff, slot);
		(void)json_array_append_new(call->data, interface(qm_text(card, "name", key),
								  qm_text(card, "hwaddr", mac),
								  qm_text(card, "ip", ""),
								  qm_text(card, "ip6", "")));
	}
	return 0;
}

static int64_t power_work(struct sim_task *task)
{
	struct sim_guest *ct = sim_guest_find(task->sim, task->vmid);
	bool start = !strcmp(task->kind->type, "vzstart");

	if (!ct || ct->node != task->node)
		return sim_task_fail(task,
				     "Configuration file 'nodes/%s/lxc/%u.conf' does not exist",
				     task->node->name, task->vmid);
	if (ct->lock)
		return sim_task_fail(task, "CT is locked (%s)", ct->lock);
	if (start && ct->run != SIM_STOPPED)
		return sim_task_fail(task, "CT %u already running", ct->vmid);
	if (!start && ct->run == SIM_STOPPED)
		return sim_task_fail(task, "CT %u not running", ct->vmid);
	if (task->stage == 0)
		return start ? START_MS : STOP_MS;
	qm_run(ct, start ? SIM_RUNNING : SIM_STOPPED);
	return 0;
}

const struct sim_task_kind lxc_start_kind = { "vzstart", power_work, NULL };
const struct sim_task_kind lxc_stop_kind = { "vzstop", power_work, NULL };
const struct sim_task_kind lxc_shutdown_kind = { "vzshutdown", power_work, NULL };

static int begin(struct sim_call *call, const struct sim_task_kind *kind, json_t *args)
{
	char id[16];

	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	return sim_task_start(call, kind, id, call->vmid, args);
}

static int post_start(struct sim_call *call)
{
	if (!lxc_guest(call))
		return -1;
	return qm_ask_ha(call, true, 0) ? 0 : begin(call, &lxc_start_kind, NULL);
}

static int post_stop(struct sim_call *call)
{
	if (!lxc_guest(call))
		return -1;
	return qm_ask_ha(call, false, 0) ? 0 : begin(call, &lxc_stop_kind, NULL);
}

static int post_shutdown(struct sim_call *call)
{
	if (!lxc_guest(call))
		return -1;
	return qm_ask_ha(call, false, sim_arg_int(call, "timeout", 60))
		       ? 0
		       : begin(call, &lxc_shutdown_kind, NULL);
}

static int post_migrate(struct sim_call *call)
{
	const char *target = sim_arg(call, "target");
	const struct sim_guest *ct;
	bool online = sim_arg_int(call, "online", 0) != 0,
	     restart = sim_arg_int(call, "restart", 0) != 0;

	if (!strcmp(target, call->node->name))
		return sim_param_error(call, "target", "target is local node.");
	if (sim_need_quorum(call) < 0)
		return -1;
	if (!sim_node_find(call->sim, target))
		return sim_fail(call, 500, "no such cluster node '%s'", target);
	ct = lxc_guest(call);
	if (!ct)
		return -1;
	if (sim_ha_managed(call->sim, ct->vmid))
		return begin(call, &qm_hamigrate_kind, json_pack("{s:s}", "target", target));
	if (ct->lock)
		return sim_fail(call, 500, "CT is locked (%s)", ct->lock);
	if (ct->run != SIM_STOPPED && !online && !restart)
		return sim_fail(call, 500,
				"can't migrate running container without --online or --restart");
	return begin(call, &lxc_migrate_kind,
		     json_pack("{s:s,s:i,s:i}", "target", target, "online", (int)online, "restart",
			       (int)restart));
}

static const struct sim_param migrate_params[] = {
	{ .name = "target", .flags = SIM_REQUIRED }, { .name = "online", .type = SIM_BOOL },
	{ .name = "restart", .type = SIM_BOOL },     { .name = "timeout", .type = SIM_INT },
	{ .name = "bwlimit", .type = SIM_NUM },      { 0 },
};
static const struct sim_param shutdown_params[] = {
	{ .name = "timeout", .type = SIM_INT },
	{ .name = "forceStop", .type = SIM_BOOL },
	{ 0 },
};
#define AUDIT "/vms/{vmid} VM.Audit"
#define POWER "/vms/{vmid} VM.PowerMgmt"

const struct sim_route sim_lxc_routes[] = {
	{ "GET", "/nodes/{node}/lxc", get_list, NULL, NULL, "user", 0 },
	{ "GET", LXC_GUEST, get_index, NULL, NULL, "user", 0 },
	{ "GET", LXC_GUEST "/status/current", get_current, NULL, NULL, AUDIT, 0 },
	{ "GET", LXC_GUEST "/config", get_config, NULL, NULL, AUDIT, 0 },
	{ "GET", LXC_GUEST "/interfaces", get_interfaces, NULL, NULL, AUDIT, 0 },
	{ "POST", LXC_GUEST "/status/start", post_start, NULL, NULL, POWER, 0 },
	{ "POST", LXC_GUEST "/status/stop", post_stop, NULL, NULL, POWER, 0 },
	{ "POST", LXC_GUEST "/status/shutdown", post_shutdown, shutdown_params, NULL, POWER, 0 },
	{ "POST", LXC_GUEST "/migrate", post_migrate, migrate_params, NULL,
	  "/vms/{vmid} VM.Migrate", 0 },
	{ 0 },
};
