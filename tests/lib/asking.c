/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/asking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DEADLINE_MS 5000u

struct pve_transport *ask_connect(const char *const *url, const struct pve_tls *tls)
{
	struct pve_transport *t = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	if (pve_curl_create(url, 1, tls, 4, &t, &err) < 0)
		fail_msg("%s", err.msg);
	return t;
}

struct pve_reply ask_with(struct pve_transport *t, struct pve_request request)
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

struct pve_reply ask(struct pve_transport *t, const char *method, const char *path)
{
	return ask_with(t, (struct pve_request){ .method = method, .path = path });
}

void ask_check_ok(struct pve_reply *reply)
{
	if (reply->outcome != PVE_REPLIED)
		fail_msg("no reply: %s", reply->problem);
	assert_int_equal(reply->status, 200);
	assert_string_equal(json_string_value(json_object_get(reply->body, "data")), "ok");
	json_decref(reply->body);
}

void ask_check_problem(const struct pve_reply *reply, const char *words)
{
	if (!strstr(reply->problem, words))
		fail_msg("\"%s\" does not say \"%s\"", reply->problem, words);
}

struct pve_reply ask_once(const char *url, const struct pve_tls *tls)
{
	const char *const urls[] = { url };
	struct pve_transport *t = ask_connect(urls, tls);
	struct pve_reply reply = ask(t, "GET", "/ok");

	t->destroy(t);
	return reply;
}
