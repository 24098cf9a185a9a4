/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/access.h"
#include "lib/plan.h"
#include "modules/access.h"

/* Single quotes for double ones, so that tables can be read. New reference. */
static json_t *parse(const char *text)
{
	auto_free char *copy = pxc_strdup(text);
	json_error_t e;
	json_t *value;

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	value = json_loads(copy, 0, &e);
	if (!value)
		fail_msg("%s: %s", text, e.text);
	return value;
}

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static const struct ans_spec *spec(void)
{
	size_t i = 0;

	while (!str_eq(ans_specs[i]->name, "pxc_access"))
		i++;
	return ans_specs[i];
}

struct task {
	struct pxc_arena arena;
	struct ans_args args;
	struct pxc_env env;
	struct pxc_err err;
	struct pxc_plans plans;
	int result;
};

static const char *word(const json_t *world, const char *key, const char *otherwise)
{
	const char *v = json_string_value(json_object_get(world, key));

	return v ? v : otherwise;
}

static void plan_it(struct task *t, json_t *world, const json_t *raw)
{
	struct access_state s =
		access_server(str_eq(word(world, "release", ""), "8") ? 8 : 9, NULL, NULL, NULL);
	json_auto_t *realms = parse("[{'realm':'pam'},{'realm':'pve'}]");
	struct access_want want = { .exact = false };

	*t = (struct task){ .err = { .kind = PXC_OK } };
	t->env = (struct pxc_env){ .args = &t->args, .arena = &t->arena };
	s.regenerates = s.major == 9;
	if (json_object_get(world, "roles"))
		(void)json_array_extend(s.roles, json_object_get(world, "roles"));
	(void)json_array_extend(s.users, json_object_get(world, "users"));
	(void)json_array_extend(s.acls, json_object_get(world, "acls"));
	(void)json_array_extend(s.groups, json_object_get(world, "groups"));
	s.realms = realms;
	s.user = word(world, "user", "root@pam");
	s.token = word(world, "token", "");
	s.now_s = 1000;
	s.files = json_object_get(world, "files");
	s.made = json_object_get(world, "made");
	t->result = ans_validate(spec(), raw, no_env, &t->args, &t->err);
	if (t->result == 0)
		t->result = access_decode_lists(&t->env, &want, &t->err);
	want.watch = word(world, "watch", NULL)
			     ? (const char *const[]){ word(world, "watch", ""), NULL }
			     : NULL;
	if (t->result == 0)
		t->result = access_plan(&want, &s,
					json_is_true(json_object_get(t->args.params, "lockout")),
					&t->plans, &t->err);
	access_server_release(&s);
}

static void release(struct task *t)
{
	pxc_plans_release(&t->plans);
	pxc_env_release(&t->env);
	ans_args_release(&t->args);
	arena_release(&t->arena);
}

static char *planned(const char *task, const char *text)
{
	json_auto_t *world = parse(text), *raw = parse(task);
	struct pxc_buf out = { .data = NULL };
	struct task t;

	plan_it(&t, world, raw);
	plan_print(&t.plans, t.result, &t.err, true, &out);
	release(&t);
	buf_adds(&out, "");
	return buf_take(&out);
}

/* What the steps send, sorted, each step on a line. */
static char *sent(const char *task, const char *text)
{
	json_auto_t *world = parse(text), *raw = parse(task);
	struct pxc_buf out = { .data = NULL };
	struct task t;

	plan_it(&t, world, raw);
	if (t.result < 0)
		buf_printf(&out, "!%s", t.err.msg);
	for (size_t k = 0; t.result == 0 && k < t.plans.plans[0]->nsteps; k++) {
		auto_free char *line =
			json_dumps(t.plans.plans[0]->steps[k].args, JSON_COMPACT | JSON_SORT_KEYS);

		for (char *at = line; *at; at++)
			if (*at == '"')
				*at = '\'';
		buf_printf(&out, "%s%s", k ? " " : "", line);
	}
	release(&t);
	buf_adds(&out, "");
	return buf_take(&out);
}

