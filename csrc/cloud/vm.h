/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vm.h - virtual machines: what is wanted, what is there, what has to happen. Pure half of the kind; the half
 * that talks to PVE is modules/vm.c. Layer: cloud.
 *
 * A VM is known by (project, stack, name) in the block in its notes, checked against its VMID and smbios uuid;
 * never by its PVE name alone. PVE's config is handled as an object of texts, key by key as PVE spells them;
 * what the user did not name is not touched.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/network_use.h"
#include "cloud/plan.h"
#include "cloud/policy.h"
#include "cloud/rbd.h"
#include "cloud/world.h"

/* Requests of the kind; the table is in modules/vm.c. */
enum vm_op {
	VM_DOWNLOAD,
	VM_CREATE,
	VM_CLONE,
	VM_CONFIG,       /* synchronous: plain options */
	VM_CONFIG_DISKS, /* as a task: allocates or frees disks */
	VM_RESIZE,
	VM_UNLINK,
	VM_START,
	VM_STOP,
	VM_SHUTDOWN,
	VM_SUSPEND,
	VM_RESUME,
	VM_MIGRATE,
	VM_DELETE,
	VM_HA_ADD,
	VM_HA_SET,
	VM_HA_REMOVE,
	VM_WAIT_RUNNING,
	VM_WAIT_STOPPED,
	VM_WAIT_HA_REST, /* the HA manager is at nothing with it */
	VM_WAIT_HA_BEGUN,
	VM_WAIT_HA_MOVED,
	VM_WAIT_NODE,
	VM_WAIT_AGENT,
	VM_WAIT_IP,
	VM_SNAP_CREATE,
	VM_SNAP_NOTES,
	VM_SNAP_REMOVE,
	VM_SNAP_ROLLBACK,
	VM_IPAM_ADD, /* an address is registered in PVE's own list */
	VM_IPAM_REMOVE,
	VM_WAIT_UNUSED, /* a slot holds the disk that is to be destroyed, and no other */
	/* HA rules of its affinity groups: */
	VM_WAIT_HA_NODES,
	VM_RULE_CREATE,
	VM_RULE_CHANGE,
	VM_RULE_REMOVE,
	/* By Ceph itself: */
	VM_RBD_CLONE,
	VM_RBD_SEED,
	VM_RBD_REMOVE,
	VM_RBD_STATE,
	VM_OPS,
};

enum vm_power {
	VM_POWER_KEEP,
	VM_POWER_RUNNING,
	VM_POWER_STOPPED,
	VM_POWER_PAUSED,
	VM_POWER_RESTARTED
};
enum vm_wait { VM_WAIT_FOR_NONE, VM_WAIT_FOR_RUNNING, VM_WAIT_FOR_AGENT, VM_WAIT_FOR_IP };

/* Where cloud-init finds its data: on PVE's own drive, or on a small RBD image of ours (NoCloud). */
enum vm_seed { VM_SEED_AUTO, VM_SEED_PVE, VM_SEED_RBD, VM_SEED_NONE };
/* Is a disk cut loose from its image? AUTO: when the chain of clones above it would get too long. */
enum vm_flatten { VM_FLATTEN_AUTO, VM_FLATTEN_NEVER, VM_FLATTEN_ALWAYS };

/* Where an image by name is looked for: in Ceph, then among the files of PVE, or only in one of them. */
enum vm_image_backend { VM_IMAGE_ANY, VM_IMAGE_RBD, VM_IMAGE_PVE };

struct vm_net {
	unsigned slot; /* netN, 0..31 */
	bool absent;
	json_t *props; /* named sub-options as PVE spells them (bridge, tag, macaddr, ...): texts; null = remove */
	const char *
		network; /* as named: "blue", "acme/blue", or the id of a vnet without a token; NULL = not named */
	/* Named ip, gw, ip6, gw6: texts ("none" too; of a network without prefix); null = remove; NULL = none named. */
	json_t *ipconfig;
};

