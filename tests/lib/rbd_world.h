/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rbd_world.h - the part of a test world that lies in Ceph, from the key "rbd" of its JSON.
 *
 * {"rbd": {"fast": {"images": [{"name": "pxc-img-debian", "image": "debian@1", "block": {"rank": "2", "p.min_disk": "..."},
 *                               "id": "a1", "size_gib": 2, "snaps": ["1"], "parent": "<id in the same pool>",
 *                               "children": ["p-fast/x"], "watchers": ["10.0.0.1"], "left": 1, "in_removal": 1,
 *                               "tampered": 1, "inherited": 1},
 *                              {"name": "vm-101-disk-0", "disk": "vm.101.00000065"},
 *                              {"name": "vm-900000-pxc-aaaaaaaa", "volume": "data"}],
 *                   "state": {"att/abc": "vm.101.00000065"}, "cluster": "fsid"}},
 *  "guests": [{..., "template_of": "debian@1"}], "sees_all": 0}
 *
 * "image" is an available, public image of rank 1, "disk" the root disk of VM acme/web, "volume" one of project acme; all were
 * written TEST_LONG_AGO by this cluster. A snapshot "trash" is in the trash, one "pxc-tmp-dead..." of a process that is gone. "block" changes or replaces that. The pool behind storage "fast" is called "p-fast".
 */
#pragma once

#include "lib/world.h"

/* What is older than an hour, at the moment of the test worlds (20260101T000000Z, 0x6955b900). */
#define TEST_STALE_S 1767222000
#define TEST_STALE_STAMP "20251231T230000Z"
#define TEST_LONG_AGO "20250101T000000Z"

void test_rbd_world(struct test_world *w);
void test_rbd_world_release(struct test_world *w);
