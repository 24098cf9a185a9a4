/* SPDX-License-Identifier: GPL-3.0-or-later */
/* units.h - sizes as people write them. Inside the program sizes are bytes. Layer: base. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/*
 * Read "512", "512M", "2G", "2GiB", "1.5T" (powers of 1024; case and "iB"/"B" do not matter).
 *
 * unit       bytes that a number without a unit counts, e.g. MIB
 * returns    true and ret_bytes; false (untouched) for anything else, negative or above 2^63-1
 */
must_check bool size_parse(const char *text, uint64_t unit, uint64_t *ret_bytes);

/* Shortest exact form with one of "", K, M, G, T as PVE echoes sizes: 2G, 4608M, 512M, 528K. */
void size_format(uint64_t bytes, char *buf, size_t size);
