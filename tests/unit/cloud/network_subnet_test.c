/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subnets of networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/networks.h"
#include "network_rows.h"

#define WITH(list) NET(",\"subnets\":[" list "]")
#define MERGE(list) NET(",\"subnets_mode\":\"merge\",\"subnets\":[" list "]")
#define ONE(rest) WITH("{\"cidr\":\"10.20.0.0/24\"" rest "}")
#define HAS(rest) WORLD(BLUE(SUBNETS("\"10.20.0.0/24\":{" rest "}")))
#define TWO WORLD(BLUE(SUBNETS("\"10.20.0.0/24\":{},\"10.20.1.0/24\":{}")))
#define ROUTED(rest) ZONES("\"lab\":{\"type\":\"simple\"}", rest)
#define OVERLAY(more)                                                                                                                    \
	"{" POOLS                                                                                                                        \
	",\"controllers\":{\"bgp\":\"evpn\"},\"registry\":{\"z.tz\":\"type/evpn,tags/7-10,default/1,x.controller/bgp,x.vrf-vxlan/6" more \
	"\"}}"
#define OVER_NODE                                                                                  \
	"!network lan: subnet 10.0.0.0/30 holds the address of a node, which would be cut off: nodes route in zone lab; choose other addresses"
#define SERVED ZONES("\"lab\":{\"type\":\"simple\",\"dhcp\":\"dnsmasq\"}", "")
#define TEN "\"ranges\":[\"10.20.0.10-10.20.0.19\"]"
#define LAB_ONE(rest) IN_LAB(",\"subnets\":[{\"cidr\":\"10.20.0.0/24\"" rest "}]")

