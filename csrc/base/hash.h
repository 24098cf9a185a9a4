/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hash.h - SHA-256 (libcrypto). Pure. Layer: base. */
#pragma once

#include <stddef.h>

void sha256(const void *bytes, size_t len, unsigned char out[32]);

/* Lower-case hex of SHA-256 over len bytes; out is NUL-terminated. */
void sha256_hex(const void *bytes, size_t len, char out[65]);
