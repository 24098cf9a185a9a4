/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_clone.c - clones, full and linked. */
#include <stdio.h>
#include <string.h>

#include "sim/disk.h"
#include "sim/qm.h"

#define LINKED_MS 1000
#define FULL_MS 3000

struct copying {
	struct sim *sim;
	const struct sim_guest *from;
	struct sim_guest *to;
	const json_t *args;
	json_t *made; /* volids, so that a failure takes them away again */
	struct pxc_err *err;
};

/* The format a copy gets: as asked for, as the source on the same storage, else raw. */
static const char *copy_format(const struct copying *c, const struct sim_volume *old,
			       const struct sim_storage *target)
{
	const char *wanted = qm_text(c->args, "format", NULL);

	return wanted ? wanted : target == old->storage ? old->format : "raw";
}

/* A volume of the new guest that holds (full) or refers to (linked) the source's. NULL with err. */
static struct sim_volume *copy_volume(const struct copying *c, const struct sim_volume *old,
				      bool cloudinit)
{
	bool full = cloudinit || json_is_true(json_object_get(c->args, "full"));
	const char *target = full ? qm_text(c->args, "storage", NULL) : NULL,
		   *snap = qm_text(c->args, "snapname", NULL);
	struct disk_want want = { .storage =
					  target ? sim_storage_find(c->sim, target) : old->storage,
				  .node = c->to->node,
				  .vmid = c->to->vmid,
				  .kind = cloudinit ? "cloudinit" : "disk",
				  .size_bytes = old->size_bytes };

	if (!full)
		return disk_clone(c->sim, old, snap, &want, c->err);
	want.format = copy_format(c, old, want.storage);
	return cloudinit ? disk_create(c->sim, &want, c->err)
			 : disk_copy(c->sim, old, snap, &want, c->err);
}

/* The drive's text for the new guest; its volume is made. New string; NULL with err. */
static char *copy_drive(const struct copying *c, const char *key, const char *text)
{
	json_auto_t *opts = prop_parse(text, "file");
	const char *volid = qm_text(opts, "file", "");
	const struct sim_volume *old = disk_need(c->sim, volid, c->from->node, c->err), *v;
	bool cloudinit = strstr(text, "cloudinit") != NULL;
	char size[32];

	v = old ? copy_volume(c, old, cloudinit) : NULL;
	if (!v)
		return NULL;
	(void)json_array_append_new(c->made, json_string(v->volid));
	if (c->sim->working && (v->parent || v->origin))
		sim_task_log(c->sim->working, "create linked clone of drive %s (%s)", key, volid);
	else
		qm_log_copy(c->sim, key, volid, v, !cloudinit);
	qm_size_text(v->size_bytes, size);
	(void)json_object_set_new(opts, "file", json_string(v->volid));
	(void)json_object_set_new(opts, "size", json_string(size));
	return prop_print(opts, "file");
}

static int copy_option(const struct copying *c, const char *key, const json_t *value)
{
	static const char *const own[] = {
		"template",       "vmgenid",    "smbios1",
		"parent",         "snaptime",   "vmstate",
		"runningmachine", "runningcpu", "running-nets-host-mtu"
	};
	const char *text = json_string_value(value);
	auto_free char *out = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (!strcmp(own[i], key))
			return 0;
	if (qm_is_unused(key))
		return 0;
	if (qm_family(key, "net")) {
		json_auto_t *net = prop_parse_net(text);
		char mac[18];

		sim_mac(c->sim, mac);
		(void)json_object_set_new(net, "macaddr", json_string(mac));
		out = prop_print_net(net);
	} else if (text && qm_is_drive(key) &&
		   (qm_is_disk(key, text) || strstr(text, "cloudinit"))) {
		out = copy_drive(c, key, text);
		if (!out)
			return -1;
	}
	if (out)
		(void)json_object_set_new(c->to->config, key, json_string(out));
	else
		(void)json_object_set_new(c->to->config, key, json_deep_copy(value));
	return 0;
}

/* Every option of the source, or of its snapshot. Disks made until a failure are gone again. */
static int copy_options(struct sim_task *task, const struct sim_guest *from, struct sim_guest *to,
			struct pxc_err *err)
{
	const char *snapname = qm_text(task->args, "snapname", NULL);
	json_auto_t *made = json_array();
	const struct copying copying = { .sim = task->sim,
					 .from = from,
					 .to = to,
					 .args = task->args,
					 .made = made,
					 .err = err };
	json_t *source = from->config;
	auto_free const char **keys = NULL;
	size_t count = 0, i;
	struct pxc_err ignored;

