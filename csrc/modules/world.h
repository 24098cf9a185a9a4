/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world.h - reads the snapshot that plans are made against. Layer: modules. */
#pragma once

#include "cloud/world.h"
#include "modules/kind.h"

enum world_detail {
	WORLD_LISTS, /* five reads: /cluster/resources, status, options, ha/resources, /pools */
	WORLD_LIVE, /* and /nodes/{n}/qemu of every online node: status, name, tags, lock and pid of this moment,
		      * while /cluster/resources may lag ten seconds behind */
	WORLD_POWER, /* that list in full, which also tells who is paused */
};

/*
 * The policy is asked (modules/permit.h) before anything else is read, so no kind can forget it.
 *
 * Reads side by side. Any of them failing fails the whole: half a world is none. A missing right is EDENIED
 * naming it, never an empty list (rights.h: one read more where a list is empty).
 */
must_check int world_read(struct pxc_env *env, enum world_detail detail, struct world **ret,
			  struct pxc_err *err);

/* From replies to nodes, guests, storages and pools of w. status and pools NULL: were not read. The replies must outlive w. */
void world_take(struct world *w, struct pxc_arena *arena, const json_t *resources,
		const json_t *status, const json_t *pools);

/*
 * Read PVE's groups into w, if they are not there yet: one request. A comment is only shown to who may see it (User.Modify,
 * Sys.Audit or Group.Allocate on /access/groups). (api: GET /access/groups)
 */
must_check int world_groups_read(struct pxc_env *env, struct world *w, struct pxc_err *err);

/* observe() of kinds that are planned against lists and groups alone; their world is a struct world. */
must_check int world_observe_groups(struct pxc_env *env, void *batch, void **ret_world,
				    struct pxc_err *err);

/*
 * Does a guest have this number, though it is in no list? Lists leave out what the API user may not see, this question
 * does not. Not known counts as yes. (api: GET /cluster/nextid refuses a number that is taken)
 */
bool world_hides(struct pxc_env *env, unsigned vmid);
