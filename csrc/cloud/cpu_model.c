/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/cpu_model.h"

#include <string.h>

#include "base/attr.h"
#include "base/str.h"

const char *const cpu_model_names[] = { "x86-64-v4", "x86-64-v3", "x86-64-v2-AES", "x86-64-v2",
					NULL };

#define V2 "cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"
#define V3 V2, "aes", "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"

static const char *const v2[] = { V2, NULL };
static const char *const v2_aes[] = { V2, "aes", NULL };
static const char *const v3[] = { V3, NULL };
static const char *const v4[] = { V3,         "avx512f",  "avx512bw", "avx512cd",
				  "avx512dq", "avx512vl", NULL };

/* In the order of the names. */
static const char *const *const needs[] = { v4, v3, v2_aes, v2 };

static const char *const *needs_of(const char *model)
{
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (str_eq(cpu_model_names[i], model))
			return needs[i];
	return NULL;
}

bool cpu_model_known(const char *model)
{
	return needs_of(model) != NULL;
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
		if ((p == text || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

const char *cpu_model_lacks(const char *model, const char *flags)
{
	const char *const *list = needs_of(model);

	for (size_t i = 0; list && *flags && list[i]; i++)
		if (!has_word(flags, list[i]))
			return list[i];
	return NULL;
}