#define CSI                                                                                          \
	"'roles':[{'roleid':'CSI','privs':'VM.Audit,VM.Config.Disk','special':0}],"                  \
	"'groups':[{'groupid':'ops','comment':'Ops','users':'csi@pve'},{'groupid':'dev'}],"          \
	"'users':[{'userid':'csi@pve','comment':'CSI','email':'','enable':1,'expire':0,"             \
	"'groups':'ops','tokens':[{'tokenid':'drv','privsep':1,'expire':0}]},"                       \
	"{'userid':'eve@pve','enable':1,'expire':0,'groups':'','tokens':null}],"                     \
	"'acls':[{'path':'/pool/acme','type':'user','ugid':'csi@pve','roleid':'CSI','propagate':1}," \
	"{'path':'/pool/acme','type':'token','ugid':'csi@pve!drv','roleid':'CSI','propagate':1},"    \
	"{'path':'/pool/acme','type':'group','ugid':'dev','roleid':'PVESDNUser','propagate':0}]"
#define W "{" CSI "}"
#define ALL                                                                                          \
	"'roles':[{'name':'CSI','privs':['VM.Config.Disk','VM.Audit']}],"                            \
	"'users':[{'userid':'csi@pve','comment':'CSI','enabled':true,'expire':0,'groups':['ops']}]," \
	"'tokens':[{'user':'csi@pve','name':'drv','privsep':true,'expire':0}],"                      \
	"'acls':[{'path':'/pool/acme','role':'CSI','user':'csi@pve'},"                               \
	"{'path':'/pool/acme','role':'CSI','token':'csi@pve!drv','propagate':true}]"

static const struct plan_row making[] = {
	{ "everything, in the order it needs each other", "{}",
	  "{'acls':[{'path':'/pool/acme','role':'CSI','user':'csi@pve'},"
	  "{'path':'/pool/acme','role':'CSI','token':'csi@pve!drv'},"
	  "{'path':'/','role':'PXCAudit','group':'ops','propagate':false}],"
	  "'tokens':[{'user':'csi@pve','name':'drv','comment':'Driver'}],"
	  "'users':[{'userid':'csi@pve','groups':['ops']}],'groups':[{'name':'ops'}],"
	  "'roles':[{'name':'CSI','privs':['VM.Audit','VM.Config.Disk']}]}",
	  "make role CSI: VM.Audit, VM.Config.Disk; make group ops; make user csi@pve; "
	  "make token csi@pve!drv; grant CSI on /pool/acme to user csi@pve, token csi@pve!drv; "
	  "grant PXCAudit on / alone to group ops" },
	{ "what is there, whatever the order and by PVE's defaults", W, "{" ALL "}", "" },
	{ "nothing named is nothing done", W, "{}", "" },
	{ "a privilege more", W, "{'roles':[{'name':'CSI','privs':['VM.Audit','VM.Clone']}]}",
	  "role CSI: add VM.Clone" },
	{ "a group more", W, "{'users':[{'userid':'csi@pve','groups':['dev']}]}",
	  "user csi@pve: groups: add dev" },
	{ "values of a user", W,
	  "{'users':[{'userid':'csi@pve','enabled':false,'expire':99,'email':'a@b.c','comment':'x'}]}",
	  "user csi@pve: comment, email, enable, expire" },
	{ "of a group", W, "{'groups':[{'name':'dev','comment':'Dev'}]}", "group dev: comment" },
	{ "of a token", W,
	  "{'tokens':[{'user':'csi@pve','name':'drv','privsep':false,'comment':'x','expire':9}]}",
	  "token csi@pve!drv: comment, expire, privsep" },
	{ "propagation", W,
	  "{'acls':[{'path':'/pool/acme','role':'CSI','user':'csi@pve','propagate':false}]}",
	  "grant CSI on /pool/acme alone to user csi@pve" },
	{ "a new token of somebody who is there", W, "{'tokens':[{'user':'eve@pve','name':'ci'}]}",
	  "make token eve@pve!ci" },
	{ "what PVE leaves out is its default",
	  "{'users':[{'userid':'a@pve','tokens':[{'tokenid':'tt'}]}]}",
	  "{'users':[{'userid':'a@pve','enabled':true,'expire':0,'comment':'','groups':[]}],"
	  "'tokens':[{'user':'a@pve','name':'tt','privsep':true,'expire':0,'comment':''}]}",
	  "" },
	{ "a role without privileges", "{}", "{'roles':[{'name':'Empty'}]}", "make role Empty" },
};

static void what_is_missing_is_made(void **state)
{
	(void)state;
	plan_rows_with(planned, making, ARRAY_SIZE(making));
}

