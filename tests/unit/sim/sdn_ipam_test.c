/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses of guests' cards, and what the API does with them (api_sdn_ips.c). */
#include "sdn_ask.h"

#define IPS VNETS "/blue/ips"
#define STATUS "/cluster/sdn/ipams/pve/status"
#define MAC1 "BC:24:11:00:00:01"
#define MAC2 "BC:24:11:00:00:02"

static struct sim *with_blue(void)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	blue(sim);
	apply(sim);
	return sim;
}

static const json_t *entry(const struct sim *sim, const char *ip)
{
	const json_t *zone = json_object_get(sim->sdn->ipam, "tenants");

	return json_object_get(json_object_get(zone, "10.20.0.0/24"), ip);
}

static void an_address_is_given_once(void **state)
{
	struct sim *sim = with_blue();

	(void)state;
	write_ok(sim, "POST", IPS, "zone=tenants&ip=10.20.0.50&mac=" MAC1);
	refuses(sim, "POST", IPS, "zone=tenants&ip=10.20.0.50&mac=" MAC2,
		"IP '10.20.0.50' already exist\n");
	refuses(sim, "POST", IPS, "zone=tenants&ip=10.20.0.1", "IP '10.20.0.1' already exist\n");
	refuses(sim, "POST", IPS, "zone=tenants&ip=10.99.0.1",
		"can't find any subnet for ip 10.99.0.1 at "
		"/usr/share/perl5/PVE/Network/SDN/Subnets.pm line 138.\n");
	expect(sim, "POST", IPS, "zone=tenants&ip=x", 400, NULL);
	write_ok(sim, "DELETE", IPS "?zone=tenants&ip=10.20.0.50", NULL);
	refuses(sim, "DELETE", IPS "?zone=tenants&ip=10.20.0.50", NULL,
		"IP '10.20.0.50' does not exist in IPAM DB\n\n");
	sim_free(sim);
}

static void a_subnet_that_does_not_run_has_no_addresses(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	blue(sim);
	expect(sim, "POST", IPS, "zone=tenants&ip=10.20.0.50", 500, NULL);
	shows(sim, STATUS, "", "[]");
	apply(sim);
	write_ok(sim, "POST", IPS, "zone=tenants&ip=10.20.0.50");
	sim_free(sim);
}

static void putting_moves_the_card_to_another_address(void **state)
{
	struct sim *sim = with_blue();

	(void)state;
	write_ok(sim, "POST", IPS, "zone=tenants&ip=10.20.0.50&mac=" MAC1);
	write_ok(sim, "POST", IPS, "zone=tenants&ip=10.20.0.51&mac=" MAC2);
	write_ok(sim, "PUT", IPS, "zone=tenants&ip=10.20.0.60&vmid=100&mac=" MAC1);
	assert_null(entry(sim, "10.20.0.50"));
	assert_string_equal(sdn_str(entry(sim, "10.20.0.60"), "vmid"), "100");
	refuses(sim, "PUT", IPS, "zone=tenants&ip=10.20.0.51&mac=" MAC1,
		"IP '10.20.0.51' already exist\n");
	assert_string_equal(sdn_str(entry(sim, "10.20.0.60"), "mac"), MAC1); /* it is back */
	sim_free(sim);
}

static void a_zone_without_ipam_takes_everything_and_keeps_nothing(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	write_ok(sim, "POST", ZONES, "zone=zz&type=simple");
	write_ok(sim, "POST", VNETS, "vnet=blue&zone=zz");
	write_ok(sim, "POST", SUBNETS, "type=subnet&subnet=10.20.0.0/24");
	apply(sim);
	write_ok(sim, "POST", IPS, "zone=zz&ip=10.20.0.50&mac=" MAC1);
	write_ok(sim, "POST", IPS, "zone=zz&ip=10.20.0.50&mac=" MAC2);
	assert_int_equal(json_object_size(sim->sdn->ipam), 0);
	sim_free(sim);
}

