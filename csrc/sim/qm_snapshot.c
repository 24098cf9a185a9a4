/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_snapshot.c - snapshots of whole guests: the calls; the work is in qm_snapshot_work.c. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

static int get_list(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	const char *name, *parent;
	json_t *snap, *row;

	if (!g)
		return -1;
	call->data = json_array();
	json_object_foreach (g->snapshots, name, snap) {
		row = json_pack("{s:s,s:s,s:O,s:O}", "name", name, "description",
				qm_text(snap, "description", ""), "snaptime",
				json_object_get(snap, "snaptime"), "vmstate",
				json_object_get(snap, "vmstate"));
		if (json_object_get(snap, "parent"))
			(void)json_object_set(row, "parent", json_object_get(snap, "parent"));
		(void)json_array_append_new(call->data, row);
	}
	parent = qm_text(g->config, "parent", NULL);
	row = json_pack("{s:s,s:s,s:i,s:s}", "name", "current", "description", "You are here!",
			"running", g->run != SIM_STOPPED, "digest", sim_qemu_digest(g));
	if (parent)
		(void)json_object_set_new(row, "parent", json_string(parent));
	(void)json_array_append_new(call->data, row);
	return 0;
}

static int begin(struct sim_call *call, const struct sim_task_kind *kind)
{
	char id[16];

	if (!qm_guest(call))
		return -1;
	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	return sim_task_start(call, kind, id, call->vmid,
			      json_pack("{s:s,s:s?,s:I,s:I,s:I}", "name", sim_arg(call, "snapname"),
					"description", sim_arg(call, "description"), "vmstate",
					(json_int_t)sim_arg_int(call, "vmstate", 0), "start",
					(json_int_t)sim_arg_int(call, "start", 0), "force",
					(json_int_t)sim_arg_int(call, "force", 0)));
}

static int post_snapshot(struct sim_call *call)
{
	if (!strcmp(sim_arg(call, "snapname"), "current"))
		return sim_fail(call, 500, "unable to use snapshot name 'current' (reserved name)");
	return begin(call, &qm_snapshot_kind);
}

static int delete_snapshot(struct sim_call *call)
{
	return begin(call, &qm_delsnapshot_kind);
}

static int post_rollback(struct sim_call *call)
{
	return begin(call, &qm_rollback_kind);
}

static json_t *find(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	json_t *snap = g ? json_object_get(g->snapshots, sim_arg(call, "snapname")) : NULL;

	if (g && !snap)
		(void)sim_fail(call, 500, "snapshot '%s' does not exist",
			       sim_arg(call, "snapname"));
	return snap;
}

static int get_config(struct sim_call *call)
{
	json_t *snap = find(call);

	if (!snap)
		return -1;
	call->data = json_copy(json_object_get(snap, "config"));
	return 0;
}

static void set_notes(json_t *snap, const char *notes)
{
	(void)json_object_set_new(snap, "description", json_string(notes));
	(void)json_object_set_new(json_object_get(snap, "config"), "description",
				  json_string(notes));
}

static int put_config(struct sim_call *call)
{
	json_t *snap = find(call);

	if (!snap)
		return -1;
	if (sim_has(call, "description"))
		set_notes(snap, sim_arg(call, "description"));
	sim_guest_touch(qm_guest(call));
	return 0;
}

static int get_one(struct sim_call *call)
{
	call->data = json_pack("[{s:s},{s:s}]", "cmd", "rollback", "cmd", "config");
	return 0;
}

static bool format_name(const char *name, const char *value, struct pxc_buf *why)
{
	bool ok = strlen(value) >= 2 && isalpha((unsigned char)value[0]);

	(void)name;
	for (const char *p = value; ok && *p; p++)
		ok = isalnum((unsigned char)*p) || *p == '_' || *p == '-';
	if (!ok)
		buf_printf(why, "invalid configuration ID '%s'\n", value);
	return ok;
}

#define NAME                                                                                       \
	{                                                                                          \
		.name = "snapname", .type = SIM_STR, .flags = SIM_REQUIRED, .format = format_name, \
		.min = 0, .max = 40                                                                \
	}

static const struct sim_param create_params[] = { NAME,
						  { .name = "description", .type = SIM_STR },
						  { .name = "vmstate", .type = SIM_BOOL },
						  { .name = NULL } };
static const struct sim_param delete_params[] = { NAME,
						  { .name = "force", .type = SIM_BOOL },
						  { .name = NULL } };
static const struct sim_param rollback_params[] = { NAME,
						    { .name = "start", .type = SIM_BOOL },
						    { .name = NULL } };
static const struct sim_param put_params[] = { NAME,
					       { .name = "description", .type = SIM_STR },
					       { .name = NULL } };
static const struct sim_param name_params[] = { NAME, { .name = NULL } };

#define SNAP QM_GUEST "/snapshot/{snapname}"

const struct sim_route qm_snapshot_routes[] = {
	{ "GET", QM_GUEST "/snapshot", get_list, NULL, NULL, "/vms/{vmid} VM.Audit", 0 },
	{ "POST", QM_GUEST "/snapshot", post_snapshot, create_params, NULL,
	  "/vms/{vmid} VM.Snapshot", 0 },
	{ "GET", SNAP, get_one, name_params, NULL, "user", 0 },
	{ "DELETE", SNAP, delete_snapshot, delete_params, NULL, "/vms/{vmid} VM.Snapshot", 0 },
	{ "POST", SNAP "/rollback", post_rollback, rollback_params, NULL,
	  "/vms/{vmid} VM.Snapshot|VM.Snapshot.Rollback", 0 },
	{ "GET", SNAP "/config", get_config, name_params, NULL,
	  "/vms/{vmid} VM.Snapshot|VM.Snapshot.Rollback|VM.Audit", 0 },
	{ "PUT", SNAP "/config", put_config, put_params, NULL, "/vms/{vmid} VM.Snapshot", 0 },
	{ .method = NULL },
};
