/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/vm_observe.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/project_find.h"
#include "modules/affinity_read.h"
#include "modules/ha_read.h"
#include "modules/rbd.h"
#include "modules/snapshots_read.h"
#include "modules/vm_read.h"
#include "modules/world.h"

/* So often is the cluster looked at when guests vanish while it is read. */
enum { LOOKS = 4 };

static bool is_seen(const struct vm_world *vw, const struct world_guest *g)
{
	for (size_t i = 0; i < vw->nseen; i++)
		if (vw->seen[i]->guest == g)
			return true;
	return false;
}

/* Read the candidates that were not read yet. */
static void read_candidates(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw,
			    bool all)
{
	size_t first = vw->nseen;

	for (size_t i = 0; i < vw->w->nguests; i++) {
		const struct world_guest *g = &vw->w->guests[i];
		struct vm_seen *s;

		if (!vm_candidate(batch, vw->w, g, all) || (all && is_seen(vw, g)))
			continue;
		s = arena_alloc(env->arena, sizeof(*s));
		s->guest = g;
		vw->seen[vw->nseen++] = s;
	}
	vm_read(env, vw->w, vw->seen + first, vw->nseen - first);
	vw->index = pxc_env_keep(env, vm_index(vw));
}

/* Is some VM of the batch not among the seen? (A refusal will be found again, and said, by the plan.) */
static bool some_missing(const struct vm_batch *batch, const struct vm_world *vw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		if (vm_match(&batch->specs[i], vw, &have, &err) == 0 && !have)
			return true;
	}
	return false;
}

static void note_processes(struct vm_batch *batch, const struct vm_world *vw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		struct vm_spec *s = &batch->specs[i];
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		if ((s->power != VM_POWER_RESTARTED && !s->seed_cleanup) || s->first_seen ||
		    vm_match(s, vw, &have, &err) < 0)
			continue;
		s->first_seen = true;
		s->first_pid = have ? have->guest->pid : 0;
	}
}

static int check_sight(struct pxc_env *env, const struct vm_batch *batch, const struct world *w,
		       struct pxc_err *err)
{
	const char *asked = NULL;

	for (size_t i = 0; i < batch->nspecs; i++) {
		if (str_eq(asked, batch->specs[i].project))
			continue;
		asked = batch->specs[i].project;
		if (vm_check_sight(env, w, asked, err) < 0)
			return -1;
	}
	return 0;
}

static bool power_named(const struct vm_batch *batch)
{
	for (size_t i = 0; i < batch->nspecs; i++)
		if (batch->specs[i].power != VM_POWER_KEEP || batch->specs[i].absent ||
		    batch->specs[i].wait != VM_WAIT_FOR_NONE || batch->specs[i].seed_cleanup)
			return true;
	return false;
}

static int read_ha(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw,
		   struct world *w, struct pxc_err *err)
{
	struct ha *ha = NULL;

	if (!vm_wants_ha(batch, vw) && !vm_wants_rules(batch, vw))
		return 0;
	if (ha_read(env, w, &ha, err) < 0)
		return -1;
	w->ha = ha;
	return vm_writes_ha(batch, w) || vm_wants_rules(batch, vw)
		       ? affinity_read_right(env, &vw->ha_writable, err)
		       : 0;
}

/* The cluster's lists and the configurations of the candidates. */
static int look(struct pxc_env *env, struct vm_batch *batch, struct vm_world *vw,
		struct pxc_err *err)
{
	struct world *w = NULL;

	if (world_read(env, power_named(batch) ? WORLD_POWER : WORLD_LIVE, &w, err) < 0 ||
	    check_sight(env, batch, w, err) < 0 || vm_classes(batch, &w->registry, err) < 0 ||
	    (vm_wants_keypairs(batch) && world_groups_read(env, w, err) < 0) ||
	    vm_keypairs(batch, w, env->arena, err) < 0)
		return -1;
	*vw = (struct vm_world){ .w = w };
	vw->seen = arena_alloc(env->arena, w->nguests * sizeof(struct vm_seen *));
	read_candidates(env, batch, vw, false);
	if (some_missing(batch, vw))
		read_candidates(env, batch, vw, true);
	return read_ha(env, batch, vw, w, err);
}

