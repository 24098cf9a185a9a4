/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * perm.c - who may do what: roles on paths as PVE works them out.
 *
 * From the root of the path downwards each level that says something replaces what stood above it; an entry
 * for the user (or token) itself hides those of its groups. Pools hand their rights to their members. A
 * token with privilege separation has what both it and its user have. Read from pve-access-control:
 * PVE/AccessControl.pm (roles, normalize_path) and PVE/RPCEnvironment.pm (permissions, check).
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/core.h"
#include "sim/state.h"

struct rights {
	uint64_t privs, propagated;
	bool none; /* NoAccess */
	bool any;
};

static void add_role(const struct sim *sim, const struct sim_acl *acl, struct rights *rights)
{
	const struct sim_role *role = sim_map_get(&sim->roles, acl->role);

	rights->any = true;
	if (!strcmp(acl->role, "NoAccess"))
		rights->none = true;
	if (!role)
		return;
	rights->privs |= role->privs;
	if (acl->propagate)
		rights->propagated |= role->privs;
}

/* What the entries on exactly this level give to `who` of the type; only propagating ones count above the end. */
static struct rights level_rights(const struct sim *sim, const char *path, bool final, char type,
				  const void *who)
{
	struct rights rights = { 0 };

	for (size_t i = 0; i < sim->acl_count; i++) {
		const struct sim_acl *acl = &sim->acls[i];

		if (acl->type != type || strcmp(acl->path, path) || (!final && !acl->propagate))
			continue;
		if (type == 'g' ? sim_map_get(who, acl->who) != NULL : !strcmp(acl->who, who))
			add_role(sim, acl, &rights);
	}
	return rights;
}

static struct rights path_rights(const struct sim *sim, const struct sim_user *user,
				 const struct sim_token *token, const char *path)
{
	struct rights rights = { 0 };
	char level[512];
	size_t len = strlen(path);

	for (size_t at = 1; at <= len; at++) {
		struct rights here;
		bool final;

		if (at != 1 && at != len && path[at] != '/')
			continue;
		if (at == 1 && len > 1 && path[1] != '\0')
			snprintf(level, sizeof(level), "/");
		else
			snprintf(level, sizeof(level), "%.*s", (int)at, path);
		final = !strcmp(level, path);
		if (token)
			here = level_rights(sim, level, final, 't', token->full);
		else
			here = level_rights(sim, level, final, 'u', user->id);
		if (!here.any && !token)
			here = level_rights(sim, level, final, 'g', &user->groups);
		if (here.any)
			rights = here;
	}
	return rights;
}

/*
 * Add what pools give on a path /vms/N or /storage/S that lies in them. A storage may lie in several. What comes
 * through a pool is never passed on below the path; NoAccess on one of the pools outweighs everything.
 */
static void add_pools(const struct sim *sim, const struct sim_user *user,
		      const struct sim_token *token, const char *path, struct rights *rights)
{
	bool vm = str_starts(path, "/vms/");
	const char *name = vm ? path + 5 : path + 9;

	if (!sim->acl_count || (!vm && !str_starts(path, "/storage/")))
		return;
	for (size_t i = 0; i < sim->pools.count; i++) {
		const struct sim_pool *pool = sim->pools.entries[i].value;
		auto_free char *pool_path = NULL;
		struct rights through;

		if (!sim_map_get(vm ? &pool->guests : &pool->storages, name))
			continue;
		pool_path = pxc_printf("/pool/%s", pool->id);
		through = path_rights(sim, user, token, pool_path);
		rights->privs |= through.privs;
		rights->none |= through.none;
		if (vm)
			return;
	}
}

static uint64_t identity_privs(const struct sim *sim, const struct sim_user *user,
			       const struct sim_token *token, const char *path,
			       uint64_t *ret_propagated)
{
	const struct sim_role *all = sim_map_get(&sim->roles, "Administrator");
	struct rights rights;

	if (!token && !strcmp(user->id, "root@pam")) {
		*ret_propagated = all->privs;
		return all->privs;
	}
	*ret_propagated = 0;
	rights = path_rights(sim, user, token, path);
	add_pools(sim, user, token, path, &rights);
	if (rights.none)
		return 0;
	*ret_propagated = rights.propagated;
	return rights.privs;
}

