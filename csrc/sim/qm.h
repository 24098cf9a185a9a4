/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qm.h - guests of the simulator: what the files qm_*.c share. Layer: sim.
 *
 * A guest's options are a JSON object: integers and switches as integers, everything else as the text PVE would echo.
 */
#pragma once

#include "base/propstr.h"
#include "sim/core.h"

#define QM_GUEST "/nodes/{node}/qemu/{vmid}"

/* qm_schema.c: every option of a guest, with its type, range and format; shared by create, PUT and POST. */
extern const struct sim_param qm_options[];
const struct sim_param *qm_option(const char *name);  /* of "net3" too; NULL = unknown */
bool qm_family(const char *name, const char *family); /* "scsi12" is of "scsi" */
/* Holds a disk or medium: scsi, virtio, sata, ide, efidisk, tpmstate. */
bool qm_is_drive(const char *name);
bool qm_is_unused(const char *name);
/* Does a running guest take the option over at once? */
bool qm_live(const struct sim_guest *g, const char *name);

/* qm_format.c: see sim_format_fn. qm_format_parts is of every property string that has a table of sub-options. */
sim_format_fn qm_format_parts, qm_format_name, qm_format_tags, qm_format_cpu, qm_format_machine,
	qm_format_urlencoded;
bool qm_listed(const char *list, const char *word); /* one of the blank-separated words of list */

/* qm_rights.c: each fails as PVE does: 403 "Permission check failed (path, privilege)", or 500 "only root can set ..." */
/* Whose option is to be set: a guest, which may be about to be created, and then the pool it is to be in. */
struct qm_owner {
	unsigned vmid;
	const char *pool; /* NULL = none */
	bool creating;
};
/* "VM.Config.Memory", "A|B", ...; NULL: only root can set it. */
const char *qm_privilege(const char *name, const char *value);
int qm_need_option(struct sim_call *call, const struct qm_owner *owner, const char *key,
		   const char *value); /* value NULL: it is to be deleted */
int qm_need_bridges(struct sim_call *call, const json_t *config); /* of all its cards */
int qm_need_power(struct sim_call *call, const struct qm_owner *owner);
/* May the caller give the volume to the guest of the call, or copy it? */
int qm_need_volume(struct sim_call *call, const struct sim_volume *v);
/* The same of an image that is said to be a guest's, whether it exists or not. */
int qm_need_image(struct sim_call *call, const char *storage, unsigned owner);

/* qm_lib.c: guests */
/* The guest of the path, on the node of the path; fails with "Configuration file ... does not exist". */
struct sim_guest *qm_guest(struct sim_call *call);
int qm_need_unlocked(struct sim_call *call,
		     const struct sim_guest *g); /* "VM is locked (backup)" */
const char *qm_text(const json_t *config, const char *key, const char *otherwise);
int64_t qm_int(const json_t *config, const char *key, int64_t otherwise);
/* The object's keys in byte order: PVE works through disks so. Caller frees the array; keys are borrowed. */
const char **qm_sorted_keys(const json_t *object, size_t *ret_count);
uint64_t qm_memory_bytes(const json_t *config);
int64_t qm_cpus(const json_t *config);
bool qm_template(const struct sim_guest *g);
const char *qm_status(const struct sim_guest *g);    /* "running", "stopped" */
const char *qm_qmpstatus(const struct sim_guest *g); /* "paused" too */
int qm_check_digest(struct sim_call *call, struct sim_guest *g);
/* A value as the API shows it: passwords are masked (new reference); the same for a whole configuration. */
json_t *qm_shown(const char *key, json_t *value);
void qm_mask(json_t *config);
/* The configuration with what waits merged in (new reference). */
json_t *qm_merged(const struct sim_guest *g);
void qm_default_boot(json_t *config); /* "order=scsi0;net0" from the devices, " " without any */
void qm_fresh_ids(struct sim *sim, json_t *config); /* smbios1 (unless there), vmgenid, meta */

