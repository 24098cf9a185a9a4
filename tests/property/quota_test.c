/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random tasks in a project with random limits never pass one of them, whatever somebody makes in the GUI meanwhile. */
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
#include "lib/task.h"

#define WORLDS 12
#define TASKS 25

static uint64_t state64;
static unsigned by_hand,
	next_by_hand; /* creations until somebody makes a VM in the GUI; its number */

static unsigned chance(unsigned below)
{
	state64 = state64 * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state64 >> 33) % below;
}

struct sums {
	long instances, cores, ram_mb, snapshots;
	json_t *vmids; /* owned; number -> name */
};

static long of(const json_t *config, const char *key, long fallback)
{
	const json_t *v = json_object_get(config, key);

	if (json_is_string(v))
		return strtol(json_string_value(v), NULL, 10);
	return json_is_integer(v) ? (long)json_integer_value(v) : fallback;
}

static long larger(long a, long b)
{
	return a > b ? a : b;
}

/* As PVE has it: the larger of what a VM has and what waits for its restart. */
static void add_guest(struct lab *lab, const char *node, int vmid, struct sums *s)
{
	auto_free char *path = pxc_printf("/nodes/%s/qemu/%d/config", node, vmid);
	auto_free char *snaps = pxc_printf("/nodes/%s/qemu/%d/snapshot", node, vmid);
	json_auto_t *then = lab_ask(lab, "GET", path, NULL);
	json_auto_t *now = lab_ask(lab, "GET", path, "current=1");
	json_auto_t *list = lab_ask(lab, "GET", snaps, NULL);
	char key[16];

	(void)snprintf(key, sizeof(key), "%d", vmid);
	(void)json_object_set(s->vmids, key, json_object_get(then, "name"));
	s->instances++;
	s->cores += larger(of(then, "cores", 1) * of(then, "sockets", 1),
			   of(now, "cores", 1) * of(now, "sockets", 1));
	s->ram_mb += larger(of(then, "memory", 512), of(now, "memory", 512));
	s->snapshots += (long)json_array_size(list) - 1;
}

static struct sums count(struct lab *lab)
{
	static const char *const nodes[] = { "pve1", "pve2", "pve3" };
	struct sums s = { .vmids = json_object() };

	for (size_t n = 0; n < ARRAY_SIZE(nodes); n++) {
		auto_free char *path = pxc_printf("/nodes/%s/qemu", nodes[n]);
		json_auto_t *list = lab_ask(lab, "GET", path, NULL);
		size_t i;
		json_t *row;

		json_array_foreach (list, i, row) {
			int vmid = (int)json_integer_value(json_object_get(row, "vmid"));

			if (vmid != 9000)
				add_guest(lab, nodes[n], vmid, &s);
		}
	}
	return s;
}

static void meanwhile(void *context, const char *method, const char *path)
{
	auto_free char *form = NULL;

	if (!str_eq(method, "POST") || !str_ends(path, "/qemu") || !by_hand || --by_hand)
		return;
	form = pxc_printf("vmid=%u&name=gui&pool=acme&cores=%u&memory=512", next_by_hand++,
			  1 + chance(2));
	json_decref(lab_ask(context, "POST", "/nodes/pve3/qemu", form));
}

static void add_vm(struct pxc_buf *out, unsigned i)
{
	static const char *const extra[] = {
		"",
		",\"snapshots\":[{\"name\":\"s1\"}]",
		",\"snapshots\":[{\"name\":\"s2\"}],\"snapshots_mode\":\"exact\"",
		",\"rollback\":\"s1\"",
		",\"power\":\"stopped\"",
		",\"power\":\"running\"",
		",\"power\":\"running\",\"allow_restart\":true",
	};

	buf_printf(out, "%s{\"name\":\"vm%u\"", i ? "," : "", chance(6));
	if (chance(5) == 0) {
		buf_adds(out, ",\"state\":\"absent\",\"force_stop\":true}");
		return;
	}
	buf_printf(out, ",\"cores\":%u,\"memory\":%u%s}", 1 + chance(4), 512 * (1 + chance(4)),
		   extra[chance(ARRAY_SIZE(extra))]);
}

static char *random_task(void)
{
	struct pxc_buf out = { .data = NULL };
	unsigned n = 1 + chance(3);

	buf_adds(&out, "{\"project\":\"acme\",\"vms\":[");
	for (unsigned i = 0; i < n; i++)
		add_vm(&out, i);
	buf_adds(&out, "]}");
	return buf_take(&out);
}

/* Is there a VM of the task that was not there before? */
static bool made(const struct sums *before, const struct sums *after)
{
	const char *key;
	json_t *name;

	json_object_foreach (after->vmids, key, name)
		if (!json_object_get(before->vmids, key) && !str_eq(json_string_value(name), "gui"))
			return true;
	return false;
}

static bool grown(long before, long after, long limit)
{
	return after > limit && after > before;
}

static void one_world(unsigned seed)
{
	struct sums limit = { .instances = 0 };
	auto_free char *project = NULL;
	auto_lab struct lab lab;

	state64 = seed;
	limit.instances = 2 + chance(4);
	limit.cores = 4 + chance(8);
	limit.ram_mb = 512 * (4 + chance(8));
	limit.snapshots = chance(4);
	lab_create(&lab, seed);
	lab_prepare(&lab);
	project = pxc_printf(
		"{\"name\":\"acme\",\"quota\":{\"instances\":%ld,\"cores\":%ld,\"ram_mb\":%ld,\"snapshots\":%ld}}",
		limit.instances, limit.cores, limit.ram_mb, limit.snapshots);
	lab_must(&lab, "pxc_project", project);
	lab.meanwhile = meanwhile;
	next_by_hand = 500;
	for (unsigned i = 0; i < TASKS; i++) {
		auto_free char *task = random_task();
		struct sums before = count(&lab), after;
		bool hand = chance(6) == 0 && before.instances < limit.instances;
		unsigned had = next_by_hand;
		bool over;

		by_hand = hand ? 1 + chance(2) : 0;
		(void)lab_task(&lab, "pxc_vm", task);
		by_hand = 0;
		after = count(&lab);
		over = grown(before.instances, after.instances, limit.instances) ||
		       grown(before.cores, after.cores, limit.cores) ||
		       grown(before.ram_mb, after.ram_mb, limit.ram_mb) ||
		       grown(before.snapshots, after.snapshots, limit.snapshots);
		/* Somebody in the GUI may pass a limit, but then nothing that the task made is left. */
		if (over && (next_by_hand == had || made(&before, &after)))
			fail_msg(
				"world %u, task %u: %s\n%s\n"
				"instances %ld of %ld, cores %ld of %ld, ram_mb %ld of %ld, snapshots %ld of %ld",
				seed, i, task, lab.err.msg, after.instances, limit.instances,
				after.cores, limit.cores, after.ram_mb, limit.ram_mb,
				after.snapshots, limit.snapshots);
		json_decref(before.vmids);
		json_decref(after.vmids);
	}
}

static void no_limit_is_passed(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= WORLDS; seed++)
		one_world(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_limit_is_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
