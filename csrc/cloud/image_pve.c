/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images as files of PVE: a node downloads them, their names say what they are. */
#include <string.h>

#include "base/str.h"
#include "cloud/image_file.h"
#include "cloud/image_parts.h"

/* Where one version is, or is to be. */
struct place {
	const char *storage, *node;
	const struct image_file *files; /* of this storage, on all nodes */
	size_t nfiles;
};

const char *image_file_storage(const struct world *w, const char *storage)
{
	return storage ? storage : w->registry.import_storage;
}

static const char *file_name(const struct image_case *c)
{
	const struct image_spec *s = c->spec;

	return image_file_name(c->arena, s->name, s->version, s->format);
}

static bool is_shared(const struct image_case *c, const char *storage, const char *node)
{
	const struct world_storage *st = world_storage(c->iw->w, node, storage, NULL);

	return st && st->shared;
}

/* --- what is refused ------------------------------------------------------------------------------------ */

static bool same_image(const struct image_case *a, const struct image_case *b, const char *storage)
{
	return a->spec->backend == IMAGE_PVE && b->spec->backend == IMAGE_PVE &&
	       str_eq(a->spec->name, b->spec->name) &&
	       str_eq(image_file_storage(a->iw->w, a->spec->storage), storage);
}

static bool all_versions(const struct image_spec *s)
{
	return s->state == IMAGE_ABSENT && !s->version_named;
}

/* One version on two nodes is no contradiction, when both are named. */
static int refuse_twins(const struct image_case *c, const char *storage, struct pxc_err *err)
{
	const struct image_spec *s = c->spec;

	for (const struct image_case *x = c->all; x < c; x++)
		if (same_image(x, c, storage) &&
		    (str_eq(x->spec->version, s->version) || all_versions(x->spec) ||
		     all_versions(s)) &&
		    (!x->spec->node || !s->node || str_eq(x->spec->node, s->node)))
			return pxc_fail(err, PXC_EINVAL, "%s is named twice in this task",
					s->label);
	return 0;
}

/* Can a node be told to work on it? */
static bool serves(const struct image_case *c, const struct world_node *n, const char *storage)
{
	const struct world_storage *st =
		n ? world_storage(c->iw->w, n->name, storage, "import") : NULL;

	return st && st->available && n->online;
}

static int refuse_place(const struct image_case *c, const char *storage, struct pxc_err *err)
{
	const char *node = c->spec->node;

	(void)pxc_fail(
		err, PXC_EINVAL,
		"%s: %s%s storage %s with content import: name another storage (or pxc_cloud: "
		"import_storage), or allow that content in PVE",
		c->spec->label, node ? node : "no node that is online has a", node ? " has no" : "",
		storage);
	return world_storage_unseen(c->iw->w, storage, err);
}

static int choose_node(const struct image_case *c, struct place *p, const struct image_file *have,
		       struct pxc_err *err)
{
	const struct world *w = c->iw->w;
	const struct world_node *named = c->spec->node ? world_node(w, c->spec->node) : NULL;

	if (c->spec->node && !named)
		return pxc_fail(err, PXC_EINVAL, "%s: there is no node %s in cluster %s",
				c->spec->label, c->spec->node, w->cluster_name);
	if (named && !named->online)
		return pxc_fail(err, PXC_EINVAL, "%s: node %s is offline", c->spec->label,
				named->name);
	p->node = named && serves(c, named, p->storage) ? named->name : NULL;
	if (!named && have)
		p->node = have->node;
	for (size_t i = 0; !named && !p->node && i < w->nnodes; i++)
		if (serves(c, &w->nodes[i], p->storage))
			p->node = w->nodes[i].name;
	return p->node ? 0 : refuse_place(c, p->storage, err);
}

/* --- what is done --------------------------------------------------------------------------------------- */

static int download(const struct image_case *c, const struct place *p, struct pxc_err *err)
{
	const struct image_spec *s = c->spec;
	const char *colon = s->checksum ? strchr(s->checksum, ':') : NULL;
	json_t *args;

	if (!s->source)
		return pxc_fail(err, PXC_EINVAL, "%s is not there yet: it needs a source",
				s->label);
	if (json_object_get(c->iw->downloads, file_name(c)))
		return pxc_fail(err, PXC_EBUSY,
				"%s: the download that an earlier run began still goes on",
				s->label);
	args = json_pack("{s:s,s:s,s:s,s:s,s:s}", "node", p->node, "storage", p->storage, "content",
			 "import", "filename", file_name(c), "url", s->source);
	if (colon) {
		(void)json_object_set_new(args, "checksum-algorithm",
					  json_stringn(s->checksum, (size_t)(colon - s->checksum)));
		(void)json_object_set_new(args, "checksum", json_string(colon + 1));
	}
	pxc_plan_add(c->plan, IMAGE_DOWNLOAD, PXC_QUIET, args,
		     "download %s version %s to storage %s on %s", s->name, s->version, p->storage,
		     p->node);
	return 0;
}

static void remove_file(const struct image_case *c, const struct place *p,
			const struct image_file *f)
{
	json_t *args = json_pack("{s:s,s:s,s:s}", "node", f->node, "storage", p->storage, "volume",
				 f->volume);

	pxc_plan_add(c->plan, IMAGE_FILE_REMOVE, PXC_DESTROYS, args,
		     "remove image %s version %s (%s on %s)", f->name, f->version, f->volume,
		     f->node);
}

