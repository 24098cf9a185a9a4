/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * history.c - samples of half an hour, and archives of means and highest values.
 *
 * An archive is fed by stretches of rounds in which one sample held. Minutes are made of rounds, everything coarser of
 * minutes. A row is a mean over the time in which something was running, if that was more than half of it.
 */
#include "sim/history.h"

#include <string.h>

#include "base/attr.h"
#include "base/mem.h"

#define UNKNOWN (-1.0f)

/* What is put into an archive: a mean, and the highest values behind it. */
struct cell {
	float mean[RRD_VALUES], most[RRD_VALUES];
};

/* The rows of one resolution; a ring once it is full. Of minutes the highest values are the means, and not kept. */
struct archive {
	float *values;            /* so many of each row: see width() */
	size_t count, room, head; /* rows; head: the oldest */
	int64_t next;             /* number of the row that is being made: seconds / step */
	double sum[RRD_VALUES];
	float most[RRD_VALUES];
	unsigned running; /* parts of the row in which it ran */
};

static const struct {
	int64_t step_s;
	unsigned parts; /* of a row: rounds, or minutes */
	size_t kept;
} kinds[] = {
	{ 60, 6, 1440 },
	{ 1800, 30, 1440 },
	{ 21600, 360, 1440 },
	{ 604800, 10080, 570 },
};

struct sim_history {
	struct sim_sample *ring;
	size_t count, room, head; /* head: the oldest */
	int64_t fed_s;            /* the archives know all up to this round */
	struct archive archives[ARRAY_SIZE(kinds)];
};

/* ---- samples -------------------------------------------------------------------------------------------- */

static const struct sim_sample *nth(const struct sim_history *h, size_t n)
{
	return &h->ring[(h->head + n) % h->room];
}

static bool same(const struct sim_sample *a, const struct sim_sample *b)
{
	/* The same bits, also of what is no number. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-*) */
	return a->since_s == b->since_s && !memcmp(&a->cpu, &b->cpu, 4 * sizeof(float));
}

static void remember(struct sim_history *h, const struct sim_sample *sample)
{
	if (h->count == h->room && h->room < HISTORY_ROUNDS) {
		size_t room = h->room ? h->room * 2 : 4;

		h->room = room < HISTORY_ROUNDS ? room : HISTORY_ROUNDS;
		h->ring = pxc_realloc(h->ring, h->room * sizeof(*h->ring));
	}
	if (h->count < h->room) {
		h->ring[h->count++] = *sample;
		return;
	}
	h->ring[h->head] = *sample;
	h->head = (h->head + 1) % h->room;
}

