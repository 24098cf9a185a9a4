/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "cloud/sdn_zone.h"

struct row {
	const char *type, *options; /* JSON */
	const char *sentence;       /* "" = fine */
};

static void check(const struct row *rows, size_t n, bool creating)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		json_auto_t *options = json_loads(rows[i].options, 0, NULL);
		struct pxc_err err = { .kind = PXC_OK };
		int result = sdn_zone_check("zone z1", rows[i].type, options, creating, &err);

		assert_non_null(options);
		assert_int_equal(result, err.kind == PXC_OK ? 0 : -1);
		if (str_eq(err.msg, rows[i].sentence))
			continue;
		print_error("%s %s:\n  wanted %s\n  got    %s\n", rows[i].type, rows[i].options,
			    rows[i].sentence, err.msg);
		bad++;
	}
	assert_int_equal(bad, 0);
}

#define EVPN "\"controller\":\"c1\",\"vrf-vxlan\":\"9\""
#define BOTH "zone z1: peers and fabric: a zone of type vxlan has either the one or the other"
#define NEITHER                                                                                    \
	"zone z1: a zone of type vxlan needs peers (addresses of its nodes, or auto) or a fabric"

static void a_new_zone_has_what_its_type_needs(void **state)
{
	static const struct row rows[] = {
		{ "simple", "{}", "" },
		{ "simple", "{\"dhcp\":\"dnsmasq\",\"ipam\":\"pve\",\"mtu\":\"1500\"}", "" },
		{ "vlan", "{\"bridge\":\"vmbr0\"}", "" },
		{ "vlan", "{}", "zone z1: a zone of type vlan needs bridge" },
		{ "vlan", "{\"bridge\":null}", "zone z1: a zone of type vlan needs bridge" },
		{ "qinq", "{\"bridge\":\"vmbr0\",\"tag\":\"100\",\"vlan-protocol\":\"802.1ad\"}",
		  "" },
		{ "qinq", "{\"bridge\":\"vmbr0\"}",
		  "zone z1: a zone of type qinq needs service_vlan" },
		{ "qinq", "{\"tag\":\"1\"}", "zone z1: a zone of type qinq needs bridge" },
		{ "vxlan", "{\"peers\":\"10.0.0.1,fd00::1\",\"vxlan-port\":\"4790\"}", "" },
		{ "vxlan", "{\"peers\":\"auto\"}", "" },
		{ "vxlan", "{\"fabric\":\"f1\",\"peers\":null}", "" },
		{ "vxlan", "{}", NEITHER },
		{ "vxlan", "{\"peers\":null}", NEITHER },
		{ "vxlan", "{\"peers\":\"auto\",\"fabric\":\"f1\"}", BOTH },
		{ "evpn", "{" EVPN "}", "" },
		{ "evpn",
		  "{" EVPN ",\"rt-import\":\"65000:1,1:4294967295\",\"mac\":\"bc:24:11:00:00:01\"}",
		  "" },
		{ "evpn", "{\"vrf-vxlan\":\"9\"}",
		  "zone z1: a zone of type evpn needs controller" },
		{ "evpn", "{\"controller\":\"c1\"}",
		  "zone z1: a zone of type evpn needs vrf_vxlan" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows), true);
}

static void a_change_keeps_what_its_type_needs(void **state)
{
	static const struct row rows[] = {
		{ "vlan", "{}", "" },
		{ "vlan", "{\"mtu\":null}", "" },
		{ "vlan", "{\"bridge\":null}", "zone z1: a zone of type vlan needs bridge" },
		{ "vxlan", "{}", "" },
		{ "vxlan", "{\"peers\":null,\"fabric\":\"f1\"}", "" },
		{ "vxlan", "{\"peers\":null}", "" },
		{ "vxlan", "{\"peers\":null,\"fabric\":null}", NEITHER },
		{ "vxlan", "{\"peers\":\"10.0.0.1\",\"fabric\":\"f1\"}", BOTH },
		{ "evpn", "{\"controller\":null}",
		  "zone z1: a zone of type evpn needs controller" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows), false);
}

