/* SPDX-License-Identifier: GPL-3.0-or-later */
/* request.c - one request from target and headers to the reply. */
#include "sim/request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"

#define UNAUTHORISED_DELAY_MS 3000
#define DEAD_NODE_DELAY_MS 3000
#define JUST_DIED_MS 30000
#define MAX_UPLOAD (256u << 20)

const char *sim_header(const char *const *headers, const char *name)
{
	size_t len = strlen(name);

	for (; headers && *headers; headers++)
		if (!strncasecmp(*headers, name, len) && (*headers)[len] == ':')
			return *headers + len + 1 + strspn(*headers + len + 1, " \t");
	return NULL;
}

/* "/api2/json//nodes/pve1/?x" -> "/nodes/pve1"; caller frees. */
static char *clean_path(const char *rest, size_t len)
{
	auto_free char *decoded = sim_url_decode(rest, len, false);
	struct pxc_buf out = { 0 };

	for (const char *at = decoded; *at; at++)
		if (*at != '/' || !out.len || out.data[out.len - 1] != '/')
			buf_addc(&out, *at);
	while (out.len > 1 && out.data[out.len - 1] == '/')
		out.data[--out.len] = '\0';
	if (!out.len)
		buf_addc(&out, '/');
	return buf_take(&out);
}

static bool has_body_method(const char *method)
{
	return !strcmp(method, "PUT") || !strcmp(method, "POST");
}

/* Bodies that the server refuses by their headers alone. */
static bool refuse_body(const struct sim_request *request, bool upload, struct sim_reply *reply)
{
	const char *type = sim_header(request->headers, "Content-Type");
	auto_free char *text = NULL;

	if (!request->body_len)
		return false;
	if (!has_body_method(request->method)) {
		text = pxc_printf("Unexpected content for method '%s'", request->method);
		sim_reply_plain(reply, 501, NULL, text, text);
		return true;
	}
	if (upload && type && str_starts(type, "multipart/form-data"))
		return request->body_len > MAX_UPLOAD;
	if (request->body_len > PXC_MAX_BODY) {
		sim_reply_plain(reply, 501, NULL, "for data too large", "for data too large");
		return true;
	}
	if (type && *type && strncasecmp(type, "application/x-www-form-urlencoded", 33) &&
	    strncasecmp(type, "application/json", 16)) {
		text = pxc_printf("upload 'Content-Type '%s' not implemented", type);
		sim_reply_plain(reply, 506, NULL, text, text);
		return true;
	}
	return false;
}

/* Body, then query on top of it. returns false (reply filled) for a body that is no JSON. */
static bool decode_params(const struct sim_request *request, bool upload, json_t *raw,
			  struct sim_reply *reply)
{
	const char *type = sim_header(request->headers, "Content-Type");
	const char *query = strchr(request->target, '?');
	json_auto_t *body = NULL, *from_query = json_object();
	json_error_t error;
	const char *key;
	json_t *value;
	void *next;

	if (request->body_len && type && !strncasecmp(type, "application/json", 16)) {
		body = json_loadb(request->body, request->body_len, 0, &error);
		if (!json_is_object(body)) {
			auto_free char *text = pxc_printf(
				"malformed JSON string, neither tag, array, object, number, string or atom, at character offset %d (before \"%s\") at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934.",
				error.position,
				(size_t)error.position >= request->body_len ? "(end of string)"
									    : "...");
			auto_free char *line = pxc_printf("%s\n", text);

			sim_reply_plain(reply, 500, NULL, text, line);
			return false;
		}
		json_object_update(raw, body);
	} else if (request->body_len && !upload) {
		sim_form_decode(request->body, request->body_len, raw);
	}
	if (query)
		sim_form_decode(query + 1, strlen(query + 1), from_query);
	json_object_update(raw, from_query);
	json_object_foreach_safe (raw, next, key, value)
		if (json_is_null(value))
			json_object_del(raw, key);
	return true;
}

/* "/pool/{poolid}" with the raw parameters put in; caller frees. */
static char *fill_path(const char *pattern, size_t len, const json_t *raw)
{
	struct pxc_buf out = { 0 };

	for (size_t i = 0; i < len; i++) {
		size_t end = i;
		const char *value;

		if (pattern[i] != '{') {
			buf_addc(&out, pattern[i]);
			continue;
		}
		while (pattern[end] != '}')
			end++;
		value = json_string_value(json_object_getn(raw, pattern + i + 1, end - i - 1));
		buf_adds(&out, value ? value : "");
		i = end;
	}
	return buf_take(&out);
}

static int check_permission(struct sim_call *call)
{
	const char *expression = call->route->permission;
	const char *blank = expression ? strchr(expression, ' ') : NULL;
	auto_free char *path = NULL;

	if (call->route->flags & SIM_TICKET_ONLY && call->token)
		return sim_fail(
			call, 403,
			"Permission check failed (URI '%s' not available with API token, need proper ticket.\n)",
			call->path);
	if (expression && !strcmp(expression, "root") && !sim_is_root(call))
		return sim_deny(call, "user != root@pam");
	if (!blank)
		return 0;
	path = fill_path(expression, (size_t)(blank - expression), call->raw);
	return sim_need(call, blank + 1, "%s", path);
}

/* First nobody answers, later the network knows that nobody will. */
static void dead_node(const struct sim_call *call, struct sim_reply *reply)
{
	bool just_died = call->sim->now_ms - call->node->died_ms < JUST_DIED_MS;

	sim_reply_plain(reply, 595, NULL, just_died ? "Connection timed out" : "No route to host",
			"");
	reply->delay_ms += just_died ? JUST_DIED_MS : DEAD_NODE_DELAY_MS;
}

