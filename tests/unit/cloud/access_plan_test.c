/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access_rows.h"

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
		cmocka_unit_test(a_secret_is_asked_for_once),
		cmocka_unit_test(requests_carry_what_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
