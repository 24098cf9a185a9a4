/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "modules/items.h"
#include "modules/network_use_read.h"
#include "modules/sdn_read.h"
#include "modules/vm_observe.h"

static bool is_named(const struct sdn *s, const struct sdn_vnet *v, void *context)
{
	(void)s;
	return json_object_get(context, v->id) != NULL;
}

/* --- PVE's own list --------------------------------------------------------------------------------------- */

/* PVE shows its list only of zones in which it gives addresses itself. */
static const char *listed_in(const struct sdn *s, const struct sdn_vnet *v)
{
	const struct sdn_zone *z = sdn_zone(s, v->zone);

	return z && sdn_option(z, "dhcp") ? sdn_option(z, "ipam") : NULL;
}

static void take_entries(struct pxc_env *env, struct vm_world *vw, const json_t *list)
{
	struct vm_ipam *all = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*all));
	size_t n = 0, i;
	json_t *row;

	json_array_foreach (list, i, row) {
		const char *zone = item_text(row, "zone"), *ip = item_text(row, "ip");

		/* An entry without an address is the subnet's own. */
		if (!zone || !ip || !ip_parse(ip, &all[n].ip))
			continue;
		all[n].zone = zone;
		all[n].vnet = item_text(row, "vnet");
		all[n++].mac = item_text(row, "mac");
	}
	vw->ipam = all;
	vw->nipam = n;
	vw->ipam_read = true;
}

/*
 * Of one IPAM; a cloud with several that give out addresses themselves has only the first one looked after. It is an aid:
 * whether an address is registered already is said by PVE when it is asked to register it.
 */
static void read_ipam(struct pxc_env *env, struct vm_world *vw, const json_t *vnets)
{
	struct pve_read read = { .path = NULL };
	const char *id, *ipam = NULL;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)vnets, id, value)
		if (!ipam)
			ipam = listed_in(vw->sdn, sdn_vnet(vw->sdn, id));
	if (!ipam)
		return;
	read.path = arena_printf(env->arena, "/cluster/sdn/ipams/%s/status", ipam);
	pve_read_all(env->pve, &read, 1);
	if (read.data)
		(void)pxc_env_keep(env, read.data);
	if (json_is_array(read.data))
		take_entries(env, vw, read.data);
}

int vm_observe_nets(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw,
		    struct pxc_err *err)
{
	struct sdn *sdn = NULL;
	json_t *vnets;

	if (!vm_wants_sdn(batch, vw))
		return 0;
	if (sdn_read(env, vw->w, NULL, NULL, &sdn, err) < 0)
		return -1;
	vw->sdn = sdn;
	vnets = pxc_env_keep(env, vm_networks(batch, vw));
	if (sdn_read_subnets(env, sdn, is_named, vnets, err) < 0)
		return -1;
	if (vm_wants_uses(batch, vw))
		vw->uses = network_use_read(env, vw->w, sdn, vw->seen, vw->nseen, false);
	read_ipam(env, vw, vnets);
	return 0;
}

/* --- what has been tried in vain -------------------------------------------------------------------------- */

static void note_refused(struct pxc_env *env, struct vm_batch *b, const json_t *args)
{
	struct vm_refused r = { .vnet = item_text(args, "vnet") };

	if (!r.vnet || !item_text(args, "ip") || !ip_parse(item_text(args, "ip"), &r.ip))
		return;
	b->refused = arena_grow(env->arena, b->refused, b->nrefused, &b->refused_cap,
				sizeof(*b->refused));
	r.vnet = arena_strdup(env->arena, r.vnet);
	b->refused[b->nrefused++] = r;
}

/* Whether the call behind it has come about is not known: then the VM may have the one address or the other. */
static bool is_unsure(const struct pxc_err *err)
{
	return err->kind == PXC_EUNSURE || err->kind == PXC_ETIMEOUT;
}

/* The step by which the VM takes its addresses, or lets them go. */
static bool writes_cards(int op)
{
	return op == VM_CREATE || op == VM_CLONE || op == VM_CONFIG || op == VM_CONFIG_DISKS ||
	       op == VM_DELETE;
}

static void take_back(struct pxc_env *env, const struct pxc_plan *plan, const struct pxc_step *step,
		      const struct pve_op *ops)
{
	bool added = step->op == VM_IPAM_ADD;
	struct pxc_err err;

	if (pve_call(env->pve, &ops[added ? VM_IPAM_REMOVE : VM_IPAM_ADD], step->args, NULL, &err) <
		    0 &&
	    err.kind != PXC_ECONFLICT)
		pxc_env_warn(env, "%s: %s %s in PVE's IPAM: %s", plan->label,
			     item_text(step->args, "ip"),
			     added ? "stays registered" : "is no longer registered", err.msg);
}

void vm_note_refused(struct pxc_env *env, struct vm_batch *batch, const struct pxc_plan *plan,
		     const struct pve_job *job, const struct pve_op *ops)
{
	size_t failed = job->ndone;

	if (job->err.kind == PXC_OK || failed >= plan->nsteps)
		return;
	if (plan->steps[failed].op == VM_IPAM_ADD &&
	    (job->err.kind == PXC_ECONFLICT || is_unsure(&job->err)))
		note_refused(env, batch, plan->steps[failed].args);
	if (writes_cards(plan->steps[failed].op) && is_unsure(&job->err))
		return;
	for (size_t i = failed; i-- > 0;) {
		const struct pxc_step *step = &plan->steps[i];

		if (writes_cards(step->op))
			return;
		if (step->op == VM_IPAM_ADD || step->op == VM_IPAM_REMOVE)
			take_back(env, plan, step, ops);
	}
}
