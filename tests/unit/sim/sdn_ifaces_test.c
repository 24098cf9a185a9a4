/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What PVE would write on a node for zones of each type: every line and their order. */
#include "ask.h"
#include "sim/sdn_ifaces.h"

/* vmbr0 knows VLANs, the others do not. */
static const struct sim_sdn_bridge bridges[] = { { "vmbr0", true, "eno1" },
						 { "vmbr1", false, "eno2" },
						 { "vmbr2", false, "eno3 bond0" },
						 { "vmbr3", false, NULL } };

/* In JSON an apostrophe stands for a quote; in the text "|a;x" begins interface a, and every ";" an option of it. */
struct row {
	const char *what, *config, *text;
	int left_out;
	const char *node_ip; /* NULL = 10.0.0.1 */
};

static char *json_of(const char *config)
{
	char *text = pxc_strdup(config);

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return text;
}

static char *file_of(const char *text)
{
	struct pxc_buf out = { .data = NULL };

	buf_adds(&out, "#version:1\n");
	for (const char *p = text; *p;) {
		size_t len = strcspn(p + 1, "|;") + 1;

		if (*p == '|')
			buf_printf(&out, "\nauto %.*s\niface %.*s\n", (int)len - 1, p + 1,
				   (int)len - 1, p + 1);
		else
			buf_printf(&out, "\t%.*s\n", (int)len - 1, p + 1);
		p += len;
	}
	return buf_take(&out);
}

static void check(const struct row *row)
{
	auto_free char *text = file_of(row->text), *json = json_of(row->config);
	json_auto_t *config = json_loads(json, 0, NULL);
	auto_buf struct pxc_buf out = { .data = NULL };
	int left_out;

	assert_non_null(config);
	left_out = sim_sdn_interfaces(config, "pve1", row->node_ip ? row->node_ip : "10.0.0.1",
				      bridges, ARRAY_SIZE(bridges), &out);
	if (strcmp(text, buf_str(&out)) || left_out != row->left_out)
		fail_msg("%s: %d left out and\n%s\nnot\n%s", row->what, left_out, buf_str(&out),
			 text);
}

static void check_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&rows[i]);
}

static void a_simple_zone_is_a_bridge_with_gateways(void **state)
{
	static const struct row rows[] = {
		{ "nothing", "{}", "", 0, NULL },
		{ "a zone without vnets", "{'zones':{'s':{'type':'simple'}}}", "", 0, NULL },
		{ "a bare vnet", "{'zones':{'s':{'type':'simple'}},'vnets':{'a':{'zone':'s'}}}",
		  "|a;bridge_ports none;bridge_stp off;bridge_fd 0", 0, NULL },
		{ "mtu, alias, VLANs",
		  "{'zones':{'s':{'type':'simple','mtu':1400}},'vnets':{'a':{'zone':'s',"
		  "'alias':'a LAN','vlanaware':1}}}",
		  "|a;bridge_ports none;bridge_stp off;bridge_fd 0;bridge-vlan-aware yes"
		  ";bridge-vids 2-4094;mtu 1400;alias a LAN",
		  0, NULL },
		{ "gateways in order of subnets, each once",
		  "{'zones':{'s':{'type':'simple'}},'vnets':{'a':{'zone':'s'},'b':{'zone':'s'}},"
		  "'subnets':{'s-fd00::-64':{'vnet':'a','cidr':'fd00::/64','gateway':'fd00::1'},"
		  "'s-10.2.0.0-16':{'vnet':'a','cidr':'10.2.0.0/16','gateway':'10.2.0.1'},"
		  "'s-10.2.0.0-24':{'vnet':'a','cidr':'10.2.0.0/24','gateway':'10.2.0.1'},"
		  "'s-10.3.0.0-24':{'vnet':'b','cidr':'10.3.0.0/24'}}}",
		  "|a;address 10.2.0.1/16;address fd00::1/64;bridge_ports none;bridge_stp off"
		  ";bridge_fd 0;ip-forward on;ip6-forward on"
		  "|b;bridge_ports none;bridge_stp off;bridge_fd 0",
		  0, NULL },
		{ "translation and a route to one address",
		  "{'zones':{'s':{'type':'simple'}},'vnets':{'a':{'zone':'s'}},"
		  "'subnets':{'s-10.2.0.9-32':{'vnet':'a','cidr':'10.2.0.9/32',"
		  "'gateway':'10.2.0.9','snat':1},'s-fd00::-64':{'vnet':'a','cidr':'fd00::/64',"
		  "'gateway':'fd00::1','snat':1}}}",
		  "|a;address 10.2.0.9/32;up ip route add 10.2.0.9/32 dev a"
		  ";post-up iptables -t nat -A POSTROUTING -s '10.2.0.9/32' -o vmbr0 -j SNAT --to-source 10.0.0.1"
		  ";post-down iptables -t nat -D POSTROUTING -s '10.2.0.9/32' -o vmbr0 -j SNAT --to-source 10.0.0.1"
		  ";post-up iptables -t raw -I PREROUTING -i fwbr+ -j CT --zone 1"
		  ";post-down iptables -t raw -D PREROUTING -i fwbr+ -j CT --zone 1"
		  ";address fd00::1/64;bridge_ports none;bridge_stp off;bridge_fd 0;ip-forward on"
		  ";ip6-forward on",
		  0, NULL },
		{ "translation of IPv6",
		  "{'zones':{'s':{'type':'simple'}},'vnets':{'a':{'zone':'s'}},"
		  "'subnets':{'s-fd00::-64':{'vnet':'a','cidr':'fd00::/64','gateway':'fd00::1',"
		  "'snat':1}}}",
		  "|a;address fd00::1/64"
		  ";post-up ip6tables -t nat -A POSTROUTING -s 'fd00::/64' -o vmbr0 -j SNAT --to-source fd99::1"
		  ";post-down ip6tables -t nat -D POSTROUTING -s 'fd00::/64' -o vmbr0 -j SNAT --to-source fd99::1"
		  ";post-up ip6tables -t raw -I PREROUTING -i fwbr+ -j CT --zone 1"
		  ";post-down ip6tables -t raw -D PREROUTING -i fwbr+ -j CT --zone 1"
		  ";bridge_ports none;bridge_stp off;bridge_fd 0;ip6-forward on",
		  0, "fd99::1" },
	};

	(void)state;
	check_all(rows, ARRAY_SIZE(rows));
}

