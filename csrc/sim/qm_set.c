/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_set.c - changing a guest's options: what is done at once, and what waits for a stop. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sim/disk.h"
#include "sim/qm.h"
#include "sim/rbd.h"
#include "sim/sdn.h"

/* "order=scsi0;net0" without device. */
static void unboot(json_t *config, const char *device)
{
	const char *order = qm_text(config, "boot", "");
	auto_buf struct pxc_buf left = { .data = NULL };

	if (strncmp(order, "order=", 6) != 0)
		return;
	for (const char *p = order + 6; *p; p += *p == ';') {
		size_t n = strcspn(p, ";");

		if (strlen(device) != n || strncmp(p, device, n) != 0)
			buf_printf(&left, "%s%.*s", left.len ? ";" : "", (int)n, p);
		p += n;
	}
	(void)json_object_set_new(config, "boot",
				  left.len ? json_sprintf("order=%s", buf_str(&left))
					   : json_string(" "));
}

/* A new CD drive can be booted from, after everything else; into says so, the configuration or what waits. */
static void boot_cdrom(const struct sim_guest *g, json_t *into, const char *device,
		       const char *text)
{
	const char *order = qm_text(into, "boot", qm_text(g->config, "boot", ""));

	if (json_object_get(g->config, device) || strncmp(order, "order=", 6) != 0 ||
	    !strstr(text, "media=cdrom") || strstr(text, "cloudinit"))
		return;
	(void)json_object_set_new(into, "boot", json_sprintf("%s;%s", order, device));
}

void qm_keep_unused(struct sim_guest *g, const char *volid)
{
	char name[16], first[16] = "";

	for (unsigned n = 0; n < 256; n++) {
		const char *there;

		(void)snprintf(name, sizeof(name), "unused%u", n);
		there = qm_text(g->config, name, NULL);
		if (str_eq(there, volid))
			return;
		if (!there && !*first)
			memcpy(first, name, sizeof(first));
	}
	if (*first)
		(void)json_object_set_new(g->config, first, json_string(volid));
}

bool qm_in_snapshot(const struct sim_guest *g, const char *volid)
{
	const char *name, *key;
	json_t *snap, *value;

	json_object_foreach (g->snapshots, name, snap) {
		json_object_foreach (json_object_get(snap, "config"), key, value) {
			auto_free char *there =
				qm_is_drive(key) ? qm_volid(json_string_value(value)) : NULL;

			if (there && !strcmp(there, volid))
				return true;
		}
	}
	return false;
}

/* The guest has no use for a drive's volume any more: if it is its own it is kept, or destroyed. */
static int part_with(struct sim *sim, struct sim_guest *g, const char *text, bool destroy,
		     struct pxc_err *err)
{
	auto_free char *volid = text ? qm_volid(text) : NULL;
	bool cloudinit = volid && strstr(volid, "cloudinit");

	if (!volid || !qm_owns(g, text) || (strstr(text, "media=cdrom") && !cloudinit))
		return 0;
	if (!destroy && !cloudinit) {
		qm_keep_unused(g, volid);
		return 0;
	}
	if (qm_in_snapshot(g, volid))
		return pxc_fail(err, PXC_EBUSY,
				"unable to delete '%s' - volume is still in use (snapshot?)",
				volid);
	return qm_drive_free(sim, g, text, err);
}

int qm_remove_option(struct sim *sim, struct sim_guest *g, const char *key, bool force,
		     struct pxc_err *err)
{
	const char *text = qm_text(g->config, key, NULL);

	if (text && (qm_is_drive(key) || qm_is_unused(key)) &&
	    part_with(sim, g, text, force || qm_is_unused(key), err) < 0)
		return -1;
	(void)json_object_del(g->config, key);
	unboot(g->config, key);
	return rbd_hold(g, err);
}

/* A volume that is attached again is unused no more. */
static void use_again(json_t *config, const char *drive)
{
	auto_free char *volid = qm_volid(drive);

	for (unsigned n = 0; volid && n < 256; n++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "unused%u", n);
		if (!strcmp(qm_text(config, name, ""), volid))
			(void)json_object_del(config, name);
	}
}

/* Another volume takes the place of one that waited, or that is there. */
static int replace_volume(struct sim *sim, struct sim_guest *g, const json_t *old, const char *text,
			  struct pxc_err *err)
{
	auto_free char *a = old ? qm_volid(json_string_value(old)) : NULL,
		       *b = text ? qm_volid(text) : NULL;

	if (!a || str_eq(a, b))
		return 0;
	return part_with(sim, g, json_string_value(old), false, err);
}

/* now is stolen. */
static int set_live(struct sim *sim, struct sim_guest *g, const char *key, json_t *now,
		    struct pxc_err *err)
{
	const char *text = json_string_value(now);

	if (qm_is_drive(key)) {
		if (replace_volume(sim, g, json_object_get(g->config, key), text, err) < 0) {
			json_decref(now);
			return -1;
		}
		use_again(g->config, text);
		boot_cdrom(g, g->config, key, text);
	}
	(void)json_object_del(g->pending, key);
	(void)json_object_set_new(g->config, key, now);
	return qm_is_drive(key) ? rbd_hold(g, err) : 0;
}

