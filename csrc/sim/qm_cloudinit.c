/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_cloudinit.c - what a guest's cloud-init drive says. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/net.h"
#include "sim/qm.h"

static int get_cloudinit(struct sim_call *call)
{
	static const char *const keys[] = { "cicustom",  "cipassword", "citype",       "ciuser",
					    "ciupgrade", "nameserver", "searchdomain", "sshkeys" };
	struct sim_guest *g = qm_guest(call);

	if (!g)
		return -1;
	call->data = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *value = json_object_get(g->config, keys[i]);

		if (value)
			(void)json_array_append_new(call->data,
						    json_pack("{s:s,s:o}", "key", keys[i], "value",
							      qm_shown(keys[i], value)));
	}
	return 0;
}

static int put_cloudinit(struct sim_call *call)
{
	return qm_guest(call) ? 0 : -1;
}

static void netmask_text(unsigned prefix, char text[16])
{
	uint32_t mask = prefix ? 0xffffffffu << (32 - prefix) : 0;

	(void)snprintf(text, 16, "%u.%u.%u.%u", mask >> 24, mask >> 16 & 255, mask >> 8 & 255,
		       mask & 255);
}

static void add_address(struct pxc_buf *out, const char *ipconfig)
{
	json_auto_t *p = prop_parse(ipconfig, NULL);
	const char *ip = qm_text(p, "ip", "dhcp"), *gateway = qm_text(p, "gw", NULL);
	struct net_cidr cidr;
	char mask[16];

	if (!strcmp(ip, "dhcp") || !cidr_parse(ip, &cidr)) {
		buf_adds(out, "      - type: dhcp4\n");
		return;
	}
	netmask_text(cidr.prefix, mask);
	buf_printf(out, "      - type: static\n        address: '%.*s'\n        netmask: '%s'\n",
		   (int)strcspn(ip, "/"), ip, mask);
	if (gateway)
		buf_printf(out, "        gateway: '%s'\n", gateway);
}

static void add_list(struct pxc_buf *out, const char *list)
{
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *one = item;

		buf_printf(out, "      - '%s'\n", one);
	}
}

/* Network configuration version 1, as PVE writes it. New string. */
static char *network(const struct sim_guest *g)
{
	struct pxc_buf out = { .data = NULL };
	const char *servers = qm_text(g->config, "nameserver", NULL),
		   *domains = qm_text(g->config, "searchdomain", NULL);

	buf_adds(&out, "version: 1\nconfig:\n");
	for (unsigned n = 0; n < 32; n++) {
		char net_key[16], ip_key[16], mac[MAC_TEXT];
		json_auto_t *net = NULL;

		(void)snprintf(net_key, sizeof(net_key), "net%u", n);
		(void)snprintf(ip_key, sizeof(ip_key), "ipconfig%u", n);
		net = prop_parse_net(qm_text(g->config, net_key, ""));
		(void)snprintf(mac, sizeof(mac), "%s", qm_text(net, "macaddr", ""));
		if (!*mac)
			continue;
		for (char *p = mac; *p; p++)
			if (*p >= 'A' && *p <= 'F')
				*p = (char)(*p | 0x20);
		buf_printf(&out,
			   "    - type: physical\n      name: eth%u\n      mac_address: '%s'\n"
			   "      subnets:\n",
			   n, mac);
		add_address(&out, qm_text(g->config, ip_key, "ip=dhcp"));
	}
	if (servers || domains)
		buf_adds(&out, "    - type: nameserver\n      address:\n");
	add_list(&out, servers);
	if (domains)
		buf_adds(&out, "      search:\n");
	add_list(&out, domains);
	return buf_take(&out);
}

static int get_dump(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	const char *type = sim_arg(call, "type");
	auto_free char *text = NULL;

	if (!g)
		return -1;
	if (!strcmp(type, "user"))
		text = pxc_printf("#cloud-config\nhostname: %s\nmanage_etc_hosts: true\nuser: %s\n",
				  qm_text(g->config, "name", "VM"),
				  qm_text(g->config, "ciuser", "root"));
	else if (!strcmp(type, "meta"))
		text = pxc_printf("instance-id: %.40s\n", sim_qemu_digest(g));
	else
		text = network(g);
	call->data = json_string(text);
	return 0;
}

static const struct sim_param dump_params[] = {
	{ .name = "type",
	  .type = SIM_STR,
	  .flags = SIM_REQUIRED,
	  .choices = "user, network, meta" },
	{ .name = NULL },
};

const struct sim_route qm_cloudinit_routes[] = {
	{ "GET", QM_GUEST "/cloudinit", get_cloudinit, NULL, NULL, "/vms/{vmid} VM.Audit", 0 },
	{ "PUT", QM_GUEST "/cloudinit", put_cloudinit, NULL, NULL,
	  "/vms/{vmid} VM.Config.Cloudinit", 0 },
	{ "GET", QM_GUEST "/cloudinit/dump", get_dump, dump_params, NULL, "/vms/{vmid} VM.Audit",
	  0 },
	{ .method = NULL },
};
