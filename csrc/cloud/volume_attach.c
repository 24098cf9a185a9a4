/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a volume is to be: in which VM, in which slot, with which options. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/props.h"
#include "cloud/vm_parts.h"
#include "cloud/volume_parts.h"

#define FIRST_SLOT 1 /* scsi0 is the root disk, scsi30 the seed */
#define LAST_SLOT 29

/* --- slots ------------------------------------------------------------------------------------------------ */

static bool named_in_batch(const struct volume_case *c, const char *slot)
{
	for (size_t i = 0; i < c->run->ncases; i++) {
		const struct volume_case *other = &c->run->cases[i];

		if (other != c && other->target == c->target && str_eq(other->spec->slot, slot))
			return true;
	}
	return false;
}

static bool taken(const struct volume_case *c, const struct volume_vm *v, const char *slot)
{
	return vm_text(v->vm->config, slot) || vm_text(v->vm->current, slot) ||
	       json_object_get(v->enter, slot) || named_in_batch(c, slot);
}

static int choose_slot(const struct volume_case *c, const struct volume_vm *v, const char **ret,
		       struct pxc_err *err)
{
	const char *named = c->spec->slot;

	if (named && taken(c, v, named))
		return pxc_fail(err, PXC_EINVAL, "%s: %s of %s is taken", c->spec->label, named,
				volume_vm_name(v->vm, c->run->arena));
	for (unsigned n = FIRST_SLOT; !named && n <= LAST_SLOT; n++) {
		char slot[16];

		(void)snprintf(slot, sizeof(slot), "scsi%u", n);
		if (!taken(c, v, slot)) {
			*ret = arena_strdup(c->run->arena, slot);
			return 0;
		}
	}
	if (!named)
		return pxc_fail(err, PXC_EINVAL,
				"%s: %s has no slot free, scsi1 to scsi29 are taken",
				c->spec->label, volume_vm_name(v->vm, c->run->arena));
	*ret = named;
	return 0;
}

/* --- into a VM -------------------------------------------------------------------------------------------- */

/* The drive as it should be; have NULL = it is attached anew. false: it is so already. */
static bool drive(const struct volume_case *c, const char *have, char **ret)
{
	json_auto_t *old = have ? prop_parse(have, "file") : NULL, *want;
	const char *serial = c->spec->serial;

	want = old ? json_copy(old) : json_object();
	if (!old)
		(void)json_object_set_new(want, "file",
					  json_sprintf("%s:%s", c->pool->storage, c->rbd));
	props_overlay(want, c->spec->props);
	if (!serial && c->spec->attach_to)
		serial = c->have ? volume_get(c->have, "serial") : NULL;
	if (!serial && !old)
		serial = c->id;
	if (serial)
		(void)json_object_set_new(want, "serial", json_string(serial));
	props_normalise_drive(want);
	if (old)
		props_normalise_drive(old);
	if (old && prop_same(old, want))
		return false;
	*ret = prop_print(want, "file");
	return true;
}

/* It is where it is to be: its options, and nothing else. */
static int change_there(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_use *use = &c->use;
	auto_free char *text = NULL;

	if (c->spec->slot && !str_eq(c->spec->slot, use->slot))
		return pxc_fail(err, PXC_EINVAL,
				"%s is attached to %s as %s, not as %s: detach it first",
				c->spec->label, volume_vm_name(use->vm, c->run->arena), use->slot,
				c->spec->slot);
	if (!drive(c, vm_text(use->vm->config, use->slot), &text))
		return 0;
	c->enters = volume_vm_of(c->run, use->vm);
	(void)json_object_set_new(c->enters->enter, use->slot, json_string(text));
	return 0;
}

static int enter(struct volume_case *c, struct pxc_err *err)
{
	struct volume_vm *v = volume_vm_of(c->run, c->target);
	/* A guest that was told to let it go, and still has it, gets it again in its place. */
	bool again = c->use.vm == c->target && c->use.leaving;
	const char *slot = c->use.slot;
	auto_free char *text = NULL;

	if (!again && choose_slot(c, v, &slot, err) < 0)
		return -1;
	(void)drive(c, NULL, &text);
	(void)json_object_set_new(v->enter, slot, json_string(text));
	v->label = c->spec->vm_label;
	c->enters = v;
	return 0;
}