static const struct plan_row exactly[] = {
	{ "privileges and groups that are not named", W,
	  "{'mode':'exact','roles':[{'name':'CSI','privs':['VM.Audit','VM.Clone']}],"
	  "'users':[{'userid':'csi@pve','groups':['dev']}]}",
	  "role CSI: add VM.Clone, take away VM.Config.Disk [disrupts]; "
	  "user csi@pve: groups: add dev, take away ops [disrupts]" },
	{ "lists that are not given stay", W,
	  "{'mode':'exact','roles':[{'name':'CSI'}],'users':[{'userid':'csi@pve'}]}", "" },
	{ "an empty list is one", W, "{'mode':'exact','users':[{'userid':'csi@pve','groups':[]}]}",
	  "user csi@pve: groups: take away ops [disrupts]" },
	{ "grants on a path that is named", W,
	  "{'mode':'exact','acls':[{'path':'/pool/acme','role':'CSI','user':'csi@pve'}]}",
	  "take CSI on /pool/acme from token csi@pve!drv [disrupts]; "
	  "take PVESDNUser on /pool/acme from group dev [disrupts]" },
	{ "and on no other", W,
	  "{'mode':'exact','acls':[{'path':'/vms','role':'CSI','user':'csi@pve'}]}",
	  "grant CSI on /vms to user csi@pve" },
	{ "a path that is only named to take away", W,
	  "{'mode':'exact','acls':[{'path':'/pool/acme','role':'CSI','user':'csi@pve','state':'absent'}]}",
	  "take CSI on /pool/acme from user csi@pve [disrupts]" },
	{ "a new grant comes before the old one goes", W,
	  "{'mode':'exact','acls':[{'path':'/pool/acme','role':'PXCAudit','user':'csi@pve'},"
	  "{'path':'/pool/acme','role':'CSI','token':'csi@pve!drv'},"
	  "{'path':'/pool/acme','role':'PVESDNUser','group':'dev','propagate':false}]}",
	  "grant PXCAudit on /pool/acme to user csi@pve; "
	  "take CSI on /pool/acme from user csi@pve [disrupts]" },
	{ "what is besides is told where it is watched", "{'watch':'/pool/acme'," CSI "}",
	  "{'acls':[{'path':'/pool/acme','role':'CSI','user':'csi@pve'},"
	  "{'path':'/pool/acme','role':'CSI','token':'csi@pve!drv'}]}",
	  " | PVESDNUser on /pool/acme for group dev was granted by somebody else and stays: mode: exact takes it away" },
};

static void exact_takes_the_rest_away_where_the_task_names_it(void **state)
{
	(void)state;
	plan_rows_with(planned, exactly, ARRAY_SIZE(exactly));
}

static const struct plan_row removing[] = {
	{ "a user takes its tokens and grants along", W,
	  "{'users':[{'userid':'csi@pve','state':'absent'}],'roles':[{'name':'CSI','state':'absent'}]}",
	  "remove user csi@pve [destroys]; remove role CSI [destroys]" },
	{ "everything, the other way round", W,
	  "{'roles':[{'name':'CSI','state':'absent'}],'groups':[{'name':'dev','state':'absent'}],"
	  "'users':[{'userid':'eve@pve','state':'absent'}],"
	  "'tokens':[{'user':'csi@pve','name':'drv','state':'absent'}],"
	  "'acls':[{'path':'/pool/acme','role':'CSI','user':'csi@pve','state':'absent'}]}",
	  "take CSI on /pool/acme from user csi@pve [disrupts]; remove token csi@pve!drv [destroys]; "
	  "remove user eve@pve [destroys]; remove group dev [destroys]; remove role CSI [destroys]" },
	{ "a role that is still granted", W, "{'roles':[{'name':'CSI','state':'absent'}]}",
	  "!role CSI is still granted on /pool/acme to user csi@pve: take that away in acls first" },
	{ "what is not there", "{}",
	  "{'roles':[{'name':'CSI','state':'absent'}],'groups':[{'name':'dev','state':'absent'}],"
	  "'users':[{'userid':'eve@ldap','state':'absent'}],"
	  "'tokens':[{'user':'csi@pve','name':'drv','state':'absent'}],"
	  "'acls':[{'path':'/pool/acme','role':'CSI','user':'csi@pve','state':'absent'}]}",
	  "" },
	{ "just that entry", W,
	  "{'acls':[{'path':'/pool/acme','role':'PVESDNUser','user':'csi@pve','state':'absent'}]}",
	  "" },
};

