/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

#define BOTH_TO_SYS                                                                                \
	"Datastore.Allocate,Datastore.AllocateSpace,Datastore.AllocateTemplate,Datastore.Audit,"   \
	"Group.Allocate,Mapping.Audit,Mapping.Modify,Mapping.Use,Permissions.Modify,"              \
	"Pool.Allocate,Pool.Audit,Realm.Allocate,Realm.AllocateUser,SDN.Allocate,SDN.Audit,"       \
	"SDN.Use,Sys.AccessNetwork,Sys.Audit,Sys.Console,Sys.Incoming,Sys.Modify,Sys.PowerMgmt,"   \
	"Sys.Syslog,User.Modify,"
#define BOTH_TO_CONSOLE                                                                            \
	"VM.Allocate,VM.Audit,VM.Backup,VM.Clone,VM.Config.CDROM,VM.Config.CPU,"                   \
	"VM.Config.Cloudinit,VM.Config.Disk,VM.Config.HWType,VM.Config.Memory,"                    \
	"VM.Config.Network,VM.Config.Options,VM.Console,"

const char access_privs8[] = BOTH_TO_SYS BOTH_TO_CONSOLE
	"VM.Migrate,VM.Monitor,VM.PowerMgmt,VM.Snapshot,VM.Snapshot.Rollback";
const char access_privs9[] = BOTH_TO_SYS BOTH_TO_CONSOLE
	"VM.GuestAgent.Audit,VM.GuestAgent.FileRead,VM.GuestAgent.FileSystemMgmt,"
	"VM.GuestAgent.FileWrite,VM.GuestAgent.Unrestricted,VM.Migrate,VM.PowerMgmt,VM.Replicate,"
	"VM.Snapshot,VM.Snapshot.Rollback";

static json_t *parse(const char *text)
{
	char *copy = pxc_strdup(text ? text : "[]");
	json_error_t e;
	json_t *value;

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	value = json_loads(copy, 0, &e);
	free(copy);
	if (!value)
		fail_msg("%s: %s", text, e.text);
	return value;
}

struct access_state access_server(unsigned major, const char *users, const char *acls,
				  const char *groups)
{
	struct access_state s = {
		.major = major,
		.users = parse(users),
		.acls = parse(acls),
		.groups = parse(groups),
	};

	s.roles = json_pack("[{ss, ss, si}, {ss, ss, si}, {ss, ss, si}]", "roleid", "Administrator",
			    "privs", major < 9 ? access_privs8 : access_privs9, "special", 1,
			    "roleid", "PVESDNUser", "privs", "SDN.Audit,SDN.Use", "special", 1,
			    "roleid", "PXCAudit", "privs", "Sys.Audit", "special", 0);
	assert_non_null(s.roles);
	return s;
}

void access_server_release(struct access_state *s)
{
	json_decref(s->roles);
	json_decref(s->users);
	json_decref(s->acls);
	json_decref(s->groups);
}
