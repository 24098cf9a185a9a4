/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/clock.h"

#include <time.h>

static int64_t mono_ms(struct pxc_clock *self)
{
	struct timespec ts;

	(void)self;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t wall_s(struct pxc_clock *self)
{
	(void)self;
	return (int64_t)time(NULL);
}

struct pxc_clock pxc_system_clock = { .mono_ms = mono_ms, .wall_s = wall_s };

void clock_stamp(int64_t wall, char text[STAMP_TEXT])
{
	time_t t = (time_t)wall;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(text, STAMP_TEXT, "%Y%m%dT%H%M%SZ", &tm) == 0)
		text[0] = '\0';
}
