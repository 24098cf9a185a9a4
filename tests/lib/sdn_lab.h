/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_lab.h - a simulated cluster for tasks of pxc_sdn: two projects, and a zone for their networks. */
#pragma once

#include "lib/task.h"

/* pve: 8 or 9. Projects acme and beta; tenant zone "tenant" of VLANs 100 to 199 on vmbr0, which is not made yet. */
void sdn_lab_create(struct lab *lab, unsigned pve, uint64_t seed);

/* Somebody else's request, when its answer does not matter. */
void sdn_lab_ask(struct lab *lab, const char *method, const char *path, const char *form);
/* Rules of a fault script from now on; "" = none. */
void sdn_lab_faults(struct lab *lab, const char *rules);

/* What runs, or is configured: "tenant / nb0 nb1 / tenant-10.0.0.0-24", its zones, vnets and subnets. New string. */
char *sdn_lab_state(struct lab *lab, bool running);
/* Is the SDN locked by anybody? */
bool sdn_lab_locked(struct lab *lab);
/* Fails the test when something is configured that does not run, the SDN is locked, or a lock of a run was left. */
void sdn_lab_is_clean(struct lab *lab);
