/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What PVE itself would let pass: networks in use, overlapping subnets, quotas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/networks.h"
#include "network_rows.h"

#define USE(vnet, who, ips) "{\"vnet\":\"" vnet "\",\"who\":\"" who "\",\"ips\":[" ips "]}"
#define USED(vnets, uses) WORLD_AND(vnets, "\"uses\":[" uses "]")
#define WEB(ips) USE("vblue", "vm acme/web (101)", ips)
#define OF(project, who)                                                                           \
	"{\"vnet\":\"vblue\",\"who\":\"" who "\",\"project\":\"" project                           \
	"\",\"ips\":[\"10.20.0.9\"]}"
#define SHOWN(subnets)                                                                             \
	WORLD_AND(BLUE(subnets),                                                                   \
		  "\"tenant\":1,\"uses\":[" OF("acme", "vm acme/web (101)") "," OF(                \
			  "beta", "vm beta/db (102)") "," OF("beta", "vm beta/db-2 (103)") "]")
#define GONE NET(",\"state\":\"absent\"")
#define WITH(list) NET(",\"subnets\":[" list "]")
#define CIDR(text) "{\"cidr\":\"" text "\"}"

static const struct plan_row uses[] = {
	{ "a card on it", USED(BLUE(""), WEB("")), GONE,
	  "!network acme/blue is in use by vm acme/web (101): take their cards off it first" },
	{ "three",
	  USED(BLUE(""), USE("vblue", "a", "") "," USE("vblue", "b", "") "," USE("vblue", "c", "")),
	  GONE, "!network acme/blue is in use by a, b, c: take*" },
	{ "more",
	  USED(BLUE(""),
	       USE("vblue", "a", "") "," USE("vblue", "b", "") "," USE("vblue", "c", "") "," USE(
		       "vblue", "d", "") "," USE("vblue", "e", "")),
	  GONE, "!network acme/blue is in use by a, b, c and 2 more: take*" },
	/* whose network it is does not learn who is on it */
	{ "guests of others, for a member", SHOWN(""), GONE,
	  "!network acme/blue is in use by vm acme/web (101), somebody else: take their cards off it first" },
	{ "their addresses", SHOWN(SUBNETS("\"10.20.0.0/24\":{}")), WITH(""),
	  "!*: vm acme/web (101), somebody else have addresses in it" },
	{ "on another", USED(BLUE("") "," RED(""), USE("vred", "a", "")), GONE,
	  "remove vnet vblue *" },
	{ "it stays", USED(BLUE(""), WEB("")), NET(",\"isolate_ports\":true"),
	  "change vnet vblue: isolate_ports" APPLY },
	{ "by its new name", USED(IN_TENANT("vblue", 100, "acme/green", ""), WEB("")),
	  NET(",\"new_name\":\"green\",\"state\":\"absent\""),
	  "!*is in use by vm acme/web (101)*" },
	{ "a subnet with addresses in use", USED(BLUE_20, WEB("\"10.20.0.9\"")), WITH(""),
	  "!network acme/blue: subnet 10.20.0.0/24 cannot go, nor get another size: vm acme/web (101) has addresses in it" },
	{ "of several",
	  USED(BLUE_20, USE("vblue", "a", "\"10.20.0.9\"") "," USE("vblue", "b", "\"10.20.0.8\"")),
	  WITH(""), "!*: a, b have addresses in it" },
	{ "another size", USED(BLUE_20, WEB("\"10.20.0.9\"")), WITH(CIDR("10.20.0.0/23")),
	  "!network acme/blue: subnet 10.20.0.0/24 cannot go, nor get another size*" },
	{ "removed by name", USED(BLUE_20, WEB("\"10.20.0.9\"")),
	  NET(",\"subnets_mode\":\"merge\",\"subnets\":[{\"cidr\":\"10.20.0.0/24\",\"state\":\"absent\"}]"),
	  "!*has addresses in it" },
	{ "by its new name",
	  USED(IN_TENANT("vblue", 100, "acme/green", SUBNETS("\"10.20.0.0/24\":{}")),
	       WEB("\"10.20.0.9\"")),
	  NET(",\"new_name\":\"green\",\"subnets\":[]"),
	  "!*vm acme/web (101) has addresses in it" },
	{ "without addresses in use", USED(BLUE_20, WEB("\"10.99.0.9\"")),
	  WITH(CIDR("10.20.0.0/23")),
	  "remove subnet tenant-10.20.0.0-24 [destroys]; add subnet 10.20.0.0/23" APPLY },
	{ "addresses of another network's cards", USED(BLUE_20, USE("vred", "a", "\"10.20.0.9\"")),
	  WITH(""), "remove subnet tenant-10.20.0.0-24 [destroys]" APPLY },
	{ "what stays does not matter", USED(BLUE_20, WEB("\"10.20.0.9\"")),
	  WITH(CIDR("10.20.0.0/24") "," CIDR("10.20.1.0/24")), "add subnet 10.20.1.0/24" APPLY },
};

