/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry.h"
#include "lib/plan.h"

/* Reader of one task: its tenant zones in the registry as it writes it, "z.lab=... z.net=...". */
static void zones_become(const char *world, const char *list, const char *wanted)
{
	auto_world struct test_world w;
	auto_free char *task = pxc_printf("{\"tenant_zones\":%s}", list);
	auto_buf struct pxc_buf out = { .data = NULL };
	auto_annot_text struct annot_text notes = { .finding = ANNOT_NONE };
	json_auto_t *args = NULL;

	test_world_create(&w, world);
	args = plan_step("pxc_cloud", task, &w, 0, 0);
	annot_parse(ANNOT_BLOCK, json_string_value(json_object_get(args, "description")), &notes);
	for (size_t i = 0; i < notes.annot.npairs; i++)
		if (str_starts(notes.annot.pairs[i].key, REGISTRY_ZONE))
			buf_printf(&out, "%s%s=%s", out.len ? " " : "", notes.annot.pairs[i].key,
				   notes.annot.pairs[i].value);
	assert_string_equal(buf_str(&out), wanted);
}

#define VLAN(name, first, last, rest)                                                              \
	"{\"name\":\"" name "\",\"type\":\"vlan\",\"bridge\":\"vmbr0\",\"vlan_range\":[" #first    \
	"," #last "]" rest "}"
#define VXLAN(name, first, last, rest)                                                             \
	"{\"name\":\"" name "\",\"type\":\"vxlan\",\"peers\":\"auto\",\"vni_range\":[" #first      \
	"," #last "]" rest "}"
#define EVPN(name, first, last, vrf)                                                               \
	"{\"name\":\"" name "\",\"type\":\"evpn\",\"controller\":\"c1\",\"vrf_vxlan\":" #vrf       \
	",\"vni_range\":[" #first "," #last "]}"
#define ZONES(list) "{\"tenant_zones\":[" list "]}"
#define HAD "{\"registry\":{\"z.lab\":\"type/vlan,tags/1-9,x.bridge/vmbr0\"}}"

static void the_list_replaces_the_one_there(void **state)
{
	(void)state;
	zones_become(
		NULL,
		"[{\"name\":\"one\",\"type\":\"simple\",\"default\":true,\"dhcp\":\"dnsmasq\"}]",
		"z.one=type/simple,default/1,x.dhcp/dnsmasq");
	zones_become(HAD, "[" VXLAN("net", 10, 19, ",\"mtu\":\"1450\"") "]",
		     "z.net=type/vxlan,tags/10-19,x.mtu/1450,x.peers/auto");
	zones_become(HAD, "[]", "");
	zones_become(HAD,
		     "[{\"name\":\"net\",\"type\":\"vxlan\",\"vni_range\":[1,2],\"peers\":"
		     "[\"10.0.0.2\",\"10.0.0.1\",\"10.0.0.2\"],\"nodes\":\"pve2,pve1\"}]",
		     "z.net=type/vxlan,tags/1-2,x.nodes/pve1\x1fpve2,x.peers/10.0.0.1\x1f"
		     "10.0.0.2");
	zones_become(NULL, "[" EVPN("net", 10, 19, 9) "]",
		     "z.net=type/evpn,tags/10-19,x.controller/c1,x.vrf-vxlan/9");
	zones_become(
		NULL,
		"[{\"name\":\"qq\",\"type\":\"qinq\",\"bridge\":\"vmbr0\",\"service_vlan\":7,"
		"\"vlan_range\":[1,4094],\"bridge_disable_mac_learning\":\"yes\",\"ipam\":\"\"}]",
		"z.qq=type/qinq,tags/1-4094,x.bridge/vmbr0,x.bridge-disable-mac-learning/1,"
		"x.tag/7");
}

#define NEEDS_VLANS                                                                                \
	"!tenant zone lab: a zone of type vlan needs vlan_range: the first and the last number of new networks, from 1 to 4094, like [100, 199]"
#define NEEDS_VNIS                                                                                 \
	"!tenant zone lab: a zone of type vxlan needs vni_range: the first and the last number of new networks, from 1 to 16777215, like [100, 199]"

