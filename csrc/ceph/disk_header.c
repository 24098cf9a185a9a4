/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a qcow2 or vmdk says of itself: such a file can name others, which would be files of the host that reads it.
 * Sources: QEMU's docs/interop/qcow2.txt, VMware's Virtual Disk Format 5.0, and what QEMU reads (block/vmdk.c).
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

#define MAX_DESCRIPTOR (1u << 20)

static uint64_t big(const unsigned char *p, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static uint64_t little(const unsigned char *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static bool is_inside(const struct format_file *file, uint64_t offset, uint64_t len)
{
	return offset <= file->size && len <= file->size - offset;
}

static int check_qcow2(const struct format_file *file, uint64_t *ret_size, struct pxc_err *err)
{
	unsigned char h[104] = { 0 };
	ssize_t n = file->read(file->context, h, sizeof(h), 0);
	uint64_t version = big(h + 4, 4), incompatible = version >= 3 ? big(h + 72, 8) : 0;

	if (n < 72)
		return pxc_fail(err, PXC_EINVAL, "it is a qcow2 that ends in its header");
	if (version != 2 && version != 3)
		return pxc_fail(err, PXC_EINVAL,
				"it is a qcow of version %" PRIu64 ": 2 and 3 are known", version);
	if (big(h + 8, 8))
		return pxc_fail(
			err, PXC_EINVAL,
			"it is a qcow2 with a backing file, which could be any file of this host: "
			"join them with qemu-img convert first");
	if (incompatible & 4)
		return pxc_fail(
			err, PXC_EINVAL,
			"it is a qcow2 whose data are in another file, which could be any file of this "
			"host: join them with qemu-img convert first");
	if (big(h + 32, 4))
		return pxc_fail(err, PXC_EINVAL, "it is an encrypted qcow2");
	if (incompatible & 2)
		return pxc_fail(
			err, PXC_EINVAL,
			"it is a qcow2 that is marked corrupt: qemu-img check -r all may repair it");
	/* Tables that lie beyond the end read as zeros in QEMU, and then nothing is in the image. */
	if (!is_inside(file, big(h + 40, 8), big(h + 36, 4) * 8) ||
	    !is_inside(file, big(h + 48, 8), 8))
		return pxc_fail(err, PXC_EINVAL,
				"it is a qcow2 that ends before its tables: it is not whole");
	*ret_size = big(h + 24, 8);
	return *ret_size && *ret_size <= INT64_MAX
		       ? 0
		       : pxc_fail(err, PXC_EINVAL, "it is a qcow2 that says nothing of its size");
}

static int check_text(const char *text, struct pxc_err *err)
{
	const char *parent = strcasestr(text, "parentCID=");

	if (strcasestr(text, "parentFileNameHint") ||
	    (parent && strncasecmp(parent + strlen("parentCID="), "ffffffff", 8) != 0))
		return pxc_fail(
			err, PXC_EINVAL,
			"it is a vmdk that hangs on another file: join them with qemu-img convert first");
	if (strcasestr(text, "monolithicSparse") || strcasestr(text, "streamOptimized"))
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"it is a vmdk of several files, or of an unusual kind: join them with qemu-img convert "
		"first");
}

/* The text in the file that says what belongs to the disk. */
static int check_descriptor(const struct format_file *file, uint64_t sector, uint64_t sectors,
			    struct pxc_err *err)
{
	auto_free char *text = NULL;

	if (!sector && !sectors)
		return 0;
	if (!sector || !sectors || sector > UINT32_MAX || sectors > MAX_DESCRIPTOR / SECTOR)
		return pxc_fail(err, PXC_EINVAL, "it is a vmdk whose descriptor makes no sense");
	text = pxc_calloc(sectors * SECTOR + 1, 1);
	if (file->read(file->context, text, sectors * SECTOR, sector * SECTOR) <= 0)
		return pxc_fail(err, PXC_EINVAL, "it is a vmdk that ends before its descriptor");
	return check_text(text, err);
}

/* A disk without sectors is a descriptor to QEMU, and names other files. */
static int check_vmdk(const struct format_file *file, uint64_t *ret_size, struct pxc_err *err)
{
	unsigned char h[SECTOR] = { 0 };
	ssize_t n = file->read(file->context, h, sizeof(h), 0);
	uint64_t sectors = little(h + 12, 8);

	if (n < (ssize_t)sizeof(h))
		return pxc_fail(err, PXC_EINVAL, "it is a vmdk that ends in its header");
	if (sectors == 0 || sectors > INT64_MAX / SECTOR)
		return pxc_fail(err, PXC_EINVAL, "it is a vmdk that says nothing of its size");
	*ret_size = sectors * SECTOR;
	return check_descriptor(file, little(h + 28, 8), little(h + 36, 8), err);
}

int format_check(enum format format, const struct format_file *file, uint64_t *ret_size,
		 struct pxc_err *err)
{
	return format == FORMAT_QCOW2 ? check_qcow2(file, ret_size, err)
				      : check_vmdk(file, ret_size, err);
}
