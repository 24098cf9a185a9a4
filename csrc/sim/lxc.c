/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lxc.c - containers of a world. */
#include "sim/lxc.h"

#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

struct sim_guest *lxc_guest(struct sim_call *call)
{
	struct sim_guest *ct = sim_guest_find(call->sim, call->vmid);

	if (ct && ct->container && ct->node == call->node)
		return ct;
	(void)sim_fail(call, 500, "Configuration file 'nodes/%s/lxc/%u.conf' does not exist",
		       call->node->name, call->vmid);
	return NULL;
}

uint64_t lxc_memory_bytes(const struct sim_guest *ct)
{
	return (uint64_t)qm_int(ct->config, "memory", 512) << 20;
}

static uint64_t root_bytes(const struct sim_guest *ct)
{
	const struct sim_volume *v = qm_volume(ct, qm_text(ct->config, "rootfs", NULL));

	return v ? v->size_bytes : 0;
}

json_t *lxc_summary(const struct sim_guest *ct)
{
	const char *tags = qm_text(ct->config, "tags", NULL);
	json_t *o =
		json_pack("{s:s,s:i,s:I,s:I,s:I}", "status", qm_status(ct), "template", 0, "maxcpu",
			  (json_int_t)qm_int(ct->config, "cores", ct->node->cores), "maxmem",
			  (json_int_t)lxc_memory_bytes(ct), "maxdisk", (json_int_t)root_bytes(ct));

	(void)json_object_set_new(o, "name", json_string(qm_text(ct->config, "hostname", "CT")));
	if (tags)
		(void)json_object_set_new(o, "tags", json_string(tags));
	return o;
}

/* "data:8" becomes a volume. */
static int make_volume(struct sim_guest *ct, const char *key, struct pxc_err *err)
{
	const char *text = qm_text(ct->config, key, NULL);
	auto_free char *file = text ? pxc_strndup(text, strcspn(text, ",")) : NULL;
	auto_free char *id = file ? qm_storage_id(file) : NULL, *name = NULL;
	struct sim_storage *s = id ? sim_storage_find(ct->sim, id) : NULL;
	struct sim_volume *v;
	char size[32];
	double gib;

	if (!file || !qm_drive_allocates(file, &gib))
		return 0;
	if (!s || !sim_storage_holds(s, "rootdir"))
		return pxc_fail(err, PXC_EINVAL, "%s: storage '%s' does not hold containers", key,
				id);
	name = sim_volume_name(ct->sim, s, ct->node, ct->vmid, "disk", "raw");
	v = sim_volume_add(ct->sim, name, s, ct->node);
	v->content = "rootdir";
	v->vmid = ct->vmid;
	v->size_bytes = (uint64_t)(gib * 1024) << 20;
	(void)snprintf(v->format, sizeof(v->format), "raw");
	qm_size_text(v->size_bytes, size);
	(void)json_object_set_new(ct->config, key, json_sprintf("%s,size=%s", name, size));
	return 0;
}

int lxc_world(struct sim *sim, const json_t *spec, struct pxc_err *err)
{
	unsigned vmid = (unsigned)qm_int(spec, "vmid", 0);
	struct sim_node *node = sim_node_find(sim, qm_text(spec, "node", "pve1"));
	struct sim_guest *ct;

	if (vmid < 100 || !node || sim_guest_find(sim, vmid))
		return pxc_fail(err, PXC_EINVAL,
				"world: container %u on %s: bad or used VMID, or no such node",
				vmid, qm_text(spec, "node", "pve1"));
	ct = sim_guest_add(sim, vmid, node);
	ct->container = true;
	(void)json_object_update(ct->config, json_object_get(spec, "config"));
	if (make_volume(ct, "rootfs", err) < 0 || make_volume(ct, "mp0", err) < 0 ||
	    (json_object_get(spec, "load") &&
	     sim_load_read(&ct->load, json_object_get(spec, "load"), err) < 0))
		return pxc_context(err, "world: container %u", vmid);
	sim->loads_move = sim->loads_move || sim_load_moves(&ct->load);
	sim_guest_set_pool(sim, ct, qm_text(spec, "pool", NULL));
	if (!strcmp(qm_text(spec, "status", "stopped"), "running"))
		qm_run(ct, SIM_RUNNING);
	sim_guest_touch(ct);
	return 0;
}