static void what_goes_goes_the_other_way_round(void **state)
{
	(void)state;
	plan_rows_with(planned, removing, ARRAY_SIZE(removing));
}

#define ROLE(name, privs) "{'roles':[{'name':'" name "','privs':[" privs "]}]}"

static const struct plan_row refused[] = {
	{ "a role of PVE", W, ROLE("PVESDNUser", "'VM.Audit'"),
	  "!role PVESDNUser is one that PVE brings along; it cannot be changed" },
	{ "to remove one", W, "{'roles':[{'name':'Administrator','state':'absent'}]}",
	  "!role Administrator is one that PVE brings along; it cannot be changed" },
	{ "a name of PVE's", W, ROLE("PVEMine", "'VM.Audit'"),
	  "!role PVEMine: PVE keeps names that begin with PVE for its own roles" },
	{ "a role's name", W, ROLE("my role", "'VM.Audit'"),
	  "!role \"my role\": a role's name has letters, digits, dot, - and _" },
	{ "a privilege that went", W, ROLE("X", "'VM.Monitor'"),
	  "!role X: the server does not know the privilege VM.Monitor, which *VM.GuestAgent.Audit*" },
	{ "one that is to come", "{'release':'8'}", ROLE("X", "'VM.GuestAgent.Audit'"),
	  "!role X: the server does not know the privilege VM.GuestAgent.Audit, which *VM.Monitor*" },
	{ "one in small letters", W, ROLE("X", "'VM.Audit','vm.powermgmt'"),
	  "!role X: the server does not know the privilege vm.powermgmt: did you mean VM.PowerMgmt?" },
	{ "one mistyped", W, ROLE("X", "'VM.Audt'"),
	  "!role X: the server does not know the privilege VM.Audt: did you mean VM.Audit?" },
	{ "one that never was", W, ROLE("X", "'Coffee.Make'"),
	  "!role X: the server does not know the privilege Coffee.Make" },
	{ "a realm", W, "{'users':[{'userid':'bob@ldap'}]}",
	  "!user bob@ldap: there is no realm ldap: there are pam, pve" },
	{ "no realm", W, "{'users':[{'userid':'bob'}]}",
	  "!user \"bob\": a user is named like name@realm, at most 64 characters" },
	{ "a group of a user", W, "{'users':[{'userid':'eve@pve','groups':['nope']}]}",
	  "!user eve@pve: there is no group nope in PVE: name it in groups" },
	{ "a token's user", W, "{'tokens':[{'user':'bob@pve','name':'ci'}]}",
	  "!token bob@pve!ci: there is no user bob@pve: name it in users" },
	{ "a token's name", W, "{'tokens':[{'user':'eve@pve','name':'1x'}]}",
	  "!token eve@pve!1x: a token's name has at least two *" },
	{ "a short one", W, "{'tokens':[{'user':'eve@pve','name':'t'}]}", "!token eve@pve!t: *" },
	{ "a role in an ACL", W, "{'acls':[{'path':'/','role':'Nope','user':'eve@pve'}]}",
	  "!acl /: there is no role Nope: name it in roles" },
	{ "who gets it", W, "{'acls':[{'path':'/','role':'CSI','group':'nope'}]}",
	  "!acl /: there is no group nope" },
	{ "a token that gets it", W, "{'acls':[{'path':'/','role':'CSI','token':'csi@pve!no'}]}",
	  "!acl /: there is no token csi@pve!no" },
	{ "one that the task removes", W,
	  "{'users':[{'userid':'eve@pve','state':'absent'}],"
	  "'acls':[{'path':'/vms','role':'CSI','user':'eve@pve'}]}",
	  "!acl /vms: there is no user eve@pve" },
	{ "a path", W, "{'acls':[{'path':'/vm/100','role':'CSI','user':'eve@pve'}]}",
	  "!acl: PVE has no permissions on /vm/100: *" },
	{ "a path with an end", W, "{'acls':[{'path':'/vms/','role':'CSI','user':'eve@pve'}]}",
	  "!acl: \"/vms/\" is no path *" },
	{ "the same twice", W, "{'users':[{'userid':'eve@pve'},{'userid':'eve@pve'}]}",
	  "!user eve@pve is named twice in this task" },
	{ "the same grant twice", W,
	  "{'acls':[{'path':'/','role':'CSI','user':'eve@pve'},"
	  "{'path':'/','role':'CSI','user':'eve@pve','state':'absent'}]}",
	  "!acl /: CSI for user eve@pve is named twice in this task" },
	{ "people of the cloud",
	  "{'groups':[{'groupid':'pxc-ops','comment':'Ops [pxc/1 t=group id=group.pxc-ops s=0]'}]}",
	  "{'groups':[{'name':'pxc-ops','state':'absent'}]}",
	  "!group pxc-ops is a group of people of the cloud: see pxc_group" },
	{ "a lock", W, "{'groups':[{'name':'pxc-lock-access','state':'absent'}]}",
	  "!group pxc-lock-access is a lock of the cloud" },
	{ "root", W, "{'users':[{'userid':'root@pam','state':'absent'}]}",
	  "!user root@pam cannot be removed" },
	{ "a time", W, "{'users':[{'userid':'eve@pve','expire':-1}]}",
	  "!user eve@pve: expire is seconds since 1970, or 0 for never" },
	{ "a comment that cannot go",
	  "{'release':'8','users':[{'userid':'a@pve','tokens':[{'tokenid':'tt','comment':'x'}]}]}",
	  "{'tokens':[{'user':'a@pve','name':'tt','comment':''}]}",
	  "!token a@pve!tt: PVE 8 cannot take a token's comment away again" },
};

