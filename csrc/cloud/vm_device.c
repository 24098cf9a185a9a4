/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Disks: overlays what the user named on what is there, and keeps all else. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/props.h"
#include "cloud/vm_parts.h"
#include "cloud/volume.h"

static void set_drive(struct vm_change *ret, const char *key, json_t *have, json_t *want)
{
	auto_free char *a = NULL, *b = NULL;

	props_normalise_drive(have);
	props_normalise_drive(want);
	a = have ? prop_print(have, "file") : NULL;
	b = prop_print(want, "file");
	if (!vm_same(key, a, b))
		vm_set(ret, key, b);
}

const char *vm_root_disk(const json_t *config)
{
	static const char *const usual[] = { "scsi0", "virtio0", "sata0", "ide0" };
	const char *boot = vm_text(config, "boot");
	const char *key;
	json_t *value;

	/* boot "order=scsi0;net0": the first entry that is a disk. */
	for (const char *p = boot ? strstr(boot, "order=") : NULL; p && *p; p += strcspn(p, ";")) {
		char slot[16];

		p += *p == ';' ? 1 : str_starts(p, "order=") ? strlen("order=") : 0;
		(void)snprintf(slot, sizeof(slot), "%.*s", (int)strcspn(p, ";"), p);
		json_object_foreach ((json_t *)(uintptr_t)config, key, value)
			if (str_eq(key, slot) && vm_is_drive(key) &&
			    !strstr(json_string_value(value), "media=cdrom"))
				return key;
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		const char *v = vm_text(config, usual[i]);

		if (v && !strstr(v, "media=cdrom"))
			return usual[i];
	}
	return NULL;
}

uint64_t vm_disk_bytes_wanted(const struct vm_case *c)
{
	if (c->spec->disk_bytes)
		return c->spec->disk_bytes;
	return c->flavor ? (uint64_t)c->flavor->disk_gib * GIB : 0;
}

/* Grow a disk that is there. Growing is all that is possible: shrinking would cut off data. */
static int want_size(const struct vm_case *c, const char *slot, const char *drive, uint64_t bytes,
		     struct vm_change *ret, struct pxc_err *err)
{
	uint64_t have = vm_drive_size(drive);
	char from[32], to[32];
	auto_free char *why = NULL;

	if (bytes == 0 || have == 0 || bytes == have)
		return 0;
	size_format(have, from, sizeof(from));
	size_format(bytes, to, sizeof(to));
	if (bytes < have)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: disk %s has %s and cannot shrink to %s: ask for %s or more, or "
			"make a new disk",
			c->spec->label, slot, from, to, from);
	why = pxc_printf("grow %s: %s -> %s", slot, from, to);
	(void)json_array_append_new(
		ret->resize, json_pack("{s:s,s:s,s:s}", "disk", slot, "size", to, "why", why));
	return 0;
}

/* The text that makes PVE allocate a disk: "<storage>:<GiB>,options". */
static char *new_disk(const char *storage, uint64_t bytes, const char *import, const json_t *props)
{
	json_auto_t *obj = json_object();
	auto_free char *file = NULL;

	if (import)
		file = pxc_printf("%s:0", storage);
	else if (bytes % GIB == 0)
		file = pxc_printf("%s:%llu", storage, (unsigned long long)(bytes / GIB));
	else
		file = pxc_printf("%s:%.6f", storage, (double)bytes / (double)GIB);
	(void)json_object_set_new(obj, "file", json_string(file));
	if (import)
		(void)json_object_set_new(obj, "import-from", json_string(import));
	props_overlay(obj, props);
	props_normalise_drive(obj);
	return prop_print(obj, "file");
}

static int add_disk(const struct vm_case *c, const struct vm_disk *d, struct vm_change *ret,
		    struct pxc_err *err)
{
	const char *storage = d->storage ? d->storage : c->storage;
	auto_free char *text = NULL;

