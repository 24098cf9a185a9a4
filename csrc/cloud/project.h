/* SPDX-License-Identifier: GPL-3.0-or-later */
/* project.h - projects: a pool with a token in its comment. Pure half of the kind. Layer: cloud. */
#pragma once

#include "cloud/plan.h"
#include "cloud/policy.h"
#include "cloud/project_block.h"
#include "cloud/sdn.h"
#include "cloud/world.h"

enum project_op {
	PROJECT_CREATE,
	PROJECT_WRITE,
	PROJECT_DELETE,
	PROJECT_VM_HA_REMOVE,
	PROJECT_VM_STOP,
	PROJECT_VM_DELETE,
	PROJECT_VM_CONFIG,
	PROJECT_IPAM_REMOVE,
	PROJECT_KEYPAIR_REMOVE,
	PROJECT_OPS,
};

enum roles_mode { ROLES_EXACT, ROLES_ADD, ROLES_REMOVE };

struct project_spec {
	const char *label; /* "project acme" */
	const char *name, *poolid;
	bool absent, adopt, purge, reseal;
	bool freeze, unfreeze;   /* state: frozen, or present, was named */
	const char *description; /* NULL = untouched */
	const char *ha;          /* word of ha_policy_names; NULL = untouched */
	struct quota quota;      /* named keys; QUOTA_UNSET = untouched */
	bool roles_named[PROJECT_ROLES];
	const char *const *roles[PROJECT_ROLES];
	enum roles_mode mode;
};

struct project_batch {
	struct project_spec *specs;
	size_t nspecs;
	const char *stamp, *actor;
};

struct project_world {
	const struct world *w;
	json_t *owned; /* VMID as text -> name of the project its intact block says; only read for purges */
	json_t *registered; /* VMID as text -> what PVE's IPAM has for it: see network_registered() */
	/* Of projects that are to go: VMID as text of the VM that holds its volumes -> project; project -> array of what is left of these. */
	json_t *holders, *volumes;
	const struct sdn *sdn; /* when one is to go; NULL = the API user may not see networks */
};

/* project_asks.c: what the task asks for; see struct pxc_kind. */
void project_asks(const struct project_batch *batch, const struct world *w,
		  struct policy_asks *ret);

must_check int project_plan(const struct project_batch *batch, const struct project_world *pw,
			    struct pxc_plans *ret, struct pxc_err *err);

/* A project as results show it; NULL when the pool carries none. New reference. */
json_t *project_item(const struct world *w, const struct world_pool *pool);
