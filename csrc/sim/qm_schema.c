/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_schema.c - the options of a guest: types, formats, privileges, and which a running guest takes over. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/net.h"
#include "sim/qm.h"

bool qm_family(const char *name, const char *family)
{
	size_t n = strlen(family);

	return strncmp(name, family, n) == 0 && isdigit((unsigned char)name[n]) &&
	       strspn(name + n, "0123456789") == strlen(name + n);
}

bool qm_is_drive(const char *name)
{
	static const char *const buses[] = {
		"scsi", "virtio", "sata", "ide", "efidisk", "tpmstate"
	};

	for (size_t i = 0; i < ARRAY_SIZE(buses); i++)
		if (qm_family(name, buses[i]))
			return true;
	return false;
}

bool qm_is_unused(const char *name)
{
	return qm_family(name, "unused");
}

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

static bool listed(const char *list, const char *word)
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

static bool format_parts(const char *name, const char *value, struct pxc_buf *why)
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

		if (!listed(keys, key))
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

static bool format_name(const char *name, const char *value, struct pxc_buf *why)
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

static bool format_tags(const char *name, const char *value, struct pxc_buf *why)
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

static bool format_cpu(const char *name, const char *value, struct pxc_buf *why)
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

static bool format_machine(const char *name, const char *value, struct pxc_buf *why)
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

static bool format_urlencoded(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	for (const char *p = value; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.~%!*'()", *p)) {
			buf_printf(why, "invalid urlencoded string: %s\n", value);
			return false;
		}
	return true;
}

#define TEXT(n)                                                                                    \
	{                                                                                          \
		.name = n, .type = SIM_STR                                                         \
	}
#define PARTS(n)                                                                                   \
	{                                                                                          \
		.name = n, .type = SIM_STR, .format = format_parts                                 \
	}
#define FAMILY(n, c)                                                                               \
	{                                                                                          \
		.name = n, .type = SIM_STR, .count = c                                             \
	}
#define DRIVES(n, c)                                                                               \
	{                                                                                          \
		.name = n, .type = SIM_STR, .count = c, .format = format_parts                     \
	}
#define FLAG(n)                                                                                    \
	{                                                                                          \
		.name = n, .type = SIM_BOOL                                                        \
	}
#define NUMBER(n, lo, hi)                                                                          \
	{                                                                                          \
		.name = n, .type = SIM_INT, .min = lo, .max = hi                                   \
	}

const struct sim_param qm_options[] = {
	{ .name = "name", .type = SIM_STR, .format = format_name },
	PARTS("memory"),
	NUMBER("cores", 1, INT32_MAX),
	NUMBER("sockets", 1, INT32_MAX),
	NUMBER("vcpus", 1, INT32_MAX),
	NUMBER("balloon", 0, INT32_MAX),
	NUMBER("shares", 0, 50000),
	NUMBER("cpuunits", 1, 262144),
	{ .name = "cpulimit", .type = SIM_NUM, .min = 0, .max = 128 },
	{ .name = "cpu", .type = SIM_STR, .format = format_cpu },
	{ .name = "bios", .type = SIM_STR, .choices = "seabios, ovmf" },
	{ .name = "machine", .type = SIM_STR, .format = format_machine },
	{ .name = "ostype",
	  .type = SIM_STR,
	  .choices =
		  "other, wxp, w2k, w2k3, w2k8, wvista, win7, win8, win10, win11, l24, l26, solaris" },
	{ .name = "scsihw",
	  .type = SIM_STR,
	  .choices = "lsi, lsi53c810, virtio-scsi-pci, virtio-scsi-single, megasas, pvscsi" },
	{ .name = "citype", .type = SIM_STR, .choices = "configdrive2, nocloud, opennebula" },
	{ .name = "description", .type = SIM_STR, .min = 0, .max = 8192 },
	{ .name = "tags", .type = SIM_STR, .format = format_tags },
	{ .name = "sshkeys", .type = SIM_STR, .format = format_urlencoded },
	FLAG("onboot"),
	FLAG("protection"),
	FLAG("kvm"),
	FLAG("acpi"),
	FLAG("tablet"),
	FLAG("localtime"),
	FLAG("numa"),
	FLAG("autostart"),
	FLAG("freeze"),
	FLAG("template"),
	FLAG("reboot"),
	FLAG("ciupgrade"),
	FLAG("keephugepages"),
	FLAG("tdf"),
	FLAG("allow-ksm"),
	PARTS("agent"),
	PARTS("startup"),
	PARTS("vga"),
	PARTS("smbios1"),
	PARTS("watchdog"),
	PARTS("rng0"),
	TEXT("boot"),
	TEXT("bootdisk"),
	TEXT("hotplug"),
	TEXT("hugepages"),
	TEXT("args"),
	TEXT("lock"),
	TEXT("vmgenid"),
	TEXT("ciuser"),
	TEXT("cipassword"),
	TEXT("cicustom"),
	TEXT("nameserver"),
	TEXT("searchdomain"),
	TEXT("audio0"),
	TEXT("hookscript"),
	TEXT("affinity"),
	TEXT("keyboard"),
	TEXT("startdate"),
	TEXT("vmstatestorage"),
	TEXT("spice_enhancements"),
	TEXT("cdrom"),
	TEXT("ivshmem"),
	TEXT("amd-sev"),
	TEXT("arch"),
	{ .name = "migrate_downtime", .type = SIM_NUM, .min = 0, .max = INT32_MAX },
	NUMBER("migrate_speed", 0, INT32_MAX),
	DRIVES("net[n]", 32),
	DRIVES("scsi[n]", 31),
	DRIVES("virtio[n]", 16),
	DRIVES("sata[n]", 6),
	DRIVES("ide[n]", 4),
	DRIVES("efidisk[n]", 1),
	DRIVES("tpmstate[n]", 1),
	DRIVES("ipconfig[n]", 32),
	FAMILY("unused[n]", 256),
	FAMILY("serial[n]", 4),
	FAMILY("parallel[n]", 3),
	FAMILY("usb[n]", 14),
	FAMILY("hostpci[n]", 16),
	FAMILY("numa[n]", 8),
	FAMILY("virtiofs[n]", 10),
	{ .name = NULL },
};

