/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ha_world.h - the part of a test world that the HA manager knows; see world.h.
 *
 * "ha": {"vms": [100, 101],                   HA resources, wanted started
 *        "rules": [PVE's rows],               "comment": "@acme/web" is the comment of that group's projection
 *        "maintenance": ["pve3"],
 *        "pve8": true}                        no rules, but groups
 * Without "ha" nothing is in HA.
 */
#pragma once

#include "lib/world.h"

struct ha *test_ha(struct test_world *w, const json_t *given);
