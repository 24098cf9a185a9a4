/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/network_use.h"
#include "cloud/project.h"
#include "cloud/project_find.h"
#include "cloud/volume.h"
#include "modules/items.h"
#include "modules/kind.h"
#include "modules/rbd.h"
#include "modules/sdn_read.h"
#include "modules/vm_read.h"
#include "modules/world.h"

#define SECONDS 1000u
#define MINUTES (60 * SECONDS)
#define GUEST "/nodes/{node}/qemu/{vmid}"

/*
 * Every request this kind can send to change something. The pool is a parameter, never part of the path: the path
 * form is deprecated and cannot reach nested pools. (api: /pools, Pool.Allocate on /pool/{poolid})
 */
static const struct pve_op project_ops[PROJECT_OPS] = {
	[PROJECT_CREATE] = { .method = "POST", .path = "/pools", .wait_ms = 60 * SECONDS },
	[PROJECT_WRITE] = { .method = "PUT", .path = "/pools", .wait_ms = 60 * SECONDS },
	[PROJECT_DELETE] = { .method = "DELETE",
			     .path = "/pools",
			     .wait_ms = 60 * SECONDS,
			     .gone_ok = true },
	[PROJECT_VM_HA_REMOVE] = { .method = "DELETE",
				   .path = "/cluster/ha/resources/{sid}",
				   .wait_ms = 60 * SECONDS,
				   .gone_ok = true },
	[PROJECT_VM_STOP] = { .method = "POST",
			      .path = GUEST "/status/stop",
			      .wait_ms = 5 * MINUTES },
	[PROJECT_VM_DELETE] = { .method = "DELETE",
				.path = GUEST,
				.wait_ms = 30 * MINUTES,
				.gone_ok = true },
	[PROJECT_VM_CONFIG] = { .method = "PUT", .path = GUEST "/config", .wait_ms = 2 * MINUTES },
	[PROJECT_IPAM_REMOVE] = { .method = "DELETE",
				  .path = "/cluster/sdn/vnets/{vnet}/ips",
				  .wait_ms = 60 * SECONDS,
				  .gone_ok = true },
	[PROJECT_KEYPAIR_REMOVE] = { .method = "DELETE",
				     .path = "/access/groups/{groupid}",
				     .wait_ms = 60 * SECONDS,
				     .gone_ok = true },
};

static int check_people(const struct project_spec *s, const char *const *list, struct pxc_err *err)
{
	for (size_t i = 0; list && list[i]; i++)
		if (!item_person(*list[i] == '@' ? list[i] + 1 : list[i]))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: roles: \"%s\" is no name of a user, nor of a group with @ before it",
				s->label, list[i]);
	return 0;
}

static int decode_roles(struct pxc_env *env, const json_t *item, const json_t *given,
			struct project_spec *s, struct pxc_err *err)
{
	static const char *const modes[] = { "exact", "add", "remove" };
	const json_t *roles = json_object_get(given, "roles");

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (str_eq(modes[i], item_text(item, "roles_mode")))
			s->mode = (enum roles_mode)i;
	for (int r = 0; r < PROJECT_ROLES; r++) {
		s->roles[r] = item_list(env->arena, roles, project_role_names[r]);
		/* Who is not listed by an exact task has no role. */
		s->roles_named[r] = s->roles[r] || (roles && s->mode == ROLES_EXACT);
		if (check_people(s, s->roles[r], err) < 0)
			return -1;
	}
	return 0;
}

static int decode_one(struct pxc_env *env, const json_t *item, const json_t *given, void *spec,
		      struct pxc_err *err)
{
	struct project_spec *s = spec;
	s->name = item_text(item, "name");
	s->label = arena_printf(env->arena, "project %s", s->name);
	s->poolid = item_text(item, "pool") ? item_text(item, "pool") : s->name;
	s->absent = str_eq(item_text(item, "state"), "absent");
	/* Only what is named: a task that says nothing leaves a frozen project frozen. */
	s->freeze = str_eq(item_text(given, "state"), "frozen");
	s->unfreeze = str_eq(item_text(given, "state"), "present");
	s->adopt = item_true(item, "adopt");
	s->purge = str_eq(item_text(item, "purge"), "all");
	s->reseal = item_true(item, "reseal");
	s->description = item_text(given, "description");
	s->ha = item_text(given, "ha");
	if (!item_slug(s->name))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: a project's name begins with a letter and has 2 to 31 lower-case letters, "
			"digits and -",
			s->label);
	if (strspn(s->poolid,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") !=
		    strlen(s->poolid) ||
	    !*s->poolid)
		return pxc_fail(err, PXC_EINVAL, "%s: \"%s\" is no name of a pool", s->label,
				s->poolid);
	if (s->description && (strchr(s->description, '\n') || strstr(s->description, "[pxc/")))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: its description must be one line of text: the comment of a pool is one in "
			"PVE's own forms",
			s->label);
	if (item_quota(json_object_get(given, "quota"), &s->quota, err) < 0)
		return pxc_context(err, "%s", s->label);
	return decode_roles(env, item, given, s, err);
}

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct project_batch *b = arena_alloc(env->arena, sizeof(*b));

	b->stamp = env->stamp;
	b->actor = env->actor;
	b->specs = items_read(env, decode_one, sizeof(*b->specs), &b->nspecs, err);
	if (!b->specs)
		return -1;
	*ret_batch = b;
	return 0;
}

/* Must it be known who is in which group: since the task names one, or a manager may be in one? */
static bool wants_groups(const struct project_spec *s, const struct world *w)
{
	const char *poolid = project_pool(w, s->name);
	const struct world_pool *pool = poolid ? world_pool(w, poolid) : NULL;
	bool roles = false;

	for (int r = 0; r < PROJECT_ROLES; r++) {
		roles |= s->roles_named[r];
		for (size_t i = 0; s->roles[r] && s->roles[r][i]; i++)
			if (*s->roles[r][i] == '@')
				return true;
	}
	return roles && w->tenant && pool && strchr(pool->comment, '@');
}

