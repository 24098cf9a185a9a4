/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes that go, and what runs that were cut off have left of them. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/volume_parts.h"

#define LEFT "remove what a run that was cut off has left,"

void volume_add_remove(struct pxc_plan *plan, const struct rbd_pool *pool, const struct rbd_seen *v,
		       enum pxc_impact impact, const char *why)
{
	json_t *snaps = json_array();

	for (size_t i = 0; i < v->nsnaps; i++)
		if (!v->snaps[i].in_trash)
			(void)json_array_append_new(snaps, json_string(v->snaps[i].name));
	pxc_plan_add(plan, VOLUME_REMOVE, impact,
		     json_pack("{s:s,s:s,s:o,s:i}", "storage", pool->storage, "name", v->name,
			       "snaps", snaps, "patience_ms", VOLUME_PATIENCE_MS),
		     "%s %s/%s", why, pool->pool, v->name);
}

/* Of a volume that was moved, what it was before. */
static bool is_former(const struct volume_case *c, const struct rbd_seen *v)
{
	return c->have && v->replaced_by && str_eq(v->replaced_by->id, c->have->id);
}

/* Removed in part, it is seen no more, or cannot be read; by its name the removal goes on. That name; NULL = none. */
static const char *add_unseen(struct volume_case *c)
{
	const char *was = c->have ? volume_get(c->have, "was") : NULL;
	const char *id = c->have ? volume_get(c->have, "replaces") : NULL;
	const char *slash = was ? strchr(was, '/') : NULL;
	const char *storage =
		slash ? arena_strndup(c->run->arena, was, (size_t)(slash - was)) : NULL;
	const struct rbd_pool *pool = storage ? rbd_pool_find(c->run->vw->rbd, storage) : NULL;
	const struct rbd_seen rest = { .name = slash ? slash + 1 : NULL };
	const struct rbd_seen *v = pool ? rbd_find(pool, rest.name) : NULL;
	bool unreadable = v && v->finding == ANNOT_NONE && id && v->id && str_ends(id, v->id);

	if (!pool || (v && !unreadable))
		return NULL;
	volume_add_remove(c->plan, pool, &rest, PXC_QUIET, LEFT);
	return rest.name;
}

/* Of a removal that was cut off nothing tells the volume's name, but its holder: the first of the project ends them all. */
static bool is_rest(const struct volume_case *c, const struct rbd_seen *v)
{
	for (const struct volume_case *x = c->run->cases; x < c; x++)
		if (x->home == c->home)
			return false;
	return v->in_removal && c->home->vmid && volume_named_after(v->name) == c->home->vmid;
}

/* Those of which nobody knows whether their run still works: only under the lock, only of this volume. */
void volume_sweep(struct volume_case *c)
{
	const struct rbd_world *rbd = c->run->vw->rbd;
	const char *unseen = add_unseen(c);

	for (size_t i = 0; i < rbd->npools; i++)
		for (size_t k = 0; !volume_pool_again(rbd, i) && k < rbd->pools[i].nimages; k++) {
			const struct rbd_seen *v = &rbd->pools[i].images[k];

			if (is_former(c, v) || (is_rest(c, v) && !str_eq(v->name, unseen)) ||
			    (str_starts(v->name, RBD_TEMP_PREFIX) && !v->left &&
			     str_eq(volume_get(v, "t"), "volume") &&
			     str_eq(volume_get(v, "project"), c->spec->project) &&
			     str_eq(volume_get(v, "name"), c->spec->name)))
				volume_add_remove(c->plan, &rbd->pools[i], v, PXC_QUIET, LEFT);
		}
}

static struct pxc_plan *helper(struct volume_run *run, struct pxc_plan **plan)
{
	if (!*plan)
		*plan = pxc_plans_add(run->plans, "unfinished images");
	return *plan;
}

void volume_collect(struct volume_run *run)
{
	const struct rbd_world *rbd = run->vw->rbd;
	struct pxc_plan *plan = NULL;
	bool working = false;

	for (size_t i = 0; i < run->ncases; i++)
		working |= run->cases[i].plan->nsteps > 0;
	for (size_t i = 0; working && i < rbd->npools; i++)
		for (size_t k = 0; !volume_pool_again(rbd, i) && k < rbd->pools[i].nimages; k++) {
			const struct rbd_pool *p = &rbd->pools[i];
			const struct rbd_seen *v = &p->images[k];

			if (v->left)
				volume_add_remove(helper(run, &plan), p, v, PXC_QUIET, LEFT);
			for (size_t n = 0; !v->left && volume_is(v) && n < v->nsnaps; n++)
				if (v->snaps[n].left && !v->snaps[n].in_trash)
					pxc_plan_add(helper(run, &plan), VOLUME_SNAP_REMOVE,
						     PXC_QUIET,
						     json_pack("{s:s,s:s,s:s}", "storage",
							       p->storage, "name", v->name, "snap",
							       v->snaps[n].name),
						     LEFT " %s/%s@%s", p->pool, v->name,
						     v->snaps[n].name);
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

/* "pool/pxc-tmp-...": is it about to be collected? */
static bool is_left(const struct rbd_world *rbd, const char *child)
{
	const char *name = strrchr(child, '/') ? strrchr(child, '/') + 1 : child;

	for (size_t i = 0; i < rbd->npools; i++) {
		const struct rbd_seen *v = rbd_find(&rbd->pools[i], name);

		if (v && v->left)
			return true;
	}
	return false;
}

static char *list_clones(const struct rbd_world *rbd, const struct rbd_seen *v)
{
	struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; v->children && v->children[i]; i++)
		if (!is_left(rbd, v->children[i]))
			buf_printf(&out, "%s%s", out.len ? ", " : "", v->children[i]);
	return buf_take(&out);
}

int volume_refuse_clones(const struct volume_case *c, struct pxc_err *err)
{
	auto_free char *clones = list_clones(c->run->vw->rbd, c->have);

	return *clones ? pxc_fail(
				 err, PXC_EINVAL,
				 "%s is in use, there are clones of it: %s; remove them first, or cut "
				 "them loose (flatten: always)",
				 c->spec->label, clones)
		       : 0;
}

int volume_remove(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_spec *s = c->spec;
	auto_free char *snaps = list_snaps(c->have);

	if (volume_get(c->have, "protected") && s->is_protected != 0)
		return pxc_fail(err, PXC_EINVAL,
				"%s is protected: set protected: false to remove it all the same",
				s->label);
	if (volume_refuse_clones(c, err) < 0)
		return -1;
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
	volume_add_remove(c->plan, c->lies, c->have, PXC_DESTROYS, "remove");
	return 0;
}