const struct sim_sample *history_at(const struct sim_history *history, int64_t at_s)
{
	size_t low = 0, high = history ? history->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (nth(history, middle)->at_s <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? nth(history, low - 1) : NULL;
}

/* ---- archives --------------------------------------------------------------------------------------------- */

/* Values of a row. */
static size_t width(size_t kind)
{
	return kind ? 2 * RRD_VALUES : RRD_VALUES;
}

static void push(struct archive *a, size_t kind, const struct cell *cell)
{
	size_t row = a->head;

	if (a->count == a->room && a->room < kinds[kind].kept) {
		size_t room = a->room ? a->room * 2 : 8;

		a->room = room < kinds[kind].kept ? room : kinds[kind].kept;
		a->values = pxc_realloc(a->values, a->room * width(kind) * sizeof(*a->values));
	}
	if (a->count < a->room)
		row = a->count++;
	else
		a->head = (a->head + 1) % a->room;
	memcpy(a->values + row * width(kind), cell, width(kind) * sizeof(*a->values));
}

/* The row is over. */
static void finish(struct archive *a, size_t kind, struct cell *ret)
{
	bool ran = a->running * 2 > kinds[kind].parts;

	for (size_t v = 0; v < RRD_VALUES; v++) {
		ret->mean[v] = ran ? (float)(a->sum[v] / a->running) : UNKNOWN;
		ret->most[v] = ran ? a->most[v] : UNKNOWN;
	}
	push(a, kind, ret);
	a->next++;
	a->running = 0;
	memset(a->sum, 0, sizeof(a->sum));
	memset(a->most, 0, sizeof(a->most));
}

/* So many parts of the row that is being made were like this. */
static void add(struct archive *a, const struct cell *cell, unsigned parts)
{
	if (cell->mean[RRD_CPU] < 0)
		return;
	a->running += parts;
	for (size_t v = 0; v < RRD_VALUES; v++) {
		a->sum[v] += (double)cell->mean[v] * parts;
		if (cell->most[v] > a->most[v])
			a->most[v] = cell->most[v];
	}
}

/* A minute has ended. */
static void add_minute(struct sim_history *h, const struct cell *minute, int64_t number)
{
	for (size_t kind = 1; kind < ARRAY_SIZE(kinds); kind++) {
		struct archive *a = &h->archives[kind];
		struct cell cell;

		add(a, minute, 1);
		if ((number + 1) * 60 % kinds[kind].step_s == 0)
			finish(a, kind, &cell);
	}
}

/* The sample held at the rounds after fed_s until until_s. */
static void feed(struct sim_history *h, const struct sim_sample *sample, int64_t until_s)
{
	struct archive *minutes = &h->archives[0];
	const float values[RRD_VALUES] = { sample->cpu, sample->stall, sample->mem, sample->host };
	struct cell cell, minute;

	for (size_t v = 0; v < RRD_VALUES; v++)
		cell.mean[v] = cell.most[v] = sample->since_s ? values[v] : UNKNOWN;
	while (h->fed_s + ROUND_S <= until_s) {
		int64_t end_s = (minutes->next + 1) * 60;
		int64_t rounds = (end_s - h->fed_s) / ROUND_S;
		int64_t most = (until_s - h->fed_s) / ROUND_S;

		if (rounds > most)
			rounds = most;
		if (rounds > 0)
			add(minutes, &cell, (unsigned)rounds);
		h->fed_s += rounds * ROUND_S;
		if (h->fed_s + ROUND_S <= end_s)
			break;
		finish(minutes, 0, &minute);
		add_minute(h, &minute, minutes->next - 1);
	}
}

static struct sim_history *begin(const struct sim_sample *sample)
{
	struct sim_history *h = pxc_calloc(1, sizeof(*h));

	h->fed_s = (int64_t)sample->at_s - ROUND_S;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		h->archives[i].next = h->fed_s / kinds[i].step_s;
	return h;
}

void history_note(struct sim_history **history, const struct sim_sample *sample)
{
	struct sim_history *h = *history ? *history : begin(sample);

	*history = h;
	if (h->count && same(nth(h, h->count - 1), sample))
		return;
	if (h->count)
		feed(h, nth(h, h->count - 1), (int64_t)sample->at_s - ROUND_S);
	remember(h, sample);
	feed(h, sample, sample->at_s);
}

/* The archive whose rows make up such a step best: the coarsest one. */
static size_t kind_of(int64_t step_s)
{
	size_t kind = 0;

	while (kind + 1 < ARRAY_SIZE(kinds) && step_s % kinds[kind + 1].step_s == 0)
		kind++;
	return kind;
}

/* The mean values of a row, or the highest; NULL = it is not kept. */
static const float *row_at(const struct archive *a, size_t kind, int64_t number, bool maximum)
{
	int64_t back = a->next - number;

	if (back < 1 || back > (int64_t)a->count)
		return NULL;
	return a->values + (a->head + a->count - (size_t)back) % a->room * width(kind) +
	       (maximum && kind ? RRD_VALUES : 0);
}

/* A row out of so many of the archive. */
static void gather(const struct archive *a, size_t kind, int64_t first, unsigned cells,
		   bool maximum, struct rrd_row *row)
{
	unsigned running = 0;

	for (unsigned c = 0; c < cells; c++) {
		const float *values = row_at(a, kind, first + c, maximum);

		row->known = row->known || values;
		if (!values || values[RRD_CPU] < 0)
			continue;
		running++;
		for (size_t v = 0; v < RRD_VALUES; v++)
			if (!maximum)
				row->value[v] += values[v];
			else if (values[v] > row->value[v])
				row->value[v] = values[v];
	}
	for (size_t v = 0; v < RRD_VALUES; v++)
		if (!running || running * 2 < cells)
			row->value[v] = UNKNOWN;
		else if (!maximum)
			row->value[v] /= (float)running;
}

void history_rows(struct sim_history *history, int64_t seen_s, int64_t now_s, int64_t step_s,
		  bool maximum, struct rrd_row *rows, size_t count)
{
	size_t kind = kind_of(step_s);
	unsigned cells = (unsigned)(step_s / kinds[kind].step_s);
	int64_t begin_s = now_s / step_s * step_s - step_s * (int64_t)count;

	if (history)
		feed(history, nth(history, history->count - 1), seen_s);
	for (size_t i = 0; i < count; i++) {
		int64_t from_s = begin_s + step_s * (int64_t)i;

		rows[i] = (struct rrd_row){ .time_s = from_s + step_s };
		if (history)
			gather(&history->archives[kind], kind, from_s / kinds[kind].step_s, cells,
			       maximum, &rows[i]);
	}
}

void history_free(struct sim_history *history)
{
	if (!history)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		free(history->archives[i].values);
	free(history->ring);
	free(history);
}
