/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reply.c - the answer on the wire: JSON body, reason phrase, closing. */
#include <stdio.h>
#include <string.h>

#include "sim/request.h"

#define JSON_TYPE "application/json;charset=UTF-8"

static const char *ok_reason(int status)
{
	return status == 200 ? "OK" : "";
}

/* The reason phrase carries the first line of the message; control characters would break the protocol. */
static void set_reason(struct sim_reply *reply, const char *message)
{
	size_t len = strcspn(message, "\r\n");

	snprintf(reply->reason, sizeof(reply->reason), "%.*s",
		 (int)(len < sizeof(reply->reason) ? len : sizeof(reply->reason) - 1), message);
}

void sim_reply_plain(struct sim_reply *reply, int status, const char *type, const char *reason,
		     const char *body)
{
	reply->status = status;
	set_reason(reply, reason);
	reply->content_type = pxc_strdup(type);
	reply->body = pxc_strdup(body);
	reply->body_len = strlen(body);
	reply->close = status >= 400;
}

static void add_sibling_keys(struct pxc_buf *out, const json_t *siblings)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)siblings, key, value) {
		auto_free char *name = NULL,
			       *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		json_t *label = json_string(key);

		name = json_dumps(label, JSON_ENCODE_ANY);
		json_decref(label);
		buf_printf(out, ",%s:%s", name, text);
	}
}

static void add_data(struct pxc_buf *out, const struct sim_call *call)
{
	auto_free char *text = NULL;

	if (call->text.len) {
		buf_add(out, call->text.data, call->text.len);
		return;
	}
	text = call->data ? json_dumps(call->data, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	buf_adds(out, text ? text : "null");
}

static void success(struct sim_call *call, const char *format, struct sim_reply *reply)
{
	struct pxc_buf out = { 0 };

	reply->status = 200;
	snprintf(reply->reason, sizeof(reply->reason), "%s", ok_reason(200));
	if (call->plain) {
		reply->content_type = pxc_strdup("text/plain");
		reply->body_len = strlen(call->plain);
		reply->body = call->plain;
		call->plain = NULL;
		return;
	}
	buf_adds(&out, "{\"data\":");
	add_data(&out, call);
	if (call->siblings)
		add_sibling_keys(&out, call->siblings);
	buf_adds(&out, strcmp(format, "extjs") ? "}" : ",\"success\":1}");
	reply->content_type = pxc_strdup(JSON_TYPE);
	reply->body_len = out.len;
	reply->body = buf_take(&out);
}

void sim_reply_fill(struct sim_call *call, const char *format, struct sim_reply *reply)
{
	json_auto_t *body = NULL;

	reply->delay_ms += call->delay_ms;
	if (!call->status) {
		success(call, format, reply);
		return;
	}
	body = json_pack("{s:n, s:s}", "data", "message", call->message);
	if (call->errors)
		json_object_set(body, "errors", call->errors);
	reply->status = call->status;
	set_reason(reply, call->message);
	if (!strcmp(format, "extjs")) {
		json_object_set_new(body, "success", json_integer(0));
		json_object_set_new(body, "status", json_integer(call->status));
		reply->status = 200;
		snprintf(reply->reason, sizeof(reply->reason), "OK");
	}
	reply->close = reply->status >= 400;
	reply->content_type = pxc_strdup(JSON_TYPE);
	reply->body = json_dumps(body, JSON_COMPACT);
	reply->body_len = strlen(reply->body);
}
