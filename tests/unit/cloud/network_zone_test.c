/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The zones that networks lie in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/networks.h"
#include "network_rows.h"

#define LAB_VLAN "\"lab\":{\"type\":\"vlan\",\"bridge\":\"vmbr0\"}"
#define LAN(tag)                                                                                   \
	VNET("vlan1", "\"zone\":\"lab\",\"tag\":" #tag                                             \
		      ",\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}")
#define OLD(rest) VNET("old", "\"zone\":\"lab\"" rest)

static const struct plan_row places[] = {
	{ "no zone for projects", "{}", NET(""),
	  "!network acme/blue: the cloud has no zone for project networks yet*" },
	{ "two, and none is the default",
	  "{\"registry\":{\"z.one\":\"type/simple\",\"z.two\":\"type/simple\"}}", NET(""),
	  "!network acme/blue: *or more than one and none is the default" },
	{ "named, it is taken",
	  "{\"registry\":{\"z.one\":\"type/simple\",\"z.two\":\"type/simple\"}}",
	  NET(",\"zone\":\"two\""),
	  "create zone two of type simple / create vnet n* in zone two" APPLY },
	{ "one that no admin has set aside", "{" REGISTRY ",\"zones\":{" LAB_VLAN "}}",
	  NET(",\"zone\":\"lab\""), "!network acme/blue: zone lab is not for project networks*" },
	{ "a network stays in its zone when that is set aside no more",
	  "{\"zones\":{" TENANT "},\"vnets\":{" BLUE("") "}}", NET(",\"isolate_ports\":true"),
	  "change vnet vblue: isolate_ports" APPLY },
	{ "and does not move",
	  "{\"registry\":{\"" ZONE ",\"z.two\":\"type/simple\"},\"zones\":{" TENANT
	  ",\"two\":{\"type\":\"simple\"}},\"vnets\":{" BLUE("") "}}",
	  NET(",\"zone\":\"two\""),
	  "!network acme/blue lies in zone tenant: a network does not move to another, here two*" },
	{ "where it is may be said", WORLD(BLUE("")), NET(",\"zone\":\"tenant\""), "" },
	{ "a published one says where", BLANK, PROVIDER(""),
	  "!network lan: zone is missing: a provider network says where it lies" },
	{ "it may lie where projects do", WORLD(""), PROVIDER(",\"zone\":\"tenant\",\"tag\":9"),
	  "create vnet n* in zone tenant, tag 9" APPLY },
	{ "options are no project's", BLANK, NET(",\"bridge\":\"vmbr1\""),
	  "!network acme/blue: options of a zone are not a project's*" },
	{ "nor is the type", BLANK, NET(",\"zone_type\":\"vlan\""),
	  "!network acme/blue: options of a zone are not a project's*" },
	{ "no id of a zone", BLANK, PROVIDER(",\"zone\":\"Lab-1\""),
	  "!network lan: \"Lab-1\" is no name of a zone: *" },
};

