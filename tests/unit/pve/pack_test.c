/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"
#include "lib/script.h"
#include "pve/client.h"

#define ASK(user) "POST /access/ticket new-format=1&password=s3cret&username=" user "%40pam"
#define TICKET(user)                                                                               \
	"{\"ticket\":\"T\",\"CSRFPreventionToken\":\"C\",\"username\":\"" user "@pam\"}"
#define GET(what) "%7B%22method%22%3A%22GET%22%2C%22path%22%3A%22" what "%22%7D"
#define PACK(node, a, b) "POST /nodes/" node "/execute commands=%5B" GET(a) "%2C" GET(b) "%5D"
#define FINE(name) "{\"status\":200,\"data\":{\"name\":\"" name "\"}}"

static struct pve_client *client_as(struct script *script, const char *user)
{
	struct pve_client *pve = script_login(script, user, NULL);

	pve_pack_reads(pve, true);
	return pve;
}

/* Read paths; each must say its name, or fail with a sentence that ends so ("!..."). */
static void read_all(struct pve_client *pve, const char *const *paths, const char *const *says,
		     size_t n)
{
	struct pve_read *reads = pxc_calloc(n, sizeof(*reads));

	for (size_t i = 0; i < n; i++)
		reads[i].path = pxc_strdup(paths[i]);
	pve_read_all(pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_object_get(reads[i].data, "name"));
		const char *got = reads[i].err.kind == PXC_OK ? name : reads[i].err.msg;

		if (!got || !strstr(got, says[i] + (*says[i] == '!')) ||
		    (*says[i] == '!') != (reads[i].err.kind != PXC_OK))
			fail_msg("%s: %s", paths[i], got ? got : "no name");
		free(reads[i].path);
		json_decref(reads[i].data);
	}
	free(reads);
}

static const char *const paths[] = { "/nodes/n1/qemu/1/pending", "/nodes/n2/qemu/2/pending",
				     "/nodes/n1/qemu/3/pending", "/nodes/n2/lxc/4/config",
				     "/cluster/resources",       "/nodes/n3/qemu/5/pending" };

static void reads_of_a_node_are_one_request(void **state)
{
	static const struct script_line lines[] = {
		{ ASK("root"), TICKET("root") },
		{ PACK("n1", "qemu%2F1%2Fpending", "qemu%2F3%2Fpending"),
		  "[" FINE("one") "," FINE("three") "]", .header = "CSRFPreventionToken: C" },
		{ PACK("n2", "qemu%2F2%2Fpending", "lxc%2F4%2Fconfig"),
		  "[" FINE("two") "," FINE("four") "]" },
		{ "GET /cluster/resources", "{\"name\":\"all\"}" },
		/* Nothing is gained by a request for one. */
		{ "GET /nodes/n3/qemu/5/pending", "{\"name\":\"five\"}" },
	};
	static const char *const says[] = { "one", "two", "three", "four", "all", "five" };
	struct script script = SCRIPT(lines);
	struct pve_client *pve = client_as(&script, "root@pam");

	(void)state;
	script.any_order = true;
	read_all(pve, paths, says, 6);
	assert_true(pve_packs_reads(pve));
	assert_int_equal(pve_requests(pve), 5);
	pve_free(pve);
	script_end(&script);
}

static void what_failed_is_asked_for_alone(void **state)
{
	static const struct script_line lines[] = {
		{ ASK("root"), TICKET("root") },
		{ PACK("n1", "qemu%2F1%2Fpending", "qemu%2F3%2Fpending"),
		  "[{\"status\":500,\"message\":\"no\\n\"}," FINE("three") "]" },
		{ "GET /nodes/n1/qemu/1/pending",
		  "Configuration file 'nodes/n1/qemu-server/1.conf' does not exist\n",
		  .status = 500 },
	};
	static const char *const two[] = { "/nodes/n1/qemu/1/pending", "/nodes/n1/qemu/3/pending" };
	static const char *const says[] = { "!GET /nodes/n1/qemu/1/pending: Configuration file",
					    "three" };
	struct script script = SCRIPT(lines);
	struct pve_client *pve = client_as(&script, "root@pam");

	(void)state;
	read_all(pve, two, says, 2);
	pve_free(pve);
	script_end(&script);
}

/* Half an answer, another list than was asked for: nothing of it can be told apart. */
static void an_answer_that_does_not_fit_is_none(void **state)
{
	static const struct script_line lines[] = {
		{ ASK("root"), TICKET("root") },
		{ PACK("n1", "qemu%2F1%2Fpending", "qemu%2F3%2Fpending"), "[" FINE("three") "]" },
		{ "GET /nodes/n1/qemu/1/pending", "{\"name\":\"one\"}" },
		{ "GET /nodes/n1/qemu/3/pending", "{\"name\":\"three\"}" },
	};
	static const char *const two[] = { "/nodes/n1/qemu/1/pending", "/nodes/n1/qemu/3/pending" };
	static const char *const says[] = { "one", "three" };
	struct script script = SCRIPT(lines);
	struct pve_client *pve = client_as(&script, "root@pam");

	(void)state;
	read_all(pve, two, says, 2);
	pve_free(pve);
	script_end(&script);
}

