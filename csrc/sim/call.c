/* SPDX-License-Identifier: GPL-3.0-or-later */
/* call.c - what a handler asks its call: parameters, failing, locks, quorum. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/request.h"

#define LOCK_WAIT_MS 10000

bool sim_has(const struct sim_call *call, const char *name)
{
	return json_object_get(call->params, name) != NULL;
}

const char *sim_arg(const struct sim_call *call, const char *name)
{
	return json_string_value(json_object_get(call->params, name));
}

int64_t sim_arg_int(const struct sim_call *call, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(call->params, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static printf_like(4, 0) int fail(struct sim_call *call, int status, const char *end,
				  const char *fmt, va_list args)
{
	auto_free char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	if (call->status)
		return -1;
	call->status = status;
	call->message = pxc_printf("%s%s", text, end);
	return -1;
}

int sim_fail(struct sim_call *call, int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail(call, status, status == 501 || str_ends(fmt, "\n") ? "" : "\n", fmt, args);
	va_end(args);
	return -1;
}

int sim_deny(struct sim_call *call, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	if (!*text)
		return sim_fail(call, 403, "Permission check failed");
	return sim_fail(call, 403, "Permission check failed (%s)", text);
}

int sim_bad_params(struct sim_call *call)
{
	if (!call->errors)
		return 0;
	return sim_fail(call, 400, "Parameter verification failed.");
}

int sim_param_error(struct sim_call *call, const char *param, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	if (!call->errors)
		call->errors = json_object();
	if (!json_object_get(call->errors, param))
		json_object_set_new(call->errors, param, json_string(text));
	return sim_fail(call, 400, "Parameter verification failed.");
}

int sim_need_quorum(struct sim_call *call)
{
	if (call->sim->quorate)
		return 0;
	return sim_fail(call, 500, "cluster not ready - no quorum?");
}

int sim_check_digest(struct sim_call *call, const char *have)
{
	const char *digest = sim_arg(call, "digest");

	if (!digest || !strcmp(digest, have))
		return 0;
	return sim_fail(call, 500,
			"detected modified configuration - file changed by other user? Try again.");
}

int sim_wait_lock(struct sim_call *call, struct sim_guest *guest)
{
	int64_t until = call->first_ms + LOCK_WAIT_MS, now = call->sim->now_ms;

	if (!guest->busy)
		return 0;
	if (now >= until || call->sim->options.speed <= 0)
		return sim_fail(
			call, 500,
			"can't lock file '/var/lock/qemu-server/lock-%u.conf' - got timeout",
			guest->vmid);
	call->again_ms = guest->busy->next_ms < until ? guest->busy->next_ms : until;
	if (call->again_ms <= now)
		call->again_ms = now + 1;
	return -1;
}

char *sim_list_next(const char **at)
{
	size_t len;
	char *item;

	if (!*at)
		return NULL;
	*at += strspn(*at, ",; ");
	len = strcspn(*at, ",; ");
	if (!len)
		return NULL;
	item = pxc_strndup(*at, len);
	*at += len;
	return item;
}

void sim_forget_keys(json_t *object, const char *list)
{
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *key = item;

		json_object_del(object, key);
	}
}

int sim_answer_index(struct sim_call *call, const char *key, const char *names)
{
	call->data = json_array();
	for (const char *at = names; *at;) {
		size_t len = strcspn(at, " ");

		json_array_append_new(call->data, json_pack("{s:s%}", key, at, len));
		at += len;
		at += strspn(at, " ");
	}
	return 0;
}

void sim_json_digest(const json_t *value, char digest[41])
{
	auto_free char *text = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);

	sim_sha1_hex(text ? text : "", digest);
}
