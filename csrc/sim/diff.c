/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diff.c - a unified diff of two texts, by the lines that are unique in both ("patience"). */
#include "sim/diff.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CONTEXT 3

struct line {
	const char *text;
	size_t len;
};

struct side {
	struct line *lines;
	size_t count;
	bool *kept; /* is the line in both texts? */
};

static void split(const char *text, struct side *side)
{
	size_t count = 0;

	for (const char *at = text; *at; at++)
		count += *at == '\n';
	side->lines = pxc_calloc(count + 2, sizeof(*side->lines));
	side->kept = pxc_calloc(count + 2, sizeof(*side->kept));
	for (const char *at = text; *at;) {
		size_t len = strcspn(at, "\n");

		side->lines[side->count++] = (struct line){ at, len };
		at += len;
		at += *at == '\n';
	}
}

static int compare(const struct line *a, const struct line *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->text, b->text, len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* A range of each side: lines [old, old_end) against [new, new_end). */
struct span {
	size_t old, old_end, new, new_end;
};

struct both {
	struct side old, new;
};

static bool same(const struct both *both, size_t i, size_t k)
{
	return !compare(&both->old.lines[i], &both->new.lines[k]);
}

static void keep(struct both *both, size_t i, size_t k)
{
	both->old.kept[i] = both->new.kept[k] = true;
}

/* A line of a span, for finding those that are unique in it. */
struct seat {
	const struct line *line;
	size_t at;
};

static int by_line(const void *a, const void *b)
{
	return compare(((const struct seat *)a)->line, ((const struct seat *)b)->line);
}

static struct seat *sorted(const struct side *side, size_t from, size_t end)
{
	struct seat *seats = pxc_calloc(end - from + 1, sizeof(*seats));

	for (size_t i = from; i < end; i++)
		seats[i - from] = (struct seat){ &side->lines[i], i };
	qsort(seats, end - from, sizeof(*seats), by_line);
	return seats;
}

/* How many of seats are equal to the first. */
static size_t run(const struct seat *seats, size_t left)
{
	size_t n = 1;

	while (n < left && !compare(seats[0].line, seats[n].line))
		n++;
	return n;
}

struct pair {
	size_t old, new;
};

static int by_old(const void *a, const void *b)
{
	const struct pair *one = a, *other = b;

	return (one->old > other->old) - (one->old < other->old);
}

/* The lines that are unique in both sides of the span, in order of the old one. Caller frees. */
static struct pair *unique_pairs(const struct both *both, const struct span *span,
				 size_t *ret_count)
{
	size_t n = span->old_end - span->old, m = span->new_end - span->new, i = 0, k = 0;
	auto_free struct seat *old = sorted(&both->old, span->old, span->old_end),
			      *new = sorted(&both->new, span->new, span->new_end);
	struct pair *pairs = pxc_calloc((n < m ? n : m) + 1, sizeof(*pairs));
	size_t count = 0;

	while (i < n && k < m) {
		int order = compare(old[i].line, new[k].line);
		size_t old_run = run(old + i, n - i), new_run = run(new + k, m - k);

		if (!order && old_run == 1 && new_run == 1)
			pairs[count++] = (struct pair){ old[i].at, new[k].at };
		i += order <= 0 ? old_run : 0;
		k += order >= 0 ? new_run : 0;
	}
	qsort(pairs, count, sizeof(*pairs), by_old);
	*ret_count = count;
	return pairs;
}

/* The longest run of pairs that go up in the new side, too, moved to the front of pairs; its length. */
static size_t rising(struct pair *pairs, size_t count)
{
	auto_free size_t *tails = pxc_calloc(count + 1, sizeof(*tails)),
			 *before = pxc_calloc(count + 1, sizeof(*before));
	auto_free struct pair *chain = pxc_calloc(count + 1, sizeof(*chain));
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		size_t low = 0, high = length;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (pairs[tails[middle]].new < pairs[i].new)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? tails[low - 1] : 0;
		tails[low] = i;
		length = low == length ? length + 1 : length;
	}
	for (size_t n = length, at = length ? tails[length - 1] : 0; n-- > 0; at = before[at])
		chain[n] = pairs[at];
	memcpy(pairs, chain, length * sizeof(*pairs));
	return length;
}

