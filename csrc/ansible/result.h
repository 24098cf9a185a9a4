/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result.h - the one JSON object a module prints. Layer: ansible.
 *
 * Whatever happens (a bug, SIGTERM, no memory, a bad args file) exactly one object comes out, in ASCII,
 * with every secret replaced, and nothing else on standard output.
 */
#pragma once

#include "ansible/args.h"

/* First thing in main(), after which there are no core files: from now on a crash, SIGTERM/SIGINT/SIGHUP or no memory print a failure object too. */
void result_guard(const char *module_name);

/*
 * Print and finish. result: stolen; "failed", "changed", "msg", "diff", items... as the kind made them.
 * Adds warnings and, when asked for, invocation (secrets masked); replaces secrets in every string and
 * key by "********" (whole no_log parameters in invocation by VALUE_SPECIFIED_IN_NO_LOG_PARAMETER);
 * drops keys named __ansible_type. Returns the exit status: 0, or 1 when "failed" is true.
 */
int result_print_new(const struct ans_args *args, json_t *result);

/* The text with every secret of the task replaced, and with what is left of one where the text was cut. New string. */
char *result_mask_text(const struct ans_args *args, const char *text);

/* A copy with every secret of the task replaced, in the same way. New reference. */
json_t *result_masked(const struct ans_args *args, const json_t *value);

/* A text as JSON whatever its bytes: where it is no UTF-8 (a message that was cut), "?" stands for what is not ASCII. New reference. */
json_t *result_text(const char *text);

/* A failure object's exit without args (they could not be read). Returns 1. */
int result_fail(const char *msg);
