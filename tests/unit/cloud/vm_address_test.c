/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cloud/vm_show.h"
#include "lib/plan.h"
#include "net_rows.h"

static const struct plan_row rows[] = {
	/* an address by itself */
	{ "the lowest free one", "{" NETS "}", NEW("{\"network\":\"blue\"}"),
	  "create VM 100 *net0=virtio,bridge=n1, ipconfig0=gw=10.20.0.1,ip=10.20.0.10/24,*ide2=shared:cloudinit*" },
	{ "in the order of the task", "{" NETS "}",
	  "{\"cores\":1,\"memory\":512,\"power\":\"stopped\",\"networks\":[{\"network\":\"blue\"}],"
	  "\"vms\":[{\"name\":\"b\"},{\"name\":\"a\"}]}",
	  "create VM 100 *10.20.0.10/24*; create VM 101 *10.20.0.11/24*" },
	{ "not one that another VM's block has",
	  WITH(OTHER(",\"block\":{\"name\":\"db\",\"net0\":\"blue,10.20.0.10\"},\"config\":{" CARD(
		  "0", "n1") "}")),
	  NEW("{\"network\":\"blue\"}"), "create VM 100 *ip=10.20.0.11/24*" },
	{ "nor a hand-made one's",
	  WITH(OTHER(",\"raw\":\"\",\"config\":{" CARD(
		  "0", "n1") ",\"ipconfig0\":\"ip=10.20.0.10/24\"}")),
	  NEW("{\"network\":\"blue\"}"), "create VM 100 *ip=10.20.0.11/24*" },
	{ "nor one that waits for a restart",
	  WITH(OTHER(",\"raw\":\"\",\"config\":{},\"current\":{" CARD(
		  "0", "n1") ",\"ipconfig0\":\"ip=10.20.0.10/24\"}")),
	  NEW("{\"network\":\"blue\"}"), "create VM 100 *ip=10.20.0.11/24*" },
	{ "nor a container's",
	  WITH("{\"vmid\":200,\"lxc\":1,\"config\":{\"net0\":\"name=eth0,bridge=n1,hwaddr=BC:24:11:00:00:09,ip=10.20.0.10/24\"}}"),
	  NEW("{\"network\":\"blue\"}"), "create VM 100 *ip=10.20.0.11/24*" },
	{ "another vnet's do not count",
	  WITH(OTHER(",\"raw\":\"\",\"config\":{" CARD(
		  "0", "raw1") ",\"ipconfig0\":\"ip=10.20.0.10/24\"}")),
	  NEW("{\"network\":\"blue\"}"), "create VM 100 *ip=10.20.0.10/24*" },
	{ "all hosts of a subnet without ranges, but gateway and name server", "{" NETS "}",
	  NEW("{\"network\":\"green\"}"),
	  "create VM 100 *ipconfig0=gw=10.30.0.1,ip=10.30.0.3/29, nameserver=10.30.0.2*" },
	{ "what is kept for others is left out", "{" NETS "}", NEW("{\"network\":\"kept\"}"),
	  "create VM 100 *ip=10.60.0.6/24*" },
	{ "name servers that are named stay", "{" NETS "}",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"power\":\"stopped\",\"cloud_init\":{\"dns\":[\"9.9.9.9\"]},"
	  "\"networks\":[{\"network\":\"green\"}]}",
	  "create VM 100 *nameserver=9.9.9.9,*" },
	{ "of another project", "{" NETS "}", NEW("{\"network\":\"beta/blue\"}"),
	  "create VM 100 *bridge=n3, ipconfig0=ip=10.40.0.1/24*" },
	{ "its own goes before one that is shared", "{" NETS "}",
	  NEW("{\"network\":\"acme/blue\"}"), "create VM 100 *bridge=n1,*" },
	{ "a provider's network", "{" NETS "}", NEW("{\"network\":\"public\"}"),
	  "create VM 100 *bridge=n8, ipconfig0=ip=192.0.2.1/30*" },
	{ "both families", "{" NETS "}", NEW("{\"network\":\"dual\"}"),
	  "create VM 100 *ipconfig0=gw=10.50.0.1,gw6=fd00::1,ip=10.50.0.2/24,ip6=fd00::10/64*" },
	{ "IPv6 without ranges is made up by hosts", "{" NETS "}", NEW("{\"network\":\"slaac\"}"),
	  "create VM 100 *net0=virtio,bridge=n5, description" },
	{ "a network without subnets", "{" NETS "}", NEW("{\"network\":\"empty\"}"),
	  "create VM 100 *net0=virtio,bridge=n7, *" },
	{ "several cards, one way out", "{" NETS "}",
	  NEW("{\"network\":\"blue\"},{\"network\":\"dual\"},{\"network\":\"blue\"}"),
	  "create VM 100 *ipconfig0=gw=10.20.0.1,ip=10.20.0.10/24,*"
	  "ipconfig1=gw6=fd00::1,ip=10.50.0.2/24,ip6=fd00::10/64,*ipconfig2=ip=10.20.0.11/24,*" },
	{ "the way out is the user's", "{" NETS "}",
	  NEW("{\"network\":\"blue\",\"gateway\":\"\"},{\"network\":\"dual\",\"gateway\":\"10.50.0.9\"}"),
	  "create VM 100 *ipconfig0=ip=10.20.0.10/24,*ipconfig1=gw=10.50.0.9,gw6=fd00::1,*" },
	{ "a bridge that asks DHCP is the way out", "{" NETS "}",
	  NEW("{\"bridge\":\"vmbr0\",\"ip\":\"dhcp\"},{\"network\":\"blue\"}"),
	  "create VM 100 *ipconfig0=ip=dhcp,*ipconfig1=ip=10.20.0.10/24,*" },
	{ "dhcp", "{" NETS "}", NEW("{\"network\":\"blue\",\"ip\":\"dhcp\"}"),
	  "create VM 100 *bridge=n1, ipconfig0=ip=dhcp,*" },
	{ "none", "{" NETS "}", NEW("{\"network\":\"blue\",\"ip\":\"none\"}"),
	  "create VM 100 *net0=virtio,bridge=n1, description" },
	{ "a vnet without a token is a bridge", "{" NETS "}",
	  NEW("{\"network\":\"raw1\",\"ip\":\"10.70.0.5/24\"}"),
	  "create VM 100 *net0=virtio,bridge=raw1, ipconfig0=ip=10.70.0.5/24,*" },
	{ "and gives no address", "{" NETS "}", NEW("{\"network\":\"raw1\"}"),
	  "create VM 100 *net0=virtio,bridge=raw1, *" },

	/* nothing to do */
	{ "it has one", WITH(ON_BLUE), ASK("{\"network\":\"blue\"}"), "" },
	{ "by its other name", WITH(ON_BLUE),
	  ASK("{\"network\":\"acme/blue\",\"ip\":\"10.20.0.11\"}"), "" },
	{ "with its prefix", WITH(ON_BLUE), ASK("{\"network\":\"blue\",\"ip\":\"10.20.0.11/24\"}"),
	  "" },
	{ "without a word about networks", WITH(ON_BLUE), "{\"name\":\"web\"}", "" },
	{ "another option of the card", WITH(ON_BLUE), ASK("{\"firewall\":true}"),
	  "set net0=virtio=BC:24:11:00:00:00,bridge=n1,firewall=1" },
	{ "dhcp as before",
	  WITH(GUEST(",\"net0\":\"blue\"},\"config\":{" CARD(
		  "0", "n1") ",\"ide2\":\"shared:cloudinit\",\"ipconfig0\":\"ip=dhcp\"}")),
	  ASK("{\"network\":\"blue\"}"), "" },
	{ "none as before", WITH(GUEST(",\"net0\":\"blue\"},\"config\":{" CARD("0", "n1") "}")),
	  ASK("{\"network\":\"blue\"}"), "" },
	{ "what was changed by hand is told, not undone",
	  WITH(GUEST(",\"net0\":\"blue,10.20.0.11\"},\"config\":{" CARD(
		  "0", "n1") ",\"ipconfig0\":\"ip=10.20.0.77/24\"}")),
	  ASK("{\"network\":\"blue\"}"), "" },

	/* changes */
	{ "a card of a VM that is there",
	  WITH(GUEST("},\"config\":{" CARD("0", "vmbr0") ",\"ide2\":\"shared:cloudinit\"}")),
	  ASK("{},{\"network\":\"blue\"}"),
	  "set net1=virtio,bridge=n1, ipconfig1=gw=10.20.0.1,ip=10.20.0.10/24, description" },
	{ "from a bridge to a network",
	  WITH(GUEST("},\"config\":{" CARD(
		  "0",
		  "vmbr0") ",\"ide2\":\"shared:cloudinit\",\"ipconfig0\":\"ip=192.168.0.9/24,gw=192.168.0.1\"}")),
	  ASK("{\"network\":\"blue\"}"),
	  "set net0=virtio=BC:24:11:00:00:00,bridge=n1, ipconfig0=gw=10.20.0.1,ip=10.20.0.10/24, description" },
	{ "from network to network", WITH(ON_BLUE), ASK("{\"network\":\"green\"}"),
	  "set net0=virtio=BC:24:11:00:00:00,bridge=n2, ipconfig0=gw=10.30.0.1,ip=10.30.0.3/29, nameserver=10.30.0.2, description" },
	{ "from a network to a bridge", WITH(ON_BLUE), ASK("{\"bridge\":\"vmbr0\"}"),
	  "set net0=virtio=BC:24:11:00:00:00,bridge=vmbr0, description; without ipconfig0" },
	{ "another address", WITH(ON_BLUE), ASK("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "set ipconfig0=gw=10.20.0.1,ip=10.20.0.50/24, description" },
	{ "of the card alone", WITH(ON_BLUE), ASK("{\"ip\":\"10.20.0.50/24\"}"),
	  "set ipconfig0=gw=10.20.0.1,ip=10.20.0.50/24, description" },
	{ "to dhcp", WITH(ON_BLUE), ASK("{\"network\":\"blue\",\"ip\":\"dhcp\"}"),
	  "set ipconfig0=ip=dhcp, description" },
	{ "naming what was changed by hand makes it so",
	  WITH(GUEST(",\"net0\":\"blue,10.20.0.11\"},\"config\":{" CARD(
		  "0", "n1") ",\"ide2\":\"shared:cloudinit\",\"ipconfig0\":\"ip=10.20.0.77/24\"}")),
	  ASK("{\"network\":\"blue\",\"ip\":\"10.20.0.77\"}"),
	  "set ipconfig0=*ip=10.20.0.77/24, description" },
	{ "or puts it right",
	  WITH(GUEST(",\"net0\":\"blue,10.20.0.11\"},\"config\":{" CARD(
		  "0", "n1") ",\"ide2\":\"shared:cloudinit\",\"ipconfig0\":\"ip=10.20.0.77/24\"}")),
	  ASK("{\"network\":\"blue\",\"ip\":\"10.20.0.11\"}"), "set ipconfig0=ip=10.20.0.11/24" },
	{ "a hand-made card is taken over with its address",
	  WITH(GUEST("},\"config\":{" CARD(
		  "0", "n1") ",\"ide2\":\"shared:cloudinit\",\"ipconfig0\":\"ip=10.20.0.11/24\"}")),
	  ASK("{\"network\":\"blue\"}"), "set description" },
	{ "and without one gets one",
	  WITH(GUEST("},\"config\":{" CARD("0", "n1") ",\"ide2\":\"shared:cloudinit\"}")),
	  ASK("{\"network\":\"blue\"}"),
	  "set ipconfig0=gw=10.20.0.1,ip=10.20.0.10/24, description" },
	{ "a network that was renamed",
	  WITH(GUEST(",\"net0\":\"azure,10.20.0.11\"},\"config\":{" CARD(
		  "0", "n1") ",\"ipconfig0\":\"ip=10.20.0.11/24\"}")),
	  ASK("{\"network\":\"blue\"}"), "set description" },
	{ "and another one got its name",
	  WITH(GUEST(",\"net0\":\"blue,10.30.0.3\"},\"config\":{" CARD(
		  "0", "n2") ",\"ipconfig0\":\"ip=10.30.0.3/29\"}")),
	  ASK("{\"network\":\"green\"}"), "set description" },
	{ "plugged elsewhere by hand, it comes back to its address",
	  WITH(GUEST(",\"net0\":\"blue,10.20.0.11\"},\"config\":{" CARD(
		  "0", "n2") ",\"ipconfig0\":\"ip=10.20.0.11/24\"}")),
	  ASK("{\"network\":\"blue\"}"), "set net0=virtio=BC:24:11:00:00:00,bridge=n1" },
	{ "a card that goes", WITH(ON_BLUE), ASK("{\"state\":\"absent\"}"),
	  "set description; without net0, ipconfig0" },
	{ "a card that went by hand", WITH(GUEST(",\"net0\":\"blue,10.20.0.11\"}")),
	  "{\"name\":\"web\"}", "set description" },
	{ "that the guest keeps until its restart keeps its address",
	  WITH(GUEST(",\"net0\":\"blue,10.20.0.11\"}" RUNS ",\"config\":{},\"pending\":[\"net0\"],"
		     "\"current\":{\"hotplug\":\"disk\"," CARD("0", "n1") "}")),
	  "{\"name\":\"web\"}", " | *waits until the VM is restarted*" },
	{ "exact", WITH(ON_BLUE), "{\"name\":\"web\",\"networks\":[],\"networks_mode\":\"exact\"}",
	  "set description; without net0, ipconfig0" },
	{ "gone with the VM", WITH(ON_BLUE), "{\"name\":\"web\",\"state\":\"absent\"}",
	  "delete VM 100 with its disks" },
	{ "cloned, not yet configured",
	  WITH(GUEST(",\"op\":\"clone\",\"id\":\"vm.100.aaaaaaaa\",\"net0\":\"blue,10.20.0.11\"},\"config\":{" CARD(
		  "0",
		  "vmbr0") ","
			   "\"ide2\":\"shared:cloudinit\",\"ipconfig0\":\"ip=192.168.0.9/24\"}")),
	  "{\"name\":\"web\",\"power\":\"stopped\",\"networks\":[{\"network\":\"blue\"}]}",
	  "set *net0=virtio=BC:24:11:00:00:00,bridge=n1, ipconfig0=gw=10.20.0.1,ip=10.20.0.11/24, description" },

	/* refusals */
	{ "full",
	  WITH("{\"vmid\":1,\"raw\":\"\",\"name\":\"a\",\"config\":{" CARD(
		  "0", "n1") ",\"ipconfig0\":\"ip=10.20.0.10/24\"}},"
			     "{\"vmid\":2,\"raw\":\"\",\"name\":\"b\",\"config\":{" CARD(
				     "0", "n1") ",\"ipconfig0\":\"ip=10.20.0.11/24\"}}"),
	  "{\"cores\":1,\"memory\":512,\"networks\":[{\"network\":\"blue\"}],\"vms\":[{\"name\":\"x\"},{\"name\":\"y\"}]}",
	  "!vm acme/y: net0: subnet 10.20.0.0/24 of network acme/blue has no free address: 3 of 3 used" },
	{ "no such network", "{" NETS "}", NEW("{\"network\":\"red\"}"),
	  "!vm acme/web: net0: no network red that project acme may use: there are *" },
	{ "somebody else's", "{" NETS "}",
	  "{\"project\":\"gamma\",\"name\":\"web\",\"cores\":1,\"memory\":512,\"networks\":[{\"network\":\"beta/blue\"}]}",
	  "!vm gamma/web: net0: no network beta/blue that project gamma may use: there are public" },
	{ "nor by its vnet", "{" NETS "}",
	  "{\"project\":\"gamma\",\"name\":\"web\",\"cores\":1,\"memory\":512,\"networks\":[{\"bridge\":\"n1\"},{\"network\":\"public\"}]}",
	  "!vm gamma/web: net0: no bridge n1 that project gamma may use" },
	{ "taken by a VM",
	  WITH(OTHER(",\"block\":{\"name\":\"db\",\"net0\":\"blue,10.20.0.50\"},\"config\":{" CARD(
		  "0", "n1") "}")),
	  NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "!vm acme/web: net0: 10.20.0.50 of network acme/blue belongs to vm acme/db (200)" },
	{ "taken by a container",
	  WITH("{\"vmid\":200,\"lxc\":1,\"config\":{\"net0\":\"name=eth0,bridge=n1,ip=10.20.0.50/24\"}}"),
	  NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "!vm acme/web: net0: 10.20.0.50 of network acme/blue belongs to container 200" },
	{ "taken by a hand-made guest",
	  WITH(OTHER(",\"raw\":\"\",\"config\":{" CARD(
		  "3", "n1") ",\"ipconfig3\":\"ip=10.20.0.50/24\"}")),
	  NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "!vm acme/web: net0: 10.20.0.50 of network acme/blue belongs to vm 200 (other)" },
	{ "which is not of its project, for a member",
	  "{\"tenant\":1," NETS
	  ",\"guests\":[" OTHER(",\"raw\":\"\",\"pool\":\"beta\",\"config\":{" CARD(
		  "3", "n1") ",\"ipconfig3\":\"ip=10.20.0.50/24\"}") "]}",
	  NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "!vm acme/web: net0: 10.20.0.50 of network acme/blue is in use in another project" },
	{ "which is of its project, for a member",
	  "{\"tenant\":1," NETS
	  ",\"guests\":[" OTHER(",\"raw\":\"\",\"pool\":\"acme\",\"config\":{" CARD(
		  "3", "n1") ",\"ipconfig3\":\"ip=10.20.0.50/24\"}") "]}",
	  NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}"),
	  "!vm acme/web: net0: 10.20.0.50 of network acme/blue belongs to vm 200 (other)" },
	{ "twice in a task", "{" NETS "}",
	  "{\"cores\":1,\"memory\":512,\"networks\":[{\"network\":\"blue\",\"ip\":\"10.20.0.50\"}],\"vms\":[{\"name\":\"x\"},{\"name\":\"y\"}]}",
	  "!vm acme/y: net0: 10.20.0.50 of network acme/blue is named twice in this task, for vm acme/x" },
	{ "one that is named is not given to another VM", "{" NETS "}",
	  "{\"cores\":1,\"memory\":512,\"power\":\"stopped\",\"vms\":[{\"name\":\"x\",\"networks\":[{\"network\":\"blue\"}]},"
	  "{\"name\":\"y\",\"networks\":[{\"network\":\"blue\",\"ip\":\"10.20.0.10\"}]}]}",
	  "create VM 100 *ip=10.20.0.11/24*; create VM 101 *ip=10.20.0.10/24*" },
	{ "of no subnet", "{" NETS "}", NEW("{\"network\":\"blue\",\"ip\":\"10.99.0.5\"}"),
	  "!vm acme/web: net0: 10.99.0.5 of network acme/blue is in none of its subnets: 10.20.0.0/24" },
	{ "of another prefix", "{" NETS "}", NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.5/16\"}"),
	  "!vm acme/web: net0: 10.20.0.5/16: the subnet of network acme/blue is 10.20.0.0/24" },
	{ "the gateway", "{" NETS "}", NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.1\"}"),
	  "!vm acme/web: net0: 10.20.0.1 of network acme/blue is the gateway of subnet 10.20.0.0/24" },
	{ "the name server", "{" NETS "}", NEW("{\"network\":\"kept\",\"ip\":\"10.60.0.5\"}"),
	  "!vm acme/web: net0: 10.60.0.5 of network acme/kept is the name server of subnet 10.60.0.0/24" },
	{ "kept", "{" NETS "}", NEW("{\"network\":\"kept\",\"ip\":\"10.60.0.3\"}"),
	  "!vm acme/web: net0: 10.60.0.3 of network acme/kept is kept for metallb" },
	{ "the broadcast address", "{" NETS "}",
	  NEW("{\"network\":\"blue\",\"ip\":\"10.20.0.255\"}"),
	  "!vm acme/web: net0: 10.20.0.255 of network acme/blue cannot be that of a host in subnet 10.20.0.0/24" },
	{ "no prefix on a bridge", "{" NETS "}", NEW("{\"bridge\":\"vmbr0\",\"ip\":\"10.99.0.5\"}"),
	  "!vm acme/web: net0: \"10.99.0.5\" is no IPv4 address with its prefix, nor dhcp" },
	{ "the quota of addresses",
	  "{\"vnets\":[" BLUE "],\"pools\":{\"acme\":{\"quota\":{\"ips\":1}}},\"guests\":[" ON_BLUE
	  "]}",
	  "{\"name\":\"db\",\"cores\":1,\"memory\":512,\"networks\":[{\"network\":\"blue\"}]}",
	  "!project acme: quota: ips used 1 + asked 1 > limit 1" },
	{ "moving needs no more of it",
	  "{\"vnets\":[" BLUE "," GREEN
	  "],\"pools\":{\"acme\":{\"quota\":{\"ips\":1}}},\"guests\":[" ON_BLUE "]}",
	  ASK("{\"network\":\"green\"}"), "set net0=*" },
	{ "a guest that cannot be read",
	  WITH(OTHER(",\"raw\":\"\",\"node\":\"pve3\",\"problem\":\"its node is offline\"")),
	  NEW("{\"network\":\"blue\"}"),
	  "!vm acme/web: guest 200 on pve3 may have an address of network acme/blue, but cannot be read: its node is offline" },
	{ "that may not be on the network",
	  WITH(OTHER(",\"raw\":\"\",\"pool\":\"gamma\",\"problem\":\"its node is offline\"")),
	  NEW("{\"network\":\"blue\"}"), "create VM 100 *" },
	{ "that may, of all",
	  WITH(OTHER(",\"raw\":\"\",\"pool\":\"gamma\",\"problem\":\"its node is offline\"")),
	  NEW("{\"network\":\"public\"}"), "!vm acme/web: guest 200 *" },
	{ "in a pool that is no project",
	  WITH(OTHER(",\"raw\":\"\",\"pool\":\"plain\",\"problem\":\"its node is offline\"")),
	  NEW("{\"network\":\"blue\"}"), "!vm acme/web: guest 200 *" },
	{ "does not matter to who has one",
	  WITH(ON_BLUE "," OTHER(",\"raw\":\"\",\"problem\":\"its node is offline\"")),
	  ASK("{\"network\":\"blue\"}"), "" },
	{ "one that is being created", WITH(OTHER(",\"raw\":\"\",\"lock\":\"create\"")),
	  NEW("{\"network\":\"blue\"}"),
	  "!guest 200 on pve1 is being created, and its addresses are not known yet" },
};

