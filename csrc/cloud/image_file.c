/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/image_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cloud/rbd.h"

#define VERSION_MARK "_V"
#define FOLDER ":import/"

const char *image_file_name(struct pxc_arena *arena, const char *name, const char *version,
			    const char *format)
{
	return arena_printf(arena, RBD_IMAGE_PREFIX "%s" VERSION_MARK "%s.%s", name, version,
			    format);
}

static const char *known_format(const char *text)
{
	static const char *const formats[] = { "qcow2", "raw", "vmdk" };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (str_eq(formats[i], text))
			return formats[i];
	return NULL;
}

/* key: "node/storage:import/file". false: no image of ours in this storage. */
static bool parse(const char *key, const char *storage, struct pxc_arena *arena,
		  struct image_file *ret)
{
	const char *volume = strchr(key, '/'), *file, *mark, *dot;
	size_t len = strlen(storage);

	if (!volume++ || strncmp(volume, storage, len) != 0 || !str_starts(volume + len, FOLDER))
		return false;
	file = volume + len + strlen(FOLDER);
	mark = strstr(file, VERSION_MARK);
	dot = strrchr(file, '.');
	if (!str_starts(file, RBD_IMAGE_PREFIX) || !mark || !dot)
		return false;
	file += strlen(RBD_IMAGE_PREFIX);
	if (mark <= file || dot <= mark + strlen(VERSION_MARK) || !known_format(dot + 1))
		return false;
	*ret = (struct image_file){
		.node = arena_strndup(arena, key, (size_t)(volume - 1 - key)),
		.volume = arena_strdup(arena, volume),
		.name = arena_strndup(arena, file, (size_t)(mark - file)),
		.format = known_format(dot + 1),
	};
	mark += strlen(VERSION_MARK);
	ret->version = arena_strndup(arena, mark, (size_t)(dot - mark));
	return true;
}

/* Versions that strverscmp() holds for equal are the same text. */
static int file_order(const void *a, const void *b)
{
	const struct image_file *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	if (r == 0)
		r = strverscmp(x->version, y->version);
	if (r == 0)
		r = strcmp(x->node, y->node);
	return r ? r : strcmp(x->volume, y->volume);
}

size_t image_files(const json_t *volumes, const char *storage, struct pxc_arena *arena,
		   const struct image_file **ret)
{
	struct image_file *files =
		arena_alloc(arena, (json_object_size(volumes) + 1) * sizeof(*files));
	size_t n = 0;
	const char *key;
	json_t *size;

	json_object_foreach ((json_t *)(uintptr_t)volumes, key, size) {
		if (!parse(key, storage, arena, &files[n]))
			continue;
		files[n++].size_bytes = (uint64_t)json_integer_value(size);
	}
	qsort(files, n, sizeof(*files), file_order);
	*ret = files;
	return n;
}

const struct image_file *image_file_find(const struct image_file *files, size_t n, const char *name,
					 const char *version, const char *node)
{
	const struct image_file *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (str_eq(files[i].name, name) &&
		    (!version || str_eq(files[i].version, version)) &&
		    (!node || str_eq(files[i].node, node)) &&
		    (!best || strverscmp(files[i].version, best->version) > 0))
			best = &files[i];
	return best;
}
