/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

static const struct {
	sim_format_fn *format;
	const char *value, *why; /* NULL = it is good */
} cases[] = {
	{ sdn_format_ip, "10.0.0.1", NULL },
	{ sdn_format_ip, "fd00::1", NULL },
	{ sdn_format_ip, "10.0.0", "value does not look like a valid IP address\n" },
	{ sdn_format_mac, "BC:24:11:00:00:01", NULL },
	{ sdn_format_mac, "01:00:00:00:00:01",
	  "value does not look like a valid unicast MAC address\n" },
	{ sdn_format_subnet, "10.0.0.0/24", NULL },
	{ sdn_format_subnet, "zone-fd00:1::-64", NULL },
	{ sdn_format_subnet, "zone-10.0.0.0-24", NULL },
	{ sdn_format_subnet, "zone", "value does not look like a valid CIDR network\n" },
	{ sdn_format_subnet, "10.0.0.0/33", "value does not look like a valid CIDR network\n" },
	{ sdn_format_range, "start-address=10.0.0.1,end-address=10.0.0.2", NULL },
	{ sdn_format_range, "start-address=10.0.0.1",
	  "format error\nx.end-address: property is missing and it is not optional\n" },
	{ sdn_format_node, "pve1", NULL },
	{ sdn_format_node, "a_b", "value does not look like a valid node name\n" },
	{ sdn_format_node, "-a", "value does not look like a valid node name\n" },
	{ sdn_format_dns_name, "my-domain.example", NULL },
	{ sdn_format_dns_name, "a..b", "value does not look like a valid DNS name\n" },
	{ sdn_format_route_target, "65000:100", NULL },
	{ sdn_format_route_target, "4294967296:1",
	  "value does not look like a valid bgp route-target\n" },
	{ sdn_format_route_target, "1:2:3", "value does not look like a valid bgp route-target\n" },
};

static void what_is_wrong_is_told_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pxc_buf why auto_buf = { 0 };
		bool good = cases[i].format("x", cases[i].value, &why);

		assert_int_equal(good, cases[i].why == NULL);
		assert_string_equal(buf_str(&why), cases[i].why ? cases[i].why : "");
	}
}

static void a_range_has_two_ends(void **state)
{
	char start[64], end[64];

	(void)state;
	assert_true(sdn_range("end-address=10.0.0.9,start-address=10.0.0.1", start, end));
	assert_string_equal(start, "10.0.0.1");
	assert_string_equal(end, "10.0.0.9");
	assert_false(sdn_range("start-address=10.0.0.1", start, end));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_told_in_words),
		cmocka_unit_test(a_range_has_two_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