	if (snapname)
		source = json_object_get(json_object_get(from->snapshots, snapname), "config");
	keys = qm_sorted_keys(source, &count);
	for (i = 0; i < count; i++) {
		if (copy_option(&copying, keys[i], json_object_get(source, keys[i])) < 0)
			break;
	}
	for (size_t n = 0; i < count && n < json_array_size(made); n++)
		(void)disk_free(task->sim, json_string_value(json_array_get(made, n)), to->node,
				&ignored);
	return i < count ? -1 : 0;
}

/* What the new guest is called, and its own identity. */
static void name_clone(struct sim *sim, const struct sim_guest *from, struct sim_guest *to,
		       const json_t *args)
{
	const char *name = json_string_value(json_object_get(args, "name"));
	const char *notes = json_string_value(json_object_get(args, "description"));
	struct pxc_err err;

	qm_fresh_ids(sim, to->config);
	if (name)
		(void)json_object_set_new(to->config, "name", json_string(name));
	else if (json_object_get(from->config, "name"))
		(void)json_object_set_new(
			to->config, "name",
			json_sprintf("Copy-of-VM-%s", qm_text(from->config, "name", "")));
	else
		(void)json_object_set_new(to->config, "name",
					  json_sprintf("Copy-of-VM-%u", from->vmid));
	if (notes) {
		json_auto_t *given = json_string(notes);
		json_t *normal = qm_normal(sim, to->node, to->vmid, "description", given, &err);

		(void)json_object_set_new(to->config, "description", normal);
		if (!*json_string_value(normal))
			(void)json_object_del(to->config, "description");
	}
}

static int64_t clone_work(struct sim_task *task)
{
	unsigned newid = (unsigned)qm_int(task->args, "newid", 0);
	const char *target = qm_text(task->args, "target", NULL);
	struct sim_guest *from = sim_guest_find(task->sim, task->vmid),
			 *to = sim_guest_find(task->sim, newid);
	struct pxc_err err;

	if (!from || !to)
		return sim_task_fail(task, "clone failed: configuration file of VM %u is gone",
				     from ? newid : task->vmid);
	if (task->stage == 0)
		return json_is_true(json_object_get(task->args, "full")) ? FULL_MS : LINKED_MS;
	sim_task_log(task, "creating a clone of VM %u with ID %u", from->vmid, newid);
	if (copy_options(task, from, to, &err) < 0) {
		sim_guest_remove(task->sim, to);
		return sim_task_fail(task, "clone failed: %s", err.msg);
	}
	name_clone(task->sim, from, to, task->args);
	to->creating = false;
	sim_guest_set_lock(to, NULL);
	sim_guest_set_pool(task->sim, to, qm_text(task->args, "pool", NULL));
	if (target)
		to->node = sim_node_find(task->sim, target);
	qm_follow_nics(task->sim, to, NULL, to->config);
	sim_guest_touch(to);
	return 0;
}

static void clone_abort(struct sim_task *task)
{
	struct sim_guest *to = sim_guest_find(task->sim, (unsigned)qm_int(task->args, "newid", 0));

	if (to && to->creating)
		sim_guest_remove(task->sim, to);
}

static const struct sim_task_kind clone_kind = { "qmclone", clone_work, clone_abort };

static int check_target(struct sim_call *call, const struct sim_guest *g,
			const struct sim_node *target)
{
	const char *key;
	json_t *value;

	json_object_foreach (g->config, key, value) {
		const char *text = json_string_value(value);
		const struct sim_volume *v =
			text && qm_is_disk(key, text) ? qm_volume(g, text) : NULL;

		if (v && !sim_storage_shared(v->storage))
			return sim_fail(call, 500,
					"can't clone VM to node '%s' (VM uses local storage)",
					target->name);
	}
	return 0;
}

/* Base images are; in Ceph snapshots, too. */
static bool is_clonable(const struct sim_call *call, const struct sim_volume *v)
{
	const char *slash = strrchr(v->volid, '/');

	if (v->storage->rbd)
		return sim_has(call, "snapname") ||
		       str_starts(slash ? slash + 1 : strchr(v->volid, ':') + 1, "base-");
	return strstr(v->volid, "base-") != NULL;
}

static int check_linked(struct sim_call *call, const struct sim_guest *g)
{
	const char *key;
	json_t *value;

	if (sim_has(call, "storage"))
		return sim_fail(call, 500, "parameter 'storage' not allowed for linked clones");
	if (sim_has(call, "format"))
		return sim_fail(call, 500, "parameter 'format' not allowed for linked clones");
	json_object_foreach (g->config, key, value) {
		const char *text = json_string_value(value);
		const struct sim_volume *v =
			text && qm_is_disk(key, text) ? qm_volume(g, text) : NULL;

		if (v && !is_clonable(call, v))
			return sim_fail(call, 500,
					"Linked clone feature is not supported for '%s' (%s)",
					v->volid, key);
	}
	return 0;
}

