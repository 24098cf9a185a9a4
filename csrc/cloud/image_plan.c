/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole batch at once: what is made, changed and removed of images. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/image_parts.h"
#include "cloud/project_find.h"

bool image_same_name(const struct image_case *a, const struct image_case *b)
{
	return a->pool == b->pool && str_eq(a->spec->name, b->spec->name);
}

static const struct rbd_seen *same_version(const struct rbd_pool *p, const struct image_spec *s)
{
	return image_find(p, s->name, s->version);
}

/* By an image that is there, whatever it is, or by one that the task makes before this one. */
static bool is_taken(const struct image_case *c, const char *name)
{
	bool taken = rbd_find(c->pool, name) != NULL;

	for (const struct image_case *x = c->all; x < c && !taken; x++)
		taken = x->pool == c->pool && str_eq(x->rbd_name, name);
	return taken;
}

/* pxc-img-<name>, then .2, .3, ... */
static const char *free_name(const struct image_case *c)
{
	const char *name = arena_printf(c->arena, RBD_IMAGE_PREFIX "%s", c->spec->name);

	for (unsigned n = 2; is_taken(c, name); n++)
		name = arena_printf(c->arena, RBD_IMAGE_PREFIX "%s.%u", c->spec->name, n);
	return name;
}

static int refuse_tampered(const struct image_case *c, struct pxc_err *err)
{
	for (size_t i = 0; i < c->pool->nimages; i++) {
		const struct rbd_seen *s = &c->pool->images[i];

		if (s->finding == ANNOT_TAMPERED && str_eq(annot_get(&s->block, "t"), "image") &&
		    str_eq(annot_get(&s->block, "name"), c->spec->name))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: the metadata of %s/%s was changed by hand and is not written over; "
				"see it with: rbd image-meta list %s/%s",
				c->spec->label, c->pool->pool, s->name, c->pool->pool, s->name);
	}
	return 0;
}

/* Names are the cloud's, versions of one name one image: a tenant adds none to, and takes none of, what others have. */
static int refuse_foreign(const struct image_case *c, struct pxc_err *err)
{
	if (c->spec->state == IMAGE_ABSENT)
		return 0;
	for (size_t i = 0; i < c->pool->nimages; i++) {
		const struct rbd_seen *s = &c->pool->images[i];

		if (rbd_is(s, "image") && str_eq(rbd_get(s, "name"), c->spec->name) &&
		    image_foreign(c, s))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: the name is taken by an image that is not of project %s: choose "
				"another",
				c->spec->label, c->spec->project);
	}
	return 0;
}

static int check_projects(const struct image_case *c, struct pxc_err *err)
{
	const struct image_spec *s = c->spec;
	size_t i;
	json_t *name;

	if (s->project && !project_pool(c->iw->w, s->project))
		return project_missing(s->label, s->project, err);
	json_array_foreach (s->projects, i, name)
		if (!project_pool(c->iw->w, json_string_value(name))) {
			(void)project_missing("projects", json_string_value(name), err);
			return pxc_context(err, "%s", s->label);
		}
	return 0;
}

static void add_common(const struct image_case *c, json_t *args)
{
	(void)json_object_set_new(args, "storage", json_string(c->pool->storage));
	(void)json_object_set_new(args, "name", json_string(c->rbd_name));
	(void)json_object_set_new(args, "snap", json_string(c->spec->version));
	(void)json_object_set_new(args, "block", image_block(c));
}

static void put(json_t *args, const char *key, const char *text)
{
	if (text)
		(void)json_object_set_new(args, key, json_string(text));
}

static int make_import(struct image_case *c)
{
	const struct image_spec *s = c->spec;
	json_t *args = json_object();

	add_common(c, args);
	put(args, "source", s->source);
	put(args, "checksum", s->checksum);
	put(args, "ca_path", s->ca_path);
	put(args, "work_dir", s->work_dir);
	(void)json_object_set_new(args, "min_bytes", json_integer((json_int_t)s->min_bytes));
	image_most(c, args);
	pxc_plan_add(c->plan, IMAGE_IMPORT, PXC_QUIET, args, "import %s version %s into %s/%s",
		     s->name, s->version, c->pool->pool, c->rbd_name);
	return 0;
}

