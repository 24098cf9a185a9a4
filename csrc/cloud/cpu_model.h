/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cpu_model.h - what the CPU models that live migration can rely on ask of a node's processor. Pure. Layer: cloud. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Newest first: "x86-64-v4", "x86-64-v3", "x86-64-v2-AES", "x86-64-v2"; ends with NULL. */
extern const char *const cpu_model_names[];

bool cpu_model_known(const char *model); /* NULL is none */
/*
 * The first thing that the model has and the processor lacks, as Linux names it; NULL: nothing is lacking, or the model is
 * not known.
 *
 * flags  as /proc/cpuinfo has them, divided by blanks; "" = not known: nothing is lacking
 */
const char *cpu_model_lacks(const char *model, const char *flags);
