/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdn_pending.h - changes to the SDN that wait to be applied. Layer: modules.
 *
 * With ?pending=1 a row has the values that run, "state" (new, changed, deleted) when it differs from them, and "pending"
 * with the values that wait; "deleted" for an option that goes.
 *
 * On PVE 9 nothing is written while anything waits, and what a run of ours has left is rolled back: plans are made against
 * what runs. PVE 8 has no rollback: there plans are made against what is configured, so that a run which was cut off
 * is gone on with; what waits and is not ours is refused.
 */
#pragma once

#include "base/buf.h"
#include "cloud/sdn.h"
#include "modules/kind.h"

/* The row to plan against, kept by the run; NULL: not there. */
const json_t *sdn_row(struct pxc_env *env, const struct sdn *s, const json_t *row);

/* "vnet web (new)"; what is also the key of the id. In the arena. */
const char *sdn_pending_text(struct pxc_arena *arena, const json_t *row, const char *what);

/* Append "vnet web (new), ..." for what waits, of zones, vnets and controllers; at most five. Nothing waits: nothing. */
must_check int sdn_pending_names(struct pxc_env *env, struct pxc_buf *out, struct pxc_err *err);
