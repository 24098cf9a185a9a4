/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Disks of guests in a real Ceph: whatever the API does to them is done there. */
#include "rbd_box.h"

/* Guest vmid with these options (a form) on pve1. */
static void add_guest(struct sim *sim, unsigned vmid, const char *options)
{
	auto_free char *form = pxc_printf("vmid=%u%s%s", vmid, *options ? "&" : "", options);

	expect_task(sim, "POST", QEMU, form, "OK");
}

static void images_are_allocated_and_freed(void **state)
{
	struct sim *sim = on_ceph(1);
	json_auto_t *one = NULL;

	(void)state;
	expect(sim, "POST", CONTENT, "vmid=100&filename=vm-100-a&size=1500", 200, NULL);
	assert_int_equal(mib_of("vm-100-a"), 2); /* whole MiB */
	expect(sim, "POST", CONTENT, "vmid=100&filename=vm-100-a&size=1G", 500,
	       "rbd create 'vm-100-a' error: rbd: create error: (17) File exists");
	expect(sim, "POST", CONTENT, "vmid=100&filename=vm-101-a&size=1G", 500,
	       "illegal name 'vm-101-a' - should be 'vm-100-*'");
	write_text("vm-100-a", "data");
	one = get(sim, CONTENT "/ceph:vm-100-a");
	assert_int_equal(json_integer_value(json_object_get(one, "size")), 2 << 20);
	assert_true(json_integer_value(json_object_get(one, "used")) > 0);
	expect(sim, "GET", CONTENT "/ceph:vm-100-b", NULL, 500,
	       "rbd error: rbd: error opening image vm-100-b: (2) No such file or directory");
	expect_task(sim, "DELETE", CONTENT "/ceph:vm-100-a", NULL, "OK");
	assert_false(is_there("vm-100-a"));
	expect_task(sim, "DELETE", CONTENT "/ceph:vm-100-a", NULL,
		    "rbd error: rbd: error opening image vm-100-a: (2) No such file or directory");
	sim_free(sim);
}

static void a_new_guest_gets_its_disks(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	make_image("base-100-disk-0", 1); /* a name that is taken */
	add_guest(sim, 100,
		  "scsi0=ceph:2,discard=on&ide2=ceph:cloudinit&efidisk0=ceph:1&tpmstate0=ceph:1");
	expect_option(sim, 100, "efidisk0", "ceph:vm-100-disk-1,size=1M");
	expect_option(sim, 100, "scsi0", "ceph:vm-100-disk-2,discard=on,size=2G");
	expect_option(sim, 100, "tpmstate0", "ceph:vm-100-disk-3,size=4M");
	expect_option(sim, 100, "ide2", "ceph:vm-100-cloudinit,media=cdrom");
	assert_int_equal(mib_of("vm-100-disk-2"), 2048);
	assert_int_equal(mib_of("vm-100-cloudinit"), 4);
	sim_free(sim);
}

static void an_image_is_imported_with_its_data(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	make_image("vm-50-disk-0", 8);
	write_text("vm-50-disk-0", "precious");
	add_guest(sim, 100, "scsi0=ceph:0,import-from=ceph:vm-50-disk-0");
	expect_option(sim, 100, "scsi0", "ceph:vm-100-disk-0,size=8M");
	expect_text("vm-100-disk-0", "precious");
	expect_task(
		sim, "POST", QEMU, "vmid=101&scsi0=ceph:0,import-from=ceph:vm-51-disk-0",
		"unable to create VM 101 - cannot import from 'ceph:vm-51-disk-0' - rbd error: rbd: "
		"error opening image vm-51-disk-0: (2) No such file or directory");
	sim_free(sim);
}

static void existing_images_are_attached_with_their_real_size(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	make_image("vm-100-disk-0", 64);
	make_image("vm-900001-pxc-ab12", 32);
	add_guest(sim, 100, "scsi0=ceph:vm-100-disk-0,size=9G");
	expect_option(sim, 100, "scsi0", "ceph:vm-100-disk-0,size=64M");
	expect(sim, "PUT", GUEST "/config", "scsi3=ceph:vm-900001-pxc-ab12,serial=ab12", 200, NULL);
	expect_option(sim, 100, "scsi3", "ceph:vm-900001-pxc-ab12,serial=ab12,size=32M");
	sim_free(sim);
}

