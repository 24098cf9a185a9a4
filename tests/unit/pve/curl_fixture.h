/* SPDX-License-Identifier: GPL-3.0-or-later */
/* curl_fixture.h - a TLS server and a transport to it, for the tests of curl.c and curl_tls.c. */
#pragma once

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

static inline struct pve_transport *connect_to(const char *const *urls, const struct pve_tls *tls)
{
	struct pve_transport *t = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	if (pve_curl_create(urls, 1, tls, 4, &t, &err) < 0)
		fail_msg("%s", err.msg);
	return t;
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	f->transport->destroy(f->transport);
	tls_server_stop(&f->server);
	free(f);
	return 0;
}

static inline struct pve_reply ask_with(struct pve_transport *t, struct pve_request request)
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

static inline struct pve_reply ask(struct pve_transport *t, const char *method, const char *path)
{
	return ask_with(t, (struct pve_request){ .method = method, .path = path });
}

static inline void check_ok(struct pve_reply *reply)
{
	if (reply->outcome != PVE_REPLIED)
		fail_msg("no reply: %s", reply->problem);
	assert_int_equal(reply->status, 200);
	assert_string_equal(json_string_value(json_object_get(reply->body, "data")), "ok");
	json_decref(reply->body);
}

static inline void check_has(const struct pve_reply *reply, const char *words)
{
	if (!strstr(reply->problem, words))
		fail_msg("\"%s\" does not say \"%s\"", reply->problem, words);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
