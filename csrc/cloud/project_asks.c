/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task of pxc_project asks the policy for. */
#include "base/str.h"
#include "cloud/project.h"
#include "cloud/project_find.h"

static bool names_quota(const struct project_spec *s)
{
	for (int q = 0; q < QUOTA_KEYS; q++)
		if (s->quota.v[q] != QUOTA_UNSET)
			return true;
	return false;
}

static bool names_roles(const struct project_spec *s)
{
	for (int r = 0; r < PROJECT_ROLES; r++)
		if (s->roles_named[r])
			return true;
	return false;
}

/*
 * That there is no such project is asked about last, behind what the task names: who has no role in it is told the same whether
 * it is there or not.
 */
static void ask_present(const struct project_spec *s, const struct world *w,
			struct policy_asks *ret)
{
	const struct {
		bool asked;
		const char *action;
	} rows[] = {
		{ true, "project.read" },
		{ s->description || s->ha, "project.describe" },
		{ names_roles(s), "project.roles" },
		{ names_quota(s), "project.quota" },
		{ s->freeze || (s->unfreeze && policy_frozen(w, s->name)), "project.freeze" },
		{ s->adopt, "project.adopt" },
		{ s->reseal, "project.reseal" },
		{ !project_pool(w, s->name), "project.create" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].asked)
			policy_ask(ret, rows[i].action, s->name, NULL);
}

void project_asks(const struct project_batch *batch, const struct world *w, struct policy_asks *ret)
{
	for (size_t i = 0; i < batch->nspecs; i++)
		if (batch->specs[i].absent)
			policy_ask(ret, "project.delete", batch->specs[i].name, NULL);
		else
			ask_present(&batch->specs[i], w, ret);
}
