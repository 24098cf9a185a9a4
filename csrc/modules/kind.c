/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/kind.h"

#include <string.h>

#include "base/mem.h"
#include "modules/lock.h"
#include "modules/outcome.h"

/* Conflicts (a stale digest, a VMID or name taken meanwhile) send the run round again this often. */
#define ROUNDS 4

/* Objects worked on side by side. Most of a job's time is a task on the server, so this may well be more than the
 * requests that are under way at once; PVE spreads the tasks over its nodes. */
#define JOBS_AT_ONCE 16

/* How long to wait before looking again at something that is busy: a guest being created by another run. */
#define BUSY_MS 500

struct run {
	const struct pxc_kind *kind;
	struct pxc_env *env;
	void *batch, *world;
	struct outcomes outcomes;
	struct locks locks;
};

/* Look and plan; "not now" is looked at again until the task's deadline. */
static int look(struct run *run, struct pxc_plans *ret, struct pxc_err *err)
{
	int64_t give_up = pve_now_ms(run->env->pve) + run->env->task_timeout_ms;

	for (;;) {
		*err = (struct pxc_err){ .kind = PXC_OK };
		pxc_plans_release(ret);
		if (run->kind->observe(run->env, run->batch, &run->world, err) < 0)
			return -1;
		if (run->kind->plan(run->batch, run->world, ret, err) == 0)
			return 0;
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

/* Must plan p wait for plan q to be done well? A helper of a later phase completes what the objects it is for have begun. */
static bool follows(const struct pxc_plan *p, const struct pxc_plan *q)
{
	return p->needs == q || (q->via == p && q->phase < p->phase);
}

/* Runs only when the plan that it undoes has stopped. */
static bool is_undone(struct run *run, const struct pxc_plans *plans, const struct pxc_plan *p)
{
	for (size_t k = 0; k < plans->nplans; k++)
		if (plans->plans[k] == p->undoes)
			return outcome_stopped(&run->outcomes, k);
	return false;
}

/* May this plan's steps run in this phase? Objects that failed earlier in the run are left alone. */
static bool ready(struct run *run, const struct pxc_plans *plans, size_t i, int phase)
{
	const struct pxc_plan *p = plans->plans[i];

	if (p->phase != phase || p->nsteps == 0 || outcome_failed(&run->outcomes, i))
		return false;
	if (p->undoes)
		return is_undone(run, plans, p);
	for (size_t k = 0; k < plans->nplans; k++)
		if (follows(p, plans->plans[k]) && outcome_stopped(&run->outcomes, k)) {
			outcome_follow(&run->outcomes, i, k);
			return false;
		}
	return true;
}

/* Replies that people want to see with the diff. */
static void show(struct run *run, const struct pxc_plan *plan, const struct pve_job *job)
{
	struct outcomes *o = &run->outcomes;

	for (size_t k = 0; run->kind->shows && k < job->ndone; k++) {
		json_t *entry = run->kind->shows(plan->steps[k].op, plan->steps[k].args,
						 job->steps[k].ret_data);

		if (entry && !o->shown)
			o->shown = json_array();
		if (entry)
			(void)json_array_append_new(o->shown, entry);
	}
}

static void run_phase(struct run *run, const struct pxc_plans *plans, int phase)
{
	struct pve_job *jobs = pxc_calloc(plans->nplans, sizeof(*jobs));
	size_t *owner = pxc_calloc(plans->nplans, sizeof(*owner)), njobs = 0;

	for (size_t i = 0; i < plans->nplans; i++) {
		const struct pxc_plan *p = plans->plans[i];
		struct pve_step *steps;

		if (!ready(run, plans, i, phase))
			continue;
		steps = pxc_calloc(p->nsteps, sizeof(*steps));
		for (size_t k = 0; k < p->nsteps; k++)
			steps[k] = (struct pve_step){ .op = &run->kind->ops[p->steps[k].op],
						      .args = p->steps[k].args,
						      .why = p->steps[k].why,
						      .context = run->env };
		owner[njobs] = i;
		jobs[njobs++] = (struct pve_job){ .steps = steps, .nsteps = p->nsteps };
	}
	if (njobs)
		pve_run(run->env->pve, jobs, njobs,
			run->kind->side_by_side ? run->kind->side_by_side : JOBS_AT_ONCE);
	for (size_t j = 0; j < njobs; j++) {
		const struct pxc_plan *p = plans->plans[owner[j]];

		outcome_add(&run->outcomes, owner[j], p, &jobs[j]);
		show(run, p, &jobs[j]);
		if (run->kind->told)
			run->kind->told(run->env, run->batch, p, &jobs[j]);
		if (p->undoes && jobs[j].err.kind == PXC_OK)
			outcome_undone(&run->outcomes, plans, owner[j]);
		pve_job_release(&jobs[j]);
		free(jobs[j].steps);
	}
	free(owner);
	free(jobs);
}

static void apply(struct run *run, const struct pxc_plans *plans)
{
	int last = 0;

	for (size_t i = 0; i < plans->nplans; i++)
		if (plans->plans[i]->phase > last)
			last = plans->plans[i]->phase;
	for (int phase = 0; phase <= last; phase++)
		run_phase(run, plans, phase);
}

/* Does a plan that is about to be done say that others follow it? */
static bool goes_on(struct run *run, const struct pxc_plans *plans)
{
	for (size_t i = 0; i < plans->nplans; i++)
		if (plans->plans[i]->again && !outcome_failed(&run->outcomes, i))
			return true;
	return false;
}

/* Is anything left to do, other than for objects that failed? */
static const struct pxc_plan *first_open(struct run *run, const struct pxc_plans *plans)
{
	for (size_t i = 0; i < plans->nplans; i++)
		if (plans->plans[i]->nsteps && !plans->plans[i]->undoes &&
		    !outcome_failed(&run->outcomes, i))
			return plans->plans[i];
	return NULL;
}

/*
 * Hold the locks these plans need. What was seen before a lock was held may be stale, so *ret_again says
 * whether to look again first.
 */
static int hold(struct run *run, const struct pxc_plans *plans, bool *ret_again,
		struct pxc_err *err)
{
	const char *const *names =
		run->kind->locks ? run->kind->locks(run->env, run->batch, plans) : NULL;

	*ret_again = false;
	if (!names || !names[0] || run->locks.taken)
		return 0;
	if (locks_acquire(&run->locks, run->env, names, err) < 0)
		return -1;
	run->env->locks = &run->locks;
	*ret_again = run->locks.fresh;
	return 0;
}

static int rounds(struct run *run, struct pxc_plans *plans, struct pxc_err *err)
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
			outcomes_preview(&run->outcomes, plans);
		}
		if (!first_open(run, plans))
			return 0;
		more = goes_on(run, plans);
		apply(run, plans);
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
		if (outcomes_conflict(&run->outcomes) || more)
			continue;
		/* A helper that turns up behind a failure puts right what that has left: the next run's work. */
		if (!open->item && outcomes_failed(&run->outcomes))
			return 0;
		return pxc_fail(err, PXC_EREMOTE, "%s did not converge: %s", open->label,
				open->steps[0].why);
	}
	conflict = outcomes_conflict(&run->outcomes);
	return pxc_fail(err, PXC_ECONFLICT, "gave up after %d rounds: %s", ROUNDS,
			conflict ? conflict : "each left more to do");
}

/* The only loop, and the only place that knows check mode: look, plan, act, look again. */
int kind_run(const struct pxc_kind *kind, struct pxc_env *env, json_t **ret_result,
	     struct pxc_err *err)
{
	struct run run = { .kind = kind, .env = env };
	auto_plans struct pxc_plans plans = { .nplans = 0 };
	bool check = env->args->task.check_mode;
	int r = -1;

	if (kind->decode(env, &run.batch, err) == 0 && look(&run, &plans, err) == 0 &&
	    refuse_impact(&plans, err) == 0) {
		outcomes_preview(&run.outcomes, &plans);
		r = check || !first_open(&run, &plans) ? 0 : rounds(&run, &plans, err);
		locks_release(&run.locks, env);
		if (kind->locks && !check)
			locks_sweep(env);
	}
	*ret_result = outcomes_result(&run.outcomes, kind, env, check);
	if (kind->report && run.world && r == 0)
		kind->report(run.batch, run.world, *ret_result);
	if (r == 0)
		r = outcomes_verdict(&run.outcomes, err);
	outcomes_release(&run.outcomes);
	return r;
}