int volume_target_find(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_spec *s = c->spec;
	const struct world *w = c->run->vw->w;

	if (!s->attach_to)
		return 0;
	c->target = volume_target(c->run->vw, c->home->project, s->stack, s->attach_to);
	if (!c->target)
		return pxc_fail(err, PXC_EINVAL,
				"%s: there is no VM %s in stack %s of project %s, or it cannot be "
				"read now",
				s->label, s->attach_to, s->stack, c->home->project);
	if (world_storage(w, c->target->guest->node, c->pool->storage, NULL))
		return 0;
	(void)pxc_fail(err, PXC_EINVAL, "%s: node %s, where %s is, has no storage %s", s->label,
		       c->target->guest->node, s->vm_label, c->pool->storage);
	return world_storage_unseen(w, c->pool->storage, err);
}

/* --- out of a VM ------------------------------------------------------------------------------------------ */

static int leave(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_use *use = &c->use;
	const char *root = vm_root_disk(use->vm->config);
	const char *protection = vm_text(use->vm->config, "protection");
	const char *who = volume_vm_name(use->vm, c->run->arena);

	if (str_eq(root, use->slot))
		return pxc_fail(err, PXC_EINVAL, "%s is what %s boots from: remove the VM first",
				c->spec->label, who);
	if (str_eq(protection, "1"))
		return pxc_fail(err, PXC_EINVAL,
				"%s: %s is protected, so Proxmox VE takes no disk from it: set its "
				"protected: false first",
				c->spec->label, who);
	c->leaves = volume_vm_of(c->run, use->vm);
	(void)json_array_append_new(c->leaves->leave, json_string(use->slot));
	if (c->spec->detach_s > c->leaves->patience_s)
		c->leaves->patience_s = c->spec->detach_s;
	if (c->spec->allow < c->leaves->allow)
		c->leaves->allow = c->spec->allow;
	return 0;
}

static int refuse_two(const struct volume_case *c, struct pxc_err *err)
{
	struct pxc_arena *arena = c->run->arena;

	return pxc_fail(err, PXC_EINVAL,
			"%s is attached twice, to %s as %s and to %s as %s: stop them and take it "
			"out of one of them by hand (qm set VMID --delete SLOT)",
			c->spec->label, volume_vm_name(c->use.vm, arena), c->use.slot,
			volume_vm_name(c->use.also, arena), c->use.also_slot);
}

static int refuse_unread(const struct volume_case *c, struct pxc_err *err)
{
	return pxc_fail(err, PXC_EREMOTE,
			"%s is reserved for %s, which cannot be read now (%s), so that it may be "
			"attached to it",
			c->spec->label, volume_vm_name(c->use.unread, c->run->arena),
			c->use.unread->problem);
}

static int refuse_elsewhere(const struct volume_case *c, struct pxc_err *err)
{
	return pxc_fail(err, PXC_EINVAL,
			"%s is attached to %s (as %s): set move: true to take it from there",
			c->spec->label, volume_vm_name(c->use.vm, c->run->arena), c->use.slot);
}

bool volume_stays(const struct volume_case *c)
{
	return volume_used(&c->use) && !c->spec->detach && (!c->target || c->target == c->use.vm);
}

/* Hotplug is off in the guest, or did not work. */
static void warn_pending(struct volume_case *c)
{
	if (c->spec->attach_to && volume_waits(&c->use))
		pxc_plan_warn(c->plan, "%s: the change of %s waits until %s is started anew",
			      c->spec->label, c->use.slot,
			      volume_vm_name(c->use.vm, c->run->arena));
}

int volume_attachment(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_spec *s = c->spec;
	bool touches = s->attach_to || s->detach || s->rollback || s->new_project || s->absent ||
		       volume_moves(c);

	if (touches && c->use.also)
		return refuse_two(c, err);
	if (touches && !c->use.vm && c->use.unread)
		return refuse_unread(c, err);
	if (s->detach && c->use.vm)
		return leave(c, err);
	if (!s->attach_to)
		return c->use.vm && !c->use.leaving && !s->absent ? change_there(c, err) : 0;
	if (c->use.vm == c->target && !c->use.leaving) {
		warn_pending(c);
		return change_there(c, err);
	}
	if (c->use.vm && c->use.vm != c->target) {
		if (!s->move)
			return refuse_elsewhere(c, err);
		if (leave(c, err) < 0)
			return -1;
	}
	return enter(c, err);
}