static void a_vlan_zone_uses_what_its_bridge_can(void **state)
{
	static const struct row rows[] = {
		{ "a bridge that knows VLANs",
		  "{'zones':{'v':{'type':'vlan','bridge':'vmbr0','mtu':9000}},"
		  "'vnets':{'b':{'zone':'v','tag':20},'a':{'zone':'v','tag':10,'vlanaware':1}}}",
		  "|a;bridge_ports vmbr0.10;bridge_stp off;bridge_fd 0;bridge-vlan-aware yes"
		  ";bridge-vids 2-4094;mtu 9000"
		  "|b;bridge_ports vmbr0.20;bridge_stp off;bridge_fd 0;mtu 9000",
		  0, NULL },
		{ "a bridge that does not",
		  "{'zones':{'v':{'type':'vlan','bridge':'vmbr1','mtu':9000}},"
		  "'vnets':{'a':{'zone':'v','tag':10,'alias':'x'}}}",
		  "|a;bridge_ports ln_a;bridge_stp off;bridge_fd 0;mtu 9000;alias x"
		  "|ln_a;link-type veth;veth-peer-name pr_a;mtu 9000"
		  "|pr_a;link-type veth;veth-peer-name ln_a;mtu 9000"
		  "|vmbr1v10;bridge_ports  eno2.10 pr_a;bridge_stp off;bridge_fd 0;mtu 9000",
		  0, NULL },
		{ "a bridge with two ports, and one with none",
		  "{'zones':{'v':{'type':'vlan','bridge':'vmbr2'},'w':{'type':'vlan','bridge':'vmbr3'}},"
		  "'vnets':{'a':{'zone':'v','tag':10},'b':{'zone':'w','tag':10}}}",
		  "|a;bridge_ports ln_a;bridge_stp off;bridge_fd 0"
		  "|b;bridge_ports ln_b;bridge_stp off;bridge_fd 0"
		  "|ln_a;link-type veth;veth-peer-name pr_a|ln_b;link-type veth;veth-peer-name pr_b"
		  "|pr_a;link-type veth;veth-peer-name ln_a|pr_b;link-type veth;veth-peer-name ln_b"
		  "|vmbr2v10;bridge_ports  eno3.10 bond0.10 pr_a;bridge_stp off;bridge_fd 0"
		  "|vmbr3v10;bridge_ports  pr_b;bridge_stp off;bridge_fd 0",
		  0, NULL },
		{ "no such bridge, no such zone, another node",
		  "{'zones':{'v':{'type':'vlan','bridge':'vmbr9'},'w':{'type':'vlan',"
		  "'bridge':'vmbr0','nodes':'pve2,pve3'},'x':{'type':'vlan','bridge':'vmbr0',"
		  "'nodes':'pve2,pve1'}},'vnets':{'a':{'zone':'v','tag':10},'b':{'zone':'none',"
		  "'tag':10},'c':{'zone':'w','tag':10},'d':{'zone':'x','tag':10}}}",
		  "|d;bridge_ports vmbr0.10;bridge_stp off;bridge_fd 0", 2, NULL },
	};

	(void)state;
	check_all(rows, ARRAY_SIZE(rows));
}

