/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_vnet.c - /cluster/sdn/vnets. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/sdn.h"

static const struct sdn_type types[] = {
	{ "vnet", "zone", "tag alias vlanaware isolate-ports" },
	{ 0 },
};

int sdn_need_vnet(struct sim_call *call, const char *vnet, const char *privs)
{
	const json_t *section = sdn_find(call->sim, SDN_VNET, vnet);

	if (!section)
		return sdn_missing(call, SDN_VNET, vnet);
	return sim_need(call, privs, "/sdn/zones/%s/%s", sdn_str(section, "zone"), vnet);
}

static bool may_see(const struct sim_call *call, const char *id, const json_t *shown)
{
	const char *zone = sdn_str(shown, "zone");
	char path[64];

	if (!zone)
		zone = sdn_str(json_object_get(shown, "pending"), "zone");
	(void)snprintf(path, sizeof(path), "/sdn/zones/%s/%s", zone ? zone : "", id);
	return sim_may(call, path, "SDN.Audit|SDN.Allocate");
}

static int get_vnets(struct sim_call *call)
{
	return sdn_answer_list(call, SDN_VNET, may_see);
}

static int get_vnet(struct sim_call *call)
{
	const char *id = sim_arg(call, "vnet");

	if (sdn_need_vnet(call, id, "SDN.Audit|SDN.Allocate") < 0)
		return -1;
	return sdn_answer_one(call, SDN_VNET, id);
}

/* Its first subnet, or NULL. */
static const char *subnet_of(const struct sim *sim, const char *vnet)
{
	const char *id;
	json_t *subnet;

	json_object_foreach (sim->sdn->config[SDN_SUBNET], id, subnet)
		if (str_eq(sdn_str(subnet, "vnet"), vnet))
			return id;
	return NULL;
}

/* Is the other vnet one whose tag has to differ: of the same zone, or for VNIs of any such zone? */
static bool rivals(const struct sim *sim, bool vni, const json_t *mine, const json_t *other)
{
	const char *zone = sdn_str(other, "zone"), *type;

	if (!vni)
		return str_eq(sdn_str(mine, "zone"), zone);
	type = sdn_str(sdn_find(sim, SDN_ZONE, zone), "type");
	return str_eq(type, "vxlan") || str_eq(type, "evpn");
}

static int taken(struct sim_call *call, const char *type, const json_t *section, const char *other,
		 const json_t *there)
{
	long long tag = json_integer_value(json_object_get(section, "tag"));
	const char *zone = sdn_str(there, "zone");

	if (!strcmp(type, "vlan"))
		return sdn_raise(call, SDN_VNET, "tag", "tag %lld already exist in vnet %s", tag,
				 other);
	if (strcmp(type, "qinq") != 0)
		return sdn_raise(call, SDN_VNET, "tag",
				 "vxlan tag %lld already exist in vnet %s in zone %s ", tag, other,
				 zone);
	if (tag)
		return sdn_raise(call, SDN_VNET, "tag", "tag %lld already exist in zone %s vnet %s",
				 tag, zone, other);
	return sdn_raise(call, SDN_VNET, "tag", "tag-less vnet already exists in zone %s vnet %s",
			 zone, other);
}

static int check_unique(struct sim_call *call, const char *id, const char *type,
			const json_t *section)
{
	bool vni = !strcmp(type, "vxlan") || !strcmp(type, "evpn");
	json_int_t tag = json_integer_value(json_object_get(section, "tag"));
	const json_t *mine = sdn_find(call->sim, SDN_VNET, id);
	bool had = mine && json_integer_value(json_object_get(mine, "tag")) == tag;
	const char *other;
	json_t *there;

	/* thousands of vnets: look for the other one only if there is one */
	if (sdn_tag_users(call->sim, tag) == had)
		return 0;
	json_object_foreach (call->sim->sdn->config[SDN_VNET], other, there)
		if (json_integer_value(json_object_get(there, "tag")) == tag &&
		    strcmp(other, id) != 0 && rivals(call->sim, vni, section, there))
			return taken(call, type, section, other, there);
	return 0;
}

/* What the type of the zone says of the tag. */
static int check_tag(struct sim_call *call, const char *id, const char *type, const json_t *section)
{
	const json_t *tag = json_object_get(section, "tag");

	if (!strcmp(type, "simple"))
		return tag ? sdn_raise(call, SDN_VNET, "tag",
				       "vlan tag is not allowed on simple zone")
			   : 0;
	if (!strcmp(type, "faucet"))
		return 0;
	if (!tag && strcmp(type, "qinq") != 0)
		return sdn_raise(call, SDN_VNET, "tag", "missing %s tag",
				 strcmp(type, "vlan") ? "vxlan" : "vlan");
	if (json_integer_value(tag) > 4096 && (!strcmp(type, "vlan") || !strcmp(type, "qinq")))
		return sdn_raise(call, SDN_VNET, "tag",
				 strcmp(type, "vlan") ? "VLAN tag maximal value is 4096"
						      : "vlan tag max value is 4096");
	if (!strcmp(type, "evpn") && json_integer_value(json_object_get(section, "vlanaware")))
		return sdn_raise(call, SDN_VNET, "vlan-aware",
				 "vlan-aware option can't be enabled with evpn");
	return check_unique(call, id, type, section);
}

