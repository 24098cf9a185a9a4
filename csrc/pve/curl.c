/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One multi handle, no threads of ours. Handles, headers, TLS sessions and connections are kept and used again.
 *
 * A request that is not a GET is sent at most once: libcurl itself sends again what met a dead connection, so its
 * pre-request callback counts, and refuses the second sending. Whether any byte of the first one arrived cannot be
 * known, so everything after that callback is PVE_LOST and only what came before it PVE_UNREACHED.
 */
#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "pve/curl_parts.h"
#include "pve/form.h"

#define API "/api2/json"
#ifdef PXC_VERSION
#define USER_AGENT "pxcloud.pve/" PXC_VERSION
#else
#define USER_AGENT "pxcloud.pve"
#endif
#define CONNECT_MS 10000u /* of one request's deadline at most this is for the connection */
#define IDLE_S 4L         /* PVE closes after 5 s: do not race it */
#define DNS_S 300L
#define BUFFER_SIZE (16L << 10) /* a TLS record */
#define MAX_CONNECTIONS 64L

/* A set of header lines and curl's list of them: there are only a few, so they are kept. */
struct header_set {
	struct header_set *next;
	struct curl_slist *list;
	size_t nown; /* lines of the list that are our own, in front */
};

struct curl_transport {
	struct pve_transport base; /* first */
	CURLM *multi;
	CURLSH *share;
	struct curl_tls tls;
	struct curl_endpoint *endpoints;
	struct curl_exchange *idle;    /* ready for the next request */
	struct curl_exchange *refused; /* not sent: to be reported by next() */
	struct curl_exchange **all;    /* every exchange ever made */
	size_t nall;
	struct header_set *headers;
	atomic_bool woken;
	bool no_proxy; /* none in the environment: curl need not look at every request */
};

static struct curl_transport *up(struct pve_transport *base)
{
	return (struct curl_transport *)base;
}

/* --- what curl calls back ---------------------------------------------------------------------------- */

static int before_sending(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct curl_exchange *x = arg;

	(void)ip, (void)local_ip, (void)port, (void)local_port;
	if (x->write && x->sendings)
		return CURL_PREREQFUNC_ABORT;
	x->sendings++;
	return CURL_PREREQFUNC_OK;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct curl_exchange *x = arg;

	n *= size;
	if (x->body.len + n > PXC_MAX_REPLY) {
		x->too_large = true;
		return 0;
	}
	buf_add(&x->body, bytes, n);
	return n;
}

/* PVE puts its message into the reason phrase, so that is kept: "HTTP/1.1 500 VM is locked (backup)". */
static size_t take_header(char *line, size_t size, size_t n, void *arg)
{
	struct curl_exchange *x = arg;
	const char *space;
	size_t len;

	n *= size;
	if (n < 9 || strncmp(line, "HTTP/", 5) != 0)
		return n;
	buf_release(&x->body);
	x->reason[0] = '\0';
	space = memchr(line, ' ', n);
	space = space ? memchr(space + 1, ' ', n - (size_t)(space + 1 - line)) : NULL;
	if (!space)
		return n;
	len = n - (size_t)(space + 1 - line);
	if (len >= sizeof(x->reason))
		len = sizeof(x->reason) - 1;
	memcpy(x->reason, space + 1, len);
	x->reason[len] = '\0';
	return n;
}

/* --- a request ---------------------------------------------------------------------------------------- */

static bool same_headers(const struct header_set *set, const char *const *lines)
{
	const struct curl_slist *item = set->list;
	size_t n = 0;

	for (; lines && lines[n]; n++, item = item->next)
		if (n == set->nown || strcmp(item->data, lines[n]) != 0)
			return false;
	return n == set->nown;
}

static struct curl_slist *append(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (!longer)
		pxc_oom();
	return longer;
}

static struct curl_slist *headers_for(struct curl_transport *t, const char *const *lines)
{
	struct header_set *set = t->headers;

	while (set && !same_headers(set, lines))
		set = set->next;
	if (set)
		return set->list;
	set = pxc_calloc(1, sizeof(*set));
	for (; lines && lines[set->nown]; set->nown++)
		set->list = append(set->list, lines[set->nown]);
	set->list = append(set->list, "Accept:");
	set->list = append(set->list, "Expect:");
	set->next = t->headers;
	t->headers = set;
	return set->list;
}

static struct curl_exchange *exchange_create(struct curl_transport *t)
{
	struct curl_exchange *x = pxc_calloc(1, sizeof(*x));
	CURL *easy = curl_easy_init();

