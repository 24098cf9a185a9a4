/* SPDX-License-Identifier: GPL-3.0-or-later */
/* migrate.h - every request of a stream of migrations; rows by enum migrate_op of cloud/migrate.h. Layer: modules. */
#pragma once

#include "cloud/migrate.h"
#include "pve/client.h"

extern const struct pve_op migrate_ops[MIGRATE_OPS];

/* Of a guest's status on the node that it leaves: has the HA manager taken the request up, and is it done with it? */
enum pve_judgement migrate_ha_begun(struct pve_look *look);
enum pve_judgement migrate_ha_moved(struct pve_look *look);

/*
 * The lock of whoever moves guests that nobody named: balances and drains exclude each other by it, so that two never work
 * against each other. For a kind's locks(): { LOCK_MIGRATE, NULL }. What was seen before it is held is looked at again.
 */
#define LOCK_MIGRATE "balance"
