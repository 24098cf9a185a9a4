/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole tasks of pxc_sdn against the simulator: what is sent, in which order, and what is left when something fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/sdn_lab.h"

#define GROUP "POST /access/groups comment=*&groupid=pxc-lock-sdn\n"
#define NOTE "PUT /access/groups/pxc-lock-sdn comment=*\n"
#define TAKE GROUP "POST /cluster/sdn/lock\n" NOTE
#define GIVE "DELETE /cluster/sdn/lock lock-token=*\nDELETE /access/groups/pxc-lock-sdn\n"
#define TOKEN "lock-token=*"
#define ZONE "POST /cluster/sdn/zones bridge=vmbr0&" TOKEN "&type=vlan&zone=tenant\n"
#define APPLY "PUT /cluster/sdn " TOKEN "&release-lock=0\n"
#define ROLLBACK "POST /cluster/sdn/rollback " TOKEN "&release-lock=0\n"

#define BLUE(rest) "{\"project\":\"acme\",\"name\":\"blue\"" rest "}"
#define WITH_SUBNET                                                                                \
	",\"subnets\":[{\"cidr\":\"10.20.0.0/24\",\"gateway\":\"10.20.0.1\",\"ranges\":[\"10.20.0.10-10.20.0.99\"]}]"
#define CHECK ",\"_ansible_check_mode\":true"
#define TWO "{\"project\":\"acme\",\"networks\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"

/* Tasks in the order of the rows, in one lab; what each writes to the wire, exactly. The vnet of blue has the id @. */
static const struct row {
	const char *name, *task, *writes;
} rows[] = {
	{ "made, in check mode", BLUE(WITH_SUBNET CHECK), "" },
	{ "with the difference", BLUE(WITH_SUBNET CHECK ",\"_ansible_diff\":true"), "" },
	{ "made", BLUE(WITH_SUBNET ",\"description\":\"web shop\""),
	  TAKE ZONE
	  "POST /cluster/sdn/vnets alias=*&" TOKEN "&tag=100&vnet=@&zone=tenant\n"
	  "POST /cluster/sdn/vnets/@/subnets dhcp-range=start-address%3D10.20.0.10%2Cend-address%3D10.20.0.99&"
	  "gateway=10.20.0.1&" TOKEN "&subnet=10.20.0.0%2F24&type=subnet\n" APPLY GIVE },
	{ "as it is", BLUE(WITH_SUBNET ",\"description\":\"web shop\""), "" },
	{ "changed, in check mode", BLUE(",\"isolate_ports\":true" CHECK), "" },
	{ "changed", BLUE(",\"isolate_ports\":true,\"tag\":150"),
	  "POST /access/groups comment=*&groupid=pxc-lock-net.@\n" TAKE
	  "PUT /cluster/sdn/vnets/@ isolate-ports=1&" TOKEN "&tag=150\n" APPLY GIVE
	  "DELETE /access/groups/pxc-lock-net.@\n" },
	{ "a subnet comes, one changes",
	  BLUE(",\"subnets\":[{\"cidr\":\"10.20.0.0/24\",\"gateway\":\"\",\"dns\":\"9.9.9.9\"},{\"cidr\":\"fd00:20::/64\"}]"),
	  "POST /access/groups comment=*&groupid=pxc-lock-net.@\n" TAKE
	  "PUT /cluster/sdn/vnets/@/subnets/tenant-10.20.0.0-24 delete=gateway&dhcp-dns-server=9.9.9.9&" TOKEN
	  "\n"
	  "POST /cluster/sdn/vnets/@/subnets " TOKEN
	  "&subnet=fd00%3A20%3A%3A%2F64&type=subnet\n" APPLY GIVE
	  "DELETE /access/groups/pxc-lock-net.@\n" },
	{ "and is as it is",
	  BLUE(",\"subnets\":[{\"cidr\":\"10.20.0.0/24\"},{\"cidr\":\"fd00:20::/64\"}]"), "" },
	{ "removed, in check mode", BLUE(",\"state\":\"absent\"" CHECK), "" },
	{ "removed with its zone", BLUE(",\"state\":\"absent\",\"remove_zone\":true"),
	  "POST /access/groups comment=*&groupid=pxc-lock-net.@\n" TAKE
	  "DELETE /cluster/sdn/vnets/@/subnets/tenant-10.20.0.0-24 " TOKEN "\n"
	  "DELETE /cluster/sdn/vnets/@/subnets/tenant-fd00%3A20%3A%3A-64 " TOKEN "\n"
	  "DELETE /cluster/sdn/vnets/@ " TOKEN "\nDELETE /cluster/sdn/zones/tenant " TOKEN
	  "\n" APPLY GIVE "DELETE /access/groups/pxc-lock-net.@\n" },
	{ "gone", BLUE(",\"state\":\"absent\""), "" },
};

