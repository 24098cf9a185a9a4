/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.c - taken addresses as runs. */
#include "cloud/address.h"

#include <string.h>

static int by_first(const void *a, const void *b)
{
	return ip_order(&((const struct net_range *)a)->first,
			&((const struct net_range *)b)->first);
}

/* Is b the address right after a? */
static bool follows(const struct net_ip *a, const struct net_ip *b)
{
	struct net_ip next = *a;

	return ip_next(&next) && ip_order(&next, b) == 0;
}

/* How many runs begin at ip or below. */
static size_t runs_from_below(const struct address_set *set, const struct net_ip *ip)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ip_order(&set->runs[mid].first, ip) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The run that ip is in; NULL when it is free. */
static const struct net_range *run_of(const struct address_set *set, const struct net_ip *ip)
{
	size_t below = runs_from_below(set, ip);

	return below > 0 && range_has(&set->runs[below - 1], ip) ? &set->runs[below - 1] : NULL;
}

void address_fill(struct address_set *set, const struct net_range *ranges, size_t n)
{
	size_t all = set->n + n, last = 0;
	struct net_range *runs;

	if (n == 0)
		return;
	runs = arena_alloc(set->arena, all * sizeof(*runs));
	if (set->n > 0)
		memcpy(runs, set->runs, set->n * sizeof(*runs));
	memcpy(runs + set->n, ranges, n * sizeof(*runs));
	qsort(runs, all, sizeof(*runs), by_first);
	for (size_t i = 1; i < all; i++) {
		struct net_range *run = &runs[last];

		if (!range_has(run, &runs[i].first) && !follows(&run->last, &runs[i].first))
			runs[++last] = runs[i];
		else if (ip_order(&run->last, &runs[i].last) < 0)
			run->last = runs[i].last;
	}
	set->runs = runs;
	set->n = last + 1;
	set->cap = all;
}

static void insert_run(struct address_set *set, size_t at, const struct net_ip *ip)
{
	set->runs = arena_grow(set->arena, set->runs, set->n, &set->cap, sizeof(*set->runs));
	memmove(set->runs + at + 1, set->runs + at, (set->n - at) * sizeof(*set->runs));
	set->runs[at] = (struct net_range){ .first = *ip, .last = *ip };
	set->n++;
}

bool address_take(struct address_set *set, const struct net_ip *ip)
{
	size_t at = runs_from_below(set, ip);
	struct net_range *before, *after;

	if (address_has(set, ip))
		return false;
	before = at > 0 && follows(&set->runs[at - 1].last, ip) ? &set->runs[at - 1] : NULL;
	after = at < set->n && follows(ip, &set->runs[at].first) ? &set->runs[at] : NULL;
	if (before && after) {
		before->last = after->last;
		memmove(after, after + 1, (set->n - at - 1) * sizeof(*after));
		set->n--;
	} else if (before) {
		before->last = *ip;
	} else if (after) {
		after->first = *ip;
	} else {
		insert_run(set, at, ip);
	}
	return true;
}

bool address_has(const struct address_set *set, const struct net_ip *ip)
{
	return run_of(set, ip) != NULL;
}

/* The lowest free address from ip to the end of the range; ip itself is in the range. */
static bool lowest_from(const struct net_range *range, const struct address_set *taken,
			struct net_ip *ip)
{
	const struct net_range *run = run_of(taken, ip);
	struct net_ip next;

	if (!run)
		return true;
	next = run->last;
	if (!ip_next(&next) || !range_has(range, &next))
		return false;
	*ip = next;
	return true;
}

bool address_lowest(const struct net_range *ranges, size_t n, const struct address_set *taken,
		    struct net_ip *ret)
{
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		struct net_ip ip = ranges[i].first;

		if (!lowest_from(&ranges[i], taken, &ip) || (found && ip_order(&ip, ret) >= 0))
			continue;
		*ret = ip;
		found = true;
	}
	return found;
}

/* The free addresses of one range, gap by gap. */
static uint64_t free_of(const struct net_range *range, const struct address_set *taken)
{
	struct net_range gap = *range;
	uint64_t sum = 0;

	while (lowest_from(range, taken, &gap.first)) {
		size_t next = runs_from_below(taken, &gap.first);
		bool ends = next < taken->n && range_has(range, &taken->runs[next].first);

		gap.last = ends ? taken->runs[next].first : range->last;
		if (ends)
			(void)ip_prev(&gap.last);
		if (__builtin_add_overflow(sum, range_size(&gap), &sum))
			return UINT64_MAX;
		if (!ends)
			break;
		gap.first = taken->runs[next].first;
	}
	return sum;
}

uint64_t address_free(const struct net_range *ranges, size_t n, const struct address_set *taken)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct address_set all = { .arena = &arena };
	uint64_t sum = 0;

	address_fill(&all, ranges, n);
	for (size_t i = 0; i < all.n; i++)
		if (__builtin_add_overflow(sum, free_of(&all.runs[i], taken), &sum))
			return UINT64_MAX;
	return sum;
}
