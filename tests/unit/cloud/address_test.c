/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

#define MOST 4

struct scene {
	struct pxc_arena arena;
	struct address_set taken;
	struct net_range ranges[MOST];
	size_t n;
};

static size_t read_ranges(const char *const texts[MOST], struct net_range ranges[MOST])
{
	size_t n = 0;

	for (; n < MOST && texts[n]; n++)
		assert_true(range_parse(texts[n], &ranges[n]));
	return n;
}

static void scene_open(struct scene *s, const char *const ranges[MOST],
		       const char *const taken[MOST])
{
	struct net_range list[MOST];

	*s = (struct scene){ .taken.arena = &s->arena };
	s->n = read_ranges(ranges, s->ranges);
	address_fill(&s->taken, list, read_ranges(taken, list));
}

static struct net_ip ip_of(const char *text)
{
	struct net_ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static const struct {
	const char *ranges[MOST], *taken[MOST];
	const char *lowest; /* NULL = none */
	uint64_t free;
} cases[] = {
	{ { "10.0.0.10-10.0.0.19" }, { NULL }, "10.0.0.10", 10 },
	{ { "10.0.0.10-10.0.0.19" }, { "10.0.0.10" }, "10.0.0.11", 9 },
	{ { "10.0.0.10-10.0.0.19" }, { "10.0.0.10", "10.0.0.12" }, "10.0.0.11", 8 },
	{ { "10.0.0.10-10.0.0.19" }, { "10.0.0.1-10.0.0.12" }, "10.0.0.13", 7 },
	{ { "10.0.0.10-10.0.0.19" }, { "10.0.0.12", "10.0.0.11", "10.0.0.10" }, "10.0.0.13", 7 },
	{ { "10.0.0.10-10.0.0.19" }, { "10.0.0.15-10.0.0.30" }, "10.0.0.10", 5 },
	{ { "10.0.0.10-10.0.0.19" }, { "10.0.0.0-10.0.0.255" }, NULL, 0 },
	{ { "10.0.0.10-10.0.0.19" }, { "10.0.0.10-10.0.0.19" }, NULL, 0 },
	{ { "10.0.0.10" }, { "10.0.0.9", "10.0.0.11" }, "10.0.0.10", 1 },
	/* Ranges are read in order of their numbers, whatever order they are written in. */
	{ { "10.0.0.30-10.0.0.39", "10.0.0.10-10.0.0.11" }, { NULL }, "10.0.0.10", 12 },
	{ { "10.0.0.30-10.0.0.39", "10.0.0.10-10.0.0.11" },
	  { "10.0.0.10-10.0.0.11" },
	  "10.0.0.30",
	  10 },
	/* What two ranges share counts once. */
	{ { "10.0.0.10-10.0.0.19", "10.0.0.15-10.0.0.24" }, { "10.0.0.17" }, "10.0.0.10", 14 },
	{ { "10.0.0.10-10.0.0.99", "10.0.0.20-10.0.0.29" }, { NULL }, "10.0.0.10", 90 },
	/* Families do not touch, and end. */
	{ { "fd00::1-fd00::f" }, { "0.0.0.0-255.255.255.255" }, "fd00::1", 15 },
	{ { "fd00::1-fd00::f", "10.0.0.1" }, { "10.0.0.1" }, "fd00::1", 15 },
	{ { "255.255.255.254-255.255.255.255" }, { "255.255.255.254-255.255.255.255" }, NULL, 0 },
	{ { "::-::1" }, { "255.255.255.255" }, "::", 2 },
	{ { "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" }, { "::" }, "::1", UINT64_MAX },
	{ { "::-::7fff:ffff:ffff:ffff", "1::-1::7fff:ffff:ffff:ffff" },
	  { NULL },
	  "::",
	  UINT64_MAX },
	{ { "::-::ffff:ffff:ffff:ffff" }, { "::8-::f" }, "::", UINT64_MAX - 7 },
	{ { NULL }, { NULL }, NULL, 0 },
};

static void the_lowest_free_address_is_found_and_all_are_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_ip ip = ip_of("192.0.2.1");
		char text[IP_TEXT];
		struct scene s;

