/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frozen projects: all of it stays as it is, until an admin says that it is to be present again. */
#include "cloud/policy.h"
#include "cloud/project_parts.h"

void project_want_frozen(const struct project_case *c, struct project_block *want)
{
	if (c->spec->freeze || c->spec->unfreeze)
		want->frozen = c->spec->freeze;
}

/* What freezes it may change it, too, and so may what unfreezes it. */
int project_check_frozen(const struct project_case *c, const struct project_block *want,
			 struct pxc_err *err)
{
	return c->managed && c->have.frozen && want->frozen
		       ? policy_refuse_frozen(c->spec->name, err)
		       : 0;
}
