/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an image is, by its first bytes, and what a qcow2 or vmdk says of itself: such a file can name others, which
 * would be files of the host that reads it. Sources: QEMU's docs/interop/qcow2.txt, VMware's Virtual Disk Format 5.0.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

#define SECTOR 512u
#define MAX_DESCRIPTOR (1u << 20)

struct magic {
	const char *bytes;
	size_t len, offset;
	const char *what; /* NULL: a format that is taken */
	enum format format;
};

static const struct magic magics[] = {
	{ "QFI\xfb", 4, 0, NULL, FORMAT_QCOW2 },
	{ "KDMV", 4, 0, NULL, FORMAT_VMDK },
	{ "\x1f\x8b", 2, 0, NULL, FORMAT_GZIP },
	{ "\xfd"
	  "7zXZ",
	  6, 0, NULL, FORMAT_XZ },
	{ "\x28\xb5\x2f\xfd", 4, 0, NULL, FORMAT_ZSTD },
	{ "# Disk DescriptorFile", 21, 0,
	  "a vmdk descriptor, which names other files: join them with qemu-img convert first",
	  FORMAT_RAW },
	{ "COWD", 4, 0, "an old vmdk of ESX: convert it with qemu-img convert first", FORMAT_RAW },
	{ "conectix", 8, 0, "a VHD: convert it with qemu-img convert first", FORMAT_RAW },
	{ "vhdxfile", 8, 0, "a VHDX: convert it with qemu-img convert first", FORMAT_RAW },
	{ "<<< ", 4, 0, "a VDI: convert it with qemu-img convert first", FORMAT_RAW },
	{ "BZh", 3, 0, "compressed by bzip2; gzip, xz and zstd are known", FORMAT_RAW },
	{ "PK\x03\x04", 4, 0, "a zip file: unpack it first", FORMAT_RAW },
	{ "ustar", 5, 257, "a tar file: unpack it first (of an OVA, the vmdk in it)", FORMAT_RAW },
	{ "%PDF", 4, 0, "a PDF", FORMAT_RAW },
	{ "\x7f"
	  "ELF",
	  4, 0, "a program", FORMAT_RAW },
};

/* A server that has no such file often sends a page instead, and no error. */
static bool is_page(const unsigned char *head, size_t len)
{
	static const char *const beginnings[] = { "<!doctype", "<html", "<?xml", "<head" };
	size_t at = 0;

	while (at < len && isspace(head[at]))
		at++;
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		size_t n = strlen(beginnings[i]);

		if (len - at >= n && strncasecmp((const char *)head + at, beginnings[i], n) == 0)
			return true;
	}
	return false;
}

int format_detect(const unsigned char *head, size_t len, enum format *ret, struct pxc_err *err)
{
	if (len == 0)
		return pxc_fail(err, PXC_EINVAL, "it is empty");
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		const struct magic *m = &magics[i];

		if (len < m->offset + m->len || memcmp(head + m->offset, m->bytes, m->len) != 0)
			continue;
		*ret = m->format;
		return m->what ? pxc_fail(err, PXC_EINVAL, "it is %s", m->what) : 0;
	}
	if (is_page(head, len))
		return pxc_fail(err, PXC_EINVAL,
				"it is a web page, not an image: is the address right?");
	*ret = FORMAT_RAW;
	return 0;
}

const char *format_name(enum format format)
{
	static const char *const names[] = {
		[FORMAT_RAW] = "raw",   [FORMAT_QCOW2] = "qcow2", [FORMAT_VMDK] = "vmdk",
		[FORMAT_GZIP] = "gzip", [FORMAT_XZ] = "xz",       [FORMAT_ZSTD] = "zstd",
	};

	return names[format];
}

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
	*ret_size = big(h + 24, 8);
	return 0;
}

/* The text in the file that says what belongs to the disk. */
static int check_descriptor(const struct format_file *file, uint64_t offset, uint64_t size,
			    struct pxc_err *err)
{
	auto_free char *text = NULL;
	ssize_t n;
	const char *parent;

	if (!offset || !size || size > MAX_DESCRIPTOR)
		return offset || size ? pxc_fail(err, PXC_EINVAL,
						 "it is a vmdk whose descriptor makes no sense")
				      : 0;
	text = pxc_calloc(size + 1, 1);
	n = file->read(file->context, text, size, offset);
	if (n <= 0)
		return pxc_fail(err, PXC_EINVAL, "it is a vmdk that ends before its descriptor");
	parent = strcasestr(text, "parentCID=");
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

static int check_vmdk(const struct format_file *file, uint64_t *ret_size, struct pxc_err *err)
{
	unsigned char h[SECTOR] = { 0 };
	ssize_t n = file->read(file->context, h, sizeof(h), 0);
	uint64_t sectors = little(h + 12, 8);

	if (n < (ssize_t)sizeof(h))
		return pxc_fail(err, PXC_EINVAL, "it is a vmdk that ends in its header");
	if (sectors == 0 || sectors > UINT64_MAX / SECTOR)
		return pxc_fail(err, PXC_EINVAL, "it is a vmdk that says nothing of its size");
	*ret_size = sectors * SECTOR;
	return check_descriptor(
		file, little(h + 28, 8) > UINT32_MAX ? UINT64_MAX : little(h + 28, 8) * SECTOR,
		little(h + 36, 8) > UINT32_MAX ? UINT64_MAX : little(h + 36, 8) * SECTOR, err);
}

int format_check(enum format format, const struct format_file *file, uint64_t *ret_size,
		 struct pxc_err *err)
{
	return format == FORMAT_QCOW2 ? check_qcow2(file, ret_size, err)
				      : check_vmdk(file, ret_size, err);
}
