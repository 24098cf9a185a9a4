/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_rule_options.h - the options of a rule in a call: checked, read, forgotten. Layer: sim. */
#pragma once

#include "sim/core.h"

/* The options that came must be of the type, and, creating, those it cannot do without must have come. */
int ha_rule_check(struct sim_call *call, bool creating);
/* The options that came, as they are written. New reference; NULL after a failure. */
json_t *ha_rule_given(struct sim_call *call);
/* "delete"; what = how the failure begins, config = what is set by the same call. */
int ha_rule_forget(struct sim_call *call, const char *what, json_t *rule, const json_t *config);
