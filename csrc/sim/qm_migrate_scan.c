/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qm_migrate_scan.c - what a migration looks at before it begins: devices, storages, local volumes.
 *
 * The order and the words are PVE's (QemuMigrate.pm: prepare, scan_local_volumes).
 */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"
#include "sim/qm_migrate.h"

static json_t *blocking(const struct qm_resources *r)
{
	json_t *list = json_array(), *name;
	size_t i;

	json_array_foreach (r->local, i, name)
		if (!json_object_get(r->mapped, json_string_value(name)))
			(void)json_array_append(list, name);
	return list;
}

static char *joined(const json_t *list)
{
	struct pxc_buf text = { 0 };
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		buf_printf(&text, "%s%s", i ? ", " : "", json_string_value(one));
	return buf_take(&text);
}

/* Mapped devices that do not go along with a running guest, "hostpci0:gpu". */
static json_t *not_live(const struct qm_resources *r)
{
	json_t *list = json_array(), *one;
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(r->mapped, &count);

	for (size_t i = 0; i < count; i++) {
		one = json_object_get(r->mapped, keys[i]);
		if (!json_object_get(one, "live-migration"))
			(void)json_array_append_new(
				list, json_sprintf("%s:%s", keys[i], qm_text(one, "name", "")));
	}
	return list;
}

static char *device_trouble(struct sim_task *task, const struct sim_guest *g,
			    const struct sim_node *to, const struct qm_resources *r)
{
	json_auto_t *local = blocking(r), *live = not_live(r);
	const json_t *missing = json_object_get(r->missing, to->name);
	auto_free char *names = joined(local), *gone = joined(missing), *stay = joined(live);

	if (json_array_size(local) && !qm_int(task->args, "force", 0))
		return pxc_printf("can't migrate VM which uses local devices: %s", names);
	if (json_array_size(local))
		qm_migrate_log(task, "migrating VM which uses local devices");
	if (!json_object_size(r->mapped))
		return NULL;
	if (json_array_size(missing))
		return pxc_printf("can't migrate to '%s': missing mapped devices %s", to->name,
				  gone);
	if (g->run != SIM_STOPPED && json_array_size(live))
		return pxc_printf(
			"can't live migrate running VM which uses following mapped devices: %s",
			stay);
	qm_migrate_log(task, "migrating VM which uses mapped local devices");
	return NULL;
}

/* What a volume is by its id, whether it exists or not. */
static const char *kind_of(const char *volid)
{
	return strstr(volid, ":iso/") ? "iso" : "images";
}

char *qm_storage_trouble(const struct sim_guest *g, const struct sim_node *to, const char *volid,
			 const char *storages)
{
	auto_free char *id = qm_storage_id(volid), *target = NULL;
	const struct sim_storage *s = sim_storage_find(g->sim, id);
	const char *kind = kind_of(volid);

	if (!s)
		return pxc_printf("storage '%s' does not exist", id);
	target = sim_storage_shared(s) ? pxc_strdup(id) : qm_target_storage(storages, id);
	s = sim_storage_find(g->sim, target);
	if (!s)
		return pxc_printf("storage '%s' does not exist", target);
	if (!sim_storage_on(s, to))
		return pxc_printf("storage '%s' is not available on node '%s'", target, to->name);
	if (!sim_storage_holds(s, kind))
		return pxc_printf("%s: content type '%s' is not available on storage '%s'", volid,
				  kind, target);
	return NULL;
}

char *qm_migrate_prepare(struct sim_task *task, const struct sim_guest *g,
			 const struct sim_node *to)
{
	json_auto_t *volids = qm_volids(g);
	struct qm_resources r;
	char *trouble;
	const char *volid;
	json_t *one;

	qm_resources_read(g, &r);
	trouble = device_trouble(task, g, to, &r);
	qm_resources_release(&r);
	if (!trouble && qm_has_vnc_clipboard(g))
		trouble = pxc_strdup("VMs with 'clipboard' set to 'vnc' are not live migratable!");
	json_object_foreach (volids, volid, one)
		if (!trouble && !qm_int(one, "cdrom", 0) && strchr(volid, ':'))
			trouble = qm_storage_trouble(g, to, volid,
						     qm_text(task->args, "targetstorage", NULL));
	if (!trouble && !to->online)
		trouble = pxc_strdup("Can't connect to destination address using public key");
	return trouble;
}

