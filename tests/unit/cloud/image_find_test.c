/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/image.h"
#include "lib/plan.h"
#include "unit/cloud/image_worlds.h"

static const struct {
	const char *images, *version, *found; /* version NULL = the latest; found NULL = none */
} choices[] = {
	{ D1 "," D2, NULL, "2" },
	{ D1 "," D2, "1", "1" },
	{ D1 "," D2, "3", NULL },
	{ D1 "," D2_WITH("\"tampered\":1"), NULL, "1" },
	{ D1
	  ",{\"name\":\"b\",\"image\":\"debian@2\",\"block\":{\"rank\":\"2\",\"deprecated\":\"1\"}}",
	  NULL, "1" },
	{ D1
	  ",{\"name\":\"b\",\"image\":\"debian@2\",\"block\":{\"rank\":\"2\",\"deprecated\":\"1\"}}",
	  "2", "2" },
	{ D1_WITH("\"block\":{\"deprecated\":\"1\"}"), NULL, NULL },
	{ D1_WITH("\"block\":{\"rank\":\"10\"}") "," D2, NULL, "1" },
	{ D1
	  ",{\"name\":\"b\",\"image\":\"debian@2\",\"block\":{\"rank\":\"2\",\"state\":\"importing\"}}",
	  NULL, "1" },
	{ "{\"name\":\"b\",\"image\":\"debian@2\",\"inherited\":1}", NULL, NULL },
};

static void the_latest_is_the_highest_that_is_not_deprecated(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		auto_free char *json =
			pxc_printf("{\"rbd\":{\"fast\":{\"images\":[%s]}}}", choices[i].images);
		auto_world struct test_world w;
		const struct rbd_seen *found;

		test_world_create(&w, json);
		found = image_find(&w.rbd.pools[0], "debian", choices[i].version);
		if (!str_eq(found ? rbd_get(found, "version") : NULL, choices[i].found))
			fail_msg("row %zu: %s", i, found ? rbd_get(found, "version") : "none");
	}
}

static const struct {
	const char *block;
	bool acme, acme2;
} sights[] = {
	{ "\"visibility\":\"public\"", true, true },
	{ "\"visibility\":\"public\",\"project\":\"acme\"", true, true },
	{ "\"visibility\":\"private\",\"project\":\"acme\"", true, false },
	{ "\"visibility\":\"private\",\"projects\":\"acme\"", false, false },
	{ "\"visibility\":\"shared\",\"projects\":\"a,acme,b\"", true, false },
	{ "\"visibility\":\"shared\",\"projects\":\"acme2,acm\"", false, true },
	{ "\"visibility\":\"shared\",\"project\":\"acme2\",\"projects\":\"acme\"", true, true },
	{ "\"visibility\":\"shared\"", false, false },
};

static void images_are_seen_by_those_they_are_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sights); i++) {
		auto_free char *json =
			pxc_printf("{\"rbd\":{\"fast\":{\"images\":[%s%s%s]}}}",
				   "{\"name\":\"a\",\"image\":\"debian@1\",\"block\":{",
				   sights[i].block, "}}");
		auto_world struct test_world w;
		char names[200];

		test_world_create(&w, json);
		assert_int_equal(image_visible(&w.rbd.pools[0].images[0], "acme"), sights[i].acme);
		assert_int_equal(image_visible(&w.rbd.pools[0].images[0], "acme2"),
				 sights[i].acme2);
		assert_string_equal(image_names(&w.rbd.pools[0], "acme", names, sizeof(names)),
				    sights[i].acme
					    ? "there is debian"
					    : "there is none yet: import one with pxc_rbd_image");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_is_the_highest_that_is_not_deprecated),
		cmocka_unit_test(images_are_seen_by_those_they_are_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
