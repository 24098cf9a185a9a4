/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rbd_box.h"

static struct sim *running(const char *options)
{
	struct sim *sim = on_ceph(2);
	auto_free char *form = pxc_printf("vmid=100&%s", options);

	expect_task(sim, "POST", QEMU, form, "OK");
	expect_task(sim, "POST", GUEST "/status/start", NULL, "OK");
	return sim;
}

static void a_running_guest_has_its_disks_open(void **state)
{
	struct sim *sim = running("scsi0=ceph:1&ide2=ceph:cloudinit");
	struct pxc_err err;

	(void)state;
	assert_int_equal(watchers_of("vm-100-disk-0"), 1);
	assert_int_equal(watchers_of("vm-100-cloudinit"), 1);
	assert_int_equal(box.ops->remove(box.pool, "vm-100-disk-0", &err), -1);
	assert_int_equal(err.kind, PXC_EBUSY);
	expect_task(sim, "DELETE", CONTENT "/ceph:vm-100-disk-0", NULL,
		    "rbd rm 'vm-100-disk-0' error: rbd: error: image still has watchers");
	expect_task(sim, "POST", GUEST "/status/suspend", NULL, "OK");
	assert_int_equal(watchers_of("vm-100-disk-0"), 1);
	expect_task(sim, "POST", GUEST "/status/stop", NULL, "OK");
	assert_int_equal(watchers_of("vm-100-disk-0"), 0);
	expect_task(sim, "DELETE", CONTENT "/ceph:vm-100-disk-0", NULL, "OK");
	sim_free(sim);
}

static void disks_are_opened_and_closed_as_they_come_and_go(void **state)
{
	struct sim *sim = running("scsi0=ceph:1");

	(void)state;
	make_image("vm-900001-a", 1);
	expect(sim, "PUT", GUEST "/config", "scsi1=ceph:vm-900001-a", 200, NULL);
	assert_int_equal(watchers_of("vm-900001-a"), 1);
	expect(sim, "PUT", GUEST "/config", "delete=scsi1", 200, NULL);
	assert_int_equal(watchers_of("vm-900001-a"), 0);
	expect(sim, "PUT", GUEST "/config", "scsi1=ceph:1", 200, NULL);
	assert_int_equal(watchers_of("vm-100-disk-1"), 1);
	expect(sim, "PUT", GUEST "/config", "delete=scsi1&force=1", 200, NULL);
	assert_false(is_there("vm-100-disk-1"));
	expect_task(sim, "PUT", GUEST "/resize", "disk=scsi0&size=2G", "OK");
	expect_task(sim, "POST", GUEST "/snapshot", "snapname=one", "OK");
	assert_int_equal(watchers_of("vm-100-disk-0"), 1);
	/* Going back turns it off first, otherwise Ceph would refuse. */
	expect_task(sim, "POST", GUEST "/snapshot/one/rollback", "start=1", "OK");
	assert_int_equal(watchers_of("vm-100-disk-0"), 1);
	sim_free(sim);
}

static void a_moved_disk_is_closed_before_it_goes(void **state)
{
	struct sim *sim = running("scsi0=ceph:1");

	(void)state;
	expect_task(sim, "POST", GUEST "/move_disk", "disk=scsi0&storage=data&delete=1", "OK");
	assert_false(is_there("vm-100-disk-0"));
	expect_task(sim, "POST", GUEST "/move_disk", "disk=scsi0&storage=ceph&delete=1", "OK");
	assert_int_equal(watchers_of("vm-100-disk-0"), 1);
	sim_free(sim);
}

static void it_goes_along_and_ends_with_its_node(void **state)
{
	struct sim *sim = running("scsi0=ceph:1");

	(void)state;
	expect_task(sim, "POST", GUEST "/migrate", "target=pve2&online=1", "OK");
	assert_int_equal(watchers_of("vm-100-disk-0"), 1);
	assert_int_equal(sim_event(sim, "kill", "pve2"), 0);
	assert_int_equal(watchers_of("vm-100-disk-0"), 0);
	sim_free(sim);
}

static void a_guest_without_its_disk_does_not_start(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	expect_task(sim, "POST", QEMU, "vmid=100&scsi0=ceph:1", "OK");
	must(box.ops->remove(box.pool, "vm-100-disk-0", &err));
	expect_task(sim, "POST", GUEST "/status/start", NULL,
		    "start failed: QEMU exited with code 1");
	expect_log(sim, "kvm: error reading header from vm-100-disk-0: No such file or directory");
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_STOPPED);
	sim_free(sim);
}

static void guests_can_be_told_to_hold_nothing(void **state)
{
	struct sim_options options = {
		.nodes = 1, .ceph_conf = box.conf, .ceph_pool = box.name, .ceph_idle = true
	};
	struct sim *sim;
	char secret[37];

	(void)state;
	must(sim_create(&options, &sim, &err));
	sim_token(sim, "t", secret);
	(void)snprintf(admin_header, sizeof(admin_header),
		       "Authorization: PVEAPIToken=root@pam!t=%s", secret);
	expect_task(sim, "POST", QEMU, "vmid=100&scsi0=ceph:1", "OK");
	expect_task(sim, "POST", GUEST "/status/start", NULL, "OK");
	assert_int_equal(watchers_of("vm-100-disk-0"), 0);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		box_test(a_running_guest_has_its_disks_open),
		box_test(disks_are_opened_and_closed_as_they_come_and_go),
		box_test(a_moved_disk_is_closed_before_it_goes),
		box_test(it_goes_along_and_ends_with_its_node),
		box_test(a_guest_without_its_disk_does_not_start),
		box_test(guests_can_be_told_to_hold_nothing),
	};

	return BOX_TESTS(tests);
}
