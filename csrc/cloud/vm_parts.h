/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_parts.h - what the files of cloud/vm_*.c share; nobody else includes it. Layer: cloud. */
#pragma once

#include "cloud/vm.h"

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
	struct pxc_plan *plan;
};

/* A change of configuration: what is sent in one config call, and what needs calls of its own. */
struct vm_change {
	json_t *set;    /* key -> text */
	json_t *remove; /* array of keys */
	json_t *resize; /* array of {disk, size, why} */
	json_t *unlink; /* array of slots whose data is destroyed */
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
const char *vm_smbios_uuid(const json_t *config, char out[37]); /* "" when it has none */

/* vm_block.c: the VM's own annotation */
#define VM_OP_CLONE "clone" /* journal: cloned, its configuration is not written yet */
#define VM_OP_START "start" /* journal: its first start is due */
void vm_block_id(unsigned vmid, const char *uuid, char out[64]);
/* The block as it should be. op NULL = no journal. r, at and by are those of a change. */
void vm_block(const struct vm_case *c, const char *op, struct annot *ret);
/* Does the block there say all that the wanted one does (r, at, by aside)? */
bool vm_block_same(const struct annot *have, const struct annot *want);
/* The notes as they should be: the human's text (named, or as found) and the block. New string. */
char *vm_notes(const struct vm_case *c, const struct annot *block);

/* vm_want.c, vm_device.c: from the spec to a change against base (config texts; {} for a blank VM) */
must_check int vm_want(const struct vm_case *c, const json_t *base, struct vm_change *ret,
		       struct pxc_err *err);
must_check int vm_want_nets(const struct vm_case *c, const json_t *base, struct vm_change *ret,
			    struct pxc_err *err);
must_check int vm_want_disks(const struct vm_case *c, const json_t *base, struct vm_change *ret,
			     struct pxc_err *err);
/* Does the named flavor give the VM its shape (a new VM, or another flavor than it has)? */
bool vm_reshapes(const struct vm_case *c);
const char *vm_root_disk(const json_t *config); /* slot of the boot disk; NULL = diskless */
uint64_t vm_disk_bytes_wanted(
	const struct vm_case *c); /* root disk: named, else the flavor's; 0 = neither */
void vm_set(struct vm_change *c, const char *key, const char *text);
void vm_remove(struct vm_change *c, const char *key);

/* vm_steps.c: the steps of one VM */
must_check int vm_steps(struct vm_case *c, struct pxc_err *err);

/* vm_item.c: what the result and the diff show */
json_t *vm_item(const struct vm_case *c);
json_t *vm_before(const struct vm_case *c);
/* The state after change: before with set and remove applied; NULL change = as before. */
json_t *vm_after(const struct vm_case *c, const json_t *base, const struct vm_change *change);
