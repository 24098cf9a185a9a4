/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy.h - who may do what. The table of actions is data: schemas/policy.yml, compiled in. Pure. Layer: cloud.
 *
 * Denied unless said otherwise. In this order: who is on the cloud's deny list may nothing; the cloud's admins may everything;
 * then the best role the project gives the actor, directly or by a group. Who may something still may not in a frozen project,
 * where nobody changes anything, not even admins. A project that is not there, carries no token, or a damaged one, gives nobody a role; the sentence is the same, so
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
	bool changes; /* false: the policy lets it pass in a frozen project, too */
	const char *
		text; /* "delete VMs of project {project}": completes "alice (role reader) may not" */
};

extern const struct policy_action policy_actions[];          /* generated; ends with name NULL */
const struct policy_action *policy_action(const char *name); /* NULL: none */

/* One thing that a task asks for. */
struct policy_ask {
	const char *action;
	const char *project; /* NULL = of the cloud, of no project */
	const char *label;   /* the object, for people: "vm acme/web-1"; NULL = none */
	bool again;          /* asked shortly before for another object: decided already */
};

struct policy_asks {
	struct pxc_arena *arena;
	struct policy_ask
		*list; /* in the arena; of each object together, in the order of the batch */
	size_t n, cap;
};

/*
 * Texts are borrowed for the run. An action that the table does not know is a mistake of ours: abort.
 */
void policy_ask(struct policy_asks *asks, const char *action, const char *project,
		const char *label);

/*
 * Can the answer, or whether the actor is an admin of the cloud, depend on groups that were not read (w->groups)? For the run:
 * read them, then check.
 */
bool policy_wants_groups(const struct world *w, const char *actor, const struct policy_asks *asks);

/*
 * What the actor is to the project (NULL = to the cloud only): POLICY_ADMIN, a role, or POLICY_NONE. Groups that were not read
 * hold nobody.
 */
enum policy_level policy_level(const struct world *w, const char *actor, const char *project);
/* The same of the project in a pool; one scan less. pool NULL: of the cloud. */
enum policy_level policy_pool_level(const struct world *w, const char *actor,
				    const struct world_pool *pool);
/* Is the actor on the cloud's deny list? */
bool policy_denied(const struct world *w, const char *actor);
/* Has the project been frozen? */
bool policy_frozen(const struct world *w, const char *project);
/* Always -1, err EDENIED: nothing is changed in it, and how to unfreeze it. */
int policy_refuse_frozen(const char *project, struct pxc_err *err);

/*
 * err EDENIED, http 403: "policy: alice (role member) may not delete project acme: that takes an admin of the cloud": of the
 * first ask that is refused. Who has no role in the project is told the same whether there is one or not.
 */
must_check int policy_check(const struct world *w, const char *actor,
			    const struct policy_asks *asks, struct pxc_err *err);
