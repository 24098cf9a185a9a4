/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/errors.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

enum {
	OK = 200,
	BAD_REQUEST = 400,
	UNAUTHORIZED = 401,
	FORBIDDEN = 403,
	NOT_FOUND = 404,
	NOT_IMPLEMENTED = 501,
	BAD_GATEWAY = 502,
	GATEWAY_TIMEOUT = 504,
	/* pveproxy's own, when it cannot pass a request on to the node it is for. */
	PROXY_CONNECT = 595,
	PROXY_TLS = 596,
	PROXY_OTHER = 599,
};

/* Words that must all occur, in any order; the first row that fits decides. */
static const struct {
	const char *has[2];
	enum pxc_errkind kind;
} phrases[] = {
	{ { "can't lock file", "got timeout" }, PXC_EBUSY },
	{ { "cfs-lock", "got lock request timeout" }, PXC_EBUSY },
	{ { "VM is locked", "" }, PXC_EBUSY },
	{ { "CT is locked", "" }, PXC_EBUSY },
	{ { "got no worker upid", "" }, PXC_EBUSY },
	{ { "checksum mismatch", "file change" }, PXC_ECONFLICT },
	{ { "detected modified configuration", "" }, PXC_ECONFLICT },
	{ { "already exists", "" }, PXC_ECONFLICT },
	{ { "already defined", "" }, PXC_ECONFLICT },
	{ { "IP '", "already exist" }, PXC_ECONFLICT }, /* PVE's own list of addresses */
	{ { "already exist in vnet", "" }, PXC_ECONFLICT },
	{ { "already exist in zone", "" }, PXC_ECONFLICT },
	{ { "already running", "" }, PXC_ECONFLICT },
	{ { "already a pool member", "" }, PXC_ECONFLICT },
	{ { "is not a pool member", "" }, PXC_ECONFLICT },
	{ { "snapshot name", "already used" }, PXC_ECONFLICT },
	{ { "refusing to override existing file", "" }, PXC_ECONFLICT },
	{ { "no such option", "" }, PXC_EINVAL },
	{ { "does not exist", "" }, PXC_ENOTFOUND },
	{ { "no such ", "" }, PXC_ENOTFOUND },
	{ { "No such ", "" }, PXC_ENOTFOUND },
	{ { "unable to find configuration file", "" }, PXC_ENOTFOUND },
	{ { "not HA managed", "" }, PXC_ENOTFOUND },
};

enum pxc_errkind pve_words_kind(const char *words)
{
	/* A missing file of the server's own machinery is no missing object of ours. */
	if (strstr(words, "No such file or directory"))
		return PXC_EREMOTE;
	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		if (strstr(words, phrases[i].has[0]) && strstr(words, phrases[i].has[1]))
			return phrases[i].kind;
	return PXC_EREMOTE;
}

bool pve_words_guest_gone(const char *words)
{
	return (str_starts(words, "Configuration file '") && strstr(words, "does not exist")) ||
	       str_starts(words, "unable to find configuration file");
}

bool pve_words_sdn_locked(const char *words)
{
	return strstr(words, "invalid lock token") != NULL;
}

bool pve_words_sdn_pending(const char *words)
{
	return strstr(words, "has pending changes") != NULL;
}

/* Add text with runs of white space as one blank, none at the ends; lines are set apart by ';'. */
static void add_folded(struct pxc_buf *out, const char *text)
{
	bool gap = false, line = false;
	size_t start = out->len;

	for (; *text; text++) {
		if (isspace((unsigned char)*text)) {
			gap = true;
			line = line || *text == '\n';
			continue;
		}
		if (gap && out->len > start)
			buf_adds(out,
				 line && !strchr(":;,.", out->data[out->len - 1]) ? "; " : " ");
		gap = line = false;
		buf_addc(out, *text);
	}
}

