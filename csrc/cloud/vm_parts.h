/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_parts.h - what the files of cloud/vm_*.c share; nobody else includes it. Layer: cloud. */
#pragma once

#include "cloud/affinity.h"
#include "cloud/image_file.h"
#include "cloud/vm.h"

enum { VM_IPV4, VM_IPV6, VM_FAMILIES };

/* What is to become of the address that a card has, in one family. */
enum vm_ip_wish {
	VM_IP_KEEP,  /* or none, as before */
	VM_IP_AUTO,  /* the lowest that is free */
	VM_IP_FIXED, /* this one */
	VM_IP_WORD,  /* dhcp or auto: not ours to give */
	VM_IP_NONE,
};

struct vm_ip {
	enum vm_ip_wish wish;
	struct net_ip had, ip;           /* in the block before and afterwards; bits 0 = none */
	const struct sdn_subnet *subnet; /* of ip; NULL = gone, or none */
	bool fresh;                      /* ip is reserved by this plan */
	bool registered; /* PVE's own list has it already, though no guest does: not told again */
};

/* A card as far as networks are concerned. */
struct vm_card {
	const struct vm_net *net; /* as named; NULL = the task does not name it */
	const struct sdn_vnet
		*from;             /* network whose addresses it has; NULL = none, or it is gone */
	const struct sdn_vnet *to; /* network it is to be on; NULL = none */
	bool entry;                /* the block has an entry for it */
	bool goes;                 /* is, or is to be, no more */
	bool lingers; /* goes, but the running guest has it until its restart: keeps its address so long */
	const char *mac; /* "" = not known */
	struct vm_ip ip[VM_FAMILIES];
};

/* What is to become of it in high availability. */
enum vm_ha_wish { VM_HA_KEEP, VM_HA_IN, VM_HA_OUT };

/* Everything known about one VM while it is planned. */
struct vm_case {
	const struct vm_batch *batch;
	const struct vm_spec *spec;
	const struct world *w;
	const struct flavor *flavor;    /* named, or of the block; NULL = none */
	const struct vm_seen *have;     /* NULL = does not exist */
	const struct vm_seen *template; /* clone source, when it must be created from one */
	const char *pool;
	const char *cluster;  /* key c of its block */
	unsigned vmid;        /* its own, or the one chosen */
	const char *node;     /* its own, or the one chosen */
	const char *uuid;     /* smbios uuid chosen for a new VM */
	const char *storage;  /* for its disks */
	uint64_t image_bytes; /* of the image it is made from; 0 = not known */
	const char *
		import; /* import volume that the root disk of a new VM is made from; NULL = none */
	const struct image_file *file; /* the image that this is, when it was asked for by name */
	struct pxc_plan *plan;
	const struct vm_world *vw;
	struct pxc_arena *arena;
	/* With Ceph; pools NULL = not read. */
	const struct rbd_pool *disk_pool;                /* of storage */
	const struct rbd_pool *image_pool, *volume_pool; /* where image and volume are */
	const struct rbd_seen *image, *volume; /* image_name, boot_volume; NULL = not named */
	const char *ceph_storage; /* for root disk and seed: storage, or where they are already */
	const char *root;         /* volid of the root disk of a new VM; NULL = PVE makes it */
	bool seeded;              /* has, or gets, a seed of ours */
	const char *seed;         /* key seed of its block from now on; NULL = as it is */
	struct vm_card
		*cards; /* CARDS of them, by slot; NULL: it has nothing to do with networks */
	enum vm_ha_wish ha;
	const struct vm_placing *placing; /* how its node was found; NULL = it has one */
	const struct vm_affinity
		*affinity; /* of the whole batch; NULL while VMIDs are not chosen */
	bool recounted;    /* its project was */
	const char *over;  /* why the run takes it back, which has made it; NULL = it does not */
};

/* What is known of affinity groups when VMs are placed: see affinity_rules(). Lives in the arena of the plan. */
struct vm_affinity {
	struct affinity groups;
	const struct affinity_guest
		*known; /* the VMs of the batch, in the groups they are to be in */
	size_t nknown;
};

/* A change of configuration: what is sent in one config call, and what needs calls of its own. */
struct vm_change {
	json_t *set;    /* key -> text */
	json_t *remove; /* array of keys */
	json_t *resize; /* array of {disk, size, why} */
	json_t *unlink; /* array of slots whose data is destroyed */
	json_t *seed;   /* files of the seed that is to be written: name -> text; NULL = none */
	bool allocates; /* set holds a disk that PVE must make: use the call that runs as a task */
};

void vm_change_release(struct vm_change *c);
#define auto_change on_scope_exit(vm_change_release)

