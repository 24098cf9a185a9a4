/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_zone_decode.h - the options of a zone as tasks of pxc_cloud and pxc_sdn name them. Layer: modules. */
#pragma once

#include "modules/kind.h"

/*
 * What given (a decoded dict) names of the options in cloud/sdn_zone.h: PVE's option -> text, or null to take it back to
 * PVE's default (a null, "" or []). Lists are sorted, switches "1" and "0"; other keys of given are not looked at.
 * ret  kept by the run; what the texts say is not checked: sdn_zone_check()
 * err  EINVAL: a value of another type
 */
must_check int sdn_zone_decode(struct pxc_env *env, const char *label, const json_t *given,
			       json_t **ret, struct pxc_err *err);