	if (d->size_bytes == 0)
		return pxc_fail(err, PXC_EINVAL, "%s: new disk %s needs a size", c->spec->label,
				d->slot);
	if (!storage)
		return pxc_fail(err, PXC_EINVAL,
				"%s: new disk %s needs a storage, and the cloud has no default one "
				"(pxc_cloud: storage)",
				c->spec->label, d->slot);
	text = new_disk(storage, d->size_bytes, NULL, d->props);
	vm_set(ret, d->slot, text);
	ret->allocates = true;
	return 0;
}

/* A volume is changed by its own tasks; a list of disks without slots must not take it for a disk of the VM. */
static int refuse_volume(const struct vm_case *c, const struct vm_disk *d, const char *drive,
			 struct pxc_err *err)
{
	auto_free char *volid = pxc_strndup(drive, strcspn(drive, ","));
	const char *colon = strchr(volid, ':');

	if (!colon || !volume_id(colon + 1) ||
	    (d->state == VM_DISK_PRESENT && !d->size_bytes && !d->storage))
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"%s: disks: %s is a volume (%s), which pxc_volume grows and detaches: give the "
		"disk another slot",
		c->spec->label, d->slot, volid);
}

static int want_disk(const struct vm_case *c, const struct vm_disk *d, const json_t *base,
		     struct vm_change *ret, struct pxc_err *err)
{
	const char *have = vm_text(base, d->slot);
	json_auto_t *old = NULL, *obj = NULL;

	if (have && refuse_volume(c, d, have, err) < 0)
		return -1;
	if (d->state != VM_DISK_PRESENT) {
		if (have && d->state == VM_DISK_DETACHED)
			vm_remove(ret, d->slot);
		else if (have && vm_snapshotted(c))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: VM %u has snapshots, which may hold disk %s: remove them before it "
				"is destroyed (snapshots: [], snapshots_mode: exact), or only detach it",
				c->spec->label, c->vmid, d->slot);
		else if (have)
			(void)json_array_append_new(ret->unlink, json_string(d->slot));
		return 0;
	}
	if (!have)
		return add_disk(c, d, ret, err);
	old = prop_parse(have, "file");
	if (!old)
		return pxc_fail(err, PXC_EREMOTE, "%s: %s reads \"%s\", which is no disk",
				c->spec->label, d->slot, have);
	obj = json_copy(old);
	props_overlay(obj, d->props);
	set_drive(ret, d->slot, old, obj);
	return want_size(c, d->slot, have, d->size_bytes, ret, err);
}

static int refuse_small(const struct vm_case *c, struct pxc_err *err)
{
	char have[32], want[32];

	size_format(c->image_bytes, have, sizeof(have));
	size_format(c->spec->disk_bytes, want, sizeof(want));
	return pxc_fail(err, PXC_EINVAL,
			"%s: image %s has %s and cannot shrink to %s: ask for %s or more",
			c->spec->label, c->import, have, want, have);
}

