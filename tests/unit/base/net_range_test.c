/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct net_ip ip_of(const char *text)
{
	struct net_ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static struct net_cidr cidr_of(const char *text)
{
	struct net_cidr cidr;

	assert_true(cidr_parse(text, &cidr));
	return cidr;
}

static struct net_range range_of(const char *text)
{
	struct net_range range;

	assert_true(range_parse(text, &range));
	return range;
}

static void addresses_are_ordered_by_family_and_number(void **state)
{
	static const char *const sorted[] = {
		"0.0.0.0", "9.255.255.255", "10.0.0.2", "10.0.0.10", "255.255.255.255",
		"::",      "::1",           "::100",    "fd00::",    "fd00::ff"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sorted); k++) {
			struct net_ip a = ip_of(sorted[i]), b = ip_of(sorted[k]);
			int order = ip_order(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
		}
}

static void bytes_after_an_ipv4_address_do_not_count(void **state)
{
	struct net_ip a = ip_of("10.0.0.1"), b = a;

	(void)state;
	memset(b.bytes + 4, 0xff, 12);
	assert_int_equal(ip_order(&a, &b), 0);
}

static const struct {
	const char *ip, *next; /* NULL = there is none */
} nexts[] = {
	{ "10.0.0.1", "10.0.0.2" },
	{ "10.0.0.255", "10.0.1.0" },
	{ "9.255.255.255", "10.0.0.0" },
	{ "255.255.255.255", NULL },
	{ "::", "::1" },
	{ "fd00::ffff", "fd00::1:0" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
};

static void the_next_address_carries(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nexts); i++) {
		struct net_ip ip = ip_of(nexts[i].ip);
		char text[IP_TEXT];

		assert_int_equal(ip_next(&ip), nexts[i].next != NULL);
		ip_format(&ip, text);
		assert_string_equal(text, nexts[i].next ? nexts[i].next : nexts[i].ip);
		if (!nexts[i].next)
			continue;
		assert_true(ip_prev(&ip));
		ip_format(&ip, text);
		assert_string_equal(text, nexts[i].ip);
	}
}

static void nothing_is_before_the_first_address(void **state)
{
	struct net_ip v4 = ip_of("0.0.0.0"), v6 = ip_of("::");
	char text[IP_TEXT];

	(void)state;
	assert_false(ip_prev(&v4));
	assert_false(ip_prev(&v6));
	ip_format(&v4, text);
	assert_string_equal(text, "0.0.0.0");
	ip_format(&v6, text);
	assert_string_equal(text, "::");
}

static const struct {
	const char *text, *again; /* NULL = refused */
	uint64_t size;
} ranges[] = {
	{ "10.0.0.10-10.0.0.99", "10.0.0.10-10.0.0.99", 90 },
	{ "10.0.0.10 - 10.0.0.99", "10.0.0.10-10.0.0.99", 90 },
	{ "10.0.0.10  -10.0.1.9", "10.0.0.10-10.0.1.9", 256 },
	{ "10.0.0.10", "10.0.0.10", 1 },
	{ "10.0.0.10-10.0.0.10", "10.0.0.10", 1 },
	{ "0.0.0.0-255.255.255.255", "0.0.0.0-255.255.255.255", 1ull << 32 },
	{ "FD00::1-fd00::f", "fd00::1-fd00::f", 15 },
	{ "fd00::7", "fd00::7", 1 },
	{ "::-::ffff:ffff:ffff:fffd", "::-::ffff:ffff:ffff:fffd", UINT64_MAX - 1 },
	{ "::-::ffff:ffff:ffff:ffff", "::-::ffff:ffff:ffff:ffff", UINT64_MAX },
	{ "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	  "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UINT64_MAX },
	{ "1111:1111:1111:1111:1111:1111:255.255.255.250 - 1111:1111:1111:1111:1111:1111:255.255.255.255",
	  "1111:1111:1111:1111:1111:1111:ffff:fffa-1111:1111:1111:1111:1111:1111:ffff:ffff", 6 },
	{ "10.0.0.99-10.0.0.10", NULL, 0 },
	{ "10.0.0.1-fd00::1", NULL, 0 },
	{ "10.0.0.1-::ffff:10.0.0.2", NULL, 0 },
	{ "10.0.0.10-", NULL, 0 },
	{ "-10.0.0.10", NULL, 0 },
	{ "-", NULL, 0 },
	{ "10.0.0.1-10.0.0.2-10.0.0.3", NULL, 0 },
	{ "10.0.0.1-20", NULL, 0 },
	{ " 10.0.0.1-10.0.0.2", NULL, 0 },
	{ "10.0.0.1-10.0.0.2 ", NULL, 0 },
	{ "10.0.0.0/24", NULL, 0 },
	{ "1111111111111111111111111111111111111111111111111111-10.0.0.1", NULL, 0 },
	{ "", NULL, 0 },
};

static void a_range_reads_prints_and_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct net_range range = { .first.bits = 7 };
		char text[RANGE_TEXT];

		assert_int_equal(range_parse(ranges[i].text, &range), ranges[i].again != NULL);
		if (!ranges[i].again) {
			assert_int_equal(range.first.bits, 7);
			continue;
		}
		range_format(&range, text);
		assert_string_equal(text, ranges[i].again);
		assert_true(range_size(&range) == ranges[i].size);
	}
}