static void what_cannot_be_is_said_before_anything_is_written(void **state)
{
	(void)state;
	plan_rows_with(planned, refused, ARRAY_SIZE(refused));
}

#define DRV(more) "{'tokens':[{'user':'csi@pve','name':'drv'" more "}]}"
#define NEW(more) "{'tokens':[{'user':'eve@pve','name':'ci'" more "}]}"
#define F "/etc/x"
#define SAVE ",'save_to':'" F "'"

static const struct plan_row secrets[] = {
	{ "a new token with a file", W, NEW(SAVE),
	  "prepare /etc/x for the secret of eve@pve!ci; make token eve@pve!ci" },
	{ "whose file is there already", "{'files':{'" F "':'saved'}," CSI "}", NEW(SAVE),
	  "prepare /etc/x for the secret of eve@pve!ci; make token eve@pve!ci" },
	{ "that is saved", "{'files':{'" F "':'saved'}," CSI "}", DRV(SAVE), "" },
	{ "that is not", W, DRV(SAVE),
	  "!token csi@pve!drv is there, but its secret is not in /etc/x, and PVE does not tell it again: "
	  "regenerate: true makes a new one, with which the old one ends" },
	{ "unless a run was cut off", "{'files':{'" F "':'begun'}," CSI "}", DRV(SAVE),
	  "prepare /etc/x for the secret of csi@pve!drv; token csi@pve!drv: a new secret [destroys]" },
	{ "a new secret", W, DRV(",'regenerate':true"),
	  "token csi@pve!drv: a new secret [destroys]" },
	{ "with a file", W, DRV(SAVE ",'regenerate':true,'comment':'x'"),
	  "prepare /etc/x for the secret of csi@pve!drv; token csi@pve!drv: a new secret, comment [destroys]" },
	{ "that this run has made", "{'made':{'csi@pve!drv':'kept'}," CSI "}",
	  DRV(",'regenerate':true"), "" },
	{ "whose answer it has lost", "{'made':{'csi@pve!drv':'lost'}," CSI "}", DRV(""),
	  "token csi@pve!drv: a new secret [destroys]" },
	{ "for one that is not there", W, NEW(",'regenerate':true"), "make token eve@pve!ci" },
	{ "where PVE only makes tokens, with all it had", "{'release':'8'," CSI "}",
	  DRV(",'regenerate':true"),
	  "remove token csi@pve!drv [destroys]; make token csi@pve!drv; "
	  "grant CSI on /pool/acme to token csi@pve!drv" },
};

static void a_secret_is_asked_for_once(void **state)
{
	(void)state;
	plan_rows_with(planned, secrets, ARRAY_SIZE(secrets));
}