	if (!easy)
		pxc_oom();
	x->easy = easy;
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
	(void)curl_easy_setopt(easy, CURLOPT_SHARE, t->share);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->problem);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_sending);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	(void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_S);
	(void)curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_S);
	/* curl takes and gives back both buffers with every request: small ones are cheaper. */
	(void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
	(void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_SIZE);
	if (t->no_proxy)
		(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_tls_apply(&t->tls, easy);
	t->all = pxc_realloc(t->all, (t->nall + 1) * sizeof(struct curl_exchange *));
	t->all[t->nall++] = x;
	return x;
}

static struct curl_exchange *exchange_get(struct curl_transport *t)
{
	struct curl_exchange *x = t->idle;

	if (!x)
		return exchange_create(t);
	t->idle = x->next;
	x->url.len = x->form.len = x->body.len = 0;
	x->status = 0;
	x->sendings = 0;
	x->too_large = false;
	x->reason[0] = x->problem[0] = '\0';
	return x;
}

static void set_method(struct curl_exchange *x, const char *method)
{
	bool body = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;

	x->write = strcmp(method, "GET") != 0;
	if (body) {
		(void)curl_easy_setopt(x->easy, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, buf_str(&x->form));
		(void)curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE, (long)x->form.len);
	} else {
		(void)curl_easy_setopt(x->easy, CURLOPT_HTTPGET, 1L);
	}
	(void)curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST,
			       strcmp(method, "PUT") == 0 || strcmp(method, "DELETE") == 0 ? method
											   : NULL);
}

static void set_target(struct curl_exchange *x, const struct pve_request *r)
{
	bool query = strcmp(r->method, "GET") == 0 || strcmp(r->method, "DELETE") == 0;

	buf_adds(&x->url, x->endpoint->url);
	buf_adds(&x->url, API);
	buf_adds(&x->url, r->path);
	pve_form(&x->form, r->params);
	if (query && x->form.len) {
		buf_addc(&x->url, '?');
		buf_adds(&x->url, buf_str(&x->form));
	}
	(void)curl_easy_setopt(x->easy, CURLOPT_URL, buf_str(&x->url));
}

static void start(struct pve_transport *self, const struct pve_request *r, void *tag)
{
	struct curl_transport *t = up(self);
	struct curl_exchange *x = exchange_get(t);
	struct curl_endpoint *endpoint = &t->endpoints[r->endpoint];

	x->tag = tag;
	x->endpoint = endpoint;
	x->deadline_ms = r->deadline_ms;
	x->connect_ms = r->deadline_ms < CONNECT_MS ? r->deadline_ms : CONNECT_MS;
	set_target(x, r);
	if (x->form.len > PXC_MAX_BODY) {
		x->next = t->refused;
		t->refused = x;
		return;
	}
	set_method(x, r->method);
	(void)curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, headers_for(t, r->headers));
	(void)curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, (long)x->deadline_ms);
	(void)curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)x->connect_ms);
	curl_tls_target(endpoint, x->easy);
	if (curl_multi_add_handle(t->multi, x->easy) != CURLM_OK)
		pxc_oom();
}

/* --- its reply ---------------------------------------------------------------------------------------- */

/* The phrase goes into messages: only valid UTF-8, no line ends or other control bytes. */
static void clean_reason(char *reason)
{
	size_t len = strlen(reason);
	bool utf8 = utf8_valid(reason, len);

	while (len && isspace((unsigned char)reason[len - 1]))
		reason[--len] = '\0';
	for (char *p = reason; *p; p++)
		if (iscntrl((unsigned char)*p) || (!utf8 && (unsigned char)*p >= 0x80))
			*p = '?';
}