static int make_copy(struct image_case *c, struct pxc_err *err)
{
	const struct image_from *from = &c->spec->from;
	json_t *args;

	if (from->problem || !from->image)
		return pxc_fail(err, PXC_EINVAL, "%s: %s", c->spec->label,
				from->problem ? from->problem : "its source was not found");
	args = json_pack("{s:s,s:s}", "from", from->storage, "parent", from->image);
	put(args, "parent_snap", from->snap);
	add_common(c, args);
	pxc_plan_add(c->plan, IMAGE_COPY, PXC_QUIET, args, "copy %s to image %s version %s",
		     from->image, c->spec->name, c->spec->version);
	return 0;
}

static int steps_new(struct image_case *c, struct pxc_err *err)
{
	const struct image_spec *s = c->spec;

	if (!s->source && !s->from.name)
		return pxc_fail(err, PXC_EINVAL,
				"%s is not there yet: it needs a source, from_vm or from_volume",
				s->label);
	return s->source ? make_import(c) : make_copy(c, err);
}

static int check_checksum(const struct image_case *c, struct pxc_err *err)
{
	const char *have = rbd_get(c->have, "checksum"), *want = c->spec->checksum;
	size_t kind = want ? strcspn(want, ":") : 0;

	if (!want || !have || str_eq(have, want))
		return 0;
	/* By another algorithm nothing can be said: the source was checked when it was imported. */
	if (strncmp(have, want, kind + 1) != 0)
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"%s is there with another checksum (%s, not %s): a version never changes; give the "
		"new content a new version",
		c->spec->label, have, want);
}

static void steps_change(struct image_case *c, json_t *block)
{
	json_t *args;

	if (rbd_block_same(c->have, block))
		return;
	args = json_pack("{s:s,s:s,s:s,s:s,s:o,s:O}", "storage", c->pool->storage, "name",
			 c->have->name, "image_id", c->have->id, "revision",
			 rbd_get(c->have, "r") ? rbd_get(c->have, "r") : "", "drop",
			 rbd_block_dropped(c->have, block), "block", block);
	pxc_plan_add(c->plan, IMAGE_BLOCK, PXC_QUIET, args, "set the properties of %s version %s",
		     c->spec->name, c->spec->version);
}

/* What the block shows to people, for the diff. */
static json_t *view(const json_t *block)
{
	static const char *const internal[] = { "t", "c", "r", "at", "by", "id", "rank", "state" };
	json_t *obj = json_deep_copy(block);

	for (size_t i = 0; i < ARRAY_SIZE(internal); i++)
		(void)json_object_del(obj, internal[i]);
	return obj;
}

static void set_item(struct image_case *c)
{
	unsigned template = image_template_vmid(c);

	c->plan->item = c->have ? image_show(c->pool, c->have)
				: json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", c->spec->name,
					    "version", c->spec->version, "state", "absent",
					    "storage", c->pool->storage, "rbd", c->rbd_name);
	if (template)
		(void)json_object_set_new(c->plan->item, "template_vmid", json_integer(template));
}

/* A list that nobody looks at would be thought to keep others out. */
static int check_sharing(const struct image_case *c, const json_t *block, struct pxc_err *err)
{
	const char *visibility = json_string_value(json_object_get(block, "visibility"));

	if (json_array_size(c->spec->projects) == 0 || str_eq(visibility, "shared"))
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"%s: projects says who may use it beside the owner, and it is %s: set "
			"visibility: shared",
			c->spec->label, visibility);
}

static int plan_present(struct image_case *c, struct pxc_err *err)
{
	json_auto_t *block = image_block(c), *have = NULL;

	if (check_sharing(c, block, err) < 0)
		return -1;
	c->plan->after = view(block);
	if (c->have) {
		have = rbd_block_json(&c->have->block);
		c->plan->before = view(have);
		if (check_checksum(c, err) < 0)
			return -1;
		steps_change(c, block);
	} else if (steps_new(c, err) < 0) {
		return -1;
	}
	if (image_template_steps(c, err) < 0 || image_keep(c, err) < 0)
		return -1;
	image_sweep(c);
	set_item(c);
	return 0;
}

static int plan_absent(struct image_case *c, struct pxc_err *err)
{
	for (size_t i = 0; i < c->pool->nimages; i++) {
		const struct rbd_seen *s = &c->pool->images[i];

		if (!image_is_ready(s) || !str_eq(rbd_get(s, "name"), c->spec->name) ||
		    (c->spec->version_named && s != c->have) || image_foreign(c, s))
			continue;
		if (!c->plan->before)
			c->plan->before = image_show(c->pool, s);
		if (image_remove(c, s, err) < 0)
			return -1;
	}
	image_sweep(c);
	c->plan->item = json_pack("{s:s,s:s}", "name", c->spec->name, "state", "absent");
	if (c->spec->version_named)
		put(c->plan->item, "version", c->spec->version);
	return 0;
}

