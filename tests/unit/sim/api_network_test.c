/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

#define NETWORK "/nodes/pve1/network"

static void a_world_says_which_bridges_there_are(void **state)
{
	struct sim *sim = cluster(2, 1,
				  "{\"nodes\": {\"pve1\": {\"bridges\": {\"vmbr0\": {}, \"vmbr1\": "
				  "{\"mtu\": 9000, \"vlan_aware\": true, \"ports\": \"eno2\"}}}}}",
				  NULL);

	(void)state;
	shows(sim, NETWORK "?type=bridge", "/0/address", "\"10.77.0.11\"");
	shows(sim, NETWORK "?type=bridge", "/0/mtu", "nothing");
	shows(sim, NETWORK "?type=bridge", "/1/iface", "\"vmbr1\"");
	shows(sim, NETWORK "?type=bridge", "/1/mtu", "\"9000\"");
	shows(sim, NETWORK "?type=bridge", "/1/bridge_vlan_aware", "1");
	shows(sim, NETWORK "?type=bridge", "/1/address", "nothing");
	shows(sim, NETWORK "?type=eth", "/0/iface", "\"eno2\"");
	shows(sim, "/nodes/pve2/network?type=bridge", "/1", "nothing");
	sim_free(sim);
}

static void vnets_are_listed_where_they_may_be(void **state)
{
	struct sim *sim = cluster(2, 1, NULL, NULL);

	(void)state;
	blue(sim);
	shows(sim, NETWORK "?type=vnet", "", "[]");
	apply(sim);
	shows(sim, NETWORK "?type=vnet", "",
	      "[{\"active\":\"1\",\"comments\":\"Blue\",\"iface\":\"blue\",\"ipam\":1,"
	      "\"type\":\"vnet\",\"vlanaware\":0}]");
	shows(sim, NETWORK "?type=any_bridge", "/1/iface", "\"blue\"");
	shows(sim, NETWORK "?type=any_local_bridge", "/1", "nothing");
	shows(sim, NETWORK "?type=include_sdn", "/2/iface", "\"blue\"");
	shows(sim, NETWORK, "/2", "nothing");
	write_ok(sim, "PUT", ZONES "/tenants", "nodes=pve2");
	apply(sim);
	shows(sim, NETWORK "?type=vnet", "", "[]");
	sim_free(sim);
}

static void resources_have_the_zones_of_each_node(void **state)
{
	struct sim *sim = cluster(2, 1, NULL, NULL);
	struct answer all auto_answer = { 0 };
	size_t i, found = 0;
	json_t *entry;

	(void)state;
	blue(sim);
	apply(sim);
	all = ask(sim, "GET", "/cluster/resources", NULL);
	json_array_foreach (data_of(&all), i, entry)
		if (!strcmp(text_of(entry, "network"), "tenants")) {
			found++;
			assert_string_equal(text_of(entry, "type"), "network");
			assert_string_equal(text_of(entry, "network-type"), "zone");
			assert_string_equal(text_of(entry, "zone-type"), "simple");
			assert_string_equal(text_of(entry, "status"), "available");
		}
	assert_int_equal(found, 2);
	sim_free(sim);
}

static void bridges_show_the_ports_of_guests(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	blue(sim);
	apply(sim);
	write_ok(sim, "POST", "/nodes/pve1/qemu",
		 "vmid=100&net3=virtio,bridge=blue,firewall=1&start=1");
	sim_advance(sim, 9000);
	shows(sim, "/nodes/pve1/sdn/zones/tenants/bridges", "",
	      "[{\"name\":\"blue\",\"ports\":[{\"index\":\"net3\",\"name\":\"fwpr100p3\","
	      "\"vmid\":\"100\"}],\"vlan_filtering\":\"0\"}]");
	shows(sim, "/nodes/pve1/sdn/zones/localnetwork/bridges", "/0/name", "\"vmbr0\"");
	expect(sim, "GET", "/nodes/pve1/sdn/zones/none/bridges", NULL, 400, NULL);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_world_says_which_bridges_there_are),
		cmocka_unit_test(vnets_are_listed_where_they_may_be),
		cmocka_unit_test(resources_have_the_zones_of_each_node),
		cmocka_unit_test(bridges_show_the_ports_of_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
