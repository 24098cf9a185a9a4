/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole tasks of pxc_balance against the simulator: what is read, what is sent, and what is left to do behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/task.h"

#define NODE "{\"memory\":32768,\"bridges\":{\"vmbr0\":{}}}"
#define GUESTS 8
#define BALANCED "{\"state\":\"balanced\",\"cool_down\":0}"
#define LOCK "POST /access/groups comment=*&groupid=pxc-lock-balance\n"
#define UNLOCK "DELETE /access/groups/pxc-lock-balance\n"

/* Eight VMs of 4 GiB run on pve1; what more is said of some. */
static void create(struct lab *lab, const char *more)
{
	struct pxc_buf world = { .data = NULL };
	struct sim_options options = { .nodes = 3, .seed = 7, .speed = 1 };

	buf_adds(&world,
		 "{\"nodes\":{\"pve1\":" NODE ",\"pve2\":" NODE ",\"pve3\":" NODE "},\"guests\":[");
	for (unsigned i = 0; i < GUESTS; i++)
		buf_printf(&world,
			   "%s{\"vmid\":%u,\"node\":\"pve1\",\"status\":\"running\",\"config\":{"
			   "\"name\":\"web-%u\",\"memory\":\"4096\",\"cores\":1,"
			   "\"net0\":\"virtio,bridge=vmbr0\"}}",
			   i ? "," : "", 100 + i, i);
	buf_printf(&world, "%s]}", more);
	options.world = buf_str(&world);
	lab_create_as(lab, &options);
	buf_release(&world);
}

static int64_t count(const struct lab *lab, const char *what)
{
	return json_integer_value(json_object_get(json_object_get(lab->result, "counts"), what));
}

static bool changed(const struct lab *lab)
{
	return json_is_true(json_object_get(lab->result, "changed"));
}

static const char *node_of(struct lab *lab, unsigned vmid)
{
	static char node[32];
	json_auto_t *list = lab_ask(lab, "GET", "/cluster/resources?type=vm", NULL);
	size_t i;
	json_t *row;

	*node = '\0';
	json_array_foreach (list, i, row)
		if (json_integer_value(json_object_get(row, "vmid")) == (json_int_t)vmid)
			(void)snprintf(node, sizeof(node), "%s",
				       json_string_value(json_object_get(row, "node")));
	return node;
}

/* Tasks that must not change anything send nothing but reads. */
static void only_reads_are_sent(void **state)
{
	static const char *const tasks[] = {
		"{}", "{\"drain\":[\"pve1\"],\"_ansible_diff\":true}",
		"{\"state\":\"balanced\",\"_ansible_check_mode\":true,\"_ansible_diff\":true}",
		"{\"state\":\"drained\",\"drain\":[\"pve1\"],\"_ansible_check_mode\":true}",
		"{\"metric\":\"p95\"}"
	};
	auto_lab struct lab lab;

	(void)state;
	create(&lab, "");
	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++) {
		auto_free char *writes = NULL;

		lab_must(&lab, "pxc_balance", tasks[i]);
		writes = lab_writes(&lab);
		assert_string_equal(writes, "");
		assert_true(count(&lab, "planned") >= 4);
		assert_int_equal(count(&lab, "moved") > 0, strstr(tasks[i], "check_mode") != NULL);
		assert_int_equal(changed(&lab), strstr(tasks[i], "check_mode") != NULL);
		assert_non_null(json_object_get(lab.result, "certificate"));
	}
	/* Each VM of a plan is asked about once, whatever becomes of the plan. */
	assert_int_equal(lab_count(buf_str(&lab.log), "/migrate"),
			 lab_count(buf_str(&lab.log), "/config"));
	assert_in_range(lab_count(buf_str(&lab.log), "/migrate"), 4, GUESTS);
}

/* The requests from the last migration on. */
static const char *last_migration(const struct lab *lab)
{
	const char *last = "";

	for (const char *p = lab->log.data; (p = strstr(p, "/migrate target=")); p++)
		last = p;
	return last;
}

