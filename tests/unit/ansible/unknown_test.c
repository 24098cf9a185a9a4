/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/args.h"
#include "spec_sample.h"

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static void unknown_options_are_refused_with_the_nearest_name(void **state)
{
	static const struct {
		const char *raw, *message;
	} rows[] = {
		{ "{'sizze': 1}",
		  "Unsupported parameters for (pxc_thing) module: sizze. Supported parameters include: disks, host, kind, "
		  "login, name, one, secret, size, tags, things, two (label). Did you mean size?" },
		{ "{'lable': 1}",
		  "Unsupported parameters for (pxc_thing) module: lable. Supported parameters include: disks, host, kind, "
		  "login, name, one, secret, size, tags, things, two (label). Did you mean label?" },
		{ "{'qqqqqqqq': 1, '_ansible_module_name': 'pxcloud.pve.pxc_thing'}",
		  "Unsupported parameters for (pxcloud.pve.pxc_thing) module: qqqqqqqq. Supported parameters include: disks, "
		  "host, kind, login, name, one, secret, size, tags, things, two (label)." },
		{ "{'disks': [{'size': 1, 'colr': 'red'}, {'size': 2, 'colr': 'red'}]}",
		  "Unsupported parameters for (pxc_thing) module: disks.colr. Supported parameters include: color, size. "
		  "Did you mean color?" },
		{ "{'zzzzzz': 1, 'login': {'xxxxxx': 1, 'user': 'u', 'password': 'p'}}",
		  "Unsupported parameters for (pxc_thing) module: login.xxxxxx, zzzzzz. Supported parameters include: disks, "
		  "host, kind, login, name, one, secret, size, tags, things, two (label)." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_args struct ans_args args = { .params = NULL };
		json_auto_t *raw = json_of(rows[i].raw);
		struct pxc_err err;

		assert_int_equal(ans_validate(&sample, raw, no_env, &args, &err), -1);
		assert_string_equal(err.msg, rows[i].message);
	}
}

static void another_mistake_is_told_first(void **state)
{
	auto_args struct ans_args args = { .params = NULL };
	json_auto_t *raw = json_of("{'sizze': 1, 'disks': [{}]}");
	struct pxc_err err;

	(void)state;
	assert_int_equal(ans_validate(&sample, raw, no_env, &args, &err), -1);
	assert_string_equal(err.msg, "missing required arguments: size found in disks");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_options_are_refused_with_the_nearest_name),
		cmocka_unit_test(another_mistake_is_told_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
