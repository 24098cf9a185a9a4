/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * work.h - steps that are no requests but functions that block (Ceph): a few threads, which touch nothing of the client.
 *
 * Submitting and ending happen in the thread of the loop; only the function itself runs elsewhere. Layer: pve.
 */
#pragma once

#include "pve/client.h"

#define PVE_WORKERS 8

struct pve_work {
	struct pve_work *next;
	pve_work_fn *fn;
	void *context;      /* borrowed, as are args */
	const json_t *args; /* not written to by anybody while the work is under way */
	void (*done)(struct pve_client *pve, struct pve_work *work); /* in the loop's thread */
	void *owner;
	/* out */
	json_t *data; /* new reference for done(), or NULL */
	struct pxc_err err;
};

struct pve_workers;

/* Begin; threads are started as they are needed. work must stay until done() was called. */
void pve_work_submit(struct pve_client *pve, struct pve_work *work);
/* Call done() for what has ended; true when there was any. */
bool pve_work_drain(struct pve_client *pve);
bool pve_work_under_way(const struct pve_client *pve);
/* Wait, in real time, until some work ends or wait_ms have passed. */
void pve_work_wait(struct pve_client *pve, uint32_t wait_ms);
/* All work must have ended. */
void pve_workers_free(struct pve_workers *workers);
