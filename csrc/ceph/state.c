/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/parts.h"

#define PAGE 1024u

struct pairs {
	struct ceph_pair *list; /* in the heap; keys and values in the arena */
	size_t n, cap;
};

static int take_page(rados_omap_iter_t page, struct pxc_arena *arena, struct pairs *pairs)
{
	char *key, *value;
	size_t len;
	int rc;

	while ((rc = rados_omap_get_next(page, &key, &value, &len)) == 0 && key) {
		if (pairs->n == pairs->cap) {
			pairs->cap = pairs->cap ? pairs->cap * 2 : 64;
			pairs->list = pxc_realloc(pairs->list, pairs->cap * sizeof(*pairs->list));
		}
		pairs->list[pairs->n++] =
			(struct ceph_pair){ .key = arena_strdup(arena, key),
					    .value = arena_strndup(arena, value, len) };
	}
	return rc;
}

static int read_page(struct ceph_pool *pool, const char *object, const char *prefix,
		     struct pxc_arena *arena, struct pairs *pairs, bool *ret_more)
{
	const char *after = pairs->n ? pairs->list[pairs->n - 1].key : "";
	rados_read_op_t op = rados_create_read_op();
	rados_omap_iter_t page = NULL;
	unsigned char more = 0;
	int rc, result = 0;

	rados_read_op_omap_get_vals2(op, after, prefix ? prefix : "", PAGE, &page, &more, &result);
	rc = rados_read_op_operate(op, pool->io, object, 0);
	if (rc == 0)
		rc = take_page(page, arena, pairs);
	if (page)
		rados_omap_get_end(page);
	rados_release_read_op(op);
	*ret_more = more;
	return rc;
}

int ceph_state_list(struct ceph_pool *pool, const char *object, const char *prefix,
		    struct pxc_arena *arena, struct ceph_pair **ret, size_t *ret_n,
		    struct pxc_err *err)
{
	struct pairs pairs = { .list = NULL };
	bool more;
	int rc;

	do
		rc = read_page(pool, object, prefix, arena, &pairs, &more);
	while (rc == 0 && more);
	if (rc == 0 || rc == -ENOENT) {
		*ret_n = pairs.n;
		*ret = arena_alloc(arena, (pairs.n + 1) * sizeof(**ret));
		if (pairs.n)
			memcpy(*ret, pairs.list, pairs.n * sizeof(**ret));
		rc = 0;
	}
	free(pairs.list);
	return rc < 0 ? ceph_fail(err, pool, rc, "object %s", object) : 0;
}

/* "" when the key, or the object, is not there. */
static int read_key(struct ceph_pool *pool, const char *object, const char *key,
		    struct pxc_arena *arena, const char **ret)
{
	rados_read_op_t op = rados_create_read_op();
	rados_omap_iter_t found = NULL;
	char *k = NULL, *value = NULL;
	size_t len = 0;
	int rc, result = 0;

	rados_read_op_omap_get_vals_by_keys(op, &key, 1, &found, &result);
	rc = rados_read_op_operate(op, pool->io, object, 0);
	if (rc == 0)
		rc = rados_omap_get_next(found, &k, &value, &len);
	if (rc == 0 || rc == -ENOENT) {
		*ret = arena_strndup(arena, k ? value : "", k ? len : 0);
		rc = 0;
	}
	if (found)
		rados_omap_get_end(found);
	rados_release_read_op(op);
	return rc;
}

/* One write: compare, and set or remove. A key that is not there compares as empty. */
static int swap(struct ceph_pool *pool, const char *object, const char *key, const char *expect,
		const char *value)
{
	rados_write_op_t op = rados_create_write_op();
	size_t len = value ? strlen(value) : 0;
	int rc, ignored = 0;

	rados_write_op_create(op, LIBRADOS_CREATE_IDEMPOTENT, NULL);
	rados_write_op_omap_cmp(op, key, LIBRADOS_CMPXATTR_OP_EQ, expect ? expect : "",
				expect ? strlen(expect) : 0, &ignored);
	if (value)
		rados_write_op_omap_set(op, &key, &value, &len, 1);
	else
		rados_write_op_omap_rm_keys(op, &key, 1);
	rc = rados_write_op_operate(op, pool->io, object, NULL, 0);
	rados_release_write_op(op);
	return rc;
}

static int conflict(struct ceph_pool *pool, const char *object, const char *key, const char *expect,
		    struct pxc_arena *arena, const char **ret_have, struct pxc_err *err)
{
	const char *have = "";
	int rc = read_key(pool, object, key, arena, &have);

	if (rc < 0)
		return ceph_fail(err, pool, rc, "object %s", object);
	if (ret_have)
		*ret_have = have;
	return pxc_fail(err, PXC_ECONFLICT, "%s in object %s of pool %s is %s%s%s, not %s%s%s", key,
			object, pool->name, *have ? "\"" : "absent", have, *have ? "\"" : "",
			expect ? "\"" : "absent", expect ? expect : "", expect ? "\"" : "");
}

int ceph_state_swap(struct ceph_pool *pool, const char *object, const char *key, const char *expect,
		    const char *value, struct pxc_arena *arena, const char **ret_have,
		    struct pxc_err *err)
{
	int rc;

	if (!*key || (expect && !*expect) || (value && !*value))
		return pxc_fail(err, PXC_EINVAL,
				"object %s, key \"%s\": neither a key nor a value can be empty",
				object, key);
	rc = swap(pool, object, key, expect, value);
	if (rc == -ECANCELED)
		return conflict(pool, object, key, expect, arena, ret_have, err);
	return rc < 0 ? ceph_fail(err, pool, rc, "object %s: %s", object, key) : 0;
}
