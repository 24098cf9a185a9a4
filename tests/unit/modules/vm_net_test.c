/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cards on networks, against the simulated cluster: what is sent, what is left after a run that was cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/task.h"
#include "sim/sdn.h"

#define LOCK(name) "POST /access/groups comment=*&groupid=pxc-lock-" name "\n"
#define UNLOCK(name) "DELETE /access/groups/pxc-lock-" name "\n"
#define VM "\"project\":\"acme\",\"name\":\"a\""
#define MAKE VM ",\"cores\":1,\"memory\":512,\"power\":\"stopped\",\"node\":\"pve1\""

/* Two networks of acme in a zone of this kind. */
static void make(struct lab *lab, const char *zone)
{
	auto_free char *task = pxc_printf(
		"{\"kind\":\"provider\",\"zone\":\"tenant\",%s,\"shared_with\":[\"acme\"],\"networks\":["
		"{\"name\":\"blue\",\"vnet\":\"n1\",\"subnets\":[{\"cidr\":\"10.20.0.0/24\",\"gateway\":\"10.20.0.1\","
		"\"ranges\":[\"10.20.0.10-10.20.0.49\"]}]},"
		"{\"name\":\"green\",\"vnet\":\"n2\",\"subnets\":[{\"cidr\":\"10.30.0.0/24\",\"gateway\":\"10.30.0.1\"}]}]}",
		zone);

	lab_prepare(lab);
	lab_must(lab, "pxc_sdn", task);
}

#define PLAIN "\"zone_type\":\"simple\""
#define STATIC "\"zone_type\":\"simple\",\"ipam\":\"pve\""
#define DHCP "\"zone_type\":\"simple\",\"ipam\":\"pve\",\"dhcp\":\"dnsmasq\""

/* PVE's own list: "10.20.0.10 10.30.0.1 ", gateways too. */
static char *listed(const struct lab *lab)
{
	struct pxc_buf out = { .data = NULL };
	const char *zone, *cidr, *ip;
	json_t *subnets, *ips, *entry;

	json_object_foreach (lab->sim->sdn->ipam, zone, subnets)
		json_object_foreach (subnets, cidr, ips)
			json_object_foreach (ips, ip, entry)
				if (!json_object_get(entry, "gateway"))
					buf_printf(&out, "%s ", ip);
	buf_adds(&out, "");
	return buf_take(&out);
}

static void expect_listed(const struct lab *lab, const char *want)
{
	auto_free char *got = listed(lab);

	assert_string_equal(got, want);
}

struct row {
	const char *name, *task, *writes;
};

static void play(struct lab *lab, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *task = pxc_printf("{%s}", rows[i].task);
		auto_free char *writes = NULL;
		int r = lab_task(lab, "pxc_vm", task);

		writes = lab_writes(lab);
		if (*rows[i].writes == '!' && r < 0 && plan_fits(rows[i].writes + 1, lab->err.msg))
			continue;
		if (r < 0 || !plan_fits(rows[i].writes, writes))
			fail_msg("%s:\nwanted\n%sgot\n%s%s", rows[i].name, rows[i].writes, writes,
				 lab->err.msg);
	}
}

static const struct row plain_rows[] = {
	{ "made", MAKE ",\"networks\":[{\"network\":\"blue\"}]",
	  LOCK("net.n1") LOCK(
		  "project.acme") "POST /nodes/pve1/qemu *ipconfig0=gw%3D10.20.0.1%2Cip%3D10.20.0.10%2F24&*"
				  "net0=virtio%2Cbridge%3Dn1&*" UNLOCK("project.acme")
					  UNLOCK("net.n1") },
	{ "there", MAKE ",\"networks\":[{\"network\":\"blue\"}]", "" },
	{ "in check mode",
	  VM ",\"networks\":[{},{\"network\":\"green\"}],\"_ansible_check_mode\":true", "" },
	{ "a second card", VM ",\"networks\":[{},{\"network\":\"green\"}]",
	  LOCK("net.n2") LOCK(
		  "project.acme") "PUT /nodes/pve1/qemu/100/config description=*&digest=*&"
				  "ipconfig1=ip%3D10.30.0.2%2F24&net1=virtio%2Cbridge%3Dn2\n" UNLOCK(
					  "project.acme") UNLOCK("net.n2") },
	{ "moved", VM ",\"networks\":[{\"network\":\"green\"}]",
	  LOCK("net.n2")
		  LOCK("project.acme") "PUT *ipconfig0=gw%3D10.30.0.1%2Cip%3D10.30.0.3%2F24&*" UNLOCK(
			  "project.acme") UNLOCK("net.n2") },
	{ "a fixed one, which was released",
	  VM ",\"networks\":[{\"network\":\"blue\",\"ip\":\"10.20.0.10\"}]", "*10.20.0.10*" },
	{ "taken",
	  "\"project\":\"acme\",\"name\":\"b\",\"cores\":1,\"memory\":512,\"networks\":[{\"network\":\"blue\",\"ip\":\"10.20.0.10\"}]",
	  "!*10.20.0.10 of network blue belongs to vm acme/a (100)" },
	{ "a card goes", VM ",\"networks\":[{\"state\":\"absent\",\"slot\":\"net1\"}]",
	  "PUT /nodes/pve1/qemu/100/config delete=net1%2Cipconfig1&description=*&digest=*\n" },
	{ "all go", VM ",\"state\":\"absent\"", "DELETE /nodes/pve1/qemu/100 *" },
};

