/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "pve/core.h"
#include "pve/errors.h"
#include "pve/stream.h"

#define LOOK_MS 50u /* between two looks at something awaited; doubles up to: */
#define LOOK_MAX_MS 2000u
#define LAST_LOOK_MS 1000 /* the look at the very deadline may take so long */

enum { OK = 200, UNAUTHORIZED = 401, FORBIDDEN = 403 };

static void begin_step(struct pve_client *pve, struct pve_slot *s);

/* --- from an op and its arguments to a request -------------------------------------------------------- */

static int add_arg(struct pxc_buf *path, const json_t *args, const char *name, struct pxc_err *err)
{
	const json_t *value = json_object_get(args, name);
	auto_free char *text = NULL;

	if (json_is_string(value))
		text = pve_escape(json_string_value(value));
	else if (json_is_integer(value))
		text = pxc_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	/* An empty segment would name the collection instead of its member. */
	if (!text || !*text)
		return pxc_fail(err, PXC_EBUG, "%s: the path needs the argument %s", __func__,
				name);
	buf_adds(path, text);
	return 0;
}

/* Fill {name} from args and take it out of params. */
static int fill_path(const char *pattern, const json_t *args, json_t *params, char **ret,
		     struct pxc_err *err)
{
	auto_buf struct pxc_buf path = { .data = NULL };

	for (const char *p = pattern; *p; p++) {
		const char *close = *p == '{' ? strchr(p, '}') : NULL;
		auto_free char *name = NULL;

		if (!close) {
			buf_addc(&path, *p);
			continue;
		}
		name = pxc_strndup(p + 1, (size_t)(close - p - 1));
		if (add_arg(&path, args, name, err) < 0)
			return -1;
		(void)json_object_del(params, name);
		p = close;
	}
	*ret = buf_take(&path);
	return 0;
}

/* A copy of args without what is not for the server. */
static json_t *sendable(const json_t *args)
{
	json_t *params = json_object(), *walk = json_incref((json_t *)(uintptr_t)args), *value;
	const char *key;

	json_object_foreach (walk, key, value)
		if (key[0] != '_' && !json_is_null(value))
			(void)json_object_set(params, key, value);
	json_decref(walk);
	return params;
}

/* --- the end of a step and of a job ------------------------------------------------------------------- */

static struct pve_step *step_of(const struct pve_slot *s)
{
	return &s->job->steps[s->at];
}

static bool waits_until(const struct pve_op *op)
{
	return op->until || op->judge;
}

static void clear_step(struct pve_slot *s)
{
	free(s->path);
	json_decref(s->params);
	s->path = NULL;
	s->params = NULL;
}

/* Not the next step, then, but the next that is done in any case. */
static void skip_rest(struct pve_client *pve, struct pve_slot *s)
{
	clear_step(s);
	do
		s->at++;
	while (s->at < s->job->nsteps && !step_of(s)->op->always);
	if (s->at >= s->job->nsteps)
		pve_slot_ended(pve, s);
	else
		begin_step(pve, s);
}

static void fail_step(struct pve_client *pve, struct pve_slot *s, const struct pxc_err *err)
{
	struct pve_step *step = step_of(s);
	struct pxc_err mine = *err;
	bool again = s->job->err.kind != PXC_OK;

	if (step->why)
		(void)pxc_context(&mine, "%s", step->why);
	else
		(void)pxc_context(&mine, "%s %s", step->op->method,
				  s->path ? s->path : step->op->path);
	if (again) {
		(void)pxc_context(&s->job->err, "%s; and before that", mine.msg);
		s->at = s->job->nsteps;
	} else {
		s->job->err = mine;
	}
	skip_rest(pve, s);
}

static void end_step(struct pve_client *pve, struct pve_slot *s, json_t *ret_data_new)
{
	step_of(s)->ret_data = ret_data_new;
	clear_step(s);
	if (s->job->err.kind == PXC_OK && !*s->job->why)
		s->job->ndone++;
	if (++s->at < s->job->nsteps)
		begin_step(pve, s);
	else
		pve_slot_ended(pve, s);
}

/* --- waiting for a task ------------------------------------------------------------------------------- */

static void add_warnings(struct pve_slot *s, const json_t *lines)
{
	const char *why = step_of(s)->why;
	json_t *line;
	size_t i;

	if (!lines)
		return;
	if (!s->job->warnings)
		s->job->warnings = json_array();
	json_array_foreach (lines, i, line) {
		auto_free char *text = pxc_printf("%s%s%s", why ? why : "", why ? ": " : "",
						  json_string_value(line));

		(void)json_array_append_new(s->job->warnings, json_string(text));
	}
}

static void task_done(struct pve_client *pve, struct pve_task *task)
{
	struct pve_slot *s = task->owner;
	struct pxc_err err = task->err;
	json_t *status = task->status ? json_string(task->status) : NULL;
	bool gone = step_of(s)->op->gone_ok && task->status && pve_words_guest_gone(task->status);

	add_warnings(s, task->warnings);
	pve_task_release(task);
	if (err.kind == PXC_OK || gone) {
		end_step(pve, s, status);
		return;
	}
	json_decref(status);
	fail_step(pve, s, &err);
}

static void watch(struct pve_client *pve, struct pve_slot *s, const char *upid)
{
	free(step_of(s)->upid);
	step_of(s)->upid = pxc_strdup(upid);
	s->task = (struct pve_task){
		.upid = pxc_strdup(upid), .deadline = s->deadline, .done = task_done, .owner = s
	};
	pve_task_watch(pve, &s->stream->tasks, &s->task);
}

/* --- waiting until something is so -------------------------------------------------------------------- */

