/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "lib/tlsserver.h"
#include "pve/transport.h"

#define DEADLINE_MS 5000u

struct fixture {
	struct tls_server server;
	struct pve_transport *transport;
	const char *urls[1];
};

static struct pve_transport *connect_to(const char *const *urls, const struct pve_tls *tls)
{
	struct pve_transport *t = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	if (pve_curl_create(urls, 1, tls, 4, &t, &err) < 0)
		fail_msg("%s", err.msg);
	return t;
}

static int setup(void **state)
{
	struct fixture *f = pxc_calloc(1, sizeof(*f));
	struct pve_tls tls = { .verify = true };

	tls_server_start(&f->server, "IP:127.0.0.1");
	tls.ca_path = f->server.ca_file;
	f->urls[0] = f->server.url;
	f->transport = connect_to(f->urls, &tls);
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

static struct pve_reply ask_with(struct pve_transport *t, struct pve_request request)
{
	struct pve_reply reply = { .outcome = PVE_LOST };
	void *tag = NULL;
	int here;

	if (!request.deadline_ms)
		request.deadline_ms = DEADLINE_MS;
	t->start(t, &request, &here);
	assert_true(t->next(t, request.deadline_ms + 5000, &tag, &reply));
	assert_ptr_equal(tag, &here);
	return reply;
}

static struct pve_reply ask(struct pve_transport *t, const char *method, const char *path)
{
	return ask_with(t, (struct pve_request){ .method = method, .path = path });
}

static void check_ok(struct pve_reply *reply)
{
	if (reply->outcome != PVE_REPLIED)
		fail_msg("no reply: %s", reply->problem);
	assert_int_equal(reply->status, 200);
	assert_string_equal(json_string_value(json_object_get(reply->body, "data")), "ok");
	json_decref(reply->body);
}

static void check_has(const struct pve_reply *reply, const char *words)
{
	if (!strstr(reply->problem, words))
		fail_msg("\"%s\" does not say \"%s\"", reply->problem, words);
}

static void one_connection_carries_many_requests(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 5; i++) {
		struct pve_reply reply = ask(f->transport, i % 2 ? "POST" : "GET", "/ok");

		check_ok(&reply);
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
	check_ok(&reply);
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
		check_has(&reply, halves[i].words);
		check_has(&reply, f->server.url);
	}
}

static void no_answer_in_time_is_lost(void **state)
{
	struct fixture *f = *state;
	struct pve_reply reply = ask_with(
		f->transport,
		(struct pve_request){ .method = "POST", .path = "/slow", .deadline_ms = 300 });

	assert_int_equal(reply.outcome, PVE_LOST);
	check_has(&reply, "no answer within 300 ms");
}

/* The kept connection dies under the request, so that nobody knows whether it was worked on. */
static void a_write_on_a_dying_connection_is_sent_only_once(void **state)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		unsigned before = f->server.requests;
		struct pve_reply reply = ask(f->transport, "GET", "/second");

		check_ok(&reply);
		reply = ask(f->transport, methods[i], "/second");
		assert_int_equal(reply.outcome, PVE_LOST);
		assert_int_equal(f->server.requests, before + 2);
	}
}

static void a_read_on_a_dying_connection_is_sent_again(void **state)
{
	struct fixture *f = *state;
	struct pve_reply reply = ask(f->transport, "GET", "/second");

	check_ok(&reply);
	reply = ask(f->transport, "GET", "/second");
	check_ok(&reply);
	assert_int_equal(f->server.requests, 3);
	assert_int_equal(f->server.connections, 2);
}

