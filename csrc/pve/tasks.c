/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/tasks.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "pve/core.h"
#include "pve/errors.h"

#define POLL_MS 50u /* the first wait; doubles with each poll */
#define POLL_MAX_MS 1000u
#define LOG_LINES 500    /* read at once; of a longer log only the end is of interest */
#define TAIL_LINES 3     /* shown of a failed task's log */
#define MIN_TIME_MS 1000 /* for a question about a task whose time is nearly up */

/* "UPID:node:..." with a node's name in it; copies that. */
static bool upid_node(const char *upid, char *node, size_t size)
{
	const char *name = upid + strlen("UPID:");
	size_t len;

	if (!str_starts(upid, "UPID:"))
		return false;
	len = strcspn(name, ":");
	if (!len || !name[len] || len >= size)
		return false;
	memcpy(node, name, len);
	node[len] = '\0';
	return true;
}

bool pve_is_upid(const json_t *data)
{
	char node[sizeof(((struct pve_task *)0)->node)];

	return json_is_string(data) && upid_node(json_string_value(data), node, sizeof(node));
}

/* --- the end of one task ------------------------------------------------------------------------------ */

static void finish(struct pve_client *pve, struct pve_task *t)
{
	struct pve_task **at = &t->watcher->head;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->done(pve, t);
}

static void overtime(struct pve_client *pve, struct pve_task *t)
{
	(void)pxc_fail(&t->err, PXC_ETIMEOUT, "gave up waiting: task %s still runs on the server",
		       t->upid);
	finish(pve, t);
}

static const char *line_text(const json_t *line)
{
	const char *text = json_string_value(json_object_get(line, "t"));

	return text ? text : "";
}

static void collect_warnings(struct pve_task *t, const json_t *log)
{
	json_t *line;
	size_t i;

	json_array_foreach (log, i, line) {
		const char *text = line_text(line);

		if (!str_starts(text, "WARN"))
			continue;
		if (!t->warnings)
			t->warnings = json_array();
		(void)json_array_append(t->warnings, json_object_get(line, "t"));
	}
}

/* The exit status, and the last lines of the log that say more than it. */
static void explain(struct pve_task *t, const json_t *log)
{
	size_t n = json_array_size(log), shown = 0, at = n;
	struct pxc_buf tail = { .data = NULL };

	while (at > 0 && shown < TAIL_LINES) {
		const char *text = line_text(json_array_get(log, --at));

		shown += *text && !str_starts(text, "TASK ");
	}
	for (; at < n; at++) {
		const char *text = line_text(json_array_get(log, at));

		if (*text && !str_starts(text, "TASK ") && !strstr(t->status, text))
			buf_printf(&tail, "%s%s", tail.len ? "; " : "", text);
	}
	(void)pxc_fail(&t->err, pve_words_kind(t->status), "%s%s%s%s", t->status,
		       tail.len ? " (end of the task's log: " : "", buf_str(&tail),
		       tail.len ? ")" : "");
	buf_release(&tail);
}

static void log_read(struct pve_client *pve, struct pve_exchange *x);
static void status_read(struct pve_client *pve, struct pve_exchange *x);

/* Read what ("status", "log") of the task after delay_ms; params are stolen. */
static void ask(struct pve_client *pve, struct pve_task *t, const char *what, json_t *params,
		uint32_t delay_ms)
{
	auto_free char *upid = pve_escape(t->upid), *node = pve_escape(t->node);
	int64_t least = pve_now_ms(pve) + delay_ms + MIN_TIME_MS;

	free(t->path);
	json_decref(t->params);
	t->path = pxc_printf("/nodes/%s/tasks/%s/%s", node, upid, what);
	t->params = params;
	t->asking = true;
	t->x = (struct pve_exchange){ .method = "GET",
				      .path = t->path,
				      .params = params,
				      .deadline = t->deadline > least ? t->deadline : least,
				      .repeatable = true,
				      .done = str_eq(what, "log") ? log_read : status_read,
				      .owner = t,
				      .err = &t->x_err };
	pve_submit(pve, &t->x, delay_ms);
}

static void ask_log(struct pve_client *pve, struct pve_task *t, json_int_t start)
{
	ask(pve, t, "log", json_pack("{s:I, s:i}", "start", start, "limit", LOG_LINES), 0);
}

static void log_read(struct pve_client *pve, struct pve_exchange *x)
{
	struct pve_task *t = x->owner;
	json_int_t total = json_integer_value(json_object_get(x->body, "total"));
	json_int_t start = json_integer_value(json_object_get(t->params, "start"));
	const json_t *log = x->err->kind == PXC_OK ? x->data : NULL;

	t->asking = false;
	if (log && start == 0 && total > LOG_LINES) {
		collect_warnings(t, log);
		ask_log(pve, t, total - LOG_LINES > LOG_LINES ? total - LOG_LINES : LOG_LINES);
		return;
	}
	if (str_starts(t->status, "WARNINGS"))
		collect_warnings(t, log);
	else
		explain(t, log);
	finish(pve, t);
}

/* The task ended with these words. A good end needs no look into the log. */
static void ended(struct pve_client *pve, struct pve_task *t, const char *status)
{
	t->status = pxc_strdup(status);
	if (str_eq(status, "OK"))
		finish(pve, t);
	else
		ask_log(pve, t, 0);
}

/* --- asking a task itself ----------------------------------------------------------------------------- */

static uint32_t doubled(uint32_t interval_ms)
{
	return interval_ms * 2 < POLL_MAX_MS ? interval_ms * 2 : POLL_MAX_MS;
}

