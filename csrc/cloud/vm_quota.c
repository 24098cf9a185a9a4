/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What VMs take of their projects' quotas. */
#include <stdlib.h>

#include "base/str.h"
#include "cloud/usage.h"
#include "cloud/vm_batch.h"

/* --- locks ------------------------------------------------------------------------------------------------ */

void vm_project_lock(const struct vm_case *c, json_t *args)
{
	json_t *locks = json_object_get(args, "_locks");

	if (!locks) {
		locks = json_array();
		(void)json_object_set_new(args, "_locks", locks);
	}
	(void)json_array_append_new(locks, json_sprintf("project.%s", c->spec->project));
}

void vm_growth_lock(const struct vm_case *c, json_t *args)
{
	struct vm_shape now, then;

	if (!c->have)
		return;
	now = vm_shape_now(c->have);
	then = vm_shape_then(c);
	if (then.cores > now.cores || then.ram_mb > now.ram_mb)
		vm_project_lock(c, args);
}

/* --- the quotas of projects ------------------------------------------------------------------------------- */

/* What one VM is of its project's usage. */
static void add_vm(struct quota *q, struct vm_shape shape, int64_t sign)
{
	q->v[QUOTA_INSTANCES] += sign;
	q->v[QUOTA_CORES] += sign * shape.cores;
	q->v[QUOTA_RAM_MB] += sign * shape.ram_mb;
}

/* What the batch adds to (or, by removing and shrinking, takes from) the usage of the project of case first. */
static struct quota asked_of(const struct vm_case *cases, size_t n, size_t first)
{
	struct quota q = { { 0 } };

	for (size_t i = first; i < n; i++) {
		const struct vm_case *c = &cases[i];

		if (!str_eq(c->pool, cases[first].pool))
			continue;
		q.v[QUOTA_IPS] += vm_addresses_asked(c);
		q.v[QUOTA_SNAPSHOTS] += vm_snaps_asked(c);
		if (c->have)
			add_vm(&q, vm_shape_now(c->have), -1);
		if (!c->spec->absent)
			add_vm(&q, vm_shape_then(c), 1);
	}
	return q;
}

static bool first_of_project(const struct vm_case *cases, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(cases[k].pool, cases[i].pool))
			return false;
	return true;
}

static int size_order(const void *a, const void *b)
{
	const struct usage_size *x = a, *y = b;

	return (x->vmid > y->vmid) - (x->vmid < y->vmid);
}

