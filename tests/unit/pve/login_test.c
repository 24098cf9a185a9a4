/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "lib/script.h"
#include "pve/client.h"

#define ASK "POST /access/ticket new-format=1&password=s3cret&username=ann%40pve"
#define TICKET(t)                                                                                  \
	"{\"ticket\":\"" t "\",\"CSRFPreventionToken\":\"C" t "\",\"username\":\"ann@pve\"}"
#define MINUTES (60 * 1000)

static const char *const urls[] = { "https://a:8006", NULL };

static struct pve_client *login(struct script *script, const char *otp)
{
	return script_login(script, "ann@pve", otp);
}

static const struct pve_op post = { .method = "POST", .path = "/pools", .wait_ms = 60000 };

static void a_token_goes_with_every_request(void **state)
{
	static const struct script_line lines[] = {
		{ "GET /version", .header = "Authorization: PVEAPIToken=ann@pve!ci=secret" },
		{ "POST /pools", .header = "Authorization: PVEAPIToken=ann@pve!ci=secret" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	assert_int_equal(pve_call(pve, &post, NULL, NULL, &err), 0);
	assert_string_equal(pve_user(pve), "ann@pve");
	assert_string_equal(pve_token(pve), "ci");
	pve_free(pve);
	script_end(&script);
}

static void a_refused_token_is_named(void **state)
{
	static const struct script_line lines[] = { { "GET /version", "no such token",
						      .status = 401 } };
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_get(pve, "/version", NULL, &err), -1);
	assert_int_equal(err.kind, PXC_EDENIED);
	assert_int_equal(err.http, 401);
	assert_string_equal(err.msg,
			    "GET /version: the API token ann@pve!ci was refused: no such token");
	pve_free(pve);
	script_end(&script);
}

static void a_ticket_is_got_once_and_writes_carry_the_csrf_token(void **state)
{
	static const struct script_line lines[] = {
		{ ASK, TICKET("PVE:ann@pve:1::a+b/=") },
		{ "GET /version", .header = "Cookie: PVEAuthCookie=PVE:ann@pve:1::a+b/=" },
		{ "POST /pools", .header = "CSRFPreventionToken: CPVE:ann@pve:1::a+b/=" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = login(&script, NULL);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	assert_int_equal(pve_call(pve, &post, NULL, NULL, &err), 0);
	assert_string_equal(pve_token(pve), "");
	pve_free(pve);
	script_end(&script);
}

static void many_reads_wait_for_one_login(void **state)
{
	static const struct script_line lines[] = {
		{ ASK, TICKET("T1"), .after_ms = 50 },
		{ "GET /version" },
		{ "GET /version" },
		{ "GET /version" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = login(&script, NULL);
	char path[] = "/version";
	struct pve_read reads[3] = { { .path = path }, { .path = path }, { .path = path } };

	(void)state;
	pve_read_all(pve, reads, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(reads[i].err.kind, PXC_OK);
	pve_free(pve);
	script_end(&script);
}

static void a_wrong_password_fails_everything_and_is_not_tried_again(void **state)
{
	static const struct script_line lines[] = { { ASK, "authentication failure\n",
						      .status = 401 } };
	struct script script = SCRIPT(lines);
	struct pve_client *pve = login(&script, NULL);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pve_get(pve, "/version", NULL, &err), -1);
		assert_int_equal(err.kind, PXC_EDENIED);
		assert_string_equal(err.msg,
				    "GET /version: login as ann@pve: authentication failure");
	}
	pve_free(pve);
	script_end(&script);
}

static void a_lost_login_is_sent_again(void **state)
{
	static const struct script_line lines[] = {
		{ ASK, .outcome = PVE_LOST },
		{ ASK, .status = 595, .reply = "x" },
		{ ASK, TICKET("T1") },
		{ "GET /version" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = login(&script, NULL);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_free(pve);
	script_end(&script);
}

static void a_ticket_is_renewed_with_itself_before_it_ends(void **state)
{
	static const struct script_line lines[] = {
		{ ASK, TICKET("T1") },
		{ "GET /version", .header = "Cookie: PVEAuthCookie=T1" },
		{ "GET /version", .header = "Cookie: PVEAuthCookie=T1" },
		{ "POST /access/ticket new-format=1&password=T1&username=ann%40pve", TICKET("T2") },
		{ "GET /version", .header = "Cookie: PVEAuthCookie=T2" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = login(&script, NULL);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_sleep(pve, 89 * MINUTES);
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_sleep(pve, 1 * MINUTES);
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_free(pve);
	script_end(&script);
}

static void a_renewal_that_is_refused_becomes_a_login(void **state)
{
	static const struct script_line lines[] = {
		{ ASK, TICKET("T1") },
		{ "GET /version" },
		{ "POST /access/ticket new-format=1&password=T1&username=ann%40pve",
		  "authentication failure", .status = 401 },
		{ ASK, TICKET("T2") },
		{ "GET /version", .header = "Cookie: PVEAuthCookie=T2" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = login(&script, NULL);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_sleep(pve, 100 * MINUTES);
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_free(pve);
	script_end(&script);
}

static void a_refused_ticket_means_one_new_login(void **state)
{
	static const struct script_line lines[] = {
		{ ASK, TICKET("T1") },
		{ "POST /pools", "No ticket", .status = 401 },
		{ ASK, TICKET("T2") },
		{ "POST /pools", .header = "CSRFPreventionToken: CT2" },
		{ "GET /version", "No ticket", .status = 401 },
		{ ASK, TICKET("T3") },
		{ "GET /version", "No ticket", .status = 401 },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = login(&script, NULL);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_call(pve, &post, NULL, NULL, &err), 0);
	assert_int_equal(pve_get(pve, "/version", NULL, &err), -1);
	assert_int_equal(err.kind, PXC_EDENIED);
	assert_string_equal(err.msg,
			    "GET /version: ann@pve, logged in anew, was refused: No ticket");
	pve_free(pve);
	script_end(&script);
}

/* Two requests under way meet the end of one ticket: that is one new login, not two. */
static void one_login_serves_all_that_the_old_ticket_failed(void **state)
{
	static const struct script_line lines[] = {
		{ ASK, TICKET("T1") },
		{ "GET /version" },
		{ "GET /a", "No ticket", .status = 401, .after_ms = 10 },
		{ "GET /b", "No ticket", .status = 401, .after_ms = 500 },
		{ ASK, TICKET("T2") },
		{ "GET /a", .header = "Cookie: PVEAuthCookie=T2" },
		{ "GET /b", .header = "Cookie: PVEAuthCookie=T2" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = login(&script, NULL);
	struct pxc_err err = { .kind = PXC_OK };
	char a[] = "/a", b[] = "/b";
	struct pve_read reads[2] = { { .path = a }, { .path = b } };

	(void)state;
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_read_all(pve, reads, 2);
	assert_int_equal(reads[0].err.kind, PXC_OK);
	assert_int_equal(reads[1].err.kind, PXC_OK);
	pve_free(pve);
	script_end(&script);
}

#define CHALLENGE "{\"ticket\":\"PVE:!tfa!x\",\"NeedTFA\":1,\"username\":\"ann@pve\"}"
#define SECOND(code)                                                                               \
	"POST /access/ticket new-format=1&password=" code                                          \
	"&tfa-challenge=PVE%3A%21tfa%21x&username=ann%40pve"

static void a_second_factor_answers_the_challenge(void **state)
{
	static const struct {
		const char *otp;
		struct script_line lines[3];
	} rows[] = {
		{ "123456",
		  { { ASK, CHALLENGE },
		    { SECOND("totp%3A123456"), TICKET("T1") },
		    { "GET /version" } } },
		{ "recovery:abcd",
		  { { ASK, CHALLENGE },
		    { SECOND("recovery%3Aabcd"), TICKET("T1") },
		    { "GET /version" } } },
		/* Given, but not asked for. */
		{ "123456", { { ASK, TICKET("T1") }, { "GET /version" } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct script script = { .lines = rows[i].lines, .nlines = i == 2 ? 2 : 3 };
		struct pve_client *pve = login(&script, rows[i].otp);
		struct pxc_err err = { .kind = PXC_OK };

		assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
		pve_free(pve);
		script_end(&script);
	}
}

static const struct {
	const char *otp;
	struct script_line lines[2];
	size_t nlines;
	const char *msg;
} refusals[] = {
	{ NULL,
	  { { ASK, CHALLENGE } },
	  1,
	  "GET /version: login as ann@pve: this user has a second factor: give api_otp, or better use an API "
	  "token" },
	{ "1",
	  { { ASK, CHALLENGE }, { SECOND("totp%3A1"), "authentication failure", .status = 401 } },
	  2,
	  "GET /version: login as ann@pve: the second factor (api_otp) was refused" },
	{ NULL, { { ASK, "{}" } }, 1, "GET /version: login as ann@pve: the server gave no ticket" },
	{ NULL,
	  { { ASK, .body = "" } },
	  1,
	  "GET /version: login as ann@pve: the answer is not JSON: this is not the API of a PVE server, or the "
	  "answer was cut off" },
};

static void a_login_that_fails_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct script script = { .lines = refusals[i].lines, .nlines = refusals[i].nlines };
		struct pve_client *pve = login(&script, refusals[i].otp);
		struct pxc_err err = { .kind = PXC_OK };

		assert_int_equal(pve_get(pve, "/version", NULL, &err), -1);
		assert_string_equal(err.msg, refusals[i].msg);
		pve_free(pve);
		script_end(&script);
	}
}

static void a_ticket_that_would_end_the_cookie_is_encoded(void **state)
{
	static const struct script_line lines[] = {
		{ ASK, TICKET("a;b%c") },
		{ "GET /version", .header = "Cookie: PVEAuthCookie=a%3Bb%25c" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = login(&script, NULL);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_free(pve);
	script_end(&script);
}

static void credentials_that_cannot_be_right_are_refused_before_anything_is_sent(void **state)
{
	static const struct {
		struct pve_options o;
		const char *msg;
	} rows[] = {
		{ { .user = "a@pve" },
		  "no credentials: give api_token_id and api_token_secret, or api_user and "
		  "api_password" },
		{ { .password = "x" }, "api_password is given without api_user" },
		{ { .user = "ann", .password = "x" },
		  "api_user: ann has no realm: write for example ann@pam" },
		{ { .token_id = "a@pve!t" }, "api_token_id is given without api_token_secret" },
		{ { .token_secret = "s" }, "api_token_secret is given without api_token_id" },
		{ { .token_id = "t", .token_secret = "s" },
		  "api_token_id t does not say whose token it is: write user@realm!t, or give api_user" },
		{ { .user = "b@pve", .token_id = "a@pve!t", .token_secret = "s" },
		  "api_user is b@pve, but api_token_id belongs to a@pve" },
		{ { .token_id = "a@pve!t", .token_secret = "s", .password = "x" },
		  "give either an API token (api_token_id, api_token_secret) or a password (api_user, api_password, "
		  "api_otp), not both" },
		{ { .token_id = "a@pve!t", .token_secret = "s\r\nX: y" },
		  "api_token_id or api_token_secret holds a blank or a line end" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pve_options o = rows[i].o;
		struct script script = { .nlines = 0 };
		struct pve_client *pve = NULL;
		struct pxc_err err = { .kind = PXC_OK };

		o.urls = urls;
		assert_int_equal(pve_create(&o, script_transport(&script), &pve, &err), -1);
		assert_int_equal(err.kind, PXC_EINVAL);
		assert_string_equal(err.msg, rows[i].msg);
		script_end(&script);
	}
}

static void a_token_s_owner_may_be_said_apart(void **state)
{
	static const struct script_line lines[] = {
		{ "GET /version", .header = "Authorization: PVEAPIToken=ann@pve!ci=s" },
	};
	struct pve_options o = {
		.urls = urls, .user = "ann@pve", .token_id = "ci", .token_secret = "s"
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_create(&o, script_transport(&script), &pve, &err), 0);
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_free(pve);
	script_end(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_goes_with_every_request),
		cmocka_unit_test(a_refused_token_is_named),
		cmocka_unit_test(a_ticket_is_got_once_and_writes_carry_the_csrf_token),
		cmocka_unit_test(many_reads_wait_for_one_login),
		cmocka_unit_test(a_wrong_password_fails_everything_and_is_not_tried_again),
		cmocka_unit_test(a_lost_login_is_sent_again),
		cmocka_unit_test(a_ticket_is_renewed_with_itself_before_it_ends),
		cmocka_unit_test(a_renewal_that_is_refused_becomes_a_login),
		cmocka_unit_test(a_refused_ticket_means_one_new_login),
		cmocka_unit_test(one_login_serves_all_that_the_old_ticket_failed),
		cmocka_unit_test(a_second_factor_answers_the_challenge),
		cmocka_unit_test(a_login_that_fails_says_why),
		cmocka_unit_test(a_ticket_that_would_end_the_cookie_is_encoded),
		cmocka_unit_test(
			credentials_that_cannot_be_right_are_refused_before_anything_is_sent),
		cmocka_unit_test(a_token_s_owner_may_be_said_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
