/* SPDX-License-Identifier: GPL-3.0-or-later */
/* On, off, paused: the steps that bring a VM there, through the HA manager where that has it in hand. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cloud/vm_parts.h"

#define SECONDS 1000

json_t *vm_with_wait(json_t *args, unsigned seconds)
{
	(void)json_object_set_new(args, "_wait_ms", json_integer((json_int_t)seconds * SECONDS));
	return args;
}

bool vm_runs(const struct vm_case *c)
{
	return c->have && str_eq(c->have->guest->status, "running");
}

bool vm_ha_managed(const struct vm_case *c)
{
	return c->have && c->ha != VM_HA_OUT && *c->have->guest->ha &&
	       !str_eq(c->have->guest->ha, "ignored");
}

/* The HA manager only takes note of a wish; what it does is seen a while later. */
static void add_ha_state(struct vm_case *c, const char *state, enum pxc_impact impact,
			 const char *why)
{
	char sid[24];
	json_t *args;

	(void)snprintf(sid, sizeof(sid), "vm:%u", c->vmid);
	args = json_pack("{s:s,s:s}", "sid", sid, "state", state);
	pxc_plan_add(c->plan, VM_HA_SET, impact, args, "%s", why);
}

void vm_add_start(struct vm_case *c)
{
	if (!vm_ha_managed(c)) {
		pxc_plan_add(c->plan, VM_START, PXC_QUIET, vm_target(c), "start");
		return;
	}
	add_ha_state(c, "started", PXC_QUIET, "start through the HA manager");
	pxc_plan_add(c->plan, VM_WAIT_RUNNING, PXC_WAITS,
		     vm_with_wait(vm_target(c), c->spec->wait_s), "wait until it runs");
}

void vm_add_off(struct vm_case *c, bool hard)
{
	unsigned patience = c->spec->shutdown_s;
	json_t *args = vm_target(c);

	if (hard) {
		pxc_plan_add(c->plan, VM_STOP, PXC_DISRUPTS, args, "stop");
		return;
	}
	(void)json_object_set_new(args, "timeout", json_integer((json_int_t)patience));
	if (c->spec->force_stop || c->spec->absent)
		(void)json_object_set_new(args, "forceStop", json_integer(1));
	pxc_plan_add(c->plan, VM_SHUTDOWN, PXC_DISRUPTS, vm_with_wait(args, patience + 60),
		     c->spec->force_stop || c->spec->absent ? "shut down, stop after %u s"
							    : "shut down within %u s",
		     patience);
}

bool vm_paused(const struct vm_case *c)
{
	return vm_runs(c) && (str_eq(c->have->guest->qmpstatus, "paused") ||
			      str_eq(c->have->guest->qmpstatus, "suspended"));
}

/* A paused guest cannot shut down. */
void vm_add_stop(struct vm_case *c)
{
	if (!vm_ha_managed(c)) {
		vm_add_off(c, vm_paused(c));
		return;
	}
	add_ha_state(c, "stopped", PXC_DISRUPTS, "stop through the HA manager");
	pxc_plan_add(c->plan, VM_WAIT_STOPPED, PXC_WAITS,
		     vm_with_wait(vm_target(c), c->spec->shutdown_s + c->spec->wait_s),
		     "wait until it is stopped");
}

void vm_add_pause(struct vm_case *c)
{
	pxc_plan_add(c->plan, VM_SUSPEND, PXC_DISRUPTS, vm_target(c), "pause");
}

/* "restarted" is done when another process runs than at first sight. */
bool vm_restarted(const struct vm_case *c)
{
	return c->spec->first_seen && vm_runs(c) && c->have->guest->pid != c->spec->first_pid;
}

void vm_add_restart(struct vm_case *c)
{
	vm_add_stop(c);
	vm_add_start(c);
}

void vm_power_steps(struct vm_case *c)
{
	bool on = vm_runs(c);

	switch (c->spec->power) {
	case VM_POWER_RUNNING:
		if (vm_paused(c))
			pxc_plan_add(c->plan, VM_RESUME, PXC_QUIET, vm_target(c), "resume");
		else if (!on)
			vm_add_start(c);
		break;
	case VM_POWER_STOPPED:
		if (on)
			vm_add_stop(c);
		break;
	case VM_POWER_PAUSED:
		if (!on)
			vm_add_start(c);
		if (!vm_paused(c))
			vm_add_pause(c);
		break;
	case VM_POWER_RESTARTED:
		if (!on)
			vm_add_start(c);
		else if (!vm_restarted(c))
			vm_add_restart(c);
		break;
	case VM_POWER_KEEP:
		break;
	}
}

/* Will it run, or be paused, once the plan is done? */
bool vm_runs_then(const struct vm_case *c)
{
	const char *op = c->have ? annot_get(&c->have->notes.annot, "op") : NULL;

	if (c->spec->power != VM_POWER_KEEP)
		return c->spec->power != VM_POWER_STOPPED;
	return !c->have || str_eq(op, VM_OP_CLONE) || vm_rebuild_ran(c);
}
