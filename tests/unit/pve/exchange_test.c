/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/script.h"

#define LOCKED "VM is locked (backup)"

static int get_version(struct pve_client *pve, struct pxc_err *err)
{
	return pve_get(pve, "/version", NULL, err);
}

static const struct pve_op create = { .method = "POST", .path = "/pools", .wait_ms = 60000 };
static const struct pve_op change = { .method = "PUT", .path = "/pools", .wait_ms = 60000 };
static const struct pve_op drop = {
	.method = "DELETE", .path = "/pools", .wait_ms = 60000, .gone_ok = true
};

static int call(struct pve_client *pve, const struct pve_op *op, struct pxc_err *err)
{
	json_auto_t *args = json_pack("{s:s}", "poolid", "a");

	return pve_call(pve, op, args, NULL, err);
}

/* Every row of the retry table: one kind of failure, then what the second try would get. */
static const struct {
	const char *what;
	struct script_line first;
	bool again;             /* is there a second request? */
	enum pxc_errkind write; /* what a write ends with when it is not sent again */
	enum pxc_errkind read;
} rows[] = {
	{ "unreached", { .outcome = PVE_UNREACHED }, true, PXC_OK, PXC_OK },
	{ "lock",
	  { .status = 500, .reply = "can't lock file 'x' - got timeout" },
	  true,
	  PXC_OK,
	  PXC_OK },
	{ "guest lock", { .status = 500, .reply = LOCKED }, true, PXC_OK, PXC_OK },
	{ "cluster lock",
	  { .status = 500, .reply = "cfs-lock 'file-user_cfg' error: got lock request timeout" },
	  true,
	  PXC_OK,
	  PXC_OK },
	{ "worker", { .status = 500, .reply = "got no worker upid - x" }, true, PXC_OK, PXC_OK },
	{ "lost", { .outcome = PVE_LOST }, false, PXC_EUNSURE, PXC_OK },
	{ "595", { .status = 595, .reply = "No route to host" }, false, PXC_EUNSURE, PXC_OK },
	{ "596", { .status = 596, .reply = "x" }, false, PXC_EUNSURE, PXC_OK },
	{ "599", { .status = 599, .reply = "x" }, false, PXC_EUNSURE, PXC_OK },
	{ "502", { .status = 502, .reply = "x" }, false, PXC_EUNSURE, PXC_OK },
	{ "503", { .status = 503, .reply = "x" }, false, PXC_EUNSURE, PXC_OK },
	{ "504", { .status = 504, .reply = "x" }, false, PXC_EUNSURE, PXC_OK },
	{ "digest",
	  { .status = 500, .reply = "checksum mismatch (file change by other user?)" },
	  false,
	  PXC_ECONFLICT,
	  PXC_ECONFLICT },
	{ "exists",
	  { .status = 500, .reply = "pool 'a' already exists" },
	  false,
	  PXC_ECONFLICT,
	  PXC_ECONFLICT },
	{ "token refused",
	  { .status = 401, .reply = "no such token" },
	  false,
	  PXC_EDENIED,
	  PXC_EDENIED },
	{ "rights",
	  { .status = 403, .reply = "Permission check failed (/, Sys.Audit)" },
	  false,
	  PXC_EDENIED,
	  PXC_EDENIED },
	{ "parameters", { .status = 400, .reply = "x" }, false, PXC_EINVAL, PXC_EINVAL },
	{ "words", { .status = 500, .reply = "out of cheese" }, false, PXC_EREMOTE, PXC_EREMOTE },
	{ "not implemented", { .status = 501, .reply = "x" }, false, PXC_EREMOTE, PXC_EREMOTE },
	{ "no JSON", { .body = "" }, false, PXC_EUNSURE, PXC_EREMOTE },
	{ "no data", { .body = "{}" }, false, PXC_EUNSURE, PXC_EREMOTE },
	{ "too large to send", { .outcome = PVE_REFUSED }, false, PXC_EINVAL, PXC_EINVAL },
};

