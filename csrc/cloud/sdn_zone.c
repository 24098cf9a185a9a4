/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/sdn_zone.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/net.h"
#include "base/str.h"

/* Characters at which PVE takes its lists apart. */
#define BETWEEN ",; \t\r\n"

#define SIMPLE (1u << SDN_SIMPLE)
#define VLAN (1u << SDN_VLAN)
#define QINQ (1u << SDN_QINQ)
#define VXLAN (1u << SDN_VXLAN)
#define EVPN (1u << SDN_EVPN)
#define ALL (SIMPLE | VLAN | QINQ | VXLAN | EVPN)

#define MAX_VLAN 4094u
#define MAX_VNI 16777215u

const char *const sdn_zone_types[SDN_ZONE_TYPES] = { "simple", "vlan", "qinq", "vxlan", "evpn" };

static const char *const vlan_protocols[] = { "802.1q", "802.1ad", NULL };
static const char *const dhcp_servers[] = { "dnsmasq", NULL };

static bool is_name(const char *word)
{
	for (const char *p = word; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			return false;
	return *word;
}

static bool is_address(const char *word)
{
	struct net_ip ip;

	return ip_parse(word, &ip);
}

static bool is_mac(const char *word)
{
	char text[MAC_TEXT];

	return mac_parse(word, text);
}

/* "65000:10"; both halves have 32 bits. */
static bool is_target(const char *word)
{
	unsigned long long asn, id;
	char *end;

	if (!isdigit((unsigned char)*word))
		return false;
	asn = strtoull(word, &end, 10);
	if (*end != ':' || !isdigit((unsigned char)end[1]))
		return false;
	id = strtoull(end + 1, &end, 10);
	return !*end && asn <= UINT32_MAX && id <= UINT32_MAX;
}

#define A_NAME(of) .is = is_name, .what = of

/* Numbers are those that the network knows: PVE lets more through for service_vlan, vxlan_port and mtu, and fails later. */
const struct sdn_zone_option sdn_zone_options[] = {
	{ "bridge", "bridge", SDN_TEXT, VLAN | QINQ, VLAN | QINQ, A_NAME("the name of a bridge") },
	{ "service_vlan", "tag", SDN_INT, QINQ, QINQ, .min = 1, .max = MAX_VLAN },
	{ "vlan_protocol", "vlan-protocol", SDN_CHOICE, QINQ, 0, .choices = vlan_protocols,
	  .unset = "802.1q" },
	{ "mtu", "mtu", SDN_INT, ALL, 0, .min = 68, .max = 65535 },
	{ "peers", "peers", SDN_LIST, VXLAN, 0, .is = is_address, .what = "an IP address" },
	{ "fabric", "fabric", SDN_TEXT, VXLAN, 0, A_NAME("the name of a fabric") },
	{ "vxlan_port", "vxlan-port", SDN_INT, VXLAN | EVPN, 0, .min = 1, .max = 65535,
	  .unset = "4789" },
	{ "controller", "controller", SDN_TEXT, EVPN, EVPN, A_NAME("the name of a controller") },
	{ "vrf_vxlan", "vrf-vxlan", SDN_INT, EVPN, EVPN, .min = 1, .max = MAX_VNI },
	{ "exit_nodes", "exitnodes", SDN_LIST, EVPN, 0, A_NAME("the name of a node") },
	{ "exit_nodes_primary", "exitnodes-primary", SDN_TEXT, EVPN, 0,
	  A_NAME("the name of a node") },
	{ "exit_nodes_local_routing", "exitnodes-local-routing", SDN_BOOL, EVPN, 0, .unset = "0" },
	{ "advertise_subnets", "advertise-subnets", SDN_BOOL, EVPN, 0, .unset = "0" },
	{ "disable_arp_nd_suppression", "disable-arp-nd-suppression", SDN_BOOL, EVPN, 0,
	  .unset = "0" },
	{ "rt_import", "rt-import", SDN_LIST, EVPN, 0, .is = is_target,
	  .what = "a route target like 65000:10" },
	{ "mac", "mac", SDN_TEXT, EVPN, 0, .is = is_mac,
	  .what = "a MAC address of one card, like BC:24:11:00:00:01" },
	{ "bridge_disable_mac_learning", "bridge-disable-mac-learning", SDN_BOOL,
	  VLAN | QINQ | EVPN, 0, .unset = "0" },
	{ "nodes", "nodes", SDN_LIST, ALL, 0, A_NAME("the name of a node") },
	{ "ipam", "ipam", SDN_TEXT, ALL, 0, A_NAME("the name of an IPAM") },
	{ "dns", "dns", SDN_TEXT, ALL, 0, A_NAME("the name of a DNS server in PVE") },
	{ "reverse_dns", "reversedns", SDN_TEXT, ALL, 0,
	  A_NAME("the name of a DNS server in PVE") },
	{ "dns_zone", "dnszone", SDN_TEXT, ALL, 0, A_NAME("a DNS domain") },
	{ "dhcp", "dhcp", SDN_CHOICE, SIMPLE, 0, .choices = dhcp_servers },
	{ .name = NULL },
};

int sdn_zone_type(const char *text)
{
	for (int t = 0; t < SDN_ZONE_TYPES; t++)
		if (str_eq(sdn_zone_types[t], text))
			return t;
	return -1;
}

bool sdn_zone_tagged(int type)
{
	return type > SDN_SIMPLE;
}

bool sdn_zone_global_tags(int type)
{
	return type == SDN_VXLAN || type == SDN_EVPN;
}

uint32_t sdn_zone_max_tag(int type)
{
	if (!sdn_zone_tagged(type))
		return 0;
	return sdn_zone_global_tags(type) ? MAX_VNI : MAX_VLAN;
}

bool sdn_zone_id(const char *id)
{
	size_t n = strlen(id);

	return n >= 2 && n <= 8 && id[0] >= 'a' && id[0] <= 'z' &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789") == n;
}

const struct sdn_zone_option *sdn_zone_option(const char *pve)
{
	for (const struct sdn_zone_option *o = sdn_zone_options; o->name; o++)
		if (str_eq(o->pve, pve))
			return o;
	return NULL;
}

/* The next word of a list, its length in *len; NULL at the end. */
static const char *word_of(const char *list, size_t *len)
{
	list += strspn(list, BETWEEN);
	*len = strcspn(list, BETWEEN);
	return *len ? list : NULL;
}

static bool has_word(const char *list, const char *word, size_t len)
{
	size_t n = 0;

	for (const char *p = word_of(list, &n); p; p = word_of(p + n, &n))
		if (n == len && strncmp(p, word, len) == 0)
			return true;
	return false;
}

static bool all_within(const char *list, const char *other)
{
	size_t n = 0;

	for (const char *p = word_of(list, &n); p; p = word_of(p + n, &n))
		if (!has_word(other, p, n))
			return false;
	return true;
}

bool sdn_zone_same(const char *pve_key, const char *have, const char *want)
{
	const struct sdn_zone_option *o = sdn_zone_option(pve_key);

	if (o && !have)
		have = o->unset;
	if (o && !want)
		want = o->unset;
	if (o && o->value == SDN_LIST)
		return all_within(have ? have : "", want ? want : "") &&
		       all_within(want ? want : "", have ? have : "");
	if (o && o->is == is_mac && have && want)
		return strcasecmp(have, want) == 0;
	return str_eq(have, want);
}

static json_t *shown_value(const struct sdn_zone_option *o, const char *text)
{
	json_t *list;
	size_t n = 0;

	if (o->value == SDN_INT)
		return json_integer(strtoll(text, NULL, 10));
	if (o->value == SDN_BOOL)
		return json_boolean(str_eq(text, "1"));
	if (o->value != SDN_LIST)
		return json_string(text);
	list = json_array();
	for (const char *p = word_of(text, &n); p; p = word_of(p + n, &n))
		(void)json_array_append_new(list, json_stringn(p, n));
	return list;
}

json_t *sdn_zone_shown(const json_t *options)
{
	json_t *shown = json_object();

	for (const struct sdn_zone_option *o = sdn_zone_options; o->name; o++) {
		const char *text = json_string_value(json_object_get(options, o->pve));

		if (text)
			(void)json_object_set_new(shown, o->name, shown_value(o, text));
	}
	return shown;
}

void sdn_zone_usual(const char *type, json_t *options)
{
	if (sdn_zone_type(type) == SDN_VXLAN &&
	    !json_is_string(json_object_get(options, "peers")) &&
	    !json_is_string(json_object_get(options, "fabric")))
		(void)json_object_set_new(options, "peers", json_string("auto"));
}