static void values_that_make_no_sense_are_refused(void **state)
{
	static const struct row rows[] = {
		{ NULL, "{}",
		  "zone z1: type must be simple, vlan, qinq, vxlan or evpn, not nothing" },
		{ "faucet", "{}",
		  "zone z1: type must be simple, vlan, qinq, vxlan or evpn, not faucet" },
		{ "simple", "{\"dp-id\":\"1\"}", "zone z1: there is no option dp-id" },
		{ "simple", "{\"bridge\":\"vmbr0\"}",
		  "zone z1: bridge is for zones of type vlan or qinq, not for simple" },
		{ "vlan", "{\"tag\":null}",
		  "zone z1: service_vlan is for zones of type qinq, not for vlan" },
		{ "vxlan", "{\"bridge-disable-mac-learning\":\"1\"}",
		  "zone z1: bridge_disable_mac_learning is for zones of type vlan, qinq or evpn, not for vxlan" },
		{ "evpn", "{\"peers\":\"auto\"}",
		  "zone z1: peers is for zones of type vxlan, not for evpn" },
		{ "vlan", "{\"dhcp\":\"dnsmasq\"}",
		  "zone z1: dhcp is for zones of type simple, not for vlan" },
		{ "simple", "{\"dhcp\":\"kea\"}", "zone z1: dhcp must be dnsmasq, not kea" },
		{ "qinq", "{\"vlan-protocol\":\"802.1x\"}",
		  "zone z1: vlan_protocol must be 802.1q or 802.1ad, not 802.1x" },
		{ "qinq", "{\"tag\":\"0\"}",
		  "zone z1: service_vlan must be a number from 1 to 4094, not 0" },
		{ "qinq", "{\"tag\":\"4095\"}",
		  "zone z1: service_vlan must be a number from 1 to 4094, not 4095" },
		{ "qinq", "{\"tag\":\"4094\"}", "" },
		{ "simple", "{\"mtu\":\"67\"}",
		  "zone z1: mtu must be a number from 68 to 65535, not 67" },
		{ "simple", "{\"mtu\":\"1500x\"}",
		  "zone z1: mtu must be a number from 68 to 65535, not 1500x" },
		{ "simple", "{\"mtu\":\"\"}",
		  "zone z1: mtu must be a number from 68 to 65535, not " },
		{ "vxlan", "{\"vxlan-port\":\"65536\"}",
		  "zone z1: vxlan_port must be a number from 1 to 65535, not 65536" },
		{ "evpn", "{\"vrf-vxlan\":\"16777216\"}",
		  "zone z1: vrf_vxlan must be a number from 1 to 16777215, not 16777216" },
		{ "evpn", "{\"advertise-subnets\":\"yes\"}",
		  "zone z1: advertise_subnets must be true or false, not yes" },
		{ "vxlan", "{\"peers\":\"10.0.0.1,10.0.0\"}",
		  "zone z1: peers: \"10.0.0\" is not an IP address" },
		{ "vxlan", "{\"peers\":\"auto,10.0.0.1\"}",
		  "zone z1: peers: \"auto\" is not an IP address" },
		{ "evpn", "{\"rt-import\":\"65000\"}",
		  "zone z1: rt_import: \"65000\" is not a route target like 65000:10" },
		{ "evpn", "{\"rt-import\":\"65000:4294967296\"}",
		  "zone z1: rt_import: \"65000:4294967296\" is not a route target like 65000:10" },
		{ "evpn", "{\"rt-import\":\"65000:-1\"}",
		  "zone z1: rt_import: \"65000:-1\" is not a route target like 65000:10" },
		{ "evpn", "{\"mac\":\"01:00:5e:00:00:01\"}",
		  "zone z1: mac: \"01:00:5e:00:00:01\" is not a MAC address of one card, like BC:24:11:00:00:01" },
		{ "simple", "{\"nodes\":\"pve1,p ve\"}",
		  "zone z1: nodes: \"p ve\" is not the name of a node" },
		{ "vlan", "{\"bridge\":\"vm/br\"}",
		  "zone z1: bridge: \"vm/br\" is not the name of a bridge" },
		{ "vlan", "{\"bridge\":\"a,b\"}",
		  "zone z1: bridge: \"a,b\" is not the name of a bridge" },
		{ "simple", "{\"dnszone\":\"a b\"}",
		  "zone z1: dns_zone: \"a b\" is not a DNS domain" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_zone_has_what_its_type_needs),
		cmocka_unit_test(a_change_keeps_what_its_type_needs),
		cmocka_unit_test(values_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
