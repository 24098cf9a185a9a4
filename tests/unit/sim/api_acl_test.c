/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts: pve-access-control, API2/ACL.pm, API2/Role.pm, API2/Domains.pm, PVE/AccessControl.pm; and the record. */
#include "access_ask.h"

#define ACL "/access/acl"
#define DENIED "Permission check failed"

/* alice may do everything, bob owns the VMs of pool dev, carol only looks. */
static struct sim *shop(void)
{
	static const struct step story[] = {
		{ NULL, "POST", "/access/groups", "groupid=ops", 200, NULL },
		{ NULL, "POST", "/access/users", "userid=alice@pve", 200, NULL },
		{ NULL, "POST", "/access/users", "userid=bob@pve&groups=ops", 200, NULL },
		{ NULL, "POST", "/access/users", "userid=carol@pve", 200, NULL },
		{ NULL, "POST", "/pools", "poolid=dev", 200, NULL },
		{ NULL, "PUT", "/pools", "poolid=dev&vms=100", 200, NULL },
		{ NULL, "PUT", ACL, "path=/&roles=Administrator&users=alice@pve", 200, NULL },
		{ NULL, "PUT", ACL, "path=/pool/dev&roles=PVEVMAdmin,PVEPoolAdmin&users=bob@pve",
		  200, NULL },
	};
	struct sim *sim = cluster(1, 0, NULL, NULL);

	take_steps(sim, story);
	return sim;
}

static void which_paths_can_carry_rights(void **state)
{
	static const struct {
		const char *path;
		bool good;
	} rows[] = {
		{ "/", true },
		{ "vms/100/", true },
		{ "//vms//100", true },
		{ "/vms/99", false },
		{ "/vms/100/x", false },
		{ "/access/realm/pve", true },
		{ "/access/users", false },
		{ "/pool/a/b/c", true },
		{ "/pool/a/b/c/d", false },
		{ "/sdn/zones/z", true },
		{ "/sdn/zones/z/vnet1/7", true },
		{ "/sdn/zones/z/vnet1/x", false },
		{ "/mapping/pci/gpu", true },
		{ "/storage/a b", false },
		{ "/nonsense", false },
	};
	struct sim *sim = shop();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *form =
			pxc_printf("path=%s&roles=PVEAuditor&users=carol@pve", rows[i].path);
		struct answer answer auto_answer = ask(sim, "PUT", ACL, form);

		if (answer.reply.status != (rows[i].good ? 200 : 400))
			fail_msg("%s: %d", rows[i].path, answer.reply.status);
	}
	/* what was there before the rules about paths can still go */
	expect(sim, "PUT", ACL, "path=/vms/99&roles=PVEAuditor&users=carol@pve&delete=1", 200,
	       NULL);
	sim_free(sim);
}

static void paths_are_stored_in_one_form(void **state)
{
	struct sim *sim = shop();

	(void)state;
	expect(sim, "PUT", ACL, "path=vms//100/&roles=PVEAuditor&users=carol@pve", 200, NULL);
	assert_string_equal(sim->acls[sim->acl_count - 1].path, "/vms/100");
	expect(sim, "PUT", ACL, "path=/vms/100&roles=PVEAuditor&users=carol@pve&delete=1", 200,
	       NULL);
	assert_int_equal(sim->acl_count, 3);
	sim_free(sim);
}