static void the_status_shows_zones_with_dhcp_only(void **state)
{
	struct sim *sim = with_blue();

	(void)state;
	write_ok(sim, "POST", ZONES, "zone=zz&type=simple&ipam=pve");
	write_ok(sim, "POST", VNETS, "vnet=red&zone=zz");
	write_ok(sim, "POST", VNETS "/red/subnets",
		 "type=subnet&subnet=10.30.0.0/24&gateway=10.30.0.1");
	apply(sim);
	write_ok(sim, "POST", VNETS "/red/ips", "zone=zz&ip=10.30.0.5");
	shows(sim, STATUS, "",
	      "[{\"gateway\":1,\"ip\":\"10.20.0.1\",\"subnet\":\"10.20.0.0/24\",\"vnet\":\"blue\","
	      "\"zone\":\"tenants\"}]");
	expect(sim, "GET", "/cluster/sdn/ipams/other/status", NULL, 500, NULL);
	sim_free(sim);
}

static void cards_get_addresses_and_give_them_back(void **state)
{
	struct sim *sim = with_blue();

	(void)state;
	write_ok(sim, "POST", "/nodes/pve1/qemu",
		 "vmid=100&name=web&net0=virtio%3D" MAC1 ",bridge=blue");
	sim_advance(sim, 5000);
	assert_string_equal(sdn_str(entry(sim, "10.20.0.10"), "mac"), MAC1);
	assert_string_equal(sdn_str(entry(sim, "10.20.0.10"), "vmid"), "100");
	assert_string_equal(sdn_str(entry(sim, "10.20.0.10"), "hostname"), "web");
	write_ok(sim, "PUT", "/nodes/pve1/qemu/100/config",
		 "net0=virtio%3D" MAC1 ",bridge=blue,rate=5");
	assert_null(entry(sim, "10.20.0.11")); /* the same card */
	write_ok(sim, "PUT", "/nodes/pve1/qemu/100/config", "net1=virtio%3D" MAC2 ",bridge=blue");
	assert_string_equal(sdn_str(entry(sim, "10.20.0.11"), "mac"), MAC2);
	write_ok(sim, "PUT", "/nodes/pve1/qemu/100/config", "delete=net1");
	assert_null(entry(sim, "10.20.0.11"));
	write_ok(sim, "DELETE", IPS "?zone=tenants&ip=10.20.0.10", NULL);
	write_ok(sim, "POST", "/nodes/pve1/qemu/100/status/start", NULL);
	sim_advance(sim, 5000);
	assert_string_equal(sdn_str(entry(sim, "10.20.0.10"), "mac"), MAC1); /* at the start */
	write_ok(sim, "POST", "/nodes/pve1/qemu/100/status/stop", NULL);
	sim_advance(sim, 5000);
	write_ok(sim, "DELETE", "/nodes/pve1/qemu/100", NULL);
	sim_advance(sim, 5000);
	assert_null(entry(sim, "10.20.0.10"));
	sim_free(sim);
}

static void a_full_range_is_no_reason_to_refuse_a_guest(void **state)
{
	struct sim *sim = with_blue();

	(void)state;
	for (unsigned vmid = 100; vmid < 105; vmid++) {
		auto_free char *body = pxc_printf("vmid=%u&net0=virtio,bridge=blue", vmid);

		write_ok(sim, "POST", "/nodes/pve1/qemu", body);
		sim_advance(sim, 5000);
		assert_non_null(sim_guest_find(sim, vmid));
	}
	assert_non_null(entry(sim, "10.20.0.12"));
	assert_null(entry(sim, "10.20.0.13"));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_given_once),
		cmocka_unit_test(a_subnet_that_does_not_run_has_no_addresses),
		cmocka_unit_test(putting_moves_the_card_to_another_address),
		cmocka_unit_test(a_zone_without_ipam_takes_everything_and_keeps_nothing),
		cmocka_unit_test(the_status_shows_zones_with_dhcp_only),
		cmocka_unit_test(cards_get_addresses_and_give_them_back),
		cmocka_unit_test(a_full_range_is_no_reason_to_refuse_a_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
