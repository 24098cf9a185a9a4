/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers and ids of vnets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/networks.h"
#include "network_rows.h"

#define QQ(vnets)                                                                                  \
	ZONES("\"lab\":{\"type\":\"qinq\",\"bridge\":\"vmbr0\",\"tag\":\"20\",\"mtu\":\"1400\"}",  \
	      vnets)
#define OWN "\"zone\":\"lab\",\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}"
#define BARE VNET("v1", OWN)
#define LAN_QQ(n) VNET("v1", OWN ",\"tag\":" #n)
#define TWO_VLAN                                                                                   \
	"\"lab\":{\"type\":\"vlan\",\"bridge\":\"vmbr0\"},\"far\":{\"type\":\"vlan\",\"bridge\":\"vmbr1\"}"
#define VNI                                                                                                       \
	"\"lab\":{\"type\":\"vxlan\",\"peers\":\"10.0.0.1\"},\"over\":{\"type\":\"evpn\",\"controller\":\"bgp\"," \
	"\"vrf-vxlan\":\"9\"},\"lan\":{\"type\":\"vlan\",\"bridge\":\"vmbr0\"}"
/* A zone of VNIs 7 to 10 for projects. */
#define VNI_TENANT(vnets)                                                                                       \
	"{\"registry\":{\"z.tz\":\"type/vxlan,tags/7-10,x.peers/auto\"},\"zones\":{\"tz\":{\"type\":\"vxlan\"," \
	"\"peers\":\"10.0.0.1,10.0.0.2,10.0.0.3\"}," VNI "},\"vnets\":{" vnets "}}"

static const struct plan_row chosen[] = {
	{ "the lowest of the range", WORLD(""), NET(""), "create vnet n*, tag 100" APPLY },
	{ "that nobody has, in this zone",
	  WORLD(VNET("a", "\"zone\":\"tenant\",\"tag\":100") "," VNET(
		  "b", "\"zone\":\"other\",\"tag\":101")),
	  NET(""), "create vnet n*, tag 101" APPLY },
	{ "nor another of the task names", WORLD(""),
	  NETS("{\"name\":\"a\"},{\"name\":\"b\",\"tag\":100},{\"name\":\"c\"}"),
	  "create vnet n*, tag 101; create vnet n*, tag 100; create vnet n*, tag 102" APPLY },
	{ "gaps are filled", WORLD(VNET("a", "\"zone\":\"tenant\",\"tag\":101")),
	  NETS("{\"name\":\"a\"},{\"name\":\"b\"}"),
	  "create vnet n*, tag 100; create vnet n*, tag 102" APPLY },
	{ "the range is used up",
	  WORLD(VNET("a", "\"zone\":\"tenant\",\"tag\":101") "," VNET(
		  "b", "\"zone\":\"tenant\",\"tag\":103")),
	  NETS("{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}"),
	  "!network acme/c: no number is free in zone tenant: all of 100 to 103 are taken*" },
	{ "a number outside of it is no hindrance",
	  WORLD(VNET("a", "\"zone\":\"tenant\",\"tag\":4094")), NET(""),
	  "create vnet n*, tag 100" APPLY },
	{ "the last there is, which is taken",
	  "{\"registry\":{\"z.tenant\":\"type/vlan,tags/4094-4094,x.bridge/vmbr0\"},\"zones\":{" TENANT
	  "},\"vnets\":{" VNET("a", "\"zone\":\"tenant\",\"tag\":4094") "}}",
	  NET(""), "!*no number is free in zone tenant: all of 4094 to 4094 are taken*" },
	{ "no range", ZONES(TWO_VLAN, ""), IN_LAB(""),
	  "!network lan: name a tag: zone lab has no range to choose one from*" },
	{ "it has one",
	  ZONES(TWO_VLAN,
		VNET("v1",
		     "\"zone\":\"lab\",\"tag\":5,\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}")),
	  IN_LAB(""), "" },
	{ "VNIs differ in all zones of such types",
	  VNI_TENANT(VNET("a", "\"zone\":\"lab\",\"tag\":7") "," VNET(
		  "b", "\"zone\":\"over\",\"tag\":8")),
	  NET(""), "create vnet n* in zone tz, tag 10" APPLY },
	{ "not from VLANs, but from the routes of an EVPN (9)",
	  VNI_TENANT(VNET("a", "\"zone\":\"lan\",\"tag\":7")),
	  NETS("{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}"),
	  "create vnet n*, tag 7; create vnet n*, tag 8; create vnet n*, tag 10" APPLY },
	{ "those of a zone that this task makes",
	  "{\"registry\":{\"z.tz\":\"type/evpn,tags/7-10,x.controller/bgp,x.vrf-vxlan/7\"}}",
	  NET(""), "create zone tz of type evpn / create vnet n* in zone tz, tag 8" APPLY },
	{ "named ones of other zones of the task", VNI_TENANT(""),
	  "{\"networks\":[{\"name\":\"a\",\"project\":\"acme\"},{\"name\":\"b\",\"kind\":\"provider\",\"zone\":\"lab\",\"tag\":7}]}",
	  "create vnet n* in zone tz, tag 8; create vnet n* in zone lab, tag 7" APPLY },
};

