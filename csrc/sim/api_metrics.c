/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * api_metrics.c - /cluster/metrics: what pvestatd saw in the last half hour, as other systems fetch it.
 *
 * Written as text, since a cluster has millions of values in half an hour. Sorted by time: round after round.
 */
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

#define MIB 1048576.0
#define ROOT_BYTES 536870912000ull

struct metrics {
	struct pxc_buf *out;
	char id[192];
	int64_t at_s;
};

static void begin(struct metrics *m, const char *metric, const char *type)
{
	if (m->out->len && m->out->data[m->out->len - 1] == '}')
		buf_addc(m->out, ',');
	buf_printf(m->out,
		   "{\"id\":\"%s\",\"metric\":\"%s\",\"timestamp\":%lld,\"type\":\"%s\",\"value\":",
		   m->id, metric, (long long)m->at_s, type);
}

static void gauge(struct metrics *m, const char *metric, double value)
{
	begin(m, metric, "gauge");
	buf_printf(m->out, "%.6g}", value);
}

static void whole(struct metrics *m, const char *metric, const char *type, uint64_t value)
{
	begin(m, metric, type);
	buf_printf(m->out, "%llu}", (unsigned long long)value);
}

static uint64_t bytes(float mib)
{
	return (uint64_t)((double)mib * MIB);
}

static void add_node(struct metrics *m, const struct sim_node *node)
{
	const struct sim_sample *s = history_at(node->history, m->at_s);
	uint64_t up_s;

	if (!s || !s->since_s)
		return;
	up_s = (uint64_t)m->at_s - s->since_s;
	snprintf(m->id, sizeof(m->id), "node/%s", node->name);
	whole(m, "uptime", "gauge", up_s);
	whole(m, "net_in", "derive", up_s * SIM_NETIN_RATE);
	whole(m, "net_out", "derive", up_s * SIM_NETOUT_RATE);
	gauge(m, "cpu_avg1", (double)s->host);
	gauge(m, "cpu_avg5", (double)s->host);
	gauge(m, "cpu_avg15", (double)s->host);
	whole(m, "cpu_max", "gauge", node->cores);
	gauge(m, "cpu_current", (double)s->cpu);
	whole(m, "cpu_iowait", "gauge", 0);
	whole(m, "mem_total", "gauge", node->memory_bytes);
	whole(m, "mem_used", "gauge", bytes(s->mem));
	whole(m, "swap_total", "gauge", 0);
	whole(m, "swap_used", "gauge", 0);
	whole(m, "disk_total", "gauge", ROOT_BYTES);
	whole(m, "disk_used", "gauge", ROOT_BYTES / 10);
}

static void add_guest(struct metrics *m, const struct sim_guest *g)
{
	const struct sim_sample *s = history_at(g->history, m->at_s);
	uint64_t up_s;

	if (!s)
		return;
	up_s = s->since_s && m->at_s > s->since_s ? (uint64_t)m->at_s - s->since_s : 0;
	snprintf(m->id, sizeof(m->id), "%s/%u", g->container ? "lxc" : "qemu", g->vmid);
	if (s->since_s) {
		gauge(m, "cpu_current", (double)s->cpu);
		whole(m, "mem_used", "gauge", bytes(s->mem));
		whole(m, "disk_read", "derive", up_s * SIM_DISKREAD_RATE);
		whole(m, "disk_write", "derive", up_s * SIM_DISKWRITE_RATE);
		whole(m, "net_in", "derive", up_s * SIM_NETIN_RATE);
		whole(m, "net_out", "derive", up_s * SIM_NETOUT_RATE);
	}
	if (s->since_s && g->container)
		whole(m, "disk_used", "gauge", 0);
	whole(m, "uptime", "gauge", up_s);
	whole(m, "cpu_max", "gauge", g->seen_cpus);
	whole(m, "mem_total", "gauge", g->seen_maxmem);
	whole(m, "disk_total", "gauge", g->seen_maxdisk);
}

