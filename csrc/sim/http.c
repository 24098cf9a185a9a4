/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http.c - the HTTPS face: libmicrohttpd for the protocol, one thread for all connections.
 *
 * PVE puts its message into the reason phrase, and libmicrohttpd always takes that from its own table. So the
 * table's two lookup functions are replaced here (the program's symbols come before the library's) by ones
 * that know the phrase of the reply which is just being built; MHD builds the header in the same thread,
 * right after the reply was queued. Where a system binds the library's calls inside itself, the standard
 * phrases appear and clients read the message from the body.
 *
 * A reply that has to wait suspends its connection; a second thread wakes it when its time has come.
 */
#include "sim/http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sim/request.h"

#define REQUESTS_PER_CONNECTION 100
#define IDLE_S 5
#define MAX_HEADERS 64
#define MAX_UPLOAD (256u << 20)

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
	const char *headers[MAX_HEADERS + 1];
	unsigned header_count;
	struct sim_request request;
	struct sim_reply reply;
	int64_t due_ms; /* wall clock: when to go on */
	struct exchange *next_waiting;
};

static _Thread_local const char *phrase; /* of the reply being built in this thread; NULL = none */

const char *MHD_get_reason_phrase_for(unsigned int code)
{
	(void)code;
	return phrase && *phrase ? phrase : "OK";
}

size_t MHD_get_reason_phrase_len_for(unsigned int code)
{
	return strlen(MHD_get_reason_phrase_for(code));
}

/* The cluster's clock follows the wall clock, times speed; with speed 0 it still ticks, only tasks do not wait. */
static void follow_clock(struct sim_http *http)
{
	int64_t now = pxc_system_clock.mono_ms(&pxc_system_clock);
	double factor = http->speed > 0 ? http->speed : 1;
	int64_t ms = (int64_t)((double)(now - http->last_ms) * factor);

	if (http->manual)
		ms = 0;
	else if (ms > 0)
		http->last_ms = now;
	sim_run_until(http->sim, sim_now_ms(http->sim) + (ms > 0 ? ms : 0));
}

static int64_t wall_delay(const struct sim_http *http, int64_t cluster_ms)
{
	return http->speed > 0 && cluster_ms > 0 ? (int64_t)((double)cluster_ms / http->speed) + 1
						 : 0;
}

static enum MHD_Result add_header(void *ctx, enum MHD_ValueKind kind, const char *key,
				  const char *value)
{
	struct exchange *exchange = ctx;

	(void)kind;
	if (exchange->header_count < MAX_HEADERS)
		exchange->headers[exchange->header_count++] =
			pxc_printf("%s: %s", key, value ? value : "");
	return MHD_YES;
}

static void *on_uri(void *ctx, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *exchange = pxc_calloc(1, sizeof(*exchange));

	exchange->http = ctx;
	exchange->connection = connection;
	exchange->target = pxc_strdup(uri);
	return exchange;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **slot,
			 enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *slot;

	(void)ctx;
	(void)connection;
	(void)code;
	if (!exchange)
		return;
	for (unsigned i = 0; i < exchange->header_count; i++)
		free((char *)(uintptr_t)exchange->headers[i]);
	free(exchange->target);
	buf_release(&exchange->body);
	sim_reply_release(&exchange->reply);
	free(exchange);
	*slot = NULL;
}

/* How many requests this connection has had; kept where MHD lets a program keep something. */
static bool worn_out(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	unsigned *count = info ? info->socket_context : NULL;

	return count && ++*count >= REQUESTS_PER_CONNECTION;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	(void)ctx;
	(void)connection;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = pxc_calloc(1, sizeof(unsigned));
	} else {
		free(*socket_context);
		*socket_context = NULL;
	}
}

static enum MHD_Result send_reply(struct exchange *exchange)
{
	struct sim_reply *reply = &exchange->reply;
	struct MHD_Response *response;
	enum MHD_Result queued;

	if (!reply->status)
		return MHD_NO; /* the connection ends without an answer */
	if (!reply->body)
		reply->body = pxc_strdup("");
	response = MHD_create_response_from_buffer(reply->body_len, reply->body,
						   MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	reply->body = NULL;
	if (reply->content_type)
		MHD_add_response_header(response, "Content-Type", reply->content_type);
	MHD_add_response_header(response, "Server", "pve-api-daemon/3.0");
	MHD_add_response_header(response, "Cache-Control", "max-age=0");
	if (reply->close || worn_out(exchange->connection))
		MHD_add_response_header(response, "Connection", "close");
	phrase = reply->reason;
	queued = MHD_queue_response(exchange->connection, (unsigned)reply->status, response);
	MHD_destroy_response(response);
	return queued;
}

/* Sleep until due_ms, without holding up the other connections. The lock is held. */
static void suspend_until(struct exchange *exchange, int64_t due_ms)
{
	struct sim_http *http = exchange->http;

	exchange->due_ms = due_ms;
	exchange->next_waiting = http->waiting;
	http->waiting = exchange;
	MHD_suspend_connection(exchange->connection);
	pthread_cond_signal(&http->changed);
}

/* With the clock moved by hand whoever waits for the cluster moves it. */
static void answer_manual(struct exchange *exchange)
{
	struct sim *sim = exchange->http->sim;
	int64_t again_ms = 0;

	sim_run_until(sim, sim_now_ms(sim));
	while (!sim_answer(sim, &exchange->request, &exchange->reply, &again_ms))
		sim_run_until(sim, again_ms);
	sim_advance(sim, exchange->reply.delay_ms);
}

/* Ask the cluster; send the reply now, or when it is due. */
static enum MHD_Result go_on(struct exchange *exchange)
{
	struct sim_http *http = exchange->http;
	int64_t again_ms = 0, now, wait;
	bool done;

