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

/* The volume descriptors name the moment of writing: 17 bytes at these places (ECMA-119, 8.4.26 to 8.4.29). */
static void forget_time(struct pxc_buf *iso)
{
	static const char never[] = "0000000000000000";

	for (size_t at = 16 * 2048; at + 2048 <= iso->len && (unsigned char)iso->data[at] != 255;
	     at += 2048)
		if (memcmp(iso->data + at + 1, "CD001", 5) == 0 &&
		    (iso->data[at] == 1 || iso->data[at] == 2))
			for (size_t k = 0; k < 4; k++)
				memcpy(iso->data + at + 813 + 17 * k, never, sizeof(never));
}

int ceph_iso(const char *label, const struct ceph_file *files, size_t nfiles, void **ret,
	     size_t *ret_len, struct pxc_err *err)
{
	struct archive *a = archive_write_new();
	auto_buf struct pxc_buf iso = { .data = NULL };
	int r;

	if (!a)
		pxc_oom();
	r = archive_write_set_format_iso9660(a);
	if (r == ARCHIVE_OK)
		r = archive_write_set_options(a,
					      "iso9660:joliet=1,iso9660:rockridge=1,iso9660:pad=0");
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
