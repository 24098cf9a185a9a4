/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

#define CREATE "create sdn zone object failed: "
#define UPDATE "update sdn zone object failed: "
#define BAD "400 Parameter verification failed.\n"

static const struct {
	const char *body, *message; /* NULL = it is taken */
} created[] = {
	{ "zone=simp&type=simple&mtu=1400&nodes=pve1&ipam=pve&dhcp=dnsmasq", NULL },
	{ "zone=simp&type=simple", CREATE "sdn zone object ID 'simp' already defined\n" },
	{ "zone=s2&type=simple&bridge=vmbr0", "unexpected property 'bridge'\n" },
	{ "zone=s2&type=simple&ipam=none", CREATE BAD "ipam: none not existing\n" },
	{ "zone=s2&type=simple&dns=none", CREATE BAD "dns: none don't exist\n" },
	{ "zone=s2&type=simple&dnszone=a.b", CREATE BAD "dnszone: missing dns server\n" },
	{ "zone=vl&type=vlan&bridge=vmbr0&bridge-disable-mac-learning=1", NULL },
	{ "zone=v2&type=vlan", "missing value for required option 'bridge'\n" },
	{ "zone=v2&type=vlan&bridge=vmbr0&dhcp=dnsmasq", "unexpected property 'dhcp'\n" },
	{ "zone=qq&type=qinq&bridge=vmbr0&tag=100&vlan-protocol=802.1ad", NULL },
	{ "zone=q2&type=qinq&bridge=vmbr0", "missing value for required option 'tag'\n" },
	{ "zone=vx&type=vxlan&peers=10.0.0.1,10.0.0.2&vxlan-port=4790", NULL },
	{ "zone=x2&type=vxlan",
	  CREATE BAD "peers: must have exactly one of peers / fabric defined\n"
		     "fabric: must have exactly one of peers / fabric defined\n" },
	{ "zone=ev&type=evpn&vrf-vxlan=1000&controller=none",
	  CREATE "controller none don't exist at "
		 "/usr/share/perl5/PVE/Network/SDN/Zones/EvpnPlugin.pm line 295.\n" },
	{ "zone=ev&type=evpn&vrf-vxlan=1000&controller=evpnctl&exitnodes=pve1&rt-import=1:2",
	  NULL },
	{ "zone=e2&type=evpn&vrf-vxlan=1000&controller=evpnctl",
	  CREATE "vrf-vxlan 1000 is already declared in ev at "
		 "/usr/share/perl5/PVE/Network/SDN/Zones/EvpnPlugin.pm line 307.\n" },
	{ "zone=e2&type=evpn&vrf-vxlan=1000", "missing value for required option 'controller'\n" },
};

static void every_type_has_its_options(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	write_ok(sim, "POST", "/cluster/sdn/controllers",
		 "controller=evpnctl&type=evpn&asn=65000&peers=10.0.0.1");
	for (size_t i = 0; i < ARRAY_SIZE(created); i++)
		if (created[i].message)
			refuses(sim, "POST", ZONES, created[i].body, created[i].message);
		else
			write_ok(sim, "POST", ZONES, created[i].body);
	assert_int_equal(json_object_size(sim->sdn->config[SDN_ZONE]), 5);
	assert_non_null(sdn_str(sdn_find(sim, SDN_ZONE, "ev"), "mac"));
	sim_free(sim);
}

static void names_are_short_and_plain(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	static const char *const bad[] = { "1zone", "z", "a_b", "waytoolong9", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_free char *body = pxc_printf("type=simple&zone=%s", bad[i]);

		expect(sim, "POST", ZONES, body, 400, NULL);
	}
	sim_free(sim);
}

static const struct {
	const char *body, *message;
} updated[] = {
	{ "mtu=1400", NULL },
	{ "delete=mtu", NULL },
	{ "delete=bridge", UPDATE "unable to delete required option 'bridge'\n" },
	{ "delete=nonsense", UPDATE "no such option 'nonsense'\n" },
	{ "delete=mtu&mtu=1500",
	  UPDATE "cannot set and delete property 'mtu' at the same time!\n" },
	{ "tag=5", UPDATE "unexpected property 'tag'\n" },
	{ "mtu=1300&digest=0000000000000000000000000000000000000000",
	  UPDATE "detected modified configuration - file changed by other user? Try again.\n" },
	{ "ipam=pve", UPDATE BAD "ipam: can't change ipam if a subnet is already defined in this "
				 "zone\n" },
};

static void a_zone_changes_within_its_type(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	write_ok(sim, "POST", ZONES, "zone=vl&type=vlan&bridge=vmbr0");
	write_ok(sim, "POST", VNETS, "vnet=net&zone=vl&tag=1");
	write_ok(sim, "POST", VNETS "/net/subnets", "type=subnet&subnet=10.0.0.0/24");
	for (size_t i = 0; i < ARRAY_SIZE(updated); i++)
		if (updated[i].message)
			refuses(sim, "PUT", ZONES "/vl", updated[i].body, updated[i].message);
		else
			write_ok(sim, "PUT", ZONES "/vl", updated[i].body);
	refuses(sim, "PUT", ZONES "/no", "mtu=1", UPDATE "sdn 'no' does not exist\n");
	sim_free(sim);
}

static void a_zone_with_vnets_stays(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	write_ok(sim, "POST", ZONES, "zone=vl&type=vlan&bridge=vmbr0");
	write_ok(sim, "POST", VNETS, "vnet=net&zone=vl&tag=1");
	refuses(sim, "DELETE", ZONES "/vl", NULL,
		"delete sdn zone object failed: zone vl is used by vnet net at "
		"/usr/share/perl5/PVE/Network/SDN/Zones/Plugin.pm line 149.\n");
	write_ok(sim, "DELETE", VNETS "/net", NULL);
	write_ok(sim, "DELETE", ZONES "/vl", NULL);
	refuses(sim, "DELETE", ZONES "/vl", NULL,
		"delete sdn zone object failed: sdn 'vl' does not exist\n");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_its_options),
		cmocka_unit_test(names_are_short_and_plain),
		cmocka_unit_test(a_zone_changes_within_its_type),
		cmocka_unit_test(a_zone_with_vnets_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
