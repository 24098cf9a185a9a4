/* SPDX-License-Identifier: GPL-3.0-or-later */
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
#include "sim/sim.h"

static void ask(struct lab *lab, const char *method, const char *path, const char *body)
{
	auto_free char *auth =
		pxc_printf("Authorization: PVEAPIToken=root@pam!test=%s", lab->secret);
	auto_free char *target = pxc_printf("/api2/json%s", path);
	const char *headers[] = { auth, "Content-Type: application/x-www-form-urlencoded", NULL };
	struct sim_reply reply = { .status = 0 };

	sim_request(lab->sim, method, target, headers, body, strlen(body), &reply);
	if (reply.status != 200)
		fail_msg("%s %s: %d %s", method, path, reply.status, reply.reason);
	sim_reply_release(&reply);
}

/* Two networks of acme and one of beta in a zone where PVE itself gives out addresses, one VM on each of the first and last. */
static void prepare(struct lab *lab)
{
	lab_create(lab, 7);
	lab_prepare(lab);
	lab_must(lab, "pxc_project", "{\"name\":\"beta\"}");
	lab_must(lab, "pxc_cloud",
		 "{\"domain\":\"example.org\",\"storage\":\"shared\",\"bridge\":\"vmbr0\","
		 "\"tenant_zones\":[{\"name\":\"lab\",\"type\":\"simple\",\"ipam\":\"pve\","
		 "\"dhcp\":\"dnsmasq\",\"default\":true}]}");
	lab_must(
		lab, "pxc_sdn",
		"{\"networks\":[{\"project\":\"acme\",\"name\":\"blue\",\"vnet\":\"nblue\","
		"\"subnets\":[{\"cidr\":\"10.20.0.0/24\",\"ranges\":[\"10.20.0.10-10.20.0.19\"]}]},"
		"{\"project\":\"acme\",\"name\":\"green\",\"vnet\":\"ngreen\"},"
		"{\"project\":\"beta\",\"name\":\"red\",\"vnet\":\"nred\",\"shared_with\":[\"acme\"],"
		"\"subnets\":[{\"cidr\":\"10.30.0.0/24\"}]}]}");
	lab_must(lab, "pxc_vm",
		 "{\"project\":\"acme\",\"name\":\"a\",\"flavor\":\"small\",\"networks\":"
		 "[{\"bridge\":\"nblue\",\"ip\":\"10.20.0.10/24\"}]}");
	lab_must(lab, "pxc_vm",
		 "{\"project\":\"beta\",\"name\":\"b\",\"flavor\":\"small\",\"networks\":"
		 "[{\"bridge\":\"nred\",\"ip\":\"10.30.0.10/24\"}]}");
}

static json_t *network(const struct lab *lab, const char *vnet)
{
	size_t i;
	json_t *item;

	json_array_foreach (json_object_get(lab->result, "networks"), i, item)
		if (str_eq(json_string_value(json_object_get(item, "vnet")), vnet))
			return item;
	return NULL;
}

static void check(const struct lab *lab, const char *vnet, const char *key, const char *wanted)
{
	const json_t *value = json_object_get(network(lab, vnet), key);
	auto_free char *got =
		value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
		      : pxc_strdup("nothing");

	if (!plan_fits(wanted, got))
		fail_msg("%s of %s:\n  wanted %s\n  got    %s", key, vnet, wanted, got);
}

static size_t requests(const struct lab *lab, const char *what)
{
	size_t n = 0;

	for (const char *p = buf_str(&lab->log); (p = strstr(p, what)); p++)
		n++;
	return n;
}

static size_t count(const struct lab *lab, const char *list)
{
	return json_array_size(json_object_get(lab->result, list));
}

