/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

#define HUGE_PAGE ((size_t)2 << 20)

struct chunks {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct chunk *free, *all;
	unsigned n, nall; /* in use, and that there are */
	unsigned nout;    /* that somebody has */
	bool is_closed;   /* the last one put back takes all away */
};

/* Large pages where the kernel has them: a fault for each small one costs as much as copying it. */
static unsigned char *bytes_create(void)
{
	unsigned char *bytes = aligned_alloc(HUGE_PAGE, CHUNK_SIZE);

	if (!bytes)
		pxc_oom();
	(void)madvise(bytes, CHUNK_SIZE, MADV_HUGEPAGE);
	return bytes;
}

struct chunks *chunks_create(unsigned n)
{
	struct chunks *pool = pxc_calloc(1, sizeof(*pool));

	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->freed, NULL);
	pool->all = pxc_calloc(n, sizeof(*pool->all));
	pool->n = pool->nall = n;
	for (unsigned i = 0; i < n; i++) {
		struct chunk *c = &pool->all[i];

		c->owner = pool;
		c->data = bytes_create();
		c->next = pool->free;
		pool->free = c;
	}
	return pool;
}

void chunks_shrink(struct chunks *pool, unsigned n)
{
	(void)pthread_mutex_lock(&pool->lock);
	for (; pool->n > n && pool->free; pool->n--)
		pool->free = pool->free->next;
	(void)pthread_mutex_unlock(&pool->lock);
}

static void release(struct chunks *pool)
{
	for (unsigned i = 0; i < pool->nall; i++)
		free(pool->all[i].data);
	(void)pthread_mutex_destroy(&pool->lock);
	(void)pthread_cond_destroy(&pool->freed);
	free(pool->all);
	free(pool);
}

void chunks_free(struct chunks *pool)
{
	bool is_last;

	if (!pool)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->is_closed = true;
	is_last = pool->nout == 0;
	(void)pthread_mutex_unlock(&pool->lock);
	if (is_last)
		release(pool);
}

struct chunk *chunk_get(struct chunks *pool)
{
	struct chunk *c;

	(void)pthread_mutex_lock(&pool->lock);
	while (!pool->free)
		(void)pthread_cond_wait(&pool->freed, &pool->lock);
	c = pool->free;
	pool->free = c->next;
	pool->nout++;
	(void)pthread_mutex_unlock(&pool->lock);
	c->next = NULL;
	c->len = 0;
	c->hole = false;
	atomic_store(&c->refs, 1);
	return c;
}

void chunk_ref(struct chunk *chunk)
{
	(void)atomic_fetch_add(&chunk->refs, 1);
}

void chunk_put(struct chunk *chunk)
{
	struct chunks *pool = chunk->owner;
	bool is_last;

	if (atomic_fetch_sub(&chunk->refs, 1) > 1)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	chunk->next = pool->free;
	pool->free = chunk;
	is_last = --pool->nout == 0 && pool->is_closed;
	(void)pthread_cond_signal(&pool->freed);
	(void)pthread_mutex_unlock(&pool->lock);
	if (is_last)
		release(pool);
}
