/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * core.h - the inside of the simulator that every area (access, pools, storage, qemu, ...) is written against.
 *
 * An area is one or a few C files: tables of parameters, one table of routes, handlers. A handler reads
 * validated parameters from its sim_call, changes the state in struct sim and sets call->data, or fails.
 * Everything runs in one thread; nothing blocks: what takes time is a task, a timer or a reply delay.
 * Layer: sim (not seen outside of it; the face is sim.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/history.h"
#include "sim/load.h"
#include "sim/map.h"
#include "sim/sim.h"

/* ---- state ------------------------------------------------------------------------------------------ */

struct sim_node {
	char name[64];
	char ip[46];
	unsigned number; /* 1 for pve1 */
	bool online;
	unsigned cores;
	uint64_t memory_bytes;
	int64_t started_ms;  /* cluster clock */
	int64_t died_ms;     /* when it went offline */
	struct sim_use seen; /* at pvestatd's last round */
	double crowd; /* share of the processor time asked for that guests got at that round, 0 to 1 */
	double wanted; /* processors that were asked for */
	struct sim_history *history;
	uint32_t next_pid;
	json_t *config; /* PUT /nodes/{node}/config */
	json_t *cpu;    /* its processors, see cpu.h */
	json_t *bridges; /* of /etc/network/interfaces: [{"name", "vlan_aware": bool, "mtu": 0 = none, "ports"}] */
	json_t *sdn_file; /* the running SDN configuration as of its last reload; NULL = never; shared */
	json_t *sdn_links; /* the one that its links were made from: the same, unless ifreload failed */
	bool reload_fails; /* ifreload does (set by /sim/sdn) */
};

enum sim_run { SIM_STOPPED, SIM_RUNNING, SIM_PAUSED };

struct sim_guest {
	struct sim *sim;
	unsigned vmid;
	struct sim_node *node;
	json_t *config; /* the current section: key -> string or integer, as GET config?current=1 shows them */
	json_t *pending; /* key -> value that waits for a stop; {} = nothing waits */
	json_t *deleted; /* key -> 1 (or 2: forced) that waits for a stop; {} = nothing waits */
	json_t *snapshots; /* name -> object owned by the qemu area (its config, snaptime, description, ...) */
	char *lock; /* owned; the config property "lock", NULL = none */
	char *pool; /* owned; pool id, NULL = none; set it with sim_guest_set_pool() */
	enum sim_run run;
	int64_t started_ms;    /* cluster clock; of the current run */
	uint32_t pid;          /* of the running guest */
	struct sim_task *busy; /* the task that holds the guest's config lock file, NULL = free */
	bool container;        /* not a VM, see lxc.h */
	bool deaf;             /* nothing in it listens: no ACPI, no agent (set by /sim/guest) */
	bool frozen;           /* its file systems, by the agent; until it stops */
	bool creating;         /* its file holds only a lock so far: invisible but for its number */
	json_t *runtime; /* what lives only while it runs (agent files, exec results, ...); owner: qemu area; may be NULL */
	char digest
		[41]; /* SHA-1 of the config text; "" = to be computed (sim_guest_touch() clears it) */
	char *summary; /* what pvestatd said at its last round, JSON; NULL = nothing yet ("unknown") */
	char *shown; /* its part of /cluster/resources as of the round at shown_ms, JSON; NULL = to be made */
	int64_t shown_ms;
	enum sim_run seen_run; /* run state at that round */
	uint64_t seen_maxmem;  /* bytes at that round */
	uint64_t seen_maxdisk; /* bytes at that round */
	unsigned seen_cpus;    /* its processors at that round */
	struct sim_use seen;   /* what it used at that round */
	struct sim_history *history;
	struct sim_load load;
	uint64_t touched_bytes;    /* most memory that it has used since it started */
	struct sim_node *arriving; /* where it is being received; NULL = nowhere */
	bool unseen;               /* touched since that round */
	struct rbd_hold *holds;    /* images in Ceph that it keeps open while it runs; see rbd.h */
};

struct sim_storage {
	char *id;
	char *type; /* "dir", "rbd", ... */
	json_t *config; /* as GET /storage/{id} shows it without digest: content, path, shared (1), nodes, pool, ... */
	uint64_t total_bytes;
	uint64_t used_bytes; /* of things that are not volumes; volumes are counted on top */
	uint64_t *
		seen_bytes; /* owned; volumes per node (shared: all in [0]) at pvestatd's last round; NULL = not yet */
	struct sim_rbd
		*rbd; /* its images are in a real Ceph (rbd.h); NULL = names and sizes only */
};

struct sim_volume {
	char *volid; /* "data:100/vm-100-disk-0.qcow2" */
	struct sim_storage *storage;
	struct sim_node *node; /* where it lies; NULL = on a shared storage */
	const char
		*content; /* "images", "iso", "vztmpl", "import", "backup", "snippets", "rootdir" */
	char format[8];   /* "raw", "qcow2", "subvol", "iso", "tgz", ... */
	uint64_t size_bytes;
	unsigned vmid; /* owner; 0 = none */
	int64_t ctime_s;
	char *parent; /* owned; volid of the base image, NULL = none */
	char *origin; /* owned; what Ceph says of that: "image@snap", NULL = none */
	char *notes;  /* owned; NULL = none */
	bool is_protected;
	json_t *snapshots; /* array of names of volume snapshots; NULL = none */
	char *checksum;    /* owned; "sha256:<hex>" of a downloaded file, NULL = not known */
	struct sim_volume *next_gone; /* of sim->gone */
};

struct sim_pool {
	char *id;
	char *comment;           /* owned; NULL = none */
	struct sim_map guests;   /* decimal VMID -> non-NULL; may name guests that do not exist */
	struct sim_map storages; /* storage id -> non-NULL */
};

struct sim_token {
	char *id;   /* "test" */
	char *full; /* "root@pam!test" */
	char secret[37];
	char *comment;    /* NULL = none */
	int64_t expire_s; /* 0 = never */
	bool privsep;
};

struct sim_user {
	char *id;       /* "alice@pve" */
	json_t *config; /* comment, email, firstname, lastname, keys: what was set */
	bool enable;
	int64_t expire_s;      /* 0 = never */
	char *password;        /* NULL = cannot log in */
	struct sim_map groups; /* group id -> non-NULL */
	struct sim_map tokens; /* token id -> struct sim_token */
};

struct sim_group {
	char *id;
	char *comment; /* NULL = none */
};

struct sim_role {
	char *id;
	uint64_t privs; /* bits as in sim_priv_names[] */
	bool special;   /* built in */
};

struct sim_acl {
	char *path; /* "/vms/100" */
	char type;  /* 'u'ser, 'g'roup, 't'oken */
	char *who;  /* user id, group id, full token id */
	char *role;
	bool propagate;
};

struct sim_task;
struct sim_timer;
struct sim_faults;
struct sim_apidoc;
struct sim_sdn;  /* sdn.h */
struct sim_flow; /* migration.c */

struct sim {
	struct sim_options options; /* its strings are copies */
	int64_t now_ms;             /* cluster clock, milliseconds since 1970 */
	uint64_t random;
	uint64_t requests; /* answered so far, /sim/... aside */
	bool clustered;    /* false: one stand-alone node */
	bool quorate;

	struct sim_node *nodes; /* by number, fixed after creation */
	size_t node_count;
	struct sim_guest **guests; /* sorted by VMID */
	size_t guest_count, guest_room;
	struct sim_map storages; /* id -> sim_storage */
	struct sim_map volumes;  /* "volid" (shared) or "volid LF node" -> sim_volume */
	struct sim_volume
		*gone; /* somebody else removed them meanwhile; freed when nobody holds them */
	struct sim_map pools;                /* id -> sim_pool */
	struct sim_map users, groups, roles; /* id -> sim_user, sim_group, sim_role */
	struct sim_acl *acls;                /* array */
	size_t acl_count, acl_room;
	struct sim_map ha;   /* "vm:100" -> sim_ha, see ha.h */
	struct sim_crm *crm; /* ha.h: rules, groups, manager */
	json_t *dc;          /* /cluster/options: what was set; property strings as objects */
	json_t *log;         /* /cluster/log, newest first */
	unsigned log_serial;

	struct sim_task **tasks; /* in order of start; only the newest are kept */
	size_t task_count, task_room;
	struct sim_task *running; /* list by next_running */
	struct sim_task *working; /* whose stage is being run, NULL = none */
	struct sim_timer *timers; /* list, soonest first */
	struct sim_faults *faults;
	struct sim_apidoc *apidoc;
	struct sim_sdn *sdn;
	struct sim_flow *flows;  /* what migrations send, see migration.h */
	json_t *realms;          /* id -> {"type", "comment", ...}: pam, pve and what was added */
	json_t *mappings;        /* "pci", "usb", "dir" -> id -> {"map": [texts], ...} */
	bool unseen;             /* some guest was touched since pvestatd's last round */
	bool loads_move;         /* every round differs from the one before */
	int64_t stat_ms;         /* time of that round */
	char fingerprint[96];    /* of the TLS certificate, as /nodes shows it */
	unsigned config_version; /* bumped by every write: coarse digest of shared files */
};

struct sim_node *sim_node_find(struct sim *sim, const char *name);
/* pve1, or the first that is online: the one that answers calls which name no node. */
struct sim_node *sim_node_local(struct sim *sim);

struct sim_guest *sim_guest_find(const struct sim *sim, unsigned vmid);
/* A new, stopped guest with empty config; VMID must be free. */
struct sim_guest *sim_guest_add(struct sim *sim, unsigned vmid, struct sim_node *node);
/* Forget the guest (its volumes, ACLs, pool and HA entries are the caller's business). */
void sim_guest_remove(struct sim *sim, struct sim_guest *guest);
/* Call after every change of a guest, its run state included: drops digest and cached text. */
void sim_guest_touch(struct sim_guest *guest);
void sim_guest_set_lock(struct sim_guest *guest, const char *lock); /* NULL = none */
/* Keep guest->pool and the pool's member list in step; pool NULL or "" = none. */
void sim_guest_set_pool(struct sim *sim, struct sim_guest *guest, const char *pool);
/* Lowest VMID that is free (options next-id lower/upper). */
unsigned sim_next_vmid(const struct sim *sim);

struct sim_storage *sim_storage_find(const struct sim *sim, const char *id);
bool sim_storage_shared(const struct sim_storage *storage);
bool sim_storage_on(const struct sim_storage *storage,
		    const struct sim_node *node); /* enabled, allowed there */
bool sim_storage_holds(const struct sim_storage *storage, const char *content); /* "images", ... */
bool sim_storage_file_based(
	const struct sim_storage *storage); /* dir, nfs, cifs: qcow2 and sub-paths */
/* A volume as seen from node (NULL: shared only). Of a storage in Ceph it is looked up there. */
struct sim_volume *sim_volume_find(struct sim *sim, const char *volid, const struct sim_node *node);
struct sim_volume *sim_volume_add(struct sim *sim, const char *volid, struct sim_storage *storage,
				  struct sim_node *node);
void sim_volume_remove(struct sim *sim, struct sim_volume *volume);
/* New reference to a free name for a guest's disk: "data:100/vm-100-disk-0.qcow2" (dir), "ceph:vm-100-disk-0" (rbd). */
char *sim_volume_name(struct sim *sim, const struct sim_storage *storage,
		      const struct sim_node *node, unsigned vmid, const char *kind,
		      const char *format);
/* Bytes of it that take space; what a copy sends. */
uint64_t sim_volume_written(const struct sim_volume *volume);
/* Re-key a local volume that moved to another node (migration). */
void sim_volume_move_node(struct sim *sim, struct sim_volume *volume, struct sim_node *node);
/* Does the cluster's name for a device or folder ("pci", "usb", "dir") stand for something on the node? */
bool sim_mapped_on(const struct sim *sim, const char *type, const char *id, const char *node);

/* Drops the ACLs on a path, as destroying a guest does for /vms/N; NULL = all. */
void sim_acl_forget_path(struct sim *sim, const char *path);

/* SHA-1 of a text as 40 lower-case hex digits: PVE's digests. */
void sim_sha1_hex(const char *text, char hex[41]);

/* ---- chance ------------------------------------------------------------------------------------------- */

uint64_t sim_random(struct sim *sim);
void sim_uuid(struct sim *sim, char text[37]);
void sim_mac(struct sim *sim,
	     char text[18]); /* upper-case, begins with the cluster's mac_prefix (BC:24:11) */

/* ---- one request ---------------------------------------------------------------------------------------- */

enum sim_type { SIM_STR, SIM_INT, SIM_BOOL, SIM_NUM, SIM_ARRAY };

/*
 * A check of a text's format. On failure it writes PVE's words that follow "invalid format - " (newlines
 * included) to why and returns false.
 */
typedef bool sim_format_fn(const char *name, const char *value, struct pxc_buf *why);

enum {
	SIM_REQUIRED = 1,
	SIM_LIST = 2, /* text list: a JSON array is joined by ",", each element must pass format */
	SIM_PATTERN = 4, /* format stands for a pattern: its failure is told as one */
	SIM_NEW = 8,     /* PVE 8 does not know it */
};

/* One parameter. Names ending in "[n]" are families: "net[n]" with count 32 means net0 to net31. */
struct sim_param {
	const char *name;
	enum sim_type type;
	unsigned flags;
	int64_t min,
		max; /* INT, NUM: range; STR: length in characters; used when max >= min and not both 0 */
	const char *choices; /* "vm, storage, node, sdn": exactly as PVE prints the enumeration */
	sim_format_fn *format;
	unsigned count;
	const char *needs; /* "missing property required by": the name of another parameter */
	const char *
		pattern; /* POSIX extended; failure says "value does not match the regex pattern" */
};

/* "100".."999999999", for parameters that are VMIDs ({vmid} in a path is checked anyway). */
sim_format_fn sim_format_vmid;

struct sim_call;
typedef int sim_handler(struct sim_call *call);

enum {
	SIM_TICKET_ONLY = 1, /* refused with an API token */
	SIM_UPLOAD = 2,      /* multipart body */
	SIM_TO_NODE = 8,     /* the node that answers is a parameter, not a part of the path */
	SIM_PVE9 = 4,        /* PVE 8 does not have it */
};

/*
 * One method on one path. Path variables: {node} {vmid} {storage} {upid} ... become parameters; {node} and
 * {vmid} are resolved to call->node and call->vmid and checked ("invalid format"); the rest as in params.
 *
 * permission  NULL      the handler checks
 *             "world"   without login
 *             "user"    whoever is logged in
 *             "root"    root@pam with a ticket: what PVE's description says nothing of
 *             "PATH PRIV" with {variables} in PATH; "A,B" needs both, "A|B" any:
 *                       "/vms/{vmid} VM.Config.Disk|VM.Config.CDROM"
 */
struct sim_route {
	const char *method;
	const char *path;
	sim_handler *handler;
	const struct sim_param *params; /* ends with a zero entry; NULL = none */
	const struct sim_param *more; /* a second table, so that big ones are shared; NULL = none */
	const char *permission;
	unsigned flags;
};

struct sim_call {
	struct sim *sim;
	const struct sim_route *route;
	const char *method;
	const char *path;    /* without /api2/json: "/nodes/pve1/qemu/100" */
	json_t *raw;         /* owned; all parameters as they came */
	json_t *path_params; /* owned; the variables of the path */
	json_t *params; /* owned; path, query and body, validated: INT and BOOL as JSON integers, NUM as real, STR as string, ARRAY as array */
	struct sim_user *user;   /* NULL: not logged in ("world") */
	struct sim_token *token; /* NULL: ticket */
	const char *authid;      /* "root@pam!test", "alice@pve"; never NULL after login */
	struct sim_node *node;   /* of the path; for calls without {node} the local one */
	unsigned vmid;           /* of the path; 0 = none */
	const char *body;        /* raw, for uploads */
	size_t body_len;
	const char *content_type;

	/* the answer */
	json_t *data;        /* owned; NULL answers null */
	struct pxc_buf text; /* not empty: the text of data, already JSON */
	json_t *siblings;    /* owned; keys beside data ("total", "changes"); NULL = none */
	int status;          /* 0 = 200 */
	char *message;       /* owned; of a failure */
	json_t *errors;      /* owned; parameter -> text; NULL = none */
	char *plain;         /* owned; answer is this text/plain instead of JSON */
	uint32_t delay_ms;
	int64_t again_ms; /* not 0: run the handler once more at this time (see sim_wait_lock) */
	bool waited;      /* this is such a second run */
	int64_t first_ms; /* when the request came in */
};

/* Parameters. The text of integers is formatted; the pointers live as long as the call. */
bool sim_has(const struct sim_call *call, const char *name);
const char *sim_arg(const struct sim_call *call, const char *name); /* STR; NULL when absent */
int64_t sim_arg_int(const struct sim_call *call, const char *name,
		    int64_t otherwise); /* INT and BOOL */

/* The next item of a list separated by "," ";" or blanks; NULL at its end, or when *at is NULL. Caller frees. */
char *sim_list_next(const char **at);

/* Take the listed keys out of an object; list may be NULL. */
void sim_forget_keys(json_t *object, const char *list);

/* Failing; each returns -1. The first failure counts. A newline is added to the message as Perl's die does. */
int sim_fail(struct sim_call *call, int status, const char *fmt, ...) printf_like(3, 4);
int sim_param_error(struct sim_call *call, const char *param, const char *fmt, ...)
	printf_like(3, 4); /* 400; collects */
int sim_bad_params(
	struct sim_call
		*call); /* -1 if a parameter error was collected; also for 400 with empty errors */
int sim_deny(struct sim_call *call, const char *fmt, ...)
	printf_like(2, 3);                  /* 403 "Permission check failed (...)" */
int sim_need_quorum(struct sim_call *call); /* 500 cluster not ready - no quorum? */
/* 500 checksum/digest mismatch as all but guests say it; have = current digest; parameter "digest" absent = fine. */
int sim_check_digest(struct sim_call *call, const char *have);

/*
 * The guest's config lock file. When another task holds it the call is run again as soon as that ends, or
 * fails after 10 s: "can't lock file '/var/lock/qemu-server/lock-200.conf' - got timeout".
 * returns 0 free, -1: return from the handler at once, before any change
 */
int sim_wait_lock(struct sim_call *call, struct sim_guest *guest);

/* ---- permissions ------------------------------------------------------------------------------------------ */

/* Does whoever calls hold the privilege ("VM.Audit", "A,B" all, "A|B" any) on path? Privilege separation included. */
bool sim_may(const struct sim_call *call, const char *path, const char *privs);
/* The same, failing with 403 "Permission check failed (path, priv)"; path is a format. */
int sim_need(struct sim_call *call, const char *privs, const char *path_fmt, ...) printf_like(3, 4);
/* On a guest: /vms/N, and through its pool. */
bool sim_may_vm(const struct sim_call *call, unsigned vmid, const char *privs);
int sim_need_vm(struct sim_call *call, unsigned vmid, const char *privs);
/* root@pam by ticket; an API token of root is not root. */
bool sim_is_root(const struct sim_call *call);

#define SIM_PRIV_MAX 64
extern const char *const sim_priv_names[]; /* NULL-terminated, sorted; the index is the bit */

/* ---- what the qemu area gives to the core (qemu_*.c) ----------------------------------------------------------- */

/* NULL-terminated list of its route tables. */
extern const struct sim_route *const sim_qemu_routes[];
/* Fields of /cluster/resources that come from config and run state: name status template tags maxcpu maxmem maxdisk
 * (not id, type, vmid, node, pool, lock, hastate, uptime, cpu, mem, disk, net*: the core adds those). New reference. */
json_t *sim_qemu_summary(const struct sim_guest *guest);
/* Guest number n of --vms N: a stopped or running guest with a disk on the node's storage `data` and one NIC. */
void sim_qemu_seed(struct sim *sim, unsigned vmid, struct sim_node *node);
/* A guest of a --world file: {"vmid": 100, "node": "pve1", "status": "running", "pool": ..., "config": {...}}. */
must_check int sim_qemu_world(struct sim *sim, const json_t *spec, struct pxc_err *err);
/* Stable state of one guest for sim_dump(): config, pending, snapshots, status, node, pool, lock. New reference. */
json_t *sim_qemu_dump(const struct sim_guest *guest);
/* The SHA-1 digest of the guest's config text; cached in guest->digest. */
const char *sim_qemu_digest(struct sim_guest *guest);

#include "sim/task.h"
