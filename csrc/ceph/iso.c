/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An ISO 9660 volume in memory. The same files give the same bytes: no time of day goes into it. */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

static la_ssize_t append(struct archive *a, void *arg, const void *bytes, size_t len)
{
	(void)a;
	buf_add(arg, bytes, len);
	return (la_ssize_t)len;
}

static int add_file(struct archive *a, const struct ceph_file *file)
{
	struct archive_entry *e = archive_entry_new();
	int r;

	if (!e)
		pxc_oom();
	archive_entry_set_pathname(e, file->name);
	archive_entry_set_size(e, (la_int64_t)file->len);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0444);
	archive_entry_set_atime(e, 0, 0);
	archive_entry_set_ctime(e, 0, 0);
	archive_entry_set_mtime(e, 0, 0);
	archive_entry_set_birthtime(e, 0, 0);
	r = archive_write_header(a, e);
	archive_entry_free(e);
	if (r != ARCHIVE_OK)
		return r;
	return archive_write_data(a, file->data, file->len) == (la_ssize_t)file->len
		       ? ARCHIVE_OK
		       : ARCHIVE_FATAL;
}

/* --- the moment of writing, which libarchive puts in (ECMA-119, 8.4 and 9.1; Rock Ridge, 4.1.6) ---------------- */

#define SECTOR_SIZE 2048u
#define FIRST_DESCRIPTOR 16u

static const unsigned char epoch[7] = { 70, 1, 1, 0, 0, 0, 0 };

static uint32_t little32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* A record of a folder: its date, and those of Rock Ridge behind its name. */
static void forget_record(unsigned char *r)
{
	size_t len = r[0], at = 33u + r[32] + (r[32] % 2 == 0);

	memcpy(r + 18, epoch, sizeof(epoch));
	for (; at + 5 <= len && r[at + 2] >= 4 && at + r[at + 2] <= len; at += r[at + 2]) {
		size_t end = at + r[at + 2];

		if (r[at] != 'T' || r[at + 1] != 'F')
			continue;
		for (size_t t = at + 5; t + sizeof(epoch) <= end; t += sizeof(epoch))
			memcpy(r + t, epoch, sizeof(epoch));
	}
}

static void forget_folder(struct pxc_buf *iso, const unsigned char *record)
{
	unsigned char *bytes = (unsigned char *)iso->data;
	size_t at = (size_t)little32(record + 2) * SECTOR_SIZE, end = at + little32(record + 10);

	while (at + 34 <= end && end <= iso->len) {
		size_t len = bytes[at];

		if (len < 34) { /* no more in this sector */
			at = (at / SECTOR_SIZE + 1) * SECTOR_SIZE;
			continue;
		}
		forget_record(bytes + at);
		at += len;
	}
}

/* All files lie in the root. */
static void forget_time(struct pxc_buf *iso)
{
	static const char never[] = "0000000000000000";
	unsigned char *sector = (unsigned char *)iso->data + FIRST_DESCRIPTOR * SECTOR_SIZE;
	unsigned char *end = (unsigned char *)iso->data + iso->len - SECTOR_SIZE;

	for (; sector <= end && memcmp(sector + 1, "CD001", 5) == 0; sector += SECTOR_SIZE) {
		if (sector[0] != 1 && sector[0] != 2)
			continue;
		for (size_t i = 0; i < 4; i++)
			memcpy(sector + 813 + 17 * i, never, sizeof(never));
		memcpy(sector + 156 + 18, epoch, sizeof(epoch));
		forget_folder(iso, sector + 156);
	}
	/* Behind the descriptors, libarchive writes when and how it was called. */
	if (sector <= end && memcmp(sector, "INFO ", 5) == 0)
		memset(sector, 0, SECTOR_SIZE);
}

static int check(const char *label, const struct ceph_file *files, size_t nfiles,
		 struct pxc_err *err)
{
	if (!*label || strlen(label) > 32)
		return pxc_fail(err, PXC_EINVAL, "\"%s\" cannot be a label: 1 to 32 characters",
				label);
	for (size_t i = 0; i < nfiles; i++) {
		if (!*files[i].name || strchr(files[i].name, '/'))
			return pxc_fail(err, PXC_EINVAL, "\"%s\" cannot be a file in the volume %s",
					files[i].name, label);
	}
	return 0;
}

int ceph_iso(const char *label, const struct ceph_file *files, size_t nfiles, void **ret,
	     size_t *ret_len, struct pxc_err *err)
{
	auto_buf struct pxc_buf iso = { .data = NULL };
	struct archive *a;
	int r;

	if (check(label, files, nfiles, err) < 0)
		return -1;
	a = archive_write_new();
	if (!a)
		pxc_oom();
	r = archive_write_set_format_iso9660(a);
	if (r == ARCHIVE_OK)
		r = archive_write_set_options(a, "iso9660:joliet,iso9660:rockridge,iso9660:!pad");
	if (r == ARCHIVE_OK)
		r = archive_write_set_format_option(a, "iso9660", "volume-id", label);
	(void)archive_write_set_bytes_in_last_block(a, 1);
	if (r == ARCHIVE_OK)
		r = archive_write_open(a, &iso, NULL, append, NULL);
	for (size_t i = 0; r == ARCHIVE_OK && i < nfiles; i++)
		r = add_file(a, &files[i]);
	if (r == ARCHIVE_OK)
		r = archive_write_close(a);
	if (r != ARCHIVE_OK) {
		const char *why = archive_error_string(a);

		(void)pxc_fail(err, PXC_EREMOTE, "volume %s: %s", label,
			       why ? why : "libarchive failed");
	} else {
		forget_time(&iso);
		*ret_len = iso.len;
		*ret = buf_take(&iso);
	}
	(void)archive_write_free(a);
	return r == ARCHIVE_OK ? 0 : -1;
}