static void what_is_planned_is_done_once(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL, *again = NULL;
	int64_t planned;

	(void)state;
	create(&lab, "");
	lab_must(&lab, "pxc_balance", BALANCED);
	writes = lab_writes(&lab);
	planned = count(&lab, "planned");
	assert_in_range(planned, 4, 6);
	assert_int_equal(count(&lab, "moved"), planned);
	assert_true(changed(&lab));
	assert_true(plan_fits(
		LOCK "POST /nodes/pve1/qemu/10*/migrate online=1&target=pve*\n*" UNLOCK, writes));
	assert_int_equal(lab_count(writes, "/migrate online=1&target="), planned);
	assert_int_equal(lab_count(writes, "\n"), planned + 2);
	/* Behind the last migration nothing is planned any more: loads may have changed meanwhile. */
	assert_null(strstr(last_migration(&lab), "/storage/"));
	assert_non_null(strstr(last_migration(&lab), "/cluster/resources"));

	lab_must(&lab, "pxc_balance", BALANCED);
	again = lab_writes(&lab);
	assert_string_equal(again, "");
	assert_false(changed(&lab));
	assert_int_equal(count(&lab, "planned"), 0);
}

static void a_drained_node_is_empty(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	create(&lab,
	       ",{\"vmid\":200,\"node\":\"pve1\",\"config\":{\"name\":\"off\",\"memory\":\"4096\"}}");
	lab_must(&lab, "pxc_balance", "{\"state\":\"drained\",\"drain\":[\"pve1\"]}");
	assert_int_equal(count(&lab, "moved"), GUESTS + 1);
	for (unsigned vmid = 100; vmid < 100 + GUESTS; vmid++)
		assert_string_not_equal(node_of(&lab, vmid), "pve1");
	assert_string_not_equal(node_of(&lab, 200), "pve1");
	/* They have just moved, and what is drained is drained all the same. */
	lab_must(&lab, "pxc_balance", "{\"state\":\"drained\",\"drain\":[\"pve2\"]}");
	assert_true(count(&lab, "moved") > 0);
	/* But else they stay for a while. */
	lab_must(&lab, "pxc_balance", "{\"state\":\"balanced\",\"level\":5}");
	assert_int_equal(count(&lab, "planned"), 0);
}

static void sentence(const struct lab *lab, const char *key, const char *pattern)
{
	const json_t *list = json_object_get(lab->result, key);
	size_t i;
	json_t *text;

	json_array_foreach (list, i, text)
		if (plan_fits(pattern, json_string_value(text)))
			return;
	fail_msg("%s: no \"%s\" in %s", key, pattern, json_dumps(list, 0));
}

static void who_cannot_move_is_named(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	create(&lab,
	       ",{\"vmid\":200,\"node\":\"pve1\",\"status\":\"running\",\"config\":{\"name\":\"local\","
	       "\"memory\":\"4096\",\"scsi0\":\"data:4\"}}"
	       ",{\"vmid\":201,\"node\":\"pve1\",\"status\":\"running\",\"config\":{\"name\":\"tagged\","
	       "\"memory\":\"4096\",\"tags\":\"pxc-nobalance\"}}");
	/* All others move, and then it fails. */
	assert_int_equal(
		lab_task(
			&lab, "pxc_balance",
			"{\"state\":\"drained\",\"drain\":[\"pve1\"],\"exclude\":{\"vms\":[\"web-0\"]}}"),
		-1);
	assert_non_null(strstr(lab.err.msg, "3 VMs are left on nodes that were to be empty: "
					    "cannot move VM 100 off pve1"));
	assert_int_equal(count(&lab, "moved"), GUESTS - 1);
	assert_string_equal(node_of(&lab, 100), "pve1");
	assert_string_equal(node_of(&lab, 200), "pve1");
	assert_string_equal(node_of(&lab, 201), "pve1");
	sentence(&lab, "unmovable", "cannot move VM 100 off pve1: the task excludes it");
	sentence(
		&lab, "unmovable",
		"cannot move VM 200 off pve1: it has a disk on one node only (data:200/*; see with_local_disks)");
	sentence(&lab, "unmovable", "cannot move VM 201 off pve1: it has the tag pxc-nobalance");

	lab_must(&lab, "pxc_balance",
		 "{\"state\":\"drained\",\"drain\":[\"pve1\"],\"with_local_disks\":true,"
		 "\"leave_unmovable\":true,\"exclude\":{\"vms\":[\"web-0\"]}}");
	assert_int_equal(count(&lab, "moved"), 1);
	assert_string_not_equal(node_of(&lab, 200), "pve1");
}