static void who_hands_out_what(void **state)
{
#define SUPERSET " - requires 'Permissions.Modify' or superset of privileges."
	static const struct step rows[] = {
		{ "carol@pve", "PUT", ACL, "path=/vms/100&roles=PVEAuditor&users=carol@pve", 403,
		  DENIED " (/vms/100, Permissions.Modify|VM.Allocate)" },
		{ "carol@pve", "PUT", ACL, "path=/nodes&roles=PVEAuditor&users=carol@pve", 403,
		  DENIED " (/nodes, Permissions.Modify)" },
		/* bob has VM.Allocate there through the pool, so he gives away what he has ... */
		{ "bob@pve", "PUT", ACL,
		  "path=/vms/100&roles=PVETemplateUser&users=carol@pve&propagate=0", 200, NULL },
		/* ... and no more; what comes through a pool is not passed on below */
		{ "bob@pve", "PUT", ACL, "path=/vms/100&roles=PVETemplateUser&users=carol@pve", 500,
		  "ACL update failed: 400 Parameter verification failed." },
		{ "bob@pve", "PUT", ACL, "path=/vms/100&roles=PVEAdmin&users=carol@pve&propagate=0",
		  500, "ACL update failed: 400 Parameter verification failed." },
		{ "bob@pve", "PUT", ACL, "path=/vms/100&roles=NoAccess&users=carol@pve&propagate=0",
		  500, "ACL update failed: 400 Parameter verification failed." },
		{ "bob@pve", "PUT", ACL, "path=/pool/dev&roles=PVEVMUser&groups=ops", 200, NULL },
		{ "bob@pve", "PUT", ACL, "path=/pool/dev&roles=PVEVMUser&groups=ops&delete=1", 200,
		  NULL },
		{ "alice@pve", "PUT", ACL, "path=/vms/100&roles=NoAccess&users=carol@pve", 200,
		  NULL },
		{ NULL, "PUT", ACL, "path=/&roles=PVEAuditor&tokens=bob@pve!no", 500,
		  "ACL update failed: no such token 'no' for user 'bob@pve'" },
		{ NULL, "PUT", ACL, "path=/&roles=PVEAuditor&tokens=no@pve!no", 500,
		  "ACL update failed: no such user ('no@pve')" },
		{ NULL, "PUT", ACL, "path=/&roles=PVEAuditor&groups=nosuch", 500,
		  "ACL update failed: group 'nosuch' does not exist" },
		{ NULL, "PUT", ACL, "path=/&roles=PVEAuditor&users=bob", 400,
		  "users: invalid format - value 'bob' does not look like a valid user name\n" },
	};
	struct sim *sim = shop();
	struct answer answer auto_answer = { 0 };

	(void)state;
	take_steps(sim, rows);
	answer = ask_by(sim, "bob@pve", "PUT", ACL, "path=/vms/100&roles=PVEAdmin&users=bob@pve");
	assert_string_equal(text_of(answer.body, "message"),
			    "ACL update failed: 400 Parameter verification failed.\n"
			    "role: Cannot add role 'PVEAdmin'" SUPERSET "\n");
	sim_free(sim);
}

/* Shown is what one may change; Sys.Audit on /access shows all. */
static void who_sees_the_list(void **state)
{
	static const struct {
		const char *grant, *who;
		size_t sees;
	} rows[] = {
		{ NULL, "alice@pve", 3 },
		{ NULL, "bob@pve", 2 },
		{ NULL, "carol@pve", 0 },
		{ "path=/access&roles=PVEAuditor&users=carol@pve", "carol@pve", 4 },
	};
	struct sim *sim = shop();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct answer answer auto_answer = { 0 };

		if (rows[i].grant)
			expect(sim, "PUT", ACL, rows[i].grant, 200, NULL);
		answer = ask_by(sim, rows[i].who, "GET", ACL, NULL);
		assert_int_equal(json_array_size(data_of(&answer)), rows[i].sees);
	}
	sim_free(sim);
}

static void whose_permissions_are_told(void **state)
{
#define MINE "/access/permissions"
	static const struct step rows[] = {
		{ NULL, "POST", "/access/users/bob@pve/token/tt", NULL, 200, NULL },
		{ "bob@pve", "GET", MINE "?path=/vms/100", NULL, 200, "\"VM.Allocate\":0" },
		{ "bob@pve", "GET", MINE "?path=/vms/101", NULL, 200,
		  "{\"data\":{\"/vms/101\":{}}}" },
		{ "bob@pve", "GET", MINE "?userid=bob@pve!tt", NULL, 200, "{\"data\":{}}" },
		{ "bob@pve!tt", "GET", MINE "?userid=bob@pve!tt", NULL, 200, "{\"data\":{}}" },
		{ "bob@pve!tt", "GET", MINE "?userid=bob@pve", NULL, 403,
		  DENIED " (/access, Sys.Audit)" },
		{ "bob@pve", "GET", MINE "?userid=alice@pve", NULL, 403,
		  DENIED " (/access, Sys.Audit)" },
		{ "alice@pve", "GET", MINE "?userid=nosuch@pve", NULL, 200, "{\"data\":{}}" },
		{ "alice@pve", "GET", MINE "?userid=bob@pve!nosuch&path=/vms", NULL, 200,
		  "{\"data\":{\"/vms\":{}}}" },
		{ NULL, "PUT", ACL, "path=/sdn/zones/z/v&roles=PVESDNUser&users=bob@pve", 200,
		  NULL },
		{ NULL, "PUT", ACL, "path=/sdn&roles=PVESDNUser&users=carol@pve", 200, NULL },
		{ "carol@pve", "GET", MINE, NULL, 200, "\"/sdn/zones\":" },
	};
	struct sim *sim = shop();

	(void)state;
	take_steps(sim, rows);
	sim_free(sim);
}

