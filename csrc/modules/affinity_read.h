/* SPDX-License-Identifier: GPL-3.0-or-later */
/* affinity_read.h - what must be known before groups are shown to PVE as HA rules. Layer: modules. */
#pragma once

#include "modules/kind.h"

/* May the API user change HA rules: has it Sys.Console on /? (api: GET /access/permissions) */
must_check int affinity_read_right(struct pxc_env *env, bool *ret, struct pxc_err *err);

/* The HA manager knows as many nodes as args._nodes: the "until" of GET /cluster/ha/status/manager_status. */
bool affinity_knows_nodes(const json_t *data, const json_t *args, int http, const char *text);
