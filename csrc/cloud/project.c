/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/project_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity.h"
#include "cloud/project_find.h"
#include "cloud/usage.h"

static json_t *quota_json(const struct quota *q)
{
	json_t *o = json_object();

	for (int i = 0; i < QUOTA_KEYS; i++)
		if (q->v[i] != QUOTA_UNSET)
			(void)json_object_set_new(o, quota_names[i], json_integer(q->v[i]));
	return o;
}

static json_t *roles_json(const struct project_block *b)
{
	json_t *o = json_object();

	for (int r = 0; r < PROJECT_ROLES; r++) {
		json_t *list = json_array();

		for (size_t i = 0; b->roles[r] && b->roles[r][i]; i++)
			(void)json_array_append_new(list, json_string(b->roles[r][i]));
		(void)json_object_set_new(o, project_role_names[r], list);
	}
	return o;
}

static void trim(char *text)
{
	for (size_t n = strlen(text); n && strchr(" \t\r\n", text[n - 1]); n--)
		text[n - 1] = '\0';
}

json_t *project_block_json(const struct project_block *b, const char *poolid,
			   const char *description)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:s}", "name", b->name, "pool", poolid, "state",
			 b->frozen ? "frozen" : "present", "description", description, "quota",
			 quota_json(&b->quota), "roles", roles_json(b), "ha",
			 ha_policy_names[b->ha]);
}

json_t *project_item(const struct world *w, const struct world_pool *pool)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_free char *human = NULL;
	struct project_block b;
	struct pxc_err err;
	struct quota effective;
	json_t *o;

	annot_parse(ANNOT_TOKEN, pool->comment, &t);
	if (t.finding == ANNOT_NONE || project_decode(&t.annot, pool->poolid, &arena, &b, &err) < 0)
		return NULL;
	human = pxc_printf("%s%s", t.before, t.after);
	trim(human);
	o = project_block_json(&b, pool->poolid, human);
	effective = quota_effective(&b.quota, &w->registry.default_quota);
	(void)json_object_set_new(o, "effective_quota", quota_json(&effective));
	if (t.finding != ANNOT_OK)
		(void)json_object_set_new(o, "tampered", json_string(t.problem));
	if (b.op)
		(void)json_object_set_new(o, "unfinished", json_string(b.op));
	return o;
}

char *project_comment(struct project_case *c, const struct project_block *want, struct annot *block)
{
	const char *old = annot_get(block, "r");
	char r[16], cluster[9];

	(void)snprintf(r, sizeof(r), "%lu", old ? strtoul(old, NULL, 10) + 1 : 1);
	world_cluster_hash(c->pw->w->registry.domain, c->pw->w->cluster_name, cluster);
	project_encode(want, c->spec->poolid, cluster, block);
	annot_set(block, "r", r);
	annot_set(block, "at", c->batch->stamp);
	annot_set(block, "by", c->batch->actor);
	if (c->spec->description)
		return annot_render(ANNOT_TOKEN, c->spec->description, block, "");
	return annot_rewrite(ANNOT_TOKEN, &c->text, block);
}

static void warn_lowered(struct project_case *c, const struct project_block *want)
{
	struct quota limit = quota_effective(&want->quota, &c->pw->w->registry.default_quota), used;
	struct pxc_err err;

	if (!c->pool || usage_count(c->pw->w, c->pool->poolid, NULL, &used, &err) < 0)
		return;
	/* What else there is of it would have to be asked for. */
	used.v[QUOTA_AFFINITY_GROUPS] = affinity_count(&c->text.annot);
	for (int i = 0; i < QUOTA_KEYS; i++)
		if (c->spec->quota.v[i] != QUOTA_UNSET && limit.v[i] >= 0 && used.v[i] > limit.v[i])
			pxc_plan_warn(
				c->plan,
				"%s: quota %s is lowered to %lld, but %lld are used: nothing is taken "
				"away, but nothing can be added",
				c->spec->label, quota_names[i], (long long)limit.v[i],
				(long long)used.v[i]);
}

