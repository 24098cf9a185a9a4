/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void a_disk_moves_and_the_old_one_goes_only_when_asked(void **state)
{
	struct sim *sim = with_guest(1, 0, "scsi0=data:1,discard=on&scsi1=data:1");

	(void)state;
	expect_task(sim, "POST", GUEST "/move_disk", "disk=scsi0&storage=shared&delete=1", "OK");
	expect_option(sim, 100, "scsi0", "shared:100/vm-100-disk-0.raw,discard=on,size=1G");
	assert_null(sim_volume_find(sim, "data:100/vm-100-disk-0.raw", &sim->nodes[0]));
	expect_task(sim, "POST", GUEST "/move_disk", "disk=scsi1&storage=data&format=qcow2", "OK");
	expect_option(sim, 100, "unused0", "data:100/vm-100-disk-1.raw");
	assert_true(
		str_ends(qm_text(sim_guest_find(sim, 100)->config, "scsi1", ""), ".qcow2,size=1G"));
	sim_free(sim);
}

static void moves_that_make_no_sense_are_refused(void **state)
{
	struct sim *sim = with_guest(1, 0, "scsi0=data:1");

	(void)state;
	expect(sim, "POST", GUEST "/move_disk", "disk=scsi0&storage=data", 500,
	       "you can't move to the same storage with same format");
	expect(sim, "POST", GUEST "/move_disk", "disk=scsi0&storage=nosuch", 500,
	       "storage 'nosuch' does not exist");
	expect(sim, "POST", GUEST "/move_disk", "disk=scsi9&storage=shared", 500,
	       "disk 'scsi9' does not exist");
	expect(sim, "POST", GUEST "/move_disk", "disk=scsi0", 400, NULL);
	expect(sim, "POST", GUEST "/move_disk", "disk=scsi0&storage=shared&digest=00", 500,
	       "checksum mismatch (file change by other user?)");
	sim_free(sim);
}

static void a_disk_is_handed_to_another_guest(void **state)
{
	struct sim *sim = with_guest(1, 0, "scsi0=data:1&scsi1=data:1,ssd=1");

	(void)state;
	expect(sim, "POST", QEMU, "vmid=101&virtio1=data:1", 200, NULL);
	expect(sim, "POST", GUEST "/move_disk", "disk=scsi1&target-vmid=101&target-disk=virtio1",
	       500, "Target disk key 'virtio1' is already in use for VM '101'");
	expect(sim, "POST", GUEST "/move_disk", "disk=scsi1&target-vmid=102", 500,
	       "Configuration file 'nodes/pve1/qemu-server/102.conf' does not exist");
	expect_task(sim, "POST", GUEST "/move_disk",
		    "disk=scsi1&target-vmid=101&target-disk=virtio2", "OK");
	expect_option(sim, 100, "scsi1", "");
	expect_option(sim, 101, "virtio2", "data:101/vm-101-disk-1.raw,size=1G,ssd=1");
	assert_int_equal(sim_volume_find(sim, "data:101/vm-101-disk-1.raw", &sim->nodes[0])->vmid,
			 101);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disk_moves_and_the_old_one_goes_only_when_asked),
		cmocka_unit_test(moves_that_make_no_sense_are_refused),
		cmocka_unit_test(a_disk_is_handed_to_another_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