static void roles_follow_their_rules(void **state)
{
#define ROLES "/access/roles"
	static const struct step rows[] = {
		{ NULL, "POST", ROLES, "roleid=pveMine", 400,
		  "roleid: cannot use role ID starting with the (case-insensitive) 'PVE' namespace" },
		{ NULL, "POST", ROLES, "roleid=My!", 400,
		  "roleid: invalid format - role name 'My!' contains invalid characters\n" },
		{ NULL, "POST", ROLES, "roleid=Mine&privs=VM.Monitor", 400,
		  "privs: invalid format - invalid privilege 'VM.Monitor'\n" },
		{ NULL, "POST", ROLES, "roleid=Mine&privs=VM.Audit VM.Clone", 200, NULL },
		{ NULL, "PUT", ROLES "/Mine", "privs=VM.Console&append=1", 200, NULL },
		{ NULL, "GET", ROLES "/Mine", NULL, 200,
		  "{\"data\":{\"VM.Audit\":1,\"VM.Clone\":1,\"VM.Console\":1}}" },
		{ NULL, "PUT", ROLES "/Mine", "privs=VM.Console", 200, NULL },
		{ NULL, "GET", ROLES "/Mine", NULL, 200, "{\"data\":{\"VM.Console\":1}}" },
		{ NULL, "PUT", ROLES "/Mine", NULL, 200, NULL },
		{ NULL, "GET", ROLES "/Mine", NULL, 200, "{\"data\":{}}" },
		{ NULL, "PUT", ROLES "/NoAccess", "privs=VM.Audit", 500,
		  "auto-generated role 'NoAccess' cannot be modified" },
		{ NULL, "DELETE", ROLES "/PVEAdmin", NULL, 500,
		  "auto-generated role 'PVEAdmin' cannot be deleted" },
		{ "bob@pve", "POST", ROLES, "roleid=His", 403, DENIED " (/access, Sys.Modify)" },
		{ "bob@pve", "GET", ROLES, NULL, 200, "\"roleid\":\"Mine\"" },
		{ "bob@pve", "GET", "/access/groups", NULL, 200, "{\"data\":[]}" },
		{ "bob@pve", "GET", "/access/groups/ops", NULL, 403,
		  DENIED " (/access/groups, Sys.Audit|Group.Allocate)" },
		{ NULL, "POST", "/access/groups", "groupid=a b", 400,
		  "groupid: invalid format - group name 'a b' contains invalid characters\n" },
	};
	struct sim *sim = shop();

	(void)state;
	take_steps(sim, rows);
	sim_free(sim);
}

/* PVE 8 had one privilege for QEMU's monitor and the guest agent. */
static void each_version_has_its_privileges(void **state)
{
	struct sim_options options = { .nodes = 1, .vms = 1, .seed = 7, .pve = 8 };
	static const struct step rows[] = {
		{ NULL, "GET", ROLES "/Administrator", NULL, 200, "\"VM.Monitor\":1" },
		{ NULL, "GET", ROLES "/PVEVMAdmin", NULL, 200, "\"VM.Monitor\":1" },
		{ NULL, "POST", ROLES, "roleid=New&privs=VM.GuestAgent.Audit", 400,
		  "privs: invalid format - invalid privilege 'VM.GuestAgent.Audit'\n" },
		{ NULL, "POST", ROLES, "roleid=New&privs=VM.Replicate", 400,
		  "privs: invalid format - invalid privilege 'VM.Replicate'\n" },
		{ NULL, "POST", ROLES, "roleid=Old&privs=VM.Monitor", 200, NULL },
		{ NULL, "POST", "/access/users", "userid=bob@pve", 200, NULL },
		{ "bob@pve", "POST", "/nodes/pve1/qemu/100/agent/ping", NULL, 403,
		  DENIED " (/vms/100, VM.Monitor)" },
		{ NULL, "PUT", ACL, "path=/vms/100&roles=Old&users=bob@pve", 200, NULL },
		{ "bob@pve", "POST", "/nodes/pve1/qemu/100/agent/ping", NULL, 500, NULL },
	};
	struct pxc_err err = { 0 };
	struct sim *sim = NULL;
	char secret[37];

	(void)state;
	assert_int_equal(sim_create(&options, &sim, &err), 0);
	sim_token(sim, "t", secret);
	snprintf(admin_header, sizeof(admin_header), "Authorization: PVEAPIToken=root@pam!t=%s",
		 secret);
	take_steps(sim, rows);
	sim_free(sim);
}

