/* SPDX-License-Identifier: GPL-3.0-or-later */
/* chance.c - everything random in the simulator, from one seed. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "sim/core.h"

/* splitmix64: tiny, and good enough for identifiers that only have to differ. */
uint64_t sim_random(struct sim *sim)
{
	uint64_t z = (sim->random += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

void sim_uuid(struct sim *sim, char text[37])
{
	uint64_t a = sim_random(sim), b = sim_random(sim);

	snprintf(text, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
		 (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
		 (unsigned)(0x8000 | (b >> 48 & 0x3fff)),
		 (unsigned long long)(b & 0xffffffffffffull));
}

void sim_mac(struct sim *sim, char text[18])
{
	const char *prefix = json_string_value(json_object_get(sim->dc, "mac_prefix"));
	uint64_t r = sim_random(sim);

	if (!prefix)
		prefix = "BC:24:11";
	snprintf(text, 18, "%.8s:%02X:%02X:%02X", prefix, (unsigned)(r & 0xff),
		 (unsigned)(r >> 8 & 0xff), (unsigned)(r >> 16 & 0xff));
}

void sim_sha1_hex(const char *text, char hex[41])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (!EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL))
		pxc_oom();
	for (unsigned int i = 0; i < 20; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}
