/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Versions that go: asked for, over keep, or left by runs that were killed. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/image_parts.h"

/* A client that was killed is thought to have its images open for half a minute. */
#define PATIENCE_MS 45000
/* Clones by name, without those that are templates of ours: these go with the image. */
static char *clones_of(const struct image_world *iw, const struct rbd_seen *s, size_t most)
{
	struct pxc_buf out = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; s->children && s->children[i]; i++)
		if (!image_is_projection(iw, s->children[i]) && n++ < most)
			buf_printf(&out, "%s%s", n > 1 ? ", " : "", s->children[i]);
	if (n > most)
		buf_printf(&out, " and %zu more", n - most);
	return buf_take(&out);
}

static json_t *user_snaps(const struct rbd_seen *s)
{
	json_t *names = json_array();

	for (size_t i = 0; i < s->nsnaps; i++)
		if (!s->snaps[i].in_trash)
			(void)json_array_append_new(names, json_string(s->snaps[i].name));
	return names;
}

static void add_remove(struct pxc_plan *plan, const struct rbd_pool *pool, const struct rbd_seen *s,
		       enum pxc_impact impact, const char *what)
{
	json_t *args =
		json_pack("{s:s,s:s,s:o,s:i}", "storage", pool->storage, "name", s->name, "snaps",
			  user_snaps(s), "patience_ms", impact == PXC_DESTROYS ? 0 : PATIENCE_MS);

	pxc_plan_add(plan, IMAGE_REMOVE, impact, args, "%s (%s/%s)", what, pool->pool, s->name);
}

static bool watched(const struct rbd_seen *s)
{
	return s->watchers && s->watchers[0];
}

int image_remove(struct image_case *c, const struct rbd_seen *s, struct pxc_err *err)
{
	const char *version = rbd_get(s, "version");
	auto_free char *clones = clones_of(c->iw, s, 8), *what = NULL;

	if (rbd_get(s, "protected") && c->spec->is_protected != 0)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: version %s is protected: set protected: false to remove it all the same",
			c->spec->label, version);
	if (image_template_remove(c, s, err) < 0)
		return -1;
	if (*clones)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: version %s is in use, there are clones of it: %s; remove them first, or "
			"set state: deprecated so that no new one is made",
			c->spec->label, version, clones);
	if (watched(s))
		return pxc_fail(err, PXC_EINVAL, "%s: version %s is open at %s: try again later",
				c->spec->label, version, s->watchers[0]);
	what = pxc_printf("remove image %s version %s", c->spec->name, version);
	add_remove(c->plan, c->pool, s, PXC_DESTROYS, what);
	return 0;
}

static int rank_order(const void *a, const void *b)
{
	long x = image_rank(*(const struct rbd_seen *const *)a),
	     y = image_rank(*(const struct rbd_seen *const *)b);

	return (x < y) - (x > y);
}

int image_keep(struct image_case *c, struct pxc_err *err)
{
	const struct rbd_seen **list;
	size_t n = 0;
	int64_t kept = 1; /* the version of the task */
	int r = 0;

	if (c->spec->keep < 0)
		return 0;
	list = pxc_calloc(c->pool->nimages + 1, sizeof(*list));
	for (size_t i = 0; i < c->pool->nimages; i++)
		if (image_is_ready(&c->pool->images[i]) && &c->pool->images[i] != c->have &&
		    str_eq(rbd_get(&c->pool->images[i], "name"), c->spec->name))
			list[n++] = &c->pool->images[i];
	qsort(list, n, sizeof(*list), rank_order);
	for (size_t i = 0; i < n && r == 0; i++) {
		auto_free char *clones = clones_of(c->iw, list[i], 3);

		if (kept++ < c->spec->keep)
			continue;
		if (rbd_get(list[i], "protected") || *clones || watched(list[i]))
			pxc_plan_warn(c->plan,
				      "%s: version %s is kept beyond keep: %lld: it is %s%s",
				      c->spec->label, rbd_get(list[i], "version"),
				      (long long)c->spec->keep,
				      *clones ? "in use by " : "protected or open", clones);
		else
			r = image_remove(c, list[i], err);
	}
	free(list);
	return r;
}

static bool unfinished(const struct rbd_seen *s)
{
	return str_starts(s->name, RBD_TEMP_PREFIX);
}

void image_sweep(struct image_case *c)
{
	for (size_t i = 0; i < c->pool->nimages; i++) {
		const struct rbd_seen *s = &c->pool->images[i];

		if (unfinished(s) && rbd_is(s, "image") &&
		    str_eq(rbd_get(s, "name"), c->spec->name))
			add_remove(c->plan, c->pool, s, PXC_QUIET,
				   "remove what a run that was cut off has left");
	}
}

