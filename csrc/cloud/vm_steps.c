/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of one VM: created, changed, switched, removed. Ordered here and only here. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/vm_parts.h"

/* {node, vmid} of this VM: what every request of it needs. */
json_t *vm_target(const struct vm_case *c)
{
	return json_pack("{s:s,s:i}", "node", c->node, "vmid", (int)c->vmid);
}

static char *join(const json_t *list, const char *separator)
{
	struct pxc_buf out = { .data = NULL };
	size_t i;
	json_t *value;

	json_array_foreach (list, i, value) {
		if (i)
			buf_adds(&out, separator);
		buf_adds(&out, json_string_value(value));
	}
	return buf_take(&out);
}

/* For people: "cores=4, net0, description; without net1". Long and secret values are left out. */
static char *summary(const struct vm_change *change)
{
	struct pxc_buf out = { .data = NULL };
	auto_free char *gone = join(change->remove, ", ");
	const char *key, *sep = "";
	json_t *value;

	json_object_foreach (change->set, key, value) {
		const char *text = json_string_value(value);
		bool show = strlen(text) <= 80 && !strchr(text, '\n') &&
			    !str_eq(key, "cipassword") && !str_eq(key, "sshkeys") &&
			    !str_eq(key, "description") && !str_eq(key, "smbios1");

		buf_printf(&out, show ? "%s%s=%s" : "%s%s", sep, key, text);
		sep = ", ";
	}
	if (*gone)
		buf_printf(&out, "%swithout %s", out.len ? "; " : "", gone);
	return buf_take(&out);
}

static void add_config(struct vm_case *c, const struct vm_change *change, const char *digest)
{
	json_t *args = vm_target(c);
	auto_free char *what = summary(change);

	if (json_object_size(change->set) + json_array_size(change->remove) == 0) {
		json_decref(args);
		return;
	}
	(void)json_object_update(args, change->set);
	if (json_array_size(change->remove)) {
		auto_free char *keys = join(change->remove, ",");

		(void)json_object_set_new(args, "delete", json_string(keys));
	}
	if (digest)
		(void)json_object_set_new(args, "digest", json_string(digest));
	vm_net_locks(c, args);
	vm_affinity_lock(c, args);
	vm_growth_lock(c, args);
	pxc_plan_add(c->plan, change->allocates ? VM_CONFIG_DISKS : VM_CONFIG, PXC_QUIET, args,
		     "set %s", what);
}

static void add_disk_steps(struct vm_case *c, const struct vm_change *change)
{
	size_t i;
	json_t *row;

	json_array_foreach (change->unlink, i, row) {
		json_t *args = vm_target(c);

		(void)json_object_set(args, "idlist", row);
		(void)json_object_set_new(args, "force", json_integer(1));
		pxc_plan_add(c->plan, VM_UNLINK, PXC_DESTROYS, args, "destroy disk %s",
			     json_string_value(row));
	}
	json_array_foreach (change->resize, i, row) {
		json_t *args = vm_target(c);

		(void)json_object_set(args, "disk", json_object_get(row, "disk"));
		(void)json_object_set(args, "size", json_object_get(row, "size"));
		pxc_plan_add(c->plan, VM_RESIZE, PXC_QUIET, args, "%s",
			     json_string_value(json_object_get(row, "why")));
	}
}

static void finish_journal(struct vm_case *c)
{
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *notes = NULL;
	json_t *args = vm_target(c);

	vm_block(c, NULL, &block);
	notes = vm_notes(c, &block);
	(void)json_object_set_new(args, "description", json_string(notes));
	pxc_plan_add(c->plan, VM_CONFIG, PXC_QUIET, args, "close the journal in the notes");
}

/* Of a VM whose task said nothing about power. */
static bool first_start_due(const struct vm_case *c)
{
	const char *op = c->have ? annot_get(&c->have->notes.annot, "op") : NULL;

	return c->spec->power == VM_POWER_KEEP && !vm_runs(c) &&
	       (!c->have || str_eq(op, VM_OP_START) || str_eq(op, VM_OP_CLONE));
}

/* What comes when the VM is on, or off, as it should be. */
static int finish(struct vm_case *c, struct pxc_err *err)
{
	if (vm_ha_join(c, err) < 0)
		return -1;
	if (vm_journal_after(c))
		finish_journal(c);
	return 0;
}

/* Will the guest have an agent to ask, once the plan is done? */
static bool has_agent(const struct vm_case *c)
{
	return c->plan->after && vm_has_agent(c->plan->after);
}

