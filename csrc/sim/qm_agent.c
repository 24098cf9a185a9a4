/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_agent.c - the guest agent: it answers some seconds after the start of a guest that has one. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

#define BOOT_MS 8000    /* until the guest's own agent runs */
#define SILENCE_MS 3000 /* what PVE waits for it */

static struct sim_guest *ready(struct sim_call *call)
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
	if (g->run == SIM_PAUSED ||
	    (call->sim->options.speed > 0 && call->sim->now_ms - g->started_ms < BOOT_MS)) {
		call->delay_ms = SILENCE_MS;
		(void)sim_fail(call, 500, "QEMU guest agent is not running");
		return NULL;
	}
	return g;
}

static int answer(struct sim_call *call, json_t *result_new)
{
	call->data = json_pack("{s:o}", "result", result_new);
	return 0;
}

static json_t *address(const char *ip, const char *type, int prefix)
{
	return json_pack("{s:s,s:s,s:i}", "ip-address", ip, "ip-address-type", type, "prefix",
			 prefix);
}

/* What ipconfigN says, or, with DHCP or nothing, an address made of VMID and card. */
static json_t *addresses(const struct sim_guest *g, unsigned n)
{
	json_t *list = json_array();
	json_auto_t *p = NULL;
	char key[16], ip[64];
	const char *named;

	(void)snprintf(key, sizeof(key), "ipconfig%u", n);
	p = prop_parse(qm_text(g->config, key, ""), NULL);
	named = qm_text(p, "ip", NULL);
	if (named && strcmp(named, "dhcp") != 0) {
		(void)snprintf(ip, sizeof(ip), "%.*s", (int)strcspn(named, "/"), named);
		(void)json_array_append_new(list, address(ip, "ipv4", 24));
	} else {
		(void)snprintf(ip, sizeof(ip), "10.%u.%u.%u", n + 10, g->vmid / 250 % 250,
			       g->vmid % 250 + 2);
		(void)json_array_append_new(list, address(ip, "ipv4", 16));
	}
	return list;
}

static int get_interfaces(struct sim_call *call)
{
	struct sim_guest *g = ready(call);
	json_t *list;

	if (!g)
		return -1;
	list = json_pack("[{s:s,s:s,s:[o,o]}]", "name", "lo", "hardware-address",
			 "00:00:00:00:00:00", "ip-addresses", address("127.0.0.1", "ipv4", 8),
			 address("::1", "ipv6", 128));
	for (unsigned n = 0; n < 32; n++) {
		char key[16];
		json_auto_t *net = NULL;
		const char *text;

		(void)snprintf(key, sizeof(key), "net%u", n);
		text = qm_text(g->config, key, NULL);
		net = text ? prop_parse_net(text) : NULL;
		if (net)
			(void)json_array_append_new(
				list, json_pack("{s:o,s:s,s:o}", "name", json_sprintf("eth%u", n),
						"hardware-address", qm_text(net, "macaddr", ""),
						"ip-addresses", addresses(g, n)));
	}
	return answer(call, list);
}

static int post_ping(struct sim_call *call)
{
	return ready(call) ? answer(call, json_object()) : -1;
}

static int get_hostname(struct sim_call *call)
{
	struct sim_guest *g = ready(call);

	return g ? answer(call,
			  json_pack("{s:s}", "host-name", qm_text(g->config, "name", "localhost")))
		 : -1;
}

static int get_osinfo(struct sim_call *call)
{
	return ready(call) ? answer(call, json_pack("{s:s,s:s,s:s}", "id", "debian", "name",
						    "Debian GNU/Linux", "version-id", "13"))
			   : -1;
}

static int get_info(struct sim_call *call)
{
	return ready(call) ? answer(call, json_pack("{s:s,s:[{s:s,s:b,s:b}]}", "version", "10.0.2",
						    "supported_commands", "name", "guest-ping",
						    "enabled", 1, "success-response", 1))
			   : -1;
}

#define AGENT QM_GUEST "/agent"
#define AUDIT "/vms/{vmid} VM.GuestAgent.Audit|VM.GuestAgent.Unrestricted"

const struct sim_route qm_agent_routes[] = {
	{ "POST", AGENT "/ping", post_ping, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/info", get_info, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/network-get-interfaces", get_interfaces, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/get-host-name", get_hostname, NULL, NULL, AUDIT, 0 },
	{ "GET", AGENT "/get-osinfo", get_osinfo, NULL, NULL, AUDIT, 0 },
	{ .method = NULL },
};
