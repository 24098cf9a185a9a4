/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void the_state_of_a_guest_follows_what_was_done(void **state)
{
	struct sim *sim = with_guest(1, 0, "memory=512&cores=2&sockets=2&agent=1&net0=virtio");
	json_auto_t *off = get(sim, GUEST "/status/current"), *on = NULL, *paused = NULL;

	(void)state;
	assert_string_equal(text_of(off, "status"), "stopped");
	assert_string_equal(text_of(off, "name"), "VM 100");
	assert_int_equal(qm_int(off, "cpus", 0), 4);
	assert_int_equal(qm_int(off, "maxmem", 0), 512ll << 20);
	assert_null(json_object_get(off, "pid"));
	assert_int_equal(qm_int(json_object_get(off, "ha"), "managed", -1), 0);
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	sim_advance(sim, 7000);
	on = get(sim, GUEST "/status/current");
	assert_string_equal(text_of(on, "status"), "running");
	assert_int_equal(qm_int(on, "uptime", 0), 7);
	assert_int_equal(qm_int(on, "agent", 0), 1);
	assert_non_null(json_object_get(json_object_get(on, "nics"), "tap100i0"));
	expect(sim, "POST", GUEST "/status/suspend", NULL, 200, NULL);
	paused = get(sim, GUEST "/status/current");
	assert_string_equal(text_of(paused, "status"), "running");
	assert_string_equal(text_of(paused, "qmpstatus"), "paused");
	sim_free(sim);
}

static void lists_hold_the_nodes_own_guests_that_one_may_see(void **state)
{
	struct sim *sim = with_guest(2, 0, "name=a");
	auto_free char *lim = NULL;
	json_auto_t *all = NULL;

	(void)state;
	expect(sim, "POST", QEMU, "vmid=101&name=b", 200, NULL);
	expect(sim, "POST", "/nodes/pve2/qemu", "vmid=102&name=c", 200, NULL);
	all = get(sim, QEMU);
	assert_int_equal(json_array_size(all), 2);
	lim = limited(sim, "VM.Audit", "/vms/101");
	{
		struct answer answer auto_answer = ask_as(sim, lim, "GET", QEMU, NULL);

		assert_int_equal(json_array_size(data_of(&answer)), 1);
		assert_string_equal(text_of(json_array_get(data_of(&answer), 0), "name"), "b");
	}
	expect_as(sim, lim, "GET", GUEST "/status/current", NULL,
		  "Permission check failed (/vms/100, VM.Audit)");
	expect(sim, "GET", QEMU "/102/status/current", NULL, 500,
	       "Configuration file 'nodes/pve1/qemu-server/102.conf' does not exist");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_of_a_guest_follows_what_was_done),
		cmocka_unit_test(lists_hold_the_nodes_own_guests_that_one_may_see),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
