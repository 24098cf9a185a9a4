/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spec_sample.h - a small module's tables, as the generator would make them. */
#pragma once

#include "ansible/spec.h"
#include "base/attr.h"
#include "base/units.h"

#define RULES(table) .options = (table), .noptions = ARRAY_SIZE(table)

static const char *const colors[] = { "red", "green", NULL };
static const char *const other_names[] = { "label", NULL };
static const char *const host_env[] = { "SAMPLE_HOST", "SAMPLE_OLD_HOST", NULL };
static const char *const user_and_password[] = { "user", "password", NULL };
static const char *const one_or_two[] = { "one", "two", NULL };
static const char *const needs_size[] = { "size", NULL };
static const char *const item_required[] = { "name", NULL };
static const char *const item_shared[] = { "host", "secret", NULL };
static const char *const *const exclusive[] = { one_or_two, NULL };
static const char *const *const together[] = { user_and_password, NULL };
static const struct ans_required_if when_big[] = {
	{ .option = "kind", .value = "\"big\"", .requirements = needs_size },
	{ .option = NULL },
};

static const struct ans_option disk_options[] = {
	{ .name = "size", .type = ANS_BYTES, .unit = GIB, .required = true },
	{ .name = "color", .type = ANS_STR, .choices = colors, .default_json = "\"red\"" },
};
static const struct ans_rules disk_rules = { RULES(disk_options) };

static const struct ans_option login_options[] = {
	{ .name = "user", .type = ANS_STR },
	{ .name = "password", .type = ANS_STR, .no_log = true },
};
static const struct ans_rules login_rules = { RULES(login_options), .required_together = together };

#define OWN_OPTIONS                                                                                \
	{ .name = "name", .type = ANS_STR, .aliases = other_names },                               \
		{ .name = "one", .type = ANS_STR }, { .name = "two", .type = ANS_STR },            \
		{ .name = "size", .type = ANS_INT },                                               \
		{ .name = "tags", .type = ANS_LIST, .elements = ANS_STR },                         \
		{ .name = "disks", .type = ANS_LIST, .elements = ANS_DICT, .sub = &disk_rules },   \
	{                                                                                          \
		.name = "login", .type = ANS_DICT, .sub = &login_rules                             \
	}

static const struct ans_option item_options[] = {
	OWN_OPTIONS,
	{ .name = "kind", .type = ANS_STR },
};
static const struct ans_rules item_rules = { RULES(item_options) };

static const struct ans_option task_options[] = {
	{ .name = "things", .type = ANS_LIST, .elements = ANS_DICT, .sub = &item_rules },
	OWN_OPTIONS,
	{ .name = "kind", .type = ANS_STR, .default_json = "\"small\"" },
	{ .name = "host", .type = ANS_STR, .env = host_env },
	{ .name = "secret", .type = ANS_STR, .no_log = true },
};

static const struct ans_spec sample = {
	.name = "pxc_thing",
	.short_description = "A thing",
	.supports_check_mode = true,
	.rules = { RULES(task_options), .mutually_exclusive = exclusive, .required_if = when_big },
	.batch = "things",
	.batch_required = item_required,
	.batch_shared = item_shared,
};
