/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net.h - MAC addresses, IP addresses and CIDRs, as values. Pure. Layer: base. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define MAC_TEXT 18 /* "BC:24:11:00:00:01" and NUL */
#define IP_TEXT 46

struct net_ip {
	uint8_t bytes[16]; /* network order; IPv4 uses the first four */
	uint8_t bits;      /* 32 or 128 */
};

struct net_cidr {
	struct net_ip ip; /* as written, host part kept */
	uint8_t prefix;   /* 0..ip.bits */
};

/* Six hex octets with ':'; ret_text upper-case. false when malformed or multicast (PVE refuses those). */
must_check bool mac_parse(const char *text, char ret_text[MAC_TEXT]);

must_check bool ip_parse(const char *text, struct net_ip *ret);
void ip_format(const struct net_ip *ip, char text[IP_TEXT]);
must_check bool cidr_parse(const char *text,
			   struct net_cidr *ret); /* "10.0.0.5/24"; the prefix is required */
bool cidr_contains(const struct net_cidr *net,
		   const struct net_ip *ip); /* false for another family */