/* Of every guest whose configuration was read; sorted, in the arena. */
static const struct usage_size *sizes_of(const struct vm_case *c, size_t *ret_n)
{
	const struct vm_world *vw = c->vw;
	struct usage_size *list = arena_alloc(c->arena, (vw->nseen + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < vw->nseen; i++) {
		const struct vm_seen *x = vw->seen[i];
		struct vm_shape shape;

		if (x->problem || !x->config)
			continue;
		shape = vm_shape_now(x);
		list[n++] = (struct usage_size){ x->guest->vmid, shape.cores, shape.ram_mb };
	}
	qsort(list, n, sizeof(*list), size_order);
	*ret_n = n;
	return list;
}

/* Snapshots of the project, as they were counted where some are to be taken. */
static int take_snapshots(const struct vm_case *c, const struct quota *limit,
			  const struct quota *asked, struct quota *used, struct pxc_err *err)
{
	const json_t *n = json_object_get(c->vw->snapshots, c->spec->project);

	used->v[QUOTA_SNAPSHOTS] = (int64_t)json_integer_value(n);
	if (json_is_integer(n) || limit->v[QUOTA_SNAPSHOTS] < 0 || asked->v[QUOTA_SNAPSHOTS] <= 0 ||
	    c->spec->quota_ignore)
		return 0;
	return pxc_fail(err, PXC_EINVAL, "quota: snapshots cannot be counted: %s",
			json_is_string(n) ? json_string_value(n) : "they were not read");
}

static int check_project(const struct vm_case *cases, size_t n, size_t first,
			 const struct usage_size *sizes, size_t nsizes, struct pxc_err *err)
{
	const struct vm_case *c = &cases[first];
	struct quota asked = asked_of(cases, n, first), used, limit;
	struct usage_want want = { .limit = &limit,
				   .asked = &asked,
				   .ignore_unknown = c->spec->quota_ignore,
				   .sizes = sizes,
				   .nsizes = nsizes };

	if (usage_limit(c->w, c->pool, &limit, err) < 0 ||
	    usage_count(c->w, c->pool, &want, &used, err) < 0 ||
	    take_snapshots(c, &limit, &asked, &used, err) < 0)
		return -1;
	used.v[QUOTA_IPS] = (int64_t)vm_addresses_used(c);
	return quota_check(&limit, &used, &asked, err);
}

int vm_check_quota(struct vm_case *cases, size_t n, struct pxc_err *err)
{
	const struct usage_size *sizes;
	size_t nsizes = 0;

	for (size_t i = 0; i < n; i++)
		if (!cases[i].spec->absent && vm_check_ceiling(&cases[i], err) < 0)
			return -1;
	sizes = n ? sizes_of(&cases[0], &nsizes) : NULL;
	for (size_t i = 0; i < n; i++) {
		if (i && (str_eq(cases[i].pool, cases[i - 1].pool) || !first_of_project(cases, i)))
			continue;
		if (check_project(cases, n, i, sizes, nsizes, err) < 0)
			return pxc_context(err, "project %s", cases[i].spec->project);
	}
	return 0;
}

/* --- counted again ---------------------------------------------------------------------------------------- */

/* The youngest VM of the pool that this run has made, and that is not to be taken back yet; NULL: none. */
static struct vm_case *youngest(struct vm_case *cases, size_t n, const char *pool)
{
	struct vm_case *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (cases[i].spec->made && cases[i].have && !cases[i].over &&
		    str_eq(cases[i].pool, pool) &&
		    (!found || cases[i].spec->made_ms >= found->spec->made_ms))
			found = &cases[i];
	return found;
}

static int recount_project(struct vm_case *cases, size_t n, struct vm_case *first,
			   const struct usage_size *sizes, size_t nsizes, struct pxc_err *err)
{
	struct usage_want want = { .sizes = sizes, .nsizes = nsizes };
	struct quota limit, used, none = { { 0 } };
	struct vm_case *c;

	if (usage_limit(first->w, first->pool, &limit, err) < 0 ||
	    usage_count(first->w, first->pool, &want, &used, err) < 0)
		return -1;
	while ((c = youngest(cases, n, first->pool))) {
		struct quota mine = none;
		struct pxc_err over = { .kind = PXC_OK };

		add_vm(&mine, vm_shape_now(c->have), 1);
		add_vm(&used, vm_shape_now(c->have), -1);
		if (quota_check(&limit, &used, &mine, &over) == 0)
			return 0;
		c->over = arena_printf(
			c->arena,
			"project %s: %s: somebody else has taken the room since this run looked, so VM %u, "
			"which it had made, is taken back",
			c->spec->project, over.msg, c->vmid);
	}
	return 0;
}

int vm_recount(struct vm_case *cases, size_t n, struct pxc_err *err)
{
	const struct usage_size *sizes = NULL;
	size_t nsizes = 0;

	for (size_t i = 0; i < n; i++) {
		if (!cases[i].spec->made || !cases[i].have || cases[i].recounted)
			continue;
		if (!sizes)
			sizes = sizes_of(&cases[0], &nsizes);
		for (size_t k = i; k < n; k++)
			cases[k].recounted |= str_eq(cases[k].pool, cases[i].pool);
		if (recount_project(cases, n, &cases[i], sizes, nsizes, err) < 0)
			return pxc_context(err, "project %s", cases[i].spec->project);
	}
	return 0;
}
