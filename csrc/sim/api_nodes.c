/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_nodes.c - /version and /nodes. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/cpu.h"
#include "sim/sdn.h"
#include "sim/state.h"

#define REPOID "14a22df3deadbeef"
#define NODE_DISK_BYTES (500ull << 30)

static const char *version(const struct sim *sim)
{
	return sdn_old(sim) ? "8.4.14" : "9.2.11";
}

static int get_version(struct sim_call *call)
{
	call->data = json_pack("{s:s%, s:s, s:s}", "release", version(call->sim), (size_t)3,
			       "version", version(call->sim), "repoid", REPOID);
	return 0;
}

static int get_root(struct sim_call *call)
{
	return sim_answer_index(call, "subdir", "version cluster nodes storage access pools");
}

static int64_t uptime_s(const struct sim_call *call, const struct sim_node *node)
{
	return (call->sim->now_ms - node->started_ms) / 1000;
}

json_t *sim_resource_node(const struct sim_call *call, const struct sim_node *node)
{
	char path[80], id[80];
	json_t *entry;

	snprintf(path, sizeof(path), "/nodes/%s", node->name);
	snprintf(id, sizeof(id), "node/%s", node->name);
	entry = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "node", node->name, "type", "node",
			  "status", node->online ? "online" : "offline", "level", "");
	if (!sim_may(call, path, "Sys.Audit"))
		return entry;
	json_object_set_new(entry, "maxcpu", json_integer(node->cores));
	json_object_set_new(entry, "maxmem", json_integer((json_int_t)node->memory_bytes));
	json_object_set_new(entry, "maxdisk", json_integer((json_int_t)NODE_DISK_BYTES));
	if (!node->online)
		return entry;
	json_object_set_new(entry, "uptime", json_integer(uptime_s(call, node)));
	json_object_set_new(entry, "cpu", json_real(node->seen.cpu));
	json_object_set_new(entry, "mem", json_integer((json_int_t)node->seen.mem_bytes));
	json_object_set_new(entry, "disk", json_integer((json_int_t)(NODE_DISK_BYTES / 10)));
	return entry;
}

static int get_nodes(struct sim_call *call)
{
	call->data = json_array();
	for (size_t i = 0; i < call->sim->node_count; i++) {
		json_t *entry = sim_resource_node(call, &call->sim->nodes[i]);

		json_object_set_new(entry, "ssl_fingerprint", json_string(call->sim->fingerprint));
		json_array_append_new(call->data, entry);
	}
	return 0;
}

static int get_node(struct sim_call *call)
{
	return sim_answer_index(
		call, "name",
		"aplinfo apt capabilities ceph certificates config disks dns firewall hardware hosts "
		"journal lxc migrateall netstat network qemu query-oci-repo-tags query-url-metadata "
		"replication report rrd rrddata scan sdn services spiceshell startall status stopall "
		"storage subscription suspendall syslog tasks termproxy time version vncshell vzdump "
		"wakeonlan");
}

static json_t *memory_of(const struct sim *sim, const struct sim_node *node)
{
	struct sim_use use;
	uint64_t used;

	sim_node_use(sim, node, &use);
	used = use.mem_bytes;
	return json_pack("{s:I, s:I, s:I, s:I}", "total", (json_int_t)node->memory_bytes, "used",
			 (json_int_t)used, "free", (json_int_t)(node->memory_bytes - used),
			 "available", (json_int_t)(node->memory_bytes - used));
}

static int get_node_status(struct sim_call *call)
{
	const struct sim_node *node = call->node;
	const uint64_t used = NODE_DISK_BYTES / 10;
	char load[32];
	auto_free char *manager = pxc_printf("pve-manager/%s/" REPOID, version(call->sim));

	call->data = json_pack(
		"{s:{s:s}, s:{s:i, s:i, s:i}, s:i, s:s, s:I, s:i, s:o, s:s, s:{s:i}, s:o}",
		"boot-info", "mode", "legacy-bios", "swap", "used", 0, "free", 0, "total", 0,
		"idle", 0, "pveversion", manager, "uptime", (json_int_t)uptime_s(call, node),
		"wait", 0, "memory", memory_of(call->sim, node), "kversion",
		"Linux 6.18.0-1-pve #1 SMP PREEMPT_DYNAMIC", "ksm", "shared", 0, "cpuinfo",
		sim_cpu_info(node));
	json_object_set_new(call->data, "rootfs",
			    json_pack("{s:I, s:I, s:I, s:I}", "total", (json_int_t)NODE_DISK_BYTES,
				      "used", (json_int_t)used, "free",
				      (json_int_t)(NODE_DISK_BYTES - used), "avail",
				      (json_int_t)(NODE_DISK_BYTES - used)));
	snprintf(load, sizeof(load), "%.2f", node->wanted);
	json_object_set_new(call->data, "loadavg", json_pack("[s,s,s]", load, load, load));
	json_object_set_new(call->data, "cpu", json_real(node->seen.cpu));
	json_object_set_new(call->data, "current-kernel",
			    json_pack("{s:s, s:s, s:s, s:s}", "machine", "x86_64", "sysname",
				      "Linux", "release", "6.18.0-1-pve", "version",
				      "#1 SMP PREEMPT_DYNAMIC"));
	return 0;
}