/* The id of blue in this lab, out of check mode. */
static char *id_of_blue(struct lab *lab)
{
	lab_must(lab, "pxc_sdn", BLUE(CHECK));
	return pxc_strdup(json_string_value(
		json_object_get(json_object_get(lab->result, "network"), "vnet")));
}

static char *with_id(const char *text, const char *id)
{
	struct pxc_buf out = { .data = NULL };

	for (; *text; text++)
		if (*text == '@')
			buf_adds(&out, id);
		else
			buf_addc(&out, *text);
	buf_adds(&out, "");
	return buf_take(&out);
}

static void each_task_sends_exactly_these_writes(void **state)
{
	auto_lab struct lab lab;
	auto_free char *id = NULL;

	(void)state;
	sdn_lab_create(&lab, 9, 1);
	id = id_of_blue(&lab);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *writes = NULL, *wanted = with_id(rows[i].writes, id);

		if (lab_task(&lab, "pxc_sdn", rows[i].task) < 0)
			fail_msg("%s: %s", rows[i].name, lab.err.msg);
		writes = lab_writes(&lab);
		if (strcmp(writes, wanted) != 0)
			fail_msg("%s:\nwanted\n%sgot\n%s", rows[i].name, wanted, writes);
		sdn_lab_is_clean(&lab);
	}
}

static void many_networks_are_one_transaction(void **state)
{
	auto_lab struct lab lab;
	struct pxc_buf task = { .data = NULL };
	auto_free char *writes = NULL, *again = NULL;
	unsigned requests;

	(void)state;
	sdn_lab_create(&lab, 9, 2);
	buf_adds(&task, "{\"project\":\"acme\",\"networks\":[");
	for (unsigned i = 0; i < 60; i++)
		buf_printf(&task,
			   "%s{\"name\":\"net-%u\",\"subnets\":[{\"cidr\":\"10.%u.0.0/16\"}]}",
			   i ? "," : "", i, i);
	buf_adds(&task, "]}");
	if (lab_task(&lab, "pxc_sdn", buf_str(&task)) < 0)
		fail_msg("%s", lab.err.msg);
	writes = lab_writes(&lab);
	assert_int_equal(lab_count(writes, "POST /cluster/sdn/lock"), 1);
	assert_int_equal(lab_count(writes, "PUT /cluster/sdn "), 1);
	assert_int_equal(lab_count(writes, "POST /cluster/sdn/vnets alias"), 60);
	assert_int_equal(lab_count(writes, "/subnets "), 60);
	/* One after the other: each subnet behind its vnet. */
	for (const char *p = strstr(writes, "POST /cluster/sdn/vnets alias"); p;
	     p = strstr(p + 1, "POST /cluster/sdn/vnets alias")) {
		const char *behind = strchr(p, '\n') + 1;

		assert_true(str_starts(behind, "POST /cluster/sdn/vnets/n"));
		assert_int_equal(strncmp(strstr(p, "vnet=") + strlen("vnet="),
					 behind + strlen("POST /cluster/sdn/vnets/"), 8),
				 0);
	}
	/* Every change carries the lock's token. */
	assert_int_equal(lab_count(writes, TOKEN), 1 + 60 + 60 + 1 + 1);
	requests = lab_count(buf_str(&lab.log), "\n");
	/* Two writes for each, and one list of subnets in the look behind. */
	assert_in_range(requests, 3 * 60, 3 * 60 + 80);
	lab_must(&lab, "pxc_sdn", buf_str(&task));
	again = lab_writes(&lab);
	assert_string_equal(again, "");
	assert_false(json_is_true(json_object_get(lab.result, "changed")));
	buf_release(&task);
}

