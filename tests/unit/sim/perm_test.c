/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"
#include "sim/state.h"

static void grant(struct sim *sim, const char *form)
{
	expect(sim, "PUT", "/access/acl", form, 200, NULL);
}

/* What alice (or her token) may do on a path, by name of the privilege. */
static bool may(struct sim *sim, const char *who, const char *path, const char *priv)
{
	struct sim_user *user = sim_map_get(&sim->users, "alice@pve");
	struct sim_call call = { .sim = sim, .user = user, .authid = "alice@pve" };

	if (strchr(who, '!'))
		call.token = sim_map_get(&user->tokens, strchr(who, '!') + 1);
	return sim_may(&call, path, priv);
}

static struct sim *with_alice(void)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	expect(sim, "POST", "/access/groups", "groupid=ops", 200, NULL);
	expect(sim, "POST", "/access/users", "userid=alice@pve&password=Secret123&groups=ops", 200,
	       NULL);
	return sim;
}

static void rights_go_down_only_when_they_propagate(void **state)
{
	struct sim *sim = with_alice();

	(void)state;
	grant(sim, "path=/vms&roles=PVEAuditor&users=alice@pve&propagate=0");
	assert_true(may(sim, "alice", "/vms", "VM.Audit"));
	assert_false(may(sim, "alice", "/vms/100", "VM.Audit"));
	grant(sim, "path=/vms&roles=PVEAuditor&users=alice@pve&propagate=1");
	assert_true(may(sim, "alice", "/vms/100", "VM.Audit"));
	assert_false(may(sim, "alice", "/nodes/pve1", "Sys.Audit"));
	sim_free(sim);
}

static void a_deeper_entry_replaces_the_one_above(void **state)
{
	struct sim *sim = with_alice();

	(void)state;
	grant(sim, "path=/&roles=Administrator&users=alice@pve");
	grant(sim, "path=/vms/100&roles=PVEAuditor&users=alice@pve");
	assert_true(may(sim, "alice", "/vms/101", "VM.Allocate"));
	assert_false(may(sim, "alice", "/vms/100", "VM.Allocate"));
	grant(sim, "path=/vms/101&roles=NoAccess&users=alice@pve");
	assert_false(may(sim, "alice", "/vms/101", "VM.Audit"));
	sim_free(sim);
}

static void the_users_own_entry_hides_the_groups(void **state)
{
	struct sim *sim = with_alice();

	(void)state;
	grant(sim, "path=/vms&roles=PVEVMAdmin&groups=ops");
	assert_true(may(sim, "alice", "/vms/100", "VM.Allocate"));
	grant(sim, "path=/vms&roles=PVEAuditor&users=alice@pve");
	assert_false(may(sim, "alice", "/vms/100", "VM.Allocate"));
	sim_free(sim);
}

static void a_pool_gives_rights_on_its_members(void **state)
{
	struct sim *sim = with_alice();

	(void)state;
	expect(sim, "POST", "/pools", "poolid=dev", 200, NULL);
	expect(sim, "POST", "/pools", "poolid=dev/sub", 200, NULL);
	expect(sim, "PUT", "/pools", "poolid=dev/sub&vms=100&storage=data", 200, NULL);
	grant(sim, "path=/pool/dev&roles=PVEAdmin&users=alice@pve");
	assert_true(may(sim, "alice", "/vms/100", "VM.Allocate"));
	assert_true(may(sim, "alice", "/storage/data", "Datastore.AllocateSpace"));
	assert_false(may(sim, "alice", "/vms/101", "VM.Audit"));
	sim_free(sim);
}

static void a_separated_token_has_what_both_have(void **state)
{
	struct sim *sim = with_alice();

	(void)state;
	grant(sim, "path=/vms&roles=PVEVMUser&users=alice@pve");
	expect(sim, "POST", "/access/users/alice@pve/token/full", "privsep=0", 200, NULL);
	expect(sim, "POST", "/access/users/alice@pve/token/sep", NULL, 200, NULL);
	assert_true(may(sim, "alice!full", "/vms/101", "VM.PowerMgmt"));
	assert_false(may(sim, "alice!sep", "/vms/101", "VM.PowerMgmt"));
	grant(sim, "path=/vms&roles=PVEVMAdmin&tokens=alice@pve!sep");
	assert_true(may(sim, "alice!sep", "/vms/101", "VM.PowerMgmt"));
	assert_false(may(sim, "alice!sep", "/vms/101", "VM.Allocate"));
	sim_free(sim);
}

