/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void the_network_is_written_as_the_drive_has_it(void **state)
{
	struct sim *sim = with_guest(
		1, 0,
		"net0=virtio=BC:24:11:00:00:01,bridge=vmbr0&net1=virtio=BC:24:11:00:00:02,bridge=vmbr0"
		"&ipconfig0=ip=10.0.0.5/24,gw=10.0.0.1&nameserver=10.0.0.1+10.0.0.2"
		"&searchdomain=example.test");
	json_auto_t *text = get(sim, GUEST "/cloudinit/dump?type=network");

	(void)state;
	assert_string_equal(json_string_value(text),
			    "version: 1\nconfig:\n"
			    "    - type: physical\n      name: eth0\n"
			    "      mac_address: 'bc:24:11:00:00:01'\n      subnets:\n"
			    "      - type: static\n        address: '10.0.0.5'\n"
			    "        netmask: '255.255.255.0'\n        gateway: '10.0.0.1'\n"
			    "    - type: physical\n      name: eth1\n"
			    "      mac_address: 'bc:24:11:00:00:02'\n      subnets:\n"
			    "      - type: dhcp4\n"
			    "    - type: nameserver\n      address:\n      - '10.0.0.1'\n"
			    "      - '10.0.0.2'\n      search:\n      - 'example.test'\n");
	sim_free(sim);
}

static void passwords_are_stored_hashed_and_shown_as_stars(void **state)
{
	struct sim *sim = with_guest(1, 0, "ciuser=ops&cipassword=secret");
	json_auto_t *rows = get(sim, GUEST "/cloudinit");

	(void)state;
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(text_of(json_array_get(rows, 0), "value"), "**********");
	assert_true(str_starts(qm_text(sim_guest_find(sim, 100)->config, "cipassword", ""), "$5$"));
	expect(sim, "PUT", GUEST "/config", "cipassword=$6$salt$hash", 200, NULL);
	expect_option(sim, 100, "cipassword", "$6$salt$hash");
	expect(sim, "PUT", GUEST "/config", "sshkeys=nonsense%2520key", 500,
	       "SSH public key validation error");
	expect(sim, "PUT", GUEST "/config", "sshkeys=ssh-ed25519%20AAAA", 400, NULL);
	expect(sim, "PUT", GUEST "/config", "sshkeys=ssh-ed25519%2520AAAA", 200, NULL);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_network_is_written_as_the_drive_has_it),
		cmocka_unit_test(passwords_are_stored_hashed_and_shown_as_stars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