static void add_storages(struct metrics *m, struct sim *sim, const struct sim_node *node)
{
	for (size_t i = 0; i < sim->storages.count; i++) {
		struct sim_storage *storage = sim->storages.entries[i].value;
		uint64_t total, used;

		if (!sim_storage_on(storage, node) ||
		    !sim_storage_space(sim, storage, node, &total, &used))
			continue;
		snprintf(m->id, sizeof(m->id), "storage/%s/%.100s", node->name, storage->id);
		whole(m, "disk_total", "gauge", total);
		whole(m, "disk_used", "gauge", used);
	}
}

/* Whose metrics are asked for? */
static bool wanted(const struct sim_call *call, const struct sim_node *node)
{
	const char *list = sim_arg(call, "node-list");
	bool found = !list;
	char *name;

	if (sim_arg_int(call, "local-only", 0))
		return node == call->node;
	while (!found && (name = sim_list_next(&list))) {
		found = !strcmp(name, node->name);
		free(name);
	}
	return found && node->online;
}

static void add_round(struct sim_call *call, struct metrics *m, const bool *nodes)
{
	struct sim *sim = call->sim;

	for (size_t i = 0; i < sim->node_count; i++)
		if (nodes[i])
			add_node(m, &sim->nodes[i]);
	for (size_t i = 0; i < sim->guest_count; i++)
		if (nodes[sim->guests[i]->node - sim->nodes] && !sim->guests[i]->creating)
			add_guest(m, sim->guests[i]);
	for (size_t i = 0; i < sim->node_count; i++)
		if (nodes[i])
			add_storages(m, sim, &sim->nodes[i]);
}

/* Rounds besides the last one. */
static int64_t older_rounds(const struct sim_call *call)
{
	int64_t rounds;

	if (!sim_arg_int(call, "history", 0))
		return 0;
	if (!sim_has(call, "start-time"))
		return HISTORY_ROUNDS - 1;
	rounds = (call->sim->now_ms / 1000 - sim_arg_int(call, "start-time", 0)) / ROUND_S;
	return rounds < 0 ? 0 : rounds < HISTORY_ROUNDS ? rounds : HISTORY_ROUNDS - 1;
}

static int get_export(struct sim_call *call)
{
	struct sim *sim = call->sim;
	struct metrics m = { .out = &call->text };
	auto_free bool *nodes = pxc_calloc(sim->node_count, sizeof(*nodes));
	int64_t last_s = sim->stat_ms / 1000;

	for (size_t i = 0; i < sim->node_count; i++)
		nodes[i] = wanted(call, &sim->nodes[i]);
	buf_adds(&call->text, "{\"data\":[");
	for (int64_t back = older_rounds(call); back >= 0; back--) {
		m.at_s = last_s - back * ROUND_S;
		if (m.at_s > sim_arg_int(call, "start-time", 0))
			add_round(call, &m, nodes);
	}
	buf_adds(&call->text, "]}");
	return 0;
}

static int get_index(struct sim_call *call)
{
	return sim_answer_index(call, "name", "server");
}

static int get_servers(struct sim_call *call)
{
	call->data = json_array();
	return 0;
}

static const struct sim_param export_params[] = {
	{ .name = "history", .type = SIM_BOOL },
	{ .name = "local-only", .type = SIM_BOOL },
	{ .name = "node-list", .flags = SIM_NEW },
	{ .name = "start-time", .type = SIM_INT },
	{ 0 },
};

const struct sim_route sim_metrics_routes[] = {
	{ "GET", "/cluster/metrics", get_index, NULL, NULL, "user", 0 },
	{ "GET", "/cluster/metrics/server", get_servers, NULL, NULL, "/ Sys.Audit", 0 },
	{ "GET", "/cluster/metrics/export", get_export, export_params, NULL, "/ Sys.Audit", 0 },
	{ 0 },
};
