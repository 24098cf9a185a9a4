/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task of pxc_volume asks the policy for. */
#include "base/str.h"
#include "cloud/volume.h"

static void ask_one(const struct volume_spec *s, struct policy_asks *ret)
{
	const struct {
		bool asked;
		const char *action, *project;
	} rows[] = {
		{ !s->absent, "volume.create", s->project },
		{ s->absent, "volume.delete", s->project },
		{ s->attach_to || s->detach, "volume.attach", s->project },
		{ s->nsnaps || s->snaps_exact || s->force_snapshots, "volume.snapshot",
		  s->project },
		{ s->rollback, "volume.rollback", s->project },
		{ s->is_protected == 0, "volume.unprotect", s->project },
		{ s->reseal, "volume.reseal", s->project },
		{ s->new_project, "volume.give", s->project },
		{ s->new_project, "volume.take", s->new_project },
		/* Given before, it is found there, and the rest of the task is about a volume of that project. */
		{ s->new_project && s->is_protected == 0, "volume.unprotect", s->new_project },
		{ s->new_project && s->reseal, "volume.reseal", s->new_project },
		{ s->source.volume && !str_eq(s->source.project, s->project), "volume.copy",
		  s->source.project },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].asked)
			policy_ask(ret, rows[i].action, rows[i].project, s->label);
}

void volume_asks(const struct volume_batch *batch, const struct world *w, struct policy_asks *ret)
{
	(void)w;
	for (size_t i = 0; i < batch->nspecs; i++)
		ask_one(&batch->specs[i], ret);
}
