/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/mem.h"
#include "pve/curl_parts.h"

/* Debian keeps its CAs there one by one under their hash, which spares parsing all of them at each start. */
#define SYSTEM_CA_FOLDER "/etc/ssl/certs"
#define SYSTEM_CA_MARK "/etc/ssl/certs/ca-certificates.crt"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 64 hex digits, with or without ':' between the bytes. */
static bool read_fingerprint(const char *text, unsigned char pin[FINGERPRINT_BYTES])
{
	for (size_t i = 0; i < FINGERPRINT_BYTES; i++) {
		int high, low;

		if (i && *text == ':')
			text++;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return false;
		pin[i] = (unsigned char)(high << 4 | low);
		text += 2;
	}
	return *text == '\0';
}

static void write_fingerprint(const unsigned char *bytes, char text[FINGERPRINT_TEXT])
{
	for (size_t i = 0; i < FINGERPRINT_BYTES; i++)
		(void)snprintf(text + 3 * i, 4, i + 1 < FINGERPRINT_BYTES ? "%02X:" : "%02X",
			       bytes[i]);
}

int curl_tls_init(struct curl_tls *tls, const struct pve_tls *wish, struct pxc_err *err)
{
	struct stat st;

	*tls = (struct curl_tls){ .verify = wish->verify };
	if (wish->fingerprint) {
		if (!read_fingerprint(wish->fingerprint, tls->pin))
			return pxc_fail(
				err, PXC_EINVAL,
				"fingerprint: %s is not a SHA-256 fingerprint (64 hex digits, with or "
				"without ':')",
				wish->fingerprint);
		tls->pinned = tls->verify = true;
		return 0;
	}
	if (!wish->verify || !wish->ca_path)
		return 0;
	if (stat(wish->ca_path, &st) < 0)
		return pxc_fail(err, PXC_EINVAL, "ca_path: %s: %s", wish->ca_path, strerror(errno));
	tls->ca_is_folder = S_ISDIR(st.st_mode);
	tls->ca_path = pxc_strdup(wish->ca_path);
	return 0;
}

void curl_tls_release(struct curl_tls *tls)
{
	free(tls->ca_path);
	*tls = (struct curl_tls){ .verify = true };
}

/* Instead of OpenSSL's own check: note the fingerprint, then compare it, or check as ever. */
static int check_chain(X509_STORE_CTX *chain, void *arg)
{
	struct curl_endpoint *endpoint = arg;
	X509 *leaf = X509_STORE_CTX_get0_cert(chain);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool same;

	if (!leaf || X509_digest(leaf, EVP_sha256(), digest, &len) != 1 ||
	    len != FINGERPRINT_BYTES) {
		X509_STORE_CTX_set_error(chain, X509_V_ERR_UNSPECIFIED);
		return 0;
	}
	write_fingerprint(digest, endpoint->shown);
	if (!endpoint->tls->pinned)
		return X509_verify_cert(chain);
	same = memcmp(digest, endpoint->tls->pin, FINGERPRINT_BYTES) == 0;
	X509_STORE_CTX_set_error(chain, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
	return same;
}

/* curl lets OpenSSL free its buffers after every record; we have few connections and many records. */
static CURLcode set_up_context(CURL *easy, void *context, void *arg)
{
	struct curl_endpoint *endpoint = arg;

	(void)easy;
	(void)SSL_CTX_clear_mode(context, SSL_MODE_RELEASE_BUFFERS);
	if (endpoint->tls->verify)
		SSL_CTX_set_cert_verify_callback(context, check_chain, endpoint);
	return CURLE_OK;
}

void curl_tls_target(struct curl_endpoint *endpoint, CURL *easy)
{
	(void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, endpoint);
}

void curl_tls_apply(const struct curl_tls *tls, CURL *easy)
{
	struct stat st;

	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, (long)tls->verify);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->verify && !tls->pinned ? 2L : 0L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, set_up_context);
	if (tls->pinned || !tls->verify) {
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	} else if (tls->ca_path) {
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO,
				       tls->ca_is_folder ? NULL : tls->ca_path);
		(void)curl_easy_setopt(easy, CURLOPT_CAPATH,
				       tls->ca_is_folder ? tls->ca_path : NULL);
	} else if (stat(SYSTEM_CA_MARK, &st) == 0) {
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		(void)curl_easy_setopt(easy, CURLOPT_CAPATH, SYSTEM_CA_FOLDER);
	}
}

