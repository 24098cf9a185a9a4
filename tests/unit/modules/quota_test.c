/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom no lock holds up: somebody at the GUI while a task is at work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/task.h"

static unsigned left; /* how many requests of the kind go by before somebody acts */

static void make_by_hand(struct lab *lab, unsigned vmid)
{
	auto_free char *form = pxc_printf("vmid=%u&name=gui&pool=acme&cores=2&memory=1024", vmid);

	json_decref(lab_ask(lab, "POST", "/nodes/pve2/qemu", form));
}

/* Behind the creation of the task's VMs, one is made in the GUI. */
static void create_after_create(void *context, const char *method, const char *path)
{
	if (str_eq(method, "POST") && str_ends(path, "/qemu") && left && --left == 0)
		make_by_hand(context, 500);
}

/* The VMs that are there, by name and in order of their numbers: "a b gui ". New string. */
static char *names(struct lab *lab)
{
	static const char *const nodes[] = { "pve1", "pve2", "pve3" };
	json_auto_t *by_vmid = json_object();
	struct pxc_buf out = { .data = NULL };

	for (size_t n = 0; n < ARRAY_SIZE(nodes); n++) {
		auto_free char *path = pxc_printf("/nodes/%s/qemu", nodes[n]);
		json_auto_t *list = lab_ask(lab, "GET", path, NULL);
		size_t i;
		json_t *row;

		json_array_foreach (list, i, row) {
			auto_free char *vmid = pxc_printf(
				"%04d", (int)json_integer_value(json_object_get(row, "vmid")));

			(void)json_object_set(by_vmid, vmid, json_object_get(row, "name"));
		}
	}
	for (int vmid = 100; vmid < 600; vmid++) {
		char number[16];

		(void)snprintf(number, sizeof(number), "%04d", vmid);
		if (json_object_get(by_vmid, number))
			buf_printf(&out, "%s ",
				   json_string_value(json_object_get(by_vmid, number)));
	}
	return buf_take(&out);
}

static const struct raced {
	const char *name, *quota, *task;
	unsigned after; /* this many creations of the task */
	const char *msg /* as the task ends, * = anything; NULL = well */, *names;
} raced[] = {
	{ "room for all", "{\"instances\":4}",
	  "\"cores\":1,\"memory\":512,\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]", 1, NULL,
	  "a b gui " },
	{ "the youngest goes", "{\"instances\":2}",
	  "\"cores\":1,\"memory\":512,\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]", 1,
	  "1 of 2 failed, first: vm acme/b: project acme: quota: instances used 2 + asked 1 > limit 2: somebody else *",
	  "a gui " },
	{ "as many as it takes", "{\"cores\":3}",
	  "\"cores\":1,\"memory\":512,\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]",
	  2,
	  "2 of 3 failed, first: vm acme/b: project acme: quota: cores used 3 + asked 1 > limit 3: *",
	  "a gui " },
	{ "a running one, protected", "{\"instances\":1}",
	  "\"cores\":1,\"memory\":512,\"name\":\"a\",\"power\":\"running\",\"protected\":true", 1,
	  "*quota: instances used 1 + asked 1 > limit 1: *", "gui " },
	{ "none but what the run has made", "{\"instances\":1}",
	  "\"cores\":1,\"memory\":512,\"vms\":[{\"name\":\"a\"}]", 1,
	  "*quota: instances used 1 + asked 1 > limit 1: *", "gui " },
};

static bool fits(const char *pattern, const char *text)
{
	if (*pattern == '*')
		return fits(pattern + 1, text) || (*text && fits(pattern, text + 1));
	return *pattern == *text && (!*text || fits(pattern + 1, text + 1));
}

static void prepare(struct lab *lab, const char *quota)
{
	auto_free char *project = pxc_printf("{\"name\":\"acme\",\"quota\":%s}", quota);

	lab_must(lab, "pxc_cloud",
		 "{\"domain\":\"example.org\",\"storage\":\"shared\",\"bridge\":\"vmbr0\"}");
	lab_must(lab, "pxc_project", project);
}

