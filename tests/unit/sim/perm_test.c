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
	assert_true(may(sim, "alice!full", "/vms/1", "VM.PowerMgmt"));
	assert_false(may(sim, "alice!sep", "/vms/1", "VM.PowerMgmt"));
	grant(sim, "path=/vms&roles=PVEVMAdmin&tokens=alice@pve!sep");
	assert_true(may(sim, "alice!sep", "/vms/1", "VM.PowerMgmt"));
	assert_false(may(sim, "alice!sep", "/vms/1", "VM.Allocate"));
	sim_free(sim);
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
		cmocka_unit_test(any_and_all_differ),
		cmocka_unit_test(refusals_name_path_and_privilege),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