static bool is_base_in_use(struct sim *sim, const char *volid)
{
	for (size_t i = 0; i < sim->volumes.count; i++) {
		const struct sim_volume *v = sim->volumes.entries[i].value;

		if (v->parent && !strcmp(v->parent, volid))
			return true;
	}
	return false;
}

/* Why a local volume cannot go along; NULL = it can. New string. */
static char *volume_trouble(const struct sim_task *task, const struct sim_guest *g,
			    const struct sim_node *to, const json_t *one)
{
	const char *volid = qm_text(one, "volid", "");
	const struct sim_volume *v = sim_volume_find(g->sim, volid, g->node);
	const json_t *snapshots = json_object_get(one, "referenced_in_snapshot");
	char *trouble;

	if (!strcmp(volid, "cdrom"))
		return pxc_strdup("can't migrate local cdrom drive");
	if (!strchr(volid, ':'))
		return pxc_strdup("local file/device");
	trouble = qm_storage_trouble(g, to, volid, qm_text(task->args, "targetstorage", NULL));
	if (trouble)
		return trouble;
	if (qm_int(one, "cdrom", 0))
		return qm_int(one, "is_cloudinit", 0) ? NULL : pxc_strdup("local cdrom image");
	if (v && v->vmid != g->vmid)
		return pxc_printf("owned by other VM (owner = VM %u)", v->vmid);
	if (qm_int(one, "is_vmstate", 0))
		return NULL;
	if (snapshots && g->run != SIM_STOPPED)
		return pxc_strdup(
			"online storage migration not possible if non-replicated snapshot exists");
	if (snapshots && v && strcmp(v->format, "qcow2") != 0 &&
	    strcmp(v->storage->type, "zfspool") != 0)
		return pxc_strdup("non-migratable snapshot exists");
	if (is_base_in_use(g->sim, volid))
		return pxc_strdup("referenced by linked clone(s)");
	return NULL;
}

static bool is_attached(const json_t *one)
{
	return qm_int(one, "is_attached", 0) && !qm_int(one, "is_cloudinit", 0) &&
	       !qm_int(one, "is_tpmstate", 0);
}

static void log_found(struct sim_task *task, const json_t *one)
{
	const char *what = is_attached(one)              ? "attached"
			   : qm_int(one, "is_unused", 0) ? "unused"
			   : json_object_get(one, "referenced_in_snapshot")
				   ? "referenced by snapshot(s)"
				   : "pending change";

	if (qm_int(one, "is_attached", 0) && !is_attached(one))
		qm_migrate_log(task, "found generated disk '%s' (in current VM config)",
			       qm_text(one, "volid", ""));
	else
		qm_migrate_log(task, "found local disk '%s' (%s)", qm_text(one, "volid", ""), what);
}

int qm_migrate_scan(struct sim_task *task, const struct sim_guest *g, const struct sim_node *to,
		    struct qm_copies *ret)
{
	json_auto_t *local = qm_local_volids(g);
	bool running = g->run != SIM_STOPPED, with = qm_int(task->args, "with-local-disks", 0) != 0;
	size_t count = 0, bad = 0;
	auto_free const char **volids = qm_sorted_keys(local, &count);

	*ret = (struct qm_copies){ 0, 0 };
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_object_get(local, volids[i]);
		const struct sim_volume *v = sim_volume_find(g->sim, volids[i], g->node);
		auto_free char *trouble = volume_trouble(task, g, to, one);
		bool live = running && is_attached(one);

		if (!trouble)
			log_found(task, one);
		if (!trouble && live && !with)
			trouble = pxc_strdup("can't live migrate attached local disks without "
					     "with-local-disks option");
		if (trouble && ++bad)
			qm_migrate_log(task,
				       strchr(volids[i], ':') ? "can't migrate local disk '%s': %s"
							      : "%.0s%s",
				       volids[i], trouble);
		*(live ? &ret->online_bytes : &ret->offline_bytes) += v ? sim_volume_written(v) : 0;
		if (v && v->parent && !bad)
			return qm_migrate_abort_phase1(task,
						       "can't migrate '%s' as it's a clone of '%s'",
						       volids[i], v->parent);
	}
	return bad ? qm_migrate_abort_phase1(task, "can't migrate VM - check log") : 0;
}