static int rule(struct sim_call *call, const char *id, json_t *section, const json_t *old)
{
	const char *zone = sdn_str(section, "zone"),
		   *type = sdn_str(sdn_find(call->sim, SDN_ZONE, zone ? zone : ""), "type");

	if (!zone)
		return sdn_raise(call, SDN_VNET, "zone", "cannot delete zone");
	if (old && !str_eq(zone, sdn_str(old, "zone")) && subnet_of(call->sim, id))
		return sdn_raise(call, SDN_VNET, "zone", "can't change zone if subnets exist");
	if (!type)
		return sdn_die(call, SDN_VNET, "cannot lookup undefined type!");
	if (check_tag(call, id, type, section) < 0)
		return -1;
	if (json_integer_value(json_object_get(section, "vlanaware")) && subnet_of(call->sim, id))
		return sdn_raise(call, SDN_VNET, "vlanaware",
				 "vlanaware vnet is not compatible with subnets");
	return 0;
}

static int post_vnet(struct sim_call *call)
{
	return sdn_create(call, SDN_VNET, types, sim_arg(call, "vnet"), rule);
}

static int put_vnet(struct sim_call *call)
{
	const char *id = sim_arg(call, "vnet");

	if (sdn_need_vnet(call, id, "SDN.Allocate") < 0)
		return -1;
	return sdn_update(call, SDN_VNET, types, id, rule);
}

static int without_subnets(struct sim_call *call, const char *id, json_t *section,
			   const json_t *old)
{
	(void)section;
	(void)old;
	if (subnet_of(call->sim, id))
		return sdn_raise(call, SDN_VNET, "vnet", "Can't delete vnet if subnets exists");
	return 0;
}

static int delete_vnet(struct sim_call *call)
{
	const char *id = sim_arg(call, "vnet");

	if (sdn_need_vnet(call, id, "SDN.Allocate") < 0)
		return -1;
	return sdn_delete(call, SDN_VNET, id, without_subnets);
}

/* PVE's pattern [\(\)-_.\w\d\s]{0,256}: ")-_" is a range in it, and letters are those of any language. */
static bool format_alias(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	(void)why;
	for (const char *at = value; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (!(c >= '(' && c <= '_') && !(c >= 'a' && c <= 'z') && c < 0x80 &&
		    !strchr(" \t\r\n\f\v", c))
			return false;
	}
	return utf8_length(value) <= 256;
}

#define VNET_NAME                                                                                  \
	{                                                                                          \
		.name = "vnet", .min = 2, .max = 8, .pattern = SDN_ID                              \
	}

static const struct sim_param vnet_options[] = {
	{ .name = "alias", .flags = SIM_PATTERN, .format = format_alias },
	{ .name = "isolate-ports", .type = SIM_BOOL },
	{ .name = "tag", .type = SIM_INT, .min = 1, .max = 16777215 },
	{ .name = "vlanaware", .type = SIM_BOOL },
	VNET_NAME,
	{ .name = "zone" },
	{ 0 },
};
static const struct sim_param vnet_post[] = {
	{ .name = "type", .choices = "vnet" },
	{ .name = "vnet", .flags = SIM_REQUIRED, .min = 2, .max = 8, .pattern = SDN_ID },
	{ .name = "zone", .flags = SIM_REQUIRED },
	{ .name = "lock-token", .flags = SIM_NEW },
	{ 0 },
};

#define VNETS "/cluster/sdn/vnets"

const struct sim_route sim_sdn_vnet_routes[] = {
	{ "GET", VNETS, get_vnets, sdn_view_params, NULL, NULL, 0 },
	{ "POST", VNETS, post_vnet, vnet_post, vnet_options, "/sdn/zones/{zone} SDN.Allocate", 0 },
	{ "GET", VNETS "/{vnet}", get_vnet, sdn_view_params, NULL, NULL, 0 },
	{ "PUT", VNETS "/{vnet}", put_vnet, sdn_update_params, vnet_options, NULL, 0 },
	{ "DELETE", VNETS "/{vnet}", delete_vnet, sdn_token_params, NULL, NULL, 0 },
	{ 0 },
};
