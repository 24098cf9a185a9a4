/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * history.h - what pvestatd saw of a guest or a node: every round of the last half hour, and archives as RRD keeps them.
 *
 * A sample holds until the next one, so that rounds in which nothing changed cost nothing. Layer: sim.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUND_S 10
#define HISTORY_ROUNDS 181 /* the latest and 180 older ones */

struct sim_history;

/* From at_s on, until the next sample. */
struct sim_sample {
	uint32_t at_s;    /* seconds since 1970 */
	uint32_t since_s; /* it runs since then; 0 = it is off */
	float cpu, stall; /* as in struct sim_use */
	float mem, host;  /* MiB; of a node: memory in use, and the load average */
};

enum rrd_value { RRD_CPU, RRD_STALL, RRD_MEM, RRD_HOST, RRD_VALUES };

/* One row of an archive. A value below 0 is not known: the guest was off. */
struct rrd_row {
	int64_t time_s; /* where its stretch ends */
	bool known;     /* false: nobody looked in this stretch */
	float value[RRD_VALUES];
};

/* Note what was seen at a round; *history may be NULL before the first. Nothing to be done when it is what was seen before. */
void history_note(struct sim_history **history, const struct sim_sample *sample);
/* The sample that held at this second; NULL = none yet, or forgotten. Borrowed. */
const struct sim_sample *history_at(const struct sim_history *history, int64_t at_s);
/*
 * Rows of an archive, oldest first; the last one ends where now_s is rounded down to.
 *
 * seen_s    the last round: up to there all is known
 * step_s    60, 1800, 21600, 604800, or a multiple of one of these
 * maximum   the highest value of each row instead of the mean
 * rows      count of them
 */
void history_rows(struct sim_history *history, int64_t seen_s, int64_t now_s, int64_t step_s,
		  bool maximum, struct rrd_row *rows, size_t count);
void history_free(struct sim_history *history);
