/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.h - one line from time to time for people who wait: "37 of 500 done, 12 running, 1 failed, 02:10 left".
 *
 * The lines go to standard error, each with PROGRESS_MARK in front, and only when the action plugin asks for them by PXC_PROGRESS=1:
 * it shows them while the task runs (plugins/plugin_utils/progress.py), and nobody else would. They count, and name nothing. Layer: modules.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define PROGRESS_MARK "pxc-progress: "
#define PROGRESS_MS 3000 /* between two lines, and before the first: what is quick needs none */

struct progress {
	size_t all, done, under_way, failed; /* done includes those that failed or were dropped */
	int64_t began_ms, said_ms; /* said_ms: when the last line was, at first began_ms */
};

/* The line, when it is time for one, else NULL; new string. */
char *progress_line(struct progress *p, int64_t now_ms);