/* Without the list each task is polled for itself. */
static void ask_later(struct pve_client *pve, struct pve_task *t)
{
	int64_t left = t->deadline - pve_now_ms(pve);

	ask(pve, t, "status", NULL, left < t->interval_ms ? (uint32_t)left : t->interval_ms);
	t->interval_ms = doubled(t->interval_ms);
}

static void status_read(struct pve_client *pve, struct pve_exchange *x)
{
	struct pve_task *t = x->owner;
	const char *state = json_string_value(json_object_get(x->data, "status"));
	const char *exit_status = json_string_value(json_object_get(x->data, "exitstatus"));

	t->asking = false;
	if (x->err->kind != PXC_OK && pve_now_ms(pve) >= t->deadline) {
		overtime(pve, t);
	} else if (x->err->kind == PXC_EDENIED) {
		t->err = *x->err;
		(void)pxc_context(&t->err, "how task %s ended cannot be read", t->upid);
		finish(pve, t);
	} else if (x->err->kind != PXC_OK) {
		(void)pxc_fail(&t->err, PXC_EUNSURE,
			       "outcome unknown: how task %s ended cannot be learnt: %s", t->upid,
			       x->err->msg);
		finish(pve, t);
	} else if (exit_status) {
		ended(pve, t, exit_status);
	} else if (str_eq(state, "stopped")) {
		(void)pxc_fail(&t->err, PXC_EUNSURE,
			       "outcome unknown: task %s ended without a status", t->upid);
		finish(pve, t);
	} else if (pve_now_ms(pve) >= t->deadline) {
		overtime(pve, t);
	} else if (t->watcher->list_denied) {
		ask_later(pve, t);
	}
}

/* --- the poll ----------------------------------------------------------------------------------------- */

static void poll_later(struct pve_client *pve, struct pve_tasks *w)
{
	int64_t now = pve_now_ms(pve), when = now + w->interval_ms, soonest = INT64_MAX;

	for (const struct pve_task *t = w->head; t; t = t->next)
		if (t->deadline < soonest)
			soonest = t->deadline;
	w->alive = w->head && !w->list_denied;
	if (!w->alive)
		return;
	if (soonest < when)
		when = soonest > now ? soonest : now + 1;
	w->poll.deadline = (soonest > when ? soonest : when) + MIN_TIME_MS;
	pve_submit(pve, &w->poll, (uint32_t)(when - now));
	w->interval_ms = doubled(w->interval_ms);
}

static struct pve_task *find(struct pve_tasks *w, const char *upid)
{
	for (struct pve_task *t = w->head; t; t = t->next)
		if (str_eq(t->upid, upid))
			return t;
	return NULL;
}

/* A task of the list that has ended carries endtime and its exit status; a running one does not. */
static void read_list(struct pve_client *pve, struct pve_tasks *w, const json_t *list)
{
	json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		const char *upid = json_string_value(json_object_get(row, "upid"));
		const char *status = json_string_value(json_object_get(row, "status"));
		struct pve_task *t = upid ? find(w, upid) : NULL;

		if (!t || t->asking)
			continue;
		t->seen = true;
		if (!json_object_get(row, "endtime"))
			continue;
		if (status)
			ended(pve, t, status);
		else
			t->seen = false;
	}
}

static void check_rest(struct pve_client *pve, struct pve_tasks *w)
{
	int64_t now = pve_now_ms(pve);

	for (struct pve_task *t = w->head, *rest; t; t = rest) {
		rest = t->next;
		if (t->asking)
			continue;
		if (now >= t->deadline)
			overtime(pve, t);
		else if (!t->seen)
			ask(pve, t, "status", NULL, 0);
		t->seen = false;
	}
}

static void poll_done(struct pve_client *pve, struct pve_exchange *x)
{
	struct pve_tasks *w = x->owner;

	if (x->err->kind == PXC_OK)
		read_list(pve, w, x->data);
	else if (x->http >= 400)
		w->list_denied = true;
	check_rest(pve, w);
	poll_later(pve, w);
}

void pve_tasks_init(struct pve_tasks *w)
{
	*w = (struct pve_tasks){ .interval_ms = POLL_MS };
	w->poll = (struct pve_exchange){ .method = "GET",
					 .path = "/cluster/tasks",
					 .repeatable = true,
					 .done = poll_done,
					 .owner = w,
					 .err = &w->poll_err };
}

void pve_tasks_release(struct pve_client *pve, struct pve_tasks *w)
{
	while (w->alive && !pve_withdraw(pve, &w->poll))
		pve_pump(pve, PVE_LONG_MS);
	w->alive = false;
}

void pve_task_watch(struct pve_client *pve, struct pve_tasks *w, struct pve_task *t)
{
	t->watcher = w;
	t->next = w->head;
	w->head = t;
	t->asking = t->seen = false;
	if (!upid_node(t->upid, t->node, sizeof(t->node)))
		t->node[0] = '\0';
	t->interval_ms = POLL_MS;
	if (w->list_denied) {
		ask_later(pve, t);
		return;
	}
	/* A short task should not wait for the slow poll of a long one. */
	w->interval_ms = POLL_MS;
	if (!w->alive ||
	    (w->poll.not_before > pve_now_ms(pve) + POLL_MS && pve_withdraw(pve, &w->poll)))
		poll_later(pve, w);
}

void pve_task_release(struct pve_task *t)
{
	free(t->upid);
	free(t->status);
	free(t->path);
	json_decref(t->params);
	json_decref(t->warnings);
	*t = (struct pve_task){ .upid = NULL };
}
