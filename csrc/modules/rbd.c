/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/rbd.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/items.h"
#include "modules/rbd_parts.h"

/* One cluster; several storages may lie on it. */
struct rbd_link {
	struct rbd_link *next;
	const char *mon_host, *user; /* NULL = as ceph.conf says */
	const struct ceph_ops *ops;
	struct ceph *ceph;
};

static void close_link(void *ptr)
{
	struct rbd_link *link = ptr;

	link->ops->disconnect(link->ceph);
}

static void close_store(void *ptr)
{
	struct rbd_store *store = ptr;

	store->ops->pool_close(store->handle);
}

static const char *option(const struct pxc_env *env, const char *key)
{
	const char *s = item_text(env->args->params, key);

	return s && *s ? s : NULL;
}

/*
 * The task's own options go first. A storage that names its monitors lies on a cluster of its own; one without is served
 * by the cluster of PVE itself, which only a ceph.conf can tell.
 */
static int connect_to(struct pxc_env *env, const json_t *config, struct rbd_link **ret,
		      struct pxc_err *err)
{
	const char *conf = option(env, "ceph_conf"), *user = option(env, "ceph_user");
	const char *mon_host = conf ? NULL : item_text(config, "monhost");
	struct ceph_options options = { .conf = conf, .mon_host = mon_host };
	json_int_t timeout_s = item_int(env->args->params, "ceph_timeout");
	struct rbd_link *link;

	options.user = user ? user : item_text(config, "username");
	options.keyring = option(env, "ceph_keyring");
	options.timeout_ms = timeout_s > 0 ? (uint32_t)timeout_s * 1000 : 0;
	for (link = env->links; link; link = link->next)
		if (str_eq(link->mon_host, mon_host) && str_eq(link->user, options.user)) {
			*ret = link;
			return 0;
		}
	link = arena_alloc(env->arena, sizeof(*link));
	link->mon_host = mon_host;
	link->user = options.user;
	if (ceph_load(&link->ops, err) < 0 || link->ops->connect(&options, &link->ceph, err) < 0)
		return -1;
	pxc_env_defer(env, close_link, link);
	link->next = env->links;
	*ret = env->links = link;
	return 0;
}

static int reach_one(struct pxc_env *env, const json_t *config, struct pxc_err *err)
{
	struct rbd_store *store = arena_alloc(env->arena, sizeof(*store));
	const char *pool = item_text(config, "pool"), *space = item_text(config, "namespace");
	struct rbd_link *link = NULL;

	store->storage = arena_strdup(env->arena, item_text(config, "storage"));
	store->pool = arena_strdup(env->arena, pool ? pool : "rbd");
	store->name_space = arena_strdup(env->arena, space ? space : "");
	if (connect_to(env, config, &link, err) < 0)
		return pxc_context(err, "storage %s", store->storage);
	store->ops = link->ops;
	if (link->ops->pool_open(link->ceph, store->pool, store->name_space, &store->handle, err) <
	    0)
		return pxc_context(err, "storage %s", store->storage);
	store->cluster = arena_strdup(env->arena, link->ops->fsid(link->ceph));
	pxc_env_defer(env, close_store, store);
	store->next = env->stores;
	env->stores = store;
	return 0;
}

static const struct rbd_store *reached(const struct pxc_env *env, const char *storage)
{
	const struct rbd_store *s = env->stores;

	while (s && !str_eq(s->storage, storage))
		s = s->next;
	return s;
}

static int refuse(const json_t *list, const char *storage, struct pxc_err *err)
{
	size_t i;
	json_t *row;

	json_array_foreach (list, i, row)
		if (str_eq(item_text(row, "storage"), storage))
			return pxc_fail(err, PXC_EINVAL,
					"storage %s is of type %s; this needs one of type rbd",
					storage, item_text(row, "type"));
	(void)pxc_fail(err, PXC_EINVAL, "there is no storage %s in the cluster's configuration",
		       storage);
	return pxc_unseen(err, "/storage/%s", storage);
}

int rbd_reach(struct pxc_env *env, const char *const *storages, struct pxc_err *err)
{
	json_auto_t *list = NULL;

	for (size_t k = 0; storages[k]; k++) {
		const json_t *config = NULL;
		size_t i;
		json_t *row;

		if (reached(env, storages[k]))
			continue;
		if (!list && pve_get(env->pve, "/storage", &list, err) < 0)
			return pxc_context(err, "storages of the cluster");
		json_array_foreach (list, i, row)
			if (str_eq(item_text(row, "storage"), storages[k]) &&
			    str_eq(item_text(row, "type"), "rbd"))
				config = row;
		if (!config)
			return refuse(list, storages[k], err);
		(void)pxc_env_keep(env, json_incref((json_t *)(uintptr_t)config));
		if (reach_one(env, config, err) < 0)
			return -1;
	}
	return 0;
}