static void realms_are_configured(void **state)
{
#define DOMAINS "/access/domains"
#define LDAP DOMAINS "/corp"
	static const struct step rows[] = {
		{ "bob@pve", "POST", DOMAINS, "realm=corp&type=ldap", 403,
		  DENIED " (/access/realm, Realm.Allocate)" },
		{ NULL, "POST", DOMAINS, "realm=x&type=ldap", 400,
		  "realm: invalid format - value does not look like a valid realm\n" },
		{ NULL, "POST", DOMAINS, "realm=corp&type=ldap&server1=l&base_dn=dc=x", 500,
		  "add auth server failed: missing value for required option 'user_attr'" },
		{ NULL, "POST", DOMAINS,
		  "realm=corp&type=ldap&server1=l&base_dn=dc=x&user_attr=uid"
		  "&client-id=x",
		  500, "add auth server failed: unexpected property 'client-id'" },
		{ NULL, "POST", DOMAINS, "realm=corp&type=pve", 500,
		  "add auth server failed: unable to create builtin type 'pve'" },
		{ NULL, "POST", DOMAINS, "realm=pve&type=ldap", 500,
		  "add auth server failed: domain 'pve' already exists" },
		{ NULL, "POST", DOMAINS,
		  "realm=corp&type=ldap&server1=l&base_dn=dc=x&user_attr=uid&default=1&password=pw",
		  200, NULL },
		{ NULL, "GET", DOMAINS, NULL, 200,
		  "{\"realm\":\"corp\",\"type\":\"ldap\",\"default\":1}" },
		{ NULL, "GET", LDAP, NULL, 200, "\"user_attr\":\"uid\"" },
		{ "bob@pve", "GET", LDAP, NULL, 403,
		  DENIED " (/access/realm, Realm.Allocate|Sys.Audit)" },
		{ NULL, "PUT", LDAP, NULL, 500, "update auth server failed: no options specified" },
		{ NULL, "PUT", LDAP, "comment=c&delete=default", 200, NULL },
		{ NULL, "GET", LDAP, NULL, 200, "\"comment\":\"c\"" },
		{ NULL, "POST", "/access/users", "userid=eve@corp", 200, NULL },
		{ NULL, "GET", "/access/users", NULL, 200,
		  "\"userid\":\"eve@corp\",\"realm-type\":\"ldap\"" },
		{ NULL, "POST", "/access/users", "userid=adam@corp&password=Secret123", 500,
		  "create user failed: can't set password on auth type 'ldap'" },
		{ NULL, "DELETE", LDAP, NULL, 200, NULL },
		{ NULL, "DELETE", LDAP, NULL, 500,
		  "delete auth server failed: authentication domain 'corp' does not exist" },
		{ NULL, "GET", LDAP, NULL, 500, "domain 'corp' does not exist" },
		{ NULL, "PUT", DOMAINS "/pve", "comment=ours", 200, NULL },
		{ NULL, "DELETE", DOMAINS "/pve", NULL, 200, NULL },
		{ NULL, "GET", DOMAINS, NULL, 200, "Proxmox VE authentication server" },
	};
	struct sim *sim = shop();

	(void)state;
	take_steps(sim, rows);
	sim_free(sim);
}

/* What the web interface is told about somebody: rights on a pool count for what may be in it. */
static void tickets_tell_capabilities(void **state)
{
	struct sim *sim = shop();
	auto_free char *ticket = sim_ticket(sim, "bob@pve");
	auto_free char *form = pxc_printf("username=bob@pve&password=%s", ticket);
	auto_free char *asked = pxc_printf("%s&path=/vms/100&privs=VM.Allocate", form);
	auto_free char *refused = pxc_printf("%s&path=/vms/100&privs=Sys.Audit", form);
	struct answer answer auto_answer = ask_as(sim, "X: y", "POST", "/access/ticket", form);
	const json_t *cap = json_object_get(data_of(&answer), "cap");
	struct answer may auto_answer = ask_as(sim, "X: y", "POST", "/access/ticket", asked);
	struct answer not auto_answer = ask_as(sim, "X: y", "POST", "/access/ticket", refused);

	(void)state;
	assert_int_equal(json_object_size(cap), 7);
	assert_non_null(json_object_get(json_object_get(cap, "vms"), "VM.Allocate"));
	assert_int_equal(json_object_size(json_object_get(cap, "storage")), 0);
	assert_int_equal(json_object_size(json_object_get(cap, "dc")), 0);
	assert_int_equal(may.reply.status, 200);
	assert_null(json_object_get(data_of(&may), "ticket"));
	assert_int_equal(not .reply.status, 401);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_paths_can_carry_rights),
		cmocka_unit_test(paths_are_stored_in_one_form),
		cmocka_unit_test(who_hands_out_what),
		cmocka_unit_test(who_sees_the_list),
		cmocka_unit_test(whose_permissions_are_told),
		cmocka_unit_test(roles_follow_their_rules),
		cmocka_unit_test(each_version_has_its_privileges),
		cmocka_unit_test(realms_are_configured),
		cmocka_unit_test(tickets_tell_capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
