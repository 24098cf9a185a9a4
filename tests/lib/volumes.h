/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * volumes.h - a task of pxc_volume planned against a test world, as text.
 *
 * world   as world.h and rbd_world.h have it; the cloud's storage is "fast", or "storage". "may_ha": 0 without Sys.Console.
 */
#pragma once

#include "cloud/volume.h"
#include "lib/plan.h"

/*
 * task    arguments as a playbook gives them; project "acme" is added when none is named
 * returns the whys of all steps joined by "; ", phases divided by " / " ("" = nothing to do), warnings after " | ", or "!" and
 *         the sentence of a refusal. New string.
 */
char *plan_volumes(const char *task, const char *world);
/* The arguments of the first step of that operation as sorted compact JSON, without notes, blocks' stamps and ids. New string. */
char *plan_volume_args(const char *task, const char *world, int op);
/* As plan_rows(). */
void plan_volume_rows(const struct plan_row *rows, size_t n);