static void a_qinq_zone_has_a_bridge_for_the_inner_tags(void **state)
{
	static const struct row rows[] = {
		{ "VLANs within VLANs",
		  "{'zones':{'q':{'type':'qinq','bridge':'vmbr0','tag':7}},"
		  "'vnets':{'a':{'zone':'q','tag':10,'vlanaware':1},'b':{'zone':'q'}}}",
		  "|a;bridge_ports z_q.10;bridge_stp off;bridge_fd 0;bridge-vlan-aware yes"
		  ";bridge-vids 2-4094"
		  "|b;bridge_ports pr_q;bridge_stp off;bridge_fd 0"
		  "|ln_q;link-type veth;veth-peer-name pr_q"
		  "|pr_q;link-type veth;veth-peer-name ln_q"
		  "|z_q;bridge-stp off;bridge-ports vmbr0.7 ln_q;bridge-fd 0"
		  ";bridge-vlan-aware yes;bridge-vids 2-4094",
		  0, NULL },
		{ "802.1ad",
		  "{'zones':{'q':{'type':'qinq','bridge':'vmbr0','tag':7,"
		  "'vlan-protocol':'802.1ad','mtu':1496}},'vnets':{'a':{'zone':'q','tag':10,"
		  "'alias':'x y'}}}",
		  "|a;bridge_ports z_q.10;bridge_stp off;bridge_fd 0;mtu 1496;alias x y"
		  "|ln_q;link-type veth;veth-peer-name pr_q"
		  "|pr_q;link-type veth;veth-peer-name ln_q"
		  "|vmbr0;bridge-vlan-protocol 802.1ad"
		  "|vmbr0.7;vlan-protocol 802.1ad"
		  "|z_q;mtu 1496;bridge-stp off;bridge-ports vmbr0.7 ln_q;bridge-fd 0"
		  ";bridge-vlan-aware yes;bridge-vids 2-4094",
		  0, NULL },
		{ "a bridge without VLANs",
		  "{'zones':{'q':{'type':'qinq','bridge':'vmbr1','tag':7}},"
		  "'vnets':{'a':{'zone':'q','tag':10}}}",
		  "|a;bridge_ports z_q.10;bridge_stp off;bridge_fd 0"
		  "|ln_q;link-type veth;veth-peer-name pr_q"
		  "|pr_q;link-type veth;veth-peer-name ln_q"
		  "|sv_q;vlan-raw-device eno2;vlan-id 7"
		  "|z_q;bridge-stp off;bridge-ports sv_q ln_q;bridge-fd 0;bridge-vlan-aware yes"
		  ";bridge-vids 2-4094",
		  0, NULL },
		{ "802.1ad on a bridge without VLANs",
		  "{'zones':{'q':{'type':'qinq','bridge':'vmbr1','tag':7,"
		  "'vlan-protocol':'802.1ad'}},'vnets':{'a':{'zone':'q','tag':10}}}",
		  "|a;bridge_ports z_q.10;bridge_stp off;bridge_fd 0"
		  "|ln_q;link-type veth;veth-peer-name pr_q"
		  "|pr_q;link-type veth;veth-peer-name ln_q"
		  "|sv_q;vlan-raw-device eno2;vlan-id 7;vlan-protocol 802.1ad"
		  "|z_q;bridge-stp off;bridge-ports sv_q ln_q;bridge-fd 0;bridge-vlan-aware yes"
		  ";bridge-vids 2-4094",
		  0, NULL },
		{ "a bridge with two ports, and one with none",
		  "{'zones':{'q':{'type':'qinq','bridge':'vmbr2','tag':7},"
		  "'r':{'type':'qinq','bridge':'vmbr3','tag':7}},'vnets':{'a':{'zone':'q'},'b':{'zone':'r'}}}",
		  "|a;bridge_ports pr_q;bridge_stp off;bridge_fd 0"
		  "|b;bridge_ports pr_r;bridge_stp off;bridge_fd 0"
		  "|ln_q;link-type veth;veth-peer-name pr_q|ln_r;link-type veth;veth-peer-name pr_r"
		  "|pr_q;link-type veth;veth-peer-name ln_q|pr_r;link-type veth;veth-peer-name ln_r"
		  "|sv_q;vlan-raw-device eno3;vlan-id 7"
		  "|z_q;bridge-stp off;bridge-ports sv_q ln_q;bridge-fd 0;bridge-vlan-aware yes"
		  ";bridge-vids 2-4094"
		  "|z_r;bridge-stp off;bridge-ports  ln_r;bridge-fd 0;bridge-vlan-aware yes"
		  ";bridge-vids 2-4094",
		  0, NULL },
		{ "no such bridge",
		  "{'zones':{'q':{'type':'qinq','bridge':'vmbr7','tag':7}},"
		  "'vnets':{'a':{'zone':'q','tag':10}}}",
		  "", 1, NULL },
	};

	(void)state;
	check_all(rows, ARRAY_SIZE(rows));
}

