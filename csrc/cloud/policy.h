/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy.h - who may do what. The table of actions is data: schemas/policy.yml, compiled in. Pure. Layer: cloud.
 *
 * Denied unless said otherwise. In this order: a frozen project lets nobody change anything, not even admins; who is on the
 * cloud's deny list may nothing; the cloud's admins may everything; then the best role the project gives the actor, directly
 * or by a group. A project that is not there, carries no token, or a damaged one, gives nobody a role; the sentence is the same, so
 * that nobody learns from it what others have.
 *
 * As long as no admin is named in the registry, or there is none, everybody is one: somebody must name the first. pxc_cloud
 * names whoever makes the registry.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "cloud/world.h"

/* What an action needs, or an actor has; each holds what stands before it. */
enum policy_level {
	POLICY_NONE,   /* of an actor: nothing; of an action: anybody may */
	POLICY_READER, /* of the project */
	POLICY_MEMBER,
	POLICY_MANAGER,
	POLICY_ADMIN, /* of the cloud */
};

extern const char
	*const policy_level_names[]; /* "anybody", "reader", ..., "admin"; ends with NULL */

struct policy_action {
	const char *name; /* "vm.create", as audit records and schemas/policy.yml write it */
	enum policy_level needs;
	bool changes;     /* false: also in a frozen project */
	const char *text; /* "create VMs": completes "alice (member) may not" */
};

extern const struct policy_action policy_actions[];          /* generated; ends with name NULL */
const struct policy_action *policy_action(const char *name); /* NULL: none */

/* One thing that a task asks for. */
struct policy_ask {
	const char *action;
	const char *project; /* NULL = of the cloud, of no project */
	const char *label;   /* the object, for people: "vm acme/web-1"; NULL = none */
};

struct policy_asks {
	struct pxc_arena *arena;
	struct policy_ask *list; /* in the arena */
	size_t n;
};

/* Texts are borrowed for the run. An action that the table does not know is a mistake of ours: abort. */
void policy_ask(struct policy_asks *asks, const char *action, const char *project,
		const char *label);

/* Can the answer depend on groups that were not read (w->groups)? For the run: read them and ask again. */
bool policy_wants_groups(const struct world *w, const char *actor, const struct policy_asks *asks);

/* What the actor is to the project (NULL = to the cloud only): POLICY_ADMIN, a role, or POLICY_NONE. */
enum policy_level policy_level(const struct world *w, const char *actor, const char *project);

/*
 * err EDENIED: "policy: alice (member) may not delete the project acme", and what to do where there is something:
 * of the first that is refused.
 */
must_check int policy_check(const struct world *w, const char *actor,
			    const struct policy_asks *asks, struct pxc_err *err);
