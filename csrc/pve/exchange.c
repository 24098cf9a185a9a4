/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/exchange.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "pve/core.h"
#include "pve/errors.h"
#include "pve/work.h"

uint32_t pve_backoff(unsigned n)
{
	return n < 6 ? PVE_BACKOFF_MS << n : PVE_BACKOFF_MAX_MS;
}

/* --- queues ------------------------------------------------------------------------------------------- */

static void push(struct pve_queue *q, struct pve_exchange *x)
{
	x->next = NULL;
	if (q->tail)
		q->tail->next = x;
	else
		q->head = x;
	q->tail = x;
}

static void push_front(struct pve_queue *q, struct pve_exchange *x)
{
	x->next = q->head;
	q->head = x;
	if (!q->tail)
		q->tail = x;
}

static bool take(struct pve_queue *q, const struct pve_exchange *x)
{
	struct pve_exchange *before = NULL, *at = q->head;

	for (; at && at != x; at = at->next)
		before = at;
	if (!at)
		return false;
	if (before)
		before->next = at->next;
	else
		q->head = at->next;
	if (q->tail == at)
		q->tail = before;
	return true;
}

/* The login goes first, else first come, first served. */
static void make_ready(struct pve_client *pve, struct pve_exchange *x)
{
	x->state = PVE_WAITING;
	if (x->naked)
		push_front(&pve->ready, x);
	else
		push(&pve->ready, x);
}

static void wait_until(struct pve_client *pve, struct pve_exchange *x, int64_t when)
{
	x->state = PVE_WAITING;
	x->not_before = when;
	push(&pve->delayed, x);
}

/* No more of it is written than is read: thousands of errors of a kilobyte lie untouched. */
static void clear(struct pxc_err *err)
{
	err->kind = PXC_OK;
	err->http = 0;
	err->msg[0] = '\0';
}

void pve_submit(struct pve_client *pve, struct pve_exchange *x, uint32_t delay_ms)
{
	clear(x->err);
	x->body = x->data = NULL;
	x->http = 0;
	x->first_failure = 0;
	x->tries = 0;
	x->logged_in_again = false;
	if (delay_ms)
		wait_until(pve, x, pve_now_ms(pve) + delay_ms);
	else
		make_ready(pve, x);
}

bool pve_withdraw(struct pve_client *pve, struct pve_exchange *x)
{
	if (x->state == PVE_SENT)
		return false;
	if (x->state == PVE_WAITING && !take(&pve->ready, x))
		(void)take(&pve->delayed, x);
	x->state = PVE_IDLE;
	return true;
}

/* --- ends --------------------------------------------------------------------------------------------- */

static void end(struct pve_client *pve, struct pve_exchange *x)
{
	x->state = PVE_IDLE;
	pve->nended++;
	x->done(pve, x);
}

/* What is waiting now fails; what done() submits anew is not touched. */
static void fail_all(struct pve_client *pve, const struct pxc_err *err)
{
	struct pve_exchange *lists[2] = { pve->ready.head, pve->delayed.head }, *rest;

	pve->ready = pve->delayed = (struct pve_queue){ .head = NULL };
	for (size_t i = 0; i < 2; i++)
		for (struct pve_exchange *x = lists[i]; x; x = rest) {
			rest = x->next;
			*x->err = *err;
			end(pve, x);
		}
}

/* Every URL's last problem in one error. */
static void fail_unreachable(struct pve_client *pve)
{
	struct pxc_err err = { .kind = PXC_OK };
	struct pxc_buf all = { .data = NULL };

	for (size_t i = 0; i < pve->nendpoints; i++)
		if (pve->endpoints[i].problem)
			buf_printf(&all, "%s%s", all.len ? "; " : "", pve->endpoints[i].problem);
	(void)pxc_fail(&err, PXC_EREMOTE, "%s", buf_str(&all));
	buf_release(&all);
	fail_all(pve, &err);
}

static bool out_of_patience(const struct pve_client *pve, int64_t now)
{
	return pve->trouble_since && now - pve->trouble_since >= pve->retry_ms;
}

/* Wait and send again, or end with x->err as it stands. */
static void again(struct pve_client *pve, struct pve_exchange *x)
{
	int64_t now = pve_now_ms(pve), left, when;

	if (!x->first_failure)
		x->first_failure = now;
	left = x->first_failure + pve->retry_ms - now;
	when = now + pve_backoff(x->tries++);
	if (left > 0 && when > now + left)
		when = now + left;
	if (left <= 0 || (x->deadline && when >= x->deadline))
		end(pve, x);
	else
		wait_until(pve, x, when);
}