static const struct plan_row rows[] = {
	{ "as it is", WORLD(BLUE_20), ONE(""), "" },
	{ "not named, they stay", TWO, NET(""), "" },
	{ "one more, the other is listed", HAS(""),
	  WITH("{\"cidr\":\"10.20.0.0/24\"},{\"cidr\":\"10.20.1.0/24\"}"),
	  "add subnet 10.20.1.0/24" APPLY },
	{ "what is not listed goes", TWO, ONE(""),
	  "remove subnet tenant-10.20.1.0-24 [destroys]" APPLY },
	{ "all of them", TWO, WITH(""),
	  "remove subnet tenant-10.20.0.0-24 [destroys]; remove subnet tenant-10.20.1.0-24 [destroys]" APPLY },
	{ "unless the list is not all", TWO, MERGE("{\"cidr\":\"10.20.2.0/24\"}"),
	  "add subnet 10.20.2.0/24" APPLY },
	{ "and only what is to go goes", TWO,
	  MERGE("{\"cidr\":\"10.20.0.0/24\",\"state\":\"absent\"}"),
	  "remove subnet tenant-10.20.0.0-24 [destroys]" APPLY },
	{ "which it has", HAS(""), MERGE("{\"cidr\":\"10.20.2.0/24\",\"state\":\"absent\"}"), "" },
	{ "another size: the old one first", HAS(""), WITH("{\"cidr\":\"10.20.0.0/23\"}"),
	  "remove subnet tenant-10.20.0.0-24 [destroys]; add subnet 10.20.0.0/23" APPLY },
	{ "IPv6, however it is written", WORLD(BLUE(SUBNETS("\"fd00:20::/64\":{}"))),
	  WITH("{\"cidr\":\"FD00:0020:0::0/64\"}"), "" },
	{ "both families", HAS(""),
	  WITH("{\"cidr\":\"10.20.0.0/24\"},{\"cidr\":\"fd00::/64\",\"gateway\":\"fd00::1\"}"),
	  "add subnet fd00::/64" APPLY },
	{ "a gateway", HAS(""), ONE(",\"gateway\":\"10.20.0.1\""),
	  "change subnet tenant-10.20.0.0-24: gateway none -> 10.20.0.1" APPLY },
	{ "another", HAS("\"gateway\":\"10.20.0.1\""), ONE(",\"gateway\":\"10.20.0.2\""),
	  "change subnet *: gateway 10.20.0.1 -> 10.20.0.2" APPLY },
	{ "not named, it stays",
	  HAS("\"gateway\":\"10.20.0.1\",\"dns\":\"9.9.9.9\",\"dns_prefix\":\"x\""), ONE(""), "" },
	{ "none", HAS("\"gateway\":\"10.20.0.1\",\"dns\":\"9.9.9.9\",\"dns_prefix\":\"x\""),
	  ONE(",\"gateway\":\"\",\"dns\":\"\",\"dns_prefix\":\"\""),
	  "change subnet *: gateway 10.20.0.1 -> none, dhcp-dns-server 9.9.9.9 -> none, dnszoneprefix x -> none" APPLY },
	{ "outside of it", WORLD(""), ONE(",\"gateway\":\"10.20.1.1\""),
	  "!network acme/blue: subnet 10.20.0.0/24: gateway 10.20.1.1 does not lie in it" },
	{ "of the other family", WORLD(""), ONE(",\"gateway\":\"fd00::1\""),
	  "!*gateway fd00::1 does not lie in it" },
	{ "no address", WORLD(""), ONE(",\"gateway\":\"10.20.0\""),
	  "!*gateway 10.20.0 is no address" },
	{ "no name server", WORLD(""), ONE(",\"dns\":\"9.9.9\""), "!*dns 9.9.9 is no address" },
	{ "which may well lie outside", WORLD(BLUE("")), ONE(",\"dns\":\"9.9.9.9\""),
	  "add subnet 10.20.0.0/24" APPLY },
	{ "ranges", HAS(""), ONE(",\"ranges\":[\"10.20.0.10-10.20.0.19\"]"),
	  "change subnet *: ranges" APPLY },
	{ "in any order", HAS("\"ranges\":[\"10.20.0.10-10.20.0.19\",\"10.20.0.30-10.20.0.39\"]"),
	  ONE(",\"ranges\":[\"10.20.0.30 - 10.20.0.39\",\"10.20.0.10-10.20.0.19\"]"), "" },
	{ "not named, they stay", HAS("\"ranges\":[\"10.20.0.10-10.20.0.19\"]"), ONE(""), "" },
	{ "none", HAS("\"ranges\":[\"10.20.0.10-10.20.0.19\"]"), ONE(",\"ranges\":[]"),
	  "change subnet *: ranges" APPLY },
	{ "outside", WORLD(""), ONE(",\"ranges\":[\"10.20.0.250-10.20.1.9\"]"),
	  "!network acme/blue: subnet 10.20.0.0/24: range 10.20.0.250-10.20.1.9 does not lie in it" },
	{ "over each other", WORLD(""),
	  ONE(",\"ranges\":[\"10.20.0.10-10.20.0.19\",\"10.20.0.19-10.20.0.29\"]"),
	  "!*: ranges 10.20.0.10-10.20.0.19 and 10.20.0.19-10.20.0.29 overlap" },
	{ "no range", WORLD(""), ONE(",\"ranges\":[\"10.20.0.9-10.20.0.1\"]"),
	  "!*\"10.20.0.9-10.20.0.1\" is no range*" },
	{ "the node's address is put in where a node routes", ROUTED(""),
	  LAB_ONE(",\"gateway\":\"10.20.0.1\",\"snat\":true"),
	  "create vnet n* in zone lab; add subnet 10.20.0.0/24" APPLY },
	/* nodes that route have the gateway's address themselves */
	{ "over a node's own address", ROUTED(""),
	  IN_LAB(",\"subnets\":[{\"cidr\":\"10.0.0.0/30\",\"gateway\":\"10.0.0.2\"}]"), OVER_NODE },
	{ "whatever the gateway", ROUTED(""),
	  IN_LAB(",\"subnets\":[{\"cidr\":\"0.0.0.0/0\",\"gateway\":\"9.9.9.9\"}]"), "!*cut off*" },
	{ "which comes later",
	  ROUTED(VNET(
		  "vlan",
		  "\"zone\":\"lab\",\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}" SUBNETS(
			  "\"10.0.0.0/30\":{}"))),
	  IN_LAB(",\"subnets\":[{\"cidr\":\"10.0.0.0/30\",\"gateway\":\"10.0.0.2\"}]"), OVER_NODE },
	{ "not without one", ROUTED(""), IN_LAB(",\"subnets\":[{\"cidr\":\"10.0.0.0/30\"}]"),
	  "create vnet *" },
	{ "nor where no node routes", WORLD(""),
	  WITH("{\"cidr\":\"10.0.0.0/30\",\"gateway\":\"10.0.0.2\"}"), "create vnet *" },
	{ "an EVPN routes apart from its nodes", OVERLAY(""),
	  WITH("{\"cidr\":\"10.0.0.0/30\",\"gateway\":\"10.0.0.2\"}"), "*create vnet *" },
	{ "but through its exits", OVERLAY(",x.exitnodes/pve1"),
	  WITH("{\"cidr\":\"10.0.0.0/30\",\"gateway\":\"10.0.0.2\"}"), "!*cut off*" },
	{ "not elsewhere", WORLD(""), ONE(",\"gateway\":\"10.20.0.1\",\"snat\":true"),
	  "!network acme/blue: snat: only zones of type simple and evpn route, tenant is of type vlan" },
	{ "nor without a gateway", ROUTED(""), LAB_ONE(",\"snat\":true"),
	  "!network lan: snat needs the subnet's gateway" },
	{ "no more",
	  ROUTED(VNET(
		  "v1",
		  "\"zone\":\"lab\",\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}" SUBNETS(
			  "\"10.20.0.0/24\":{\"gateway\":\"10.20.0.1\",\"snat\":1}"))),
	  LAB_ONE(",\"snat\":false"), "change subnet lab-10.20.0.0-24: snat 1 -> none" APPLY },
	{ "the gateway stays with it",
	  ROUTED(VNET(
		  "v1",
		  "\"zone\":\"lab\",\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}" SUBNETS(
			  "\"10.20.0.0/24\":{\"gateway\":\"10.20.0.1\",\"snat\":1}"))),
	  LAB_ONE(",\"gateway\":\"\""), "!network lan: snat needs the subnet's gateway" },
	{ "given out by the zone's server", SERVED, LAB_ONE(",\"dhcp\":true," TEN),
	  "create vnet n* in zone lab; add subnet 10.20.0.0/24" APPLY },
	{ "which needs something to give", SERVED, LAB_ONE(",\"dhcp\":true"),
	  "!network lan: subnet 10.20.0.0/24: dhcp needs ranges to give out" },
	{ "and gives what there is", SERVED, LAB_ONE(",\"dhcp\":false," TEN),
	  "!network lan: subnet 10.20.0.0/24: zone lab has a DHCP server*" },
	{ "or nothing", SERVED, LAB_ONE(",\"dhcp\":false"),
	  "create vnet n* in zone lab; add subnet 10.20.0.0/24" APPLY },
	{ "where there is none", ROUTED(""), LAB_ONE(",\"dhcp\":true," TEN),
	  "!network lan: subnet 10.20.0.0/24: zone lab has no DHCP server*" },
	{ "which is fine where none is wanted", ROUTED(""), LAB_ONE(",\"dhcp\":false," TEN),
	  "create vnet n* in zone lab; add subnet 10.20.0.0/24" APPLY },
	{ "an address is no subnet", WORLD(""), WITH("{\"cidr\":\"10.20.0.1/24\"}"),
	  "!network acme/blue: 10.20.0.1/24 is an address in subnet 10.20.0.0/24: name that" },
	{ "without a size it is none", WORLD(""), WITH("{\"cidr\":\"10.20.0.0\"}"),
	  "!*\"10.20.0.0\" is no subnet*" },
	{ "twice", WORLD(""), WITH("{\"cidr\":\"fd00::/64\"},{\"cidr\":\"fd00:0::/64\"}"),
	  "!*is named twice" },
};

