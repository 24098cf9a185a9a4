/* SPDX-License-Identifier: GPL-3.0-or-later */
/* time.c - the cluster's clock: timers, pvestatd's rounds, and what is due when time goes on. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/core.h"
#include "sim/rbd.h"
#include "sim/state.h"

#define STAT_ROUND_MS (ROUND_S * 1000)
#define KEPT_LOG 500

struct sim_timer {
	int64_t due_ms;
	sim_timer_fn *fn;
	json_t *ctx;
	struct sim_timer *next;
};

void sim_later(struct sim *sim, int64_t delay_ms, sim_timer_fn *fn, json_t *ctx)
{
	struct sim_timer *timer = pxc_calloc(1, sizeof(*timer)), **at = &sim->timers;

	timer->due_ms = sim->now_ms + (sim->options.speed > 0 ? delay_ms : 0);
	timer->fn = fn;
	timer->ctx = ctx;
	while (*at && (*at)->due_ms <= timer->due_ms)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
}

static void run_timer(struct sim *sim)
{
	struct sim_timer *timer = sim->timers;

	sim->timers = timer->next;
	timer->fn(sim, timer->ctx);
	json_decref(timer->ctx);
	free(timer);
}

void sim_timers_free(struct sim *sim)
{
	while (sim->timers) {
		struct sim_timer *timer = sim->timers;

		sim->timers = timer->next;
		json_decref(timer->ctx);
		free(timer);
	}
}

/* pvestatd looks every ten seconds; nobody notices a round in which nothing had changed. */
static int64_t next_round(const struct sim *sim)
{
	return sim->unseen || sim->loads_move ? sim->stat_ms + STAT_ROUND_MS : INT64_MAX;
}

static void skip_rounds(struct sim *sim)
{
	if (!sim->unseen && !sim->loads_move && sim->now_ms >= sim->stat_ms + STAT_ROUND_MS)
		sim->stat_ms += (sim->now_ms - sim->stat_ms) / STAT_ROUND_MS * STAT_ROUND_MS;
}

/* Do what is due first, if anything is due until target_ms. */
static bool step(struct sim *sim, int64_t target_ms)
{
	struct sim_task *task = NULL;
	int64_t task_ms = INT64_MAX, round_ms;
	int64_t timer_ms = sim->timers ? sim->timers->due_ms : INT64_MAX;

	skip_rounds(sim);
	round_ms = next_round(sim);
	if (!sim_task_due(sim, &task_ms, &task))
		task_ms = INT64_MAX;
	if (task_ms > target_ms && timer_ms > target_ms && round_ms > target_ms)
		return false;
	if (round_ms <= task_ms && round_ms <= timer_ms) {
		if (round_ms > sim->now_ms)
			sim->now_ms = round_ms;
		sim->stat_ms = round_ms;
		sim_stat_round(sim);
		return true;
	}
	if (timer_ms <= task_ms) {
		if (timer_ms > sim->now_ms)
			sim->now_ms = timer_ms;
		run_timer(sim);
		return true;
	}
	if (task_ms > sim->now_ms)
		sim->now_ms = task_ms;
	sim_task_run(task);
	return true;
}

void sim_run_until(struct sim *sim, int64_t target_ms)
{
	rbd_bury(sim);
	while (step(sim, target_ms))
		;
	if (target_ms > sim->now_ms)
		sim->now_ms = target_ms;
	sim_faults_tick(sim);
	if (sim->options.speed <= 0)
		sim_stat_round(sim);
}

int64_t sim_now_ms(const struct sim *sim)
{
	return sim->now_ms;
}

void sim_advance(struct sim *sim, int64_t ms)
{
	sim_run_until(sim, sim->now_ms + (ms > 0 ? ms : 0));
}

void sim_log(struct sim *sim, const struct sim_node *node, const char *user, const char *fmt, ...)
{
	auto_free char *text = NULL;
	auto_free char *uid = pxc_printf("%u", ++sim->log_serial);
	json_t *entry;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	entry = json_pack("{s:s, s:o, s:I, s:i, s:s, s:s, s:i, s:s, s:s}", "uid", uid, "id",
			  json_sprintf("%s:%s", uid, node->name), "time",
			  (json_int_t)(sim->now_ms / 1000), "pid", 161, "tag", "pvedaemon", "msg",
			  text, "pri", 6, "user", user, "node", node->name);
	json_array_insert_new(sim->log, 0, entry);
	if (json_array_size(sim->log) > KEPT_LOG)
		json_array_remove(sim->log, KEPT_LOG);
}
