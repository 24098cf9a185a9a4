/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void disks_grow_and_never_shrink(void **state)
{
	static const struct {
		const char *form, *status, *size;
	} rows[] = {
		{ "disk=scsi0&size=%2B1G", "OK", "3G" },
		{ "disk=scsi0&size=4608M", "OK", "4608M" },
		{ "disk=scsi0&size=4608M", "OK", "4608M" },
		{ "disk=scsi0&size=1G", "shrinking disks is not supported", "4608M" },
		{ "disk=scsi7&size=9G", "disk 'scsi7' does not exist", "4608M" },
		{ "disk=ide2&size=%2B1G", "you can't resize a cdrom", "4608M" },
	};
	struct sim *sim = with_guest(1, 0, "scsi0=data:2,ssd=1&ide2=data:cloudinit");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text =
			pxc_printf("data:100/vm-100-disk-0.raw,size=%s,ssd=1", rows[i].size);

		expect_task(sim, "PUT", GUEST "/resize", rows[i].form, rows[i].status);
		expect_option(sim, 100, "scsi0", text);
	}
	expect(sim, "PUT", GUEST "/resize", "disk=scsi0&size=lots", 400, NULL);
	assert_int_equal(
		sim_volume_find(sim, "data:100/vm-100-disk-0.raw", &sim->nodes[0])->size_bytes,
		4608ull << 20);
	sim_free(sim);
}

static void unlink_detaches_and_with_force_destroys(void **state)
{
	struct sim *sim = with_guest(1, 0, "scsi0=data:1&scsi1=data:1");

	(void)state;
	expect(sim, "PUT", GUEST "/unlink", "idlist=scsi1", 200, NULL);
	expect_option(sim, 100, "unused0", "data:100/vm-100-disk-1.raw");
	expect(sim, "PUT", GUEST "/unlink", "idlist=unused0,scsi0&force=1", 200, NULL);
	assert_int_equal(sim->volumes.count, 0);
	expect_option(sim, 100, "scsi0", "");
	sim_free(sim);
}

static void raw_files_cannot_be_snapshot(void **state)
{
	struct sim *sim = with_guest(1, 0, "scsi0=data:1,format=qcow2");
	json_auto_t *can = get(sim, GUEST "/feature?feature=snapshot"), *cannot = NULL;

	(void)state;
	assert_int_equal(qm_int(can, "hasFeature", -1), 1);
	expect(sim, "PUT", GUEST "/config", "scsi1=data:1", 200, NULL);
	cannot = get(sim, GUEST "/feature?feature=snapshot");
	assert_int_equal(qm_int(cannot, "hasFeature", -1), 0);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks_grow_and_never_shrink),
		cmocka_unit_test(unlink_detaches_and_with_force_destroys),
		cmocka_unit_test(raw_files_cannot_be_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