static void each_task_sends_exactly_these_writes(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 1);
	make(&lab, PLAIN);
	play(&lab, plain_rows, ARRAY_SIZE(plain_rows));
}

#define IPS(n) "/cluster/sdn/vnets/" n "/ips"

static void addresses_are_registered_first_and_released_first(void **state)
{
	static const struct row rows[] = {
		{ "made", MAKE ",\"networks\":[{\"network\":\"blue\"}]",
		  LOCK("net.n1") LOCK("project.acme") "POST " IPS(
			  "n1") " ip=10.20.0.10&mac=BC*&zone=tenant\nPOST /nodes/pve1/qemu *" },
		{ "there", MAKE ",\"networks\":[{\"network\":\"blue\"}]", "" },
		{ "moved", VM ",\"networks\":[{\"network\":\"green\"}]",
		  LOCK("net.n1") LOCK("net.n2") LOCK("project.acme") "POST " IPS(
			  "n2") " ip=10.30.0.2&mac=BC*&zone=tenant\n"
				"DELETE " IPS("n1") " ip=10.20.0.10&mac=BC*&zone=tenant\nPUT *" },
		{ "gone", VM ",\"state\":\"absent\"",
		  LOCK("net.n2") "DELETE " IPS(
			  "n2") " ip=10.30.0.2&mac=BC*&zone=tenant\nDELETE /nodes/pve1/qemu/100 *" },
	};
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 2);
	make(&lab, STATIC);
	play(&lab, rows, 2);
	expect_listed(&lab, "10.20.0.10 ");
	play(&lab, rows + 2, 1);
	expect_listed(&lab, "10.30.0.2 ");
	play(&lab, rows + 3, 1);
	expect_listed(&lab, "");
}

static void keep(struct lab *lab, const char *ip)
{
	struct pxc_err err;

	assert_int_equal(sdn_ipam_add(lab->sim, sdn_find(lab->sim, SDN_ZONE, "tenant"),
				      "tenant-10.20.0.0-24", ip, json_object(), &err),
			 0);
}

/* Somebody has registered addresses by hand, where PVE shows nobody its list. */
static void what_pve_has_already_is_left_out(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 3);
	make(&lab, STATIC);
	for (int i = 10; i < 18; i++) {
		auto_free char *ip = pxc_printf("10.20.0.%d", i);

		keep(&lab, ip);
	}
	lab_must(&lab, "pxc_vm", "{" MAKE ",\"networks\":[{\"network\":\"blue\"}]}");
	expect_listed(
		&lab,
		"10.20.0.10 10.20.0.11 10.20.0.12 10.20.0.13 10.20.0.14 10.20.0.15 10.20.0.16 "
		"10.20.0.17 10.20.0.28 ");
	lab_must(&lab, "pxc_vm",
		 "{\"project\":\"acme\",\"name\":\"b\",\"cores\":1,\"memory\":512,"
		 "\"networks\":[{\"network\":\"blue\",\"ip\":\"10.20.0.12\"}]}");
	assert_non_null(strstr(
		json_string_value(json_array_get(json_object_get(lab.result, "warnings"), 0)),
		"10.20.0.12 of network blue is registered in PVE's IPAM already"));
}

