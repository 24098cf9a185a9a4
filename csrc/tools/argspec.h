/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * argspec.h - the generator that turns the contract of a module (plugins/modules/K.yml) into C tables and into the Python files
 * that Ansible wants. Layer: tools.
 *
 * A model is the contract as one JSON object, its fragments merged in:
 *   file, name, doc (DOCUMENTATION as the stub has it), examples, return,
 *   options (as in doc, each with no_log, env, unit and rules where SPEC says so), rules, check_mode,
 *   batch, batch_required, shared (names of the options that came from fragments)
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

/*
 * A YAML file as JSON; plain scalars are what PyYAML makes of them. New reference in ret.
 * err EINVAL: cannot be read or parsed, a key twice, a tag, or a plain scalar that YAML 1.1 reads in a surprising way
 *     (017, 0x1f, 12:30, dates): it must be quoted
 */
must_check int yaml_read(const char *path, json_t **ret, struct pxc_err *err);
must_check int yaml_read_text(const char *text, size_t len, const char *name, json_t **ret,
			      struct pxc_err *err);

/* The same; every mapping has in key YAML_LINE the number of the line where it begins. */
#define YAML_LINE " line"
must_check int yaml_read_lines(const char *path, json_t **ret, struct pxc_err *err);

/* Text as a C string literal; NULL gives NULL. */
void put_string(struct pxc_buf *out, const char *s);

/* Read a contract and merge its fragments. New reference in ret; err EINVAL begins with file and key. */
must_check int model_read(const char *path, json_t **ret, struct pxc_err *err);
/* The option at a dotted path ("cloud_init.password"), borrowed; NULL = none. */
json_t *model_option(const json_t *options, const char *path);
/* Is anything in it contradictory? err EINVAL, begins with file and key. */
must_check int model_check(const json_t *model, struct pxc_err *err);
/* Do the examples use options that exist? */
must_check int model_check_examples(const json_t *model, struct pxc_err *err);

/* Print C tables of all models (array). */
void emit_c(const json_t *models, struct pxc_buf *out);
/* Python files; err EINVAL: a text that a raw Python string cannot hold. */
must_check int emit_stub(const json_t *model, struct pxc_buf *out, struct pxc_err *err);
must_check int emit_fragment(const char *path, struct pxc_buf *out, struct pxc_err *err);
/* The frame with what models say in it; err EINVAL begins with the frame's file. */
must_check int emit_schema(const char *frame, const json_t *models, struct pxc_buf *out,
			   struct pxc_err *err);
void emit_action(const json_t *model, struct pxc_buf *out);
void emit_runtime(const json_t *models, struct pxc_buf *out);
