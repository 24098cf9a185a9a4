/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * world.h - one snapshot of a cluster, as plain data: what every kind plans against.
 *
 * Filled by modules/world.c from a handful of reads; nothing in it can look anywhere. Strings and arrays
 * live in the run's arena. Layer: cloud (pure).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "annot/annot.h"
#include "base/arena.h"
#include "base/json.h"
#include "cloud/registry.h"

struct world_node {
	const char *name;
	const char *address; /* of its management, as the cluster knows it; NULL = not known */
	bool online;
	double cpus;           /* logical processors; 0 = not known (freshly started) */
	uint64_t memory_bytes; /* physical; 0 = not known */
	double used_cpus;      /* of cpus, at the last round of pvestatd */
	uint64_t used_bytes;   /* likewise; 0 = not known */
	uint64_t disk_bytes, used_disk_bytes; /* of its root disk, likewise */
	uint64_t uptime_s;
};

struct world_guest {
	unsigned vmid;
	bool container; /* LXC: counts as load, is never ours */
	bool is_template;
	const char *node, *name; /* name NULL while PVE has none for it */
	const char *status;      /* running, stopped, unknown, ... as the list of the node says */
	const char *pool;        /* "" = none */
	const char *tags;        /* ";"-joined; "" = none */
	const char *lock;        /* "" = none; "create", "clone", ... */
	const char *qmpstatus;   /* "paused", "running", ...; "" = not asked or not running */
	long pid;                /* of its process on the node; 0 = does not run or not asked */
	const char *ha;          /* HA state wanted ("started"), "" = not an HA resource */
	double cpus;             /* 0 = not known */
	uint64_t memory_bytes;   /* configured; 0 = not known (its node is offline) */
	double used_cpus;        /* of cpus, at the last round of pvestatd; 0 = does not run */
	uint64_t used_bytes;     /* of the node's memory, likewise */
};

struct world_storage {
	const char *node, *name, *type; /* type: dir, rbd, ... */
	const char *content;            /* "images,rootdir", any order */
	bool shared, available;
	uint64_t size_bytes, used_bytes; /* size 0 = not known */
};

struct world_pool {
	const char *poolid;
	const char *comment; /* "" = none */
};

/* A group of PVE: people (cloud/group.h), key pairs and locks are annotations in their comments. */
struct world_group {
	const char *groupid;
	const char *comment; /* "" = none */
	const char *users;   /* PVE's own members, "a@pve,b@pam"; "" = none */
};

struct ha; /* cloud/ha.h */

struct world {
	const char *cluster_name; /* of a stand-alone node: the node's name */
	bool quorate;
	struct world_node *nodes;
	size_t nnodes;
	struct world_guest *guests; /* sorted by vmid */
	size_t nguests;
	struct world_storage *storages;
	size_t nstorages;
	struct world_pool *pools;
	size_t npools;
	struct world_group *groups; /* NULL = not read; see modules/world.h */
	size_t ngroups;
	json_t *options;      /* GET /cluster/options data; kept alive by the run */
	json_t *ha_resources; /* GET /cluster/ha/resources data, likewise; NULL = not read */
	const struct ha *
		ha; /* the resources, and once modules/ha_read.h was asked, all else; NULL = not read */
	/* The registry: datacenter notes. */
	struct annot_text notes;  /* finding NONE: no pxc_cloud yet */
	struct registry registry; /* valid when finding is OK */
	/* Who asks is no admin of the cloud: what is not his project's, nor for all, is not there for him. See modules/permit.h. */
	bool tenant;
};

const struct world_guest *world_guest(const struct world *w,
				      unsigned vmid); /* NULL: no such guest */
const struct world_node *world_node(const struct world *w, const char *name);
const struct world_pool *world_pool(const struct world *w, const char *poolid);
const struct world_group *world_group(const struct world *w, const char *groupid);
/* The storage as node sees it; NULL: not there. content NULL = any. */
const struct world_storage *world_storage(const struct world *w, const char *node, const char *name,
					  const char *content);
/* "rbd", "dir", ...; NULL: no such storage on any node. */
const char *world_storage_type(const struct world *w, const char *name);
/* For a sentence that says that it is not there: pxc_unseen() unless some node has it. Always returns -1. */
int world_storage_unseen(const struct world *w, const char *name, struct pxc_err *err);
bool world_has_tag(const char *tags,
		   const char *tag); /* tags as in world_guest; case does not matter */

/* 8 hex: identifies the cluster a block belongs to (key c). */
void world_cluster_hash(const char *domain, const char *cluster_name, char out[9]);

/*
 * Refuse when nothing may be written here: err EINVAL/EREMOTE with the remedy.
 * no registry ("run pxc_cloud first"), registry tampered or of another cluster, no quorum.
 */
must_check int world_writable(const struct world *w, struct pxc_err *err);
