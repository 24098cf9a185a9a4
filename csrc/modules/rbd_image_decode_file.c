/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images that PVE keeps as files: which options they have. */
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "modules/items.h"
#include "modules/rbd_image.h"

static bool says(const json_t *given, const char *key)
{
	const json_t *v = json_object_get(given, key);

	return v && !json_is_null(v) && !json_is_false(v);
}

/* A file has nothing but its name: what cannot be kept, or done by PVE, is not to look as if it were. */
static int refuse_for_files(const json_t *given, const struct image_spec *s, struct pxc_err *err)
{
	static const char *const not_for_files[] = {
		"from_vm",   "from_volume", "size",        "max_size", "work_dir",
		"latest",    "properties",  "project",     "projects", "source_ca",
		"protected", "description", "template_vm",
	};
	auto_buf struct pxc_buf names = { .data = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(not_for_files); i++)
		if (says(given, not_for_files[i]))
			buf_printf(&names, "%s%s", names.len ? ", " : "", not_for_files[i]);
	if (s->visibility && !str_eq(s->visibility, "public"))
		buf_printf(&names, "%svisibility: %s", names.len ? ", " : "", s->visibility);
	if (s->state == IMAGE_DEPRECATED)
		buf_printf(&names, "%sstate: deprecated", names.len ? ", " : "");
	if (!names.len)
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"%s: backend pve keeps a plain file, which cannot have %s: leave that out, "
			"or use backend: rbd",
			s->label, buf_str(&names));
}

static const char *ending(const char *url)
{
	const char *end = url + strcspn(url, "?#"), *dot = end;

	while (dot > url && *dot != '.' && *dot != '/')
		dot--;
	return *dot == '.' ? dot + 1 : end;
}

/* PVE tells the format of a file by the end of its name. */
static int decode_format(struct pxc_env *env, const json_t *item, struct image_spec *s,
			 struct pxc_err *err)
{
	static const char *const formats[] = { "qcow2", "raw", "vmdk" }, *const packed[] = {
		"gz", "xz", "zst", "bz2", "lzo", "zip"
	};
	const char *at = ending(s->source), *end;

	end = arena_strndup(env->arena, at, strcspn(at, "?#"));
	for (size_t i = 0; i < ARRAY_SIZE(packed); i++)
		if (str_eq(end, packed[i]))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: PVE does not unpack images for content import (%s): give the "
				"source uncompressed, or use backend: rbd",
				s->label, end);
	s->format = item_text(item, "format");
	for (size_t i = 0; !s->format && i < ARRAY_SIZE(formats); i++)
		if (str_eq(end, formats[i]))
			s->format = formats[i];
	if (s->format)
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"%s: source does not end in .qcow2, .raw or .vmdk: set format, which PVE "
			"tells by the name of the file",
			s->label);
}

int image_decode_file(struct pxc_env *env, const json_t *item, const json_t *given,
		      struct image_spec *s, struct pxc_err *err)
{
	s->backend = str_eq(item_text(item, "backend"), "pve") ? IMAGE_PVE : IMAGE_RBD;
	s->node = item_text(item, "node");
	if (s->backend == IMAGE_RBD) {
		if (s->node || item_text(item, "format"))
			return pxc_fail(err, PXC_EINVAL, "%s: node and format go with backend: pve",
					s->label);
		return 0;
	}
	if (refuse_for_files(given, s, err) < 0)
		return -1;
	if (strchr(s->version, '+'))
		return pxc_fail(err, PXC_EINVAL,
				"%s: PVE allows no + in the name of a file: with backend pve "
				"choose a version without it",
				s->label);
	if (!s->source)
		return 0;
	if (!str_starts(s->source, "http://") && !str_starts(s->source, "https://"))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: with backend pve a node downloads the source itself, so it is a URL "
			"with http or https, not \"%s\": serve the file by HTTP, upload it in PVE as "
			"%s%s_V%s.<format>, or use backend: rbd",
			s->label, s->source, RBD_IMAGE_PREFIX, s->name, s->version);
	return decode_format(env, item, s, err);
}
