/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/header.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/codec.h"

#define IN_FLIGHT 64u
#define TRIES 10u  /* while snapshots come and go */
#define PAGE 1024u /* keys in one answer; Ceph itself gives no more */
#define METADATA "metadata_"
#define NO_SNAP (UINT64_MAX - 1) /* what Ceph calls the image as it is */
#define NAMESPACE_USER 0u
#define NAMESPACE_TRASH 2u

enum { SIZE, SNAPS, PARENT, OVERLAP, NHEAD };

struct answer {
	char *bytes;
	size_t len;
	int rc;
};

struct reading {
	struct ceph_image *image;
	rados_read_op_t op;
	rados_completion_t done;
	struct answer *answers;
	size_t nanswers;
	rados_omap_iter_t meta;
	unsigned char more_meta;
	int meta_rc;
	uint64_t *snap_ids; /* in the arena, as Ceph gives them: newest first */
	size_t nsnaps;
	int rc; /* of the last request; EBADMSG: we cannot read the answer */
};

struct headers {
	struct ceph_pool *pool;
	struct pxc_arena *arena;
};

/* A round: what is asked of each image, and what becomes of the answer. */
struct round {
	void (*ask)(struct reading *r);
	int (*take)(struct headers *h, struct reading *r);
};

static void ask(struct reading *r, const char *method, const uint64_t *snap)
{
	uint64_t le = snap ? htole64(*snap) : 0;
	struct answer *a = &r->answers[r->nanswers++];

	rados_read_op_exec(r->op, "rbd", method, (const char *)&le, snap ? sizeof(le) : 0,
			   &a->bytes, &a->len, &a->rc);
}

static struct ceph_in answer(const struct reading *r, size_t i)
{
	return ceph_in(r->answers[i].bytes, r->answers[i].len);
}

static void ask_head(struct reading *r)
{
	const uint64_t head = NO_SNAP;

	r->answers = pxc_calloc(NHEAD, sizeof(*r->answers));
	ask(r, "get_size", &head);
	ask(r, "get_snapcontext", NULL);
	ask(r, "parent_get", NULL);
	ask(r, "parent_overlap_get", &head);
	rados_read_op_omap_get_vals2(r->op, "", METADATA, PAGE, &r->meta, &r->more_meta,
				     &r->meta_rc);
}

static int take_parent(struct headers *h, struct reading *r)
{
	struct ceph_in outer = answer(r, PARENT), overlap = answer(r, OVERLAP);
	struct ceph_in parent = in_frame(&outer, 1);
	int64_t pool = (int64_t)in_u64(&parent);
	uint64_t bytes;

	(void)in_string(&parent, h->arena); /* its namespace */
	r->image->parent_pool = -1;
	r->image->parent_id = in_string(&parent, h->arena);
	r->image->parent_snap = in_u64(&parent);
	bytes = in_u8(&overlap) ? in_u64(&overlap) : 0;
	if (parent.bad || overlap.bad)
		return -EBADMSG;
	/* A clone that was flattened under snapshots, or shrunk to nothing, takes no byte from its parent any more. */
	if (pool >= 0 && bytes > 0) {
		r->image->parent_pool = pool;
	} else {
		r->image->parent_id = NULL;
		r->image->parent_snap = 0;
	}
	return 0;
}

struct pairs {
	struct ceph_pair *list;
	size_t n, cap;
};

static int take_page(struct headers *h, rados_omap_iter_t page, struct pairs *pairs)
{
	char *key, *value;
	size_t len;
	int rc;

	while ((rc = rados_omap_get_next(page, &key, &value, &len)) == 0 && key) {
		if (pairs->n == pairs->cap) {
			pairs->cap = pairs->cap ? pairs->cap * 2 : 16;
			pairs->list = pxc_realloc(pairs->list, pairs->cap * sizeof(*pairs->list));
		}
		pairs->list[pairs->n++] = (struct ceph_pair){
			.key = arena_strdup(h->arena, key + strlen(METADATA)),
			.value = arena_strndup(h->arena, value, len),
		};
	}
	return rc;
}

static int next_page(struct headers *h, struct reading *r, const char *oid, struct pairs *pairs)
{
	auto_free char *after = pxc_printf(METADATA "%s", pairs->list[pairs->n - 1].key);
	rados_read_op_t op = rados_create_read_op();
	rados_omap_iter_t page = NULL;
	int rc, result = 0;

	rados_read_op_omap_get_vals2(op, after, METADATA, PAGE, &page, &r->more_meta, &result);
	rc = rados_read_op_operate(op, h->pool->io, oid, 0);
	if (rc == 0)
		rc = take_page(h, page, pairs);
	if (page)
		rados_omap_get_end(page);
	rados_release_read_op(op);
	return rc;
}

static int take_meta(struct headers *h, struct reading *r)
{
	auto_free char *oid = pxc_printf("rbd_header.%s", r->image->id);
	struct pairs pairs = { .list = NULL };
	int rc = take_page(h, r->meta, &pairs);
	struct ceph_pair *meta;

	while (rc == 0 && r->more_meta && pairs.n > 0)
		rc = next_page(h, r, oid, &pairs);
	if (rc == 0 && pairs.n > 0) {
		meta = arena_alloc(h->arena, pairs.n * sizeof(*meta));
		memcpy(meta, pairs.list, pairs.n * sizeof(*meta));
		r->image->meta = meta;
	}
	r->image->nmeta = rc == 0 ? pairs.n : 0;
	free(pairs.list);
	return rc;
}