static bool some_vanished(const struct vm_world *vw)
{
	for (size_t i = 0; i < vw->nseen; i++)
		if (vw->seen[i]->vanished)
			return true;
	return false;
}

/* Only what a plan looks at: images, volumes, and the disks of VMs. */
static const char *const rbd_prefixes[] = { RBD_IMAGE_PREFIX, RBD_TEMP_PREFIX, "vm-", "base-",
					    NULL };

static bool is_read(const struct vm_world *vw, unsigned vmid)
{
	for (size_t i = 0; i < vw->nseen; i++)
		if (vw->seen[i]->guest->vmid == vmid)
			return true;
	return false;
}

/* Guests in whose name a run that was cut off has left disks: do they use them? */
static void read_suspects(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw)
{
	size_t first = vw->nseen;

	for (size_t i = 0; i < vw->rbd->npools; i++)
		for (size_t k = 0; k < vw->rbd->pools[i].nimages; k++) {
			const struct world_guest *g;
			unsigned vmid = 0;

			if (!vm_rbd_left(batch, &vw->rbd->pools[i], &vw->rbd->pools[i].images[k],
					 &vmid))
				continue;
			g = world_guest(vw->w, vmid);
			if (!g)
				vw->rbd->pools[i].images[k].hidden = world_hides(env, vmid);
			if (!g || is_read(vw, vmid))
				continue;
			vw->seen[vw->nseen] = arena_alloc(env->arena, sizeof(struct vm_seen));
			vw->seen[vw->nseen++]->guest = g;
		}
	vm_read(env, vw->w, vw->seen + first, vw->nseen - first);
}

static int read_rbd(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw,
		    struct pxc_err *err)
{
	const char *const *storages = vm_rbd_storages(batch, vw, env->arena);
	struct rbd_world *rbd = NULL;

	if (!storages)
		return 0;
	if (rbd_observe(env, storages, rbd_prefixes, &rbd, err) < 0)
		return -1;
	vw->rbd = rbd;
	read_suspects(env, batch, vw);
	return 0;
}

/* Where some are to be taken: how many have the projects? */
static int read_snapshots_used(struct pxc_env *env, const struct vm_batch *batch,
			       struct vm_world *vw, struct pxc_err *err)
{
	json_t *counts = NULL;

	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const struct vm_seen *have = NULL;

		if (!s->snaps_named || json_object_get(counts, s->project))
			continue;
		if (vm_match(s, vw, &have, err) < 0)
			return -1;
		if (!vm_takes_snapshots(s, have))
			continue;
		if (!counts)
			counts = pxc_env_keep(env, json_object());
		snapshots_read(env, vw->w, s->project, NULL, counts);
	}
	vw->snapshots = counts;
	return 0;
}

int vm_observe(struct pxc_env *env, struct vm_batch *batch, struct vm_world **ret,
	       struct pxc_err *err)
{
	struct vm_world *vw = arena_alloc(env->arena, sizeof(*vw));
	int looks = 0;

	batch->round++;
	/* A guest deleted or migrated between the list and the read is no failure: the list is out of date. */
	do {
		if (look(env, batch, vw, err) < 0)
			return -1;
	} while (some_vanished(vw) && ++looks < LOOKS);
	note_processes(batch, vw);
	vm_observe_agents(env, batch, vw);
	if (vm_observe_snapshots(env, batch, vw, err) < 0 ||
	    vm_observe_moves(env, batch, vw, err) < 0 || read_rbd(env, batch, vw, err) < 0 ||
	    vm_observe_nets(env, batch, vw, err) < 0)
		return -1;
	if (read_snapshots_used(env, batch, vw, err) < 0)
		return -1;
	*ret = vw;
	return vm_creates(batch, vw) ? vm_observe_creation(env, batch, vw, err) : 0;
}
