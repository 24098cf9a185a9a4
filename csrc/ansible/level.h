/* SPDX-License-Identifier: GPL-3.0-or-later */
/* level.h - one level of options while it is checked: the task's, or those of one dict in it. Private to the layer: ansible. */
#pragma once

#include "ansible/args.h"

struct ans_level {
	const struct ans_rules *rules;
	struct ans_args *args;
	const char *(*getenv_fn)(const char *name);
	const json_t *raw;      /* as it came */
	json_t *params, *given; /* as in struct ans_args */
	const char *context;    /* for messages: "" or "vms -> disks" */
	const char *dotted;     /* "" or "vms.disks." */
	const char *prefix;     /* for warnings: "" or "vms[0].disks[1]." */
	json_t *unknown; /* array of {name, supported}: names that no option has; shared by all levels */
};

/* secrets.c: add every value of an option that must not be shown, also inside dicts and lists. secrets: longest first. */
void level_collect_secrets(const struct ans_rules *rules, const json_t *values, json_t *secrets);

/* unknown.c: remember names that no option has; refuse them when all else was found to be right, as Ansible does. */
void level_note_unknown(struct ans_level *l);
must_check int level_refuse_unknown(const struct ans_level *top, struct pxc_err *err);

/* check.c: err EINVAL in Ansible's words. */
must_check int level_check_required(const struct ans_level *l, struct pxc_err *err);
must_check int level_check_choices(struct ans_level *l, struct pxc_err *err);
must_check int level_check_exclusive(const struct ans_rules *rules, const json_t *params,
				     const char *context, struct pxc_err *err);
/* required_together, required_one_of, required_if, required_by: defaults count. */
must_check int level_check_conditions(const struct ans_rules *rules, const json_t *params,
				      const char *context, struct pxc_err *err);
