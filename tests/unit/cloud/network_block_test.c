/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a vnet's alias says of a network, and what a task makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_block.h"
#include "lib/networks.h"
#include "network_rows.h"

#define NEW ",\"vnet\":\"vblue\""
#define FACTS "id=net.vblue p=acme n=blue"
#define DAMAGED(rest)                                                                              \
	WORLD(BLUE(                                                                                \
		",\"tampered\":1,\"human\":\"text\",\"token\":{\"sh\":\"beta\",\"v.lb\":\"10.20.0.9\"}" rest))
#define LAN_DAMAGED                                                                                \
	WORLD(VNET(                                                                                \
		"vlan1",                                                                           \
		"\"zone\":\"tenant\",\"tag\":5,\"net\":\"lan\",\"tampered\":1,\"token\":{\"k\":\"provider\",\"sh\":\"*\"}"))

/* What is written, or a refusal. */
static const struct plan_row written[] = {
	{ "a new one", WORLD(""), NET(NEW), "[" FACTS "]" },
	{ "with a line for people", WORLD(""), NET(NEW ",\"description\":\"for the web shop\""),
	  "for the web shop [" FACTS "]" },
	{ "a published one is for all", WORLD(""),
	  PROVIDER(",\"zone\":\"tenant\",\"tag\":5,\"vnet\":\"vlan1\""),
	  "[id=net.vlan1 n=lan k=provider sh=*]" },
	{ "unless some are named", WORLD(""),
	  PROVIDER(
		  ",\"zone\":\"tenant\",\"tag\":5,\"vnet\":\"vlan1\",\"shared_with\":[\"beta\",\"acme\",\"beta\"]"),
	  "[id=net.vlan1 n=lan k=provider sh=acme,beta]" },
	{ "or none is", WORLD(""),
	  PROVIDER(",\"zone\":\"tenant\",\"tag\":5,\"vnet\":\"vlan1\",\"shared_with\":[]"),
	  "[id=net.vlan1 n=lan k=provider]" },
	{ "one of a project is its own", WORLD(""),
	  "{\"project\":\"acme\",\"name\":\"blue\",\"kind\":\"provider\",\"zone\":\"tenant\",\"tag\":5" NEW
	  "}",
	  "[" FACTS " k=provider]" },
	{ "shared", WORLD(BLUE("")), NET(",\"shared_with\":[\"beta\"]"), "[" FACTS " sh=beta]" },
	{ "as it is", WORLD(BLUE(",\"token\":{\"sh\":\"beta\"}")),
	  NET(",\"shared_with\":[\"beta\"]"), "" },
	{ "no more", WORLD(BLUE(",\"token\":{\"sh\":\"beta\"}")), NET(",\"shared_with\":[]"),
	  "[" FACTS "]" },
	{ "not named, it stays", WORLD(BLUE(",\"token\":{\"sh\":\"beta\"},\"human\":\"text\"")),
	  NET(",\"new_name\":\"green\""), "text [id=net.vblue p=acme n=green sh=beta]" },
	{ "what a newer writer has noted stays", WORLD(BLUE(",\"token\":{\"zz\":\"9\"}")),
	  NET(",\"shared_with\":[\"beta\"]"), "[" FACTS " zz=9 sh=beta]" },
	{ "the line for people changes", WORLD(BLUE(",\"human\":\"text\"")),
	  NET(",\"description\":\"more\""), "more [" FACTS "]" },
	{ "goes", WORLD(BLUE(",\"human\":\"text\"")), NET(",\"description\":\"\""), "[" FACTS "]" },
	{ "is as it is", WORLD(BLUE(",\"human\":\"text\"")), NET(",\"description\":\"text\""), "" },
	{ "but for blanks at its end, which PVE drops", WORLD(BLUE(",\"human\":\"text\"")),
	  NET(",\"description\":\"text  \""), "" },
	{ "a damaged one is written anew with all that it said", DAMAGED(""),
	  NET(",\"reseal\":true"), "text [" FACTS " sh=beta v.lb=10.20.0.9]" },
	{ "and a published one stays that", LAN_DAMAGED, PROVIDER(",\"reseal\":true"),
	  "[id=net.vlan1 n=lan k=provider sh=*]" },
};

