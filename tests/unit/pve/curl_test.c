/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "lib/asking.h"
#include "lib/tlsserver.h"
#include "pve/transport.h"

struct fixture {
	struct tls_server server;
	struct pve_transport *transport;
	const char *urls[1];
};

static int setup(void **state)
{
	struct fixture *f = pxc_calloc(1, sizeof(*f));
	struct pve_tls tls = { .verify = true };

	tls_server_start(&f->server, "IP:127.0.0.1");
	tls.ca_path = f->server.ca_file;
	f->urls[0] = f->server.url;
	f->transport = ask_connect(f->urls, &tls);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->transport->destroy(f->transport);
	tls_server_stop(&f->server);
	free(f);
	return 0;
}

static void one_connection_carries_many_requests(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 5; i++) {
		struct pve_reply reply = ask(f->transport, i % 2 ? "POST" : "GET", "/ok");

		ask_check_ok(&reply);
	}
	assert_int_equal(f->server.connections, 1);
	assert_int_equal(f->server.requests, 5);
}

static const struct {
	const char *method, *line, *body;
} encodings[] = {
	{ "GET", "GET /api2/json/echo?tags=a%3Bb%20c&onboot=1 HTTP/1.1", "" },
	{ "DELETE", "DELETE /api2/json/echo?tags=a%3Bb%20c&onboot=1 HTTP/1.1", "" },
	{ "POST", "POST /api2/json/echo HTTP/1.1", "tags=a%3Bb%20c&onboot=1" },
	{ "PUT", "PUT /api2/json/echo HTTP/1.1", "tags=a%3Bb%20c&onboot=1" },
};

static void parameters_go_where_pve_looks_for_them(void **state)
{
	static const char *const headers[] = { "Authorization: PVEAPIToken=a@b!c=d", NULL };
	struct fixture *f = *state;
	json_auto_t *params = json_pack("{s:s, s:b}", "tags", "a;b c", "onboot", 1);

	for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
		struct pve_reply reply =
			ask_with(f->transport, (struct pve_request){ .method = encodings[i].method,
								     .path = "/echo",
								     .params = params,
								     .headers = headers });
		const json_t *data = json_object_get(reply.body, "data");
		const char *head = json_string_value(json_object_get(data, "headers"));

		assert_int_equal(reply.status, 200);
		assert_string_equal(json_string_value(json_object_get(data, "line")),
				    encodings[i].line);
		assert_string_equal(json_string_value(json_object_get(data, "body")),
				    encodings[i].body);
		assert_non_null(strstr(head, "\r\nAuthorization: PVEAPIToken=a@b!c=d\r\n"));
		assert_non_null(strstr(head, "\r\nUser-Agent: pxcloud.pve"));
		assert_int_equal(strstr(head, "application/x-www-form-urlencoded") != NULL, i >= 2);
		assert_null(strstr(head, "Expect:"));
		json_decref(reply.body);
	}
}

static void each_request_has_its_own_headers(void **state)
{
	static const char *const one[] = { "X-One: 1", NULL }, *const two[] = { "X-Two: 2",
										"X-Csrf: 3", NULL };
	static const char *const *const sets[] = { one, two, NULL, one, two };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		struct pve_reply reply =
			ask_with(f->transport, (struct pve_request){ .method = "GET",
								     .path = "/echo",
								     .headers = sets[i] });
		const char *head = json_string_value(
			json_object_get(json_object_get(reply.body, "data"), "headers"));

		assert_int_equal(strstr(head, "X-One: 1\r\n") != NULL, sets[i] == one);
		assert_int_equal(strstr(head, "X-Two: 2\r\n") != NULL, sets[i] == two);
		assert_int_equal(strstr(head, "X-Csrf: 3\r\n") != NULL, sets[i] == two);
		json_decref(reply.body);
	}
}

