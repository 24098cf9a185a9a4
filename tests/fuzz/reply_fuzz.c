/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reply_fuzz.c - a server that answers anything to a client that logs in, reads, and runs a job with a task.
 *
 * Each reply is taken from the input: a byte for outcome and status, a byte for the time it takes, then text up to
 * the next 0xFF: the reason phrase up to a line end, and the body. When the input is used up nothing is reachable.
 *
 *	clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/reply_fuzz.c libpve.a libbase.a
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pve/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pending {
	struct pending *next;
	int64_t due;
	void *tag;
	struct pve_reply reply;
};

struct wild {
	struct pve_transport base; /* first */
	const uint8_t *data;
	size_t left;
	struct pending *pending;
	int64_t now;
};

static const int statuses[] = { 200, 200, 200, 400, 401, 403, 500, 500, 595, 501, 404, 100 };

static void take_text(struct wild *w, struct pve_reply *ret)
{
	const uint8_t *end = w->left ? memchr(w->data, 0xFF, w->left) : NULL;
	size_t len = end ? (size_t)(end - w->data) : w->left, reason;
	const uint8_t *line = len ? memchr(w->data, '\n', len) : NULL;

	reason = line ? (size_t)(line - w->data) : 0;
	(void)snprintf(ret->reason, sizeof(ret->reason), "%.*s", (int)reason,
		       (const char *)w->data);
	ret->body = json_loadb((const char *)w->data + reason, len - reason,
			       JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	len += end != NULL;
	w->data += len;
	w->left -= len;
}

static void start(struct pve_transport *self, const struct pve_request *request, void *tag)
{
	struct wild *w = (struct wild *)self;
	struct pending *p = pxc_calloc(1, sizeof(*p)), **at = &w->pending;

	p->tag = tag;
	p->due = w->now;
	p->reply = (struct pve_reply){ .outcome = PVE_UNREACHED, .fatal = true };
	if (w->left >= 2) {
		uint8_t kind = w->data[0];

		p->reply = (struct pve_reply){ .status = statuses[kind % ARRAY_SIZE(statuses)] };
		if (kind >= 0xF0)
			p->reply.outcome = PVE_LOST;
		else if (kind >= 0xE0)
			p->reply.outcome = PVE_UNREACHED;
		p->due += w->data[1] < request->deadline_ms ? w->data[1] : request->deadline_ms;
		w->data += 2;
		w->left -= 2;
		if (p->reply.outcome == PVE_REPLIED)
			take_text(w, &p->reply);
	}
	while (*at && (*at)->due <= p->due)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

static bool next(struct pve_transport *self, uint32_t wait_ms, void **ret_tag,
		 struct pve_reply *ret)
{
	struct wild *w = (struct wild *)self;
	struct pending *p = w->pending;

	if (!p || p->due > w->now + wait_ms) {
		w->now += wait_ms;
		return false;
	}
	if (p->due > w->now)
		w->now = p->due;
	w->pending = p->next;
	*ret_tag = p->tag;
	*ret = p->reply;
	free(p);
	return true;
}

static int64_t now_ms(struct pve_transport *self)
{
	return ((struct wild *)self)->now;
}

static void destroy(struct pve_transport *self)
{
	struct wild *w = (struct wild *)self;

	/* Calls wait for all that they sent; only a login may go on after the call it was for. */
	if (w->pending && w->pending->next)
		abort();
	if (w->pending)
		json_decref(w->pending->reply.body);
	free(w->pending);
	free(w);
}

static bool any_object(const json_t *data, const json_t *args, int http, const char *text)
{
	(void)args, (void)http;
	return json_is_object(data) || strlen(text) > 900;
}

static void run_job(struct pve_client *pve)
{
	static const struct pve_op ops[] = {
		{ .method = "POST", .path = "/nodes/{node}/qemu", .wait_ms = 5000 },
		{ .method = "GET",
		  .path = "/nodes/{node}/status",
		  .wait_ms = 5000,
		  .until = any_object },
		{ .method = "DELETE",
		  .path = "/nodes/{node}/qemu",
		  .wait_ms = 5000,
		  .gone_ok = true }
	};
	json_auto_t *args = json_pack("{s:s, s:s}", "node", "n1", "name", "x");
	struct pve_step steps[2][3] = { { { .op = NULL } } };
	struct pve_job jobs[2] = { { .steps = steps[0], .nsteps = 3 },
				   { .steps = steps[1], .nsteps = 3 } };

	for (size_t i = 0; i < 6; i++)
		steps[i / 3][i % 3] =
			(struct pve_step){ .op = &ops[i % 3], .args = args, .why = "why" };
	pve_run(pve, jobs, 2, 0);
	for (size_t i = 0; i < 2; i++) {
		if ((jobs[i].err.kind == PXC_OK) != (jobs[i].ndone == 3))
			abort();
		pve_job_release(&jobs[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const urls[] = { "https://a:8006", "https://b:8006", NULL };
	struct pve_options options = { .urls = urls,
				       .user = "ann@pve",
				       .password = "x",
				       .otp = "1",
				       .timeout_ms = 3000,
				       .retry_ms = 2000 };
	struct wild *w = pxc_calloc(1, sizeof(*w));
	struct pve_client *pve = NULL;
	struct pxc_err err = { .kind = PXC_OK };
	json_t *version = NULL;

	w->base = (struct pve_transport){ start, next, now_ms, NULL, destroy };
	w->data = data;
	w->left = size;
	if (pve_create(&options, &w->base, &pve, &err) < 0)
		abort();
	if (pve_get(pve, "/version", &version, &err) == 0)
		json_decref(version);
	run_job(pve);
	pve_sleep(pve, 10000);
	pve_free(pve);
	return 0;
}
