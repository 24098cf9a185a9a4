/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts: pve-access-control, RPCEnvironment.pm (userid-group, self), API2/User.pm, API2/AccessControl.pm; and the record. */
#include "access_ask.h"

#define USERS "/access/users"
#define DENIED "Permission check failed"

/* alice and bob are in ops, carol in none; boss may modify whoever is in ops. */
static struct sim *office(void)
{
	static const struct step story[] = {
		{ NULL, "POST", "/access/groups", "groupid=ops", 200, NULL },
		{ NULL, "POST", "/access/groups", "groupid=dev", 200, NULL },
		{ NULL, "POST", USERS, "userid=alice@pve&password=Secret123&groups=ops", 200,
		  NULL },
		{ NULL, "POST", USERS, "userid=bob@pve&password=Secret123&groups=ops", 200, NULL },
		{ NULL, "POST", USERS, "userid=carol@pve&password=Secret123", 200, NULL },
		{ NULL, "POST", USERS, "userid=boss@pve&password=Secret123", 200, NULL },
		{ NULL, "PUT", "/access/acl",
		  "path=/access/groups/ops&roles=PVEUserAdmin&users=boss@pve", 200, NULL },
		{ NULL, "PUT", "/access/acl",
		  "path=/access/realm/pve&roles=PVEUserAdmin&users=boss@pve", 200, NULL },
		{ NULL, "POST", USERS "/boss@pve/token/full", "privsep=0", 200, NULL },
	};
	struct sim *sim = cluster(1, 0, NULL, NULL);

	take_steps(sim, story);
	return sim;
}

static void who_sees_whom(void **state)
{
	static const struct step rows[] = {
		{ "alice@pve", "GET", USERS, NULL, 200, "\"userid\":\"alice@pve\"" },
		{ "alice@pve", "GET", USERS "/bob@pve", NULL, 403, DENIED },
		{ "alice@pve", "GET", USERS "/alice@pve", NULL, 403, DENIED },
		{ "alice@pve", "GET", USERS "/nosuch@pve", NULL, 500,
		  "no such user ('nosuch@pve')" },
		{ "boss@pve", "GET", USERS "/bob@pve", NULL, 200, "\"groups\":[\"ops\"]" },
		{ "boss@pve", "GET", USERS "/carol@pve", NULL, 403, DENIED },
		{ "boss@pve!full", "GET", USERS "/bob@pve", NULL, 200, NULL },
	};
	static const struct {
		const char *who;
		size_t sees;
	} lists[] = { { "alice@pve", 1 }, { "boss@pve", 3 }, { "boss@pve!full", 2 }, { NULL, 5 } };
	struct sim *sim = office();

	(void)state;
	take_steps(sim, rows);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct answer answer auto_answer = ask_by(sim, lists[i].who, "GET", USERS, NULL);

		assert_int_equal(json_array_size(data_of(&answer)), lists[i].sees);
	}
	sim_free(sim);
}

static void who_changes_whom(void **state)
{
	static const struct step rows[] = {
		{ "boss@pve", "POST", USERS, "userid=new@pve", 403,
		  DENIED " (/access/groups, User.Modify)" },
		{ "boss@pve", "POST", USERS, "userid=new@pve&groups=dev", 403,
		  DENIED " (/access/groups/dev, User.Modify)" },
		{ "boss@pve", "POST", USERS, "userid=new@pam&groups=ops", 403,
		  DENIED " (/access/realm/pam, Realm.AllocateUser)" },
		{ "boss@pve", "POST", USERS, "userid=new@pve&groups=ops", 200, NULL },
		{ "boss@pve", "PUT", USERS "/new@pve", "comment=x", 403,
		  DENIED " (/access/groups, User.Modify)" },
		{ "boss@pve", "PUT", USERS "/new@pve", "comment=x&groups=ops", 200, NULL },
		{ "boss@pve", "PUT", USERS "/carol@pve", "groups=ops", 403, DENIED },
		{ "boss@pve", "DELETE", USERS "/carol@pve", NULL, 403, DENIED },
		{ "boss@pve", "DELETE", USERS "/new@pve", NULL, 200, NULL },
		{ "alice@pve", "DELETE", USERS "/nosuch@pve", NULL, 403,
		  DENIED " (/access/realm/pve, Realm.AllocateUser)" },
		{ NULL, "POST", USERS, "userid=new@pve&groups=nosuch", 500,
		  "create user failed: no such group 'nosuch'" },
		{ NULL, "GET", USERS "/new@pve", NULL, 500, "no such user ('new@pve')" },
		{ NULL, "PUT", USERS "/carol@pve", "groups=dev&comment=c", 200, NULL },
		{ NULL, "PUT", USERS "/carol@pve", "groups=ops&append=1", 200, NULL },
		{ NULL, "GET", USERS "/carol@pve", NULL, 200, "\"groups\":[\"dev\",\"ops\"]" },
		{ NULL, "GET", USERS "/carol@pve", NULL, 200, "\"email\":\"\"" },
		{ NULL, "PUT", USERS "/carol@pve", "groups=dev,nosuch", 500,
		  "update user failed: no such group 'nosuch'" },
		{ NULL, "GET", USERS "/carol@pve", NULL, 200, "\"groups\":[\"dev\",\"ops\"]" },
		{ NULL, "PUT", USERS "/carol@pve", "groups=", 200, NULL },
		{ NULL, "GET", USERS "/carol@pve", NULL, 200, "\"groups\":[]" },
		{ NULL, "GET", USERS "?full=1", NULL, 200,
		  "\"tokens\":[{\"expire\":0,\"privsep\":0," },
	};
	struct sim *sim = office();

	(void)state;
	take_steps(sim, rows);
	sim_free(sim);
}

