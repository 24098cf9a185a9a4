/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/rights.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "pve/errors.h"

/* path NULL: all of them. New reference in ret. */
static int ask(struct pxc_env *env, const char *path, json_t **ret, struct pxc_err *err)
{
	json_auto_t *params = path ? json_pack("{s:s}", "path", path) : NULL;
	struct pve_read read = { .params = params };

	read.path = arena_strdup(env->arena, "/access/permissions");
	pve_read_all(env->pve, &read, 1);
	if (read.err.kind != PXC_OK) {
		*err = read.err;
		return pxc_context(err, "rights of the API user");
	}
	*ret = read.data;
	return 0;
}

/* Any of privs, on any of these paths. */
static bool among(json_t *paths, const char *privs)
{
	const char *path;
	json_t *held;

	json_object_foreach (paths, path, held)
		for (const char *at = privs; *at; at += strcspn(at, "|"), at += *at == '|')
			if (json_object_getn(held, at, strcspn(at, "|")))
				return true;
	return false;
}

int rights_held(struct pxc_env *env, const char *privs, const char *path, bool *ret,
		struct pxc_err *err)
{
	json_t *paths = NULL;

	if (ask(env, path, &paths, err) < 0)
		return -1;
	*ret = among(paths, privs);
	json_decref(paths);
	return 0;
}

/* What lists of PVE show of what lies under a path. */
static const struct {
	const char *under, *privs;
} sights[] = {
	{ "/storage/", "Datastore.Audit" },
	{ "/pool/", "Pool.Audit" },
	{ "/sdn/zones/", "SDN.Use|SDN.Audit" },
};

void rights_explain(struct pxc_env *env, struct pxc_err *err)
{
	struct pxc_err lacks = { .kind = PXC_OK };
	const char *privs = NULL;
	bool held = true;
	size_t used;

	for (size_t i = 0; i < ARRAY_SIZE(sights); i++)
		if (str_starts(err->unseen, sights[i].under))
			privs = sights[i].privs;
	if (!privs || rights_held(env, privs, err->unseen, &held, &lacks) < 0 || held)
		return;
	(void)pve_lacks(pve_who(env->pve), privs, err->unseen, &lacks);
	used = strlen(err->msg);
	(void)snprintf(err->msg + used, sizeof(err->msg) - used,
		       "; if it is there, the API user may not see it: %s", lacks.msg);
}

int rights_check_lists(struct pxc_env *env, const struct world *w, struct pxc_err *err)
{
	const struct {
		size_t n;
		const char *priv, *path;
	} lists[] = { { w->npools, "Pool.Audit", "/pool" },
		      { w->nstorages, "Datastore.Audit", "/storage" },
		      { w->nguests, "VM.Audit", "/vms" } };
	json_auto_t *paths = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (lists[i].n)
			continue;
		if (!paths && ask(env, NULL, &paths, err) < 0)
			return -1;
		if (!among(paths, lists[i].priv))
			return pve_lacks(pve_who(env->pve), lists[i].priv, lists[i].path, err);
	}
	return 0;
}

int rights_check_bridges(struct pxc_env *env, size_t n, struct pxc_err *err)
{
	json_auto_t *paths = NULL;

	if (n || ask(env, NULL, &paths, err) < 0)
		return n ? 0 : -1;
	if (among(paths, "SDN.Use|SDN.Audit"))
		return 0;
	return pve_lacks(pve_who(env->pve), "SDN.Use|SDN.Audit", "/sdn/zones/localnetwork", err);
}