const struct sim_param *qm_option(const char *name)
{
	for (const struct sim_param *p = qm_options; p->name; p++) {
		const char *bracket = strchr(p->name, '[');
		char family[32];

		if (!bracket && !strcmp(p->name, name))
			return p;
		if (!bracket)
			continue;
		(void)snprintf(family, sizeof(family), "%.*s", (int)(bracket - p->name), p->name);
		if (qm_family(name, family) && strtoul(name + strlen(family), NULL, 10) < p->count)
			return p;
	}
	return NULL;
}

const char *qm_privilege(const char *name, const char *value)
{
	static const struct {
		const char *names, *priv;
	} rows[] = {
		{ "memory balloon shares numa hugepages keephugepages allow-ksm",
		  "VM.Config.Memory" },
		{ "cores sockets vcpus cpu cpulimit cpuunits affinity", "VM.Config.CPU" },
		{ "ciuser cipassword sshkeys nameserver searchdomain cicustom ciupgrade citype",
		  "VM.Config.Cloudinit" },
		{ "bios machine scsihw vga watchdog rng0 audio0 smbios1 keyboard args vmgenid acpi kvm tablet "
		  "ivshmem arch",
		  "VM.Config.HWType" },
		{ "hookscript", "VM.Config.Options" },
	};

	if (qm_family(name, "net"))
		return "VM.Config.Network";
	if (qm_family(name, "ipconfig"))
		return "VM.Config.Cloudinit|VM.Config.Network";
	if (qm_is_drive(name) && value && strstr(value, "media=cdrom"))
		return "VM.Config.CDROM";
	if (qm_is_drive(name) || qm_is_unused(name))
		return "VM.Config.Disk";
	if (qm_family(name, "serial") || qm_family(name, "usb") || qm_family(name, "hostpci"))
		return "VM.Config.HWType";
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (listed(rows[i].names, name))
			return rows[i].priv;
	return "VM.Config.Options";
}

bool qm_root_only(const char *name, const char *value)
{
	if (qm_family(name, "hostpci") || qm_family(name, "usb"))
		return !value || !strstr(value, "mapping=");
	return listed("args lock vmgenid hookscript affinity", name) &&
	       strcmp(name, "affinity") != 0;
}

bool qm_live(const struct sim_guest *g, const char *name)
{
	const char *hotplug = qm_text(g->config, "hotplug", "network,disk,usb");
	bool all = !strcmp(hotplug, "1");

	if (listed("name description tags onboot protection startup shares cpuunits cpulimit ciuser cipassword citype "
		   "ciupgrade cicustom sshkeys nameserver searchdomain hookscript migrate_downtime migrate_speed "
		   "affinity hotplug",
		   name) ||
	    qm_is_unused(name) || qm_family(name, "ipconfig"))
		return true;
	if (qm_family(name, "net"))
		return all || strstr(hotplug, "network");
	if (qm_family(name, "scsi") || qm_family(name, "virtio"))
		return all || strstr(hotplug, "disk");
	if (!strcmp(name, "memory"))
		return strstr(hotplug, "memory") != NULL;
	return false;
}
