/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A download that is read as it comes, and taken up again where it broke off. Whether it is still the same file then
 * answer.c tells; when it is not, or nobody can know, the source is stale and its reader begins anew.
 */
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

#define STALL_MS 30000u
#define CONNECT_MS 15000u
#define AT_ONCE (512L << 10) /* bytes that curl hands over at most */
#define BACKOFF_MS 250u
#define BACKOFF_MAX_MS 8000u
#define RETRY_AFTER_MAX_S 60 /* a server that wants more than that does not want us */

struct http_source {
	struct source base; /* first */
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	const struct ceph_import *job;
	struct chunk *chunk;         /* that is being filled; NULL = none */
	struct pxc_buf rest;         /* what came and did not fit into it */
	uint64_t received;           /* of the file, over all tries */
	uint64_t skip;               /* bytes of this answer that are here already */
	uint64_t mark;               /* received when the present try began */
	struct answer first, now;    /* of the answer that began it, and of this one */
	enum answer_verdict verdict; /* of this one, when judged */
	unsigned tries;              /* without progress */
	bool is_judged, is_paused, is_done;
	char problem[CURL_ERROR_SIZE];
};

static struct http_source *up(struct source *self)
{
	return (struct http_source *)self;
}

/* A checksum proves in the end what ETag and Last-Modified would have. */
static bool is_trusted(const struct http_source *h)
{
	return h->job->checksum != NULL;
}

/* --- what curl calls back -------------------------------------------------------------------------------------- */

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct http_source *h = arg;

	answer_header(&h->now, line, size * n);
	return size * n;
}

static void judge(struct http_source *h)
{
	long status = 0;

	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	h->is_judged = true;
	h->verdict = answer_judge(h->received ? &h->first : NULL, &h->now, status, h->received,
				  is_trusted(h), &h->skip);
	if (h->verdict == ANSWER_TAKE && !h->received) {
		h->first = h->now;
		h->base.size = h->now.has_total ? h->now.total : 0;
	}
}

static bool is_wanted(const struct http_source *h)
{
	return h->verdict == ANSWER_TAKE && (h->now.is_bounded || is_trusted(h));
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct http_source *h = arg;
	size_t len = size * n, known, fits;

	if (!h->is_judged)
		judge(h);
	if (!is_wanted(h))
		return 0;
	if (h->chunk->len == CHUNK_SIZE) {
		h->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	known = h->skip < len ? (size_t)h->skip : len;
	h->skip -= known;
	data += known;
	n = len - known;
	fits = CHUNK_SIZE - h->chunk->len < n ? CHUNK_SIZE - h->chunk->len : n;
	memcpy(h->chunk->data + h->chunk->len, data, fits);
	h->chunk->len += fits;
	buf_add(&h->rest, data + fits, n - fits);
	h->received += n;
	return len;
}

/* --- one try ----------------------------------------------------------------------------------------------------- */

static uint32_t stall_ms(const struct http_source *h)
{
	return h->job->stall_ms ? h->job->stall_ms : STALL_MS;
}

static void set_trust(CURL *c, const char *ca)
{
	struct stat st;

	if (!ca)
		return;
	if (stat(ca, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
		(void)curl_easy_setopt(c, CURLOPT_CAPATH, ca);
	} else {
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, ca);
		(void)curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
}

/* A secure address must not lead to one that is not, and none to a file of this host. */
static void set_protocols(CURL *c, bool https)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
#else
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	(void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS,
			       (long)(https ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, 10L);
}

static bool is_secure(const struct http_source *h)
{
	return strncasecmp(h->job->source, "https:", 6) == 0;
}

static void set_up(struct http_source *h, CURL *c)
{
	uint32_t ms = stall_ms(h);

	(void)curl_easy_setopt(c, CURLOPT_URL, h->job->source);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->problem);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "pxcloud.pve");
	/* One file: nothing to gain by HTTP/2, which would buffer for us when we want it to wait. */
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	set_protocols(c, is_secure(h));
	set_trust(c, h->job->ca_path);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
			       (long)(ms < CONNECT_MS ? ms : CONNECT_MS));
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)((ms + 999) / 1000));
	(void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, AT_ONCE);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
}