/* PVE takes an address for each new MAC address in such a zone. */
static void what_pve_takes_by_itself_is_given_back(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 4);
	make(&lab, DHCP);
	lab_must(&lab, "pxc_vm", "{" MAKE ",\"networks\":[{\"network\":\"blue\"}]}");
	expect_listed(&lab, "10.20.0.10 ");
	lab_must(&lab, "pxc_vm",
		 "{" VM ",\"networks\":[{\"network\":\"blue\"}],\"power\":\"running\"}");
	expect_listed(&lab, "10.20.0.10 ");
	lab_must(&lab, "pxc_vm", "{" VM ",\"networks\":[{\"network\":\"blue\"}]}");
	assert_false(json_is_true(json_object_get(lab.result, "changed")));
	lab_must(&lab, "pxc_vm",
		 "{" VM ",\"networks\":[{},{\"network\":\"blue\",\"ip\":\"10.20.0.60\"}]}");
	expect_listed(&lab, "10.20.0.10 10.20.0.60 ");
	lab_must(&lab, "pxc_vm", "{" VM ",\"networks\":[{\"state\":\"absent\"}]}");
	expect_listed(&lab, "10.20.0.60 ");
	lab_must(&lab, "pxc_vm", "{" VM ",\"state\":\"absent\",\"force_stop\":true}");
	expect_listed(&lab, "");
}

/* A VM that cannot be made gives its address back; one that cannot be changed keeps the one it has. */
static void what_was_registered_in_vain_is_given_back(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 5);
	make(&lab, STATIC);
	assert_int_equal(
		lab_task(&lab, "pxc_vm",
			 "{" MAKE
			 ",\"networks\":[{\"network\":\"blue\"}],\"config\":{\"nosuch\":\"1\"}}"),
		-1);
	expect_listed(&lab, "");
	lab_must(&lab, "pxc_vm", "{" MAKE ",\"networks\":[{\"network\":\"blue\"}]}");
	expect_listed(&lab, "10.20.0.10 ");
	assert_int_equal(
		lab_task(&lab, "pxc_vm",
			 "{" VM
			 ",\"networks\":[{\"network\":\"green\"}],\"config\":{\"nosuch\":\"1\"}}"),
		-1);
	expect_listed(&lab, "10.20.0.10 ");
}

/* --- cut off ----------------------------------------------------------------------------------------------- */

static const char *address_of(const struct lab *lab, const char *name)
{
	const json_t *vms = json_object_get(lab->result, "vms");
	size_t i;
	json_t *vm;

	json_array_foreach (vms, i, vm)
		if (str_eq(json_string_value(json_object_get(vm, "name")), name))
			return json_string_value(json_object_get(
				json_array_get(json_object_get(vm, "networks"), 0), "ip"));
	return NULL;
}

/*
 * Two VMs are made, and the run is killed at each of its requests, before or after the server has done it: the next one ends
 * with two addresses, registered, none twice. What was registered and never used stays behind, at most one for each VM.
 */
static void killed_anywhere(const char *zone, bool before)
{
	static const char task[] =
		"{\"project\":\"acme\",\"cores\":1,\"memory\":512,\"task_timeout\":3600,"
		"\"networks\":[{\"network\":\"blue\"}],\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}";

	for (unsigned long at = 1;; at++) {
		auto_lab struct lab lab;
		auto_free char *list = NULL, *a = NULL, *b = NULL;
		size_t n = 0;

		lab_create(&lab, 6);
		make(&lab, zone);
		*(before ? &lab.kill_before : &lab.kill_after) = at;
		(void)lab_task(&lab, "pxc_vm", task);
		if (!lab.killed)
			return;
		lab_must(&lab, "pxc_vm", task);
		assert_non_null(address_of(&lab, "a"));
		assert_non_null(address_of(&lab, "b"));
		assert_string_not_equal(address_of(&lab, "a"), address_of(&lab, "b"));
		a = pxc_printf("%s ", address_of(&lab, "a"));
		b = pxc_printf("%s ", address_of(&lab, "b"));
		list = listed(&lab);
		if (str_eq(zone, PLAIN)) {
			assert_string_equal(list, "");
		} else {
			assert_non_null(strstr(list, a));
			assert_non_null(strstr(list, b));
			for (const char *p = list; (p = strchr(p, ' ')); p++)
				n++;
			assert_in_range(n, 2, 4);
		}
		lab_must(&lab, "pxc_vm", task);
		assert_false(json_is_true(json_object_get(lab.result, "changed")));
	}
}

