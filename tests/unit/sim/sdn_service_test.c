/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

#define CONTROLLERS "/cluster/sdn/controllers"
#define IPAMS "/cluster/sdn/ipams"

static const struct {
	const char *path, *body, *message; /* NULL = it is taken */
} created[] = {
	{ CONTROLLERS, "controller=ev&type=evpn&asn=65000", /* neither peers nor a fabric */
	  "create sdn controller object failed: must have exactly one of peers / fabric defined at "
	  "/usr/share/perl5/PVE/Network/SDN/Controllers/EvpnPlugin.pm line 360.\n" },
	{ CONTROLLERS, "controller=ev&type=evpn&asn=65000&peers=10.0.0.1", NULL },
	{ CONTROLLERS, "controller=e2&type=evpn&asn=65000&peers=10.0.0.1",
	  "create sdn controller object failed: only 1 global evpn controller can be defined at "
	  "/usr/share/perl5/PVE/Network/SDN/Controllers/EvpnPlugin.pm line 355.\n" },
	{ CONTROLLERS, "controller=bgp1&type=bgp&asn=65001&peers=10.0.0.1&node=pve1&ebgp=1", NULL },
	{ CONTROLLERS, "controller=bgp2&type=bgp&asn=65001&peers=10.0.0.1",
	  "missing value for required option 'node'\n" },
	{ CONTROLLERS,
	  "controller=is1&type=isis&isis-domain=x&isis-ifaces=eno1&node=pve1&isis-net="
	  "49.0001.1921.6800.1002.00",
	  NULL },
	{ IPAMS, "ipam=nb&type=netbox&url=http://x&token=t", NULL },
	{ IPAMS, "ipam=ph&type=phpipam&url=http://x&token=t",
	  "missing value for required option 'section'\n" },
	{ IPAMS, "ipam=pve&type=pve",
	  "create sdn ipam object failed: sdn ipam object ID 'pve' "
	  "already defined\n" },
	{ "/cluster/sdn/dns", "dns=pd&type=powerdns&url=http://x&key=k", NULL },
};

static void services_have_options_by_type(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(created); i++)
		if (created[i].message)
			refuses(sim, "POST", created[i].path, created[i].body, created[i].message);
		else
			write_ok(sim, "POST", created[i].path, created[i].body);
	shows(sim, CONTROLLERS "?type=bgp", "/0/controller", "\"bgp1\"");
	shows(sim, CONTROLLERS "?pending=1", "/0/state", "\"new\"");
	shows(sim, IPAMS, "/0/ipam", "\"nb\"");
	write_ok(sim, "POST", ZONES, "zone=zz&type=simple&dns=pd&dnszone=a.b&ipam=nb");
	sim_free(sim);
}

static void what_a_zone_names_stays(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	write_ok(sim, "POST", CONTROLLERS, "controller=ev&type=evpn&asn=65000&peers=10.0.0.1");
	write_ok(sim, "POST", ZONES, "zone=zz&type=evpn&controller=ev&vrf-vxlan=10");
	expect(sim, "DELETE", CONTROLLERS "/ev", NULL, 500,
	       "delete sdn controller object failed: controller ev is used by zz at "
	       "/usr/share/perl5/PVE/Network/SDN/Controllers/EvpnPlugin.pm line 340.");
	write_ok(sim, "DELETE", ZONES "/zz", NULL);
	write_ok(sim, "DELETE", CONTROLLERS "/ev", NULL);
	sim_free(sim);
}

static void the_built_in_ipam_is_always_there(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	shows(sim, IPAMS, "",
	      "[{\"digest\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\",\"ipam\":\"pve\","
	      "\"type\":\"pve\"}]");
	write_ok(sim, "DELETE", IPAMS "/pve", NULL);
	shows(sim, IPAMS "/pve", "/type", "\"pve\"");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_have_options_by_type),
		cmocka_unit_test(what_a_zone_names_stays),
		cmocka_unit_test(the_built_in_ipam_is_always_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
