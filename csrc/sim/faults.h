/* SPDX-License-Identifier: GPL-3.0-or-later */
/* faults.h - the rules of a fault script, between their reader and what carries them out. Layer: sim. */
#pragma once

#include "sim/state.h"

enum action { DROP, STATUS, SLOW, LOST, LOCKED, HANG, FAIL, DIE, REVIVE, NOQUORUM, QUORUM };

struct rule {
	enum action action;
	char method[8], path[256]; /* glob over the path without /api2/json */
	unsigned nth, every, count;
	double chance; /* 0 = always */
	int64_t at_ms; /* since the start of the cluster */
	int status;
	uint32_t slow_ms;
	char text[256], node[64];
	unsigned seen, fired;
};

struct sim_faults {
	struct rule *rules;
	size_t count;
	const struct rule *active; /* the rule that fired for the request in hand */
	const struct rule *outer;  /* that of the request outside of it */
	int64_t start_ms;
};