/* vm_value.c: values of PVE options */
const char *vm_text(const json_t *config, const char *key); /* NULL when absent */
/* Do two texts of one option mean the same ("32768" and "current=32768", 1 and on, any order of sub-options)? NULL = absent. */
bool vm_same(const char *key, const char *a, const char *b);
bool vm_is_drive(
	const char *
		key); /* scsi0, virtio15, sata2, ide3, efidisk0, tpmstate0: a key that holds a disk */
uint64_t vm_drive_size(const char *drive); /* bytes; 0 = none given */
char *vm_url_encode(const char *text);
char *vm_url_decode(const char *text);
/* Keys that a running guest takes over at once; all others wait for its restart. hotplug: the guest's option, NULL = default. */
bool vm_hotplugs(const char *key, const char *hotplug);
bool vm_has_agent(const json_t *config);                        /* is there one to ask? */
const char *vm_smbios_uuid(const json_t *config, char out[37]); /* "" when it has none */

/* vm_block.c: the VM's own annotation */
#define VM_OP_CLONE "clone" /* journal: cloned, its configuration is not written yet */
#define VM_OP_START "start" /* journal: its first start is due */
#define VM_OP_HA "ha"       /* journal: made, but not yet highly available as a policy wants it */
void vm_block_id(unsigned vmid, const char *uuid, char out[64]);
/* The block as it should be. op NULL = no journal. r, at and by are those of a change. */
void vm_block(const struct vm_case *c, const char *op, struct annot *ret);
void vm_block_bump(const struct vm_case *c, struct annot *a); /* r, at and by */
/* Does the block there say all that the wanted one does (r, at, by aside)? */
bool vm_block_same(const struct annot *have, const struct annot *want);
/* The notes as they should be: the human's text (named, or as found) and the block. New string. */
char *vm_notes(const struct vm_case *c, const struct annot *block);

/* vm_card.c: the cards of a VM and the networks they are on */
const char *vm_card_key(char out[16], const char *what, unsigned slot); /* "net0", "ipconfig0" */
bool vm_card_plugged(const json_t *config, unsigned slot);
must_check int vm_cards(struct vm_case *c, struct pxc_err *err);
bool vm_card_arrives(const struct vm_card *card); /* on a network it was not on */
bool vm_card_takes(const struct vm_card *card);   /* an address is chosen or checked */
/* The address that it had is to be released. */
bool vm_card_drops(const struct vm_card *card, unsigned family);
/* The bridge of nodes that a card of the task is plugged into, by any name; NULL = not said. */
const char *vm_net_bridge(const struct vm_case *c, const struct vm_net *net);
/* vm_card_block.c */
void vm_card_block(const struct vm_case *c, struct annot *block); /* write the entries */
/* {slot, network, ip, ...} laid over what the configuration says; where block and configuration differ */
void vm_card_show(const struct annot *block, unsigned slot, json_t *obj);
void vm_card_drift(const struct vm_seen *seen, json_t *list);

/* vm_address.c: which address each card gets */
/* Chosen for all cards of the batch, in its order. err EINVAL, EREMOTE: a guest cannot be read; EBUSY */
must_check int vm_addresses(struct vm_case *cases, size_t n, struct pxc_err *err);
uint64_t vm_addresses_used(const struct vm_case *c); /* by all VMs of its project */
int64_t vm_addresses_asked(const struct vm_case *c); /* more, or less, than it has */

/* vm_ipam.c: PVE's own list of addresses, where a zone has one */
void vm_ipam_steps(struct vm_case *c);   /* register what comes, release what goes */
void vm_ipam_release(struct vm_case *c); /* all, of a VM that is to be removed */
/* Which locks must be held for a step that writes the cards: noted in its args. */
void vm_net_locks(const struct vm_case *c, json_t *args);
bool vm_ipam_zone(const struct vm_case *c, const struct sdn_vnet *v); /* has its zone a list? */
/* The entry of an address, as far as PVE shows them; NULL: there is none. */
const struct vm_ipam *vm_ipam_entry(const struct vm_case *c, const struct sdn_vnet *v,
				    const struct net_ip *ip);
bool vm_ipam_is_of(const struct vm_ipam *entry, const char *mac);
/* The card that an entry is for; NULL: no guest's on any network, as far as that is known. */
const struct network_use *vm_ipam_owner(const struct vm_case *c, const struct vm_ipam *entry);

/* vm_want.c, vm_net.c, vm_device.c: from the spec to a change against base (config texts; {} for a blank VM) */
must_check int vm_want(struct vm_case *c, const json_t *base, struct vm_change *ret,
		       struct pxc_err *err);
