/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/net.h"
#include "base/str.h"
#include "cloud/vm_parts.h"
#include "modules/items.h"
#include "modules/vm_decode.h"

#define MAX_NETS 32

/* Options of a list entry and PVE's names for them. on: what true is called there. */
struct row {
	const char *option, *key, *on, *off;
};

static const struct row disk_rows[] = {
	{ "ssd", "ssd", "1", "0" },           { "discard", "discard", "on", "ignore" },
	{ "iothread", "iothread", "1", "0" }, { "backup", "backup", "1", "0" },
	{ "cache", "cache", NULL, NULL },     { "iops_rd", "iops_rd", NULL, NULL },
	{ "iops_wr", "iops_wr", NULL, NULL }, { "mbps_rd", "mbps_rd", NULL, NULL },
	{ "mbps_wr", "mbps_wr", NULL, NULL },
};

static const struct row net_rows[] = {
	{ "bridge", "bridge", NULL, NULL },   { "model", "model", NULL, NULL },
	{ "tag", "tag", NULL, NULL },         { "rate", "rate", NULL, NULL },
	{ "firewall", "firewall", "1", "0" }, { "mtu", "mtu", NULL, NULL },
	{ "queues", "queues", NULL, NULL },   { "link_down", "link_down", "1", "0" },
};

static const struct row ip_rows[] = {
	{ "ip", "ip", NULL, NULL },
	{ "gateway", "gw", NULL, NULL },
	{ "ip6", "ip6", NULL, NULL },
	{ "gateway6", "gw6", NULL, NULL },
};

static json_t *named(struct pxc_env *env, const json_t *entry, const struct row *rows, size_t n)
{
	json_t *props = pxc_env_keep(env, json_object());

	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_object_get(entry, rows[i].option);

		if (!v)
			continue;
		if (json_is_boolean(v) && rows[i].on)
			(void)json_object_set_new(
				props, rows[i].key,
				json_string(json_is_true(v) ? rows[i].on : rows[i].off));
		else
			(void)json_object_set_new(props, rows[i].key, item_scalar(v));
	}
	return props;
}

static bool disk_slot(const char *slot)
{
	static const struct {
		const char *bus;
		unsigned long count;
	} buses[] = { { "scsi", 31 }, { "virtio", 16 }, { "sata", 6 }, { "ide", 4 } };

	for (size_t i = 0; i < ARRAY_SIZE(buses); i++) {
		const char *digits = slot + strlen(buses[i].bus);

		if (str_starts(slot, buses[i].bus) && *digits &&
		    strspn(digits, "0123456789") == strlen(digits) && strlen(digits) <= 2)
			return strtoul(digits, NULL, 10) < buses[i].count;
	}
	return false;
}

int vm_decode_disks(struct pxc_env *env, const json_t *list, struct vm_spec *ret,
		    struct pxc_err *err)
{
	static const char *const states[] = { "present", "detached", "absent" };
	size_t i;
	json_t *entry;

	ret->disks = arena_alloc(env->arena, json_array_size(list) * sizeof(*ret->disks));
	json_array_foreach (list, i, entry) {
		struct vm_disk *d = &ret->disks[ret->ndisks++];
		json_int_t size = json_integer_value(json_object_get(entry, "size"));

		/* scsi0 is the root disk: a list without slots describes what comes after it. */
		d->slot = item_text(entry, "slot") ? item_text(entry, "slot")
						   : arena_printf(env->arena, "scsi%zu", i + 1);
		for (size_t k = 0; k < ARRAY_SIZE(states); k++)
			if (str_eq(states[k], item_text(entry, "state")))
				d->state = (enum vm_disk_state)k;
		d->size_bytes = size > 0 ? (uint64_t)size : 0;
		d->class = item_text(entry, "class");
		d->storage = item_text(entry, "storage");
		d->props = named(env, entry, disk_rows, ARRAY_SIZE(disk_rows));
		if (!disk_slot(d->slot))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: disks: slot \"%s\" is none of scsi0-30, virtio0-15, sata0-5, "
				"ide0-3",
				ret->label, d->slot);
		for (size_t k = 0; k + 1 < ret->ndisks; k++)
			if (str_eq(ret->disks[k].slot, d->slot))
				return pxc_fail(err, PXC_EINVAL, "%s: disks: %s is named twice",
						ret->label, d->slot);
	}
	return 0;
}

