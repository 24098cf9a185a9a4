/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hash.h"

#include <openssl/sha.h>
#include <stdio.h>

void sha256(const void *bytes, size_t len, unsigned char out[32])
{
	(void)SHA256(bytes, len, out);
}

void sha256_hex(const void *bytes, size_t len, char out[65])
{
	unsigned char md[SHA256_DIGEST_LENGTH];

	sha256(bytes, len, md);
	for (size_t i = 0; i < sizeof(md); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", md[i]);
}
