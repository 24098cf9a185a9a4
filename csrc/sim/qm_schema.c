/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_schema.c - the options of a guest: types and ranges, and which a running guest takes over. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

#define TEXT(n)                                                                                    \
	{                                                                                          \
		.name = n, .type = SIM_STR                                                         \
	}
#define PARTS(n)                                                                                   \
	{                                                                                          \
		.name = n, .type = SIM_STR, .format = qm_format_parts                              \
	}
#define FAMILY(n, c)                                                                               \
	{                                                                                          \
		.name = n, .type = SIM_STR, .count = c                                             \
	}
#define DRIVES(n, c)                                                                               \
	{                                                                                          \
		.name = n, .type = SIM_STR, .count = c, .format = qm_format_parts                  \
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
	{ .name = "name", .type = SIM_STR, .format = qm_format_name },
	PARTS("memory"),
	NUMBER("cores", 1, INT32_MAX),
	NUMBER("sockets", 1, INT32_MAX),
	NUMBER("vcpus", 1, INT32_MAX),
	NUMBER("balloon", 0, INT32_MAX),
	NUMBER("shares", 0, 50000),
	NUMBER("cpuunits", 1, 262144),
	{ .name = "cpulimit", .type = SIM_NUM, .min = 0, .max = 128 },
	{ .name = "cpu", .type = SIM_STR, .format = qm_format_cpu },
	{ .name = "bios", .type = SIM_STR, .choices = "seabios, ovmf" },
	{ .name = "machine", .type = SIM_STR, .format = qm_format_machine },
	{ .name = "ostype",
	  .type = SIM_STR,
	  .choices =
		  "other, wxp, w2k, w2k3, w2k8, wvista, win7, win8, win10, win11, l24, l26, solaris" },
	{ .name = "scsihw",
	  .type = SIM_STR,
	  .choices = "lsi, lsi53c810, virtio-scsi-pci, virtio-scsi-single, megasas, pvscsi" },
	{ .name = "citype", .type = SIM_STR, .choices = "configdrive2, nocloud, opennebula" },
	{ .name = "description", .type = SIM_STR, .min = 0, .max = 8192 },
	{ .name = "tags", .type = SIM_STR, .format = qm_format_tags },
	{ .name = "sshkeys", .type = SIM_STR, .format = qm_format_urlencoded },
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

bool qm_live(const struct sim_guest *g, const char *name)
{
	const char *hotplug = qm_text(g->config, "hotplug", "network,disk,usb");
	bool all = !strcmp(hotplug, "1");

	if (qm_listed(
		    "name description tags onboot protection startup shares cpuunits cpulimit ciuser cipassword citype "
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
