/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask.h - for the simulator's tests: a cluster, and requests to it in one line. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "sim/core.h"
#include "sim/state.h"

struct answer {
	struct sim_reply reply;
	json_t *body; /* NULL when it is no JSON */
};

/* Who asks: the header to send, or NULL for the administrator's token "root@pam!t". */
static char admin_header[80];

static inline struct sim *cluster(unsigned nodes, double speed, const char *world,
				  const char *faults)
{
	struct sim_options options = {
		.nodes = nodes, .seed = 7, .speed = speed, .world = world, .faults = faults
	};
	struct pxc_err err = { 0 };
	struct sim *sim = NULL;
	char secret[37];

	if (sim_create(&options, &sim, &err) < 0)
		fail_msg("%s", err.msg);
	sim_token(sim, "t", secret);
	snprintf(admin_header, sizeof(admin_header), "Authorization: PVEAPIToken=root@pam!t=%s",
		 secret);
	return sim;
}

static inline struct answer ask_as(struct sim *sim, const char *header, const char *method,
				   const char *path, const char *body)
{
	char target[1024];
	const char *headers[] = { header ? header : admin_header, NULL, NULL };
	struct answer answer = { 0 };

	if (body && *body == '{')
		headers[1] = "Content-Type: application/json";
	snprintf(target, sizeof(target), "%s%s", path[0] == '!' ? "" : "/api2/json",
		 path + (path[0] == '!'));
	sim_request(sim, method, target, headers, body, body ? strlen(body) : 0, &answer.reply);
	if (answer.reply.body)
		answer.body = json_loadb(answer.reply.body, answer.reply.body_len, 0, NULL);
	return answer;
}

static inline struct answer ask(struct sim *sim, const char *method, const char *path,
				const char *body)
{
	return ask_as(sim, NULL, method, path, body);
}

static inline void answer_release(struct answer *answer)
{
	sim_reply_release(&answer->reply);
	json_decref(answer->body);
	answer->body = NULL;
}
#define auto_answer on_scope_exit(answer_release)

static inline json_t *data_of(const struct answer *answer)
{
	return json_object_get(answer->body, "data");
}

static inline const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* One request whose status, and the message or parameter error if given, must be these. */
static inline void expect(struct sim *sim, const char *method, const char *path, const char *body,
			  int status, const char *message)
{
	struct answer answer auto_answer = ask(sim, method, path, body);

	if (answer.reply.status != status)
		fail_msg("%s %s: %d %s", method, path, answer.reply.status, answer.reply.reason);
	if (message)
		assert_string_equal(answer.reply.reason, message);
}
