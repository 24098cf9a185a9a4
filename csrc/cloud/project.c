/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/project.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/project_find.h"
#include "cloud/usage.h"

/* One project while it is planned. */
struct project_case {
	const struct project_batch *batch;
	const struct project_spec *spec;
	const struct project_world *pw;
	const struct world_pool *pool; /* NULL = there is none */
	struct annot_text text;        /* of the pool's comment */
	struct project_block have;
	bool managed, purges; /* purges: guests of it go before it */
	struct pxc_arena arena;
	struct pxc_plans *plans;
	struct pxc_plan *plan;
};

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

static json_t *block_json(const struct project_block *b, const char *poolid,
			  const char *description)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:o}", "name", b->name, "pool", poolid, "description",
			 description, "quota", quota_json(&b->quota), "roles", roles_json(b));
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
	o = block_json(&b, pool->poolid, human);
	effective = quota_effective(&b.quota, &w->registry.default_quota);
	(void)json_object_set_new(o, "effective_quota", quota_json(&effective));
	(void)json_object_set_new(o, "state", json_string("present"));
	if (t.finding != ANNOT_OK)
		(void)json_object_set_new(o, "tampered", json_string(t.problem));
	if (b.op)
		(void)json_object_set_new(o, "unfinished", json_string(b.op));
	return o;
}

/* The role lists after exact, add or remove. */
static void want_roles(struct project_case *c, struct project_block *want)
{
	const struct project_spec *s = c->spec;

	for (int r = 0; r < PROJECT_ROLES; r++) {
		const char *const *old = want->roles[r];
		const char **list;
		size_t n = 0, m = 0, k = 0;

		if (!s->roles_named[r]) {
			/* "exact" names all people of the project as soon as it names some. */
			continue;
		}
		while (old && old[n])
			n++;
		while (s->roles[r] && s->roles[r][m])
			m++;
		list = arena_alloc(&c->arena, (n + m + 1) * sizeof(*list));
		for (size_t i = 0; s->mode != ROLES_EXACT && i < n; i++)
			if (s->mode == ROLES_ADD || !strv_has(s->roles[r], old[i]))
				list[k++] = old[i];
		for (size_t i = 0; s->mode != ROLES_REMOVE && i < m; i++)
			list[k++] = s->roles[r][i];
		want->roles[r] = strv_sorted(&c->arena, list);
	}
}

static char *comment(struct project_case *c, const struct project_block *want, struct annot *block)
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

	if (!c->pool || usage_count(c->pw->w, c->pool->poolid, NULL, NULL, &used, &err) < 0)
		return;
	for (int i = 0; i <= QUOTA_RAM_MB; i++)
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
	for (int i = 0; i < QUOTA_KEYS; i++)
		if (s->quota.v[i] != QUOTA_UNSET)
			want.quota.v[i] = s->quota.v[i];
	want_roles(c, &want);
	warn_lowered(c, &want);
	annot_copy(&block, &c->text.annot);
	text = comment(c, &want, &block);
	if (annot_has_secret(text))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: its comment looks like it holds a secret: every user of PVE can read it",
			s->label);
	c->plan->before = c->managed ? block_json(&c->have, s->poolid, human) : NULL;
	c->plan->after = block_json(&want, s->poolid, s->description ? s->description : human);
	c->plan->item = c->pool && c->managed ? project_item(c->pw->w, c->pool)
					      : json_deep_copy(c->plan->after);
	if (c->text.finding == ANNOT_OK && same_text &&
	    annot_equal(&c->text.annot, &block, changing))
		return 0;
	args = json_pack("{s:s,s:s}", "poolid", s->poolid, "comment", text);
	pxc_plan_add(c->plan, c->pool ? PROJECT_WRITE : PROJECT_CREATE, PXC_QUIET, args, "%s %s",
		     !c->pool     ? "create"
		     : c->managed ? "change"
				  : "adopt",
		     s->label);
	return 0;
}

