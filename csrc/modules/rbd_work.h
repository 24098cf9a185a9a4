/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rbd_work.h - steps that Ceph does: rows of a kind's table use these as their work. Layer: modules.
 *
 * What is made gets its content and its block under a temporary name (RBD_TEMP_PREFIX) and its own name last, in one
 * step: nobody ever sees it half made or without its block. What a killed run leaves is temporary, named in its block
 * and removed by the next run. context is the struct pxc_env, whose storages are reached before. All of them fail
 * with ECONFLICT when the world is no longer what the plan was made for. Arguments (texts unless said otherwise):
 */
#pragma once

#include "pve/client.h"

/* storage, name, size (integer, bytes), block: a blank image. */
pve_work_fn rbd_work_create;
/*
 * storage, name, block, from (storage of the parent, default storage), parent, snap (absent: of the parent as it is
 * now), size (integer; absent or smaller: as the parent), flatten (boolean): a copy-on-write clone.
 */
pve_work_fn rbd_work_clone;
/* storage, name, snap, block, source, checksum, ca_path, work_dir, min_bytes, max_bytes (integers). Result: {checksum, format, size}. */
pve_work_fn rbd_work_import;
/* storage, name, snap, block, from, parent, parent_snap: an independent copy as an image of its own. */
pve_work_fn rbd_work_copy;
/*
 * storage, name, block, from, parent: all of a volume, snapshots too, in another pool. Fails (EBUSY) when somebody has the
 * old one open; it is left as it is.
 */
pve_work_fn rbd_work_move;
/* storage, name, label, files {name: text}, block: a small ISO 9660 volume; one that is there is written over. */
pve_work_fn rbd_work_iso;
/*
 * storage, image_id (absent: of the image called name), revision ("" = has none; absent: whatever it is), block, drop (array of
 * keys): the block of an image anew.
 */
pve_work_fn rbd_work_block;
/* storage, name, to, and as rbd_work_block(): another name with another block. */
pve_work_fn rbd_work_rename;
/* storage, name, snaps (array, removed first), patience_ms (integer: an image in use is tried for so long). */
pve_work_fn rbd_work_remove;
/* storage, name, patience_ms (integer): nobody has it open any more. Changes nothing. */
pve_work_fn rbd_work_closed;
/* storage, name, size (integer). */
pve_work_fn rbd_work_grow;
/* storage, name. */
pve_work_fn rbd_work_flatten;
/* storage, name, snap. */
pve_work_fn rbd_work_snap_create;
pve_work_fn rbd_work_snap_remove;
pve_work_fn rbd_work_snap_rollback;
/* storage, key, expect (absent: must not be there), value (absent: remove): a fact in RBD_STATE_OBJECT. */
pve_work_fn rbd_work_state;
