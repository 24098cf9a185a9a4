/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.h - jobs under way: run.c does the steps of one, stream.c says which is next. For these two files. Layer: pve.
 */
#pragma once

#include "pve/client.h"
#include "pve/exchange.h"
#include "pve/tasks.h"
#include "pve/work.h"

struct pve_stream {
	struct pve_job *jobs;
	size_t njobs, next; /* next: all before it are begun, or never will be */
	struct pve_slot *slots;
	size_t nslots, nopen; /* nopen: under way */
	unsigned nfailed;
	bool stirred; /* a job has ended: others may begin */
	const struct pve_limits *limits;
	struct pve_tasks tasks;
};

/* A job under way. */
struct pve_slot {
	struct pve_stream *stream;
	struct pve_job *job; /* NULL = free */
	size_t at;           /* the step under way */
	struct pve_exchange x;
	struct pxc_err x_err;
	struct pve_task task;
	struct pve_work work;
	char *path;     /* of the step, filled in */
	json_t *params; /* of the step, without what the path took */
	int64_t deadline;
	uint32_t wait_ms, look_ms;
	/* What the last look at something awaited said; "" = an answer that was not yet right. */
	char last[300];
};

/* run.c: begin the first step of the slot's job. It may end at once. */
void pve_slot_begin(struct pve_client *pve, struct pve_slot *slot);
/* stream.c: the slot's job has ended; its err and why say how. */
void pve_slot_ended(struct pve_client *pve, struct pve_slot *slot);
