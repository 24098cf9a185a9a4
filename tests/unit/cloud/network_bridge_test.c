/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Do the nodes' bridges carry what a zone asks of them? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/networks.h"
#include "network_rows.h"

#define MTUS(rest) BLANK_AND("\"mtus\":{" rest "}")
#define VLAN(rest) IN_LAB(",\"zone_type\":\"vlan\",\"bridge\":\"vmbr0\",\"tag\":7" rest)
#define QINQ(rest)                                                                                 \
	IN_LAB(",\"zone_type\":\"qinq\",\"bridge\":\"vmbr0\",\"service_vlan\":20,\"tag\":7" rest)
#define VXLAN(rest) IN_LAB(",\"zone_type\":\"vxlan\",\"peers\":[\"auto\"],\"tag\":7" rest)
#define LAB(type, rest)                                                                            \
	"{" POOLS ",\"zones\":{\"lab\":{\"type\":\"" type "\",\"bridge\":\"vmbr0\"" rest           \
	"}},\"vnets\":{" VNET(                                                                     \
		"v1",                                                                              \
		"\"zone\":\"lab\",\"tag\":7,\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}") "}"
#define MADE(type) "create zone lab of type " type " / create vnet n* in zone lab, tag 7" APPLY

static const struct plan_row rows[] = {
	{ "no bridge of that name", MTUS("\"pve2\":{\"vmbr1\":1500}"), VLAN(""),
	  "!zone lab: node pve2 has no bridge vmbr0: make it there, or name the nodes the zone is for" },
	{ "where the zone is not", MTUS("\"pve2\":{\"vmbr1\":1500}"),
	  VLAN(",\"nodes\":[\"pve1\",\"pve3\"]"),
	  "create zone lab of type vlan / create vnet n* in zone lab, tag 7 / apply on every node; wait for pve1*" },
	{ "on a node that is down",
	  BLANK_AND("\"mtus\":{\"pve2\":{}},\"nodes\":{\"pve1\":{},\"pve2\":{\"online\":0}}"),
	  VLAN(""), "create zone lab of type vlan *" },
	{ "large enough", BLANK, VLAN(",\"mtu\":1500"), MADE("vlan") },
	{ "not on each node", MTUS("\"pve3\":{\"vmbr0\":1400}"), VLAN(",\"mtu\":1500"),
	  "!zone lab: mtu 1500 does not fit: a zone of type vlan adds 0 bytes to each frame, and bridge vmbr0 of node pve3 "
	  "takes 1400: raise the mtu there, or ask for 1400" },
	{ "a second tag", BLANK, QINQ(",\"mtu\":1500"),
	  "!zone lab: mtu 1500 does not fit: a zone of type qinq adds 4 bytes*takes 1500: raise the mtu there, or ask for 1496" },
	{ "that fits", BLANK, QINQ(",\"mtu\":1496"), MADE("qinq") },
	{ "that fits through larger bridges",
	  MTUS("\"pve1\":{\"vmbr0\":1504},\"pve2\":{\"vmbr0\":9000},\"pve3\":{\"vmbr0\":1504}"),
	  QINQ(",\"mtu\":1500"), MADE("qinq") },
	{ "not said, it is lowered", MTUS("\"pve2\":{\"vmbr0\":1400}"), QINQ(""),
	  MADE("qinq") " | zone lab gets mtu 1396, so that frames with two tags fit bridge vmbr0 of node pve2 (1400); with a "
		       "larger mtu of the bridges, name mtu" },
	{ "by the registry, too",
	  "{\"registry\":{\"z.ten\":\"type/qinq,tags/7-9,x.bridge/vmbr0,x.tag/20\"}}", NET(""),
	  "create zone ten of type qinq */ create vnet n* | zone ten gets mtu 1496, *" },
	{ "and then left alone", LAB("qinq", ",\"tag\":\"20\",\"mtu\":\"1496\"") "}", QINQ(""),
	  "" },
	{ "nor lowered later", LAB("qinq", ",\"tag\":\"20\"") "}", QINQ(",\"nodes\":[\"pve1\"]"),
	  "change zone lab: nodes unset -> pve1 [disrupts] / apply on every node; wait for pve1 to take it over" },
	{ "802.1ad beside VLANs on one bridge", ZONES(TENANT, ""),
	  QINQ(",\"vlan_protocol\":\"802.1ad\",\"mtu\":1400"),
	  MADE("qinq") " | zones lab and tenant share bridge vmbr0, and one of them uses 802.1ad: *" },
	{ "802.1q beside VLANs", ZONES(TENANT, ""), QINQ(",\"mtu\":1400"), MADE("qinq") },
	{ "headers of a tunnel", BLANK, VXLAN(",\"mtu\":1500"),
	  "!zone lab: mtu 1500 does not fit: a zone of type vxlan adds 50 bytes to each frame, and the network of node pve1 "
	  "takes 1500: raise the mtu there, or ask for 1450" },
	{ "that fit", BLANK, VXLAN(",\"mtu\":1450"), MADE("vxlan") },
	{ "PVE has its own for tunnels", BLANK, VXLAN(""), MADE("vxlan") },
	{ "a tunnel's underlay",
	  MTUS("\"pve1\":{\"\":9000},\"pve2\":{\"\":9000},\"pve3\":{\"\":1550}"),
	  VXLAN(",\"mtu\":1501"),
	  "!*the network of node pve3 takes 1550: raise the mtu there, or ask for 1500" },
	{ "a simple zone does not leave the node", BLANK,
	  IN_LAB(",\"zone_type\":\"simple\",\"mtu\":9000"),
	  "create zone lab of type simple / create vnet n* in zone lab" APPLY },
	{ "another bridge",
	  LAB("vlan", ",\"mtu\":\"1500\"") ",\"mtus\":{\"pve1\":{\"vmbr0\":1500,\"vmbr1\":1400}}}",
	  IN_LAB(",\"bridge\":\"vmbr1\""),
	  "!zone lab: mtu 1500 does not fit: *bridge vmbr1 of node pve1 takes 1400*" },
	{ "what is there and not touched stays", LAB("vlan", ",\"mtu\":\"9000\"") "}", IN_LAB(""),
	  "" },
};

TABLE(zones_fit_through_their_bridges, rows)

static void a_lowered_mtu_is_sent(void **state)
{
	auto_free char *got = plan_network_args(QINQ(""), BLANK, NETWORK_ZONE_CREATE);

	(void)state;
	assert_string_equal(
		got,
		"{\"bridge\":\"vmbr0\",\"mtu\":\"1496\",\"tag\":\"20\",\"type\":\"qinq\",\"zone\":\"lab\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_fit_through_their_bridges),
		cmocka_unit_test(a_lowered_mtu_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
