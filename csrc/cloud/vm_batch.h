/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_batch.h - what concerns all VMs of a task together; see vm_plan.c. Layer: cloud. */
#pragma once

#include "cloud/vm_parts.h"

/*
 * Does the batch fit its projects' quotas and the cloud's ceilings for one VM? Counted from the snapshot, as a whole:
 * three VMs that do not all fit are refused before the first is made.
 * err EINVAL: "project acme: quota: cores used 4 + asked 4 > limit 6"
 */
must_check int vm_check_quota(const struct vm_case *cases, size_t n, struct pxc_err *err);

/*
 * The affinity groups that VMs of the batch are to be in, once VMIDs are chosen; cases point at ret.
 * err EINVAL: a group that is not there; as affinity_check()
 */
must_check int vm_affinity(struct vm_case *cases, size_t n, struct vm_affinity *ret,
			   struct pxc_err *err);
/* Helper plans that bring the HA rules of their groups to what is there; who changes that asks for another round. */
void vm_affinity_steps(struct vm_case *cases, size_t n, struct pxc_plans *ret);

/* Give every new VM its node. err EINVAL: for each node the reason why not. */
must_check int vm_place(struct vm_case *cases, size_t n, const struct vm_world *vw,
			struct pxc_arena *arena, struct pxc_err *err);

/* Helper plans that fetch missing images, each once per storage (per node where it is not shared), before the VMs. */
void vm_downloads(struct vm_case *cases, size_t n, const struct vm_world *vw,
		  struct pxc_plans *ret);

/* Why the node cannot take the image of a new VM (in text), or NULL. */
const char *vm_image_unfit(const struct vm_case *c, const struct vm_world *vw, const char *node,
			   char *text, size_t size);

/* Bytes of an import volume; 0 = not known (not there yet). */
uint64_t vm_image_bytes(const struct vm_world *vw, const char *volume);
