/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/plan.h"
#include "net_rows.h"

#define ZONED(zone) "\"zones\":{\"tenant\":{" zone "}}," NETS
#define STATIC "\"type\":\"vlan\",\"ipam\":\"pve\""
#define DHCP "\"type\":\"simple\",\"ipam\":\"pve\",\"dhcp\":\"dnsmasq\""

/* Zones with a list of their own. */
static const struct plan_row ipam_rows[] = {
	{ "registered first", "{" ZONED(STATIC) "}", NEW("{\"network\":\"blue\"}"),
	  "register 10.20.0.10 of network acme/blue in PVE's IPAM; create VM 100 *net0=virtio=BC:24:11:*,bridge=n1,*" },
	{ "released before the block forgets it", "{" ZONED(STATIC) ",\"guests\":[" ON_BLUE "]}",
	  ASK("{\"state\":\"absent\"}"),
	  "release 10.20.0.11 of network acme/blue in PVE's IPAM; set description; without net0, ipconfig0" },
	{ "and when the VM is off, before it goes",
	  "{" ZONED(STATIC) ",\"guests\":[" GUEST(",\"net0\":\"blue,10.20.0.11\"}" RUNS
						  ",\"config\":{" CARD("0", "n1") "}") "]}",
	  "{\"name\":\"web\",\"state\":\"absent\"}",
	  "shut down, stop after 180 s; release 10.20.0.11 of network acme/blue in PVE's IPAM; delete VM 100 with its disks" },
	{ "another address", "{" ZONED(STATIC) ",\"guests\":[" ON_BLUE "]}",
	  ASK("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "register 10.20.0.50 *; release 10.20.0.11 *; set ipconfig0=*" },
	{ "nothing to do", "{" ZONED(STATIC) ",\"guests\":[" ON_BLUE "]}",
	  ASK("{\"network\":\"blue\"}"), "" },
	{ "one that PVE has, and no guest, is left out",
	  "{" ZONED(STATIC) ",\"refused\":[\"10.20.0.10\"]}", NEW("{\"network\":\"blue\"}"),
	  "register 10.20.0.11 *" },
	{ "from the second on those behind it too, while others are free",
	  "{\"zones\":{\"tenant\":{" STATIC
	  "}},\"vnets\":[{\"id\":\"n1\",\"name\":\"blue\",\"project\":\"acme\",\"subnets\":["
	  "{\"cidr\":\"10.20.0.0/24\"}]}],\"refused\":[\"10.20.0.1\",\"10.20.0.2\"]}",
	  NEW("{\"network\":\"blue\"}"), "register 10.20.0.19 *" },
	{ "and taken when there are no others",
	  "{" ZONED(STATIC) ",\"refused\":[\"10.20.0.10\",\"10.20.0.11\"]}",
	  NEW("{\"network\":\"blue\"}"), "register 10.20.0.12 *" },
	{ "named, though PVE has it", "{" ZONED(STATIC) ",\"refused\":[\"10.20.0.50\"]}",
	  NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "create VM 100 *10.20.0.50/24* | vm acme/web: 10.20.0.50 of network acme/blue is registered in PVE's IPAM already, though no guest has it: taken all the same, since the task names it" },
	{ "what PVE shows is taken",
	  "{" ZONED(
		  DHCP) ",\"ipam\":[{\"zone\":\"tenant\",\"ip\":\"10.20.0.10\",\"mac\":\"BC:24:11:00:00:09\"}]}",
	  NEW("{\"network\":\"blue\"}"), "register 10.20.0.11 *" },
	{ "also when it is named",
	  "{" ZONED(
		  DHCP) ",\"ipam\":[{\"zone\":\"tenant\",\"ip\":\"10.20.0.50\",\"mac\":\"BC:24:11:00:00:09\"}]}",
	  NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "release 10.20.0.50 of network acme/blue in PVE's IPAM, which no guest has; register 10.20.0.50 *; create VM 100 *" },
	{ "unless it is somebody's who asks DHCP",
	  "{" ZONED(DHCP) ",\"guests\":[" OTHER(",\"raw\":\"\",\"config\":{" CARD(
		  "0",
		  "n1") "}") "],"
			     "\"ipam\":[{\"zone\":\"tenant\",\"ip\":\"10.20.0.50\",\"mac\":\"BC:24:11:00:00:00\"}]}",
	  NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "!vm acme/web: net0: 10.20.0.50 of network acme/blue is registered in PVE's IPAM for vm 200 (other)" },
	{ "what PVE took beside is given back",
	  "{" ZONED(
		  DHCP) ",\"guests\":[" ON_BLUE
			"],\"ipam\":[{\"zone\":\"tenant\",\"ip\":\"10.20.0.11\",\"mac\":\"bc:24:11:00:00:00\"},"
			"{\"zone\":\"tenant\",\"ip\":\"10.20.0.12\",\"mac\":\"BC:24:11:00:00:00\"},{\"zone\":\"other\",\"ip\":\"10.20.0.13\",\"mac\":\"BC:24:11:00:00:00\"}]}",
	  ASK("{\"network\":\"blue\"}"),
	  "release 10.20.0.12 of network acme/blue in PVE's IPAM, which PVE took beside" },
	{ "and what it left on another network",
	  "{" ZONED(DHCP) ",\"guests\":[" GUEST(",\"net0\":\"blue\"},\"config\":{" CARD(
		  "0",
		  "n1") ",\"ipconfig0\":\"ip=dhcp\"}") "],\"ipam\":["
						       "{\"zone\":\"tenant\",\"ip\":\"10.20.0.11\",\"mac\":\"BC:24:11:00:00:00\"},"
						       "{\"zone\":\"tenant\",\"ip\":\"10.30.0.4\",\"vnet\":\"n2\",\"mac\":\"BC:24:11:00:00:00\"}]}",
	  ASK("{\"network\":\"blue\"}"),
	  "release 10.30.0.4 of network acme/green in PVE's IPAM, which PVE took beside" },
	{ "what is missing is registered", "{" ZONED(DHCP) ",\"guests\":[" ON_BLUE "],\"ipam\":[]}",
	  ASK("{\"network\":\"blue\"}"), "register 10.20.0.11 of network acme/blue in PVE's IPAM" },
	{ "what is another's is told",
	  "{" ZONED(DHCP) ",\"guests\":[" ON_BLUE "," OTHER(",\"raw\":\"\",\"config\":{" CARD(
		  "9",
		  "n1") "}") "],"
			     "\"ipam\":[{\"zone\":\"tenant\",\"ip\":\"10.20.0.11\",\"mac\":\"BC:24:11:00:00:09\"}]}",
	  ASK("{\"network\":\"blue\"}"),
	  " | vm acme/web: drift: PVE's IPAM has 10.20.0.11 of network acme/blue for BC:24:11:00:00:09" },
	{ "DHCP is PVE's", "{" ZONED(DHCP) ",\"ipam\":[]}",
	  NEW("{\"network\":\"blue\",\"ip\":\"dhcp\"}"), "create VM 100 *" },
	{ "frames that fit", "{" ZONED("\"type\":\"vxlan\"") "}", NEW("{\"network\":\"blue\"}"),
	  "create VM 100 *net0=virtio,bridge=n1,mtu=1,*" },
	{ "of a zone that says its MTU", "{" ZONED("\"type\":\"vlan\",\"mtu\":\"9000\"") "}",
	  NEW("{\"network\":\"blue\"}"), "create VM 100 *net0=virtio,bridge=n1,mtu=1,*" },
	{ "another MTU", "{" ZONED("\"type\":\"qinq\"") "}",
	  NEW("{\"network\":\"blue\",\"mtu\":1400}"),
	  "create VM 100 *net0=virtio,bridge=n1,mtu=1400,*" },
	{ "no virtio card", "{" ZONED("\"type\":\"evpn\"") "}",
	  NEW("{\"network\":\"blue\",\"model\":\"e1000\"}"),
	  "create VM 100 *net0=e1000,bridge=n1,*" },
	{ "a card that is there keeps its MTU",
	  "{" ZONED("\"type\":\"vxlan\"") ",\"guests\":[" ON_BLUE "]}",
	  ASK("{\"network\":\"blue\"}"), "" },
};

static void zones_with_a_list_of_their_own(void **state)
{
	(void)state;
	plan_rows("pxc_vm", ipam_rows, ARRAY_SIZE(ipam_rows));
}

static void a_step_that_takes_an_address_names_its_locks(void **state)
{
	auto_world struct test_world w;
	json_auto_t *args = NULL, *want = NULL, *removal = NULL, *one = NULL;

	(void)state;
	test_world_create(&w, "{" ZONED(STATIC) ",\"guests\":[" ON_BLUE "]}");
	args = plan_step("pxc_vm", ASK("{\"network\":\"blue\"},{\"network\":\"green\"}"), &w, 0, 1);
	want = json_pack("[s,s]", "net.n2", "project.acme");
	assert_true(json_equal(json_object_get(args, "_locks"), want));
	removal = plan_step("pxc_vm", "{\"name\":\"web\",\"state\":\"absent\"}", &w, 0, 0);
	one = json_pack("[s]", "net.n1");
	assert_true(json_equal(json_object_get(removal, "_locks"), one));
	assert_string_equal(json_string_value(json_object_get(removal, "mac")),
			    "BC:24:11:00:00:00");
	assert_string_equal(json_string_value(json_object_get(removal, "zone")), "tenant");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_with_a_list_of_their_own),
		cmocka_unit_test(a_step_that_takes_an_address_names_its_locks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