/* --- replies ------------------------------------------------------------------------------------------ */

static void denied(struct pve_client *pve, struct pve_exchange *x)
{
	struct pve_login *login = &pve->login;

	if (!x->naked && !x->logged_in_again && pve_login_again(pve, x->generation)) {
		x->logged_in_again = true;
		make_ready(pve, x);
		return;
	}
	if (!x->naked)
		(void)pxc_context(x->err,
				  login->password ? "%s, logged in anew, was refused"
						  : "the API token %s was refused",
				  login->who);
	end(pve, x);
}

static void unsure(struct pve_client *pve, struct pve_exchange *x)
{
	if (x->repeatable) {
		again(pve, x);
		return;
	}
	x->err->kind = PXC_EUNSURE;
	(void)pxc_context(x->err, "outcome unknown");
	end(pve, x);
}

static void replied(struct pve_client *pve, struct pve_exchange *x, const struct pve_reply *reply)
{
	const struct pve_asked asked = { x->method, x->path, x->params, pve->login.who };

	clear(x->err);
	x->http = reply->status;
	switch (pve_judge(reply, &asked, x->err)) {
	case PVE_FINE:
		x->body = reply->body;
		x->data = json_object_get(reply->body, "data");
		end(pve, x);
		return;
	case PVE_LOGIN:
		denied(pve, x);
		return;
	case PVE_AGAIN:
		again(pve, x);
		return;
	case PVE_UNSURE:
		unsure(pve, x);
		return;
	case PVE_FAILED:
		/* A write that a half answer came to may have been done. */
		if (reply->status == 200)
			x->repeatable ? end(pve, x) : unsure(pve, x);
		else
			end(pve, x);
	}
}

/* No reply: note what is wrong with that URL. */
static void note_trouble(struct pve_client *pve, struct pve_endpoint *e,
			 const struct pve_reply *reply)
{
	int64_t now = pve_now_ms(pve);

	if (!pve->trouble_since)
		pve->trouble_since = now ? now : 1;
	if (reply->outcome == PVE_UNREACHED && reply->fatal)
		e->fatal = true;
	e->down_until = now + pve_backoff(e->failures++);
	e->proven = false;
	free(e->problem);
	e->problem = pxc_strdup(reply->problem);
}

static void note_answer(struct pve_client *pve, struct pve_endpoint *e)
{
	pve->trouble_since = 0;
	e->failures = 0;
	e->down_until = 0;
	e->proven = true;
}

static void unanswered(struct pve_client *pve, struct pve_exchange *x,
		       const struct pve_reply *reply)
{
	clear(x->err);
	x->http = 0;
	switch (reply->outcome) {
	case PVE_REPLIED:
		return;
	case PVE_REFUSED:
		(void)pxc_fail(x->err, PXC_EINVAL, "%s", reply->problem);
		end(pve, x);
		return;
	case PVE_UNREACHED:
		/* The next URL, or this one when its time has come: see hold_or_give_up(). */
		(void)pxc_fail(x->err, PXC_EREMOTE, "%s", reply->problem);
		x->state = PVE_WAITING;
		push_front(&pve->ready, x);
		return;
	case PVE_LOST:
		(void)pxc_fail(x->err, PXC_EREMOTE, "%s", reply->problem);
		if (reply->fatal && x->repeatable)
			end(pve, x);
		else
			unsure(pve, x);
	}
}

static void handle(struct pve_client *pve, struct pve_exchange *x, const struct pve_reply *reply)
{
	struct pve_endpoint *e = &pve->endpoints[x->endpoint];

	pve->nsent--;
	e->inflight--;
	if (reply->outcome == PVE_REPLIED) {
		note_answer(pve, e);
		replied(pve, x, reply);
		return;
	}
	if (reply->outcome != PVE_REFUSED)
		note_trouble(pve, e, reply);
	unanswered(pve, x, reply);
}

/* --- sending ------------------------------------------------------------------------------------------ */

/* The URL with the fewest requests under way; NULL: all are full or down. */
static struct pve_endpoint *pick(struct pve_client *pve, int64_t now)
{
	struct pve_endpoint *best = NULL;

	for (size_t i = 0; i < pve->nendpoints; i++) {
		struct pve_endpoint *e = &pve->endpoints[i];

		if (e->fatal || e->down_until > now ||
		    e->inflight >= (e->proven ? pve->per_endpoint : 1))
			continue;
		if (!best || e->inflight < best->inflight ||
		    (e->inflight == best->inflight && e->proven && !best->proven))
			best = e;
	}
	return best;
}

