/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#define QEMU "/nodes/pve1/qemu"

static json_t *config_of(struct sim *sim, const char *vmid)
{
	auto_free char *path = pxc_printf(QEMU "/%s/config", vmid);
	struct answer answer auto_answer = ask(sim, "GET", path, NULL);

	assert_int_equal(answer.reply.status, 200);
	return json_incref(data_of(&answer));
}

static const char *last_status(const struct sim *sim)
{
	return sim->tasks[sim->task_count - 1]->status;
}

static void until_its_worker_is_done_a_new_guest_is_only_a_lock(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	json_auto_t *before = NULL, *after = NULL;

	(void)state;
	expect(sim, "POST", "/pools", "poolid=dev", 200, NULL);
	expect(sim, "POST", QEMU, "vmid=100&name=web&pool=dev&memory=256", 200, NULL);
	before = config_of(sim, "100");
	assert_string_equal(text_of(before, "lock"), "create");
	assert_null(json_object_get(before, "name"));
	assert_null(sim_guest_find(sim, 100)->pool);
	expect(sim, "POST", QEMU, "vmid=100", 500,
	       "unable to create VM 100 - VM 100 already exists on node 'pve1'");
	sim_advance(sim, 2000);
	after = config_of(sim, "100");
	assert_string_equal(text_of(after, "name"), "web");
	assert_null(json_object_get(after, "lock"));
	assert_string_equal(sim_guest_find(sim, 100)->pool, "dev");
	sim_free(sim);
}

static void a_guest_gets_what_pve_adds_by_itself(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	json_auto_t *config = NULL, *empty = NULL;

	(void)state;
	expect(sim, "POST", QEMU,
	       "vmid=100&scsi0=data:2,format=qcow2,ssd=1,discard=on&net0=virtio,bridge=vmbr0&ide2=data:cloudinit",
	       200, NULL);
	config = config_of(sim, "100");
	assert_string_equal(text_of(config, "scsi0"),
			    "data:100/vm-100-disk-0.qcow2,discard=on,size=2G,ssd=1");
	assert_string_equal(text_of(config, "ide2"), "data:100/vm-100-cloudinit.qcow2,media=cdrom");
	assert_string_equal(text_of(config, "boot"), "order=scsi0;net0");
	assert_true(str_starts(text_of(config, "net0"), "virtio=BC:24:11:"));
	assert_true(str_ends(text_of(config, "net0"), ",bridge=vmbr0"));
	assert_true(str_starts(text_of(config, "smbios1"), "uuid="));
	assert_int_equal(strlen(text_of(config, "digest")), 40);
	expect(sim, "POST", QEMU, "vmid=101", 200, NULL);
	empty = config_of(sim, "101");
	assert_string_equal(text_of(empty, "boot"), " ");
	sim_free(sim);
}

static void a_guest_takes_its_disks_along_when_it_goes(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	expect(sim, "POST", QEMU, "vmid=100&scsi0=data:1&scsi1=data:1", 200, NULL);
	expect(sim, "PUT", QEMU "/100/config", "delete=scsi1", 200, NULL);
	assert_int_equal(sim->volumes.count, 2);
	expect(sim, "PUT", QEMU "/100/config", "protection=1", 200, NULL);
	expect(sim, "DELETE", QEMU "/100", NULL, 500,
	       "can't remove VM 100 - protection mode enabled");
	expect(sim, "PUT", QEMU "/100/config", "protection=0", 200, NULL);
	expect(sim, "POST", QEMU "/100/status/start", NULL, 200, NULL);
	expect(sim, "DELETE", QEMU "/100", NULL, 500, "VM 100 is running - destroy failed");
	expect(sim, "POST", QEMU "/100/status/stop", NULL, 200, NULL);
	expect(sim, "DELETE", QEMU "/100", NULL, 200, NULL);
	assert_string_equal(last_status(sim), "OK");
	assert_null(sim_guest_find(sim, 100));
	assert_int_equal(sim->volumes.count, 0);
	sim_free(sim);
}

static void a_worker_that_fails_leaves_nothing(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	expect(sim, "POST", QEMU, "vmid=100&scsi0=data:1&scsi1=data:99999999", 200, NULL);
	assert_true(str_starts(last_status(sim),
			       "unable to create VM 100 - unable to create image: qemu-img: "));
	assert_null(sim_guest_find(sim, 100));
	assert_int_equal(sim->volumes.count, 0);
	sim_free(sim);
}

static void a_worker_that_is_stopped_leaves_nothing(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	auto_free char *path = NULL;

	(void)state;
	expect(sim, "POST", QEMU, "vmid=100", 200, NULL);
	path = pxc_printf("/nodes/pve1/tasks/%s", sim->tasks[0]->upid);
	expect(sim, "DELETE", path, NULL, 200, NULL);
	assert_null(sim_guest_find(sim, 100));
	sim_free(sim);
}

static void an_import_is_as_big_as_its_image(void **state)
{
	struct sim *sim = cluster(
		1, 0, "{\"volumes\": {\"local:import/a.qcow2\": {\"size\": 3221225472}}}", NULL);
	json_auto_t *config = NULL;

	(void)state;
	expect(sim, "POST", QEMU, "vmid=100&scsi0=data:0,import-from=local:import/a.qcow2", 200,
	       NULL);
	config = config_of(sim, "100");
	assert_string_equal(text_of(config, "scsi0"), "data:100/vm-100-disk-0.raw,size=3G");
	expect(sim, "POST", QEMU, "vmid=101&scsi0=data:0,import-from=local:import/b.qcow2", 500,
	       "volume 'local:import/b.qcow2' does not exist");
	sim_free(sim);
}

static void ten_thousand_guests_are_listed_quickly(void **state)
{
	struct sim_options options = { .nodes = 40, .vms = 10000, .speed = 1 };
	struct pxc_err err = { 0 };
	struct sim *sim = NULL;

	(void)state;
	assert_int_equal(sim_create(&options, &sim, &err), 0);
	sim_token(sim, "t", (char[37]){ 0 });
	{
		struct sim_user *root = sim_map_get(&sim->users, "root@pam");
		struct sim_token *token = sim_map_get(&root->tokens, "t");

		snprintf(admin_header, sizeof(admin_header),
			 "Authorization: PVEAPIToken=root@pam!t=%s", token->secret);
	}
	struct answer answer auto_answer = ask(sim, "GET", "/cluster/resources?type=vm", NULL);

	assert_int_equal(json_array_size(data_of(&answer)), 10000);
	assert_string_equal(text_of(json_array_get(data_of(&answer), 9999), "name"), "vm10099");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(until_its_worker_is_done_a_new_guest_is_only_a_lock),
		cmocka_unit_test(a_guest_gets_what_pve_adds_by_itself),
		cmocka_unit_test(a_guest_takes_its_disks_along_when_it_goes),
		cmocka_unit_test(a_worker_that_fails_leaves_nothing),
		cmocka_unit_test(a_worker_that_is_stopped_leaves_nothing),
		cmocka_unit_test(an_import_is_as_big_as_its_image),
		cmocka_unit_test(ten_thousand_guests_are_listed_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
