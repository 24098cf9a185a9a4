/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/net.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool mac_parse(const char *text, char ret_text[MAC_TEXT])
{
	char out[MAC_TEXT];

	if (strlen(text) != MAC_TEXT - 1)
		return false;
	for (size_t i = 0; i < MAC_TEXT - 1; i++) {
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
		out[i] = (char)toupper((unsigned char)text[i]);
	}
	out[MAC_TEXT - 1] = '\0';
	if (strchr("13579BDF", out[1]))
		return false;
	memcpy(ret_text, out, MAC_TEXT);
	return true;
}

bool ip_parse(const char *text, struct net_ip *ret)
{
	struct net_ip ip = { .bits = 0 };

	if (inet_pton(AF_INET, text, ip.bytes) == 1)
		ip.bits = 32;
	else if (inet_pton(AF_INET6, text, ip.bytes) == 1)
		ip.bits = 128;
	else
		return false;
	*ret = ip;
	return true;
}

void ip_format(const struct net_ip *ip, char text[IP_TEXT])
{
	if (!inet_ntop(ip->bits == 32 ? AF_INET : AF_INET6, ip->bytes, text, IP_TEXT))
		text[0] = '\0';
}

bool cidr_parse(const char *text, struct net_cidr *ret)
{
	const char *slash = strchr(text, '/');
	struct net_cidr cidr;
	char addr[IP_TEXT];
	unsigned prefix = 0;

	if (!slash || (size_t)(slash - text) >= sizeof(addr) || !slash[1] || strlen(slash) > 4)
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	for (const char *p = slash + 1; *p; p++) {
		if (!isdigit((unsigned char)*p))
			return false;
		prefix = prefix * 10 + (unsigned)(*p - '0');
	}
	if (!ip_parse(addr, &cidr.ip) || prefix > cidr.ip.bits)
		return false;
	cidr.prefix = (uint8_t)prefix;
	*ret = cidr;
	return true;
}

bool cidr_contains(const struct net_cidr *net, const struct net_ip *ip)
{
	if (net->ip.bits != ip->bits)
		return false;
	for (unsigned bit = 0; bit < net->prefix; bit++) {
		unsigned mask = 0x80u >> bit % 8;

		if ((net->ip.bytes[bit / 8] & mask) != (ip->bytes[bit / 8] & mask))
			return false;
	}
	return true;
}

bool ip_leads_out(const struct net_ip *ip)
{
	/* "::/96" has "::", "::1" and a spelling of IPv4 that is long gone; ::ffff:0:0/96 is IPv4 for a socket. */
	static const char *const not_out[] = {
		"0.0.0.0/8", "127.0.0.0/8",   "169.254.0.0/16", "224.0.0.0/3",
		"::/96",     "::ffff:0:0/96", "fe80::/10",      "ff00::/8",
	};

	for (size_t i = 0; i < ARRAY_SIZE(not_out); i++) {
		struct net_cidr net;

		if (cidr_parse(not_out[i], &net) && cidr_contains(&net, ip))
			return false;
	}
	return true;
}
