/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A VM that is there goes to the node that its task names. PVE is asked before whether it can; what stands in its way is said
 * before anything is written, where PVE itself would find it only in the middle of its task, or in the HA manager's log.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/ha.h"
#include "cloud/vm_batch.h"

#define SECONDS 1000

bool vm_moves(const struct vm_spec *s, const struct vm_seen *have)
{
	return have && !s->absent && s->node && !str_eq(s->node, have->guest->node);
}

static bool truth(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_true(v) || json_integer_value(v) != 0;
}

/* "VM 101 (db-1)", "ct:102"; in the arena. */
static const char *guest_name(const struct vm_case *c, const char *sid)
{
	const struct world_guest *g =
		str_starts(sid, "vm:") ? world_guest(c->w, (unsigned)strtoul(sid + 3, NULL, 10))
				       : NULL;

	return g && g->name ? arena_printf(c->arena, "VM %u (%s)", g->vmid, g->name)
			    : arena_strdup(c->arena, sid);
}

/* "fast, nfs" of texts, or of objects with a text "sid". */
static const char *names_of(const struct vm_case *c, const json_t *list)
{
	auto_buf struct pxc_buf out = { .data = NULL };
	size_t i;
	json_t *x;

	json_array_foreach (list, i, x) {
		const char *sid = json_string_value(json_object_get(x, "sid"));
		const char *name = json_string_value(x);

		if (sid || (name && strchr(name, ':')))
			name = guest_name(c, sid ? sid : name);
		buf_printf(&out, "%s%s", out.len ? ", " : "", name ? name : "?");
	}
	return arena_strdup(c->arena, buf_str(&out));
}

static const char *target_refused(const struct vm_case *c, const json_t *pre)
{
	const json_t *no =
		json_object_get(json_object_get(pre, "not_allowed_nodes"), c->spec->node);
	const json_t *storages = json_object_get(no, "unavailable_storages");
	const json_t *mapped = json_object_get(no, "unavailable-resources");
	const json_t *ha = json_object_get(no, "blocking-ha-resources");
	const char *cause = json_string_value(json_object_get(json_array_get(ha, 0), "cause"));

	if (json_array_size(storages))
		return arena_printf(c->arena, "there is no storage %s", names_of(c, storages));
	if (json_array_size(mapped))
		return arena_printf(c->arena, "nothing is mapped there for %s",
				    names_of(c, mapped));
	if (json_array_size(ha) && str_eq(cause, "node-affinity"))
		return "its HA rule allows other nodes only";
	if (json_array_size(ha))
		return arena_printf(c->arena, "an HA rule keeps it apart from %s, which is there",
				    names_of(c, ha));
	return json_object_size(no) ? "PVE refuses that node" : NULL;
}

static const char *device_stays(const struct vm_case *c, const json_t *pre)
{
	const json_t *local = json_object_get(pre, "local_resources");
	const char *key;
	json_t *value;

	if (json_array_size(local))
		return arena_printf(c->arena, "it uses devices of its node (%s)",
				    names_of(c, local));
	json_object_foreach (json_object_get(pre, "mapped-resource-info"), key, value)
		if (vm_runs_then(c) && !truth(value, "live-migration"))
			return arena_printf(c->arena,
					    "it uses a mapped device that cannot move live (%s)",
					    key);
	return NULL;
}

/* Disks of a VM that is off are copied; those of one that runs would have to be mirrored, which nobody asked for. */
static const char *disk_stays(const struct vm_case *c, const json_t *pre)
{
	size_t i;
	json_t *disk;

	json_array_foreach (json_object_get(pre, "local_disks"), i, disk) {
		const char *volid = json_string_value(json_object_get(disk, "volid"));
		bool medium = truth(disk, "cdrom") && !truth(disk, "is_cloudinit");

		if (medium || (vm_runs_then(c) && !truth(disk, "is_unused")))
			return arena_printf(c->arena,
					    medium ? "its drive holds %s, which is on %s only"
						   : "its disk %s is on %s only",
					    volid ? volid : "", c->have->guest->node);
	}
	return NULL;
}

static const char *bridge_lacks(const struct vm_case *c)
{
	const char *key;
	json_t *value;

	json_object_foreach (c->plan->after, key, value) {
		json_auto_t *card = str_starts(key, "net") && json_is_string(value)
					    ? prop_parse_net(json_string_value(value))
					    : NULL;
		const char *bridge = json_string_value(json_object_get(card, "bridge"));

		if (bridge && !vm_node_has_bridge(c->vw, c->spec->node, bridge))
			return arena_printf(c->arena, "there is no bridge %s", bridge);
	}
	return NULL;
}

