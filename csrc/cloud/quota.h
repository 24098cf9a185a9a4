/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * quota.h - what a project may use. Usage is never stored: it is counted from what is there. Pure. Layer: cloud.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum quota_key {
	QUOTA_INSTANCES,
	QUOTA_CORES,
	QUOTA_RAM_MB,
	QUOTA_VOLUMES,
	QUOTA_VOLUME_GB,
	QUOTA_SNAPSHOTS,
	QUOTA_IMAGE_GB,
	QUOTA_NETWORKS,
	QUOTA_SUBNETS,
	QUOTA_IPS,
	QUOTA_SECGROUPS,
	QUOTA_SECGROUP_RULES,
	QUOTA_KEYPAIRS,
	QUOTA_AFFINITY_GROUPS,
	QUOTA_KEYS,
};

extern const char *const
	quota_names[QUOTA_KEYS]; /* "instances", "cores", ... as users and annotations write them */

#define QUOTA_UNSET INT64_MIN /* not named: the cloud's default counts */
#define QUOTA_UNLIMITED (-1)

struct quota {
	int64_t v[QUOTA_KEYS];
};

struct quota quota_unset(void);
int quota_find(const char *name); /* index, or -1 */

/* Own value, else the cloud's default, else the built-in one (OpenStack's well-known ones). */
struct quota quota_effective(const struct quota *own, const struct quota *cloud);

/*
 * Refuse what does not fit. A key that is asked for nothing, or less, never refuses: what is over its limit already
 * may shrink.
 * err EINVAL: "quota: ram_mb used 49152 + asked 8192 > limit 51200", several joined by "; "
 */
must_check int quota_check(const struct quota *limit, const struct quota *used,
			   const struct quota *asked, struct pxc_err *err);
