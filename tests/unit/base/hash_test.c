/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

/* FIPS 180-4 and the usual ones. */
static const struct {
	const char *text, *hex;
} known[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void the_known_answers_come_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		char hex[65];

		sha256_hex(known[i].text, strlen(known[i].text), hex);
		assert_string_equal(hex, known[i].hex);
	}
}

static void every_byte_counts_also_nul(void **state)
{
	char one[65], two[65];

	(void)state;
	sha256_hex("a\0b", 3, one);
	sha256_hex("a\0c", 3, two);
	assert_string_not_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_known_answers_come_out),
		cmocka_unit_test(every_byte_counts_also_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
