/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http.c - the HTTPS face: libmicrohttpd for the protocol, one thread for all connections.
 *
 * A reply that has to wait suspends its connection (exchange.c); a second thread, here, wakes it when its
 * time has come.
 */
#include "sim/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sim/exchange.h"

#define IDLE_S 5

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
		flags, options->port, NULL, NULL, exchange_on_request, http, MHD_OPTION_SOCK_ADDR,
		address, MHD_OPTION_HTTPS_MEM_CERT, options->cert_pem, MHD_OPTION_HTTPS_MEM_KEY,
		options->key_pem, MHD_OPTION_URI_LOG_CALLBACK, exchange_on_uri, http,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_on_completed, http,
		MHD_OPTION_NOTIFY_CONNECTION, exchange_on_connection, http,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)(64 << 10), MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
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