/* A token is nobody's "self"; and whoever may not modify a user is not told whether there is one. */
static void who_looks_after_tokens(void **state)
{
	static const struct step rows[] = {
		{ "alice@pve", "POST", USERS "/alice@pve/token/own", "comment=&expire=5", 200,
		  "\"info\":{\"expire\":\"5\",\"privsep\":1}" },
		{ "alice@pve", "POST", USERS "/alice@pve/token/own", NULL, 400,
		  "tokenid: Token already exists." },
		{ "alice@pve", "GET", USERS "/alice@pve/token", NULL, 200, "\"tokenid\":\"own\"" },
		{ "alice@pve", "GET", USERS "/bob@pve/token", NULL, 403, DENIED },
		{ "alice@pve", "GET", USERS "/nosuch@pve/token", NULL, 403, DENIED },
		{ NULL, "GET", USERS "/nosuch@pve/token", NULL, 403, DENIED },
		{ "root@pam", "GET", USERS "/nosuch@pve/token", NULL, 500,
		  "no such user ('nosuch@pve')" },
		{ "boss@pve!full", "GET", USERS "/boss@pve/token", NULL, 403, DENIED },
		{ "boss@pve!full", "POST", USERS "/bob@pve/token/tt", NULL, 200, "\"value\":" },
		{ "boss@pve", "PUT", USERS "/bob@pve/token/tt", "regenerate=1", 200, "\"value\":" },
		{ "boss@pve", "PUT", USERS "/bob@pve/token/tt", "comment=c&expire=9", 200, NULL },
		{ "boss@pve", "PUT", USERS "/bob@pve/token/tt", "delete=comment", 200,
		  "{\"data\":{\"expire\":9,\"privsep\":1}}" },
		{ "boss@pve", "PUT", USERS "/bob@pve/token/no", "comment=c", 500,
		  "no such token 'no' for user 'bob@pve'" },
		{ NULL, "PUT", "/access/acl", "path=/&roles=PVEAuditor&tokens=bob@pve!tt", 200,
		  NULL },
		{ "boss@pve", "DELETE", USERS "/bob@pve/token/tt", NULL, 200, NULL },
		{ NULL, "GET", "/access/acl", NULL, 200, "boss@pve" },
	};
	struct sim *sim = office();

	(void)state;
	take_steps(sim, rows);
	assert_int_equal(sim->acl_count, 2);
	sim_free(sim);
}

static void users_and_tokens_can_take_themselves_away(void **state)
{
	static const struct step rows[] = {
		{ NULL, "PUT", "/access/acl", "path=/access&roles=PVEUserAdmin&users=boss@pve", 200,
		  NULL },
		{ "boss@pve!full", "DELETE", USERS "/boss@pve/token/full", NULL, 200, NULL },
		{ "boss@pve!full", "GET", "/version", NULL, 401, NULL },
		{ "boss@pve", "DELETE", USERS "/boss@pve", NULL, 200, NULL },
		{ "boss@pve", "GET", "/version", NULL, 401, NULL },
	};
	struct sim *sim = office();

	(void)state;
	take_steps(sim, rows);
	assert_int_equal(sim->acl_count, 0);
	expect(sim, "DELETE", USERS "/root@pam", NULL, 200, NULL);
	assert_non_null(sim_map_get(&sim->users, "root@pam"));
	sim_free(sim);
}