static void each_row_writes_its_alias(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		auto_free char *got = plan_network_alias(written[i].task, written[i].world);

		if (strcmp(got, written[i].plan) == 0)
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", written[i].name, written[i].plan,
			    got);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static const struct plan_row damaged[] = {
	{ "named", DAMAGED(""), NET(""),
	  "!network acme/blue: the token in the alias of vnet vblue was changed by hand (*): look at it, then run with reseal: true" },
	{ "not written over by another task", DAMAGED(""),
	  "{\"project\":\"acme\",\"name\":\"other\"}", "create vnet n*" APPLY },
	{ "of another project", DAMAGED(""), "{\"project\":\"beta\",\"name\":\"blue\"}",
	  "create vnet n*" APPLY },
	{ "sealed anew", DAMAGED(SUBNETS("\"10.20.0.0/24\":{}")),
	  NET(",\"reseal\":true,\"subnets\":[{\"cidr\":\"10.20.0.0/24\"}]"),
	  "change vnet vblue: alias" APPLY },
	{ "removed, with its subnets", DAMAGED(SUBNETS("\"10.20.0.0/24\":{}")),
	  NET(",\"reseal\":true,\"state\":\"absent\""),
	  "remove subnet tenant-10.20.0.0-24 [destroys]; remove vnet vblue [destroys]" APPLY },
	{ "not while it is in use",
	  WORLD_AND(BLUE(",\"tampered\":1"),
		    "\"uses\":[{\"vnet\":\"vblue\",\"who\":\"a\",\"ips\":[]}]"),
	  NET(",\"reseal\":true,\"state\":\"absent\""), "!network acme/blue is in use by a: *" },
	{ "reseal does nothing to a sound one", WORLD(BLUE("")), NET(",\"reseal\":true"), "" },
};

static const struct plan_row refused[] = {
	{ "a sign that PVE does not take", WORLD(""), NET(",\"description\":\"100 %\""),
	  "!network acme/blue: PVE takes no % in the alias of a vnet*" },
	{ "nor others beside those it takes", WORLD(""), NET(",\"description\":\"{x}\""),
	  "!*PVE takes no { in the alias*" },
	{ "nor this one", WORLD(""), NET(",\"description\":\"don't\""),
	  "!*PVE takes no ' in the alias*" },
	{ "but these", WORLD(""),
	  NET(",\"description\":\"() * + , - . / : ; < = > ? @ [ ] ^ _ A-Z\""),
	  "create vnet n*" APPLY },
	{ "no letter of that kind", WORLD(""), NET(",\"description\":\"K\\u00f6ln\""),
	  "!*PVE takes no letters beyond ASCII*" },
	{ "two lines", WORLD(""), NET(",\"description\":\"a\\nb\""),
	  "!*PVE takes no line breaks*" },
	{ "a token of its own", WORLD(""), NET(",\"description\":\"see [pxc/1 t=net]\""),
	  "!network acme/blue: the description holds \"[pxc/\"*" },
	{ "no project", WORLD(""), NET(",\"shared_with\":[\"none\"]"),
	  "!network acme/blue: shared_with: there is no project none: *" },
	{ "no name", WORLD(""), "{\"project\":\"acme\",\"name\":\"Blue\"}",
	  "!network acme/Blue: a network's name has *" },
	{ "no new name", WORLD(BLUE("")), NET(",\"new_name\":\"-\""),
	  "!network acme/blue: a network's name has *" },
	{ "too long a name", WORLD(""),
	  "{\"project\":\"acme\",\"name\":\"12345678901234567890123456789012345678901\"}",
	  "!*at most 40*" },
	{ "no project said", WORLD(""), "{\"name\":\"blue\"}",
	  "!network blue: project is missing*" },
};

TABLE(a_damaged_token_is_not_written_over_unasked, damaged)
TABLE(what_the_alias_cannot_say, refused)

#define ROOM 200 /* characters of a description that surely fit */

/* To the character: what fits is written, and by how much it is too long is said. */
static void the_alias_ends_with_256_characters(void **state)
{
	char text[NETWORK_ALIAS_MAX + 2], wanted[100];
	auto_free char *task = NULL, *got = NULL, *least = NULL;
	size_t room = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t n = 1; n <= NETWORK_ALIAS_MAX; n++) {
		free(task);
		free(got);
		text[n] = '\0';
		task = pxc_printf(NET(NEW ",\"description\":\"%s\""), text);
		got = plan_networks(task, WORLD(""));
		if (str_starts(got, "!"))
			break;
		text[n] = 'x';
		room = n;
	}
	least = pxc_printf(
		"!network acme/blue: the alias of vnet vblue would have 257 characters, PVE takes 256: shorten the "
		"description by 1, *");
	if (!plan_fits(least, got))
		fail_msg("%s", got);
	assert_in_range(room, 50, ROOM);
	memset(text, 'x', room + 11);
	text[room + 11] = '\0';
	free(task);
	free(got);
	task = pxc_printf(NET(NEW ",\"description\":\"%s\""), text);
	got = plan_networks(task, WORLD(""));
	(void)snprintf(
		wanted, sizeof(wanted),
		"!*would have 267 characters, PVE takes 256: shorten the description by 11, *");
	assert_true(plan_fits(wanted, got));
}

