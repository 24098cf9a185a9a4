/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.h - a task planned against a test world, as text. */
#pragma once

#include "base/buf.h"
#include "cloud/plan.h"
#include "lib/world.h"

/*
 * task    arguments as a playbook gives them; project "acme" is added to those of pxc_vm, pxc_affinity and pxc_keypair when none is named
 * returns the whys of all steps joined by "; " ("" = nothing to do), warnings after " | ", or "!" and the sentence
 *         of a refusal. New string.
 */
char *plan_task(const char *module, const char *task, const struct test_world *w);
/* The same as plan_print() has it. */
char *plan_phases(const char *module, const char *task, const struct test_world *w);
char *plan_vms(const char *task, const struct test_world *w);
char *plan_images(const char *task, const struct test_world *w);

/*
 * Append what was planned: whys of one phase joined by "; ", phases by " / ", impacts beyond quiet in brackets when asked
 * for, then each warning after " | ". What undoes others is left out. result -1: "!" and the sentence of err.
 */
void plan_print(const struct pxc_plans *plans, int result, const struct pxc_err *err, bool impacts,
		struct pxc_buf *out);

/* The items of the objects, in the task's order; or NULL and the refusal. New reference. */
json_t *plan_items(const char *module, const char *task, const struct test_world *w,
		   struct pxc_err *err);

/* The arguments of step `step` of plan `plan`; new reference. */
json_t *plan_step(const char *module, const char *task, const struct test_world *w, size_t plan,
		  size_t step);
/* The same of pxc_vm as sorted compact JSON, without notes and ids. New string. */
char *plan_args(const char *task, const struct test_world *w, size_t plan, size_t step);

/* At which storages of Ceph must be looked for a task of pxc_vm? Each with a blank behind it. New string. */
char *plan_storages(const char *task, const struct test_world *w);

/* Does got fit pattern, in which * stands for anything? */
bool plan_fits(const char *pattern, const char *got);

/* world, task, and what plan_task() has to give, as a pattern. */
struct plan_row {
	const char *name, *world, *task, *plan;
};
/* Fails with all rows that do not give their plan, or another one the second time. */
void plan_rows(const char *module, const struct plan_row *rows, size_t n);
/* The same by a function of task and world that returns a new string. */
void plan_rows_with(char *(*plan)(const char *task, const char *world), const struct plan_row *rows,
		    size_t n);
