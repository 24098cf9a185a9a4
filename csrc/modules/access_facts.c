/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the names of a task stand for, and what else is to be known of them. */
#include <stdlib.h>

#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/project_find.h"
#include "modules/access.h"
#include "modules/connect.h"
#include "modules/items.h"
#include "modules/sdn_read.h"
#include "modules/vm_read.h"
#include "modules/world.h"

static bool grants(const struct access_task *t, const char *path)
{
	for (const struct access_grant *g = t->profile ? t->profile->grants : NULL; g && g->path;
	     g++)
		if (str_eq(g->path, path))
			return true;
	return false;
}

/* The project's pool first, then the others. */
static const char *const *pools(struct pxc_env *env, const char *first, const char *const *more)
{
	size_t n = 0, i = 0;
	const char **list;

	while (more && more[n])
		n++;
	list = arena_alloc(env->arena, (n + 2) * sizeof(*list));
	if (first)
		list[i++] = first;
	for (size_t k = 0; k < n; k++)
		if (!str_eq(more[k], first))
			list[i++] = more[k];
	return list;
}

static int read_project(struct pxc_env *env, const struct access_batch *b, struct access_world *aw,
			struct pxc_err *err)
{
	const char *poolid = aw->task.project ? project_pool(aw->w, aw->task.project) : NULL;
	const struct world_pool *pool = poolid ? world_pool(aw->w, poolid) : NULL;
	auto_annot_text struct annot_text text = { .before = NULL };
	struct project_block *block = arena_alloc(env->arena, sizeof(*block));

	aw->task.scope.pools = pools(env, poolid, b->pools);
	if (aw->task.absent || !aw->task.project)
		return 0;
	if (!pool)
		return project_missing(aw->task.label, aw->task.project, err);
	annot_parse(ANNOT_TOKEN, pool->comment, &text);
	if (project_decode(&text.annot, poolid, env->arena, block, err) < 0)
		return pxc_context(err, "project %s", aw->task.project);
	aw->project = block;
	return 0;
}

/* Storages and classes as they are named; a project's token gets all classes unless the task says which. */
static int find_storages(struct pxc_env *env, const struct access_batch *b, struct access_world *aw,
			 struct pxc_err *err)
{
	const struct registry *r = &aw->w->registry;
	bool registry = aw->w->notes.finding == ANNOT_OK;
	size_t n = 0, found = 0, usual = !b->storages && !aw->task.profile->consumer && registry;
	const char **list;

	while (b->storages && b->storages[n])
		n++;
	list = arena_alloc(env->arena, (n + r->nclasses + 2) * sizeof(*list));
	aw->task.scope.storages = list;
	for (size_t i = 0; i < n; i++) {
		list[found] = b->storages[i];
		if (!world_storage_type(aw->w, b->storages[i]) && registry &&
		    registry_class(r, b->storages[i]) &&
		    registry_class_storage(r, b->storages[i], &list[found], err) < 0)
			return -1;
		found++;
	}
	for (size_t i = 0; usual && i < r->nclasses; i++)
		if (!strv_has(list, r->classes[i].storage))
			list[found++] = r->classes[i].storage;
	if (usual && registry_usual_storage(r) && !strv_has(list, registry_usual_storage(r)))
		list[found] = registry_usual_storage(r);
	return 0;
}

static int find_networks(struct pxc_env *env, const struct access_batch *b, struct access_world *aw,
			 struct pxc_err *err)
{
	struct sdn *sdn = NULL;

	if (!grants(&aw->task, "/sdn/zones/{vnet}") || (b->vnets && !b->vnets[0]))
		return 0;
	if (sdn_read(env, aw->w, NULL, NULL, &sdn, err) < 0 ||
	    access_networks(sdn, aw->task.project, b->vnets, env->arena, &aw->task.scope.vnets,
			    err) < 0)
		return pxc_context(err, "%s", aw->task.label);
	for (size_t i = 0; aw->task.scope.zones && aw->task.scope.zones[i]; i++)
		if (!sdn_zone(sdn, aw->task.scope.zones[i]) &&
		    !str_eq(aw->task.scope.zones[i], "localnetwork"))
			return pxc_fail(err, PXC_ENOTFOUND, "%s: there is no zone %s",
					aw->task.label, aw->task.scope.zones[i]);
	return 0;
}