static bool lists(const struct ha_rule *r, const char *node)
{
	for (size_t i = 0; i < r->nnodes; i++)
		if (str_eq(r->nodes[i].name, node))
			return true;
	return false;
}

/* PVE lets it go there all the same, and its HA manager brings it back. */
static const char *strict_rule(const struct vm_case *c)
{
	const struct ha *ha = c->w->ha;

	for (size_t i = 0; i < ha->nrules; i++) {
		const struct ha_rule *r = &ha->rules[i];

		if (r->type != HA_NODES || !r->strict || r->disabled || r->problem ||
		    lists(r, c->spec->node))
			continue;
		for (size_t k = 0; k < r->nvmids; k++)
			if (r->vmids[k] == c->vmid)
				return arena_printf(c->arena, "HA %s %s does not allow that node",
						    ha->has_rules ? "rule" : "group", r->name);
	}
	return NULL;
}

static const char *ha_refuses(const struct vm_case *c)
{
	const struct ha_resource *r = vm_ha_managed(c) ? ha_resource(c->w->ha, c->vmid) : NULL;

	if (!r)
		return NULL;
	if (ha_in_maintenance(c->w->ha, c->spec->node))
		return "that node is in maintenance, and the HA manager keeps it empty";
	if (str_eq(r->crm, "error") || str_eq(r->crm, "fence") || str_eq(r->crm, "recovery"))
		return arena_printf(c->arena, "the HA manager has it in state %s", r->crm);
	return strict_rule(c);
}

static const char *refused(const struct vm_case *c)
{
	const json_t *pre = c->have->migration;
	const char *why = ha_refuses(c);

	if (!why)
		why = device_stays(c, pre);
	if (!why)
		why = disk_stays(c, pre);
	if (!why)
		why = target_refused(c, pre);
	if (!why)
		why = bridge_lacks(c);
	return why ? why : vm_rules_refuse(c, c->spec->node);
}

static void add_steps(struct vm_case *c)
{
	json_t *args = vm_target(c);

	(void)json_object_set_new(args, "target", json_string(c->spec->node));
	if (vm_runs_then(c))
		(void)json_object_set_new(args, "online", json_integer(1));
	/* A request that comes while the manager is at something else with it is lost. */
	if (vm_ha_managed(c))
		pxc_plan_add(c->plan, VM_WAIT_HA_REST, PXC_WAITS, vm_target(c),
			     "wait until the HA manager rests");
	pxc_plan_add(c->plan, VM_MIGRATE, PXC_QUIET, args, "migrate from %s to %s", c->node,
		     c->spec->node);
	if (vm_ha_managed(c)) {
		/* The request only goes into the HA manager's queue. */
		pxc_plan_add(c->plan, VM_WAIT_HA_BEGUN, PXC_WAITS, vm_target(c),
			     "wait for the HA manager");
		pxc_plan_add(c->plan, VM_WAIT_HA_MOVED, PXC_WAITS, vm_target(c),
			     "wait until it has left %s", c->node);
		pxc_plan_add(c->plan, VM_WAIT_NODE, PXC_WAITS,
			     json_pack("{s:s,s:i,s:i}", "node", c->spec->node, "vmid", (int)c->vmid,
				       "_wait_ms", (int)c->spec->wait_s * SECONDS),
			     "wait until it has arrived");
	}
	c->node = c->spec->node;
}

int vm_move_steps(struct vm_case *c, struct pxc_err *err)
{
	const json_t *along = json_object_get(c->have->migration, "dependent-ha-resources");
	const char *why;

	if (!vm_moves(c->spec, c->have) || str_eq(c->node, c->spec->node))
		return 0;
	why = refused(c);
	if (why)
		return pxc_fail(err, PXC_EINVAL, "%s cannot move from %s to %s: %s", c->spec->label,
				c->node, c->spec->node, why);
	if (vm_ha_managed(c) && json_array_size(along))
		pxc_plan_warn(c->plan,
			      "%s: the HA manager moves %s along, since a rule keeps them together",
			      c->spec->label, names_of(c, along));
	add_steps(c);
	return 0;
}
