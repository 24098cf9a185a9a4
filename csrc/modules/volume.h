/* SPDX-License-Identifier: GPL-3.0-or-later */
/* volume.h - the parts of pxc_volume. Layer: modules. */
#pragma once

#include "cloud/volume.h"
#include "modules/kind.h"

/* err EINVAL: one sentence naming the volume and the option. No requests. */
must_check int volume_decode(struct pxc_env *env, struct volume_batch **ret, struct pxc_err *err);

/*
 * The cluster's lists, the guests of the projects that the batch is about, the pools of their storages, and who uses what
 * may be removed, rolled back or attached. Without the right to see the VMs of a project nothing is known: EDENIED.
 */
must_check int volume_observe(struct pxc_env *env, struct volume_batch *batch,
			      struct volume_world **ret, struct pxc_err *err);