/* Long URLs and libcurl's words may not fit: then the end is cut off. */
static void say(struct pve_reply *ret, const char *fmt, ...) printf_like(2, 3);

static void say(struct pve_reply *ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(ret->problem, sizeof(ret->problem), fmt, ap);
	va_end(ap);
}

static void explain_trust(const struct curl_exchange *x, struct pve_reply *ret)
{
	const struct curl_endpoint *e = x->endpoint;
	char pin[FINGERPRINT_TEXT];

	ret->fatal = true;
	if (!e->tls->pinned) {
		say(ret,
		    "%s: the certificate is not trusted (%s): give ca_path (on a PVE node it is "
		    "/etc/pve/pve-root-ca.pem)%s%s",
		    e->url, x->problem,
		    *e->shown ? ", or fingerprint, if you have checked that it is " : "", e->shown);
		return;
	}
	write_fingerprint(e->tls->pin, pin);
	say(ret, "%s: the server's certificate has fingerprint %s, not %s as asked for", e->url,
	    e->shown, pin);
}

static void explain_connect(const struct curl_exchange *x, struct pve_reply *ret)
{
	long error = 0;

	(void)curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &error);
	if (error == ECONNREFUSED)
		say(ret,
		    "%s: connection refused: is it the right host and port (8006), and does pveproxy run?",
		    x->endpoint->url);
	else
		say(ret, "%s: no connection: %s", x->endpoint->url,
		    error ? strerror((int)error) : x->problem);
}

/* Ended before anything was sent. */
static void explain_unreached(const struct curl_exchange *x, CURLcode code, struct pve_reply *ret)
{
	const char *url = x->endpoint->url,
		   *words = *x->problem ? x->problem : curl_easy_strerror(code);

	/* Most of curl's codes cannot happen here; they all get the last sentence. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		say(ret, "%s: the host name does not resolve (DNS): check api_urls", url);
		return;
	case CURLE_COULDNT_RESOLVE_PROXY:
		say(ret,
		    "%s: the proxy named in the environment (https_proxy) does not resolve; no_proxy names "
		    "hosts to reach directly",
		    url);
		return;
	case CURLE_COULDNT_CONNECT:
		explain_connect(x, ret);
		return;
	case CURLE_OPERATION_TIMEDOUT:
		say(ret, "%s: no connection within %u ms", url, x->connect_ms);
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
		explain_trust(x, ret);
		return;
	case CURLE_SSL_CACERT_BADFILE:
		ret->fatal = true;
		say(ret, "%s: ca_path %s holds no certificate that can be read", url,
		    x->endpoint->tls->ca_path ? x->endpoint->tls->ca_path : "of the system");
		return;
	case CURLE_SSL_CONNECT_ERROR:
		say(ret, "%s: TLS failed (%s): is this the https port of a PVE node?", url, words);
		return;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		ret->fatal = true;
		say(ret, "%s: not an https URL (%s)", url, words);
		return;
	default:
		say(ret, "%s: no connection: %s", url, words);
	}
#pragma GCC diagnostic pop
}

void curl_explain(const struct curl_exchange *x, CURLcode code, struct pve_reply *ret)
{
	const char *url = x->endpoint->url,
		   *words = *x->problem ? x->problem : curl_easy_strerror(code);

	ret->outcome = x->sendings ? PVE_LOST : PVE_UNREACHED;
	if (!x->sendings)
		explain_unreached(x, code, ret);
	else if (x->too_large) {
		ret->fatal = true;
		say(ret, "%s: the answer is larger than %u MiB", url, PXC_MAX_REPLY >> 20);
	} else if (code == CURLE_OPERATION_TIMEDOUT)
		say(ret, "%s: no answer within %u ms", url, x->deadline_ms);
	else
		say(ret, "%s: the connection ended before the answer was complete (%s)", url,
		    words);
}
