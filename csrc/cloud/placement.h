/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * placement.h - which node takes which new VM: greedy, deterministic, the whole batch together. Pure. Layer: cloud.
 *
 * Largest request first; each goes to the node whose share (the larger of its memory share and its core share) is then
 * lowest, ties by name. Stopped guests count in full: they may be started.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct place_node {
	const char *name;
	bool online;
	double cores;          /* capacity after over-commit */
	uint64_t memory_bytes; /* capacity after over-commit and reserve */
	double used_cores;     /* by guests; grows as requests are placed */
	uint64_t used_bytes;
};

struct place_request {
	const char *label; /* "vm acme/web-1" */
	const char *fixed; /* node that was named; NULL = any */
	double cores;
	uint64_t memory_bytes;
	/* Can the node reach what the VM needs (storages, bridges, its template)? NULL = yes, else why not. */
	const char *(*unfit)(const struct place_request *rq, const struct place_node *node);
	const void *context;           /* for unfit */
	const struct place_node *node; /* out */
};

/*
 * Place all requests. A named node is taken even when its memory is over its share (the user said so), but not when
 * it is offline or unfit.
 * err EINVAL: "no node can take vm acme/web-1 (8192 MiB, 4 cores): pve1 has 2048 MiB left, pve2 is offline"
 */
must_check int place_all(struct place_node *nodes, size_t nnodes, struct place_request *requests,
			 size_t nrequests, struct pxc_err *err);