#define RED_20 RED(SUBNETS("\"10.20.0.0/16\":{}"))
#define BETA_20 IN_TENANT("vbeta", 102, "beta/blue", SUBNETS("\"10.20.0.0/24\":{}"))
#define ELSEWHERE(net)                                                                             \
	VNET("vfar",                                                                               \
	     "\"zone\":\"far\",\"tag\":7,\"net\":\"" net "\"" SUBNETS("\"10.20.0.0/24\":{}"))
#define TWO_ZONES(vnets)                                                                           \
	"{" REGISTRY "," POOLS ",\"zones\":{" TENANT                                               \
	",\"far\":{\"type\":\"vlan\",\"bridge\":\"vmbr1\"}},\"vnets\":{" vnets "}}"

static const struct plan_row overlaps[] = {
	{ "within a network", WORLD(BLUE("")), WITH(CIDR("10.20.0.0/16") "," CIDR("10.20.7.0/24")),
	  "!network acme/blue: subnet 10.20.7.0/24 overlaps subnet 10.20.0.0/16 of network acme/blue" },
	{ "within a project", WORLD(RED_20), WITH(CIDR("10.20.7.0/24")),
	  "!network acme/blue: subnet 10.20.7.0/24 overlaps subnet 10.20.0.0/16 of network acme/red" },
	{ "within a project, in two zones", TWO_ZONES(ELSEWHERE("acme/red")),
	  WITH(CIDR("10.20.0.0/24")),
	  "!network acme/blue: subnet 10.20.0.0/24 overlaps subnet 10.20.0.0/24 of network acme/red" },
	{ "within a zone, naming nobody else's project", WORLD(BETA_20), WITH(CIDR("10.20.0.0/16")),
	  "!network acme/blue: subnet 10.20.0.0/16 overlaps one of another project in zone tenant: choose other "
	  "addresses, or another zone" },
	{ "the same when the network is there already", WORLD(BLUE("") "," BETA_20),
	  WITH(CIDR("10.20.0.0/16")),
	  "!network acme/blue: subnet 10.20.0.0/16 overlaps one of another project in zone tenant*" },
	{ "and has subnets", WORLD(BLUE(SUBNETS("\"10.1.0.0/24\":{}")) "," BETA_20),
	  WITH(CIDR("10.1.0.0/24") "," CIDR("10.20.0.0/16")),
	  "!*overlaps one of another project in zone tenant*" },
	{ "within a zone, somebody's vnet",
	  WORLD(VNET("old", "\"zone\":\"tenant\",\"tag\":9" SUBNETS("\"10.20.0.0/24\":{}"))),
	  WITH(CIDR("10.20.0.0/16")), "!*overlaps subnet 10.20.0.0/24 of vnet old" },
	{ "the same in another project's zone is another network",
	  TWO_ZONES(ELSEWHERE("beta/blue")), WITH(CIDR("10.20.0.0/24")),
	  "create vnet n*; add subnet 10.20.0.0/24" APPLY },
	{ "of a published network in another zone, too",
	  TWO_ZONES(VNET("vfar", "\"zone\":\"far\",\"tag\":7,\"net\":\"lan\",\"token\":"
				 "{\"k\":\"provider\"}" SUBNETS("\"10.20.0.0/24\":{}"))),
	  WITH(CIDR("10.20.0.0/24")), "create vnet n*; add subnet 10.20.0.0/24" APPLY },
	{ "two of a task", WORLD(""),
	  NETS("{\"name\":\"a\",\"subnets\":[" CIDR(
		  "10.0.0.0/24") "]},{\"name\":\"b\",\"subnets\":[" CIDR("10.0.0.0/8") "]}"),
	  "!network acme/a: subnet 10.0.0.0/24 overlaps subnet 10.0.0.0/8 of network acme/b" },
	{ "two of two projects", WORLD(""),
	  "{\"subnets\":[" CIDR(
		  "10.0.0.0/24") "],\"networks\":[{\"name\":\"a\",\"project\":\"acme\"},{\"name\":\"b\",\"project\":\"beta\"}]}",
	  "!network acme/a: subnet 10.0.0.0/24 overlaps one of another project in zone tenant*" },
	{ "a subnet that goes from one to the other", WORLD(RED(SUBNETS("\"10.20.0.0/24\":{}"))),
	  NETS("{\"name\":\"blue\",\"subnets\":[" CIDR(
		  "10.20.0.0/24") "]},{\"name\":\"red\",\"subnets\":[]}"),
	  "remove subnet tenant-10.20.0.0-24 [destroys] / create vnet n*; add subnet 10.20.0.0/24" APPLY },
	{ "with one that goes at once", WORLD(RED_20),
	  NETS("{\"name\":\"red\",\"state\":\"absent\"},{\"name\":\"blue\",\"subnets\":[" CIDR(
		  "10.20.7.0/24") "]}"),
	  "remove subnet tenant-10.20.0.0-16 [destroys]; remove vnet vred [destroys] / create vnet n*; add subnet 10.20.7.0/24" APPLY },
	{ "what overlaps already, and is not touched, stays", WORLD(BLUE_20 "," RED_20),
	  NET(",\"subnets\":[" CIDR("10.20.0.0/24") "],\"isolate_ports\":true"),
	  "change vnet vblue: isolate_ports" APPLY },
	{ "families do not", WORLD(RED(SUBNETS("\"10.0.0.0/8\":{}"))), WITH(CIDR("a00::/8")),
	  "create vnet n*; add subnet a00::/8" APPLY },
};

