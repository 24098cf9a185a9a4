/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render_rows.c - lists that are made of facts: quotas one by one, the actions of the policy, the registry. */
#include "base/str.h"
#include "cloud/quota.h"
#include "cloud/render_parts.h"

static const struct render_column ram = { "", "v", CELL_MIB, NULL, CELL_MIB };
static const struct render_column disk = { "", "v", CELL_GIB, NULL, CELL_GIB };
static const struct render_column count = { "", "v", CELL_COUNT, NULL, CELL_COUNT };

/* What people call it; the unit stands with the number. */
static const char *const titles[QUOTA_KEYS] = {
	[QUOTA_INSTANCES] = "VMs",
	[QUOTA_CORES] = "Cores",
	[QUOTA_RAM_MB] = "Memory",
	[QUOTA_VOLUMES] = "Volumes",
	[QUOTA_VOLUME_GB] = "Space of volumes",
	[QUOTA_SNAPSHOTS] = "Snapshots",
	[QUOTA_IMAGE_GB] = "Space of images",
	[QUOTA_NETWORKS] = "Networks",
	[QUOTA_SUBNETS] = "Subnets",
	[QUOTA_IPS] = "Addresses",
	[QUOTA_SECGROUPS] = "Security groups",
	[QUOTA_SECGROUP_RULES] = "Rules of security groups",
	[QUOTA_KEYPAIRS] = "Key pairs",
	[QUOTA_AFFINITY_GROUPS] = "Affinity groups",
};

static void put_amount(json_t *row, const char *key, const char *resource, const json_t *amount)
{
	auto_buf struct pxc_buf text = { .data = NULL };
	json_auto_t *cell = json_pack("{s:O}", "v", amount);

	if (json_number_value(amount) < 0)
		buf_adds(&text, "no limit");
	else
		render_cell(cell,
			    str_ends(resource, "_mb")   ? &ram
			    : str_ends(resource, "_gb") ? &disk
							: &count,
			    &text);
	(void)json_object_set_new(row, key, json_string(buf_str(&text)));
}

static json_t *quota_row(const json_t *project, int key, const json_t *pair)
{
	const char *resource = quota_names[key];
	json_t *used = json_object_get(pair, "used"), *limit = json_object_get(pair, "limit");
	json_t *row = json_pack("{s:O?,s:s,s:s,s:O,s:O}", "project", project, "resource", resource,
				"title", titles[key], "used", used, "limit", limit);
	auto_buf struct pxc_buf share = { .data = NULL };

	put_amount(row, "used_text", resource, used);
	put_amount(row, "limit_text", resource, limit);
	if (json_number_value(limit) >= 0)
		render_percent(json_number_value(used), json_number_value(limit), &share);
	(void)json_object_set_new(row, "share_text", json_string(buf_str(&share)));
	return row;
}

static json_t *quota_rows(const json_t *usage)
{
	json_t *rows = json_array(), *one;
	size_t i;

	json_array_foreach (usage, i, one) {
		const json_t *project = json_object_get(one, "project");
		const json_t *problem = json_object_get(one, "problem");

		for (int k = 0; k < QUOTA_KEYS; k++) {
			const json_t *pair = json_object_get(one, quota_names[k]);

			if (json_is_number(json_object_get(pair, "used")) &&
			    json_is_number(json_object_get(pair, "limit")))
				(void)json_array_append_new(rows, quota_row(project, k, pair));
		}
		if (problem)
			(void)json_array_append_new(rows, json_pack("{s:O?,s:O}", "project",
								    project, "problem", problem));
	}
	return rows;
}

/* What is simple in an object, as rows of {key, value}. */
static json_t *pairs_of(const json_t *object)
{
	json_t *rows = json_array(), *value;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value)
		if (!json_is_object(value) && !json_is_array(value) && !json_is_null(value))
			(void)json_array_append_new(
				rows, json_pack("{s:s,s:O}", "key", key, "value", value));
	return rows;
}

json_t *render_rows(const json_t *facts, const struct render_list *list)
{
	const json_t *have = json_object_get(facts, list->key);

	if (str_eq(list->key, "findings"))
		return render_findings(facts);
	if (!have)
		return NULL;
	if (str_eq(list->key, "usage"))
		return quota_rows(have);
	if (str_eq(list->key, "policy"))
		return json_deep_copy(json_object_get(have, "actions"));
	if (json_is_object(have))
		return pairs_of(have);
	return json_incref((json_t *)(uintptr_t)have);
}
