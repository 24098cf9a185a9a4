/* SPDX-License-Identifier: GPL-3.0-or-later */
/* multipart.h - multipart/form-data, as uploads use it. Pure. Layer: sim. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sim_part {
	char name[64];
	char filename[256]; /* "" = a plain field */
	const char *data;   /* borrowed from the body */
	size_t len;
};

/*
 * The next part at *at (0 to begin with).
 *
 * type     the Content-Type header, with its boundary
 * returns  true and the part, *at behind it; false at the end or for what is no multipart body
 */
bool sim_multipart_next(const char *type, const char *body, size_t len, size_t *at,
			struct sim_part *ret);