/* check mode says what is done, in the same words and order. */
static void check_mode_predicts_what_is_done(void **state)
{
	auto_lab struct lab lab;
	json_auto_t *steps = NULL, *network = NULL;

	(void)state;
	sdn_lab_create(&lab, 9, 3);
	lab_must(&lab, "pxc_sdn", BLUE(WITH_SUBNET ",\"description\":\"x\"" CHECK));
	steps = json_incref(json_object_get(lab.result, "steps"));
	network = json_incref(json_object_get(lab.result, "network"));
	assert_true(json_is_true(json_object_get(lab.result, "changed")));
	lab_must(&lab, "pxc_sdn", BLUE(WITH_SUBNET ",\"description\":\"x\""));
	assert_true(json_equal(steps, json_object_get(lab.result, "steps")));
	assert_true(json_equal(network, json_object_get(lab.result, "network")));
}

static char *diff_of(const struct lab *lab)
{
	return json_dumps(json_object_get(lab->result, "diff"), JSON_COMPACT | JSON_ENCODE_ANY);
}

static void the_difference_has_what_pve_itself_writes(void **state)
{
	auto_lab struct lab lab, old, deaf;
	auto_free char *text = NULL, *of_old = NULL, *of_deaf = NULL, *id = NULL, *line = NULL;

	(void)state;
	sdn_lab_create(&lab, 9, 4);
	id = id_of_blue(&lab);
	line = pxc_printf("\\n+auto %s\\n", id);
	lab_must(&lab, "pxc_sdn", BLUE(",\"_ansible_diff\":true"));
	text = diff_of(&lab);
	assert_int_equal(lab_count(text, "what PVE writes"), 3);
	if (!strstr(text, line))
		fail_msg("no %s in %s", line, text);
	assert_int_equal(lab_count(buf_str(&lab.log), "/cluster/sdn/dry-run"), 3);
	lab_must(&lab, "pxc_sdn", BLUE(",\"isolate_ports\":true"));
	assert_int_equal(lab_count(buf_str(&lab.log), "/cluster/sdn/dry-run"), 0);
	assert_int_equal(lab_count(buf_str(&lab.log), "permissions path=%2Fnodes"), 0);
	/* A server that has none, or cannot: nothing is said, and nothing fails. */
	sdn_lab_create(&old, 8, 4);
	lab_must(&old, "pxc_sdn", BLUE(",\"_ansible_diff\":true"));
	of_old = diff_of(&old);
	assert_int_equal(lab_count(of_old, "what PVE writes"), 0);
	assert_int_equal(lab_count(buf_str(&old.log), "/cluster/sdn/dry-run"), 0);
	sdn_lab_create(&deaf, 9, 4);
	sdn_lab_faults(&deaf,
		       "GET /cluster/sdn/dry-run status=501 text=\"Method not implemented\"\n");
	lab_must(&deaf, "pxc_sdn", BLUE(",\"_ansible_diff\":true"));
	of_deaf = diff_of(&deaf);
	assert_int_equal(lab_count(of_deaf, "what PVE writes"), 0);
}

static const json_t *network(const struct lab *lab, size_t i)
{
	return json_array_get(json_object_get(lab->result, "networks"), i);
}

static char *steps_of(const struct lab *lab)
{
	json_auto_t *whys = json_array();
	size_t i;
	json_t *step;

	json_array_foreach (json_object_get(lab->result, "steps"), i, step)
		(void)json_array_append(whys, json_object_get(step, "why"));
	return json_dumps(whys, JSON_COMPACT);
}

