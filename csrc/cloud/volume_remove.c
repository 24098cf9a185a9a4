/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes that go, and what runs that were cut off have left of them. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/volume_parts.h"

static void add_remove(struct volume_case *c, const struct rbd_pool *pool, const struct rbd_seen *v,
		       enum pxc_impact impact, const char *why)
{
	json_t *snaps = json_array();

	for (size_t i = 0; i < v->nsnaps; i++)
		if (!v->snaps[i].in_trash)
			(void)json_array_append_new(snaps, json_string(v->snaps[i].name));
	pxc_plan_add(c->plan, VOLUME_REMOVE, impact,
		     json_pack("{s:s,s:s,s:o,s:i}", "storage", pool->storage, "name", v->name,
			       "snaps", snaps, "patience_ms", VOLUME_PATIENCE_MS),
		     "%s %s/%s", why, pool->pool, v->name);
}

void volume_sweep(struct volume_case *c)
{
	const struct rbd_world *rbd = c->run->vw->rbd;

	for (size_t i = 0; i < rbd->npools; i++)
		for (size_t k = 0; !volume_pool_again(rbd, i) && k < rbd->pools[i].nimages; k++) {
			const struct rbd_seen *v = &rbd->pools[i].images[k];

			if (str_starts(v->name, RBD_TEMP_PREFIX) &&
			    str_eq(volume_get(v, "t"), "volume") &&
			    str_eq(volume_get(v, "project"), c->spec->project) &&
			    str_eq(volume_get(v, "name"), c->spec->name))
				add_remove(c, &rbd->pools[i], v, PXC_QUIET,
					   "remove what a run that was cut off has left,");
		}
}

static char *list_snaps(const struct rbd_seen *v)
{
	struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < v->nsnaps; i++)
		if (volume_user_snap(&v->snaps[i]))
			buf_printf(&out, "%s%s", out.len ? ", " : "",
				   str_starts(v->snaps[i].name, VOLUME_SNAP_PREFIX)
					   ? v->snaps[i].name + strlen(VOLUME_SNAP_PREFIX)
					   : v->snaps[i].name);
	return buf_take(&out);
}

static char *list_clones(const struct rbd_seen *v)
{
	struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; v->children && v->children[i]; i++)
		buf_printf(&out, "%s%s", i ? ", " : "", v->children[i]);
	return buf_take(&out);
}

int volume_remove(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_spec *s = c->spec;
	auto_free char *snaps = list_snaps(c->have), *clones = list_clones(c->have);

	if (volume_get(c->have, "protected") && s->is_protected != 0)
		return pxc_fail(err, PXC_EINVAL,
				"%s is protected: set protected: false to remove it all the same",
				s->label);
	if (*clones)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s is in use, there are clones of it: %s; remove them first, or cut "
			"them loose (flatten: always)",
			s->label, clones);
	if (*snaps && !s->force_snapshots)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s has snapshots: %s; set force_snapshots: true to remove them with "
			"it",
			s->label, snaps);
	if (c->use.vm && !c->leaves)
		return pxc_fail(err, PXC_EINVAL,
				"%s is attached to %s: set detach: true to remove it all the same",
				s->label, volume_vm_name(c->use.vm, c->run->arena));
	volume_reserve(c, NULL);
	add_remove(c, c->pool, c->have, PXC_DESTROYS, "remove");
	return 0;
}
