/* SPDX-License-Identifier: GPL-3.0-or-later */
/* props.h - named sub-options laid over what a device has. Pure. Layer: cloud. */
#pragma once

#include <stddef.h>

#include "base/json.h"

/* Put the named sub-options (null removes) over obj. */
void props_overlay(json_t *obj, const json_t *props);
/* Leave out what says no more than PVE assumes anyway, so that naming a default is no change. rows: option, default. */
void props_normalise(json_t *obj, const char *const rows[][2], size_t n);
void props_normalise_drive(json_t *obj);
