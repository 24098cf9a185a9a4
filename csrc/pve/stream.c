/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stream.c - which job begins next: in the order given, when those it waits for are done and its places are free. */
#include "pve/stream.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "pve/core.h"

#define JOBS_PER_URL 4

/* Jobs that never begin have a reason; until then they wait. */
static bool waits(const struct pve_job *job)
{
	return job->state == PVE_JOB_NOT_BEGUN && !*job->why;
}

static void tell(const struct pve_stream *st, const struct pve_job *job)
{
	if (st->limits->told)
		st->limits->told(st->limits->context, job);
}

static void job_ended(struct pve_client *pve, struct pve_stream *st, struct pve_job *job)
{
	if (job->err.kind != PXC_OK)
		job->state = PVE_JOB_FAILED;
	else
		job->state = *job->why ? PVE_JOB_DROPPED : PVE_JOB_DONE;
	job->ended_ms = pve_now_ms(pve);
	st->nfailed += job->state == PVE_JOB_FAILED;
	st->stirred = true;
	tell(st, job);
}

void pve_slot_ended(struct pve_client *pve, struct pve_slot *s)
{
	struct pve_job *job = s->job;

	s->job = NULL;
	s->stream->nopen--;
	job_ended(pve, s->stream, job);
}

static struct pve_slot *free_slot(struct pve_stream *st)
{
	for (size_t i = 0; i < st->nslots; i++)
		if (!st->slots[i].job)
			return &st->slots[i];
	return NULL;
}

static bool takes(const struct pve_job *job, const char *name)
{
	for (size_t i = 0; job && i < PVE_USES; i++)
		if (job->uses[i].name && str_eq(job->uses[i].name, name))
			return true;
	return false;
}

static bool has_places(const struct pve_stream *st, const struct pve_job *job)
{
	for (size_t i = 0; i < PVE_USES; i++) {
		const struct pve_use *use = &job->uses[i];
		unsigned taken = 0;

		for (size_t k = 0; use->name && k < st->nslots; k++)
			taken += takes(st->slots[k].job, use->name);
		if (use->name && taken >= use->max)
			return false;
	}
	return true;
}

static const char *how_it_ended(const struct pve_job *job)
{
	if (job->state == PVE_JOB_FAILED)
		return "failed";
	return job->state == PVE_JOB_DROPPED ? "was dropped" : "was not begun";
}

/* Are all it waits for done? One that ended otherwise is the reason why it never begins. */
static bool may_begin(struct pve_stream *st, struct pve_job *job)
{
	bool all = true;

	for (size_t i = 0; i < job->nafter; i++) {
		const struct pve_job *other = job->after[i];

		if (waits(other) || other->state == PVE_JOB_UNDER_WAY) {
			all = false;
		} else if (other->state != PVE_JOB_DONE) {
			(void)snprintf(job->why, sizeof(job->why), "%s %s",
				       other->label ? other->label : "another",
				       how_it_ended(other));
			st->stirred = true;
			return false;
		}
	}
	return all;
}

static void begin(struct pve_client *pve, struct pve_stream *st, struct pve_job *job)
{
	struct pve_slot *s = free_slot(st);

	job->state = PVE_JOB_UNDER_WAY;
	job->began_ms = pve_now_ms(pve);
	tell(st, job);
	if (job->nsteps == 0) {
		job_ended(pve, st, job);
		return;
	}
	*s = (struct pve_slot){ .stream = st, .job = job };
	st->nopen++;
	pve_slot_begin(pve, s);
}

/* Those under way are awaited all the same. */
static void stop(struct pve_stream *st, const char *why)
{
	for (size_t i = st->next; i < st->njobs; i++) {
		struct pve_job *job = &st->jobs[i];

		if (!waits(job))
			continue;
		(void)snprintf(job->why, sizeof(job->why), "%s", why);
		job->stopped = true;
	}
}

static void stop_in_time(struct pve_stream *st)
{
	const struct pve_limits *l = st->limits;
	const char *why = l->stops ? l->stops(l->context) : NULL;
	char enough[64];

	if (why) {
		stop(st, why);
	} else if (l->max_failures && st->nfailed >= l->max_failures) {
		(void)snprintf(enough, sizeof(enough), "%u failed before, which is the limit",
			       st->nfailed);
		stop(st, enough);
	}
}

static void begin_what_can(struct pve_client *pve, struct pve_stream *st)
{
	stop_in_time(st);
	while (st->stirred) {
		st->stirred = false;
		stop_in_time(st);
		while (st->next < st->njobs && !waits(&st->jobs[st->next]))
			st->next++;
		for (size_t i = st->next; i < st->njobs && free_slot(st); i++) {
			struct pve_job *job = &st->jobs[i];

			if (waits(job) && may_begin(st, job) && has_places(st, job))
				begin(pve, st, job);
		}
	}
}

/* Nothing is under way, and still some wait: for each other, or for a place that cannot be had. */
static void refuse_rest(struct pve_stream *st)
{
	for (size_t i = st->next; i < st->njobs; i++) {
		struct pve_job *job = &st->jobs[i];

		if (!waits(job))
			continue;
		(void)pxc_fail(&job->err, PXC_EBUG, "%s waits for what never comes",
			       job->label ? job->label : "a job");
		job->state = PVE_JOB_FAILED;
	}
}

static void reset(struct pve_job *job)
{
	job->state = PVE_JOB_NOT_BEGUN;
	job->why[0] = '\0';
	job->stopped = false;
	job->began_ms = job->ended_ms = 0;
	job->ndone = 0;
	job->err = (struct pxc_err){ .kind = PXC_OK };
	job->warnings = NULL;
}

void pve_stream(struct pve_client *pve, struct pve_job *jobs, size_t njobs,
		const struct pve_limits *limits)
{
	size_t most = limits->max_jobs ? limits->max_jobs : JOBS_PER_URL * pve->nendpoints;
	struct pve_stream st = { .jobs = jobs, .njobs = njobs, .limits = limits, .stirred = true };

	st.nslots = njobs < most ? njobs : most;
	st.slots = pxc_calloc(st.nslots, sizeof(*st.slots));
	pve_tasks_init(&st.tasks);
	for (size_t i = 0; i < njobs; i++)
		reset(&jobs[i]);
	for (begin_what_can(pve, &st); st.nopen; begin_what_can(pve, &st))
		pve_pump(pve, PVE_LONG_MS);
	refuse_rest(&st);
	pve_tasks_release(pve, &st.tasks);
	free(st.slots);
}

void pve_run(struct pve_client *pve, struct pve_job *jobs, size_t njobs, unsigned max_jobs)
{
	pve_stream(pve, jobs, njobs, &(struct pve_limits){ .max_jobs = max_jobs });
}

void pve_job_release(struct pve_job *job)
{
	for (size_t i = 0; i < job->nsteps; i++) {
		json_decref(job->steps[i].ret_data);
		job->steps[i].ret_data = NULL;
		free(job->steps[i].upid);
		job->steps[i].upid = NULL;
	}
	json_decref(job->warnings);
	job->warnings = NULL;
}