static int wait_steps(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	bool on = c->have ? vm_runs(c) : true;

	if (s->wait == VM_WAIT_FOR_NONE)
		return 0;
	if (s->power == VM_POWER_PAUSED || !vm_runs_then(c))
		return pxc_fail(err, PXC_EINVAL,
				"%s: wait needs a VM that runs: set power: running", s->label);
	if (s->wait >= VM_WAIT_FOR_AGENT && !has_agent(c))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: wait: %s asks the guest agent, which is not enabled: set agent: true",
			s->label, s->wait == VM_WAIT_FOR_IP ? "ip" : "agent");
	if (s->wait == VM_WAIT_FOR_RUNNING && !on)
		pxc_plan_add(c->plan, VM_WAIT_RUNNING, PXC_WAITS,
			     vm_with_wait(vm_target(c), s->wait_s), "wait until it runs");
	if (s->wait == VM_WAIT_FOR_AGENT && (!c->have || !c->have->agent || c->plan->nsteps))
		pxc_plan_add(c->plan, VM_WAIT_AGENT, PXC_WAITS,
			     vm_with_wait(vm_target(c), s->wait_s), "wait for the guest agent");
	if (s->wait == VM_WAIT_FOR_IP &&
	    (!c->have || json_array_size(c->have->addresses) == 0 || c->plan->nsteps))
		pxc_plan_add(c->plan, VM_WAIT_IP, PXC_WAITS, vm_with_wait(vm_target(c), s->wait_s),
			     "wait for an IP address");
	return 0;
}

/* What the task waits for, and what may go when it has come. */
static int settle(struct vm_case *c, struct pxc_err *err)
{
	if (wait_steps(c, err) < 0)
		return -1;
	vm_seed_cleanup(c);
	return 0;
}

static void add_clone(struct vm_case *c, const struct vm_change *change)
{
	const struct world_guest *t = c->template->guest;
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *notes = NULL;
	json_t *args;

	vm_block(c, VM_OP_CLONE, &block);
	notes = vm_notes(c, &block);
	args = json_pack("{s:s,s:i,s:i,s:s,s:s,s:s,s:b}", "node", t->node, "vmid", (int)t->vmid,
			 "newid", (int)c->vmid, "name", vm_text(change->set, "name"), "pool",
			 c->pool, "description", notes, "full", c->spec->full_clone);
	if (!str_eq(t->node, c->node))
		(void)json_object_set_new(args, "target", json_string(c->node));
	if (c->spec->full_clone && c->storage)
		(void)json_object_set_new(args, "storage", json_string(c->storage));
	vm_net_locks(c, args);
	pxc_plan_add(c->plan, VM_CLONE, PXC_QUIET, args, "create VM %u on %s as a %s clone of %u",
		     c->vmid, c->node, c->spec->full_clone ? "full" : "linked", t->vmid);
}

static void add_create(struct vm_case *c, const struct vm_change *change)
{
	auto_free char *what = summary(change);
	json_t *args = vm_target(c);

	(void)json_object_update(args, change->set);
	(void)json_object_set_new(args, "pool", json_string(c->pool));
	vm_net_locks(c, args);
	pxc_plan_add(c->plan, VM_CREATE, PXC_QUIET, args, "create VM %u on %s: %s", c->vmid,
		     c->node, what);
}

static int steps_create(struct vm_case *c, struct pxc_err *err)
{
	json_auto_t *blank = json_object();
	json_t *base = c->template ? c->template->config : blank;
	auto_change struct vm_change change = { .set = NULL };

	if (vm_want(c, base, &change, err) < 0)
		return -1;
	if (!vm_text(change.set, "name")) /* a template of the same name */
		vm_set(&change, "name", c->spec->new_name ? c->spec->new_name : c->spec->name);
	c->plan->after = vm_after(c, base, &change);
	vm_ipam_steps(c);
	if (c->template) {
		vm_root_sweep(c);
		vm_seed_step(c, &change);
		add_clone(c, &change);
		(void)json_object_del(change.set, "name");
		add_config(c, &change, NULL);
	} else {
		vm_root_steps(c);
		vm_seed_step(c, &change);
		add_create(c, &change);
	}
	add_disk_steps(c, &change);
	if (first_start_due(c))
		vm_add_start(c);
	vm_power_steps(c);
	if (finish(c, err) < 0)
		return -1;
	vm_snap_steps(c);
	return settle(c, err);
}

static void append_unique(json_t *list, const char *key)
{
	size_t i;
	json_t *old;

	json_array_foreach (list, i, old)
		if (str_eq(json_string_value(old), key))
			return;
	(void)json_array_append_new(list, json_string(key));
}