/* The VM that holds the project's volumes; 0: there is none, or it cannot be told. */
static unsigned find_holder(struct pxc_env *env, const struct world *w, const char *project)
{
	struct vm_seen **seen = arena_alloc(env->arena, (w->nguests + 1) * sizeof(*seen));
	const struct vm_seen *holder = NULL;
	struct pxc_err err;
	size_t n = 0;

	for (size_t i = 0; i < w->nguests; i++)
		if (holder_candidate(w, &w->guests[i], project)) {
			seen[n] = arena_alloc(env->arena, sizeof(**seen));
			seen[n++]->guest = &w->guests[i];
		}
	vm_read(env, w, seen, n);
	if (holder_find(w, seen, n, project, false, &holder, &err) < 0 || !holder)
		return 0;
	return holder->guest->vmid;
}

/* Pools of those who have disks among them, but for the task's own. */
static json_t *pools_of(const json_t *disks, const struct world *w, const char *const *own)
{
	json_auto_t *seen = json_object();
	json_t *list = json_array(), *disk;
	size_t i;

	json_array_foreach (disks, i, disk) {
		/* PVE gives the number as a text on some storages. */
		const json_t *id = json_object_get(disk, "vmid");
		unsigned vmid = json_is_string(id)
					? (unsigned)strtoul(json_string_value(id), NULL, 10)
					: (unsigned)json_integer_value(id);
		const struct world_guest *g = vmid ? world_guest(w, vmid) : NULL;
		const char *pool = g && *g->pool ? g->pool : "VMs of no pool";

		if (!vmid || strv_has(own, pool) || json_object_get(seen, pool))
			continue;
		(void)json_object_set_new(seen, pool, json_true());
		(void)json_array_append_new(list, json_string(pool));
	}
	return list;
}

/* What cannot be read is left out: then it is not known. */
static json_t *find_sharers(struct pxc_env *env, const struct access_world *aw)
{
	json_t *sharers = pxc_env_keep(env, json_object());
	const struct world *w = aw->w;

	for (size_t i = 0; aw->task.scope.storages && aw->task.scope.storages[i]; i++) {
		const char *name = aw->task.scope.storages[i];
		json_auto_t *disks = NULL;
		struct pxc_err err;
		size_t k = 0;

		while (k < w->nstorages &&
		       !(w->storages[k].available && str_eq(w->storages[k].name, name)))
			k++;
		if (k < w->nstorages &&
		    pve_get(env->pve,
			    arena_printf(env->arena, "/nodes/%s/storage/%s/content",
					 w->storages[k].node, name),
			    &disks, &err) == 0)
			(void)json_object_set_new(sharers, name,
						  pools_of(disks, w, aw->task.scope.pools));
	}
	return sharers;
}

int access_observe_task(struct pxc_env *env, const struct access_batch *b, struct access_world *aw,
			struct pxc_err *err)
{
	struct access_task *t = &aw->task;

	*t = b->task;
	if (!t->label)
		return 0;
	aw->facts = (struct access_facts){
		.w = aw->w,
		.cluster = aw->w->notes.finding == ANNOT_OK ? aw->w->registry.cluster : NULL,
		.stamp = env->stamp,
		.actor = env->actor,
		.url = pxc_api_url(env),
	};
	if (read_project(env, b, aw, err) < 0)
		return -1;
	if (t->absent)
		return 0;
	if (!t->profile)
		return world_groups_read(env, aw->w, err);
	if (find_storages(env, b, aw, err) < 0 || find_networks(env, b, aw, err) < 0)
		return -1;
	if (t->profile->consumer && t->project && str_starts(t->profile->name, "csi"))
		aw->facts.holder = find_holder(env, aw->w, t->project);
	if (access_owns_storages(t->profile))
		aw->facts.sharers = find_sharers(env, aw);
	return 0;
}