/*
 * Grants "who path roles", and what then holds. Guest 101 and storage data are in pool dev, 102 in dev/sub, data also in
 * qa. who (in capitals: without propagation): u alice, g her group ops, h her group dev, t her token sep, f her token
 * full, r root's token sep. Facts: PVE/AccessControl.pm (roles), PVE/RPCEnvironment.pm (permissions).
 */
static const struct rule {
	const char *name, *grants, *asked, *path, *priv;
	bool holds;
} rules[] = {
	{ "roles on one path add up", "u /vms PVETemplateUser,PVEVMUser", "alice", "/vms/103",
	  "VM.Clone,VM.Console", true },
	{ "groups on one path add up", "g /vms PVETemplateUser; h /vms PVEVMUser", "alice",
	  "/vms/103", "VM.Clone,VM.Console", true },
	{ "a user's deeper entry hides the group's above", "g / Administrator; u /vms PVEVMUser",
	  "alice", "/vms/103", "VM.Clone", false },
	{ "a group's deeper entry hides the user's above", "u / Administrator; g /vms PVEVMUser",
	  "alice", "/vms/103", "VM.Clone", false },
	{ "an entry for another path hides nothing", "u / Administrator; u /vms/104 PVEVMUser",
	  "alice", "/vms/103", "VM.Clone", true },
	{ "a deeper entry that does not propagate hides nothing further down",
	  "u / Administrator; U /vms PVEVMUser", "alice", "/vms/103", "VM.Clone", true },
	{ "but it does right there", "u / Administrator; U /vms PVEVMUser", "alice", "/vms",
	  "VM.Clone", false },
	{ "NoAccess outweighs a role beside it", "u /vms PVEVMUser,NoAccess", "alice", "/vms/103",
	  "VM.Audit", false },
	{ "a deeper entry lifts NoAccess", "u / NoAccess; u /vms/103 PVEVMUser", "alice",
	  "/vms/103", "VM.Audit", true },
	{ "NoAccess of one group outweighs the other's role", "g /vms NoAccess; h /vms PVEVMUser",
	  "alice", "/vms/103", "VM.Audit", false },
	{ "the user's own role outweighs the group's NoAccess", "g /vms NoAccess; u /vms PVEVMUser",
	  "alice", "/vms/103", "VM.Audit", true },
	{ "what holds above pools reaches members past their own entries",
	  "u / Administrator; u /vms PVEVMUser", "alice", "/vms/101", "VM.Clone", true },
	{ "a pool's rights reach its members", "u /pool/dev PVEVMUser", "alice", "/vms/101",
	  "VM.Audit", true },
	{ "also when they do not propagate", "U /pool/dev PVEVMUser", "alice", "/vms/101",
	  "VM.Audit", true },
	{ "not other guests", "u /pool/dev PVEVMUser", "alice", "/vms/103", "VM.Audit", false },
	{ "a pool's rights add to the guest's own",
	  "u /pool/dev PVEVMUser; u /vms/101 PVETemplateUser", "alice", "/vms/101",
	  "VM.Clone,VM.Console", true },
	{ "NoAccess on the guest stays NoAccess", "u /pool/dev PVEVMUser; u /vms/101 NoAccess",
	  "alice", "/vms/101", "VM.Audit", false },
	{ "NoAccess on the pool takes the guest's own rights",
	  "u /pool/dev NoAccess; u /vms/101 PVEVMUser", "alice", "/vms/101", "VM.Audit", false },
	{ "a nested pool inherits", "u /pool/dev PVEVMUser", "alice", "/vms/102", "VM.Audit",
	  true },
	{ "unless it does not propagate", "U /pool/dev PVEVMUser", "alice", "/vms/102", "VM.Audit",
	  false },
	{ "the nested pool's own entry counts instead",
	  "u /pool/dev PVEVMAdmin; u /pool/dev/sub PVEVMUser", "alice", "/vms/102", "VM.Clone",
	  false },
	{ "nothing comes up from a nested pool", "u /pool/dev/sub PVEVMUser", "alice", "/vms/101",
	  "VM.Audit", false },
	{ "a storage gets the rights of each of its pools", "u /pool/qa PVEDatastoreUser", "alice",
	  "/storage/data", "Datastore.Audit", true },
	{ "rights on a pool are rights on its path", "u /pool/dev PVEPoolUser", "alice",
	  "/pool/dev/sub", "Pool.Audit", true },
	{ "a separated token has nothing by itself", "u / Administrator", "alice!sep", "/vms/103",
	  "VM.Audit", false },
	{ "nor through the groups of its user", "u / Administrator; g /vms PVEVMAdmin", "alice!sep",
	  "/vms/103", "VM.Audit", false },
	{ "nor more than its user", "t / Administrator", "alice!sep", "/vms/103", "VM.Audit",
	  false },
	{ "what both have it has", "u /vms PVEVMAdmin; t / PVEAuditor", "alice!sep", "/vms/103",
	  "VM.Audit", true },
	{ "what only one has it has not", "u /vms PVEVMAdmin; t / PVEAuditor", "alice!sep",
	  "/vms/103", "VM.Clone", false },
	{ "a token has its user's rights through pools", "u /pool/dev PVEVMAdmin; t / PVEVMAdmin",
	  "alice!sep", "/vms/101", "VM.Clone", true },
	{ "and its own through pools", "u / PVEVMAdmin; t /pool/dev PVEVMAdmin", "alice!sep",
	  "/vms/101", "VM.Clone", true },
	{ "only there", "u / PVEVMAdmin; t /pool/dev PVEVMAdmin", "alice!sep", "/vms/103",
	  "VM.Clone", false },
	{ "a token without separation is its user", "u /vms PVEVMAdmin", "alice!full", "/vms/103",
	  "VM.Clone", true },
	{ "its own entries do not count", "u /vms PVEVMUser; f /vms PVEVMAdmin", "alice!full",
	  "/vms/103", "VM.Clone", false },
	{ "root's separated token is not root", "", "root!sep", "/vms/103", "VM.Audit", false },
	{ "it has what it was given", "r /vms PVEVMUser", "root!sep", "/vms/103", "VM.Audit",
	  true },
};

