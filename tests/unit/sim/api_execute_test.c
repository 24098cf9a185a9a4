/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

#include "sim/request.h"

#define EXECUTE "/nodes/pve1/execute"

static const char world[] =
	"{\"users\": {\"adm@pve\": {\"password\": \"Secret123\"}}, \"guests\": ["
	"{\"vmid\": 100, \"config\": {\"name\": \"web\"}},"
	"{\"vmid\": 101, \"node\": \"pve2\", \"config\": {\"name\": \"far\"}},"
	"{\"vmid\": 102, \"status\": \"running\", \"config\": {\"agent\": \"1\"}}],"
	" \"containers\": [{\"vmid\": 200, \"config\": {\"hostname\": \"box\"}}]}";

/* As a user with a ticket: {"commands": TEXT}. The status is the whole request's. */
static struct answer execute_as(struct sim *sim, const char *user, const char *text)
{
	auto_free char *ticket = sim_ticket(sim, user), *csrf = sim_csrf_token(sim, user);
	auto_free char *cookie = pxc_printf("Cookie: PVEAuthCookie=%s", ticket);
	auto_free char *token = pxc_printf("CSRFPreventionToken: %s", csrf);
	const char *headers[] = { cookie, token, "Content-Type: application/json", NULL };
	json_auto_t *params = json_pack("{s:s}", "commands", text);
	auto_free char *body = json_dumps(params, 0);
	struct answer answer = { .body = NULL };

	sim_request(sim, "POST", "/api2/json" EXECUTE, headers, body, strlen(body), &answer.reply);
	if (answer.reply.body)
		answer.body = json_loadb(answer.reply.body, answer.reply.body_len, 0, NULL);
	return answer;
}

static void only_root_with_a_ticket_may(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);
	const char *nothing = "[]";

	(void)state;
	/* The administrator's token, and an administrator who is not root. */
	expect(sim, "POST", EXECUTE, "commands=[]", 403,
	       "Permission check failed (user != root@pam)");
	expect(sim, "PUT", "/access/acl", "path=/&roles=Administrator&users=adm@pve", 200, NULL);
	struct answer other auto_answer = execute_as(sim, "adm@pve", nothing);
	assert_int_equal(other.reply.status, 403);
	struct answer root auto_answer = execute_as(sim, "root@pam", nothing);
	assert_int_equal(root.reply.status, 200);
	assert_int_equal(json_array_size(data_of(&root)), 0);
	sim_free(sim);
}

static void each_command_has_its_own_answer(void **state)
{
	static const struct {
		const char *command;
		int status;
		const char *says; /* in the entry, as JSON */
	} rows[] = {
		{ "{\"method\": \"GET\", \"path\": \"qemu/100/config\"}", 200,
		  "\"name\": \"web\"" },
		{ "{\"method\": \"GET\", \"path\": \"/qemu//100/pending/\"}", 200,
		  "\"value\": \"web\"" },
		{ "{\"method\": \"GET\", \"path\": \"lxc/200/config\"}", 200,
		  "\"hostname\": \"box\"" },
		{ "{\"method\": \"GET\", \"path\": \"qemu/101/config\"}", 500,
		  "'nodes/pve1/qemu-server/101.conf' does not exist\\n" },
		{ "{\"method\": \"GET\", \"path\": \"qemu/100/nosuch\"}", 500,
		  "no handler for 'nodes/pve1/qemu/100/nosuch'\\n" },
		{ "{\"method\": \"GET\", \"path\": \"qemu/100/config\", \"args\": {\"foo\": 1}}",
		  400,
		  "\"foo\": \"property is not defined in schema and the schema does not allow" },
		{ "{\"method\": \"GET\", \"path\": \"qemu/100/config\", \"args\": {\"vmid\": 1}}",
		  400, "\"vmid\": \"duplicate parameter\"" },
		{ "{\"method\": \"PUT\", \"path\": \"qemu/100/config\", \"args\": {\"cores\": 3}}",
		  200, "\"data\": null" },
		{ "{\"method\": \"GET\", \"path\": \"qemu/100/config\"}", 200, "\"cores\": 3" },
	};
	struct sim *sim = cluster(2, 1, world, NULL);
	auto_buf struct pxc_buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		buf_printf(&text, "%s%s", i ? "," : "[", rows[i].command);
	buf_addc(&text, ']');
	struct answer answer auto_answer = execute_as(sim, "root@pam", buf_str(&text));
	assert_int_equal(answer.reply.status, 200);
	assert_int_equal(json_array_size(data_of(&answer)), ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const json_t *entry = json_array_get(data_of(&answer), i);
		auto_free char *have = json_dumps(entry, JSON_SORT_KEYS);

		if (json_integer_value(json_object_get(entry, "status")) != rows[i].status ||
		    !strstr(have, rows[i].says))
			fail_msg("%s: %s", rows[i].command, have);
	}
	sim_free(sim);
}

static void a_list_that_is_none_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "nonsense", "invalid format - commands param did not contain valid JSON: " },
		{ "{}",
		  "invalid format - commands is not a valid array of commands: 400 Parameter" },
		{ "[1]", "  [0]: type check ('object') failed\n" },
		{ "[{\"method\": \"GET\"}]",
		  "  [0].path: property is missing and it is not optional\n" },
		{ "[{\"method\": \"get\", \"path\": \"status\"}]",
		  "  [0].method: value does not match the regex pattern\n" },
		{ "[{\"method\": \"GET\", \"path\": \"status\", \"args\": []}]",
		  "  [0].args: type check ('object') failed\n" },
	};
	struct sim *sim = cluster(2, 1, world, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct answer answer auto_answer = execute_as(sim, "root@pam", rows[i][0]);
		const char *said = text_of(json_object_get(answer.body, "errors"), "commands");

		if (answer.reply.status != 400 || !strstr(said, rows[i][1]))
			fail_msg("%s: %d %s", rows[i][0], answer.reply.status, said);
	}
	sim_free(sim);
}

/* One worker does them one after the other: what is silent holds up the rest. */
static void the_time_of_all_adds_up(void **state)
{
	const char *text = "[{\"method\": \"GET\", \"path\": \"qemu/102/agent/get-osinfo\"},"
			   " {\"method\": \"GET\", \"path\": \"qemu/102/agent/get-osinfo\"}]";
	struct sim *sim = cluster(2, 1, world, NULL);

	(void)state;
	struct answer answer auto_answer = execute_as(sim, "root@pam", text);
	assert_string_equal(text_of(json_array_get(data_of(&answer), 1), "message"),
			    "QEMU guest agent is not running\n");
	assert_int_equal(answer.reply.delay_ms, 6000);
	sim_free(sim);
}

static void a_lock_is_not_waited_for(void **state)
{
	const char *text =
		"[{\"method\": \"PUT\", \"path\": \"qemu/100/config\", \"args\": {\"cores\": 3}},"
		" {\"method\": \"GET\", \"path\": \"qemu/100/config\"}]";
	struct sim *sim = cluster(2, 1, world, NULL);

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	sim_advance(sim, 100);
	assert_non_null(sim_guest_find(sim, 100)->busy);
	struct answer answer auto_answer = execute_as(sim, "root@pam", text);
	assert_string_equal(
		text_of(json_array_get(data_of(&answer), 0), "message"),
		"can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout\n");
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(data_of(&answer), 1), "status")),
		200);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_root_with_a_ticket_may),
		cmocka_unit_test(each_command_has_its_own_answer),
		cmocka_unit_test(a_list_that_is_none_is_refused),
		cmocka_unit_test(the_time_of_all_adds_up),
		cmocka_unit_test(a_lock_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
