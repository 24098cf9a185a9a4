/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * propstr_fuzz.c - any text as a property string: what is read must print to a text that reads the same.
 *
 *	clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/propstr_fuzz.c libbase.a
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/propstr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* obj is taken. */
static void check(json_t *obj, const char *default_key)
{
	auto_free char *text = prop_print(obj, default_key);
	json_t *again = prop_parse(text, default_key);

	if (!again || !prop_same(obj, again))
		abort();
	json_decref(again);
	json_decref(obj);
}

static void check_net(json_t *obj)
{
	auto_free char *text = prop_print_net(obj);
	json_t *again = prop_parse_net(text);

	if (!again || !prop_same(obj, again))
		abort();
	json_decref(again);
	json_decref(obj);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = pxc_strndup((const char *)data, size);
	json_t *obj = prop_parse(text, "file");

	if (obj)
		check(obj, "file");
	obj = prop_parse(text, NULL);
	if (obj)
		check(obj, NULL);
	obj = prop_parse_net(text);
	if (obj)
		check_net(obj);
	return 0;
}
