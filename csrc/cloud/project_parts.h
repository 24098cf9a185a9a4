/* SPDX-License-Identifier: GPL-3.0-or-later */
/* project_parts.h - what the files of cloud/project*.c share; nobody else includes it. Layer: cloud. */
#pragma once

#include "cloud/project.h"

/* One project while it is planned. */
struct project_case {
	const struct project_batch *batch;
	const struct project_spec *spec;
	const struct project_world *pw;
	const struct world_pool *pool; /* NULL = there is none */
	struct annot_text text;        /* of the pool's comment */
	struct project_block have;
	bool managed, purges; /* purges: guests of it go before it */
	struct pxc_arena arena;
	struct pxc_plans *plans;
	struct pxc_plan *plan;
};

/* What results and diffs show of it; new reference. */
json_t *project_block_json(const struct project_block *b, const char *poolid,
			   const char *description);
/* The pool's comment with this block, whose r, at and by are set. New string. */
char *project_comment(struct project_case *c, const struct project_block *want,
		      struct annot *block);

/* project_frozen.c: with state: frozen or present named, else as it is; a change of one that stays frozen is refused */
void project_want_frozen(const struct project_case *c, struct project_block *want);
must_check int project_check_frozen(const struct project_case *c, const struct project_block *want,
				    struct pxc_err *err);

/* project_roles.c: the role lists after exact, add or remove, and whether they may be so */
void project_want_roles(struct project_case *c, struct project_block *want);
/* err EINVAL: too many names, an unknown group; EDENIED: a tenant leaves it without a manager */
must_check int project_check_roles(struct project_case *c, const struct project_block *want,
				   struct pxc_err *err);

/* project_absent.c */
must_check int project_absent(struct project_case *c, struct pxc_err *err);
/* Helper plans stand after all objects, so what goes before a project is planned in a second pass. */
void project_purge(struct project_case *c);
