/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/str.h"
#include "modules/access.h"
#include "modules/items.h"

static bool gone(const json_t *item)
{
	return str_eq(item_text(item, "state"), "absent");
}

/* true and false; -1: not said. */
static int flag(const json_t *item, const char *key)
{
	const json_t *v = json_object_get(item, key);

	return json_is_boolean(v) ? json_is_true(v) : -1;
}

/* err EINVAL: below 0 */
static int moment(const json_t *item, const char *label, int64_t *ret, struct pxc_err *err)
{
	const json_t *v = json_object_get(item, "expire");

	*ret = json_is_integer(v) ? json_integer_value(v) : -1;
	if (json_is_integer(v) && *ret < 0)
		return pxc_fail(err, PXC_EINVAL, "%s: expire is seconds since 1970, or 0 for never",
				label);
	return 0;
}

static const char *const *names(struct pxc_env *env, const json_t *item, const char *key)
{
	return json_is_array(json_object_get(item, key)) ? item_list(env->arena, item, key) : NULL;
}

static void *room(struct pxc_env *env, const json_t *list, size_t size)
{
	return arena_alloc(env->arena, (json_array_size(list) + 1) * size);
}

static void decode_roles(struct pxc_env *env, struct access_want *w)
{
	const json_t *list = json_object_get(env->args->params, "roles");
	size_t i;
	json_t *item;

	w->roles = room(env, list, sizeof(*w->roles));
	json_array_foreach (list, i, item)
		w->roles[w->nroles++] = (struct access_role){
			.roleid = item_text(item, "name"),
			.privs = names(env, item, "privs"),
			.absent = gone(item),
		};
}

static void decode_groups(struct pxc_env *env, struct access_want *w)
{
	const json_t *list = json_object_get(env->args->params, "groups");
	size_t i;
	json_t *item;

	w->groups = room(env, list, sizeof(*w->groups));
	json_array_foreach (list, i, item)
		w->groups[w->ngroups++] = (struct access_group){
			.groupid = item_text(item, "name"),
			.comment = item_text(item, "comment"),
			.absent = gone(item),
		};
}

static int decode_users(struct pxc_env *env, struct access_want *w, struct pxc_err *err)
{
	const json_t *list = json_object_get(env->args->params, "users");
	size_t i;
	json_t *item;

	w->users = room(env, list, sizeof(*w->users));
	json_array_foreach (list, i, item) {
		struct access_user *u = &w->users[w->nusers++];

		*u = (struct access_user){
			.userid = item_text(item, "userid"),
			.comment = item_text(item, "comment"),
			.email = item_text(item, "email"),
			.groups = names(env, item, "groups"),
			.enable = flag(item, "enabled"),
			.absent = gone(item),
		};
		if (moment(item, arena_printf(env->arena, "user %s", u->userid), &u->expire, err) <
		    0)
			return -1;
	}
	return 0;
}

static int decode_tokens(struct pxc_env *env, struct access_want *w, struct pxc_err *err)
{
	const json_t *list = json_object_get(env->args->params, "tokens");
	size_t i;
	json_t *item;

	w->tokens = room(env, list, sizeof(*w->tokens));
	json_array_foreach (list, i, item) {
		struct access_token *t = &w->tokens[w->ntokens++];

		*t = (struct access_token){
			.userid = item_text(item, "user"),
			.name = item_text(item, "name"),
			.comment = item_text(item, "comment"),
			.privsep = flag(item, "privsep"),
			.regenerate = item_true(item, "regenerate"),
			.save_to = item_text(item, "save_to"),
			.absent = gone(item),
		};
		if (moment(item, arena_printf(env->arena, "token %s!%s", t->userid, t->name),
			   &t->expire, err) < 0)
			return -1;
	}
	return 0;
}

static void decode_acls(struct pxc_env *env, struct access_want *w)
{
	const json_t *list = json_object_get(env->args->params, "acls");
	size_t i;
	json_t *item;

	w->acls = room(env, list, sizeof(*w->acls));
	json_array_foreach (list, i, item) {
		struct access_acl *a = &w->acls[w->nacls++];

		*a = (struct access_acl){
			.path = item_text(item, "path"),
			.roleid = item_text(item, "role"),
			.propagate = item_true(item, "propagate"),
			.absent = gone(item),
		};
		/* Just one of them is there; the contract says so. */
		for (int s = ACCESS_USER; s <= ACCESS_TOKEN; s++)
			if (item_text(item, access_subject_names[s])) {
				a->subject = (enum access_subject)s;
				a->who = item_text(item, access_subject_names[s]);
			}
	}
}

int access_decode_lists(struct pxc_env *env, struct access_want *ret, struct pxc_err *err)
{
	*ret = (struct access_want){ .exact = str_eq(item_text(env->args->params, "mode"),
						     "exact") };
	decode_roles(env, ret);
	decode_groups(env, ret);
	decode_acls(env, ret);
	if (decode_users(env, ret, err) < 0)
		return -1;
	return decode_tokens(env, ret, err);
}
