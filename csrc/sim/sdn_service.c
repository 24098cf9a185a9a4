/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_service.c - /cluster/sdn/controllers, ipams and dns; the services behind the latter two are not asked. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/sdn.h"

/* Where Perl died; the line is another one in every version. */
#define AT " at /usr/share/perl5/PVE/Network/SDN/Controllers/EvpnPlugin.pm line %d."

static const struct sdn_type controller_types[] = {
	{ "evpn", "asn", "peers fabric" },
	{ "bgp", "node asn peers", "bgp-multipath-as-path-relax ebgp ebgp-multihop loopback" },
	{ "isis", "isis-domain isis-net isis-ifaces node", "loopback" },
	{ "faucet", "", "" },
	{ 0 },
};
static const struct sdn_type ipam_types[] = {
	{ "pve", "", "" },
	{ "netbox", "url token", "fingerprint" },
	{ "phpipam", "url token section", "fingerprint" },
	{ 0 },
};
static const struct sdn_type dns_types[] = {
	{ "powerdns", "url key", "ttl reversemaskv6 reversev6mask fingerprint" },
	{ 0 },
};

static bool may_see(const struct sim_call *call, enum sdn_kind kind, const char *id,
		    const json_t *shown)
{
	auto_free char *path = pxc_printf("/sdn/%s/%s", sdn_name(kind), id);
	const char *type = sim_arg(call, "type");

	return sim_may(call, path, "SDN.Audit|SDN.Allocate") &&
	       (!type || str_eq(type, sdn_str(shown, "type")));
}

/* A zone that names the section under key, or NULL. */
static const char *user_of(const struct sim *sim, const char *key, const char *id)
{
	const char *zone;
	json_t *section;

	json_object_foreach (sim->sdn->config[SDN_ZONE], zone, section)
		if (str_eq(sdn_str(section, key), id))
			return zone;
	return NULL;
}

/* The cluster has one EVPN controller; peers or a fabric say where the others are. */
static int check_controller(struct sim_call *call, const char *id, json_t *section,
			    const json_t *old)
{
	const char *other;
	json_t *there;

	(void)old;
	if (strcmp(sdn_str(section, "type"), "evpn") != 0)
		return 0;
	json_object_foreach (call->sim->sdn->config[SDN_CONTROLLER], other, there)
		if (strcmp(other, id) != 0 && str_eq(sdn_str(there, "type"), "evpn"))
			return sdn_die(call, SDN_CONTROLLER,
				       "only 1 global evpn controller can be defined" AT, 355);
	if (!sdn_str(section, "peers") == !sdn_str(section, "fabric"))
		return sdn_die(call, SDN_CONTROLLER,
			       "must have exactly one of peers / fabric defined" AT, 360);
	return 0;
}

static int check_free(struct sim_call *call, const char *id, json_t *section, const json_t *old)
{
	const char *zone = user_of(call->sim, "controller", id);

	(void)section;
	(void)old;
	if (!zone)
		return 0;
	return sdn_die(call, SDN_CONTROLLER, "controller %s is used by %s" AT, id, zone, 340);
}

static int anything(struct sim_call *call, const char *id, json_t *section, const json_t *old)
{
	(void)call;
	(void)id;
	(void)section;
	(void)old;
	return 0;
}

