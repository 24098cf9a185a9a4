/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task of pxc_sdn asks the policy for. */
#include "base/str.h"
#include "cloud/network.h"

/* Projects have networks in the cloud's tenant zones, which choose their numbers. */
static bool is_provider(const struct network_spec *s, const struct world *w)
{
	return !s->project || s->provider || s->vnet || s->zone_type || s->tag || s->untagged ||
	       s->remove_zone || json_object_size(s->zone_options) ||
	       (s->zone && !registry_zone(&w->registry, s->zone));
}

static void ask_sharing(const struct network_spec *s, struct policy_asks *ret)
{
	if (!s->shared)
		return;
	policy_ask(ret, "sdn.share", s->project, s->label);
	for (size_t i = 0; s->shared[i]; i++)
		if (str_eq(s->shared[i], "*"))
			policy_ask(ret, "sdn.provider", NULL, s->label);
		else
			policy_ask(ret, "project.share", s->shared[i], s->label);
}

void network_asks(const struct network_batch *batch, const struct world *w, struct policy_asks *ret)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct network_spec *s = &batch->specs[i];

		if (s->project)
			policy_ask(ret, s->absent ? "sdn.delete" : "sdn.create", s->project,
				   s->label);
		if (is_provider(s, w))
			policy_ask(ret, "sdn.provider", NULL, s->label);
		ask_sharing(s, ret);
		if (s->reseal)
			policy_ask(ret, "sdn.reseal", s->project, s->label);
	}
	if (batch->breaks_lock)
		policy_ask(ret, "sdn.break_lock", NULL, NULL);
}