static void a_refusal_is_remembered(void **state)
{
	static const int refusals[] = { 400, 403, 501 };
	static const char *const two[] = { "/nodes/n1/qemu/1/pending", "/nodes/n1/qemu/3/pending" };
	static const char *const says[] = { "one", "three" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct script_line lines[] = {
			{ ASK("root"), TICKET("root") },
			{ PACK("n1", "qemu%2F1%2Fpending", "qemu%2F3%2Fpending"), "no",
			  .status = refusals[i] },
			{ "GET /nodes/n1/qemu/1/pending", "{\"name\":\"one\"}" },
			{ "GET /nodes/n1/qemu/3/pending", "{\"name\":\"three\"}" },
			{ "GET /nodes/n1/qemu/1/pending", "{\"name\":\"one\"}" },
			{ "GET /nodes/n1/qemu/3/pending", "{\"name\":\"three\"}" },
		};
		struct script script = SCRIPT(lines);
		struct pve_client *pve = client_as(&script, "root@pam");

		read_all(pve, two, says, 2);
		assert_false(pve_packs_reads(pve));
		read_all(pve, two, says, 2);
		pve_free(pve);
		script_end(&script);
	}
}

static uint32_t dead_node(struct script *script, const char *request, struct pve_reply *ret)
{
	size_t *gets = script->arg;

	if (strstr(request, "/access/ticket")) {
		ret->body = json_pack("{s:o}", "data", json_loads(TICKET("root"), 0, NULL));
		return 1;
	}
	*gets += strncmp(request, "GET", 3) == 0;
	ret->status = 595;
	(void)snprintf(ret->reason, sizeof(ret->reason), "No route to host");
	return 3000;
}

/* It would take as long for each. */
static void a_node_that_does_not_answer_is_not_asked_for_each(void **state)
{
	static const char *const two[] = { "/nodes/n1/qemu/1/pending", "/nodes/n1/qemu/3/pending" };
	static const char *const says[] = { "!GET /nodes/n1/qemu/1/pending: the node does not",
					    "!GET /nodes/n1/qemu/3/pending: the node does not" };
	size_t gets = 0;
	struct script script = { .answer = dead_node, .arg = &gets };
	struct pve_client *pve = client_as(&script, "root@pam");

	(void)state;
	read_all(pve, two, says, 2);
	assert_int_equal(gets, 0);
	pve_free(pve);
	script_end(&script);
}

static void others_ask_one_by_one(void **state)
{
	static const char *const two[] = { "/nodes/n1/qemu/1/pending", "/nodes/n1/qemu/3/pending" };
	static const char *const says[] = { "one", "three" };
	static const struct script_line as_ann[] = {
		{ ASK("ann"), TICKET("ann") },
		{ "GET /nodes/n1/qemu/1/pending", "{\"name\":\"one\"}" },
		{ "GET /nodes/n1/qemu/3/pending", "{\"name\":\"three\"}" },
	};
	struct script script = SCRIPT(as_ann),
		      by_token = { .lines = as_ann + 1, .nlines = ARRAY_SIZE(as_ann) - 1 };
	struct pve_client *pve = client_as(&script, "ann@pam");

	(void)state;
	read_all(pve, two, says, 2);
	pve_free(pve);
	script_end(&script);
	pve = script_client(&by_token, 1);
	pve_pack_reads(pve, true);
	read_all(pve, two, says, 2);
	pve_free(pve);
	script_end(&by_token);
}

/* Answers any pack with as many names as it has commands. */
static uint32_t count_and_answer(struct script *script, const char *request, struct pve_reply *ret)
{
	size_t *packs = script->arg, n = 0;

	ret->status = 200;
	if (strstr(request, "/access/ticket")) {
		ret->body = json_pack("{s:o}", "data", json_loads(TICKET("root"), 0, NULL));
		return 1;
	}
	for (const char *at = request; (at = strstr(at, "%22GET%22")) != NULL; at++)
		n++;
	packs[packs[0]++ + 1] = n;
	ret->body = json_pack("{s:[]}", "data");
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(json_object_get(ret->body, "data"),
					    json_loads(FINE("x"), 0, NULL));
	return 1;
}

static void packs_are_of_bounded_size(void **state)
{
	size_t packs[8] = { 0 };
	struct script script = { .answer = count_and_answer, .arg = packs };
	struct pve_client *pve = client_as(&script, "root@pam");
	struct pve_read reads[250] = { { .path = NULL } };
	char text[250][40];

	(void)state;
	for (size_t i = 0; i < 250; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "/nodes/n1/qemu/%zu/pending", 100 + i);
		reads[i].path = text[i];
	}
	pve_read_all(pve, reads, 250);
	assert_int_equal(packs[0], 3);
	assert_int_equal(packs[1] + packs[2] + packs[3], 250);
	assert_in_range(packs[1], 1, 100);
	for (size_t i = 0; i < 250; i++) {
		assert_non_null(reads[i].data);
		json_decref(reads[i].data);
	}
	pve_free(pve);
	script_end(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_of_a_node_are_one_request),
		cmocka_unit_test(what_failed_is_asked_for_alone),
		cmocka_unit_test(an_answer_that_does_not_fit_is_none),
		cmocka_unit_test(a_refusal_is_remembered),
		cmocka_unit_test(a_node_that_does_not_answer_is_not_asked_for_each),
		cmocka_unit_test(others_ask_one_by_one),
		cmocka_unit_test(packs_are_of_bounded_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
