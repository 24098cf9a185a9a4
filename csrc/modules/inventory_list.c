/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inventory_list.c - guests and nodes as lists tell of them: one request, and one more for each of status and pools. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/project.h"
#include "cloud/tags.h"
#include "modules/inventory.h"
#include "modules/items.h"
#include "modules/world.h"

#define STACK_TAG "stack-"
#define MIB (1u << 20)

enum { RESOURCES, STATUS, POOLS, NREADS };

static const char *const paths[NREADS] = { "/cluster/resources", "/cluster/status", "/pools" };
static const char *const names[NREADS] = { "resources", "status", "pools" };

static bool asked(const json_t *read, const char *what)
{
	size_t i;
	json_t *word;

	json_array_foreach (read, i, word)
		if (str_eq(json_string_value(word), what))
			return true;
	return false;
}

static void put(json_t *row, const char *key, const char *text)
{
	(void)json_object_set_new(row, key, json_string(text ? text : ""));
}

const char *inventory_project(const struct inventory *inv, const char *poolid)
{
	const struct world_pool *pool;
	json_auto_t *item = NULL;

	if (!*poolid)
		return NULL;
	/* A pool is the project's of its name when one of its VMs is the cloud's: it can then be no other's. */
	if (!inv->pools)
		return json_object_get(inv->known, poolid) ? poolid : NULL;
	pool = world_pool(&inv->world, poolid);
	item = pool ? project_item(&inv->world, pool) : NULL;
	return arena_strdup((struct pxc_arena *)(uintptr_t)&inv->arena, item_text(item, "name"));
}

static const char *stack_of(const json_t *tags)
{
	size_t i;
	json_t *tag;

	json_array_foreach (tags, i, tag)
		if (str_starts(json_string_value(tag), STACK_TAG))
			return json_string_value(tag) + strlen(STACK_TAG);
	return "";
}

/* PVE makes one up for a guest that has none. */
static const char *own_name(const struct world_guest *g)
{
	char made_up[24];

	(void)snprintf(made_up, sizeof(made_up), "%s %u", g->container ? "CT" : "VM", g->vmid);
	return str_eq(g->name, made_up) ? NULL : g->name;
}

static json_t *guest_row(const struct inventory *inv, const struct world_guest *g, const char *ha,
			 const char *project)
{
	const struct world_node *node = world_node(&inv->world, g->node);
	json_t *row = json_object(), *tags = json_array();

	tags_split(tags, g->tags);
	(void)json_object_set_new(row, "pxc_vmid", json_integer(g->vmid));
	put(row, "pxc_name", own_name(g));
	put(row, "pxc_type", g->container ? "lxc" : "qemu");
	put(row, "pxc_node", g->node);
	put(row, "pxc_state", g->status);
	put(row, "pxc_pool", g->pool);
	put(row, "pxc_project", project);
	put(row, "pxc_stack", world_has_tag(g->tags, "pxc") ? stack_of(tags) : "");
	put(row, "pxc_ha_state", ha);
	put(row, "pxc_lock", g->lock);
	(void)json_object_set_new(row, "pxc_tags", tags);
	(void)json_object_set_new(row, "pxc_managed", json_boolean(world_has_tag(g->tags, "pxc")));
	(void)json_object_set_new(row, "pxc_template", json_boolean(g->is_template));
	(void)json_object_set_new(row, "pxc_cores", json_integer((json_int_t)g->cpus));
	(void)json_object_set_new(row, "pxc_memory_mb",
				  json_integer((json_int_t)(g->memory_bytes / MIB)));
	if (!node || !node->online)
		(void)json_object_set_new(row, "pxc_problem",
					  json_sprintf("its node %s is offline", g->node));
	return row;
}

static json_t *node_row(const struct world_node *n)
{
	json_t *row = json_object();

	put(row, "pxc_node", n->name);
	put(row, "pxc_type", "node");
	put(row, "pxc_state", n->online ? "online" : "offline");
	put(row, "pxc_address", n->address);
	(void)json_object_set_new(row, "pxc_cores", json_integer((json_int_t)n->cpus));
	(void)json_object_set_new(row, "pxc_memory_mb",
				  json_integer((json_int_t)(n->memory_bytes / MIB)));
	return row;
}

/* vmid -> state of the HA manager, of guests that it looks after. */
static json_t *ha_states(const json_t *resources)
{
	json_t *states = json_object(), *row;
	size_t i;

	json_array_foreach (resources, i, row) {
		const char *state = item_text(row, "hastate");
		auto_free char *vmid =
			state ? pxc_printf("%lld", (long long)item_int(row, "vmid")) : NULL;

		if (vmid)
			(void)json_object_set_new(states, vmid, json_string(state));
	}
	return states;
}

static void note_pools(struct inventory *inv)
{
	for (size_t i = 0; i < inv->world.nguests; i++) {
		const struct world_guest *g = &inv->world.guests[i];

		if (*g->pool && world_has_tag(g->tags, "pxc"))
			(void)json_object_set_new(inv->known, g->pool, json_true());
	}
}

static json_t *guest_rows(struct inventory *inv)
{
	json_auto_t *states = ha_states(inv->guests), *projects = json_object();
	json_t *rows = json_array();

	note_pools(inv);
	for (size_t i = 0; i < inv->world.nguests; i++) {
		const struct world_guest *g = &inv->world.guests[i];
		auto_free char *vmid = pxc_printf("%u", g->vmid);

		if (holder_looks(&inv->world, g))
			continue;
		if (!json_object_get(projects, g->pool)) {
			const char *project = inventory_project(inv, g->pool);

			(void)json_object_set_new(projects, g->pool,
						  json_string(project ? project : ""));
		}
		(void)json_array_append_new(rows, guest_row(inv, g, item_text(states, vmid),
							    item_text(projects, g->pool)));
	}
	return rows;
}

static json_t *node_rows(const struct inventory *inv)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < inv->world.nnodes; i++)
		(void)json_array_append_new(rows, node_row(&inv->world.nodes[i]));
	return rows;
}

int inventory_list(struct inventory *inv, const json_t *read, json_t *answer, struct pxc_err *err)
{
	struct pve_read reads[NREADS] = { { .path = NULL } };
	size_t which[NREADS], n = 0;
	const json_t *got[NREADS] = { NULL };

	for (size_t i = 0; i < NREADS; i++)
		if (i == RESOURCES || asked(read, names[i])) {
			reads[n].path = (char *)(uintptr_t)paths[i];
			which[n++] = i;
		}
	pve_read_all(inv->env.pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (reads[i].data)
			got[which[i]] = pxc_env_keep(&inv->env, reads[i].data);
		if (i > 0 && !json_is_array(got[which[i]]))
			pxc_env_warn(&inv->env, "%s could not be read: %s", paths[which[i]],
				     reads[i].err.kind ? reads[i].err.msg : "half an answer");
	}
	if (!json_is_array(got[RESOURCES])) {
		if (reads[0].err.kind == PXC_OK)
			return pxc_fail(err, PXC_EREMOTE, "%s: half an answer", paths[RESOURCES]);
		*err = reads[0].err;
		return pxc_context(err, "%s", paths[RESOURCES]);
	}
	inv->guests = json_incref((json_t *)(uintptr_t)got[RESOURCES]);
	inv->pools = json_is_array(got[POOLS]);
	world_take(&inv->world, &inv->arena, got[RESOURCES], got[STATUS], got[POOLS]);
	(void)json_object_set_new(answer, "guests", guest_rows(inv));
	(void)json_object_set_new(answer, "nodes", node_rows(inv));
	put(answer, "cluster", inv->world.cluster_name);
	return 0;
}
