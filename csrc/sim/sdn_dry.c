/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_dry.c - GET /cluster/sdn/dry-run: what an apply would change in the files of one node. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/areas.h"
#include "sim/diff.h"
#include "sim/sdn.h"
#include "sim/sdn_ifaces.h"

#define BRIDGES_MAX 64

/* Subnets with the fields that their ids say. New. */
static json_t *whole_subnets(json_t *subnets)
{
	json_t *all = json_object(), *subnet;
	const char *id;

	json_object_foreach (subnets, id, subnet) {
		json_t *whole = json_copy(subnet);

		sdn_subnet_fields(id, whole);
		json_object_set_new(all, id, whole);
	}
	return all;
}

/* The node's interfaces.d/sdn of a configuration: the applied one, or NULL for what is configured now. Caller frees. */
static char *interfaces(const struct sim *sim, const struct sim_node *node, const json_t *applied)
{
	struct sim_sdn_bridge bridges[BRIDGES_MAX];
	json_int_t version = json_integer_value(json_object_get(sim->sdn->running, "version"));
	json_auto_t *config = json_object();
	struct pxc_buf text = { 0 };
	size_t count = 0, i;
	json_t *bridge;

	json_array_foreach (node->bridges, i, bridge)
		if (count < BRIDGES_MAX)
			bridges[count++] = (struct sim_sdn_bridge){
				json_string_value(json_object_get(bridge, "name")),
				json_is_true(json_object_get(bridge, "vlan_aware")),
				json_string_value(json_object_get(bridge, "ports"))
			};
	for (enum sdn_kind kind = 0; kind < SDN_COMMITTED; kind++)
		json_object_set(config, sdn_name(kind),
				applied ? json_object_get(applied, sdn_name(kind))
					: sim->sdn->config[kind]);
	json_object_set_new(config, "subnets", whole_subnets(json_object_get(config, "subnets")));
	if (applied)
		version = json_integer_value(json_object_get(applied, "version"));
	json_object_set_new(config, "version", json_integer(version ? version : 1));
	(void)sim_sdn_interfaces(config, node->name, node->ip, bridges, count, &text);
	return buf_take(&text);
}

/* A line of diff's head: a name and the time of the file, or none. */
static char *headline(const char *name, int64_t ms)
{
	time_t second = (time_t)(ms / 1000);
	char when[32];
	struct tm tm;

	(void)gmtime_r(&second, &tm);
	(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	return pxc_printf("%s\t%s.%09lld +0000", name, when, (long long)(ms % 1000) * 1000000);
}

/* null when they are the same. old NULL = there is no such file. New. */
static json_t *diff(const struct sim_call *call, const char *path, const char *old, const char *new,
		    int fd)
{
	auto_free char *was = headline(path, old ? call->sim->now_ms : 0),
		       *file = pxc_printf("/proc/%u/fd/%d", call->node->next_pid, fd),
		       *is = headline(file, call->sim->now_ms);
	auto_buf struct pxc_buf out = { 0 };

	diff_unified(old ? old : "", new, was, is, &out);
	return out.len ? json_string(buf_str(&out)) : json_null();
}

static int get_dry_run(struct sim_call *call)
{
	const struct sim_node *node = call->node;
	auto_free char *before =
			       node->sdn_file ? interfaces(call->sim, node, node->sdn_file) : NULL,
		       *after = interfaces(call->sim, node, NULL),
		       *frr = pxc_printf("frr version 10.4.1\nfrr defaults datacenter\nhostname "
					 "%s\nlog syslog informational\nservice "
					 "integrated-vtysh-config\n!\nline vty\n!\n",
					 node->name);

	/* of FRR's configuration only the head is played, and that no node has it yet */
	call->data = json_pack("{s:o, s:o}", "interfaces-diff",
			       diff(call, "/etc/network/interfaces.d/sdn", before, after, 12),
			       "frr-diff", diff(call, "/etc/frr/frr.conf", NULL, frr, 11));
	return 0;
}

static const struct sim_param params[] = {
	{ .name = "node", .flags = SIM_REQUIRED, .format = sdn_format_node },
	{ 0 },
};

const struct sim_route sim_sdn_dry_routes[] = {
	{ "GET", "/cluster/sdn/dry-run", get_dry_run, params, NULL, "/nodes/{node} Sys.Audit",
	  SIM_PVE9 | SIM_TO_NODE },
	{ 0 },
};
