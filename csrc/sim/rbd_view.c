/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/rbd.h"
#include "sim/state.h"

/* "vm-100-disk-0", "base-9-disk-0": the number and where it ends; NULL for any other name. */
static const char *owner(const char *image, unsigned *ret_vmid, bool *ret_base)
{
	const char *at = str_starts(image, "vm-")     ? image + 3
			 : str_starts(image, "base-") ? image + 5
						      : NULL;
	char *end;

	if (!at || !isdigit((unsigned char)*at))
		return NULL;
	*ret_vmid = (unsigned)strtoul(at, &end, 10);
	*ret_base = image[0] == 'b';
	return end[0] == '-' && end[1] ? end : NULL;
}

int rbd_parse(const char *volid, struct rbd_name *ret, struct pxc_err *err)
{
	const char *colon = strchr(volid, ':'), *name = colon ? colon + 1 : volid;
	const char *slash = strrchr(name, '/');
	struct rbd_name base;

	ret->image = slash ? slash + 1 : name;
	if (owner(ret->image, &ret->vmid, &ret->is_base) && !strpbrk(name, " \t") &&
	    (!slash || (owner(name, &base.vmid, &base.is_base) && base.is_base)))
		return 0;
	return pxc_fail(err, PXC_EINVAL, "unable to parse rbd volume name '%s'", name);
}

/* "base-9-disk-0@__base__": a linked clone by PVE, whose volume id names its base. */
static size_t base_length(const char *origin)
{
	const char *at = origin ? strstr(origin, "@__base__") : NULL;
	unsigned vmid;
	bool is_base;

	if (!at || strcmp(at, "@__base__") != 0 || !owner(origin, &vmid, &is_base) || !is_base)
		return 0;
	return (size_t)(at - origin);
}

/* Replace an owned text; the pointer stays when nothing changed, so that those who hold it may go on. */
static void set_text(char **at, char *text_owned)
{
	if (str_eq(*at, text_owned)) {
		free(text_owned);
		return;
	}
	free(*at);
	*at = text_owned;
}

/* What Ceph says of an image becomes, or corrects, the volume. */
static struct sim_volume *note(struct sim *sim, struct sim_storage *s,
			       const struct ceph_image *image, const char *origin)
{
	auto_free char *key = pxc_printf("%s:%s", s->id, image->name);
	struct sim_volume *v = sim_map_get(&sim->volumes, key);
	int base = (int)base_length(origin);
	bool is_base;

	if (!v) {
		v = pxc_calloc(1, sizeof(*v));
		v->storage = s;
		v->content = "images";
		memcpy(v->format, "raw", 4);
		(void)sim_map_put(&sim->volumes, key, v);
	}
	(void)owner(image->name, &v->vmid, &is_base);
	v->size_bytes = image->size_bytes;
	set_text(&v->volid, base ? pxc_printf("%s:%.*s/%s", s->id, base, origin, image->name)
				 : pxc_strdup(key));
	set_text(&v->parent, base ? pxc_printf("%s:%.*s", s->id, base, origin) : NULL);
	set_text(&v->origin, pxc_strdup(origin));
	return v;
}

static void forget(struct sim *sim, const char *key)
{
	struct sim_volume *v = sim_map_remove(&sim->volumes, key);

	if (!v)
		return;
	v->next_gone = sim->gone;
	sim->gone = v;
}

void rbd_bury(struct sim *sim)
{
	while (sim->gone) {
		struct sim_volume *v = sim->gone;

		sim->gone = v->next_gone;
		sim_volume_free(v);
	}
}

static int by_id(const void *a, const void *b)
{
	const struct ceph_image *const *one = a, *const *other = b;

	return strcmp((*one)->id, (*other)->id);
}

/* All images of the pool, by name; by id to find parents with. */
struct listing {
	struct ceph_image *images;
	const struct ceph_image **ids;
	size_t n;
	struct pxc_arena arena;
};

static void listing_release(struct listing *l)
{
	free(l->ids);
	arena_release(&l->arena);
}

/* pool NULL: it could not be opened, and err says so. */
static int cannot_list(const struct ceph_pool *pool, struct pxc_err *err)
{
	struct pxc_err cause = *err;

	return pool ? pxc_fail(err, cause.kind, "rbd error: rbd: listing images failed: %s",
			       rbd_errno_words(&cause))
		    : pxc_context(err, "rbd error");
}

static int list(struct sim_storage *s, struct listing *ret, struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);

	if (!pool || rbd_ops(s)->list(pool, NULL, &ret->arena, &ret->images, &ret->n, err) < 0) {
		return cannot_list(pool, err);
	}
	ret->ids = pxc_calloc(ret->n + 1, sizeof(struct ceph_image *));
	for (size_t i = 0; i < ret->n; i++)
		ret->ids[i] = &ret->images[i];
	qsort(ret->ids, ret->n, sizeof(*ret->ids), by_id);
	return 0;
}

