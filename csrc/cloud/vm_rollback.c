/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Back to a snapshot of the whole VM. It brings the options back as they were, but neither the notes nor what lies beside the
 * VM; so it is a plan of its own, and the next one is made against what it has left. That this very run has done it stands
 * in the block, written right behind it.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/vm_parts.h"
#include "cloud/volume.h"

/* What the configuration of a snapshot has more than the VM's. */
static const char *const of_snapshots[] = { "snaptime",   "vmstate", "runningmachine",
					    "runningcpu", "parent",  "running-nets-host-mtu" };

/* "before/20260101T000000Z/0a1b2c3d", as volumes have it: by the last part a run knows its own work again. */
static char *rolled_now(const struct vm_case *c)
{
	return pxc_printf("%s/%s/%.8s", c->spec->rollback, c->batch->stamp, c->batch->nonce);
}

bool vm_rolled(const struct vm_case *c)
{
	auto_free char *now = c->spec->rollback ? rolled_now(c) : NULL;

	return now && c->have && str_eq(annot_get(&c->have->notes.annot, "rolled"), now);
}

bool vm_rolls_back(const struct vm_case *c)
{
	return c->spec->rollback && c->have && !vm_rolled(c);
}

/* "fast:vm-900000-pxc-1a2b3c4d" of a drive that is a volume; new string, else NULL. */
static char *volume_of(const char *key, const json_t *value)
{
	const char *drive = json_string_value(value), *colon;
	char *volid;

	if (!drive || !vm_is_drive(key) || str_starts(key, "unused"))
		return NULL;
	volid = pxc_strndup(drive, strcspn(drive, ","));
	colon = strchr(volid, ':');
	if (colon && volume_id(colon + 1))
		return volid;
	free(volid);
	return NULL;
}

static bool has_volume(const json_t *config, const char *volid)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)config, key, value) {
		auto_free char *there = volume_of(key, value);

		if (str_eq(there, volid))
			return true;
	}
	return false;
}

/*
 * PVE would put back what lies in every volume that the snapshot names, whoever has it now, and attach it here a second time;
 * and would let go of those that came later.
 */
static int refuse_volumes(const struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	const char *key;
	json_t *value;

	json_object_foreach (c->have->rollback, key, value) {
		auto_free char *volid = volume_of(key, value);

		if (volid && !has_volume(c->have->config, volid))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: snapshot %s holds the volume %s, which VM %u no longer has and whose "
				"content would be put back under whoever has it: attach it again first "
				"(pxc_volume)",
				s->label, s->rollback, volid, c->vmid);
	}
	json_object_foreach (c->have->config, key, value) {
		auto_free char *volid = volume_of(key, value);

		if (volid && !has_volume(c->have->rollback, volid))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: the volume %s was attached after snapshot %s was taken, and would be "
				"lost to VM %u: detach it first (pxc_volume)",
				s->label, volid, s->rollback, c->vmid);
	}
	return 0;
}

/* Options that a task can name, or nobody can: what PVE notes down itself, and names. */
static bool is_own(const char *key)
{
	static const char *const keys[] = { "name", "tags",   "protection", "cipassword",
					    "meta", "digest", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(of_snapshots); i++)
		if (str_eq(of_snapshots[i], key))
			return true;
	return strv_has(keys, key) || vm_is_drive(key) || str_starts(key, "net") ||
	       str_starts(key, "ipconfig");
}

/* Options that were taken away, or changed, by who may: a snapshot of before is no way back to them. */
static int refuse_reach(const struct vm_case *c, struct pxc_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach (c->w->tenant ? c->have->rollback : NULL, key, value) {
		if (is_own(key) || vm_stays_within(key, value) ||
		    vm_same(key, vm_text(c->have->config, key), json_string_value(value)))
			continue;
		(void)pxc_fail(
			err, PXC_EDENIED,
			"policy: %s: snapshot %s would bring back %s, which takes an admin of "
			"the cloud",
			c->spec->label, c->spec->rollback, key);
		err->http = 403;
		return -1;
	}
	return 0;
}

/* Like the notes it is the VM's, and not what it was at that time: taking it off is asked for by name. */
static bool keeps_protection(const struct vm_case *c)
{
	return c->spec->protection != 0 &&
	       vm_same("protection", vm_text(c->have->config, "protection"), "1") &&
	       !vm_same("protection", vm_text(c->have->rollback, "protection"), "1");
}

/* The block as it is, since nothing else has come about yet, with the rollback noted in it. */
static void note_rolled(struct vm_case *c)
{
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *now = rolled_now(c), *notes = NULL;
	json_t *args = vm_target(c);

	annot_copy(&block, &c->have->notes.annot);
	annot_set(&block, "rolled", now);
	vm_block_bump(c, &block);
	notes = annot_rewrite(ANNOT_BLOCK, &c->have->notes, &block);
	(void)json_object_set_new(args, "description", json_string(notes));
	if (keeps_protection(c))
		(void)json_object_set_new(args, "protection", json_string("1"));
	pxc_plan_add(c->plan, VM_CONFIG, PXC_QUIET, args, "note down the rollback%s",
		     keeps_protection(c) ? ", and keep it protected" : "");
}

static void show_rollback(struct vm_case *c)
{
	json_auto_t *then = json_copy(c->have->rollback);
	struct vm_change nothing = { .set = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(of_snapshots); i++)
		(void)json_object_del(then, of_snapshots[i]);
	(void)json_object_set(then, "description", json_object_get(c->have->config, "description"));
	if (keeps_protection(c))
		(void)json_object_set_new(then, "protection", json_string("1"));
	c->plan->before = vm_before(c);
	c->plan->after = vm_after(c, then, &nothing);
}

int vm_rollback_steps(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	bool start = vm_runs(c) && s->power != VM_POWER_STOPPED && s->power != VM_POWER_PAUSED;
	json_t *args;

	if (!vm_snap(c->have, s->rollback) || !c->have->rollback)
		return pxc_fail(err, PXC_EINVAL, "%s has no snapshot %s", s->label, s->rollback);
	if (refuse_volumes(c, err) < 0 || refuse_reach(c, err) < 0)
		return -1;
	args = vm_snap_args(c, s->rollback);
	if (start)
		(void)json_object_set_new(args, "start", json_integer(1));
	vm_net_locks(c, args); /* of what follows: locks are taken once */
	pxc_plan_add(c->plan, VM_SNAP_ROLLBACK, PXC_DESTROYS, args, "roll back to snapshot %s%s",
		     s->rollback, start ? ", and start" : "");
	note_rolled(c);
	show_rollback(c);
	c->plan->again = true;
	return 0;
}