/* Whatever stands in an alias: it is taken for what it says, or for nothing of ours. */
static const struct alias {
	const char *name, *token, *cluster;
	bool ours;
} aliases[] = {
	{ "of this cluster", "t=net id=net.v1 c=0a n=blue p=acme", "0a", true },
	{ "of any", "t=net id=net.v1 c=0b n=blue", NULL, true },
	{ "of another", "t=net id=net.v1 c=0b n=blue", "0a", false },
	{ "of another vnet", "t=net id=net.v2 n=blue", "0a", false },
	{ "of another thing", "t=vm id=net.v1 n=blue", "0a", false },
	{ "without a name", "t=net id=net.v1", "0a", false },
};

static void read_one(const struct alias *row)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_annot struct annot a = { .npairs = 0 };
	struct sdn_vnet v = { .id = "v1" };
	auto_free char *alias = NULL, *words = pxc_strdup(row->token);

	for (char *word = words, *end; word; word = end) {
		char *value = strchr(word, '=');

		end = strchr(word, ' ');
		if (end)
			*end++ = '\0';
		*value++ = '\0';
		annot_set(&a, word, value);
	}
	alias = annot_render(ANNOT_TOKEN, "", &a, "");
	annot_parse(ANNOT_TOKEN, alias, &v.notes);
	network_block_read(&v, row->cluster, &arena);
	if (v.ours != row->ours)
		fail_msg("%s: ours %d", row->name, v.ours);
	assert_non_null(v.shared);
	annot_text_release(&v.notes);
}

static void tokens_of_others_are_not_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		read_one(&aliases[i]);
}

static void a_reservation_that_is_none_is_left_out(void **state)
{
	json_auto_t *items = plan_network_items(
		NET(""),
		WORLD(BLUE(
			",\"token\":{\"v.a\":\"10.0.0.1-10.0.0.9\",\"v.b\":\"x\",\"v.c\":\"fd00::1\"}")));
	auto_free char *text =
		json_dumps(json_object_get(json_array_get(items, 0), "reserved"), JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "{\"a\":\"10.0.0.1-10.0.0.9\",\"c\":\"fd00::1\"}");
}

static void the_result_says_what_will_be(void **state)
{
	json_auto_t *items = plan_network_items(
		NET(NEW
		    ",\"description\":\"new\",\"shared_with\":[\"beta\"],\"subnets\":[{\"cidr\":\"10.20.0.0/24\",\"gateway\":"
		    "\"10.20.0.1\",\"ranges\":[\"10.20.0.9\"]}],\"reserve\":[{\"name\":\"lb\",\"range\":\"10.20.0.8\"}]"),
		BLANK);
	json_auto_t *wanted = json_loads(
		"{\"name\":\"blue\",\"project\":\"acme\",\"kind\":\"project\",\"vnet\":\"vblue\",\"zone\":\"tenant\",\"zone_type\":"
		"\"vlan\",\"tag\":100,\"vlan_aware\":false,\"isolate_ports\":false,\"shared_with\":[\"beta\"],\"description\":\"new\","
		"\"state\":\"present\",\"subnets\":[{\"cidr\":\"10.20.0.0/24\",\"snat\":false,\"gateway\":\"10.20.0.1\",\"ranges\":"
		"[\"10.20.0.9\"]}],\"reserved\":{\"lb\":\"10.20.0.8\"}}",
		0, NULL);
	auto_free char *got = json_dumps(json_array_get(items, 0), JSON_SORT_KEYS);
	auto_free char *want = json_dumps(wanted, JSON_SORT_KEYS);

	(void)state;
	assert_string_equal(got, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_writes_its_alias),
		cmocka_unit_test(a_damaged_token_is_not_written_over_unasked),
		cmocka_unit_test(what_the_alias_cannot_say),
		cmocka_unit_test(the_alias_ends_with_256_characters),
		cmocka_unit_test(tokens_of_others_are_not_ours),
		cmocka_unit_test(a_reservation_that_is_none_is_left_out),
		cmocka_unit_test(the_result_says_what_will_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
