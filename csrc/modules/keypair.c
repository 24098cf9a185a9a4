/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/keypair.h"
#include "cloud/project_find.h"

#include "base/str.h"
#include "cloud/policy.h"
#include "modules/items.h"
#include "modules/kind.h"
#include "modules/world.h"

#define SECONDS 1000u

/* Every request this kind can send to change something. (api: /access/groups, Group.Allocate on /access/groups) */
static const struct pve_op keypair_ops[KEYPAIR_OPS] = {
	[KEYPAIR_CREATE] = { .method = "POST", .path = "/access/groups", .wait_ms = 60 * SECONDS },
	[KEYPAIR_WRITE] = { .method = "PUT",
			    .path = "/access/groups/{groupid}",
			    .wait_ms = 60 * SECONDS },
	[KEYPAIR_DELETE] = { .method = "DELETE",
			     .path = "/access/groups/{groupid}",
			     .wait_ms = 60 * SECONDS,
			     .gone_ok = true },
};

static int decode_one(struct pxc_env *env, const json_t *item, const json_t *given, void *spec,
		      struct pxc_err *err)
{
	struct keypair_spec *s = spec;
	const char *key = item_text(given, "public_key");

	s->project = item_text(item, "project");
	s->name = item_text(item, "name");
	s->label = arena_printf(env->arena, "key pair %s/%s", s->project, s->name);
	s->groupid = keypair_groupid(env->arena, s->project, s->name);
	s->absent = str_eq(item_text(item, "state"), "absent");
	s->replace = item_true(item, "replace");
	s->named = key && *key;
	if (key && sshkey_is_private(key))
		item_hide(env, key);
	if (!item_slug(s->name))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: a key pair's name begins with a letter and has 2 to 31 lower-case letters, "
			"digits and -",
			s->label);
	if (!item_slug(s->project))
		return project_missing(s->label, s->project, err);
	if (s->named && sshkey_parse(key, env->arena, &s->key, err) < 0)
		return pxc_context(err, "%s: public_key", s->label);
	return 0;
}

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct keypair_batch *b = arena_alloc(env->arena, sizeof(*b));

	b->stamp = env->stamp;
	b->actor = env->actor;
	b->specs = items_read(env, decode_one, sizeof(*b->specs), &b->nspecs, err);
	if (!b->specs)
		return -1;
	*ret_batch = b;
	return 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	const struct keypair_batch *b = batch;

	(void)w;
	for (size_t i = 0; i < b->nspecs; i++)
		policy_ask(ret, b->specs[i].absent ? "keypair.delete" : "keypair.create",
			   b->specs[i].project, b->specs[i].label);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return keypair_plan(batch, world, ret, err);
}

/* PVE itself gives a name once only; the quota has no digest. */
static const char *lock_of(struct pxc_env *env, const void *spec)
{
	const struct keypair_spec *s = spec;

	return arena_printf(env->arena, "project.%s", s->project);
}

static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const struct keypair_batch *b = batch;

	return items_locks(env, plans, b->specs, b->nspecs, sizeof(*b->specs), lock_of);
}

const struct pxc_kind keypair_kind = {
	.name = "keypair",
	.plural = "keypairs",
	.ops = keypair_ops,
	.decode = decode,
	.asks = asks,
	.observe = world_observe_groups,
	.plan = plan,
	.locks = locks,
};
