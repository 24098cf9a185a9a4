/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http.h - the HTTPS face of a simulated cluster (libmicrohttpd). Layer: sim. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "sim/sim.h"

struct sim_http;

struct sim_http_options {
	const char *listen;             /* address; NULL = 127.0.0.1 */
	uint16_t port;                  /* 0 = any that is free */
	const char *cert_pem, *key_pem; /* borrowed as long as the face lives */
	bool manual; /* the clock stands still: only requests that wait, and /sim/advance, move it */
	double speed; /* cluster seconds per wall second; delays are divided by it, 0 = none */
};

/* Answers from now on, in a thread of its own; nobody else may touch sim until sim_http_stop(). */
must_check int sim_http_start(struct sim *sim, const struct sim_http_options *options,
			      struct sim_http **ret, struct pxc_err *err);
uint16_t sim_http_port(const struct sim_http *http);
/* Connections are closed; sim stays the caller's. */
void sim_http_stop(struct sim_http *http);
