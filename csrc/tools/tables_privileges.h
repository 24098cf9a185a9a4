/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables_privileges.h - between the files that read schemas/privileges.yml. Layer: tools. */
#pragma once

#include "tools/tables.h"

#define TABLE_MAJORS 3
extern const char *const table_majors[TABLE_MAJORS]; /* "common", "pve8", "pve9" */

/* Does it all fit together? err EINVAL: begins with file and line. */
must_check int privileges_check(const char *path, const json_t *data, struct pxc_err *err);

const char *table_text(const json_t *entry, const char *key); /* NULL: none */
/* The first of a list's entries that has this text under the key; NULL: none. */
const json_t *table_entry(const json_t *list, const char *key, const char *name);