static void begin(struct http_source *h)
{
	const char *validator = answer_validator(&h->first);
	auto_free char *range = pxc_printf("%" PRIu64 "-", h->received);
	auto_free char *line = pxc_printf("If-Range: %s", validator);

	curl_slist_free_all(h->headers);
	h->headers = h->received && *validator ? curl_slist_append(NULL, line) : NULL;
	h->is_judged = h->is_paused = false;
	h->now = (struct answer){ .total = 0 };
	h->mark = h->received;
	h->problem[0] = '\0';
	(void)curl_easy_setopt(h->easy, CURLOPT_RANGE, h->received ? range : NULL);
	(void)curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, h->headers);
	(void)curl_multi_add_handle(h->multi, h->easy);
}

static void nap(const struct http_source *h)
{
	uint32_t ms = BACKOFF_MS << (h->tries < 6 ? h->tries : 6);
	curl_off_t wanted_s = 0;
	struct timespec t;

	ms = ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
	(void)curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &wanted_s);
	if (wanted_s > 0 && wanted_s <= RETRY_AFTER_MAX_S && wanted_s * 1000 > ms)
		ms = (uint32_t)wanted_s * 1000;
	t = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* --- how a try ended --------------------------------------------------------------------------------------------- */

static int refused(const struct http_source *h, long status, struct pxc_err *err)
{
	const char *name = h->base.name;

	if (status == 404 || status == 410)
		return pxc_fail(err, PXC_ENOTFOUND, "%s is not there (HTTP %ld)", name, status);
	if (status == 401 || status == 403)
		return pxc_fail(err, PXC_EDENIED,
				"%s is refused (HTTP %ld): it may need a user and a password", name,
				status);
	return pxc_fail(err, PXC_EREMOTE, "%s: the server answers HTTP %ld", name, status);
}

static int broken(const struct http_source *h, CURLcode result, struct pxc_err *err)
{
	const char *name = h->base.name;
	const char *why = *h->problem ? h->problem : curl_easy_strerror(result);

	switch ((int)result) {
	case CURLE_PEER_FAILED_VERIFICATION:
		return pxc_fail(err, PXC_EDENIED,
				"%s: the server's certificate is not to be trusted (%s)", name,
				why);
	case CURLE_SSL_CACERT_BADFILE:
		return pxc_fail(err, PXC_EINVAL, "%s: no certificates can be read from %s", name,
				h->job->ca_path ? h->job->ca_path : "the system's folder");
	case CURLE_UNSUPPORTED_PROTOCOL:
		return pxc_fail(err, PXC_EDENIED,
				"%s leads on to an address that is not %s, which is not followed",
				name, is_secure(h) ? "https" : "http or https");
	case CURLE_TOO_MANY_REDIRECTS:
		return pxc_fail(err, PXC_EREMOTE, "%s leads on and on, in a circle perhaps", name);
	case CURLE_URL_MALFORMAT:
		return pxc_fail(err, PXC_EINVAL, "%s is no address", name);
	case CURLE_OPERATION_TIMEDOUT:
		return pxc_fail(err, PXC_ETIMEOUT,
				"%s: the server sent nothing for %u s, at byte %" PRIu64, name,
				(stall_ms(h) + 999) / 1000, h->received);
	default:
		break;
	}
	if (h->received && h->first.has_total)
		return pxc_fail(err, PXC_EREMOTE,
				"%s breaks off at byte %" PRIu64 " of %" PRIu64 " (%s)", name,
				h->received, h->first.total, why);
	return pxc_fail(err, PXC_EREMOTE, "%s cannot be had: %s", name, why);
}

static int changed(const struct http_source *h, struct pxc_err *err)
{
	if (h->first.has_total && h->now.has_total && h->first.total != h->now.total)
		return pxc_fail(err, PXC_EREMOTE,
				"%s was changed while it was read: it had %" PRIu64
				" bytes, and has %" PRIu64 " now",
				h->base.name, h->first.total, h->now.total);
	return pxc_fail(err, PXC_EREMOTE, "%s was changed while it was read", h->base.name);
}

/* Nothing will make it better. */
static bool is_hopeless(CURLcode result)
{
	return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
	       result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_URL_MALFORMAT ||
	       result == CURLE_TOO_MANY_REDIRECTS;
}

static bool is_worth_a_try(long status)
{
	return status >= 500 || status == 408 || status == 425 || status == 429;
}

