/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * argspec.h - the generator: from plugins/modules/K.yml (documentation and, under SPEC, what documentation cannot say) to C
 * tables and to the files Ansible wants. Runs at build time only. Layer: tools.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

/* argspec_yaml.c: a YAML file as JSON; plain scalars as YAML 1.1 reads them (yes and on are booleans). New reference. */
must_check int yaml_load(const char *path, json_t **ret, struct pxc_err *err);

/*
 * argspec_merge.c: a module's file with its fragments merged in, the batch option given its suboptions, and every option
 * checked: {DOCUMENTATION, EXAMPLES, RETURN, SPEC}. fragments: folder of the fragments' sources.
 */
must_check int module_load(const char *path, const char *fragments, json_t **ret,
			   struct pxc_err *err);

/* Module name: "pxc_vm" of "plugins/modules/pxc_vm.yml". Borrowed part of a static buffer. */
const char *module_name(const char *path);

/* argspec_emit.c: the C tables of all modules (array of loaded files). */
void emit_c(const json_t *modules, struct pxc_buf *out);

/* argspec_stub.c: the files of the staged collection. */
void emit_py(const json_t *module, struct pxc_buf *out); /* documentation stub */
void emit_fragment(const char *name, const json_t *doc, struct pxc_buf *out);
void emit_action(const char *module, struct pxc_buf *out);
void emit_runtime(const json_t *modules, struct pxc_buf *out); /* meta/runtime.yml */
