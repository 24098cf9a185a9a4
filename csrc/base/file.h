/* SPDX-License-Identifier: GPL-3.0-or-later */
/* file.h - files that are there whole or not at all. Layer: base. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"

/* All bytes, and on the disk. -1 with errno. */
must_check int file_write(int fd, const char *bytes, size_t n);
/* The name is on the disk, too, before anybody relies on it. */
void file_sync_folder(const char *path);
/* The folder of a path, "." of a bare name; new string. */
char *file_folder(const char *path);

/*
 * Put these bytes where path is, in one step: whoever reads it finds the old or the new, never a part. Made beside it as
 * ".NAME.PID.new", which is gone when it fails. -1 with errno.
 */
must_check int file_replace(const char *path, const char *bytes, size_t n, mode_t mode);

/* 1: it is a plain file with just these bytes; 0: it is not there, or has others; -1 with errno, of what is no plain file EISDIR. */
must_check int file_holds(const char *path, const char *bytes, size_t n);