static void what_does_not_fit_any_more_is_taken_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(raced); i++) {
		auto_free char *task = pxc_printf("{\"project\":\"acme\",%s}", raced[i].task);
		auto_free char *there = NULL, *locks = NULL;
		auto_lab struct lab lab;
		int r;

		lab_create(&lab, 1 + i);
		prepare(&lab, raced[i].quota);
		left = raced[i].after;
		lab.meanwhile = create_after_create;
		r = lab_task(&lab, "pxc_vm", task);
		lab.meanwhile = NULL;
		there = names(&lab);
		locks = json_dumps(json_object_get(lab.result, "steps"), 0);
		if ((r < 0) != (raced[i].msg != NULL) ||
		    (raced[i].msg && !fits(raced[i].msg, lab.err.msg)) ||
		    !str_eq(there, raced[i].names))
			fail_msg("%s: %s\nthere: %s\nsteps: %s", raced[i].name, lab.err.msg, there,
				 locks);
		/* It never was there, as far as the task is concerned: nothing is left that it must say it changed. */
		if (str_eq(raced[i].names, "gui "))
			assert_false(json_is_true(json_object_get(lab.result, "changed")));
	}
}

/* VMs that were there before are nobody's to take back, even if the project is over its limit by somebody's hand. */
static void what_was_there_stays(void **state)
{
	auto_lab struct lab lab;
	auto_free char *there = NULL;

	(void)state;
	lab_create(&lab, 9);
	prepare(&lab, "{\"instances\":2}");
	lab_must(&lab, "pxc_vm",
		 "{\"project\":\"acme\",\"name\":\"a\",\"cores\":1,\"memory\":512}");
	left = 1;
	lab.meanwhile = create_after_create;
	assert_int_equal(
		lab_task(
			&lab, "pxc_vm",
			"{\"project\":\"acme\",\"cores\":1,\"memory\":512,\"metadata\":{\"k\":\"v\"},"
			"\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"),
		-1);
	there = names(&lab);
	assert_string_equal(there, "a gui ");
}

/* --- comments without a digest ----------------------------------------------------------------------------- */

static void overwrite_pool(void *context, const char *method, const char *path)
{
	struct lab *lab = context;

	if (str_eq(method, "PUT") && str_eq(path, "/pools") && left && --left == 0)
		json_decref(lab_ask(lab, "PUT", "/pools", "poolid=acme&comment=by%20hand"));
}

static void overwrite_notes(void *context, const char *method, const char *path)
{
	struct lab *lab = context;

	if (str_eq(method, "PUT") && str_eq(path, "/cluster/options") && left && --left == 0)
		json_decref(lab_ask(lab, "PUT", "/cluster/options", "description=by%20hand"));
}

/* PVE refuses no stale write there; that somebody has written in between is found by the second look. */
static void a_comment_that_is_overwritten_in_between_is_found(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 3);
	prepare(&lab, "{}");
	left = 1;
	lab.meanwhile = overwrite_pool;
	assert_int_equal(lab_task(&lab, "pxc_project",
				  "{\"name\":\"acme\",\"roles\":{\"member\":[\"alice\"]}}"),
			 -1);
	if (!strstr(lab.err.msg,
		    "after the change: project acme: pool acme exists and is no project"))
		fail_msg("%s", lab.err.msg);
	left = 1;
	lab.meanwhile = overwrite_notes;
	assert_int_equal(
		lab_task(&lab, "pxc_flavor", "{\"name\":\"small\",\"vcpus\":1,\"memory\":512}"),
		-1);
	if (!strstr(lab.err.msg, "after the change: cluster"))
		fail_msg("%s", lab.err.msg);
	lab.meanwhile = NULL;
}

