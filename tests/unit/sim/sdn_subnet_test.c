/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

#define BAD "400 Parameter verification failed.\n"
#define CREATE "create sdn subnet object failed: "
#define UPDATE "update sdn subnet object failed: "
#define RANGE(a, b) "dhcp-range=start-address%3D" a "%2Cend-address%3D" b

static const struct {
	const char *body, *message; /* NULL = it is taken */
} created[] = {
	{ "type=subnet&subnet=10.0.0.0/24&gateway=10.0.0.1&snat=1", NULL },
	{ "type=subnet&subnet=10.0.0.0/24",
	  CREATE "sdn subnet object ID 'zz-10.0.0.0-24' already defined\n" },
	{ "type=subnet&subnet=10.1.0.0/24&gateway=10.0.0.1",
	  CREATE BAD "gateway: 10.0.0.1 is not in subnet 10.1.0.0/24\n" },
	{ "type=subnet&subnet=10.1.0.7/32&gateway=10.0.0.1", NULL }, /* point to point */
	{ "type=subnet&subnet=fd00:1::/64&gateway=fd00:1::1&" RANGE("fd00:1::10", "fd00:1::20"),
	  NULL },
	{ "type=subnet&subnet=10.2.0.0/24&" RANGE("10.2.0.9", "10.2.0.5"),
	  CREATE BAD "dhcp-range: start-address 10.2.0.9 must be smaller than end-address "
		     "10.2.0.5\n" },
	{ "type=subnet&subnet=10.2.0.0/24&" RANGE("10.2.0.9", "10.3.0.5"),
	  CREATE BAD "dhcp-range: end-address 10.3.0.5 is not in subnet 10.2.0.0/24\n" },
	{ "type=subnet&subnet=10.2.0.0/24&" RANGE("10.2.0.5", "10.2.0.9") "&" RANGE("10.2.0.9",
										    "10.2.0.20"),
	  CREATE BAD "dhcp-range: dhcp ranges must not overlap\n" },
	{ "type=subnet&subnet=10.2.0.0/24&" RANGE("10.2.0.5", "10.2.0.9") "&" RANGE("10.2.0.10",
										    "10.2.0.20"),
	  NULL },
};

static struct sim *with_vnet(void)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	write_ok(sim, "POST", ZONES, "zone=zz&type=simple");
	write_ok(sim, "POST", VNETS, "vnet=blue&zone=zz");
	return sim;
}

static void gateway_and_ranges_lie_in_the_subnet(void **state)
{
	struct sim *sim = with_vnet();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(created); i++)
		if (created[i].message)
			refuses(sim, "POST", SUBNETS, created[i].body, created[i].message);
		else
			write_ok(sim, "POST", SUBNETS, created[i].body);
	shows(sim, SUBNETS "/zz-fd00:1::-64", "/cidr", "\"fd00:1::/64\"");
	expect(sim, "POST", SUBNETS, "type=subnet&subnet=10.0.0.0", 400, NULL);
	expect(sim, "POST", SUBNETS, "type=subnet&subnet=10.9.0.0/24&gateway=x", 400, NULL);
	expect(sim, "POST", SUBNETS, "type=subnet&subnet=10.9.0.0/24&dhcp-range=x%3Dy", 400, NULL);
	sim_free(sim);
}

static void what_a_subnet_is_in_counts(void **state)
{
	struct sim *sim = with_vnet();

	(void)state;
	refuses(sim, "POST", VNETS "/no/subnets", "type=subnet&subnet=10.0.0.0/24",
		"sdn vnet 'no' does not exist\n");
	write_ok(sim, "POST", VNETS, "vnet=trunk&zone=zz&vlanaware=1");
	refuses(sim, "POST", VNETS "/trunk/subnets", "type=subnet&subnet=10.0.0.0/24",
		CREATE BAD "vnet: you can't add a subnet on a vlanaware vnet\n");
	write_ok(sim, "POST", SUBNETS, "type=subnet&subnet=10.0.0.0/24");
	expect(sim, "GET", VNETS "/trunk/subnets/zz-10.0.0.0-24", NULL, 400, NULL);
	shows(sim, VNETS "/trunk/subnets", "", "[]");
	refuses(sim, "GET", SUBNETS "/zz-10.7.0.0-24", NULL,
		"sdn subnet 'zz-10.7.0.0-24' does not exist\n");
	sim_free(sim);
}

static void the_gateway_is_registered_when_it_is_configured(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	json_t *ips;

	(void)state;
	blue(sim);
	ips = json_object_get(json_object_get(sim->sdn->ipam, "tenants"), "10.20.0.0/24");
	assert_non_null(json_object_get(ips, "10.20.0.1"));
	write_ok(sim, "PUT", SUBNETS "/tenants-10.20.0.0-24", "gateway=10.20.0.254");
	assert_null(json_object_get(ips, "10.20.0.1"));
	assert_non_null(json_object_get(ips, "10.20.0.254"));
	write_ok(sim, "PUT", SUBNETS "/tenants-10.20.0.0-24", "delete=gateway");
	assert_int_equal(json_object_size(ips), 0);
	refuses(sim, "PUT", SUBNETS "/tenants-10.99.0.0-24", "gateway=10.20.0.254",
		UPDATE "sdn subnet 'tenants-10.99.0.0-24' does not exist\n");
	sim_free(sim);
}

static void a_subnet_with_addresses_stays(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	blue(sim);
	apply(sim);
	write_ok(sim, "POST", VNETS "/blue/ips",
		 "zone=tenants&ip=10.20.0.50&mac=BC:24:11:00:00:01");
	refuses(sim, "DELETE", SUBNETS "/tenants-10.20.0.0-24", NULL,
		"delete sdn subnet object failed: cannot delete subnet '10.20.0.0/24', not "
		"empty\n");
	write_ok(sim, "DELETE", VNETS "/blue/ips?zone=tenants&ip=10.20.0.50", NULL);
	write_ok(sim, "DELETE", SUBNETS "/tenants-10.20.0.0-24", NULL);
	assert_null(json_object_get(json_object_get(sim->sdn->ipam, "tenants"), "10.20.0.0/24"));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gateway_and_ranges_lie_in_the_subnet),
		cmocka_unit_test(what_a_subnet_is_in_counts),
		cmocka_unit_test(the_gateway_is_registered_when_it_is_configured),
		cmocka_unit_test(a_subnet_with_addresses_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
