/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * actor.h - who asks, and may they speak for whom they name? Layer: modules.
 *
 * The action plugin has said who launched the task and where that is known from (options actor, actor_source, actor_login,
 * job_id of the fragment "connection"). Run without it, the program takes the actor of its arguments, of PXC_ACTOR, or the login.
 */
#pragma once

#include "cloud/world.h"
#include "modules/kind.h"

#define ACTOR_SERVICE "svc:" /* of what is no person: "svc:nightly" */
#define ACTOR_MAX 100        /* bytes of a name */

/*
 * Fill actor, actor_source, actor_login and job_id of env from its arguments.
 * err EINVAL: a name that cannot be one: too long, with blanks, commas or control characters, beginning with "@"; a person called
 *             like a service
 */
must_check int actor_find(struct pxc_env *env, struct pxc_err *err);

/*
 * May who launched a job of AWX or Tower speak for the actor it names? Only admins of the cloud may, for services too. Asked as
 * soon as the snapshot is read, in front of the policy. Everywhere else whoever launches a task holds the API token: what is
 * named is only recorded. err EDENIED
 */
must_check int actor_check(struct pxc_env *env, struct world *w, struct pxc_err *err);
