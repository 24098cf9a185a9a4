/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

#define AGENT GUEST "/agent"

static void addresses_are_those_of_cloud_init_or_made_up(void **state)
{
	struct sim *sim = with_guest(
		1, 0,
		"agent=1&net0=virtio=AA:BB:CC:00:11:22,bridge=vmbr0&net1=virtio,bridge=vmbr0"
		"&ipconfig0=ip=10.0.0.5/20,ip6=fd00::5/64&ipconfig1=ip=dhcp");
	json_auto_t *data = NULL, *again = NULL;
	const json_t *cards, *ips;

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	data = get(sim, AGENT "/network-get-interfaces");
	cards = json_object_get(data, "result");
	assert_int_equal(json_array_size(cards), 3);
	assert_string_equal(text_of(json_array_get(cards, 0), "name"), "lo");
	assert_string_equal(text_of(json_array_get(cards, 1), "hardware-address"),
			    "aa:bb:cc:00:11:22");
	ips = json_object_get(json_array_get(cards, 1), "ip-addresses");
	assert_string_equal(text_of(json_array_get(ips, 0), "ip-address"), "10.0.0.5");
	assert_int_equal(qm_int(json_array_get(ips, 0), "prefix", 0), 20);
	assert_string_equal(text_of(json_array_get(ips, 1), "ip-address"), "fd00::5");
	assert_int_equal(qm_int(json_array_get(ips, 1), "prefix", 0), 64);
	assert_string_equal(text_of(json_array_get(ips, 2), "ip-address"),
			    "fe80::a8bb:ccff:fe00:1122");
	again = get(sim, AGENT "/network-get-interfaces");
	assert_true(json_equal(data, again));
	sim_free(sim);
}

static void an_agent_must_be_there_to_answer(void **state)
{
	struct sim *sim = with_guest(1, 0, "name=x");

	(void)state;
	expect(sim, "GET", AGENT "/get-osinfo", NULL, 500, "VM 100 is not running");
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	expect(sim, "GET", AGENT "/get-osinfo", NULL, 500, "No QEMU guest agent configured");
	expect(sim, "PUT", GUEST "/config", "agent=1", 200, NULL);
	expect(sim, "GET", AGENT "/get-osinfo", NULL, 500, "No QEMU guest agent configured");
	expect(sim, "POST", GUEST "/status/stop", NULL, 200, NULL);
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	expect(sim, "GET", AGENT "/get-osinfo", NULL, 200, NULL);
	expect(sim, "POST", GUEST "/status/suspend", NULL, 200, NULL);
	{
		struct answer answer auto_answer = ask(sim, "GET", AGENT "/get-osinfo", NULL);

		assert_string_equal(answer.reply.reason, "QEMU guest agent is not running");
		assert_int_equal(answer.reply.delay_ms, 3000);
	}
	sim_free(sim);
}

static void what_it_says_fits_the_guest(void **state)
{
	struct sim *sim = with_guest(1, 0, "agent=enabled=1&name=web&cores=3");
	json_auto_t *name = NULL, *cpus = NULL;

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	name = get(sim, AGENT "/get-host-name");
	assert_string_equal(text_of(json_object_get(name, "result"), "host-name"), "web");
	cpus = get(sim, AGENT "/get-vcpus");
	assert_int_equal(json_array_size(json_object_get(cpus, "result")), 3);
	expect(sim, "POST", AGENT, "command=ping", 200, NULL);
	expect(sim, "POST", AGENT, "command=fstrim", 500,
	       "Agent error: The command guest-fstrim has not been found");
	expect(sim, "POST", AGENT, "command=dance", 400, NULL);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_those_of_cloud_init_or_made_up),
		cmocka_unit_test(an_agent_must_be_there_to_answer),
		cmocka_unit_test(what_it_says_fits_the_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
