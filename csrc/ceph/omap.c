/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/omap.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

void omap_release(struct omap_pairs *pairs)
{
	free(pairs->list);
}

/* Whole, with a NUL behind: values may hold NULs themselves. */
static char *keep_bytes(struct pxc_arena *arena, const char *bytes, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

int omap_take(rados_omap_iter_t page, const char *prefix, struct pxc_arena *arena,
	      struct omap_pairs *pairs)
{
	char *key, *value;
	size_t len;
	int rc;

	while ((rc = rados_omap_get_next(page, &key, &value, &len)) == 0 && key) {
		if (pairs->n == pairs->cap) {
			pairs->cap = pairs->cap ? pairs->cap * 2 : 16;
			pairs->list = pxc_realloc(pairs->list, pairs->cap * sizeof(*pairs->list));
		}
		pairs->list[pairs->n++] = (struct omap_pair){
			.key = arena_strdup(arena, key + strlen(prefix)),
			.value = keep_bytes(arena, value, len),
			.len = len,
		};
	}
	return rc;
}

static int next_page(struct ceph_pool *pool, const char *oid, const char *prefix,
		     struct pxc_arena *arena, struct omap_pairs *pairs, unsigned char *ret_more)
{
	auto_free char *after =
		pairs->n ? pxc_printf("%s%s", prefix, pairs->list[pairs->n - 1].key) : NULL;
	rados_read_op_t op = rados_create_read_op();
	rados_omap_iter_t page = NULL;
	int rc, result = 0;

	rados_read_op_omap_get_vals2(op, after ? after : "", prefix, OMAP_PAGE, &page, ret_more,
				     &result);
	rc = rados_read_op_operate(op, pool->io, oid, 0);
	if (rc == 0)
		rc = omap_take(page, prefix, arena, pairs);
	if (page)
		rados_omap_get_end(page);
	rados_release_read_op(op);
	return rc;
}

int omap_rest(struct ceph_pool *pool, const char *oid, const char *prefix, struct pxc_arena *arena,
	      struct omap_pairs *pairs)
{
	unsigned char more;
	int rc;

	do {
		more = 0;
		rc = next_page(pool, oid, prefix, arena, pairs, &more);
	} while (rc == 0 && more);
	return rc;
}

struct ceph_pair *omap_keep(const struct omap_pairs *pairs, struct pxc_arena *arena)
{
	struct ceph_pair *list = arena_alloc(arena, (pairs->n + 1) * sizeof(*list));

	for (size_t i = 0; i < pairs->n; i++)
		list[i] = (struct ceph_pair){ pairs->list[i].key, pairs->list[i].value };
	return list;
}

int omap_get(struct ceph_pool *pool, const char *oid, const char *key, struct pxc_arena *arena,
	     const char **ret, size_t *ret_len)
{
	rados_read_op_t op = rados_create_read_op();
	rados_omap_iter_t found = NULL;
	char *k = NULL, *value = NULL;
	size_t len = 0;
	int rc, result = 0;

	rados_read_op_omap_get_vals_by_keys(op, &key, 1, &found, &result);
	rc = rados_read_op_operate(op, pool->io, oid, 0);
	if (rc == 0)
		rc = rados_omap_get_next(found, &k, &value, &len);
	if (rc == 0 && !k)
		rc = -ENOENT;
	if (rc == 0) {
		*ret = keep_bytes(arena, value, len);
		*ret_len = len;
	}
	if (found)
		rados_omap_get_end(found);
	rados_release_read_op(op);
	return rc;
}
