/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_status.c - what a guest is doing: lists, status/current, the index. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/ha.h"
#include "sim/qm.h"
#include "sim/sdn.h"

/* A guest's list entry: GET /nodes/{n}/qemu. Also the head of status/current. */
static json_t *list_entry(const struct sim_guest *g, bool full)
{
	json_t *o = sim_qemu_summary(g);
	int64_t uptime = g->run == SIM_STOPPED ? 0 : (g->sim->now_ms - g->started_ms) / 1000;
	struct sim_use use;

	sim_guest_use(g, &use);
	(void)json_object_set_new(o, "vmid", json_integer(g->vmid));
	(void)json_object_set_new(o, "cpus", json_incref(json_object_get(o, "maxcpu")));
	(void)json_object_del(o, "maxcpu");
	(void)json_object_set_new(o, "uptime", json_integer(uptime));
	(void)json_object_set_new(o, "cpu", use.cpu > 0 ? json_real(use.cpu) : json_integer(0));
	(void)json_object_set_new(o, "disk", json_integer(0));
	(void)json_object_set_new(o, "netin", json_integer(0));
	(void)json_object_set_new(o, "netout", json_integer(0));
	(void)json_object_set_new(o, "mem", json_integer((json_int_t)use.mem_bytes));
	if (!qm_template(g))
		(void)json_object_del(o, "template");
	if (g->lock)
		(void)json_object_set_new(o, "lock", json_string(g->lock));
	if (g->run != SIM_STOPPED)
		(void)json_object_set_new(o, "pid", json_integer(g->pid));
	if (g->run != SIM_STOPPED && !sdn_old(g->sim))
		sim_add_pressure(o, use.stall);
	if (!full)
		return o;
	(void)json_object_set_new(o, "memhost", json_integer((json_int_t)use.host_bytes));
	(void)json_object_set_new(o, "qmpstatus", json_string(qm_qmpstatus(g)));
	if (json_object_get(g->config, "serial0"))
		(void)json_object_set_new(o, "serial", json_integer(1));
	return o;
}

static int get_list(struct sim_call *call)
{
	bool full = sim_arg_int(call, "full", 0) != 0;

	call->data = json_array();
	for (size_t i = 0; i < call->sim->guest_count; i++) {
		const struct sim_guest *g = call->sim->guests[i];

		if (!g->container && g->node == call->node && sim_may_vm(call, g->vmid, "VM.Audit"))
			(void)json_array_append_new(call->data, list_entry(g, full));
	}
	return 0;
}

/* What only a running guest has beside its pressure: counters per card. */
static void add_running(json_t *entry, const struct sim_guest *g)
{
	json_t *nics = json_object();

	for (unsigned n = 0; n < 32; n++) {
		char key[16], tap[32];

		(void)snprintf(key, sizeof(key), "net%u", n);
		(void)snprintf(tap, sizeof(tap), "tap%ui%u", g->vmid, n);
		if (json_object_get(g->config, key))
			(void)json_object_set_new(nics, tap,
						  json_pack("{s:i,s:i}", "netin", 0, "netout", 0));
	}
	if (json_object_size(nics))
		(void)json_object_set(entry, "nics", nics);
	json_decref(nics);
}

static int get_current(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	json_auto_t *agent = NULL;

	if (!g)
		return -1;
	call->data = list_entry(g, true);
	if (json_object_get(g->config, "vga"))
		(void)json_object_set_new(call->data, "clipboard", json_null());
	(void)json_object_set_new(call->data, "ha", sim_ha_entry(call->sim, g->vmid));
	agent = prop_parse(qm_text(g->config, "agent", ""), "enabled");
	if (prop_bool(qm_text(agent, "enabled", "0")))
		(void)json_object_set_new(call->data, "agent", json_integer(1));
	if (g->run != SIM_STOPPED)
		add_running(call->data, g);
	return 0;
}

static int get_index(struct sim_call *call)
{
	return sim_answer_index(
		call, "subdir",
		"config cloudinit pending status unlink vncproxy termproxy migrate resize "
		"move rrd rrddata monitor agent snapshot spiceproxy sendkey firewall mtunnel "
		"remote_migrate");
}

static const struct sim_param list_params[] = { { .name = "full", .type = SIM_BOOL },
						{ .name = NULL } };

const struct sim_route qm_list_routes[] = {
	{ "GET", "/nodes/{node}/qemu", get_list, list_params, NULL, "user", 0 },
	{ "GET", QM_GUEST, get_index, NULL, NULL, "user", 0 },
	{ "GET", QM_GUEST "/status/current", get_current, NULL, NULL, "/vms/{vmid} VM.Audit", 0 },
	{ .method = NULL },
};