static void images_that_are_not_there_are_refused_in_rbds_words(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	/* A worker finds out; what else it made is gone, what it attached stays. */
	make_image("vm-100-old", 1);
	expect_task(
		sim, "POST", QEMU,
		"vmid=100&scsi0=ceph:1&scsi1=ceph:vm-100-old&scsi2=ceph:vm-100-disk-9",
		"unable to create VM 100 - rbd error: rbd: error opening image vm-100-disk-9: (2) "
		"No such file or directory");
	assert_null(sim_guest_find(sim, 100));
	expect_content(sim, "ceph:vm-100-old");
	add_guest(sim, 100, "");
	expect(sim, "PUT", GUEST "/config", "name=x&scsi1=ceph:vm-100-disk-9", 500,
	       "rbd error: rbd: error opening image vm-100-disk-9: (2) No such file or directory");
	expect_option(sim, 100, "name", "");
	expect_task(
		sim, "POST", GUEST "/config", "scsi1=ceph:vm-100-disk-9",
		"rbd error: rbd: error opening image vm-100-disk-9: (2) No such file or directory");
	expect(sim, "PUT", GUEST "/config", "scsi1=ceph:pxc-img-debian", 500,
	       "unable to parse rbd volume name 'pxc-img-debian'");
	sim_free(sim);
}

static void images_of_others_need_privileges(void **state)
{
	struct sim *sim = on_ceph(1);
	auto_free char *lim = NULL;

	(void)state;
	make_image("vm-100-disk-0", 1);
	make_image("vm-200-disk-0", 1);
	add_guest(sim, 100, "");
	lim = limited(sim, "VM.Config.Disk,VM.Audit", "/vms/100");
	expect_as(sim, lim, "PUT", GUEST "/config", "scsi0=ceph:vm-100-disk-0", "OK");
	expect_as(sim, lim, "PUT", GUEST "/config", "scsi1=ceph:vm-200-disk-0",
		  "Permission check failed (/storage/ceph, Datastore.Audit)");
	expect(sim, "PUT", "/access/acl", "path=/storage/ceph&roles=PVEDatastoreUser&users=lim@pve",
	       200, NULL);
	expect_as(sim, lim, "PUT", GUEST "/config", "scsi1=ceph:vm-200-disk-0",
		  "Permission check failed (/vms/200, VM.Config.Disk)");
	expect(sim, "PUT", "/access/acl", "path=/vms/200&roles=PVEVMAdmin&users=lim@pve", 200,
	       NULL);
	expect_as(sim, lim, "PUT", GUEST "/config", "scsi1=ceph:vm-200-disk-0", "OK");
	sim_free(sim);
}

static void detached_disks_stay_when_they_are_the_guests_own(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	make_image("vm-900001-pxc-ab12", 1);
	add_guest(sim, 100,
		  "scsi0=ceph:1&scsi1=ceph:1&scsi3=ceph:vm-900001-pxc-ab12&ide2=ceph:cloudinit");
	expect(sim, "PUT", GUEST "/config", "delete=scsi1,scsi3,ide2", 200, NULL);
	expect_option(sim, 100, "unused0", "ceph:vm-100-disk-1");
	expect_option(sim, 100, "unused1", "");
	assert_true(is_there("vm-900001-pxc-ab12"));
	assert_false(is_there("vm-100-cloudinit"));
	expect(sim, "PUT", GUEST "/config", "delete=unused0", 200, NULL);
	assert_false(is_there("vm-100-disk-1"));
	expect(sim, "PUT", GUEST "/unlink", "idlist=scsi0&force=1", 200, NULL);
	assert_false(is_there("vm-100-disk-0"));
	/* The reference to a disk of somebody else goes, the disk does not. */
	expect(sim, "PUT", GUEST "/config", "unused4=ceph:vm-900001-pxc-ab12", 200, NULL);
	expect(sim, "PUT", GUEST "/config", "delete=unused4", 200, NULL);
	expect_option(sim, 100, "unused4", "");
	assert_true(is_there("vm-900001-pxc-ab12"));
	sim_free(sim);
}

