/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * transport.h - the one seam between us and a cluster: requests go in, replies come out, in any order.
 *
 * Implementations: curl.c (the real one), tests/lib/script.c (a list of expected exchanges), tests/lib/simlink.c
 * (the simulator in process, on virtual time). Everything above (login, fail-over, retry, tasks) is written
 * against this and so tested without a network. Layer: pve.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct pve_request {
	const char *method; /* GET POST PUT DELETE */
	const char *path;   /* below /api2/json, percent-encoded, without query: "/nodes/n1/qemu" */
	/* Object or NULL: string, integer, boolean (sent as 0/1), array of strings (the key repeated). Sent as
	 * query for GET and DELETE, as form body else. */
	const json_t *params;
	size_t endpoint; /* index into the client's list of API URLs */
	/* NULL-terminated "Name: value" lines (authorisation), or NULL. */
	const char *const *headers;
	uint32_t deadline_ms; /* for the whole exchange */
};

enum pve_outcome {
	PVE_REPLIED,   /* an HTTP status arrived */
	PVE_UNREACHED, /* nothing was sent: DNS, refused, TLS, no route */
	PVE_LOST,      /* the request may have been worked on, the answer is not known */
	PVE_REFUSED,   /* not sent and never will be: larger than PXC_MAX_BODY */
};

struct pve_reply {
	enum pve_outcome outcome;
	int status;       /* HTTP status when REPLIED */
	char reason[300]; /* reason phrase; PVE puts its message there */
	json_t *body;     /* owned by the receiver; all of it parsed; NULL when empty or not JSON */
	/* No retry will change it: TLS verification (UNREACHED), an answer over PXC_MAX_REPLY (LOST). */
	bool fatal;
	/* Not REPLIED: one sentence for people: what failed, with which URL, what to do. */
	char problem[600];
};

struct pve_transport {
	/* Begin; never blocks. tag comes back with the reply. All of request is borrowed for the call only. */
	void (*start)(struct pve_transport *self, const struct pve_request *request, void *tag);
	/* Wait up to wait_ms for one reply; also the way to sleep when nothing is under way. false: none came. */
	bool (*next)(struct pve_transport *self, uint32_t wait_ms, void **ret_tag,
		     struct pve_reply *ret);
	int64_t (*now_ms)(struct pve_transport *self); /* monotonic; virtual in tests */
	/* From any thread: next() returns false at once, the present call or the one after. NULL = cannot. */
	void (*wake)(struct pve_transport *self);
	void (*destroy)(struct pve_transport *self); /* abandons what is under way */
};

struct pve_tls {
	bool verify;         /* false: no check at all (validate_certs: false) */
	const char *ca_path; /* PEM file or folder; NULL = the system's */
	/* SHA-256 of the server's certificate, 64 hex digits with or without ':'; NULL = none. */
	const char *fingerprint;
};

/*
 * libcurl: one event loop, no threads of ours. A GET that meets a dead kept connection is sent again on a new one; any
 * other method is sent at most once. A fingerprint decides alone; then neither ca_path nor the certificate's names
 * and dates count. Proxies are taken from the environment (https_proxy, no_proxy), as other clients do.
 *
 * urls          nurls of "https://host:8006", borrowed for the transport's life
 * per_endpoint  connections kept to each
 * err           EINVAL: malformed fingerprint, ca_path that is not there
 */
must_check int pve_curl_create(const char *const *urls, size_t nurls, const struct pve_tls *tls,
			       unsigned per_endpoint, struct pve_transport **ret,
			       struct pxc_err *err);