static void a_failure_is_not_tried_again_and_the_rest_is_done(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	create(&lab, "");
	json_decref(lab_ask(&lab, "POST", "!/sim/faults",
			    "POST /nodes/pve1/qemu/100/migrate fail=\"no such luck\"\n"));
	assert_int_equal(
		lab_task(&lab, "pxc_balance", "{\"state\":\"drained\",\"drain\":[\"pve1\"]}"), -1);
	writes = lab_writes(&lab);
	assert_int_equal(lab_count(writes, "/qemu/100/migrate"), 1);
	assert_int_equal(count(&lab, "failed"), 1);
	assert_int_equal(count(&lab, "moved"), GUESTS - 1);
	assert_string_equal(node_of(&lab, 100), "pve1");
}

/* The answer to a request gets lost, and PVE migrates: the run waits for that, and asks for nothing twice. */
static void a_lost_answer_is_waited_for(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	create(&lab, "");
	json_decref(
		lab_ask(&lab, "POST", "!/sim/faults", "POST /nodes/pve1/qemu/100/migrate lost\n"));
	lab_must(&lab, "pxc_balance", "{\"state\":\"drained\",\"drain\":[\"pve1\"]}");
	writes = lab_writes(&lab);
	assert_int_equal(lab_count(writes, "/qemu/100/migrate"), 1);
	assert_int_equal(count(&lab, "moved"), GUESTS);
	assert_string_not_equal(node_of(&lab, 100), "pve1");
}

static void the_ha_manager_is_asked_and_waited_for(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	create(&lab, "");
	json_decref(lab_ask(&lab, "POST", "/cluster/ha/resources", "sid=vm:100&state=started"));
	sim_advance(lab.sim, 60000);
	lab_must(&lab, "pxc_balance", "{\"state\":\"drained\",\"drain\":[\"pve1\"]}");
	assert_int_equal(count(&lab, "moved"), GUESTS);
	assert_string_not_equal(node_of(&lab, 100), "pve1");
}

static double cpu_before(const struct lab *lab, const char *node)
{
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(lab->result, "nodes"), i, row)
		if (str_eq(json_string_value(json_object_get(row, "node")), node))
			return json_number_value(json_object_get(row, "cpu_before"));
	return -1;
}

/* Four VMs want one core each, and their node has two: what they use is half of what they need. */
static void waiting_counts_as_need(void **state)
{
	struct sim_options options = { .nodes = 2, .seed = 7, .speed = 1 };
	struct pxc_buf world = { .data = NULL };
	auto_lab struct lab lab;

	(void)state;
	buf_adds(&world, "{\"nodes\":{\"pve1\":{\"cores\":2},\"pve2\":{\"cores\":2}},\"guests\":[");
	for (unsigned i = 0; i < 4; i++)
		buf_printf(
			&world,
			"%s{\"vmid\":%u,\"node\":\"pve1\",\"status\":\"running\",\"load\":{\"cpu\":1},"
			"\"config\":{\"name\":\"w\",\"memory\":\"512\",\"cores\":1}}",
			i ? "," : "", 100 + i);
	buf_adds(&world, "]}");
	options.world = buf_str(&world);
	lab_create_as(&lab, &options);
	buf_release(&world);
	lab_must(&lab, "pxc_balance", "{}");
	assert_true(cpu_before(&lab, "pve1") < 110);
	lab_must(&lab, "pxc_balance", "{\"metric\":\"psi\"}");
	assert_true(cpu_before(&lab, "pve1") > 180);
	/* A second one would fill the other node to 100 %. */
	assert_int_equal(count(&lab, "planned"), 1);
}