/* The run is pxc@pve!ci, with Administrator on / by a group, and on the token itself. */
#define SELF(privsep, more)                                                                        \
	"{'user':'pxc@pve','token':'ci',"                                                          \
	"'roles':[{'roleid':'Adm','privs':'VM.Audit,VM.Clone,Sys.Audit'}],"                        \
	"'groups':[{'groupid':'adm'},{'groupid':'x'}],"                                            \
	"'users':[{'userid':'pxc@pve','enable':1,'expire':0,'groups':'adm,x',"                     \
	"'tokens':[{'tokenid':'ci','privsep':" privsep ",'expire':0}]},{'userid':'eve@pve'}],"     \
	"'acls':[{'path':'/','type':'group','ugid':'adm','roleid':'Adm','propagate':1},"           \
	"{'path':'/','type':'token','ugid':'pxc@pve!ci','roleid':'Adm','propagate':1}" more "]}"
#define ME SELF("1", "")
#define FULL SELF("0", "")
#define LOST(what) "!the task would take " what " from pxc@pve!ci, with which it runs itself: *"

static const struct plan_row itself[] = {
	{ "its user", ME, "{'users':[{'userid':'pxc@pve','state':'absent'}]}", LOST("its login") },
	{ "disabled", ME, "{'users':[{'userid':'pxc@pve','enabled':false}]}", LOST("its login") },
	{ "expired", ME, "{'users':[{'userid':'pxc@pve','expire':999}]}", LOST("its login") },
	{ "that will expire", ME, "{'users':[{'userid':'pxc@pve','expire':2000}]}",
	  "user pxc@pve: expire" },
	{ "its token", ME, "{'tokens':[{'user':'pxc@pve','name':'ci','state':'absent'}]}",
	  LOST("its login") },
	{ "its token's secret", ME, "{'tokens':[{'user':'pxc@pve','name':'ci','regenerate':true}]}",
	  LOST("its login") },
	{ "all that is allowed", ME,
	  "{'lockout':true,'tokens':[{'user':'pxc@pve','name':'ci','regenerate':true}]}",
	  "token pxc@pve!ci: a new secret [destroys]" },
	{ "a privilege of its role", ME,
	  "{'mode':'exact','roles':[{'name':'Adm','privs':['VM.Audit','Sys.Audit']}]}",
	  LOST("VM.Clone on /") },
	{ "one more is no harm", ME, "{'roles':[{'name':'Adm','privs':['VM.Backup']}]}",
	  "role Adm: add VM.Backup" },
	{ "its group", ME, "{'mode':'exact','users':[{'userid':'pxc@pve','groups':['x']}]}",
	  LOST("VM.Audit on /") },
	{ "a group that gives it nothing", ME,
	  "{'mode':'exact','users':[{'userid':'pxc@pve','groups':['adm']}]}",
	  "user pxc@pve: groups: take away x [disrupts]" },
	{ "the group's grant", ME,
	  "{'acls':[{'path':'/','role':'Adm','group':'adm','state':'absent'}]}",
	  LOST("VM.Audit on /") },
	{ "its own grant", ME,
	  "{'acls':[{'path':'/','role':'Adm','token':'pxc@pve!ci','state':'absent'}]}",
	  LOST("VM.Audit on /") },
	{ "which an unseparated token does not need", FULL,
	  "{'acls':[{'path':'/','role':'Adm','token':'pxc@pve!ci','state':'absent'}]}",
	  "take Adm on / from token pxc@pve!ci [disrupts]" },
	{ "only the propagation", ME,
	  "{'acls':[{'path':'/','role':'Adm','token':'pxc@pve!ci','propagate':false}]}",
	  LOST("VM.Audit on / and below") },
	{ "a grant that hides what is above it", ME,
	  "{'acls':[{'path':'/pool/acme','role':'PXCAudit','user':'pxc@pve'}]}",
	  LOST("VM.Audit on /pool/acme") },
	{ "of somebody else", ME,
	  "{'acls':[{'path':'/pool/acme','role':'PXCAudit','user':'eve@pve'}]}",
	  "grant PXCAudit on /pool/acme to user eve@pve" },
	{ "of its group, where the user has one itself",
	  SELF("0", ",{'path':'/vms','type':'user','ugid':'pxc@pve','roleid':'Adm','propagate':1}"),
	  "{'acls':[{'path':'/vms','role':'PXCAudit','group':'x'}]}",
	  "grant PXCAudit on /vms to group x" },
	{ "and where it has none", FULL, "{'acls':[{'path':'/vms','role':'PXCAudit','group':'x'}]}",
	  LOST("VM.Audit on /vms") },
	{ "separated from its user", FULL,
	  "{'tokens':[{'user':'pxc@pve','name':'ci','privsep':true}],"
	  "'acls':[{'path':'/','role':'Adm','token':'pxc@pve!ci','state':'absent'}]}",
	  LOST("VM.Audit on /") },
	{ "other paths are not cleared of it", ME,
	  "{'mode':'exact','acls':[{'path':'/','role':'PXCAudit','user':'eve@pve'}]}",
	  LOST("VM.Audit on /") },
	{ "root keeps everything", "{'user':'root@pam'}",
	  "{'mode':'exact','acls':[{'path':'/','role':'PXCAudit','user':'root@pam'}],'users':[{'userid':'root@pam'}]}",
	  "*" },
};

