/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_migrate.h - between the files qm_migrate*.c. Layer: sim. */
#pragma once

#include "sim/core.h"

/* A line of the log that begins with the time, as these workers write them. */
void qm_migrate_log(struct sim_task *task, const char *fmt, ...) printf_like(2, 3);
/* It ends before anything was sent: "Problem found while scanning volumes - ...". The lock goes. returns -1 */
int qm_migrate_abort_phase1(struct sim_task *task, const char *fmt, ...) printf_like(2, 3);

/* It ends before it has begun. returns -1 */
int qm_migrate_abort(struct sim_task *task, const char *why);
/* It failed while the guest was on its way, which goes on where it was. returns -1 */
int qm_migrate_abort_phase2(struct sim_task *task, struct sim_guest *g, const char *why);
/* The guest is no longer under way, and not locked for it. */
void qm_migrate_unlock(struct sim_guest *g);
/* "migration finished successfully (duration ...)" */
void qm_migrate_log_end(struct sim_task *task);

/* Bytes of local volumes to copy: before the guest moves, and while it runs. */
struct qm_copies {
	uint64_t offline_bytes, online_bytes;
};

/* Can the guest go at all? NULL = yes; otherwise why not, new string. */
char *qm_migrate_prepare(struct sim_task *task, const struct sim_guest *g,
			 const struct sim_node *to);
/* What has to be copied; 0, or -1 with the task failed. */
int qm_migrate_scan(struct sim_task *task, const struct sim_guest *g, const struct sim_node *to,
		    struct qm_copies *ret);
/* Why a volume has no place on the other node; NULL = it has. storages: parameter targetstorage or NULL. New string. */
char *qm_storage_trouble(const struct sim_guest *g, const struct sim_node *to, const char *volid,
			 const char *storages);