static void pressure_needs_pve_9(void **state)
{
	struct sim_options options = { .nodes = 2, .seed = 7, .speed = 1, .pve = 8 };
	auto_lab struct lab lab;

	(void)state;
	options.world = "{\"guests\":[{\"vmid\":100,\"node\":\"pve1\",\"status\":\"running\","
			"\"config\":{\"name\":\"w\",\"memory\":\"512\"}}]}";
	lab_create_as(&lab, &options);
	assert_int_equal(lab_task(&lab, "pxc_balance", "{\"metric\":\"psi\"}"), -1);
	assert_true(str_starts(lab.err.msg, "metric: psi needs PVE 9"));
	lab_must(&lab, "pxc_balance", "{}");
}

static void what_ha_keeps_together_is_asked_for_once(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	create(&lab, "");
	json_decref(lab_ask(&lab, "POST", "/cluster/ha/resources", "sid=vm:100&state=started"));
	json_decref(lab_ask(&lab, "POST", "/cluster/ha/resources", "sid=vm:103&state=started"));
	sim_advance(lab.sim, 60000);
	json_decref(lab_ask(
		&lab, "POST", "/cluster/ha/rules",
		"rule=pair&type=resource-affinity&affinity=positive&resources=vm:100,vm:103"));
	sim_advance(lab.sim, 60000);
	lab_must(&lab, "pxc_balance", "{\"state\":\"drained\",\"drain\":[\"pve1\"]}");
	writes = lab_writes(&lab);
	assert_int_equal(count(&lab, "moved"), GUESTS);
	assert_int_equal(
		lab_count(writes, "/qemu/100/migrate") + lab_count(writes, "/qemu/103/migrate"), 1);
	assert_string_not_equal(node_of(&lab, 100), "pve1");
	assert_string_not_equal(node_of(&lab, 103), "pve1");
}

static void what_breaks_a_rule_moves_at_any_level(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	create(&lab, "");
	json_decref(lab_ask(&lab, "POST", "/cluster/ha/resources", "sid=vm:100&state=started"));
	sim_advance(lab.sim, 60000);
	json_decref(lab_ask(&lab, "POST", "/cluster/ha/rules",
			    "rule=far&type=node-affinity&nodes=pve3&strict=1&resources=vm:100"));
	lab_must(&lab, "pxc_balance", "{\"level\":1,\"cool_down\":0}");
	assert_int_equal(count(&lab, "planned"), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(lab.result, "migration"), "why")),
		"not allowed on pve1");
}

/* As soon as the first one begins, a guest that stays on pve2 takes all its memory. */
static void get_busy(void *context, const char *line)
{
	struct lab *lab = context;

	if (!strstr(line, ": begins"))
		return;
	lab->tell = NULL;
	json_decref(lab_ask(lab, "POST", "!/sim/load?vmid=200&mem=1", NULL));
}

static void what_is_not_worth_it_any_more_is_dropped(void **state)
{
	const char *task = "{\"state\":\"balanced\",\"nodes\":[\"pve1\",\"pve2\"],\"parallel\":1}";
	auto_free char *writes = NULL;
	auto_lab struct lab lab;
	const json_t *row;
	int64_t planned;
	size_t i;

	(void)state;
	create(&lab,
	       ",{\"vmid\":200,\"node\":\"pve2\",\"status\":\"running\",\"load\":{\"mem\":0.01},"
	       "\"config\":{\"name\":\"big\",\"memory\":\"20480\",\"tags\":\"pxc-nobalance\"}}");
	lab.tell = get_busy;
	lab_must(&lab, "pxc_balance", task);
	writes = lab_writes(&lab);
	planned = count(&lab, "planned");
	assert_in_range(planned, 3, 5);
	assert_in_range(count(&lab, "dropped"), 1, planned - 1);
	assert_int_equal(count(&lab, "moved"), planned - count(&lab, "dropped"));
	assert_int_equal(lab_count(writes, "/migrate online=1"), count(&lab, "moved"));
	json_array_foreach (json_object_get(lab.result, "plan"), i, row) {
		const char *why = json_string_value(json_object_get(row, "dropped"));

		if (why)
			assert_string_equal(why, "pve2 is as busy as pve1 by now");
	}
	/* By what they are configured with, nothing has changed, and all of them go. */
	lab_release(&lab);
	create(&lab,
	       ",{\"vmid\":200,\"node\":\"pve2\",\"status\":\"running\",\"load\":{\"mem\":0.01},"
	       "\"config\":{\"name\":\"big\",\"memory\":\"8192\",\"tags\":\"pxc-nobalance\"}}");
	lab.tell = get_busy;
	lab_must(&lab, "pxc_balance",
		 "{\"state\":\"balanced\",\"nodes\":[\"pve1\",\"pve2\"],\"metric\":\"assigned\"}");
	assert_in_range(count(&lab, "planned"), 2, 5);
	assert_int_equal(count(&lab, "moved"), count(&lab, "planned"));
}