/* Does the task say something about this version of the image? */
static bool of_task(const struct image_case *c, const struct place *p, const char *version)
{
	for (const struct image_case *x = c->all; x < c->all + c->nall; x++)
		if (same_image(x, c, p->storage) && str_eq(x->spec->version, version))
			return true;
	return false;
}

/* Versions over keep on the node of this one, beside those of the task; the highest stay. */
static void keep(const struct image_case *c, const struct place *p)
{
	int64_t kept = 0;
	const char *last = NULL;

	if (c->spec->keep < 0)
		return;
	for (const struct image_case *x = c->all; x < c->all + c->nall; x++) {
		if (!same_image(x, c, p->storage) || x->spec->state == IMAGE_ABSENT ||
		    (x->spec->node && !str_eq(x->spec->node, p->node)))
			continue;
		if (x < c && x->spec->keep >= 0)
			return; /* that one has said it */
		kept++;
	}
	for (size_t i = p->nfiles; i-- > 0;) {
		const struct image_file *f = &p->files[i];

		if (!str_eq(f->name, c->spec->name) || !str_eq(f->node, p->node) ||
		    of_task(c, p, f->version))
			continue;
		kept += !str_eq(f->version, last); /* one version may be there in two formats */
		last = f->version;
		if (kept > c->spec->keep)
			remove_file(c, p, f);
	}
}

/* --- what is shown -------------------------------------------------------------------------------------- */

static json_t *show(const struct image_case *c, const struct place *p, const struct image_file *f)
{
	const struct image_file *latest = image_file_find(p->files, p->nfiles, f->name, NULL, NULL);
	json_t *obj =
		json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:b}", "name", f->name, "version",
			  f->version, "state", "present", "storage", p->storage, "volume",
			  f->volume, "format", f->format, "visibility", "public", "size_bytes",
			  (json_int_t)f->size_bytes, "latest", str_eq(latest->version, f->version));

	if (!is_shared(c, p->storage, f->node))
		(void)json_object_set_new(obj, "node", json_string(f->node));
	return obj;
}

static int plan_present(struct image_case *c, struct place *p, struct pxc_err *err)
{
	const struct image_spec *s = c->spec;
	const struct image_file *have =
		image_file_find(p->files, p->nfiles, s->name, s->version, s->node);

	if (choose_node(c, p, have, err) < 0)
		return -1;
	if (have) {
		c->plan->before = show(c, p, have);
		c->plan->after = json_deep_copy(c->plan->before);
		c->plan->item = json_deep_copy(c->plan->before);
	} else {
		if (download(c, p, err) < 0)
			return -1;
		c->plan->item = json_pack("{s:s,s:s,s:s,s:s}", "name", s->name, "version",
					  s->version, "state", "absent", "storage", p->storage);
		c->plan->after = json_pack("{s:s,s:s,s:s,s:s}", "name", s->name, "version",
					   s->version, "storage", p->storage, "format", s->format);
	}
	keep(c, p);
	return 0;
}

/* Every node lists what lies on a storage that they share. */
static bool seen_before(const struct image_case *c, const struct place *p,
			const struct image_file *f)
{
	for (const struct image_file *x = p->files; x < f; x++)
		if (str_eq(x->volume, f->volume) && is_shared(c, p->storage, f->node) &&
		    (!c->spec->node || str_eq(x->node, c->spec->node)))
			return true;
	return false;
}

static void warn_offline(const struct image_case *c, const struct place *p)
{
	const struct world *w = c->iw->w;

	for (size_t i = 0; i < w->nnodes; i++)
		if (!w->nodes[i].online && world_storage(w, w->nodes[i].name, p->storage, NULL) &&
		    !is_shared(c, p->storage, w->nodes[i].name) &&
		    (!c->spec->node || str_eq(c->spec->node, w->nodes[i].name)))
			pxc_plan_warn(c->plan, "%s: node %s is offline: what it has of it stays",
				      c->spec->label, w->nodes[i].name);
}

static void plan_absent(struct image_case *c, const struct place *p)
{
	const struct image_spec *s = c->spec;

	for (size_t i = 0; i < p->nfiles; i++) {
		const struct image_file *f = &p->files[i];

		if (!str_eq(f->name, s->name) ||
		    (s->version_named && !str_eq(f->version, s->version)) ||
		    (s->node && !str_eq(f->node, s->node)) || seen_before(c, p, f))
			continue;
		if (!c->plan->before)
			c->plan->before = show(c, p, f);
		remove_file(c, p, f);
	}
	warn_offline(c, p);
	c->plan->item = json_pack("{s:s,s:s}", "name", s->name, "state", "absent");
	if (s->version_named)
		(void)json_object_set_new(c->plan->item, "version", json_string(s->version));
}

int image_pve_plan(struct image_case *c, struct pxc_err *err)
{
	struct place p = { .storage = image_file_storage(c->iw->w, c->spec->storage) };

	if (!p.storage)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s needs a storage with content import: set storage (or pxc_cloud: "
			"import_storage)",
			c->spec->label);
	if (refuse_twins(c, p.storage, err) < 0)
		return -1;
	p.nfiles = image_files(c->iw->volumes, p.storage, c->arena, &p.files);
	if (c->spec->state != IMAGE_ABSENT)
		return plan_present(c, &p, err);
	plan_absent(c, &p);
	return 0;
}
