/* SPDX-License-Identifier: GPL-3.0-or-later */
/* request.h - the way of one request through the simulator: decode, log in, route, validate, answer. Layer: sim. */
#pragma once

#include "sim/core.h"
#include "sim/state.h"

struct sim_request {
	const char *method, *target;
	const char *const *headers; /* NULL-terminated "Name: value" */
	const char *body;
	size_t body_len;
	int64_t first_ms; /* when it came in; 0 = now */
};

/*
 * Answer a request once.
 * returns true when reply is filled; false when it has to be tried again at *ret_again_ms (nothing was changed)
 */
bool sim_answer(struct sim *sim, struct sim_request *request, struct sim_reply *reply,
		int64_t *ret_again_ms);

/*
 * Check the parameters in call->raw by the tables of call->route, and do what is asked: everything behind rights and node. What
 * came of it is in the call.
 */
void sim_call_work(struct sim_call *call);
/* Let go of what a call owns, raw included. */
void sim_call_release(struct sim_call *call);

/* Value of a header, blanks around it skipped; NULL = absent. Borrowed. */
const char *sim_header(const char *const *headers, const char *name);

/* ---- form.c ---- */

/* %XX and (in forms) + decoded; invalid UTF-8 bytes become U+FFFD. Caller frees. */
char *sim_url_decode(const char *text, size_t len, bool plus);
/* Add "a=1&b=2" to params (strings); a repeated key makes an array. */
void sim_form_decode(const char *text, size_t len, json_t *params);

/* ---- auth.c ---- */

/*
 * Who is it? Fills call->user, token, authid.
 * returns 0; -1 with *ret_why = the reason phrase of a 401
 */
int sim_login(struct sim_call *call, const char *const *headers, const char **ret_why);
/* "PVE:alice@pve:6B011100::..." and "6B011100:..."; caller frees. */
char *sim_ticket(const struct sim *sim, const char *user);
char *sim_csrf_token(const struct sim *sim, const char *user);
/* The user whose valid ticket this is, or NULL. */
struct sim_user *sim_ticket_user(const struct sim *sim, const char *ticket);
/* May log in now: enabled and not expired. */
bool sim_user_active(const struct sim *sim, const struct sim_user *user);

/* ---- params.c ---- */

/*
 * Check raw (values as received) against the route's tables and fill call->params. Errors are collected with
 * sim_param_error(). path = variables of the path, already strings in raw.
 */
void sim_params_check(struct sim_call *call, json_t *raw);

/* ---- routes.c ---- */

/* The route for method and path ("/nodes/pve1"), path variables added to params; NULL = none. */
const struct sim_route *sim_route_find(const char *method, const char *path, json_t *params);

/* ---- reply.c ---- */

/* Turn what the handler left in call into the reply. format is "json" or "extjs". */
void sim_reply_fill(struct sim_call *call, const char *format, struct sim_reply *reply);
void sim_reply_plain(struct sim_reply *reply, int status, const char *type, const char *reason,
		     const char *body);

/* ---- other.c: whatever is outside /api2 ---- */

void sim_other_page(struct sim *sim, const struct sim_request *request, struct sim_reply *reply);

/* ---- apidoc.c: PVE's own schema as a second opinion ---- */

must_check int sim_apidoc_load(const char *path, struct sim_apidoc **ret, struct pxc_err *err);
void sim_apidoc_free(struct sim_apidoc *doc);
/* Adds parameter errors for what the schema refuses. raw: query, body and path variables. */
void sim_apidoc_check(struct sim_call *call, const json_t *raw);
