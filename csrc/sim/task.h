/* SPDX-License-Identifier: GPL-3.0-or-later */
/* task.h - workers, timers and the cluster's log: what takes time. A part of core.h, which includes it. Layer: sim. */
#pragma once

#include "sim/core.h"

/*
 * The work of a task, called in stages: stage 0 inside the request (right after PVE's fork), stage 1 when the
 * time it returned is over, and so on. Between stages the world goes on; look guests up again by number.
 *
 * returns  > 0  cluster milliseconds until the next stage (with speed 0: at once)
 *          0    done
 *          -1   failed: sim_task_fail() was called
 */
typedef int64_t sim_work_fn(struct sim_task *task);

struct sim_task_kind {
	const char *type; /* "qmcreate" */
	sim_work_fn *work;
	void (*abort)(
		struct sim_task
			*task); /* NULL, or cleans up when the task is stopped or its node dies */
};

struct sim_task {
	struct sim *sim;
	const struct sim_task_kind *kind;
	struct sim_node *node;
	char *upid, *id, *user; /* user without token */
	char *tokenid;          /* NULL = none */
	uint32_t pid, pstart;
	int64_t start_ms, end_ms; /* end_ms 0 = running */
	int64_t next_ms;          /* when the next stage is due */
	unsigned stage;
	unsigned vmid; /* handy number; 0 = none */
	json_t *args;  /* owned; what the work needs */
	json_t *log;   /* array of strings */
	unsigned warnings;
	char *status;          /* owned; exit status, NULL = running */
	bool hung;             /* by a fault: never ends */
	bool repeat;           /* the next stage is this one again (sim_task_lock) */
	int64_t lock_since_ms; /* since when it waits for a lock file; 0 = does not */
	struct sim_task *next_running;
	struct sim_guest *held; /* whose config lock file it holds, NULL = none */
	void *data; /* of the work; free_data(data) is called when the task is forgotten */
	void (*free_data)(void *data);
};

/*
 * Start a task on call->node as the caller, set call->data to its UPID and run stage 0. Always returns 0:
 * a failing worker is no failing request.
 *
 * id    the UPID's id field, "" allowed      args  stolen; NULL = {}
 */
int sim_task_start(struct sim_call *call, const struct sim_task_kind *kind, const char *id,
		   unsigned vmid, json_t *args);
/* The same, with data that is the task's from its first stage on; free_data(data) is called in the end. */
int sim_task_start_with(struct sim_call *call, const struct sim_task_kind *kind, const char *id,
			json_t *args, void *data, void (*free_data)(void *data));
/* The same without a request, as root@pam (HA manager, startall). The task is borrowed. */
struct sim_task *sim_task_start_on(struct sim *sim, struct sim_node *node,
				   const struct sim_task_kind *kind, const char *id, unsigned vmid,
				   json_t *args);
void sim_task_log(struct sim_task *task, const char *fmt, ...) printf_like(2, 3);
void sim_task_warn(struct sim_task *task, const char *fmt, ...)
	printf_like(2, 3); /* "WARN: ..." and counts */
int sim_task_fail(struct sim_task *task, const char *fmt, ...) printf_like(2, 3); /* returns -1 */
/*
 * Take the guest's config lock file for the task; it is released by itself when the task ends.
 * returns 0 held now; otherwise return the value from the work at once: the stage is run again later, or
 * the task fails after 10 s ("trying to acquire lock...", "can't lock file ... - got timeout")
 */
int64_t sim_task_lock(struct sim_task *task, struct sim_guest *guest);

/* Run fn once after delay_ms of cluster time (with speed 0: from the next sim_request or sim_advance on). ctx is stolen. */
typedef void sim_timer_fn(struct sim *sim, json_t *ctx);
void sim_later(struct sim *sim, int64_t delay_ms, sim_timer_fn *fn, json_t *ctx);

/* An entry of /cluster/log. */
void sim_log(struct sim *sim, const struct sim_node *node, const char *user, const char *fmt, ...)
	printf_like(4, 5);