static void a_disk_that_somebody_removed_is_missed_when_it_is_freed(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	add_guest(sim, 100, "scsi0=ceph:1");
	must(box.ops->remove(box.pool, "vm-100-disk-0", &err));
	expect(sim, "PUT", GUEST "/config", "delete=scsi0", 200, NULL);
	expect_option(sim, 100, "unused0", "ceph:vm-100-disk-0");
	expect(sim, "PUT", GUEST "/config", "delete=unused0", 500,
	       "rbd error: rbd: error opening image vm-100-disk-0: (2) No such file or directory");
	expect_option(sim, 100, "unused0", "ceph:vm-100-disk-0");
	expect_task(sim, "DELETE", GUEST, NULL, "OK");
	expect_log(
		sim,
		"Could not remove disk 'ceph:vm-100-disk-0', check manually: rbd error: rbd: error "
		"opening image vm-100-disk-0: (2) No such file or directory");
	sim_free(sim);
}

static void a_disk_that_is_replaced_becomes_unused(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	make_image("vm-100-new", 16);
	make_image("vm-900001-a", 1);
	add_guest(sim, 100, "scsi0=ceph:1&scsi1=ceph:vm-900001-a");
	expect(sim, "PUT", GUEST "/config", "scsi0=ceph:vm-100-new&scsi1=ceph:1", 200, NULL);
	expect_option(sim, 100, "scsi0", "ceph:vm-100-new,size=16M");
	expect_option(sim, 100, "unused0", "ceph:vm-100-disk-0");
	expect_option(sim, 100, "unused1", "");
	expect_option(sim, 100, "boot", "order=scsi0");
	/* And back again: what is used again is unused no more. */
	expect(sim, "PUT", GUEST "/config", "scsi0=ceph:vm-100-disk-0", 200, NULL);
	expect_option(sim, 100, "unused0", "");
	expect_option(sim, 100, "unused1", "ceph:vm-100-new");
	sim_free(sim);
}

static void a_destroyed_guest_takes_only_what_is_its_own(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	make_image("vm-900001-pxc-ab12", 1);
	make_image("vm-100-stray", 1);
	add_guest(sim, 100,
		  "scsi0=ceph:1&scsi1=ceph:1&scsi3=ceph:vm-900001-pxc-ab12&ide2=ceph:cloudinit");
	expect(sim, "PUT", GUEST "/config", "delete=scsi1", 200, NULL);
	expect(sim, "PUT", GUEST "/config", "protection=1", 200, NULL);
	expect(sim, "DELETE", GUEST, NULL, 500, "can't remove VM 100 - protection mode enabled");
	expect(sim, "PUT", GUEST "/config", "protection=0", 200, NULL);
	expect_task(sim, "DELETE", GUEST, NULL, "OK");
	expect_content(sim, "ceph:vm-100-stray ceph:vm-900001-pxc-ab12");
	add_guest(sim, 100, "");
	make_image("base-100-disk-7", 1);
	expect_task(sim, "DELETE", GUEST "?destroy-unreferenced-disks=1", NULL, "OK");
	expect_content(sim, "ceph:vm-900001-pxc-ab12");
	sim_free(sim);
}

static void a_template_has_base_images_that_clones_refer_to(void **state)
{
	struct sim *sim = on_ceph(1);
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image image;

	(void)state;
	add_guest(sim, 100, "name=t&scsi0=ceph:1&ide2=ceph:cloudinit");
	write_text("vm-100-disk-0", "golden");
	expect_task(sim, "POST", GUEST "/template", NULL, "OK");
	expect_option(sim, 100, "scsi0", "ceph:base-100-disk-0,size=1G");
	must(box.ops->look(box.pool, "base-100-disk-0", &arena, &image, &err));
	assert_string_equal(image.snaps[0].name, "__base__");
	assert_true(image.snaps[0].is_protected);
	expect_task(sim, "POST", GUEST "/clone", "newid=101&name=c", "OK");
	expect_option(sim, 101, "scsi0", "ceph:base-100-disk-0/vm-101-disk-0,size=1G");
	expect_option(sim, 101, "ide2", "ceph:vm-101-cloudinit,media=cdrom,size=4M");
	expect_text("vm-101-disk-0", "golden");
	expect_task(sim, "DELETE", GUEST, NULL,
		    "base volume 'ceph:base-100-disk-0' is still in use by linked cloned");
	expect_task(sim, "DELETE", CONTENT "/ceph:base-100-disk-0", NULL,
		    "base volume 'base-100-disk-0' is still in use by linked clones");
	expect_task(sim, "DELETE", QEMU "/101", NULL, "OK");
	expect_task(sim, "DELETE", GUEST, NULL, "OK");
	expect_content(sim, "");
	sim_free(sim);
}