uint64_t sim_privs_on(const struct sim *sim, const struct sim_user *user,
		      const struct sim_token *token, const char *path, uint64_t *ret_propagated)
{
	uint64_t own, own_propagated, mine, mine_propagated;

	own = identity_privs(sim, user, NULL, path, &own_propagated);
	if (!token || !token->privsep) {
		*ret_propagated = own_propagated;
		return own;
	}
	mine = identity_privs(sim, user, token, path, &mine_propagated);
	*ret_propagated = own_propagated & mine_propagated;
	return own & mine;
}

bool sim_path_clean(const char *path, char text[512])
{
	size_t n = 0;

	if (!*path)
		return false;
	text[n++] = '/';
	for (; *path; path++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/",
			    *path))
			return false;
		if (*path == '/' && text[n - 1] == '/')
			continue;
		if (n == 511)
			return false;
		text[n++] = *path;
	}
	while (n > 1 && text[n - 1] == '/')
		n--;
	text[n] = '\0';
	return true;
}

/* Before PVE 9 all that is asked of a guest's agent was one privilege. */
static const char *of_version(const struct sim *sim, const char *privs)
{
	return sim->options.pve == 8 && str_starts(privs, "VM.GuestAgent.") ? "VM.Monitor" : privs;
}

bool sim_may(const struct sim_call *call, const char *path, const char *privs)
{
	uint64_t wanted = 0, have, propagated;
	char bad[64], clean[512];

	privs = of_version(call->sim, privs);
	if (!call->user || !sim_path_clean(path, clean) ||
	    !sim_privs_parse(call->sim, privs, &wanted, bad))
		return false;
	have = sim_privs_on(call->sim, call->user, call->token, clean, &propagated);
	return strchr(privs, '|') ? (have & wanted) != 0 : (have & wanted) == wanted;
}

/* The first of the comma-separated privileges that is missing: what the 403 names. */
static void first_missing(const struct sim_call *call, const char *path, const char *privs,
			  char one[256])
{
	snprintf(one, 256, "%s", privs);
	if (strchr(privs, '|'))
		return;
	for (const char *at = privs; *at;) {
		size_t len = strcspn(at, ",");

		snprintf(one, 256, "%.*s", (int)len, at);
		if (!sim_may(call, path, one))
			return;
		at += len;
		at += *at == ',';
	}
}

static int need_on(struct sim_call *call, const char *privs, const char *path)
{
	char clean[512], one[256];

	privs = of_version(call->sim, privs);
	if (sim_may(call, path, privs))
		return 0;
	first_missing(call, path, privs, one);
	return sim_deny(call, "%s, %s", sim_path_clean(path, clean) ? clean : "", one);
}

int sim_need(struct sim_call *call, const char *privs, const char *path_fmt, ...)
{
	char path[512];
	va_list args;

	va_start(args, path_fmt);
	vsnprintf(path, sizeof(path), path_fmt, args);
	va_end(args);
	return need_on(call, privs, path);
}

bool sim_may_vm(const struct sim_call *call, unsigned vmid, const char *privs)
{
	char path[32];

	snprintf(path, sizeof(path), "/vms/%u", vmid);
	return sim_may(call, path, privs);
}

int sim_need_vm(struct sim_call *call, unsigned vmid, const char *privs)
{
	return sim_need(call, privs, "/vms/%u", vmid);
}

bool sim_is_root(const struct sim_call *call)
{
	return call->user && !call->token && !strcmp(call->user->id, "root@pam");
}

static void drop_acl(struct sim *sim, size_t i)
{
	free(sim->acls[i].path);
	free(sim->acls[i].who);
	free(sim->acls[i].role);
	sim->acl_count--;
	memmove(sim->acls + i, sim->acls + i + 1, (sim->acl_count - i) * sizeof(*sim->acls));
}

void sim_acl_drop(struct sim *sim, char type, const char *who)
{
	for (size_t i = sim->acl_count; i-- > 0;) {
		const char *name = type == 'r' ? sim->acls[i].role : sim->acls[i].who;

		if ((type == 'r' || sim->acls[i].type == type) && !strcmp(name, who))
			drop_acl(sim, i);
	}
}

void sim_acl_forget_path(struct sim *sim, const char *path)
{
	for (size_t i = sim->acl_count; i-- > 0;)
		if (!path || !strcmp(sim->acls[i].path, path))
			drop_acl(sim, i);
}
