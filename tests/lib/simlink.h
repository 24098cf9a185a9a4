/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * simlink.h - the simulator in this process as a transport, on the simulator's own time.
 *
 * A request is answered when it starts; its reply comes out of next() when the cluster's clock has reached its time.
 * With no reply due, next() moves that clock on, so that a test of an hour's work takes milliseconds.
 */
#pragma once

#include "base/buf.h"
#include "pve/transport.h"
#include "sim/sim.h"

struct simlink {
	struct sim *sim; /* borrowed; must outlive the transport */
	/*
	 * "Kill" the client at its n-th request (1 = first; 0 = never): before it reaches the simulator, or after the
	 * simulator worked on it but before the answer is read. From then on nothing reaches the simulator and the
	 * client sees only dead connections; a new transport (with a new client) plays the next run.
	 */
	unsigned long kill_before, kill_after;
	unsigned long
		requests; /* out: that reached the simulator, or would have but for the kill */
	bool killed;      /* out */
	/* Called when the simulator has worked on a request, before its answer is on its way; may be NULL. */
	void (*meanwhile)(void *context, const char *method, const char *path);
	void *context;
	bool record;
	struct pxc_buf
		log; /* out, with record: "POST /nodes/pve1/qemu vmid=100&...\n" for each; release it */
	unsigned under_way, most; /* out: most requests under way at once */
};

struct pve_transport *simlink_create(struct simlink *link);
