/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_batch.h - what concerns all VMs of a task together; see vm_plan.c. Layer: cloud. */
#pragma once

#include "cloud/vm_parts.h"

/*
 * vm_ceiling.c: may one VM be as large? One that is above a ceiling already may stay so, and shrink.
 * err EINVAL: "vm acme/web: cores asked 9 > 8, the most this cloud gives one VM"
 */
must_check int vm_check_ceiling(const struct vm_case *c, struct pxc_err *err);

/*
 * vm_quota.c: does the batch fit its projects' quotas and the cloud's ceilings for one VM? Counted from the snapshot, as a
 * whole: three VMs that do not all fit are refused before the first is made.
 * err EINVAL: "project acme: quota: cores used 4 + asked 4 > limit 6"
 */
must_check int vm_check_quota(struct vm_case *cases, size_t n, struct pxc_err *err);
/*
 * Count again what this run has made: somebody whom no lock holds up may have been there meanwhile. Where a project is over
 * its limit, cases of VMs that the run made, the youngest first, get a sentence (over), and are to be taken back.
 */
must_check int vm_recount(struct vm_case *cases, size_t n, struct pxc_err *err);

/*
 * The affinity groups that VMs of the batch are to be in, once VMIDs are chosen; cases point at ret.
 * err EINVAL: a group that is not there; as affinity_check()
 */
must_check int vm_affinity(struct vm_case *cases, size_t n, struct vm_affinity *ret,
			   struct pxc_err *err);
/* Helper plans that bring the HA rules of their groups to what is there; who changes that asks for another round. */
void vm_affinity_steps(struct vm_case *cases, size_t n, struct pxc_plans *ret);

/* vm_shape.c */
struct vm_shape {
	int64_t cores, ram_mb;
};
/* As it is to be: over what it has or its template has. */
struct vm_shape vm_shape_wanted(const struct vm_case *c);
/* What counts of it now: what waits for a restart does already, since nobody is asked when that comes. */
struct vm_shape vm_shape_now(const struct vm_seen *seen);
/* The largest that it will have been when the plan is done: what it shrinks by may wait for a restart. */
struct vm_shape vm_shape_then(const struct vm_case *c);

/*
 * vm_place.c: give every new VM its node, all of them together; so that memory and cores assigned to guests are spread evenly.
 * Stopped guests count in full: they may be started.
 * err EINVAL: for each node the reason why not: "no node can take vm acme/web-1 (8192 MiB, 4 cores): pve1 has 2048 MiB left,
 * pve2 is offline, pve3 has no bridge vmbr7"
 */
must_check int vm_place(struct vm_case *cases, size_t n, const struct vm_world *vw,
			struct pxc_arena *arena, struct pxc_err *err);
/* vm_reach.c: can the node reach what the new VM needs (storages, bridges, template, image, processor)? NULL, or why not. */
const char *vm_unfit(const struct vm_case *c, const char *node);
/* The first of these that no node is seen to have, as PVE's permissions name it ("/storage/ceph"); NULL = none. */
const char *vm_unseen(const struct vm_case *c);
bool vm_node_has_bridge(const struct vm_world *vw, const char *node,
			const char *bridge); /* or is not known */
/* Why a VM that moves may not be there by its affinity groups and HA rules; NULL = it may. */
const char *vm_rules_refuse(const struct vm_case *c, const char *node);
/* Equal for VMs that need the same; in the arena. */
const char *vm_needs_text(const struct vm_case *c);
/* [{"node", "rank"} or {"node", "why"}] of a new VM once all are placed; new reference. */
json_t *vm_candidates(const struct vm_case *c);

/* Helper plans that fetch missing images, each once per storage (per node where it is not shared), before the VMs. */
void vm_downloads(struct vm_case *cases, size_t n, const struct vm_world *vw,
		  struct pxc_plans *ret);

/* Why the node cannot take the image of a new VM (in text), or NULL. */
const char *vm_image_unfit(const struct vm_case *c, const struct vm_world *vw, const char *node,
			   char *text, size_t size);

/* Bytes of an import volume; 0 = not known (not there yet). */
uint64_t vm_image_bytes(const struct vm_world *vw, const char *volume);
