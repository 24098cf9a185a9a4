/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who hangs on an image: its clones, and the clients that have it open. */
#include <errno.h>

#include "base/mem.h"
#include "ceph/parts.h"

const char *ceph_join(const char *const *names, struct pxc_buf *buf)
{
	for (; *names; names++)
		buf_printf(buf, "%s%s", buf->len ? ", " : "", *names);
	return buf_str(buf);
}

static const char *full_name(const rbd_linked_image_spec_t *image, struct pxc_arena *arena)
{
	return arena_printf(arena, "%s/%s%s%s%s", image->pool_name, image->pool_namespace,
			    *image->pool_namespace ? "/" : "", image->image_name,
			    image->trash ? " (trash)" : "");
}

int ceph_children(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
		  const char *const **ret, struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;
	rbd_linked_image_spec_t *list;
	const char **names;
	size_t n = 64;
	int rc;

	if (ceph_open_ro(pool, image, NULL, &rbd, err) < 0)
		return -1;
	do {
		list = pxc_calloc(n, sizeof(*list));
		rc = rbd_list_children3(rbd, list, &n);
		if (rc < 0)
			free(list);
	} while (rc == -ERANGE);
	if (rc < 0)
		return ceph_fail(err, pool, rc, "clones of image %s/%s", pool->name, image);
	names = arena_alloc(arena, (n + 1) * sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = full_name(&list[i], arena);
	rbd_linked_image_spec_list_cleanup(list, n);
	free(list);
	*ret = names;
	return 0;
}

int ceph_watchers(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
		  const char *const **ret, struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;
	rbd_image_watcher_t *list;
	const char **addresses;
	size_t n = 64, found = 0;
	int rc;

	if (ceph_open_ro(pool, image, NULL, &rbd, err) < 0)
		return -1;
	do {
		list = pxc_calloc(n, sizeof(*list));
		rc = rbd_watchers_list(rbd, list, &n);
		if (rc < 0)
			free(list);
	} while (rc == -ERANGE);
	if (rc < 0)
		return ceph_fail(err, pool, rc, "users of image %s/%s", pool->name, image);
	addresses = arena_alloc(arena, (n + 1) * sizeof(*addresses));
	for (size_t i = 0; i < n; i++) {
		if ((uint64_t)list[i].id != pool->ceph->self)
			addresses[found++] = arena_strdup(arena, list[i].addr);
	}
	rbd_watchers_list_cleanup(list, n);
	free(list);
	*ret = addresses;
	return 0;
}
