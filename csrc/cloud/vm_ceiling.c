/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How large one VM may be. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/vm_batch.h"
#include "cloud/volume.h"

/* A disk that is the VM's own, not a volume nor a CD. */
static bool is_own_disk(const char *key, const char *drive)
{
	const char *colon = strchr(drive, ':');
	auto_free char *name = colon ? pxc_strndup(colon + 1, strcspn(colon + 1, ",")) : NULL;

	return vm_is_drive(key) && !str_starts(key, "unused") && !strstr(drive, "media=cdrom") &&
	       !(name && volume_id(name));
}

static uint64_t disks_now(const json_t *config)
{
	const char *key;
	json_t *value;
	uint64_t sum = 0;

	json_object_foreach ((json_t *)(uintptr_t)config, key, value)
		if (is_own_disk(key, json_string_value(value)))
			sum += vm_drive_size(json_string_value(value));
	return sum;
}

static const struct vm_disk *named_disk(const struct vm_spec *s, const char *slot)
{
	for (size_t i = 0; i < s->ndisks; i++)
		if (str_eq(s->disks[i].slot, slot))
			return &s->disks[i];
	return NULL;
}

/* Of the root disk when the task is done. had: its size, or that of the image. */
static uint64_t root_then(const struct vm_case *c, const char *slot, uint64_t had)
{
	const struct vm_disk *named = named_disk(c->spec, slot);
	uint64_t bytes = 0;

	if (named && named->size_bytes)
		bytes = named->size_bytes;
	else if (c->spec->disk_bytes || vm_reshapes(c))
		bytes = vm_disk_bytes_wanted(c);
	return bytes > had ? bytes : had;
}

static uint64_t disks_then(const struct vm_case *c)
{
	const json_t *base = c->have ? c->have->config : c->template ? c->template->config : NULL;
	const char *root = base ? vm_root_disk(base) : "scsi0", *key;
	json_t *value;
	uint64_t sum = base || c->spec->boot_volume ? 0 : root_then(c, root, c->image_bytes);

	json_object_foreach ((json_t *)(uintptr_t)base, key, value) {
		const struct vm_disk *named = named_disk(c->spec, key);
		uint64_t had = vm_drive_size(json_string_value(value));

		if (!is_own_disk(key, json_string_value(value)) ||
		    (named && named->state != VM_DISK_PRESENT))
			continue;
		if (str_eq(key, root))
			sum += root_then(c, root, had);
		else
			sum += named && named->size_bytes > had ? named->size_bytes : had;
	}
	for (size_t i = 0; i < c->spec->ndisks; i++) {
		const struct vm_disk *d = &c->spec->disks[i];

		if (d->state == VM_DISK_PRESENT &&
		    (base ? !vm_text(base, d->slot) : !str_eq(d->slot, root)))
			sum += d->size_bytes;
	}
	return sum;
}

int vm_check_ceiling(const struct vm_case *c, struct pxc_err *err)
{
	const struct registry *r = &c->w->registry;
	struct vm_shape now = { 0, 0 }, then = vm_shape_then(c);
	const struct {
		const char *what;
		int64_t had, asked, limit;
	} rows[] = {
		{ "cores", c->have ? (now = vm_shape_now(c->have)).cores : 0, then.cores,
		  r->max_cores },
		{ "ram_mb", now.ram_mb, then.ram_mb, r->max_ram_mb },
		{ "disk_gb", c->have ? (int64_t)(disks_now(c->have->config) / GIB) : 0,
		  (int64_t)(disks_then(c) / GIB), r->max_disk_gb },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].limit >= 0 && rows[i].asked > rows[i].limit &&
		    rows[i].asked > rows[i].had)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: %s asked %lld > %lld, the most this cloud gives one VM",
				c->spec->label, rows[i].what, (long long)rows[i].asked,
				(long long)rows[i].limit);
	return 0;
}
