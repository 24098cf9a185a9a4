/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/project_find.h"
#include "modules/items.h"
#include "modules/rbd.h"
#include "modules/rights.h"
#include "modules/snapshots_read.h"
#include "modules/vm_read.h"
#include "modules/volume.h"
#include "modules/world.h"

/* So often is the cluster looked at when guests vanish while it is read. */
enum { LOOKS = 4 };

/* Volumes, what they are made from, and what is unfinished. */
static const char *const prefixes[] = { RBD_IMAGE_PREFIX, RBD_TEMP_PREFIX, "vm-", "base-", NULL };

static bool is_project(const struct volume_batch *b, const struct world *w,
		       const struct world_guest *g)
{
	for (size_t i = 0; i < b->nspecs; i++) {
		const struct volume_spec *s = &b->specs[i];
		const char *const projects[] = { s->project, s->new_project, s->source.project };

		for (size_t k = 0; k < ARRAY_SIZE(projects); k++)
			if (projects[k] && (str_eq(g->pool, project_pool(w, projects[k])) ||
					    holder_candidate(w, g, projects[k])))
				return true;
	}
	return false;
}

static bool is_seen(const struct volume_world *vw, unsigned vmid)
{
	for (size_t i = 0; i < vw->nseen; i++)
		if (vw->seen[i]->guest->vmid == vmid)
			return true;
	return false;
}

static void add(struct pxc_env *env, struct volume_world *vw, const struct world_guest *g)
{
	if (g->container || is_seen(vw, g->vmid))
		return;
	vw->seen[vw->nseen] = arena_alloc(env->arena, sizeof(struct vm_seen));
	vw->seen[vw->nseen++]->guest = g;
}

static void read_guests(struct pxc_env *env, const struct volume_batch *b, struct volume_world *vw)
{
	const struct world *w = vw->w;

	vw->nseen = 0;
	vw->seen = arena_alloc(env->arena,
			       (w->nguests + 2 * b->nspecs + 1) * sizeof(struct vm_seen *));
	for (size_t i = 0; i < w->nguests; i++)
		if (!w->guests[i].is_template && is_project(b, w, &w->guests[i]))
			add(env, vw, &w->guests[i]);
	vm_read(env, w, vw->seen, vw->nseen);
}

/* A guest that nobody shows us, and that may have the volume all the same. */
static const struct world_guest *hidden_guest(struct pxc_env *env, unsigned vmid)
{
	struct world_guest *g =
		vmid && world_hides(env, vmid) ? arena_alloc(env->arena, sizeof(*g)) : NULL;

	if (g)
		*g = (struct world_guest){ .vmid = vmid,
					   .node = "",
					   .status = "unknown",
					   .pool = "",
					   .tags = "",
					   .lock = "",
					   .qmpstatus = "",
					   .ha = "" };
	return g;
}

/* Guests outside of the projects that volumes of the batch are reserved for. */
static void read_reserved(struct pxc_env *env, const struct volume_batch *b,
			  struct volume_world *vw)
{
	size_t first = vw->nseen;

	for (size_t i = 0; i < vw->rbd->npools; i++)
		for (size_t k = 0; k < vw->rbd->pools[i].nimages; k++) {
			const struct rbd_seen *v = &vw->rbd->pools[i].images[k];
			auto_free char *key = NULL;
			const struct world_guest *g;
			unsigned vmid;

			if (!volume_is(v) || !volume_of_batch(b, v))
				continue;
			key = volume_reservation(volume_id(v->name));
			vmid = volume_vmid(rbd_state(&vw->rbd->pools[i], key));
			g = world_guest(vw->w, vmid);
			if (!g)
				g = hidden_guest(env, vmid);
			if (g)
				add(env, vw, g);
		}
	vm_read(env, vw->w, vw->seen + first, vw->nseen - first);
	for (size_t i = first; i < vw->nseen; i++)
		if (!*vw->seen[i]->guest->node)
			vw->seen[i]->problem = arena_printf(
				env->arena,
				"the API user may not see it, which needs privilege VM.Audit on /vms/%u",
				vw->seen[i]->guest->vmid);
}

static bool some_vanished(const struct volume_world *vw)
{
	for (size_t i = 0; i < vw->nseen; i++)
		if (vw->seen[i]->vanished)
			return true;
	return false;
}

static bool asked(const struct volume_batch *b, size_t i, const char *project)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(b->specs[k].project, project) ||
		    str_eq(b->specs[k].new_project, project))
			return true;
	return false;
}