/* "key: text" of each field's error, sorted so that the same failure always reads the same. */
static void add_fields(struct pxc_buf *out, const json_t *errors)
{
	json_auto_t *sorted = json_array();
	json_t *walk = json_incref((json_t *)(uintptr_t)errors), *value;
	const char *key;
	size_t n = 0;

	json_object_foreach (walk, key, value) {
		size_t at = 0;

		while (at < n && strcmp(json_string_value(json_array_get(sorted, at)), key) < 0)
			at++;
		n += json_array_insert_new(sorted, at, json_string(key)) == 0;
	}
	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_array_get(sorted, i));
		const char *text = json_string_value(json_object_get(errors, name));

		buf_printf(out, "%s%s: ", i ? ", " : ": ", name);
		add_folded(out, text ? text : "invalid");
	}
	json_decref(walk);
}

/* PVE's words for a failure: the message of the body, else the reason phrase, and each field's error. */
static char *words_of(const struct pve_reply *reply)
{
	const char *message = json_string_value(json_object_get(reply->body, "message"));
	const json_t *errors = json_object_get(reply->body, "errors");
	struct pxc_buf out = { .data = NULL };

	if (json_is_string(reply->body) && !*reply->reason)
		message = json_string_value(reply->body);
	add_folded(&out, message ? message : reply->reason);
	if (!out.len)
		buf_printf(&out, "HTTP status %d without any word", reply->status);
	if (json_object_size(errors) > 0) {
		while (out.len && strchr(" .", out.data[out.len - 1]))
			out.data[--out.len] = '\0';
		add_fields(&out, errors);
	} else if (reply->status == BAD_REQUEST && json_is_object(errors)) {
		buf_adds(&out, " (the server does not say which)");
	}
	return buf_take(&out);
}

static int fail(struct pxc_err *err, enum pxc_errkind kind, int http, const char *text)
{
	(void)pxc_fail(err, kind, "%s", text);
	err->http = http;
	return -1;
}

static enum pve_verdict judge_500(const char *words, int http, struct pxc_err *err)
{
	enum pxc_errkind kind = pve_words_kind(words);

	(void)fail(err, kind, http, words);
	return kind == PXC_EBUSY ? PVE_AGAIN : PVE_FAILED;
}

static enum pve_verdict judge_400(const char *words, struct pxc_err *err)
{
	enum pxc_errkind kind = pve_words_kind(words);

	(void)fail(err, kind == PXC_ECONFLICT || kind == PXC_ENOTFOUND ? kind : PXC_EINVAL,
		   BAD_REQUEST, words);
	return PVE_FAILED;
}

static enum pve_verdict judge_200(const struct pve_reply *reply, struct pxc_err *err)
{
	if (json_object_get(reply->body, "data"))
		return PVE_FINE;
	(void)fail(err, PXC_EREMOTE, reply->status,
		   reply->body
			   ? "the answer has no \"data\": this is not the API of a PVE server"
			   : "the answer is not JSON: this is not the API of a PVE server, or the "
			     "answer was cut off");
	return PVE_FAILED;
}

enum pve_verdict pve_judge(const struct pve_reply *reply, const struct pve_asked *asked,
			   struct pxc_err *err)
{
	int http = reply->status;
	auto_free char *words = http == OK ? NULL : words_of(reply);

	switch (http) {
	case OK:
		return judge_200(reply, err);
	case UNAUTHORIZED:
		(void)fail(err, PXC_EDENIED, http, words);
		return PVE_LOGIN;
	case FORBIDDEN:
		pve_denied(words, asked, err);
		err->http = http;
		return PVE_FAILED;
	case BAD_REQUEST:
		return judge_400(words, err);
	case NOT_FOUND:
		(void)fail(err, PXC_ENOTFOUND, http, words);
		return PVE_FAILED;
	case NOT_IMPLEMENTED:
		(void)pxc_fail(err, PXC_EREMOTE, "%s (is this PVE too old, or too new?)", words);
		err->http = http;
		return PVE_FAILED;
	case PROXY_CONNECT:
	case PROXY_TLS:
	case PROXY_OTHER:
		(void)pxc_fail(err, PXC_EREMOTE, "the node does not answer the cluster (%d %s)",
			       http, words);
		err->http = http;
		return PVE_UNSURE;
	default:
		if (http >= BAD_GATEWAY && http <= GATEWAY_TIMEOUT) {
			(void)pxc_fail(err, PXC_EREMOTE, "a proxy before the server failed (%d %s)",
				       http, words);
			err->http = http;
			return PVE_UNSURE;
		}
		return judge_500(words, http, err);
	}
}