static void check_row(size_t i, const char *request, const struct pve_op *op)
{
	struct script_line lines[2] = { rows[i].first, { .request = request } };
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };
	enum pxc_errkind wanted = op ? rows[i].write : rows[i].read;

	lines[0].request = request;
	/* A read is sent again, too, wherever it may end well. */
	if (!(rows[i].again || (!op && wanted == PXC_OK)))
		script.nlines = 1;
	assert_int_equal(op ? call(pve, op, &err) : get_version(pve, &err),
			 wanted == PXC_OK ? 0 : -1);
	if (err.kind != wanted)
		fail_msg("%s: %s: kind %d: %s", rows[i].what, request, (int)err.kind, err.msg);
	pve_free(pve);
	script_end(&script);
}

static void each_failure_is_retried_or_not_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		check_row(i, "GET /version", NULL);
		check_row(i, "POST /pools poolid=a", &create);
		check_row(i, "PUT /pools poolid=a", &change);
		check_row(i, "DELETE /pools poolid=a", &drop);
	}
}

static void an_unknown_outcome_is_said_to_be_one(void **state)
{
	static const struct script_line lines[] = {
		{ "POST /pools poolid=a", "it broke off", .outcome = PVE_LOST },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(call(pve, &create, &err), -1);
	assert_string_equal(err.msg, "POST /pools: outcome unknown: it broke off");
	pve_free(pve);
	script_end(&script);
}

static uint32_t always(struct script *script, const char *request, struct pve_reply *ret)
{
	const struct pve_reply *like = script->arg;

	(void)request;
	*ret = *like;
	return 0;
}

static void back_off_doubles_up_to_the_end_of_patience(void **state)
{
	struct pve_reply locked = { .outcome = PVE_REPLIED, .status = 500, .reason = LOCKED };
	struct script script = { .answer = always, .arg = &locked };
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(get_version(pve, &err), -1);
	assert_int_equal(err.kind, PXC_EBUSY);
	assert_string_equal(err.msg, "GET /version: " LOCKED);
	assert_string_equal(buf_str(&script.log), "1000 1 GET /version\n"
						  "1100 1 GET /version\n"
						  "1300 1 GET /version\n"
						  "1700 1 GET /version\n"
						  "2500 1 GET /version\n"
						  "4100 1 GET /version\n"
						  "7300 1 GET /version\n"
						  "11000 1 GET /version\n");
	pve_free(pve);
	script_end(&script);
}

static void the_next_url_is_tried_at_once(void **state)
{
	static const struct script_line lines[] = {
		{ "POST /pools poolid=a", .outcome = PVE_UNREACHED, .url = 1 },
		{ "POST /pools poolid=a", .outcome = PVE_UNREACHED, .url = 2 },
		{ "POST /pools poolid=a", .url = 3 },
		/* The one that worked is kept to. */
		{ "GET /version", .url = 3 },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 3);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(call(pve, &create, &err), 0);
	assert_int_equal(script.now, 1000);
	assert_int_equal(get_version(pve, &err), 0);
	pve_free(pve);
	script_end(&script);
}

static void all_urls_down_are_tried_again_and_then_named(void **state)
{
	struct pve_reply down = { .outcome = PVE_UNREACHED, .problem = "refused" };
	struct script script = { .answer = always, .arg = &down };
	struct pve_client *pve = script_client(&script, 2);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(get_version(pve, &err), -1);
	assert_int_equal(err.kind, PXC_EREMOTE);
	assert_string_equal(err.msg, "GET /version: refused; refused");
	assert_string_equal(buf_str(&script.log), "1000 1 GET /version\n"
						  "1000 2 GET /version\n"
						  "1100 1 GET /version\n"
						  "1100 2 GET /version\n"
						  "1300 1 GET /version\n"
						  "1300 2 GET /version\n"
						  "1700 1 GET /version\n"
						  "1700 2 GET /version\n"
						  "2500 1 GET /version\n"
						  "2500 2 GET /version\n"
						  "4100 1 GET /version\n"
						  "4100 2 GET /version\n"
						  "7300 1 GET /version\n"
						  "7300 2 GET /version\n");
	assert_int_equal(script.now, 11000);
	pve_free(pve);
	script_end(&script);
}

static void one_dead_server_costs_the_wait_only_once(void **state)
{
	enum { READS = 200 };
	struct pve_reply down = { .outcome = PVE_UNREACHED, .problem = "refused" };
	struct script script = { .answer = always, .arg = &down };
	struct pve_client *pve = script_client(&script, 1);
	struct pve_read *reads = pxc_calloc(READS, sizeof(*reads));
	char path[] = "/version";

	(void)state;
	for (size_t i = 0; i < READS; i++)
		reads[i].path = path;
	pve_read_all(pve, reads, READS);
	for (size_t i = 0; i < READS; i++)
		assert_int_equal(reads[i].err.kind, PXC_EREMOTE);
	assert_int_equal(script.now, 11000);
	free(reads);
	pve_free(pve);
	script_end(&script);
}

static void a_silent_server_costs_the_wait_only_once(void **state)
{
	enum { READS = 50 };
	struct pve_reply lost = { .outcome = PVE_LOST, .problem = "silence" };
	struct script script = { .answer = always, .arg = &lost };
	struct pve_client *pve = script_client(&script, 1);
	struct pve_read *reads = pxc_calloc(READS, sizeof(*reads));
	char path[] = "/version";

	(void)state;
	for (size_t i = 0; i < READS; i++)
		reads[i].path = path;
	pve_read_all(pve, reads, READS);
	for (size_t i = 0; i < READS; i++)
		assert_int_equal(reads[i].err.kind, PXC_EREMOTE);
	assert_true(script.now < 1000 + 2 * 10000);
	free(reads);
	pve_free(pve);
	script_end(&script);
}

static void a_certificate_that_is_not_trusted_is_not_tried_again(void **state)
{
	static const struct script_line lines[] = {
		{ "GET /version", "not trusted", .outcome = PVE_UNREACHED, .fatal = true,
		  .url = 1 },
		{ "GET /version", .url = 2 },
		{ "GET /version", .url = 2 },
		{ "GET /version", .url = 2 },
		{ "GET /version", "refused", .outcome = PVE_UNREACHED, .fatal = true, .url = 2 },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 2);
	struct pxc_err err = { .kind = PXC_OK };
	char path[] = "/version";
	struct pve_read reads[2] = { { .path = path }, { .path = path } };

	(void)state;
	assert_int_equal(get_version(pve, &err), 0);
	assert_int_equal(script.now, 1000);
	/* Not later either, when there is work for both. */
	pve_sleep(pve, 60000);
	pve_read_all(pve, reads, 2);
	assert_int_equal(get_version(pve, &err), -1);
	assert_string_equal(err.msg, "GET /version: not trusted; refused");
	assert_int_equal(script.now, 61000);
	pve_free(pve);
	script_end(&script);
}

static void an_answer_over_its_ceiling_is_not_asked_for_again(void **state)
{
	static const struct script_line lines[] = {
		{ "GET /version", "too large", .outcome = PVE_LOST, .fatal = true },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(get_version(pve, &err), -1);
	assert_string_equal(err.msg, "GET /version: too large");
	pve_free(pve);
	script_end(&script);
}

/* Spread over the URLs, each of which first gets one request to prove itself. */
static uint32_t slow(struct script *script, const char *request, struct pve_reply *ret)
{
	(void)script, (void)request, (void)ret;
	return 10;
}

static void never_more_requests_at_a_url_than_agreed(void **state)
{
	enum { READS = 100, URLS = 3, EACH = 4 };
	struct script script = { .answer = slow };
	struct pve_client *pve = script_client(&script, URLS);
	struct pve_read reads[READS] = { { .path = NULL } };
	char path[] = "/version";

	(void)state;
	for (size_t i = 0; i < READS; i++)
		reads[i].path = path;
	pve_read_all(pve, reads, READS);
	for (size_t u = 0; u < URLS; u++)
		assert_int_equal(script.most[u], EACH);
	assert_int_equal(script.most_at_all, URLS * EACH);
	assert_int_equal(pve_requests(pve), READS);
	assert_true(script.now < 1000 + 10 * (READS / (URLS * EACH) + 4));
	pve_free(pve);
	script_end(&script);
}

static void a_url_proves_itself_with_one_request(void **state)
{
	enum { READS = 8 };
	struct script script = { .answer = slow };
	struct pve_client *pve = script_client(&script, 1);
	struct pve_read reads[READS] = { { .path = NULL } };
	char path[] = "/version";

	(void)state;
	for (size_t i = 0; i < READS; i++)
		reads[i].path = path;
	pve_read_all(pve, reads, READS);
	assert_string_equal(buf_str(&script.log), "1000 1 GET /version\n"
						  "1010 1 GET /version\n"
						  "1010 1 GET /version\n"
						  "1010 1 GET /version\n"
						  "1010 1 GET /version\n"
						  "1020 1 GET /version\n"
						  "1020 1 GET /version\n"
						  "1020 1 GET /version\n");
	pve_free(pve);
	script_end(&script);
}

static uint32_t hanging(struct script *script, const char *request, struct pve_reply *ret)
{
	(void)script, (void)request, (void)ret;
	return 1000000;
}

static void a_step_ends_at_its_deadline_whatever_happens(void **state)
{
	static const struct pve_op quick = { .method = "GET", .path = "/version", .wait_ms = 2500 };
	struct script script = { .answer = hanging };
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_call(pve, &quick, NULL, NULL, &err), -1);
	assert_int_equal(script.now, 1000 + 2500);
	assert_string_equal(err.msg, "GET /version: no answer within 2500 ms");
	pve_free(pve);
	script_end(&script);
}

static void a_step_that_cannot_be_sent_ends_at_its_deadline(void **state)
{
	static const struct pve_op quick = { .method = "POST",
					     .path = "/version",
					     .wait_ms = 2500 };
	struct pve_reply down = { .outcome = PVE_UNREACHED, .problem = "refused" };
	struct script script = { .answer = always, .arg = &down };
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_call(pve, &quick, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, PXC_ETIMEOUT);
	assert_string_equal(err.msg,
			    "POST /version: no time was left to send the request: refused");
	assert_int_equal(script.now, 1000 + 2500);
	pve_free(pve);
	script_end(&script);
}

static void a_waiting_exchange_can_be_taken_back(void **state)
{
	struct script script = { .answer = slow };
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err[3];
	struct pve_exchange x[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		x[i] = (struct pve_exchange){ .method = "GET", .path = "/version", .err = &err[i] };
		pve_submit(pve, &x[i], i == 1 ? 500 : 0);
	}
	for (size_t i = 3; i > 0; i--)
		assert_true(pve_withdraw(pve, &x[i - 1]));
	assert_true(pve_withdraw(pve, &x[0]));
	assert_int_equal(pve_requests(pve), 0);
	pve_free(pve);
	script_end(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_is_retried_or_not_as_the_table_says),
		cmocka_unit_test(an_unknown_outcome_is_said_to_be_one),
		cmocka_unit_test(back_off_doubles_up_to_the_end_of_patience),
		cmocka_unit_test(the_next_url_is_tried_at_once),
		cmocka_unit_test(all_urls_down_are_tried_again_and_then_named),
		cmocka_unit_test(one_dead_server_costs_the_wait_only_once),
		cmocka_unit_test(a_silent_server_costs_the_wait_only_once),
		cmocka_unit_test(a_certificate_that_is_not_trusted_is_not_tried_again),
		cmocka_unit_test(an_answer_over_its_ceiling_is_not_asked_for_again),
		cmocka_unit_test(never_more_requests_at_a_url_than_agreed),
		cmocka_unit_test(a_url_proves_itself_with_one_request),
		cmocka_unit_test(a_step_ends_at_its_deadline_whatever_happens),
		cmocka_unit_test(a_step_that_cannot_be_sent_ends_at_its_deadline),
		cmocka_unit_test(a_waiting_exchange_can_be_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
