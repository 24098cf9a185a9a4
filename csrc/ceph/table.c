/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/import_parts.h"

static const struct ceph_ops table = {
	.abi = CEPH_ABI,
	.connect = ceph_connect,
	.disconnect = ceph_disconnect,
	.fsid = ceph_fsid,
	.pool_open = ceph_pool_open,
	.pool_close = ceph_pool_close,
	.pool_id = ceph_pool_id,
	.pool_space = ceph_pool_space,
	.list = ceph_list,
	.look = ceph_look,
	.children = ceph_children,
	.watchers = ceph_watchers,
	.create = ceph_create,
	.clone = ceph_clone,
	.remove = ceph_remove,
	.rename = ceph_rename,
	.grow = ceph_grow,
	.flatten = ceph_flatten,
	.write = ceph_write,
	.read = ceph_read,
	.snap_create = ceph_snap_create,
	.snap_remove = ceph_snap_remove,
	.snap_rollback = ceph_snap_rollback,
	.meta = ceph_meta,
	.import = ceph_import,
	.iso = ceph_iso,
	.hold = ceph_hold,
	.release = ceph_release,
	.snap_protect = ceph_snap_protect,
	.origin = ceph_origin,
	.used = ceph_used,
};

__attribute__((visibility("default"))) const struct ceph_ops *const pxc_ceph_table = &table;
