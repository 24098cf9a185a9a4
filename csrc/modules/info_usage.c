/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What pxc_info tells of projects: themselves, and what each uses of what it may. */
#include "base/str.h"
#include "cloud/project.h"
#include "cloud/usage.h"
#include "cloud/volume.h"
#include "modules/info.h"
#include "modules/items.h"
#include "modules/snapshots_read.h"

static void put_usage(json_t *row, const struct quota *used, const struct quota *limit, int key)
{
	(void)json_object_set_new(row, quota_names[key],
				  json_pack("{s:I,s:I}", "used", (json_int_t)used->v[key], "limit",
					    (json_int_t)limit->v[key]));
}

static json_t *usage_row(const struct info_spec *s, const struct info_world *iw,
			 const struct world_pool *pool, const json_t *project)
{
	json_t *row = json_pack("{s:O}", "project", json_object_get(project, "name"));
	struct quota used, limit;
	struct pxc_err err;

	if (usage_count(iw->w, pool->poolid, NULL, &used, &err) < 0 ||
	    usage_limit(iw->w, pool->poolid, &limit, &err) < 0) {
		(void)json_object_set_new(row, "problem", json_string(err.msg));
		return row;
	}
	for (int i = 0; i <= QUOTA_RAM_MB; i++)
		put_usage(row, &used, &limit, i);
	if (iw->nets) {
		network_usage(iw->nets, item_text(row, "project"), &used);
		for (int i = QUOTA_NETWORKS; i <= (s->addresses ? QUOTA_IPS : QUOTA_SUBNETS); i++)
			put_usage(row, &used, &limit, i);
	}
	if (s->affinity) {
		used.v[QUOTA_AFFINITY_GROUPS] = info_count_affinity(iw, item_text(row, "project"));
		put_usage(row, &used, &limit, QUOTA_AFFINITY_GROUPS);
	}
	if (s->keypairs) {
		used.v[QUOTA_KEYPAIRS] = info_count_keypairs(iw, item_text(row, "project"));
		put_usage(row, &used, &limit, QUOTA_KEYPAIRS);
	}
	if (!s->volumes || !iw->rbd)
		return row;
	volume_usage(iw->rbd, item_text(row, "project"), &used);
	for (size_t i = 0; i < iw->nseen; i++)
		if (str_eq(iw->seen[i]->guest->pool, pool->poolid))
			used.v[QUOTA_SNAPSHOTS] += snapshots_of(iw->seen[i]);
	for (int i = QUOTA_VOLUMES; i <= QUOTA_SNAPSHOTS; i++)
		put_usage(row, &used, &limit, i);
	return row;
}

void info_report_projects(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	const struct world *w = iw->w;
	json_t *projects = json_array(), *usage = json_array();

	for (size_t i = 0; i < w->npools; i++) {
		json_t *item = project_item(w, &w->pools[i]);

		if (!item)
			continue;
		if ((s->project && !str_eq(item_text(item, "name"), s->project)) ||
		    !info_sees(iw, item_text(item, "name"))) {
			json_decref(item);
			continue;
		}
		info_append(s, usage, usage_row(s, iw, &w->pools[i], item));
		info_append(s, projects, item);
	}
	if (s->projects)
		(void)json_object_set(result, "projects", projects);
	if (s->usage)
		(void)json_object_set(result, "usage", usage);
	json_decref(projects);
	json_decref(usage);
}
