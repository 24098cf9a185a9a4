/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_rights.c - who may set which option of a guest, use which volume, storage and bridge. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"
#include "sim/sdn.h"

/* Plain options by privilege. What is in no row only root can set: args, lock, vmgenid, hookscript, affinity, ... */
static const struct {
	const char *names, *priv;
} rows[] = {
	{ "cores cpu cpulimit cpuunits numa sockets vcpus", "VM.Config.CPU" },
	{ "memory balloon shares allow-ksm", "VM.Config.Memory" },
	{ "acpi hotplug kvm machine scsihw smbios1 tablet vga watchdog audio0 rng0",
	  "VM.Config.HWType" },
	{ "agent autostart bios description keyboard localtime migrate_downtime migrate_speed name onboot ostype "
	  "protection reboot startdate startup tags tdf template",
	  "VM.Config.Options" },
	{ "freeze", "VM.PowerMgmt" },
	{ "boot bootdisk vmstatestorage", "VM.Config.Disk" },
	{ "cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys",
	  "VM.Config.Cloudinit|VM.Config.Network" },
};

/* Numbered options likewise. */
static const struct {
	const char *family, *priv;
} families[] = {
	{ "net", "VM.Config.Network" },     { "ipconfig", "VM.Config.Cloudinit|VM.Config.Network" },
	{ "numa", "VM.Config.CPU" },        { "unused", "VM.Config.Disk" },
	{ "virtiofs", "VM.Config.Disk" },   { "serial", "VM.Config.HWType" },
	{ "usb", "VM.Config.HWType" },      { "hostpci", "VM.Config.HWType" },
	{ "parallel", "VM.Config.HWType" },
};

const char *qm_privilege(const char *name, const char *value)
{
	if (qm_is_drive(name))
		return value && strstr(value, "media=cdrom") && !strstr(value, "cloudinit")
			       ? "VM.Config.CDROM"
			       : "VM.Config.Disk";
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (qm_family(name, families[i].family))
			return families[i].priv;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (qm_listed(rows[i].names, name))
			return rows[i].priv;
	return NULL;
}

/* What PVE adds to "only root can set 'x' config"; NULL: the value is one that others may set, too. */
static const char *root_only(const char *name, const char *value)
{
	if (!qm_privilege(name, value))
		return "";
	if (qm_family(name, "hostpci"))
		return value && strstr(value, "mapping=") ? NULL : " for non-mapped devices";
	if (qm_family(name, "usb"))
		return value && (strstr(value, "mapping=") || strstr(value, "spice"))
			       ? NULL
			       : " for real devices";
	if (qm_family(name, "serial"))
		return value && strcmp(value, "socket") != 0 ? " for real devices" : NULL;
	return qm_family(name, "parallel") ? " for real devices" : NULL;
}

/* On the guest's path, or on the pool that it is to be created in (NULL = none). */
static int need(struct sim_call *call, unsigned vmid, const char *pool, const char *privs)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "/pool/%s", pool ? pool : "");
	return pool && sim_may(call, path, privs) ? 0 : sim_need_vm(call, vmid, privs);
}

/* The bridge, or, of a card with a VLAN tag, that VLAN of it. */
static int need_bridge(struct sim_call *call, const char *value)
{
	json_auto_t *net = prop_parse_net(value);
	const char *bridge = qm_text(net, "bridge", NULL), *tag = qm_text(net, "tag", NULL);
	const json_t *vnet = bridge ? sdn_find(call->sim, SDN_VNET, bridge) : NULL;

	if (!bridge)
		return 0;
	return sim_need(call, "SDN.Use", "/sdn/zones/%s/%s%s%s",
			qm_text(vnet, "zone", "localnetwork"), bridge, tag ? "/" : "",
			tag ? tag : "");
}

int qm_need_bridges(struct sim_call *call, const json_t *config)
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(config, &count);

	for (size_t i = 0; i < count; i++)
		if (qm_family(keys[i], "net") && !sim_is_root(call) &&
		    need_bridge(call, qm_text(config, keys[i], "")) < 0)
			return -1;
	return 0;
}

int qm_need_option(struct sim_call *call, const struct qm_owner *owner, const char *key,
		   const char *value)
{
	const char *why = root_only(key, value);

	if (sim_is_root(call))
		return 0;
	if (why)
		return sim_fail(call, 500, "only root can set '%s' config%s", key, why);
	/* Who may create a guest may give it disks; the storage was asked for already. */
	if (owner->creating && qm_is_drive(key))
		return 0;
	if (need(call, owner->vmid, owner->pool, qm_privilege(key, value)) < 0)
		return -1;
	return strcmp(key, "startup") != 0 ? 0 : sim_need(call, "Sys.Modify", "/");
}

int qm_need_power(struct sim_call *call, const struct qm_owner *owner)
{
	return need(call, owner->vmid, owner->pool, "VM.PowerMgmt");
}

int qm_need_volume(struct sim_call *call, const struct sim_volume *v)
{
	const char *storage = v->storage->id;
	char path[160];

	(void)snprintf(path, sizeof(path), "/storage/%s", storage);
	if (sim_may(call, path, "Datastore.Allocate"))
		return 0;
	if (!strcmp(v->content, "iso") || !strcmp(v->content, "vztmpl") ||
	    !strcmp(v->content, "import"))
		return sim_need(call, "Datastore.AllocateSpace|Datastore.Audit", "/storage/%s",
				storage);
	if (!v->vmid)
		return sim_fail(call, 500, "no permission to access volume '%s'", v->volid);
	return qm_need_image(call, storage, v->vmid);
}

int qm_need_image(struct sim_call *call, const char *storage, unsigned owner)
{
	unsigned vmid = call->vmid ? call->vmid : (unsigned)sim_arg_int(call, "vmid", 0);
	char path[160];

	(void)snprintf(path, sizeof(path), "/storage/%s", storage);
	if (sim_may(call, path, "Datastore.Allocate") || owner == vmid)
		return 0;
	if (sim_need(call, "Datastore.Audit", "/storage/%s", storage) < 0)
		return -1;
	return sim_need_vm(call, owner, "VM.Config.Disk");
}