static bool of_batch(const struct image_batch *batch, const char *name)
{
	for (size_t i = 0; i < batch->nspecs; i++)
		if (str_eq(batch->specs[i].name, name))
			return true;
	return false;
}

void image_collect(const struct image_batch *batch, const struct image_world *iw,
		   struct pxc_plans *ret)
{
	struct pxc_plan *plan = NULL;
	bool working = false;

	for (size_t i = 0; i < ret->nplans; i++)
		working |= ret->plans[i]->nsteps > 0;
	for (size_t i = 0; working && i < iw->rbd->npools; i++)
		for (size_t k = 0; k < iw->rbd->pools[i].nimages; k++) {
			const struct rbd_seen *s = &iw->rbd->pools[i].images[k];

			if (!s->left || (rbd_is(s, "image") && of_batch(batch, rbd_get(s, "name"))))
				continue;
			if (!plan)
				plan = pxc_plans_add(ret, "unfinished images");
			add_remove(plan, &iw->rbd->pools[i], s, PXC_QUIET,
				   "remove what a run that was cut off has left");
		}
}

/* Has the VM that a disk or seed was made for gone, or was it never made? */
static bool orphan(const struct image_world *iw, const struct rbd_seen *s, const char *cluster)
{
	const char *vm = rbd_get(s, "vm");
	unsigned long vmid = vm && str_starts(vm, "vm.") ? strtoul(vm + 3, NULL, 10) : 0;

	return iw->sees_all && str_eq(rbd_get(s, "c"), cluster) &&
	       (rbd_is(s, "disk") || rbd_is(s, "seed")) && vmid &&
	       !world_guest(iw->w, (unsigned)vmid);
}

/* When it was begun stands in its name. */
static bool stale_name(const struct image_world *iw, const char *name)
{
	char hex[9] = "";

	if (!str_starts(name, RBD_TEMP_PREFIX))
		return false;
	(void)snprintf(hex, sizeof(hex), "%.8s", name + strlen(RBD_TEMP_PREFIX));
	return (int64_t)strtoul(hex, NULL, 16) < iw->stale_s;
}

/* A disk is made before its VM, so that an hour must have passed before it is said to have none. */
static bool stale_block(const struct image_world *iw, const struct rbd_seen *s)
{
	const char *at = rbd_get(s, "at");

	return at && strcmp(at, iw->stale_stamp) < 0;
}

static json_t *stale_snaps(const struct image_world *iw, const struct rbd_seen *s)
{
	json_t *names = json_array();

	for (size_t i = 0; i < s->nsnaps; i++)
		if (!s->snaps[i].in_trash && stale_name(iw, s->snaps[i].name))
			(void)json_array_append_new(names, json_string(s->snaps[i].name));
	return names;
}

static void gc_one(const struct image_batch *batch, const struct image_world *iw,
		   const struct rbd_pool *pool, const struct rbd_seen *s, const char *cluster,
		   struct pxc_plan *plan)
{
	bool left = stale_name(iw, s->name);
	json_auto_t *snaps = stale_snaps(iw, s);
	size_t i;
	json_t *snap;

	if (unfinished(s) && rbd_is(s, "image") && of_batch(batch, rbd_get(s, "name")))
		return; /* swept with its image */
	if (!left && !(orphan(iw, s, cluster) && stale_block(iw, s))) {
		json_array_foreach (snaps, i, snap)
			pxc_plan_add(
				plan, IMAGE_SNAP_REMOVE, PXC_QUIET,
				json_pack("{s:s,s:s,s:O}", "storage", pool->storage, "name",
					  s->name, "snap", snap),
				"remove snapshot %s of %s/%s, which a run that was cut off has left",
				json_string_value(snap), pool->pool, s->name);
		return;
	}
	if (!watched(s) && !(s->children && s->children[0]))
		add_remove(plan, pool, s, PXC_QUIET,
			   left ? "remove what a run that was cut off has left"
				: "remove the disk of a VM that is not there");
}

void image_gc(const struct image_batch *batch, const struct image_world *iw,
	      const struct rbd_pool *pool, const char *cluster, struct pxc_plans *ret)
{
	struct pxc_plan *plan = pxc_plans_add(ret, "garbage collection");

	for (size_t i = 0; i < pool->nimages; i++)
		gc_one(batch, iw, pool, &pool->images[i], cluster, plan);
}
