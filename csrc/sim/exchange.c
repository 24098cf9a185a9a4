/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exchange.c - one HTTP request: its parts collected, the cluster asked, the reply sent, now or when it is due.
 *
 * PVE puts its message into the reason phrase, and libmicrohttpd always takes that from its own table. So the
 * table's two lookup functions are replaced here (the program's symbols come before the library's) by ones
 * that know the phrase of the reply which is just being built; MHD builds the header in the same thread,
 * right after the reply was queued. Where a system binds the library's calls inside itself, the standard
 * phrases appear and clients read the message from the body.
 */
#include "sim/exchange.h"

#include <string.h>

#include "base/clock.h"

#define REQUESTS_PER_CONNECTION 100
#define MAX_UPLOAD (256u << 20)

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
	if (exchange->header_count < EXCHANGE_MAX_HEADERS)
		exchange->headers[exchange->header_count++] =
			pxc_printf("%s: %s", key, value ? value : "");
	return MHD_YES;
}

void *exchange_on_uri(void *ctx, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *exchange = pxc_calloc(1, sizeof(*exchange));

	exchange->http = ctx;
	exchange->connection = connection;
	exchange->target = pxc_strdup(uri);
	return exchange;
}

void exchange_on_completed(void *ctx, struct MHD_Connection *connection, void **slot,
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

void exchange_on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
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

enum MHD_Result exchange_on_request(void *ctx, struct MHD_Connection *connection, const char *url,
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
