/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole batch at once: projects and holders, volumes, quota, names; then each volume's own steps, and the VMs'. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/volume_parts.h"

/* By its name, or, renamed or given away before, by the one that it is to have. */
static int match(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_spec *s = c->spec;
	const char *project = s->new_project ? s->new_project : s->project;
	const char *name = s->new_name ? s->new_name : s->name;
	const struct rbd_world *rbd = c->run->vw->rbd;
	const struct rbd_pool *pool = NULL;
	const struct rbd_seen *moved = NULL;

	if (volume_find(rbd, s->project, s->name, &c->lies, &c->have, err) < 0)
		return -1;
	if (!s->new_project && !s->new_name)
		return 0;
	if (volume_find(rbd, project, name, &pool, &moved, err) < 0)
		return -1;
	if (c->have && moved && c->have != moved)
		return pxc_fail(err, PXC_EINVAL,
				"%s cannot become %s/%s: there is a volume of that name", s->label,
				project, name);
	if (!c->have && !moved && !s->absent)
		return pxc_fail(err, PXC_EINVAL, "%s does not exist and cannot become %s/%s",
				s->label, project, name);
	if (!c->have) {
		c->have = moved;
		c->lies = pool;
	}
	return 0;
}

static int check_block(const struct volume_case *c, struct pxc_err *err)
{
	if (c->have->problem)
		return pxc_fail(err, PXC_EREMOTE, "%s: %s/%s cannot be read: %s", c->spec->label,
				c->lies->pool, c->have->name, c->have->problem);
	if (c->have->finding == ANNOT_TAMPERED && !c->spec->reseal)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: the metadata of %s/%s was changed by hand: look at it (rbd image-meta "
			"list %s/%s), then set reseal: true to write it anew",
			c->spec->label, c->lies->pool, c->have->name, c->lies->pool, c->have->name);
	return 0;
}

/* Where it is to lie: where it does, unless the task names another pool. */
static int check_storage(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_spec *s = c->spec;
	const struct volume_world *vw = c->run->vw;
	const char *storage = s->storage ? s->storage : registry_usual_storage(&vw->w->registry);
	const struct rbd_pool *named = storage ? rbd_pool_find(vw->rbd, storage) : NULL;

	if (c->have) {
		c->pool = s->storage && named && !rbd_same_pool(named, c->lies) ? named : c->lies;
		return 0;
	}
	if (!named)
		return pxc_fail(err, PXC_EINVAL,
				"%s needs a storage of type rbd, and the cloud's default is %s",
				s->label, storage ? storage : "none (pxc_cloud: storage)");
	c->pool = named;
	return 0;
}

static int prepare(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_spec *s = c->spec;

	c->home = volume_home(c->run, s->new_project ? s->new_project : s->project);
	if (match(c, err) < 0 || (c->have && check_block(c, err) < 0))
		return -1;
	c->pool = c->lies;
	if (c->have)
		volume_use_look(c->run->vw, c->lies, c->have, &c->use);
	if (s->absent)
		return 0;
	if (check_storage(c, err) < 0 || volume_source(c, err) < 0 ||
	    volume_target_find(c, err) < 0)
		return -1;
	c->size_bytes = c->have ? c->have->size_bytes : c->from_bytes;
	if (s->size_bytes > c->size_bytes)
		c->size_bytes = s->size_bytes;
	if (s->rollback && !c->have)
		return pxc_fail(err, PXC_EINVAL, "%s does not exist, there is nothing to roll back",
				s->label);
	volume_home_wants(c->home, c->pool->storage);
	return 0;
}

static bool id_taken(const struct volume_run *run, const char *id)
{
	const struct rbd_world *rbd = run->vw->rbd;

	for (size_t i = 0; i < run->ncases; i++)
		if (str_eq(run->cases[i].id, id))
			return true;
	for (size_t i = 0; i < rbd->npools; i++)
		for (size_t k = 0; k < rbd->pools[i].nimages; k++)
			if (str_eq(volume_id(rbd->pools[i].images[k].name), id))
				return true;
	return false;
}

