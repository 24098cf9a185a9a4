/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A download that is read as it comes, and taken up again where it broke off. Whether it is still the same file then is
 * seen from ETag, Last-Modified and length; when it is not, the reader is told to begin anew.
 */
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

#define BUFFERED ((size_t)8 << 20) /* more than that waits in the network */
#define STALL_MS 30000u
#define TRIES 5u
#define CONNECT_S 15L
#define BACKOFF_MS 250u
#define BACKOFF_MAX_MS 8000u

/* What a server says of a file. */
struct http_state {
	char etag[256], modified[64];
	uint64_t total; /* 0 = not said */
};

struct http_source {
	struct source base; /* first */
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	const struct ceph_import *job;
	struct pxc_buf buf;
	size_t taken;      /* of buf */
	uint64_t received; /* of the file, over all tries */
	uint64_t skip; /* bytes of this answer that are known already: the server sends it all */
	uint64_t mark; /* received when the present try began */
	struct http_state first, now; /* of the first answer and of this one */
	unsigned tries;               /* without progress */
	bool started, answered, paused, done;
	char problem[CURL_ERROR_SIZE];
};

static struct http_source *up(struct source *self)
{
	return (struct http_source *)self;
}

/* --- what curl calls back ---------------------------------------------------------------------------------- */

static void take_header(const char *line, size_t len, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0)
		return;
	for (line += n, len -= n; len && (*line == ' ' || *line == '\t'); len--)
		line++;
	while (len && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	(void)snprintf(out, size, "%.*s", (int)len, line);
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct http_source *h = arg;
	char text[96] = "";
	const char *slash;

	size *= n;
	if (size > 5 && strncmp(line, "HTTP/", 5) == 0)
		h->now = (struct http_state){ .total = 0 };
	take_header(line, size, "ETag:", h->now.etag, sizeof(h->now.etag));
	take_header(line, size, "Last-Modified:", h->now.modified, sizeof(h->now.modified));
	take_header(line, size, "Content-Range:", text, sizeof(text));
	slash = strchr(text, '/');
	if (slash)
		h->now.total = strtoull(slash + 1, NULL, 10);
	return size;
}

static bool same_file(const struct http_state *a, const struct http_state *b)
{
	return (!*a->etag || !*b->etag || str_eq(a->etag, b->etag)) &&
	       (!*a->modified || !*b->modified || str_eq(a->modified, b->modified)) &&
	       (!a->total || !b->total || a->total == b->total);
}

/* The head of an answer is complete: is it what was asked for? false: its body is not wanted. */
static bool check_answer(struct http_source *h)
{
	long code = 0;
	curl_off_t length = -1;

	h->answered = true;
	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &code);
	(void)curl_easy_getinfo(h->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (code != 200 && code != 206)
		return false;
	if (code == 200 && length > 0)
		h->now.total = (uint64_t)length;
	h->skip = code == 200 ? h->received : 0;
	if (!h->started) {
		h->started = true;
		h->first = h->now;
		h->base.size = h->now.total;
	} else if (!same_file(&h->first, &h->now)) {
		h->base.changed = true;
		return false;
	}
	return true;
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct http_source *h = arg;
	size_t len = size * n, known;

	if (!h->answered && !check_answer(h))
		return 0;
	if (h->buf.len - h->taken > BUFFERED) {
		h->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	known = h->skip < len ? (size_t)h->skip : len;
	h->skip -= known;
	buf_add(&h->buf, data + known, len - known);
	h->received += len - known;
	return len;
}

/* --- one try --------------------------------------------------------------------------------------------------- */

static void set_up(struct http_source *h, CURL *c)
{
	const char *ca = h->job->ca_path;
	struct stat st;
	bool https = str_starts(h->job->source, "https://");
	uint32_t stall_ms = h->job->stall_ms ? h->job->stall_ms : STALL_MS;

	(void)curl_easy_setopt(c, CURLOPT_URL, h->job->source);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->problem);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "pxcloud.pve");
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, 10L);
	/* A secure address must not lead to one that is not, and none to a file of this host. */
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
#endif
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)((stall_ms + 999) / 1000));
	(void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 512L << 10);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	if (ca)
		(void)curl_easy_setopt(c,
				       stat(ca, &st) == 0 && S_ISDIR(st.st_mode) ? CURLOPT_CAPATH
										 : CURLOPT_CAINFO,
				       ca);
}

static void begin(struct http_source *h)
{
	const char *tag = *h->first.etag && !str_starts(h->first.etag, "W/") ? h->first.etag
									     : h->first.modified;

	curl_slist_free_all(h->headers);
	h->headers = NULL;
	h->answered = h->paused = false;
	h->mark = h->received;
	h->problem[0] = '\0';
	if (h->received) {
		auto_free char *range = pxc_printf("%" PRIu64 "-", h->received);
		auto_free char *line = pxc_printf("If-Range: %s", tag);

		(void)curl_easy_setopt(h->easy, CURLOPT_RANGE, range);
		if (*tag)
			h->headers = curl_slist_append(NULL, line);
	} else {
		(void)curl_easy_setopt(h->easy, CURLOPT_RANGE, NULL);
	}
	(void)curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, h->headers);
	(void)curl_multi_add_handle(h->multi, h->easy);
}

