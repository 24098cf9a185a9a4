/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cloud/balance/parts.h"

#define ITEMS 12

struct node {
	struct bal_pack p;
	double d[ITEMS][PRICED], price[ITEMS];
	bool in[ITEMS];
};

static double up_to(struct bal_random *r, double n)
{
	return (double)(bal_next(r) % 1000003) / 1000003 * n;
}

/* Few large items and many small ones; some prices are paid, some received. */
static void make_node(struct node *node, uint64_t seed)
{
	struct bal_random random = { seed * 7919 + 12345 };

	*node = (struct node){ .p = { .n = ITEMS,
				      .d = node->d,
				      .price = node->price,
				      .in = node->in,
				      .factor = { 1e-3, seed % 5 ? 2e-3 : 0 },
				      .low = { -up_to(&random, 60), -up_to(&random, 50) },
				      .top = { up_to(&random, 20), up_to(&random, 20) } } };
	for (int i = 0; i < ITEMS; i++) {
		double size = i % 4 ? 5 : 40;

		for (int r = 0; r < PRICED; r++)
			node->d[i][r] = up_to(&random, size);
		node->price[i] = up_to(&random, size / 20) - size / 40;
		node->in[i] = bal_next(&random) % 2;
	}
}

/* What a choice costs; much, when it is over a limit. */
static double cost(const struct node *node, unsigned choice)
{
	double sum = 0, x[PRICED] = { node->p.low[MEM], node->p.low[CPU] };

	for (int i = 0; i < ITEMS; i++) {
		if (!(choice >> i & 1))
			continue;
		sum += node->price[i];
		for (int r = 0; r < PRICED; r++)
			x[r] += node->d[i][r];
	}
	for (int r = 0; r < PRICED; r++) {
		if (x[r] > node->p.top[r])
			return 1e300;
		sum += node->p.factor[r] * x[r] * x[r];
	}
	return sum;
}

static double lowest(const struct node *node)
{
	double best = 1e300;

	for (unsigned choice = 0; choice < 1u << ITEMS; choice++) {
		double c = cost(node, choice);

		best = c < best ? c : best;
	}
	return best;
}

static void a_node_takes_what_is_best(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct node node;
		unsigned choice = 0;
		double bound, best;

		make_node(&node, seed);
		best = lowest(&node);
		bound = bal_pack(&node.p, 1e-6, 100000);
		if (bound > best + 1e-9 || bound < best - 2e-6)
			fail_msg("seed %llu: bound %.9g, best %.9g", (unsigned long long)seed,
				 bound, best);
		for (int i = 0; i < ITEMS; i++)
			choice |= (unsigned)node.in[i] << i;
		assert_true(cost(&node, choice) <= best + 2e-6);
	}
}

/* Without a budget the bound is lower, but never wrong. */
static void what_was_not_looked_at_is_in_the_bound(void **state)
{
	int looser = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++)
		for (int32_t budget = 0; budget < 8; budget++) {
			struct node node;
			double bound, best;

			make_node(&node, seed);
			best = lowest(&node);
			bound = bal_pack(&node.p, 1e-6, budget);
			if (bound > best + 1e-9)
				fail_msg("seed %llu: bound %.9g, best %.9g",
					 (unsigned long long)seed, bound, best);
			looser += bound < best - 1e-4;
		}
	assert_true(looser > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_takes_what_is_best),
		cmocka_unit_test(what_was_not_looked_at_is_in_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