static void passwords_are_changed_by_whom(void **state)
{
#define PASSWORD "/access/password"
	static const struct step rows[] = {
		{ NULL, "PUT", PASSWORD, "userid=alice@pve&password=Another123", 403, NULL },
		{ "alice@pve", "PUT", PASSWORD, "userid=alice@pve&password=short", 400,
		  "password: value must be at least 8 characters long" },
		{ "alice@pve", "PUT", PASSWORD, "userid=alice@pve&password=Another123", 400,
		  "confirmation-password: password is required to modify user" },
		{ "alice@pve", "PUT", PASSWORD,
		  "userid=alice@pve&password=Another123&confirmation-password=wrong", 500,
		  "invalid credentials" },
		{ "alice@pve", "PUT", PASSWORD,
		  "userid=alice@pve&password=Another123&confirmation-password=Secret123", 200,
		  NULL },
		{ "alice@pve", "PUT", PASSWORD,
		  "userid=bob@pve&password=Another123&confirmation-password=Another123", 403,
		  DENIED " (/access/realm/pve, Realm.AllocateUser)" },
		{ "boss@pve", "PUT", PASSWORD,
		  "userid=carol@pve&password=Another123&confirmation-password=Secret123", 403,
		  DENIED },
		{ "boss@pve", "PUT", PASSWORD, "userid=bob@pve&password=Another123", 400,
		  "confirmation-password: password is required to modify user" },
		{ "boss@pve", "PUT", PASSWORD,
		  "userid=bob@pve&password=Another123&confirmation-password=Secret123", 200, NULL },
		{ "root@pam", "PUT", PASSWORD, "userid=carol@pve&password=Another123", 200, NULL },
		{ "root@pam", "PUT", PASSWORD, "userid=nosuch@pve&password=Another123", 500,
		  "no such user ('nosuch@pve')" },
		{ NULL, "POST", USERS, "userid=x@ghost", 200, NULL },
		{ "root@pam", "PUT", PASSWORD, "userid=x@ghost&password=Another123", 500,
		  "auth domain 'ghost' does not exist" },
		{ NULL, "POST", USERS, "userid=y@ghost&password=Another123", 500,
		  "create user failed: auth domain 'ghost' does not exist" },
		{ "x@y", "POST", "/access/ticket", "username=alice@pve&password=Secret123", 401,
		  NULL },
		{ "x@y", "POST", "/access/ticket", "username=alice@pve&password=Another123", 200,
		  "\"ticket\":" },
		{ "x@y", "POST", "/access/ticket", "username=carol&realm=pve&password=Another123",
		  200, NULL },
		{ "x@y", "POST", "/access/ticket",
		  "username=carol@pve&realm=pve&password=Another123", 401, NULL },
	};
	struct sim *sim = office();

	(void)state;
	take_steps(sim, rows);
	sim_free(sim);
}

/* A ticket stands for its user's password, root's for everybody's. */
static void tickets_make_tickets(void **state)
{
	struct sim *sim = office();
	static const struct {
		const char *by, *whom;
		int status;
	} rows[] = {
		{ "alice@pve", "alice@pve", 200 },
		{ "alice@pve", "bob@pve", 401 },
		{ "root@pam", "bob@pve", 200 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *ticket = sim_ticket(sim, rows[i].by);
		auto_free char *form = pxc_printf("username=%s&password=%s", rows[i].whom, ticket);
		struct answer answer auto_answer =
			ask_as(sim, "X: y", "POST", "/access/ticket", form);

		assert_int_equal(answer.reply.status, rows[i].status);
	}
	sim_free(sim);
}

static void nobody_has_a_second_factor(void **state)
{
	static const struct step rows[] = {
		{ "alice@pve", "GET", "/access/tfa", NULL, 200, "{\"data\":[]}" },
		{ "alice@pve", "GET", "/access/tfa/alice@pve", NULL, 200, "{\"data\":[]}" },
		{ "alice@pve", "GET", "/access/tfa/bob@pve", NULL, 403, DENIED },
		{ "alice@pve", "GET", USERS "/alice@pve/tfa?multiple=1", NULL, 200,
		  "{\"data\":{\"user\":[]}}" },
		{ "alice@pve", "PUT", USERS "/alice@pve/unlock-tfa", NULL, 403, DENIED },
		{ "boss@pve", "PUT", USERS "/alice@pve/unlock-tfa", NULL, 200, "{\"data\":0}" },
	};
	struct sim *sim = office();

	(void)state;
	take_steps(sim, rows);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_sees_whom),
		cmocka_unit_test(who_changes_whom),
		cmocka_unit_test(who_looks_after_tokens),
		cmocka_unit_test(users_and_tokens_can_take_themselves_away),
		cmocka_unit_test(passwords_are_changed_by_whom),
		cmocka_unit_test(tickets_make_tickets),
		cmocka_unit_test(nobody_has_a_second_factor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