static void send(struct pve_client *pve, struct pve_exchange *x, struct pve_endpoint *e,
		 int64_t now)
{
	bool read = strcmp(x->method, "GET") == 0;
	int64_t left = x->deadline ? x->deadline - now : INT32_MAX;
	struct pve_request request = {
		.method = x->method,
		.path = x->path,
		.params = x->params,
		.endpoint = (size_t)(e - pve->endpoints),
		.headers = x->naked ? NULL : pve->login.headers[read ? 0 : 1],
		.deadline_ms = left < pve->timeout_ms ? (uint32_t)left : pve->timeout_ms,
	};

	(void)take(&pve->ready, x);
	x->state = PVE_SENT;
	x->endpoint = request.endpoint;
	x->generation = pve->login.generation;
	e->inflight++;
	pve->nsent++;
	pve->requests++;
	pve->transport->start(pve->transport, &request, x);
}

/* The first waiting exchange whose own deadline has passed, ready ones only; or the time of the next such. */
static struct pve_exchange *overdue(struct pve_client *pve, int64_t now, int64_t *wake)
{
	for (struct pve_exchange *x = pve->ready.head; x; x = x->next) {
		if (x->deadline && x->deadline <= now)
			return x;
		if (x->deadline && x->deadline < *wake)
			*wake = x->deadline;
	}
	return NULL;
}

static void end_overdue(struct pve_client *pve, struct pve_exchange *x)
{
	auto_free char *last = x->err->kind ? pxc_strdup(x->err->msg) : NULL;

	(void)take(&pve->ready, x);
	(void)pxc_fail(x->err, PXC_ETIMEOUT, "no time was left to send the request%s%s",
		       last ? ": " : "", last ? last : "");
	end(pve, x);
}

/* No URL can take the next request: the time when one may, or an end for all that wait. */
static void hold_or_give_up(struct pve_client *pve, int64_t now, int64_t *wake)
{
	int64_t up = INT64_MAX, full = 0;
	struct pve_exchange *late;

	for (size_t i = 0; i < pve->nendpoints; i++) {
		const struct pve_endpoint *e = &pve->endpoints[i];

		if (!e->fatal && e->down_until < up)
			up = e->down_until;
		full += e->inflight;
	}
	/* Busy, no more: a reply will make room. */
	if (full && up <= now)
		return;
	while ((late = overdue(pve, now, wake)) != NULL)
		end_overdue(pve, late);
	if (up == INT64_MAX || (up > now && out_of_patience(pve, now))) {
		fail_unreachable(pve);
		return;
	}
	if (pve->trouble_since && pve->trouble_since + pve->retry_ms < up)
		up = pve->trouble_since + pve->retry_ms;
	if (up > now && up < *wake)
		*wake = up;
}

static void send_ready(struct pve_client *pve, int64_t now, int64_t *wake)
{
	struct pve_exchange *x;

	while ((x = pve->ready.head) != NULL) {
		struct pve_endpoint *e;

		/* Asking may put the login in front. */
		if (!x->naked && !pve_login_ready(pve)) {
			if (pve->login.state == LOGIN_FAILED)
				fail_all(pve, &pve->login.err);
			if (!pve->ready.head || !pve->ready.head->naked)
				return;
			continue;
		}
		e = pick(pve, now);
		if (!e) {
			hold_or_give_up(pve, now, wake);
			return;
		}
		if (x->deadline && x->deadline <= now)
			end_overdue(pve, x);
		else
			send(pve, x, e, now);
	}
}

static void wake_delayed(struct pve_client *pve, int64_t now, int64_t *wake)
{
	struct pve_exchange *x = pve->delayed.head, *rest;

	for (; x; x = rest) {
		rest = x->next;
		if (x->not_before <= now) {
			(void)take(&pve->delayed, x);
			make_ready(pve, x);
		} else if (x->not_before < *wake) {
			*wake = x->not_before;
		}
	}
}

void pve_pump(struct pve_client *pve, uint32_t max_wait_ms)
{
	int64_t now = pve_now_ms(pve), wake = now + max_wait_ms;
	unsigned long ended = pve->nended;
	struct pve_reply reply = { .body = NULL };
	void *tag;

	wake_delayed(pve, now, &wake);
	send_ready(pve, now, &wake);
	if (pve->nended != ended || pve_work_drain(pve))
		return;
	/* A transport that cannot be woken is one on virtual time, which stands still while work is done. */
	if (pve_work_under_way(pve) && !pve->transport->wake) {
		pve_work_wait(pve, 10);
		wake = now;
	}
	if (pve->transport->next(pve->transport, (uint32_t)(wake - now), &tag, &reply)) {
		handle(pve, tag, &reply);
		json_decref(reply.body);
	}
}
