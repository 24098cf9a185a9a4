/* SPDX-License-Identifier: GPL-3.0-or-later */
/* project_find.h - from a project's name to its pool in a snapshot. Layer: cloud. */
#pragma once

#include "cloud/world.h"

/*
 * The pool id of a project: the pool whose comment holds an intact project token of that name (key n, else
 * the pool's own id). NULL: there is none.
 */
const char *project_pool(const struct world *w, const char *project);
/* Fails, as there is no such project. Always returns -1. */
int project_missing(const char *label, const char *project, struct pxc_err *err);
/* Does the pool carry a project's token, intact or not? */
bool project_of_pool(const struct world *w, const char *poolid);