static int clone_rights(struct sim_call *call, unsigned newid)
{
	const char *pool = sim_arg(call, "pool"), *storage = sim_arg(call, "storage");
	char path[300];

	if (pool && !sim_map_get(&call->sim->pools, pool))
		return sim_deny(call, "pool '%s' does not exist", pool);
	(void)snprintf(path, sizeof(path), "/pool/%s", pool ? pool : "");
	/* One of two is enough, so PVE names neither (RPCEnvironment.pm, test "or"). */
	if (!(pool && sim_may(call, path, "VM.Allocate")) &&
	    !sim_may_vm(call, newid, "VM.Allocate"))
		return sim_deny(call, "%s", "");
	if (storage && !sim_storage_find(call->sim, storage))
		return sim_fail(call, 500, "storage '%s' does not exist", storage);
	return 0;
}

/* The copy needs room where the disks are, or where they are to go, and its cards need their bridges. */
static int source_rights(struct sim_call *call, const struct sim_guest *g)
{
	const char *storage = sim_arg(call, "storage"), *key;
	json_t *value;

	json_object_foreach (g->config, key, value) {
		const char *text = json_string_value(value);
		const struct sim_volume *v =
			text && qm_is_disk(key, text) ? qm_volume(g, text) : NULL;

		if (v && sim_need(call, "Datastore.AllocateSpace", "/storage/%s",
				  storage ? storage : v->storage->id) < 0)
			return -1;
	}
	return qm_need_bridges(call, g->config);
}

static int post_clone(struct sim_call *call)
{
	unsigned newid = (unsigned)sim_arg_int(call, "newid", 0);
	const char *target = sim_arg(call, "target"), *snapname = sim_arg(call, "snapname");
	struct sim_guest *g = sim_guest_find(call->sim, call->vmid), *to;
	struct sim_node *node = target ? sim_node_find(call->sim, target) : call->node;
	bool linked;
	char id[16];

	if (sim_need_quorum(call) < 0 || clone_rights(call, newid) < 0)
		return -1;
	if (!node)
		return sim_fail(call, 500, "no such cluster node '%s'", target);
	if (!g || g->node != call->node)
		return sim_fail(call, 500,
				"unable to find configuration file for VM %u on node '%s'",
				call->vmid, call->node->name);
	if (qm_need_unlocked(call, g) < 0 || source_rights(call, g) < 0)
		return -1;
	linked = sim_has(call, "full") ? !sim_arg_int(call, "full", 0) : qm_template(g);
	if (snapname && !json_object_get(g->snapshots, snapname))
		return sim_fail(call, 500, "snapshot '%s' does not exist", snapname);
	if ((linked && check_linked(call, g) < 0) ||
	    (node != call->node && check_target(call, g, node) < 0))
		return -1;
	if (sim_guest_find(call->sim, newid))
		return sim_fail(call, 500, "unable to create VM %u: config file already exists",
				newid);
	to = sim_guest_add(call->sim, newid, call->node);
	to->creating = true;
	sim_guest_set_lock(to, "clone");
	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	return sim_task_start(
		call, &clone_kind, id, call->vmid,
		json_pack("{s:I,s:b,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?}", "newid",
			  (json_int_t)newid, "full", !linked, "name", sim_arg(call, "name"),
			  "description", sim_arg(call, "description"), "pool",
			  sim_arg(call, "pool"), "snapname", snapname, "target", target, "storage",
			  sim_arg(call, "storage"), "format", sim_arg(call, "format")));
}

static const struct sim_param clone_params[] = {
	{ .name = "newid", .type = SIM_INT, .flags = SIM_REQUIRED, .format = sim_format_vmid },
	{ .name = "name", .type = SIM_STR },
	{ .name = "description", .type = SIM_STR },
	{ .name = "pool", .type = SIM_STR },
	{ .name = "snapname", .type = SIM_STR },
	{ .name = "storage", .type = SIM_STR },
	{ .name = "format", .type = SIM_STR, .choices = "raw, qcow2, vmdk" },
	{ .name = "full", .type = SIM_BOOL },
	{ .name = "target", .type = SIM_STR },
	{ .name = "bwlimit", .type = SIM_INT },
	{ .name = NULL },
};

const struct sim_route qm_clone_routes[] = {
	{ "POST", QM_GUEST "/clone", post_clone, clone_params, NULL, "/vms/{vmid} VM.Clone", 0 },
	{ .method = NULL },
};
