/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_ask.h - for tests of rights: stories of requests by several users and tokens, as tables. */
#pragma once

#include "ask.h"
#include "sim/request.h"

/*
 * One request. who: NULL the administrator's token, "root@pam" and "alice@pve" by ticket, "alice@pve!tt" by token.
 * says: the reason phrase, or for a 400 "parameter: text" of one error; for a 200 a piece of the body; NULL = anything.
 */
struct step {
	const char *who, *method, *path, *body;
	int status;
	const char *says;
};

static inline struct answer ask_by(struct sim *sim, const char *who, const char *method,
				   const char *path, const char *body)
{
	const char *bang = who ? strchr(who, '!') : NULL;
	auto_free char *user_id = who ? pxc_strndup(who, strcspn(who, "!")) : NULL;
	struct sim_user *user = who ? sim_map_get(&sim->users, user_id) : NULL;
	struct sim_token *token = bang && user ? sim_map_get(&user->tokens, bang + 1) : NULL;
	auto_free char *ticket = who && !bang ? sim_ticket(sim, who) : NULL;
	auto_free char *csrf = who && !bang ? sim_csrf_token(sim, who) : NULL;
	auto_free char *first = !who     ? pxc_strdup(admin_header)
				: ticket ? pxc_printf("Cookie: PVEAuthCookie=%s", ticket)
					 : pxc_printf("Authorization: PVEAPIToken=%s=%s", who,
						      token ? token->secret : "none");
	auto_free char *second = csrf ? pxc_printf("CSRFPreventionToken: %s", csrf) : NULL;
	auto_free char *target = pxc_printf("/api2/json%s", path);
	const char *headers[] = { first, second, NULL };
	struct answer answer = { 0 };

	sim_request(sim, method, target, headers, body, body ? strlen(body) : 0, &answer.reply);
	if (answer.reply.body)
		answer.body = json_loadb(answer.reply.body, answer.reply.body_len, 0, NULL);
	return answer;
}

static inline void take_step(struct sim *sim, const struct step *step)
{
	struct answer answer auto_answer =
		ask_by(sim, step->who, step->method, step->path, step->body);
	const char *colon = step->says ? strstr(step->says, ": ") : NULL;
	auto_free char *param =
		colon ? pxc_strndup(step->says, (size_t)(colon - step->says)) : NULL;
	const char *said = answer.reply.reason;

	if (answer.reply.status != step->status)
		fail_msg("%s: %s %s %s: %d %s", step->who ? step->who : "admin", step->method,
			 step->path, step->body ? step->body : "", answer.reply.status, said);
	if (!step->says)
		return;
	if (step->status == 200) {
		if (!answer.reply.body || !strstr(answer.reply.body, step->says))
			fail_msg("%s: no %s in %s", step->path, step->says,
				 answer.reply.body ? answer.reply.body : "nothing");
		return;
	}
	if (step->status == 400 && colon)
		assert_string_equal(text_of(json_object_get(answer.body, "errors"), param),
				    colon + 2);
	else
		assert_string_equal(said, step->says);
}

#define take_steps(sim, table)                                                                     \
	do {                                                                                       \
		for (size_t step_ = 0; step_ < ARRAY_SIZE(table); step_++)                         \
			take_step(sim, &(table)[step_]);                                           \
	} while (0)
