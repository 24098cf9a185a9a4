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
	"VM.PowerMgmt",
	"VM.Replicate",
	"VM.Snapshot",
	"VM.Snapshot.Rollback",
	NULL,
};

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
		      "VM.PowerMgmt,VM.Replicate,VM.Snapshot,VM.Snapshot.Rollback" },
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
			"VM.PowerMgmt,VM.Replicate,VM.Snapshot,VM.Snapshot.Rollback" },
	{ "PVEVMUser", "VM.Audit,VM.Backup,VM.Config.CDROM,VM.Config.Cloudinit,VM.Console,"
		       "VM.GuestAgent.Audit,VM.GuestAgent.FileRead,"
		       "VM.GuestAgent.FileSystemMgmt,VM.GuestAgent.FileWrite,VM.PowerMgmt" },
};

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

bool sim_privs_parse(const char *text, uint64_t *ret_bits, char bad[64])
{
	uint64_t bits = 0, bit;

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ",;| ");

		if (len && !priv_bit(at, len, &bit)) {
			snprintf(bad, 64, "%.*s", (int)len, at);
			return false;
		}
		if (len)
			bits |= bit;
		at += len;
		at += strspn(at, ",;| ");
	}
	*ret_bits = bits;
	return true;
}

static uint64_t all_privs(void)
{
	uint64_t bits = 0;

	for (size_t i = 0; sim_priv_names[i]; i++)
		bits |= 1ull << i;
	return bits;
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
		if (!built_in[i].privs)
			role->privs = all_privs();
		else if (!sim_privs_parse(built_in[i].privs, &role->privs, bad))
			role->privs = 0;
		sim_map_put(&sim->roles, role->id, role);
	}
}