/* A card cannot be plugged into what the node does not have: it waits, and the caller is told. */
static int cannot_plug(struct sim_guest *g, const char *key, const char *text, struct pxc_err *err)
{
	json_auto_t *net = qm_family(key, "net") ? prop_parse_net(text) : NULL;
	const char *bridge = qm_text(net, "bridge", NULL);

	if (g->run == SIM_STOPPED || !bridge || sdn_has_link(g->node, bridge))
		return 0;
	(void)json_object_set_new(g->pending, key, json_string(text));
	(void)pxc_fail(err, PXC_EINVAL, "%s: hotplug problem - bridge '%s' does not exist", key,
		       bridge);
	return 1;
}

/* 0, 1: it waits because of what err says, -1 */
static int set_one(struct sim *sim, struct sim_guest *g, const char *key, const json_t *value,
		   struct pxc_err *err)
{
	json_t *now = qm_normal(sim, g->node, g->vmid, key, value, err);
	const char *text = json_string_value(now);
	bool live = g->run == SIM_STOPPED || qm_live(g, key);

	if (!now)
		return -1;
	if (qm_is_drive(key) &&
	    replace_volume(sim, g, json_object_get(g->pending, key), text, err) < 0) {
		json_decref(now);
		return -1;
	}
	(void)json_object_del(g->deleted, key);
	if (text && !*text && live) {
		json_decref(now);
		(void)json_object_del(g->config, key);
		return 0;
	}
	if (json_equal(json_object_get(g->config, key), now)) {
		(void)json_object_del(g->pending, key);
		json_decref(now);
		return 0;
	}
	if (live && cannot_plug(g, key, text, err)) {
		json_decref(now);
		return 1;
	}
	if (live)
		return set_live(sim, g, key, now, err);
	if (qm_is_drive(key))
		boot_cdrom(g, g->pending, key, text);
	(void)json_object_set_new(g->pending, key, now);
	return 0;
}

static int revert_one(struct sim *sim, struct sim_guest *g, const char *key, struct pxc_err *err)
{
	if (qm_is_drive(key) && replace_volume(sim, g, json_object_get(g->pending, key),
					       qm_text(g->config, key, NULL), err) < 0)
		return -1;
	(void)json_object_del(g->pending, key);
	(void)json_object_del(g->deleted, key);
	return 0;
}

static int remove_one(struct sim *sim, struct sim_guest *g, const char *key, bool force,
		      struct pxc_err *err)
{
	if (qm_is_drive(key) && replace_volume(sim, g, json_object_get(g->pending, key),
					       qm_text(g->config, key, NULL), err) < 0)
		return -1;
	(void)json_object_del(g->pending, key);
	if (!json_object_get(g->config, key))
		return 0;
	if (g->run == SIM_STOPPED || qm_live(g, key))
		return qm_remove_option(sim, g, key, force, err);
	(void)json_object_set_new(g->deleted, key, json_integer(force ? 2 : 1));
	return 0;
}

int qm_change_apply(struct sim *sim, struct sim_guest *g, const struct qm_change *c,
		    struct pxc_err *err)
{
	json_auto_t *before = json_copy(g->config);
	auto_free const char **keys = NULL;
	size_t count = 0, i;
	json_t *value;
	int rc = 0, waits = 0;

	json_array_foreach (c->revert, i, value) {
		rc = rc < 0 ? rc : revert_one(sim, g, json_string_value(value), err);
	}
	json_array_foreach (c->remove, i, value) {
		rc = rc < 0 ? rc : remove_one(sim, g, json_string_value(value), c->force, err);
	}
	keys = qm_sorted_keys(c->set, &count);
	for (i = 0; i < count && rc == 0; i++) {
		struct pxc_err why;

		rc = set_one(sim, g, keys[i], json_object_get(c->set, keys[i]), &why);
		if (rc < 0 || (rc > 0 && !waits))
			*err = why;
		waits |= rc > 0;
		rc = rc < 0 ? rc : 0;
	}
	qm_follow_nics(sim, g, before, g->config);
	sim_guest_touch(g);
	return rc < 0 ? rc : waits;
}

/* A disk that cannot be destroyed now stays where it is. */
void qm_apply_pending(struct sim *sim, struct sim_guest *g)
{
	json_auto_t *before = json_copy(g->config);
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(g->deleted, &count);
	const char *key;
	json_t *value;
	struct pxc_err err;

	for (size_t i = 0; i < count; i++)
		(void)qm_remove_option(sim, g, keys[i], qm_int(g->deleted, keys[i], 0) == 2, &err);
	json_object_foreach (g->pending, key, value) {
		if (!qm_is_drive(key))
			continue;
		(void)replace_volume(sim, g, json_object_get(g->config, key),
				     json_string_value(value), &err);
		use_again(g->config, json_string_value(value));
	}
	(void)json_object_update(g->config, g->pending);
	(void)json_object_clear(g->pending);
	(void)json_object_clear(g->deleted);
	qm_follow_nics(sim, g, before, g->config);
	sim_guest_touch(g);
}
