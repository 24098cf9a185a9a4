/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access_rows.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_is_said_before_anything_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