static void a_vxlan_zone_reaches_its_peers(void **state)
{
	static const struct row rows[] = {
		{ "this node is no peer of itself; isolated ports are the business of each card",
		  "{'zones':{'x':{'type':'vxlan','peers':'10.0.0.1,10.0.0.2 10.0.0.3'}},"
		  "'vnets':{'a':{'zone':'x','tag':5000,'isolate-ports':1}}}",
		  "|a;bridge_ports vxlan_a;bridge_stp off;bridge_fd 0;mtu 1450"
		  "|vxlan_a;vxlan-id 5000;vxlan_remoteip 10.0.0.2;vxlan_remoteip 10.0.0.3"
		  ";mtu 1450",
		  0, NULL },
		{ "port, MTU, alias, VLANs; another one's peers",
		  "{'zones':{'x':{'type':'vxlan','peers':'10.9.0.2','vxlan-port':4790,"
		  "'mtu':8950}},'vnets':{'a':{'zone':'x','tag':1,'vlanaware':1,'alias':'x'}}}",
		  "|a;bridge_ports vxlan_a;bridge_stp off;bridge_fd 0;bridge-vlan-aware yes"
		  ";bridge-vids 2-4094;mtu 8950;alias x"
		  "|vxlan_a;vxlan-id 1;vxlan_remoteip 10.9.0.2;vxlan-port 4790;mtu 8950",
		  0, NULL },
		{ "IPv6",
		  "{'zones':{'x':{'type':'vxlan','peers':'fd99::1,fd99::2'}},"
		  "'vnets':{'a':{'zone':'x','tag':1}}}",
		  "|a;bridge_ports vxlan_a;bridge_stp off;bridge_fd 0;mtu 1450"
		  "|vxlan_a;vxlan-id 1;vxlan_remoteip fd99::2;mtu 1450",
		  0, "fd99::1" },
		{ "no tag, no peers",
		  "{'zones':{'x':{'type':'vxlan','peers':'10.0.0.2'},'y':{'type':'vxlan',"
		  "'fabric':'f'}},'vnets':{'a':{'zone':'x'},'b':{'zone':'y','tag':3}}}",
		  "", 2, NULL },
	};

	(void)state;
	check_all(rows, ARRAY_SIZE(rows));
}

