/* SPDX-License-Identifier: GPL-3.0-or-later */
/* apply.c - the plans of a look as jobs: phase by phase, in a phase side by side or as a stream. */
#include <stdio.h>

#include "ansible/result.h"
#include "base/mem.h"
#include "modules/kind_parts.h"
#include "modules/progress.h"

/* Objects worked on side by side. Most of a job's time is a task on the server, so this may well be more than the
 * requests that are under way at once; PVE spreads the tasks over its nodes. */
#define JOBS_AT_ONCE 16

/* The jobs of one phase. */
struct phase {
	struct kind_run *run;
	const struct pxc_plans *plans;
	struct pve_job *jobs;    /* as many as there are plans */
	size_t *plan_of;         /* by job */
	struct pve_job **job_of; /* by plan; NULL = not in this phase, or not to be done */
	size_t njobs, nended;
	struct progress progress;
};

/* Must plan p wait for plan q to be done well? A helper of a later phase completes what the objects it is for have begun. */
static bool follows(const struct pxc_plan *p, const struct pxc_plan *q)
{
	return p->needs == q || (q->via == p && q->phase < p->phase);
}

/* Runs only when the plan that it undoes has stopped. */
static bool is_undone(struct kind_run *run, const struct pxc_plans *plans, const struct pxc_plan *p)
{
	for (size_t k = 0; k < plans->nplans; k++)
		if (plans->plans[k] == p->undoes)
			return outcome_stopped(&run->outcomes, k);
	return false;
}

