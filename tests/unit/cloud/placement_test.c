/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/placement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/units.h"

#define G(n) ((n)*GIB)
#define MAX_NODES 4
#define MAX_REQUESTS 6

/* Nodes named in context (";"-joined, each framed by ";") lack something. */
static const char *lacks_storage(const struct place_request *rq, const struct place_node *node)
{
	char framed[32];

	(void)snprintf(framed, sizeof(framed), ";%s;", node->name);
	return strstr(rq->context, framed) ? "has no storage fast" : NULL;
}

static const struct {
	const char *name;
	struct place_node nodes[MAX_NODES];
	struct place_request requests[MAX_REQUESTS];
	const char *answer; /* "web-1@pve1 ...", or the refusal */
} rows[] = {
	{ "the emptiest node is taken",
	  { { "pve1", true, 32, G(64), 4, G(32) }, { "pve2", true, 32, G(64), 4, G(8) } },
	  { { .label = "a", .cores = 2, .memory_bytes = G(4) } },
	  "a@pve2" },
	{ "ties go by name",
	  { { "pve2", true, 32, G(64), 0, 0 }, { "pve1", true, 32, G(64), 0, 0 } },
	  { { .label = "a", .cores = 2, .memory_bytes = G(4) } },
	  "a@pve1" },
	{ "a batch is spread",
	  { { "pve1", true, 32, G(64), 0, 0 },
	    { "pve2", true, 32, G(64), 0, 0 },
	    { "pve3", true, 32, G(64), 0, 0 } },
	  { { .label = "a", .cores = 2, .memory_bytes = G(4) },
	    { .label = "b", .cores = 2, .memory_bytes = G(4) },
	    { .label = "c", .cores = 2, .memory_bytes = G(4) },
	    { .label = "d", .cores = 2, .memory_bytes = G(4) } },
	  "a@pve1 b@pve2 c@pve3 d@pve1" },
	{ "the larger of memory and cores decides",
	  { { "pve1", true, 8, G(64), 6, G(1) }, { "pve2", true, 8, G(64), 1, G(32) } },
	  { { .label = "a", .cores = 1, .memory_bytes = G(1) } },
	  "a@pve2" },
	{ "the largest goes first, so that it still fits",
	  { { "pve1", true, 32, G(16), 0, 0 }, { "pve2", true, 32, G(8), 0, 0 } },
	  { { .label = "small", .cores = 1, .memory_bytes = G(4) },
	    { .label = "large", .cores = 1, .memory_bytes = G(16) } },
	  "small@pve2 large@pve1" },
	{ "an offline node is passed by",
	  { { "pve1", false, 32, G(64), 0, 0 }, { "pve2", true, 32, G(64), 30, G(60) } },
	  { { .label = "a", .cores = 1, .memory_bytes = G(1) } },
	  "a@pve2" },
	{ "a node without the storage is passed by",
	  { { "pve1", true, 32, G(64), 0, 0 }, { "pve2", true, 32, G(64), 30, G(60) } },
	  { { .label = "a",
	      .cores = 1,
	      .memory_bytes = G(1),
	      .unfit = lacks_storage,
	      .context = ";pve1;" } },
	  "a@pve2" },
	{ "a named node is taken though it is over its share",
	  { { "pve1", true, 4, G(8), 4, G(8) }, { "pve2", true, 32, G(64), 0, 0 } },
	  { { .label = "a", .fixed = "pve1", .cores = 2, .memory_bytes = G(4) } },
	  "a@pve1" },
	{ "what a named node takes is counted for the others",
	  { { "pve1", true, 32, G(16), 0, 0 }, { "pve2", true, 32, G(16), 0, 0 } },
	  { { .label = "a", .fixed = "pve1", .cores = 1, .memory_bytes = G(8) },
	    { .label = "b", .cores = 1, .memory_bytes = G(8) } },
	  "a@pve1 b@pve2" },
	{ "exactly full is not too full",
	  { { "pve1", true, 4, G(8), 2, G(4) } },
	  { { .label = "a", .cores = 2, .memory_bytes = G(4) } },
	  "a@pve1" },
	{ "each node is named with its reason",
	  { { "pve1", true, 32, G(64), 4, G(62) },
	    { "pve2", false, 32, G(64), 0, 0 },
	    { "pve3", true, 32, G(64), 0, 0 },
	    { "pve4", true, 8, G(64), 7, 0 } },
	  { { .label = "vm acme/web-1",
	      .cores = 4,
	      .memory_bytes = G(8),
	      .unfit = lacks_storage,
	      .context = ";pve3;" } },
	  "no node can take vm acme/web-1 (8192 MiB, 4 cores): pve1 has 2048 MiB left, pve2 is offline, "
	  "pve3 has no storage fast, pve4 has 1 cores left" },
	{ "an overfull node has nothing left, not less",
	  { { "pve1", true, 4, G(8), 0, G(9) }, { "pve2", true, 4, G(8), 5, 0 } },
	  { { .label = "vm a/b", .cores = 1, .memory_bytes = G(1) } },
	  "no node can take vm a/b (1024 MiB, 1 cores): pve1 has 0 MiB left, pve2 has 0 cores left" },
	{ "only the named node is told of",
	  { { "pve1", false, 32, G(64), 0, 0 }, { "pve2", true, 32, G(64), 0, 0 } },
	  { { .label = "vm a/b", .fixed = "pve1", .cores = 1, .memory_bytes = G(1) } },
	  "no node can take vm a/b (1024 MiB, 1 cores): pve1 is offline" },
	{ "a named node must be there",
	  { { "pve1", true, 32, G(64), 0, 0 } },
	  { { .label = "vm a/b", .fixed = "pve9", .cores = 1, .memory_bytes = G(1) } },
	  "no node can take vm a/b (1024 MiB, 1 cores): there is no node pve9" },
	{ "no nodes at all",
	  { { .name = NULL } },
	  { { .label = "vm a/b", .cores = 1, .memory_bytes = G(1) } },
	  "no node can take vm a/b (1024 MiB, 1 cores): there is no node at all" },
	{ "of a node whose size is not known nothing is taken",
	  { { "pve1", true, 0, 0, 0, 0 }, { "pve2", true, 32, G(64), 31, G(63) } },
	  { { .label = "a", .cores = 1, .memory_bytes = G(1) } },
	  "a@pve2" },
	{ "the second of two does not fit",
	  { { "pve1", true, 32, G(8), 0, 0 } },
	  { { .label = "vm a/1", .cores = 1, .memory_bytes = G(5) },
	    { .label = "vm a/2", .cores = 1, .memory_bytes = G(5) } },
	  "no node can take vm a/2 (5120 MiB, 1 cores): pve1 has 3072 MiB left" },
};

