/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/access.h"
#include "modules/items.h"

#define SECONDS 1000u
#define WAIT .wait_ms = 60 * SECONDS
#define USER "/access/users/{userid}"
#define TOKEN USER "/token/{tokenid}"

/*
 * Every request this kind can send to change something. (api: roles Sys.Modify on /access; groups Group.Allocate on
 * /access/groups; users Realm.AllocateUser on /access/realm/{realm} and User.Modify on /access/groups; tokens User.Modify on
 * /access/groups; acl Permissions.Modify on the path)
 */
static const struct pve_op access_ops[ACCESS_OPS] = {
	[ACCESS_ROLE_NEW] = { .method = "POST", .path = "/access/roles", WAIT },
	[ACCESS_ROLE_SET] = { .method = "PUT", .path = "/access/roles/{roleid}", WAIT },
	[ACCESS_ROLE_GONE] = { .method = "DELETE",
			       .path = "/access/roles/{roleid}",
			       .gone_ok = true,
			       WAIT },
	[ACCESS_GROUP_NEW] = { .method = "POST", .path = "/access/groups", WAIT },
	[ACCESS_GROUP_SET] = { .method = "PUT", .path = "/access/groups/{groupid}", WAIT },
	[ACCESS_GROUP_GONE] = { .method = "DELETE",
				.path = "/access/groups/{groupid}",
				.gone_ok = true,
				WAIT },
	[ACCESS_USER_NEW] = { .method = "POST", .path = "/access/users", WAIT },
	[ACCESS_USER_SET] = { .method = "PUT", .path = USER, WAIT },
	[ACCESS_USER_GONE] = { .method = "DELETE", .path = USER, .gone_ok = true, WAIT },
	[ACCESS_FILE_BEGIN] = { .method = "FILE",
				.path = "{_file}.new",
				.work = access_file_begin },
	[ACCESS_TOKEN_NEW] = { .method = "POST", .path = TOKEN, WAIT },
	[ACCESS_TOKEN_SET] = { .method = "PUT", .path = TOKEN, WAIT },
	[ACCESS_TOKEN_AGAIN] = { .method = "PUT", .path = TOKEN, WAIT },
	[ACCESS_TOKEN_GONE] = { .method = "DELETE", .path = TOKEN, .gone_ok = true, WAIT },
	[ACCESS_ACL_SET] = { .method = "PUT", .path = "/access/acl", WAIT },
	[ACCESS_ACL_GONE] = { .method = "PUT", .path = "/access/acl", WAIT },
};

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct access_batch *b = arena_alloc(env->arena, sizeof(*b));

	b->arena = env->arena;
	b->lockout = item_true(env->args->params, "lockout");
	b->made = pxc_env_keep(env, json_object());
	b->secrets = pxc_env_keep(env, json_array());
	*ret_batch = b;
	if (access_decode_lists(env, &b->lists, err) < 0)
		return -1;
	return access_decode_task(env, b, err);
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	(void)batch, (void)w;
	policy_ask(ret, "access.manage", NULL, NULL);
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct access_world *aw = NULL;

	if (access_observe(env, batch, &aw, err) < 0)
		return -1;
	*ret_world = aw;
	return 0;
}

/* What the option of the task stands for, beside what it lists. */
static int add_task(const struct access_batch *b, const struct access_world *aw,
		    struct access_want *want, struct pxc_err *err)
{
	const struct access_task *t = &aw->task;

	if (!t->label)
		return 0;
	if (!t->profile)
		return access_projection(t, &aw->s, &aw->facts, aw->project, b->arena, want, err);
	if (t->profile->consumer)
		return access_consumer(t, &aw->s, &aw->facts, b->arena, want, err);
	if (t->project)
		return access_project_token(t, &aw->s, &aw->facts, b->arena, want, err);
	return access_automation(t, &aw->s, &aw->facts, b->arena, want, err);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	const struct access_batch *b = batch;
	const struct access_world *aw = world;
	json_auto_t *warnings = json_array(), *item = json_object();
	struct access_want want = b->lists;

	want.warnings = warnings;
	want.item = item;
	if (add_task(b, aw, &want, err) < 0)
		return -1;
	return access_plan(&want, &aw->s, b->lockout, ret, err);
}

/* PVE gives no digest of all this. */
static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	static const char *const access[] = { "access", NULL };

	(void)env, (void)batch;
	return plans->plans[0]->nsteps ? access : NULL;
}

static void told(struct pxc_env *env, void *batch, const struct pxc_plan *plan,
		 const struct pve_job *job)
{
	access_secrets(env, batch, plan, job);
}

static void leaves(const void *batch, json_t *result)
{
	const struct access_batch *b = batch;

	(void)json_object_set(result, "secrets", b->secrets);
}

const struct pxc_kind access_kind = {
	.name = "access",
	.ops = access_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
	.told = told,
	.leaves = leaves,
};
