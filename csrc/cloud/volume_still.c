/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Snapshots of volumes that a guest writes to: its file systems are frozen by its agent meanwhile, once for all snapshots of the
 * task that are of its volumes.
 *
 * That a guest is about to be frozen is written down before, in RBD_STATE_OBJECT, "frz/<vmid>" = id of the VM's block, and
 * struck out behind the thaw. So whoever holds the project's lock and reads it knows of a run that was cut off in between.
 */
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/vm_parts.h"
#include "cloud/volume_parts.h"

static const char *key_of(struct volume_run *run, const struct vm_seen *vm)
{
	return arena_printf(run->arena, "frz/%u", vm->guest->vmid);
}

static const char *id_of(struct volume_run *run, const struct vm_seen *vm)
{
	char uuid[37], id[64];

	vm_block_id(vm->guest->vmid, vm_smbios_uuid(vm->config, uuid), id);
	return arena_strdup(run->arena, id);
}

static json_t *guest(const struct vm_seen *vm)
{
	return json_pack("{s:s,s:i}", "node", vm->guest->node, "vmid", (int)vm->guest->vmid);
}

/* --- is it to be done? ------------------------------------------------------------------------------------ */

static bool lacks_snap(const struct volume_spec *s, const struct rbd_seen *have)
{
	for (size_t i = 0; i < s->nsnaps; i++)
		if (!s->snaps[i].absent && !volume_snap(have, s->snaps[i].name))
			return true;
	return false;
}

static bool wants_still(const struct volume_spec *s, const struct rbd_seen *have,
			const struct volume_use *use)
{
	return s->quiesce && !s->absent && use->vm && !use->leaving && volume_runs(use->vm) &&
	       lacks_snap(s, have);
}

const struct vm_seen *volume_asks_agent(const struct volume_world *vw, const struct volume_spec *s)
{
	const struct rbd_pool *pool = NULL;
	const struct rbd_seen *have = NULL;
	struct volume_use use;
	struct pxc_err err;

	/* A refusal will be found again, and said, by the plan. */
	if (!s->quiesce || volume_find(vw->rbd, s->project, s->name, &pool, &have, &err) < 0 ||
	    !have)
		return NULL;
	volume_use_look(vw, pool, have, &use);
	return wants_still(s, have, &use) && vm_has_agent(use.vm->config) ? use.vm : NULL;
}

void volume_still_find(struct volume_case *c)
{
	const struct vm_seen *vm = c->use.vm;

	if (!c->have || !wants_still(c->spec, c->have, &c->use) || !volume_stays(c))
		return;
	if (!vm_has_agent(vm->config)) {
		pxc_plan_warn(
			c->plan,
			"%s: its snapshot is taken without freezing %s, which has no guest agent "
			"(pxc_vm: agent)",
			c->spec->label, volume_vm_name(vm, c->run->arena));
		return;
	}
	if (!vm->agent) {
		pxc_plan_warn(
			c->plan,
			"%s: its snapshot is taken without freezing %s, whose guest agent does "
			"not answer%s%s",
			c->spec->label, volume_vm_name(vm, c->run->arena), vm->silent ? ": " : "",
			vm->silent ? vm->silent : "");
		return;
	}
	c->enters = volume_vm_of(c->run, vm);
	c->still = true;
}

void volume_still_snap(struct volume_case *c, json_t *args_new, const char *name)
{
	(void)json_array_append_new(
		c->enters->still,
		json_pack("{s:o,s:o}", "args", args_new, "why",
			  json_sprintf("take snapshot %s of %s", name, c->spec->label)));
}

/* --- frozen, snapshots taken, thawed ---------------------------------------------------------------------- */

void volume_still_plan(struct volume_run *run, struct volume_vm *v)
{
	const char *who = volume_vm_name(v->vm, run->arena), *key = key_of(run, v->vm);
	const char *id = id_of(run, v->vm);
	json_t *row = json_array_get(v->still, 0);
	const char *storage =
		json_string_value(json_object_get(json_object_get(row, "args"), "storage"));
	size_t i;

	pxc_plan_add(v->in, VOLUME_STATE, PXC_QUIET,
		     json_pack("{s:s,s:s,s:s}", "storage", storage, "key", key, "value", id),
		     "note down that %s is frozen", who);
	pxc_plan_add(v->in, VOLUME_FREEZE, PXC_QUIET, guest(v->vm), "freeze the file systems of %s",
		     who);
	json_array_foreach (v->still, i, row)
		pxc_plan_add(v->in, VOLUME_SNAP_CREATE, PXC_QUIET,
			     json_incref(json_object_get(row, "args")), "%s",
			     json_string_value(json_object_get(row, "why")));
	pxc_plan_add(v->in, VOLUME_THAW, PXC_QUIET, guest(v->vm), "thaw the file systems of %s",
		     who);
	pxc_plan_add(v->in, VOLUME_STATE, PXC_QUIET,
		     json_pack("{s:s,s:s,s:s}", "storage", storage, "key", key, "expect", id),
		     "strike out that %s is frozen", who);
}

/* --- left frozen by a run that was cut off ---------------------------------------------------------------- */

void volume_thaw_find(struct volume_case *c)
{
	const struct rbd_world *rbd = c->run->vw->rbd;
	const char *key = c->use.vm ? key_of(c->run, c->use.vm) : NULL;

	for (size_t i = 0; key && i < rbd->npools; i++) {
		const char *value = rbd_state(&rbd->pools[i], key);

		if (!value)
			continue;
		c->thaws = volume_vm_of(c->run, c->use.vm);
		c->thaws->frozen = value;
		c->thaws->frozen_in = rbd->pools[i].storage;
	}
}

/* A guest of the same number, or one that was off since, is not frozen any more. */
void volume_thaw_plan(struct volume_run *run, struct volume_vm *v)
{
	const char *who = volume_vm_name(v->vm, run->arena);

	v->thaw = pxc_plans_add(run->plans, v->label);
	v->thaw->about = v->vm->guest->vmid;
	if (volume_runs(v->vm) && str_eq(v->frozen, id_of(run, v->vm)))
		pxc_plan_add(
			v->thaw, VOLUME_THAW, PXC_QUIET, guest(v->vm),
			"thaw the file systems of %s, which a run that was cut off has left frozen",
			who);
	pxc_plan_add(v->thaw, VOLUME_STATE, PXC_QUIET,
		     json_pack("{s:s,s:s,s:s}", "storage", v->frozen_in, "key", key_of(run, v->vm),
			       "expect", v->frozen),
		     "strike out that %s is frozen", who);
}
