/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *text, *mac; /* NULL = refused */
} macs[] = {
	{ "BC:24:11:00:00:01", "BC:24:11:00:00:01" },
	{ "bc:24:11:aB:cD:eF", "BC:24:11:AB:CD:EF" },
	{ "00:00:00:00:00:00", "00:00:00:00:00:00" },
	{ "01:00:5e:00:00:01", NULL }, /* multicast */
	{ "bd:24:11:00:00:01", NULL },
	{ "bf:24:11:00:00:01", NULL },
	{ "bc-24-11-00-00-01", NULL },
	{ "bc:24:11:00:00", NULL },
	{ "bc:24:11:00:00:011", NULL },
	{ "bc:24:11:00:00:0g", NULL },
	{ "bc:24:11:00:00:1", NULL },
	{ "bc24:11:00:00:011", NULL },
	{ "", NULL },
};

static void a_mac_is_written_in_upper_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(macs); i++) {
		char out[MAC_TEXT] = "as it was";
		bool ok = mac_parse(macs[i].text, out);

		assert_string_equal(out, macs[i].mac ? macs[i].mac : "as it was");
		assert_int_equal(ok, macs[i].mac != NULL);
	}
}

static const struct {
	const char *text, *again; /* NULL = refused */
	uint8_t bits;
} ips[] = {
	{ "10.0.0.11", "10.0.0.11", 32 },
	{ "255.255.255.255", "255.255.255.255", 32 },
	{ "2001:DB8:0:0::1", "2001:db8::1", 128 },
	{ "::", "::", 128 },
	{ "::ffff:10.0.0.1", "::ffff:10.0.0.1", 128 },
	{ "10.0.0", NULL, 0 },
	{ "10.0.0.256", NULL, 0 },
	{ "10.0.0.1 ", NULL, 0 },
	{ "2001:db8:::1", NULL, 0 },
	{ "fe80::1%eth0", NULL, 0 },
	{ "", NULL, 0 },
	{ "web-1", NULL, 0 },
};

static void an_address_reads_and_prints(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ips); i++) {
		struct net_ip ip = { .bits = 7 };
		char text[IP_TEXT];

		assert_int_equal(ip_parse(ips[i].text, &ip), ips[i].again != NULL);
		assert_int_equal(ip.bits, ips[i].again ? ips[i].bits : 7);
		if (!ips[i].again)
			continue;
		ip_format(&ip, text);
		assert_string_equal(text, ips[i].again);
	}
}

static const struct {
	const char *text;
	int prefix; /* -1 = refused */
} cidrs[] = {
	{ "10.0.0.5/24", 24 },
	{ "10.0.0.0/0", 0 },
	{ "10.0.0.1/32", 32 },
	{ "fd00::/8", 8 },
	{ "::1/128", 128 },
	{ "10.0.0.1/33", -1 },
	{ "::1/129", -1 },
	{ "10.0.0.1", -1 },
	{ "10.0.0.1/", -1 },
	{ "10.0.0.1/-1", -1 },
	{ "10.0.0.1/2x", -1 },
	{ "/24", -1 },
	{ "10.0.0.1/0024", -1 },
	{ "10.0.0/24", -1 },
	{ "10.0.0.1/24/8", -1 },
	{ "10.0.0.1/999", -1 },
	{ "1111111111111111111111111111111111111111111111111111/8", -1 },
};

static void a_cidr_needs_its_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cidrs); i++) {
		struct net_cidr cidr = { .prefix = 77 };

		assert_int_equal(cidr_parse(cidrs[i].text, &cidr), cidrs[i].prefix >= 0);
		assert_int_equal(cidr.prefix, cidrs[i].prefix >= 0 ? cidrs[i].prefix : 77);
	}
}

static const struct {
	const char *net, *ip;
	bool inside;
} places[] = {
	{ "10.0.0.5/24", "10.0.0.255", true },
	{ "10.0.0.5/24", "10.0.1.0", false },
	{ "10.0.0.128/25", "10.0.0.127", false },
	{ "10.0.0.128/25", "10.0.0.129", true },
	{ "10.0.0.0/0", "255.1.2.3", true },
	{ "10.0.0.1/32", "10.0.0.1", true },
	{ "10.0.0.1/32", "10.0.0.0", false },
	{ "fd00::/8", "fdff::1", true },
	{ "fd00::/8", "fc00::1", false },
	{ "::/0", "10.0.0.1", false },
	{ "0.0.0.0/0", "::1", false },
	{ "2001:db8::/127", "2001:db8::1", true },
	{ "2001:db8::/127", "2001:db8::2", false },
};

static void a_network_contains_its_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct net_cidr net;
		struct net_ip ip;

		assert_true(cidr_parse(places[i].net, &net));
		assert_true(ip_parse(places[i].ip, &ip));
		assert_int_equal(cidr_contains(&net, &ip), places[i].inside);
	}
}

static const struct {
	const char *ip;
	bool out;
} ways[] = {
	{ "10.0.0.1", true },
	{ "128.0.0.1", true },
	{ "223.255.255.255", true },
	{ "2001:db8::1", true },
	{ "fd00::1", true },
	{ "0.0.0.0", false },
	{ "127.0.0.1", false },
	{ "127.255.255.254", false },
	{ "169.254.1.1", false },
	{ "224.0.0.1", false },
	{ "255.255.255.255", false },
	{ "::", false },
	{ "::1", false },
	{ "0:0:0:0:0:0:0:1", false },
	{ "::127.0.0.1", false },
	{ "::ffff:127.0.0.1", false },
	{ "::ffff:7f00:1", false },
	{ "fe80::1", false },
	{ "FE90::1", false },
	{ "ff02::1", false },
};

static void an_address_leads_to_another_host_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct net_ip ip;

		assert_true(ip_parse(ways[i].ip, &ip));
		if (ip_leads_out(&ip) != ways[i].out)
			fail_msg("%s", ways[i].ip);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mac_is_written_in_upper_case),
		cmocka_unit_test(an_address_reads_and_prints),
		cmocka_unit_test(a_cidr_needs_its_prefix),
		cmocka_unit_test(a_network_contains_its_addresses),
		cmocka_unit_test(an_address_leads_to_another_host_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
