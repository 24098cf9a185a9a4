/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#define CONTENT(s) "/nodes/pve1/storage/" s "/content"

static size_t listed(struct sim *sim, const char *path)
{
	struct answer answer auto_answer = ask(sim, "GET", path, NULL);

	assert_int_equal(answer.reply.status, 200);
	return json_array_size(data_of(&answer));
}

static void a_volume_is_allocated_seen_and_freed(void **state)
{
	struct sim *sim = cluster(2, 0, NULL, NULL);

	(void)state;
	{
		struct answer answer auto_answer =
			ask(sim, "POST", CONTENT("data"),
			    "vmid=100&filename=vm-100-disk-3.qcow2&size=10M");

		assert_string_equal(json_string_value(data_of(&answer)),
				    "data:100/vm-100-disk-3.qcow2");
	}
	assert_int_equal(
		sim_volume_find(sim, "data:100/vm-100-disk-3.qcow2", &sim->nodes[0])->size_bytes,
		10 << 20);
	assert_int_equal(listed(sim, CONTENT("data")), 1);
	assert_int_equal(listed(sim, CONTENT("data") "?vmid=101"), 0);
	assert_int_equal(listed(sim, "/nodes/pve2/storage/data/content"), 0);
	expect(sim, "DELETE", CONTENT("data") "/data%3A100%2Fvm-100-disk-3.qcow2", NULL, 200, NULL);
	assert_int_equal(listed(sim, CONTENT("data")), 0);
	sim_free(sim);
}

static void a_shared_volume_is_seen_from_every_node(void **state)
{
	struct sim *sim = cluster(2, 0, NULL, NULL);

	(void)state;
	expect(sim, "POST", CONTENT("shared"), "vmid=100&filename=vm-100-x.raw&size=1G", 200, NULL);
	assert_int_equal(listed(sim, "/nodes/pve2/storage/shared/content"), 1);
	sim_free(sim);
}

static void names_belong_to_their_guest_and_are_taken_once(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	expect(sim, "POST", CONTENT("data"), "vmid=100&filename=disk.raw&size=1G", 500,
	       "illegal name 'disk.raw' - should be 'vm-100-*'");
	expect(sim, "POST", CONTENT("data"), "vmid=100&filename=vm-100-a.raw&size=1G", 200, NULL);
	expect(sim, "POST", CONTENT("data"), "vmid=100&filename=vm-100-a.raw&size=1G", 500,
	       "disk image 'data:100/vm-100-a.raw' already exists");
	sim_free(sim);
}

static void a_base_stays_while_clones_use_it(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct sim_storage *data = sim_storage_find(sim, "data");

	(void)state;
	sim_volume_add(sim, "data:100/base-100-disk-0.qcow2", data, &sim->nodes[0]);
	sim_volume_add(sim, "data:100/base-100-disk-0.qcow2/101/vm-101-disk-0.qcow2", data,
		       &sim->nodes[0])
		->parent = pxc_strdup("data:100/base-100-disk-0.qcow2");
	expect(sim, "DELETE", CONTENT("data") "/data:100/base-100-disk-0.qcow2", NULL, 200, NULL);
	assert_string_equal(
		sim->tasks[0]->status,
		"base volume '100/base-100-disk-0.qcow2' is still in use by linked clones");
	sim_free(sim);
}

static void free_names_count_up(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct sim_storage *data = sim_storage_find(sim, "data");
	struct sim_node *node = &sim->nodes[0];
	auto_free char *first = sim_volume_name(sim, data, node, 100, "disk", "raw"),
		       *second = NULL,
		       *drive = sim_volume_name(sim, data, node, 100, "cloudinit", "qcow2");

	(void)state;
	assert_string_equal(first, "data:100/vm-100-disk-0.raw");
	assert_string_equal(drive, "data:100/vm-100-cloudinit.qcow2");
	sim_volume_add(sim, "data:100/vm-100-disk-0.qcow2", data, node);
	second = sim_volume_name(sim, data, node, 100, "disk", "raw");
	assert_string_equal(second, "data:100/vm-100-disk-1.raw");
	sim_free(sim);
}

static void missing_storages_have_their_own_words_here(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	expect(sim, "GET", "/storage/nosuch", NULL, 500, "storage 'nosuch' does not exist");
	expect(sim, "GET", "/nodes/pve1/storage/nosuch/status", NULL, 400,
	       "Parameter verification failed.");
	expect(sim, "POST", "/storage", "storage=d2&type=dir", 500,
	       "create storage failed: missing value for required option 'path'");
	expect(sim, "POST", "/storage", "storage=data&type=dir&path=/x", 500,
	       "create storage failed: storage ID 'data' already defined");
	expect(sim, "PUT", "/storage/data", "content=foo", 400, NULL);
	expect(sim, "PUT", "/storage/data", "content=iso&digest=00", 500,
	       "detected modified configuration - file changed by other user? Try again.");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_is_allocated_seen_and_freed),
		cmocka_unit_test(a_shared_volume_is_seen_from_every_node),
		cmocka_unit_test(names_belong_to_their_guest_and_are_taken_once),
		cmocka_unit_test(a_base_stays_while_clones_use_it),
		cmocka_unit_test(free_names_count_up),
		cmocka_unit_test(missing_storages_have_their_own_words_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
