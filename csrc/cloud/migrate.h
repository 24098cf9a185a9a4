/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * migrate.h - the steps by which one guest of the stream of a balance or a drain moves. Pure. Layer: cloud.
 *
 * Looks come first, right before the request: is the guest still where it was, unlocked and as it ran when it was planned, is the
 * move still worth it, and has the target the memory? A move for which that is not so any more is dropped, which is no failure.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "cloud/plan.h"

/* Rows of migrate_ops (modules/migrate.h), which may be a kind's whole table. */
enum migrate_op {
	MIGRATE_STILL, /* gate: the guest is there, as it was */
	MIGRATE_WORTH, /* gate: loads have not changed so that nothing is gained; looks for a while */
	MIGRATE_ROOM,     /* gate: the target has the memory; waits for it */
	MIGRATE_SEND,     /* the request; without HA its task is the whole move */
	MIGRATE_HA_BEGUN, /* the HA manager has taken the request up */
	MIGRATE_HA_MOVED, /* it is at it no more; fails at once where the guest stayed */
	MIGRATE_THERE,    /* the target knows the guest */
	MIGRATE_OPS
};

/*
 * A move for load is worth it while to * what is in use on the target, less from * what is in use on the source, is no more than
 * limit. Of memory (MiB) and processors (millicores); only the ratio of the five numbers counts.
 */
struct migrate_worth {
	double to[2], from[2], limit;
};

struct migration {
	unsigned vmid;
	const char *from, *to;
	bool running;      /* else it is moved offline, and needs no memory */
	bool ha;           /* an HA resource: the HA manager moves it */
	int64_t need_mib;  /* memory it will take on the target */
	int64_t limit_mib; /* of memory in use there, with the guest; 0 = not looked at */
	const struct migrate_worth *worth; /* NULL = in any case */
	uint32_t room_s;     /* how long room is waited for before the move is dropped; 0 = 60 */
	uint32_t wait_s;     /* for the move itself; 0 = 3600 */
	bool local_disks;    /* has disks that must be copied */
	unsigned max_into;   /* moves into "to" at a time; 0 = 1 */
	unsigned max_out_of; /* moves out of "from" at a time; 0 = 1 */
	const json_t *
		more; /* borrowed; more parameters of the request (bwlimit, targetstorage), or NULL */
};

/* Appends the steps, and sets "uses" and "about" of the plan; their texts live in arena. */
void migrate_plan(struct pxc_plan *plan, const struct migration *m, struct pxc_arena *arena);
