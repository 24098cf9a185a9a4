/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/tlsserver.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

struct connection {
	struct connection *next;
	struct tls_server *server;
	pthread_t thread;
	int fd;
	SSL *ssl; /* NULL = plain */
	unsigned nrequests;
};

/* --- certificate -------------------------------------------------------------------------------------- */

static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
	X509_EXTENSION *ca =
		X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

	assert_non_null(alt);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1,
				   -1, 0);
	X509_set_issuer_name(cert, subject);
	X509_set_pubkey(cert, key);
	X509_add_ext(cert, alt, -1);
	X509_add_ext(cert, ca, -1);
	X509_EXTENSION_free(alt);
	X509_EXTENSION_free(ca);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	return cert;
}

static void note_certificate(struct tls_server *s, X509 *cert)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	FILE *file;
	int fd;

	X509_digest(cert, EVP_sha256(), digest, &len);
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(s->fingerprint + 3 * (size_t)i, 4, i + 1 < len ? "%02X:" : "%02X",
			       digest[i]);
	(void)snprintf(s->ca_file, sizeof(s->ca_file), "/tmp/pxc-test-ca-XXXXXX");
	fd = mkstemp(s->ca_file);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	PEM_write_X509(file, cert);
	(void)fclose(file);
}

static void make_context(struct tls_server *s, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_certificate(key, name);

	s->context = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(s->context, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(s->context, key), 1);
	note_certificate(s, cert);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* --- bytes -------------------------------------------------------------------------------------------- */

static ssize_t get(struct connection *c, void *bytes, size_t len)
{
	return c->ssl ? SSL_read(c->ssl, bytes, (int)len) : recv(c->fd, bytes, len, 0);
}

static bool put(struct connection *c, const char *bytes, size_t len)
{
	while (len) {
		int part = len > 16384 ? 16384 : (int)len;
		ssize_t n = c->ssl ? SSL_write(c->ssl, bytes, part)
				   : send(c->fd, bytes, (size_t)part, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static void answer(struct connection *c, const char *status, const char *type, const char *body)
{
	auto_buf struct pxc_buf out = { .data = NULL };

	buf_printf(&out, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", status, type,
		   strlen(body));
	/* As PVE does after every failure. */
	if (*status >= '4')
		buf_adds(&out, "Connection: close\r\n");
	buf_printf(&out, "\r\n%s", body);
	(void)put(c, buf_str(&out), out.len);
}

/* Read up to the end of the header lines, and the body unless it is to be refused. */
static bool read_request(struct connection *c, struct pxc_buf *head, struct pxc_buf *body)
{
	char byte;
	const char *length;
	size_t left;

	while (head->len < 4 || strcmp(head->data + head->len - 4, "\r\n\r\n") != 0) {
		if (get(c, &byte, 1) != 1)
			return false;
		buf_addc(head, byte);
	}
	length = strcasestr(head->data, "\r\nContent-Length:");
	left = length && !strstr(head->data, "/refused") ? strtoul(length + 17, NULL, 10) : 0;
	for (; left; left--) {
		if (get(c, &byte, 1) != 1)
			return false;
		buf_addc(body, byte);
	}
	return true;
}

/* --- behaviours --------------------------------------------------------------------------------------- */

static bool echo(struct connection *c, const char *head, const char *body)
{
	size_t line = strcspn(head, "\r");
	json_auto_t *reply = json_pack("{s:{s:s#, s:s, s:s}}", "data", "line", head, (int)line,
				       "headers", head + line, "body", body);
	auto_free char *text = json_dumps(reply, 0);

	answer(c, "200 OK", "application/json", text);
	return true;
}

static bool endless(struct connection *c)
{
	static const char chunk[16384] = { ' ' };
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
	bool open = put(c, head, strlen(head));

	while (open)
		open = put(c, chunk, sizeof(chunk));
	return false;
}

/* Serve one request; false: close the connection. */
static bool serve(struct connection *c, const char *head, const char *body)
{
	static const char cut[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":[";

	c->nrequests++;
	c->server->requests++;
	if (strstr(head, "/ok") || (strstr(head, "/second") && c->nrequests == 1)) {
		answer(c, "200 OK", "application/json;charset=UTF-8", "{\"data\":\"ok\"}");
		return true;
	}
	if (strstr(head, "/echo"))
		return echo(c, head, body);
	if (strstr(head, "/large"))
		return endless(c);
	if (strstr(head, "/slow")) {
		usleep(SLOW_MS * 1000);
		answer(c, "200 OK", "application/json", "{\"data\":\"late\"}");
		return true;
	}
	if (strstr(head, "/locked"))
		answer(c, "500 VM is locked (gr\xc3\xbcn)", "application/json",
		       "{\"data\":null,\"message\":\"VM is locked (gr\\u00fcn)\\n\"}");
	else if (strstr(head, "/latin1"))
		answer(c, "500 gr\xfcn", "text/plain", "");
	else if (strstr(head, "/refused"))
		answer(c, "501 for data too large", "text/plain", "for data too large");
	else if (strstr(head, "/html"))
		answer(c, "200 OK", "text/html", "<html>");
	else if (strstr(head, "/garbage"))
		(void)put(c, "hello\r\n\r\n", 9);
	else if (strstr(head, "/truncated"))
		(void)put(c, cut, strlen(cut));
	return false;
}

static void *run_connection(void *arg)
{
	struct connection *c = arg;
	bool open = c->ssl && SSL_accept(c->ssl) == 1;
	char byte;

	/* A server without TLS takes a handshake for a malformed request. */
	if (!c->ssl && get(c, &byte, 1) == 1)
		answer(c, "400 Bad Request", "text/plain", "");
	while (open) {
		struct pxc_buf head = { .data = NULL }, body = { .data = NULL };

		open = read_request(c, &head, &body) && serve(c, buf_str(&head), buf_str(&body));
		buf_release(&head);
		buf_release(&body);
	}
	if (c->ssl)
		SSL_free(c->ssl);
	(void)shutdown(c->fd, SHUT_RDWR);
	return NULL;
}

static void *run_server(void *arg)
{
	struct tls_server *s = arg;
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		struct connection *c = pxc_calloc(1, sizeof(*c));

		s->connections++;
		c->server = s;
		c->fd = fd;
		if (!s->plain) {
			c->ssl = SSL_new(s->context);
			SSL_set_fd(c->ssl, fd);
		}
		pthread_mutex_lock(&s->lock);
		c->next = s->connections_list;
		s->connections_list = c;
		pthread_mutex_unlock(&s->lock);
		pthread_create(&c->thread, NULL, run_connection, c);
	}
	return NULL;
}

void tls_server_start(struct tls_server *s, const char *name)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	memset(s, 0, sizeof(*s));
	(void)signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&s->lock, NULL);
	s->plain = !name;
	if (name)
		make_context(s, name);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(s->listener, 64), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(s->url, sizeof(s->url), "https://127.0.0.1:%d", ntohs(address.sin_port));
	pthread_create(&s->thread, NULL, run_server, s);
}

void tls_server_stop(struct tls_server *s)
{
	struct connection *c;

	(void)shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	(void)close(s->listener);
	while ((c = s->connections_list) != NULL) {
		s->connections_list = c->next;
		(void)shutdown(c->fd, SHUT_RDWR);
		pthread_join(c->thread, NULL);
		(void)close(c->fd);
		free(c);
	}
	if (!s->plain) {
		SSL_CTX_free(s->context);
		(void)unlink(s->ca_file);
	}
	pthread_mutex_destroy(&s->lock);
}
