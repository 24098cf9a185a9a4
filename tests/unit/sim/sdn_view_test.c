/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

static void each_view_shows_what_it_is_for(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	write_ok(sim, "POST", ZONES, "zone=one&type=vlan&bridge=vmbr0&nodes=pve2,pve1,pve2");
	shows(sim, ZONES "/one?pending=1", "",
	      "{\"digest\":null,\"pending\":{\"bridge\":\"vmbr0\",\"nodes\":\"pve1,pve2\"},"
	      "\"state\":\"new\",\"type\":\"vlan\",\"zone\":\"one\"}");
	refuses(sim, "GET", ZONES "/one?running=1", NULL, "sdn 'one' does not exist\n");
	shows(sim, ZONES "?running=1", "", "[]");
	apply(sim);
	shows(sim, ZONES "/one?running=1", "",
	      "{\"bridge\":\"vmbr0\",\"digest\":null,\"nodes\":\"pve1,pve2\",\"type\":\"vlan\","
	      "\"zone\":\"one\"}");
	write_ok(sim, "PUT", ZONES "/one", "mtu=1400&delete=nodes");
	shows(sim, ZONES "/one?pending=1", "",
	      "{\"bridge\":\"vmbr0\",\"digest\":null,\"nodes\":\"pve1,pve2\","
	      "\"pending\":{\"mtu\":1400,\"nodes\":\"deleted\"},\"state\":\"changed\","
	      "\"type\":\"vlan\",\"zone\":\"one\"}");
	write_ok(sim, "DELETE", ZONES "/one", NULL);
	shows(sim, ZONES "?pending=1", "/0/state", "\"deleted\"");
	shows(sim, ZONES "?pending=1", "/0/pending", "{}");
	shows(sim, ZONES, "", "[]");
	refuses(sim, "GET", ZONES "/one", NULL, "sdn 'one' does not exist\n");
	apply(sim);
	shows(sim, ZONES "?pending=1", "", "[]");
	sim_free(sim);
}

static void a_subnet_shows_what_its_id_says(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	blue(sim);
	shows(sim, SUBNETS "?pending=1", "/0",
	      "{\"cidr\":\"10.20.0.0/24\",\"dhcp-range\":[],\"digest\":null,"
	      "\"id\":\"tenants-10.20.0.0-24\",\"mask\":\"24\",\"network\":\"10.20.0.0\","
	      "\"pending\":{\"dhcp-range\":[\"start-address=10.20.0.10,end-address=10.20.0.12\"],"
	      "\"gateway\":\"10.20.0.1\"},\"state\":\"new\",\"subnet\":\"tenants-10.20.0.0-24\","
	      "\"type\":\"subnet\",\"vnet\":\"blue\",\"zone\":\"tenants\"}");
	shows(sim, SUBNETS, "/0/dhcp-range",
	      "[{\"end-address\":\"10.20.0.12\",\"start-address\":\"10.20.0.10\"}]");
	sim_free(sim);
}

static void lists_are_in_order_of_their_ids(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	write_ok(sim, "POST", ZONES, "zone=zz&type=simple");
	write_ok(sim, "POST", ZONES, "zone=aa&type=vxlan&peers=10.0.0.1");
	shows(sim, ZONES, "/0/zone", "\"aa\"");
	shows(sim, ZONES, "/1/zone", "\"zz\"");
	shows(sim, ZONES "?type=simple", "/0/zone", "\"zz\"");
	shows(sim, ZONES "?type=simple", "/1", "nothing");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_view_shows_what_it_is_for),
		cmocka_unit_test(a_subnet_shows_what_its_id_says),
		cmocka_unit_test(lists_are_in_order_of_their_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
