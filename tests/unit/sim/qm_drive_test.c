/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void sizes_are_printed_as_pve_does(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 2ull << 30, "2G" },
		{ 4608ull << 20, "4608M" },
		{ 512ull << 20, "512M" },
		{ 528ull << 10, "528K" },
		{ 1ull << 40, "1T" },
		{ 1000, "1000" },
		{ 0, "0T" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		qm_size_text(rows[i].bytes, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void drives_become_volumes(void **state)
{
	static const struct {
		const char *form, *key, *echo;
	} rows[] = {
		{ "scsi0=data:2,format=qcow2,ssd=1,discard=on,iothread=1", "scsi0",
		  "data:100/vm-100-disk-0.qcow2,discard=on,iothread=1,size=2G,ssd=1" },
		{ "scsi1=data:0.5", "scsi1", "data:100/vm-100-disk-1.raw,size=512M" },
		{ "scsi2=shared:1,format=raw", "scsi2", "shared:100/vm-100-disk-0.raw,size=1G" },
		{ "ide2=data:cloudinit", "ide2", "data:100/vm-100-cloudinit.qcow2,media=cdrom" },
		{ "efidisk0=data:1,efitype=4m", "efidisk0",
		  "data:100/vm-100-disk-2.raw,efitype=4m,size=528K" },
		{ "tpmstate0=data:1,version=v2.0", "tpmstate0",
		  "data:100/vm-100-disk-3.raw,size=4M,version=v2.0" },
		{ "ide0=none,media=cdrom", "ide0", "none,media=cdrom" },
	};
	struct sim *sim = with_guest(1, 0, "name=x");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		expect(sim, "PUT", GUEST "/config", rows[i].form, 200, NULL);
		expect_option(sim, 100, rows[i].key, rows[i].echo);
	}
	assert_int_equal(
		sim_volume_find(sim, "data:100/vm-100-cloudinit.qcow2", &sim->nodes[0])->size_bytes,
		4 << 20);
	sim_free(sim);
}

static void drives_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const char *form;
		int status;
		const char *reason;
	} rows[] = {
		{ "scsi0=nosuch:1", 500, "storage 'nosuch' does not exist" },
		{ "scsi0=local:1", 400, NULL }, /* no images there */
		{ "scsi0=foo", 500, "unable to parse volume ID 'foo'" },
		{ "scsi0=data:100/nosuch.raw", 500, "volume 'data:100/nosuch.raw' does not exist" },
		{ "scsi0=local:iso/a.iso", 400, NULL }, /* media=cdrom is missing */
		{ "scsi0=data:4,import-from=local:import/a.qcow2", 400, NULL }, /* not :0 */
		{ "scsi0=data:0,import-from=local:iso/a.iso", 400, NULL },
		{ "scsi0=data:0,import-from=local:import/b.qcow2", 500,
		  "volume 'local:import/b.qcow2' does not exist" },
		{ "ide2=data:cloudinit&ide0=data:cloudinit", 500, NULL },
	};
	struct sim *sim = cluster(1, 0,
				  "{\"volumes\": {\"local:import/a.qcow2\": {\"size\": 1048576},"
				  " \"local:iso/a.iso\": {\"size\": 1024}}}",
				  NULL);
	size_t volumes;

	(void)state;
	expect(sim, "POST", QEMU, "vmid=100", 200, NULL);
	volumes = sim->volumes.count;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(sim, "PUT", GUEST "/config", rows[i].form, rows[i].status, rows[i].reason);
	assert_int_equal(sim->volumes.count, volumes);
	expect(sim, "PUT", GUEST "/config", "ide2=local:iso/a.iso,media=cdrom", 200, NULL);
	expect_option(sim, 100, "ide2", "local:iso/a.iso,media=cdrom,size=1K");
	expect(sim, "PUT", GUEST "/config", "scsi0=data:0,import-from=local:import/a.qcow2", 200,
	       NULL);
	expect_option(sim, 100, "scsi0", "data:100/vm-100-disk-0.raw,size=1M");
	expect(sim, "PUT", GUEST "/config", "ide0=data:cloudinit", 200, NULL);
	expect(sim, "PUT", GUEST "/config", "ide1=data:cloudinit", 500,
	       "ide1 - cloud-init drive is already attached at 'ide0'");
	expect(sim, "PUT", GUEST "/config", "ide1=data:cloudinit&delete=ide0", 200, NULL);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_printed_as_pve_does),
		cmocka_unit_test(drives_become_volumes),
		cmocka_unit_test(drives_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
