/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * project_block.h - what is remembered of a project: one token in its pool's comment. Pure. Layer: cloud.
 * Keys: t=project, id=pool.<poolid>, c, n (its name, when the pool is called otherwise), rm, rw, ro (managers, members,
 * readers: sorted lists), st (frozen: nothing in it is changed), q.<key>, ha (0 or 1: new VMs), op (journal), r, at, by. Unknown keys survive.
 */
#pragma once

#include "annot/annot.h"
#include "base/arena.h"
#include "cloud/quota.h"
#include "cloud/world.h"

enum project_role { ROLE_MANAGER, ROLE_MEMBER, ROLE_READER, PROJECT_ROLES };

extern const char *const project_role_names[PROJECT_ROLES]; /* "manager", "member", "reader" */

struct project_block {
	const char *name;
	const char *const *roles[PROJECT_ROLES]; /* NULL-terminated, sorted, without doubles */
	struct quota quota;                      /* own values; QUOTA_UNSET where not named */
	enum ha_policy ha;                       /* of new VMs in it */
	bool frozen;
	const char *op; /* journal; NULL = none */
};

/* err EINVAL: t or id are not those of this pool's project ("copied" tokens count as none: ENOTFOUND), bad number. */
must_check int project_decode(const struct annot *a, const char *poolid, struct pxc_arena *arena,
			      struct project_block *ret, struct pxc_err *err);

/* Write the block's keys over a (which keeps what is unknown); cluster is key c. r, at and by are not touched. */
void project_encode(const struct project_block *p, const char *poolid, const char *cluster,
		    struct annot *a);

/* What the project of a pool says about new VMs. */
enum ha_policy project_ha(const struct world *w, const char *poolid);

/* Sorted copy without doubles. */
const char *const *strv_sorted(struct pxc_arena *arena, const char *const *list);
