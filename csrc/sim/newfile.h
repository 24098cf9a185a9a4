/* SPDX-License-Identifier: GPL-3.0-or-later */
/* newfile.h - a file on its way to a storage, by upload or download. Layer: sim. */
#pragma once

#include "sim/core.h"
#include "sim/fetch.h"

/* May a file of this content ("iso", "vztmpl", "import") be called so? */
bool newfile_name_fits(const char *content, const char *filename);
/* The same word as a constant; "iso" for anything else. */
const char *newfile_content(const char *content);
/* The storage of the request, able to hold the content; NULL after a failure. */
struct sim_storage *newfile_storage(struct sim_call *call, const char *content);

/* What the worker needs to know: storage, content, filename, checksum, ... New reference. */
json_t *newfile_args(struct sim_call *call, const char *filename);
const char *newfile_arg(const struct sim_task *task, const char *name);
/* Fail the task when the file is not what its name, or its checksum, says. */
int newfile_check_image(struct sim_task *task, const char *path, const struct sim_fetched *file);
int newfile_check_sum(struct sim_task *task, const char *got);
/* It has arrived. */
void newfile_add(struct sim_task *task, const char *content, const char *filename,
		 const struct sim_fetched *file);

#define NEWFILE_SUMS "md5, sha1, sha224, sha256, sha384, sha512"
#define NEWFILE_PARAMS                                                                             \
	{ .name = "checksum", .needs = "checksum-algorithm" },                                     \
	{                                                                                          \
		.name = "checksum-algorithm", .choices = NEWFILE_SUMS, .needs = "checksum"         \
	}