/* An address, its prefix left out: that of a network's subnet is meant. */
static bool address(const char *text, bool six)
{
	struct net_cidr cidr;
	struct net_ip ip;

	if (cidr_parse(text, &cidr))
		return (cidr.ip.bits == 128) == six;
	return ip_parse(text, &ip) && (ip.bits == 128) == six;
}

/* "auto" and "dhcp" are PVE's words, "none" is ours; anything else must be an address. */
static int check_ip(const struct vm_spec *s, const struct vm_net *n, struct pxc_err *err)
{
	static const char *const keys[] = { "ip", "ip6", "gw", "gw6" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *v = item_text(n->ipconfig, keys[i]);
		bool six = str_ends(keys[i], "6");

		if (!v || (i < 2 &&
			   (str_eq(v, "dhcp") || str_eq(v, "none") || (six && str_eq(v, "auto")))))
			continue;
		if (!address(v, six) || (i >= 2 && strchr(v, '/')))
			return pxc_fail(err, PXC_EINVAL, "%s: net%u: \"%s\" is no IPv%d address%s",
					s->label, n->slot, v, six ? 6 : 4,
					i < 2 ? ", nor dhcp or none" : "");
		if (i >= 2 && !n->network && !item_text(n->ipconfig, six ? "ip6" : "ip"))
			return pxc_fail(err, PXC_EINVAL,
					"%s: net%u: a gateway needs an address beside it", s->label,
					n->slot);
	}
	return 0;
}

static int decode_net(struct pxc_env *env, const json_t *entry, size_t position, struct vm_spec *s,
		      struct pxc_err *err)
{
	struct vm_net *n = &s->nets[s->nnets++];
	const char *slot = item_text(entry, "slot"), *mac = item_text(entry, "mac");
	char upper[MAC_TEXT];

	n->slot = (unsigned)position;
	if (slot && (!str_starts(slot, "net") || !isdigit((unsigned char)slot[3]) ||
		     strlen(slot) > 5 || strtoul(slot + 3, NULL, 10) >= MAX_NETS))
		return pxc_fail(err, PXC_EINVAL,
				"%s: networks: slot \"%s\" is none of net0 to net31", s->label,
				slot);
	if (slot)
		n->slot = (unsigned)strtoul(slot + 3, NULL, 10);
	n->absent = str_eq(item_text(entry, "state"), "absent");
	n->network = item_text(entry, "network");
	n->props = named(env, entry, net_rows, ARRAY_SIZE(net_rows));
	n->ipconfig = named(env, entry, ip_rows, ARRAY_SIZE(ip_rows));
	if (json_object_get(entry, "bridge") && n->network)
		return pxc_fail(err, PXC_EINVAL, "%s: net%u: give a bridge or a network, not both",
				s->label, n->slot);
	if (mac && !mac_parse(mac, upper))
		return pxc_fail(err, PXC_EINVAL, "%s: net%u: \"%s\" is no unicast MAC address",
				s->label, n->slot, mac);
	if (mac)
		(void)json_object_set_new(n->props, "macaddr", json_string(upper));
	if (json_object_size(n->ipconfig) == 0)
		n->ipconfig = NULL;
	for (size_t k = 0; k + 1 < s->nnets; k++)
		if (s->nets[k].slot == n->slot)
			return pxc_fail(err, PXC_EINVAL, "%s: networks: net%u is named twice",
					s->label, n->slot);
	return check_ip(s, n, err);
}

int vm_decode_nets(struct pxc_env *env, const json_t *list, struct vm_spec *ret,
		   struct pxc_err *err)
{
	size_t i;
	json_t *entry;

	if (json_array_size(list) > MAX_NETS)
		return pxc_fail(err, PXC_EINVAL, "%s: PVE takes at most %d networks", ret->label,
				MAX_NETS);
	ret->nets = arena_alloc(env->arena, json_array_size(list) * sizeof(*ret->nets));
	json_array_foreach (list, i, entry)
		if (decode_net(env, entry, i, ret, err) < 0)
			return -1;
	return 0;
}