static void a_connection_closed_meanwhile_is_noticed_before_a_write(void **state)
{
	struct fixture *f = *state;
	struct pve_reply reply = ask(f->transport, "GET", "/second");

	check_ok(&reply);
	reply = ask(f->transport, "GET", "/locked");
	json_decref(reply.body);
	for (int i = 0; i < 3; i++) {
		reply = ask(f->transport, "POST", "/ok");
		check_ok(&reply);
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
	check_has(&reply, "524300 bytes long");
	assert_int_equal(f->server.requests, 0);
	/* The next one is not disturbed. */
	reply = ask(f->transport, "GET", "/ok");
	check_ok(&reply);
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
	check_ok(&reply);
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

/* --- trust -------------------------------------------------------------------------------------------- */

static struct pve_reply ask_once(const char *url, const struct pve_tls *tls)
{
	const char *const urls[] = { url };
	struct pve_transport *t = connect_to(urls, tls);
	struct pve_reply reply = ask(t, "GET", "/ok");

	t->destroy(t);
	return reply;
}

static void an_unknown_certificate_is_refused_and_its_fingerprint_shown(void **state)
{
	struct fixture *f = *state;
	struct pve_tls system = { .verify = true };
	struct pve_reply reply = ask_once(f->server.url, &system);

	assert_int_equal(reply.outcome, PVE_UNREACHED);
	assert_true(reply.fatal);
	check_has(&reply, "the certificate is not trusted");
	check_has(&reply, f->server.fingerprint);
	check_has(&reply, "ca_path");
	assert_int_equal(f->server.requests, 0);
}

static void a_fingerprint_alone_decides(void **state)
{
	struct fixture *f = *state;
	struct pve_tls pinned = { .verify = true, .fingerprint = f->server.fingerprint };
	struct pve_reply reply = ask_once(f->server.url, &pinned);
	struct tls_server other;
	char bare[65] = "";

	check_ok(&reply);
	/* Without colons, in lower case, and with checks turned off otherwise. */
	for (size_t i = 0, n = 0; f->server.fingerprint[i]; i++)
		if (f->server.fingerprint[i] != ':')
			bare[n++] = (char)(f->server.fingerprint[i] | 0x20);
	pinned = (struct pve_tls){ .verify = false, .fingerprint = bare };
	reply = ask_once(f->server.url, &pinned);
	check_ok(&reply);
	/* Another server's certificate, though it is for the right address. */
	tls_server_start(&other, "IP:127.0.0.1");
	reply = ask_once(other.url, &pinned);
	assert_int_equal(reply.outcome, PVE_UNREACHED);
	assert_true(reply.fatal);
	check_has(&reply, other.fingerprint);
	check_has(&reply, f->server.fingerprint);
	assert_int_equal(other.requests, 0);
	tls_server_stop(&other);
}

static void a_certificate_for_another_name_is_refused(void **state)
{
	struct tls_server other;
	struct pve_tls tls = { .verify = true };
	struct pve_reply reply;

	(void)state;
	tls_server_start(&other, "DNS:pve.example.org");
	tls.ca_path = other.ca_file;
	reply = ask_once(other.url, &tls);
	assert_int_equal(reply.outcome, PVE_UNREACHED);
	assert_true(reply.fatal);
	check_has(&reply, "the certificate is not trusted");
	/* A fingerprint knows the server without its name. */
	tls = (struct pve_tls){ .verify = true, .fingerprint = other.fingerprint };
	reply = ask_once(other.url, &tls);
	check_ok(&reply);
	tls_server_stop(&other);
}

static void checks_can_be_turned_off(void **state)
{
	struct fixture *f = *state;
	struct pve_tls off = { .verify = false };
	struct pve_reply reply = ask_once(f->server.url, &off);

	check_ok(&reply);
}

static void a_ca_path_without_a_certificate_is_named(void **state)
{
	struct fixture *f = *state;
	struct pve_tls empty = { .verify = true, .ca_path = "/dev/null" };
	struct pve_reply reply = ask_once(f->server.url, &empty);

	assert_int_equal(reply.outcome, PVE_UNREACHED);
	assert_true(reply.fatal);
	check_has(&reply, "ca_path /dev/null holds no certificate");
}

static void wrong_tls_options_are_refused_at_once(void **state)
{
	static const struct {
		struct pve_tls tls;
		const char *words;
	} rows[] = {
		{ { true, "/nonexistent/ca.pem", NULL },
		  "ca_path: /nonexistent/ca.pem: No such file" },
		{ { true, NULL, "AA:BB" }, "fingerprint: AA:BB is not a SHA-256 fingerprint" },
		{ { true, NULL, "" }, "is not a SHA-256 fingerprint" },
		{ { true, NULL, "zz" }, "is not a SHA-256 fingerprint" },
	};
	const char *const urls[] = { "https://127.0.0.1:1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pve_transport *t = NULL;
		struct pxc_err err = { .kind = PXC_OK };

		assert_int_equal(pve_curl_create(urls, 1, &rows[i].tls, 4, &t, &err), -1);
		assert_int_equal(err.kind, PXC_EINVAL);
		assert_non_null(strstr(err.msg, rows[i].words));
	}
}

/* --- not reached -------------------------------------------------------------------------------------- */

/* A port of loopback where nobody listens. */
static int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	(void)close(fd);
	return ntohs(address.sin_port);
}

static void a_server_that_cannot_be_reached_is_told_why(void **state)
{
	struct tls_server plain;
	auto_free char *refused = pxc_printf("https://127.0.0.1:%d", free_port());
	const struct {
		const char *url, *words;
		bool fatal;
	} rows[] = {
		{ refused, "connection refused: is it the right host and port", false },
		{ "https://no-such-host.invalid:8006", "the host name does not resolve (DNS)",
		  false },
		{ plain.url, "is this the https port of a PVE node?", false },
		{ "http://127.0.0.1:1", "not an https URL", true },
	};
	struct pve_tls tls = { .verify = true };

	(void)state;
	tls_server_start(&plain, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pve_reply reply = ask_once(rows[i].url, &tls);

		assert_int_equal(reply.outcome, PVE_UNREACHED);
		assert_int_equal(reply.fatal, rows[i].fatal);
		check_has(&reply, rows[i].words);
		check_has(&reply, rows[i].url);
	}
	tls_server_stop(&plain);
}

/* Its queue of connections is full and nobody takes one out. */
static void a_server_that_does_not_even_connect_is_unreached(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char url[64];
	const char *const urls[] = { url };
	struct pve_tls tls = { .verify = true };
	struct pve_request request = { .method = "POST", .path = "/ok", .deadline_ms = 300 };
	struct pve_transport *t;
	struct pve_reply reply;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d", ntohs(address.sin_port));
	t = connect_to(urls, &tls);
	reply = ask_with(t, request);
	assert_int_equal(reply.outcome, PVE_UNREACHED);
	assert_false(reply.fatal);
	check_has(&reply, "no connection within 300 ms");
	t->destroy(t);
	(void)close(fd);
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
		WITH_SERVER(an_unknown_certificate_is_refused_and_its_fingerprint_shown),
		WITH_SERVER(a_fingerprint_alone_decides),
		cmocka_unit_test(a_certificate_for_another_name_is_refused),
		WITH_SERVER(checks_can_be_turned_off),
		WITH_SERVER(a_ca_path_without_a_certificate_is_named),
		cmocka_unit_test(wrong_tls_options_are_refused_at_once),
		cmocka_unit_test(a_server_that_cannot_be_reached_is_told_why),
		cmocka_unit_test(a_server_that_does_not_even_connect_is_unreached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
