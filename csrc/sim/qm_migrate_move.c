/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_migrate_move.c - what changes at the end of a migration: the guest's node, and its local volumes. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

char *qm_target_storage(const char *map, const char *storage)
{
	auto_free char *otherwise = NULL;
	char *pair;

	while ((pair = sim_list_next(&map))) {
		auto_free char *one = pair;
		const char *colon = strchr(one, ':');

		if (!colon) {
			free(otherwise);
			otherwise = pxc_strdup(!strcmp(one, "1") ? storage : one);
		} else if (!strncmp(one, storage, (size_t)(colon - one)) && !storage[colon - one]) {
			return pxc_strdup(colon + 1);
		}
	}
	return pxc_strdup(otherwise ? otherwise : storage);
}

/* A section's drives name the volume by its new id. */
static void rename_in(json_t *section, const char *from, const char *to)
{
	json_t *value;
	const char *key;
	void *next;

	json_object_foreach_safe (section, next, key, value) {
		const char *text = json_string_value(value);
		size_t n = text ? strcspn(text, ",") : 0;

		if (text && strlen(from) == n && !strncmp(text, from, n))
			(void)json_object_set_new(section, key, json_sprintf("%s%s", to, text + n));
	}
}

static void rename_volume(struct sim_guest *g, const char *from, const char *to)
{
	json_t *snapshot;
	const char *name;

	rename_in(g->config, from, to);
	rename_in(g->pending, from, to);
	json_object_foreach (g->snapshots, name, snapshot)
		rename_in(json_object_get(snapshot, "config"), from, to);
}

/* The volume on another storage of the other node. */
static void to_storage(struct sim_guest *g, struct sim_volume *v, struct sim_storage *s,
		       struct sim_node *to)
{
	const char *format = sim_storage_file_based(s) ? v->format : "raw";
	auto_free char *name = sim_volume_name(g->sim, s, to, g->vmid, "disk", format),
		       *old = pxc_strdup(v->volid);
	struct sim_volume *copy = sim_volume_add(g->sim, name, s, to);

	copy->content = v->content;
	copy->vmid = v->vmid;
	copy->size_bytes = v->size_bytes;
	copy->ctime_s = v->ctime_s;
	(void)snprintf(copy->format, sizeof(copy->format), "%s", format);
	sim_volume_remove(g->sim, v);
	rename_volume(g, old, name);
}

void qm_arrive(struct sim_guest *g, struct sim_node *to, const char *storages)
{
	json_auto_t *volids = qm_local_volids(g);
	const char *volid;
	json_t *one;

	json_object_foreach (volids, volid, one) {
		struct sim_volume *v = sim_volume_find(g->sim, volid, g->node);
		auto_free char *id = v ? qm_target_storage(storages, v->storage->id) : NULL;
		struct sim_storage *s = id ? sim_storage_find(g->sim, id) : NULL;

		if (!v || v->node != g->node || v->vmid != g->vmid)
			continue;
		if (s && s != v->storage)
			to_storage(g, v, s, to);
		else
			sim_volume_move_node(g->sim, v, to);
	}
	g->node = to;
	if (g->run != SIM_STOPPED)
		g->pid = ++to->next_pid;
	sim_guest_set_lock(g, NULL);
	sim_guest_touch(g);
}
