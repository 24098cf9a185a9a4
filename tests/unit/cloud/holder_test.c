/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cloud/holder.h"
#include "cloud/usage.h"
#include "lib/plan.h"

#define HOLDER(vmid, rest)                                                                         \
	"{\"vmid\":" #vmid                                                                         \
	",\"name\":\"holder-acme\",\"block\":{\"t\":\"holder\",\"name\":\"x\"},"                   \
	"\"config\":{\"tags\":\"pxc-holder\"}" rest "}"

static void a_holder_is_known_by_tag_number_and_rest(void **state)
{
	static const struct {
		const char *guest;
		bool looks;
	} rows[] = {
		{ HOLDER(900000, ""), true },
		{ HOLDER(999999, ""), true },
		{ HOLDER(1000000, ""), false },                       /* not of the range */
		{ HOLDER(900000, ",\"status\":\"running\""), false }, /* somebody uses the tag */
		{ "{\"vmid\":900000,\"raw\":\"\",\"name\":\"x\"}", false }, /* no tag */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *json = pxc_printf("{\"guests\":[%s]}", rows[i].guest);
		auto_world struct test_world w;
		struct quota used;
		struct pxc_err err;

		test_world_create(&w, json);
		assert_int_equal(holder_looks(&w.world, &w.world.guests[0]), rows[i].looks);
		if (i + 1 == ARRAY_SIZE(rows))
			continue; /* of no pool */
		assert_int_equal(usage_count(&w.world, "acme", NULL, &used, &err), 0);
		assert_int_equal(used.v[QUOTA_INSTANCES], !rows[i].looks);
		assert_int_equal(used.v[QUOTA_RAM_MB] == 0, rows[i].looks);
	}
}

static void the_range_is_the_cloud_s_to_say(void **state)
{
	auto_world struct test_world w, usual;

	(void)state;
	test_world_create(&usual, "");
	assert_false(holder_number(&usual.world, 899999));
	assert_true(holder_number(&usual.world, 900000));
	test_world_create(&w, "{\"registry\":{\"holders\":\"500-600\"}}");
	assert_true(holder_number(&w.world, 500));
	assert_true(holder_number(&w.world, 600));
	assert_false(holder_number(&w.world, 900000));
}

static void vms_get_no_number_of_holders(void **state)
{
	auto_world struct test_world w;
	auto_free char *plan = NULL;

	(void)state;
	test_world_create(&w, "{\"registry\":{\"holders\":\"100-109\"}}");
	plan = plan_vms("{\"name\":\"a\",\"cores\":1,\"memory\":512,\"power\":\"stopped\"}", &w);
	assert_true(plan_fits("create VM 110 on *", plan));
}

static void the_holder_of_a_project_is_found_by_its_block(void **state)
{
	static const struct {
		const char *guests;
		unsigned vmid; /* 0 = none */
	} rows[] = {
		{ HOLDER(900001, ""), 900001 },
		{ HOLDER(900001, "") "," HOLDER(900002, ""), 900001 },
		/* another project's; a copy; one that is a VM */
		{ "{\"vmid\":900001,\"block\":{\"t\":\"holder\",\"project\":\"other\"},\"config\":{\"tags\":\"pxc-holder\"}}",
		  0 },
		{ "{\"vmid\":900001,\"block\":{\"t\":\"holder\",\"id\":\"vm.7.00000000\"},\"config\":{\"tags\":\"pxc-holder\"}}",
		  0 },
		{ "{\"vmid\":900001,\"block\":{},\"config\":{\"tags\":\"pxc-holder\"}}", 0 },
		/* it cannot be read: then tag, name and pool must do */
		{ HOLDER(900001, ",\"problem\":\"its node is offline\""), 900001 },
		{ HOLDER(900001, ",\"pool\":\"other\",\"problem\":\"its node is offline\""), 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *json = pxc_printf("{\"guests\":[%s]}", rows[i].guests);
		const struct vm_seen *found = NULL;
		auto_world struct test_world w;
		struct pxc_err err;

		test_world_create(&w, json);
		assert_int_equal(
			holder_find(&w.world, w.vm.seen, w.vm.nseen, "acme", false, &found, &err),
			0);
		if ((found ? found->guest->vmid : 0) != rows[i].vmid)
			fail_msg("%s: found %u", json, found ? found->guest->vmid : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_holder_is_known_by_tag_number_and_rest),
		cmocka_unit_test(the_range_is_the_cloud_s_to_say),
		cmocka_unit_test(vms_get_no_number_of_holders),
		cmocka_unit_test(the_holder_of_a_project_is_found_by_its_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
