/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/kind.h"

#include <string.h>

#include "base/str.h"
#include "cloud/project_block.h"
#include "modules/audit.h"
#include "modules/rights.h"

/* Conflicts (a stale digest, a VMID or name taken meanwhile) send the run round again this often. */
#define ROUNDS 4

/* How long to wait before looking again at something that is busy: a guest being created by another run. */
#define BUSY_MS 500

/* Look and plan; "not now" is looked at again until the task's deadline. */
static int look(struct kind_run *run, struct pxc_plans *ret, struct pxc_err *err)
{
	int64_t give_up = pve_now_ms(run->env->pve) + run->env->task_timeout_ms;

	for (;;) {
		*err = (struct pxc_err){ .kind = PXC_OK };
		pxc_plans_release(ret);
		if (run->kind->observe(run->env, run->batch, &run->world, err) < 0)
			return -1;
		if (run->kind->plan(run->batch, run->world, ret, err) == 0)
			return pxc_plans_check_secrets(ret, run->env->args->secrets, err);
		if (err->kind != PXC_EBUSY || pve_now_ms(run->env->pve) >= give_up)
			return -1;
		pve_sleep(run->env->pve, BUSY_MS);
	}
}

static int refuse_impact(const struct pxc_plans *plans, struct pxc_err *err)
{
	for (size_t i = 0; i < plans->nplans; i++) {
		const struct pxc_plan *p = plans->plans[i];

		for (size_t k = 0; k < p->nsteps; k++)
			if (p->steps[k].impact > p->allow)
				return pxc_fail(
					err, PXC_EINVAL,
					"%s: \"%s\" %s, but the task allows no more than %s: "
					"set allow: %s",
					p->label, p->steps[k].why,
					pxc_impact_name(p->steps[k].impact),
					pxc_impact_name(p->allow),
					pxc_impact_name(p->steps[k].impact));
	}
	return 0;
}

/* Does a plan that is about to be done say that others follow it? */
static bool goes_on(struct kind_run *run, const struct pxc_plans *plans)
{
	for (size_t i = 0; i < plans->nplans; i++)
		if (plans->plans[i]->again && !outcome_closed(&run->outcomes, i))
			return true;
	return false;
}

/* Is something that this run has made to be taken back? */
static bool takes_back(struct kind_run *run, const struct pxc_plans *plans)
{
	for (size_t i = 0; i < plans->nplans; i++)
		if (plans->plans[i]->takes_back && !outcome_closed(&run->outcomes, i))
			return true;
	return false;
}

/* Is anything left to do, other than for objects that failed or were dropped? */
static const struct pxc_plan *first_open(struct kind_run *run, const struct pxc_plans *plans)
{
	for (size_t i = 0; i < plans->nplans; i++)
		if (plans->plans[i]->nsteps && !plans->plans[i]->undoes &&
		    !outcome_closed(&run->outcomes, i))
			return plans->plans[i];
	return NULL;
}

/* What a plan would do, for people: not the looks in front of it. */
static const char *first_change(const struct pxc_plan *plan)
{
	for (size_t i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].impact > PXC_WAITS)
			return plan->steps[i].why;
	return plan->steps[0].why;
}

/*
 * Hold the locks these plans need. What was seen before a lock was held may be stale, so *ret_again says
 * whether to look again first.
 */
static int hold(struct kind_run *run, const struct pxc_plans *plans, bool *ret_again,
		struct pxc_err *err)
{
	const char *const *names =
		run->kind->locks ? run->kind->locks(run->env, run->batch, plans) : NULL;

	*ret_again = false;
	if (!names || !names[0] || run->locks.taken)
		return 0;
	if (locks_acquire(&run->locks, run->env, locks_place(run->env, names), err) < 0)
		return -1;
	run->env->locks = &run->locks;
	*ret_again = run->locks.fresh;
	return 0;
}

static bool enough_failed(const struct kind_run *run)
{
	unsigned most = run->limits.max_failures;

	return most && outcomes_nfailed(&run->outcomes) >= most;
}

/* What is still open is not begun any more. */
static void leave_rest(struct kind_run *run, const struct pxc_plans *plans)
{
	for (size_t i = 0; i < plans->nplans; i++)
		if (plans->plans[i]->nsteps && !outcome_closed(&run->outcomes, i))
			outcome_leave(&run->outcomes, i, "so many failed that the run stops");
}

