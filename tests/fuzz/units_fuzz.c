/* SPDX-License-Identifier: GPL-3.0-or-later */
/* units_fuzz.c - any text as a size, a MAC, an address, a CIDR and a range: what is accepted prints to a text that reads the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "base/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void check_size(const char *text)
{
	uint64_t bytes = 0, again = 0;
	char shown[32];

	if (!size_parse(text, MIB, &bytes))
		return;
	must(bytes <= INT64_MAX);
	size_format(bytes, shown, sizeof(shown));
	must(size_parse(shown, 1, &again) && again == bytes);
}

static void check_cidr(const char *text)
{
	struct net_cidr cidr, again, net;
	struct net_range all, hosts;
	char shown[CIDR_TEXT];

	if (!cidr_parse(text, &cidr))
		return;
	must(cidr.prefix <= cidr.ip.bits && cidr_contains(&cidr, &cidr.ip));
	cidr_format(&cidr, shown);
	must(cidr_parse(shown, &again) && again.prefix == cidr.prefix &&
	     ip_order(&again.ip, &cidr.ip) == 0);
	net = cidr_network(&cidr);
	all = cidr_range(&cidr);
	hosts = cidr_hosts(&cidr);
	must(ip_order(&all.first, &net.ip) == 0 && range_has(&all, &cidr.ip));
	must(cidr_contains(&cidr, &all.first) && cidr_contains(&cidr, &all.last));
	must(ip_order(&hosts.first, &hosts.last) <= 0);
	must(range_has(&all, &hosts.first) && range_has(&all, &hosts.last));
	must(!ip_next(&all.last) || !cidr_contains(&cidr, &all.last));
	must(cidr_overlaps(&cidr, &net));
}

static void check_range(const char *text)
{
	struct net_range range, again;
	char shown[RANGE_TEXT];

	if (!range_parse(text, &range))
		return;
	must(range.first.bits == range.last.bits && ip_order(&range.first, &range.last) <= 0);
	must(range_has(&range, &range.first) && range_has(&range, &range.last));
	must(range_size(&range) > 0 && range_overlaps(&range, &range));
	range_format(&range, shown);
	must(range_parse(shown, &again) && ip_order(&again.first, &range.first) == 0 &&
	     ip_order(&again.last, &range.last) == 0);
}

static void check_net(const char *text)
{
	char mac[MAC_TEXT], mac_again[MAC_TEXT], shown[IP_TEXT];
	struct net_ip ip, ip_again;

	if (mac_parse(text, mac))
		must(mac_parse(mac, mac_again) && str_eq(mac, mac_again));
	if (ip_parse(text, &ip)) {
		ip_format(&ip, shown);
		must(ip_parse(shown, &ip_again) && ip_again.bits == ip.bits &&
		     memcmp(ip.bytes, ip_again.bytes, sizeof(ip.bytes)) == 0);
	}
	check_cidr(text);
	check_range(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "memory", "cores", "networks" };
	auto_free char *text = pxc_strndup((const char *)data, size);
	const char *near = str_nearest(text, names, ARRAY_SIZE(names));

	must(!near || str_distance(text, near) <= (strlen(text) + 2) / 3);
	must(!utf8_valid(text, strlen(text)) || utf8_length(text) <= strlen(text));
	check_size(text);
	check_net(text);
	return 0;
}