static int take_head(struct headers *h, struct reading *r)
{
	struct ceph_in size = answer(r, SIZE), snaps = answer(r, SNAPS);
	uint32_t n;

	(void)in_u8(&size); /* order */
	r->image->size_bytes = in_u64(&size);
	(void)in_u64(&snaps); /* the highest id ever */
	n = in_u32(&snaps);
	if (size.bad || snaps.bad || n > r->answers[SNAPS].len / sizeof(uint64_t))
		return -EBADMSG;
	r->snap_ids = arena_alloc(h->arena, n * sizeof(*r->snap_ids));
	for (uint32_t i = 0; i < n; i++)
		r->snap_ids[i] = in_u64(&snaps);
	r->nsnaps = n;
	if (snaps.bad || take_parent(h, r) < 0)
		return -EBADMSG;
	return take_meta(h, r);
}

static void ask_snaps(struct reading *r)
{
	r->answers = pxc_calloc(2 * r->nsnaps, sizeof(*r->answers));
	for (size_t i = 0; i < r->nsnaps; i++) {
		ask(r, "snapshot_get", &r->snap_ids[i]);
		ask(r, "get_protection_status", &r->snap_ids[i]);
	}
}

/* False: a snapshot of a group or of mirroring, not one that a user made. */
static bool take_snap(struct headers *h, struct ceph_in *in, struct ceph_snap *snap)
{
	struct ceph_in info = in_frame(in, 1), space;
	const char *was = NULL;
	uint32_t type;

	snap->id = in_u64(&info);
	space = in_frame(&info, 1);
	type = in_u32(&space);
	if (type == NAMESPACE_TRASH)
		was = in_string(&space, h->arena);
	snap->name = in_string(&info, h->arena);
	snap->size_bytes = in_u64(&info);
	in->bad |= info.bad || space.bad;
	snap->in_trash = was;
	if (was)
		snap->name = was; /* in the trash it has a random one */
	return type == NAMESPACE_USER || type == NAMESPACE_TRASH;
}

static int take_snaps(struct headers *h, struct reading *r)
{
	struct ceph_snap *list = arena_alloc(h->arena, r->nsnaps * sizeof(*list));
	size_t n = 0;

	for (size_t i = r->nsnaps; i-- > 0;) { /* oldest first */
		struct ceph_in info = answer(r, 2 * i), status = answer(r, 2 * i + 1);
		bool wanted = take_snap(h, &info, &list[n]);

		list[n].is_protected = in_u8(&status) != 0;
		if (info.bad || status.bad)
			return -EBADMSG;
		n += wanted;
	}
	r->image->snaps = list;
	r->image->nsnaps = n;
	return 0;
}

static void begin(struct headers *h, const struct round *round, struct reading *r)
{
	auto_free char *oid = pxc_printf("rbd_header.%s", r->image->id);

	r->op = rados_create_read_op();
	round->ask(r);
	(void)rados_aio_create_completion2(NULL, NULL, &r->done);
	r->rc = rados_aio_read_op_operate(r->op, h->pool->io, r->done, oid, 0);
}

static void finish(struct headers *h, const struct round *round, struct reading *r)
{
	if (r->rc == 0) {
		(void)rados_aio_wait_for_complete(r->done);
		r->rc = rados_aio_get_return_value(r->done);
	}
	if (r->rc == 0)
		r->rc = round->take(h, r);
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

static void run(struct headers *h, const struct round *round, struct reading **todo, size_t n)
{
	for (size_t i = 0; i < n + IN_FLIGHT; i++) {
		if (i >= IN_FLIGHT && i - IN_FLIGHT < n)
			finish(h, round, todo[i - IN_FLIGHT]);
		if (i < n)
			begin(h, round, todo[i]);
	}
}

/* Both rounds; again for images of which a snapshot went away between them. */
static void read_all(struct headers *h, struct reading *readings, size_t n)
{
	static const struct round heads = { ask_head, take_head },
				  snaps = { ask_snaps, take_snaps };
	auto_free struct reading **todo = pxc_calloc(n, sizeof(struct reading *));
	size_t ntodo = n, with, again;

	for (size_t i = 0; i < n; i++)
		todo[i] = &readings[i];
	for (unsigned try = 0; try < TRIES && ntodo > 0; try++) {
		run(h, &heads, todo, ntodo);
		with = again = 0;
		for (size_t i = 0; i < ntodo; i++) {
			if (todo[i]->rc == 0 && todo[i]->nsnaps > 0)
				todo[with++] = todo[i];
		}
		run(h, &snaps, todo, with);
		for (size_t i = 0; i < with; i++) {
			if (todo[i]->rc == -ENOENT)
				todo[again++] = todo[i];
		}
		ntodo = again;
	}
}

/* Gone with its name, as images go; a name that stays without a header is a creation or removal that was killed. */
static bool is_gone(struct headers *h, const struct ceph_image *image)
{
	auto_free char *key = pxc_printf("name_%s", image->name);
	char id[CEPH_ID_MAX];

	return ceph_directory(h->pool, key, id, sizeof(id)) != 0 || strcmp(id, image->id) != 0;
}

static int settle(struct headers *h, const struct reading *r, bool *ret_gone, struct pxc_err *err)
{
	struct ceph_image *image = r->image;

	*ret_gone = false;
	switch (-r->rc) {
	case 0:
		return 0;
	case ENOENT:
		*ret_gone = is_gone(h, image);
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
			arena_printf(h->arena, "its header cannot be read: %s", strerror(-r->rc));
		break;
	default:
		return ceph_fail(err, h->pool, r->rc, "image %s/%s: header", h->pool->name,
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
	auto_free struct reading *readings = pxc_calloc(*n, sizeof(*readings));
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
