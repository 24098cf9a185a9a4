/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_migrate_log.c - what migrations say, and how they end: in PVE's words (AbstractMigrate.pm, QemuMigrate.pm). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/qm.h"
#include "sim/qm_migrate.h"

static void log_line(struct sim_task *task, const char *prefix, const char *text)
{
	time_t now = (time_t)(task->sim->now_ms / 1000);
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	sim_task_log(task, "%04d-%02d-%02d %02d:%02d:%02d %s%s", tm.tm_year + 1900, tm.tm_mon + 1,
		     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, prefix, text);
}

void qm_migrate_log(struct sim_task *task, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	log_line(task, "", text);
}

static printf_like(2, 3) void log_error(struct sim_task *task, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	log_line(task, "ERROR: ", text);
}

/* How long it took, hours:minutes:seconds. */
static const char *duration(const struct sim_task *task, char text[32])
{
	long long s = (task->sim->now_ms - task->start_ms) / 1000;

	(void)snprintf(text, 32, "%02lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	return text;
}

void qm_migrate_unlock(struct sim_guest *g)
{
	g->arriving = NULL;
	if (g->lock && !strcmp(g->lock, "migrate"))
		sim_guest_set_lock(g, NULL);
}

int qm_migrate_abort(struct sim_task *task, const char *why)
{
	char took[32];

	log_error(task, "migration aborted (duration %s): %s", duration(task, took), why);
	return sim_task_fail(task, "migration aborted");
}

int qm_migrate_abort_phase1(struct sim_task *task, const char *fmt, ...)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	auto_free char *text = NULL, *why = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	why = pxc_printf("Problem found while scanning volumes - %s", text);
	log_error(task, "%s", why);
	qm_migrate_log(task, "aborting phase 1 - cleanup resources");
	if (g)
		qm_migrate_unlock(g);
	return qm_migrate_abort(task, why);
}

int qm_migrate_abort_phase2(struct sim_task *task, struct sim_guest *g, const char *why)
{
	char took[32];

	log_error(task, "online migrate failure - %s", why);
	qm_migrate_log(task, "aborting phase 2 - cleanup resources");
	qm_migrate_log(task, "migrate_cancel");
	qm_migrate_unlock(g);
	log_error(task, "migration finished with problems (duration %s)", duration(task, took));
	return sim_task_fail(task, "migration problems");
}

void qm_migrate_log_end(struct sim_task *task)
{
	char took[32];

	qm_migrate_log(task, "migration finished successfully (duration %s)", duration(task, took));
}