static const struct {
	const char *range, *ip;
	bool inside;
} members[] = {
	{ "10.0.0.10-10.0.1.9", "10.0.0.10", true },  { "10.0.0.10-10.0.1.9", "10.0.1.9", true },
	{ "10.0.0.10-10.0.1.9", "10.0.0.200", true }, { "10.0.0.10-10.0.1.9", "10.0.0.9", false },
	{ "10.0.0.10-10.0.1.9", "10.0.1.10", false }, { "0.0.0.0-255.255.255.255", "::1", false },
	{ "::-::ffff:ffff", "10.0.0.1", false },      { "fd00::1-fd00::f", "fd00::a", true },
};

static void a_range_has_both_its_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct net_range range = range_of(members[i].range);
		struct net_ip ip = ip_of(members[i].ip);

		assert_int_equal(range_has(&range, &ip), members[i].inside);
	}
}

static const struct {
	const char *a, *b;
	bool yes;
} range_pairs[] = {
	{ "10.0.0.1-10.0.0.9", "10.0.0.9-10.0.0.20", true },
	{ "10.0.0.1-10.0.0.9", "10.0.0.10-10.0.0.20", false },
	{ "10.0.0.1-10.0.0.90", "10.0.0.10-10.0.0.20", true },
	{ "10.0.0.5", "10.0.0.5", true },
	{ "10.0.0.5", "10.0.0.6", false },
	{ "0.0.0.0-255.255.255.255", "::-::ffff", false },
	{ "fd00::1-fd00::5", "fd00::3-fd00::9", true },
}, cidr_pairs[] = {
	{ "10.0.0.0/24", "10.0.0.128/25", true },
	{ "10.0.0.200/24", "10.0.0.7/24", true },
	{ "10.0.0.0/25", "10.0.0.128/25", false },
	{ "10.0.0.0/8", "11.0.0.0/8", false },
	{ "0.0.0.0/0", "203.0.113.9/32", true },
	{ "0.0.0.0/0", "::/0", false },
	{ "fd00::/64", "fd00:0:0:1::/64", false },
	{ "fd00::/48", "fd00:0:0:1::/64", true },
};

static void what_overlaps_does_so_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(range_pairs); i++) {
		struct net_range a = range_of(range_pairs[i].a), b = range_of(range_pairs[i].b);

		assert_int_equal(range_overlaps(&a, &b), range_pairs[i].yes);
		assert_int_equal(range_overlaps(&b, &a), range_pairs[i].yes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(cidr_pairs); i++) {
		struct net_cidr a = cidr_of(cidr_pairs[i].a), b = cidr_of(cidr_pairs[i].b);

		assert_int_equal(cidr_overlaps(&a, &b), cidr_pairs[i].yes);
		assert_int_equal(cidr_overlaps(&b, &a), cidr_pairs[i].yes);
	}
}

static const struct {
	const char *cidr, *again, *network, *all, *hosts;
} nets[] = {
	{ "10.0.0.5/24", "10.0.0.5/24", "10.0.0.0/24", "10.0.0.0-10.0.0.255",
	  "10.0.0.1-10.0.0.254" },
	{ "10.0.3.7/22", "10.0.3.7/22", "10.0.0.0/22", "10.0.0.0-10.0.3.255",
	  "10.0.0.1-10.0.3.254" },
	{ "10.0.0.5/30", "10.0.0.5/30", "10.0.0.4/30", "10.0.0.4-10.0.0.7", "10.0.0.5-10.0.0.6" },
	{ "10.0.0.5/31", "10.0.0.5/31", "10.0.0.4/31", "10.0.0.4-10.0.0.5", "10.0.0.4-10.0.0.5" },
	{ "10.0.0.5/32", "10.0.0.5/32", "10.0.0.5/32", "10.0.0.5", "10.0.0.5" },
	{ "10.0.0.5/0", "10.0.0.5/0", "0.0.0.0/0", "0.0.0.0-255.255.255.255",
	  "0.0.0.1-255.255.255.254" },
	{ "FD00::5/120", "fd00::5/120", "fd00::/120", "fd00::-fd00::ff", "fd00::1-fd00::ff" },
	{ "fd00::5/126", "fd00::5/126", "fd00::4/126", "fd00::4-fd00::7", "fd00::5-fd00::7" },
	{ "fd00::5/127", "fd00::5/127", "fd00::4/127", "fd00::4-fd00::5", "fd00::4-fd00::5" },
	{ "fd00::5/128", "fd00::5/128", "fd00::5/128", "fd00::5", "fd00::5" },
	{ "fd00:1:2:3:4::/61", "fd00:1:2:3:4::/61", "fd00:1:2::/61",
	  "fd00:1:2::-fd00:1:2:7:ffff:ffff:ffff:ffff",
	  "fd00:1:2::1-fd00:1:2:7:ffff:ffff:ffff:ffff" },
};

static void a_cidr_spans_its_network(void **state)
{
	char text[RANGE_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
		struct net_cidr cidr = cidr_of(nets[i].cidr), network = cidr_network(&cidr);
		struct net_range all = cidr_range(&cidr), hosts = cidr_hosts(&cidr);

		cidr_format(&cidr, text);
		assert_string_equal(text, nets[i].again);
		cidr_format(&network, text);
		assert_string_equal(text, nets[i].network);
		range_format(&all, text);
		assert_string_equal(text, nets[i].all);
		range_format(&hosts, text);
		assert_string_equal(text, nets[i].hosts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_ordered_by_family_and_number),
		cmocka_unit_test(bytes_after_an_ipv4_address_do_not_count),
		cmocka_unit_test(the_next_address_carries),
		cmocka_unit_test(nothing_is_before_the_first_address),
		cmocka_unit_test(a_range_reads_prints_and_counts),
		cmocka_unit_test(a_range_has_both_its_ends),
		cmocka_unit_test(what_overlaps_does_so_both_ways),
		cmocka_unit_test(a_cidr_spans_its_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
