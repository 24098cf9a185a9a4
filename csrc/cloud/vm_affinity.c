/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Affinity groups of VMs: which they are to be in, whether that can be, and the HA rules that show the groups to PVE. A rule is
 * planned against what is there, not against what the batch makes of it: its resources must be in HA before, and a VM that fails
 * is not to be in it. So plans that change who is in a rule ask for another round.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity_check.h"
#include "cloud/affinity_rule.h"
#include "cloud/project_block.h"
#include "cloud/project_find.h"
#include "cloud/tags.h"
#include "cloud/vm_batch.h"

#define PHASE 4 /* behind all else: rules that lose somebody, then those that get somebody */

static const struct affinity_ops rule_ops = {
	.wait = VM_WAIT_HA_NODES,
	.create = VM_RULE_CREATE,
	.change = VM_RULE_CHANGE,
	.remove = VM_RULE_REMOVE,
};

/* By its block; NULL-terminated. */
static const char *const *groups_had(const struct vm_seen *have, struct pxc_arena *arena)
{
	return strv_split(arena, have ? annot_get(&have->notes.annot, AFFINITY_KEY) : NULL);
}

/* As named, or as its block says: NULL-terminated. */
static const char *const *groups_wanted(const struct vm_case *c)
{
	if (c->spec->absent)
		return strv_split(c->arena, NULL);
	return c->spec->affinity ? c->spec->affinity : groups_had(c->have, c->arena);
}

/* One that is gone tells no more in which groups it was. */
static bool project_has_groups(const struct world *w, const char *project)
{
	const char *pool = project_pool(w, project);

	return pool && strstr(world_pool(w, pool)->comment, " ag.");
}

bool vm_wants_rules(const struct vm_batch *batch, const struct vm_world *vw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		if (s->absent && !project_has_groups(vw->w, s->project))
			continue;
		if (s->affinity || s->absent ||
		    (vm_match(s, vw, &have, &err) == 0 && have &&
		     annot_get(&have->notes.annot, AFFINITY_KEY)))
			return true;
	}
	return false;
}

static int check_names(const struct vm_case *c, const struct affinity *groups, struct pxc_err *err)
{
	for (size_t i = 0; c->spec->affinity && !c->spec->absent && c->spec->affinity[i]; i++)
		if (!affinity_group(groups, c->spec->project, c->spec->affinity[i]))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: affinity: project %s has no group %s (%s): make it with "
				"pxc_affinity first",
				c->spec->label, c->spec->project, c->spec->affinity[i],
				affinity_names(groups, c->spec->project, c->arena));
	return 0;
}

static void touch(const struct vm_case *c, json_t *touched)
{
	const char *const *had = groups_had(c->have, c->arena), *const *want = groups_wanted(c);

	for (size_t i = 0; want[i]; i++) {
		auto_free char *title = pxc_printf("%s/%s", c->spec->project, want[i]);

		if (!strv_has(had, want[i]))
			(void)json_object_set_new(touched, title, json_true());
	}
}

int vm_affinity(struct vm_case *cases, size_t n, struct vm_affinity *ret, struct pxc_err *err)
{
	json_auto_t *warnings = json_array(), *touched = json_object();
	struct affinity_guest *known;
	struct affinity_rules rules;

	*ret = (struct vm_affinity){ .nknown = 0 };
	if (n == 0)
		return 0;
	affinity_decode(cases[0].w, cases[0].arena, warnings, &ret->groups);
	known = arena_alloc(cases[0].arena, n * sizeof(*known));
	for (size_t i = 0; i < n; i++) {
		struct vm_case *c = &cases[i];

		c->affinity = ret;
		if (check_names(c, &ret->groups, err) < 0)
			return -1;
		if (!c->have && c->spec->absent)
			continue;
		touch(c, touched);
		known[ret->nknown++] = (struct affinity_guest){ .vmid = c->vmid,
								.project = c->spec->project,
								.groups = groups_wanted(c) };
	}
	ret->known = known;
	if (json_object_size(touched) == 0)
		return 0;
	if (affinity_rules(cases[0].w, cases[0].w->ha, &ret->groups, known, ret->nknown,
			   cases[0].arena, &rules, err) < 0)
		return -1;
	return affinity_check(cases[0].w, cases[0].w->ha, &rules, touched, err);
}

