/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void every_option_has_a_privilege_or_is_roots(void **state)
{
	static const struct {
		const char *name, *value, *priv;
	} rows[] = {
		{ "cores", NULL, "VM.Config.CPU" },
		{ "numa0", NULL, "VM.Config.CPU" },
		{ "memory", NULL, "VM.Config.Memory" },
		{ "hotplug", NULL, "VM.Config.HWType" },
		{ "bios", NULL, "VM.Config.Options" },
		{ "tags", NULL, "VM.Config.Options" },
		{ "boot", NULL, "VM.Config.Disk" },
		{ "net3", NULL, "VM.Config.Network" },
		{ "ciuser", NULL, "VM.Config.Cloudinit|VM.Config.Network" },
		{ "ipconfig0", NULL, "VM.Config.Cloudinit|VM.Config.Network" },
		{ "scsi0", "data:1", "VM.Config.Disk" },
		{ "ide2", "none,media=cdrom", "VM.Config.CDROM" },
		{ "ide2", "data:cloudinit,media=cdrom", "VM.Config.Disk" },
		{ "args", NULL, NULL },
		{ "lock", NULL, NULL },
		{ "vmgenid", NULL, NULL },
		{ "hookscript", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *priv = qm_privilege(rows[i].name, rows[i].value);

		if (!rows[i].priv)
			assert_null(priv);
		else
			assert_string_equal(priv ? priv : "", rows[i].priv);
	}
}

static void a_token_of_root_is_not_root(void **state)
{
	struct sim *sim = with_guest(1, 0, "name=x");

	(void)state;
	expect(sim, "PUT", GUEST "/config", "args=-x", 500, "only root can set 'args' config");
	expect(sim, "PUT", GUEST "/config", "delete=vmgenid", 500,
	       "only root can set 'vmgenid' config");
	expect(sim, "PUT", GUEST "/config", "hostpci0=00:01.0", 500,
	       "only root can set 'hostpci0' config for non-mapped devices");
	expect(sim, "PUT", GUEST "/config", "serial0=socket", 200, NULL);
	expect(sim, "PUT", GUEST "/config", "serial1=/dev/ttyS0", 500,
	       "only root can set 'serial1' config for real devices");
	sim_free(sim);
}

static void a_bridge_needs_sdn_use_and_a_vlan_only_its_own(void **state)
{
	struct sim *sim = with_guest(1, 0, "name=x");
	auto_free char *lim = limited(sim, "VM.Audit,VM.Config.Network", "/vms/100");

	(void)state;
	expect_as(sim, lim, "PUT", GUEST "/config", "net0=virtio,bridge=vmbr0",
		  "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)");
	expect_as(sim, lim, "PUT", GUEST "/config", "net0=virtio,bridge=vmbr0,tag=5",
		  "Permission check failed (/sdn/zones/localnetwork/vmbr0/5, SDN.Use)");
	expect(sim, "PUT", "/access/acl",
	       "path=/sdn/zones/localnetwork/vmbr0/5&roles=PVESDNUser&users=lim@pve", 200, NULL);
	expect_as(sim, lim, "PUT", GUEST "/config", "net0=virtio,bridge=vmbr0,tag=5", "OK");
	expect_as(sim, lim, "PUT", GUEST "/config", "net0=virtio,bridge=vmbr0",
		  "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)");
	sim_free(sim);
}

static void a_pool_gives_the_right_to_create_in_it(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	auto_free char *lim = NULL;

	(void)state;
	expect(sim, "POST", "/pools", "poolid=dev", 200, NULL);
	lim = limited(sim, "VM.Allocate,VM.Config.Options,VM.Config.Memory", "/pool/dev");
	expect_as(sim, lim, "POST", QEMU, "vmid=100&name=a", "Permission check failed");
	expect_as(sim, lim, "POST", QEMU, "vmid=100&pool=nosuch",
		  "Permission check failed (pool 'nosuch' does not exist)");
	expect_as(sim, lim, "POST", QEMU, "vmid=100&pool=dev&cores=2",
		  "Permission check failed (/vms/100, VM.Config.CPU)");
	expect_as(sim, lim, "POST", QEMU, "vmid=100&pool=dev&start=1",
		  "Permission check failed (/vms/100, VM.PowerMgmt)");
	expect_as(sim, lim, "POST", QEMU, "vmid=100&pool=dev&scsi0=data:1",
		  "Permission check failed (/storage/data, Datastore.AllocateSpace)");
	expect_as(sim, lim, "POST", QEMU, "vmid=100&pool=dev&name=a&memory=512", "OK");
	/* In the pool now, so the pool's rights hold for it. */
	expect_as(sim, lim, "PUT", GUEST "/config", "memory=1024", "OK");
	expect_as(sim, lim, "PUT", GUEST "/config", "startup=order=1",
		  "Permission check failed (/, Sys.Modify)");
	sim_free(sim);
}

static void a_clone_needs_room_and_bridges_of_its_source(void **state)
{
	struct sim *sim = with_guest(1, 0, "scsi0=data:1&net0=virtio,bridge=vmbr0");
	auto_free char *lim = limited(sim, "VM.Clone,VM.Allocate", "/vms");

	(void)state;
	expect_as(sim, lim, "POST", GUEST "/clone", "newid=101&full=1",
		  "Permission check failed (/storage/data, Datastore.AllocateSpace)");
	expect(sim, "PUT", "/access/acl", "path=/storage/data&roles=PVEDatastoreUser&users=lim@pve",
	       200, NULL);
	expect_as(sim, lim, "POST", GUEST "/clone", "newid=101&full=1",
		  "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)");
	expect(sim, "PUT", "/access/acl", "path=/sdn/zones&roles=PVESDNUser&users=lim@pve", 200,
	       NULL);
	expect_as(sim, lim, "POST", GUEST "/clone", "newid=101&full=1", "OK");
	sim_free(sim);
}

static void somebody_elses_volume_is_not_to_be_had(void **state)
{
	struct sim *sim = with_guest(1, 0, "name=x");
	auto_free char *lim = NULL;

	(void)state;
	expect(sim, "POST", QEMU, "vmid=101&scsi0=data:1", 200, NULL);
	lim = limited(sim, "VM.Audit,VM.Config.Disk", "/vms/100");
	expect(sim, "PUT", "/access/acl", "path=/storage/data&roles=PVEDatastoreUser&users=lim@pve",
	       200, NULL);
	expect_as(sim, lim, "PUT", GUEST "/config", "scsi0=data:101/vm-101-disk-0.raw",
		  "Permission check failed (/vms/101, VM.Config.Disk)");
	expect_as(sim, lim, "PUT", GUEST "/config",
		  "scsi0=data:0,import-from=data:101/vm-101-disk-0.raw",
		  "Permission check failed (/vms/101, VM.Clone)");
	expect_as(sim, lim, "PUT", GUEST "/config", "scsi0=data:1", "OK");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_has_a_privilege_or_is_roots),
		cmocka_unit_test(a_token_of_root_is_not_root),
		cmocka_unit_test(a_bridge_needs_sdn_use_and_a_vlan_only_its_own),
		cmocka_unit_test(a_pool_gives_the_right_to_create_in_it),
		cmocka_unit_test(a_clone_needs_room_and_bridges_of_its_source),
		cmocka_unit_test(somebody_elses_volume_is_not_to_be_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
