/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

#define ALIGNMENT 4096

struct chunks {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct chunk *free, *all;
	unsigned n, nall; /* in use, and that there are */
};

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
		c->data = aligned_alloc(ALIGNMENT, CHUNK_SIZE);
		if (!c->data)
			pxc_oom();
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

void chunks_free(struct chunks *pool)
{
	if (!pool)
		return;
	for (unsigned i = 0; i < pool->nall; i++)
		free(pool->all[i].data);
	(void)pthread_mutex_destroy(&pool->lock);
	(void)pthread_cond_destroy(&pool->freed);
	free(pool->all);
	free(pool);
}

struct chunk *chunk_get(struct chunks *pool)
{
	struct chunk *c;

	(void)pthread_mutex_lock(&pool->lock);
	while (!pool->free)
		(void)pthread_cond_wait(&pool->freed, &pool->lock);
	c = pool->free;
	pool->free = c->next;
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

	if (atomic_fetch_sub(&chunk->refs, 1) > 1)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	chunk->next = pool->free;
	pool->free = chunk;
	(void)pthread_cond_signal(&pool->freed);
	(void)pthread_mutex_unlock(&pool->lock);
}
