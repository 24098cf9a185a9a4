/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/simlink.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "pve/form.h"

struct pending {
	struct pending *next;
	int64_t due;
	void *tag;
	struct pve_reply reply;
};

struct transport {
	struct pve_transport base; /* first */
	struct simlink *link;
	struct pending *pending; /* by due time */
};

static struct transport *up(struct pve_transport *base)
{
	return (struct transport *)base;
}

static void dead(struct pve_reply *ret, enum pve_outcome outcome)
{
	*ret = (struct pve_reply){ .outcome = outcome, .fatal = true };
	(void)snprintf(ret->problem, sizeof(ret->problem), "the client was killed");
}

/* What the simulator answered, as the real transport would hand it on. */
static void translate(const struct sim_reply *from, struct pve_reply *ret)
{
	*ret = (struct pve_reply){ .outcome = from->status ? PVE_REPLIED : PVE_LOST,
				   .status = from->status };
	if (!from->status) {
		(void)snprintf(ret->problem, sizeof(ret->problem),
			       "the connection ended before the answer was complete");
		return;
	}
	(void)snprintf(ret->reason, sizeof(ret->reason), "%.299s", from->reason);
	if (from->body_len)
		ret->body = json_loadb(from->body, from->body_len, JSON_DECODE_ANY | JSON_ALLOW_NUL,
				       NULL);
}

static void ask(struct transport *t, const struct pve_request *r, struct pending *p)
{
	bool query = strcmp(r->method, "GET") == 0 || strcmp(r->method, "DELETE") == 0;
	struct pxc_buf form = { .data = NULL }, target = { .data = NULL };
	const char *headers[8] = { NULL };
	struct sim_reply reply = { .status = 0 };
	size_t n = 0;

	pve_form(&form, r->params);
	buf_printf(&target, "/api2/json%s%s%s", r->path, query && form.len ? "?" : "",
		   query ? buf_str(&form) : "");
	while (r->headers && r->headers[n] && n < ARRAY_SIZE(headers) - 2) {
		headers[n] = r->headers[n];
		n++;
	}
	if (!query)
		headers[n] = "Content-Type: application/x-www-form-urlencoded";
	sim_request(t->link->sim, r->method, buf_str(&target), headers, query ? "" : buf_str(&form),
		    query ? 0 : form.len, &reply);
	p->due = sim_now_ms(t->link->sim) + reply.delay_ms;
	translate(&reply, &p->reply);
	if (reply.delay_ms >= r->deadline_ms) {
		json_decref(p->reply.body);
		p->reply = (struct pve_reply){ .outcome = PVE_LOST };
		(void)snprintf(p->reply.problem, sizeof(p->reply.problem), "no answer within %u ms",
			       r->deadline_ms);
		p->due = sim_now_ms(t->link->sim) + r->deadline_ms;
	}
	sim_reply_release(&reply);
	if (t->link->record)
		buf_printf(&t->link->log, "%s %s%s%s\n", r->method, r->path, form.len ? " " : "",
			   buf_str(&form));
	buf_release(&form);
	buf_release(&target);
	if (t->link->meanwhile)
		t->link->meanwhile(t->link->context, r->method, r->path);
}

/* All that is on its way when the client dies is lost. */
static void kill_client(struct transport *t)
{
	t->link->killed = true;
	for (struct pending *p = t->pending; p; p = p->next) {
		json_decref(p->reply.body);
		dead(&p->reply, PVE_LOST);
	}
}

static void start(struct pve_transport *self, const struct pve_request *r, void *tag)
{
	struct transport *t = up(self);
	struct pending *p = pxc_calloc(1, sizeof(*p)), **at = &t->pending;

	p->tag = tag;
	p->due = sim_now_ms(t->link->sim);
	if (!t->link->killed && ++t->link->requests == t->link->kill_before)
		kill_client(t);
	if (t->link->killed)
		dead(&p->reply, PVE_UNREACHED);
	else
		ask(t, r, p);
	while (*at && (*at)->due <= p->due)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	if (++t->link->under_way > t->link->most)
		t->link->most = t->link->under_way;
	if (!t->link->killed && t->link->requests == t->link->kill_after)
		kill_client(t);
}

static bool next(struct pve_transport *self, uint32_t wait_ms, void **ret_tag,
		 struct pve_reply *ret)
{
	struct transport *t = up(self);
	struct pending *p = t->pending;
	int64_t left = p ? p->due - sim_now_ms(t->link->sim) : INT64_MAX;

	if (t->link->killed && p)
		left = 0;
	if (left > wait_ms) {
		sim_advance(t->link->sim, wait_ms);
		return false;
	}
	if (left > 0)
		sim_advance(t->link->sim, left);
	t->pending = p->next;
	t->link->under_way--;
	*ret_tag = p->tag;
	*ret = p->reply;
	free(p);
	return true;
}

static int64_t now_ms(struct pve_transport *self)
{
	return sim_now_ms(up(self)->link->sim);
}

static void destroy(struct pve_transport *self)
{
	struct transport *t = up(self);

	while (t->pending) {
		struct pending *p = t->pending;

		t->pending = p->next;
		json_decref(p->reply.body);
		free(p);
	}
	t->link->under_way = 0;
	free(t);
}

struct pve_transport *simlink_create(struct simlink *link)
{
	struct transport *t = pxc_calloc(1, sizeof(*t));

	t->base = (struct pve_transport){ start, next, now_ms, NULL, destroy };
	t->link = link;
	return &t->base;
}