must_check int vm_want_nets(const struct vm_case *c, const json_t *base, struct vm_change *ret,
			    struct pxc_err *err);
/* Name servers of its networks, where nobody named others and an address is new. */
void vm_want_dns(const struct vm_case *c, const json_t *base, struct vm_change *ret);
must_check int vm_want_disks(const struct vm_case *c, const json_t *base, struct vm_change *ret,
			     struct pxc_err *err);
/* Does the named flavor give the VM its shape (a new VM, or another flavor than it has)? */
bool vm_reshapes(const struct vm_case *c);
/* The journal that the block carries after the change of configuration; NULL = nothing is left to do. */
const char *vm_journal_after(struct vm_case *c);
const char *vm_root_disk(const json_t *config); /* slot of the boot disk; NULL = diskless */
uint64_t vm_disk_bytes_wanted(
	const struct vm_case *c); /* root disk: named, else the flavor's; 0 = neither */
void vm_set(struct vm_change *c, const char *key, const char *text);
void vm_remove(struct vm_change *c, const char *key);

/* vm_root.c: the root disk from an image or a volume in Ceph */
#define VM_OP_REBUILD                                                                              \
	"rebuild/" /* journal: behind it the volume of the old disk, then "/run" when it ran before */
must_check int vm_root_find(struct vm_case *c, struct pxc_err *err);
void vm_root_name(struct vm_case *c); /* once vmid and uuid are chosen */
/* What goes before the VM is made: leftovers removed, disk cloned, volume reserved. */
void vm_root_steps(struct vm_case *c);
/*
 * The image of a spec in Ceph that its project may use; storage: of the VM. NULL: none. *ret_pool: where it is, or was
 * looked for last; left alone when nothing of Ceph was read.
 */
const struct rbd_seen *vm_root_image(const struct vm_spec *s, const struct vm_world *vw,
				     const char *storage, const struct rbd_pool **ret_pool);
/* "name@version" as key image of the block has it; NULL: not made from an image by name */
const char *vm_root_origin(const struct vm_case *c);
/* Options that the image says and nobody else: ostype, bios, agent. */
void vm_root_defaults(const struct vm_case *c, json_t *want);
json_t *vm_root_clone_args(const struct vm_case *c, const char *disk);

/* vm_image.c: the same among the files of PVE; NULL: not there */
const struct image_file *vm_image_file(const struct vm_case *c);
/* "; as files of PVE there is debian, ubuntu", for people; "" = none; in the arena */
const char *vm_image_file_names(const struct vm_case *c);

/* vm_left.c: what is in Ceph already */
/* What a run that was cut off has left for this VM is removed. */
void vm_root_sweep(struct vm_case *c);
/* A helper plan that removes what runs that were cut off have left unfinished; only where something is made. */
void vm_root_collect(const struct vm_case *cases, size_t n, const struct vm_world *vw,
		     struct pxc_plans *ret);
/* The storage of a VM that is there: where its root disk is, unless the task names another. NULL: not known. */
const char *vm_root_storage(const struct vm_spec *s, const struct vm_seen *have,
			    struct pxc_arena *arena);
const char *vm_drive_storage(const struct vm_seen *have, const char *slot, struct pxc_arena *arena);
unsigned vm_id_vmid(const char *id); /* of "vm.101.0a1b2c3d"; 0 = none */
bool vm_is_boot_volume(const struct vm_spec *s, const struct rbd_seen *image);
/* Who has reserved a volume ("vm.101.0a1b2c3d"); NULL: nobody. */
const char *vm_reservation(const struct rbd_pool *pool, const struct rbd_seen *volume);
/* Nobody's any more: swept with this VM. */
bool vm_is_left(const struct vm_case *c, const struct rbd_seen *image);

/* vm_rebuild.c: another root disk for a VM that is there */
bool vm_rebuilds(const struct vm_case *c);
/* Is one to be done, or to be finished? Then its journal is to be closed. */
bool vm_rebuild_open(const struct vm_case *c);
bool vm_rebuild_ran(const struct vm_case *c); /* the VM ran when it was begun */
/* Stopped and cloned: what goes before the change of configuration. */
must_check int vm_rebuild_steps(struct vm_case *c, struct pxc_err *err);
/* What goes behind it: the old disk is destroyed, the VM switched on again. */
void vm_rebuild_finish(struct vm_case *c, const struct vm_change *change);
const char *vm_rebuild_op(struct vm_case *c); /* journal that goes with it; NULL = none */

