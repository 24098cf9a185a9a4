/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/lock.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/project_block.h"
#include "modules/lock_parts.h"
#include "modules/rbd.h"

static void add_held(struct locks *locks, struct lock_held held)
{
	locks->held = pxc_realloc(locks->held, (locks->nheld + 1) * sizeof(*locks->held));
	locks->held[locks->nheld++] = held;
}

/* name: "<storage>/<name>" */
static int acquire_rbd(struct locks *locks, struct pxc_env *env, const char *name,
		       struct pxc_err *err)
{
	size_t len = strcspn(name, "/");
	const char *storage = arena_strndup(env->arena, name, len);
	const char *const storages[] = { storage, NULL };
	struct lock_held held = { .groupid = NULL };

	if (rbd_reach(env, storages, err) < 0 ||
	    rbd_store_get(env, storage, &held.store, err) < 0 ||
	    held.store->ops->lock(held.store->handle, name + len + 1, env->actor, LOCK_RBD_LEASE_S,
				  env->task_timeout_ms, &held.lock, err) < 0)
		return -1;
	add_held(locks, held);
	return 0;
}

/* Where all runs take their locks there, one that cannot must not work beside them. */
static int reach(struct pxc_env *env, struct pxc_err *err)
{
	const char *storages[] = { env->lock_storage, NULL };

	if (rbd_reach(env, storages, err) == 0)
		return 0;
	return pxc_context(
		err,
		"the locks of this cloud lie in storage %s (pxc_cloud: lock_storage), and "
		"nothing is changed without them",
		env->lock_storage);
}

const char *const *locks_place(struct pxc_env *env, const char *const *names)
{
	const char **list;
	size_t n = 0;

	while (names[n])
		n++;
	list = arena_alloc(env->arena, (n + 1) * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = env->lock_storage && !str_starts(names[i], LOCK_RBD) &&
					  !str_starts(names[i], LOCK_PVE) &&
					  !str_eq(names[i], LOCK_SDN)
				  ? arena_printf(env->arena, LOCK_RBD "%s/%s", env->lock_storage,
						 names[i])
				  : names[i];
	/* In one order, so that two runs cannot wait for each other. */
	return strv_sorted(env->arena, list);
}

/* Without the right to make groups a run goes on with what locks Ceph gives. */
static int acquire_group(struct locks *locks, struct pxc_env *env, const char *name,
			 bool *ret_denied, struct pxc_err *err)
{
	const char *groupid = arena_printf(env->arena, LOCK_GROUP "%s", name);

	if (lock_group_acquire(env, groupid, err) == 0) {
		add_held(locks, (struct lock_held){ .groupid = groupid });
		return 0;
	}
	if (err->kind != PXC_EDENIED)
		return -1;
	pxc_env_warn(
		env,
		"working without a lock, so that two runs at once may pass a quota or take one "
		"name twice (%s)",
		err->msg);
	*err = (struct pxc_err){ .kind = PXC_OK };
	*ret_denied = true;
	return 0;
}

int locks_acquire(struct locks *locks, struct pxc_env *env, const char *const *names,
		  struct pxc_err *err)
{
	bool denied = false;
	int r = 0;

	if (env->lock_storage && names[0])
		r = reach(env, err);
	for (size_t i = 0; names[i] && r == 0; i++) {
		size_t skip = str_starts(names[i], LOCK_PVE) ? strlen(LOCK_PVE) : 0;

		if (str_starts(names[i], LOCK_RBD))
			r = acquire_rbd(locks, env, names[i] + strlen(LOCK_RBD), err);
		else if (!denied)
			r = acquire_group(locks, env, names[i] + skip, &denied, err);
		if (r == 0 && str_eq(names[i], LOCK_SDN))
			r = lock_sdn_take(env, denied ? NULL : LOCK_GROUP_SDN, err);
	}
	if (r < 0) {
		locks_release(locks, env);
		return r;
	}
	locks->taken = true;
	locks->storage = env->lock_storage;
	locks->noted_ms = pve_now_ms(env->pve);
	locks->fresh = locks->nheld > 0 || pve_sdn_token(env->pve);
	return 0;
}

bool locks_prolong(struct locks *locks, struct pxc_env *env)
{
	int64_t now = pve_now_ms(env->pve);

	if (locks->lost || !locks_hold(locks))
		return false;
	if (now < locks->noted_ms + LOCK_LEASE_S * 1000 / 3)
		return true;
	locks->noted_ms = now;
	for (size_t i = locks->nheld; i-- > 0;) {
		if (!locks->held[i].groupid || lock_group_prolong(env, locks->held[i].groupid))
			continue;
		/* Not ours to give back. */
		locks->held[i] = locks->held[--locks->nheld];
		locks->lost = true;
	}
	return !locks->lost;
}

void locks_release(struct locks *locks, struct pxc_env *env)
{
	while (locks->nheld) {
		const struct lock_held *h = &locks->held[--locks->nheld];

		/* Whoever finds it stale gives the SDN's lock back. */
		if (h->groupid && str_eq(h->groupid, LOCK_GROUP_SDN) && !lock_sdn_release(env))
			continue;
		if (h->groupid)
			lock_group_drop(env, h->groupid);
		else
			h->store->ops->unlock(h->lock);
	}
	(void)lock_sdn_release(env);
	free(locks->held);
	*locks = (struct locks){ .nheld = 0 };
}

bool locks_hold(const struct locks *locks)
{
	for (size_t i = 0; i < locks->nheld; i++)
		if (locks->held[i].lock &&
		    !locks->held[i].store->ops->lock_held(locks->held[i].lock))
			return false;
	return true;
}
