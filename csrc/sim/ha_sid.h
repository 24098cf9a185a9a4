/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_sid.h - resources by their names, as calls give them. Layer: sim. */
#pragma once

#include "sim/ha.h"

/* "vm:100" and "100" taken apart. */
struct ha_sid {
	char full[96];
	const char *name; /* behind the colon */
	bool vm;
};

sim_format_fn ha_format_sid;
/* The parameter "sid". 0, or -1 with a failure: there is no guest of that number. */
int ha_sid(struct sim_call *call, struct ha_sid *ret);
/* In the error state only "disabled" is taken; ha NULL = fine. */
int ha_need_sane(struct sim_call *call, const struct sim_ha *ha);