static const struct plan_row types[] = {
	{ "vlan", BLANK, IN_LAB(",\"zone_type\":\"vlan\",\"bridge\":\"vmbr0\",\"tag\":7"),
	  "create zone lab of type vlan / create vnet n* in zone lab, tag 7" APPLY },
	{ "qinq", BLANK,
	  IN_LAB(",\"zone_type\":\"qinq\",\"bridge\":\"vmbr0\",\"service_vlan\":20,\"vlan_protocol\":"
		 "\"802.1ad\",\"mtu\":1400,\"tag\":7"),
	  "create zone lab of type qinq / create vnet n* in zone lab, tag 7" APPLY },
	{ "vxlan", BLANK, IN_LAB(",\"zone_type\":\"vxlan\",\"peers\":[\"auto\"],\"tag\":70000"),
	  "create zone lab of type vxlan / create vnet n* in zone lab, tag 70000" APPLY },
	{ "two of them between the same nodes", BLANK,
	  "{\"kind\":\"provider\",\"zone\":\"lab\",\"zone_type\":\"vxlan\",\"peers\":[\"auto\"],\"networks\":["
	  "{\"name\":\"a\",\"tag\":7},{\"name\":\"b\",\"tag\":8}]}",
	  "create zone lab of type vxlan / create vnet n* in zone lab, tag 7; create vnet n* in zone lab, tag 8" APPLY },
	{ "evpn", BLANK,
	  IN_LAB(",\"zone_type\":\"evpn\",\"controller\":\"bgp\",\"vrf_vxlan\":9,\"tag\":10"),
	  "create zone lab of type evpn / create vnet n* in zone lab, tag 10" APPLY },
	{ "without its controller", BLANK_AND("\"controllers\":{\"other\":\"evpn\"}"),
	  IN_LAB(",\"zone_type\":\"evpn\",\"controller\":\"bgp\",\"vrf_vxlan\":9,\"tag\":10"),
	  "!zone lab: there is no controller bgp: make it first*" },
	{ "simple", BLANK, IN_LAB(",\"zone_type\":\"simple\""),
	  "create zone lab of type simple / create vnet n* in zone lab" APPLY },
	{ "which has no numbers", BLANK, IN_LAB(",\"zone_type\":\"simple\",\"tag\":7"),
	  "!network lan: tag: networks in a zone of type simple have none" },
	{ "what a type needs", BLANK, IN_LAB(",\"zone_type\":\"vlan\",\"tag\":7"),
	  "!zone lab: a zone of type vlan needs bridge" },
	{ "what it does not take", BLANK, IN_LAB(",\"zone_type\":\"simple\",\"bridge\":\"vmbr0\""),
	  "!zone lab: bridge is for zones of type vlan or qinq, not for simple" },
	{ "no type of a zone that is not there", BLANK, IN_LAB(",\"tag\":7"),
	  "!network lan: there is no zone lab: name zone_type, and it is made" },
	{ "another than it has", ZONES(LAB_VLAN, ""), IN_LAB(",\"zone_type\":\"vxlan\",\"tag\":7"),
	  "!network lan: zone lab is of type vlan, not vxlan: a zone keeps its type" },
	{ "than the registry says", BLANK,
	  PROVIDER(",\"zone\":\"tenant\",\"zone_type\":\"simple\""),
	  "!network lan: zone tenant is of type vlan in the registry of the cloud, not simple*" },
	{ "than another of the task says", BLANK,
	  "{\"kind\":\"provider\",\"zone\":\"lab\",\"networks\":[{\"name\":\"a\",\"zone_type\":\"simple\"},"
	  "{\"name\":\"b\",\"zone_type\":\"vlan\"}]}",
	  "!network b: zone lab is of type simple*, not vlan*" },
	{ "one that is not known here", ZONES("\"lab\":{\"type\":\"faucet\"}", ""), IN_LAB(""),
	  "!network lan: zone lab is of type faucet, which is not known here" },
};

static const struct plan_row options[] = {
	{ "as they are", ZONES(LAB_VLAN, LAN(7)), IN_LAB(",\"bridge\":\"vmbr0\""), "" },
	{ "one changes under all its networks", ZONES(LAB_VLAN, LAN(7)),
	  IN_LAB(",\"bridge\":\"vmbr1\""),
	  "change zone lab: bridge vmbr0 -> vmbr1 [disrupts]" APPLY },
	{ "one comes, one goes",
	  ZONES("\"lab\":{\"type\":\"vlan\",\"bridge\":\"vmbr0\",\"nodes\":\"pve1\"}", LAN(7)),
	  IN_LAB(",\"nodes\":[],\"mtu\":1400"),
	  "change zone lab: mtu unset -> 1400, nodes pve1 -> unset [disrupts]" APPLY },
	{ "lists are sets",
	  ZONES("\"lab\":{\"type\":\"simple\",\"nodes\":\"pve3,pve1\"}",
		VNET("v1",
		     "\"zone\":\"lab\",\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}")),
	  IN_LAB(",\"nodes\":[\"pve1\",\"pve3\"]"), "" },
	{ "what is needed stays", ZONES(LAB_VLAN, LAN(7)), IN_LAB(",\"bridge\":\"\""),
	  "!zone lab: a zone of type vlan needs bridge" },
	{ "two of the task say different things", BLANK,
	  "{\"kind\":\"provider\",\"zone\":\"lab\",\"zone_type\":\"simple\",\"networks\":["
	  "{\"name\":\"a\",\"mtu\":1400},{\"name\":\"b\",\"mtu\":1300}]}",
	  "!network b and network a say different mtu of zone lab" },
	{ "of a zone for projects, too", BLANK,
	  "{\"kind\":\"provider\",\"zone\":\"tenant\",\"networks\":["
	  "{\"name\":\"a\",\"mtu\":1400,\"tag\":5},{\"name\":\"b\",\"mtu\":1300,\"tag\":6}]}",
	  "!network b and network a say different mtu of zone tenant" },
	{ "what the registry says by now is brought about",
	  "{\"registry\":{\"z.tenant\":\"type/vlan,tags/100-103,x.bridge/vmbr1\"},\"zones\":{" TENANT
	  "},\"vnets\":{" BLUE("") "}}",
	  NET(""), "change zone tenant: bridge vmbr0 -> vmbr1 [disrupts]" APPLY },
	{ "and looked at",
	  "{\"registry\":{\"z.tenant\":\"type/vlan,tags/100-103,x.bridge/vmbr7\"},\"zones\":{" TENANT
	  "},\"vnets\":{" BLUE("") "}}",
	  NET(""), "!zone tenant: node pve1 has no bridge vmbr7*" },
	{ "new nodes are new peers",
	  ZONES("\"lab\":{\"type\":\"vxlan\",\"peers\":\"10.0.0.1,10.0.0.2\"}", LAN(7)),
	  IN_LAB(",\"peers\":[\"auto\"]"),
	  "change zone lab: peers 10.0.0.1,10.0.0.2 -> 10.0.0.1,10.0.0.2,10.0.0.3 [disrupts]" APPLY },
	{ "nodes that are down are peers",
	  ZONES_AND("\"lab\":{\"type\":\"vxlan\",\"peers\":\"10.0.0.1,10.0.0.2,10.0.0.3\"}", LAN(7),
		    "\"nodes\":{\"pve1\":{},\"pve2\":{\"online\":0},\"pve3\":{}}"),
	  IN_LAB(",\"peers\":[\"auto\"]"), "" },
};