static int check_sight(struct pxc_env *env, const struct volume_batch *b, const struct world *w,
		       struct pxc_err *err)
{
	for (size_t i = 0; i < b->nspecs; i++) {
		const char *const projects[] = { b->specs[i].project, b->specs[i].new_project };

		for (size_t k = 0; k < ARRAY_SIZE(projects); k++)
			if (projects[k] && !asked(b, i, projects[k]) &&
			    vm_check_sight(env, w, projects[k], err) < 0)
				return -1;
	}
	return 0;
}

static int read_pve(struct pxc_env *env, const struct volume_batch *b, struct volume_world *vw,
		    struct pxc_err *err)
{
	struct world *w = NULL;
	int looks = 0;

	/* A guest deleted or migrated between the list and the read is no failure: the list is out of date. */
	do {
		if (world_read(env, WORLD_LIVE, &w, err) < 0)
			return -1;
		if (check_sight(env, b, w, err) < 0)
			return -1;
		vw->w = w;
		read_guests(env, b, vw);
	} while (some_vanished(vw) && ++looks < LOOKS);
	return 0;
}

static int read_users(struct pxc_env *env, const struct volume_batch *b,
		      const struct rbd_world *rbd, struct pxc_err *err)
{
	for (size_t i = 0; i < rbd->npools; i++)
		for (size_t k = 0; k < rbd->pools[i].nimages; k++)
			if (volume_asks_users(b, &rbd->pools[i], &rbd->pools[i].images[k]) &&
			    rbd_read_users(env, &rbd->pools[i], &rbd->pools[i].images[k], err) <
				    0 &&
			    err->kind != PXC_ENOTFOUND)
				return -1;
	*err = (struct pxc_err){ .kind = PXC_OK };
	return 0;
}

/* Of guests that are to be frozen: is the agent there? (api: GET .../agent/info) */
static void ask_agents(struct pxc_env *env, const struct volume_batch *b, struct volume_world *vw)
{
	struct pve_read *reads = arena_alloc(env->arena, (b->nspecs + 1) * sizeof(*reads));
	struct vm_seen **who = arena_alloc(env->arena, (b->nspecs + 1) * sizeof(struct vm_seen *));
	size_t n = 0;

	for (size_t i = 0; i < b->nspecs; i++) {
		const struct vm_seen *vm = volume_asks_agent(vw, &b->specs[i]);
		bool again = false;

		for (size_t k = 0; k < n; k++)
			again |= who[k] == vm;
		for (size_t k = 0; vm && !again && k < vw->nseen; k++)
			if (vw->seen[k] == vm) {
				who[n] = vw->seen[k];
				reads[n++].path =
					arena_printf(env->arena, "/nodes/%s/qemu/%u/agent/info",
						     vm->guest->node, vm->guest->vmid);
			}
	}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		who[i]->agent = reads[i].err.kind == PXC_OK;
		if (!who[i]->agent)
			who[i]->silent = arena_strdup(env->arena, reads[i].err.msg);
		json_decref(reads[i].data);
	}
}

/* Where some are to be taken: how many have the projects, with those of VMs? */
static void read_snapshots_used(struct pxc_env *env, const struct volume_batch *b,
				struct volume_world *vw)
{
	json_t *counts = NULL;

	for (size_t i = 0; i < b->nspecs; i++) {
		const struct volume_spec *s = &b->specs[i];
		const char *project = s->new_project ? s->new_project : s->project;

		if (json_object_get(counts, project) || !volume_takes_snapshots(s, vw))
			continue;
		if (!counts)
			counts = pxc_env_keep(env, json_object());
		snapshots_read(env, vw->w, project, vw->rbd, counts);
	}
	vw->snapshots = counts;
}

int volume_observe(struct pxc_env *env, struct volume_batch *b, struct volume_world **ret,
		   struct pxc_err *err)
{
	struct volume_world *vw = arena_alloc(env->arena, sizeof(*vw));
	struct rbd_world *rbd = NULL;
	const char *const *storages;

	b->round++;
	if (read_pve(env, b, vw, err) < 0 || volume_classes(b, &vw->w->registry, err) < 0)
		return -1;
	storages = volume_storages(b, vw, env->arena);
	if (!storages[0])
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: it needs a storage, and the cloud has no default one (pxc_cloud: "
			"storage)",
			b->specs[0].label);
	if (rbd_observe(env, storages, prefixes, &rbd, err) < 0)
		return -1;
	vw->rbd = rbd;
	read_reserved(env, b, vw);
	if (read_users(env, b, rbd, err) < 0)
		return -1;
	ask_agents(env, b, vw);
	read_snapshots_used(env, b, vw);
	*ret = vw;
	return vw->w->nnodes > 1 ? rights_held(env, "Sys.Console", "/", &vw->may_ha, err) : 0;
}
