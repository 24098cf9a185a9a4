/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What pxc_info tells of nodes and storages. For admins: everybody else has his projects, and no matter what carries them. */
#include "base/str.h"
#include "modules/info.h"
#include "modules/items.h"

static void put_number(json_t *item, const char *key, uint64_t n)
{
	(void)json_object_set_new(item, key, json_integer((json_int_t)n));
}

static json_t *node_item(const struct world *w, const struct world_node *n)
{
	json_int_t guests = 0, running = 0;
	json_t *item =
		json_pack("{s:s,s:s}", "name", n->name, "status", n->online ? "online" : "offline");

	for (size_t i = 0; i < w->nguests; i++) {
		if (!str_eq(w->guests[i].node, n->name) || w->guests[i].is_template)
			continue;
		guests++;
		running += n->online && str_eq(w->guests[i].status, "running");
	}
	put_number(item, "guests", (uint64_t)guests);
	put_number(item, "guests_running", (uint64_t)running);
	if (n->address)
		(void)json_object_set_new(item, "address", json_string(n->address));
	if (!n->online)
		return item;
	if (n->cpus > 0) {
		(void)json_object_set_new(item, "cpus", json_real(n->cpus));
		(void)json_object_set_new(item, "cpus_used", json_real(n->used_cpus));
	}
	if (n->memory_bytes) {
		put_number(item, "memory_bytes", n->memory_bytes);
		put_number(item, "memory_used_bytes", n->used_bytes);
	}
	if (n->disk_bytes) {
		put_number(item, "disk_bytes", n->disk_bytes);
		put_number(item, "disk_used_bytes", n->used_disk_bytes);
	}
	put_number(item, "uptime_seconds", n->uptime_s);
	return item;
}

/* What all nodes share is told once, as seen by the first that has it. */
static const struct world_storage *told_by(const struct world *w, const struct world_storage *s)
{
	const struct world_storage *first = NULL;

	if (!s->shared)
		return s;
	for (size_t i = 0; i < w->nstorages; i++) {
		const struct world_storage *other = &w->storages[i];

		if (!str_eq(other->name, s->name))
			continue;
		if (!first || (!first->available && other->available))
			first = other;
	}
	return first;
}

static json_t *storage_item(const struct world_storage *s)
{
	json_t *item = json_pack("{s:s,s:s,s:b,s:s,s:s}", "name", s->name, "type", s->type,
				 "shared", (int)s->shared, "status",
				 s->available ? "available" : "unavailable", "content", s->content);

	if (!s->shared)
		(void)json_object_set_new(item, "node", json_string(s->node));
	if (s->available && s->size_bytes) {
		put_number(item, "size_bytes", s->size_bytes);
		put_number(item, "used_bytes", s->used_bytes);
	}
	return item;
}

void info_report_nodes(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	const struct world *w = iw->w;
	json_t *list = json_array();

	for (size_t i = 0; i < w->nnodes; i++)
		info_append(s, list, node_item(w, &w->nodes[i]));
	(void)json_object_set_new(result, "nodes", list);
}

void info_report_storages(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	const struct world *w = iw->w;
	json_t *list = json_array();

	for (size_t i = 0; i < w->nstorages; i++)
		if (told_by(w, &w->storages[i]) == &w->storages[i])
			info_append(s, list, storage_item(&w->storages[i]));
	(void)json_object_set_new(result, "storages", list);
}