/* PVE knows of clones that are called as guests' disks are; Ceph knows of all. */
static void a_base_with_clones_that_pve_does_not_see_is_kept_by_ceph(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	add_guest(sim, 100, "scsi0=ceph:1");
	expect_task(sim, "POST", GUEST "/template", NULL, "OK");
	must(box.ops->clone(box.pool, "base-100-disk-0", "__base__", box.pool, "pxc-tmp-1", NULL,
			    NULL, &err));
	expect_task(
		sim, "DELETE", CONTENT "/ceph:base-100-disk-0", NULL,
		"rbd rm 'base-100-disk-0' error: rbd: image has snapshots with linked clones - these "
		"must be deleted or flattened before the image can be removed.");
	assert_true(is_there("base-100-disk-0"));
	sim_free(sim);
}

static void a_full_clone_is_independent(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	add_guest(sim, 100, "name=x&scsi0=ceph:1");
	write_text("vm-100-disk-0", "first");
	expect_task(sim, "POST", GUEST "/clone", "newid=101&full=1", "OK");
	expect_option(sim, 101, "scsi0", "ceph:vm-101-disk-0,size=1G");
	write_text("vm-100-disk-0", "other");
	expect_text("vm-101-disk-0", "first");
	/* A copy that cannot be made leaves nothing behind. */
	expect(sim, "PUT", GUEST "/config", "scsi1=ceph:1", 200, NULL);
	must(box.ops->remove(box.pool, "vm-100-disk-1", &err));
	expect_task(
		sim, "POST", GUEST "/clone", "newid=102&full=1",
		"clone failed: rbd error: rbd: error opening image vm-100-disk-1: (2) No such file or "
		"directory");
	assert_null(sim_guest_find(sim, 102));
	expect_content(sim, "ceph:vm-100-disk-0 ceph:vm-101-disk-0");
	sim_free(sim);
}

static void a_disk_grows(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	add_guest(sim, 100, "scsi0=ceph:1");
	expect_task(sim, "PUT", GUEST "/resize", "disk=scsi0&size=%2B1G", "OK");
	assert_int_equal(mib_of("vm-100-disk-0"), 2048);
	expect_option(sim, 100, "scsi0", "ceph:vm-100-disk-0,size=2G");
	/* Somebody made it larger: that counts. */
	must(box.ops->grow(box.pool, "vm-100-disk-0", 4ull << 30, &err));
	expect_task(sim, "PUT", GUEST "/resize", "disk=scsi0&size=3G",
		    "shrinking disks is not supported");
	expect_task(sim, "PUT", GUEST "/resize", "disk=scsi0&size=%2B1G", "OK");
	expect_option(sim, 100, "scsi0", "ceph:vm-100-disk-0,size=5G");
	must(box.ops->remove(box.pool, "vm-100-disk-0", &err));
	expect_task(
		sim, "PUT", GUEST "/resize", "disk=scsi0&size=9G",
		"rbd error: rbd: error opening image vm-100-disk-0: (2) No such file or directory");
	sim_free(sim);
}

