/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.h - a task of pxc_vm planned against a test world, as text. */
#pragma once

#include "lib/world.h"

/*
 * task    arguments as a playbook gives them; project "acme" is added when none is named
 * returns the whys of all steps joined by "; " ("" = nothing to do), warnings after " | ", or "!" and the sentence
 *         of a refusal. New string.
 */
char *plan_vms(const char *task, const struct test_world *w);

/* The arguments of step `step` of plan `plan` as sorted compact JSON, without notes and ids. New string. */
char *plan_args(const char *task, const struct test_world *w, size_t plan, size_t step);
