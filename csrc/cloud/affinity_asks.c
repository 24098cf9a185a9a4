/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task of pxc_affinity asks the policy for. */
#include "cloud/affinity_plan.h"

void affinity_asks(const struct affinity_batch *batch, const struct world *w,
		   struct policy_asks *ret)
{
	(void)w;
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct affinity_spec *s = &batch->specs[i];

		policy_ask(ret, s->absent ? "affinity.delete" : "affinity.manage", s->project,
			   s->label);
	}
}
