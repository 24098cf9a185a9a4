/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exchange.h - one HTTP request on its way, between the daemon (http.c) and the cluster. Layer: sim. */
#pragma once

#include <microhttpd.h>
#include <pthread.h>

#include "sim/request.h"

#define EXCHANGE_MAX_HEADERS 64

struct sim_http {
	struct sim *sim;
	struct MHD_Daemon *daemon;
	double speed;
	bool manual;
	int64_t last_ms; /* wall clock of the last look at the cluster's */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t waker;
	struct exchange *waiting; /* list by next_waiting */
	bool stopping;
};

/* One request on its way. */
struct exchange {
	struct sim_http *http;
	struct MHD_Connection *connection;
	char *target;
	struct pxc_buf body;
	bool too_big, answered;
	const char *headers[EXCHANGE_MAX_HEADERS + 1];
	unsigned header_count;
	struct sim_request request;
	struct sim_reply reply;
	int64_t due_ms; /* wall clock: when to go on */
	struct exchange *next_waiting;
};

/* libmicrohttpd's callbacks; their context is the struct sim_http. */
void *exchange_on_uri(void *ctx, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *data,
				    size_t *data_len, void **slot);
void exchange_on_completed(void *ctx, struct MHD_Connection *connection, void **slot,
			   enum MHD_RequestTerminationCode code);
void exchange_on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
			    enum MHD_ConnectionNotificationCode code);
