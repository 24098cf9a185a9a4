/* SPDX-License-Identifier: GPL-3.0-or-later */
/* audit_read.h - records of changes back out of their lines (audit.h), the newest first. Layer: modules. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"

struct audit_reader {
	const char *project;    /* only of this one; NULL = of all */
	char since[STAMP_TEXT]; /* older ones are not wanted; "" = all are */
	size_t limit;           /* so many are enough; 0 = no limit */
	json_t *list;           /* owned; the records, as pxc_info shows them */
	json_t *ended;          /* owned; of changes whose end was read, and not yet their begin */
	size_t nold;            /* lines older than since, one behind the other */
	size_t nunreadable;     /* lines that are no records */
};

/* since: "2026-11-01", with "T08:30:00Z" behind it, or as stamps are; NULL = all. err EINVAL */
must_check int audit_reader_init(struct audit_reader *r, const char *since, struct pxc_err *err);
void audit_reader_release(struct audit_reader *r);

/* The lines of a text, from its last to its first. A text that begins inside a line has *ret_rest bytes of it in front. */
void audit_reader_text(struct audit_reader *r, const char *text, size_t len, bool at_begin,
		       size_t *ret_rest);

/* Is nothing that is older wanted? */
bool audit_reader_done(const struct audit_reader *r);

/* "202611" -> "202610" */
void audit_month_before(char month[7]);
