/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses that are kept for something outside of VMs. The plan is the token that is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/networks.h"
#include "network_rows.h"

#define KEPT(v, rest)                                                                              \
	WORLD_AND(BLUE(",\"token\":{" v                                                            \
		       "}" SUBNETS("\"10.20.0.0/28\":{\"gateway\":\"10.20.0.1\"}")),               \
		  "\"uses\":[" rest "]")
#define LB "\"v.lb\":\"10.20.0.4-10.20.0.5\""
#define USE(ip) "{\"vnet\":\"vblue\",\"who\":\"vm acme/web (101)\",\"ips\":[\"" ip "\"]}"
#define KEEP(list) NET(",\"reserve\":[" list "]")
#define EXACT(list) NET(",\"reserve_mode\":\"exact\",\"reserve\":[" list "]")
#define COUNT(name, n) "{\"name\":\"" name "\",\"count\":" #n "}"
#define RANGE(name, r) "{\"name\":\"" name "\",\"range\":\"" r "\"}"
#define TOKEN(v) "[id=net.vblue p=acme n=blue" v "]"

static const struct plan_row kept[] = {
	{ "the lowest that are free in a row", KEPT("", ""), KEEP(COUNT("lb", 3)),
	  TOKEN(" v.lb=10.20.0.2-10.20.0.4") },
	{ "above a card that is in the way", KEPT("", USE("10.20.0.3")), KEEP(COUNT("lb", 3)),
	  TOKEN(" v.lb=10.20.0.4-10.20.0.6") },
	{ "above several, in any order",
	  KEPT("", USE("10.20.0.7") "," USE("10.20.0.3") "," USE("10.20.0.5")),
	  KEEP(COUNT("lb", 3)), TOKEN(" v.lb=10.20.0.8-10.20.0.10") },
	{ "but not above one of another network",
	  KEPT("", "{\"vnet\":\"vred\",\"who\":\"x\",\"ips\":[\"10.20.0.2\"]}"),
	  KEEP(COUNT("lb", 1)), TOKEN(" v.lb=10.20.0.2") },
	{ "above what is kept", KEPT(LB, ""), KEEP(COUNT("vip", 4)),
	  TOKEN(" v.lb=10.20.0.4-10.20.0.5 v.vip=10.20.0.6-10.20.0.9") },
	{ "between", KEPT(LB, ""), KEEP(COUNT("vip", 2)),
	  TOKEN(" v.lb=10.20.0.4-10.20.0.5 v.vip=10.20.0.2-10.20.0.3") },
	{ "several", KEPT("", ""), KEEP(COUNT("a", 2) "," COUNT("b", 1)),
	  TOKEN(" v.a=10.20.0.2-10.20.0.3 v.b=10.20.0.4") },
	{ "to the last", KEPT("", ""), KEEP(COUNT("a", 13)), TOKEN(" v.a=10.20.0.2-10.20.0.14") },
	{ "they stay where they are", KEPT(LB, ""), KEEP(COUNT("lb", 2)), "" },
	{ "though cards have some of them", KEPT(LB, USE("10.20.0.4")), KEEP(COUNT("lb", 2)), "" },
	{ "another number is kept anew", KEPT(LB, ""), KEEP(COUNT("lb", 3)),
	  TOKEN(" v.lb=10.20.0.2-10.20.0.4") },
	{ "a range", KEPT("", ""), KEEP(RANGE("lb", "10.20.0.8-10.20.0.9")),
	  TOKEN(" v.lb=10.20.0.8-10.20.0.9") },
	{ "one address", KEPT("", ""), KEEP(RANGE("lb", "10.20.0.8")), TOKEN(" v.lb=10.20.0.8") },
	{ "as it is", KEPT(LB, ""), KEEP(RANGE("lb", "10.20.0.4-10.20.0.5")), "" },
	{ "larger, over itself", KEPT(LB, ""), KEEP(RANGE("lb", "10.20.0.3-10.20.0.6")),
	  TOKEN(" v.lb=10.20.0.3-10.20.0.6") },
	{ "not named, they stay", KEPT(LB, ""), KEEP(COUNT("vip", 1)),
	  TOKEN(" v.lb=10.20.0.4-10.20.0.5 v.vip=10.20.0.2") },
	{ "unless the list is all", KEPT(LB, ""), EXACT(COUNT("vip", 1)),
	  TOKEN(" v.vip=10.20.0.2") },
	{ "even an empty one", KEPT(LB, ""), EXACT(""), TOKEN("") },
	{ "given free", KEPT(LB, ""), KEEP("{\"name\":\"lb\",\"state\":\"absent\"}"), TOKEN("") },
	{ "by name, and kept anew", KEPT(LB, ""),
	  KEEP("{\"name\":\"lb\",\"state\":\"absent\"}," RANGE("vip", "10.20.0.5")),
	  TOKEN(" v.vip=10.20.0.5") },
	{ "which nobody keeps", KEPT("", ""), KEEP("{\"name\":\"lb\",\"state\":\"absent\"}"), "" },
	{ "in the ranges of the subnet",
	  WORLD(BLUE(SUBNETS(
		  "\"10.20.0.0/28\":{\"ranges\":[\"10.20.0.4\",\"10.20.0.8-10.20.0.14\"]}"))),
	  KEEP(COUNT("lb", 2)), TOKEN(" v.lb=10.20.0.8-10.20.0.9") },
	{ "of a network that is made now", WORLD(""),
	  NET(",\"vnet\":\"vblue\",\"subnets\":[{\"cidr\":\"fd00::/64\"}],\"reserve\":[" COUNT(
		  "lb", 2) "]"),
	  "[id=net.vblue p=acme n=blue v.lb=fd00::1-fd00::2]" },
};

