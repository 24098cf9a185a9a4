/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/codec.h"
#include "ceph/header.h"
#include "ceph/omap.h"

#define HALF_REMOVED "its removal was begun and has not ended; if that was killed, remove it again"

struct names {
	rbd_image_spec_t *list;
	size_t n;
};

static void names_release(struct names *names)
{
	rbd_image_spec_list_cleanup(names->list, names->n);
	free(names->list);
}

/* librbd says how many there are when there is too little room. */
static int names_read(struct ceph_pool *pool, struct names *ret, struct pxc_err *err)
{
	size_t n = 1024;
	rbd_image_spec_t *list;
	int rc;

	do {
		list = pxc_calloc(n, sizeof(*list));
		rc = rbd_list2(pool->io, list, &n);
		if (rc < 0)
			free(list);
	} while (rc == -ERANGE);
	if (rc < 0)
		return ceph_fail(err, pool, rc, "images of pool %s", pool->name);
	*ret = (struct names){ .list = list, .n = n };
	return 0;
}

/*
 * What a removal that was killed has left in the trash; librbd's own list of the trash leaves just that out. Each is
 * a struct of source, name and times.
 */
static int trash_read(struct ceph_pool *pool, struct pxc_arena *arena, struct omap_pairs *ret,
		      struct pxc_err *err)
{
	int rc = omap_rest(pool, "rbd_trash", "id_", arena, ret);
	size_t kept = 0;

	if (rc < 0 && rc != -ENOENT)
		return ceph_fail(err, pool, rc, "trash of pool %s", pool->name);
	for (size_t i = 0; i < ret->n; i++) {
		struct ceph_in in = ceph_in(ret->list[i].value, ret->list[i].len);
		struct ceph_in entry = in_frame(&in, 2);
		uint8_t source = in_u8(&entry);

		ret->list[kept] = (struct omap_pair){ .key = ret->list[i].key,
						      .value = in_string(&entry, arena) };
		kept += !entry.bad && source == RBD_TRASH_IMAGE_SOURCE_REMOVING;
	}
	ret->n = kept;
	return 0;
}

static bool in_removal(const struct omap_pairs *trash, const char *id)
{
	for (size_t i = 0; i < trash->n; i++) {
		if (strcmp(trash->list[i].key, id) == 0)
			return true;
	}
	return false;
}

static bool wanted(const char *name, const char *const *prefixes)
{
	if (!prefixes)
		return true;
	for (; *prefixes; prefixes++) {
		if (str_starts(name, *prefixes))
			return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ceph_image *)a)->name, ((const struct ceph_image *)b)->name);
}

/* Images whose header is to be read come first; *ret_n of them. All: *ret_all. */
static struct ceph_image *sort_out(const struct names *names, const struct omap_pairs *trash,
				   const char *const *prefixes, struct pxc_arena *arena,
				   size_t *ret_n, size_t *ret_all)
{
	struct ceph_image *images = arena_alloc(arena, (names->n + 1) * sizeof(*images));
	size_t n = 0, end = names->n;

	for (size_t i = 0; i < names->n; i++) {
		const rbd_image_spec_t *spec = &names->list[i];
		struct ceph_image image = { .parent_pool = -1 };

		if (!wanted(spec->name, prefixes))
			continue;
		image.name = arena_strdup(arena, spec->name);
		image.id = arena_strdup(arena, spec->id);
		if (!*spec->id)
			image.problem = "it is of RBD's old format 1";
		else if ((image.in_removal = in_removal(trash, spec->id)))
			image.problem = HALF_REMOVED;
		images[image.problem ? --end : n++] = image;
	}
	memmove(&images[n], &images[end], (names->n - end) * sizeof(*images));
	*ret_n = n;
	*ret_all = n + names->n - end;
	return images;
}

int ceph_list(struct ceph_pool *pool, const char *const *prefixes, struct pxc_arena *arena,
	      struct ceph_image **ret, size_t *ret_n, struct pxc_err *err)
{
	on_scope_exit(names_release) struct names names = { .list = NULL };
	auto_omap struct omap_pairs trash = { .list = NULL };
	struct ceph_image *images;
	size_t n, asked, all;

	if (names_read(pool, &names, err) < 0 || trash_read(pool, arena, &trash, err) < 0)
		return -1;
	images = sort_out(&names, &trash, prefixes, arena, &asked, &all);
	n = asked;
	if (ceph_headers(pool, arena, images, &n, err) < 0)
		return -1;
	memmove(&images[n], &images[asked], (all - asked) * sizeof(*images));
	n += all - asked;
	qsort(images, n, sizeof(*images), by_name);
	*ret = images;
	*ret_n = n;
	return 0;
}

/* One that a killed removal left in the trash is not in the directory any more. */
static int look_in_trash(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
			 struct ceph_image *ret, struct pxc_err *err)
{
	auto_omap struct omap_pairs trash = { .list = NULL };
	struct pxc_err unread;

	if (trash_read(pool, arena, &trash, &unread) < 0)
		return -1;
	for (size_t i = 0; i < trash.n; i++) {
		if (strcmp(trash.list[i].value, image) != 0)
			continue;
		*ret = (struct ceph_image){ .name = arena_strdup(arena, image),
					    .id = trash.list[i].key,
					    .parent_pool = -1,
					    .problem = HALF_REMOVED,
					    .in_removal = true };
		err->kind = PXC_OK;
		return 0;
	}
	return -1;
}

int ceph_look(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
	      struct ceph_image *ret, struct pxc_err *err)
{
	struct ceph_image found = { .parent_pool = -1 };
	char id[CEPH_ID_MAX];
	size_t n = 1;

	if (ceph_id(pool, image, id, err) < 0)
		return err->kind == PXC_ENOTFOUND ? look_in_trash(pool, image, arena, ret, err)
						  : -1;
	found.name = arena_strdup(arena, image);
	found.id = arena_strdup(arena, id);
	if (ceph_headers(pool, arena, &found, &n, err) < 0)
		return -1;
	if (n == 0)
		return pxc_fail(err, PXC_ENOTFOUND, "pool %s has no image \"%s\"", pool->name,
				image);
	*ret = found;
	return 0;
}
