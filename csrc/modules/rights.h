/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rights.h - what the API user may do, asked before PVE has to refuse it, or leaves it out. Layer: modules. */
#pragma once

#include "cloud/world.h"
#include "modules/kind.h"

/* Is any of privs ("VM.Audit", "A|B") held on path ("/vms")? One request. (api: GET /access/permissions) */
must_check int rights_held(struct pxc_env *env, const char *privs, const char *path, bool *ret,
			   struct pxc_err *err);

/*
 * A task failed for want of something that was not seen (err->unseen): unless the API user would see it there, the sentence
 * goes on to say which right that needs. Asks nothing else. (api: GET /access/permissions)
 */
void rights_explain(struct pxc_env *env, struct pxc_err *err);

/*
 * PVE's lists leave out what the API user may not see. Where the snapshot has no guest, no pool or no storage, and the
 * right to see any is held nowhere: EDENIED naming it. A snapshot that has all of them asks nothing.
 */
must_check int rights_check_lists(struct pxc_env *env, const struct world *w, struct pxc_err *err);
/* The same for bridges, n of which were seen on all nodes together: every node has one. */
must_check int rights_check_bridges(struct pxc_env *env, size_t n, struct pxc_err *err);
