/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * image_file.h - images that are plain files of PVE (backend pve): what stands in their names. Pure. Layer: cloud.
 *
 * A version is the volume "<storage>:import/pxc-img-<name>_V<version>.<format>". PVE keeps notes for backups only, so a
 * file has nothing but its name: whoever reads the storage may use it. Names have no upper case, so the first "_V"
 * divides the two. The latest version is the highest one as people order them (1.9, 1.10), since nothing else is kept.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"

struct image_file {
	const char *node, *volume; /* a storage that is shared is listed by every node */
	const char *name, *version, *format;
	uint64_t size_bytes; /* as PVE lists it */
};

/* "pxc-img-debian-13_V20261101.qcow2"; in the arena */
const char *image_file_name(struct pxc_arena *arena, const char *name, const char *version,
			    const char *format);

/*
 * The images of one storage, by name, then version (the highest last), then node.
 * volumes: "node/volume" -> bytes, of all storages that were read; NULL = none. Returns how many; *ret in the arena.
 */
size_t image_files(const json_t *volumes, const char *storage, struct pxc_arena *arena,
		   const struct image_file **ret);

/* version NULL = the latest; node NULL = the first that has it. NULL: not there. */
const struct image_file *image_file_find(const struct image_file *files, size_t n, const char *name,
					 const char *version, const char *node);
