/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "pve/client.h"

static const struct {
	const char *json, *form;
} rows[] = {
	{ "{}", "" },
	{ "{\"name\":\"web\",\"cores\":2,\"onboot\":true,\"kvm\":false}",
	  "name=web&cores=2&onboot=1&kvm=0" },
	{ "{\"tags\":\"a;b c\"}", "tags=a%3Bb%20c" },
	{ "{\"net0\":\"virtio,bridge=v&x+y\"}", "net0=virtio%2Cbridge%3Dv%26x%2By" },
	{ "{\"description\":\"100% \\u00fc\\n\"}", "description=100%25%20%C3%BC%0A" },
	{ "{\"command\":[\"/bin/echo\",\"a b\",3]}",
	  "command=%2Fbin%2Fecho&command=a%20b&command=3" },
	{ "{\"a\":null,\"b\":{\"c\":1},\"d\":[],\"e\":\"\"}", "e=" },
	{ "{\"f\":1.5}", "f=1.5" },
	{ "{\"az-AZ_09.~\":\"az-AZ_09.~\"}", "az-AZ_09.~=az-AZ_09.~" },
};

static void encodes_everything_but_the_unreserved(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct pxc_buf out = { .data = NULL };
		json_auto_t *params = json_loads(rows[i].json, 0, NULL);

		assert_non_null(params);
		pve_form(&out, params);
		assert_string_equal(buf_str(&out), rows[i].form);
	}
}

static void no_parameters_are_no_text(void **state)
{
	auto_buf struct pxc_buf out = { .data = NULL };

	(void)state;
	pve_form(&out, NULL);
	assert_string_equal(buf_str(&out), "");
}

static void a_path_segment_cannot_leave_its_place(void **state)
{
	auto_free char *escaped = pve_escape("a/b?c#../%");

	(void)state;
	assert_string_equal(escaped, "a%2Fb%3Fc%23..%2F%25");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_everything_but_the_unreserved),
		cmocka_unit_test(no_parameters_are_no_text),
		cmocka_unit_test(a_path_segment_cannot_leave_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