/* What a task writes to standard error. New string. */
static char *errors_of(struct lab *lab, const char *task)
{
	char *text = pxc_calloc(1, 65536);
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);

	if (!file || before < 0)
		fail_msg("no file");
	(void)fflush(stderr);
	(void)dup2(fileno(file), STDERR_FILENO);
	(void)lab_task(lab, "pxc_balance", task);
	(void)fflush(stderr);
	(void)dup2(before, STDERR_FILENO);
	(void)close(before);
	rewind(file);
	text[fread(text, 1, 65535, file)] = '\0';
	(void)fclose(file);
	return text;
}

static void who_watches_sees_each_start_and_end(void **state)
{
	static const char quiet[] = "{\"state\":\"drained\",\"drain\":[\"pve1\"]}",
			  watched[] = "{\"state\":\"drained\",\"drain\":[\"pve1\"],"
				      "\"_ansible_verbosity\":1}";
	auto_free char *none = NULL, *lines = NULL;
	auto_lab struct lab lab;

	(void)state;
	create(&lab, "");
	none = errors_of(&lab, quiet);
	assert_int_equal(count(&lab, "moved"), GUESTS);
	assert_string_equal(none, "");
	lab_release(&lab);
	create(&lab, "");
	lines = errors_of(&lab, watched);
	assert_int_equal(count(&lab, "moved"), GUESTS);
	assert_int_equal(lab_count(lines, "\n"), 2 * GUESTS);
	assert_int_equal(lab_count(lines, ": begins\n"), GUESTS);
	assert_true(plan_fits("pxc-progress: vm web-* (10*) pve1 -> pve*: begins\n*", lines));
	assert_true(plan_fits("*\npxc-progress: 1/8 vm web-* (10*) pve1 -> pve*: * s\n*", lines));
	assert_true(plan_fits("*\npxc-progress: 8/8 vm web-* (10*) pve1 -> pve*: * s\n", lines));
}

/* PVE's words may repeat what it was sent. */
static void no_line_shows_a_secret(void **state)
{
	auto_free char *lines = NULL;
	auto_lab struct lab lab;
	auto_free char *fault = NULL;

	(void)state;
	create(&lab, "");
	fault = pxc_printf("POST /nodes/pve1/qemu/10*/migrate fail=\"no such token %s here\"\n",
			   lab.secret);
	json_decref(lab_ask(&lab, "POST", "!/sim/faults", fault));
	lines = errors_of(&lab, "{\"state\":\"drained\",\"drain\":[\"pve1\"],\"max_failures\":0,"
				"\"_ansible_verbosity\":4}");
	assert_non_null(strstr(lines, "no such token ******** here"));
	assert_null(strstr(lines, lab.secret));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_reads_are_sent),
		cmocka_unit_test(what_is_planned_is_done_once),
		cmocka_unit_test(a_drained_node_is_empty),
		cmocka_unit_test(who_cannot_move_is_named),
		cmocka_unit_test(a_failure_is_not_tried_again_and_the_rest_is_done),
		cmocka_unit_test(a_lost_answer_is_waited_for),
		cmocka_unit_test(the_ha_manager_is_asked_and_waited_for),
		cmocka_unit_test(waiting_counts_as_need),
		cmocka_unit_test(pressure_needs_pve_9),
		cmocka_unit_test(what_ha_keeps_together_is_asked_for_once),
		cmocka_unit_test(what_breaks_a_rule_moves_at_any_level),
		cmocka_unit_test(what_is_not_worth_it_any_more_is_dropped),
		cmocka_unit_test(who_watches_sees_each_start_and_end),
		cmocka_unit_test(no_line_shows_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