/* "image@snap" of the parent, as `rbd ls -l` writes it; NULL = none. In the listing's arena. */
static const char *origin_of(struct sim_storage *s, struct listing *l,
			     const struct ceph_image *image)
{
	const struct ceph_image wanted = { .id = image->parent_id }, *key = &wanted, **found;
	struct ceph_pool *pool = rbd_pool(s, &(struct pxc_err){ 0 });
	const char *origin = NULL;

	if (image->parent_pool < 0 || !pool)
		return NULL;
	found = image->parent_pool == rbd_ops(s)->pool_id(pool)
			? bsearch(&key, l->ids, l->n, sizeof(*l->ids), by_id)
			: NULL;
	for (size_t i = 0; found && i < (*found)->nsnaps; i++) {
		const struct ceph_snap *snap = &(*found)->snaps[i];

		if (snap->id == image->parent_snap && !snap->in_trash)
			return arena_printf(&l->arena, "%s@%s", (*found)->name, snap->name);
	}
	/* In another pool or namespace, or in the trash, where snapshots have other names. */
	(void)rbd_ops(s)->origin(pool, image->name, &l->arena, &origin, &(struct pxc_err){ 0 });
	return origin;
}

/* Volumes whose image is not in the listing any more. */
static void forget_missing(struct sim *sim, const struct sim_storage *s, const struct sim_map *seen)
{
	auto_free char *prefix = pxc_printf("%s:", s->id);
	size_t i = sim_map_lower(&sim->volumes, prefix);

	while (i < sim->volumes.count && str_starts(sim->volumes.entries[i].key, prefix)) {
		auto_free char *key = pxc_strdup(sim->volumes.entries[i].key);

		if (sim_map_get(seen, key))
			i++;
		else
			forget(sim, key);
	}
}

int rbd_sync(struct sim *sim, struct sim_storage *s, struct pxc_err *err)
{
	on_scope_exit(listing_release) struct listing l = { .images = NULL };
	struct sim_map seen = { 0 };

	if (list(s, &l, err) < 0)
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		const struct ceph_image *image = &l.images[i];
		auto_free char *key = pxc_printf("%s:%s", s->id, image->name);
		unsigned vmid;
		bool is_base;

		if (image->problem || !owner(image->name, &vmid, &is_base))
			continue;
		(void)sim_map_put(&seen, key, note(sim, s, image, origin_of(s, &l, image)));
	}
	forget_missing(sim, s, &seen);
	sim_map_release(&seen, NULL);
	return 0;
}

static int look(struct sim_storage *s, const char *image, struct pxc_arena *arena,
		struct ceph_image *ret, const char **ret_origin, struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);

	if (!pool)
		return pxc_context(err, "rbd error");
	if (rbd_ops(s)->look(pool, image, arena, ret, err) < 0) {
		struct pxc_err cause = *err;

		return pxc_fail(err, cause.kind, "rbd error: rbd: error opening image %s: %s",
				image, rbd_errno_words(&cause));
	}
	if (ret->problem)
		return pxc_fail(err, PXC_ENOTFOUND,
				"rbd error: rbd: error opening image %s: (2) No such file or "
				"directory",
				image);
	*ret_origin = NULL;
	if (ret->parent_pool >= 0)
		(void)rbd_ops(s)->origin(pool, image, arena, ret_origin, &(struct pxc_err){ 0 });
	return 0;
}

struct sim_volume *rbd_look(struct sim *sim, struct sim_storage *s, const char *volid,
			    struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image image;
	struct rbd_name name;
	const char *origin;

	if (rbd_parse(volid, &name, err) < 0)
		return NULL;
	if (look(s, name.image, &arena, &image, &origin, err) < 0) {
		auto_free char *key = pxc_printf("%s:%s", s->id, name.image);

		if (err->kind == PXC_ENOTFOUND)
			forget(sim, key);
		return NULL;
	}
	return note(sim, s, &image, origin);
}

char *rbd_free_name(struct sim_storage *s, unsigned vmid, struct pxc_err *err)
{
	auto_free char *own = pxc_printf("vm-%u-disk-", vmid),
		       *base = pxc_printf("base-%u-disk-", vmid);
	const char *const prefixes[] = { own, base, NULL };
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_pool *pool = rbd_pool(s, err);
	struct ceph_image *images;
	size_t n = 0;

	if (!pool || rbd_ops(s)->list(pool, prefixes, &arena, &images, &n, err) < 0) {
		(void)cannot_list(pool, err);
		return NULL;
	}
	for (unsigned number = 0;; number++) {
		bool taken = false;

		for (size_t i = 0; i < n && !taken; i++) {
			const char *digits = strstr(images[i].name, "-disk-") + 6;

			taken = isdigit((unsigned char)*digits) &&
				strtoul(digits, NULL, 10) == number;
		}
		if (!taken)
			return pxc_printf("%s%u", own, number);
	}
}