static void match(struct both *both, struct span span)
{
	auto_free struct pair *pairs = NULL;
	size_t count = 0;

	while (span.old < span.old_end && span.new < span.new_end &&same(both, span.old, span.new))
		keep(both, span.old++, span.new ++);
	while (span.old < span.old_end &&
	       span.new < span.new_end &&same(both, span.old_end - 1, span.new_end - 1))
		keep(both, --span.old_end, --span.new_end);
	if (span.old == span.old_end || span.new == span.new_end)
		return;
	pairs = unique_pairs(both, &span, &count);
	count = rising(pairs, count);
	for (size_t i = 0; i < count; i++) {
		match(both, (struct span){ span.old, pairs[i].old, span.new, pairs[i].new });
		keep(both, pairs[i].old, pairs[i].new);
		span.old = pairs[i].old + 1;
		span.new = pairs[i].new + 1;
	}
	if (count)
		match(both, span);
}

static void add_line(struct pxc_buf *out, char sign, const struct line *line)
{
	buf_addc(out, sign);
	buf_add(out, line->text, line->len);
	buf_addc(out, '\n');
}

/* "-3,7": where a hunk is; an empty one is named by the line before it. */
static void add_range(struct pxc_buf *out, char sign, size_t from, size_t count)
{
	buf_printf(out, count == 1 ? "%c%zu" : "%c%zu,%zu", sign, count ? from + 1 : from, count);
}

/* The lines of both sides up to the ends, those that go before those that come. */
static void add_lines(const struct both *both, struct span span, struct pxc_buf *out)
{
	while (span.old < span.old_end || span.new < span.new_end) {
		if (span.old < span.old_end && !both->old.kept[span.old])
			add_line(out, '-', &both->old.lines[span.old++]);
		else if (span.new < span.new_end && !both->new.kept[span.new])
			add_line(out, '+', &both->new.lines[span.new ++]);
		else {
			add_line(out, ' ', &both->old.lines[span.old++]);
			span.new ++;
		}
	}
}

/* Is anything changed at this place, where both sides are equal so far? */
static bool changed(const struct both *both, size_t i, size_t k)
{
	return (i < both->old.count && !both->old.kept[i]) ||
	       (k < both->new.count && !both->new.kept[k]);
}

/* Extend a span that begins with a change until two contexts without any follow, or the texts end. */
static void grow(const struct both *both, struct span *span)
{
	size_t i = span->old_end, k = span->new_end, calm = 0;

	while (calm <= 2 * CONTEXT && (i < both->old.count || k < both->new.count)) {
		if (!changed(both, i, k)) {
			calm++;
			i++;
			k++;
			continue;
		}
		calm = 0;
		while (i < both->old.count && !both->old.kept[i])
			i++;
		while (k < both->new.count && !both->new.kept[k])
			k++;
		span->old_end = i;
		span->new_end = k;
	}
}

/* One hunk with its context; after it span is empty and at its end. */
static void add_hunk(const struct both *both, struct span *span, struct pxc_buf *out)
{
	struct span hunk;
	size_t before = span->old < span->new ? span->old : span->new, after;

	grow(both, span);
	hunk = *span;
	before = before < CONTEXT ? before : CONTEXT;
	after = both->old.count - span->old_end < CONTEXT ? both->old.count - span->old_end
							  : CONTEXT;
	hunk.old -= before;
	hunk.new -= before;
	hunk.old_end += after;
	hunk.new_end += after;
	buf_adds(out, "@@ ");
	add_range(out, '-', hunk.old, hunk.old_end - hunk.old);
	buf_addc(out, ' ');
	add_range(out, '+', hunk.new, hunk.new_end - hunk.new);
	buf_adds(out, " @@\n");
	add_lines(both, hunk, out);
	span->old = span->old_end;
	span->new = span->new_end;
}

void diff_unified(const char *old_text, const char *new_text, const char *old_name,
		  const char *new_name, struct pxc_buf *out)
{
	struct both both = { 0 };
	struct span at = { 0 };

	split(old_text, &both.old);
	split(new_text, &both.new);
	match(&both, (struct span){ 0, both.old.count, 0, both.new.count });
	while (at.old < both.old.count || at.new < both.new.count) {
		at.old_end = at.old;
		at.new_end = at.new;
		if (!changed(&both, at.old, at.new)) {
			at.old++;
			at.new ++;
			continue;
		}
		if (!out->len)
			buf_printf(out, "--- %s\n+++ %s\n", old_name, new_name);
		add_hunk(&both, &at, out);
	}
	free(both.old.lines);
	free(both.old.kept);
	free(both.new.lines);
	free(both.new.kept);
}
