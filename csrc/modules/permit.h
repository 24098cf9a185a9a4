/* SPDX-License-Identifier: GPL-3.0-or-later */
/* permit.h - may the actor of this run do what its task asks for? Layer: modules. */
#pragma once

#include "cloud/world.h"
#include "modules/kind.h"

/*
 * Ask the policy, with a snapshot that has been read just now. Groups of people are read when the answer can depend on them:
 * one request. w->tenant is set. A kind that does not say what its tasks ask for is for the cloud's admins.
 * err EDENIED: the policy's sentence
 */
must_check int permit(struct pxc_env *env, struct world *w, struct pxc_err *err);