/* Both have failed, nothing has changed, and nothing is left. */
static void check_undone(struct lab *lab, const char *why)
{
	auto_free char *configured = sdn_lab_state(lab, false), *steps = steps_of(lab);

	assert_string_equal(configured, " /  / ");
	assert_false(json_is_true(json_object_get(lab->result, "changed")));
	assert_string_equal(steps, "[\"take back what was written\"]");
	for (size_t i = 0; i < 2; i++) {
		const char *msg = json_string_value(json_object_get(network(lab, i), "msg"));

		assert_true(json_is_true(json_object_get(network(lab, i), "failed")));
		assert_false(json_is_true(json_object_get(network(lab, i), "changed")));
		if (!msg || !strstr(msg, why))
			fail_msg("network %zu: %s", i, msg);
	}
	sdn_lab_is_clean(lab);
}

static void what_fails_before_it_is_applied_is_rolled_back(void **state)
{
	static const char *const faults[] = {
		"POST /cluster/sdn/vnets nth=2 status=500 text=\"no space left\"\n",
		"POST /cluster/sdn/zones status=500 text=\"no space left\"\n",
		"POST /cluster/sdn/vnets status=500 text=\"no space left\"\n",
		"PUT /cluster/sdn status=500 text=\"no space left\"\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		auto_lab struct lab lab;
		auto_free char *writes = NULL;

		sdn_lab_create(&lab, 9, 5);
		sdn_lab_faults(&lab, faults[i]);
		assert_int_equal(lab_task(&lab, "pxc_sdn", TWO), -1);
		assert_non_null(strstr(lab.err.msg, "2 of 2 failed"));
		assert_non_null(strstr(lab.err.msg, "no space left"));
		writes = lab_writes(&lab);
		if (!str_ends(writes, ROLLBACK GIVE) ||
		    lab_count(writes, "PUT /cluster/sdn ") != (i == 3))
			fail_msg("%s%s", faults[i], writes);
		check_undone(&lab, "no space left");
		sdn_lab_faults(&lab, "");
		lab_must(&lab, "pxc_sdn", TWO);
		sdn_lab_is_clean(&lab);
	}
}

/* A rollback that fails leaves its lock to the run that finds it. */
static void a_rollback_that_fails_is_said(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	sdn_lab_create(&lab, 9, 6);
	sdn_lab_faults(&lab,
		       "POST /cluster/sdn/vnets nth=2 status=500 text=\"no space left\"\n"
		       "POST /cluster/sdn/rollback status=500 text=\"cannot take it back\"\n");
	assert_int_equal(lab_task(&lab, "pxc_sdn", TWO), -1);
	assert_non_null(strstr(lab.err.msg, "no space left"));
	sdn_lab_faults(&lab, "");
}

static void a_write_without_an_answer_is_rolled_back_and_done_again(void **state)
{
	static const char *const faults[] = {
		"POST /cluster/sdn/zones count=1 lost\n",
		"POST /cluster/sdn/vnets count=1 lost\n",
		"POST /cluster/sdn/vnets nth=2 lost\n",
		"POST /cluster/sdn/vnets/*/subnets count=1 lost\n",
		"PUT /cluster/sdn count=1 lost\n",
		"POST /cluster/sdn/lock count=1 lost\n",
		"POST /access/groups count=1 lost\n",
		"PUT /access/groups/* count=1 lost\n",
		"POST /cluster/sdn/vnets count=1 drop\n",
		"PUT /cluster/sdn count=1 drop\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		auto_lab struct lab lab;
		auto_free char *running = NULL;

		sdn_lab_create(&lab, 9, 7);
		sdn_lab_faults(&lab, faults[i]);
		if (lab_task(
			    &lab, "pxc_sdn",
			    "{\"project\":\"acme\",\"networks\":[{\"name\":\"a\",\"subnets\":[{\"cidr\":\"10.0.0.0/24\"}]},{\"name\":\"b\"}]}") <
		    0)
			fail_msg("%s%s", faults[i], lab.err.msg);
		assert_true(json_is_true(json_object_get(lab.result, "changed")));
		running = sdn_lab_state(&lab, true);
		if (!plan_fits("tenant / n* n* / tenant-10.0.0.0-24", running))
			fail_msg("%s%s", faults[i], running);
		sdn_lab_is_clean(&lab);
	}
}

