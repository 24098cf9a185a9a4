/* SPDX-License-Identifier: GPL-3.0-or-later */
/* roles.c - privileges and the roles that every PVE comes with. */
#include <stdio.h>
#include <string.h>

#include "sim/core.h"
#include "sim/state.h"

/* Sorted; the index is the bit. */
const char *const sim_priv_names[] = {
	"Datastore.Allocate",
	"Datastore.AllocateSpace",
	"Datastore.AllocateTemplate",
	"Datastore.Audit",
	"Group.Allocate",
	"Mapping.Audit",
	"Mapping.Modify",
	"Mapping.Use",
	"Permissions.Modify",
	"Pool.Allocate",
	"Pool.Audit",
	"Realm.Allocate",
	"Realm.AllocateUser",
	"SDN.Allocate",
	"SDN.Audit",
	"SDN.Use",
	"Sys.AccessNetwork",
	"Sys.Audit",
	"Sys.Console",
	"Sys.Incoming",
	"Sys.Modify",
	"Sys.PowerMgmt",
	"Sys.Syslog",
	"User.Modify",
	"VM.Allocate",
	"VM.Audit",
	"VM.Backup",
	"VM.Clone",
	"VM.Config.CDROM",
	"VM.Config.CPU",
	"VM.Config.Cloudinit",
	"VM.Config.Disk",
	"VM.Config.HWType",
	"VM.Config.Memory",
	"VM.Config.Network",
	"VM.Config.Options",
	"VM.Console",
	"VM.GuestAgent.Audit",
	"VM.GuestAgent.FileRead",
	"VM.GuestAgent.FileSystemMgmt",
	"VM.GuestAgent.FileWrite",
	"VM.GuestAgent.Unrestricted",
	"VM.Migrate",
	"VM.Monitor",
	"VM.PowerMgmt",
	"VM.Replicate",
	"VM.Snapshot",
	"VM.Snapshot.Rollback",
	NULL,
};

/* The roles of both versions; each keeps of them what it knows. */
static const struct {
	const char *id, *privs;
} built_in[] = {
	{ "Administrator", NULL }, /* everything */
	{ "NoAccess", "" },
	{ "PVEAdmin", "Datastore.Allocate,Datastore.AllocateSpace,Datastore.AllocateTemplate,"
		      "Datastore.Audit,Group.Allocate,Mapping.Audit,Mapping.Use,"
		      "Pool.Allocate,Pool.Audit,Realm.AllocateUser,SDN.Allocate,SDN.Audit,"
		      "SDN.Use,Sys.Audit,Sys.Console,Sys.Syslog,User.Modify,VM.Allocate,"
		      "VM.Audit,VM.Backup,VM.Clone,VM.Config.CDROM,VM.Config.CPU,"
		      "VM.Config.Cloudinit,VM.Config.Disk,VM.Config.HWType,VM.Config.Memory,"
		      "VM.Config.Network,VM.Config.Options,VM.Console,VM.GuestAgent.Audit,"
		      "VM.GuestAgent.FileRead,VM.GuestAgent.FileSystemMgmt,"
		      "VM.GuestAgent.FileWrite,VM.GuestAgent.Unrestricted,VM.Migrate,"
		      "VM.Monitor,VM.PowerMgmt,VM.Replicate,VM.Snapshot,VM.Snapshot.Rollback" },
	{ "PVEAuditor", "Datastore.Audit,Mapping.Audit,Pool.Audit,SDN.Audit,Sys.Audit,VM.Audit,"
			"VM.GuestAgent.Audit" },
	{ "PVEDatastoreAdmin",
	  "Datastore.Allocate,Datastore.AllocateSpace,Datastore.AllocateTemplate,"
	  "Datastore.Audit" },
	{ "PVEDatastoreUser", "Datastore.AllocateSpace,Datastore.Audit" },
	{ "PVEMappingAdmin", "Mapping.Audit,Mapping.Modify,Mapping.Use" },
	{ "PVEMappingUser", "Mapping.Audit,Mapping.Use" },
	{ "PVEPoolAdmin", "Pool.Allocate,Pool.Audit" },
	{ "PVEPoolUser", "Pool.Audit" },
	{ "PVESDNAdmin", "SDN.Allocate,SDN.Audit,SDN.Use" },
	{ "PVESDNUser", "SDN.Audit,SDN.Use" },
	{ "PVESysAdmin", "Sys.Audit,Sys.Console,Sys.Syslog" },
	{ "PVETemplateUser", "VM.Audit,VM.Clone" },
	{ "PVEUserAdmin", "Group.Allocate,Realm.AllocateUser,User.Modify" },
	{ "PVEVMAdmin", "VM.Allocate,VM.Audit,VM.Backup,VM.Clone,VM.Config.CDROM,VM.Config.CPU,"
			"VM.Config.Cloudinit,VM.Config.Disk,VM.Config.HWType,VM.Config.Memory,"
			"VM.Config.Network,VM.Config.Options,VM.Console,VM.GuestAgent.Audit,"
			"VM.GuestAgent.FileRead,VM.GuestAgent.FileSystemMgmt,"
			"VM.GuestAgent.FileWrite,VM.GuestAgent.Unrestricted,VM.Migrate,"
			"VM.Monitor,VM.PowerMgmt,VM.Replicate,VM.Snapshot,VM.Snapshot.Rollback" },
	{ "PVEVMUser", "VM.Audit,VM.Backup,VM.Config.CDROM,VM.Config.Cloudinit,VM.Console,"
		       "VM.GuestAgent.Audit,VM.GuestAgent.FileRead,"
		       "VM.GuestAgent.FileSystemMgmt,VM.GuestAgent.FileWrite,VM.PowerMgmt" },
};

