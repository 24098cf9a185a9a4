/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/codec.h"
#include "ceph/parts.h"

/* Such keys change how librbd treats the image; whoever may write metadata may not do that by accident. */
static int check_key(const char *key, struct pxc_err *err)
{
	if (!*key || str_starts(key, "conf_"))
		return pxc_fail(err, PXC_EINVAL,
				"\"%s\" cannot be a metadata key: it is empty, or begins with "
				"conf_, which configures Ceph",
				key);
	return 0;
}

static int check(const struct ceph_meta_change *change, struct pxc_err *err)
{
	for (size_t i = 0; i < change->nset; i++) {
		if (check_key(change->set[i].key, err) < 0)
			return -1;
	}
	for (const char *const *key = change->remove; key && *key; key++) {
		if (check_key(*key, err) < 0)
			return -1;
	}
	return 0;
}

static void add_expect(rados_write_op_t op, const struct ceph_meta_change *change, int *ret_rc)
{
	auto_free char *key = pxc_printf("metadata_%s", change->expect_key);

	rados_write_op_omap_cmp(op, key, LIBRADOS_CMPXATTR_OP_EQ, change->expect_value,
				strlen(change->expect_value), ret_rc);
}

/* By the methods of Ceph's class, which librbd calls for one key at a time: a map of strings, and a string. */
static void add_changes(rados_write_op_t op, const struct ceph_meta_change *change, int *ret_rc)
{
	auto_buf struct pxc_buf map = { .data = NULL };

	for (const char *const *key = change->remove; key && *key; key++) {
		auto_buf struct pxc_buf name = { .data = NULL };

		out_string(&name, *key);
		rados_write_op_exec(op, "rbd", "metadata_remove", name.data, name.len, ret_rc);
	}
	if (change->nset == 0)
		return;
	out_u32(&map, (uint32_t)change->nset);
	for (size_t i = 0; i < change->nset; i++) {
		out_string(&map, change->set[i].key);
		out_string(&map, change->set[i].value);
	}
	rados_write_op_exec(op, "rbd", "metadata_set", map.data, map.len, ret_rc);
}

int ceph_meta(struct ceph_pool *pool, const char *image_id, const struct ceph_meta_change *change,
	      struct pxc_err *err)
{
	auto_free char *oid = pxc_printf("rbd_header.%s", image_id);
	rados_write_op_t op;
	int rc, ignored = 0;

	if (check(change, err) < 0)
		return -1;
	op = rados_create_write_op();
	rados_write_op_assert_exists(op);
	if (change->expect_key)
		add_expect(op, change, &ignored);
	add_changes(op, change, &ignored);
	rc = rados_write_op_operate(op, pool->io, oid, NULL, 0);
	rados_release_write_op(op);
	if (rc == -ECANCELED)
		return pxc_fail(err, PXC_ECONFLICT,
				"metadata %s of image %s in pool %s is not \"%s\" any more: "
				"somebody changed it",
				change->expect_key, image_id, pool->name, change->expect_value);
	if (rc == -ENOENT)
		return pxc_fail(err, PXC_ENOTFOUND, "pool %s has no image with id %s", pool->name,
				image_id);
	return rc < 0 ? ceph_fail(err, pool, rc, "metadata of image %s", image_id) : 0;
}