static void look_again(struct pve_client *pve, struct pve_slot *s)
{
	int64_t left = s->deadline - pve_now_ms(pve);
	struct pxc_err err = { .kind = PXC_OK };

	if (left <= 0) {
		(void)pxc_fail(&err, PXC_ETIMEOUT, "not so within %u s%s%s", s->wait_ms / 1000,
			       *s->last ? "; last answer: " : "", s->last);
		fail_step(pve, s, &err);
		return;
	}
	s->look_ms = s->look_ms * 2 < LOOK_MAX_MS ? s->look_ms * 2 : LOOK_MAX_MS;
	pve_submit(pve, &s->x, left < s->look_ms ? (uint32_t)left : s->look_ms);
}

static void judged(struct pve_client *pve, struct pve_slot *s, const struct pve_exchange *x)
{
	const struct pve_step *step = step_of(s);
	struct pve_look look = { .args = step->args,
				 .data = x->err->kind == PXC_OK && !json_is_null(x->data) ? x->data
											  : NULL,
				 .err = x->err,
				 .late = pve_now_ms(pve) >= s->deadline };
	struct pxc_err err = { .kind = PXC_OK };

	switch (step->op->judge(&look)) {
	case PVE_GO:
		end_step(pve, s, json_incref((json_t *)(uintptr_t)look.data));
		break;
	case PVE_WAIT:
		(void)snprintf(s->last, sizeof(s->last), "%.299s", look.why);
		look_again(pve, s);
		break;
	case PVE_DROP:
		(void)snprintf(s->job->why, sizeof(s->job->why), "%s", look.why);
		skip_rest(pve, s);
		break;
	case PVE_FAIL:
		(void)pxc_fail(&err, PXC_EREMOTE, "%s", look.why);
		fail_step(pve, s, &err);
		break;
	}
}

static void looked(struct pve_client *pve, struct pve_slot *s, const struct pve_exchange *x)
{
	const struct pve_step *step = step_of(s);
	bool answered = x->err->kind == PXC_OK;

	if (x->http == UNAUTHORIZED || x->http == FORBIDDEN || x->err->kind == PXC_EBUG) {
		fail_step(pve, s, x->err);
		return;
	}
	if (step->op->judge) {
		judged(pve, s, x);
		return;
	}
	if (step->op->until(answered ? x->data : NULL, step->args, answered ? OK : x->http,
			    answered ? "" : x->err->msg)) {
		end_step(pve, s, answered ? json_incref((json_t *)(uintptr_t)x->data) : NULL);
		return;
	}
	(void)snprintf(s->last, sizeof(s->last), "%.299s", answered ? "" : x->err->msg);
	look_again(pve, s);
}

/* --- a step ------------------------------------------------------------------------------------------- */

static void request_done(struct pve_client *pve, struct pve_exchange *x)
{
	struct pve_slot *s = x->owner;
	const struct pve_op *op = step_of(s)->op;

	if (waits_until(op))
		looked(pve, s, x);
	else if (x->err->kind == PXC_ENOTFOUND && op->gone_ok)
		end_step(pve, s, NULL);
	else if (x->err->kind != PXC_OK)
		fail_step(pve, s, x->err);
	else if (!str_eq(op->method, "GET") && pve_is_upid(x->data))
		watch(pve, s, json_string_value(x->data));
	else
		end_step(pve, s, json_incref((json_t *)(uintptr_t)x->data));
}

static void work_done(struct pve_client *pve, struct pve_work *work)
{
	struct pve_slot *s = work->owner;
	struct pxc_err err = work->err;

	if (err.kind == PXC_OK || (err.kind == PXC_ENOTFOUND && step_of(s)->op->gone_ok)) {
		end_step(pve, s, work->data);
		return;
	}
	json_decref(work->data);
	fail_step(pve, s, &err);
}

static void begin_work(struct pve_client *pve, struct pve_slot *s)
{
	const struct pve_step *step = step_of(s);

	s->work = (struct pve_work){ .fn = step->op->work,
				     .context = step->context,
				     .args = step->args,
				     .done = work_done,
				     .owner = s };
	pve_work_submit(pve, &s->work);
}

static void begin_step(struct pve_client *pve, struct pve_slot *s)
{
	struct pve_step *step = step_of(s);
	json_int_t own = json_integer_value(json_object_get(step->args, "_wait_ms"));
	struct pxc_err err = { .kind = PXC_OK };

	if (step->op->work) {
		begin_work(pve, s);
		return;
	}
	s->wait_ms = own > 0 && own < UINT32_MAX ? (uint32_t)own : step->op->wait_ms;
	if (!s->wait_ms)
		s->wait_ms = pve->timeout_ms;
	s->deadline = pve_now_ms(pve) + s->wait_ms;
	s->look_ms = LOOK_MS / 2;
	s->last[0] = '\0';
	s->params = sendable(step->args);
	if (step->op->sdn && pve->sdn_token)
		(void)json_object_set_new(s->params, "lock-token", json_string(pve->sdn_token));
	if (fill_path(step->op->path, step->args, s->params, &s->path, &err) < 0) {
		fail_step(pve, s, &err);
		return;
	}
	s->x = (struct pve_exchange){ .method = step->op->method,
				      .path = s->path,
				      .params = s->params,
				      .deadline = s->deadline +
						  (waits_until(step->op) ? LAST_LOOK_MS : 0),
				      .repeatable = str_eq(step->op->method, "GET"),
				      .done = request_done,
				      .owner = s,
				      .err = &s->x_err };
	pve_submit(pve, &s->x, 0);
}

void pve_slot_begin(struct pve_client *pve, struct pve_slot *s)
{
	s->at = 0;
	begin_step(pve, s);
}