/* PVE 9 has the guest agent's rights apart, and replication's; before, VM.Monitor was the right to talk to QEMU. */
static bool known(const struct sim *sim, const char *name)
{
	if (sim->options.pve == 8)
		return !str_starts(name, "VM.GuestAgent.") && strcmp(name, "VM.Replicate") != 0;
	return strcmp(name, "VM.Monitor") != 0;
}

static uint64_t all_privs(const struct sim *sim)
{
	uint64_t bits = 0;

	for (size_t i = 0; sim_priv_names[i]; i++)
		if (known(sim, sim_priv_names[i]))
			bits |= 1ull << i;
	return bits;
}

static bool priv_bit(const char *name, size_t len, uint64_t *ret_bit)
{
	for (size_t i = 0; sim_priv_names[i]; i++) {
		if (strlen(sim_priv_names[i]) != len || memcmp(sim_priv_names[i], name, len))
			continue;
		*ret_bit = 1ull << i;
		return true;
	}
	return false;
}

/* All privileges of the text; bad is the first that none of valid is. */
static uint64_t parse(const char *text, uint64_t valid, char bad[64])
{
	uint64_t bits = 0, bit;

	bad[0] = '\0';
	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ",;| ");

		if (len && !bad[0] && (!priv_bit(at, len, &bit) || !(bit & valid)))
			snprintf(bad, 64, "%.*s", (int)len, at);
		else if (len && priv_bit(at, len, &bit))
			bits |= bit & valid;
		at += len;
		at += strspn(at, ",;| ");
	}
	return bits;
}

bool sim_privs_parse(const struct sim *sim, const char *text, uint64_t *ret_bits, char bad[64])
{
	uint64_t bits = parse(text, all_privs(sim), bad);

	if (bad[0])
		return false;
	*ret_bits = bits;
	return true;
}

void sim_role_free(void *value)
{
	struct sim_role *role = value;

	free(role->id);
	free(role);
}

void sim_roles_init(struct sim *sim)
{
	char bad[64];

	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++) {
		struct sim_role *role = pxc_calloc(1, sizeof(*role));

		role->id = pxc_strdup(built_in[i].id);
		role->special = true;
		role->privs = built_in[i].privs ? parse(built_in[i].privs, all_privs(sim), bad)
						: all_privs(sim);
		sim_map_put(&sim->roles, role->id, role);
	}
}