/* Keys whose change a running guest takes over only when it starts anew. */
static json_t *needing_restart(const struct vm_case *c, const struct vm_change *change)
{
	const char *hotplug = vm_text(c->have->current, "hotplug");
	json_t *keys = json_deep_copy(c->have->pending);
	const char *key;
	size_t i;
	json_t *value;

	json_object_foreach (change->set, key, value)
		if (!vm_hotplugs(key, hotplug))
			append_unique(keys, key);
	json_array_foreach (change->remove, i, value)
		if (!vm_hotplugs(json_string_value(value), hotplug))
			append_unique(keys, json_string_value(value));
	return keys;
}

static void restart_steps(struct vm_case *c, const struct vm_change *change)
{
	json_auto_t *keys = NULL;
	auto_free char *names = NULL;
	enum vm_power p = c->spec->power;

	if (!vm_runs(c) || p == VM_POWER_STOPPED || (p == VM_POWER_RESTARTED && !vm_restarted(c)))
		return;
	keys = needing_restart(c, change);
	if (json_array_size(keys) == 0)
		return;
	names = join(keys, ", ");
	if (c->spec->allow_restart)
		vm_add_restart(c);
	else
		pxc_plan_warn(
			c->plan,
			"%s: the change of %s waits until the VM is restarted (allow_restart: true "
			"does it here)",
			c->spec->label, names);
}

static int steps_update(struct vm_case *c, struct pxc_err *err)
{
	auto_change struct vm_change change = { .set = NULL };

	if (vm_rolls_back(c))
		return vm_rollback_steps(c, err);
	if (vm_ha_leave(c, err) < 0 || vm_rebuild_steps(c, err) < 0 ||
	    vm_want(c, c->have->config, &change, err) < 0)
		return -1;
	c->plan->before = vm_before(c);
	c->plan->after = vm_after(c, c->have->config, &change);
	vm_ha_show_leave(c);
	if (!str_eq(c->have->guest->pool, c->pool))
		pxc_plan_warn(
			c->plan,
			"%s: drift: guest %u is in pool \"%s\", its project's is \"%s\"; move it by hand "
			"or release it",
			c->spec->label, c->vmid, c->have->guest->pool, c->pool);
	vm_seed_step(c, &change);
	vm_ipam_steps(c);
	/* Stopping applies what was pending, and so changes the digest. */
	add_config(c, &change, vm_rebuilds(c) && vm_runs(c) ? NULL : c->have->digest);
	add_disk_steps(c, &change);
	if (vm_rebuild_open(c))
		vm_rebuild_finish(c, &change);
	else if (first_start_due(c))
		vm_add_start(c);
	if (!vm_rebuilds(c)) {
		restart_steps(c, &change);
		vm_power_steps(c);
	}
	/* Once it is an HA resource the HA manager moves it, and that does not know it yet. */
	if (c->ha == VM_HA_IN && !vm_ha_managed(c) && vm_move_steps(c, err) < 0)
		return -1;
	if (finish(c, err) < 0)
		return -1;
	vm_snap_steps(c);
	if (vm_move_steps(c, err) < 0)
		return -1;
	return settle(c, err);
}

static int steps_delete(struct vm_case *c, struct pxc_err *err)
{
	const char *protection = vm_text(c->have->config, "protection");
	json_t *args;

	c->plan->before = vm_before(c);
	if (protection && str_eq(protection, "1")) {
		if (c->spec->protection != 0 && !c->over)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: VM %u is protected: set protected: false to remove it all the "
				"same",
				c->spec->label, c->vmid);
		args = vm_target(c);
		(void)json_object_set_new(args, "protection", json_integer(0));
		pxc_plan_add(c->plan, VM_CONFIG, PXC_QUIET, args, "take the protection off");
	}
	if (*c->have->guest->ha) {
		char sid[24];

		(void)snprintf(sid, sizeof(sid), "vm:%u", c->vmid);
		pxc_plan_add(c->plan, VM_HA_REMOVE, PXC_QUIET, json_pack("{s:s}", "sid", sid),
			     "take it out of HA");
	}
	if (vm_runs(c))
		vm_add_off(c, c->spec->force_stop || vm_paused(c) || c->over);
	vm_snap_remove_all(c);
	vm_ipam_release(c);
	args = vm_target(c);
	(void)json_object_set_new(args, "purge", json_integer(1));
	(void)json_object_set_new(args, "destroy-unreferenced-disks",
				  json_integer(c->spec->delete_unreferenced));
	pxc_plan_add(c->plan, VM_DELETE, PXC_DESTROYS, args, "delete VM %u with its disks",
		     c->vmid);
	return 0;
}

int vm_steps(struct vm_case *c, struct pxc_err *err)
{
	if (c->over) {
		c->plan->takes_back = pxc_strdup(c->over);
		c->plan->allow = PXC_DESTROYS;
		return steps_delete(c, err);
	}
	if (c->spec->absent)
		return c->have ? steps_delete(c, err) : 0;
	return c->have ? steps_update(c, err) : steps_create(c, err);
}
