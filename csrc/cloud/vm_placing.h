/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_placing.h - what the files that place VMs share; nobody else includes it. Layer: cloud. */
#pragma once

#include "base/buf.h"
#include "cloud/affinity.h"
#include "cloud/vm_batch.h"

#define CORE 1000 /* millicores */

struct site {
	const struct world_node *node;
	bool usable;                /* online, and not in maintenance */
	int64_t mem, cpu;           /* MiB and millicores for guests */
	int64_t used_mem, used_cpu; /* of all guests; of the new ones once they are placed */
};

struct vm_placing {
	const struct world *w;
	struct pxc_arena *arena;
	struct site *sites; /* in the order of the world's nodes */
	size_t nsites;
	const struct vm_case *cases; /* the whole batch */
	size_t ncases;
	struct vm_case **who; /* the new VMs */
	struct vm_shape *shapes;
	bool *relaxed; /* may be where it should not, since no node where it should be takes it */
	size_t n;
	struct affinity_rules rules; /* that new VMs are in */
	struct classes {
		json_t *by_key; /* owned; what VMs need -> index into list */
		struct class
		{
			const char **nodes;
			size_t n;
		} * list;
		size_t n, cap;
	} classes;
};

/* Why the node cannot have the VM, whatever room it has; NULL = it can. */
const char *vm_site_unusable(const struct vm_case *c, const struct site *s);
/* "has 2048 MiB left" */
void vm_say_room(struct pxc_buf *out, const struct site *s, const struct vm_shape *shape);

/* vm_place_rules.c: what affinity groups and HA rules say */
bool vm_place_concerns(const struct vm_case *c); /* is it to be placed, or moved? */
must_check int vm_place_rules(struct vm_placing *p, struct pxc_err *err);
/* Where the VM should and may be; NULL = anywhere. */
const struct affinity_bound *vm_bound(const struct vm_placing *p, const struct vm_case *c);
/* relaxed: it may be where it should not */
bool vm_bound_allows(const struct affinity_bound *b, bool relaxed, const char *node);
/* The first member that is, or is not, where the VM would be: "has member 101 of rule acme/web"; NULL = none. */
const char *vm_rule_refuses(const struct vm_placing *p, const struct vm_case *c, const char *node);
