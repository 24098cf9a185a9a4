/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fileserver.h - a web server on loopback that gives everybody the same file. */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define QCOW2_HEAD "QFI\xfb\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\20\0\0\0\0\200\0\0\0"
#define QCOW2_LEN 32 /* a header that says: 2 GiB */

struct file_server {
	uint16_t port;
	/* A test that holds it makes clients wait for their answer. */
	pthread_mutex_t hold;
	/* inside */
	int fd;
	const char *data;
	size_t len;
	pthread_t thread;
};

/* data is borrowed. Fails the test. */
void file_server_start(struct file_server *server, const char *data, size_t len);
void file_server_stop(struct file_server *server);