static void a_failed_apply_is_a_failure_but_no_undoing(void **state)
{
	auto_lab struct lab lab;
	auto_free char *running = NULL;

	(void)state;
	sdn_lab_create(&lab, 9, 8);
	sdn_lab_faults(&lab, "PUT /cluster/sdn fail=\"no workers\"\n");
	assert_int_equal(lab_task(&lab, "pxc_sdn", TWO), -1);
	assert_non_null(strstr(lab.err.msg, "no workers"));
	running = sdn_lab_state(&lab, true);
	assert_true(plan_fits("tenant / n* n* / ", running));
	assert_true(json_is_true(json_object_get(lab.result, "changed")));
	sdn_lab_is_clean(&lab);
	sdn_lab_faults(&lab, "");
	lab_must(&lab, "pxc_sdn", TWO);
	assert_true(json_is_true(json_object_get(lab.result, "changed")));
	sdn_lab_is_clean(&lab);
}

static void a_node_that_stays_in_error_is_named(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	sdn_lab_create(&lab, 9, 9);
	sdn_lab_ask(&lab, "POST", "!/sim/sdn?node=pve2&reload=fail", NULL);
	assert_int_equal(lab_task(&lab, "pxc_sdn", BLUE("")), -1);
	assert_non_null(strstr(lab.err.msg, "node pve2 could not take zone tenant over"));
	assert_true(json_is_true(json_object_get(lab.result, "changed")));
	sdn_lab_is_clean(&lab);
	/* The next run tries again, and fails again, until the node works. */
	assert_int_equal(lab_task(&lab, "pxc_sdn", BLUE("")), -1);
	assert_non_null(strstr(lab.err.msg, "node pve2 could not take zone tenant over"));
	writes = lab_writes(&lab);
	assert_string_equal(writes, TAKE APPLY GIVE);
	sdn_lab_ask(&lab, "POST", "!/sim/sdn?node=pve2&reload=ok", NULL);
	lab_must(&lab, "pxc_sdn", BLUE(""));
	free(writes);
	lab_must(&lab, "pxc_sdn", BLUE(""));
	writes = lab_writes(&lab);
	assert_string_equal(writes, "");
}

static void a_node_that_does_not_reload_in_time_is_named(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	sdn_lab_create(&lab, 9, 10);
	sdn_lab_faults(&lab, "PUT /nodes/pve3/network status=595\n");
	assert_int_equal(lab_task(&lab, "pxc_sdn", BLUE("")), -1);
	assert_non_null(strstr(lab.err.msg, "pve3"));
	sdn_lab_is_clean(&lab);
	sdn_lab_faults(&lab, "");
	lab_must(&lab, "pxc_sdn", BLUE(""));
	sdn_lab_is_clean(&lab);
}

/* PVE 8 has neither lock nor rollback. */
static void on_pve_8_it_works_without(void **state)
{
	auto_lab struct lab lab;
	auto_free char *id = NULL, *writes = NULL, *wanted = NULL, *again = NULL;

	(void)state;
	sdn_lab_create(&lab, 8, 12);
	id = id_of_blue(&lab);
	lab_must(&lab, "pxc_sdn", BLUE(WITH_SUBNET));
	writes = lab_writes(&lab);
	wanted = with_id(
		GROUP
		"POST /cluster/sdn/lock\n"
		"POST /cluster/sdn/zones bridge=vmbr0&type=vlan&zone=tenant\n"
		"POST /cluster/sdn/vnets alias=*&tag=100&vnet=@&zone=tenant\n"
		"POST /cluster/sdn/vnets/@/subnets dhcp-range=start-address%3D10.20.0.10%2Cend-address%3D10.20.0.99&"
		"gateway=10.20.0.1&subnet=10.20.0.0%2F24&type=subnet\n"
		"PUT /cluster/sdn\nDELETE /access/groups/pxc-lock-sdn\n",
		id);
	assert_string_equal(writes, wanted);
	lab_must(&lab, "pxc_sdn", BLUE(WITH_SUBNET));
	again = lab_writes(&lab);
	assert_string_equal(again, "");
	sdn_lab_is_clean(&lab);
}