/* What decode cannot see, which does not know the cloud's default storage. */
static int check_batch(const struct image_case *c, struct pxc_err *err)
{
	for (const struct image_case *x = c->all; x < c; x++) {
		if (c->spec->template.vmid && x->spec->template.vmid == c->spec->template.vmid)
			return pxc_fail(err, PXC_EINVAL,
					"%s: template_vm: number %u is asked for %s too",
					c->spec->label, c->spec->template.vmid, x->spec->label);
		if (!image_same_name(x, c))
			continue;
		if (str_eq(x->spec->version, c->spec->version))
			return pxc_fail(err, PXC_EINVAL, "%s is named twice in this task",
					c->spec->label);
		if (x->spec->latest && c->spec->latest)
			return pxc_fail(err, PXC_EINVAL,
					"%s: only one version of an image can be the latest, and "
					"%s is to be it too",
					c->spec->label, x->spec->label);
	}
	return 0;
}

static int prepare(struct image_case *c, struct pxc_err *err)
{
	const char *storage = image_storage(c->iw->w, c->spec->storage);

	c->pool = rbd_pool_find(c->iw->rbd, storage);
	if (!c->pool)
		return pxc_fail(err, PXC_EINVAL, "%s: storage %s was not read", c->spec->label,
				storage ? storage : "(none)");
	c->have = same_version(c->pool, c->spec);
	if (c->have || c->spec->state != IMAGE_ABSENT)
		c->rbd_name = c->have ? c->have->name : free_name(c);
	if (refuse_foreign(c, err) < 0)
		return -1;
	return check_batch(c, err) < 0 || refuse_tampered(c, err) < 0 || check_projects(c, err) < 0
		       ? -1
		       : 0;
}

static int plan_one(struct image_case *c, struct pxc_plans *ret, struct pxc_err *err)
{
	c->plan = pxc_plans_add(ret, c->spec->label);
	c->plan->allow = c->spec->allow;
	if (c->spec->backend == IMAGE_PVE)
		return image_pve_plan(c, err);
	return c->spec->state == IMAGE_ABSENT ? plan_absent(c, err) : plan_present(c, err);
}

int image_plan(const struct image_batch *batch, const struct image_world *iw, struct pxc_plans *ret,
	       struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct image_case *cases = arena_alloc(&arena, (batch->nspecs + 1) * sizeof(*cases));
	size_t n = batch->nspecs;
	char cluster[9];

	if (world_writable(iw->w, err) < 0)
		return -1;
	world_cluster_hash(iw->w->registry.domain, iw->w->cluster_name, cluster);
	for (size_t i = 0; i < n; i++)
		cases[i] = (struct image_case){ .batch = batch,
						.spec = &batch->specs[i],
						.iw = iw,
						.cluster = cluster,
						.all = cases,
						.nall = n,
						.arena = &arena };
	for (size_t i = 0; i < n; i++)
		if (cases[i].spec->backend == IMAGE_RBD && prepare(&cases[i], err) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		if (image_check_quota(&cases[i], err) < 0 || plan_one(&cases[i], ret, err) < 0)
			return -1;
	if (!batch->gc)
		image_collect(batch, iw, ret);
	for (size_t i = 0; batch->gc && i < iw->rbd->npools; i++)
		image_gc(batch, iw, &iw->rbd->pools[i], cluster, ret);
	return 0;
}

bool image_may_go(const struct image_batch *batch, const struct world *w, const struct rbd_pool *p,
		  const struct rbd_seen *image)
{
	const char *name = rbd_get(image, "name");

	(void)w;
	if (batch->gc && (str_starts(image->name, RBD_TEMP_PREFIX) || rbd_is(image, "disk") ||
			  rbd_is(image, "seed")))
		return true;
	if (str_starts(image->name, "base-"))
		return true;
	for (size_t i = 0; name && i < batch->nspecs; i++) {
		const struct image_spec *s = &batch->specs[i];

		if (s->backend != IMAGE_RBD || !str_eq(s->name, name) || !rbd_is(image, "image"))
			continue;
		if ((s->state == IMAGE_ABSENT &&
		     (!s->version_named || str_eq(s->version, rbd_get(image, "version")))) ||
		    (s->keep >= 0 && same_version(p, s) != image))
			return true;
	}
	return false;
}
