/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The VMs that volumes leave, enter, or are changed in: one change of configuration for all volumes of the batch that leave
 * a VM, and one for those that enter it. Each carries the digest of what was planned against.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/volume_parts.h"

bool volume_runs(const struct vm_seen *vm)
{
	return str_eq(vm->guest->status, "running");
}

struct volume_vm *volume_vm_of(struct volume_run *run, const struct vm_seen *vm)
{
	struct volume_vm *v;

	for (size_t i = 0; i < run->nvms; i++)
		if (run->vms[i].vm == vm)
			return &run->vms[i];
	v = &run->vms[run->nvms++];
	*v = (struct volume_vm){ .vm = vm,
				 .label = vm->guest->name ? vm->guest->name : "guest",
				 .allow = PXC_DESTROYS };
	v->enter = json_object();
	v->leave = json_array();
	v->grow = json_array();
	v->still = json_array();
	return v;
}

void volume_grow_in_vm(struct volume_case *c)
{
	char size[32];

	size_format(c->size_bytes, size, sizeof(size));
	c->enters = volume_vm_of(c->run, c->use.vm);
	(void)json_array_append_new(c->enters->grow,
				    json_pack("{s:s,s:s}", "disk", c->use.slot, "size", size));
}

static json_t *target_args(const struct volume_vm *v)
{
	return json_pack("{s:s,s:i}", "node", v->vm->guest->node, "vmid", (int)v->vm->guest->vmid);
}

static char *join(const json_t *list)
{
	struct pxc_buf out = { .data = NULL };
	size_t i;
	json_t *value;

	json_array_foreach (list, i, value)
		buf_printf(&out, "%s%s", i ? "," : "", json_string_value(value));
	return buf_take(&out);
}

/* The guest keeps a disk in use until it has let go of it; only then nobody has it. */
static void plan_out(struct volume_run *run, struct volume_vm *v)
{
	auto_free char *slots = join(v->leave);
	json_t *args = target_args(v);

	v->out = pxc_plans_add(run->plans, v->label);
	v->out->phase = 1;
	v->out->about = v->vm->guest->vmid;
	v->out->allow = v->allow;
	(void)json_object_set_new(args, "delete", json_string(slots));
	(void)json_object_set_new(args, "digest", json_string(v->vm->digest));
	pxc_plan_add(v->out, VOLUME_CONFIG, volume_runs(v->vm) ? PXC_DISRUPTS : PXC_QUIET, args,
		     "detach %s from %s", slots, volume_vm_name(v->vm, run->arena));
	if (!volume_runs(v->vm))
		return;
	args = target_args(v);
	(void)json_object_set_new(args, "_slots", json_string(slots));
	(void)json_object_set_new(args, "_wait_ms", json_integer((json_int_t)v->patience_s * 1000));
	pxc_plan_add(v->out, VOLUME_WAIT_GONE, PXC_WAITS, args,
		     "wait until the guest has let go of %s", slots);
}

static void plan_in(struct volume_run *run, struct volume_vm *v)
{
	auto_buf struct pxc_buf why = { .data = NULL };
	json_t *args = target_args(v), *value, *row;
	const char *key;
	size_t i;

	v->in = pxc_plans_add(run->plans, v->label);
	v->in->phase = 3;
	v->in->about = v->vm->guest->vmid;
	v->in->needs = v->thaw;
	json_object_foreach (v->enter, key, value)
		buf_printf(&why, "%s%s=%s", why.len ? ", " : "", key, json_string_value(value));
	if (why.len) {
		(void)json_object_update(args, v->enter);
		(void)json_object_set_new(args, "digest", json_string(v->vm->digest));
		pxc_plan_add(v->in, VOLUME_CONFIG, PXC_QUIET, args, "set %s", buf_str(&why));
	} else {
		json_decref(args);
	}
	json_array_foreach (v->grow, i, row) {
		args = target_args(v);
		(void)json_object_update(args, row);
		pxc_plan_add(v->in, VOLUME_RESIZE, PXC_QUIET, args, "grow %s to %s",
			     json_string_value(json_object_get(row, "disk")),
			     json_string_value(json_object_get(row, "size")));
	}
	if (json_array_size(v->still))
		volume_still_plan(run, v);
}

void volume_vms_plan(struct volume_run *run)
{
	for (size_t i = 0; i < run->nvms; i++) {
		struct volume_vm *v = &run->vms[i];

		if (v->frozen)
			volume_thaw_plan(run, v);
		if (json_array_size(v->leave))
			plan_out(run, v);
		if (json_object_size(v->enter) || json_array_size(v->grow) ||
		    json_array_size(v->still))
			plan_in(run, v);
	}
}
