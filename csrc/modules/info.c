/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/project.h"
#include "cloud/project_find.h"
#include "cloud/registry_plan.h"
#include "cloud/usage.h"
#include "cloud/vm_show.h"
#include "cloud/volume.h"
#include "modules/ha_read.h"
#include "modules/info.h"
#include "modules/items.h"
#include "modules/snapshots_read.h"
#include "modules/vm_read.h"
#include "modules/world.h"

static bool wanted(const json_t *gather, const char *what)
{
	size_t i;
	json_t *word;

	json_array_foreach (gather, i, word)
		if (str_eq(json_string_value(word), what) || str_eq(json_string_value(word), "all"))
			return true;
	return false;
}

/*
 * What lies in Ceph is read only when it is named: not every host has a way there. So are networks: not every API user may see
 * them, and they take a request each.
 */
static bool named(const json_t *gather, const char *what)
{
	size_t i;
	json_t *word;

	json_array_foreach (gather, i, word)
		if (str_eq(json_string_value(word), what))
			return true;
	return false;
}

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	const json_t *p = env->args->params, *gather = json_object_get(p, "gather");
	struct info_spec *s = arena_alloc(env->arena, sizeof(*s));

	s->projects = wanted(gather, "projects");
	s->usage = wanted(gather, "usage");
	s->vms = wanted(gather, "vms");
	s->flavors = wanted(gather, "flavors");
	s->cloud = wanted(gather, "cloud");
	s->affinity = wanted(gather, "affinity");
	s->policy = named(gather, "policy");
	s->groups = wanted(gather, "groups");
	s->keypairs = wanted(gather, "keypairs");
	s->images = named(gather, "images");
	s->volumes = named(gather, "volumes");
	s->audit = named(gather, "audit");
	s->audit_since = item_text(p, "audit_since");
	s->addresses = named(gather, "addresses");
	s->networks = s->addresses || named(gather, "networks");
	s->storages = item_list(env->arena, p, "storages");
	s->project = item_text(p, "project");
	s->stack = item_text(p, "stack");
	s->names = item_list(env->arena, p, "names");
	s->fields = item_list(env->arena, p, "fields");
	if (item_int(p, "limit") < 0)
		return pxc_fail(err, PXC_EINVAL, "limit must be 0 (none) or more");
	s->limit = (size_t)item_int(p, "limit");
	*ret_batch = s;
	return 0;
}

static int read_ha(struct pxc_env *env, struct world *w, struct pxc_err *err)
{
	struct ha *ha = NULL;

	if (ha_read(env, w, &ha, err) < 0)
		return -1;
	w->ha = ha;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	const struct info_spec *s = batch;
	struct info_world *iw = arena_alloc(env->arena, sizeof(*iw));
	const char *pool = NULL;
	struct world *w = NULL;

	if (world_read(env, s->vms || s->volumes || s->affinity ? WORLD_LIVE : WORLD_LISTS, &w,
		       err) < 0)
		return -1;
	if (s->project && !(pool = project_pool(w, s->project)))
		return project_missing("project", s->project, err);
	iw->w = w;
	if (info_read_own(env, s, iw, w, err) < 0)
		return -1;
	if ((s->groups || s->keypairs) && world_groups_read(env, w, err) < 0)
		return -1;
	info_read_people(env, s, iw);
	if ((s->vms || s->affinity) && read_ha(env, w, err) < 0)
		return -1;
	/* Who has a volume, and where volumes are, stands in the configurations of guests. */
	if (s->vms || s->volumes)
		info_read_vms(env, pool, iw);
	if (s->usage && s->volumes)
		snapshots_read_lists(env, iw->seen, iw->nseen);
	*ret_world = iw;
	if (s->affinity)
		info_read_affinity(env, iw);
	if ((s->networks && info_read_nets(env, s, iw, err) < 0) ||
	    (s->audit && info_read_audit(env, s, iw, err) < 0))
		return -1;
	return s->images || s->volumes ? info_read_rbd(env, s, iw, err) : 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	const struct info_spec *s = batch;

	(void)w;
	policy_ask(ret, s->project ? "info.read" : "info.cloud", s->project, NULL);
	if (s->audit)
		policy_ask(ret, "audit.read", s->project, NULL);
}

/* Nothing is ever to be done: to look is not to change. */
static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	(void)batch, (void)world, (void)ret, (void)err;
	return 0;
}

void info_append(const struct info_spec *s, json_t *list, json_t *item)
{
	json_t *brief;

	if (s->limit && json_array_size(list) >= s->limit) {
		json_decref(item);
		return;
	}
	if (!s->fields) {
		(void)json_array_append_new(list, item);
		return;
	}
	brief = json_object();
	for (size_t i = 0; s->fields[i]; i++)
		if (json_object_get(item, s->fields[i]))
			(void)json_object_set(brief, s->fields[i],
					      json_object_get(item, s->fields[i]));
	json_decref(item);
	(void)json_array_append_new(list, brief);
}

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
	if (s->networks) {
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
	if (!s->volumes)
		return row;
	volume_usage(iw->rbd, item_text(row, "project"), &used);
	for (size_t i = 0; i < iw->nseen; i++)
		if (str_eq(iw->seen[i]->guest->pool, pool->poolid))
			used.v[QUOTA_SNAPSHOTS] += snapshots_of(iw->seen[i]);
	for (int i = QUOTA_VOLUMES; i <= QUOTA_SNAPSHOTS; i++)
		put_usage(row, &used, &limit, i);
	return row;
}

static void report_projects(const struct info_spec *s, const struct info_world *iw, json_t *result)
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

static void report_vms(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < iw->nseen; i++) {
		json_t *item;

		if (holder_looks(iw->w, iw->seen[i]->guest))
			continue;
		item = vm_show(iw->w, iw->seen[i]);
		if (iw->nets && json_object_get(item, "drift"))
			network_vm_drift(iw->nets->sdn, iw->seen[i],
					 json_object_get(item, "drift"));
		if ((s->names && !strv_has(s->names, item_text(item, "name"))) ||
		    (s->stack && !str_eq(s->stack, item_text(item, "stack"))))
			json_decref(item);
		else
			info_append(s, list, item);
	}
	(void)json_object_set_new(result, "vms", list);
}

static void report(const void *batch, const void *world, json_t *result)
{
	const struct info_spec *s = batch;
	const struct info_world *iw = world;
	json_t *flavors;

	if (s->projects || s->usage)
		report_projects(s, iw, result);
	if (s->vms)
		report_vms(s, iw, result);
	if (s->cloud)
		info_report_cloud(iw, result);
	if (s->policy)
		info_report_policy(s, iw, result);
	if (s->networks)
		info_report_nets(s, iw, result);
	if (s->affinity)
		info_report_affinity(s, iw, result);
	info_report_people(s, iw, result);
	if (iw->rbd)
		info_report_rbd(s, iw, result);
	if (iw->audit)
		info_report_audit(s, iw, result);
	if (!s->flavors)
		return;
	flavors = json_array();
	for (size_t i = 0; i < iw->w->registry.nflavors; i++)
		if (info_sees_flavor(iw, &iw->w->registry.flavors[i]))
			info_append(s, flavors,
				    info_hide(iw, NULL, "projects",
					      flavor_item(&iw->w->registry.flavors[i])));
	(void)json_object_set_new(result, "flavors", flavors);
}

const struct pxc_kind info_kind = {
	.name = "info",
	.plural = NULL,
	.ops = NULL,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.report = report,
};
