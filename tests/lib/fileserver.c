/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/fileserver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void *serve(void *ctx)
{
	struct file_server *server = ctx;
	char request[2048];

	for (;;) {
		int client = accept(server->fd, NULL, NULL);

		if (client < 0)
			return NULL;
		if (recv(client, request, sizeof(request), 0) > 0) {
			pthread_mutex_lock(&server->hold);
			pthread_mutex_unlock(&server->hold);
			dprintf(client, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n",
				server->len);
			if (send(client, server->data, server->len, MSG_NOSIGNAL) < 0)
				print_message("client is gone\n");
		}
		close(client);
	}
}

void file_server_start(struct file_server *server, const char *data, size_t len)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	*server = (struct file_server){ .data = data, .len = len };
	assert_int_equal(pthread_mutex_init(&server->hold, NULL), 0);
	server->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->fd, 4), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void file_server_stop(struct file_server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	close(server->fd);
	pthread_join(server->thread, NULL);
	pthread_mutex_destroy(&server->hold);
}