/* The disk of a new VM that is not cloned: imported, or blank. */
static int first_disk(const struct vm_case *c, struct vm_change *ret, struct pxc_err *err)
{
	const struct vm_disk *named = NULL;
	uint64_t bytes = vm_disk_bytes_wanted(c);
	auto_free char *text = NULL;
	const char *storage;

	for (size_t i = 0; i < c->spec->ndisks; i++)
		if (str_eq(c->spec->disks[i].slot, "scsi0"))
			named = &c->spec->disks[i];
	if (named && named->size_bytes)
		bytes = named->size_bytes;
	if (c->root) {
		json_auto_t *obj = named && named->props ? json_copy(named->props) : json_object();

		(void)json_object_set_new(obj, "file", json_string(c->root));
		if (c->volume)
			(void)json_object_set_new(obj, "serial",
						  json_string(rbd_get(c->volume, "serial")));
		props_normalise_drive(obj);
		text = prop_print(obj, "file");
		vm_set(ret, "scsi0", text);
		return 0;
	}
	if (bytes == 0 && !c->import)
		return 0;
	storage = named && named->storage ? named->storage : c->storage;
	if (!storage)
		return pxc_fail(err, PXC_EINVAL,
				"%s: its disk needs a storage, and the cloud has no default one "
				"(pxc_cloud: storage)",
				c->spec->label);
	text = new_disk(storage, bytes, c->import, named ? named->props : NULL);
	vm_set(ret, "scsi0", text);
	ret->allocates = true;
	if (c->import && c->spec->disk_bytes && c->spec->disk_bytes < c->image_bytes)
		return refuse_small(c, err);
	/* PVE takes over the image's own size; how much it has to grow is known only then, so the size is absolute. */
	if (c->import && bytes > c->image_bytes) {
		char size[32];
		auto_free char *why = NULL;

		size_format(bytes, size, sizeof(size));
		why = pxc_printf("grow scsi0 to %s", size);
		(void)json_array_append_new(ret->resize, json_pack("{s:s,s:s,s:s}", "disk", "scsi0",
								   "size", size, "why", why));
	}
	return 0;
}

/* The new root disk of a VM that is rebuilt has all options of the old one but those that are named. */
static void rebuilt_disk(const struct vm_case *c, const json_t *base, struct vm_change *ret)
{
	json_auto_t *obj = prop_parse(vm_text(base, "scsi0"), "file");
	auto_free char *text = NULL;

	for (size_t i = 0; obj && i < c->spec->ndisks; i++)
		if (str_eq(c->spec->disks[i].slot, "scsi0"))
			props_overlay(obj, c->spec->disks[i].props);
	if (!obj)
		return;
	(void)json_object_set_new(obj, "file", json_string(c->root));
	(void)json_object_del(obj, "size");
	props_normalise_drive(obj);
	text = prop_print(obj, "file");
	vm_set(ret, "scsi0", text);
}

/* A volume that the VM boots from: how large it is, its own tasks say (pxc_volume). */
static bool is_volume(const char *drive)
{
	auto_free char *volid = pxc_strndup(drive, strcspn(drive, ","));
	const char *colon = strchr(volid, ':');

	return colon && volume_id(colon + 1);
}

static int want_root_size(const struct vm_case *c, const json_t *base, struct vm_change *ret,
			  struct pxc_err *err)
{
	const char *slot = vm_root_disk(base);
	uint64_t bytes = vm_disk_bytes_wanted(c);
	const char *drive = slot ? vm_text(base, slot) : NULL;

	for (size_t i = 0; slot && i < c->spec->ndisks; i++)
		if (str_eq(c->spec->disks[i].slot, slot) && c->spec->disks[i].size_bytes)
			return 0; /* named as a disk of its own */
	if (!drive || (!c->spec->disk_bytes && !c->spec->flavor) || is_volume(drive))
		return 0;
	/* A flavor is a lower bound: a disk that has grown beyond it, or an image that was larger, stays. */
	if (!c->spec->disk_bytes && c->have && vm_drive_size(drive) >= bytes)
		return 0;
	return want_size(c, slot, drive, bytes, ret, err);
}

int vm_want_disks(const struct vm_case *c, const json_t *base, struct vm_change *ret,
		  struct pxc_err *err)
{
	bool blank = !c->have && !c->template;

	if (vm_rebuilds(c)) /* made as large as it is to be */
		rebuilt_disk(c, base, ret);
	else if (blank ? first_disk(c, ret, err) < 0 : want_root_size(c, base, ret, err) < 0)
		return -1;
	for (size_t i = 0; i < c->spec->ndisks; i++) {
		if ((blank || vm_rebuilds(c)) && str_eq(c->spec->disks[i].slot, "scsi0"))
			continue;
		if (want_disk(c, &c->spec->disks[i], base, ret, err) < 0)
			return -1;
	}
	return 0;
}
