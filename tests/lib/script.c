/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "pve/form.h"

#define START_MS 1000

struct script_pending {
	struct script_pending *next;
	int64_t due;
	size_t url;
	void *tag;
	struct pve_reply reply;
};

struct link {
	struct pve_transport base; /* first */
	struct script *script;
};

static struct script *script_of(struct pve_transport *self)
{
	return ((struct link *)self)->script;
}

/* "METHOD /path params", the params sorted by key. */
static char *describe(const struct pve_request *r)
{
	json_auto_t *sorted = NULL;
	struct pxc_buf out = { .data = NULL }, form = { .data = NULL };
	auto_free char *text =
		r->params ? json_dumps(r->params, JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;

	sorted = text ? json_loads(text, 0, NULL) : NULL;
	pve_form(&form, sorted);
	buf_printf(&out, "%s %s%s%s", r->method, r->path, form.len ? " " : "", buf_str(&form));
	buf_release(&form);
	return buf_take(&out);
}

static json_t *body_of(const struct script_line *line)
{
	json_t *data;

	if (line->body)
		return *line->body ? json_loads(line->body, JSON_DECODE_ANY, NULL) : NULL;
	if (line->status >= 400)
		return json_pack("{s:n, s:s*}", "data", "message", line->reply);
	data = line->reply ? json_loads(line->reply, JSON_DECODE_ANY, NULL) : json_null();
	if (!data)
		fail_msg("script: the reply of \"%s\" is not JSON", line->request);
	return json_pack("{s:o}", "data", data);
}

static void reply_from(const struct script_line *line, struct pve_reply *ret)
{
	*ret = (struct pve_reply){ .outcome = line->outcome, .fatal = line->fatal };
	if (line->outcome != PVE_REPLIED) {
		(void)snprintf(ret->problem, sizeof(ret->problem), "%s",
			       line->reply ? line->reply : "the script says so");
		return;
	}
	ret->status = line->status ? line->status : 200;
	(void)snprintf(ret->reason, sizeof(ret->reason), "%s",
		       ret->status >= 400 && line->reply ? line->reply : "OK");
	ret->reason[strcspn(ret->reason, "\n")] = '\0';
	ret->body = body_of(line);
}

static bool has_header(const struct pve_request *r, const char *wanted)
{
	for (size_t i = 0; r->headers && r->headers[i]; i++)
		if (str_eq(r->headers[i], wanted))
			return true;
	return !wanted;
}

static bool fits(const struct script_line *line, const struct pve_request *r, const char *text)
{
	return str_eq(line->request, text) && has_header(r, line->header) &&
	       (!line->url || line->url == r->endpoint + 1);
}

static const struct script_line *find(struct script *s, const struct pve_request *r,
				      const char *text)
{
	for (size_t i = s->any_order ? 0 : s->next; i < s->nlines; i++) {
		if (!s->used[i] && fits(&s->lines[i], r, text)) {
			s->used[i] = true;
			s->next++;
			return &s->lines[i];
		}
		if (!s->any_order)
			break;
	}
	return NULL;
}

static uint32_t answer(struct script *s, const struct pve_request *r, const char *text,
		       struct pve_reply *ret)
{
	const struct script_line *line;
	uint32_t after;

	if (s->answer) {
		*ret = (struct pve_reply){ .outcome = PVE_REPLIED, .status = 200 };
		after = s->answer(s, text, ret);
		if (ret->outcome == PVE_REPLIED && ret->status == 200 && !ret->body)
			ret->body = json_pack("{s:n}", "data");
		return after;
	}
	line = find(s, r, text);
	if (line) {
		reply_from(line, ret);
		return line->after_ms;
	}
	s->nwrong++;
	print_error("script: unexpected: %s\n        expected:   %s\n", text,
		    s->any_order          ? "(any unused line)"
		    : s->next < s->nlines ? s->lines[s->next].request
					  : "nothing more");
	*ret = (struct pve_reply){ .outcome = PVE_REPLIED, .status = 501 };
	(void)snprintf(ret->reason, sizeof(ret->reason), "not in the script");
	return 0;
}

static void start(struct pve_transport *self, const struct pve_request *r, void *tag)
{
	struct script *s = script_of(self);
	struct script_pending *p = pxc_calloc(1, sizeof(*p)), **at = &s->pending;
	auto_free char *text = describe(r);
	uint32_t after = answer(s, r, text, &p->reply);

	buf_printf(&s->log, "%lld %zu %s\n", (long long)s->now, r->endpoint + 1, text);
	if (after >= r->deadline_ms) {
		json_decref(p->reply.body);
		p->reply = (struct pve_reply){ .outcome = PVE_LOST };
		(void)snprintf(p->reply.problem, sizeof(p->reply.problem), "no answer within %u ms",
			       r->deadline_ms);
		after = r->deadline_ms;
	}
	p->due = s->now + after;
	p->tag = tag;
	p->url = r->endpoint;
	while (*at && (*at)->due <= p->due)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	if (++s->inflight[p->url] > s->most[p->url])
		s->most[p->url] = s->inflight[p->url];
	if (++s->inflight_at_all > s->most_at_all)
		s->most_at_all = s->inflight_at_all;
}

static bool next(struct pve_transport *self, uint32_t wait_ms, void **ret_tag,
		 struct pve_reply *ret)
{
	struct script *s = script_of(self);
	struct script_pending *p = s->pending;

	if (!p || p->due > s->now + wait_ms) {
		s->now += wait_ms;
		return false;
	}
	if (p->due > s->now)
		s->now = p->due;
	s->pending = p->next;
	s->inflight[p->url]--;
	s->inflight_at_all--;
	*ret_tag = p->tag;
	*ret = p->reply;
	free(p);
	return true;
}

static int64_t now_ms(struct pve_transport *self)
{
	return script_of(self)->now;
}

static void destroy(struct pve_transport *self)
{
	struct script *s = script_of(self);

	while (s->pending) {
		struct script_pending *p = s->pending;

		s->pending = p->next;
		json_decref(p->reply.body);
		free(p);
	}
	free(self);
}

struct pve_transport *script_transport(struct script *script)
{
	struct link *link = pxc_calloc(1, sizeof(*link));

	assert_true(script->nlines <= ARRAY_SIZE(script->used));
	link->base = (struct pve_transport){ start, next, now_ms, NULL, destroy };
	link->script = script;
	script->now = START_MS;
	return &link->base;
}

/* With what all clients of a script have. */
static struct pve_client *client_with(struct script *script, struct pve_options options)
{
	struct pve_client *pve = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	options.tls.verify = true;
	options.timeout_ms = 10000;
	options.retry_ms = 10000;
	if (pve_create(&options, script_transport(script), &pve, &err) < 0)
		fail_msg("a client of a script: %s", err.msg);
	return pve;
}

struct pve_client *script_client(struct script *script, size_t nurls)
{
	static const char *const urls[] = { "https://a:8006", "https://b:8006", "https://c:8006",
					    "https://d:8006", "https://e:8006", "https://f:8006",
					    "https://g:8006", "https://h:8006", NULL };

	return client_with(script,
			   (struct pve_options){ .urls = urls + (ARRAY_SIZE(urls) - 1 - nurls),
						 .token_id = "ann@pve!ci",
						 .token_secret = "secret" });
}

struct pve_client *script_login(struct script *script, const char *user, const char *otp)
{
	static const char *const urls[] = { "https://a:8006", NULL };

	return client_with(script,
			   (struct pve_options){
				   .urls = urls, .user = user, .password = "s3cret", .otp = otp });
}

void script_end(struct script *s)
{
	size_t used = s->next;
	unsigned long wrong = s->nwrong;

	if (!s->any_order && used < s->nlines)
		print_error("script: not asked for: %s\n", s->lines[used].request);
	for (size_t i = 0; s->any_order && i < s->nlines; i++)
		if (!s->used[i])
			print_error("script: not asked for: %s\n", s->lines[i].request);
	buf_release(&s->log);
	assert_int_equal(wrong, 0);
	assert_int_equal(used, s->nlines);
}
