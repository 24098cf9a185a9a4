/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an image is, by its bytes: never by its name. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "ceph/import_parts.h"

#define CONVERT ": convert it first (qemu-img convert -O qcow2)"

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
	{ "\xfd\x37zXZ", 6, 0, NULL, FORMAT_XZ },
	{ "\x28\xb5\x2f\xfd", 4, 0, NULL, FORMAT_ZSTD },
	{ "# Disk DescriptorFile", 21, 0,
	  "the descriptor of a vmdk, which names other files: join them first (qemu-img convert -O "
	  "qcow2)",
	  FORMAT_RAW },
	{ "COWD", 4, 0, "an old vmdk of ESX" CONVERT, FORMAT_RAW },
	{ "conectix", 8, 0, "a VHD" CONVERT, FORMAT_RAW },
	{ "vhdxfile", 8, 0, "a VHDX" CONVERT, FORMAT_RAW },
	{ "<<< ", 4, 0, "a VDI" CONVERT, FORMAT_RAW },
	{ "\x7f\x10\xda\xbe", 4, 64, "a VDI" CONVERT, FORMAT_RAW },
	{ "QED", 4, 0, "a QED image" CONVERT, FORMAT_RAW },
	{ "WithoutFreeSpace", 16, 0, "a Parallels image" CONVERT, FORMAT_RAW },
	{ "WithouFreSpacExt", 16, 0, "a Parallels image" CONVERT, FORMAT_RAW },
	{ "BZh", 3, 0, "compressed by bzip2, and gzip, xz and zstd are known: unpack it first",
	  FORMAT_RAW },
	{ "\x04\x22\x4d\x18", 4, 0,
	  "compressed by lz4, and gzip, xz and zstd are known: unpack it first", FORMAT_RAW },
	{ "PK\x03\x04", 4, 0, "a zip file: unpack it first", FORMAT_RAW },
	{ "7z\xbc\xaf\x27\x1c", 6, 0, "a 7z file: unpack it first", FORMAT_RAW },
	{ "ustar", 5, 257, "a tar file: unpack it first (of an OVA, the vmdk in it)", FORMAT_RAW },
	{ "%PDF", 4, 0, "a PDF", FORMAT_RAW },
	{ "\x7f\x45LF", 4, 0, "a program", FORMAT_RAW },
};

/* In seven bits. A disk has a boot sector there, or zeros. */
static bool is_text(const unsigned char *head, size_t len)
{
	size_t n = len < SECTOR ? len : SECTOR;

	for (size_t i = 0; i < n; i++) {
		if (!isprint(head[i]) && !isspace(head[i]))
			return false;
	}
	return true;
}

static size_t first_line(const unsigned char *head, size_t len)
{
	size_t n = 0;

	while (n < len && n < 60 && isprint(head[n]))
		n++;
	return n;
}

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
	if (is_text(head, len))
		return pxc_fail(err, PXC_EINVAL, "it is a text, not an image, and begins \"%.*s\"",
				(int)first_line(head, len), (const char *)head);
	*ret = FORMAT_RAW;
	return 0;
}

int format_detect_tail(const unsigned char *tail, size_t len, struct pxc_err *err)
{
	if (len >= SECTOR && memcmp(tail + len - SECTOR, "conectix", 8) == 0)
		return pxc_fail(err, PXC_EINVAL, "it is a VHD of fixed size" CONVERT);
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
