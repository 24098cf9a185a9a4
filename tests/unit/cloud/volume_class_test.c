/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/volumes.h"
#include "volume_rows.h"

#define AMONG(classes)                                                                             \
	"{\"storage\":\"fast\",\"registry\":{" classes "},\"guests\":[" HOLDER                     \
	"],\"rbd\":{\"fast\":{},\"slow\":{}}}"
#define TWO "\"sc.hdd\":\"storage/slow\",\"sc.ssd\":\"storage/fast\""
#define IN_SLOW "note that volumes of project acme lie in fast,slow / create p-slow/*"

static const struct plan_row places[] = {
	{ "named", AMONG(TWO), "{\"name\":\"x\",\"size\":1,\"class\":\"hdd\"}", IN_SLOW },
	{ "a storage instead", AMONG(TWO), "{\"name\":\"x\",\"size\":1,\"storage\":\"slow\"}",
	  IN_SLOW },
	{ "neither, and none is the default", AMONG(TWO), "{\"name\":\"x\",\"size\":1}",
	  "create p-fast/*" },
	{ "neither, and one is", AMONG("\"sc.hdd\":\"storage/slow,default/1\""),
	  "{\"name\":\"x\",\"size\":1}", IN_SLOW },
	{ "a storage goes before the default", AMONG("\"sc.hdd\":\"storage/slow,default/1\""),
	  "{\"name\":\"x\",\"size\":1,\"storage\":\"fast\"}", "create p-fast/*" },
	{ "both", AMONG(TWO), "{\"name\":\"x\",\"size\":1,\"storage\":\"slow\",\"class\":\"hdd\"}",
	  "!parameters are mutually exclusive: storage|class" },
	{ "unknown", AMONG(TWO), "{\"name\":\"x\",\"size\":1,\"class\":\"nvme\"}",
	  "!volume acme/x: there is no storage class nvme: there are hdd, ssd" },
	{ "and there are none", AMONG(""), "{\"name\":\"x\",\"size\":1,\"class\":\"nvme\"}",
	  "!*there is no storage class nvme: there are none yet (pxc_cloud: storage_classes)" },
	{ "one that is there does not follow the default",
	  "{\"registry\":{\"sc.hdd\":\"storage/slow,default/1\"},\"guests\":[" HOLDER
	  "],\"rbd\":{\"fast\":{\"images\":[" DATA("") "]},\"slow\":{}}}",
	  "{\"name\":\"data\",\"size\":2}", "" },
};

static void a_class_says_where_it_lies(void **state)
{
	(void)state;
	plan_volume_rows(places, ARRAY_SIZE(places));
}

static void written_down(const char *task, const char *world, const char *class)
{
	auto_free char *args = plan_volume_args(task, world, VOLUME_CREATE);
	auto_free char *want = pxc_printf("\"class\":\"%s\"", class ? class : "");

	if (class ? !strstr(args, want) : strstr(args, "\"class\"") != NULL)
		fail_msg("wanted class %s: %s", class ? class : "none", args);
}

static void a_new_one_keeps_the_name(void **state)
{
	(void)state;
	written_down("{\"name\":\"x\",\"size\":1,\"class\":\"hdd\"}", AMONG(TWO), "hdd");
	written_down("{\"name\":\"x\",\"size\":1}", AMONG("\"sc.hdd\":\"storage/slow,default/1\""),
		     "hdd");
	written_down("{\"name\":\"x\",\"size\":1,\"storage\":\"slow\"}",
		     AMONG("\"sc.hdd\":\"storage/slow,default/1\""), NULL);
	written_down("{\"name\":\"x\",\"size\":1}", AMONG(TWO), NULL);
}

static void shown(const char *classes, const char *made_in, const char *wanted)
{
	auto_free char *text = pxc_printf(
		"{\"registry\":{%s},\"guests\":[],\"rbd\":{\"fast\":{},\"slow\":{}}}", classes);
	struct test_world w;
	struct volume_world vw;

	test_world_create(&w, text);
	vw = (struct volume_world){ .w = &w.world, .rbd = &w.rbd };
	if (wanted)
		assert_string_equal(volume_class(&vw, rbd_pool_find(&w.rbd, "fast"), made_in),
				    wanted);
	else
		assert_null(volume_class(&vw, rbd_pool_find(&w.rbd, "fast"), made_in));
	test_world_release(&w);
}

static void what_is_shown_is_true(void **state)
{
	(void)state;
	shown(TWO, NULL, "ssd");
	shown(TWO ",\"sc.top\":\"storage/fast\"", NULL, "ssd");
	shown(TWO ",\"sc.top\":\"storage/fast\"", "top", "top");
	shown(TWO, "top", "ssd"); /* that class is gone */
	shown(TWO, "hdd", "ssd"); /* that class means another storage now */
	shown("\"sc.hdd\":\"storage/slow\"", NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_class_says_where_it_lies),
		cmocka_unit_test(a_new_one_keeps_the_name),
		cmocka_unit_test(what_is_shown_is_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