/* qm_drive.c: disks */
struct qm_drive {
	json_t *opts;     /* owned; sub-options, "file" = volume id or "none" */
	const char *file; /* borrowed from opts */
};
/* Volume id of a drive text without options; NULL for "none". New string. */
char *qm_volid(const char *drive);
/* The volume behind a drive text, as the guest's node sees it; NULL = none. Borrowed. */
struct sim_volume *qm_volume(const struct sim_guest *g, const char *text);
/* A drive with a disk, not a medium. */
bool qm_is_disk(const char *key, const char *text);
/* Does the drive ask for a new volume: "sid:4", "sid:0,import-from=...", "sid:cloudinit"? */
bool qm_allocates(const char *text);
/* Of the first part of a drive: "sid:4" or "sid:0.5" allocate so much. */
bool qm_drive_allocates(const char *file, double *ret_gib);
char *qm_storage_id(const char *file); /* new string */
/* qm_drive_check.c: would this drive be accepted? storage, content, rights, an existing volume. */
int qm_drive_check(struct sim_call *call, const char *key, const char *text);
/* Make it so: allocates or imports; returns the text that the option echoes. New string; NULL with err. */
char *qm_drive_make(struct sim *sim, struct sim_node *node, unsigned vmid, const char *key,
		    const char *text, struct pxc_err *err);
/* What qemu-img says when it makes a volume, or copies source into it; written to the log of the task at work, if any. */
void qm_log_format(const struct sim *sim, const struct sim_volume *v);
void qm_log_copy(const struct sim *sim, const char *key, const char *source,
		 const struct sim_volume *v, bool transferred);
/* How long the worker is busy with it, cluster milliseconds. */
int64_t qm_drive_ms(struct sim *sim, struct sim_node *node, const char *text);
/* The volume, if the guest owns it. */
int qm_drive_free(struct sim *sim, struct sim_guest *g, const char *text, struct pxc_err *err);
bool qm_owns(const struct sim_guest *g, const char *text);
void qm_size_text(uint64_t bytes, char out[32]); /* 2G, 4608M, 528K */

/* qm_check.c: reading a change of options */
struct qm_change {
	json_t *set;    /* borrowed; option -> value as validated */
	json_t *remove; /* borrowed; array of options */
	json_t *revert; /* borrowed; array of options */
	bool force;
};
/* Read and check a config call's parameters. */
int qm_change_read(struct sim_call *call, struct sim_guest *g, struct qm_change *ret);
void qm_change_release(struct qm_change *c);
json_t *qm_split(const char *text); /* "a;b, c" -> ["a", "b", "c"], new reference */

/* qm_set.c: carrying it out */
/*
 * Do it: at once, or for a running guest what it takes over live, the rest pending.
 * returns 0; 1: done, but something that it could have taken over waits, since it cannot be plugged in, and err says
 * "net1: hotplug problem - ..."; -1
 */
int qm_change_apply(struct sim *sim, struct sim_guest *g, const struct qm_change *c,
		    struct pxc_err *err);
/* One value as PVE stores and echoes it; may allocate a disk. New reference; NULL with err. */
json_t *qm_normal(struct sim *sim, struct sim_node *node, unsigned vmid, const char *key,
		  const json_t *value, struct pxc_err *err);
void qm_apply_pending(struct sim *sim, struct sim_guest *g); /* at a stop or start */
/* Take an option out. A disk of the guest's own becomes unused, or is destroyed with force. */
int qm_remove_option(struct sim *sim, struct sim_guest *g, const char *key, bool force,
		     struct pxc_err *err);
/* Keep a volume in "unused[n]", unless it is there already. */
void qm_keep_unused(struct sim_guest *g, const char *volid);
/* Does a snapshot of the guest name the volume? */
bool qm_in_snapshot(const struct sim_guest *g, const char *volid);

/* qm_power.c */
void qm_run(struct sim_guest *g, enum sim_run run); /* run state, pid, start time */
extern const struct sim_task_kind qm_start_kind, qm_stop_kind, qm_shutdown_kind, qm_reboot_kind,
	qm_reset_kind, qm_suspend_kind, qm_pause_kind, qm_resume_kind;
