/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task of pxc_sdn says: defaults beside its networks, and what cannot be meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/networks.h"

#define WORLD                                                                                      \
	"{\"registry\":{\"z.one\":\"type/simple\"},\"zones\":{\"one\":{\"type\":\"simple\"}},\"pools\":{\"acme\":{},\"beta\":{}}}"
#define NET(rest) "{\"project\":\"acme\",\"name\":\"blue\"" rest "}"

static const struct plan_row rows[] = {
	{ "the same network twice", WORLD,
	  "{\"project\":\"acme\",\"networks\":[{\"name\":\"a\"},{\"name\":\"a\"}]}",
	  "!network acme/a is named twice in this task" },
	{ "in two projects it is not the same", WORLD,
	  "{\"name\":\"a\",\"networks\":[{\"project\":\"acme\"},{\"project\":\"beta\"}]}",
	  "create vnet n*; create vnet n*" },
	{ "no name", WORLD, "{\"project\":\"acme\",\"networks\":[{}]}",
	  "!missing required arguments: name found in networks, entry 1" },
	{ "defaults beside the networks", WORLD,
	  "{\"project\":\"acme\",\"subnets\":[{\"cidr\":\"10.0.0.0/24\"}],\"networks\":[{\"name\":\"a\"},"
	  "{\"name\":\"b\",\"subnets\":[{\"cidr\":\"10.1.0.0/24\"}]}]}",
	  "create vnet n* in zone one; add subnet 10.0.0.0/24; create vnet n* in zone one; add subnet 10.1.0.0/24 / *" },
	{ "an id of a vnet with a sign", WORLD, NET(",\"vnet\":\"web-1\""),
	  "!network acme/blue: \"web-1\" is no id of a vnet: *" },
	{ "too long", WORLD, NET(",\"vnet\":\"webwebweb\""),
	  "!network acme/blue: \"webwebweb\" is no id of a vnet: *" },
	{ "too short", WORLD, NET(",\"vnet\":\"w\""),
	  "!network acme/blue: \"w\" is no id of a vnet: *" },
	{ "a kind that is none", WORLD, NET(",\"kind\":\"tenant\""), "!*kind*tenant*" },
	{ "an option that is none", WORLD, NET(",\"vlan\":5"), "!*vlan*" },
	{ "a time that is none", WORLD, NET(",\"lock_timeout\":-1"),
	  "!lock_timeout must be between 0 and 86400 seconds, not -1" },
	{ "a time that is too long", WORLD, NET(",\"lock_timeout\":5000000"),
	  "!lock_timeout must be between 0 and 86400 seconds, not 5000000" },
	{ "no time at all", WORLD, NET(",\"lock_timeout\":0"), "create vnet n*" },
	{ "a subnet without a cidr", WORLD, NET(",\"subnets\":[{\"gateway\":\"10.0.0.1\"}]"),
	  "!*cidr*" },
	{ "a subnet that is to go needs no more than that", WORLD,
	  NET(",\"subnets\":[{\"cidr\":\"10.0.0.0/24\",\"state\":\"absent\",\"gateway\":\"x\"}]"),
	  "create vnet n* in zone one / *" },
	{ "nor does a reservation", WORLD,
	  NET(",\"reserve\":[{\"name\":\"lb\",\"state\":\"absent\"}]"),
	  "create vnet n* in zone one / *" },
	{ "a single address is a range", WORLD,
	  NET(",\"subnets\":[{\"cidr\":\"10.0.0.0/24\",\"ranges\":[\"10.0.0.9\"]}]"),
	  "create vnet n*; add subnet 10.0.0.0/24 / *" },
};

static void each_task_is_understood_or_refused(void **state)
{
	(void)state;
	plan_network_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_is_understood_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
