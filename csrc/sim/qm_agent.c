/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_agent.c - the guest agent: it answers some seconds after the start of a guest that has one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/qm.h"

#define BOOT_MS 8000    /* until the guest's own agent runs */
#define SILENCE_MS 3000 /* what PVE waits for it */

struct sim_guest *qm_agent_ready(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	json_auto_t *agent = g ? prop_parse(qm_text(g->config, "agent", ""), "enabled") : NULL;

	if (!g)
		return NULL;
	if (g->run == SIM_STOPPED) {
		(void)sim_fail(call, 500, "VM %u is not running", g->vmid);
		return NULL;
	}
	if (!prop_bool(qm_text(agent, "enabled", "0"))) {
		(void)sim_fail(call, 500, "No QEMU guest agent configured");
		return NULL;
	}
	if (g->run == SIM_PAUSED || g->deaf ||
	    (call->sim->options.speed > 0 && call->sim->now_ms - g->started_ms < BOOT_MS)) {
		call->delay_ms = SILENCE_MS;
		(void)sim_fail(call, 500, "QEMU guest agent is not running");
		return NULL;
	}
	return g;
}

int qm_agent_answer(struct sim_call *call, json_t *result_new)
{
	call->data = json_pack("{s:o}", "result", result_new);
	return 0;
}

static json_t *address(const char *ip, const char *type, int prefix)
{
	return json_pack("{s:s,s:s,s:i}", "ip-address", ip, "ip-address-type", type, "prefix",
			 prefix);
}

/* "10.0.0.5/24" of an ipconfigN; false: none is given, or it comes by DHCP or router advertisement. */
static bool fixed_address(const char *text, char ip[64], int *ret_prefix)
{
	const char *slash = text ? strchr(text, '/') : NULL;

	if (!slash)
		return false;
	(void)snprintf(ip, 64, "%.*s", (int)(slash - text), text);
	*ret_prefix = (int)strtol(slash + 1, NULL, 10);
	return true;
}

/* What ipconfigN says, or, with DHCP or nothing, an address made of VMID and card. */
static json_t *addresses(const struct sim_guest *g, unsigned n)
{
	json_t *list = json_array();
	json_auto_t *p = NULL;
	char key[16], ip[64];
	int prefix = 24;

	(void)snprintf(key, sizeof(key), "ipconfig%u", n);
	p = prop_parse(qm_text(g->config, key, ""), NULL);
	if (!fixed_address(qm_text(p, "ip", NULL), ip, &prefix))
		(void)snprintf(ip, sizeof(ip), "10.%u.%u.%u", n + 10, g->vmid / 250 % 250,
			       g->vmid % 250 + 2);
	(void)json_array_append_new(list, address(ip, "ipv4", prefix));
	if (fixed_address(qm_text(p, "ip6", NULL), ip, &prefix))
		(void)json_array_append_new(list, address(ip, "ipv6", prefix));
	return list;
}

static json_t *statistics(void)
{
	static const char *const names[] = { "rx-bytes", "rx-packets", "rx-errs", "rx-dropped",
					     "tx-bytes", "tx-packets", "tx-errs", "tx-dropped" };
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)json_object_set_new(all, names[i], json_integer(0));
	return all;
}