static void an_evpn_zone_has_its_own_routing_table(void **state)
{
	static const struct row rows[] = {
		{ "a zone",
		  "{'controllers':{'c':{'type':'evpn','asn':65000,'peers':'10.0.0.1,10.0.0.2'}},"
		  "'zones':{'e':{'type':'evpn','controller':'c','mac':'BC:24:11:00:00:01',"
		  "'vrf-vxlan':900}},'vnets':{'a':{'zone':'e','tag':10}},"
		  "'subnets':{'e-10.2.0.0-24':{'vnet':'a','cidr':'10.2.0.0/24',"
		  "'gateway':'10.2.0.1','snat':1}}}",
		  "|a;address 10.2.0.1/24;hwaddress BC:24:11:00:00:01;bridge_ports vxlan_a"
		  ";bridge_stp off;bridge_fd 0;mtu 1450;ip-forward on;arp-accept on;vrf vrf_e"
		  "|vrf_e;vrf-table auto"
		  ";post-up ip route add vrf vrf_e unreachable default metric 4278198272"
		  "|vrfbr_e;bridge-ports vrfvx_e;bridge_stp off;bridge_fd 0;mtu 1450;vrf vrf_e"
		  "|vrfvx_e;vxlan-id 900;vxlan-local-tunnelip 10.0.0.1;bridge-learning off"
		  ";bridge-arp-nd-suppress on;mtu 1450"
		  "|vxlan_a;vxlan-id 10;vxlan-local-tunnelip 10.0.0.1;bridge-learning off"
		  ";bridge-arp-nd-suppress on;mtu 1450",
		  0, NULL },
		{ "an exit node that reaches the guests itself",
		  "{'controllers':{'c':{'type':'evpn','asn':65000,'peers':'10.0.0.1,10.0.0.2'}},"
		  "'zones':{'e':{'type':'evpn','controller':'c','mac':'BC:24:11:00:00:01',"
		  "'exitnodes':'pve1','exitnodes-local-routing':1,'mtu':1400,"
		  "'disable-arp-nd-suppression':1,'vxlan-port':4790}},'vnets':{'a':{'zone':'e',"
		  "'tag':10}},'subnets':{'e-10.2.0.0-24':{'vnet':'a','cidr':'10.2.0.0/24',"
		  "'snat':1}}}",
		  "|a"
		  ";post-up iptables -t nat -A POSTROUTING -s '10.2.0.0/24' -o vmbr0 -j SNAT --to-source 10.0.0.1"
		  ";post-down iptables -t nat -D POSTROUTING -s '10.2.0.0/24' -o vmbr0 -j SNAT --to-source 10.0.0.1"
		  ";post-up iptables -t raw -I PREROUTING -i fwbr+ -j CT --zone 1"
		  ";post-down iptables -t raw -D PREROUTING -i fwbr+ -j CT --zone 1"
		  ";hwaddress BC:24:11:00:00:01;bridge_ports vxlan_a;bridge_stp off;bridge_fd 0"
		  ";mtu 1400;arp-accept on;vrf vrf_e"
		  "|vrf_e;vrf-table auto"
		  ";post-up ip route del vrf vrf_e unreachable default metric 4278198272"
		  "|vxlan_a;vxlan-id 10;vxlan-local-tunnelip 10.0.0.1;vxlan-port 4790"
		  ";bridge-learning off;mtu 1400"
		  "|xvrf_e;link-type veth;address 10.255.255.1/30;veth-peer-name xvrfp_e;mtu 1450"
		  "|xvrfp_e;link-type veth;address 10.255.255.2/30;veth-peer-name xvrf_e"
		  ";vrf vrf_e;mtu 1450",
		  0, NULL },
		{ "an exit node for IPv6",
		  "{'controllers':{'c':{'type':'evpn','asn':65000,'peers':'10.0.0.2'}},"
		  "'zones':{'e':{'type':'evpn','controller':'c','exitnodes':'pve2,pve1',"
		  "'exitnodes-local-routing':1}},'vnets':{'a':{'zone':'e','tag':10}},"
		  "'subnets':{'e-fd00::-64':{'vnet':'a','cidr':'fd00::/64','gateway':'fd00::1'}}}",
		  "|a;address fd00::1/64;bridge_ports vxlan_a;bridge_stp off;bridge_fd 0;mtu 1450"
		  ";ip6-forward on;arp-accept on;vrf vrf_e"
		  "|vrf_e;vrf-table auto"
		  ";post-up ip route del vrf vrf_e unreachable default metric 4278198272"
		  "|vxlan_a;vxlan-id 10;vxlan-local-tunnelip 10.0.0.1;bridge-learning off"
		  ";bridge-arp-nd-suppress on;mtu 1450"
		  "|xvrf_e;link-type veth;address 10.255.255.1/30;address fe80::1/126"
		  ";veth-peer-name xvrfp_e;mtu 1500"
		  "|xvrfp_e;link-type veth;address 10.255.255.2/30;address fe80::2/126"
		  ";veth-peer-name xvrf_e;vrf vrf_e;mtu 1500",
		  0, NULL },
		{ "no controller",
		  "{'zones':{'e':{'type':'evpn','controller':'c'}},'vnets':{'a':{'zone':'e',"
		  "'tag':10}}}",
		  "", 1, NULL },
	};

	(void)state;
	check_all(rows, ARRAY_SIZE(rows));
}

static void the_version_stands_in_front(void **state)
{
	json_auto_t *config = json_pack("{s:i}", "version", 12);
	auto_buf struct pxc_buf out = { .data = NULL };

	(void)state;
	assert_int_equal(sim_sdn_interfaces(config, "pve1", "10.0.0.1", bridges, 2, &out), 0);
	assert_string_equal(buf_str(&out), "#version:12\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_simple_zone_is_a_bridge_with_gateways),
		cmocka_unit_test(a_vlan_zone_uses_what_its_bridge_can),
		cmocka_unit_test(a_qinq_zone_has_a_bridge_for_the_inner_tags),
		cmocka_unit_test(a_vxlan_zone_reaches_its_peers),
		cmocka_unit_test(an_evpn_zone_has_its_own_routing_table),
		cmocka_unit_test(the_version_stands_in_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
