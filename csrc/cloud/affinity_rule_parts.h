/* SPDX-License-Identifier: GPL-3.0-or-later */
/* affinity_rule_parts.h - what makes a rule that of a group; nobody but affinity_rule.c and affinity_project.c includes it. Layer: cloud. */
#pragma once

#include "cloud/affinity_rule.h"

/* Does the comment say that the rule was made for a group? Of which (new strings). */
bool affinity_rule_token(const struct ha_rule *r, char **project, char **name);
/* The kind of rule that shows a policy; false: none does. */
bool affinity_rule_type(enum affinity_policy p, enum ha_rule_type *ret);
/* For a new rule. */
void affinity_rule_id(const struct affinity_view *v, const struct affinity_group *g, char out[80]);
char *affinity_rule_comment(const struct affinity_view *v, const struct affinity_group *g,
			    const char *rule); /* new string */
