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
static char *clones_of(const struct image_case *c, const struct rbd_seen *s, size_t most)
{
	struct pxc_buf out = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; s->children && s->children[i]; i++)
		if (!image_is_projection(c, s->children[i]) && n++ < most)
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

void image_add_remove(struct pxc_plan *plan, const struct rbd_pool *pool, const struct rbd_seen *s,
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
	auto_free char *clones = clones_of(c, s, 8), *what = NULL;

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
	image_add_remove(c->plan, c->pool, s, PXC_DESTROYS, what);
	return 0;
}

static int rank_order(const void *a, const void *b)
{
	long x = image_rank(*(const struct rbd_seen *const *)a),
	     y = image_rank(*(const struct rbd_seen *const *)b);

	return (x < y) - (x > y);
}

/* Is a version one that the task says something about? */
static bool of_task(const struct image_case *c, const struct rbd_seen *s)
{
	for (const struct image_case *x = c->all; x < c->all + c->nall; x++)
		if (x->have == s)
			return true;
	return false;
}

/* How many versions of the image the task wants to be there, and is this the first that says how many are kept? */
static int64_t wanted_here(const struct image_case *c, bool *ret_first)
{
	int64_t n = 0;

	*ret_first = true;
	for (const struct image_case *x = c->all; x < c->all + c->nall; x++) {
		if (!image_same_name(x, c) || x->spec->state == IMAGE_ABSENT)
			continue;
		n++;
		*ret_first &= x >= c || x->spec->keep < 0;
	}
	return n;
}

/* Why a version over keep stays; NULL: it goes. New string. */
static char *obstacle(const struct image_case *c, const struct rbd_seen *s)
{
	auto_free char *clones = clones_of(c, s, 3);
	const char *link = image_template_links(c, s);

	if (rbd_get(s, "protected"))
		return pxc_strdup("protected");
	if (*clones || link)
		return pxc_printf("in use by %s", *clones ? clones : link);
	return watched(s) ? pxc_printf("open at %s", s->watchers[0]) : NULL;
}

static int over_keep(struct image_case *c, const struct rbd_seen *s, struct pxc_err *err)
{
	auto_free char *why = obstacle(c, s);

	if (!why)
		return image_remove(c, s, err);
	pxc_plan_warn(c->plan, "%s: version %s is kept beyond keep: %lld: it is %s", c->spec->label,
		      rbd_get(s, "version"), (long long)c->spec->keep, why);
	return 0;
}

int image_keep(struct image_case *c, struct pxc_err *err)
{
	const struct rbd_seen **list;
	bool first;
	int64_t kept = wanted_here(c, &first);
	size_t n = 0;
	int r = 0;

	if (c->spec->keep < 0 || !first)
		return 0;
	list = pxc_calloc(c->pool->nimages + 1, sizeof(*list));
	for (size_t i = 0; i < c->pool->nimages; i++)
		if (image_is_ready(&c->pool->images[i]) && !of_task(c, &c->pool->images[i]) &&
		    str_eq(rbd_get(&c->pool->images[i], "name"), c->spec->name))
			list[n++] = &c->pool->images[i];
	qsort(list, n, sizeof(*list), rank_order);
	for (size_t i = 0; i < n && r == 0; i++)
		if (kept++ >= c->spec->keep)
			r = over_keep(c, list[i], err);
	free(list);
	return r;
}

static bool unfinished(const struct rbd_seen *s)
{
	return str_starts(s->name, RBD_TEMP_PREFIX);
}

/* Of a removal that was cut off nothing is known but its name: pxc-img-<name>[.n] */
static bool is_rest(const struct rbd_seen *s, const char *name)
{
	const char *at = s->name + strlen(RBD_IMAGE_PREFIX);

	if (!s->in_removal || !str_starts(s->name, RBD_IMAGE_PREFIX) || !str_starts(at, name))
		return false;
	at += strlen(name);
	return !*at || (at[0] == '.' && at[1 + strspn(at + 1, "0123456789")] == '\0');
}

void image_sweep(struct image_case *c)
{
	for (const struct image_case *x = c->all; x < c; x++)
		if (image_same_name(x, c))
			return; /* that one does it */
	for (size_t i = 0; i < c->pool->nimages; i++) {
		const struct rbd_seen *s = &c->pool->images[i];

		if (is_rest(s, c->spec->name) || (unfinished(s) && rbd_is(s, "image") &&
						  str_eq(rbd_get(s, "name"), c->spec->name)))
			image_add_remove(c->plan, c->pool, s, PXC_QUIET,
					 "remove what a run that was cut off has left");
	}
}