static int check_pool(const struct project_case *c, struct pxc_err *err)
{
	const struct project_spec *s = c->spec;
	const char *other = project_pool(c->pw->w, s->name);

	if (other && !str_eq(other, s->poolid))
		return pxc_fail(err, PXC_EINVAL, "%s is kept in pool %s already, not in %s",
				s->label, other, s->poolid);
	if (!c->pool)
		return 0;
	if (c->text.finding == ANNOT_FOREIGN)
		return pxc_fail(err, PXC_EINVAL,
				"%s: the annotation of pool %s is of a newer format (%s)", s->label,
				s->poolid, c->text.problem);
	if (c->text.finding == ANNOT_TAMPERED && !s->reseal)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: the annotation in the comment of pool %s is damaged (%s): look at it, then "
			"set reseal: true to write it anew",
			s->label, s->poolid, c->text.problem);
	if (!c->managed && !s->absent && !s->adopt)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: pool %s exists and is no project: set adopt: true to make it one",
			s->label, s->poolid);
	if (c->managed && !str_eq(c->have.name, s->name))
		return pxc_fail(err, PXC_EINVAL, "%s: pool %s belongs to project %s", s->label,
				s->poolid, c->have.name);
	return 0;
}

static int plan_present(struct project_case *c, struct pxc_err *err)
{
	static const char *const changing[] = { "r", "at", "by", NULL };
	const struct project_spec *s = c->spec;
	struct project_block want = c->have;
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *text = NULL, *human = pxc_printf("%s%s", c->text.before, c->text.after);
	bool same_text = !s->description || annot_text_same(s->description, human);
	json_t *args;

	trim(human);
	want.name = s->name;
	want.op = NULL;
	if (s->ha)
		want.ha = ha_policy_named(s->ha);
	for (int i = 0; i < QUOTA_KEYS; i++)
		if (s->quota.v[i] != QUOTA_UNSET)
			want.quota.v[i] = s->quota.v[i];
	project_want_roles(c, &want);
	project_want_frozen(c, &want);
	if (project_check_roles(c, &want, err) < 0)
		return -1;
	warn_lowered(c, &want);
	annot_copy(&block, &c->text.annot);
	text = project_comment(c, &want, &block);
	c->plan->before = c->managed ? project_block_json(&c->have, s->poolid, human) : NULL;
	c->plan->after =
		project_block_json(&want, s->poolid, s->description ? s->description : human);
	c->plan->item = c->pool && c->managed ? project_item(c->pw->w, c->pool)
					      : json_deep_copy(c->plan->after);
	if (c->text.finding == ANNOT_OK && same_text &&
	    annot_equal(&c->text.annot, &block, changing))
		return 0;
	if (project_check_frozen(c, &want, err) < 0)
		return -1;
	args = json_pack("{s:s,s:s}", "poolid", s->poolid, "comment", text);
	pxc_plan_add(c->plan, c->pool ? PROJECT_WRITE : PROJECT_CREATE, PXC_QUIET, args, "%s %s",
		     !c->pool     ? "create"
		     : c->managed ? "change"
				  : "adopt",
		     s->label);
	return 0;
}

static int read_case(struct project_case *c, struct pxc_err *err)
{
	const struct project_spec *s = c->spec;

	c->pool = world_pool(c->pw->w, s->poolid);
	annot_parse(ANNOT_TOKEN, c->pool ? c->pool->comment : "", &c->text);
	c->have = (struct project_block){ .name = s->name, .quota = quota_unset() };
	if (c->text.finding != ANNOT_NONE && c->text.finding != ANNOT_FOREIGN) {
		struct pxc_err ignored;

		c->managed = project_decode(&c->text.annot, s->poolid, &c->arena, &c->have,
					    &ignored) == 0;
	}
	return check_pool(c, err);
}

int project_plan(const struct project_batch *batch, const struct project_world *pw,
		 struct pxc_plans *ret, struct pxc_err *err)
{
	struct project_case *cases = pxc_calloc(batch->nspecs, sizeof(*cases));
	int r = world_writable(pw->w, err);

	for (size_t i = 0; i < batch->nspecs && r == 0; i++) {
		cases[i] = (struct project_case){
			.batch = batch, .spec = &batch->specs[i], .pw = pw, .plans = ret
		};
		cases[i].plan = pxc_plans_add(ret, batch->specs[i].label);
		r = read_case(&cases[i], err);
	}
	for (size_t i = 0; i < batch->nspecs && r == 0; i++)
		r = cases[i].spec->absent ? project_absent(&cases[i], err)
					  : plan_present(&cases[i], err);
	for (size_t i = 0; i < batch->nspecs && r == 0; i++)
		if (cases[i].spec->absent)
			project_purge(&cases[i]);
	for (size_t i = 0; i < batch->nspecs; i++) {
		annot_text_release(&cases[i].text);
		arena_release(&cases[i].arena);
	}
	free(cases);
	return r;
}
