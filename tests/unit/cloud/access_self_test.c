/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access_rows.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_run_does_not_lose_its_own_rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