#define LIMIT(networks, subnets)                                                                   \
	"\"pools\":{\"acme\":{\"quota\":{\"networks\":" #networks ",\"subnets\":" #subnets         \
	"}},\"beta\":{}}"
#define LIMITED(networks, subnets, vnets)                                                          \
	"{" REGISTRY "," LIMIT(networks, subnets) ",\"zones\":{" TENANT "},\"vnets\":{" vnets "}}"

static const struct plan_row quotas[] = {
	{ "one too many", LIMITED(1, -1, RED("")), NET(""),
	  "!project acme: quota: networks used 1 + asked 1 > limit 1" },
	{ "of all together", LIMITED(2, 2, RED("")),
	  NETS("{\"name\":\"a\",\"subnets\":[" CIDR("10.0.0.0/24") "," CIDR("10.0.1.0/24") "," CIDR(
		  "10.0.2.0/24") "]},{\"name\":\"b\"}"),
	  "!project acme: quota: networks used 1 + asked 2 > limit 2; subnets used 0 + asked 3 > limit 2" },
	{ "to the last", LIMITED(2, 1, RED("")), WITH(CIDR("10.0.0.0/24")),
	  "create vnet n*; add subnet 10.0.0.0/24" APPLY },
	{ "others do not count",
	  LIMITED(1, -1,
		  IN_TENANT("v1", 102, "beta/a", "") "," VNET("old",
							      "\"zone\":\"tenant\",\"tag\":9")),
	  NET(""), "create vnet n*" APPLY },
	{ "one goes, one comes", LIMITED(1, -1, RED("")),
	  NETS("{\"name\":\"red\",\"state\":\"absent\"},{\"name\":\"blue\"}"),
	  "remove vnet vred [destroys]; create vnet n*" APPLY },
	{ "subnets of the other networks count",
	  LIMITED(-1, 1, BLUE("") "," RED(SUBNETS("\"10.0.0.0/24\":{}"))),
	  WITH(CIDR("10.20.0.0/24")), "!project acme: quota: subnets used 1 + asked 1 > limit 1" },
	{ "above a limit that was lowered, nothing more but changes", LIMITED(0, 0, BLUE_20),
	  NET(",\"isolate_ports\":true"), "change vnet vblue: isolate_ports" APPLY },
	{ "a damaged one counts", LIMITED(1, -1, RED(",\"tampered\":1")), NET(""),
	  "!project acme: quota: networks used 1 + asked 1 > limit 1" },
	{ "published ones of no project do not", LIMITED(0, 0, ""),
	  PROVIDER(",\"zone\":\"tenant\",\"tag\":5"), "create vnet n*" APPLY },
};

TABLE(what_is_in_use_stays, uses)
TABLE(subnets_do_not_overlap, overlaps)
TABLE(quotas_hold, quotas)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_use_stays),
		cmocka_unit_test(subnets_do_not_overlap),
		cmocka_unit_test(quotas_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
