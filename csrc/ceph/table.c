/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/parts.h"

static const struct ceph_ops table = {
	.abi = CEPH_ABI,
	.connect = ceph_connect,
	.disconnect = ceph_disconnect,
	.fsid = ceph_fsid,
	.pool_open = ceph_pool_open,
	.pool_close = ceph_pool_close,
	.pool_id = ceph_pool_id,
	.pool_space = ceph_pool_space,
	.create = ceph_create,
	.remove = ceph_remove,
	.grow = ceph_grow,
	.write = ceph_write,
	.read = ceph_read,
};

__attribute__((visibility("default"))) const struct ceph_ops *const pxc_ceph_table = &table;