		scene_open(&s, cases[i].ranges, cases[i].taken);
		assert_int_equal(address_lowest(s.ranges, s.n, &s.taken, &ip),
				 cases[i].lowest != NULL);
		ip_format(&ip, text);
		assert_string_equal(text, cases[i].lowest ? cases[i].lowest : "192.0.2.1");
		assert_true(address_free(s.ranges, s.n, &s.taken) == cases[i].free);
		arena_release(&s.arena);
	}
}

static const struct {
	const char *ip;
	bool free;
	const char *runs; /* after it was taken */
} steps[] = {
	{ "10.0.0.5", true, "10.0.0.5" },
	{ "10.0.0.5", false, "10.0.0.5" },
	{ "10.0.0.9", true, "10.0.0.5 10.0.0.9" },
	{ "10.0.0.7", true, "10.0.0.5 10.0.0.7 10.0.0.9" },
	{ "10.0.0.8", true, "10.0.0.5 10.0.0.7-10.0.0.9" },
	{ "10.0.0.4", true, "10.0.0.4-10.0.0.5 10.0.0.7-10.0.0.9" },
	{ "10.0.0.6", true, "10.0.0.4-10.0.0.9" },
	{ "10.0.0.6", false, "10.0.0.4-10.0.0.9" },
	{ "::", true, "10.0.0.4-10.0.0.9 ::" },
	{ "255.255.255.255", true, "10.0.0.4-10.0.0.9 255.255.255.255 ::" },
	{ "10.0.0.10", true, "10.0.0.4-10.0.0.10 255.255.255.255 ::" },
};

static void taken_addresses_become_runs(void **state)
{
	struct pxc_arena arena = { .head = NULL };
	struct address_set set = { .arena = &arena };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct net_ip ip = ip_of(steps[i].ip);
		auto_buf struct pxc_buf runs = { .data = NULL };
		char text[RANGE_TEXT];

		assert_int_equal(address_has(&set, &ip), !steps[i].free);
		assert_int_equal(address_take(&set, &ip), steps[i].free);
		assert_true(address_has(&set, &ip));
		for (size_t k = 0; k < set.n; k++) {
			range_format(&set.runs[k], text);
			buf_printf(&runs, "%s%s", k ? " " : "", text);
		}
		assert_string_equal(buf_str(&runs), steps[i].runs);
	}
	arena_release(&arena);
}

/* Every second address of a /16 is taken: the worst there is. What is left goes from the lowest on. */
static void a_full_network_gives_its_gaps_away_in_order(void **state)
{
	struct pxc_arena arena = { .head = NULL };
	struct address_set set = { .arena = &arena };
	struct net_range all, *odd = arena_alloc(&arena, 32768 * sizeof(*odd));

	(void)state;
	assert_true(range_parse("10.1.0.0-10.1.255.255", &all));
	for (size_t i = 0; i < 32768; i++) {
		struct net_ip ip = all.first;

		ip.bytes[2] = (uint8_t)(i >> 7);
		ip.bytes[3] = (uint8_t)(i << 1 | 1);
		odd[32767 - i] = (struct net_range){ .first = ip, .last = ip };
	}
	address_fill(&set, odd, 32768);
	assert_int_equal(address_free(&all, 1, &set), 32768);
	for (size_t i = 0; i < 1000; i++) {
		struct net_ip ip;

		assert_true(address_lowest(&all, 1, &set, &ip));
		assert_int_equal(ip.bytes[2], i >> 7);
		assert_int_equal(ip.bytes[3], (i << 1) & 0xff);
		assert_true(address_take(&set, &ip));
	}
	assert_int_equal(address_free(&all, 1, &set), 32768 - 1000);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lowest_free_address_is_found_and_all_are_counted),
		cmocka_unit_test(taken_addresses_become_runs),
		cmocka_unit_test(a_full_network_gives_its_gaps_away_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
