/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rbd_image.h - the parts of pxc_rbd_image. Layer: modules. */
#pragma once

#include "cloud/image.h"
#include "modules/kind.h"

/* err EINVAL: one sentence naming the image and the option. No requests. */
must_check int image_decode(struct pxc_env *env, struct image_batch **ret, struct pxc_err *err);

/*
 * The same of backend, node and format, once everything else is decoded. given: as the task names it.
 * err EINVAL: an option that a file cannot have, a source that PVE cannot take.
 */
must_check int image_decode_file(struct pxc_env *env, const json_t *item, const json_t *given,
				 struct image_spec *s, struct pxc_err *err);

/*
 * The cluster's lists, the pools of the storages that the task is about, who uses what may be removed, the templates made
 * from images, and the disks that new images are made from.
 */
must_check int image_observe(struct pxc_env *env, struct image_batch *batch,
			     struct image_world **ret, struct pxc_err *err);
