/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/parts.h"

static const struct ceph_ops table = {
	.abi = CEPH_ABI,
};

__attribute__((visibility("default"))) const struct ceph_ops *const pxc_ceph_table = &table;
