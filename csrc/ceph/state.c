/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "ceph/omap.h"

int ceph_state_list(struct ceph_pool *pool, const char *object, const char *prefix,
		    struct pxc_arena *arena, struct ceph_pair **ret, size_t *ret_n,
		    struct pxc_err *err)
{
	auto_omap struct omap_pairs pairs = { .list = NULL };
	int rc = omap_rest(pool, object, prefix ? prefix : "", arena, &pairs);

	if (rc < 0 && rc != -ENOENT)
		return ceph_fail(err, pool, rc, "object %s", object);
	for (size_t i = 0; prefix && *prefix && i < pairs.n; i++)
		pairs.list[i].key = arena_printf(arena, "%s%s", prefix, pairs.list[i].key);
	*ret = omap_keep(&pairs, arena);
	*ret_n = pairs.n;
	return 0;
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
	size_t len;
	int rc = omap_get(pool, object, key, arena, &have, &len);

	if (rc < 0 && rc != -ENOENT)
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
