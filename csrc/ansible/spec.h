/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spec.h - the contract of a module as C tables. Generated from plugins/modules/K.yml by tools/argspec;
 * never written by hand. All pointers are static. Layer: ansible.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum ans_type {
	ANS_STR,
	ANS_INT,
	ANS_BOOL,
	ANS_FLOAT,
	ANS_LIST,
	ANS_DICT,
	ANS_PATH,
	ANS_RAW,
	ANS_JSON,
	ANS_BYTES, /* "32G" or a number; the value handed on is an integer in bytes */
};

struct ans_option {
	const char *name;
	enum ans_type type;
	enum ans_type elements; /* for ANS_LIST; ANS_RAW when not said */
	bool required, no_log;
	unsigned long long unit;     /* ANS_BYTES: what a bare number counts, e.g. 1 MiB */
	const char *default_json;    /* compact JSON, or NULL */
	const char *const *choices;  /* NULL-terminated canonical texts, or NULL */
	const char *const *aliases;  /* NULL-terminated, or NULL */
	const char *const *env;      /* NULL-terminated names of environment fallbacks, or NULL */
	const struct ans_rules *sub; /* suboptions of a dict, or of the dicts of a list; or NULL */
};

/* required_if: when option equals value (JSON text), then all (or any) of requirements. */
struct ans_required_if {
	const char *option, *value;
	const char *const *requirements;
	bool any;
};

struct ans_required_by {
	const char *option;
	const char *const *requirements;
};

/* One level of options with its cross-field rules. Lists of lists are NULL-terminated arrays. */
struct ans_rules {
	const struct ans_option *options;
	size_t noptions;
	const char *const *const *mutually_exclusive;
	const char *const *const *required_together;
	const char *const *const *required_one_of;
	const struct ans_required_if *required_if; /* ends with option == NULL */
	const struct ans_required_by *required_by; /* ends with option == NULL */
};

struct ans_spec {
	const char *name; /* "pxc_vm" */
	const char *short_description;
	bool supports_check_mode;
	struct ans_rules rules;
	/* Option that takes a list of objects, the others being their defaults ("vms"); NULL = none. */
	const char *batch;
	const char *const
		*batch_required; /* what each object must have; NULL-terminated, or NULL */
	const char *const
		*batch_shared; /* options that are the task's, not an object's (connection) */
};

/* The table of all modules in this program, generated; ends with NULL. */
extern const struct ans_spec *const ans_specs[];
