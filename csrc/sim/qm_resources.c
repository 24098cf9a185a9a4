/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_resources.c - devices of a node that a guest uses, and the cluster's names for such devices. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

bool sim_mapped_on(const struct sim *sim, const char *type, const char *id, const char *node)
{
	const json_t *map =
		json_object_get(json_object_get(json_object_get(sim->mappings, type), id), "map");
	json_t *text;
	size_t i;

	json_array_foreach (map, i, text) {
		json_auto_t *opts = prop_parse(json_string_value(text), NULL);

		if (!strcmp(qm_text(opts, "node", ""), node))
			return true;
	}
	return false;
}

static void add_mapped(struct qm_resources *r, const struct sim_guest *g, const char *type,
		       const char *key, const char *id)
{
	const struct sim *sim = g->sim;

	(void)json_object_set_new(r->mapped, key, json_pack("{s:s}", "name", id));
	for (size_t i = 0; i < sim->node_count; i++) {
		const char *node = sim->nodes[i].name;

		if (sim_mapped_on(sim, type, id, node))
			continue;
		if (!json_object_get(r->missing, node))
			(void)json_object_set_new(r->missing, node, json_array());
		(void)json_array_append_new(json_object_get(r->missing, node), json_string(key));
	}
}

/* A mapped PCI device: does it go along with a running guest? */
static bool moves_live(const struct sim *sim, const char *id)
{
	const json_t *mapping = json_object_get(json_object_get(sim->mappings, "pci"), id);

	return qm_int(mapping, "live-migration-capable", 0) != 0;
}

/* returns whether the device keeps the guest from moving */
static bool add_device(struct qm_resources *r, const struct sim_guest *g, const char *key,
		       const char *text, bool running)
{
	bool usb = qm_family(key, "usb"), pci = qm_family(key, "hostpci");
	json_auto_t *opts = prop_parse(text, qm_family(key, "virtiofs") ? "dirid" : "host");
	const char *id = qm_text(opts, qm_family(key, "virtiofs") ? "dirid" : "mapping", NULL);

	if (usb && !strcasecmp(qm_text(opts, "host", ""), "spice"))
		return false;
	if (id)
		add_mapped(r, g, usb ? "usb" : pci ? "pci" : "dir", key, id);
	if (!id || !pci)
		return true;
	if (moves_live(g->sim, id))
		(void)json_object_set_new(json_object_get(r->mapped, key), "live-migration",
					  json_integer(1));
	return running && !moves_live(g->sim, id);
}

void qm_resources_read(const struct sim_guest *g, struct qm_resources *ret)
{
	bool running = g->run != SIM_STOPPED;
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(g->config, &count);

	*ret = (struct qm_resources){ json_array(), json_object(), json_object() };
	if (running && json_object_get(g->config, "amd-sev"))
		(void)json_array_append_new(ret->local, json_string("amd-sev"));
	for (size_t i = 0; i < count && running; i++)
		if (qm_family(keys[i], "virtiofs")) {
			(void)json_array_append_new(ret->local, json_string("virtiofs"));
			break;
		}
	if (json_object_get(g->config, "ivshmem"))
		(void)json_array_append_new(ret->local, json_string("ivshmem"));
	for (size_t i = 0; i < count; i++) {
		const char *text = qm_text(g->config, keys[i], "");
		bool device = qm_family(keys[i], "usb") || qm_family(keys[i], "hostpci") ||
			      qm_family(keys[i], "virtiofs");
		bool port = (qm_family(keys[i], "serial") && strcmp(text, "socket") != 0) ||
			    qm_family(keys[i], "parallel");

		if (port || (device && add_device(ret, g, keys[i], text, running)))
			(void)json_array_append_new(ret->local, json_string(keys[i]));
	}
}

void qm_resources_release(struct qm_resources *r)
{
	json_decref(r->local);
	json_decref(r->mapped);
	json_decref(r->missing);
}

bool qm_has_vnc_clipboard(const struct sim_guest *g)
{
	json_auto_t *vga = prop_parse(qm_text(g->config, "vga", ""), "type");

	return g->run != SIM_STOPPED && !strcmp(qm_text(vga, "clipboard", ""), "vnc");
}