static const struct plan_row going[] = {
	{ "with its last network", ZONES(LAB_VLAN, LAN(7)),
	  IN_LAB(",\"state\":\"absent\",\"remove_zone\":true"),
	  "remove vnet vlan1 [destroys] / remove zone lab, which is empty [destroys] / apply on every node" },
	{ "not unasked", ZONES(LAB_VLAN, LAN(7)), IN_LAB(",\"state\":\"absent\""),
	  "remove vnet vlan1 [destroys]" APPLY },
	{ "not while somebody's vnet is in it", ZONES(LAB_VLAN, LAN(7) "," OLD(",\"tag\":8")),
	  IN_LAB(",\"state\":\"absent\",\"remove_zone\":true"),
	  "remove vnet vlan1 [destroys]" APPLY },
	{ "nor when another comes", ZONES(LAB_VLAN, LAN(7)),
	  "{\"kind\":\"provider\",\"zone\":\"lab\",\"networks\":[{\"name\":\"lan\",\"state\":\"absent\","
	  "\"remove_zone\":true},{\"name\":\"b\",\"tag\":8}]}",
	  "remove vnet vlan1 [destroys]; create vnet n* in zone lab, tag 8" APPLY },
	{ "both of its networks go",
	  ZONES(LAB_VLAN,
		LAN(7) "," VNET(
			"v2",
			"\"zone\":\"lab\",\"tag\":9,\"net\":\"b\",\"token\":{\"k\":\"provider\"}")),
	  "{\"kind\":\"provider\",\"state\":\"absent\",\"remove_zone\":true,\"networks\":[{\"name\":\"lan\"},{\"name\":\"b\"}]}",
	  "remove vnet vlan1 [destroys]; remove vnet v2 [destroys] / remove zone lab, which is empty [destroys] / "
	  "apply on every node" },
};

TABLE(a_network_lies_in_a_zone_that_is_for_it, places)
TABLE(of_every_type, types)
TABLE(options_are_said_once_and_kept, options)
TABLE(empty_zones_go_when_asked, going)

static void what_is_sent_for_a_zone(void **state)
{
	static const struct {
		const char *task, *world, *args;
		int op;
	} rows[] = {
		{ NET(""), BLANK, "{\"bridge\":\"vmbr0\",\"type\":\"vlan\",\"zone\":\"tenant\"}",
		  NETWORK_ZONE_CREATE },
		{ IN_LAB(",\"zone_type\":\"vxlan\",\"tag\":7"), BLANK,
		  "{\"peers\":\"10.0.0.1,10.0.0.2,10.0.0.3\",\"type\":\"vxlan\",\"zone\":\"lab\"}",
		  NETWORK_ZONE_CREATE },
		{ IN_LAB(",\"zone_type\":\"vxlan\",\"peers\":[\"auto\"],\"tag\":7,\"dns\":\"\""),
		  BLANK,
		  "{\"peers\":\"10.0.0.1,10.0.0.2,10.0.0.3\",\"type\":\"vxlan\",\"zone\":\"lab\"}",
		  NETWORK_ZONE_CREATE },
		{ IN_LAB(",\"nodes\":[],\"mtu\":1400"),
		  ZONES("\"lab\":{\"type\":\"vlan\",\"bridge\":\"vmbr0\",\"nodes\":\"pve1\"}",
			LAN(7)),
		  "{\"delete\":\"nodes\",\"mtu\":\"1400\",\"zone\":\"lab\"}", NETWORK_ZONE_CHANGE },
		{ IN_LAB(",\"state\":\"absent\",\"remove_zone\":true"), ZONES(LAB_VLAN, LAN(7)),
		  "{\"zone\":\"lab\"}", NETWORK_ZONE_DELETE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = plan_network_args(rows[i].task, rows[i].world, rows[i].op);

		assert_string_equal(got, rows[i].args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_lies_in_a_zone_that_is_for_it),
		cmocka_unit_test(of_every_type),
		cmocka_unit_test(options_are_said_once_and_kept),
		cmocka_unit_test(empty_zones_go_when_asked),
		cmocka_unit_test(what_is_sent_for_a_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