int64_t qm_start_now(struct sim_task *task,
		     struct sim_guest *g); /* 0, or -1 with the task failed */
/*
 * Why QEMU would not begin to run the guest on that node, as it says; NULL = it would. bytes: of memory that it takes at
 * once.
 */
const char *qm_no_start(const struct sim_guest *g, const struct sim_node *node, uint64_t bytes);

/* qm_volids.c */
/*
 * Volume id -> what PVE knows of it: "volid", "drivename", "size", and as 0 or 1 "cdrom", "replicate", "shared",
 * "is_attached", "is_unused", "is_cloudinit", "is_tpmstate", "is_vmstate", "referenced_in_pending"; snapshots that name it
 * are the keys of "referenced_in_snapshot". The second: of those only what is on no shared storage. New reference.
 */
json_t *qm_volids(const struct sim_guest *g);
json_t *qm_local_volids(const struct sim_guest *g);

/* qm_resources.c */
struct qm_resources {
	json_t *local;  /* array of options that keep the guest on its node */
	json_t *mapped; /* option -> {"name", "live-migration": 1} */
	json_t *missing; /* node -> array of options whose mapping it does not have; other nodes have no key */
};
void qm_resources_read(const struct sim_guest *g, struct qm_resources *ret);
void qm_resources_release(struct qm_resources *r);
bool qm_has_vnc_clipboard(
	const struct sim_guest *g); /* and runs: QEMU before 10.1 cannot move it */

/* qm_migrate.c: args "target", "online", "targetstorage", "with-local-disks", "bwlimit", "migration_type", "migration_network" */
extern const struct sim_task_kind qm_migrate_kind;
/* Where a storage's volumes go by the parameter targetstorage ("1", "a", "a:b,c"; NULL = where they are). New string. */
char *qm_target_storage(const char *map, const char *storage);
/* qm_migrate_move.c: the guest and its local volumes are on the other node from now on. */
void qm_arrive(struct sim_guest *g, struct sim_node *to, const char *storages);

/* qm_ha.c */
/* Is it the HA manager's to do? Then it is asked, by a task that is over at once. timeout_s: of a stop, 0 = hard. */
bool qm_ask_ha(struct sim_call *call, bool on, int64_t timeout_s);
extern const struct sim_task_kind qm_hamigrate_kind; /* args "target": asks it to move the guest */

/* qm_nic.c */
/* The first bridge or vnet of its cards that the node does not have, in name; NULL = it has all. */
const char *qm_missing_bridge(const struct sim_guest *g, const struct sim_node *node,
			      char name[64]);
/* Its cards are plugged in at a start; 0, or -1 with the task failed. */
int qm_plug(struct sim_task *task, const struct sim_guest *g);
/* Addresses in PVE's IPAM follow the cards of a configuration that became another one; NULL = none. */
void qm_follow_nics(struct sim *sim, const struct sim_guest *g, const json_t *before,
		    const json_t *after);

/* qm_snapshot_work.c */
extern const struct sim_task_kind qm_snapshot_kind, qm_delsnapshot_kind, qm_rollback_kind;

/* qm_agent.c */
/* The guest of the path when its agent answers; NULL after a failure. */
struct sim_guest *qm_agent_ready(struct sim_call *call);
int qm_agent_answer(struct sim_call *call, json_t *result_new); /* {"result": ...}; 0 */

/* Tables of routes. */
extern const struct sim_route qm_list_routes[], qm_config_routes[], qm_power_routes[],
	qm_clone_routes[], qm_disk_routes[], qm_snapshot_routes[], qm_agent_routes[],
	qm_migrate_routes[], qm_create_routes[], qm_move_routes[], qm_cloudinit_routes[],
	qm_monitor_routes[], qm_precondition_routes[], qm_agent_exec_routes[], qm_template_routes[],
	qm_destroy_routes[];