static void disks_move_between_storages(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	make_image("vm-900001-a", 8);
	write_text("vm-900001-a", "moved");
	add_guest(sim, 100, "scsi0=data:1&scsi1=ceph:vm-900001-a");
	expect_task(sim, "POST", GUEST "/move_disk", "disk=scsi0&storage=ceph&delete=1", "OK");
	expect_option(sim, 100, "scsi0", "ceph:vm-100-disk-0,size=1G");
	assert_int_equal(mib_of("vm-100-disk-0"), 1024);
	expect_task(sim, "POST", GUEST "/move_disk", "disk=scsi0&storage=data", "OK");
	expect_option(sim, 100, "unused0", "ceph:vm-100-disk-0");
	/* What was somebody else's is the guest's own after that. */
	expect(sim, "POST", "/storage", "storage=more&type=rbd&content=images&pool=nosuch", 200,
	       NULL);
	expect_task(
		sim, "POST", GUEST "/move_disk", "disk=scsi1&storage=more",
		"storage migration failed: rbd error: rbd: error opening pool 'nosuch': (2) No such "
		"file or directory");
	expect_option(sim, 100, "scsi1", "ceph:vm-900001-a,size=8M");
	sim_free(sim);
}

static void a_disk_is_handed_to_another_guest(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	add_guest(sim, 100, "scsi1=ceph:1,ssd=1");
	add_guest(sim, 101, "scsi0=ceph:1");
	write_text("vm-100-disk-0", "given");
	expect_task(sim, "POST", GUEST "/move_disk", "disk=scsi1&target-vmid=101", "OK");
	expect_option(sim, 101, "scsi1", "ceph:vm-101-disk-1,size=1G,ssd=1");
	expect_text("vm-101-disk-1", "given");
	assert_false(is_there("vm-100-disk-0"));
	sim_free(sim);
}

static void snapshots_keep_data_and_size(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	add_guest(sim, 100, "scsi0=ceph:1&scsi1=ceph:1&ide2=ceph:cloudinit");
	write_text("vm-100-disk-0", "before");
	expect_task(sim, "POST", GUEST "/snapshot", "snapname=one", "OK");
	assert_string_equal(snaps_of("vm-100-disk-0"), "one");
	assert_string_equal(snaps_of("vm-100-disk-1"), "one");
	assert_string_equal(snaps_of("vm-100-cloudinit"), "");
	write_text("vm-100-disk-0", "after!");
	expect_task(sim, "PUT", GUEST "/resize", "disk=scsi0&size=%2B1G", "OK");
	expect(sim, "PUT", GUEST "/config", "scsi2=ceph:1", 200, NULL);
	expect_task(sim, "POST", GUEST "/snapshot/one/rollback", NULL, "OK");
	expect_text("vm-100-disk-0", "before");
	assert_int_equal(mib_of("vm-100-disk-0"), 1024);
	expect_option(sim, 100, "scsi0", "ceph:vm-100-disk-0,size=1G");
	expect_option(sim, 100, "unused0", "ceph:vm-100-disk-2"); /* came later */
	expect_task(sim, "DELETE", GUEST "/snapshot/one", NULL, "OK");
	assert_string_equal(snaps_of("vm-100-disk-0"), "");
	sim_free(sim);
}

static void a_disk_in_a_snapshot_is_not_destroyed(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	add_guest(sim, 100, "scsi0=ceph:1");
	expect_task(sim, "POST", GUEST "/snapshot", "snapname=one", "OK");
	expect(sim, "PUT", GUEST "/config", "delete=scsi0&force=1", 500,
	       "unable to delete 'ceph:vm-100-disk-0' - volume is still in use (snapshot?)");
	expect(sim, "POST", GUEST "/move_disk", "disk=scsi0&storage=data&delete=1", 500,
	       "you can't move a disk with snapshots and delete the source");
	expect_task(sim, "DELETE", GUEST, NULL, "OK");
	assert_false(is_there("vm-100-disk-0"));
	sim_free(sim);
}

