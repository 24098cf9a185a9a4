/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tasks.h - the ends of PVE's tasks (UPIDs), many watched by one poll of /cluster/tasks. Layer: pve.
 *
 * A task that the list does not show (it keeps only the latest, and lags behind) is asked for its own status.
 */
#pragma once

#include "pve/exchange.h"

struct pve_task {
	/* in */
	char *upid;       /* owned by the watcher's caller */
	int64_t deadline; /* pve_now_ms(): then it ends with ETIMEOUT, and goes on on the server */
	void (*done)(struct pve_client *pve, struct pve_task *self);
	void *owner;
	/* out, for the time of done() */
	struct pxc_err err; /* kind PXC_OK: ended well */
	char *status;       /* "OK", "WARNINGS: 1" or what went wrong; NULL when not known */
	json_t *warnings;   /* array of the log's WARN lines, or NULL */
	/* the watcher's */
	struct pve_task *next;
	struct pve_tasks *watcher;
	char *path, node[64];
	struct pve_exchange x;
	struct pxc_err x_err;
	json_t *params;       /* of x */
	uint32_t interval_ms; /* of its own polls, where there is no list */
	bool asking, seen;
};

struct pve_tasks {
	struct pve_task *head;
	struct pve_exchange poll;
	struct pxc_err poll_err;
	uint32_t interval_ms;
	bool list_denied; /* the list cannot be had: each task is asked */
	bool alive;       /* poll is submitted */
};

/* Is this data of a reply the id of a task? */
bool pve_is_upid(const json_t *data);

void pve_tasks_init(struct pve_tasks *watcher);
/* Nothing may be watched any more. Takes the poll back, or waits for it. */
void pve_tasks_release(struct pve_client *pve, struct pve_tasks *watcher);

/* Watch task, whose in fields are set; done() is called once. Then call pve_task_release(). */
void pve_task_watch(struct pve_client *pve, struct pve_tasks *watcher, struct pve_task *task);
void pve_task_release(struct pve_task *task);