/* A card goes to another network, and one more comes: what it had is released in the end, what it has is registered. */
static void moved_by_a_run_that_was_cut_off(const char *zone)
{
	static const char task[] =
		"{\"project\":\"acme\",\"task_timeout\":3600,\"vms\":[{\"name\":\"a\",\"networks\":["
		"{\"network\":\"green\"},{\"network\":\"blue\",\"ip\":\"10.20.0.60\"}]}]}";

	for (unsigned long at = 1;; at++) {
		auto_lab struct lab lab;
		auto_free char *list = NULL, *has = NULL;
		bool killed;

		lab_create(&lab, 9);
		make(&lab, zone);
		lab_must(&lab, "pxc_vm", "{" MAKE ",\"networks\":[{\"network\":\"blue\"}]}");
		lab.kill_after = at;
		(void)lab_task(&lab, "pxc_vm", task);
		killed = lab.killed;
		/* Registered, and not yet the VM's: nobody can tell whose it is. */
		if (lab_task(&lab, "pxc_vm", task) < 0) {
			assert_non_null(
				strstr(lab.err.msg, "10.20.0.60 of network blue is registered"));
			continue;
		}
		assert_non_null(address_of(&lab, "a"));
		has = pxc_printf("%s ", address_of(&lab, "a"));
		list = listed(&lab);
		assert_non_null(strstr(list, has));
		assert_non_null(strstr(list, "10.20.0.60 "));
		assert_null(strstr(list, "10.20.0.10 "));
		lab_must(&lab, "pxc_vm", task);
		assert_false(json_is_true(json_object_get(lab.result, "changed")));
		if (!killed)
			return;
	}
}

static void a_run_that_was_cut_off_is_finished(void **state)
{
	(void)state;
	killed_anywhere(PLAIN, false);
	killed_anywhere(STATIC, false);
	killed_anywhere(STATIC, true);
	killed_anywhere(DHCP, false);
	moved_by_a_run_that_was_cut_off(STATIC);
	moved_by_a_run_that_was_cut_off(DHCP);
}

/* The other way round nothing is left at all. */
static void removed_by_a_run_that_was_cut_off(const char *zone)
{
	for (unsigned long at = 1;; at++) {
		auto_lab struct lab lab;
		bool killed;

		lab_create(&lab, 7);
		make(&lab, zone);
		lab_must(&lab, "pxc_vm",
			 "{" MAKE
			 ",\"networks\":[{\"network\":\"blue\"},{\"network\":\"green\"}]}");
		lab.kill_after = at;
		(void)lab_task(&lab, "pxc_vm", "{" VM ",\"state\":\"absent\"}");
		killed = lab.killed;
		lab_must(&lab, "pxc_vm", "{" VM ",\"state\":\"absent\"}");
		expect_listed(&lab, "");
		if (!killed)
			return;
	}
}

static void removals_leave_nothing(void **state)
{
	(void)state;
	removed_by_a_run_that_was_cut_off(STATIC);
	removed_by_a_run_that_was_cut_off(DHCP);
}

/* A project that goes with its VMs gives their addresses back. */
static void a_purge_leaves_nothing_either(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 8);
	make(&lab, STATIC);
	lab_must(&lab, "pxc_vm",
		 "{" MAKE ",\"networks\":[{\"network\":\"blue\"},{\"network\":\"green\"}]}");
	expect_listed(&lab, "10.20.0.10 10.30.0.2 ");
	lab_must(&lab, "pxc_project", "{\"name\":\"acme\",\"state\":\"absent\",\"purge\":\"all\"}");
	expect_listed(&lab, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_sends_exactly_these_writes),
		cmocka_unit_test(addresses_are_registered_first_and_released_first),
		cmocka_unit_test(what_pve_has_already_is_left_out),
		cmocka_unit_test(what_pve_takes_by_itself_is_given_back),
		cmocka_unit_test(what_was_registered_in_vain_is_given_back),
		cmocka_unit_test(a_run_that_was_cut_off_is_finished),
		cmocka_unit_test(removals_leave_nothing),
		cmocka_unit_test(a_purge_leaves_nothing_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
