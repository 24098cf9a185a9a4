/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * args.h - from Ansible's raw arguments to values that can be trusted. A compiled module gets everything
 * uncoerced ("yes", "2", "a,b"); this does what ArgumentSpecValidator does for Python modules, with the
 * same order and wording. Layer: ansible.
 */
#pragma once

#include <stdbool.h>

#include "ansible/spec.h"
#include "base/err.h"
#include "base/json.h"

/* What Ansible itself says about the task. */
struct ans_task {
	bool check_mode, diff, no_log;
	bool want_invocation; /* _ansible_inject_invocation, or absent and verbosity >= 3 */
	int verbosity;
	bool ignore_unknown;
	char module_name[128];
};

struct ans_args {
	const struct ans_spec *spec;
	struct ans_task task;
	json_t *params; /* owned; coerced, defaults filled in at every level; absent = not given (or null) */
	json_t *given; /* owned; the same tree WITHOUT defaults: what the user (or an env fallback) named */
	json_t *raw; /* owned; as Ansible gave it: only here a null can be told from an option that was not given */
	json_t *warnings; /* owned; array of strings */
	json_t *secrets; /* owned; array of strings that must never be printed (no_log values, longest first) */
};

void ans_args_release(struct ans_args *args);
#define auto_args on_scope_exit(ans_args_release)

/*
 * Read the raw JSON object: argv[1] names a file; without it standard input is read.
 * ret      new reference; numbers that do not fit 64 bits arrive as strings of their digits
 * err      EINVAL: cannot be read, is not JSON, not an object, too large (PXC_MAX_ARGS)
 */
must_check int ans_read(int argc, char **argv, json_t **ret, struct pxc_err *err);

/*
 * Coerce and check raw against the spec.
 * getenv_fn  looks environment fallbacks up (getenv in production)
 * err        EINVAL with Ansible's own wording; ret->task, ->secrets are valid even then
 */
must_check int ans_validate(const struct ans_spec *spec, const json_t *raw,
			    const char *(*getenv_fn)(const char *name), struct ans_args *ret,
			    struct pxc_err *err);

const char *ans_getenv(const char *name); /* getenv(3) */

/*
 * coerce.c: one value to its type, lists and their elements too. context as in messages: "" or "vms -> disks".
 * returns  a new reference; NULL with err EINVAL in Ansible's words
 */
json_t *ans_coerce(const struct ans_option *option, const json_t *value, const char *context,
		   struct pxc_err *err);
/* The same for a type that is no list; option (for its unit) may be NULL. */
json_t *ans_coerce_scalar(enum ans_type type, const struct ans_option *option, const json_t *value,
			  struct pxc_err *err);

const struct ans_option *ans_find(const struct ans_rules *rules,
				  const char *name); /* by name or alias */