static void a_list_asks_for_networks_and_nodes_only(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	lab_must(&lab, "pxc_info", "{\"gather\":[\"networks\",\"usage\"]}");
	assert_int_equal(count(&lab, "networks"), 3);
	check(&lab, "nblue", "zone_status",
	      "{\"pve1\":\"available\",\"pve2\":\"available\",\"pve3\":\"available\"}");
	check(&lab, "nblue", "project", "\"acme\"");
	check(&lab, "nred", "shared_with", "[\"acme\"]");
	check(&lab, "nblue", "used", "nothing");
	assert_int_equal(requests(&lab, "/subnets"), 3);
	assert_int_equal(requests(&lab, "/sdn/zones\n"), 3);
	assert_int_equal(requests(&lab, "/qemu"), 0);
	assert_int_equal(requests(&lab, "/ipams/"), 0);
	assert_int_equal(requests(&lab, "\n"), 5 + 4 + 3 + 3);
	/* Of one project: its own, and what is shared with it. */
	lab_must(&lab, "pxc_info", "{\"gather\":[\"networks\"],\"project\":\"beta\"}");
	assert_int_equal(count(&lab, "networks"), 1);
	assert_int_equal(requests(&lab, "/subnets"), 1);
	lab_must(&lab, "pxc_info",
		 "{\"gather\":[\"networks\"],\"names\":[\"blue\",\"nred\"],\"fields\":[\"name\"]}");
	assert_int_equal(count(&lab, "networks"), 2);
	assert_int_equal(
		json_object_size(json_array_get(json_object_get(lab.result, "networks"), 0)), 1);
	/* Networks are read only when they are named. */
	lab_must(&lab, "pxc_info", "{\"gather\":[\"all\"]}");
	assert_null(json_object_get(lab.result, "networks"));
	assert_int_equal(requests(&lab, "/sdn/"), 0);
}

static void guests_are_read_for_addresses(void **state)
{
	const json_t *usage;
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	lab_must(&lab, "pxc_info", "{\"gather\":[\"addresses\",\"usage\"]}");
	check(&lab, "nblue", "used", "1");
	check(&lab, "nblue", "addresses",
	      "[{\"ip\":\"10.20.0.10\",\"used_by\":\"vm acme/a (*)\"}]");
	check(&lab, "nblue", "subnets", "[{*\"free\":9,*}]");
	check(&lab, "ngreen", "used", "0");
	check(&lab, "nblue", "drift", "[]");
	usage = json_array_get(json_object_get(lab.result, "usage"), 0);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(usage, "networks"), "used")), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(usage, "subnets"), "used")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(usage, "ips"), "used")),
			 1);
	assert_int_equal(requests(&lab, "/ipams/pve/status"), 1);
	/* Who looks for one project does not learn the names of others' VMs. */
	lab_must(&lab, "pxc_info", "{\"gather\":[\"addresses\"],\"project\":\"acme\"}");
	assert_int_equal(count(&lab, "networks"), 3);
	check(&lab, "nred", "addresses", "[{\"ip\":\"10.30.0.10\",\"used_by\":\"somebody else\"}]");
}

static void a_guest_that_was_read_is_not_read_twice(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	lab_must(&lab, "pxc_info", "{\"gather\":[\"addresses\",\"vms\"]}");
	assert_int_equal(requests(&lab, "/pending"), 3); /* and the template */
	check(&lab, "nblue", "used", "1");
	assert_int_equal(count(&lab, "vms"), 2);
}

static void guests_that_cannot_be_read_are_told(void **state)
{
	auto_lab struct lab lab;
	const json_t *warnings;

	(void)state;
	prepare(&lab);
	lab_must(&lab, "pxc_vm",
		 "{\"project\":\"acme\",\"name\":\"c\",\"flavor\":\"small\",\"node\":\"pve3\"}");
	assert_int_equal(sim_event(lab.sim, "kill", "pve3"), 0);
	sim_advance(lab.sim, 120000);
	lab_must(&lab, "pxc_info", "{\"gather\":[\"addresses\"]}");
	warnings = json_object_get(lab.result, "warnings");
	assert_int_equal(json_array_size(warnings), 1);
	assert_non_null(strstr(json_string_value(json_array_get(warnings, 0)),
			       "addresses of guests that cannot be read are not counted"));
	check(&lab, "nblue", "zone_status", "{\"pve1\":\"available\",\"pve2\":\"available\"}");
}

