/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Snapshots of whole VMs. A rollback brings the options back as they were, but neither the notes nor what lies beside the
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

bool vm_snapshotted(const struct vm_case *c)
{
	return c->have && (vm_text(c->have->config, "parent") || vm_snap_count(c->have));
}

static const char *text(const json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

/* The list of PVE ends with a row for the present. */
static bool is_snap(const json_t *row)
{
	return *text(row, "name") && !str_eq(text(row, "name"), "current");
}

size_t vm_snap_count(const struct vm_seen *seen)
{
	size_t i, n = 0;
	json_t *row;

	json_array_foreach (seen->snapshots, i, row)
		n += is_snap(row);
	return n;
}

const json_t *vm_snap(const struct vm_seen *seen, const char *name)
{
	size_t i;
	json_t *row;

	json_array_foreach (seen->snapshots, i, row)
		if (is_snap(row) && str_eq(text(row, "name"), name))
			return row;
	return NULL;
}

/* --- taken, described, removed ---------------------------------------------------------------------------- */

static json_t *named(const struct vm_case *c, const char *name)
{
	json_t *args = vm_target(c);

	(void)json_object_set_new(args, "snapname", json_string(name));
	return args;
}

static void take(struct vm_case *c, const struct vm_snap *s)
{
	json_t *args = named(c, s->name);

	if (s->description)
		(void)json_object_set_new(args, "description", json_string(s->description));
	if (s->vmstate)
		(void)json_object_set_new(args, "vmstate", json_integer(1));
	pxc_plan_add(c->plan, VM_SNAP_CREATE, PXC_QUIET, args, "take snapshot %s%s", s->name,
		     s->vmstate ? " with memory" : "");
}

static void describe(struct vm_case *c, const struct vm_snap *s, const json_t *row)
{
	json_t *args;

	if (!s->description || annot_text_same(text(row, "description"), s->description))
		return;
	args = named(c, s->name);
	(void)json_object_set_new(args, "description", json_string(s->description));
	pxc_plan_add(c->plan, VM_SNAP_NOTES, PXC_QUIET, args, "describe snapshot %s", s->name);
}

static bool listed(const struct vm_spec *s, const char *name)
{
	for (size_t i = 0; i < s->nsnaps; i++)
		if (str_eq(s->snaps[i].name, name))
			return true;
	return false;
}

void vm_snap_steps(struct vm_case *c)
{
	const struct vm_spec *s = c->spec;
	size_t i;
	json_t *row;

	json_array_foreach (c->have ? c->have->snapshots : NULL, i, row)
		if (s->snaps_exact && is_snap(row) && !listed(s, text(row, "name")))
			pxc_plan_add(c->plan, VM_SNAP_REMOVE, PXC_DESTROYS,
				     named(c, text(row, "name")), "remove snapshot %s",
				     text(row, "name"));
	for (i = 0; i < s->nsnaps; i++) {
		const struct vm_snap *want = &s->snaps[i];
		const json_t *have = c->have ? vm_snap(c->have, want->name) : NULL;

		if (want->absent && have)
			pxc_plan_add(c->plan, VM_SNAP_REMOVE, PXC_DESTROYS, named(c, want->name),
				     "remove snapshot %s", want->name);
		else if (!want->absent && have)
			describe(c, want, have);
		else if (!want->absent)
			take(c, want);
	}
}

/* Volumes outlive the VM, and would keep its snapshots. One that is gone since is no reason to keep the VM. */
void vm_snap_remove_all(struct vm_case *c)
{
	size_t i;
	json_t *row, *args;

	json_array_foreach (c->have->snapshots, i, row) {
		if (!is_snap(row))
			continue;
		args = named(c, text(row, "name"));
		(void)json_object_set_new(args, "force", json_integer(1));
		pxc_plan_add(c->plan, VM_SNAP_REMOVE, PXC_DESTROYS, args, "remove snapshot %s",
			     text(row, "name"));
	}
}

int vm_snap_check(const struct vm_case *c, struct pxc_err *err)
{
	size_t i;
	json_t *row;

	if (c->spec->rollback && !c->have && !c->spec->absent)
		return pxc_fail(err, PXC_EINVAL, "%s does not exist, there is nothing to roll back",
				c->spec->label);
	json_array_foreach (c->have ? c->have->snapshots : NULL, i, row)
		if (*text(row, "snapstate"))
			return pxc_fail(
				err, PXC_EBUSY,
				"%s: snapshot %s of VM %u is half made or half removed (%s): when no "
				"task of PVE works on it any more, unlock the VM and remove it (qm unlock, "
				"qm delsnapshot)",
				c->spec->label, text(row, "name"), c->vmid, text(row, "snapstate"));
	return 0;
}

/* --- rollback --------------------------------------------------------------------------------------------- */

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
	pxc_plan_add(c->plan, VM_CONFIG, PXC_QUIET, args, "note down the rollback");
}

static void show_rollback(struct vm_case *c)
{
	json_auto_t *then = json_copy(c->have->rollback);
	struct vm_change nothing = { .set = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(of_snapshots); i++)
		(void)json_object_del(then, of_snapshots[i]);
	(void)json_object_set(then, "description", json_object_get(c->have->config, "description"));
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
	if (refuse_volumes(c, err) < 0)
		return -1;
	args = named(c, s->rollback);
	if (start)
		(void)json_object_set_new(args, "start", json_integer(1));
	pxc_plan_add(c->plan, VM_SNAP_ROLLBACK, PXC_DESTROYS, args, "roll back to snapshot %s%s",
		     s->rollback, start ? ", and start" : "");
	note_rolled(c);
	show_rollback(c);
	c->plan->again = true;
	return 0;
}

/* --- seen and shown --------------------------------------------------------------------------------------- */

bool vm_asks_snapshots(const struct vm_spec *spec, const struct vm_seen *have)
{
	if (spec->absent)
		return vm_text(have->config, "parent") != NULL;
	return spec->snaps_named || spec->rollback;
}

json_t *vm_snap_items(const struct vm_seen *seen)
{
	json_t *list = json_array(), *row;
	size_t i;

	json_array_foreach (seen->snapshots, i, row) {
		json_t *obj;

		if (!is_snap(row))
			continue;
		obj = json_pack("{s:s,s:s,s:b}", "name", text(row, "name"), "description",
				text(row, "description"), "vmstate",
				json_integer_value(json_object_get(row, "vmstate")) != 0);
		if (json_object_get(row, "snaptime"))
			(void)json_object_set(obj, "snaptime", json_object_get(row, "snaptime"));
		if (*text(row, "parent"))
			(void)json_object_set(obj, "parent", json_object_get(row, "parent"));
		(void)json_array_append_new(list, obj);
	}
	return list;
}
