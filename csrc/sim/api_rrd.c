/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_rrd.c - rrddata: means and highest values over an hour up to ten years, of nodes and guests. */
#include <string.h>

#include "sim/areas.h"
#include "sim/lxc.h"
#include "sim/qm.h"
#include "sim/sdn.h"

#define MIB 1048576.0
#define ROOT_BYTES 536870912000ll

struct frame {
	const char *name;
	int64_t step_s;
	size_t rows;
};

/* PVE 9 keeps other steps than PVE 8. */
static const struct frame frames[] = {
	{ "hour", 60, 60 },      { "day", 60, 1440 },     { "week", 1800, 336 },
	{ "month", 21600, 121 }, { "year", 21600, 1140 }, { "decade", 604800, 570 },
};
static const struct frame old_frames[] = {
	{ "hour", 60, 70 },     { "day", 1800, 70 },    { "week", 10800, 70 },
	{ "month", 43200, 70 }, { "year", 604800, 70 }, { "decade", 604800, 70 },
};

static const struct frame *frame_of(const struct sim_call *call)
{
	const struct frame *all = sdn_old(call->sim) ? old_frames : frames;

	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		if (!strcmp(all[i].name, sim_arg(call, "timeframe")))
			return &all[i];
	return &all[0];
}

static void set_number(json_t *o, const char *key, double value)
{
	(void)json_object_set_new(o, key, json_real(value));
}

static void set_bytes(json_t *o, const char *key, float mib)
{
	(void)json_object_set_new(o, key, json_integer((json_int_t)((double)mib * MIB)));
}

void sim_add_pressure(json_t *entry, double stall)
{
	static const char *const names[] = { "pressurecpufull",    "pressureiosome",
					     "pressureiofull",     "pressurememorysome",
					     "pressurememoryfull", NULL };

	for (size_t i = 0; names[i]; i++)
		(void)json_object_set_new(entry, names[i], json_integer(0));
	(void)json_object_set_new(entry, "pressurecpusome",
				  stall > 0 ? json_real(stall) : json_integer(0));
}

static json_t *node_row(const struct sim_call *call, const struct rrd_row *row)
{
	json_t *o = json_pack("{s:I}", "time", (json_int_t)row->time_s);

	if (!row->known || row->value[RRD_CPU] < 0)
		return o;
	set_number(o, "cpu", (double)row->value[RRD_CPU]);
	set_number(o, "loadavg", (double)row->value[RRD_HOST]);
	set_bytes(o, "memused", row->value[RRD_MEM]);
	(void)json_object_update_new(o, json_pack("{s:i, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:i}",
						  "maxcpu", (int)call->node->cores, "memtotal",
						  (json_int_t)call->node->memory_bytes, "roottotal",
						  (json_int_t)ROOT_BYTES, "rootused",
						  (json_int_t)(ROOT_BYTES / 10), "iowait", 0,
						  "swaptotal", 0, "swapused", 0, "netin",
						  SIM_NETIN_RATE, "netout", SIM_NETOUT_RATE));
	if (sdn_old(call->sim))
		return o;
	(void)json_object_set_new(o, "memavailable",
				  json_integer((json_int_t)call->node->memory_bytes -
					       (json_int_t)((double)row->value[RRD_MEM] * MIB)));
	(void)json_object_set_new(o, "arcsize", json_integer(0));
	sim_add_pressure(o, (double)row->value[RRD_STALL]);
	(void)json_object_del(o, "pressurecpufull"); /* a node has none */
	return o;
}

static json_t *guest_row(const struct sim_guest *g, const json_t *summary,
			 const struct rrd_row *row)
{
	json_t *o = json_pack("{s:I}", "time", (json_int_t)row->time_s);

	if (!row->known)
		return o;
	(void)json_object_set(o, "maxcpu", json_object_get(summary, "maxcpu"));
	(void)json_object_set(o, "maxmem", json_object_get(summary, "maxmem"));
	(void)json_object_set(o, "maxdisk", json_object_get(summary, "maxdisk"));
	(void)json_object_set_new(o, "disk", json_integer(0));
	if (row->value[RRD_CPU] < 0)
		return o;
	set_number(o, "cpu", (double)row->value[RRD_CPU]);
	set_bytes(o, "mem", row->value[RRD_MEM]);
	(void)json_object_update_new(o,
				     json_pack("{s:i, s:i, s:i, s:i}", "netin", SIM_NETIN_RATE,
					       "netout", SIM_NETOUT_RATE, "diskread",
					       SIM_DISKREAD_RATE, "diskwrite", SIM_DISKWRITE_RATE));
	if (sdn_old(g->sim))
		return o;
	set_bytes(o, "memhost", row->value[RRD_HOST]);
	sim_add_pressure(o, (double)row->value[RRD_STALL]);
	return o;
}

/* The rows that were asked for; caller frees. */
static struct rrd_row *read_rows(const struct sim_call *call, struct sim_history *history,
				 size_t *ret_count)
{
	const struct frame *frame = frame_of(call);
	const char *cf = sim_arg(call, "cf");
	struct rrd_row *rows = pxc_calloc(frame->rows, sizeof(*rows));
	int64_t now_s = call->sim->now_ms / 1000, seen_s = call->sim->stat_ms / 1000;

	*ret_count = frame->rows;
	history_rows(history, seen_s, now_s, frame->step_s, cf && !strcmp(cf, "MAX"), rows,
		     frame->rows);
	return rows;
}

static int get_node(struct sim_call *call)
{
	size_t count;
	auto_free struct rrd_row *rows = read_rows(call, call->node->history, &count);

	call->data = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(call->data, node_row(call, &rows[i]));
	return 0;
}

static int get_guest(struct sim_call *call)
{
	const struct sim_guest *g = sim_guest_find(call->sim, call->vmid);
	json_auto_t *summary = !g ? NULL : g->container ? lxc_summary(g) : sim_qemu_summary(g);
	auto_free struct rrd_row *rows = NULL;
	size_t count;

	if (!g)
		return sim_fail(
			call, 500,
			"RRD error: opening '/var/lib/rrdcached/db/pve-vm-9.0/%u': No such file or directory",
			call->vmid);
	rows = read_rows(call, g->history, &count);
	call->data = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(call->data, guest_row(g, summary, &rows[i]));
	return 0;
}

static const struct sim_param node_params[] = {
	{ .name = "timeframe",
	  .flags = SIM_REQUIRED,
	  .choices = "hour, day, week, month, year, decade" },
	{ .name = "cf", .choices = "AVERAGE, MAX" },
	{ 0 },
};
static const struct sim_param guest_params[] = {
	{ .name = "timeframe", .flags = SIM_REQUIRED, .choices = "hour, day, week, month, year" },
	{ .name = "cf", .choices = "AVERAGE, MAX" },
	{ 0 },
};

const struct sim_route sim_rrd_routes[] = {
	{ "GET", "/nodes/{node}/rrddata", get_node, node_params, NULL, "/nodes/{node} Sys.Audit",
	  0 },
	{ "GET", QM_GUEST "/rrddata", get_guest, guest_params, NULL, "/vms/{vmid} VM.Audit", 0 },
	{ "GET", "/nodes/{node}/lxc/{vmid}/rrddata", get_guest, guest_params, NULL,
	  "/vms/{vmid} VM.Audit", 0 },
	{ 0 },
};
