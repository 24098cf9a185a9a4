/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"
#include "sim/request.h"

#define WORLD "{\"users\": {\"alice@pve\": {\"password\": \"Secret123\"}}}"
#define LOGIN "username=alice@pve&password=Secret123"

static void wrong_credentials_are_401_after_three_seconds(void **state)
{
	static const struct {
		const char *header, *reason;
	} rows[] = {
		{ "X: y", "No ticket" },
		{ "Authorization: Bearer foo", "No ticket" },
		{ "Authorization: PVEAPIToken=root@pam!t=wrong", "Authentication failed!" },
		{ "Authorization: PVEAPIToken=root@pam!nosuch=x", "Authentication failed!" },
		{ "Authorization: PVEAPIToken=root@pam", "Authentication failed!" },
		{ "Cookie: PVEAuthCookie=PVE:alice@pve:00000000::xxxx", "Authentication failed!" },
		{ "Cookie: PVEAuthCookie=PVE::", "Authentication failed!" },
	};
	struct sim *sim = cluster(1, 0, WORLD, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct answer answer auto_answer =
			ask_as(sim, rows[i].header, "GET", "/version", NULL);

		assert_int_equal(answer.reply.status, 401);
		assert_string_equal(answer.reply.reason, rows[i].reason);
		assert_int_equal(answer.reply.body_len, 0);
		assert_null(answer.reply.content_type);
		assert_int_equal(answer.reply.delay_ms, 3000);
	}
	sim_free(sim);
}

static void a_ticket_needs_its_csrf_token_for_writing(void **state)
{
	struct sim *sim = cluster(1, 0, WORLD, NULL);
	struct answer login auto_answer = ask_as(sim, "X: y", "POST", "/access/ticket", LOGIN);
	auto_free char *cookie =
		pxc_printf("Cookie: PVEAuthCookie=%s", text_of(data_of(&login), "ticket"));
	auto_free char *csrf = pxc_printf("CSRFPreventionToken: %s",
					  text_of(data_of(&login), "CSRFPreventionToken"));
	const char *headers[] = { cookie, csrf, NULL };
	struct sim_reply reply;

	(void)state;
	assert_int_equal(login.reply.status, 200);
	for (unsigned with = 0; with < 2; with++) {
		struct answer answer auto_answer = ask_as(sim, cookie, "GET", "/version", NULL);

		assert_int_equal(answer.reply.status, 200);
		headers[1] = with ? csrf : NULL;
		sim_request(sim, "POST", "/api2/json/pools", headers, "poolid=q", 8, &reply);
		assert_int_equal(reply.status, with ? 403 : 401);
		sim_reply_release(&reply);
	}
	sim_free(sim);
}

static void a_ticket_ages_and_can_be_renewed(void **state)
{
	struct sim *sim = cluster(1, 0, WORLD, NULL);
	struct answer login auto_answer = ask_as(sim, "X: y", "POST", "/access/ticket", LOGIN);
	auto_free char *form =
		pxc_printf("username=alice@pve&password=%s", text_of(data_of(&login), "ticket"));
	auto_free char *cookie =
		pxc_printf("Cookie: PVEAuthCookie=%s", text_of(data_of(&login), "ticket"));

	(void)state;
	sim_advance(sim, 7000 * 1000);
	for (unsigned late = 0; late < 2; late++) {
		struct answer renewed auto_answer =
			ask_as(sim, "X: y", "POST", "/access/ticket", form);
		struct answer used auto_answer = ask_as(sim, cookie, "GET", "/version", NULL);

		assert_int_equal(renewed.reply.status, late ? 401 : 200);
		assert_int_equal(used.reply.status, late ? 401 : 200);
		sim_advance(sim, 300 * 1000);
	}
	sim_free(sim);
}

static void who_is_disabled_or_expired_stays_outside(void **state)
{
	struct sim *sim = cluster(1, 0, WORLD, NULL);
	auto_free char *expire =
		pxc_printf("expire=%lld&enable=1", (long long)(sim_now_ms(sim) / 1000 - 1));

	(void)state;
	expect(sim, "PUT", "/access/users/alice@pve", "enable=0", 200, NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct answer answer auto_answer =
			ask_as(sim, "X: y", "POST", "/access/ticket", LOGIN);

		assert_int_equal(answer.reply.status, 401);
		assert_string_equal(text_of(answer.body, "message"), "authentication failure\n");
		expect(sim, "PUT", "/access/users/alice@pve", expire, 200, NULL);
	}
	expect(sim, "PUT", "/access/users/alice@pve", "expire=0", 200, NULL);
	struct answer answer auto_answer = ask_as(sim, "X: y", "POST", "/access/ticket", LOGIN);

	assert_int_equal(answer.reply.status, 200);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_credentials_are_401_after_three_seconds),
		cmocka_unit_test(a_ticket_needs_its_csrf_token_for_writing),
		cmocka_unit_test(a_ticket_ages_and_can_be_renewed),
		cmocka_unit_test(who_is_disabled_or_expired_stays_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