static void the_reason_phrase_and_the_body_of_an_error_arrive(void **state)
{
	struct fixture *f = *state;
	struct pve_reply reply = ask(f->transport, "GET", "/locked");

	assert_int_equal(reply.outcome, PVE_REPLIED);
	assert_int_equal(reply.status, 500);
	assert_string_equal(reply.reason, "VM is locked (gr\xc3\xbcn)");
	assert_string_equal(json_string_value(json_object_get(reply.body, "message")),
			    "VM is locked (gr\xc3\xbcn)\n");
	json_decref(reply.body);
	reply = ask(f->transport, "GET", "/latin1");
	assert_string_equal(reply.reason, "gr?n");
	assert_null(reply.body);
	/* Both closed the connection; the next request needs a new one. */
	reply = ask(f->transport, "POST", "/ok");
	ask_check_ok(&reply);
	assert_int_equal(f->server.connections, 3);
}

static void what_is_not_json_has_no_body(void **state)
{
	struct fixture *f = *state;
	struct pve_reply reply = ask(f->transport, "GET", "/html");

	assert_int_equal(reply.outcome, PVE_REPLIED);
	assert_int_equal(reply.status, 200);
	assert_null(reply.body);
}

static const struct {
	const char *path, *words;
	bool fatal;
} halves[] = {
	{ "/truncated", "the connection ended before the answer was complete", false },
	{ "/drop", "the connection ended before the answer was complete", false },
	{ "/garbage", "the connection ended before the answer was complete", false },
	{ "/large", "the answer is larger than 64 MiB", true },
};

static void a_half_answer_is_lost_and_never_data(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
		struct pve_reply reply = ask(f->transport, i % 2 ? "GET" : "POST", halves[i].path);

		assert_int_equal(reply.outcome, PVE_LOST);
		assert_null(reply.body);
		assert_int_equal(reply.fatal, halves[i].fatal);
		ask_check_problem(&reply, halves[i].words);
		ask_check_problem(&reply, f->server.url);
	}
}

static void no_answer_in_time_is_lost(void **state)
{
	struct fixture *f = *state;
	struct pve_reply reply = ask_with(
		f->transport,
		(struct pve_request){ .method = "POST", .path = "/slow", .deadline_ms = 300 });

	assert_int_equal(reply.outcome, PVE_LOST);
	ask_check_problem(&reply, "no answer within 300 ms");
}

/* The kept connection dies under the request, so that nobody knows whether it was worked on. */
static void a_write_on_a_dying_connection_is_sent_only_once(void **state)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		unsigned before = f->server.requests;
		struct pve_reply reply = ask(f->transport, "GET", "/second");

		ask_check_ok(&reply);
		reply = ask(f->transport, methods[i], "/second");
		assert_int_equal(reply.outcome, PVE_LOST);
		assert_int_equal(f->server.requests, before + 2);
	}
}

static void a_read_on_a_dying_connection_is_sent_again(void **state)
{
	struct fixture *f = *state;
	struct pve_reply reply = ask(f->transport, "GET", "/second");

	ask_check_ok(&reply);
	reply = ask(f->transport, "GET", "/second");
	ask_check_ok(&reply);
	assert_int_equal(f->server.requests, 3);
	assert_int_equal(f->server.connections, 2);
}

static void a_connection_closed_meanwhile_is_noticed_before_a_write(void **state)
{
	struct fixture *f = *state;
	struct pve_reply reply = ask(f->transport, "GET", "/second");

	ask_check_ok(&reply);
	reply = ask(f->transport, "GET", "/locked");
	json_decref(reply.body);
	for (int i = 0; i < 3; i++) {
		reply = ask(f->transport, "POST", "/ok");
		ask_check_ok(&reply);
		/* Closes without having said so; give the news time to arrive. */
		reply = ask(f->transport, "GET", "/html");
		usleep(30000);
	}
}

