/* SPDX-License-Identifier: GPL-3.0-or-later */
/* curl_parts.h - the parts of the libcurl transport: curl.c runs them, nobody else includes this. Layer: pve. */
#pragma once

#include <curl/curl.h>

#include "base/buf.h"
#include "pve/transport.h"

#define FINGERPRINT_BYTES 32                     /* SHA-256 */
#define FINGERPRINT_TEXT (3 * FINGERPRINT_BYTES) /* "AA:BB:...", NUL included */

/* How the servers' certificates are checked; one for all endpoints. */
struct curl_tls {
	bool verify, pinned, ca_is_folder;
	unsigned char pin[FINGERPRINT_BYTES];
	char *ca_path; /* owned; NULL = the system's */
};

struct curl_endpoint {
	const char *url;              /* borrowed */
	const struct curl_tls *tls;   /* borrowed */
	char shown[FINGERPRINT_TEXT]; /* by the server last; "" before */
};

/* One request under way; kept for the next one together with its curl handle. */
struct curl_exchange {
	CURL *easy;
	void *tag;
	const struct curl_endpoint *endpoint;
	struct curl_exchange *next; /* in a list: idle, or refused before sending */
	bool write;                 /* not a GET: never sent twice */
	unsigned sendings;          /* how often a connection stood ready and curl began to send */
	bool too_large;             /* the answer grew over its ceiling */
	uint32_t deadline_ms, connect_ms;
	struct pxc_buf url, form, body;
	int status;
	char reason[300];
	char problem[CURL_ERROR_SIZE]; /* libcurl's own words */
};

/* EINVAL: fingerprint that is none, ca_path that is not there. */
must_check int curl_tls_init(struct curl_tls *tls, const struct pve_tls *wish, struct pxc_err *err);
void curl_tls_release(struct curl_tls *tls);

/* The options that are the same for every request to any endpoint. */
void curl_tls_apply(const struct curl_tls *tls, CURL *easy);
/* Those that belong to one endpoint, which must outlive the handle's connections. */
void curl_tls_target(struct curl_endpoint *endpoint, CURL *easy);

/* Fill outcome, fatal and problem of an exchange that ended without an answer. */
void curl_explain(const struct curl_exchange *x, CURLcode code, struct pve_reply *ret);
