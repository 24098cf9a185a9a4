/* SPDX-License-Identifier: GPL-3.0-or-later */
/* omap.h - the sorted keys that a RADOS object can have, read in pages. Functions return 0 or -errno. Layer: ceph. */
#pragma once

#include "ceph/parts.h"

#define OMAP_PAGE 1024u /* keys in one answer; Ceph itself gives no more */

struct omap_pair {
	const char *key;   /* without the prefix */
	const char *value; /* with a NUL behind */
	size_t len;
};

struct omap_pairs {
	struct omap_pair *list; /* grows in the heap; keys and values in the arena */
	size_t n, cap;
};

void omap_release(struct omap_pairs *pairs);
#define auto_omap on_scope_exit(omap_release)

/* All of an answer. */
int omap_take(rados_omap_iter_t page, const char *prefix, struct pxc_arena *arena,
	      struct omap_pairs *pairs);

/* The keys that begin with prefix and come after the last one we have. */
int omap_rest(struct ceph_pool *pool, const char *oid, const char *prefix, struct pxc_arena *arena,
	      struct omap_pairs *pairs);

/* As texts, in the arena; never NULL. */
struct ceph_pair *omap_keep(const struct omap_pairs *pairs, struct pxc_arena *arena);

/* One key's value, in the arena, with a NUL behind. -ENOENT: no such key, or no such object. */
int omap_get(struct ceph_pool *pool, const char *oid, const char *key, struct pxc_arena *arena,
	     const char **ret, size_t *ret_len);
