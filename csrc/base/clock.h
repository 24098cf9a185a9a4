/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock.h - time as a seam: the system's, or a test's. Layer: base. */
#pragma once

#include <stdint.h>

struct pxc_clock {
	int64_t (*mono_ms)(struct pxc_clock *self); /* monotonic milliseconds, for deadlines */
	int64_t (*wall_s)(struct pxc_clock *self);  /* seconds since 1970, for stamps */
};

extern struct pxc_clock pxc_system_clock;

/* "20260901T101500Z" */
#define STAMP_TEXT 17
void clock_stamp(int64_t wall_s, char text[STAMP_TEXT]);