static void plans(void **state)
{
	(void)state;
	plan_rows("pxc_vm", rows, ARRAY_SIZE(rows));
}

/* --- what is remembered ------------------------------------------------------------------------------------ */

static char *entry(const char *world, const char *task, size_t step, const char *key)
{
	auto_world struct test_world w;
	auto_annot_text struct annot_text t = { .before = NULL };
	json_auto_t *args = NULL;

	test_world_create(&w, world);
	args = plan_step("pxc_vm", task, &w, 0, step);
	annot_parse(ANNOT_BLOCK, json_string_value(json_object_get(args, "description")), &t);
	assert_int_equal(t.finding, ANNOT_OK);
	return pxc_strdup(annot_get(&t.annot, key) ? annot_get(&t.annot, key) : "-");
}

static void the_block_says_which_network_and_address(void **state)
{
	static const struct {
		const char *world, *task, *key, *value;
	} cases[] = {
		{ "{" NETS "}", NEW("{\"network\":\"blue\"}"), "net0", "blue,10.20.0.10" },
		{ "{" NETS "}", NEW("{\"network\":\"beta/blue\"}"), "net0", "beta/blue,10.40.0.1" },
		{ "{" NETS "}", NEW("{\"network\":\"dual\"}"), "net0", "dual,10.50.0.2,fd00::10" },
		{ "{" NETS "}", NEW("{\"network\":\"blue\",\"ip\":\"dhcp\"}"), "net0", "blue" },
		{ "{" NETS "}", NEW("{\"network\":\"dual\",\"ip\":\"none\"}"), "net0",
		  "dual,fd00::10" },
		{ "{" NETS "}", NEW("{\"network\":\"public\"}"), "net0", "public,192.0.2.1" },
		{ "{" NETS "}", NEW("{\"network\":\"raw1\"}"), "net0", "-" },
		{ WITH(ON_BLUE), ASK("{\"network\":\"green\"}"), "net0", "green,10.30.0.3" },
		{ WITH(ON_BLUE), ASK("{\"bridge\":\"vmbr0\"}"), "net0", "-" },
		{ WITH(ON_BLUE), ASK("{\"state\":\"absent\"}"), "net0", "-" },
		{ WITH(ON_BLUE), ASK("{\"ip\":\"10.20.0.50\"}"), "net0", "blue,10.20.0.50" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *got = entry(cases[i].world, cases[i].task, 0, cases[i].key);

		if (strcmp(got, cases[i].value) != 0)
			fail_msg("%s: %s, not %s", cases[i].task, got, cases[i].value);
	}
}

static void a_seed_of_ours_says_it_too(void **state)
{
	auto_world struct test_world w;
	json_auto_t *step = NULL, *got = NULL, *want = NULL;
	const char *text;

	(void)state;
	test_world_create(&w, "{" NETS ",\"rbd\":{\"fast\":{\"images\":[]}}}");
	step = plan_step(
		"pxc_vm",
		"{\"name\":\"web\",\"cores\":1,\"memory\":512,\"storage\":\"fast\",\"seed\":\"rbd\","
		"\"networks\":[{\"network\":\"green\",\"mac\":\"BC:24:11:00:00:01\"}]}",
		&w, 0, 0);
	text = json_string_value(json_object_get(json_object_get(step, "files"), "network-config"));
	assert_non_null(text);
	got = json_loads(text, 0, NULL);
	want = json_loads(
		"{\"ethernets\":{\"eth0\":{\"match\":{\"macaddress\":\"bc:24:11:00:00:01\"},"
		"\"addresses\":[\"10.30.0.3/29\"],\"nameservers\":{\"addresses\":[\"10.30.0.2\"]},"
		"\"routes\":[{\"to\":\"0.0.0.0/0\",\"via\":\"10.30.0.1\"}],\"set-name\":\"eth0\"}},\"version\":2}",
		0, NULL);
	assert_true(json_equal(got, want));
}

/* --- what is shown ----------------------------------------------------------------------------------------- */

static json_t *shown(const char *world)
{
	struct test_world w;
	json_t *item;

	test_world_create(&w, world);
	item = vm_show(&w.world, w.vm.seen[0]);
	test_world_release(&w);
	return item;
}

static void results_name_network_and_addresses(void **state)
{
	json_auto_t *item = shown(WITH(ON_BLUE));
	const json_t *card = json_array_get(json_object_get(item, "networks"), 0);
	json_auto_t *addresses = json_pack("[s]", "10.20.0.11");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(card, "network")), "blue");
	assert_string_equal(json_string_value(json_object_get(card, "ip")), "10.20.0.11");
	assert_string_equal(json_string_value(json_object_get(card, "mac")), "BC:24:11:00:00:00");
	assert_null(json_object_get(card, "ip6"));
	assert_true(json_equal(json_object_get(item, "addresses"), addresses));
	assert_int_equal(json_array_size(json_object_get(item, "drift")), 0);
}