/* Find the node of the path; its API may be out of reach. returns false when reply or failure is set. */
static bool reach_node(struct sim_call *call, struct sim_reply *reply)
{
	const json_t *from = call->route->flags & SIM_TO_NODE ? call->raw : call->path_params;
	const char *name = json_string_value(json_object_get(from, "node"));

	call->node = name ? sim_node_find(call->sim, name) : sim_node_local(call->sim);
	if (!call->node) {
		sim_fail(
			call, 500,
			"hostname lookup '%s' failed - failed to get address info for: %s: Name or service not known",
			name, name);
		return false;
	}
	if (!call->node->online) {
		dead_node(call, reply);
		return false;
	}
	return true;
}

void sim_call_work(struct sim_call *call)
{
	call->params = json_object();
	sim_params_check(call, call->raw);
	if (call->sim->apidoc)
		sim_apidoc_check(call, call->raw);
	if (sim_bad_params(call) < 0)
		return;
	call->vmid = (unsigned)sim_arg_int(call, "vmid", 0);
	if (!json_object_get(call->path_params, "vmid"))
		call->vmid = 0;
	if (call->route->handler(call) < 0 && !call->status && !call->again_ms)
		sim_fail(call, 500, "unknown error");
}

/* Everything after the login. returns false when reply is already filled. */
static bool carry_out(struct sim_call *call, struct sim_reply *reply)
{
	if (check_permission(call) < 0)
		return true;
	if (!reach_node(call, reply))
		return call->status != 0;
	sim_call_work(call);
	return true;
}

void sim_call_release(struct sim_call *call)
{
	json_decref(call->raw);
	json_decref(call->params);
	json_decref(call->path_params);
	json_decref(call->data);
	json_decref(call->siblings);
	json_decref(call->errors);
	buf_release(&call->text);
	free(call->message);
	free(call->plain);
}

/* Path found, caller known or "world". returns false when it has to be tried again. */
static bool answer_api(struct sim_call *call, struct sim_request *request, const char *format,
		       struct sim_reply *reply, int64_t *ret_again_ms)
{
	bool upload;
	const char *why = NULL;

	call->path_params = json_object();
	call->route = sim_route_find(call->method, call->path, call->path_params);
	if (call->route && call->route->flags & SIM_PVE9 && call->sim->options.pve == 8)
		call->route = NULL;
	if (!call->route ||
	    strcmp(call->route->permission ? call->route->permission : "", "world")) {
		if (sim_login(call, request->headers, &why) < 0) {
			sim_reply_plain(reply, 401, NULL, why, "");
			reply->delay_ms += UNAUTHORISED_DELAY_MS;
			return true;
		}
	}
	upload = call->route && call->route->flags & SIM_UPLOAD;
	call->raw = json_object();
	if (refuse_body(request, upload, reply) ||
	    !decode_params(request, upload, call->raw, reply))
		return true;
	json_object_update(call->raw, call->path_params);
	if (!call->route)
		sim_fail(call, 501, "Method '%s %s' not implemented", call->method, call->path);
	else if (!carry_out(call, reply))
		return true;
	if (call->again_ms) {
		*ret_again_ms = call->again_ms;
		return false;
	}
	sim_reply_fill(call, format, reply);
	return true;
}

static bool known_method(const char *method)
{
	return !strcmp(method, "GET") || !strcmp(method, "POST") || !strcmp(method, "PUT") ||
	       !strcmp(method, "DELETE");
}

bool sim_answer(struct sim *sim, struct sim_request *request, struct sim_reply *reply,
		int64_t *ret_again_ms)
{
	const char *target = request->target;
	size_t len = strcspn(target, "?");
	struct sim_call call = { .sim = sim, .method = request->method };
	auto_free char *path = NULL, *format = NULL;
	bool done;

	sim->requests += !str_starts(request->target, "/sim/");
	*reply = (struct sim_reply){ 0 };
	if (!known_method(request->method)) {
		auto_free char *text = pxc_printf("method '%s' not available", request->method);

		sim_reply_plain(reply, 501, NULL, text, "");
		return true;
	}
	if (strncmp(target, "/api2/", 6)) {
		sim_other_page(sim, request, reply);
		return true;
	}
	format = pxc_strndup(target + 6, strcspn(target + 6, "/?"));
	path = clean_path(target + 6 + strlen(format), len - 6 - strlen(format));
	if (strcmp(format, "json") && strcmp(format, "extjs")) {
		auto_free char *text = pxc_printf("no formatter for uri %s, %s", path, format);

		sim_reply_plain(reply, 501, NULL, text, text);
		return true;
	}
	call.path = path;
	call.body = request->body;
	call.body_len = request->body_len;
	call.content_type = sim_header(request->headers, "Content-Type");
	if (!request->first_ms) {
		request->first_ms = sim->now_ms;
		if (sim_faults_before(sim, call.method, path, reply))
			return true;
	} else {
		call.waited = true;
	}
	call.first_ms = request->first_ms;
	done = answer_api(&call, request, format, reply, ret_again_ms);
	sim_call_release(&call);
	if (done)
		sim_faults_after(sim, reply);
	return done;
}

void sim_request(struct sim *sim, const char *method, const char *target,
		 const char *const *headers, const void *body, size_t body_len,
		 struct sim_reply *ret)
{
	struct sim_request request = { .method = method,
				       .target = target,
				       .headers = headers,
				       .body = body,
				       .body_len = body_len };
	int64_t again_ms = 0;

	sim_run_until(sim, sim->now_ms);
	while (!sim_answer(sim, &request, ret, &again_ms))
		sim_run_until(sim, again_ms);
}

void sim_reply_release(struct sim_reply *reply)
{
	free(reply->content_type);
	free(reply->body);
	*reply = (struct sim_reply){ 0 };
}
