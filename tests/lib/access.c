/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
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

static const char *sign(bool absent, bool kept)
{
	return absent ? "-" : kept ? "=" : "";
}

static void put_list(struct pxc_buf *out, const char *const *list)
{
	for (size_t i = 0; list && list[i]; i++)
		buf_printf(out, "%s%s", i ? "," : "", list[i]);
}

static char *role_line(const struct access_role *r)
{
	struct pxc_buf out = { .data = NULL };

	buf_printf(&out, "%srole %s", sign(r->absent, false), r->roleid);
	if (!r->absent)
		buf_adds(&out, r->exact ? ": " : " at least: ");
	put_list(&out, r->privs);
	return buf_take(&out);
}

static char *user_line(const struct access_user *u)
{
	struct pxc_buf out = { .data = NULL };

	buf_printf(&out, "%suser %s%s", sign(u->absent, false), u->userid, u->groups ? " (" : "");
	put_list(&out, u->groups);
	if (u->groups)
		buf_adds(&out, ")");
	return buf_take(&out);
}

static char *acl_line(const struct access_acl *a)
{
	return pxc_printf("%s%s%s %s %s %s", sign(a->absent, a->kept), a->path,
			  a->propagate && strcmp(a->path, "/") ? "/"
			  : a->propagate                       ? "*"
							       : "",
			  a->roleid, access_subject_names[a->subject], a->who);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *access_want_text(const struct access_want *w, struct pxc_arena *arena)
{
	char **lines = pxc_calloc(w->nroles + w->ngroups + w->nusers + w->ntokens + w->nacls + 1,
				  sizeof(*lines));
	auto_buf struct pxc_buf out = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; i < w->nroles; i++)
		lines[n++] = role_line(&w->roles[i]);
	for (size_t i = 0; i < w->ngroups; i++)
		lines[n++] = pxc_printf("%sgroup %s", sign(w->groups[i].absent, false),
					w->groups[i].groupid);
	for (size_t i = 0; i < w->nusers; i++)
		lines[n++] = user_line(&w->users[i]);
	for (size_t i = 0; i < w->ntokens; i++)
		lines[n++] = pxc_printf("%stoken %s!%s", sign(w->tokens[i].absent, false),
					w->tokens[i].userid, w->tokens[i].name);
	for (size_t i = 0; i < w->nacls; i++)
		lines[n++] = acl_line(&w->acls[i]);
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&out, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
	return arena_strdup(arena, buf_str(&out));
}