/* The VM that holds the volumes of the project: it goes with the project, when no volume is left. */
static bool is_holder(const struct project_case *c, const struct world_guest *g)
{
	char vmid[16];

	(void)snprintf(vmid, sizeof(vmid), "%u", g->vmid);
	return str_eq(json_string_value(json_object_get(c->pw->holders, vmid)), c->spec->name);
}

static char *members(const struct project_case *c)
{
	const struct world *w = c->pw->w;
	struct pxc_buf out = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; i < w->nguests; i++)
		if (str_eq(w->guests[i].pool, c->spec->poolid) && !is_holder(c, &w->guests[i]) &&
		    n++ < 10)
			buf_printf(&out, "%s%u%s%s%s", out.len ? ", " : "", w->guests[i].vmid,
				   w->guests[i].name ? " (" : "",
				   w->guests[i].name ? w->guests[i].name : "",
				   w->guests[i].name ? ")" : "");
	if (n > 10)
		buf_printf(&out, " and %zu more", n - 10);
	return buf_take(&out);
}

static int refuse_volumes(const struct project_case *c, struct pxc_err *err)
{
	const json_t *left = json_object_get(c->pw->volumes, c->spec->name);
	auto_buf struct pxc_buf names = { .data = NULL };
	size_t i;
	json_t *name;

	json_array_foreach (left, i, name)
		if (i < 10)
			buf_printf(&names, "%s%s", i ? ", " : "", json_string_value(name));
	if (i > 10)
		buf_printf(&names, " and %zu more", i - 10);
	return i == 0 ? 0
		      : pxc_fail(
				err, PXC_EINVAL,
				"%s still has volumes: %s; remove them (pxc_volume with state: absent) or "
				"give them to another project (new_project) first",
				c->spec->label, buf_str(&names));
}

static void add_ha_remove(struct pxc_plan *p, const struct world_guest *g)
{
	char sid[24];

	(void)snprintf(sid, sizeof(sid), "vm:%u", g->vmid);
	if (*g->ha)
		pxc_plan_add(p, PROJECT_VM_HA_REMOVE, PXC_QUIET,
			     json_pack("{s:s,s:i}", "sid", sid, "purge", 1), "take VM %u out of HA",
			     g->vmid);
}

/* Steps that remove one guest of the project; each guest is a helper plan of its own, so that they go side by side. */
static void purge_guest(struct project_case *c, const struct world_guest *g)
{
	struct pxc_plan *p = pxc_plans_add(c->plans, c->spec->label);
	json_t *args = json_pack("{s:s,s:i}", "node", g->node, "vmid", (int)g->vmid);

	p->phase = 1;
	p->about = g->vmid;
	add_ha_remove(p, g);
	if (!str_eq(g->status, "stopped"))
		pxc_plan_add(p, PROJECT_VM_STOP, PXC_DISRUPTS, json_deep_copy(args), "stop VM %u",
			     g->vmid);
	(void)json_object_set_new(args, "purge", json_integer(1));
	(void)json_object_set_new(args, "destroy-unreferenced-disks", json_integer(1));
	pxc_plan_add(p, PROJECT_VM_DELETE, PXC_DESTROYS, args, "delete VM %u (%s) with its disks",
		     g->vmid, g->name ? g->name : "no name");
}

/* It has no disks, and what lies in Ceph under its number is not ours to remove with it. */
static void purge_holder(struct project_case *c, const struct world_guest *g)
{
	struct pxc_plan *p = pxc_plans_add(c->plans, c->spec->label);
	json_t *args = json_pack("{s:s,s:i}", "node", g->node, "vmid", (int)g->vmid);

	p->phase = 1;
	p->about = g->vmid;
	add_ha_remove(p, g);
	(void)json_object_set_new(args, "protection", json_integer(0));
	pxc_plan_add(p, PROJECT_VM_CONFIG, PXC_QUIET, json_deep_copy(args),
		     "take the protection off VM %u, which held its volumes", g->vmid);
	(void)json_object_del(args, "protection");
	(void)json_object_set_new(args, "purge", json_integer(1));
	(void)json_object_set_new(args, "destroy-unreferenced-disks", json_integer(0));
	pxc_plan_add(p, PROJECT_VM_DELETE, PXC_QUIET, args, "delete VM %u, which held its volumes",
		     g->vmid);
}

