/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dc_format.h - property strings of the datacenter's options: crs, ha, migration, ... Layer: sim. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"

/* Is the option a property string? */
bool dc_is_property(const char *option);
/*
 * "ha=static,ha-rebalance-on-start=1" to an object, numbers and switches as numbers.
 * returns false with why = the lines that PVE adds to "format error"
 */
bool dc_parse(const char *option, const char *text, json_t *into, struct pxc_buf *why);
/* Words between ";", "," and blanks. New reference. */
json_t *dc_list(const char *text);