/* The three kinds are called alike. */
#define CALLS(word, kind, types, check, check_delete)                                              \
	static bool see_##word(const struct sim_call *call, const char *id, const json_t *shown)   \
	{                                                                                          \
		return may_see(call, kind, id, shown);                                             \
	}                                                                                          \
	static int list_##word(struct sim_call *call)                                              \
	{                                                                                          \
		return sdn_answer_list(call, kind, see_##word);                                    \
	}                                                                                          \
	static int get_##word(struct sim_call *call)                                               \
	{                                                                                          \
		return sdn_answer_one(call, kind, sim_arg(call, #word));                           \
	}                                                                                          \
	static int post_##word(struct sim_call *call)                                              \
	{                                                                                          \
		return sdn_create(call, kind, types, sim_arg(call, #word), check);                 \
	}                                                                                          \
	static int put_##word(struct sim_call *call)                                               \
	{                                                                                          \
		return sdn_update(call, kind, types, sim_arg(call, #word), check);                 \
	}                                                                                          \
	static int delete_##word(struct sim_call *call)                                            \
	{                                                                                          \
		return sdn_delete(call, kind, sim_arg(call, #word), check_delete);                 \
	}

CALLS(controller, SDN_CONTROLLER, controller_types, check_controller, check_free)
CALLS(ipam, SDN_IPAM, ipam_types, anything, NULL)
CALLS(dns, SDN_DNS, dns_types, anything, NULL)

#define CONTROLLERS "bgp, evpn, faucet, isis"
#define IPAMS "netbox, phpipam, pve"
#define NET "^[a-fA-F0-9]{2}(\\.[a-fA-F0-9]{4}){3,9}\\.[a-fA-F0-9]{2}$"
#define FINGERPRINT "^([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}$"
#define TOKEN                                                                                      \
	{                                                                                          \
		.name = "lock-token", .flags = SIM_NEW                                             \
	}

static const struct sim_param controllers_get[] = { { .name = "type", .choices = CONTROLLERS },
						    { 0 } };
static const struct sim_param ipams_get[] = { { .name = "type", .choices = IPAMS }, { 0 } };
static const struct sim_param dns_get[] = { { .name = "type", .choices = "powerdns" }, { 0 } };

static const struct sim_param controller_options[] = {
	{ .name = "asn", .type = SIM_INT, .min = 0, .max = UINT32_MAX },
	{ .name = "bgp-multipath-as-path-relax", .type = SIM_BOOL },
	{ .name = "ebgp", .type = SIM_BOOL },
	{ .name = "ebgp-multihop", .type = SIM_INT },
	{ .name = "fabric", .flags = SIM_NEW },
	{ .name = "isis-domain" },
	{ .name = "isis-ifaces" },
	{ .name = "isis-net", .min = 20, .max = 50, .pattern = NET },
	{ .name = "loopback" },
	{ .name = "node", .format = sdn_format_node },
	{ .name = "peers", .flags = SIM_LIST, .format = sdn_format_ip },
	{ 0 },
};
static const struct sim_param controller_post[] = {
	{ .name = "type", .flags = SIM_REQUIRED, .choices = CONTROLLERS },
	{ .name = "controller",
	  .flags = SIM_REQUIRED,
	  .min = 2,
	  .max = 64,
	  .pattern = "^[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9]$" },
	TOKEN,
	{ 0 },
};
static const struct sim_param ipam_options[] = {
	{ .name = "fingerprint", .pattern = FINGERPRINT },
	{ .name = "section", .type = SIM_INT },
	{ .name = "token" },
	{ .name = "url" },
	{ 0 },
};
static const struct sim_param ipam_post[] = {
	{ .name = "type", .flags = SIM_REQUIRED, .choices = IPAMS },
	{ .name = "ipam", .flags = SIM_REQUIRED, .pattern = SDN_ID },
	TOKEN,
	{ 0 },
};
static const struct sim_param dns_options[] = {
	{ .name = "fingerprint", .pattern = FINGERPRINT },
	{ .name = "key" },
	{ .name = "reversemaskv6", .type = SIM_INT },
	{ .name = "ttl", .type = SIM_INT },
	{ .name = "url" },
	{ 0 },
};
static const struct sim_param dns_post[] = {
	{ .name = "type", .flags = SIM_REQUIRED, .choices = "powerdns" },
	{ .name = "dns", .flags = SIM_REQUIRED, .pattern = SDN_ID },
	{ .name = "key", .flags = SIM_REQUIRED },
	{ .name = "url", .flags = SIM_REQUIRED },
	{ .name = "reversev6mask", .type = SIM_INT },
	TOKEN,
	{ 0 },
};

#define SDN "/cluster/sdn"

const struct sim_route sim_sdn_service_routes[] = {
	{ "GET", SDN "/controllers", list_controller, controllers_get, sdn_view_params, NULL, 0 },
	{ "POST", SDN "/controllers", post_controller, controller_post, controller_options,
	  "/sdn/controllers SDN.Allocate", 0 },
	{ "GET", SDN "/controllers/{controller}", get_controller, sdn_view_params, NULL,
	  "/sdn/controllers/{controller} SDN.Allocate", 0 },
	{ "PUT", SDN "/controllers/{controller}", put_controller, sdn_update_params,
	  controller_options, "/sdn/controllers SDN.Allocate", 0 },
	{ "DELETE", SDN "/controllers/{controller}", delete_controller, sdn_token_params, NULL,
	  "/sdn/controllers SDN.Allocate", 0 },
	{ "GET", SDN "/ipams", list_ipam, ipams_get, NULL, NULL, 0 },
	{ "POST", SDN "/ipams", post_ipam, ipam_post, ipam_options, "/sdn/ipams SDN.Allocate", 0 },
	{ "GET", SDN "/ipams/{ipam}", get_ipam, NULL, NULL, "/sdn/ipams/{ipam} SDN.Allocate", 0 },
	{ "PUT", SDN "/ipams/{ipam}", put_ipam, sdn_update_params, ipam_options,
	  "/sdn/ipams SDN.Allocate", 0 },
	{ "DELETE", SDN "/ipams/{ipam}", delete_ipam, sdn_token_params, NULL,
	  "/sdn/ipams SDN.Allocate", 0 },
	{ "GET", SDN "/dns", list_dns, dns_get, NULL, NULL, 0 },
	{ "POST", SDN "/dns", post_dns, dns_post, dns_options, "/sdn/dns SDN.Allocate", 0 },
	{ "GET", SDN "/dns/{dns}", get_dns, NULL, NULL, "/sdn/dns/{dns} SDN.Allocate", 0 },
	{ "PUT", SDN "/dns/{dns}", put_dns, sdn_update_params, dns_options, "/sdn/dns SDN.Allocate",
	  0 },
	{ "DELETE", SDN "/dns/{dns}", delete_dns, sdn_token_params, NULL, "/sdn/dns SDN.Allocate",
	  0 },
	{ 0 },
};