	if (exchange->answered)
		return send_reply(exchange);
	pthread_mutex_lock(&http->lock);
	if (http->stopping) {
		pthread_mutex_unlock(&http->lock);
		return MHD_NO;
	}
	if (http->manual) {
		answer_manual(exchange);
		exchange->answered = true;
		pthread_mutex_unlock(&http->lock);
		return send_reply(exchange);
	}
	follow_clock(http);
	done = sim_answer(http->sim, &exchange->request, &exchange->reply, &again_ms);
	now = pxc_system_clock.mono_ms(&pxc_system_clock);
	wait = wall_delay(http, done ? (int64_t)exchange->reply.delay_ms
				     : again_ms - sim_now_ms(http->sim));
	exchange->answered = done;
	if (!done || wait > 0)
		suspend_until(exchange, now + (wait > 0 ? wait : 1));
	pthread_mutex_unlock(&http->lock);
	return done && wait <= 0 ? send_reply(exchange) : MHD_YES;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **slot)
{
	struct exchange *exchange = *slot;

	(void)ctx;
	(void)url;
	(void)version;
	phrase = NULL;
	if (!exchange->request.method) {
		MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, exchange);
		exchange->request.method = method;
		exchange->request.target = exchange->target;
		exchange->request.headers = exchange->headers;
		return MHD_YES;
	}
	if (*data_len) {
		if (exchange->body.len + *data_len > MAX_UPLOAD)
			return MHD_NO;
		buf_add(&exchange->body, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	exchange->request.body = exchange->body.data;
	exchange->request.body_len = exchange->body.len;
	return go_on(exchange);
}

/* Resume what is due; returns the wall clock of the next one, INT64_MAX = none. The lock is held. */
static int64_t wake_due(struct sim_http *http, bool all)
{
	int64_t now = pxc_system_clock.mono_ms(&pxc_system_clock), next = INT64_MAX;
	struct exchange **at = &http->waiting;

	while (*at) {
		struct exchange *exchange = *at;

		if (all || exchange->due_ms <= now) {
			*at = exchange->next_waiting;
			MHD_resume_connection(exchange->connection);
			continue;
		}
		if (exchange->due_ms < next)
			next = exchange->due_ms;
		at = &exchange->next_waiting;
	}
	return next;
}

static void *run_waker(void *ctx)
{
	struct sim_http *http = ctx;

	pthread_mutex_lock(&http->lock);
	while (!http->stopping) {
		int64_t next = wake_due(http, false);
		struct timespec until = { .tv_sec = next / 1000, .tv_nsec = next % 1000 * 1000000 };

		if (next == INT64_MAX)
			pthread_cond_wait(&http->changed, &http->lock);
		else
			pthread_cond_timedwait(&http->changed, &http->lock, &until);
	}
	for (struct exchange *exchange = http->waiting; exchange; exchange = exchange->next_waiting)
		exchange->answered = true;
	wake_due(http, true);
	pthread_mutex_unlock(&http->lock);
	return NULL;
}

static struct MHD_Daemon *start_daemon(struct sim_http *http,
				       const struct sim_http_options *options,
				       struct sockaddr *address)
{
	unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS |
			 MHD_ALLOW_SUSPEND_RESUME;

	if (address->sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(
		flags, options->port, NULL, NULL, on_request, http, MHD_OPTION_SOCK_ADDR, address,
		MHD_OPTION_HTTPS_MEM_CERT, options->cert_pem, MHD_OPTION_HTTPS_MEM_KEY,
		options->key_pem, MHD_OPTION_URI_LOG_CALLBACK, on_uri, http,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, http, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(64 << 10),
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
}

static int read_address(const struct sim_http_options *options, struct sockaddr_storage *ret,
			struct pxc_err *err)
{
	const char *text = options->listen ? options->listen : "127.0.0.1";
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(options->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(options->port) };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		memcpy(ret, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		memcpy(ret, &v6, sizeof(v6));
	else
		return pxc_fail(err, PXC_EINVAL, "%s is no IP address to listen on", text);
	return 0;
}

int sim_http_start(struct sim *sim, const struct sim_http_options *options, struct sim_http **ret,
		   struct pxc_err *err)
{
	struct sim_http *http = pxc_calloc(1, sizeof(*http));
	struct sockaddr_storage address = { 0 };
	pthread_condattr_t monotonic;

	if (read_address(options, &address, err) < 0) {
		free(http);
		return -1;
	}
	http->sim = sim;
	http->speed = options->speed;
	http->manual = options->manual;
	http->last_ms = pxc_system_clock.mono_ms(&pxc_system_clock);
	pthread_mutex_init(&http->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&http->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	http->daemon = start_daemon(http, options, (struct sockaddr *)&address);
	if (!http->daemon || pthread_create(&http->waker, NULL, run_waker, http)) {
		if (http->daemon)
			MHD_stop_daemon(http->daemon);
		free(http);
		return pxc_fail(err, PXC_EREMOTE, "cannot listen on %s port %u",
				options->listen ? options->listen : "127.0.0.1", options->port);
	}
	*ret = http;
	return 0;
}

uint16_t sim_http_port(const struct sim_http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info ? info->port : 0;
}

void sim_http_stop(struct sim_http *http)
{
	pthread_mutex_lock(&http->lock);
	http->stopping = true;
	pthread_cond_signal(&http->changed);
	pthread_mutex_unlock(&http->lock);
	pthread_join(http->waker, NULL);
	MHD_stop_daemon(http->daemon);
	pthread_cond_destroy(&http->changed);
	pthread_mutex_destroy(&http->lock);
	free(http);
}