/* One of "u /vms PVEVMUser" */
static void grant_one(struct sim *sim, const char *text)
{
	static const char *const names[] = { "uusers=alice@pve",
					     "ggroups=ops",
					     "hgroups=dev",
					     "ttokens=alice@pve!sep",
					     "ftokens=alice@pve!full",
					     "rtokens=root@pam!sep" };
	const char *path = text + 2, *roles = strchr(path, ' ') + 1;
	auto_free char *form = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !form; i++)
		if (names[i][0] == (text[0] | 0x20))
			form = pxc_printf("path=%.*s&roles=%.*s&%s&propagate=%d",
					  (int)strcspn(path, " "), path, (int)strcspn(roles, ";"),
					  roles, names[i] + 1, text[0] == names[i][0]);
	grant(sim, form);
}

static void grant_all(struct sim *sim, const char *grants)
{
	for (const char *at = grants; at && *at; at = strchr(at, ';') ? strchr(at, ';') + 2 : NULL)
		grant_one(sim, at);
}

static struct sim *with_pools(void)
{
	static const char *const story[][2] = {
		{ "/access/groups", "groupid=dev" },
		{ "/access/users/alice@pve/token/sep", "privsep=1" },
		{ "/access/users/alice@pve/token/full", "privsep=0" },
		{ "/access/users/root@pam/token/sep", "privsep=1" },
		{ "/pools", "poolid=dev" },
		{ "/pools", "poolid=dev/sub" },
		{ "/pools", "poolid=qa" },
	};
	struct sim *sim = with_alice();

	for (size_t i = 0; i < ARRAY_SIZE(story); i++)
		expect(sim, "POST", story[i][0], story[i][1], 200, NULL);
	expect(sim, "PUT", "/access/users/alice@pve", "groups=ops,dev", 200, NULL);
	expect(sim, "PUT", "/pools", "poolid=dev&vms=101&storage=data", 200, NULL);
	expect(sim, "PUT", "/pools", "poolid=dev/sub&vms=102", 200, NULL);
	expect(sim, "PUT", "/pools", "poolid=qa&storage=data", 200, NULL);
	return sim;
}