static void each_row_writes_its_token(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		auto_free char *got = plan_network_alias(kept[i].task, kept[i].world);

		if (strcmp(got, kept[i].plan) == 0)
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", kept[i].name, kept[i].plan, got);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static const struct plan_row refused[] = {
	{ "more than there are", KEPT("", ""), KEEP(COUNT("lb", 14)),
	  "!network acme/blue: reserve lb: nowhere are 14 addresses free in a row" },
	{ "more than there are in a row", KEPT("", USE("10.20.0.8")), KEEP(COUNT("lb", 7)),
	  "!*nowhere are 7 addresses free in a row" },
	{ "no subnet at all", WORLD(BLUE("")), KEEP(COUNT("lb", 1)),
	  "!*nowhere are 1 addresses free in a row" },
	{ "what a card has", KEPT("", USE("10.20.0.9")), KEEP(RANGE("lb", "10.20.0.8-10.20.0.10")),
	  "!network acme/blue: reserve lb: of 10.20.0.8-10.20.0.10, 10.20.0.9 is in use or kept already" },
	{ "what the router has", KEPT("", ""), KEEP(RANGE("lb", "10.20.0.1")),
	  "!*10.20.0.1 is in use or kept already" },
	{ "what is kept", KEPT(LB, ""), KEEP(RANGE("vip", "10.20.0.5-10.20.0.6")),
	  "!*10.20.0.5 is in use or kept already" },
	{ "outside", KEPT("", ""), KEEP(RANGE("lb", "10.20.0.15-10.20.0.16")),
	  "!network acme/blue: reserve lb: 10.20.0.15-10.20.0.16 lies in no subnet" },
	{ "neither range nor count", KEPT("", ""), KEEP("{\"name\":\"lb\"}"),
	  "!network acme/blue: reserve lb: name either range or count" },
	{ "both", KEPT("", ""), KEEP("{\"name\":\"lb\",\"count\":1,\"range\":\"10.20.0.8\"}"),
	  "!*name either range or count" },
	{ "no range", KEPT("", ""), KEEP(RANGE("lb", "10.20.0.8-")),
	  "!*\"10.20.0.8-\" is no range*" },
	{ "none", KEPT("", ""), KEEP(COUNT("lb", 0)), "!*count must be between 1 and 65536" },
	{ "too many", KEPT("", ""), KEEP(COUNT("lb", 65537)),
	  "!*count must be between 1 and 65536" },
	{ "no name", KEPT("", ""), KEEP(COUNT("L B", 1)),
	  "!network acme/blue: reserve: a name has*unlike \"L B\"" },
	{ "twice", KEPT("", ""), KEEP(COUNT("lb", 1) "," COUNT("lb", 2)),
	  "!*reserve lb is named twice" },
	{ "the subnet does not go under it", KEPT(LB, ""), NET(",\"subnets\":[]"),
	  "!network acme/blue: subnet 10.20.0.0/28 cannot go: addresses in it are kept as lb" },
	{ "but with it", KEPT(LB, ""),
	  NET(",\"subnets\":[],\"reserve\":[],\"reserve_mode\":\"exact\""),
	  "remove subnet tenant-10.20.0.0-28 [destroys]; change vnet vblue: alias" APPLY },
	{ "the network does", KEPT(LB, ""), NET(",\"state\":\"absent\""),
	  "remove subnet tenant-10.20.0.0-28 [destroys]; remove vnet vblue [destroys]" APPLY },
};

TABLE(what_is_taken_is_not_kept, refused)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_writes_its_token),
		cmocka_unit_test(what_is_taken_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
