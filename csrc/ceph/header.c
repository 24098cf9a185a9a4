/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/header.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "ceph/header_read.h"

#define IN_FLIGHT 64u
#define TRIES 10u /* while snapshots come and go */
#define LOOKS 3u
#define PAUSE_MS 100

struct headers {
	struct ceph_pool *pool;
	struct pxc_arena *arena;
};

static void begin(struct headers *h, const struct header_round *round, struct header *r)
{
	auto_free char *oid = pxc_printf("rbd_header.%s", r->image->id);

	r->op = rados_create_read_op();
	round->ask(r);
	(void)rados_aio_create_completion2(NULL, NULL, &r->done);
	r->rc = rados_aio_read_op_operate(r->op, h->pool->io, r->done, oid, 0);
}

static void finish(struct headers *h, const struct header_round *round, struct header *r)
{
	if (r->rc == 0) {
		(void)rados_aio_wait_for_complete(r->done);
		r->rc = rados_aio_get_return_value(r->done);
	}
	if (r->rc == 0)
		r->rc = round->take(h->pool, h->arena, r);
	for (size_t i = 0; i < r->nanswers; i++)
		rados_buffer_free(r->answers[i].bytes);
	free(r->answers);
	r->answers = NULL;
	r->nanswers = 0;
	if (r->meta)
		rados_omap_get_end(r->meta);
	r->meta = NULL;
	rados_aio_release(r->done);
	rados_release_read_op(r->op);
}

static void run(struct headers *h, const struct header_round *round, struct header **todo, size_t n)
{
	for (size_t i = 0; i < n + IN_FLIGHT; i++) {
		if (i >= IN_FLIGHT && i - IN_FLIGHT < n)
			finish(h, round, todo[i - IN_FLIGHT]);
		if (i < n)
			begin(h, round, todo[i]);
	}
}

/* Both rounds; again for images of which a snapshot went away between them. */
static void read_some(struct headers *h, struct header **todo, size_t ntodo)
{
	size_t with, again;

	for (unsigned try = 0; try < TRIES && ntodo > 0; try++) {
		run(h, &header_head, todo, ntodo);
		with = again = 0;
		for (size_t i = 0; i < ntodo; i++) {
			if (todo[i]->rc == 0 && todo[i]->nsnaps > 0)
				todo[with++] = todo[i];
		}
		run(h, &header_snaps, todo, with);
		for (size_t i = 0; i < with; i++) {
			if (todo[i]->rc == -ENOENT)
				todo[again++] = todo[i];
		}
		ntodo = again;
	}
}

/* Gone with its name, as images go? A name that stays without a header is of a creation or removal that was killed. */
static int is_gone(struct headers *h, const struct ceph_image *image)
{
	auto_free char *key = pxc_printf("name_%s", image->name);
	char id[CEPH_ID_MAX];
	int rc = ceph_directory(h->pool, key, id, sizeof(id));

	return rc == -ENOENT ? 1 : rc < 0 ? rc : strcmp(id, image->id) != 0;
}

/* An image that is being made, or removed, at this moment has a name and no header either: look again. */
static void read_all(struct headers *h, struct header *readings, size_t n)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	auto_free struct header **todo = pxc_calloc(n + 1, sizeof(struct header *));
	size_t ntodo = n;

	for (size_t i = 0; i < n; i++)
		todo[i] = &readings[i];
	read_some(h, todo, ntodo);
	for (unsigned look = 0; look < LOOKS; look++) {
		ntodo = 0;
		for (size_t i = 0; i < n; i++) {
			if (readings[i].rc == -ENOENT && is_gone(h, readings[i].image) == 0)
				todo[ntodo++] = &readings[i];
		}
		if (ntodo == 0)
			return;
		(void)nanosleep(&pause, NULL);
		read_some(h, todo, ntodo);
	}
}

static int settle(struct headers *h, const struct header *r, bool *ret_gone, struct pxc_err *err)
{
	struct ceph_image *image = r->image;
	int rc = r->rc, gone = 0;

	if (rc == -ENOENT) {
		gone = is_gone(h, image);
		rc = gone < 0 ? gone : rc;
	}
	*ret_gone = gone > 0;
	switch (-rc) {
	case 0:
		return 0;
	case ENOENT:
		image->problem = "it has a name but no header: a creation or removal of it was "
				 "killed";
		break;
	case EBADMSG:
		image->problem = "its header is not in a form that is known here";
		break;
	case EIO:
	case EINVAL:
	case EOPNOTSUPP:
		image->problem =
			arena_printf(h->arena, "its header cannot be read: %s", strerror(-rc));
		break;
	default:
		return ceph_fail(err, h->pool, rc, "image %s/%s: header", h->pool->name,
				 image->name);
	}
	*image = (struct ceph_image){
		.name = image->name, .id = image->id, .parent_pool = -1, .problem = image->problem
	};
	return 0;
}

int ceph_headers(struct ceph_pool *pool, struct pxc_arena *arena, struct ceph_image *images,
		 size_t *n, struct pxc_err *err)
{
	struct headers h = { .pool = pool, .arena = arena };
	auto_free struct header *readings = pxc_calloc(*n, sizeof(*readings));
	size_t kept = 0;
	bool gone;

	for (size_t i = 0; i < *n; i++)
		readings[i].image = &images[i];
	read_all(&h, readings, *n);
	for (size_t i = 0; i < *n; i++) {
		if (settle(&h, &readings[i], &gone, err) < 0)
			return -1;
		if (!gone)
			images[kept++] = images[i];
	}
	*n = kept;
	return 0;
}
