/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tables.h - the generator that turns data of schemas/ into C tables of the cloud layer and into tables of the documentation.
 * One file for each sort of data: tables_<name>.c. Layer: tools.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

/*
 * Data as yaml_read_lines() gives it (borrowed), to the text of the file that is to be made.
 * err EINVAL: begins with file and line of what is wrong; see table_fail()
 */
typedef int table_emit(const char *path, const json_t *data, struct pxc_buf *out,
		       struct pxc_err *err);

table_emit emit_policy;         /* struct policy_action of cloud/policy.h */
table_emit emit_policy_doc;     /* the rows of the table in docs/policy.md */
table_emit emit_privileges;     /* struct access_profile and access_replacement of cloud/access.h */
table_emit emit_privileges_doc; /* what stands between the marker lines of docs/consumers.md */

/* "path: line 12: what", by the mapping that is wrong; NULL: the beginning. Always returns -1. */
int table_fail(struct pxc_err *err, const char *path, const json_t *mapping, const char *fmt, ...)
	printf_like(4, 5);
