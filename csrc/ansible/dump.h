/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dump.h - the program's own tables as JSON, to be compared with its documentation. Layer: ansible. */
#pragma once

#include "ansible/args.h"

json_t *ans_dump(const struct ans_spec *spec); /* new reference */
int ans_dump_main(const char *module);         /* NULL = all; prints; exit status */

/* Read raw arguments from standard input, print {"params", "given", "warnings"} or {"error"}; exit status 0. */
int ans_validate_main(const struct ans_spec *spec);