/* What has to be known for a refusal is read: subnets of other projects, when one's own network gets one more. */
static void what_a_refusal_needs_is_read(void **state)
{
	static const struct {
		const char *task, *why;
	} refused[] = {
		{ BLUE(",\"subnets_mode\":\"merge\",\"subnets\":[{\"cidr\":\"10.20.0.0/16\"}]"),
		  "overlaps one of another project in zone tenant" },
		{ BLUE(",\"state\":\"absent\""), "is in use by vm 101 (web)" },
		{ BLUE(",\"new_name\":\"green\",\"state\":\"absent\""),
		  "is in use by vm 101 (web)" },
		{ BLUE(",\"subnets\":[]"), "vm 101 (web) has addresses in it" },
		{ "{\"kind\":\"provider\",\"name\":\"x\",\"zone\":\"far\",\"zone_type\":\"vlan\",\"bridge\":\"vmbr9\",\"tag\":7}",
		  "has no bridge vmbr9" },
	};
	auto_lab struct lab lab;
	auto_free char *id = NULL, *form = NULL;

	(void)state;
	sdn_lab_create(&lab, 9, 15);
	lab_must(&lab, "pxc_sdn", BLUE(",\"subnets\":[{\"cidr\":\"10.30.0.0/24\"}]"));
	id = id_of_blue(&lab);
	lab_must(&lab, "pxc_sdn",
		 "{\"project\":\"beta\",\"name\":\"b\",\"subnets\":[{\"cidr\":\"10.20.7.0/24\"}]}");
	form = pxc_printf(
		"vmid=101&name=web&net0=virtio%%2Cbridge%%3D%s&ipconfig0=ip%%3D10.30.0.9%%2F24",
		id);
	sdn_lab_ask(&lab, "POST", "/nodes/pve1/qemu", form);
	sim_advance(lab.sim, 20000);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		auto_free char *writes = NULL;

		if (lab_task(&lab, "pxc_sdn", refused[i].task) == 0)
			fail_msg("%s", refused[i].task);
		if (!strstr(lab.err.msg, refused[i].why))
			fail_msg("%s: %s", refused[i].task, lab.err.msg);
		writes = lab_writes(&lab);
		assert_string_equal(writes, "");
	}
}

/* PVE shows the subnets of such a vnet no more, which is no reason to fail in other words. */
static void a_network_whose_removal_waits_is_named(void **state)
{
	auto_free char *path = NULL, *subnet = NULL;
	auto_lab struct lab lab;

	(void)state;
	sdn_lab_create(&lab, 9, 12);
	lab_must(&lab, "pxc_sdn", BLUE(WITH_SUBNET));
	path = pxc_printf(
		"/cluster/sdn/vnets/%s",
		json_string_value(json_object_get(json_object_get(lab.result, "network"), "vnet")));
	subnet = pxc_printf("%s/subnets/tenant-10.20.0.0-24", path);
	sdn_lab_ask(&lab, "DELETE", subnet, "");
	sdn_lab_ask(&lab, "DELETE", path, "");
	assert_int_equal(
		lab_task(
			&lab, "pxc_sdn",
			"{\"project\":\"acme\",\"name\":\"green\",\"subnets\":[{\"cidr\":\"10.21.0.0/24\"}]}"),
		-1);
	assert_non_null(strstr(lab.err.msg, "(deleted)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_sends_exactly_these_writes),
		cmocka_unit_test(many_networks_are_one_transaction),
		cmocka_unit_test(check_mode_predicts_what_is_done),
		cmocka_unit_test(what_a_refusal_needs_is_read),
		cmocka_unit_test(the_difference_has_what_pve_itself_writes),
		cmocka_unit_test(what_fails_before_it_is_applied_is_rolled_back),
		cmocka_unit_test(a_rollback_that_fails_is_said),
		cmocka_unit_test(a_write_without_an_answer_is_rolled_back_and_done_again),
		cmocka_unit_test(a_failed_apply_is_a_failure_but_no_undoing),
		cmocka_unit_test(a_node_that_stays_in_error_is_named),
		cmocka_unit_test(a_node_that_does_not_reload_in_time_is_named),
		cmocka_unit_test(on_pve_8_it_works_without),
		cmocka_unit_test(a_network_whose_removal_waits_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
