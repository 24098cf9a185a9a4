/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/sdn_zone.h"

static void types_have_the_numbers_that_pve_gives_them(void **state)
{
	static const struct {
		const char *name;
		int type;
		bool tagged, global;
		uint32_t max;
	} rows[] = {
		{ "simple", SDN_SIMPLE, false, false, 0 },
		{ "vlan", SDN_VLAN, true, false, 4094 },
		{ "qinq", SDN_QINQ, true, false, 4094 },
		{ "vxlan", SDN_VXLAN, true, true, 16777215 },
		{ "evpn", SDN_EVPN, true, true, 16777215 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(sdn_zone_type(rows[i].name), rows[i].type);
		assert_int_equal(sdn_zone_tagged(rows[i].type), rows[i].tagged);
		assert_int_equal(sdn_zone_global_tags(rows[i].type), rows[i].global);
		assert_int_equal(sdn_zone_max_tag(rows[i].type), rows[i].max);
	}
	assert_int_equal(sdn_zone_type("faucet"), -1);
	assert_int_equal(sdn_zone_type(""), -1);
	assert_int_equal(sdn_zone_type(NULL), -1);
	assert_false(sdn_zone_tagged(-1) || sdn_zone_global_tags(-1));
}

static void ids_are_short_and_plain(void **state)
{
	static const char *const good[] = { "ab", "a1", "tenant", "abcdefgh", "z0000000" };
	static const char *const bad[] = { "",    "a",   "1a",   "abcdefghi", "A1",        "a-b",
					   "a_b", "a b", "ab\n", "aB",        "\xc3\xa4z", "ab." };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!sdn_zone_id(good[i]))
			fail_msg("%s is refused", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (sdn_zone_id(bad[i]))
			fail_msg("\"%s\" is taken", bad[i]);
}

static void every_option_can_be_checked(void **state)
{
	(void)state;
	for (const struct sdn_zone_option *o = sdn_zone_options; o->name; o++) {
		assert_ptr_equal(sdn_zone_option(o->pve), o);
		assert_int_equal(o->needs & ~o->takes, 0);
		assert_true(o->takes && o->takes < 1u << SDN_ZONE_TYPES);
		if (o->value == SDN_INT)
			assert_true(o->min < o->max);
		if (o->value == SDN_CHOICE)
			assert_non_null(o->choices[0]);
		if (o->value == SDN_TEXT || o->value == SDN_LIST)
			assert_true(o->is && o->what);
	}
	assert_null(sdn_zone_option("dp-id"));
	assert_null(sdn_zone_option("service_vlan"));
}

/* As the plugins of pve-network name them; needed ones have a "!" in front. */
static void types_take_the_options_that_pve_takes(void **state)
{
#define EVERY " dns dnszone ipam mtu nodes reversedns "
	static const char *const lists[SDN_ZONE_TYPES] = {
		[SDN_SIMPLE] = EVERY "dhcp ",
		[SDN_VLAN] = EVERY "!bridge bridge-disable-mac-learning ",
		[SDN_QINQ] = EVERY "!bridge !tag bridge-disable-mac-learning vlan-protocol ",
		[SDN_VXLAN] = EVERY "peers fabric vxlan-port ",
		[SDN_EVPN] = EVERY "!vrf-vxlan !controller exitnodes exitnodes-local-routing "
				   "exitnodes-primary advertise-subnets disable-arp-nd-suppression "
				   "bridge-disable-mac-learning rt-import vxlan-port mac ",
	};

	(void)state;
	for (int t = 0; t < SDN_ZONE_TYPES; t++) {
		size_t wanted = 0, taken = 0;

		for (const char *p = lists[t]; (p = strchr(p + 1, ' '));)
			wanted++;
		for (const struct sdn_zone_option *o = sdn_zone_options; o->name; o++) {
			auto_free char *optional = pxc_printf(" %s ", o->pve);
			auto_free char *needed = pxc_printf(" !%s ", o->pve);

			taken += o->takes >> t & 1;
			if (!!strstr(lists[t], needed) != (o->needs >> t & 1) ||
			    !!strstr(lists[t], optional) != (o->takes >> t & 1 & ~(o->needs >> t)))
				fail_msg("%s of %s", o->pve, sdn_zone_types[t]);
		}
		assert_int_equal(taken, wanted);
	}
}

static void values_are_compared_by_what_they_mean(void **state)
{
	static const struct {
		const char *key, *have, *want;
		bool same;
	} rows[] = {
		{ "nodes", "pve1,pve2", "pve2,pve1", true },
		{ "nodes", "pve1,pve2,pve1", "pve2,pve1", true },
		{ "nodes", "pve1", "pve1,pve2", false },
		{ "nodes", "pve1,pve2", "pve1", false },
		{ "nodes", "pve1", "pve11", false },
		{ "nodes", NULL, NULL, true },
		{ "nodes", NULL, "pve1", false },
		{ "nodes", "pve1", NULL, false },
		{ "peers", "10.0.0.1 10.0.0.2", "10.0.0.2,10.0.0.1", true },
		{ "peers", "10.0.0.1;10.0.0.2,", "10.0.0.2,10.0.0.1", true },
		{ "exitnodes", "b,a", "a,b", true },
		{ "rt-import", "65000:1,65000:2", "65000:2,65000:1", true },
		{ "rt-import", "65000:1", "65000:2", false },
		{ "advertise-subnets", NULL, "0", true },
		{ "advertise-subnets", "0", NULL, true },
		{ "advertise-subnets", NULL, "1", false },
		{ "advertise-subnets", "1", "1", true },
		{ "mac", "BC:24:11:00:00:01", "bc:24:11:00:00:01", true },
		{ "mac", "BC:24:11:00:00:01", "bc:24:11:00:00:02", false },
		{ "mac", NULL, "BC:24:11:00:00:01", false },
		{ "vlan-protocol", NULL, "802.1q", true },
		{ "vlan-protocol", "802.1ad", NULL, false },
		{ "vxlan-port", NULL, "4789", true },
		{ "mtu", "1450", "1450", true },
		{ "mtu", NULL, "1450", false },
		{ "bridge", "vmbr0", "VMBR0", false },
		{ "something-new", "a,b", "b,a", false },
		{ "something-new", NULL, NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (sdn_zone_same(rows[i].key, rows[i].have, rows[i].want) != rows[i].same)
			fail_msg("%s: %s and %s", rows[i].key, rows[i].have, rows[i].want);
}

static void options_are_shown_under_our_names(void **state)
{
	json_auto_t *options =
		json_pack("{s:s,s:s,s:s,s:s,s:s,s:n,s:s}", "tag", "100", "peers",
			  "10.0.0.2,10.0.0.1", "bridge", "vmbr0", "advertise-subnets", "1",
			  "bridge-disable-mac-learning", "0", "mtu", "of-later", "x");
	json_auto_t *shown = sdn_zone_shown(options);
	json_auto_t *wanted = json_pack("{s:i,s:[s,s],s:s,s:b,s:b}", "service_vlan", 100, "peers",
					"10.0.0.2", "10.0.0.1", "bridge", "vmbr0",
					"advertise_subnets", 1, "bridge_disable_mac_learning", 0);

	(void)state;
	assert_true(json_equal(shown, wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_have_the_numbers_that_pve_gives_them),
		cmocka_unit_test(ids_are_short_and_plain),
		cmocka_unit_test(every_option_can_be_checked),
		cmocka_unit_test(types_take_the_options_that_pve_takes),
		cmocka_unit_test(values_are_compared_by_what_they_mean),
		cmocka_unit_test(options_are_shown_under_our_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
