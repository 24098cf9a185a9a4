/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cloud_zones.h - tenant_zones of pxc_cloud: from a task, and what PVE has of them. Layer: modules. */
#pragma once

#include "cloud/registry_plan.h"
#include "modules/kind.h"

/*
 * Fill s->zones from tenant_zones; NULL when the task does not name them.
 * err EINVAL: a bad name, type or option, a range that the type does not take or that is missing or too large
 */
must_check int cloud_zones_decode(struct pxc_env *env, const json_t *given, struct cloud_spec *s,
				  struct pxc_err *err);

/* Fill cw->zones. (api: GET /cluster/sdn/zones, which shows zones that wait to be applied too; SDN.Audit) */
must_check int cloud_zones_read(struct pxc_env *env, struct cloud_world *cw, struct pxc_err *err);
