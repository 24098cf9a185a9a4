/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/dump.h"
#include "spec_sample.h"

static void the_tables_can_be_read_back(void **state)
{
	json_auto_t *dump = ans_dump(&sample);
	const json_t *options = json_object_get(dump, "options");
	const json_t *disk = json_object_get(json_object_get(options, "disks"), "options");

	(void)state;
	assert_json(json_object_get(dump, "batch"), "{'option': 'things', 'required': ['name']}");
	assert_json(
		json_object_get(dump, "rules"),
		"{'mutually_exclusive': [['one', 'two']], 'required_if': [['kind', 'big', ['size'], false]]}");
	assert_json(
		json_object_get(options, "host"),
		"{'type': 'str', 'required': false, 'no_log': false, 'env': ['SAMPLE_HOST', 'SAMPLE_OLD_HOST']}");
	assert_json(json_object_get(options, "kind"),
		    "{'type': 'str', 'required': false, 'no_log': false, 'default': 'small'}");
	assert_json(
		disk,
		"{'size': {'type': 'str', 'required': true, 'no_log': false, 'unit': 1073741824},"
		" 'color': {'type': 'str', 'required': false, 'no_log': false, 'default': 'red',"
		" 'choices': ['red', 'green']}}");
	assert_true(json_is_true(json_object_get(json_object_get(options, "secret"), "no_log")));
	assert_json(json_object_get(json_object_get(options, "login"), "rules"),
		    "{'required_together': [['user', 'password']]}");
}

static void every_module_of_the_program_has_a_name_and_options(void **state)
{
	(void)state;
	assert_non_null(ans_specs[0]);
	for (size_t i = 0; ans_specs[i]; i++) {
		json_auto_t *dump = ans_dump(ans_specs[i]);

		assert_int_equal(strncmp(ans_specs[i]->name, "pxc_", 4), 0);
		assert_true(json_object_size(json_object_get(dump, "options")) > 13);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables_can_be_read_back),
		cmocka_unit_test(every_module_of_the_program_has_a_name_and_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
