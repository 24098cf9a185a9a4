/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.h - what PVE's access control has, for tests. */
#pragma once

#include "cloud/access.h"

/* All privileges of PVE 8.4 and of PVE 9.2, comma-separated and sorted, as its role Administrator has them. (source: pve-access-control 8.2; recorded) */
extern const char access_privs8[], access_privs9[];

/* A server of that major with PVE's roles, users, ACLs and groups given as JSON (single quotes count as double ones; NULL = none). */
struct access_state access_server(unsigned major, const char *users, const char *acls,
				  const char *groups);
void access_server_release(struct access_state *s);

/*
 * What is wanted, line by line and sorted: "role PXCAudit: Sys.Audit", "group g", "user u@pve (PVE's groups)", "token u@pve!t", "/path Role user u@pve",
 * "/path/ Role user u@pve" (below, too); what is to go with a "-" in front, what is kept with a "=". In the arena.
 */
const char *access_want_text(const struct access_want *want, struct pxc_arena *arena);
