/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What images take of their projects' quotas, those too whose size is known only when they are there. */
#include "base/str.h"
#include "base/units.h"
#include "cloud/image_parts.h"
#include "cloud/project_find.h"
#include "cloud/usage.h"

static int64_t gib_of(uint64_t bytes)
{
	return (int64_t)((bytes + GIB - 1) / GIB);
}

/* A copy is as large as what is copied; of what is to be imported that is known only afterwards. */
static uint64_t source_bytes(const struct image_case *c)
{
	const struct image_from *from = &c->spec->from;
	const struct rbd_pool *pool =
		from->image && from->storage ? rbd_pool_find(c->iw->rbd, from->storage) : NULL;
	const struct rbd_seen *image = pool ? rbd_find(pool, from->image) : NULL;

	return image ? image->size_bytes : 0;
}

static bool is_imported(const struct image_case *c)
{
	return c->spec->source && !c->have && c->spec->state != IMAGE_ABSENT;
}

/* What an image of the task adds to its project, at least. */
static int64_t asked_gib(const struct image_case *c)
{
	const struct image_spec *s = c->spec;
	uint64_t bytes = s->from.name ? source_bytes(c) : s->min_bytes;

	if (s->state == IMAGE_ABSENT ||
	    (c->have && str_eq(rbd_get(c->have, "project"), s->project)))
		return 0;
	if (c->have)
		return gib_of(c->have->size_bytes);
	return bytes ? gib_of(bytes) : 1;
}

static bool same_pool(const struct rbd_pool *a, const struct rbd_pool *b)
{
	return a->id == b->id && str_eq(a->pool, b->pool) && str_eq(a->name_space, b->name_space);
}

static uint64_t held_bytes(const struct rbd_world *rbd, const char *project)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < rbd->npools; i++) {
		const struct rbd_pool *p = &rbd->pools[i];
		bool counted = false; /* through another storage */

		for (size_t k = 0; k < i; k++)
			counted |= same_pool(&rbd->pools[k], p);
		for (size_t k = 0; k < p->nimages && !counted; k++)
			if (rbd_is(&p->images[k], "image") &&
			    str_eq(rbd_get(&p->images[k], "project"), project))
				bytes += p->images[k].size_bytes;
	}
	return bytes;
}

/*
 * image_gb of a project: what its own images hold, and what all of the task add to that. What is left is divided among those that are
 * imported, side by side, whose size nobody knows yet.
 */
int image_check_quota(struct image_case *c, struct pxc_err *err)
{
	struct quota limit, used = { { 0 } }, asked = { { 0 } };
	const char *pool = c->spec->project ? project_pool(c->iw->w, c->spec->project) : NULL;
	int64_t left, imports = 0;

	c->room_gib = -1;
	if (!pool || asked_gib(c) == 0)
		return 0;
	used.v[QUOTA_IMAGE_GB] = gib_of(held_bytes(c->iw->rbd, c->spec->project));
	for (const struct image_case *x = c->all; x < c->all + c->nall; x++)
		if (str_eq(x->spec->project, c->spec->project)) {
			asked.v[QUOTA_IMAGE_GB] += asked_gib(x);
			imports += is_imported(x);
		}
	if (usage_limit(c->iw->w, pool, &limit, err) < 0 ||
	    quota_check(&limit, &used, &asked, err) < 0)
		return pxc_context(err, "project %s", c->spec->project);
	left = limit.v[QUOTA_IMAGE_GB] - used.v[QUOTA_IMAGE_GB] - asked.v[QUOTA_IMAGE_GB];
	if (limit.v[QUOTA_IMAGE_GB] >= 0 && is_imported(c))
		/* It is one of them. NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
		c->room_gib = asked_gib(c) + left / imports;
	return 0;
}

/* How large its disk may be. */
void image_most(const struct image_case *c, json_t *args)
{
	uint64_t most = c->spec->max_bytes, room = (uint64_t)c->room_gib * GIB;

	if (c->room_gib >= 0 && (!most || room < most)) {
		most = room;
		(void)json_object_set_new(
			args, "max_why",
			json_sprintf("that is what project %s has left of its quota image_gb",
				     c->spec->project));
	}
	(void)json_object_set_new(args, "max_bytes", json_integer((json_int_t)most));
}
