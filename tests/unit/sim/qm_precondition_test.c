/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

/* A storage on two nodes only, and a name for a card that only pve2 and pve3 have. */
static const char world[] =
	"{\"storages\": {\"data\": {\"type\": \"dir\", \"path\": \"/srv/data\", \"content\": \"images\"},"
	"  \"local\": {\"type\": \"dir\", \"path\": \"/var/lib/vz\", \"content\": \"iso\"},"
	"  \"san\": {\"type\": \"dir\", \"path\": \"/san\", \"content\": \"images\", \"shared\": 1,"
	"    \"nodes\": \"pve1,pve2\"}},"
	" \"mappings\": {\"pci\": {\"gpu\": {\"map\": [\"node=pve1,path=0000:01:00.0,id=10de:1234\","
	"    \"node=pve3,path=0000:02:00.0,id=10de:1234\"]}}},"
	" \"guests\": [{\"vmid\": 100, \"config\": {\"memory\": \"512\", \"scsi0\": \"san:1\","
	"    \"scsi1\": \"data:2,replicate=0\", \"ide2\": \"none,media=cdrom\"}}]}";

static const json_t *refused(const json_t *pre, const char *node)
{
	return json_object_get(json_object_get(pre, "not_allowed_nodes"), node);
}

static void set_option(struct sim *sim, const char *key, const char *value)
{
	(void)json_object_set_new(sim_guest_find(sim, 100)->config, key, json_string(value));
}

static void a_storage_that_a_node_has_not_keeps_the_guest_from_it(void **state)
{
	struct sim *sim = cluster(3, 0, world, NULL);
	json_auto_t *pre = get(sim, GUEST "/migrate?target=pve3");
	const json_t *allowed = json_object_get(pre, "allowed_nodes"),
		     *missing = json_object_get(refused(pre, "pve3"), "unavailable_storages");

	(void)state;
	assert_int_equal(json_array_size(allowed), 1);
	assert_string_equal(json_string_value(json_array_get(allowed, 0)), "pve2");
	assert_int_equal(json_array_size(missing), 1);
	assert_string_equal(json_string_value(json_array_get(missing, 0)), "san");
	assert_int_equal(json_object_size(refused(pre, "pve2")), 0);
	assert_null(refused(pre, "pve1"));
	sim_free(sim);
}

static void local_disks_are_told_with_all_that_is_known(void **state)
{
	struct sim *sim = cluster(3, 0, world, NULL);
	json_auto_t *pre = get(sim, GUEST "/migrate"), *later = NULL;
	const json_t *disks = json_object_get(pre, "local_disks"), *disk = json_array_get(disks, 0);

	(void)state;
	assert_int_equal(json_array_size(disks), 1);
	assert_string_equal(text_of(disk, "volid"), "data:100/vm-100-disk-0.raw");
	assert_string_equal(text_of(disk, "drivename"), "scsi1");
	assert_int_equal(qm_int(disk, "size", 0), 2ll << 30);
	assert_int_equal(qm_int(disk, "replicate", 1), 0);
	assert_int_equal(qm_int(disk, "is_attached", 0), 1);
	assert_null(json_object_get(disk, "referenced_in_snapshot"));
	expect(sim, "PUT", GUEST "/config", "delete=scsi1", 200, NULL);
	later = get(sim, GUEST "/migrate");
	disk = json_array_get(json_object_get(later, "local_disks"), 0);
	assert_int_equal(qm_int(disk, "is_unused", 0), 1);
	assert_int_equal(qm_int(disk, "is_attached", 1), 0);
	sim_free(sim);
}

static void dead_nodes_are_allowed_as_in_pve_and_locked_guests_are_not_told_of(void **state)
{
	struct sim *sim = cluster(3, 0, world, NULL);
	json_auto_t *pre = NULL;

	(void)state;
	assert_int_equal(sim_event(sim, "kill", "pve2"), 0);
	pre = get(sim, GUEST "/migrate");
	assert_int_equal(json_array_size(json_object_get(pre, "allowed_nodes")), 1);
	sim_guest_set_lock(sim_guest_find(sim, 100), "backup");
	expect(sim, "GET", GUEST "/migrate", NULL, 500, "VM is locked (backup)");
	sim_free(sim);
}

/* Which devices keep a guest where it is, off and running. */
static void devices(void **state)
{
	static const struct {
		const char *key, *value;
		unsigned off, running;
	} cases[] = {
		{ "hostpci0", "0000:01:00.0", 1, 1 }, { "hostpci0", "mapping=gpu", 0, 1 },
		{ "usb0", "host=1234:5678", 1, 1 },   { "usb0", "spice", 0, 0 },
		{ "usb0", "mapping=key", 1, 1 },      { "serial0", "socket", 0, 0 },
		{ "serial0", "/dev/ttyS0", 1, 1 },    { "parallel0", "/dev/parport0", 1, 1 },
		{ "virtiofs0", "share", 1, 2 },       { "ivshmem", "size=1", 1, 1 },
		{ "amd-sev", "std", 0, 1 },           { "vga", "std,clipboard=vnc", 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sim *sim = cluster(3, 0, world, NULL);
		json_auto_t *off = NULL, *running = NULL;

		set_option(sim, cases[i].key, cases[i].value);
		off = get(sim, GUEST "/migrate");
		qm_run(sim_guest_find(sim, 100), SIM_RUNNING);
		running = get(sim, GUEST "/migrate");
		if (json_array_size(json_object_get(off, "local_resources")) != cases[i].off ||
		    json_array_size(json_object_get(running, "local_resources")) !=
			    cases[i].running)
			fail_msg("%s=%s", cases[i].key, cases[i].value);
		sim_free(sim);
	}
}

static void a_mapped_device_is_needed_on_the_other_node(void **state)
{
	struct sim *sim = cluster(3, 0, world, NULL);
	json_auto_t *pre = NULL, *live = NULL;
	const json_t *missing;

	(void)state;
	set_option(sim, "hostpci0", "mapping=gpu");
	pre = get(sim, GUEST "/migrate");
	missing = json_object_get(refused(pre, "pve2"), "unavailable-resources");
	assert_string_equal(json_string_value(json_array_get(missing, 0)), "hostpci0");
	assert_null(json_object_get(refused(pre, "pve3"), "unavailable-resources"));
	assert_string_equal(
		text_of(json_object_get(json_object_get(pre, "mapped-resource-info"), "hostpci0"),
			"name"),
		"gpu");
	expect(sim, "PUT", "/cluster/mapping/pci/gpu", "live-migration-capable=1", 200, NULL);
	qm_run(sim_guest_find(sim, 100), SIM_RUNNING);
	live = get(sim, GUEST "/migrate");
	assert_int_equal(json_array_size(json_object_get(live, "local_resources")), 0);
	assert_int_equal(json_array_size(json_object_get(live, "mapped-resources")), 1);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storage_that_a_node_has_not_keeps_the_guest_from_it),
		cmocka_unit_test(local_disks_are_told_with_all_that_is_known),
		cmocka_unit_test(
			dead_nodes_are_allowed_as_in_pve_and_locked_guests_are_not_told_of),
		cmocka_unit_test(devices),
		cmocka_unit_test(a_mapped_device_is_needed_on_the_other_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
