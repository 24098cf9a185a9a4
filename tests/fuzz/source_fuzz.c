/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the import reads of sources before anybody else does: addresses, headers, formats, zeros, compressed bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

#define SECRET "S3CR3T"
#define MOST_OUT (1u << 20)

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* A password is not shown, whatever stands around it. */
static void addresses(const char *text)
{
	auto_free char *source = pxc_printf("https://user:" SECRET "%s@host/x", text);
	auto_free char *shown = address_public(source), *plain = address_public(text);
	auto_free char *url = pxc_printf("file:%s", text), *path = address_file(url);

	must(!strstr(shown, SECRET) || strstr(text, SECRET));
	must(strlen(plain) <= strlen(text) + 4);
	must(!path || *path == '/');
}

/* Bytes of another file are never taken for the next ones of this. */
static void answers(const char *text)
{
	struct answer first = { .etag = "\"one\"", .total = 1000, .has_total = true };
	struct answer now = { .total = 0 };
	auto_free char *lines = pxc_strdup(text);
	char *rest = lines, *line;
	uint64_t skip = 0;

	while ((line = strsep(&rest, "\n")))
		answer_header(&now, line, strlen(line));
	must(strlen(now.etag) < sizeof(now.etag) && strlen(now.modified) < sizeof(now.modified));
	if (answer_judge(&first, &now, 206, 400, false, &skip) == ANSWER_TAKE)
		must(now.has_range && now.from == 400 && str_eq(now.etag, first.etag));
	if (answer_judge(&first, &now, 200, 400, false, &skip) == ANSWER_TAKE)
		must(skip == 400 && str_eq(now.etag, first.etag));
}

struct bytes {
	const uint8_t *data;
	size_t len;
};

static ssize_t read_bytes(void *context, void *buf, size_t len, uint64_t offset)
{
	const struct bytes *b = context;
	size_t n = offset >= b->len ? 0 : b->len - (size_t)offset;

	n = n < len ? n : len;
	if (n)
		memcpy(buf, b->data + offset, n);
	return (ssize_t)n;
}

static void formats(const uint8_t *data, size_t len)
{
	struct bytes bytes = { data, len };
	struct format_file file = { .read = read_bytes, .context = &bytes, .size = len };
	enum format format = FORMAT_RAW;
	struct pxc_err err = { .kind = PXC_OK };
	uint64_t size = 0;

	if (format_detect(data, len, &format, &err) < 0)
		must(err.kind == PXC_EINVAL && *err.msg);
	if (format_detect_tail(data, len, &err) < 0)
		must(err.kind == PXC_EINVAL);
	for (enum format f = FORMAT_QCOW2; f <= FORMAT_VMDK; f++) {
		if (format_check(f, &file, &size, &err) == 0)
			must(size > 0 && size <= INT64_MAX);
	}
}

static void zeros(const uint8_t *data, size_t len)
{
	size_t at = 0, end = 0, last = 0;

	while (zeros_skip(data, len, &at, &end)) {
		must(at >= last && at < end && end <= len);
		for (size_t i = last; i < at; i++)
			must(data[i] == 0);
		at = last = end;
	}
	for (size_t i = last; i < len; i++)
		must(data[i] == 0);
}

static void decode(enum format format, const uint8_t *data, size_t len)
{
	static unsigned char out[4096];
	struct decoder d;
	size_t got = 0;

	decoder_open(&d, format);
	d.in = data;
	d.in_len = len;
	while (got < MOST_OUT && !(d.ended && !d.in_len)) {
		d.out = out;
		d.out_len = sizeof(out);
		if (decoder_step(&d, true) < 0) {
			must(d.why && *d.why);
			break;
		}
		got += sizeof(out) - d.out_len;
	}
	decoder_close(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	auto_free char *text = NULL;

	if (!len)
		return 0;
	text = pxc_strndup((const char *)data + 1, len - 1);
	switch (data[0] % 7) {
	case 0:
		addresses(text);
		break;
	case 1:
		answers(text);
		break;
	case 2:
		formats(data + 1, len - 1);
		break;
	case 3:
		zeros(data + 1, len - 1);
		break;
	default:
		decode(FORMAT_GZIP + (data[0] % 7 - 4), data + 1, len - 1);
		break;
	}
	return 0;
}
