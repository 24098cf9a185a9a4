/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#define QEMU "/nodes/pve1/qemu"

static const char *option(struct sim *sim, unsigned vmid, const char *key)
{
	return text_of(sim_guest_find(sim, vmid)->config, key);
}

static struct sim *with_template(void)
{
	struct sim *sim = cluster(3, 0, NULL, NULL);

	expect(sim, "POST", QEMU,
	       "vmid=100&name=tmpl&description=notes&tags=a&scsi0=shared:2,format=qcow2&net0=virtio,bridge=vmbr0",
	       200, NULL);
	expect(sim, "POST", QEMU "/100/template", NULL, 200, NULL);
	return sim;
}

static void a_template_has_base_images_and_does_not_start(void **state)
{
	struct sim *sim = with_template();

	(void)state;
	assert_string_equal(option(sim, 100, "scsi0"), "shared:100/base-100-disk-0.qcow2,size=2G");
	expect(sim, "POST", QEMU "/100/status/start", NULL, 200, NULL);
	assert_string_equal(sim->tasks[sim->task_count - 1]->status,
			    "you can't start a vm if it's a template");
	sim_free(sim);
}

static void a_linked_clone_refers_to_the_base_and_keeps_it_alive(void **state)
{
	struct sim *sim = with_template();

	(void)state;
	expect(sim, "POST", QEMU "/100/clone", "newid=101&name=c1", 200, NULL);
	assert_string_equal(option(sim, 101, "scsi0"),
			    "shared:100/base-100-disk-0.qcow2/101/vm-101-disk-0.qcow2,size=2G");
	assert_string_equal(option(sim, 101, "description"), "notes");
	assert_string_not_equal(option(sim, 101, "net0"), option(sim, 100, "net0"));
	assert_string_not_equal(option(sim, 101, "smbios1"), option(sim, 100, "smbios1"));
	expect(sim, "DELETE", QEMU "/100", NULL, 200, NULL);
	assert_string_equal(
		sim->tasks[sim->task_count - 1]->status,
		"base volume 'shared:100/base-100-disk-0.qcow2' is still in use by linked cloned");
	expect(sim, "DELETE", QEMU "/101", NULL, 200, NULL);
	expect(sim, "DELETE", QEMU "/100", NULL, 200, NULL);
	assert_int_equal(sim->volumes.count, 0);
	sim_free(sim);
}

static void a_full_clone_stands_alone_where_it_was_asked_to(void **state)
{
	struct sim *sim = with_template();

	(void)state;
	expect(sim, "POST", QEMU "/100/clone", "newid=101&full=1&target=pve2", 200, NULL);
	assert_string_equal(option(sim, 101, "scsi0"), "shared:101/vm-101-disk-0.qcow2,size=2G");
	assert_string_equal(option(sim, 101, "name"), "Copy-of-VM-tmpl");
	assert_string_equal(sim_guest_find(sim, 101)->node->name, "pve2");
	expect(sim, "POST", QEMU "/100/clone", "newid=102&full=1&storage=data&format=raw", 200,
	       NULL);
	assert_string_equal(option(sim, 102, "scsi0"), "data:102/vm-102-disk-0.raw,size=2G");
	sim_free(sim);
}

static void what_cannot_be_cloned_is_refused_at_once(void **state)
{
	static const struct {
		const char *path, *form, *reason;
	} rows[] = {
		{ QEMU "/100/clone", "newid=101&storage=data",
		  "parameter 'storage' not allowed for linked clones" },
		{ QEMU "/110/clone", "newid=101&full=0",
		  "Linked clone feature is not supported for 'data:110/vm-110-disk-0.raw' (scsi0)" },
		{ QEMU "/110/clone", "newid=101&full=1&target=pve2",
		  "can't clone VM to node 'pve2' (VM uses local storage)" },
		{ QEMU "/100/clone", "newid=110",
		  "unable to create VM 110: config file already exists" },
		{ QEMU "/100/clone", "newid=101&snapname=nosuch",
		  "snapshot 'nosuch' does not exist" },
	};
	struct sim *sim = with_template();

	(void)state;
	expect(sim, "POST", QEMU, "vmid=110&scsi0=data:1", 200, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(sim, "POST", rows[i].path, rows[i].form, 500, rows[i].reason);
	assert_null(sim_guest_find(sim, 101));
	sim_free(sim);
}

static void a_clone_that_is_stopped_leaves_no_guest(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	auto_free char *path = NULL;

	(void)state;
	expect(sim, "POST", QEMU, "vmid=100&scsi0=data:1", 200, NULL);
	sim_advance(sim, 5000);
	expect(sim, "POST", QEMU "/100/clone", "newid=101&full=1", 200, NULL);
	assert_string_equal(sim_guest_find(sim, 101)->lock, "clone");
	path = pxc_printf("/nodes/pve1/tasks/%s", sim->tasks[sim->task_count - 1]->upid);
	expect(sim, "DELETE", path, NULL, 200, NULL);
	assert_null(sim_guest_find(sim, 101));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_template_has_base_images_and_does_not_start),
		cmocka_unit_test(a_linked_clone_refers_to_the_base_and_keeps_it_alive),
		cmocka_unit_test(a_full_clone_stands_alone_where_it_was_asked_to),
		cmocka_unit_test(what_cannot_be_cloned_is_refused_at_once),
		cmocka_unit_test(a_clone_that_is_stopped_leaves_no_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