static void each_request_goes_where_the_rules_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct place_node nodes[MAX_NODES];
		struct place_request requests[MAX_REQUESTS];
		size_t nnodes = 0, nrequests = 0;
		auto_buf struct pxc_buf answer = { .data = NULL };
		struct pxc_err err = { .kind = PXC_OK };

		memcpy(nodes, rows[i].nodes, sizeof(nodes));
		memcpy(requests, rows[i].requests, sizeof(requests));
		while (nnodes < MAX_NODES && nodes[nnodes].name)
			nnodes++;
		while (nrequests < MAX_REQUESTS && requests[nrequests].label)
			nrequests++;
		if (place_all(nodes, nnodes, requests, nrequests, &err) < 0) {
			assert_int_equal(err.kind, PXC_EINVAL);
			buf_adds(&answer, err.msg);
		}
		for (size_t k = 0; err.kind == PXC_OK && k < nrequests; k++)
			buf_printf(&answer, "%s%s@%s", k ? " " : "", requests[k].label,
				   requests[k].node->name);
		if (!str_eq(buf_str(&answer), rows[i].answer))
			fail_msg("%s: %s", rows[i].name, buf_str(&answer));
	}
}

static void a_refusal_by_many_nodes_stays_a_sentence(void **state)
{
	struct place_node nodes[40];
	char names[40][8];
	struct place_request rq = { .label = "vm a/b", .cores = 1, .memory_bytes = GIB };
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "pve%zu", i + 1);
		nodes[i] = (struct place_node){ .name = names[i] };
	}
	assert_int_equal(place_all(nodes, 40, &rq, 1, &err), -1);
	assert_non_null(strstr(err.msg, "pve12 is offline, and 28 more"));
	assert_null(strstr(err.msg, "pve13"));
}

static void five_hundred_on_forty_nodes_is_quick(void **state)
{
	static struct place_node nodes[40];
	static struct place_request requests[500];
	static char names[540][16];
	struct pxc_err err = { .kind = PXC_OK };
	clock_t begin;

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "pve%zu", i);
		nodes[i] = (struct place_node){ names[i], true, 256, G(512), 0, 0 };
	}
	for (size_t i = 0; i < 500; i++) {
		(void)snprintf(names[40 + i], sizeof(names[0]), "vm%zu", i);
		requests[i] = (struct place_request){ .label = names[40 + i],
						      .cores = (double)(1 + i % 8),
						      .memory_bytes = G(1 + i % 16) };
	}
	begin = clock();
	assert_int_equal(place_all(nodes, 40, requests, 500, &err), 0);
	/* A few ms when it is optimised; the sanitizers take their share here. */
	assert_true(clock() - begin < CLOCKS_PER_SEC / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_goes_where_the_rules_say),
		cmocka_unit_test(a_refusal_by_many_nodes_stays_a_sentence),
		cmocka_unit_test(five_hundred_on_forty_nodes_is_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
