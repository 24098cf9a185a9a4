/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses against a table of all of them. PXC_SEED=n repeats a run. */
#include "cloud/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RUNS 4000
#define STEPS 40
#define WINDOW 64 /* addresses of each family: the last of IPv4 and the first of IPv6 */
#define MOST 5

struct table {
	bool taken[2 * WINDOW];
};

static uint64_t number(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % below;
}

static struct net_ip ip_at(size_t i)
{
	struct net_ip ip = { .bits = 128 };

	if (i < WINDOW) {
		ip = (struct net_ip){ .bytes = { 255, 255, 255, (uint8_t)(256 - WINDOW + i) },
				      .bits = 32 };
	} else {
		ip.bytes[15] = (uint8_t)(i - WINDOW);
	}
	return ip;
}

/* A range of one family; its ends as indices of the table. */
static struct net_range random_range(uint64_t *seed, size_t *first, size_t *last)
{
	size_t base = number(seed, 2) * WINDOW;
	size_t a = base + number(seed, WINDOW), b = base + number(seed, WINDOW);

	*first = a < b ? a : b;
	*last = a < b ? b : a;
	if (number(seed, 2))
		*last = *first + (*last - *first) / 8; /* many short ones */
	return (struct net_range){ .first = ip_at(*first), .last = ip_at(*last) };
}

static void fill_both(uint64_t *seed, struct table *t, struct address_set *set)
{
	struct net_range ranges[MOST];
	size_t n = number(seed, MOST + 1), first, last;

	for (size_t i = 0; i < n; i++) {
		ranges[i] = random_range(seed, &first, &last);
		for (size_t k = first; k <= last; k++)
			t->taken[k] = true;
	}
	address_fill(set, ranges, n);
}

static void check_runs(const struct address_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct net_ip next = set->runs[i].last;

		assert_int_equal(set->runs[i].first.bits, set->runs[i].last.bits);
		assert_true(ip_order(&set->runs[i].first, &set->runs[i].last) <= 0);
		if (i + 1 < set->n && ip_next(&next))
			assert_true(ip_order(&next, &set->runs[i + 1].first) < 0);
	}
}

/* Ask for the lowest over random ranges, and take it. */
static bool ask_both(uint64_t *seed, struct table *t, struct address_set *set)
{
	size_t n = number(seed, MOST + 1), first, last, lowest = 2 * WINDOW;
	struct net_range ranges[MOST];
	bool asked[2 * WINDOW] = { false };
	struct net_ip ip, naive;
	uint64_t free_count = 0;

	for (size_t i = 0; i < n; i++) {
		ranges[i] = random_range(seed, &first, &last);
		for (size_t k = first; k <= last; k++)
			asked[k] = true;
	}
	for (size_t i = 2 * WINDOW; i-- > 0;)
		if (asked[i] && !t->taken[i]) {
			lowest = i;
			free_count++;
		}
	assert_int_equal(address_free(ranges, n, set), free_count);
	if (lowest == 2 * WINDOW) {
		assert_false(address_lowest(ranges, n, set, &ip));
		return false;
	}
	naive = ip_at(lowest);
	assert_true(address_lowest(ranges, n, set, &ip));
	assert_int_equal(ip_order(&ip, &naive), 0);
	assert_true(address_take(set, &ip));
	t->taken[lowest] = true;
	return true;
}

static void the_set_answers_as_a_table_does(void **state)
{
	const char *text = getenv("PXC_SEED");
	uint64_t base = text ? strtoull(text, NULL, 0) : 20261121;
	size_t found = 0;

	(void)state;
	for (uint64_t run = 0; run < RUNS; run++) {
		uint64_t seed = (base + run) * 0x9e3779b97f4a7c15u | 1;
		struct pxc_arena arena = { .head = NULL };
		struct address_set set = { .arena = &arena };
		struct table t = { .taken = { false } };

		for (size_t step = 0; step < STEPS; step++) {
			size_t any = number(&seed, 2 * WINDOW);
			struct net_ip ip = ip_at(any);

			if (number(&seed, 12) == 0)
				fill_both(&seed, &t, &set);
			found += ask_both(&seed, &t, &set);
			assert_int_equal(address_has(&set, &ip), t.taken[any]);
			assert_int_equal(address_take(&set, &ip), !t.taken[any]);
			t.taken[any] = true;
			check_runs(&set);
		}
		arena_release(&arena);
	}
	/* Both answers were seen often. */
	assert_in_range(found, RUNS * STEPS / 5, RUNS * STEPS - RUNS * STEPS / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_set_answers_as_a_table_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
