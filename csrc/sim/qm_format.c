/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_format.c - formats of the options of a guest, and what PVE says of a bad value. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/net.h"
#include "sim/qm.h"

/* Sub-options that a property string may have: blank-separated, the default key first with a "!" if it has no name. */
static const struct {
	const char *family, *keys;
} parts[] = {
	{ "net", "model macaddr bridge firewall link_down mtu queues rate tag trunks" },
	{ "scsi",
	  "!file aio backup bps bps_max_length bps_rd bps_rd_max_length bps_wr bps_wr_max_length cache cyls "
	  "detect_zeroes discard format heads import-from iops iops_max iops_max_length iops_rd iops_rd_max "
	  "iops_rd_max_length iops_wr iops_wr_max iops_wr_max_length iothread mbps mbps_max mbps_rd mbps_rd_max "
	  "mbps_wr mbps_wr_max media product queues replicate rerror ro scsiblock secs serial shared size snapshot "
	  "ssd trans vendor werror wwn" },
	{ "virtio", "= scsi" },
	{ "sata", "= scsi" },
	{ "ide", "= scsi" },
	{ "efidisk", "!file efitype format import-from ms-cert pre-enrolled-keys size" },
	{ "tpmstate", "!file format import-from size version" },
	{ "ipconfig", "gw gw6 ip ip6" },
	{ "agent", "!enabled freeze-fs-on-backup fstrim_cloned_disks guest-fsfreeze type" },
	{ "memory", "!current" },
	{ "smbios1", "base64 family manufacturer product serial sku uuid version" },
	{ "startup", "!order down up" },
	{ "vga", "!type clipboard memory" },
	{ "rng0", "!source max_bytes period" },
	{ "machine", "!type aw-bits enable-s3 enable-s4 viommu" },
	{ "watchdog", "!model action" },
};

static const char *part_keys(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(parts[i].family, name) || qm_family(name, parts[i].family))
			return parts[i].keys[0] == '=' ? part_keys(parts[i].keys + 2)
						       : parts[i].keys;
	return NULL;
}

bool qm_listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, " ")) {
		p += strspn(p, " !");
		if (strcspn(p, " ") == n && !strncmp(p, word, n))
			return true;
	}
	return false;
}

/* What PVE says of one sub-option's value; false: it is fine. */
static bool bad_part(const char *key, const char *value, struct pxc_buf *why)
{
	char mac[MAC_TEXT];
	struct net_cidr cidr;

	if (!strcmp(key, "macaddr") && !mac_parse(value, mac)) {
		buf_adds(why,
			 "invalid format - value does not look like a valid unicast MAC address\n");
		return true;
	}
	if (!strcmp(key, "ip") && strcmp(value, "dhcp") &&
	    (!cidr_parse(value, &cidr) || cidr.ip.bits != 32)) {
		buf_adds(
			why,
			"invalid format - value does not look like a valid ipv4 network configuration\n");
		return true;
	}
	if (!strcmp(key, "current") && strtol(value, NULL, 10) < 16) {
		buf_adds(why, "value must have a minimum value of 16");
		return true;
	}
	return false;
}

bool qm_format_parts(const char *name, const char *value, struct pxc_buf *why)
{
	const char *keys = part_keys(name), *key;
	json_auto_t *obj = NULL;
	auto_buf struct pxc_buf lines = { .data = NULL };
	char first[32] = "";
	json_t *part;

	if (!keys)
		return true;
	if (keys[0] == '!')
		(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(keys + 1, " "), keys + 1);
	obj = qm_family(name, "net") ? prop_parse_net(value)
				     : prop_parse(value, *first ? first : NULL);
	if (!obj) {
		buf_printf(why, "format error\n%s: value cannot be read\n", name);
		return false;
	}
	json_object_foreach (obj, key, part) {
		struct pxc_buf text = { .data = NULL };

		if (!qm_listed(keys, key))
			buf_printf(
				&lines,
				"%s.%s: property is not defined in schema and the schema does not allow "
				"additional properties\n",
				name, key);
		else if (bad_part(key, json_string_value(part), &text))
			buf_printf(&lines, "%s.%s: %s\n", name, key, buf_str(&text));
		buf_release(&text);
	}
	if (qm_family(name, "net") && !json_object_get(obj, "model"))
		buf_printf(&lines, "%s.model: property is missing and it is not optional\n", name);
	if (lines.len)
		buf_printf(why, "format error\n%s", buf_str(&lines));
	return lines.len == 0;
}

bool qm_format_name(const char *name, const char *value, struct pxc_buf *why)
{
	size_t n = strlen(value);
	bool ok = n > 0 && n <= 253 && isalnum((unsigned char)value[0]) &&
		  isalnum((unsigned char)value[n - 1]);

	(void)name;
	for (const char *p = value; ok && *p; p++)
		ok = isalnum((unsigned char)*p) || *p == '-' || *p == '.';
	if (!ok)
		buf_adds(why, "value does not look like a valid DNS name\n");
	return ok;
}

bool qm_format_tags(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	for (const char *p = value; *p;) {
		size_t n = strcspn(p, ";, ");
		bool ok = n == 0 || isalnum((unsigned char)*p) || *p == '_';

		for (size_t i = 0; ok && i < n; i++)
			ok = isalnum((unsigned char)p[i]) || strchr("_-+.", p[i]);
		if (!ok) {
			buf_adds(why, "invalid characters in tag\n");
			return false;
		}
		p += n;
		p += *p != '\0';
	}
	return true;
}

bool qm_format_cpu(const char *name, const char *value, struct pxc_buf *why)
{
	static const char *const known[] = {
		"host",
		"max",
		"kvm64",
		"kvm32",
		"qemu64",
		"qemu32",
		"x86-64-v2",
		"x86-64-v2-AES",
		"x86-64-v3",
		"x86-64-v4",
		"EPYC",
		"EPYC-Rome",
		"EPYC-Milan",
		"EPYC-Genoa",
		"Skylake-Server",
		"Icelake-Server",
		"Broadwell",
		"Haswell",
		"Cascadelake-Server",
		"SapphireRapids",
		"Nehalem",
		"Westmere",
		"SandyBridge",
		"IvyBridge",
		"Opteron_G5",
		"pentium",
		"athlon",
	};
	json_auto_t *obj = prop_parse(value, "cputype");
	const char *type = json_string_value(json_object_get(obj, "cputype"));

	(void)name;
	for (size_t i = 0; type && i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i], type))
			return true;
	if (!type || !strncmp(type, "custom-", 7))
		return true;
	buf_printf(why, "Built-in cputype '%s' is not defined (missing 'custom-' prefix?)\n", type);
	return false;
}

bool qm_format_machine(const char *name, const char *value, struct pxc_buf *why)
{
	json_auto_t *obj = prop_parse(value, "type");
	const char *type = json_string_value(json_object_get(obj, "type"));

	(void)name;
	if (type && (!strcmp(type, "q35") || !strcmp(type, "pc") || !strncmp(type, "pc-", 3) ||
		     !strcmp(type, "virt")))
		return true;
	buf_adds(why, "format error\nmachine.type: value does not match the regex pattern\n");
	return false;
}

bool qm_format_urlencoded(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	for (const char *p = value; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.~%!*'()", *p)) {
			buf_printf(why, "invalid urlencoded string: %s\n", value);
			return false;
		}
	return true;
}