void vm_affinity_block(const struct vm_case *c, struct annot *block)
{
	auto_buf struct pxc_buf list = { .data = NULL };

	if (!c->spec->affinity)
		return;
	for (size_t i = 0; c->spec->affinity[i]; i++)
		buf_printf(&list, "%s%s", i ? "," : "", c->spec->affinity[i]);
	annot_set(block, AFFINITY_KEY, list.len ? buf_str(&list) : NULL);
}

void vm_affinity_tags(const struct vm_case *c, json_t *tags)
{
	const char *const *groups = groups_wanted(c);

	tags_drop(tags, AFFINITY_TAG);
	for (size_t i = 0; groups[i]; i++)
		tags_merge(tags, arena_printf(c->arena, AFFINITY_TAG "%s", groups[i]));
}

json_t *vm_affinity_item(const struct annot *block)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *const *groups = strv_split(&arena, annot_get(block, AFFINITY_KEY));
	json_t *list = json_array();

	for (size_t i = 0; groups[i]; i++)
		(void)json_array_append_new(list, json_string(groups[i]));
	return list;
}

static bool same_list(const char *const *a, const char *const *b)
{
	size_t i = 0;

	while (a[i] && b[i] && strv_has(b, a[i]))
		i++;
	return !a[i] && !b[i];
}

/* A group that goes finds its members gone: who joins one holds the lock under which groups go. */
void vm_affinity_lock(const struct vm_case *c, json_t *args)
{
	if (!same_list(groups_had(c->have, c->arena), groups_wanted(c)))
		vm_project_lock(c, args);
}

/* A VM of the batch as far as rules are concerned. */
struct party {
	struct vm_case *c;
	const char *const *had, *const *want;
	bool changes; /* its plan changes who is in a rule */
};

static struct party party_of(struct vm_case *c)
{
	struct party p = { .c = c, .had = groups_had(c->have, c->arena), .want = groups_wanted(c) };

	p.changes = !same_list(p.had, p.want) || c->ha != VM_HA_KEEP ||
		    (c->spec->absent && c->have && ha_resource(c->w->ha, c->vmid));
	return p;
}

static bool in_rule(unsigned vmid, const struct ha_rule *r)
{
	for (size_t i = 0; r && i < r->nvmids; i++)
		if (r->vmids[i] == vmid)
			return true;
	return false;
}

/* Is the VM, or was it, in the group? Of one that is gone this is not known. rule: of the group. */
static bool concerns(const struct party *p, const struct affinity_group *g,
		     const struct ha_rule *rule)
{
	return str_eq(p->c->spec->project, g->project) &&
	       (p->c->spec->absent || strv_has(p->had, g->name) || strv_has(p->want, g->name) ||
		in_rule(p->c->vmid, rule));
}

/* Does the batch concern the group? Who changes its rule asks for another round. */
static bool is_ours(struct party *parties, size_t n, const struct ha *ha,
		    const struct affinity_group *g)
{
	const struct ha_rule *rule = affinity_rule_of(ha, g->project, g->name);
	bool any = false;

	for (size_t k = 0; k < n; k++) {
		if (!concerns(&parties[k], g, rule))
			continue;
		any = true;
		if (parties[k].changes && parties[k].c->plan->nsteps)
			parties[k].c->plan->again = true;
	}
	return any;
}

void vm_affinity_steps(struct vm_case *cases, size_t n, struct pxc_plans *ret)
{
	const struct vm_world *vw = n ? cases[0].vw : NULL;
	const struct affinity *groups = n ? &cases[0].affinity->groups : NULL;
	struct affinity_view view;
	struct party *parties;

	if (n == 0 || groups->ngroups == 0 || !vw->w->ha)
		return;
	view = (struct affinity_view){ .w = vw->w,
				       .ha = vw->w->ha,
				       .groups = groups,
				       .members = affinity_members(vw->w, groups, NULL, 0,
								   cases[0].arena),
				       .may = vw->ha_writable };
	parties = arena_alloc(cases[0].arena, n * sizeof(*parties));
	for (size_t k = 0; k < n; k++)
		parties[k] = party_of(&cases[k]);
	for (size_t i = 0; i < groups->ngroups; i++) {
		const struct affinity_group *g = &groups->groups[i];
		struct pxc_plan *p;

		if (!is_ours(parties, n, vw->w->ha, g))
			continue;
		p = pxc_plans_add(ret, "HA rules of affinity groups");
		p->about = (unsigned)i;
		p->phase = affinity_rule_steps(&view, g, &rule_ops, p) ? PHASE + 1 : PHASE;
	}
}