static int rounds(struct kind_run *run, struct pxc_plans *plans, struct pxc_err *err)
{
	const char *conflict;

	for (int round = 0; round < ROUNDS; round++) {
		const struct pxc_plan *open;
		bool again, more;

		if (hold(run, plans, &again, err) < 0)
			return -1;
		if (again) {
			if (look(run, plans, err) < 0 || refuse_impact(plans, err) < 0)
				return -1;
			/* What earlier rounds did is not forgotten. */
			if (round == 0)
				outcomes_preview(&run->outcomes, plans);
			else
				outcomes_settle(&run->outcomes, plans);
			/* While it waited somebody has put the locks elsewhere: those are not what others hold. */
			if (!str_eq(run->locks.storage, run->env->lock_storage)) {
				locks_release(&run->locks, run->env);
				continue;
			}
		}
		if (!first_open(run, plans))
			return 0;
		if (enough_failed(run)) {
			leave_rest(run, plans);
			return 0;
		}
		more = goes_on(run, plans);
		if (audit_begin(run, plans, err) < 0)
			return -1;
		/* What the task was allowed, and has begun, it also ends: it may just have given away its own right to. */
		run->env->permitted = true;
		kind_apply(run, plans);
		if (look(run, plans, err) < 0) {
			outcomes_take_back(&run->outcomes);
			/* What is refused now, was not when it was planned: not the task's fault any more. */
			if (err->kind == PXC_EINVAL)
				err->kind = PXC_EREMOTE;
			return pxc_context(err, "after the change");
		}
		outcomes_settle(&run->outcomes, plans);
		open = first_open(run, plans);
		if (!open)
			return 0;
		if (outcomes_conflict(&run->outcomes) || outcomes_wait(&run->outcomes) || more ||
		    run->kind->drifts || takes_back(run, plans))
			continue;
		/* A helper that turns up behind a failure puts right what that has left: the next run's work. */
		if (!open->item && outcomes_nfailed(&run->outcomes))
			return 0;
		return pxc_fail(err, PXC_EREMOTE, "%s did not converge: %s", open->label,
				first_change(open));
	}
	conflict = outcomes_conflict(&run->outcomes);
	if (!conflict && (run->kind->drifts || outcomes_wait(&run->outcomes)))
		return 0;
	return pxc_fail(err, PXC_ECONFLICT, "gave up after %d rounds: %s", ROUNDS,
			conflict ? conflict : "each left more to do");
}

/* From here on, whoever reads a snapshot asks the policy for this run. */
static bool ask_as(struct kind_run *run)
{
	run->env->kind = run->kind;
	run->env->batch = run->batch;
	return true;
}

/* The only loop, and the only place that knows check mode: look, plan, act, look again. */
int kind_run(const struct pxc_kind *kind, struct pxc_env *env, json_t **ret_result,
	     struct pxc_err *err)
{
	struct kind_run run = { .kind = kind, .env = env };
	auto_plans struct pxc_plans plans = { .nplans = 0 };
	bool check = env->args->task.check_mode;
	int r = -1;

	if (kind->decode(env, &run.batch, err) == 0 && ask_as(&run) &&
	    look(&run, &plans, err) == 0 && refuse_impact(&plans, err) == 0) {
		outcomes_preview(&run.outcomes, &plans);
		if (kind->limits)
			kind->limits(run.batch, &run.limits);
		if (check || !first_open(&run, &plans))
			r = 0;
		else
			r = audit_reach(&run, err) < 0 ? -1 : rounds(&run, &plans, err);
		locks_release(&run.locks, env);
		if (kind->locks && !check)
			locks_sweep(env);
	}
	audit_end(&run);
	*ret_result = outcomes_result(&run.outcomes, kind, env, check);
	(void)json_object_set_new(*ret_result, "pxc_audit", audit_of_run(&run, check));
	if (kind->leaves && run.batch)
		kind->leaves(run.batch, *ret_result);
	if (kind->report && run.world && r == 0)
		kind->report(run.batch, run.world, *ret_result);
	if (r == 0)
		r = outcomes_verdict(&run.outcomes, err);
	if (r == 0 && kind->verdict)
		r = kind->verdict(run.batch, run.world, err);
	if (r < 0)
		rights_explain(env, err);
	outcomes_release(&run.outcomes);
	return r;
}
