/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

static void the_way_in(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
		const char *reason;
	} rows[] = {
		{ "GET", "/version", NULL, 200, "OK" },
		{ "GET", "//version/", NULL, 200, "OK" },
		{ "GET", "/Version", NULL, 501, "Method 'GET /Version' not implemented" },
		{ "DELETE", "/version", NULL, 501, "Method 'DELETE /version' not implemented" },
		{ "PATCH", "/version", NULL, 501, "method 'PATCH' not available" },
		{ "GET", "!/api2/foo/version", NULL, 501, "no formatter for uri /version, foo" },
		{ "GET", "!/", NULL, 200, "OK" },
		{ "DELETE", "/pools?poolid=x", "a=b", 501,
		  "Unexpected content for method 'DELETE'" },
		{ "GET", "/nodes/nosuch/status", NULL, 500,
		  "hostname lookup 'nosuch' failed - failed to get address info for: nosuch: Name or service not known" },
		{ "GET", "/pools/dev%2Fchild", NULL, 501,
		  "Method 'GET /pools/dev/child' not implemented" },
	};
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(sim, rows[i].method, rows[i].target, rows[i].body, rows[i].status,
		       rows[i].reason);
	sim_free(sim);
}

static void other_bodies_are_refused_by_their_type(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	const char *headers[] = { admin_header, "Content-Type: text/plain", NULL };
	struct sim_reply reply;

	(void)state;
	sim_request(sim, "POST", "/api2/json/pools", headers, "poolid=x", 8, &reply);
	assert_int_equal(reply.status, 506);
	assert_string_equal(reply.body, "upload 'Content-Type 'text/plain' not implemented");
	assert_null(reply.content_type);
	sim_reply_release(&reply);
	sim_free(sim);
}

static void a_body_over_half_a_mebibyte_is_too_large(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	auto_free char *body = pxc_calloc(1, (512 << 10) + 2);

	(void)state;
	memset(body, 'x', (512 << 10) + 1);
	expect(sim, "POST", "/pools", body, 501, "for data too large");
	sim_free(sim);
}

static void broken_json_is_a_500_in_plain_text(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct answer answer auto_answer = ask(sim, "POST", "/pools", "{\"poolid\":");

	(void)state;
	assert_int_equal(answer.reply.status, 500);
	assert_true(str_starts(answer.reply.body, "malformed JSON string"));
	assert_null(answer.body);
	sim_free(sim);
}

static void the_query_wins_over_the_body(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	expect(sim, "POST", "/pools?comment=query", "poolid=x&comment=body", 200, NULL);
	assert_string_equal(((struct sim_pool *)sim_map_get(&sim->pools, "x"))->comment, "query");
	sim_free(sim);
}

static void errors_close_the_connection_and_carry_the_message(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct answer good auto_answer = ask(sim, "GET", "/version", NULL);
	struct answer bad auto_answer = ask(sim, "GET", "/pools/nosuch", NULL);

	(void)state;
	assert_false(good.reply.close);
	assert_true(bad.reply.close);
	assert_string_equal(text_of(bad.body, "message"), "pool 'nosuch' does not exist\n");
	assert_string_equal(bad.reply.reason, "pool 'nosuch' does not exist");
	assert_true(json_is_null(json_object_get(bad.body, "data")));
	sim_free(sim);
}

static void extjs_always_says_200(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct answer answer auto_answer = ask(sim, "GET", "!/api2/extjs/pools/nosuch", NULL);

	(void)state;
	assert_int_equal(answer.reply.status, 200);
	assert_int_equal(json_integer_value(json_object_get(answer.body, "success")), 0);
	assert_int_equal(json_integer_value(json_object_get(answer.body, "status")), 500);
	sim_free(sim);
}

static void equal_seeds_make_equal_worlds(void **state)
{
	json_t *dumps[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct sim *sim = cluster(3, 0, NULL, NULL);

		expect(sim, "POST", "/pools", "poolid=x", 200, NULL);
		expect(sim, "POST", "/nodes/pve1/storage/data/content",
		       "vmid=100&filename=vm-100-disk-0.qcow2&size=1G", 200, NULL);
		dumps[i] = sim_dump(sim);
		sim_free(sim);
	}
	assert_true(json_equal(dumps[0], dumps[1]));
	json_decref(dumps[0]);
	json_decref(dumps[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_in),
		cmocka_unit_test(other_bodies_are_refused_by_their_type),
		cmocka_unit_test(a_body_over_half_a_mebibyte_is_too_large),
		cmocka_unit_test(broken_json_is_a_500_in_plain_text),
		cmocka_unit_test(the_query_wins_over_the_body),
		cmocka_unit_test(errors_close_the_connection_and_carry_the_message),
		cmocka_unit_test(extjs_always_says_200),
		cmocka_unit_test(equal_seeds_make_equal_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
