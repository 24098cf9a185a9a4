/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "base/str.h"
#include "modules/access.h"
#include "modules/items.h"
#include "modules/world.h"

#define PVE_REGENERATES                                                                            \
	902 /* release on which PUT of a token was seen to take "regenerate" and "delete" */

enum { VERSION, RIGHTS, ROLES, USERS, GROUPS, ACLS, REALMS, NREADS };

static const char *const paths[NREADS] = {
	[VERSION] = "/version",       [RIGHTS] = "/access/permissions", [ROLES] = "/access/roles",
	[USERS] = "/access/users",    [GROUPS] = "/access/groups",      [ACLS] = "/access/acl",
	[REALMS] = "/access/domains",
};

static int check_replies(struct pxc_env *env, struct pve_read *reads, struct pxc_err *err)
{
	int r = 0;

	for (size_t i = 0; i < NREADS; i++) {
		bool fits =
			i <= RIGHTS ? json_is_object(reads[i].data) : json_is_array(reads[i].data);

		if (reads[i].data)
			(void)pxc_env_keep(env, reads[i].data);
		if (r < 0)
			continue;
		if (reads[i].err.kind != PXC_OK) {
			*err = reads[i].err;
			r = -1;
		} else if (!fits) {
			r = pxc_fail(err, PXC_EREMOTE,
				     "GET %s: half an answer, not taken for truth", paths[i]);
		}
	}
	return r;
}

static bool may(const json_t *rights, const char *path, const char *priv)
{
	return json_object_get(json_object_get(rights, path), priv);
}

/* Lists leave out what the API user may not see. What is not seen would be made a second time, or stay when it is to go. */
static int check_rights(const json_t *rights, struct pxc_err *err)
{
	const char *path = NULL;

	if (!may(rights, "/access", "Sys.Audit") && !may(rights, "/", "Permissions.Modify"))
		path = "/access";
	else if (!may(rights, "/access/groups", "Sys.Audit") &&
		 !may(rights, "/access/groups", "User.Modify"))
		path = "/access/groups";
	if (!path)
		return 0;
	return pxc_fail(err, PXC_EDENIED,
			"the API user may not see all users and permissions of PVE: it needs the "
			"privilege Sys.Audit on %s",
			path);
}

static int read_release(const json_t *data, struct access_state *s, struct pxc_err *err)
{
	const char *text = item_text(data, "version");
	unsigned minor = 0;

	if (!text || sscanf(text, "%3u.%2u", &s->major, &minor) != 2 || !s->major)
		return pxc_fail(err, PXC_EREMOTE, "GET /version: \"%s\" is no version of PVE",
				text ? text : "");
	s->regenerates = s->major * 100 + minor >= PVE_REGENERATES;
	return 0;
}

static int look_at(const char *path, json_t *files, struct pxc_err *err)
{
	const char *state = NULL;

	if (!path)
		return 0;
	if (access_file_look(path, &state, err) < 0)
		return -1;
	if (state)
		(void)json_object_set_new(files, path, json_string(state));
	return 0;
}

static int read_server(struct pxc_env *env, struct access_state *s, struct pxc_err *err)
{
	struct pve_read reads[NREADS] = { { .path = NULL } };
	json_t *full = pxc_env_keep(env, json_pack("{s:i}", "full", 1));

	for (size_t i = 0; i < NREADS; i++)
		reads[i].path = arena_strdup(env->arena, paths[i]);
	reads[USERS].params = full;
	pve_read_all(env->pve, reads, NREADS);
	if (check_replies(env, reads, err) < 0 || check_rights(reads[RIGHTS].data, err) < 0)
		return -1;
	s->roles = reads[ROLES].data;
	s->users = reads[USERS].data;
	s->groups = reads[GROUPS].data;
	s->acls = reads[ACLS].data;
	s->realms = reads[REALMS].data;
	return read_release(reads[VERSION].data, s, err);
}

int access_observe(struct pxc_env *env, const struct access_batch *b, struct access_world **ret,
		   struct pxc_err *err)
{
	struct access_world *aw = arena_alloc(env->arena, sizeof(*aw));
	struct access_state *s = &aw->s;
	struct world *w = NULL;

	if (world_read(env, WORLD_LISTS, &w, err) < 0 || read_server(env, s, err) < 0)
		return -1;
	aw->w = w;
	s->user = pve_user(env->pve);
	s->token = pve_token(env->pve);
	s->now_s = env->clock->wall_s(env->clock);
	s->made = b->made;
	s->files = pxc_env_keep(env, json_object());
	for (size_t i = 0; i < b->lists.ntokens; i++)
		if (look_at(b->lists.tokens[i].save_to, s->files, err) < 0)
			return -1;
	*ret = aw;
	if (look_at(b->save_to, s->files, err) < 0)
		return -1;
	return access_observe_task(env, b, aw, err);
}
