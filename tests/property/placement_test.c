/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must be true of every placement. PXC_SEED=n repeats a run. */
#include "cloud/placement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/units.h"

#define RUNS 20000
#define MAX_NODES 8
#define MAX_REQUESTS 24

struct scene {
	struct place_node nodes[MAX_NODES];
	struct place_request requests[MAX_REQUESTS];
	char names[MAX_NODES + MAX_REQUESTS][24];
	size_t nnodes, nrequests;
};

static uint64_t number(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % below;
}

static const char *unfit(const struct place_request *rq, const struct place_node *node)
{
	return strchr(rq->context, node->name[1]) ? "has no storage" : NULL;
}

static void random_scene(uint64_t *seed, struct scene *s, bool alike)
{
	static const char *const lacking[] = { "", "", "", "1", "23", "024" };

	*s = (struct scene){ .nnodes = 1 + number(seed, MAX_NODES),
			     .nrequests = 1 + number(seed, MAX_REQUESTS) };
	for (size_t i = 0; i < s->nnodes; i++) {
		(void)snprintf(s->names[i], sizeof(s->names[i]), "n%zu", i);
		s->nodes[i] = (struct place_node){ .name = s->names[i],
						   .online = number(seed, 8) != 0,
						   .cores = (double)(4 + number(seed, 60)),
						   .memory_bytes = (8 + number(seed, 120)) * GIB,
						   .used_cores = (double)number(seed, 8),
						   .used_bytes = number(seed, 16) * GIB };
	}
	for (size_t i = 0; i < s->nrequests; i++) {
		char *name = s->names[MAX_NODES + i];

		(void)snprintf(name, sizeof(s->names[0]), "v%02zu", i);
		s->requests[i] =
			(struct place_request){ .label = name,
						.unfit = unfit,
						.context = alike ? "" : lacking[number(seed, 6)],
						.cores = alike ? 2 : (double)(1 + number(seed, 6)),
						.memory_bytes =
							(alike ? 4 : 1 + number(seed, 8)) * GIB };
	}
}

/* A copy with its requests in another order. */
static void shuffled(uint64_t *seed, const struct scene *from, struct scene *to)
{
	*to = *from;
	for (size_t i = to->nrequests; i > 1; i--) {
		size_t k = number(seed, i);
		struct place_request swap = to->requests[i - 1];

		to->requests[i - 1] = to->requests[k];
		to->requests[k] = swap;
	}
}

static void check_loads(const struct scene *before, const struct scene *after)
{
	for (size_t i = 0; i < before->nnodes; i++) {
		const struct place_node *node = &after->nodes[i];
		uint64_t bytes = before->nodes[i].used_bytes;
		double cores = before->nodes[i].used_cores;
		bool any = false;

		for (size_t k = 0; k < after->nrequests; k++)
			if (after->requests[k].node == node) {
				any = true;
				bytes += after->requests[k].memory_bytes;
				cores += after->requests[k].cores;
				assert_null(unfit(&after->requests[k], node));
			}
		assert_int_equal(node->used_bytes, bytes);
		assert_true(node->used_cores <= cores && node->used_cores >= cores);
		if (any)
			assert_true(node->online && bytes <= node->memory_bytes &&
				    cores <= node->cores);
	}
}

static const char *node_of(const struct scene *s, const char *label)
{
	for (size_t i = 0; i < s->nrequests; i++)
		if (str_eq(s->requests[i].label, label))
			return s->requests[i].node->name;
	return NULL;
}

static uint64_t first_seed(void)
{
	const char *text = getenv("PXC_SEED");

	return text ? strtoull(text, NULL, 0) : 20260901;
}

/* Place the scene and a shuffled copy; false when it does not fit. */
static bool place_both(uint64_t run, bool alike, struct scene *a, struct scene *b)
{
	uint64_t seed = (first_seed() + run) * 0x9e3779b97f4a7c15u | 1;
	struct pxc_err one = { .kind = PXC_OK }, two = { .kind = PXC_OK };
	struct scene before;
	int r;

	for (int warm = 0; warm < 4; warm++)
		(void)number(&seed, 2);
	random_scene(&seed, a, alike);
	before = *a;
	shuffled(&seed, a, b);
	r = place_all(a->nodes, a->nnodes, a->requests, a->nrequests, &one);
	assert_int_equal(place_all(b->nodes, b->nnodes, b->requests, b->nrequests, &two), r);
	assert_string_equal(one.msg, two.msg);
	if (r == 0)
		check_loads(&before, a);
	return r == 0;
}

static void no_node_is_filled_above_its_capacity(void **state)
{
	struct scene a, b;
	size_t placed = 0;

	(void)state;
	for (uint64_t i = 0; i < RUNS; i++)
		placed += place_both(i, false, &a, &b);
	assert_in_range(placed, RUNS / 5, RUNS - RUNS / 5); /* both answers were seen often */
}

static void the_order_of_a_batch_is_no_difference(void **state)
{
	struct scene a, b;

	(void)state;
	for (uint64_t i = 0; i < RUNS; i++) {
		if (!place_both(i, i % 2, &a, &b))
			continue;
		for (size_t k = 0; k < a.nrequests; k++)
			assert_string_equal(a.requests[k].node->name,
					    node_of(&b, a.requests[k].label));
		for (size_t k = 0; k < a.nnodes; k++)
			assert_int_equal(a.nodes[k].used_bytes, b.nodes[k].used_bytes);
	}
}

static void equal_requests_are_refused_only_when_every_node_is_full(void **state)
{
	struct scene a, b;

	(void)state;
	for (uint64_t i = 0; i < RUNS; i++) {
		if (place_both(i, true, &a, &b))
			continue;
		for (size_t k = 0; k < a.nnodes; k++)
			assert_true(!a.nodes[k].online ||
				    a.nodes[k].used_bytes + 4 * GIB > a.nodes[k].memory_bytes ||
				    a.nodes[k].used_cores + 2 > a.nodes[k].cores);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_node_is_filled_above_its_capacity),
		cmocka_unit_test(the_order_of_a_batch_is_no_difference),
		cmocka_unit_test(equal_requests_are_refused_only_when_every_node_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
