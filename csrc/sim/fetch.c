/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/fetch.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"

struct sim_fetch {
	char *url;
	bool verify, joined;
	pthread_t thread;
	atomic_bool done;
	EVP_MD_CTX *hash; /* NULL = no digest wanted */
	unsigned char head[512];
	size_t head_len;
	struct sim_fetched result;
};

void sim_image_look(const unsigned char *head, uint64_t head_len, struct sim_fetched *ret)
{
	ret->virtual_bytes = ret->size_bytes;
	ret->is_qcow2 = head_len >= 32 && !memcmp(head, "QFI\xfb", 4);
	if (!ret->is_qcow2)
		return;
	ret->virtual_bytes = 0;
	for (size_t i = 24; i < 32; i++)
		ret->virtual_bytes = ret->virtual_bytes << 8 | head[i];
}

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
	struct sim_fetch *fetch = ctx;
	size_t len = size * count, room = sizeof(fetch->head) - fetch->head_len;

	memcpy(fetch->head + fetch->head_len, data, len < room ? len : room);
	fetch->head_len += len < room ? len : room;
	fetch->result.size_bytes += len;
	if (fetch->hash && !EVP_DigestUpdate(fetch->hash, data, len))
		return 0;
	return len;
}

static void host_and_port(const char *url, char text[128])
{
	const char *host = strstr(url, "://");
	bool tls = !strncmp(url, "https", 5);
	size_t len;

	host = host ? host + 3 : url;
	len = strcspn(host, "/?");
	if (memchr(host, ':', len))
		snprintf(text, 128, "%.*s", (int)len, host);
	else
		snprintf(text, 128, "%.*s:%d", (int)len, host, tls ? 443 : 80);
}

static void judge(struct sim_fetch *fetch, CURL *curl, CURLcode code)
{
	struct sim_fetched *result = &fetch->result;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = 0;
	char where[128];
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	host_and_port(fetch->url, where);
	if (code == CURLE_COULDNT_CONNECT)
		snprintf(result->error, sizeof(result->error),
			 "Connecting to %s... failed: Connection refused.", where);
	else if (code == CURLE_OK && status >= 400)
		snprintf(result->error, sizeof(result->error), "ERROR %ld", status);
	else if (code != CURLE_OK)
		snprintf(result->error, sizeof(result->error), "%s", curl_easy_strerror(code));
	sim_image_look(fetch->head, fetch->head_len, result);
	if (fetch->hash && EVP_DigestFinal_ex(fetch->hash, digest, &digest_len))
		for (unsigned int i = 0; i < digest_len; i++)
			snprintf(result->digest + 2 * i, 3, "%02x", digest[i]);
}

static void *run(void *ctx)
{
	struct sim_fetch *fetch = ctx;
	CURL *curl = curl_easy_init();

	if (!curl)
		pxc_oom();
	curl_easy_setopt(curl, CURLOPT_URL, fetch->url);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, fetch->verify ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, fetch->verify ? 2L : 0L);
	judge(fetch, curl, curl_easy_perform(curl));
	curl_easy_cleanup(curl);
	atomic_store(&fetch->done, true);
	return NULL;
}

struct sim_fetch *sim_fetch_start(const char *url, const char *algorithm, bool verify)
{
	struct sim_fetch *fetch = pxc_calloc(1, sizeof(*fetch));
	const EVP_MD *kind = algorithm ? EVP_get_digestbyname(algorithm) : NULL;

	fetch->url = pxc_strdup(url);
	fetch->verify = verify;
	if (kind) {
		fetch->hash = EVP_MD_CTX_new();
		if (!fetch->hash || !EVP_DigestInit_ex(fetch->hash, kind, NULL))
			pxc_oom();
	}
	if (pthread_create(&fetch->thread, NULL, run, fetch))
		pxc_oom();
	return fetch;
}

bool sim_fetch_done(struct sim_fetch *fetch)
{
	return atomic_load(&fetch->done);
}

const struct sim_fetched *sim_fetch_result(struct sim_fetch *fetch)
{
	if (!fetch->joined)
		pthread_join(fetch->thread, NULL);
	fetch->joined = true;
	return &fetch->result;
}

void sim_fetch_free(void *pointer)
{
	struct sim_fetch *fetch = pointer;

	sim_fetch_result(fetch);
	EVP_MD_CTX_free(fetch->hash);
	free(fetch->url);
	free(fetch);
}
