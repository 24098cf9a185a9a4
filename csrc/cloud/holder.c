/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/holder.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/project_find.h"

bool holder_number(const struct world *w, unsigned vmid)
{
	unsigned last = w->registry.holder_last;

	return last ? vmid >= w->registry.holder_first && vmid <= last
		    : vmid >= HOLDER_FIRST && vmid <= HOLDER_LAST;
}

bool holder_looks(const struct world *w, const struct world_guest *g)
{
	return !g->container && !g->is_template && holder_number(w, g->vmid) &&
	       world_has_tag(g->tags, HOLDER_TAG) && !str_eq(g->status, "running");
}

bool holder_candidate(const struct world *w, const struct world_guest *g, const char *project)
{
	auto_free char *name = pxc_printf("holder-%s", project);

	return !g->container && !g->is_template && world_has_tag(g->tags, HOLDER_TAG) &&
	       (str_eq(g->name, name) || str_eq(g->pool, project_pool(w, project)));
}

/* While it cannot be read, its tag, its name and its pool must do. */
static bool is_holder(const struct world *w, const struct vm_seen *x, const char *project)
{
	const struct annot *a = &x->notes.annot;
	auto_free char *name = pxc_printf("holder-%s", project);

	if (x->problem)
		return str_eq(x->guest->name, name) &&
		       str_eq(x->guest->pool, project_pool(w, project));
	return str_eq(annot_get(a, "t"), "holder") && str_eq(annot_get(a, "project"), project) &&
	       vm_owns_block(x);
}

int holder_find(const struct world *w, struct vm_seen *const *seen, size_t nseen,
		const char *project, bool reseal, const struct vm_seen **ret, struct pxc_err *err)
{
	const struct vm_seen *found = NULL;

	for (size_t i = 0; i < nseen; i++)
		if (holder_candidate(w, seen[i]->guest, project) &&
		    is_holder(w, seen[i], project) &&
		    (!found || seen[i]->guest->vmid < found->guest->vmid))
			found = seen[i];
	if (found && !found->problem && found->notes.finding != ANNOT_OK && !reseal)
		return pxc_fail(
			err, PXC_EINVAL,
			"the annotation of guest %u, which holds the volumes of project %s, is "
			"damaged (%s): look at its notes, then set reseal: true to write it anew",
			found->guest->vmid, project, found->notes.problem);
	*ret = found;
	return 0;
}
