/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net_range.c - the order of addresses, ranges of them, and what a CIDR spans. */
#include "base/net.h"

#include <stdio.h>
#include <string.h>

static size_t bytes_of(const struct net_ip *ip)
{
	return ip->bits / 8u;
}

int ip_order(const struct net_ip *a, const struct net_ip *b)
{
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return memcmp(a->bytes, b->bytes, bytes_of(a));
}

bool ip_next(struct net_ip *ip)
{
	struct net_ip next = *ip;

	for (size_t i = bytes_of(ip); i-- > 0;)
		if (++next.bytes[i] != 0) {
			*ip = next;
			return true;
		}
	return false;
}

bool ip_prev(struct net_ip *ip)
{
	struct net_ip prev = *ip;

	for (size_t i = bytes_of(ip); i-- > 0;)
		if (prev.bytes[i]-- != 0) {
			*ip = prev;
			return true;
		}
	return false;
}

/* The address in text[0..len). */
static bool parse_end(const char *text, size_t len, struct net_ip *ret)
{
	char addr[IP_TEXT];

	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	return ip_parse(addr, ret);
}

bool range_parse(const char *text, struct net_range *ret)
{
	const char *dash = strchr(text, '-'), *right;
	struct net_range r;
	size_t left;

	if (!dash) {
		if (!ip_parse(text, &r.first))
			return false;
		r.last = r.first;
		*ret = r;
		return true;
	}
	for (left = (size_t)(dash - text); left > 0 && text[left - 1] == ' '; left--)
		;
	right = dash + 1 + strspn(dash + 1, " ");
	if (!parse_end(text, left, &r.first) || !ip_parse(right, &r.last) ||
	    r.first.bits != r.last.bits || ip_order(&r.first, &r.last) > 0)
		return false;
	*ret = r;
	return true;
}

void range_format(const struct net_range *r, char text[RANGE_TEXT])
{
	char first[IP_TEXT], last[IP_TEXT];

	ip_format(&r->first, first);
	ip_format(&r->last, last);
	if (ip_order(&r->first, &r->last) == 0)
		(void)snprintf(text, RANGE_TEXT, "%s", first);
	else
		(void)snprintf(text, RANGE_TEXT, "%s-%s", first, last);
}

bool range_has(const struct net_range *r, const struct net_ip *ip)
{
	return ip_order(&r->first, ip) <= 0 && ip_order(ip, &r->last) <= 0;
}

bool range_overlaps(const struct net_range *a, const struct net_range *b)
{
	return ip_order(&a->first, &b->last) <= 0 && ip_order(&b->first, &a->last) <= 0;
}

uint64_t range_size(const struct net_range *r)
{
	unsigned __int128 first = 0, last = 0, above;

	for (size_t i = 0; i < bytes_of(&r->first); i++) {
		first = first << 8 | r->first.bytes[i];
		last = last << 8 | r->last.bytes[i];
	}
	above = last - first;
	return above >= UINT64_MAX ? UINT64_MAX : (uint64_t)above + 1;
}

struct net_range cidr_range(const struct net_cidr *net)
{
	struct net_range r = { .first = net->ip, .last = net->ip };

	for (unsigned bit = net->prefix; bit < net->ip.bits; bit++) {
		uint8_t mask = (uint8_t)(0x80u >> bit % 8);

		r.first.bytes[bit / 8] &= (uint8_t)~mask;
		r.last.bytes[bit / 8] |= mask;
	}
	return r;
}

struct net_range cidr_hosts(const struct net_cidr *net)
{
	struct net_range r = cidr_range(net);
	size_t end = bytes_of(&net->ip) - 1;

	if (net->prefix >= net->ip.bits - 1)
		return r;
	/* At least two host bits: the network ends in 0 and the last address in 1. */
	r.first.bytes[end] |= 1;
	if (net->ip.bits == 32)
		r.last.bytes[end] &= 0xfe;
	return r;
}

bool cidr_overlaps(const struct net_cidr *a, const struct net_cidr *b)
{
	return cidr_contains(a, &b->ip) || cidr_contains(b, &a->ip);
}

void cidr_format(const struct net_cidr *net, char text[CIDR_TEXT])
{
	char ip[IP_TEXT];

	ip_format(&net->ip, ip);
	(void)snprintf(text, CIDR_TEXT, "%s/%u", ip, net->prefix);
}

struct net_cidr cidr_network(const struct net_cidr *net)
{
	return (struct net_cidr){ .ip = cidr_range(net).first, .prefix = net->prefix };
}