enum vm_disk_state { VM_DISK_PRESENT, VM_DISK_DETACHED, VM_DISK_ABSENT };

struct vm_disk {
	const char *slot; /* "scsi1" */
	enum vm_disk_state state;
	uint64_t size_bytes; /* 0 = not named */
	const char *class;   /* of storage; NULL = not named */
	const char *storage; /* named, or of the class (vm_classes()); NULL = the VM's */
	json_t *props;       /* named drive options as texts: ssd, discard, iothread, cache, ... */
};

/* High availability as named; -1 = that was not. */
struct vm_ha {
	bool named, enabled; /* named: the task says something about it */
	int max_restart, max_relocate, failback, auto_rebalance;
	const char *comment; /* one line; NULL = not named */
};

/* A snapshot of the whole VM. */
struct vm_snap {
	const char *name;
	const char *description; /* NULL = not named */
	bool absent, vmstate;
};

struct vm_spec {
	const char *label; /* "vm acme/web-1" */
	const char *project, *stack, *name;
	const char *new_name; /* NULL = keep */
	bool absent;
	const char *flavor;      /* NULL = not named */
	json_t *config;          /* named PVE options: texts; null = remove */
	const char *description; /* NULL = untouched */
	json_t *metadata;        /* object of texts: all of them (exact); NULL = untouched */
	const char *const
		*affinity; /* names of all its groups, sorted, NULL-terminated; NULL = untouched */
	const char *ssh_keys; /* the lines of cloud_init.ssh_keys; NULL = not named */
	const char *const
		*keypairs; /* names, NULL-terminated; NULL = not named; see vm_keypairs() */
	json_t *tags;      /* array of texts; NULL = untouched */
	bool tags_exact;
	const char *node;          /* NULL = auto */
	unsigned template_vmid;    /* 0 = by name or none */
	const char *template_name; /* NULL = by VMID or none */
	bool full_clone;
	const char *
		image_volume; /* import volume "local:import/x.qcow2"; with image_url derived from it */
	const char *image_url, *image_checksum, *image_algorithm, *image_file, *image_storage;
	/*
	 * An image of pxc_rbd_image; version NULL = the latest. It is looked for in image_storage, else in storage, else in
	 * the cloud's; a file in image_storage, else in the cloud's import_storage.
	 */
	const char *image_name, *image_version;
	enum vm_image_backend image_backend;
	const char *boot_volume; /* a volume of pxc_volume as root disk; NULL = none */
	bool rebuild;            /* a root disk of another image version is replaced */
	enum vm_flatten flatten;
	enum vm_seed seed;
	const char *user_data, *network_config; /* verbatim; NULL = made from the other options */
	bool reseed, seed_cleanup;
	const char *class;   /* of storage; NULL = not named */
	const char *storage; /* named, or of the class (vm_classes()); NULL = registry's default */
	uint64_t disk_bytes; /* root disk; 0 = not named */
	struct vm_disk *disks;
	size_t ndisks;
	struct vm_net *nets;
	size_t nnets;
	bool nets_exact;
	bool cloud_init; /* something for the cloud-init drive was named */
	json_t *at_creation; /* options that PVE never shows again (cipassword): set when created only */
	enum vm_power power;
	unsigned shutdown_s; /* how long a guest may take to shut down */
	bool force_stop;     /* then stop it hard */
	int protection;      /* -1 not named, 0, 1 */
	bool allow_restart;
	enum pxc_impact allow;
	enum vm_wait wait;
	unsigned wait_s;
	bool delete_unreferenced, reseal;
	struct vm_snap *snaps;
	size_t nsnaps;
	bool snaps_named, snaps_exact; /* named: the list, even an empty one */
	const char *rollback;          /* snapshot; NULL = no */
	struct vm_ha ha;
	bool quota_ignore; /* what cannot be counted counts for nothing */
	/* Set by the run: it has made the VM, and when by pve_now_ms(). What it takes back again is absent from then on. */
	bool made;
	int64_t made_ms;
	/*
	 * Set by the first observation: the process that ran then; 0 = none ran. "restarted" can end by it, and a seed is
	 * removed when it was not that of a system which the task itself has started.
	 */
	long first_pid;
	bool first_seen;
};