/* Only what carries the project's own annotation is ever removed. */
static int check_purge(const struct project_case *c, struct pxc_err *err)
{
	for (size_t i = 0; i < c->pw->w->nguests; i++) {
		const struct world_guest *g = &c->pw->w->guests[i];
		char vmid[16];
		const char *owner;

		if (!str_eq(g->pool, c->spec->poolid) || is_holder(c, g))
			continue;
		(void)snprintf(vmid, sizeof(vmid), "%u", g->vmid);
		owner = json_string_value(json_object_get(c->pw->owned, vmid));
		if (!str_eq(owner, c->spec->name))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: guest %u (%s) in pool %s was not made by this project, so purge does "
				"not remove it: move it to another pool, or delete it by hand",
				c->spec->label, g->vmid, g->name ? g->name : "no name",
				c->spec->poolid);
	}
	return 0;
}

static void journal_purge(struct project_case *c)
{
	struct project_block want = c->have;
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *text = NULL;
	struct pxc_plan *p;

	if (str_eq(c->have.op, "purge"))
		return;
	p = pxc_plans_add(c->plans, c->spec->label);
	want.op = "purge";
	annot_copy(&block, &c->text.annot);
	text = comment(c, &want, &block);
	pxc_plan_add(p, PROJECT_WRITE, PXC_QUIET,
		     json_pack("{s:s,s:s}", "poolid", c->spec->poolid, "comment", text),
		     "note in the journal that %s is being purged", c->spec->label);
}

static int plan_absent(struct project_case *c, struct pxc_err *err)
{
	const struct project_spec *s = c->spec;
	auto_free char *left = members(c);

	c->plan->item =
		json_pack("{s:s,s:s,s:s}", "name", s->name, "pool", s->poolid, "state", "absent");
	if (!c->pool)
		return 0;
	if (!c->managed)
		return pxc_fail(err, PXC_EINVAL, "%s: pool %s is no project and is left alone",
				s->label, s->poolid);
	if (*left && !s->purge)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s still has guests: %s; remove them first, or set purge: all to delete them "
			"with their disks",
			s->label, left);
	if (refuse_volumes(c, err) < 0 || (*left && check_purge(c, err) < 0))
		return -1;
	c->plan->before = block_json(&c->have, s->poolid, c->text.before);
	c->plan->phase = 2;
	pxc_plan_add(c->plan, PROJECT_DELETE, PXC_DESTROYS, json_pack("{s:s}", "poolid", s->poolid),
		     "delete %s", s->label);
	c->purges = *left;
	return 0;
}

/* Helper plans stand after all objects, so its guests are planned in a second pass. */
static void plan_purge(struct project_case *c)
{
	if (c->purges)
		journal_purge(c);
	for (size_t i = 0; c->plan->nsteps && i < c->pw->w->nguests; i++) {
		const struct world_guest *g = &c->pw->w->guests[i];

		if (!str_eq(g->pool, c->spec->poolid))
			continue;
		if (is_holder(c, g))
			purge_holder(c, g);
		else
			purge_guest(c, g);
	}
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
		r = cases[i].spec->absent ? plan_absent(&cases[i], err)
					  : plan_present(&cases[i], err);
	for (size_t i = 0; i < batch->nspecs && r == 0; i++)
		if (cases[i].spec->absent)
			plan_purge(&cases[i]);
	for (size_t i = 0; i < batch->nspecs; i++) {
		annot_text_release(&cases[i].text);
		arena_release(&cases[i].arena);
	}
	free(cases);
	return r;
}
