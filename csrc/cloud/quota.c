/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/quota.h"

#include "base/buf.h"
#include "base/str.h"

const char *const quota_names[QUOTA_KEYS] = {
	[QUOTA_INSTANCES] = "instances", [QUOTA_CORES] = "cores",
	[QUOTA_RAM_MB] = "ram_mb",       [QUOTA_VOLUMES] = "volumes",
	[QUOTA_VOLUME_GB] = "volume_gb", [QUOTA_SNAPSHOTS] = "snapshots",
	[QUOTA_IMAGE_GB] = "image_gb",   [QUOTA_NETWORKS] = "networks",
	[QUOTA_SUBNETS] = "subnets",     [QUOTA_IPS] = "ips",
	[QUOTA_SECGROUPS] = "secgroups", [QUOTA_SECGROUP_RULES] = "secgroup_rules",
	[QUOTA_KEYPAIRS] = "keypairs",   [QUOTA_AFFINITY_GROUPS] = "affinity_groups",
};

static const int64_t builtin[QUOTA_KEYS] = {
	[QUOTA_INSTANCES] = 10, [QUOTA_CORES] = 20,           [QUOTA_RAM_MB] = 51200,
	[QUOTA_VOLUMES] = 10,   [QUOTA_VOLUME_GB] = 1000,     [QUOTA_SNAPSHOTS] = 10,
	[QUOTA_IMAGE_GB] = 100, [QUOTA_NETWORKS] = 10,        [QUOTA_SUBNETS] = 100,
	[QUOTA_IPS] = 500,      [QUOTA_SECGROUPS] = 10,       [QUOTA_SECGROUP_RULES] = 100,
	[QUOTA_KEYPAIRS] = 100, [QUOTA_AFFINITY_GROUPS] = 10,
};

struct quota quota_unset(void)
{
	struct quota q;

	for (int i = 0; i < QUOTA_KEYS; i++)
		q.v[i] = QUOTA_UNSET;
	return q;
}

int quota_find(const char *name)
{
	for (int i = 0; i < QUOTA_KEYS; i++)
		if (str_eq(quota_names[i], name))
			return i;
	return -1;
}

struct quota quota_effective(const struct quota *own, const struct quota *cloud)
{
	struct quota q;

	for (int i = 0; i < QUOTA_KEYS; i++) {
		q.v[i] = own->v[i];
		if (q.v[i] == QUOTA_UNSET)
			q.v[i] = cloud->v[i];
		if (q.v[i] == QUOTA_UNSET)
			q.v[i] = builtin[i];
	}
	return q;
}

int quota_check(const struct quota *limit, const struct quota *used, const struct quota *asked,
		struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	for (int i = 0; i < QUOTA_KEYS; i++) {
		if (limit->v[i] < 0 || asked->v[i] <= 0 || asked->v[i] <= limit->v[i] - used->v[i])
			continue;
		buf_printf(&text, "%s%s used %lld + asked %lld > limit %lld",
			   text.len ? "; " : "quota: ", quota_names[i], (long long)used->v[i],
			   (long long)asked->v[i], (long long)limit->v[i]);
	}
	return text.len ? pxc_fail(err, PXC_EINVAL, "%s", buf_str(&text)) : 0;
}
