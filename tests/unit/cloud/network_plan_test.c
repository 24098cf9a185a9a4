/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks that are made, changed and removed, and the transaction around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "lib/networks.h"
#include "network_rows.h"

static const struct plan_row making[] = {
	{ "the first of the cloud: its zone is made before it", BLANK, NET(""),
	  "create zone tenant of type vlan / create vnet n* in zone tenant, tag 100" APPLY },
	{ "the next one", WORLD(RED("")), NET(""), "create vnet n* in zone tenant, tag 100" APPLY },
	{ "it is there", WORLD(BLUE("")), NET(""), "" },
	{ "with subnets", WORLD(""),
	  NET(",\"subnets\":[{\"cidr\":\"10.20.0.0/24\",\"gateway\":\"10.20.0.1\"},{\"cidr\":\"fd00::/64\"}]"),
	  "create vnet n* in zone tenant, tag 100; add subnet 10.20.0.0/24; add subnet fd00::/64" APPLY },
	{ "under an id that is named", WORLD(""), NET(",\"vnet\":\"web\""),
	  "create vnet web in zone tenant, tag 100" APPLY },
	{ "which somebody has", WORLD(VNET("web", "\"zone\":\"tenant\",\"tag\":5")),
	  NET(",\"vnet\":\"web\""), "!network acme/blue: vnet web is there already*" },
	{ "which is a bridge of a node", WORLD(""), NET(",\"vnet\":\"vmbr1\""),
	  "!network acme/blue: vnet: node pve1 has a bridge vmbr1 of its own: choose another id, or leave vnet out" },
	{ "which two of the task name", WORLD(""),
	  "{\"project\":\"acme\",\"vnet\":\"web\",\"networks\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "!network acme/b and network acme/a name the same vnet web" },
	{ "another id than it has", WORLD(BLUE("")), NET(",\"vnet\":\"web\""),
	  "!network acme/blue is vnet vblue: an id cannot be changed, here to web" },
	{ "the id it has", WORLD(BLUE("")), NET(",\"vnet\":\"vblue\""), "" },
	{ "several: numbers and ids of their own, applied once", WORLD(RED("")),
	  NETS("{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}"),
	  "create vnet n* in zone tenant, tag 100; create vnet n* in zone tenant, tag 102; "
	  "create vnet n* in zone tenant, tag 103" APPLY },
	{ "of two projects", WORLD(""),
	  "{\"networks\":[{\"name\":\"a\",\"project\":\"acme\"},{\"name\":\"a\",\"project\":\"beta\"}]}",
	  "create vnet n* in zone tenant, tag 100; create vnet n* in zone tenant, tag 101" APPLY },
	{ "no project", WORLD(""), "{\"name\":\"a\",\"project\":\"none\"}",
	  "!network none/a: there is no project none: *" },
	{ "one of two is refused, so nothing is done", WORLD(BLUE("")),
	  NETS("{\"name\":\"a\"},{\"name\":\"blue\",\"tag\":5000}"),
	  "!network acme/blue: tag 5000: the numbers of zone tenant end with 4094" },
	{ "no cloud", "{\"registry\":null}", NET(""), "!*pxc_cloud*" },
	{ "no quorum", BLANK_AND("\"quorate\":0"), NET(""), "!*quor*" },
	{ "a vnet of that name that carries no token is somebody else's",
	  WORLD(VNET("blue", "\"zone\":\"tenant\",\"tag\":100")), NET(""),
	  "create vnet n* in zone tenant, tag 101" APPLY },
	{ "a token that was copied to another vnet is none",
	  WORLD(BLUE(",\"token\":{\"id\":\"net.other\"}")), NET(""), "create vnet n*" },
	{ "nor is one of another cluster", WORLD(BLUE(",\"token\":{\"c\":\"00000000\"}")), NET(""),
	  "create vnet n*" },
	{ "none at all", WORLD(BLUE("")), "{\"project\":\"acme\",\"networks\":[]}", "" },
};

static const struct plan_row changing[] = {
	{ "another name", WORLD(BLUE("")), NET(",\"new_name\":\"green\""),
	  "change vnet vblue: alias" APPLY },
	{ "which it has already", WORLD(IN_TENANT("vblue", 100, "acme/green", "")),
	  NET(",\"new_name\":\"green\""), "" },
	{ "which is no change", WORLD(BLUE("")), NET(",\"new_name\":\"blue\""), "" },
	{ "which another has", WORLD(BLUE("") "," RED("")), NET(",\"new_name\":\"red\""),
	  "!network acme/blue: new_name: there is a network red already" },
	{ "which another of the task gets", WORLD(BLUE("")),
	  NETS("{\"name\":\"blue\",\"new_name\":\"green\"},{\"name\":\"green\"}"),
	  "!network acme/green and network acme/blue would both be called green" },
	{ "which another of the task gets, too", WORLD(BLUE("") "," RED("")),
	  NETS("{\"name\":\"blue\",\"new_name\":\"green\"},{\"name\":\"red\",\"new_name\":\"green\"}"),
	  "!network acme/red and network acme/blue would both be called green" },
	{ "which another of the task gets, though the one is to go", WORLD(BLUE("")),
	  NETS("{\"name\":\"blue\",\"new_name\":\"green\",\"state\":\"absent\"},{\"name\":\"green\"}"),
	  "!network acme/green and network acme/blue would both be called green" },
	{ "which another is", WORLD(IN_TENANT("vblue", 100, "acme/green", "")),
	  NETS("{\"name\":\"blue\",\"new_name\":\"green\"},{\"name\":\"green\",\"state\":\"absent\"}"),
	  "!network acme/green and network acme/blue would both be called green" },
	{ "to another project's name", WORLD(BLUE("") "," IN_TENANT("v1", 101, "beta/green", "")),
	  NET(",\"new_name\":\"green\""), "change vnet vblue: alias" APPLY },
	{ "a number", WORLD(BLUE("")), NET(",\"tag\":103"),
	  "change vnet vblue: tag 100 -> 103 [disrupts]" APPLY },
	{ "isolated", WORLD(BLUE("")), NET(",\"isolate_ports\":true"),
	  "change vnet vblue: isolate_ports" APPLY },
	{ "no more", WORLD(BLUE(",\"isolate_ports\":1")), NET(",\"isolate_ports\":false"),
	  "change vnet vblue: isolate_ports" APPLY },
	{ "not named, it stays", WORLD(BLUE(",\"isolate_ports\":1")), NET(""), "" },
	{ "tags pass", WORLD(BLUE("")), NET(",\"vlan_aware\":true"),
	  "change vnet vblue: vlan_aware [disrupts]" APPLY },
	{ "with subnets they do not", WORLD(BLUE_20), NET(",\"vlan_aware\":true"),
	  "!network acme/blue: a network that passes VLAN tags on (vlan_aware) can have no subnets*" },
	{ "unless these go", WORLD(BLUE_20), NET(",\"vlan_aware\":true,\"subnets\":[]"),
	  "remove subnet tenant-10.20.0.0-24 [destroys]; change vnet vblue: vlan_aware [disrupts]" APPLY },
	{ "nor do subnets come", WORLD(BLUE(",\"vlan_aware\":1")),
	  NET(",\"subnets\":[{\"cidr\":\"10.20.0.0/24\"}]"),
	  "!*(vlan_aware) can have no subnets in PVE" },
	{ "unless tags do not pass any more", WORLD(BLUE(",\"vlan_aware\":1")),
	  NET(",\"vlan_aware\":false,\"subnets\":[{\"cidr\":\"10.20.0.0/24\"}]"),
	  "change vnet vblue: vlan_aware [disrupts]; add subnet 10.20.0.0/24" APPLY },
	{ "all at once", WORLD(BLUE("")),
	  NET(",\"tag\":103,\"isolate_ports\":true,\"description\":\"x\""),
	  "change vnet vblue: alias, tag 100 -> 103, isolate_ports [disrupts]" APPLY },
	{ "a project's network does not become a published one", WORLD(BLUE("")),
	  NET(",\"kind\":\"provider\""),
	  "!network acme/blue is a project network: its kind cannot be changed" },
	{ "nor the reverse", WORLD(BLUE(",\"token\":{\"k\":\"provider\"}")), NET(""),
	  "!network acme/blue is a provider network: its kind cannot be changed" },
};

static const struct plan_row removing[] = {
	{ "it goes", WORLD(BLUE("")), NET(",\"state\":\"absent\""),
	  "remove vnet vblue [destroys]" APPLY },
	{ "with its subnets", WORLD(BLUE_20), NET(",\"state\":\"absent\""),
	  "remove subnet tenant-10.20.0.0-24 [destroys]; remove vnet vblue [destroys]" APPLY },
	{ "it has gone", WORLD(""), NET(",\"state\":\"absent\""), "" },
	{ "with its project", WORLD(""),
	  "{\"project\":\"none\",\"name\":\"blue\",\"state\":\"absent\"}", "" },
	{ "one goes, one comes: its number is not free yet", WORLD(BLUE("")),
	  NETS("{\"name\":\"blue\",\"state\":\"absent\"},{\"name\":\"green\"}"),
	  "remove vnet vblue [destroys]; create vnet n* in zone tenant, tag 101" APPLY },
	{ "by its new name", WORLD(IN_TENANT("vblue", 100, "acme/green", "")),
	  NET(",\"new_name\":\"green\",\"state\":\"absent\""), "remove vnet vblue *" },
};

/* What others have begun, what nodes have missed. */
static const struct plan_row applying[] = {
	{ "a node has not taken the zone over",
	  WORLD_AND(BLUE(""), "\"status\":{\"pve2\":{\"tenant\":\"pending\"}}"), NET(""),
	  "apply once more, since node pve2 has not taken zone tenant over; wait for pve1*" },
	{ "nor another",
	  WORLD_AND(BLUE(""),
		    "\"status\":{\"pve2\":{\"tenant\":\"error\"},\"pve3\":{\"tenant\":null}}"),
	  NET(""),
	  "apply once more, since node pve2 could not take zone tenant over (its network reload's log says why), node pve3 has not taken zone tenant over; wait for*" },
	{ "with something to write there is one apply",
	  WORLD_AND(BLUE(""), "\"status\":{\"pve2\":{\"tenant\":\"pending\"}}"),
	  NET(",\"isolate_ports\":true"), "change vnet vblue: isolate_ports" APPLY },
	{ "a zone that is not this task's does not matter",
	  ZONES_AND(
		  "\"lab\":{\"type\":\"vlan\",\"bridge\":\"vmbr0\"},\"far\":{\"type\":\"simple\"}",
		  VNET("v1",
		       "\"zone\":\"lab\",\"tag\":5,\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}"),
		  "\"status\":{\"pve1\":{\"far\":\"error\"}}"),
	  IN_LAB(""), "" },
	{ "nor does an empty one", WORLD_AND("", "\"status\":{\"pve2\":{\"tenant\":\"pending\"}}"),
	  NET(",\"state\":\"absent\""), "" },
	{ "nor a node that the zone is not for",
	  ZONES_AND(
		  "\"lab\":{\"type\":\"simple\",\"nodes\":\"pve1,pve3\"}",
		  VNET("v1",
		       "\"zone\":\"lab\",\"net\":\"lan\",\"token\":{\"k\":\"provider\",\"sh\":\"*\"}"),
		  "\"status\":{\"pve2\":{\"lab\":null}}"),
	  IN_LAB(""), "" },
	{ "it is waited for where the zone is",
	  ZONES("\"lab\":{\"type\":\"simple\",\"nodes\":\"pve1,pve3\"}", ""), IN_LAB(""),
	  "create vnet n* in zone lab / apply on every node; wait for pve1 to take it over; "
	  "wait for pve3 to take it over" },
	{ "a node that is down is not waited for",
	  WORLD_AND("", "\"nodes\":{\"pve1\":{},\"pve2\":{\"online\":0}}"), NET(""),
	  "create vnet n* in zone tenant, tag 100 / apply on every node; wait for pve1 to take it over "
	  "| node pve2 is offline: it takes the networks over when it is back" },
	{ "the server's own preview is looked at only when the task asks for the difference",
	  WORLD_AND("", "\"previews\":1"), NET(""), "create vnet n*100" APPLY },
	{ "and then before it is applied", WORLD_AND("", "\"previews\":1"),
	  NET(",\"_ansible_diff\":true"),
	  "create vnet n* in zone tenant, tag 100 / look what pve1 would make of it; look what pve2 would "
	  "make of it; look what pve3 would make of it; apply on every node*" },
	{ "changes of others are named",
	  WORLD_AND("", "\"waiting\":[\"vnet web (new)\",\"zone x (changed)\"]"), NET(""),
	  "create vnet *| changes to the SDN wait to be applied: vnet web (new), zone x (changed); nothing is "
	  "written before they are applied or taken back" },
	{ "and do not matter where nothing is to be done",
	  WORLD_AND(BLUE(""), "\"waiting\":[\"vnet web (new)\"]"), NET(""), "" },
	{ "without a lock they are refused",
	  WORLD_AND("", "\"locks\":0,\"waiting\":[\"vnet web (new)\"]"), NET(""),
	  "!changes of others to the SDN wait to be applied, and would be with ours: vnet web (new); apply them "
	  "or take them back first (Datacenter, SDN)" },
	{ "but for a zone that the task itself makes, and has begun to make",
	  ZONES_AND("\"lab\":{\"type\":\"simple\"}", "",
		    "\"locks\":0,\"waiting\":[\"zone lab (new)\"]"),
	  IN_LAB(",\"zone_type\":\"simple\""), "create vnet n* in zone lab" APPLY },
	{ "which is another when it is only used",
	  ZONES_AND("\"lab\":{\"type\":\"simple\"}", "",
		    "\"locks\":0,\"waiting\":[\"zone lab (new)\"]"),
	  IN_LAB(""),
	  "!changes of others to the SDN wait to be applied, and would be with ours: zone lab (new)*" },
	{ "or when somebody changes it",
	  ZONES_AND("\"lab\":{\"type\":\"simple\"}", "",
		    "\"locks\":0,\"waiting\":[\"zone lab (changed)\"]"),
	  IN_LAB(",\"zone_type\":\"simple\""), "!changes of others *: zone lab (changed)*" },
	{ "the first five of them",
	  WORLD_AND("", "\"locks\":0,\"waiting\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]"), NET(""),
	  "!*a, b, c, d, e, ...; apply*" },
	{ "unless nothing is to be done",
	  WORLD_AND(BLUE(""), "\"locks\":0,\"waiting\":[\"vnet web (new)\"]"), NET(""), "" },
	{ "a run that was cut off there is ended",
	  WORLD_AND(BLUE(""), "\"locks\":0,\"unapplied\":1"), NET(""),
	  "apply once more, since a run that was cut off has not done it; wait for*" },
};

TABLE(networks_are_made, making)
TABLE(changed, changing)
TABLE(removed, removing)
TABLE(applied_once_and_only_when_needed, applying)

/* Of a task, only those change that something is done for; the others are as they were. */
static void what_changes_is_told_of_each(void **state)
{
	static const char two[] = NETS(
		"{\"name\":\"blue\"},{\"name\":\"red\"},{\"name\":\"gone\",\"state\":\"absent\"}");
	static const struct {
		const char *world, *changes;
	} rows[] = {
		{ WORLD(BLUE("") "," RED("")), "" },
		{ WORLD(RED("")), "network acme/blue" },
		{ WORLD(""), "network acme/blue, network acme/red" },
		{ "{\"registry\":{\"z.tenant\":\"type/vlan,tags/100-103,x.bridge/vmbr1\"},\"zones\":{" TENANT
		  "},\"vnets\":{" BLUE("") "," RED("") "}}",
		  "network acme/blue, network acme/red" },
		{ WORLD(BLUE("") "," RED("") "," IN_TENANT("v9", 103, "acme/gone", "")),
		  "network acme/gone" },
		{ WORLD_AND(BLUE("") "," RED(""), "\"status\":{\"pve2\":{\"tenant\":\"error\"}}"),
		  "network acme/blue, network acme/red" },
		{ "{\"zones\":{" TENANT
		  ",\"far\":{\"type\":\"simple\"}},\"vnets\":{" BLUE("") "," VNET(
			  "vred",
			  "\"zone\":\"far\",\"net\":\"acme/red\"") "},"
								   "\"status\":{\"pve2\":{\"far\":\"error\"}}}",
		  "network acme/red" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = plan_network_changes(two, rows[i].world);

		assert_string_equal(got, rows[i].changes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_are_made),
		cmocka_unit_test(changed),
		cmocka_unit_test(removed),
		cmocka_unit_test(applied_once_and_only_when_needed),
		cmocka_unit_test(what_changes_is_told_of_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