/* The address that a card gives itself, from its MAC. */
static json_t *link_local(const char *mac)
{
	unsigned b[6] = { 0 };
	char ip[64];

	if (sscanf(mac, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		return address("fe80::1", "ipv6", 64);
	(void)snprintf(ip, sizeof(ip), "fe80::%x:%xff:fe%02x:%x", (b[0] ^ 2) << 8 | b[1], b[2],
		       b[3], b[4] << 8 | b[5]);
	return address(ip, "ipv6", 64);
}

static json_t *card(const struct sim_guest *g, unsigned n, const json_t *net)
{
	json_t *list = addresses(g, n);
	char mac[32];

	(void)snprintf(mac, sizeof(mac), "%s", qm_text(net, "macaddr", ""));
	for (char *p = mac; *p; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p | 0x20);
	(void)json_array_append_new(list, link_local(mac));
	return json_pack("{s:o,s:s,s:o,s:o}", "name", json_sprintf("eth%u", n), "hardware-address",
			 mac, "ip-addresses", list, "statistics", statistics());
}

static int get_interfaces(struct sim_call *call)
{
	struct sim_guest *g = qm_agent_ready(call);
	json_t *list;

	if (!g)
		return -1;
	list = json_pack("[{s:s,s:s,s:[o,o],s:o}]", "name", "lo", "hardware-address",
			 "00:00:00:00:00:00", "ip-addresses", address("127.0.0.1", "ipv4", 8),
			 address("::1", "ipv6", 128), "statistics", statistics());
	for (unsigned n = 0; n < 32; n++) {
		char key[16];
		json_auto_t *net = NULL;
		const char *text;

		(void)snprintf(key, sizeof(key), "net%u", n);
		text = qm_text(g->config, key, NULL);
		net = text ? prop_parse_net(text) : NULL;
		if (net)
			(void)json_array_append_new(list, card(g, n, net));
	}
	return qm_agent_answer(call, list);
}

static int get_hostname(struct sim_call *call)
{
	struct sim_guest *g = qm_agent_ready(call);

	return g ? qm_agent_answer(call, json_pack("{s:s}", "host-name",
						   qm_text(g->config, "name", "localhost")))
		 : -1;
}

static int get_osinfo(struct sim_call *call)
{
	if (!qm_agent_ready(call))
		return -1;
	return qm_agent_answer(
		call, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", "debian", "name",
				"Debian GNU/Linux", "pretty-name", "Debian GNU/Linux 13 (trixie)",
				"version", "13 (trixie)", "version-id", "13", "machine", "x86_64",
				"kernel-release", "6.12.0-1-cloud-amd64", "kernel-version",
				"#1 SMP PREEMPT_DYNAMIC Debian 6.12"));
}

static int get_info(struct sim_call *call)
{
	static const char commands[] =
		"get-cpustats get-diskstats ssh-remove-authorized-keys ssh-add-authorized-keys "
		"ssh-get-authorized-keys get-devices get-osinfo get-timezone get-users get-host-name "
		"exec exec-status get-memory-block-info set-memory-blocks get-memory-blocks "
		"set-user-password get-fsinfo get-disks set-vcpus get-vcpus network-get-interfaces "
		"suspend-hybrid suspend-ram suspend-disk fstrim fsfreeze-thaw fsfreeze-freeze-list "
		"fsfreeze-freeze fsfreeze-status file-flush file-seek file-write file-read file-close "
		"file-open shutdown info set-time get-time ping sync sync-delimited";
	const char *list = commands;
	json_t *supported;
	char *item;

	if (!qm_agent_ready(call))
		return -1;
	supported = json_array();
	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *name = item;

		(void)json_array_append_new(
			supported,
			json_pack("{s:o,s:b,s:b}", "name", json_sprintf("guest-%s", name),
				  "enabled", strcmp(name, "get-devices") != 0, "success-response",
				  strcmp(name, "shutdown") != 0 && !str_starts(name, "suspend-")));
	}
	return qm_agent_answer(
		call, json_pack("{s:s,s:o}", "version", "10.0.2", "supported_commands", supported));
}

static int get_time(struct sim_call *call)
{
	if (!qm_agent_ready(call))
		return -1;
	return qm_agent_answer(call, json_integer(call->sim->now_ms * 1000000));
}

static int get_vcpus(struct sim_call *call)
{
	struct sim_guest *g = qm_agent_ready(call);
	json_t *list;

	if (!g)
		return -1;
	list = json_array();
	for (json_int_t i = 0; i < qm_cpus(g->config); i++)
		(void)json_array_append_new(list, json_pack("{s:I,s:b,s:b}", "logical-id", i,
							    "online", 1, "can-offline", i > 0));
	return qm_agent_answer(call, list);
}

/* File systems and logged-in users: none. */
static int get_none(struct sim_call *call)
{
	return qm_agent_ready(call) ? qm_agent_answer(call, json_array()) : -1;
}

static int get_index(struct sim_call *call)
{
	return sim_answer_index(
		call, "name",
		"exec exec-status file-read file-write fsfreeze-freeze fsfreeze-status "
		"fsfreeze-thaw fstrim get-fsinfo get-host-name get-memory-block-info "
		"get-memory-blocks get-osinfo get-time get-timezone get-users get-vcpus "
		"info network-get-interfaces ping set-user-password shutdown "
		"suspend-disk suspend-hybrid suspend-ram");
}

