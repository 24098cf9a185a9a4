/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diff.h - Ansible's diff: before and after as YAML text. Layer: ansible. */
#pragma once

#include "base/json.h"

/* JSON value to block-style YAML (libyaml), keys sorted, multi-line strings literal. "" for NULL or {}. New string. */
char *yaml_render(const json_t *value);

char *yaml_render_ordered(const json_t *value); /* the same with keys in the order they were set */

/* {before, after, before_header, after_header}; before/after borrowed, NULL = does not exist. New reference. */
json_t *diff_create(const char *header, const json_t *before, const json_t *after);
