/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tags.h - the tags of a guest as a set: their case does not matter, nor does their order. Pure. Layer: cloud. */
#pragma once

#include "cloud/world.h"

/* Lists are arrays of texts. */
void tags_merge(json_t *list, const char *tag);   /* unless it is there already */
void tags_split(json_t *list, const char *text);  /* merge what PVE has in one text; NULL = none */
void tags_drop(json_t *list, const char *prefix); /* all that begin with it */
bool tags_same(const json_t *a, const json_t *b);
/* As PVE takes them, in lower case unless the cluster keeps the case of tags; new string. */
char *tags_join(const struct world *w, const json_t *list);
