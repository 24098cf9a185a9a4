/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void a_mapping_is_made_changed_and_removed(void **state)
{
	struct sim *sim = cluster(2, 0, NULL, NULL);
	json_auto_t *list = NULL, *one = NULL;

	(void)state;
	expect(sim, "POST", "/cluster/mapping/pci",
	       "{\"id\": \"gpu\", \"map\": [\"node=pve1,path=0000:01:00.0,id=10de:1234\"]}", 200,
	       NULL);
	expect(sim, "POST", "/cluster/mapping/pci", "{\"id\": \"gpu\", \"map\": [\"node=pve1\"]}",
	       500, "create hardware mapping failed: pci ID 'gpu' already defined");
	assert_true(sim_mapped_on(sim, "pci", "gpu", "pve1"));
	assert_false(sim_mapped_on(sim, "pci", "gpu", "pve2"));
	assert_false(sim_mapped_on(sim, "usb", "gpu", "pve1"));
	expect(sim, "PUT", "/cluster/mapping/pci/gpu",
	       "{\"map\": [\"node=pve1,path=0000:01:00.0\", \"node=pve2,path=0000:01:00.0\"]}", 200,
	       NULL);
	assert_true(sim_mapped_on(sim, "pci", "gpu", "pve2"));
	list = get(sim, "/cluster/mapping/pci");
	one = get(sim, "/cluster/mapping/pci/gpu");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_of(one, "type"), "pci");
	assert_int_equal(json_array_size(json_object_get(one, "map")), 2);
	expect(sim, "DELETE", "/cluster/mapping/pci/gpu", NULL, 200, NULL);
	expect(sim, "GET", "/cluster/mapping/pci/gpu", NULL, 500, "mapping 'gpu' not found");
	sim_free(sim);
}

static void who_may_not_see_it_gets_an_empty_list(void **state)
{
	struct sim *sim =
		cluster(2, 0, "{\"mappings\": {\"usb\": {\"key\": {\"map\": []}}}}", NULL);
	auto_free char *header = limited(sim, "VM.Audit", "/vms");
	struct answer answer auto_answer = ask_as(sim, header, "GET", "/cluster/mapping/usb", NULL);

	(void)state;
	assert_int_equal(json_array_size(data_of(&answer)), 0);
	expect_as(sim, header, "DELETE", "/cluster/mapping/usb/key", NULL,
		  "Permission check failed (/mapping/usb, Mapping.Modify)");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_is_made_changed_and_removed),
		cmocka_unit_test(who_may_not_see_it_gets_an_empty_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