/* An address of a network that PVE did not register, since its own list has it already. */
struct vm_refused {
	const char *vnet;
	struct net_ip ip;
};

struct vm_batch {
	struct vm_spec *specs;
	size_t nspecs;
	const char *stamp, *actor, *nonce; /* for at=, by= and new uuids */
	unsigned round; /* how often was looked; spreads VMIDs when they keep colliding */
	/* Written by the run: what was tried in vain, and is not chosen again. */
	struct vm_refused *refused;
	size_t nrefused, refused_cap;
	bool verbose;
	json_t *placed; /* owned by the run; label of a VM that it has made -> why it is where it is */
};

/* One guest whose configuration was read. */
struct vm_seen {
	const struct world_guest *guest;
	json_t *config;  /* key -> value text, pending changes merged in */
	json_t *current; /* key -> value text, as the running guest has it */
	json_t *pending; /* array of the keys whose change waits for a restart */
	const char *digest;
	struct annot_text notes;
	json_t *addresses;  /* array of texts the agent reported; NULL = not asked or no answer */
	bool agent;         /* the agent answered */
	const char *silent; /* why it did not; NULL = not asked, or it did */
	json_t *snapshots;  /* rows of PVE's list, the present too; NULL = not asked */
	json_t *rollback; /* the configuration, as texts, of the snapshot that the task rolls back to; NULL = not asked, or none */
	json_t *migration; /* what PVE says of a move to the node that the task names; NULL = not asked */
	const char *problem; /* could not be read: why; NULL = read */
	bool vanished;       /* listed, but gone from that node when it was read: look again */
};

/* An entry of PVE's own list of addresses (IPAM). */
struct vm_ipam {
	const char *zone, *vnet, *mac; /* mac NULL = none said */
	struct net_ip ip;
};

/* What vm_plan() looks at besides the snapshot. */
struct vm_world {
	const struct world *w;
	struct vm_seen **seen; /* candidates and templates, any order */
	size_t nseen;
	json_t *cpu_flags; /* node -> what its processor has; a missing node = not known; NULL = not asked */
	json_t *bridges; /* node -> array of bridge and vnet names; a missing node = not known; NULL = not read */
	json_t *volumes; /* "node/volid" -> bytes of import volumes that are there; NULL = not read */
	const struct rbd_world *rbd; /* NULL = not read: nothing is to be made there */
	json_t *index;               /* owned by the run; see vm_index() */
	bool making;                 /* one of our own creations still runs on the server */
	const struct sdn *sdn;       /* NULL = not read: no networks are named */
	const struct network_uses
		*uses;              /* of all guests; NULL = not read: no address is to be chosen */
	const struct vm_ipam *ipam; /* only zones with dhcp: PVE shows no others */
	size_t nipam;
	bool ipam_read;
	/* project -> how many snapshots its VMs and volumes have, or a text: why that is not known; NULL = none are to be taken */
	const json_t *snapshots;
	bool ha_writable; /* the API user has Sys.Console on /; only asked when vm_writes_ha() */
};

/* Which guests must be read? Those that may be wanted ones. all: every guest of the projects, not only by name. */
bool vm_candidate(const struct vm_batch *batch, const struct world *w, const struct world_guest *g,
		  bool all);

/* Name what was seen by what the blocks say, so that matching does not search. Call after every reading. New reference. */
json_t *vm_index(const struct vm_world *vw);

/*
 * The guest that is spec's VM, by its block: NULL when there is none.
 * err EINVAL: two guests match (both named), or the block of the matching one is damaged and reseal is not set.
 */
must_check int vm_match(const struct vm_spec *spec, const struct vm_world *vw,
			const struct vm_seen **ret, struct pxc_err *err);

/* Does the block name this very guest (by VMID and smbios uuid), and not the one it was copied from? */
bool vm_owns_block(const struct vm_seen *seen);