/* vm_snapshot.c: snapshots of the whole VM */
/* Has it any? Known without reading the list, but for one rolled back to before all that it still has. */
bool vm_snapshotted(const struct vm_case *c);
size_t vm_snap_count(const struct vm_seen *seen); /* 0 also when the list was not read */
const json_t *vm_snap(const struct vm_seen *seen, const char *name); /* row of PVE's list; NULL */
/* err EBUSY: one is half made; EINVAL: a rollback of a VM that is not there */
must_check int vm_snap_check(const struct vm_case *c, struct pxc_err *err);
void vm_snap_steps(struct vm_case *c); /* removed, described, taken */
void vm_snap_remove_all(struct vm_case *c);
int64_t vm_snaps_asked(const struct vm_case *c);                 /* more, or less, than it has */
json_t *vm_snap_args(const struct vm_case *c, const char *name); /* {node, vmid, snapname} */
json_t *vm_snap_items(const struct vm_seen *seen);               /* for the result; new reference */

/* vm_asks.c: may members name this option of PVE, with that text (null: none), since it stays within the VM? */
bool vm_stays_within(const char *key, const json_t *value);

/* vm_rollback.c */
bool vm_rolls_back(const struct vm_case *c); /* is that to be done, by this run, before all else? */
bool vm_rolled(const struct vm_case *c);     /* has this run done it? */
must_check int vm_rollback_steps(struct vm_case *c, struct pxc_err *err);

/* vm_quota.c: a step that is done under the lock of the project; and one that is when the VM grows by it */
void vm_project_lock(const struct vm_case *c, json_t *args);
void vm_growth_lock(const struct vm_case *c, json_t *args);

/* vm_affinity.c: groups of VMs */
void vm_affinity_block(const struct vm_case *c, struct annot *block);
void vm_affinity_tags(const struct vm_case *c,
		      json_t *tags); /* those of its groups, and no other such */
void vm_affinity_lock(const struct vm_case *c, json_t *args); /* noted in the args of a step */
json_t *vm_affinity_item(const struct annot *block);          /* array of names; new reference */

/* vm_seed.c: what cloud-init reads, as a small RBD image */
#define VM_SEED_SLOT "scsi30"
must_check int vm_seed_decide(struct vm_case *c, struct pxc_err *err);
/* The seed after this change: fills ret->seed and c->seed where it is to be written, and the drive. */
must_check int vm_want_seed(struct vm_case *c, const json_t *base, struct vm_change *ret,
			    struct pxc_err *err);
void vm_seed_step(struct vm_case *c, const struct vm_change *change);
void vm_seed_cleanup(struct vm_case *c); /* the guest has answered: the seed has been read */
/* A card of a seeded VM needs its address before PVE would make one up. New string. */
char *vm_new_mac(const struct vm_case *c, unsigned slot);

/* vm_steps.c: the steps of one VM */
json_t *vm_target(const struct vm_case *c); /* {node, vmid}: what every request about it needs */
must_check int vm_steps(struct vm_case *c, struct pxc_err *err);

/* vm_power.c: on and off */
bool vm_runs(const struct vm_case *c);
bool vm_paused(const struct vm_case *c);
bool vm_restarted(const struct vm_case *c); /* since the task began */
bool vm_runs_then(const struct vm_case *c); /* or is paused, once the plan is done */
bool vm_ha_managed(const struct vm_case *c);
json_t *vm_with_wait(json_t *args, unsigned seconds); /* steals and returns args */
void vm_add_start(struct vm_case *c);
void vm_add_off(struct vm_case *c, bool hard); /* not through the HA manager */
void vm_add_stop(struct vm_case *c);
void vm_add_pause(struct vm_case *c);
void vm_add_restart(struct vm_case *c);
void vm_power_steps(struct vm_case *c);

/* vm_move.c: to the node that its task names. err EINVAL: what stands in its way */
must_check int vm_move_steps(struct vm_case *c, struct pxc_err *err);

/* vm_ha.c: high availability */
must_check int vm_ha_decide(struct vm_case *c, struct pxc_err *err);
/* Taken out before, put in behind all else. err EINVAL: it could not run on another node; EDENIED */
must_check int vm_ha_leave(struct vm_case *c, struct pxc_err *err);
void vm_ha_show_leave(struct vm_case *c); /* in the diff, once that is there */
must_check int vm_ha_join(struct vm_case *c, struct pxc_err *err);
json_t *vm_ha_item(const struct world *w, unsigned vmid); /* for the result; new reference */

/* vm_item.c: what the result and the diff show */
json_t *vm_item(const struct vm_case *c);
json_t *vm_before(const struct vm_case *c);
/* The state after change: before with set and remove applied; NULL change = as before. */
json_t *vm_after(const struct vm_case *c, const json_t *base, const struct vm_change *change);