static const struct plan_row named[] = {
	{ "free", WORLD(RED("")), NET(",\"tag\":4094"), "create vnet n*, tag 4094" APPLY },
	{ "as a text", WORLD(RED("")), NET(",\"tag\":\"7\""), "create vnet n*, tag 7" APPLY },
	{ "none", QQ(""), IN_LAB(",\"tag\":\"none\""), "create vnet n* in zone lab" APPLY },
	{ "none, which stays", QQ(BARE), IN_LAB(",\"tag\":\"none\""), "" },
	{ "none, which auto leaves alone", QQ(BARE), IN_LAB(""), "" },
	{ "none, from one", QQ(LAN_QQ(7)), IN_LAB(",\"tag\":\"none\""),
	  "change vnet v1: tag 7 -> 0 [disrupts]" APPLY },
	{ "one, from none", QQ(BARE), IN_LAB(",\"tag\":7"),
	  "change vnet v1: tag 0 -> 7 [disrupts]" APPLY },
	{ "none, but another has none", QQ(VNET("old", "\"zone\":\"lab\"")),
	  IN_LAB(",\"tag\":\"none\""),
	  "!network lan: vnet old has no tag already, and zone lab can have one such" },
	{ "none, twice in a task", QQ(""),
	  "{\"kind\":\"provider\",\"zone\":\"lab\",\"tag\":\"none\",\"networks\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "!network b and network a both name no tag in zone lab" },
	{ "none, where each has one", WORLD(""), NET(",\"tag\":\"none\""),
	  "!network acme/blue: tag: none is for zones of type qinq, tenant is of type vlan" },
	{ "taken by a network", WORLD(RED("")), NET(",\"tag\":101"),
	  "!network acme/blue: tag 101 is taken by network acme/red in zone tenant" },
	{ "taken by somebody else's vnet", WORLD(VNET("old", "\"zone\":\"tenant\",\"tag\":7")),
	  NET(",\"tag\":7"), "!network acme/blue: tag 7 is taken by vnet old in zone tenant" },
	{ "in another zone it is another",
	  ZONES(TWO_VLAN, VNET("old", "\"zone\":\"far\",\"tag\":7")), IN_LAB(",\"tag\":7"),
	  "create vnet n* in zone lab, tag 7" APPLY },
	{ "but not a VNI", ZONES(VNI, VNET("old", "\"zone\":\"over\",\"tag\":7")),
	  IN_LAB(",\"tag\":7"), "!network lan: tag 7 is taken by vnet old in zone over" },
	{ "nor in a zone that this task makes",
	  ZONES(VNI, VNET("old", "\"zone\":\"over\",\"tag\":7")),
	  PROVIDER(",\"zone\":\"new\",\"zone_type\":\"vxlan\",\"peers\":[\"auto\"],\"tag\":7"),
	  "!network lan: tag 7 is taken by vnet old in zone over" },
	{ "that of an EVPN's routes", ZONES(VNI, ""), IN_LAB(",\"tag\":9"),
	  "!network lan: tag 9 is the number of the routes (vrf_vxlan) of zone over" },
	{ "that of routes that this task makes", ZONES(VNI, ""),
	  PROVIDER(
		  ",\"zone\":\"new\",\"zone_type\":\"evpn\",\"controller\":\"bgp\",\"vrf_vxlan\":12,\"tag\":12"),
	  "!network lan: tag 12 is the number of the routes (vrf_vxlan) of zone new" },
	{ "its own", WORLD(BLUE("")), NET(",\"tag\":100"), "" },
	{ "twice in a task", WORLD(""),
	  NETS("{\"name\":\"a\",\"tag\":7},{\"name\":\"b\",\"tag\":7}"),
	  "!network acme/b and network acme/a name the same tag 7" },
	{ "twice in two zones of a task", ZONES(TWO_VLAN, ""),
	  "{\"kind\":\"provider\",\"tag\":7,\"networks\":[{\"name\":\"a\",\"zone\":\"lab\"},{\"name\":\"b\",\"zone\":\"far\"}]}",
	  "create vnet n* in zone lab, tag 7; create vnet n* in zone far, tag 7" APPLY },
	{ "twice as VNI", ZONES(VNI, ""),
	  "{\"kind\":\"provider\",\"tag\":7,\"networks\":[{\"name\":\"a\",\"zone\":\"lab\"},{\"name\":\"b\",\"zone\":\"over\"}]}",
	  "!network b and network a name the same tag 7" },
	{ "a VLAN above 4094", WORLD(""), NET(",\"tag\":4095"),
	  "!*tag 4095: the numbers of zone tenant end with 4094" },
	{ "a VNI may be one", ZONES(VNI, ""), IN_LAB(",\"tag\":16777215"),
	  "create vnet n*, tag 16777215" APPLY },
	{ "no number", WORLD(""), NET(",\"tag\":\"7x\""),
	  "!network acme/blue: tag must be auto, none or a number*" },
	{ "nought", WORLD(""), NET(",\"tag\":\"0\""),
	  "!network acme/blue: tag must be auto, none or a number*" },
	{ "too large", WORLD(""), NET(",\"tag\":\"16777216\""),
	  "!network acme/blue: tag must be auto, none or a number*" },
};

TABLE(auto_is_the_lowest_that_is_free, chosen)
TABLE(named_ones_must_be_free, named)

/* The id of the vnet that a plan makes. */
static char *id_of(const char *task, const char *world)
{
	json_auto_t *items = plan_network_items(task, world);
	const char *id = json_string_value(json_object_get(json_array_get(items, 0), "vnet"));

	assert_non_null(id);
	return pxc_strdup(id);
}

static void ids_come_from_the_names_and_never_collide(void **state)
{
	auto_free char *first = id_of(NET(""), WORLD("")), *again = id_of(NET(""), WORLD(RED("")));
	auto_free char *other = id_of("{\"project\":\"beta\",\"name\":\"blue\"}", WORLD(""));
	auto_free char *taken =
		pxc_printf(WORLD(VNET("%s", "\"zone\":\"tenant\",\"tag\":5")), first);
	auto_free char *second = id_of(NET(""), taken);
	auto_free char *both =
		pxc_printf(WORLD(VNET("%s", "\"zone\":\"tenant\",\"tag\":5") "," VNET(
				   "%s", "\"zone\":\"tenant\",\"tag\":6")),
			   first, second);
	auto_free char *third = id_of(NET(""), both);

	(void)state;
	assert_int_equal(strlen(first), 8);
	assert_int_equal(first[0], 'n');
	assert_int_equal(strspn(first, "0123456789abcdefghijklmnopqrstuvwxyz"), 8);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	assert_string_not_equal(first, second);
	assert_string_not_equal(first, third);
	assert_string_not_equal(second, third);
}

/* An id that another network of the task names, in front of it or behind it, is left to that. */
static void an_id_that_the_task_names_is_left_out(void **state)
{
	auto_free char *id = id_of(NET(""), WORLD(""));

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		auto_free char *task =
			i ? pxc_printf(NETS("{\"name\":\"x\",\"vnet\":\"%s\"},{\"name\":\"blue\"}"),
				       id)
			  : pxc_printf(NETS("{\"name\":\"blue\"},{\"name\":\"x\",\"vnet\":\"%s\"}"),
				       id);
		json_auto_t *items = plan_network_items(task, WORLD(""));

		assert_string_not_equal(
			json_string_value(json_object_get(json_array_get(items, 0), "vnet")),
			json_string_value(json_object_get(json_array_get(items, 1), "vnet")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_is_the_lowest_that_is_free),
		cmocka_unit_test(named_ones_must_be_free),
		cmocka_unit_test(ids_come_from_the_names_and_never_collide),
		cmocka_unit_test(an_id_that_the_task_names_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
