/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/header_read.h"

#include <endian.h>
#include <errno.h>

#include "base/mem.h"
#include "ceph/codec.h"
#include "ceph/omap.h"

#define METADATA "metadata_"
#define NO_SNAP (UINT64_MAX - 1) /* what Ceph calls the image as it is */
#define NAMESPACE_USER 0u
#define NAMESPACE_TRASH 2u

enum { SIZE, SNAPS, PARENT, OVERLAP, NHEAD };

static void ask(struct header *h, const char *method, const uint64_t *snap)
{
	uint64_t le = snap ? htole64(*snap) : 0;
	struct header_answer *a = &h->answers[h->nanswers++];

	rados_read_op_exec(h->op, "rbd", method, (const char *)&le, snap ? sizeof(le) : 0,
			   &a->bytes, &a->len, &a->rc);
}

static struct ceph_in answer(const struct header *h, size_t i)
{
	return ceph_in(h->answers[i].bytes, h->answers[i].len);
}

static void ask_head(struct header *h)
{
	const uint64_t head = NO_SNAP;

	h->answers = pxc_calloc(NHEAD, sizeof(*h->answers));
	ask(h, "get_size", &head);
	ask(h, "get_snapcontext", NULL);
	ask(h, "parent_get", NULL);
	ask(h, "parent_overlap_get", &head);
	rados_read_op_omap_get_vals2(h->op, "", METADATA, OMAP_PAGE, &h->meta, &h->more_meta,
				     &h->meta_rc);
}

static int take_parent(struct pxc_arena *arena, struct header *h)
{
	struct ceph_in outer = answer(h, PARENT), overlap = answer(h, OVERLAP);
	struct ceph_in parent = in_frame(&outer, 1);
	int64_t pool = (int64_t)in_u64(&parent);
	uint64_t bytes;

	(void)in_string(&parent, arena); /* its namespace */
	h->image->parent_pool = -1;
	h->image->parent_id = in_string(&parent, arena);
	h->image->parent_snap = in_u64(&parent);
	bytes = in_u8(&overlap) ? in_u64(&overlap) : 0;
	if (parent.bad || overlap.bad)
		return -EBADMSG;
	/* A clone that was flattened under snapshots, or shrunk to nothing, takes no byte from its parent any more. */
	if (pool >= 0 && bytes > 0) {
		h->image->parent_pool = pool;
	} else {
		h->image->parent_id = NULL;
		h->image->parent_snap = 0;
	}
	return 0;
}

static int take_meta(struct ceph_pool *pool, struct pxc_arena *arena, struct header *h)
{
	auto_free char *oid = pxc_printf("rbd_header.%s", h->image->id);
	auto_omap struct omap_pairs pairs = { .list = NULL };
	int rc = omap_take(h->meta, METADATA, arena, &pairs);

	if (rc == 0 && h->more_meta)
		rc = omap_rest(pool, oid, METADATA, arena, &pairs);
	h->image->meta = omap_keep(&pairs, arena);
	h->image->nmeta = pairs.n;
	return rc;
}

static int take_head(struct ceph_pool *pool, struct pxc_arena *arena, struct header *h)
{
	struct ceph_in size = answer(h, SIZE), snaps = answer(h, SNAPS);
	uint32_t n;

	(void)in_u8(&size); /* order */
	h->image->size_bytes = in_u64(&size);
	(void)in_u64(&snaps); /* the highest id ever */
	n = in_u32(&snaps);
	if (size.bad || snaps.bad || n > h->answers[SNAPS].len / sizeof(uint64_t))
		return -EBADMSG;
	h->snap_ids = arena_alloc(arena, n * sizeof(*h->snap_ids));
	for (uint32_t i = 0; i < n; i++)
		h->snap_ids[i] = in_u64(&snaps);
	h->nsnaps = n;
	if (snaps.bad || take_parent(arena, h) < 0)
		return -EBADMSG;
	return take_meta(pool, arena, h);
}

static void ask_snaps(struct header *h)
{
	h->answers = pxc_calloc(2 * h->nsnaps, sizeof(*h->answers));
	for (size_t i = 0; i < h->nsnaps; i++) {
		ask(h, "snapshot_get", &h->snap_ids[i]);
		ask(h, "get_protection_status", &h->snap_ids[i]);
	}
}

/* False: a snapshot of a group or of mirroring, not one that a user made. */
static bool take_snap(struct pxc_arena *arena, struct ceph_in *in, struct ceph_snap *snap)
{
	struct ceph_in info = in_frame(in, 1), space;
	const char *was = NULL;
	uint32_t type;

	snap->id = in_u64(&info);
	space = in_frame(&info, 1);
	type = in_u32(&space);
	if (type == NAMESPACE_TRASH)
		was = in_string(&space, arena);
	snap->name = in_string(&info, arena);
	snap->size_bytes = in_u64(&info);
	in->bad |= info.bad || space.bad;
	snap->in_trash = was;
	if (was)
		snap->name = was; /* in the trash it has a random one */
	return type == NAMESPACE_USER || type == NAMESPACE_TRASH;
}

static int take_snaps(struct ceph_pool *pool, struct pxc_arena *arena, struct header *h)
{
	struct ceph_snap *list = arena_alloc(arena, h->nsnaps * sizeof(*list));
	size_t n = 0;

	(void)pool;
	for (size_t i = h->nsnaps; i-- > 0;) { /* oldest first */
		struct ceph_in info = answer(h, 2 * i), status = answer(h, 2 * i + 1);
		bool wanted = take_snap(arena, &info, &list[n]);

		list[n].is_protected = in_u8(&status) != 0;
		if (info.bad || status.bad)
			return -EBADMSG;
		n += wanted;
	}
	h->image->snaps = list;
	h->image->nsnaps = n;
	return 0;
}

const struct header_round header_head = { ask_head, take_head };
const struct header_round header_snaps = { ask_snaps, take_snaps };
