/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/script.h"

static void a_read_gives_the_data_of_the_answer(void **state)
{
	static const struct script_line lines[] = { { "GET /cluster/nextid", "\"100\"" } };
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };
	json_auto_t *data = NULL;

	(void)state;
	assert_int_equal(pve_get(pve, "/cluster/nextid", &data, &err), 0);
	assert_string_equal(json_string_value(data), "100");
	pve_free(pve);
	script_end(&script);
}

static void reads_fail_and_work_apart_from_each_other(void **state)
{
	static const struct script_line lines[] = {
		{ "GET /nodes", "[]" },
		{ "GET /pools poolid=a", "pool 'a' does not exist", .status = 500 },
		{ "GET /version", "null" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	json_auto_t *params = json_pack("{s:s}", "poolid", "a");
	char nodes[] = "/nodes", pools[] = "/pools", version[] = "/version";
	struct pve_read reads[3] = { { .path = nodes },
				     { .path = pools, .params = params },
				     { .path = version } };

	(void)state;
	pve_read_all(pve, reads, 3);
	assert_int_equal(reads[0].err.kind, PXC_OK);
	assert_true(json_is_array(reads[0].data));
	assert_int_equal(reads[1].err.kind, PXC_ENOTFOUND);
	assert_null(reads[1].data);
	assert_string_equal(reads[1].err.msg, "GET /pools: pool 'a' does not exist");
	assert_int_equal(reads[2].err.kind, PXC_OK);
	assert_null(reads[2].data);
	json_decref(reads[0].data);
	pve_free(pve);
	script_end(&script);
}

static void no_reads_are_no_requests(void **state)
{
	struct script script = { .nlines = 0 };
	struct pve_client *pve = script_client(&script, 1);

	(void)state;
	pve_read_all(pve, NULL, 0);
	pve_free(pve);
	script_end(&script);
}

static void a_call_gives_the_data_of_the_answer(void **state)
{
	static const struct pve_op op = { .method = "POST",
					  .path = "/access/users/{userid}/token/{tokenid}",
					  .wait_ms = 1000 };
	static const struct script_line lines[] = {
		{ "POST /access/users/ann%40pve/token/ci privsep=0", "{\"value\":\"s\"}" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	struct pxc_err err = { .kind = PXC_OK };
	json_auto_t *args =
		json_pack("{s:s, s:s, s:b}", "userid", "ann@pve", "tokenid", "ci", "privsep", 0);
	json_auto_t *data = NULL;

	(void)state;
	assert_int_equal(pve_call(pve, &op, args, &data, &err), 0);
	assert_string_equal(json_string_value(json_object_get(data, "value")), "s");
	/* The arguments stay the caller's. */
	assert_int_equal(json_object_size(args), 3);
	pve_free(pve);
	script_end(&script);
}

static void sleep_passes_the_transport_s_time(void **state)
{
	struct script script = { .nlines = 0 };
	struct pve_client *pve = script_client(&script, 1);

	(void)state;
	pve_sleep(pve, 1234);
	assert_int_equal(pve_now_ms(pve), 2234);
	pve_sleep(pve, 0);
	assert_int_equal(pve_now_ms(pve), 2234);
	pve_free(pve);
	script_end(&script);
}

static void unchecked_certificates_are_warned_about(void **state)
{
	static const char *const urls[] = { "https://a:8006", NULL };
	struct pve_options o = { .urls = urls, .token_id = "a@pve!t", .token_secret = "s" };
	struct script script = { .nlines = 0 };
	struct pve_client *pve = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_create(&o, script_transport(&script), &pve, &err), 0);
	assert_int_equal(json_array_size(pve_warnings(pve)), 1);
	pve_free(pve);
	o.tls.fingerprint = "x";
	assert_int_equal(pve_create(&o, script_transport(&script), &pve, &err), 0);
	assert_int_equal(json_array_size(pve_warnings(pve)), 0);
	pve_free(pve);
	o.tls = (struct pve_tls){ .verify = true };
	assert_int_equal(pve_create(&o, script_transport(&script), &pve, &err), 0);
	assert_int_equal(json_array_size(pve_warnings(pve)), 0);
	pve_free(pve);
}

static void no_url_is_refused(void **state)
{
	static const char *const urls[] = { NULL };
	struct pve_options o = { .urls = urls, .token_id = "a@pve!t", .token_secret = "s" };
	struct pve_client *pve = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_create(&o, NULL, &pve, &err), -1);
	assert_int_equal(err.kind, PXC_EINVAL);
}

static void freeing_nothing_is_allowed(void **state)
{
	(void)state;
	pve_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_gives_the_data_of_the_answer),
		cmocka_unit_test(reads_fail_and_work_apart_from_each_other),
		cmocka_unit_test(no_reads_are_no_requests),
		cmocka_unit_test(a_call_gives_the_data_of_the_answer),
		cmocka_unit_test(sleep_passes_the_transport_s_time),
		cmocka_unit_test(unchecked_certificates_are_warned_about),
		cmocka_unit_test(no_url_is_refused),
		cmocka_unit_test(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
