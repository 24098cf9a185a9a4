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

#include "base/mem.h"
#include "lib/asking.h"
#include "lib/tlsserver.h"
#include "pve/transport.h"

static int setup(void **state)
{
	struct tls_server *server = pxc_calloc(1, sizeof(*server));

	tls_server_start(server, "IP:127.0.0.1");
	*state = server;
	return 0;
}

static int teardown(void **state)
{
	tls_server_stop(*state);
	free(*state);
	return 0;
}

static void an_unknown_certificate_is_refused_and_its_fingerprint_shown(void **state)
{
	struct tls_server *server = *state;
	struct pve_tls system = { .verify = true };
	struct pve_reply reply = ask_once(server->url, &system);

	assert_int_equal(reply.outcome, PVE_UNREACHED);
	assert_true(reply.fatal);
	ask_check_problem(&reply, "the certificate is not trusted");
	ask_check_problem(&reply, server->fingerprint);
	ask_check_problem(&reply, "ca_path");
	assert_int_equal(server->requests, 0);
}

static void a_fingerprint_alone_decides(void **state)
{
	struct tls_server *server = *state;
	struct pve_tls pinned = { .verify = true, .fingerprint = server->fingerprint };
	struct pve_reply reply = ask_once(server->url, &pinned);
	struct tls_server other;
	char bare[65] = "";

	ask_check_ok(&reply);
	/* Without colons, in lower case, and with checks turned off otherwise. */
	for (size_t i = 0, n = 0; server->fingerprint[i]; i++)
		if (server->fingerprint[i] != ':')
			bare[n++] = (char)(server->fingerprint[i] | 0x20);
	pinned = (struct pve_tls){ .verify = false, .fingerprint = bare };
	reply = ask_once(server->url, &pinned);
	ask_check_ok(&reply);
	/* Another server's certificate, though it is for the right address. */
	tls_server_start(&other, "IP:127.0.0.1");
	reply = ask_once(other.url, &pinned);
	assert_int_equal(reply.outcome, PVE_UNREACHED);
	assert_true(reply.fatal);
	ask_check_problem(&reply, other.fingerprint);
	ask_check_problem(&reply, server->fingerprint);
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
	ask_check_problem(&reply, "the certificate is not trusted");
	/* A fingerprint knows the server without its name. */
	tls = (struct pve_tls){ .verify = true, .fingerprint = other.fingerprint };
	reply = ask_once(other.url, &tls);
	ask_check_ok(&reply);
	tls_server_stop(&other);
}

static void checks_can_be_turned_off(void **state)
{
	struct tls_server *server = *state;
	struct pve_tls off = { .verify = false };
	struct pve_reply reply = ask_once(server->url, &off);

	ask_check_ok(&reply);
}

static void a_ca_path_without_a_certificate_is_named(void **state)
{
	struct tls_server *server = *state;
	struct pve_tls empty = { .verify = true, .ca_path = "/dev/null" };
	struct pve_reply reply = ask_once(server->url, &empty);

	assert_int_equal(reply.outcome, PVE_UNREACHED);
	assert_true(reply.fatal);
	ask_check_problem(&reply, "ca_path /dev/null holds no certificate");
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
		ask_check_problem(&reply, rows[i].words);
		ask_check_problem(&reply, rows[i].url);
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
	t = ask_connect(urls, &tls);
	reply = ask_with(t, request);
	assert_int_equal(reply.outcome, PVE_UNREACHED);
	assert_false(reply.fatal);
	ask_check_problem(&reply, "no connection within 300 ms");
	t->destroy(t);
	(void)close(fd);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
