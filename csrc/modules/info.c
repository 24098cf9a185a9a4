/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "ansible/result.h"
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
	s->nodes = wanted(gather, "nodes");
	s->stores = wanted(gather, "storages");
	s->partial = json_is_true(json_object_get(p, "partial"));
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
	return info_decode_format(env, s, err);
}

static int read_ha(struct pxc_env *env, struct world *w, struct pxc_err *err)
{
	struct ha *ha = NULL;

	if (ha_read(env, w, &ha, err) < 0)
		return -1;
	w->ha = ha;
	return 0;
}

/* What cannot be read fails the task, or, where the task wants as much as can be had, is said beside the rest. */
static int part(struct pxc_env *env, const struct info_spec *s, struct info_world *iw,
		const char *name, int r, struct pxc_err *err)
{
	if (r == 0 || !s->partial)
		return r;
	if (!iw->problems)
		iw->problems = pxc_env_keep(env, json_object());
	(void)json_object_set_new(iw->problems, name, result_text(err->msg));
	pxc_env_warn(env, "%s could not be read: %s", name, err->msg);
	*err = (struct pxc_err){ .kind = PXC_OK };
	return 0;
}

static int read_parts(struct pxc_env *env, const struct info_spec *s, struct info_world *iw,
		      struct pxc_err *err)
{
	if (s->affinity)
		info_read_affinity(env, iw);
	if (s->networks && part(env, s, iw, "networks", info_read_nets(env, s, iw, err), err) < 0)
		return -1;
	if (s->audit && part(env, s, iw, "audit", info_read_audit(env, s, iw, err), err) < 0)
		return -1;
	if (!s->images && !s->volumes)
		return 0;
	return part(env, s, iw,
		    !s->volumes  ? "images"
		    : !s->images ? "volumes"
				 : "images and volumes",
		    info_read_rbd(env, s, iw, err), err);
}

static int look(struct pxc_env *env, const struct info_spec *s, struct info_world **ret,
		struct pxc_err *err)
{
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
	*ret = iw;
	return read_parts(env, s, iw, err);
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	const struct info_spec *s = batch;

	(void)w;
	policy_ask(ret, s->project ? "info.read" : "info.cloud", s->project, NULL);
	if (s->audit)
		policy_ask(ret, "audit.read", s->project, NULL);
	if (s->dest)
		policy_ask(ret, "info.file", NULL, NULL);
}

/* To look is not to change; only the file that is to hold it may be another. */
static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	(void)world, (void)err;
	info_plan_file(batch, ret);
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

static void report_flavors(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < iw->w->registry.nflavors; i++)
		if (info_sees_flavor(iw, &iw->w->registry.flavors[i]))
			info_append(s, list,
				    info_hide(iw, NULL, "projects",
					      flavor_item(&iw->w->registry.flavors[i])));
	(void)json_object_set_new(result, "flavors", list);
}

static void report_facts(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	if (s->nodes && !iw->own)
		info_report_nodes(s, iw, result);
	if (s->stores && !iw->own)
		info_report_storages(s, iw, result);

	if (s->projects || s->usage)
		info_report_projects(s, iw, result);
	if (s->vms)
		report_vms(s, iw, result);
	if (s->cloud)
		info_report_cloud(iw, result);
	if (s->policy)
		info_report_policy(s, iw, result);
	if (iw->nets)
		info_report_nets(s, iw, result);
	if (s->affinity)
		info_report_affinity(s, iw, result);
	info_report_people(s, iw, result);
	if (iw->rbd)
		info_report_rbd(s, iw, result);
	if (iw->audit)
		info_report_audit(s, iw, result);
	if (s->flavors)
		report_flavors(s, iw, result);
	if (iw->problems)
		(void)json_object_set(result, "problems", iw->problems);
}

/* The cluster is looked at once: the text is of one moment, also when it is looked again whether the file holds it. */
static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct info_spec *s = batch;

	if (!s->seen) {
		struct info_world *iw = NULL;

		if (look(env, s, &iw, err) < 0)
			return -1;
		s->facts = pxc_env_keep(env, json_object());
		report_facts(s, iw, s->facts);
		if (s->format != RENDER_NONE)
			info_render(env, s, iw, s->facts);
		s->seen = iw;
	}
	*ret_world = s->seen;
	return s->dest ? info_look_file(s, err) : 0;
}

static void report(const void *batch, const void *world, json_t *result)
{
	const struct info_spec *s = batch;

	(void)world;
	if (s->format == RENDER_NONE)
		(void)json_object_update(result, s->facts);
	else
		info_report_text(s, result);
}

static const struct pve_op ops[] = {
	[INFO_SAVE] = { .method = "WRITE", .path = "{_file}", .work = info_save },
};

const struct pxc_kind info_kind = {
	.name = "info",
	.plural = NULL,
	.ops = ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.report = report,
};
