/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

/* How the newest task of the type ended. */
static const char *ended(const struct sim *sim, const char *type)
{
	for (size_t i = sim->task_count; i-- > 0;)
		if (!strcmp(sim->tasks[i]->kind->type, type))
			return sim->tasks[i]->status ? sim->tasks[i]->status : "running";
	return "none";
}

static const char *start(struct sim *sim, const char *net)
{
	auto_free char *body = pxc_printf("net0=virtio,%s", net);

	write_ok(sim, "PUT", "/nodes/pve1/qemu/100/config", body);
	write_ok(sim, "POST", "/nodes/pve1/qemu/100/status/start", NULL);
	sim_advance(sim, 5000);
	write_ok(sim, "POST", "/nodes/pve1/qemu/100/status/stop", NULL);
	sim_advance(sim, 5000);
	return ended(sim, "qmstart");
}

static void a_start_needs_every_bridge(void **state)
{
	struct sim *sim = cluster(2, 1, NULL, NULL);

	(void)state;
	write_ok(sim, "POST", "/nodes/pve1/qemu", "vmid=100");
	sim_advance(sim, 5000);
	blue(sim);
	assert_string_equal(start(sim, "bridge=vmbr0"), "OK");
	assert_string_equal(start(sim, "bridge=vmbr9"), "bridge 'vmbr9' does not exist");
	assert_string_equal(start(sim, "bridge=blue"), "bridge 'blue' does not exist");
	apply(sim);
	assert_string_equal(start(sim, "bridge=blue"), "OK");
	assert_string_equal(start(sim, "bridge=blue,tag=5"),
			    "start failed: QEMU exited with code 1");
	write_ok(sim, "PUT", ZONES "/tenants", "nodes=pve2");
	apply(sim);
	assert_string_equal(start(sim, "bridge=blue"), "bridge 'blue' does not exist");
	sim_free(sim);
}

static void a_card_that_cannot_be_plugged_in_waits(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	struct answer put auto_answer = { 0 };

	(void)state;
	write_ok(sim, "POST", "/nodes/pve1/qemu", "vmid=100&start=1");
	sim_advance(sim, 8000);
	put = ask(sim, "PUT", "/nodes/pve1/qemu/100/config",
		  "net0=virtio,bridge=blue&net1=virtio,bridge=vmbr0&name=x");
	assert_int_equal(put.reply.status, 400);
	assert_string_equal(text_of(json_object_get(put.body, "errors"), "net0"),
			    "hotplug problem - bridge 'blue' does not exist\n");
	assert_non_null(json_object_get(sim_guest_find(sim, 100)->pending, "net0"));
	assert_non_null(json_object_get(sim_guest_find(sim, 100)->config, "net1"));
	assert_string_equal(text_of(sim_guest_find(sim, 100)->config, "name"), "x");
	write_ok(sim, "POST", "/nodes/pve1/qemu/100/config", "net2=virtio,bridge=blue");
	sim_advance(sim, 8000);
	assert_string_equal(ended(sim, "qmconfig"),
			    "400 Parameter verification failed. net2: hotplug problem - bridge "
			    "'blue' does not exist");
	blue(sim);
	apply(sim);
	write_ok(sim, "PUT", "/nodes/pve1/qemu/100/config", "net0=virtio,bridge=blue");
	assert_null(json_object_get(sim_guest_find(sim, 100)->pending, "net0"));
	sim_free(sim);
}

static void a_running_guest_does_not_move_where_its_vnet_is_not(void **state)
{
	struct sim *sim = cluster(2, 1, NULL, NULL);

	(void)state;
	blue(sim);
	write_ok(sim, "PUT", ZONES "/tenants", "nodes=pve1");
	apply(sim);
	write_ok(sim, "POST", "/nodes/pve1/qemu", "vmid=100&net0=virtio,bridge=blue&start=1");
	sim_advance(sim, 8000);
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_RUNNING);
	write_ok(sim, "POST", "/nodes/pve1/qemu/100/migrate", "target=pve2&online=1");
	sim_advance(sim, 20000);
	assert_string_equal(ended(sim, "qmigrate"), "migration problems");
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve1");
	assert_null(sim_guest_find(sim, 100)->lock);
	write_ok(sim, "POST", "/nodes/pve1/qemu/100/status/stop", NULL);
	sim_advance(sim, 5000);
	write_ok(sim, "POST", "/nodes/pve1/qemu/100/migrate", "target=pve2");
	sim_advance(sim, 20000);
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve2");
	sim_free(sim);
}

static void a_card_in_a_vnet_needs_the_right_on_it(void **state)
{
	struct sim *sim =
		cluster(1, 1, "{\"users\": {\"joe@pve\": {\"password\": \"Secret123\"}}}", NULL);
	struct answer made auto_answer =
		ask(sim, "POST", "/access/users/joe@pve/token/tt", "privsep=0");
	auto_free char *header = pxc_printf("Authorization: PVEAPIToken=joe@pve!tt=%s",
					    text_of(data_of(&made), "value"));
	struct answer no auto_answer = { 0 }, yes auto_answer = { 0 };

	(void)state;
	blue(sim);
	write_ok(sim, "PUT", "/access/acl", "path=/vms&roles=PVEVMAdmin&users=joe@pve");
	no = ask_as(sim, header, "POST", "/nodes/pve1/qemu", "vmid=100&net0=virtio,bridge=blue");
	assert_string_equal(no.reply.reason,
			    "Permission check failed (/sdn/zones/tenants/blue, SDN.Use)");
	write_ok(sim, "PUT", "/access/acl",
		 "path=/sdn/zones/tenants&roles=PVESDNUser&users=joe@pve");
	yes = ask_as(sim, header, "POST", "/nodes/pve1/qemu", "vmid=100&net0=virtio,bridge=blue");
	assert_int_equal(yes.reply.status, 200);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_needs_every_bridge),
		cmocka_unit_test(a_card_that_cannot_be_plugged_in_waits),
		cmocka_unit_test(a_running_guest_does_not_move_where_its_vnet_is_not),
		cmocka_unit_test(a_card_in_a_vnet_needs_the_right_on_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
