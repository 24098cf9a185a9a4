/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity_plan.h"
#include "cloud/project_find.h"
#include "modules/affinity_read.h"
#include "modules/ha_read.h"
#include "modules/items.h"
#include "modules/kind.h"
#include "modules/vm_read.h"
#include "modules/world.h"

#define SECONDS 1000u
#define MINUTES (60 * SECONDS)

/*
 * Every request this kind can send to change something, or to wait. HA rules carry no digest: it is that of the whole file,
 * which the next rule of the same run would find stale; the rules are our own, and changed under the project's lock.
 */
static const struct pve_op affinity_ops[AFFINITY_OPS] = {
	[AFFINITY_POOL] = { .method = "PUT", .path = "/pools", .wait_ms = 60 * SECONDS },
	[AFFINITY_CONFIG] = { .method = "PUT",
			      .path = "/nodes/{node}/qemu/{vmid}/config",
			      .wait_ms = 2 * MINUTES },
	[AFFINITY_WAIT] = { .method = "GET",
			    .path = "/cluster/ha/status/manager_status",
			    .wait_ms = 3 * MINUTES,
			    .until = affinity_knows_nodes },
	[AFFINITY_RULE_CREATE] = { .method = "POST",
				   .path = "/cluster/ha/rules",
				   .wait_ms = 60 * SECONDS },
	[AFFINITY_RULE_CHANGE] = { .method = "PUT",
				   .path = "/cluster/ha/rules/{rule}",
				   .wait_ms = 60 * SECONDS },
	[AFFINITY_RULE_REMOVE] = { .method = "DELETE",
				   .path = "/cluster/ha/rules/{rule}",
				   .wait_ms = 60 * SECONDS,
				   .gone_ok = true },
};

/* "pve1", "pve1:2" as PVE writes it */
static int decode_node(struct pxc_env *env, const struct affinity_spec *s, const char *text,
		       struct ha_rule_node *ret, struct pxc_err *err)
{
	size_t len = strcspn(text, ":");
	char *end = NULL;
	long priority = text[len] ? strtol(text + len + 1, &end, 10) : 0;

	if (len == 0 || (text[len] && (end == text + len + 1 || *end)) || priority < 0 ||
	    priority > 1000)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: nodes: \"%s\" is no node, nor a node with a priority between 0 "
			"and 1000 behind a colon",
			s->label, text);
	*ret = (struct ha_rule_node){ .name = arena_strndup(env->arena, text, len),
				      .priority = (int)priority };
	return 0;
}

static int node_order(const void *a, const void *b)
{
	return strcmp(((const struct ha_rule_node *)a)->name,
		      ((const struct ha_rule_node *)b)->name);
}

static int decode_nodes(struct pxc_env *env, const json_t *given, struct affinity_spec *s,
			struct pxc_err *err)
{
	const char *const *list = item_list(env->arena, given, "nodes");
	struct ha_rule_node *nodes;

	s->nodes_named = list != NULL;
	while (list && list[s->nnodes])
		s->nnodes++;
	nodes = arena_alloc(env->arena, (s->nnodes + 1) * sizeof(*nodes));
	for (size_t i = 0; i < s->nnodes; i++)
		if (decode_node(env, s, list[i], &nodes[i], err) < 0)
			return -1;
	/* Their order in a playbook is no difference. */
	qsort(nodes, s->nnodes, sizeof(*nodes), node_order);
	for (size_t i = 1; i < s->nnodes; i++)
		if (str_eq(nodes[i].name, nodes[i - 1].name))
			return pxc_fail(err, PXC_EINVAL, "%s: nodes: %s is named twice", s->label,
					nodes[i].name);
	s->nodes = nodes;
	return 0;
}

static int decode_one(struct pxc_env *env, const json_t *item, const json_t *given, void *spec,
		      struct pxc_err *err)
{
	struct affinity_spec *s = spec;
	static const char *const modes[] = { "exact", "add", "remove" };
	const char *policy = item_text(given, "policy");

	s->project = item_text(item, "project");
	s->name = item_text(item, "name");
	s->project_label = arena_printf(env->arena, "project %s", s->project);
	s->label = arena_printf(env->arena, "affinity group %s/%s", s->project, s->name);
	s->absent = str_eq(item_text(item, "state"), "absent");
	s->purge = str_eq(item_text(item, "purge"), "members");
	s->description = item_text(given, "description");
	s->members = item_list(env->arena, given, "members");
	s->policy_named = policy != NULL;
	for (int p = 0; p < AFFINITY_POLICIES; p++)
		if (str_eq(policy, affinity_policy_names[p]))
			s->policy = (enum affinity_policy)p;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (str_eq(modes[i], item_text(item, "members_mode")))
			s->mode = (enum members_mode)i;
	if (!item_slug(s->name))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: a group's name begins with a letter and has 2 to 31 lower-case "
			"letters, digits and -",
			s->label);
	if (s->description && strchr(s->description, '\n'))
		return pxc_fail(err, PXC_EINVAL, "%s: its description must be one line of text",
				s->label);
	return decode_nodes(env, given, s, err);
}

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct affinity_batch *b = arena_alloc(env->arena, sizeof(*b));

	b->stamp = env->stamp;
	b->actor = env->actor;
	b->specs = items_read(env, decode_one, sizeof(*b->specs), &b->nspecs, err);
	if (!b->specs)
		return -1;
	*ret_batch = b;
	return 0;
}

/* Membership's truth is in the blocks of VMs, so all of the projects are read. */
static int read_project(struct pxc_env *env, struct affinity_world *aw, const char *project,
			struct pxc_err *err)
{
	const char *pool = project_pool(aw->w, project);
	struct vm_seen **list;
	size_t n = 0;

	if (!pool)
		return 0;
	if (vm_check_sight(env, aw->w, project, err) < 0)
		return -1;
	list = vm_read_managed(env, aw->w, pool, &n);
	memcpy(aw->seen + aw->nseen, list, n * sizeof(*list));
	aw->nseen += n;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	const struct affinity_batch *b = batch;
	struct affinity_world *aw = arena_alloc(env->arena, sizeof(*aw));
	json_auto_t *read = json_object();
	struct world *w = NULL;
	struct ha *ha = NULL;

	if (world_read(env, WORLD_LIVE, &w, err) < 0 || ha_read(env, w, &ha, err) < 0 ||
	    affinity_read_right(env, &aw->may, err) < 0)
		return -1;
	aw->w = w;
	aw->ha = ha;
	aw->seen = arena_alloc(env->arena, (w->nguests + 1) * sizeof(struct vm_seen *));
	for (size_t i = 0; i < b->nspecs; i++) {
		const char *project = b->specs[i].project;

		if (json_object_get(read, project))
			continue;
		(void)json_object_set_new(read, project, json_true());
		if (read_project(env, aw, project, err) < 0)
			return -1;
	}
	*ret_world = aw;
	return 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	affinity_asks(batch, w, ret);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return affinity_plan(batch, world, ret, err);
}

/* A pool's comment has no digest, and who joins must find the group: one writer at a time. */
static const char *lock_of(struct pxc_env *env, const void *spec)
{
	const struct affinity_spec *s = spec;

	return arena_printf(env->arena, "project.%s", s->project);
}

static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const struct affinity_batch *b = batch;

	return items_locks(env, plans, b->specs, b->nspecs, sizeof(*b->specs), lock_of);
}

const struct pxc_kind affinity_kind = {
	.name = "affinity",
	.singular = "group",
	.plural = "groups",
	.ops = affinity_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
};