static void what_differs_from_the_block_is_drift(void **state)
{
	static const char *const cases[][2] = {
		{ GUEST(",\"net0\":\"blue,10.20.0.11\"},\"config\":{" CARD(
			  "0", "n1") ",\"ipconfig0\":\"ip=10.20.0.77/24\"}"),
		  "ipconfig0 has 10.20.0.77, reserved is 10.20.0.11" },
		{ GUEST(",\"net0\":\"blue,10.20.0.11\"},\"config\":{" CARD("0", "n1") "}"),
		  "ipconfig0 has no address, reserved is 10.20.0.11" },
		{ GUEST(",\"net0\":\"blue\"},\"config\":{" CARD(
			  "0", "n1") ",\"ipconfig0\":\"ip=10.20.0.77/24\"}"),
		  "ipconfig0 has 10.20.0.77, reserved is none" },
		{ GUEST(",\"net1\":\"blue,10.20.0.11\"}"),
		  "net1, reserved on network blue, is gone" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *world = pxc_printf("{" NETS ",\"guests\":[%s]}", cases[i][0]);
		json_auto_t *item = shown(world);
		const json_t *drift = json_object_get(item, "drift");

		assert_int_equal(json_array_size(drift), 1);
		assert_string_equal(json_string_value(json_array_get(drift, 0)), cases[i][1]);
	}
}

/* --- many -------------------------------------------------------------------------------------------------- */

static void five_hundred_vms_get_five_hundred_addresses(void **state)
{
	struct pxc_buf task = { .data = NULL };
	auto_world struct test_world w;
	json_auto_t *seen = json_object();

	(void)state;
	test_world_create(
		&w,
		"{\"pools\":{\"acme\":{\"quota\":{\"instances\":-1,\"cores\":-1,\"ram_mb\":-1}}},\"vnets\":["
		"{\"id\":\"n1\",\"name\":\"blue\",\"project\":\"acme\",\"subnets\":[{\"cidr\":\"10.20.0.0/22\"}]}],"
		"\"nodes\":{\"pve1\":{\"memory_gib\":4096,\"cores\":512}}}");
	buf_adds(
		&task,
		"{\"cores\":1,\"memory\":512,\"power\":\"stopped\",\"networks\":[{\"network\":\"blue\"}],\"vms\":[");
	for (int i = 0; i < 500; i++)
		buf_printf(&task, "%s{\"name\":\"v%d\"}", i ? "," : "", i);
	buf_adds(&task, "]}");
	{
		auto_free char *got = plan_vms(buf_str(&task), &w);

		for (const char *p = got; (p = strstr(p, "ipconfig0=ip=")); p++) {
			auto_free char *ip = pxc_strndup(p, strcspn(p, "/"));

			assert_null(json_object_get(seen, ip));
			(void)json_object_set_new(seen, ip, json_true());
		}
		assert_int_equal(json_object_size(seen), 500);
		assert_non_null(json_object_get(seen, "ipconfig0=ip=10.20.1.244"));
	}
	buf_release(&task);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans),
		cmocka_unit_test(the_block_says_which_network_and_address),
		cmocka_unit_test(a_seed_of_ours_says_it_too),
		cmocka_unit_test(results_name_network_and_addresses),
		cmocka_unit_test(what_differs_from_the_block_is_drift),
		cmocka_unit_test(five_hundred_vms_get_five_hundred_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
