/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kind_parts.h - one run of the loop: kind.c turns round, apply.c does what was planned. For these two. Layer: modules. */
#pragma once

#include "modules/kind.h"
#include "modules/lock.h"
#include "modules/outcome.h"
#include "modules/rbd.h"

struct kind_run {
	const struct pxc_kind *kind;
	struct pxc_env *env;
	void *batch, *world;
	struct outcomes outcomes;
	struct locks locks;
	struct kind_limits limits;
	/* Where the record of changes lies in Ceph, reached; NULL = nowhere. */
	const struct rbd_store *audit;
	size_t asked_at; /* of env->asked: where the last record found its object; the next one is near */
};

/* Do all plans, phase by phase; what became of them is in the outcomes. */
void kind_apply(struct kind_run *run, const struct pxc_plans *plans);