/* How many file systems were frozen, or thawed. One is enough. */
static int freeze(struct sim_call *call, bool frozen)
{
	struct sim_guest *g = qm_agent_ready(call);
	bool was = g && g->frozen;

	if (!g)
		return -1;
	g->frozen = frozen;
	return qm_agent_answer(call, json_integer(was != frozen));
}

static int post_freeze(struct sim_call *call)
{
	return freeze(call, true);
}

static int post_thaw(struct sim_call *call)
{
	return freeze(call, false);
}

static int post_freeze_status(struct sim_call *call)
{
	const struct sim_guest *g = qm_agent_ready(call);

	return g ? qm_agent_answer(call, json_string(g->frozen ? "frozen" : "thawed")) : -1;
}

static int post_ping(struct sim_call *call)
{
	return qm_agent_ready(call) ? qm_agent_answer(call, json_object()) : -1;
}

/* The old way: the command is a parameter. */
static int post_command(struct sim_call *call)
{
	static const struct {
		const char *command;
		sim_handler *handler;
	} commands[] = {
		{ "ping", post_ping },
		{ "info", get_info },
		{ "get-osinfo", get_osinfo },
		{ "get-host-name", get_hostname },
		{ "get-time", get_time },
		{ "get-vcpus", get_vcpus },
		{ "get-fsinfo", get_none },
		{ "get-users", get_none },
		{ "network-get-interfaces", get_interfaces },
		{ "fsfreeze-freeze", post_freeze },
		{ "fsfreeze-thaw", post_thaw },
		{ "fsfreeze-status", post_freeze_status },
	};
	const char *command = sim_arg(call, "command");

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].command, command))
			return commands[i].handler(call);
	return sim_fail(call, 500, "Agent error: The command guest-%s has not been found", command);
}

static const struct sim_param command_params[] = {
	{ .name = "command",
	  .type = SIM_STR,
	  .flags = SIM_REQUIRED,
	  .choices =
		  "fsfreeze-freeze, fsfreeze-status, fsfreeze-thaw, fstrim, get-fsinfo, "
		  "get-host-name, get-memory-block-info, get-memory-blocks, get-osinfo, get-time, "
		  "get-timezone, get-users, get-vcpus, info, network-get-interfaces, ping, shutdown, "
		  "suspend-disk, suspend-hybrid, suspend-ram" },
	{ .name = NULL },
};

#define AGENT QM_GUEST "/agent"
#define AUDIT "/vms/{vmid} VM.GuestAgent.Audit|VM.GuestAgent.Unrestricted"
#define FILES "/vms/{vmid} VM.GuestAgent.FileSystemMgmt|VM.GuestAgent.Unrestricted"
#define FILES_STATUS                                                                               \
	"/vms/{vmid} VM.GuestAgent.Audit|VM.GuestAgent.FileSystemMgmt|VM.GuestAgent.Unrestricted"

const struct sim_route qm_agent_routes[] = {
	{ "GET", AGENT, get_index, NULL, NULL, "user", 0 },
	{ "POST", AGENT, post_command, command_params, NULL,
	  "/vms/{vmid} VM.GuestAgent.Unrestricted", 0 },
	{ "POST", AGENT "/ping", post_ping, NULL, NULL, AUDIT, 0 },
	{ "POST", AGENT "/fsfreeze-freeze", post_freeze, NULL, NULL, FILES, 0 },
	{ "POST", AGENT "/fsfreeze-thaw", post_thaw, NULL, NULL, FILES, 0 },
	{ "POST", AGENT "/fsfreeze-status", post_freeze_status, NULL, NULL, FILES_STATUS, 0 },
	{ "GET", AGENT "/info", get_info, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/network-get-interfaces", get_interfaces, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/get-host-name", get_hostname, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/get-osinfo", get_osinfo, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/get-time", get_time, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/get-vcpus", get_vcpus, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/get-fsinfo", get_none, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/get-users", get_none, NULL, NULL, AUDIT, 0 },
	{ .method = NULL },
};
