/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

/* A request, the parameter that is complained about, and PVE's words for it. */
static void every_complaint_in_pves_words(void **state)
{
	static const struct {
		const char *method, *path, *body, *param, *words;
	} rows[] = {
		{ "GET", "/version?foo=1", NULL, "foo",
		  "property is not defined in schema and the schema does not allow additional properties" },
		{ "POST", "/pools", "comment=x", "poolid",
		  "property is missing and it is not optional" },
		{ "GET", "/cluster/resources?type=x", NULL, "type",
		  "value 'x' does not have a value in the enumeration 'vm, storage, node, sdn'" },
		{ "GET", "/cluster/nextid?vmid=99", NULL, "vmid",
		  "invalid format - value does not look like a valid VM ID\n" },
		{ "GET", "/cluster/nextid?vmid=1x", NULL, "vmid",
		  "type check ('integer') failed - got '1x'" },
		{ "GET", "/nodes/pve1/tasks?limit=-1", NULL, "limit",
		  "value must have a minimum value of 0" },
		{ "PUT", "/nodes/pve1/config", "startall-onboot-delay=301", "startall-onboot-delay",
		  "value must have a maximum value of 300" },
		{ "POST", "/access/users", "userid=a@pve&password=short", "password",
		  "value must be at least 8 characters long" },
		{ "POST", "/access/users/root@pam/token/1x", NULL, "tokenid",
		  "value does not match the regex pattern" },
		{ "PUT", "/pools", "poolid=x&delete=yes", "delete",
		  "type check ('boolean') failed - got 'yes'" },
		{ "PUT", "/pools", "poolid=x&comment=a&comment=b", "comment",
		  "type check ('string') failed - got ARRAY" },
		{ "PUT", "/pools", "{\"poolid\":\"x\",\"comment\":{\"a\":1}}", "comment",
		  "type check ('string') failed - got HASH" },
		{ "PUT", "/access/roles/X", "append=1", "privs",
		  "missing property required by 'append'" },
		{ "POST", "/pools", "poolid=a/b/c/d", "poolid",
		  "invalid format - pool name 'a/b/c/d' nested too deeply (max levels = 3)\n" },
	};
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct answer answer auto_answer =
			ask(sim, rows[i].method, rows[i].path, rows[i].body);

		assert_int_equal(answer.reply.status, 400);
		assert_string_equal(answer.reply.reason, "Parameter verification failed.");
		assert_string_equal(text_of(json_object_get(answer.body, "errors"), rows[i].param),
				    rows[i].words);
	}
	sim_free(sim);
}

static void all_errors_come_at_once(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct answer answer auto_answer =
		ask(sim, "POST", "/storage", "foo=1&type=nosuch&shared=on");

	(void)state;
	assert_int_equal(json_object_size(json_object_get(answer.body, "errors")), 4);
	sim_free(sim);
}

static void json_takes_booleans_numbers_and_lists_and_null_is_absent(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	expect(sim, "POST", "/storage",
	       "{\"storage\":\"s1\",\"type\":\"dir\",\"path\":\"/x\",\"shared\":true,\"port\":null,"
	       "\"content\":[\"iso\",\"images\"]}",
	       200, NULL);
	assert_string_equal(
		json_string_value(json_object_get(sim_storage_find(sim, "s1")->config, "content")),
		"iso,images");
	assert_int_equal(
		json_integer_value(json_object_get(sim_storage_find(sim, "s1")->config, "shared")),
		1);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_complaint_in_pves_words),
		cmocka_unit_test(all_errors_come_at_once),
		cmocka_unit_test(json_takes_booleans_numbers_and_lists_and_null_is_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
