/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * volumes.h - a task of pxc_volume planned against a test world, as text.
 *
 * world   as world.h has it, and what lies in Ceph: "rbd": {"fast": {
 *           "images": [{"name": "vm-900000-pxc-aaaaaaaa", "size_gib": 2, "volume": "data", "block": {...}, "tampered": 1,
 *                       "image": "debian@1", "snaps": ["pxc-s1"], "parent": "id-...", "children": [...], "watchers": [...]}],
 *           "state":  {"att/aaaaaaaa": "vm.101.00000065"}}}
 *         "volume" and "image" stand for the usual blocks of such; "block" is laid over. "may_ha": 0 without Sys.Console.
 */
#pragma once

#include "cloud/volume.h"
#include "lib/world.h"

/*
 * task    arguments as a playbook gives them; project "acme" is added when none is named
 * returns the whys of all steps joined by "; ", phases divided by " / " ("" = nothing to do), warnings after " | ", or "!" and
 *         the sentence of a refusal. New string.
 */
char *plan_volumes(const char *task, const char *world);
/* The arguments of the first step of that operation as sorted compact JSON, without notes, blocks' stamps and ids. New string. */
char *plan_volume_args(const char *task, const char *world, int op);

/* world, task, the steps or "!" and the refusal; a * matches anything. */
struct volume_row {
	const char *name, *world, *task, *plan;
};
/* Plan each of them, twice, and fail the test with all that differ. */
void volume_rows(const struct volume_row *rows, size_t n);
/* ? is one character, * any number of them. */
bool volume_fits(const char *pattern, const char *got);
