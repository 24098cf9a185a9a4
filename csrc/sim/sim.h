/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sim.h - a PVE cluster in memory: the public face. An independent reading of the API; shares nothing with pve/.
 *
 * Deterministic: everything random comes from the seed. Time is the cluster's own: it stands still unless
 * sim_advance() moves it (tests) or the HTTP face couples it to the wall clock times speed. Layer: sim.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct sim;

#define SIM_MAX_NODES 512

struct sim_options {
	unsigned nodes; /* 1..SIM_MAX_NODES: pve1, pve2, ...; 0 = 3 */
	unsigned vms;   /* guests to begin with, spread over the nodes */
	uint64_t seed;
	double speed;             /* cluster seconds per wall second; 0 = tasks end at once */
	const char *cluster_name; /* NULL = "pxcsim"; one node: stand-alone when "" */
	const char *
		apidoc; /* PVE's schema as JSON file: every request is checked against it too; NULL = no */
	const char *faults;                   /* text of a fault script, or NULL */
	const char *world;                    /* JSON text of a starting world, or NULL */
	unsigned pve;                         /* version it plays, 8 or 9; 0 = 9 */
	unsigned node_memory_mib, node_cores; /* per node; 0 = 65536 and 16 */
	int64_t start_s; /* the cluster's clock begins at this second since 1970; 0 = a fixed one */
	/*
	 * A ceph.conf: what storages of type rbd hold is really in that Ceph; without such a storage there is one, "ceph".
	 * NULL = names and sizes only.
	 */
	const char *ceph_conf;
	const char *ceph_pool; /* of such storages that name none; NULL = "rbd" */
	bool ceph_idle;        /* running guests do not keep their images open */
	unsigned
		migration_mbps; /* of each node's link for migrations, Mbit/s each way; 0 = 10000 */
	bool loads_day;         /* every guest has a load that changes over the day (load.h) */
};

struct sim_reply {
	int status; /* HTTP status; 0 = the connection is dropped without an answer */
	char reason[512];
	char *content_type; /* owned; NULL = none */
	char *body;         /* owned; body_len bytes */
	size_t body_len;
	bool close; /* the connection ends after this reply */
	uint32_t
		delay_ms; /* cluster time that passes before the reply (401: 3 s, dead node, slow faults) */
};

must_check int sim_create(const struct sim_options *options, struct sim **ret, struct pxc_err *err);
void sim_free(struct sim *sim);
/*
 * The same as options ceph_conf and ceph_pool, later. Volumes that a storage of type rbd had are forgotten.
 * err: as the first whose cluster cannot be reached says; a missing pool is no failure here.
 */
must_check int sim_ceph_attach(struct sim *sim, const char *conf, const char *pool,
			       struct pxc_err *err);

/*
 * Answer one request. Not thread-safe: one caller at a time.
 *
 * target   path and query as sent: "/api2/json/nodes?x=1"
 * headers  NULL-terminated "Name: value" lines: Authorization, Cookie, CSRFPreventionToken, Content-Type
 */
void sim_request(struct sim *sim, const char *method, const char *target,
		 const char *const *headers, const void *body, size_t body_len,
		 struct sim_reply *ret);
void sim_reply_release(struct sim_reply *reply);

int64_t sim_now_ms(const struct sim *sim);
void sim_advance(struct sim *sim, int64_t ms);

/* A new API token "root@pam!name" without privilege separation; its secret, 36 characters and NUL. */
void sim_token(struct sim *sim, const char *name, char secret[37]);

/* Of root@pam; borrowed. */
const char *sim_password(const struct sim *sim);

/* Something from outside the API happens: "kill"/"revive" a node by name, "noquorum"/"quorum". -1 = unknown. */
int sim_event(struct sim *sim, const char *event, const char *node);
/* What /nodes shows as ssl_fingerprint of every node: "AA:BB:..." */
void sim_set_fingerprint(struct sim *sim, const char *fingerprint);

/* Whole state as JSON, stable order, without volatile fields: for tests that compare worlds. New reference. */
json_t *sim_dump(struct sim *sim);
