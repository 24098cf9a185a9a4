/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_read.h - what is asked of one image's header, and how the answers read: two rounds. Layer: ceph. */
#pragma once

#include "ceph/parts.h"

struct header_answer {
	char *bytes;
	size_t len;
	int rc;
};

struct header {
	struct ceph_image *image; /* to be filled */
	rados_read_op_t op;
	rados_completion_t done;
	struct header_answer *answers;
	size_t nanswers;
	rados_omap_iter_t meta;
	unsigned char more_meta;
	int meta_rc;
	uint64_t *snap_ids; /* in the arena, as Ceph gives them: newest first */
	size_t nsnaps;
	int rc; /* of the last round; EBADMSG: we cannot read the answer */
};

struct header_round {
	void (*ask)(struct header *h);
	int (*take)(struct ceph_pool *pool, struct pxc_arena *arena, struct header *h);
};

extern const struct header_round header_head;  /* size, metadata, parent, ids of snapshots */
extern const struct header_round header_snaps; /* what each snapshot is; of images that have any */
