/* SPDX-License-Identifier: GPL-3.0-or-later */
/* units_fuzz.c - any text as a size, a MAC, an address and a CIDR: what is accepted prints to a text that reads the same. */
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

static void check_net(const char *text)
{
	char mac[MAC_TEXT], mac_again[MAC_TEXT], shown[IP_TEXT];
	struct net_ip ip, ip_again;
	struct net_cidr cidr;

	if (mac_parse(text, mac))
		must(mac_parse(mac, mac_again) && str_eq(mac, mac_again));
	if (ip_parse(text, &ip)) {
		ip_format(&ip, shown);
		must(ip_parse(shown, &ip_again) && ip_again.bits == ip.bits &&
		     memcmp(ip.bytes, ip_again.bytes, sizeof(ip.bytes)) == 0);
	}
	if (cidr_parse(text, &cidr))
		must(cidr.prefix <= cidr.ip.bits && cidr_contains(&cidr, &cidr.ip));
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
