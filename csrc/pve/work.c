/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/work.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/mem.h"
#include "pve/core.h"

struct work_list {
	struct pve_work *head, **tail;
};

struct pve_workers {
	pthread_mutex_t lock;
	pthread_cond_t wanted, ended; /* there is work; some work has ended, or all shall go home */
	struct work_list todo, done;
	bool closing;
	/* Of the loop's thread alone: */
	pthread_t threads[PVE_WORKERS];
	unsigned nthreads, under_way;
	struct pve_transport *transport; /* woken when work ends */
};

static void push(struct work_list *list, struct pve_work *work)
{
	work->next = NULL;
	*list->tail = work;
	list->tail = &work->next;
}

static struct pve_work *pop(struct work_list *list)
{
	struct pve_work *work = list->head;

	if (!work)
		return NULL;
	list->head = work->next;
	if (!list->head)
		list->tail = &list->head;
	return work;
}

static void *worker(void *arg)
{
	struct pve_workers *w = arg;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->closing) {
		struct pve_work *work = pop(&w->todo);

		if (!work) {
			(void)pthread_cond_wait(&w->wanted, &w->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&w->lock);
		if (work->fn(work->context, work->args, &work->data, &work->err) == 0)
			work->err.kind = PXC_OK;
		(void)pthread_mutex_lock(&w->lock);
		push(&w->done, work);
		(void)pthread_cond_signal(&w->ended);
		if (w->transport->wake)
			w->transport->wake(w->transport);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

static struct pve_workers *workers_of(struct pve_client *pve)
{
	struct pve_workers *w = pve->workers;
	pthread_condattr_t monotonic;

	if (w)
		return w;
	w = pve->workers = pxc_calloc(1, sizeof(*w));
	w->transport = pve->transport;
	w->todo.tail = &w->todo.head;
	w->done.tail = &w->done.head;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->wanted, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&w->ended, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return w;
}

/* Signals are for the loop's thread: a worker in the middle of a write has nothing to say to them. */
static void add_thread(struct pve_workers *w)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&w->threads[w->nthreads], NULL, worker, w) == 0)
		w->nthreads++;
	else if (!w->nthreads)
		pxc_oom();
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void pve_work_submit(struct pve_client *pve, struct pve_work *work)
{
	struct pve_workers *w = workers_of(pve);

	work->data = NULL;
	work->err = (struct pxc_err){ .kind = PXC_OK };
	w->under_way++;
	if (w->nthreads < PVE_WORKERS && w->nthreads < w->under_way)
		add_thread(w);
	(void)pthread_mutex_lock(&w->lock);
	push(&w->todo, work);
	(void)pthread_cond_signal(&w->wanted);
	(void)pthread_mutex_unlock(&w->lock);
}

bool pve_work_drain(struct pve_client *pve)
{
	struct pve_workers *w = pve->workers;
	struct pve_work *ended, *next;

	if (!w || !w->under_way)
		return false;
	(void)pthread_mutex_lock(&w->lock);
	ended = w->done.head;
	w->done.head = NULL;
	w->done.tail = &w->done.head;
	(void)pthread_mutex_unlock(&w->lock);
	for (struct pve_work *work = ended; work; work = next) {
		next = work->next;
		w->under_way--;
		work->done(pve, work);
	}
	return ended != NULL;
}

bool pve_work_under_way(const struct pve_client *pve)
{
	return pve->workers && pve->workers->under_way;
}

void pve_work_wait(struct pve_client *pve, uint32_t wait_ms)
{
	struct pve_workers *w = pve->workers;
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&w->lock);
	while (!w->done.head && pthread_cond_timedwait(&w->ended, &w->lock, &until) != ETIMEDOUT)
		;
	(void)pthread_mutex_unlock(&w->lock);
}

void pve_workers_free(struct pve_workers *w)
{
	if (!w)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->closing = true;
	(void)pthread_cond_broadcast(&w->wanted);
	(void)pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->nthreads; i++)
		(void)pthread_join(w->threads[i], NULL);
	(void)pthread_mutex_destroy(&w->lock);
	(void)pthread_cond_destroy(&w->wanted);
	(void)pthread_cond_destroy(&w->ended);
	free(w);
}