/* The template VM that spec names, among the seen; err ENOTFOUND, EINVAL (not a template, two of the name). */
must_check int vm_template(const struct vm_spec *spec, const struct vm_world *vw,
			   const struct vm_seen **ret, struct pxc_err *err);

/* The storage classes that the batch names become storages. err EINVAL: an unknown one, and which there are */
must_check int vm_classes(struct vm_batch *batch, const struct registry *r, struct pxc_err *err);
/*
 * The key pairs that the batch names become keys for cloud-init, behind those it gives itself. w: with groups when some are named.
 * err EINVAL: an unknown one, and which there are
 */
must_check int vm_keypairs(struct vm_batch *batch, const struct world *w, struct pxc_arena *arena,
			   struct pxc_err *err);
bool vm_wants_keypairs(const struct vm_batch *batch);
/* Does the batch need to look into Ceph, and at which storages (NULL-terminated, in the arena)? NULL: no. */
const char *const *vm_rbd_storages(const struct vm_batch *batch, const struct vm_world *vw,
				   struct pxc_arena *arena);
/*
 * The storage whose import volumes must be read for a VM that is to be made; in the arena. NULL: none. What lies in Ceph
 * has been read before: an image that is there is not looked for among the files.
 */
const char *vm_import_storage(const struct vm_spec *s, const struct vm_world *vw,
			      struct pxc_arena *arena);
/*
 * What a run that was cut off has made or reserved for a VM of the batch, in the name of a guest: if that exists, its
 * configuration must be read before. Of the pool's images, this one?
 */
bool vm_rbd_left(const struct vm_batch *batch, const struct rbd_pool *pool,
		 const struct rbd_seen *image, unsigned *ret_vmid);

/* Does the batch name networks, or have VMs addresses that it releases, so that the SDN must be read? */
bool vm_wants_sdn(const struct vm_batch *batch, const struct vm_world *vw);
/* With the lists of the SDN: the vnets that VMs of the batch are to be on, as keys of an object; their subnets are needed. */
json_t *vm_networks(const struct vm_batch *batch, const struct vm_world *vw);
/* With the subnets: is an address to be chosen or checked, so that those of all guests must be known? */
bool vm_wants_uses(const struct vm_batch *batch, const struct vm_world *vw);

/* Does it take a snapshot that is not there, so that all of its project are to be counted? */
bool vm_takes_snapshots(const struct vm_spec *spec, const struct vm_seen *have);

/* Is it to go to another node, so that PVE must be asked whether it can? */
bool vm_moves(const struct vm_spec *spec, const struct vm_seen *have);

/* Must its list of snapshots be read? Asked for by the task, or to be removed with the VM. */
bool vm_asks_snapshots(const struct vm_spec *spec, const struct vm_seen *have);

/* Must all be known that the HA manager knows, and not only its resources? */
bool vm_wants_ha(const struct vm_batch *batch, const struct vm_world *vw);
/* Are VMs of the batch in affinity groups, or to be, so that HA and its rules must be known? */
bool vm_wants_rules(const struct vm_batch *batch, const struct vm_world *vw);
/* May something be written there: the task names it, or some policy does? */
bool vm_writes_ha(const struct vm_batch *batch, const struct world *w);

/* Is it to be known what processors have, since a VM may be made that needs more than any has? */
bool vm_wants_flags(const struct vm_batch *batch, const struct world *w, struct pxc_arena *arena);

/* Does the batch create anything, given what was seen? (Then observation reads bridges and volumes too.) */
bool vm_creates(const struct vm_batch *batch, const struct vm_world *vw);

/* vm_asks.c: what the task asks for; see struct pxc_kind. */
void vm_asks(const struct vm_batch *batch, const struct world *w, struct policy_asks *ret);

/* Plan the whole batch; see struct pxc_kind. purity: equal inputs give equal plans. */
must_check int vm_plan(const struct vm_batch *batch, const struct vm_world *vw,
		       struct pxc_plans *ret, struct pxc_err *err);
