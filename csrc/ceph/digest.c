/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checksum of a source, in a thread of its own: beside reading and writing it costs next to no time. */
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

struct link {
	struct link *next;
	struct chunk *chunk;
};

struct digest {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct link *head, **tail;
	bool closing;
	const char *name;
	EVP_MD_CTX *state;
};

static struct link *next_link(struct digest *d)
{
	struct link *l;

	(void)pthread_mutex_lock(&d->lock);
	while (!d->head && !d->closing)
		(void)pthread_cond_wait(&d->more, &d->lock);
	l = d->head;
	if (l)
		d->head = l->next;
	if (!d->head)
		d->tail = &d->head;
	(void)pthread_mutex_unlock(&d->lock);
	return l;
}

static void update(struct digest *d, const struct chunk *c)
{
	static const unsigned char zeros[1 << 16];

	if (!c->hole)
		(void)EVP_DigestUpdate(d->state, c->data, c->len);
	for (size_t left = c->hole ? c->len : 0, n; left; left -= n) {
		n = left < sizeof(zeros) ? left : sizeof(zeros);
		(void)EVP_DigestUpdate(d->state, zeros, n);
	}
}

static void *work(void *arg)
{
	struct digest *d = arg;
	struct link *l;

	while ((l = next_link(d)) != NULL) {
		update(d, l->chunk);
		chunk_put(l->chunk);
		free(l);
	}
	return NULL;
}

static const struct algorithm {
	const char *name;
	size_t digits;
	const EVP_MD *(*get)(void);
} algorithms[] = { { "sha256", 64, EVP_sha256 }, { "sha512", 128, EVP_sha512 } };

/* NULL: not known, or not so many digits. */
static const struct algorithm *find(const char *checksum)
{
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		const struct algorithm *a = &algorithms[i];
		size_t n = strlen(a->name);

		if (str_starts(checksum, a->name) && checksum[n] == ':' &&
		    strlen(checksum + n + 1) == a->digits &&
		    strspn(checksum + n + 1, "0123456789abcdefABCDEF") == a->digits)
			return a;
	}
	return NULL;
}

int digest_create(const char *checksum, struct digest **ret, struct pxc_err *err)
{
	const struct algorithm *a = checksum ? find(checksum) : &algorithms[0];
	struct digest *d;

	*ret = NULL;
	if (checksum && str_eq(checksum, "none"))
		return 0;
	if (!a)
		return pxc_fail(err, PXC_EINVAL,
				"checksum \"%s\" is neither sha256: and 64 nor sha512: and 128 "
				"hexadecimal digits",
				checksum);
	d = pxc_calloc(1, sizeof(*d));
	d->tail = &d->head;
	d->name = a->name;
	d->state = EVP_MD_CTX_new();
	if (!d->state || EVP_DigestInit_ex(d->state, a->get(), NULL) != 1)
		pxc_oom();
	(void)pthread_mutex_init(&d->lock, NULL);
	(void)pthread_cond_init(&d->more, NULL);
	if (pthread_create(&d->thread, NULL, work, d) != 0)
		pxc_oom();
	*ret = d;
	return 0;
}

void digest_add(struct digest *d, struct chunk *chunk)
{
	struct link *l;

	if (!d)
		return;
	l = pxc_calloc(1, sizeof(*l));
	chunk_ref(chunk);
	l->chunk = chunk;
	(void)pthread_mutex_lock(&d->lock);
	*d->tail = l;
	d->tail = &l->next;
	(void)pthread_cond_signal(&d->more);
	(void)pthread_mutex_unlock(&d->lock);
}

static void stop(struct digest *d)
{
	if (d->closing)
		return;
	(void)pthread_mutex_lock(&d->lock);
	d->closing = true;
	(void)pthread_cond_signal(&d->more);
	(void)pthread_mutex_unlock(&d->lock);
	(void)pthread_join(d->thread, NULL);
}

void digest_finish(struct digest *d, char *text, size_t size)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	size_t at;

	text[0] = '\0';
	if (!d)
		return;
	stop(d);
	(void)EVP_DigestFinal_ex(d->state, raw, &len);
	(void)snprintf(text, size, "%s:", d->name);
	at = strlen(text);
	for (unsigned i = 0; i < len && at + 2 < size; i++, at += 2)
		(void)snprintf(text + at, size - at, "%02x", raw[i]);
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	stop(d);
	EVP_MD_CTX_free(d->state);
	(void)pthread_mutex_destroy(&d->lock);
	(void)pthread_cond_destroy(&d->more);
	free(d);
}