static void a_snapshot_that_fails_is_undone(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	add_guest(sim, 100, "scsi0=ceph:1&scsi1=ceph:1");
	must(box.ops->snap_create(box.pool, "vm-100-disk-1", "one", &err));
	expect_task(
		sim, "POST", GUEST "/snapshot", "snapname=one",
		"rbd snapshot 'vm-100-disk-1' error: rbd: failed to create snapshot: (17) File exists");
	assert_string_equal(snaps_of("vm-100-disk-0"), "");
	assert_null(json_object_get(sim_guest_find(sim, 100)->snapshots, "one"));
	assert_null(sim_guest_find(sim, 100)->lock);
	expect_task(sim, "POST", GUEST "/status/start", NULL, "OK");
	expect(sim, "POST", GUEST "/snapshot", "snapname=one&vmstate=1", 200, NULL);
	assert_false(is_there("vm-100-state-one"));
	expect_task(sim, "POST", GUEST "/status/stop", NULL, "OK");
	/* One that cannot be removed leaves the guest locked. */
	expect_task(sim, "POST", GUEST "/snapshot", "snapname=two", "OK");
	must(box.ops->snap_remove(box.pool, "vm-100-disk-1", "two", &err));
	expect_task(
		sim, "DELETE", GUEST "/snapshot/two", NULL,
		"rbd snapshot 'vm-100-disk-1' error: rbd: failed to remove snapshot: (2) No such file "
		"or directory");
	assert_string_equal(sim_guest_find(sim, 100)->lock, "snapshot-delete");
	sim_free(sim);
}

static void a_snapshot_can_be_cloned(void **state)
{
	struct sim *sim = on_ceph(1);
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image image;
	json_auto_t *entry = NULL;

	(void)state;
	add_guest(sim, 100, "scsi0=ceph:1");
	write_text("vm-100-disk-0", "then");
	expect_task(sim, "POST", GUEST "/snapshot", "snapname=one", "OK");
	write_text("vm-100-disk-0", "now!");
	expect(sim, "POST", GUEST "/clone", "newid=101&full=0", 500,
	       "Linked clone feature is not supported for 'ceph:vm-100-disk-0' (scsi0)");
	expect_task(sim, "POST", GUEST "/clone", "newid=101&full=0&snapname=one", "OK");
	expect_option(sim, 101, "scsi0", "ceph:vm-101-disk-0,size=1G");
	expect_text("vm-101-disk-0", "then");
	entry = listed(sim, "ceph:vm-101-disk-0");
	assert_string_equal(text_of(entry, "parent"), "vm-100-disk-0@one");
	must(box.ops->look(box.pool, "vm-100-disk-0", &arena, &image, &err));
	assert_true(image.snaps[0].is_protected);
	expect_task(sim, "POST", GUEST "/clone", "newid=102&full=1&snapname=one", "OK");
	expect_text("vm-102-disk-0", "then");
	sim_free(sim);
}

static void ram_is_saved_to_an_image(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	add_guest(sim, 100, "memory=512&scsi0=ceph:1");
	expect_task(sim, "POST", GUEST "/status/start", NULL, "OK");
	expect_task(sim, "POST", GUEST "/snapshot", "snapname=live&vmstate=1", "OK");
	assert_int_equal(mib_of("vm-100-state-live"), 2 * 512 + 500);
	expect_task(sim, "POST", GUEST "/status/stop", NULL, "OK");
	expect_task(sim, "POST", GUEST "/snapshot/live/rollback", NULL, "OK");
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_RUNNING);
	expect_task(sim, "DELETE", GUEST "/snapshot/live", NULL, "OK");
	assert_false(is_there("vm-100-state-live"));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		box_test(images_are_allocated_and_freed),
		box_test(a_new_guest_gets_its_disks),
		box_test(an_image_is_imported_with_its_data),
		box_test(existing_images_are_attached_with_their_real_size),
		box_test(images_that_are_not_there_are_refused_in_rbds_words),
		box_test(images_of_others_need_privileges),
		box_test(detached_disks_stay_when_they_are_the_guests_own),
		box_test(a_disk_that_somebody_removed_is_missed_when_it_is_freed),
		box_test(a_disk_that_is_replaced_becomes_unused),
		box_test(a_destroyed_guest_takes_only_what_is_its_own),
		box_test(a_template_has_base_images_that_clones_refer_to),
		box_test(a_base_with_clones_that_pve_does_not_see_is_kept_by_ceph),
		box_test(a_full_clone_is_independent),
		box_test(a_disk_grows),
		box_test(disks_move_between_storages),
		box_test(a_disk_is_handed_to_another_guest),
		box_test(snapshots_keep_data_and_size),
		box_test(a_disk_in_a_snapshot_is_not_destroyed),
		box_test(a_snapshot_that_fails_is_undone),
		box_test(a_snapshot_can_be_cloned),
		box_test(ram_is_saved_to_an_image),
	};

	return BOX_TESTS(tests);
}
