/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task of pxc_vm asks the policy for. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cloud/vm_parts.h"

/*
 * Options of PVE that stay within the VM. What is not here may reach through to the host, read what is not the project's, or
 * take from others (hookscript, args, hostpci0, cicustom, cpuunits ...): by name, so that a new option of PVE is for admins until
 * somebody has thought about it.
 */
static const char *const harmless[] = {
	"acpi",      "agent",   "audio0",    "balloon", "bios",         "boot",       "bootdisk",
	"ciupgrade", "citype",  "ciuser",    "cores",   "cpu",          "efidisk0",   "hotplug",
	"keyboard",  "kvm",     "localtime", "machine", "memory",       "nameserver", "numa",
	"onboot",    "ostype",  "rng0",      "scsihw",  "searchdomain", "serial0",    "serial1",
	"serial2",   "serial3", "smbios1",   "sockets", "sshkeys",      "startdate",  "tablet",
	"tpmstate0", "vcpus",   "vga",       "vmgenid", "watchdog",     NULL
};

/* A small disk is made anew: "ceph:1,efitype=4m". Anything else takes one that is there, or is read from one. */
static bool is_new_disk(const char *text)
{
	size_t storage = strcspn(text, ":,"), size;

	if (text[storage] != ':')
		return false;
	size = strspn(text + storage + 1, "0123456789.");
	return size && (text[storage + 1 + size] == ',' || !text[storage + 1 + size]) &&
	       !strstr(text, "import-from") && !strstr(text, "file=");
}

bool vm_stays_within(const char *key, const json_t *value)
{
	const char *text = json_string_value(value);

	if (!strv_has(harmless, key))
		return false;
	if (!text)
		return json_is_null(value);
	if (str_starts(key, "serial"))
		return str_eq(text, "socket");
	if (str_eq(key, "rng0"))
		return !strstr(text, "hwrng");
	if (str_eq(key, "efidisk0") || str_eq(key, "tpmstate0"))
		return is_new_disk(text);
	return true;
}

static bool reaches_host(const struct vm_spec *s)
{
	const char *key;
	json_t *value;

	json_object_foreach (s->config, key, value)
		if (!vm_stays_within(key, value))
			return true;
	return false;
}

/* The cloud's own bridge is for all; any other, and any VLAN, may be somebody's network. */
static bool names_bridge(const struct vm_spec *s, const struct world *w)
{
	for (size_t i = 0; i < s->nnets; i++) {
		const struct vm_net *n = &s->nets[i];
		const char *bridge = json_string_value(json_object_get(n->props, "bridge"));
		const char *tag = json_string_value(json_object_get(n->props, "tag"));

		if (!n->absent &&
		    ((bridge && !str_eq(bridge, w->registry.bridge)) || (tag && !str_eq(tag, "0"))))
			return true;
	}
	return false;
}

static void ask_present(const struct vm_spec *s, const struct world *w, struct policy_asks *ret)
{
	const struct {
		bool asked;
		const char *action;
	} rows[] = {
		{ true, "vm.create" },
		{ s->power != VM_POWER_KEEP, "vm.power" },
		{ s->snaps_named, "vm.snapshot" },
		{ s->rollback, "vm.rollback" },
		{ names_bridge(s, w), "vm.bridge" },
		{ s->image_url, "vm.fetch" },
		{ reaches_host(s), "vm.host" },
		{ s->quota_ignore, "quota.ignore" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].asked)
			policy_ask(ret, rows[i].action, s->project, s->label);
}

void vm_asks(const struct vm_batch *batch, const struct world *w, struct policy_asks *ret)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];

		if (s->absent)
			policy_ask(ret, "vm.delete", s->project, s->label);
		else
			ask_present(s, w, ret);
		if (s->protection == 0)
			policy_ask(ret, "vm.unprotect", s->project, s->label);
		if (s->reseal)
			policy_ask(ret, "vm.reseal", s->project, s->label);
	}
}
