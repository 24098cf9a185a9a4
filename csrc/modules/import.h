/* SPDX-License-Identifier: GPL-3.0-or-later */
/* import.h - what lies on storages with content "import". Layer: modules. */
#pragma once

#include "cloud/world.h"
#include "modules/kind.h"

/*
 * Put what every node that is online has on this storage into volumes: "node/volume" -> bytes.
 * (api: GET /nodes/{node}/storage/{storage}/content?content=import)
 */
must_check int import_read(struct pxc_env *env, const struct world *w, const char *storage,
			   json_t *volumes, struct pxc_err *err);
