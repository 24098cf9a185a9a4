/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tlsserver.h - a small HTTPS server on loopback that misbehaves on request: what the simulator cannot do.
 *
 * It answers by path (below /api2/json):
 *	/ok         200 {"data":"ok"}           /echo       200 {"data":{"line","headers","body"}}
 *	/locked     500 with a reason phrase in UTF-8, and closes
 *	/latin1     500 with a reason phrase that is not UTF-8, and closes
 *	/html       200 that is not JSON        /garbage    no HTTP at all
 *	/truncated  less than Content-Length    /large      an endless answer
 *	/drop       reads the request, closes   /slow       answers after SLOW_MS
 *	/second     200 when it is the first request on its connection, else reads it and closes
 *	/refused    501 before the body is read, and closes
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define SLOW_MS 700

struct tls_server {
	char url[64];         /* "https://127.0.0.1:PORT" */
	char ca_file[64];     /* its own certificate, PEM */
	char fingerprint[96]; /* SHA-256 of it, "AA:BB:..." */
	atomic_uint requests, connections;
	/* inside */
	bool plain;
	int listener;
	void *context, *connections_list;
	pthread_t thread;
	pthread_mutex_t lock;
};

/* name: what the certificate is for, "IP:127.0.0.1" or "DNS:example.org"; NULL = no TLS. Fails the test. */
void tls_server_start(struct tls_server *server, const char *name);
void tls_server_stop(struct tls_server *server);
