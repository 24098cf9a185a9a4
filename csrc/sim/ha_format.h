/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_format.h - the texts of rules and groups: what is taken, and how it is written. Layer: sim. */
#pragma once

#include "sim/core.h"

sim_format_fn ha_format_id;    /* letters, digits, "_" and "-", a letter first, two at least */
sim_format_fn ha_format_sids;  /* "vm:100,ct:101" */
sim_format_fn ha_format_nodes; /* "pve1:2,pve2" */

/* Sorted, each once; a priority of 0 is not written. Caller frees. */
char *ha_normal_sids(const char *list);
char *ha_normal_nodes(const char *list);
/*
 * What becomes of a comment that PVE decodes although nobody has encoded it: "%41" is "A", and letters outside of ASCII are
 * taken for bytes, mostly U+FFFD. NULL: there is a letter above U+00FF, which it cannot do. Caller frees.
 */
char *ha_mangled(const char *comment);
