/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/balance.h"

#include "modules/items.h"
#include "modules/migrate.h"

/*
 * Every request this kind can send to change something, or to wait, is one of the stream of migrations: migrate_ops, in
 * modules/migrate.c. What it reads stands in modules/balance.h.
 */

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct rebalance_batch *batch = NULL;

	if (balance_decode(env, &batch, err) < 0)
		return -1;
	*ret_batch = batch;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct rebalance_world *bw = NULL;

	if (balance_observe(env, batch, &bw, err) < 0)
		return -1;
	*ret_world = bw;
	return 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	(void)batch, (void)w;
	policy_ask(ret, "balance.run", NULL, NULL);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return rebalance_plan(batch, world, ret, err);
}

static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	static const char *const names[] = { LOCK_MIGRATE, NULL };

	(void)env, (void)batch;
	return plans->nplans ? names : NULL;
}

static void note_done(struct rebalance_batch *b, unsigned vmid, const char *to, bool unsure)
{
	b->done = arena_grow(b->arena, b->done, b->ndone, &b->done_cap, sizeof(*b->done));
	b->done[b->ndone++] = (struct rebalance_done){ vmid, arena_strdup(b->arena, to), unsure };
}

/* Those that the HA manager has moved along are awaited by the plan of their leader. */
static void note_along(struct rebalance_batch *b, const struct pxc_plan *plan)
{
	for (size_t i = 0; i < plan->nsteps; i++) {
		unsigned vmid = (unsigned)item_int(plan->steps[i].args, "vmid");

		if (plan->steps[i].op != MIGRATE_THERE || vmid == plan->about)
			continue;
		note_done(b, vmid, item_text(plan->steps[i].args, "node"), false);
		b->nbegun++;
	}
}

/* A VM is tried once in a run; what was not begun may find another way. */
static void told(struct pxc_env *env, void *batch, const struct pxc_plan *plan,
		 const struct pve_job *job)
{
	struct rebalance_batch *b = batch;
	const char *to = item_text(plan->after, "node");

	(void)env;
	b->begun = true;
	if (job->state == PVE_JOB_NOT_BEGUN) {
		b->unfinished |= !job->stopped;
		return;
	}
	b->nbegun++;
	if (job->state == PVE_JOB_DONE || job->err.kind == PXC_EUNSURE) {
		note_done(b, plan->about, to, job->state != PVE_JOB_DONE);
		if (job->state == PVE_JOB_DONE)
			note_along(b, plan);
	} else {
		rebalance_refuse(b, plan->about, NULL, "this run has tried to move it, in vain");
	}
}

static void limits(const void *batch, struct kind_limits *ret)
{
	const struct rebalance_batch *b = batch;

	ret->max_failures = b->spec.max_failures;
	/* The nodes' own limits are in the plans. */
	ret->max_jobs = UINT32_MAX;
}

static int verdict(const void *batch, const void *world, struct pxc_err *err)
{
	const struct rebalance_batch *b = batch;

	(void)world;
	return rebalance_verdict(b, b->shown, err);
}

static void report(const void *batch, const void *world, json_t *result)
{
	const struct rebalance_batch *b = batch;

	(void)world;
	rebalance_show(b, b->shown, result);
}

const struct pxc_kind balance_kind = {
	.name = "balance",
	.singular = "migration",
	.plural = "plan",
	.ops = migrate_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
	.told = told,
	.limits = limits,
	.progress = true,
	.verdict = verdict,
	.report = report,
};