/* May this plan's steps run in this phase? Objects that failed earlier in the run are left alone. */
static bool ready(struct kind_run *run, const struct pxc_plans *plans, size_t i, int phase)
{
	const struct pxc_plan *p = plans->plans[i];

	if (p->phase != phase || p->nsteps == 0 || outcome_closed(&run->outcomes, i))
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

static size_t number_of(const struct pxc_plans *plans, const struct pxc_plan *plan)
{
	size_t k = 0;

	while (plans->plans[k] != plan)
		k++;
	return k;
}

/* The jobs that plan i waits for. false: one of them is not going to be done. */
static bool wait_for(struct phase *ph, size_t i, struct pve_job *job)
{
	const struct pxc_plan *p = ph->plans->plans[i];
	const struct pve_job **after =
		arena_alloc(ph->run->env->arena, (p->nwaits_for + 1) * sizeof(struct pve_job *));

	for (size_t k = 0; k < p->nwaits_for; k++) {
		const struct pxc_plan *other = p->waits_for[k];
		const struct pve_job *its = ph->job_of[number_of(ph->plans, other)];

		if (its) {
			after[job->nafter++] = its;
		} else if (other->nsteps) {
			outcome_wait(&ph->run->outcomes, i, other->label, "is not done");
			return false;
		}
	}
	job->after = after;
	return true;
}

static void add_job(struct phase *ph, size_t i)
{
	const struct pxc_plan *p = ph->plans->plans[i];
	struct pve_job *job = &ph->jobs[ph->njobs];

	*job = (struct pve_job){ .nsteps = p->nsteps, .label = p->label };
	if (!wait_for(ph, i, job))
		return;
	job->steps = pxc_calloc(p->nsteps, sizeof(*job->steps));
	for (size_t k = 0; k < p->nsteps; k++)
		job->steps[k] = (struct pve_step){ .op = &ph->run->kind->ops[p->steps[k].op],
						   .args = p->steps[k].args,
						   .why = p->steps[k].why,
						   .context = ph->run->env };
	for (size_t k = 0; k < PVE_USES && k < PXC_USES; k++)
		job->uses[k] = (struct pve_use){ p->uses[k].name, p->uses[k].max };
	ph->plan_of[ph->njobs++] = i;
	ph->job_of[i] = job;
}

/* PVE's words may repeat what it was sent. */
static void say(const struct pxc_env *env, const char *text)
{
	auto_free char *line = result_mask_text(env->args, text);

	if (env->tell)
		env->tell(env->tell_context, line);
	else if (env->watched)
		(void)fprintf(stderr, PROGRESS_MARK "%s\n", line);
}

static void tick(struct phase *ph)
{
	const struct pxc_env *env = ph->run->env;
	auto_free char *line = NULL;

	if ((line = progress_line(&ph->progress, pve_now_ms(env->pve))))
		say(env, line);
}

static void count(void *context, const struct pve_job *job)
{
	struct phase *ph = context;
	struct progress *p = &ph->progress;

	if (job->state == PVE_JOB_UNDER_WAY) {
		p->under_way++;
	} else {
		p->done++;
		p->under_way -= p->under_way > 0;
		p->failed += job->state == PVE_JOB_FAILED;
	}
	tick(ph);
}

/* A line about each, of a run that people watch. */
static void tell_each(void *context, const struct pve_job *job)
{
	struct phase *ph = context;
	int seconds = (int)((job->ended_ms - job->began_ms + 500) / 1000);
	auto_free char *line = NULL;

	if (job->state == PVE_JOB_UNDER_WAY)
		line = pxc_printf("%s: begins", job->label);
	else if (job->state == PVE_JOB_DONE)
		line = pxc_printf("%zu/%zu %s: %d s", ++ph->nended, ph->njobs, job->label, seconds);
	else
		line = pxc_printf("%zu/%zu %s: %s after %d s: %s", ++ph->nended, ph->njobs,
				  job->label, job->state == PVE_JOB_DROPPED ? "dropped" : "failed",
				  seconds, job->state == PVE_JOB_DROPPED ? job->why : job->err.msg);
	say(ph->run->env, line);
}

/* Replies that people want to see with the diff. */
static void show(struct kind_run *run, const struct pxc_plan *plan, const struct pve_job *job)
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

static void book(struct phase *ph, size_t j)
{
	struct kind_run *run = ph->run;
	struct pve_job *job = &ph->jobs[j];
	const struct pxc_plan *p = ph->plans->plans[ph->plan_of[j]];

	outcome_add(&run->outcomes, ph->plan_of[j], p, job);
	show(run, p, job);
	if (run->kind->told)
		run->kind->told(run->env, run->batch, p, job);
	if (p->takes_back)
		outcome_taken_back(&run->outcomes, ph->plan_of[j], p);
	if (p->undoes && job->err.kind == PXC_OK)
		outcome_undone(&run->outcomes, ph->plans, ph->plan_of[j]);
	pve_job_release(job);
	free(job->steps);
}

/* Long work: a lock that is good for minutes is kept, and once it is lost nothing new begins. */
static const char *keep_locks(void *context)
{
	struct phase *ph = context;
	struct kind_run *run = ph->run;

	if (!run->kind->progress)
		tick(ph);
	return locks_prolong(&run->locks, run->env)
		       ? NULL
		       : "the run's lock was lost: somebody else may be at the same work";
}

static void run_phase(struct kind_run *run, const struct pxc_plans *plans, int phase)
{
	struct phase ph = { .run = run, .plans = plans };
	struct pve_limits limits = { .max_jobs = run->limits.max_jobs,
				     .stops = keep_locks,
				     .context = &ph };
	size_t failed = outcomes_nfailed(&run->outcomes);

	if (run->limits.max_failures && failed >= run->limits.max_failures)
		return;
	if (run->limits.max_failures)
		limits.max_failures = run->limits.max_failures - (unsigned)failed;
	if (!limits.max_jobs)
		limits.max_jobs = run->kind->side_by_side ? run->kind->side_by_side : JOBS_AT_ONCE;
	limits.told = run->kind->progress ? tell_each : count;
	ph.jobs = pxc_calloc(plans->nplans, sizeof(*ph.jobs));
	ph.plan_of = pxc_calloc(plans->nplans, sizeof(*ph.plan_of));
	ph.job_of = pxc_calloc(plans->nplans, sizeof(struct pve_job *));
	for (size_t i = 0; i < plans->nplans; i++)
		if (ready(run, plans, i, phase))
			add_job(&ph, i);
	ph.progress = (struct progress){ .all = ph.njobs, .began_ms = pve_now_ms(run->env->pve) };
	ph.progress.said_ms = ph.progress.began_ms;
	if (ph.njobs)
		pve_stream(run->env->pve, ph.jobs, ph.njobs, &limits);
	for (size_t j = 0; j < ph.njobs; j++)
		book(&ph, j);
	free(ph.job_of);
	free(ph.plan_of);
	free(ph.jobs);
}

void kind_apply(struct kind_run *run, const struct pxc_plans *plans)
{
	int last = 0;

	outcomes_begin(&run->outcomes, pve_now_ms(run->env->pve));
	for (size_t i = 0; i < plans->nplans; i++)
		if (plans->plans[i]->phase > last)
			last = plans->plans[i]->phase;
	for (int phase = 0; phase <= last; phase++)
		run_phase(run, plans, phase);
}