/* Swept with an image of the task? */
static bool of_batch(const struct image_batch *batch, const struct world *w,
		     const struct rbd_pool *pool, const struct rbd_seen *s)
{
	for (size_t i = 0; i < batch->nspecs; i++)
		if (unfinished(s) && rbd_is(s, "image") && batch->specs[i].backend == IMAGE_RBD &&
		    str_eq(batch->specs[i].name, rbd_get(s, "name")) &&
		    str_eq(image_storage(w, batch->specs[i].storage), pool->storage))
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
			const struct rbd_pool *p = &iw->rbd->pools[i];
			const struct rbd_seen *s = &p->images[k];

			if (!s->left || of_batch(batch, iw->w, p, s))
				continue;
			if (!plan)
				plan = pxc_plans_add(ret, "unfinished images");
			image_add_remove(plan, p, s, PXC_QUIET,
					 "remove what a run that was cut off has left");
		}
}

/* When it was begun stands in its name. */
static bool stale_name(const struct image_world *iw, const char *name)
{
	const char *hex = name + strlen(RBD_TEMP_PREFIX);
	char when[9] = "";

	/* What merely begins like it is somebody else's. */
	if (!str_starts(name, RBD_TEMP_PREFIX) || strlen(hex) != 32 ||
	    strspn(hex, "0123456789abcdef") != 32)
		return false;
	(void)snprintf(when, sizeof(when), "%.8s", hex);
	return (int64_t)strtoul(when, NULL, 16) < iw->stale_s;
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

static size_t own_snaps(const struct rbd_seen *s)
{
	json_auto_t *names = user_snaps(s);

	return json_array_size(names);
}

/*
 * Has the VM that a disk or seed was made for gone, or was it never made? What somebody has made a snapshot of is not
 * given up by everybody.
 */
static bool orphan(const struct image_world *iw, const struct rbd_seen *s, const char *cluster,
		   const json_t *stale)
{
	const char *vm = rbd_get(s, "vm");
	unsigned long vmid = vm && str_starts(vm, "vm.") ? strtoul(vm + 3, NULL, 10) : 0;

	return iw->sees_all && str_eq(rbd_get(s, "c"), cluster) &&
	       (rbd_is(s, "disk") || rbd_is(s, "seed")) && vmid &&
	       !world_guest(iw->w, (unsigned)vmid) && stale_block(iw, s) &&
	       own_snaps(s) == json_array_size(stale);
}

static void gc_one(const struct image_batch *batch, const struct image_world *iw,
		   const struct rbd_pool *pool, const struct rbd_seen *s, const char *cluster,
		   struct pxc_plan *plan)
{
	bool left = s->left || stale_name(iw, s->name);
	json_auto_t *snaps = stale_snaps(iw, s);
	size_t i;
	json_t *snap;

	if (of_batch(batch, iw->w, pool, s))
		return;
	if (!left && !orphan(iw, s, cluster, snaps)) {
		json_array_foreach (snaps, i, snap)
			pxc_plan_add(
				plan, IMAGE_SNAP_REMOVE, PXC_QUIET,
				json_pack("{s:s,s:s,s:O}", "storage", pool->storage, "name",
					  s->name, "snap", snap),
				"remove snapshot %s of %s/%s, which a run that was cut off has left",
				json_string_value(snap), pool->pool, s->name);
		return;
	}
	if (watched(s) || (s->children && s->children[0]))
		return;
	if (left)
		image_add_remove(plan, pool, s, PXC_QUIET,
				 "remove what a run that was cut off has left");
	else
		image_add_remove(plan, pool, s, PXC_DESTROYS,
				 "remove the disk of a VM that is not there");
}

void image_gc(const struct image_batch *batch, const struct image_world *iw,
	      const struct rbd_pool *pool, const char *cluster, struct pxc_plans *ret)
{
	struct pxc_plan *plan = pxc_plans_add(ret, "garbage collection");

	for (size_t i = 0; i < pool->nimages; i++)
		gc_one(batch, iw, pool, &pool->images[i], cluster, plan);
}