/* What PVE has registered for it is not left over, and what it says of addresses is nobody's. */
static void templates_have_cards_but_no_addresses(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	ask(&lab, "PUT", "/nodes/pve1/qemu/9000/config",
	    "net0=virtio%3DBC%3A24%3A11%3A00%3A00%3A77%2Cbridge%3Dnblue&ipconfig0=ip%3D10.20.0.17%2F24");
	lab_must(&lab, "pxc_info", "{\"gather\":[\"addresses\"]}");
	check(&lab, "nblue", "used", "1");
	check(&lab, "nblue", "drift", "[]");
}

static void what_is_left_in_the_ipam_is_found(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	ask(&lab, "POST", "/cluster/sdn/vnets/nblue/ips",
	    "zone=lab&ip=10.20.0.15&mac=BC:24:11:00:00:99");
	lab_must(&lab, "pxc_info", "{\"gather\":[\"addresses\"]}");
	check(&lab, "nblue", "drift",
	      "[*\"10.20.0.15 is registered in PVE's IPAM for BC:24:11:00:00:99, *\"*]");
	check(&lab, "nblue", "subnets", "[{*\"free\":8,*}]");
	check(&lab, "nred", "drift", "[]");
}

static void vnets_of_others_are_listed(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	ask(&lab, "POST", "/cluster/sdn/vnets", "vnet=office&zone=lab&alias=The%20office");
	ask(&lab, "PUT", "/cluster/sdn/vnets/ngreen",
	    "alias=%5Bpxc%2F1%20t%3Dnet%20id%3Dnet.ngreen%20p%3Dacme%20n%3Dgreen%20s%3D0000000000000000%5D");
	ask(&lab, "PUT", "/cluster/sdn", "");
	sim_advance(lab.sim, 30000);
	lab_must(&lab, "pxc_info", "{\"gather\":[\"networks\"]}");
	check(&lab, "office", "kind", "nothing");
	check(&lab, "office", "tampered", "nothing");
	check(&lab, "office", "description", "\"The office\"");
	check(&lab, "ngreen", "kind", "nothing");
	check(&lab, "ngreen", "name", "\"green\"");
	check(&lab, "ngreen", "tampered", "\"*\"");
	lab_must(&lab, "pxc_info", "{\"gather\":[\"networks\"],\"project\":\"acme\"}");
	assert_null(network(&lab, "office"));
	assert_non_null(network(&lab, "ngreen"));
}

static void a_project_is_not_removed_before_its_networks(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	assert_int_equal(lab_task(&lab, "pxc_project",
				  "{\"name\":\"acme\",\"state\":\"absent\",\"purge\":\"all\"}"),
			 -1);
	assert_string_equal(
		lab.err.msg,
		"project acme still has networks blue, green: remove them with pxc_sdn first");
	assert_int_equal(requests(&lab, "DELETE "), 0);
	lab_must(&lab, "pxc_vm", "{\"project\":\"acme\",\"name\":\"a\",\"state\":\"absent\"}");
	lab_must(
		&lab, "pxc_sdn",
		"{\"project\":\"acme\",\"state\":\"absent\",\"networks\":[{\"name\":\"blue\"},{\"name\":\"green\"}]}");
	lab_must(&lab, "pxc_project", "{\"name\":\"acme\",\"state\":\"absent\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_asks_for_networks_and_nodes_only),
		cmocka_unit_test(guests_are_read_for_addresses),
		cmocka_unit_test(a_guest_that_was_read_is_not_read_twice),
		cmocka_unit_test(guests_that_cannot_be_read_are_told),
		cmocka_unit_test(templates_have_cards_but_no_addresses),
		cmocka_unit_test(what_is_left_in_the_ipam_is_found),
		cmocka_unit_test(vnets_of_others_are_listed),
		cmocka_unit_test(a_project_is_not_removed_before_its_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
