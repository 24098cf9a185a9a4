/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#define QEMU "/nodes/pve1/qemu"

static struct sim *with_guest(const char *options)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);
	auto_free char *form = pxc_printf("vmid=100&%s", options);

	expect(sim, "POST", QEMU, form, 200, NULL);
	sim_advance(sim, 5000);
	return sim;
}

static const char *last_status(const struct sim *sim)
{
	const char *status = sim->tasks[sim->task_count - 1]->status;

	return status ? status : "running";
}

static enum sim_run run_of(const struct sim *sim)
{
	return sim_guest_find(sim, 100)->run;
}

static void starting_and_stopping_take_their_time(void **state)
{
	struct sim *sim = with_guest("agent=1");

	(void)state;
	expect(sim, "POST", QEMU "/100/status/start", NULL, 200, NULL);
	assert_int_equal(run_of(sim), SIM_STOPPED);
	sim_advance(sim, 2000);
	assert_int_equal(run_of(sim), SIM_RUNNING);
	expect(sim, "POST", QEMU "/100/status/start", NULL, 200, NULL);
	assert_string_equal(last_status(sim), "VM 100 already running");
	expect(sim, "POST", QEMU "/100/status/shutdown", NULL, 200, NULL);
	sim_advance(sim, 3000);
	assert_int_equal(run_of(sim), SIM_STOPPED);
	expect(sim, "POST", QEMU "/100/status/stop", NULL, 200, NULL);
	assert_string_equal(last_status(sim), "OK");
	expect(sim, "POST", QEMU "/100/status/reboot", NULL, 500, "VM 100 not running");
	sim_free(sim);
}

static void a_deaf_guest_outlasts_a_shutdown(void **state)
{
	struct sim *sim = with_guest("agent=1");

	(void)state;
	expect(sim, "POST", QEMU "/100/status/start", NULL, 200, NULL);
	sim_advance(sim, 2000);
	expect(sim, "POST", "!/sim/guest?vmid=100&deaf=1", NULL, 200, NULL);
	expect(sim, "POST", QEMU "/100/status/shutdown", "timeout=10", 200, NULL);
	sim_advance(sim, 9000);
	assert_string_equal(last_status(sim), "running");
	sim_advance(sim, 2000);
	assert_string_equal(last_status(sim), "VM quit/powerdown failed - got timeout");
	assert_int_equal(run_of(sim), SIM_RUNNING);
	expect(sim, "POST", QEMU "/100/status/shutdown", "timeout=10&forceStop=1", 200, NULL);
	sim_advance(sim, 11000);
	assert_int_equal(run_of(sim), SIM_STOPPED);
	sim_free(sim);
}

static void the_agent_answers_when_the_guest_has_booted(void **state)
{
	struct sim *sim = with_guest("agent=1&net0=virtio,bridge=vmbr0&ipconfig0=ip=10.0.0.5/24");

	(void)state;
	expect(sim, "POST", QEMU "/100/agent/ping", NULL, 500, "VM 100 is not running");
	expect(sim, "POST", QEMU "/100/status/start", NULL, 200, NULL);
	sim_advance(sim, 2000);
	expect(sim, "POST", QEMU "/100/agent/ping", NULL, 500, "QEMU guest agent is not running");
	sim_advance(sim, 10000);
	{
		struct answer answer auto_answer =
			ask(sim, "GET", QEMU "/100/agent/network-get-interfaces", NULL);
		const json_t *card = json_array_get(json_object_get(data_of(&answer), "result"), 1);

		assert_string_equal(
			text_of(json_array_get(json_object_get(card, "ip-addresses"), 0),
				"ip-address"),
			"10.0.0.5");
	}
	sim_free(sim);
}

static void what_an_ha_guest_is_asked_the_manager_does_later(void **state)
{
	struct sim *sim = with_guest("name=x");

	(void)state;
	expect(sim, "POST", "/cluster/ha/resources", "sid=vm:100&state=stopped", 200, NULL);
	sim_advance(sim, 15000);
	expect(sim, "POST", QEMU "/100/status/start", NULL, 200, NULL);
	assert_string_equal(sim->tasks[sim->task_count - 1]->kind->type, "hastart");
	assert_string_equal(last_status(sim), "OK");
	assert_int_equal(run_of(sim), SIM_STOPPED);
	sim_advance(sim, 13000);
	assert_int_equal(run_of(sim), SIM_RUNNING);
	expect(sim, "DELETE", QEMU "/100", NULL, 500,
	       "unable to remove VM 100 - used in HA resources and purge parameter not set.");
	sim_free(sim);
}

static void a_guest_moves_with_its_disks(void **state)
{
	struct sim *sim = with_guest("scsi0=data:1");

	(void)state;
	expect(sim, "POST", QEMU "/100/status/start", NULL, 200, NULL);
	sim_advance(sim, 2000);
	expect(sim, "POST", QEMU "/100/migrate", "target=pve2", 500,
	       "can't migrate running VM without --online");
	expect(sim, "POST", QEMU "/100/migrate", "target=pve1", 400, NULL);
	expect(sim, "POST", QEMU "/100/migrate", "target=pve2&online=1&with-local-disks=1", 200,
	       NULL);
	assert_string_equal(sim_guest_find(sim, 100)->lock, "migrate");
	sim_advance(sim, 6000);
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve2");
	assert_int_equal(run_of(sim), SIM_RUNNING);
	assert_non_null(sim_volume_find(sim, "data:100/vm-100-disk-0.raw", &sim->nodes[1]));
	expect(sim, "GET", QEMU "/100/config", NULL, 500,
	       "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starting_and_stopping_take_their_time),
		cmocka_unit_test(a_deaf_guest_outlasts_a_shutdown),
		cmocka_unit_test(the_agent_answers_when_the_guest_has_booted),
		cmocka_unit_test(what_an_ha_guest_is_asked_the_manager_does_later),
		cmocka_unit_test(a_guest_moves_with_its_disks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