/* A purge removes only guests whose own block says that they are the project's. */
static void read_owned(struct pxc_env *env, struct project_world *pw, const char *poolid)
{
	size_t n = 0;
	struct vm_seen **seen = vm_read_managed(env, pw->w, poolid, &n);

	for (size_t i = 0; i < n; i++) {
		const struct annot *a = &seen[i]->notes.annot;
		const char *project = annot_get(a, "project"), *key;

		if (seen[i]->problem || seen[i]->notes.finding != ANNOT_OK || !project ||
		    !vm_owns_block(seen[i]))
			continue;
		key = arena_printf(env->arena, "%u", seen[i]->guest->vmid);
		(void)json_object_set_new(pw->owned, key, json_string(project));
		if (pw->sdn)
			(void)json_object_set_new(pw->registered, key,
						  network_registered(pw->sdn, seen[i]->config, a));
	}
}

/* Who holds the volumes of a project that is to go, and where these lie. */
static const char *const *read_holders(struct pxc_env *env, struct project_world *pw,
				       const struct project_spec *s)
{
	struct vm_seen **seen = arena_alloc(env->arena, (pw->w->nguests + 1) * sizeof(*seen));
	auto_buf struct pxc_buf storages = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; i < pw->w->nguests; i++)
		if (holder_candidate(pw->w, &pw->w->guests[i], s->name)) {
			seen[n] = arena_alloc(env->arena, sizeof(**seen));
			seen[n++]->guest = &pw->w->guests[i];
		}
	vm_read(env, pw->w, seen, n);
	for (size_t i = 0; i < n; i++) {
		const struct vm_seen *holder = NULL;
		struct pxc_err err;

		/* One with a damaged annotation stays what it looks like: a guest of the pool. */
		if (holder_find(pw->w, &seen[i], 1, s->name, s->reseal, &holder, &err) < 0 ||
		    !holder || holder->problem)
			continue;
		(void)json_object_set_new(pw->holders,
					  arena_printf(env->arena, "%u", holder->guest->vmid),
					  json_string(s->name));
		buf_printf(&storages, ",%s", annot_get(&holder->notes.annot, "storages"));
	}
	return strv_split(env->arena, buf_str(&storages));
}

static int read_volumes(struct pxc_env *env, struct project_world *pw, const struct project_spec *s,
			struct pxc_err *err)
{
	static const char *const prefixes[] = { "vm-", NULL };
	const char *const *storages = read_holders(env, pw, s);
	json_t *left = json_array();
	struct rbd_world *rbd = NULL;

	(void)json_object_set_new(pw->volumes, s->name, left);
	if (!storages[0])
		return 0;
	if (rbd_observe(env, storages, prefixes, &rbd, err) < 0)
		return pxc_context(err, "%s: its volumes", s->label);
	for (size_t i = 0; i < rbd->npools; i++)
		for (size_t k = 0; !volume_pool_again(rbd, i) && k < rbd->pools[i].nimages; k++) {
			const struct rbd_seen *v = &rbd->pools[i].images[k];

			if (volume_is(v) && str_eq(volume_get(v, "project"), s->name))
				(void)json_array_append_new(left,
							    json_string(volume_get(v, "name")));
		}
	return 0;
}

/* Whoever may not see the SDN may have projects all the same. */
static int read_networks(struct pxc_env *env, struct project_world *pw, struct pxc_err *err)
{
	struct sdn *sdn = NULL;

	if (sdn_read(env, pw->w, NULL, NULL, &sdn, err) < 0 && err->kind != PXC_EDENIED)
		return -1;
	pw->sdn = sdn;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	const struct project_batch *b = batch;
	struct project_world *pw = arena_alloc(env->arena, sizeof(*pw));
	struct world *w = NULL;
	bool absent = false;

	for (size_t i = 0; i < b->nspecs; i++)
		absent |= b->specs[i].absent;
	if (world_read(env, absent ? WORLD_LIVE : WORLD_LISTS, &w, err) < 0)
		return -1;
	for (size_t i = 0; i < b->nspecs; i++)
		if (wants_groups(&b->specs[i], w) && world_groups_read(env, w, err) < 0)
			return -1;
	pw->w = w;
	pw->owned = pxc_env_keep(env, json_object());
	pw->registered = pxc_env_keep(env, json_object());
	pw->holders = pxc_env_keep(env, json_object());
	pw->volumes = pxc_env_keep(env, json_object());
	/* Its key pairs are groups. */
	if (absent && (read_networks(env, pw, err) < 0 || world_groups_read(env, w, err) < 0))
		return -1;
	for (size_t i = 0; i < b->nspecs; i++) {
		const struct project_spec *s = &b->specs[i];

		if (s->absent && s->purge)
			read_owned(env, pw, s->poolid);
		if (s->absent && read_volumes(env, pw, s, err) < 0)
			return -1;
	}
	*ret_world = pw;
	return 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	project_asks(batch, w, ret);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return project_plan(batch, world, ret, err);
}

/* A pool's comment has no digest: one writer at a time. */
static const char *lock_of(struct pxc_env *env, const void *spec)
{
	const struct project_spec *s = spec;

	return arena_printf(env->arena, "project.%s", s->name);
}

static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const struct project_batch *b = batch;

	return items_locks(env, plans, b->specs, b->nspecs, sizeof(*b->specs), lock_of);
}

const struct pxc_kind project_kind = {
	.name = "project",
	.plural = "projects",
	.ops = project_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
};
