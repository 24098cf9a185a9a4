/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must be true wherever new VMs are placed. PXC_SEED=n repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "lib/plan.h"

#define RUNS 300
#define MAX_NODES 8
#define MAX_VMS 24

struct scene {
	struct test_world w;
	char names[MAX_NODES][24];
	bool lacks[MAX_NODES]; /* storage "fast" */
	unsigned cores[MAX_VMS], gib[MAX_VMS];
	bool fast[MAX_VMS];
	size_t n;
	char *task;
};

static uint64_t number(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % below;
}

/* Nodes with a guest each; some are offline, some have only one of two storages. */
static void random_nodes(uint64_t *seed, struct scene *s)
{
	struct world *w = &s->w.world;
	size_t n = 1 + number(seed, MAX_NODES);

	w->nodes = arena_alloc(&s->w.arena, n * sizeof(*w->nodes));
	w->storages = arena_alloc(&s->w.arena, 2 * n * sizeof(*w->storages));
	w->guests = arena_alloc(&s->w.arena, n * sizeof(*w->guests));
	w->nnodes = w->nguests = n;
	w->nstorages = 0;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(s->names[i], sizeof(s->names[i]), "n%zu", i);
		s->lacks[i] = number(seed, 4) == 0;
		w->nodes[i] = (struct world_node){ .name = s->names[i],
						   .online = number(seed, 8) != 0,
						   .cpus = (double)(4 + number(seed, 60)),
						   .memory_bytes = (8 + number(seed, 120)) * GIB };
		w->storages[w->nstorages++] =
			(struct world_storage){ s->names[i], "shared", "dir", "images",
						true,        true,     0,     0 };
		if (!s->lacks[i])
			w->storages[w->nstorages++] =
				(struct world_storage){ s->names[i], "fast", "dir", "images",
							true,        true,   0,     0 };
		w->guests[i] = (struct world_guest){ .vmid = (unsigned)(900 + i),
						     .node = s->names[i],
						     .name = "x",
						     .status = "stopped",
						     .qmpstatus = "",
						     .pool = "",
						     .tags = "",
						     .lock = "",
						     .ha = "",
						     .cpus = (double)number(seed, 8),
						     .memory_bytes = number(seed, 16) * GIB };
	}
}

static void random_task(uint64_t *seed, struct scene *s, bool alike)
{
	struct pxc_buf out = { .data = NULL };

	s->n = 1 + number(seed, MAX_VMS);
	buf_adds(&out, "{\"disk_size\":4,\"power\":\"stopped\",\"vms\":[");
	for (size_t i = 0; i < s->n; i++) {
		s->cores[i] = alike ? 2 : (unsigned)(1 + number(seed, 6));
		s->gib[i] = alike ? 4 : (unsigned)(1 + number(seed, 8));
		s->fast[i] = !alike && number(seed, 3) == 0;
		buf_printf(&out, "%s{\"name\":\"v%zu\",\"cores\":%u,\"memory\":\"%uG\"%s}",
			   i ? "," : "", i, s->cores[i], s->gib[i],
			   s->fast[i] ? ",\"storage\":\"fast\"" : "");
	}
	buf_adds(&out, "]}");
	s->task = buf_take(&out);
}

static void create(uint64_t run, bool alike, struct scene *s)
{
	const char *text = getenv("PXC_SEED");
	uint64_t first = text ? strtoull(text, NULL, 0) : 20260901;
	uint64_t seed = (first + run) * 0x9e3779b97f4a7c15u | 1;

	for (int warm = 0; warm < 4; warm++)
		(void)number(&seed, 2);
	test_world_create(
		&s->w,
		"{\"registry\":{\"oc.cpu\":\"1\",\"dq.instances\":\"-1\",\"dq.cores\":\"-1\",\"dq.ram_mb\":\"-1\"}}");
	random_nodes(&seed, s);
	random_task(&seed, s, alike);
}

static void release(struct scene *s)
{
	free(s->task);
	test_world_release(&s->w);
}

static size_t index_of(const struct scene *s, const char *node)
{
	size_t i = 0;

	while (i < s->w.world.nnodes && !str_eq(s->names[i], node))
		i++;
	assert_true(i < s->w.world.nnodes);
	return i;
}

static void check_loads(const struct scene *s, const json_t *items)
{
	const struct world *w = &s->w.world;
	bool any[MAX_NODES] = { false };
	double cores[MAX_NODES];
	uint64_t bytes[MAX_NODES];

	for (size_t i = 0; i < w->nnodes; i++) {
		cores[i] = w->guests[i].cpus;
		bytes[i] = w->guests[i].memory_bytes;
	}
	assert_int_equal(json_array_size(items), s->n);
	for (size_t k = 0; k < s->n; k++) {
		const json_t *item = json_array_get(items, k);
		size_t i = index_of(s, json_string_value(json_object_get(item, "node")));

		any[i] = true;
		cores[i] += s->cores[k];
		bytes[i] += s->gib[k] * GIB;
		assert_true(w->nodes[i].online);
		assert_false(s->fast[k] && s->lacks[i]);
	}
	for (size_t i = 0; i < w->nnodes; i++)
		assert_false(any[i] &&
			     (cores[i] > w->nodes[i].cpus || bytes[i] > w->nodes[i].memory_bytes));
}

static void no_node_gets_what_it_cannot_take(void **state)
{
	size_t placed = 0;

	(void)state;
	for (uint64_t i = 0; i < RUNS; i++) {
		struct pxc_err one = { .kind = PXC_OK }, two = { .kind = PXC_OK };
		json_auto_t *items = NULL, *again = NULL;
		struct scene s;

		create(i, false, &s);
		items = plan_items("pxc_vm", s.task, &s.w, &one);
		again = plan_items("pxc_vm", s.task, &s.w, &two);
		assert_string_equal(one.msg, two.msg);
		if (items) {
			check_loads(&s, items);
			assert_true(json_equal(items, again));
			placed++;
		} else {
			assert_non_null(strstr(one.msg, "no node can take vm acme/v"));
		}
		release(&s);
	}
	assert_in_range(placed, RUNS / 10, RUNS - RUNS / 10); /* both answers were seen often */
}

/* Of VMs that are alike, as many fit as the nodes have room for one by one. */
static void equal_vms_are_refused_only_when_there_is_no_room(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < RUNS; i++) {
		struct pxc_err err = { .kind = PXC_OK };
		json_auto_t *items = NULL;
		size_t room = 0;
		struct scene s;

		create(i, true, &s);
		for (size_t k = 0; k < s.w.world.nnodes; k++) {
			const struct world_node *n = &s.w.world.nodes[k];
			double cores = n->cpus - s.w.world.guests[k].cpus;
			uint64_t used = s.w.world.guests[k].memory_bytes;
			uint64_t bytes = n->memory_bytes > used ? n->memory_bytes - used : 0;

			if (n->online && cores > 0)
				room += (size_t)(cores / 2) < bytes / (4 * GIB)
						? (size_t)(cores / 2)
						: bytes / (4 * GIB);
		}
		items = plan_items("pxc_vm", s.task, &s.w, &err);
		if ((items != NULL) != (s.n <= room))
			fail_msg("run %d: %zu VMs, room for %zu: %s", (int)i, s.n, room, err.msg);
		release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_node_gets_what_it_cannot_take),
		cmocka_unit_test(equal_vms_are_refused_only_when_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
