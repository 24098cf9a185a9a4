/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * header.h - headers of many images at once, as one client asks one OSD: rounds of requests that are in flight
 * together, instead of opening each image. What is asked are the methods of Ceph's class "rbd", which librbd asks
 * too, so that no form of data on disks is relied on. Layer: ceph.
 */
#pragma once

#include "ceph/parts.h"

/*
 * Fill size, metadata, snapshots and parent of images[0..n), which have name and id; all else is zero. What cannot be
 * read gets a problem. Images that are gone meanwhile leave the array: *n becomes smaller.
 */
int ceph_headers(struct ceph_pool *pool, struct pxc_arena *arena, struct ceph_image *images,
		 size_t *n, struct pxc_err *err);