static void grants_give_what_pve_makes_of_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *rule = &rules[i];
		struct sim *sim = with_pools();
		struct sim_user *user =
			sim_map_get(&sim->users, rule->asked[0] == 'r' ? "root@pam" : "alice@pve");
		const char *bang = strchr(rule->asked, '!');
		struct sim_call call = { .sim = sim,
					 .user = user,
					 .authid = rule->asked,
					 .token = bang ? sim_map_get(&user->tokens, bang + 1)
						       : NULL };

		grant_all(sim, rule->grants);
		if (sim_may(&call, rule->path, rule->priv) != rule->holds)
			fail_msg("not so: %s", rule->name);
		sim_free(sim);
	}
}

/* As /access/permissions tells it: does it also hold below? What comes through a pool does not. */
static void propagation_is_told(void **state)
{
	static const struct {
		const char *grant, *asked;
		int propagated; /* -1: not held */
	} rows[] = {
		{ "u /vms PVEVMUser", "/vms/101", 1 },
		{ "u /pool/dev PVEVMUser", "/pool/dev", 1 },
		{ "u /pool/dev PVEVMUser", "/vms/101", 0 },
		{ "u /pool/dev PVEVMUser", "/vms/103", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sim *sim = with_pools();
		uint64_t bit = 0, privs, propagated;
		char bad[64];

		assert_true(sim_privs_parse(sim, "VM.Audit", &bit, bad));
		grant_one(sim, rows[i].grant);
		privs = sim_privs_on(sim, sim_map_get(&sim->users, "alice@pve"), NULL,
				     rows[i].asked, &propagated);
		assert_int_equal(privs & bit ? (propagated & bit) != 0 : -1, rows[i].propagated);
		sim_free(sim);
	}
}

static void any_and_all_differ(void **state)
{
	struct sim *sim = with_alice();

	(void)state;
	grant(sim, "path=/storage/data&roles=PVEDatastoreUser&users=alice@pve");
	assert_true(may(sim, "alice", "/storage/data", "Datastore.Allocate|Datastore.Audit"));
	assert_false(may(sim, "alice", "/storage/data", "Datastore.Allocate,Datastore.Audit"));
	assert_false(may(sim, "alice", "/storage/da ta", "Datastore.Audit"));
	sim_free(sim);
}

static void refusals_name_path_and_privilege(void **state)
{
	struct sim *sim = with_alice();
	struct answer token auto_answer =
		ask(sim, "POST", "/access/users/alice@pve/token/tt", "privsep=0");
	auto_free char *header = pxc_printf("Authorization: PVEAPIToken=alice@pve!tt=%s",
					    text_of(data_of(&token), "value"));
	static const struct {
		const char *method, *path, *body, *reason;
	} rows[] = {
		{ "POST", "/pools", "poolid=q",
		  "Permission check failed (/pool/q, Pool.Allocate)" },
		{ "POST", "/pools", "poolid=a b", "Permission check failed (, Pool.Allocate)" },
		{ "GET", "/nodes/pve1/status", NULL,
		  "Permission check failed (/nodes/pve1, Sys.Audit)" },
		{ "GET", "/nodes/pve1/storage/data/content", NULL,
		  "Permission check failed (/storage/data, Datastore.Audit|Datastore.AllocateSpace)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct answer answer auto_answer =
			ask_as(sim, header, rows[i].method, rows[i].path, rows[i].body);

		assert_int_equal(answer.reply.status, 403);
		assert_string_equal(answer.reply.reason, rows[i].reason);
	}
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights_go_down_only_when_they_propagate),
		cmocka_unit_test(a_deeper_entry_replaces_the_one_above),
		cmocka_unit_test(the_users_own_entry_hides_the_groups),
		cmocka_unit_test(a_pool_gives_rights_on_its_members),
		cmocka_unit_test(a_separated_token_has_what_both_have),
		cmocka_unit_test(grants_give_what_pve_makes_of_them),
		cmocka_unit_test(propagation_is_told),
		cmocka_unit_test(any_and_all_differ),
		cmocka_unit_test(refusals_name_path_and_privilege),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