/* The short id: of a volume that is there, else the same all through a run and another in the next. */
static void name(struct volume_case *c)
{
	struct pxc_arena *arena = c->run->arena;
	char hash[65];

	if (c->have)
		c->id = volume_id(c->have->name);
	for (unsigned n = 0; !c->id; n++) {
		auto_free char *text =
			pxc_printf("%s %s %u", c->run->batch->nonce, c->spec->label, n);
		char id[9];

		sha256_hex(text, strlen(text), hash);
		(void)snprintf(id, sizeof(id), "%.8s", hash);
		if (!id_taken(c->run, id))
			c->id = arena_strdup(arena, id);
	}
	if (c->have && (c->spec->absent || volume_stays(c) || !c->home->vmid))
		c->rbd = c->have->name;
	else
		c->rbd = arena_printf(arena, "vm-%u-pxc-%s", c->home->vmid, c->id);
}

/* What must have gone well before: the VM has let go of it, and the holder that it is named after is there. */
static void link_plans(struct volume_case *c)
{
	struct pxc_plan *holder = c->home->plan, *out = c->leaves ? c->leaves->out : NULL;
	bool named_anew = !c->have || volume_moves(c) || !str_eq(c->rbd, c->have->name);

	if (named_anew && holder && holder->nsteps) {
		c->plan->needs = holder;
		if (out)
			out->needs = holder;
	}
	if (out)
		c->plan->needs = out;
	c->plan->via = c->enters ? c->enters->in : out;
	if (!c->enters && c->plan->nsteps)
		c->plan->via = NULL;
	if (c->thaws && !c->plan->via && !c->plan->nsteps)
		c->plan->via = c->thaws->thaw;
}

static int plan_cases(struct volume_run *run, struct pxc_err *err)
{
	for (size_t i = 0; i < run->ncases; i++) {
		struct volume_case *c = &run->cases[i];

		c->plan = pxc_plans_add(run->plans, c->spec->label);
		c->plan->phase = 2;
		c->plan->allow = c->spec->allow;
		volume_thaw_find(c);
		if (volume_attachment(c, err) < 0 || volume_steps(c, err) < 0)
			return -1;
	}
	volume_collect(run);
	volume_homes_plan(run);
	volume_vms_plan(run);
	for (size_t i = 0; i < run->ncases; i++) {
		link_plans(&run->cases[i]);
		volume_views(&run->cases[i]);
		run->cases[i].plan->item = volume_item(&run->cases[i]);
	}
	return 0;
}

static int plan_run(struct volume_run *run, struct pxc_err *err)
{
	if (volume_homes(run, err) < 0)
		return -1;
	for (size_t i = 0; i < run->ncases; i++)
		if (prepare(&run->cases[i], err) < 0)
			return -1;
	if (volume_check_quota(run, err) < 0 || volume_homes_number(run, err) < 0)
		return -1;
	for (size_t i = 0; i < run->ncases; i++)
		name(&run->cases[i]);
	return plan_cases(run, err);
}

int volume_plan(const struct volume_batch *batch, const struct volume_world *vw,
		struct pxc_plans *ret, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct volume_run run = {
		.batch = batch, .vw = vw, .plans = ret, .arena = &arena, .ncases = batch->nspecs
	};
	int r;

	if (world_writable(vw->w, err) < 0)
		return -1;
	world_cluster_hash(vw->w->registry.domain, vw->w->cluster_name, run.cluster);
	run.cases = arena_alloc(&arena, (run.ncases + 1) * sizeof(*run.cases));
	run.vms = arena_alloc(&arena, (2 * run.ncases + 1) * sizeof(*run.vms));
	for (size_t i = 0; i < run.ncases; i++)
		run.cases[i] = (struct volume_case){ .run = &run, .spec = &batch->specs[i] };
	r = plan_run(&run, err);
	for (size_t i = 0; i < run.nhomes; i++)
		json_decref(run.homes[i].storages);
	for (size_t i = 0; i < run.nvms; i++) {
		json_decref(run.vms[i].enter);
		json_decref(run.vms[i].leave);
		json_decref(run.vms[i].grow);
		json_decref(run.vms[i].still);
	}
	return r;
}