static int post_node_status(struct sim_call *call)
{
	sim_node_kill(call->sim, call->node);
	return 0;
}

static int get_time(struct sim_call *call)
{
	json_int_t now = call->sim->now_ms / 1000;

	call->data =
		json_pack("{s:I, s:s, s:I}", "time", now, "timezone", "Etc/UTC", "localtime", now);
	return 0;
}

static int get_node_config(struct sim_call *call)
{
	const char *only = sim_arg(call, "property");
	char digest[41];

	if (only) {
		call->data = json_object();
		json_object_set(call->data, only, json_object_get(call->node->config, only));
		return 0;
	}
	call->data = json_copy(call->node->config);
	if (!json_object_size(call->node->config))
		return 0;
	sim_json_digest(call->node->config, digest);
	json_object_set_new(call->data, "digest", json_string(digest));
	return 0;
}

static int put_node_config(struct sim_call *call)
{
	const char *key;
	char digest[41];
	json_t *value;

	if (sim_need_quorum(call) < 0)
		return -1;
	sim_json_digest(call->node->config, digest);
	if (sim_check_digest(call, digest) < 0)
		return -1;
	sim_forget_keys(call->node->config, sim_arg(call, "delete"));
	json_object_foreach (call->params, key, value) {
		if (!strcmp(key, "node") || !strcmp(key, "digest") || !strcmp(key, "delete"))
			continue;
		if (!strcmp(key, "description"))
			json_object_set_new(call->node->config, key,
					    json_sprintf("%s\n", json_string_value(value)));
		else if (json_is_integer(value))
			json_object_set_new(
				call->node->config, key,
				json_sprintf("%lld", (long long)json_integer_value(value)));
		else
			json_object_set(call->node->config, key, value);
	}
	return 0;
}

static int get_capabilities(struct sim_call *call)
{
	return sim_answer_index(call, "name", "qemu");
}

static int get_qemu_capabilities(struct sim_call *call)
{
	return sim_answer_index(call, "name", "cpu cpu-flags machines migration");
}

static int get_cpu_models(struct sim_call *call)
{
	call->data = sim_cpu_models();
	return 0;
}

static const struct sim_param config_get[] = {
	{ .name = "property",
	  .choices = "acme, acmedomain0, acmedomain1, acmedomain2, acmedomain3, "
		     "acmedomain4, acmedomain5, ballooning-target, description, "
		     "location, startall-onboot-delay, wakeonlan" },
	{ 0 },
};
static const struct sim_param config_put[] = {
	{ .name = "acme" },
	{ .name = "acmedomain[n]", .count = 6 },
	{ .name = "ballooning-target", .type = SIM_INT, .min = 0, .max = 100 },
	{ .name = "delete", .flags = SIM_LIST },
	{ .name = "description", .max = 65536 },
	{ .name = "digest", .max = 40 },
	{ .name = "location" },
	{ .name = "startall-onboot-delay", .type = SIM_INT, .min = 0, .max = 300 },
	{ .name = "wakeonlan" },
	{ 0 },
};
static const struct sim_param status_post[] = {
	{ .name = "command", .flags = SIM_REQUIRED, .choices = "reboot, shutdown" },
	{ 0 },
};
static const struct sim_param cpu_params[] = {
	{ .name = "arch", .choices = "x86_64, aarch64" },
	{ 0 },
};
const struct sim_route sim_node_routes[] = {
	{ "GET", "/version", get_version, NULL, NULL, "user", 0 },
	{ "GET", "/", get_root, NULL, NULL, "user", 0 },
	{ "GET", "/nodes", get_nodes, NULL, NULL, "user", 0 },
	{ "GET", "/nodes/{node}", get_node, NULL, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/status", get_node_status, NULL, NULL, "/nodes/{node} Sys.Audit",
	  0 },
	{ "POST", "/nodes/{node}/status", post_node_status, status_post, NULL,
	  "/nodes/{node} Sys.PowerMgmt", 0 },
	{ "GET", "/nodes/{node}/version", get_version, NULL, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/time", get_time, NULL, NULL, "/nodes/{node} Sys.Audit", 0 },
	{ "GET", "/nodes/{node}/config", get_node_config, config_get, NULL, "/ Sys.Audit", 0 },
	{ "PUT", "/nodes/{node}/config", put_node_config, config_put, NULL, "/ Sys.Modify", 0 },
	{ "GET", "/nodes/{node}/capabilities", get_capabilities, NULL, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/capabilities/qemu", get_qemu_capabilities, NULL, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/capabilities/qemu/cpu", get_cpu_models, cpu_params, NULL, "user",
	  0 },
	{ 0 },
};