static void the_run_does_not_lose_its_own_rights(void **state)
{
	(void)state;
	plan_rows_with(planned, itself, ARRAY_SIZE(itself));
}

static const struct plan_row parameters[] = {
	{ "a new role, user and token", "{}",
	  "{'roles':[{'name':'R','privs':['VM.Audit','VM.Clone']}],'groups':[{'name':'g','comment':'G'}],"
	  "'users':[{'userid':'a@pve','comment':'A','enabled':true,'groups':['g']}],"
	  "'tokens':[{'user':'a@pve','name':'tt','privsep':true,'expire':0}],"
	  "'acls':[{'path':'/','role':'R','user':'a@pve'}]}",
	  "{'privs':'VM.Audit,VM.Clone','roleid':'R'} {'comment':'G','groupid':'g'} "
	  "{'comment':'A','groups':'g','userid':'a@pve'} "
	  "{'_token':'a@pve!tt','tokenid':'tt','userid':'a@pve'} "
	  "{'_to':'user a@pve','path':'/','roles':'R','users':'a@pve'}" },
	{ "others are added to, so that nobody's change is lost", W,
	  "{'roles':[{'name':'CSI','privs':['VM.Clone']}],'users':[{'userid':'csi@pve','groups':['dev']}]}",
	  "{'append':1,'privs':'VM.Clone','roleid':'CSI'} "
	  "{'append':1,'groups':'dev','userid':'csi@pve'}" },
	{ "or replaced", W,
	  "{'mode':'exact','roles':[{'name':'CSI','privs':['VM.Clone']}],'users':[{'userid':'csi@pve','groups':[]}]}",
	  "{'privs':'VM.Clone','roleid':'CSI'} {'groups':'','userid':'csi@pve'}" },
	{ "a comment goes",
	  "{'users':[{'userid':'a@pve','tokens':[{'tokenid':'tt','comment':'x'}]}]}",
	  "{'tokens':[{'user':'a@pve','name':'tt','comment':''}]}",
	  "{'_token':'a@pve!tt','delete':'comment','tokenid':'tt','userid':'a@pve'}" },
	{ "an entry goes", W,
	  "{'acls':[{'path':'/pool/acme','role':'CSI','token':'csi@pve!drv','state':'absent'},"
	  "{'path':'/pool/acme','role':'CSI','user':'csi@pve','state':'absent'}]}",
	  "{'_to':'user csi@pve, token csi@pve!drv','delete':1,'path':'/pool/acme','roles':'CSI','tokens':'csi@pve!drv','users':'csi@pve'}" },
	{ "a new secret", W, DRV(SAVE ",'regenerate':true"),
	  "{'_file':'/etc/x','_token':'csi@pve!drv'} "
	  "{'_file':'/etc/x','_token':'csi@pve!drv','regenerate':1,'tokenid':'drv','userid':'csi@pve'}" },
};

static void requests_carry_what_differs(void **state)
{
	(void)state;
	plan_rows_with(sent, parameters, ARRAY_SIZE(parameters));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_made),
		cmocka_unit_test(exact_takes_the_rest_away_where_the_task_names_it),
		cmocka_unit_test(what_goes_goes_the_other_way_round),
		cmocka_unit_test(what_cannot_be_is_said_before_anything_is_written),
		cmocka_unit_test(a_secret_is_asked_for_once),
		cmocka_unit_test(the_run_does_not_lose_its_own_rights),
		cmocka_unit_test(requests_carry_what_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
