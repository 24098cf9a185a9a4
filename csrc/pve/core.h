/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core.h - the client's inside, shared by the files of this layer and nobody else. Layer: pve. */
#pragma once

#include "pve/client.h"
#include "pve/exchange.h"

#define PVE_BACKOFF_MS 100u      /* the first wait before another try; doubles */
#define PVE_BACKOFF_MAX_MS 5000u /* the longest */

/* The wait after a failure when n came before it. */
uint32_t pve_backoff(unsigned n);

struct pve_endpoint {
	unsigned inflight, failures; /* failures in a row */
	int64_t down_until;          /* no request before */
	bool proven;   /* it answered once; before that it gets one request at a time */
	bool fatal;    /* it will never do: TLS */
	char *problem; /* of the last failure; owned */
};

enum login_state { LOGIN_NEEDED, LOGIN_UNDER_WAY, LOGIN_READY, LOGIN_FAILED };

struct pve_login {
	enum login_state state;
	char *user, *token;            /* owned; token "" with a ticket */
	char *who;                     /* owned; "user" or "user!token", for sentences */
	char *password, *otp, *ticket; /* owned, secret; NULL with a token */
	char *lines[2];                /* owned header lines: authorisation or cookie, CSRF token */
	const char *headers[2][3];     /* for reads and for writes; NULL-terminated */
	unsigned generation;           /* counts tickets */
	int64_t since;                 /* when the ticket was got */
	bool renewing, second; /* with the ticket as password; answering the TFA challenge */
	json_t *params;        /* of x */
	struct pve_exchange x;
	struct pxc_err x_err, err; /* of x; why LOGIN_FAILED */
};

struct pve_queue {
	struct pve_exchange *head, *tail;
};

struct pve_client {
	struct pve_transport *transport;
	struct pve_workers *workers; /* NULL until some step needs one */
	struct pve_endpoint *endpoints;
	size_t nendpoints;
	unsigned per_endpoint;
	uint32_t timeout_ms, retry_ms;
	int64_t trouble_since; /* no answer from anywhere since then; 0 = none missing */
	struct pve_queue ready, delayed;
	size_t nsent;         /* under way */
	unsigned long nended; /* done() calls so far */
	unsigned long requests;
	struct pve_login login;
	json_t *warnings;
	char *sdn_token; /* owned; NULL = none */
	bool packs;      /* asked for by pve_pack_reads(), and not refused so far */
};

/* pack.c: reads that can be packed; answered[i]: data or err of reads[i] is there. */
void pve_read_packed(struct pve_client *pve, struct pve_read *reads, size_t nreads, bool *answered);

/* EINVAL: missing, contradictory or malformed credentials. */
must_check int pve_login_init(struct pve_login *login, const struct pve_options *options,
			      struct pxc_err *err);
void pve_login_release(struct pve_login *login);

/* May requests go out now? Starts a login where one is needed, or a renewal where it is time. */
bool pve_login_ready(struct pve_client *pve);
/* 401 for a request sent with that generation: false when another login cannot help. */
bool pve_login_again(struct pve_client *pve, unsigned generation);
