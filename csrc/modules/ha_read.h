/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_read.h - reads what the HA manager knows. Layer: modules. */
#pragma once

#include "cloud/ha.h"
#include "cloud/world.h"
#include "modules/kind.h"

/*
 * Side by side; of a node that stands alone, and of clusters that have never had HA, an empty one. The world is there for its
 * options and its HA resources. A missing right (Sys.Audit on /) is EDENIED naming it.
 */
must_check int ha_read(struct pxc_env *env, const struct world *w, struct ha **ret,
		       struct pxc_err *err);