/* Both write while they hold one lock each: names of the locks are the same for all kinds that write the same comment. */
static void who_writes_a_comment_holds_its_lock(void **state)
{
	static const struct {
		const char *module, *task, *lock;
	} rows[] = {
		{ "pxc_cloud", "{\"domain\":\"example.org\",\"bridge\":\"vmbr1\"}", "cloud" },
		{ "pxc_flavor", "{\"name\":\"small\",\"vcpus\":1,\"memory\":512}", "cloud" },
		{ "pxc_project", "{\"name\":\"acme\",\"description\":\"x\"}", "project.acme" },
		{ "pxc_affinity", "{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"affinity\"}",
		  "project.acme" },
		{ "pxc_vm", "{\"project\":\"acme\",\"name\":\"a\",\"cores\":1,\"memory\":512}",
		  "project.acme" },
		{ "pxc_vm", "{\"project\":\"acme\",\"name\":\"a\",\"cores\":2}", "project.acme" },
		{ "pxc_vm",
		  "{\"project\":\"acme\",\"name\":\"a\",\"snapshots\":[{\"name\":\"s1\"}]}",
		  "project.acme" },
	};
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 5);
	prepare(&lab, "{}");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *writes = NULL;
		auto_free char *lock = pxc_printf(
			"POST /access/groups comment=*&groupid=pxc-lock-%s\n", rows[i].lock);
		auto_free char *unlock =
			pxc_printf("DELETE /access/groups/pxc-lock-%s\n", rows[i].lock);

		lab_must(&lab, rows[i].module, rows[i].task);
		writes = lab_writes(&lab);
		if (strncmp(writes, lock, strlen(lock)) != 0 || !str_ends(writes, unlock))
			fail_msg("%s %s: %s", rows[i].module, rows[i].task, writes);
	}
}

/* --- lowered ---------------------------------------------------------------------------------------------- */

/* Below what is used: done, and said, for what is known without asking for more. */
static void lowering_warns(void **state)
{
	static const struct {
		const char *module, *task, *warning; /* NULL = none */
	} rows[] = {
		{ "pxc_project", "{\"name\":\"acme\",\"quota\":{\"instances\":1}}", NULL },
		{ "pxc_project", "{\"name\":\"acme\",\"quota\":{\"instances\":0}}",
		  "quota instances is lowered to 0, but 1 are used" },
		{ "pxc_project", "{\"name\":\"acme\",\"quota\":{\"affinity_groups\":0}}",
		  "quota affinity_groups is lowered to 0, but 1 are used" },
		{ "pxc_project", "{\"name\":\"acme\",\"quota\":{\"volumes\":0}}", NULL },
		{ "pxc_cloud", "{\"default_quota\":{\"cores\":2}}", NULL },
		{ "pxc_cloud", "{\"default_quota\":{\"cores\":1,\"ram_mb\":100}}",
		  "default_quota: projects use more already: acme (cores 2 > 1), acme (ram_mb 512 > 100); nothing" },
		{ "pxc_cloud", "{\"default_quota\":{\"instances\":0}}", NULL }, /* it has its own */
	};
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 7);
	prepare(&lab, "{}");
	lab_must(&lab, "pxc_affinity",
		 "{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"affinity\"}");
	lab_must(&lab, "pxc_vm",
		 "{\"project\":\"acme\",\"name\":\"a\",\"cores\":2,\"memory\":512}");
	sim_advance(lab.sim, 20000);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *warnings = NULL;

		lab_must(&lab, rows[i].module, rows[i].task);
		assert_true(json_is_true(json_object_get(lab.result, "changed")));
		warnings = json_dumps(json_object_get(lab.result, "warnings"), JSON_ENCODE_ANY);
		if (rows[i].warning ? !strstr(warnings ? warnings : "", rows[i].warning)
				    : warnings && strstr(warnings, "nothing"))
			fail_msg("%s: %s", rows[i].task, warnings);
	}
	/* Growing is refused from then on. */
	assert_int_equal(
		lab_task(&lab, "pxc_vm", "{\"project\":\"acme\",\"name\":\"a\",\"cores\":3}"), -1);
	if (!strstr(lab.err.msg, "quota: cores used 2 + asked 1 > limit 1"))
		fail_msg("%s", lab.err.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lowering_warns),
		cmocka_unit_test(what_does_not_fit_any_more_is_taken_back),
		cmocka_unit_test(what_was_there_stays),
		cmocka_unit_test(a_comment_that_is_overwritten_in_between_is_found),
		cmocka_unit_test(who_writes_a_comment_holds_its_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
