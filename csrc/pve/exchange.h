/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exchange.h - one request with all its tries: which URL, when again, and when to give up. Layer: pve.
 *
 * The event loop of the client: exchanges are submitted, pve_pump() moves them on, and each calls done() once at its
 * end, from within pve_pump(). Everything that waits (a poll, a back-off) is an exchange submitted for later.
 */
#pragma once

#include "pve/client.h"

struct pve_exchange {
	/* in; borrowed until done */
	const char *method, *path;
	const json_t *params;
	int64_t deadline; /* pve_now_ms(); 0 = none but the request's own */
	bool repeatable;  /* sending it twice does no harm: every GET, and the login */
	bool naked;       /* the login: goes first and without authorisation */
	void (*done)(struct pve_client *pve, struct pve_exchange *self);
	void *owner;
	struct pxc_err *err; /* must be given; kind PXC_OK at done: it worked */
	/* out, for the time of done() */
	const json_t *body; /* the whole answer, which has "data"; borrowed */
	const json_t *data; /* borrowed from body */
	int http;           /* the last status; 0 = none came */
	/* the engine's */
	struct pve_exchange *next;
	enum { PVE_IDLE, PVE_WAITING, PVE_SENT } state;
	size_t endpoint;
	int64_t not_before, first_failure; /* first_failure 0 = none yet */
	unsigned tries, generation;        /* generation of the login it was sent with */
	bool logged_in_again;
};

/* Start over: the out fields are cleared, the exchange is queued, to be sent after delay_ms at the earliest. */
void pve_submit(struct pve_client *pve, struct pve_exchange *x, uint32_t delay_ms);

/* Take a waiting exchange back; done() is not called. false: it was sent, and must be waited for. */
bool pve_withdraw(struct pve_client *pve, struct pve_exchange *x);

/* Enough for a wait that something else ends. */
#define PVE_LONG_MS 60000

/* Send what may be sent, wait up to max_wait_ms for something to happen, handle it. */
void pve_pump(struct pve_client *pve, uint32_t max_wait_ms);