/* Once more, from where it broke off. err says what happened. */
static int again(struct http_source *h, struct pxc_err *err)
{
	unsigned most = h->job->tries ? h->job->tries : IMPORT_TRIES;

	h->tries = h->received > h->mark ? 1 : h->tries + 1;
	if (h->tries >= most)
		return h->tries > 1 ? pxc_context(err, "given up after %u attempts", h->tries) : -1;
	nap(h);
	if (h->received && !*answer_validator(&h->first) && !is_trusted(h)) {
		h->base.stale = true;
		return -1;
	}
	begin(h);
	return 0;
}

/* The end of an answer that was taken. */
static int took(struct http_source *h, CURLcode result, struct pxc_err *err)
{
	if (!is_wanted(h))
		return pxc_fail(err, PXC_EINVAL,
				"%s: the server does not say how long it is, so that nobody can "
				"tell whether it is whole: give its checksum",
				h->base.name);
	h->is_done = result == CURLE_OK && h->skip == 0 &&
		     (!h->first.has_total || h->received >= h->first.total);
	if (h->is_done)
		return 0;
	(void)broken(h, result, err);
	return again(h, err);
}

/* A try has ended: the file is whole, or the next try has begun, or that is all (-1). */
static int ended(struct http_source *h, CURLcode result, struct pxc_err *err)
{
	long status = 0;

	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_multi_remove_handle(h->multi, h->easy);
	if (result == CURLE_OK && !h->is_judged)
		judge(h); /* an answer without a body */
	if (!h->is_judged) {
		(void)broken(h, result, err);
		return is_hopeless(result) ? -1 : again(h, err);
	}
	switch (h->verdict) {
	case ANSWER_WHOLE:
		h->is_done = true;
		return 0;
	case ANSWER_CHANGED:
		h->base.stale = true;
		return changed(h, err);
	case ANSWER_REFUSED:
		(void)refused(h, status, err);
		return is_worth_a_try(status) ? again(h, err) : -1;
	case ANSWER_TAKE:
	default:
		return took(h, result, err);
	}
}

/* --- the source --------------------------------------------------------------------------------------------------- */

static int more(struct http_source *h, struct pxc_err *err)
{
	CURLMsg *message;
	int running = 0, left = 0;
	uint64_t before = h->received;

	if (h->is_paused) {
		h->is_paused = false;
		(void)curl_easy_pause(h->easy, CURLPAUSE_CONT);
	}
	(void)curl_multi_perform(h->multi, &running);
	while ((message = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (message->msg == CURLMSG_DONE)
			return ended(h, message->data.result, err);
	}
	if (h->received == before && !h->is_paused)
		(void)curl_multi_poll(h->multi, NULL, 0, 1000, NULL);
	return 0;
}

static void take_rest(struct http_source *h, struct chunk *c)
{
	memcpy(c->data, buf_str(&h->rest), h->rest.len);
	c->len = h->rest.len;
	h->rest.len = 0;
}

static int fill_from_http(struct source *self, struct chunk *chunk, struct pxc_err *err)
{
	struct http_source *h = up(self);
	int r = 0;

	take_rest(h, chunk);
	h->chunk = chunk;
	while (r == 0 && chunk->len < CHUNK_SIZE && !h->is_done)
		r = more(h, err);
	h->chunk = NULL;
	return r;
}

static void close_http(struct source *self)
{
	struct http_source *h = up(self);

	(void)curl_multi_remove_handle(h->multi, h->easy);
	curl_easy_cleanup(h->easy);
	(void)curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->headers);
	buf_release(&h->rest);
	free(self->name);
	free(h);
}

static void start_curl(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int source_http_open(const struct ceph_import *job, struct source **ret, struct pxc_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_source *h = pxc_calloc(1, sizeof(*h));

	(void)err;
	(void)pthread_once(&once, start_curl);
	h->base = (struct source){ .fill = fill_from_http,
				   .close = close_http,
				   .fd = -1,
				   .name = address_public(job->source) };
	h->job = job;
	h->multi = curl_multi_init();
	h->easy = curl_easy_init();
	if (!h->multi || !h->easy)
		pxc_oom();
	set_up(h, h->easy);
	begin(h);
	*ret = &h->base;
	return 0;
}