static const struct plan_row rows[] = {
	{ "not named", HAD, "{}", "" },
	{ "as it is", HAD, ZONES(VLAN("lab", 1, 9, "")), "" },
	{ "one more", HAD, ZONES(VLAN("lab", 1, 9, "") "," VLAN("two", 10, 19, "")),
	  "set the registry" },
	{ "one goes", HAD, ZONES(""),
	  "set the registry | tenant zone lab goes: networks in it stay, but projects get no new ones there" },

	{ "a bad name", NULL, ZONES(VLAN("no-good", 1, 9, "")),
	  "!tenant zone no-good is no name of a zone: it has 2 to 8 lower-case letters and digits, a letter first" },
	{ "another type", NULL, ZONES("{\"name\":\"lab\",\"type\":\"faucet\"}"),
	  "!value of type must be one of: simple, vlan, qinq, vxlan, evpn, got: faucet*" },
	{ "an option of another type", NULL, ZONES(VLAN("lab", 1, 9, ",\"fabric\":\"f1\"")),
	  "!tenant zone lab: fabric is for zones of type vxlan, not for vlan" },
	{ "what its type needs", NULL,
	  ZONES("{\"name\":\"lab\",\"type\":\"vlan\",\"vlan_range\":[1,2]}"),
	  "!tenant zone lab: a zone of type vlan needs bridge" },

	{ "no range", NULL, ZONES("{\"name\":\"lab\",\"type\":\"vlan\",\"bridge\":\"vmbr0\"}"),
	  NEEDS_VLANS },
	{ "one number", NULL,
	  ZONES("{\"name\":\"lab\",\"type\":\"vlan\",\"bridge\":\"vmbr0\",\"vlan_range\":[5]}"),
	  NEEDS_VLANS },
	{ "three numbers", NULL,
	  ZONES("{\"name\":\"lab\",\"type\":\"vlan\",\"bridge\":\"vmbr0\",\"vlan_range\":[1,2,3]}"),
	  NEEDS_VLANS },
	{ "zero", NULL, ZONES(VLAN("lab", 0, 9, "")), NEEDS_VLANS },
	{ "backwards", NULL, ZONES(VLAN("lab", 9, 8, "")), NEEDS_VLANS },
	{ "too large a VLAN", NULL, ZONES(VLAN("lab", 1, 4095, "")), NEEDS_VLANS },
	{ "the largest VLAN", NULL, ZONES(VLAN("lab", 4094, 4094, "")), "set the registry" },
	{ "too large a VNI", NULL, ZONES(VXLAN("lab", 1, 16777216, "")), NEEDS_VNIS },
	{ "the largest VNI", NULL, ZONES(VXLAN("lab", 1, 16777215, "")), "set the registry" },
	{ "VLANs of VXLAN", NULL, ZONES(VXLAN("lab", 1, 2, ",\"vlan_range\":[1,2]")),
	  "!tenant zone lab: a zone of type vxlan takes no vlan_range" },
	{ "VNIs of VLAN", NULL, ZONES(VLAN("lab", 1, 2, ",\"vni_range\":[1,2]")),
	  "!tenant zone lab: a zone of type vlan takes no vni_range" },
	{ "numbers of simple", NULL,
	  ZONES("{\"name\":\"lab\",\"type\":\"simple\",\"vlan_range\":[1,2]}"),
	  "!tenant zone lab: a zone of type simple takes no vlan_range" },

	{ "twice", NULL, ZONES(VLAN("lab", 1, 2, "") "," VLAN("lab", 3, 4, "")),
	  "!tenant zone lab is in the list twice" },
	{ "two defaults", NULL,
	  ZONES(VLAN("aa", 1, 2, ",\"default\":true") "," VLAN("bb", 3, 4, ",\"default\":true")),
	  "!tenant zones aa and bb are both the default: only one can be" },
	{ "one default", NULL,
	  ZONES(VLAN("aa", 1, 2, ",\"default\":true") "," VLAN("bb", 3, 4, ",\"default\":false")),
	  "set the registry" },

	{ "VNIs that overlap", NULL, ZONES(VXLAN("aa", 10, 20, "") "," EVPN("bb", 20, 30, 9)),
	  "!tenant zones aa and bb: 10-20 and 20-30 overlap, so that networks of both would get the same VNI" },
	{ "VNIs side by side", NULL, ZONES(VXLAN("aa", 10, 20, "") "," EVPN("bb", 21, 30, 9)),
	  "set the registry" },
	{ "a VNI and a VLAN", NULL, ZONES(VXLAN("aa", 10, 20, "") "," VLAN("bb", 10, 20, "")),
	  "set the registry" },
	{ "VLANs that overlap", NULL, ZONES(VLAN("aa", 10, 20, "") "," VLAN("bb", 5, 10, "")),
	  "!tenant zones aa and bb: 10-20 and 5-10 overlap, so that networks of both would get the same VLAN on one bridge" },
	{ "on two bridges", NULL,
	  ZONES(VLAN(
		  "aa", 10, 20,
		  "") ",{\"name\":\"bb\",\"type\":\"vlan\",\"bridge\":\"vmbr1\",\"vlan_range\":[10,20]}"),
	  "set the registry" },
	{ "in two outer VLANs", NULL,
	  ZONES("{\"name\":\"aa\",\"type\":\"qinq\",\"bridge\":\"vmbr0\",\"service_vlan\":7,\"vlan_range\":[1,9]},"
		"{\"name\":\"bb\",\"type\":\"qinq\",\"bridge\":\"vmbr0\",\"service_vlan\":8,\"vlan_range\":[1,9]}"),
	  "set the registry" },
	{ "in one outer VLAN", NULL,
	  ZONES("{\"name\":\"aa\",\"type\":\"qinq\",\"bridge\":\"vmbr0\",\"service_vlan\":7,\"vlan_range\":[1,9]},"
		"{\"name\":\"bb\",\"type\":\"qinq\",\"bridge\":\"vmbr0\",\"service_vlan\":7,\"vlan_range\":[1,9]}"),
	  "!tenant zones aa and bb: 1-9 and 1-9 overlap, *" },
	{ "the VRF within its networks", NULL, ZONES(EVPN("aa", 10, 20, 20)),
	  "!tenant zone aa: vrf_vxlan 20 lies in the vni_range of tenant zone aa, where networks would get it" },
	{ "within later ones", NULL, ZONES(EVPN("aa", 10, 20, 25) "," VXLAN("bb", 21, 30, "")),
	  "!tenant zone aa: vrf_vxlan 25 lies in the vni_range of tenant zone bb, *" },
	{ "within earlier ones", NULL, ZONES(VXLAN("bb", 21, 30, "") "," EVPN("aa", 10, 20, 25)),
	  "!tenant zone aa: vrf_vxlan 25 lies in the vni_range of tenant zone bb, *" },
	{ "a VRF of a VLAN's number", NULL,
	  ZONES(VLAN("bb", 21, 30, "") "," EVPN("aa", 10, 20, 25)), "set the registry" },
	{ "one VRF for two", NULL, ZONES(EVPN("aa", 10, 20, 9) "," EVPN("bb", 21, 30, 9)),
	  "!tenant zones aa and bb have the same vrf_vxlan 9: each needs its own" },

	{ "nodes that are not there", NULL,
	  ZONES(VLAN("aa", 1, 2, ",\"nodes\":[\"pve1\",\"pve9\"]")),
	  "!tenant zone aa: nodes: there is no node pve9" },
	{ "PVE has it", "{\"sdn_zones\":{\"lab\":\"vlan\"}}", ZONES(VLAN("lab", 1, 2, "")),
	  "set the registry" },
	{ "PVE has it as another", "{\"sdn_zones\":{\"lab\":\"simple\",\"x1\":\"vlan\"}}",
	  ZONES(VLAN("lab", 1, 2, "")),
	  "!tenant zone lab: PVE has a zone lab of type simple already, not vlan: choose another name" },
};

static void tasks_are_taken_or_refused_with_a_sentence(void **state)
{
	(void)state;
	plan_rows("pxc_cloud", rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_replaces_the_one_there),
		cmocka_unit_test(tasks_are_taken_or_refused_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
