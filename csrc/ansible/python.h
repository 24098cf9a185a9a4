/* SPDX-License-Identifier: GPL-3.0-or-later */
/* python.h - values as Python would write them: messages and texts made of other types look like that. Layer: ansible. */
#pragma once

#include "base/json.h"

/* "dict", "list", "str", "int", "float", "bool", "NoneType". */
const char *python_type(const json_t *value);

/* str(value): a text as it is, 1.5, True, None, ['a', 1]. New string. */
char *python_str(const json_t *value);