static char *long_text(size_t len)
{
	char *text = pxc_alloc(len + 1);

	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

static void a_body_over_the_ceiling_is_not_sent(void **state)
{
	struct fixture *f = *state;
	auto_free char *text = long_text(PXC_MAX_BODY);
	json_auto_t *params = json_pack("{s:s}", "description", text);
	struct pve_request request = { .method = "POST", .path = "/ok", .params = params };
	struct pve_reply reply = ask_with(f->transport, request);

	assert_int_equal(reply.outcome, PVE_REFUSED);
	ask_check_problem(&reply, "524300 bytes long");
	assert_int_equal(f->server.requests, 0);
	/* The next one is not disturbed. */
	reply = ask(f->transport, "GET", "/ok");
	ask_check_ok(&reply);
}

static void a_refusal_before_the_body_is_read_is_seen(void **state)
{
	struct fixture *f = *state;
	auto_free char *text = long_text(PXC_MAX_BODY - 100);
	json_auto_t *params = json_pack("{s:s}", "description", text);
	struct pve_request request = { .method = "POST", .path = "/refused", .params = params };
	struct pve_reply reply = ask_with(f->transport, request);

	/* A reset may be all that the client sees of it. */
	if (reply.outcome == PVE_REPLIED)
		assert_int_equal(reply.status, 501);
	else
		assert_int_equal(reply.outcome, PVE_LOST);
	json_decref(reply.body);
}

static void replies_come_in_any_order(void **state)
{
	struct fixture *f = *state;
	struct pve_request slow = { .method = "GET", .path = "/slow", .deadline_ms = 9000 };
	struct pve_request fast = { .method = "GET", .path = "/ok", .deadline_ms = 9000 };
	struct pve_reply reply;
	void *tag;
	char a, b;

	f->transport->start(f->transport, &slow, &a);
	f->transport->start(f->transport, &fast, &b);
	assert_true(f->transport->next(f->transport, 9000, &tag, &reply));
	assert_ptr_equal(tag, &b);
	ask_check_ok(&reply);
	assert_false(f->transport->next(f->transport, 50, &tag, &reply));
	assert_true(f->transport->next(f->transport, 9000, &tag, &reply));
	assert_ptr_equal(tag, &a);
	json_decref(reply.body);
}

static void waiting_with_nothing_to_do_is_sleeping(void **state)
{
	struct fixture *f = *state;
	int64_t before = f->transport->now_ms(f->transport), after;
	struct pve_reply reply;
	void *tag;

	assert_false(f->transport->next(f->transport, 60, &tag, &reply));
	after = f->transport->now_ms(f->transport);
	assert_in_range(after - before, 60, 1000);
}

static void what_is_under_way_can_be_abandoned(void **state)
{
	struct fixture *f = *state;
	struct pve_request slow = { .method = "GET", .path = "/slow", .deadline_ms = 9000 };
	struct pve_reply reply;
	void *tag;

	f->transport->start(f->transport, &slow, NULL);
	assert_false(f->transport->next(f->transport, 100, &tag, &reply));
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(one_connection_carries_many_requests),
		WITH_SERVER(parameters_go_where_pve_looks_for_them),
		WITH_SERVER(each_request_has_its_own_headers),
		WITH_SERVER(the_reason_phrase_and_the_body_of_an_error_arrive),
		WITH_SERVER(what_is_not_json_has_no_body),
		WITH_SERVER(a_half_answer_is_lost_and_never_data),
		WITH_SERVER(no_answer_in_time_is_lost),
		WITH_SERVER(a_write_on_a_dying_connection_is_sent_only_once),
		WITH_SERVER(a_read_on_a_dying_connection_is_sent_again),
		WITH_SERVER(a_connection_closed_meanwhile_is_noticed_before_a_write),
		WITH_SERVER(a_body_over_the_ceiling_is_not_sent),
		WITH_SERVER(a_refusal_before_the_body_is_read_is_seen),
		WITH_SERVER(replies_come_in_any_order),
		WITH_SERVER(waiting_with_nothing_to_do_is_sleeping),
		WITH_SERVER(what_is_under_way_can_be_abandoned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
