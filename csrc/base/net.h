/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net.h - MAC addresses, IP addresses, ranges and CIDRs, as values. Pure. Layer: base. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define MAC_TEXT 18 /* "BC:24:11:00:00:01" and NUL */
#define IP_TEXT 46
#define RANGE_TEXT (2 * IP_TEXT)
#define CIDR_TEXT (IP_TEXT + 4)

struct net_ip {
	uint8_t bytes[16]; /* network order; IPv4 uses the first four */
	uint8_t bits;      /* 32 or 128 */
};

struct net_cidr {
	struct net_ip ip; /* as written, host part kept */
	uint8_t prefix;   /* 0..ip.bits */
};

struct net_range {
	struct net_ip first, last; /* of one family, first <= last; both belong to it */
};

/* Six hex octets with ':'; ret_text upper-case. false when malformed or multicast (PVE refuses those). */
must_check bool mac_parse(const char *text, char ret_text[MAC_TEXT]);

must_check bool ip_parse(const char *text, struct net_ip *ret);
void ip_format(const struct net_ip *ip, char text[IP_TEXT]);
must_check bool cidr_parse(const char *text,
			   struct net_cidr *ret); /* "10.0.0.5/24"; the prefix is required */
bool cidr_contains(const struct net_cidr *net,
		   const struct net_ip *ip); /* false for another family */
bool cidr_overlaps(const struct net_cidr *a, const struct net_cidr *b);
void cidr_format(const struct net_cidr *net, char text[CIDR_TEXT]); /* host part kept */
struct net_cidr cidr_network(const struct net_cidr *net);           /* host part cleared */
struct net_range cidr_range(const struct net_cidr *net); /* network address to the last one */
/*
 * What hosts can have: without network and broadcast of IPv4, and without the first address of IPv6, which is the anycast
 * address of routers (RFC 4291, 2.6.1). All of a /31 and /32 (RFC 3021), and of a /127 (RFC 6164) and /128.
 */
struct net_range cidr_hosts(const struct net_cidr *net);

/*
 * Whether it can lead to another host: not this host in any spelling ("0.0.0.0", "::1", "::ffff:127.0.0.1"), no link-local and
 * no multicast address.
 */
must_check bool ip_leads_out(const struct net_ip *ip);

int ip_order(const struct net_ip *a, const struct net_ip *b); /* IPv4 before IPv6, then by number */
bool ip_next(struct net_ip *ip); /* false and unchanged: it was the last of its family */
bool ip_prev(struct net_ip *ip); /* false and unchanged: it was the first of its family */

/* "10.0.0.10-10.0.0.99", blanks around the "-" are fine; or one address. false: malformed, two families or backwards */
must_check bool range_parse(const char *text, struct net_range *ret);
void range_format(const struct net_range *r, char text[RANGE_TEXT]); /* "a-b"; one address alone */
bool range_has(const struct net_range *r, const struct net_ip *ip);
bool range_overlaps(const struct net_range *a, const struct net_range *b);
uint64_t range_size(const struct net_range *r); /* UINT64_MAX when it is more */