int rbd_store_get(const struct pxc_env *env, const char *storage, const struct rbd_store **ret,
		  struct pxc_err *err)
{
	*ret = storage ? reached(env, storage) : NULL;
	return *ret ? 0
		    : pxc_fail(err, PXC_EBUG, "storage %s was not reached",
			       storage ? storage : "(none)");
}

static void release_block(void *block)
{
	annot_release(block);
}

static void take_image(struct pxc_env *env, const struct rbd_pool *pool,
		       const struct ceph_image *from, struct rbd_seen *to)
{
	struct rbd_pair *meta = arena_alloc(env->arena, (from->nmeta + 1) * sizeof(*meta));
	struct rbd_snap *snaps = arena_alloc(env->arena, (from->nsnaps + 1) * sizeof(*snaps));

	for (size_t i = 0; i < from->nmeta; i++)
		meta[i] = (struct rbd_pair){ from->meta[i].key, from->meta[i].value };
	for (size_t i = 0; i < from->nsnaps; i++)
		snaps[i] = (struct rbd_snap){ .id = from->snaps[i].id,
					      .size_bytes = from->snaps[i].size_bytes,
					      .name = from->snaps[i].name,
					      .is_protected = from->snaps[i].is_protected,
					      .in_trash = from->snaps[i].in_trash,
					      .left = rbd_temp_dead(from->snaps[i].name) };
	*to = (struct rbd_seen){ .name = from->name,
				 .id = from->id,
				 .size_bytes = from->size_bytes,
				 .snaps = snaps,
				 .nsnaps = from->nsnaps,
				 .parent_pool = from->parent_pool,
				 .parent_id = from->parent_id,
				 .parent_snap = from->parent_snap,
				 .left = rbd_temp_dead(from->name),
				 .problem = from->problem,
				 .in_removal = from->in_removal };
	rbd_block_read(meta, from->nmeta, pool->id, from->id ? from->id : "", &to->finding,
		       &to->block);
	pxc_env_defer(env, release_block, &to->block);
}

static int read_pool(struct pxc_env *env, const struct rbd_store *store,
		     const char *const *prefixes, struct rbd_pool *ret, struct pxc_err *err)
{
	struct ceph_image *images = NULL;
	struct ceph_pair *pairs = NULL;
	struct rbd_pair *state;
	struct rbd_seen *seen;
	size_t n = 0;

	*ret = (struct rbd_pool){ .storage = store->storage,
				  .pool = store->pool,
				  .name_space = store->name_space,
				  .cluster = store->cluster,
				  .id = store->ops->pool_id(store->handle) };
	if (store->ops->list(store->handle, prefixes, env->arena, &images, &n, err) < 0 ||
	    store->ops->state_list(store->handle, RBD_STATE_OBJECT, "", env->arena, &pairs,
				   &ret->nstate, err) < 0)
		return pxc_context(err, "storage %s", store->storage);
	seen = arena_alloc(env->arena, (n + 1) * sizeof(*seen));
	for (size_t i = 0; i < n; i++)
		take_image(env, ret, &images[i], &seen[i]);
	ret->images = seen;
	ret->nimages = n;
	state = arena_alloc(env->arena, (ret->nstate + 1) * sizeof(*state));
	for (size_t i = 0; i < ret->nstate; i++)
		state[i] = (struct rbd_pair){ pairs[i].key, pairs[i].value };
	ret->state = state;
	return 0;
}

int rbd_observe(struct pxc_env *env, const char *const *storages, const char *const *prefixes,
		struct rbd_world **ret, struct pxc_err *err)
{
	struct rbd_world *w = arena_alloc(env->arena, sizeof(*w));
	struct rbd_pool *pools;
	size_t n = 0;

	if (rbd_reach(env, storages, err) < 0)
		return -1;
	while (storages[n])
		n++;
	pools = arena_alloc(env->arena, (n + 1) * sizeof(*pools));
	w->pools = pools;
	for (size_t i = 0; i < n; i++) {
		const struct rbd_store *store = NULL;

		if (rbd_pool_find(w, storages[i]))
			continue;
		if (rbd_store_get(env, storages[i], &store, err) < 0 ||
		    read_pool(env, store, prefixes, &pools[w->npools], err) < 0)
			return -1;
		w->npools++;
	}
	rbd_find_replaced(w);
	*ret = w;
	return 0;
}

int rbd_read_users(struct pxc_env *env, const struct rbd_pool *pool, struct rbd_seen *seen,
		   struct pxc_err *err)
{
	const struct rbd_store *store = NULL;

	if (rbd_store_get(env, pool->storage, &store, err) < 0)
		return -1;
	if (store->ops->children(store->handle, seen->name, env->arena, &seen->children, err) < 0 ||
	    store->ops->watchers(store->handle, seen->name, env->arena, &seen->watchers, err) < 0)
		return pxc_context(err, "who uses %s/%s", pool->pool, seen->name);
	return 0;
}