static void nap(unsigned tries)
{
	uint32_t ms = BACKOFF_MS << (tries < 6 ? tries : 6);
	struct timespec t;

	ms = ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
	t = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
	(void)nanosleep(&t, NULL);
}

static int refuse(const struct http_source *h, long code, struct pxc_err *err)
{
	if (code == 404 || code == 410)
		return pxc_fail(err, PXC_ENOTFOUND, "%s is not there (HTTP %ld)", h->base.name,
				code);
	if (code == 401 || code == 403)
		return pxc_fail(err, PXC_EDENIED,
				"%s is refused (HTTP %ld): it may need a user and a password",
				h->base.name, code);
	return pxc_fail(err, PXC_EREMOTE, "%s: the server answers HTTP %ld", h->base.name, code);
}

/* Nothing will make it better: a wrong name, a certificate, a redirect to where it must not go. */
static bool hopeless(CURLcode result)
{
	return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
	       result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_URL_MALFORMAT ||
	       result == CURLE_TOO_MANY_REDIRECTS;
}

static int give_up(const struct http_source *h, CURLcode result, long code, struct pxc_err *err)
{
	const char *why = *h->problem ? h->problem : curl_easy_strerror(result);

	if (code >= 400)
		return refuse(h, code, err);
	if (h->received && h->first.total)
		return pxc_fail(err, PXC_EREMOTE,
				"%s breaks off at %" PRIu64 " of %" PRIu64
				" bytes, again and again: %s",
				h->base.name, h->received, h->first.total, why);
	return pxc_fail(err, result == CURLE_PEER_FAILED_VERIFICATION ? PXC_EDENIED : PXC_EREMOTE,
			"%s cannot be had: %s", h->base.name, why);
}

/* A try has ended. 0: the file is whole, or the next try has begun. */
static int ended(struct http_source *h, CURLcode result, struct pxc_err *err)
{
	unsigned most = h->job->tries ? h->job->tries : TRIES;
	bool whole = result == CURLE_OK && (!h->first.total || h->received >= h->first.total);
	long code = 0;

	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &code);
	(void)curl_multi_remove_handle(h->multi, h->easy);
	if (result == CURLE_OK && !h->answered)
		(void)check_answer(h); /* an answer without a body */
	if (h->base.changed)
		return pxc_fail(err, PXC_EREMOTE, "%s was changed while it was read", h->base.name);
	/* Asked to go on behind its end: the length was not known, and this is it. */
	if ((whole && (code == 200 || code == 206)) ||
	    (code == 416 && h->received && !h->first.total)) {
		h->done = true;
		return 0;
	}
	h->tries = h->received > h->mark ? 1 : h->tries + 1;
	if (hopeless(result) || h->tries >= most ||
	    (code >= 400 && code < 500 && code != 408 && code != 429))
		return give_up(h, result, code, err);
	nap(h->tries);
	begin(h);
	return 0;
}

/* --- the source -------------------------------------------------------------------------------------------------- */

static int more(struct http_source *h, struct pxc_err *err)
{
	CURLMsg *message;
	int running = 0, left = 0;

	if (h->paused) {
		h->paused = false;
		(void)curl_easy_pause(h->easy, CURLPAUSE_CONT);
	}
	(void)curl_multi_perform(h->multi, &running);
	while ((message = curl_multi_info_read(h->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			return ended(h, message->data.result, err);
	if (h->buf.len == h->taken)
		(void)curl_multi_poll(h->multi, NULL, 0, 1000, NULL);
	return 0;
}

static int http_read(struct source *self, void *buf, size_t len, size_t *ret_n, struct pxc_err *err)
{
	struct http_source *h = up(self);
	size_t n;

	while (h->buf.len == h->taken && !h->done)
		if (more(h, err) < 0)
			return -1;
	n = h->buf.len - h->taken < len ? h->buf.len - h->taken : len;
	if (n)
		memcpy(buf, h->buf.data + h->taken, n);
	h->taken += n;
	if (h->taken == h->buf.len)
		h->taken = h->buf.len = 0;
	*ret_n = n;
	return 0;
}

static void http_close(struct source *self)
{
	struct http_source *h = up(self);

	(void)curl_multi_remove_handle(h->multi, h->easy);
	curl_easy_cleanup(h->easy);
	(void)curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->headers);
	buf_release(&h->buf);
	free(self->name);
	free(h);
}

int source_http_open(const struct ceph_import *job, struct source **ret, struct pxc_err *err)
{
	struct http_source *h = pxc_calloc(1, sizeof(*h));

	(void)err;
	h->base = (struct source){ .read = http_read,
				   .close = http_close,
				   .fd = -1,
				   .name = source_public_name(job->source) };
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
