/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Snapshots of whole VMs: taken, described, removed, shown. */
#include <string.h>

#include "base/str.h"
#include "cloud/vm_parts.h"

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

json_t *vm_snap_args(const struct vm_case *c, const char *name)
{
	json_t *args = vm_target(c);

	(void)json_object_set_new(args, "snapname", json_string(name));
	return args;
}

static void take(struct vm_case *c, const struct vm_snap *s)
{
	json_t *args = vm_snap_args(c, s->name);

	if (s->description)
		(void)json_object_set_new(args, "description", json_string(s->description));
	if (s->vmstate)
		(void)json_object_set_new(args, "vmstate", json_integer(1));
	vm_project_lock(c, args);
	pxc_plan_add(c->plan, VM_SNAP_CREATE, PXC_QUIET, args, "take snapshot %s%s", s->name,
		     s->vmstate ? " with memory" : "");
}

static void describe(struct vm_case *c, const struct vm_snap *s, const json_t *row)
{
	json_t *args;

	if (!s->description || annot_text_same(text(row, "description"), s->description))
		return;
	args = vm_snap_args(c, s->name);
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

/* Names, for the diff; only of a task that names them. */
static void show_names(struct vm_case *c)
{
	const struct vm_spec *s = c->spec;
	json_t *before = json_array(), *after = json_array(), *row;
	size_t i;

	json_array_foreach (c->have ? c->have->snapshots : NULL, i, row) {
		if (!is_snap(row))
			continue;
		(void)json_array_append(before, json_object_get(row, "name"));
		if (!s->snaps_exact && !listed(s, text(row, "name")))
			(void)json_array_append(after, json_object_get(row, "name"));
	}
	for (i = 0; i < s->nsnaps; i++)
		if (!s->snaps[i].absent)
			(void)json_array_append_new(after, json_string(s->snaps[i].name));
	(void)json_object_set_new(c->plan->before, "snapshots", before);
	(void)json_object_set_new(c->plan->after, "snapshots", after);
}

void vm_snap_steps(struct vm_case *c)
{
	const struct vm_spec *s = c->spec;
	size_t i;
	json_t *row;

	if (s->snaps_named)
		show_names(c);
	json_array_foreach (c->have ? c->have->snapshots : NULL, i, row)
		if (s->snaps_exact && is_snap(row) && !listed(s, text(row, "name")))
			pxc_plan_add(c->plan, VM_SNAP_REMOVE, PXC_DESTROYS,
				     vm_snap_args(c, text(row, "name")), "remove snapshot %s",
				     text(row, "name"));
	for (i = 0; i < s->nsnaps; i++) {
		const struct vm_snap *want = &s->snaps[i];
		const json_t *have = c->have ? vm_snap(c->have, want->name) : NULL;

		if (want->absent && have)
			pxc_plan_add(c->plan, VM_SNAP_REMOVE, PXC_DESTROYS,
				     vm_snap_args(c, want->name), "remove snapshot %s", want->name);
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
		args = vm_snap_args(c, text(row, "name"));
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

/* --- seen and shown --------------------------------------------------------------------------------------- */

bool vm_asks_snapshots(const struct vm_spec *spec, const struct vm_seen *have)
{
	if (spec->absent)
		return vm_text(have->config, "parent") != NULL;
	return spec->snaps_named || spec->rollback;
}

bool vm_takes_snapshots(const struct vm_spec *spec, const struct vm_seen *have)
{
	for (size_t i = 0; !spec->absent && i < spec->nsnaps; i++)
		if (!spec->snaps[i].absent && !(have && vm_snap(have, spec->snaps[i].name)))
			return true;
	return false;
}

int64_t vm_snaps_asked(const struct vm_case *c)
{
	const struct vm_spec *s = c->spec;
	int64_t sum = 0;
	size_t i;
	json_t *row;

	if (s->absent)
		return c->have ? -(int64_t)vm_snap_count(c->have) : 0;
	json_array_foreach (c->have ? c->have->snapshots : NULL, i, row)
		sum -= s->snaps_exact && is_snap(row) && !listed(s, text(row, "name"));
	for (i = 0; i < s->nsnaps; i++) {
		bool have = c->have && vm_snap(c->have, s->snaps[i].name);

		sum += !s->snaps[i].absent && !have;
		sum -= s->snaps[i].absent && have;
	}
	return sum;
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
