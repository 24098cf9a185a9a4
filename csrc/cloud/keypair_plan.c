/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/keypair.h"
#include "cloud/project_find.h"
#include "cloud/usage.h"

/* One key pair while it is planned. */
struct keypair_case {
	const struct keypair_batch *batch;
	const struct keypair_spec *spec;
	const struct world *w;
	const struct world_group *group; /* NULL = there is none */
	struct keypair have;             /* when there is one */
	struct pxc_arena *arena;
	struct pxc_plan *plan;
};

static bool same_key(const struct sshkey *a, const struct sshkey *b)
{
	return str_eq(a->type, b->type) && str_eq(a->blob, b->blob);
}

/* The comment that carries the spec's key; what people wrote into the old one stays. New string. */
static char *comment_of(struct keypair_case *c)
{
	const struct keypair_spec *s = c->spec;
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_annot struct annot a = { .npairs = 0 };
	char r[16], cluster[9];
	const char *old;

	annot_parse(ANNOT_TOKEN, c->group ? c->group->comment : "", &t);
	annot_copy(&a, &t.annot);
	old = annot_get(&a, "r");
	(void)snprintf(r, sizeof(r), "%lu", old ? strtoul(old, NULL, 10) + 1 : 1);
	world_cluster_hash(c->w->registry.domain, c->w->cluster_name, cluster);
	annot_set(&a, "t", "keypair");
	annot_set(&a, "id", arena_printf(c->arena, "group.%s", s->groupid));
	annot_set(&a, "c", cluster);
	annot_set(&a, "p", s->project);
	annot_set(&a, "n", s->name);
	annot_set(&a, "key", s->key.line);
	annot_set(&a, "u", c->batch->actor);
	annot_set(&a, "r", r);
	annot_set(&a, "at", c->batch->stamp);
	annot_set(&a, "by", c->batch->actor);
	return annot_rewrite(ANNOT_TOKEN, &t, &a);
}

static int refuse_foreign(const struct keypair_case *c, struct pxc_err *err)
{
	return pxc_fail(
		err, PXC_EINVAL,
		"%s: PVE group %s exists and is no key pair (%s): look at it, and remove it "
		"by hand when nobody needs it",
		c->spec->label, c->spec->groupid, c->have.problem);
}

static int check_present(const struct keypair_case *c, struct pxc_err *err)
{
	const struct keypair_spec *s = c->spec;

	if (!project_pool(c->w, s->project))
		return project_missing(s->label, s->project, err);
	if (!c->group)
		return s->named ? 0
				: pxc_fail(err, PXC_EINVAL,
					   "%s does not exist yet: give a public_key", s->label);
	if (c->have.foreign)
		return refuse_foreign(c, err);
	if (s->replace && s->named)
		return 0;
	if (c->have.problem)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: %s: give its public_key and set replace: true to write it anew",
			s->label, c->have.problem);
	if (s->named && !same_key(&s->key, &c->have.key))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s is there with another key (%s, not %s): take another name, or set replace: "
			"true to put the new one in its place",
			s->label, c->have.key.fingerprint, s->key.fingerprint);
	return 0;
}

static int plan_present(struct keypair_case *c, struct pxc_err *err)
{
	const struct keypair_spec *s = c->spec;
	struct world_group after = { s->groupid, "", "" };
	auto_free char *comment = NULL;
	struct keypair want;

	if (check_present(c, err) < 0)
		return -1;
	if (c->group && !c->have.problem) {
		c->plan->item = keypair_item(&c->have);
		c->plan->before = json_pack("{s:s}", "public_key", c->have.key.line);
		c->plan->after = json_incref(c->plan->before);
		if (!s->named || same_key(&s->key, &c->have.key))
			return 0;
		json_decref(c->plan->item);
		json_decref(c->plan->after);
	}
	comment = comment_of(c);
	after.comment = comment;
	(void)keypair_read(&after, c->arena, &want);
	c->plan->item = keypair_item(&want);
	c->plan->after = json_pack("{s:s}", "public_key", s->key.line);
	/* Who has the old key only is locked out of what is made from now on. */
	pxc_plan_add(c->plan, c->group ? KEYPAIR_WRITE : KEYPAIR_CREATE,
		     c->group ? PXC_DESTROYS : PXC_QUIET,
		     json_pack("{s:s,s:s}", "groupid", s->groupid, "comment", comment),
		     "%s %s (%s)", c->group ? "replace" : "create", s->label, s->key.fingerprint);
	return 0;
}

static int plan_absent(struct keypair_case *c, struct pxc_err *err)
{
	const struct keypair_spec *s = c->spec;

	c->plan->item = json_pack("{s:s,s:s,s:s,s:s}", "project", s->project, "name", s->name,
				  "group", s->groupid, "state", "absent");
	if (!c->group)
		return 0;
	if (c->have.foreign)
		return refuse_foreign(c, err);
	if (!c->have.problem)
		c->plan->before = json_pack("{s:s}", "public_key", c->have.key.line);
	pxc_plan_add(c->plan, KEYPAIR_DELETE, PXC_DESTROYS,
		     json_pack("{s:s}", "groupid", s->groupid), "delete %s", s->label);
	return 0;
}

/* Lowering a quota takes nothing away, so only what grows is asked about. */
static int check_quota(const struct keypair_case *cases, size_t n, size_t at, struct pxc_err *err)
{
	const char *project = cases[at].spec->project, *poolid;
	struct quota limit, used = { { 0 } }, asked = { { 0 } };
	struct keypair *pairs = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!str_eq(cases[i].spec->project, project))
			continue;
		if (i < at)
			return 0; /* looked at already */
		if (cases[i].plan->nsteps && !cases[i].group)
			asked.v[QUOTA_KEYPAIRS]++;
		else if (cases[i].plan->nsteps && cases[i].spec->absent)
			asked.v[QUOTA_KEYPAIRS]--;
	}
	poolid = project_pool(cases[at].w, project);
	if (asked.v[QUOTA_KEYPAIRS] <= 0 || !poolid)
		return 0;
	used.v[QUOTA_KEYPAIRS] =
		(int64_t)keypairs_of(cases[at].w, project, cases[at].arena, &pairs);
	if (usage_limit(cases[at].w, poolid, &limit, err) < 0 ||
	    quota_check(&limit, &used, &asked, err) < 0)
		return pxc_context(err, "project %s", project);
	return 0;
}

int keypair_plan(const struct keypair_batch *batch, const struct world *w, struct pxc_plans *ret,
		 struct pxc_err *err)
{
	struct keypair_case *cases = pxc_calloc(batch->nspecs + 1, sizeof(*cases));
	auto_arena struct pxc_arena arena = { .head = NULL };
	int r = world_writable(w, err);

	for (size_t i = 0; i < batch->nspecs && r == 0; i++) {
		struct keypair_case *c = &cases[i];

		*c = (struct keypair_case){
			.batch = batch, .spec = &batch->specs[i], .w = w, .arena = &arena
		};
		c->plan = pxc_plans_add(ret, c->spec->label);
		c->group = world_group(w, c->spec->groupid);
		if (c->group)
			(void)keypair_read(c->group, &arena, &c->have);
		r = c->spec->absent ? plan_absent(c, err) : plan_present(c, err);
	}
	for (size_t i = 0; i < batch->nspecs && r == 0; i++)
		r = check_quota(cases, batch->nspecs, i, err);
	if (r == 0)
		r = groups_room(w, ret, err);
	free(cases);
	return r;
}
