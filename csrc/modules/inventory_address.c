/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inventory_address.c - what agents say, and what PVE's lists of addresses hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/inventory_parts.h"
#include "modules/items.h"
#include "modules/vm_observe.h"

/* --- agents ------------------------------------------------------------------------------------------- */

struct asking {
	struct pve_client *pve;
	int64_t until_ms;
};

static const char *stops(void *context)
{
	const struct asking *a = context;

	return pve_now_ms(a->pve) >= a->until_ms ? "there was no time left to ask its agent" : NULL;
}

static const struct pve_op ask_vm = {
	.method = "GET",
	.path = "/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces",
};
static const struct pve_op ask_container = {
	.method = "GET",
	.path = "/nodes/{node}/lxc/{vmid}/interfaces",
};

/*
 * PVE knows those of a container itself: [{name, inet: "10.0.0.5/24", inet6, ip-addresses: [{ip-address}]}]. The list came
 * later; without it each family has one address.
 */
static json_t *interface_addresses(const json_t *list)
{
	json_t *addresses = json_array(), *row, *one;
	size_t i, k;

	json_array_foreach (list, i, row) {
		const json_t *all = json_object_get(row, "ip-addresses");

		if (str_eq(item_text(row, "name"), "lo"))
			continue;
		json_array_foreach (all, k, one)
			inventory_add_address(addresses, item_text(one, "ip-address"));
		if (json_is_array(all))
			continue;
		inventory_add_address(addresses, item_text(row, "inet"));
		inventory_add_address(addresses, item_text(row, "inet6"));
	}
	return addresses;
}

static void take_answer(const struct world_guest *g, struct pve_job *job, json_t *details)
{
	json_t *detail = inventory_detail_of(details, g->vmid);
	const json_t *data = job->steps[0].ret_data;

	if (job->state == PVE_JOB_DONE)
		(void)json_object_set_new(detail, "pxc_agent_addresses",
					  g->container ? interface_addresses(data)
						       : vm_agent_addresses(data));
	else if (job->err.kind != PXC_OK)
		inventory_problem(detail, job->err.msg);
	else
		inventory_problem(detail, job->why);
	pve_job_release(job);
}

void inventory_agents(struct inventory *inv, const json_t *vmids, uint32_t each_ms, uint32_t all_ms,
		      json_t *details)
{
	struct asking asking = { inv->env.pve, pve_now_ms(inv->env.pve) + all_ms };
	struct pve_limits limits = { .stops = stops, .context = &asking };
	size_t n, njobs = 0;
	const struct world_guest **guests = inventory_guests_of(inv, vmids, &n);
	struct pve_job *jobs = arena_alloc(&inv->arena, (n + 1) * sizeof(*jobs));

	for (size_t i = 0; i < n; i++) {
		const struct world_guest *g = guests[i];
		struct pve_step *step;
		json_t *args;

		if (!inventory_online(inv, g) || !str_eq(g->status, "running"))
			continue;
		args = pxc_env_keep(&inv->env,
				    json_pack("{s:s,s:i,s:I}", "node", g->node, "vmid",
					      (int)g->vmid, "_wait_ms", (json_int_t)each_ms));
		step = arena_alloc(&inv->arena, sizeof(*step));
		*step = (struct pve_step){ .op = g->container ? &ask_container : &ask_vm,
					   .args = args,
					   .why = "its agent" };
		jobs[njobs] = (struct pve_job){ .steps = step, .nsteps = 1 };
		guests[njobs++] = g;
	}
	pve_stream(inv->env.pve, jobs, njobs, &limits);
	for (size_t i = 0; i < njobs; i++)
		take_answer(guests[i], &jobs[i], details);
}

/* --- PVE's lists of addresses --------------------------------------------------------------------------- */

static void take_entries(const json_t *list, const json_t *wanted, json_t *details)
{
	size_t i;
	json_t *row;

	json_array_foreach (list, i, row) {
		json_auto_t *vmid = item_scalar(json_object_get(row, "vmid"));
		const char *ip = item_text(row, "ip"), *key = json_string_value(vmid);
		json_t *detail, *found;

		if (!ip || !key || !json_object_get(wanted, key))
			continue;
		detail = inventory_detail_of(details, (unsigned)strtoul(key, NULL, 10));
		found = json_object_get(detail, "pxc_ipam_addresses");
		if (!found) {
			found = json_array();
			(void)json_object_set_new(detail, "pxc_ipam_addresses", found);
		}
		inventory_add_address(found, ip);
	}
}

static json_t *as_set(const json_t *vmids)
{
	json_t *set = json_object(), *vmid;
	size_t i;

	json_array_foreach (vmids, i, vmid) {
		auto_free char *key = pxc_printf("%lld", (long long)json_integer_value(vmid));

		(void)json_object_set_new(set, key, json_true());
	}
	return set;
}

void inventory_ipam(struct inventory *inv, const json_t *vmids, json_t *details)
{
	json_auto_t *ipams = NULL, *wanted = as_set(vmids);
	struct pxc_err err = { .kind = PXC_OK };
	struct pve_read *reads;
	size_t n = 0, i;
	json_t *row;

	if (pve_get(inv->env.pve, "/cluster/sdn/ipams", &ipams, &err) < 0) {
		pxc_env_warn(&inv->env, "/cluster/sdn/ipams could not be read: %s", err.msg);
		return;
	}
	reads = arena_alloc(&inv->arena, (json_array_size(ipams) + 1) * sizeof(*reads));
	json_array_foreach (ipams, i, row) {
		auto_free char *name =
			pve_escape(item_text(row, "ipam") ? item_text(row, "ipam") : "");

		if (*name)
			reads[n++].path =
				arena_printf(&inv->arena, "/cluster/sdn/ipams/%s/status", name);
	}
	pve_read_all(inv->env.pve, reads, n);
	for (i = 0; i < n; i++) {
		if (reads[i].err.kind != PXC_OK)
			pxc_env_warn(&inv->env, "%s could not be read: %s", reads[i].path,
				     reads[i].err.msg);
		take_entries(reads[i].data, wanted, details);
		json_decref(reads[i].data);
	}
}
