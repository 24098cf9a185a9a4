/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_format.c - the forms of SDN's parameters. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/net.h"
#include "base/propstr.h"
#include "sim/sdn.h"

bool sdn_format_ip(const char *name, const char *value, struct pxc_buf *why)
{
	struct net_ip ip;

	(void)name;
	if (ip_parse(value, &ip))
		return true;
	buf_adds(why, "value does not look like a valid IP address\n");
	return false;
}

bool sdn_format_mac(const char *name, const char *value, struct pxc_buf *why)
{
	char mac[MAC_TEXT];

	(void)name;
	if (mac_parse(value, mac))
		return true;
	buf_adds(why, "value does not look like a valid unicast MAC address\n");
	return false;
}

bool sdn_format_subnet(const char *name, const char *value, struct pxc_buf *why)
{
	auto_free char *cidr = strchr(value, '/') ? pxc_strdup(value) : sdn_subnet_cidr(value);
	struct net_cidr net;

	(void)name;
	if (cidr_parse(cidr, &net) && net.prefix > 0)
		return true;
	buf_adds(why, "value does not look like a valid CIDR network\n");
	return false;
}

bool sdn_range(const char *text, char start[64], char end[64])
{
	json_auto_t *parts = prop_parse(text, NULL);
	const char *from = json_string_value(json_object_get(parts, "start-address"));
	const char *to = json_string_value(json_object_get(parts, "end-address"));

	if (!from || !to)
		return false;
	(void)snprintf(start, 64, "%s", from);
	(void)snprintf(end, 64, "%s", to);
	return true;
}

bool sdn_format_range(const char *name, const char *value, struct pxc_buf *why)
{
	static const char *const parts[] = { "start-address", "end-address" };
	json_auto_t *range = prop_parse(value, NULL);
	struct pxc_buf text = { 0 };
	const char *key;
	json_t *part;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!json_object_get(range, parts[i]))
			buf_printf(&text, "%s.%s: property is missing and it is not optional\n",
				   name, parts[i]);
	json_object_foreach (range, key, part)
		if (strcmp(key, parts[0]) != 0 && strcmp(key, parts[1]) != 0)
			buf_printf(&text,
				   "%s.%s: property is not defined in schema and the schema "
				   "does not allow additional properties\n",
				   name, key);
	if (text.len)
		buf_printf(why, "format error\n%s", buf_str(&text));
	buf_release(&text);
	return !why->len;
}

/* Letters, digits and dashes, a letter or digit at both ends. */
static bool label(const char *text, size_t len)
{
	if (!len || len > 63 || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	return true;
}

bool sdn_format_node(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	if (label(value, strlen(value)))
		return true;
	buf_adds(why, "value does not look like a valid node name\n");
	return false;
}

bool sdn_format_dns_name(const char *name, const char *value, struct pxc_buf *why)
{
	const char *at = value;

	(void)name;
	for (;;) {
		size_t len = strcspn(at, ".");

		if (!label(at, len)) {
			buf_adds(why, "value does not look like a valid DNS name\n");
			return false;
		}
		at += len;
		if (!*at)
			return true;
		at++;
	}
}

bool sdn_format_route_target(const char *name, const char *value, struct pxc_buf *why)
{
	unsigned long long asn = 0, id = 0;
	char rest;

	(void)name;
	if (isdigit((unsigned char)value[0]) &&
	    sscanf(value, "%10llu:%10llu%c", &asn, &id, &rest) == 2 && asn <= UINT32_MAX &&
	    id <= UINT32_MAX)
		return true;
	buf_adds(why, "value does not look like a valid bgp route-target\n");
	return false;
}