static void finish(struct curl_exchange *x, CURLcode code, struct pve_reply *ret)
{
	long status = 0;

	*ret = (struct pve_reply){ .outcome = PVE_REPLIED };
	(void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	/* A refusal that ends with a cut connection (a body too large for PVE does) is still a refusal. */
	if (code != CURLE_OK && (status < 400 || x->too_large)) {
		curl_explain(x, code, ret);
		return;
	}
	ret->status = (int)status;
	clean_reason(x->reason);
	memcpy(ret->reason, x->reason, sizeof(ret->reason));
	if (x->body.len)
		ret->body = json_loadb(x->body.data, x->body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL,
				       NULL);
}

static void refuse(struct pve_reply *ret, const struct curl_exchange *x)
{
	*ret = (struct pve_reply){ .outcome = PVE_REFUSED, .fatal = true };
	(void)snprintf(ret->problem, sizeof(ret->problem),
		       "the request is %zu bytes long, and PVE takes no more than %u", x->form.len,
		       PXC_MAX_BODY);
}

static void retire(struct curl_transport *t, struct curl_exchange *x)
{
	/* A large answer's memory is not kept for the small ones that follow. */
	if (x->body.cap > (size_t)BUFFER_SIZE)
		buf_release(&x->body);
	x->next = t->idle;
	t->idle = x;
}

static bool take_done(struct curl_transport *t, void **ret_tag, struct pve_reply *ret)
{
	struct curl_exchange *x = t->refused;
	CURLMsg *message;
	int left;

	if (x) {
		t->refused = x->next;
		refuse(ret, x);
		*ret_tag = x->tag;
		retire(t, x);
		return true;
	}
	while ((message = curl_multi_info_read(t->multi, &left)) != NULL) {
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &x);
		(void)curl_multi_remove_handle(t->multi, x->easy);
		finish(x, code, ret);
		*ret_tag = x->tag;
		retire(t, x);
		return true;
	}
	return false;
}

static int64_t now_ms(struct pve_transport *self)
{
	(void)self;
	return pxc_system_clock.mono_ms(&pxc_system_clock);
}

static bool next(struct pve_transport *self, uint32_t wait_ms, void **ret_tag,
		 struct pve_reply *ret)
{
	struct curl_transport *t = up(self);
	int64_t until;
	int running;

	if (take_done(t, ret_tag, ret))
		return true;
	until = now_ms(self) + wait_ms;
	for (;;) {
		int64_t left;

		(void)curl_multi_perform(t->multi, &running);
		if (take_done(t, ret_tag, ret))
			return true;
		left = until - now_ms(self);
		if (left <= 0 || atomic_exchange(&t->woken, false))
			return false;
		(void)curl_multi_poll(t->multi, NULL, 0, (int)left, NULL);
	}
}

static void wake(struct pve_transport *self)
{
	struct curl_transport *t = up(self);

	atomic_store(&t->woken, true);
	(void)curl_multi_wakeup(t->multi);
}

/* --- its life ----------------------------------------------------------------------------------------- */

static void destroy(struct pve_transport *self)
{
	struct curl_transport *t = up(self);

	for (size_t i = 0; i < t->nall; i++) {
		struct curl_exchange *x = t->all[i];

		(void)curl_multi_remove_handle(t->multi, x->easy);
		curl_easy_cleanup(x->easy);
		buf_release(&x->url);
		buf_release(&x->form);
		buf_release(&x->body);
		free(x);
	}
	free(t->all);
	if (t->multi)
		(void)curl_multi_cleanup(t->multi);
	if (t->share)
		(void)curl_share_cleanup(t->share);
	for (struct header_set *set = t->headers, *rest; set; set = rest) {
		rest = set->next;
		curl_slist_free_all(set->list);
		free(set);
	}
	curl_tls_release(&t->tls);
	free(t->endpoints);
	free(t);
}

int pve_curl_create(const char *const *urls, size_t nurls, const struct pve_tls *tls,
		    unsigned per_endpoint, struct pve_transport **ret, struct pxc_err *err)
{
	struct curl_transport *t = pxc_calloc(1, sizeof(*t));
	long connections = (long)(nurls * per_endpoint);

	t->base = (struct pve_transport){ start, next, now_ms, wake, destroy };
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		pxc_oom();
	if (curl_tls_init(&t->tls, tls, err) < 0) {
		destroy(&t->base);
		return -1;
	}
	t->endpoints = pxc_calloc(nurls, sizeof(*t->endpoints));
	for (size_t i = 0; i < nurls; i++)
		t->endpoints[i] = (struct curl_endpoint){ .url = urls[i], .tls = &t->tls };
	t->no_proxy = !getenv("https_proxy") && !getenv("HTTPS_PROXY") && !getenv("all_proxy") &&
		      !getenv("ALL_PROXY");
	t->multi = curl_multi_init();
	t->share = curl_share_init();
	if (!t->multi || !t->share)
		pxc_oom();
	(void)curl_share_setopt(t->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	(void)curl_multi_setopt(t->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)per_endpoint);
	(void)curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS,
				connections < MAX_CONNECTIONS ? connections : MAX_CONNECTIONS);
	(void)curl_multi_setopt(t->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	*ret = &t->base;
	return 0;
}
