/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qm_volids.c - every volume that a guest's configuration names, with what PVE knows of it: drives, unused ones, what
 * waits, snapshots. What a migration has to look at.
 */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

/* The entry of a volume; everything is no until something says yes. */
static json_t *entry(json_t *all, const char *volid)
{
	json_t *one = json_object_get(all, volid);

	if (one)
		return one;
	one = json_pack("{s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "volid", volid, "cdrom", 1,
			"replicate", 0, "shared", 0, "is_attached", 0, "is_unused", 0,
			"is_cloudinit", 0, "is_tpmstate", 0, "is_vmstate", 0);
	(void)json_object_set_new(all, volid, one);
	return one;
}

static void set(json_t *one, const char *key, bool value)
{
	(void)json_object_set_new(one, key, json_integer(value));
}

static bool is_cdrom(const json_t *opts)
{
	return !strcmp(qm_text(opts, "media", ""), "cdrom");
}

static uint64_t size_of(const json_t *opts)
{
	const char *size = qm_text(opts, "size", "");
	static const char units[] = "KMGT";
	const char *unit = *size ? strchr(units, size[strlen(size) - 1]) : NULL;

	return strtoull(size, NULL, 10) << (unit && *unit ? 10 * (unit - units + 1) : 0);
}

/* One drive of a section: the configuration, what waits ("pending"), a snapshot. */
static void add_drive(json_t *all, const char *key, const char *text, const char *snapshot,
		      bool pending)
{
	json_auto_t *opts = prop_parse(text, "file");
	const char *file = qm_text(opts, "file", "");
	json_t *one;

	if (!*file || qm_allocates(text))
		return;
	one = entry(all, file);
	if (!is_cdrom(opts))
		set(one, "cdrom", false);
	if (prop_bool(qm_text(opts, "replicate", "1")))
		set(one, "replicate", true);
	if (prop_bool(qm_text(opts, "shared", "0")))
		set(one, "shared", true);
	if (strstr(file, "-cloudinit"))
		set(one, "is_cloudinit", true);
	if (qm_family(key, "tpmstate"))
		set(one, "is_tpmstate", true);
	if (size_of(opts))
		(void)json_object_set_new(one, "size", json_integer((json_int_t)size_of(opts)));
	if (snapshot) {
		if (!json_object_get(one, "referenced_in_snapshot"))
			(void)json_object_set_new(one, "referenced_in_snapshot", json_object());
		(void)json_object_set_new(json_object_get(one, "referenced_in_snapshot"), snapshot,
					  json_integer(1));
	} else if (pending) {
		set(one, "referenced_in_pending", true);
	} else {
		set(one, qm_is_unused(key) ? "is_unused" : "is_attached", true);
		if (qm_is_drive(key))
			(void)json_object_set_new(one, "drivename", json_string(key));
	}
}

static void add_section(json_t *all, const json_t *section, const char *snapshot, bool pending)
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(section, &count);
	const char *state = qm_text(section, "vmstate", NULL);

	for (size_t i = 0; i < count; i++)
		if (qm_is_drive(keys[i]) || (qm_is_unused(keys[i]) && !snapshot))
			add_drive(all, keys[i], qm_text(section, keys[i], ""), snapshot, pending);
	if (!state)
		return;
	add_drive(all, "vmstate", state, snapshot, pending);
	set(entry(all, state), "is_vmstate", true);
}

json_t *qm_volids(const struct sim_guest *g)
{
	json_t *all = json_object(), *snapshot;
	const char *name;

	add_section(all, g->config, NULL, false);
	add_section(all, g->pending, NULL, true);
	json_object_foreach (g->snapshots, name, snapshot)
		add_section(all, json_object_get(snapshot, "config"), name, false);
	return all;
}

json_t *qm_local_volids(const struct sim_guest *g)
{
	json_t *all = qm_volids(g), *one;
	const char *volid;
	void *next;

	json_object_foreach_safe (all, next, volid, one) {
		auto_free char *id = qm_storage_id(volid);
		const struct sim_storage *s = sim_storage_find(g->sim, id);

		if ((s && sim_storage_shared(s)) || qm_int(one, "shared", 0) ||
		    !strcmp(volid, "none"))
			(void)json_object_del(all, volid);
	}
	return all;
}
