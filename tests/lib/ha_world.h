/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ha_world.h - the part of a test world that the HA manager knows; see world.h.
 *
 * "ha": {"vms": [100, 101],                   HA resources, wanted started; beside them the guests that say "ha" themselves
 *        "rules": [PVE's rows],               "comment": "@acme/web" is the comment of that group's projection
 *        "maintenance": ["pve3"],
 *        "current": [PVE's rows of the status],
 *        "release": 901,                      of PVE; default 9.2
 *        "pve8": true,                        no rules, but groups; 8.4
 *        "denied": true}                      the API user may change nothing there
 */
#pragma once

#include "lib/world.h"

struct ha *test_ha(struct test_world *w, const json_t *given);