TABLE(subnets_are_as_the_task_says, rows)

static void what_is_sent_for_a_subnet(void **state)
{
	static const struct {
		const char *task, *world, *args;
		int op;
	} sent[] = {
		{ WITH("{\"cidr\":\"10.20.0.0/24\",\"gateway\":\"10.20.0.1\",\"dns\":\"9.9.9.9\",\"dns_prefix\":\"web\","
		       "\"ranges\":[\"10.20.0.30-10.20.0.39\",\"10.20.0.10\"]},{\"cidr\":\"fd00:20::/64\"}"),
		  WORLD(BLUE("")),
		  "{\"dhcp-dns-server\":\"9.9.9.9\",\"dhcp-range\":[\"start-address=10.20.0.10,end-address=10.20.0.10\","
		  "\"start-address=10.20.0.30,end-address=10.20.0.39\"],\"dnszoneprefix\":\"web\",\"gateway\":\"10.20.0.1\","
		  "\"subnet\":\"10.20.0.0/24\",\"type\":\"subnet\",\"vnet\":\"vblue\"}\n"
		  "{\"subnet\":\"fd00:20::/64\",\"type\":\"subnet\",\"vnet\":\"vblue\"}",
		  NETWORK_SUBNET_CREATE },
		{ LAB_ONE(",\"gateway\":\"10.20.0.1\",\"snat\":true"), ROUTED(""),
		  "{\"gateway\":\"10.20.0.1\",\"snat\":1,\"subnet\":\"10.20.0.0/24\",\"type\":\"subnet\",\"vnet\":\"*\"}",
		  NETWORK_SUBNET_CREATE },
		{ ONE(",\"gateway\":\"\",\"dns\":\"9.9.9.9\",\"ranges\":[]"),
		  HAS("\"gateway\":\"10.20.0.1\",\"ranges\":[\"10.20.0.10\"]"),
		  "{\"delete\":\"gateway,dhcp-range\",\"dhcp-dns-server\":\"9.9.9.9\",\"subnet\":\"tenant-10.20.0.0-24\","
		  "\"vnet\":\"vblue\"}",
		  NETWORK_SUBNET_CHANGE },
		{ WITH(""), HAS(""), "{\"subnet\":\"tenant-10.20.0.0-24\",\"vnet\":\"vblue\"}",
		  NETWORK_SUBNET_DELETE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sent); i++) {
		auto_free char *got = plan_network_args(sent[i].task, sent[i].world, sent[i].op);

		if (!plan_fits(sent[i].args, got))
			fail_msg("wanted\n%s\ngot\n%s", sent[i].args, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subnets_are_as_the_task_says),
		cmocka_unit_test(what_is_sent_for_a_subnet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
