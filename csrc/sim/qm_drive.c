/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_drive.c - disks: what a drive text asks for, and the volume it becomes. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/disk.h"
#include "sim/qm.h"
#include "sim/rbd.h"

#define GIB_BYTES (1ull << 30)
#define MAX_FILE_BYTES (16ull << 40) /* of one file on the storage */
#define CLOUDINIT_BYTES (4ull << 20)

void qm_size_text(uint64_t bytes, char out[32])
{
	static const char units[] = "\0KMGT";
	size_t u = 0;

	while (bytes % 1024 == 0 && u < 4) {
		bytes /= 1024;
		u++;
	}
	(void)snprintf(out, 32, "%llu%.1s", (unsigned long long)bytes, u ? units + u : "");
}

char *qm_volid(const char *drive)
{
	size_t n = strcspn(drive, ",");

	if (!strncmp(drive, "none", n) || !strncmp(drive, "cdrom", n) || !memchr(drive, ':', n))
		return NULL;
	return pxc_strndup(drive, n);
}

struct sim_volume *qm_volume(const struct sim_guest *g, const char *text)
{
	auto_free char *volid = text ? qm_volid(text) : NULL;

	return volid ? sim_volume_find(g->sim, volid, g->node) : NULL;
}

bool qm_is_disk(const char *key, const char *text)
{
	return qm_is_drive(key) && text && !strstr(text, "media=cdrom") &&
	       strncmp(text, "none", 4) != 0;
}

/* "sid:4" or "sid:0.5": allocate. */
bool qm_drive_allocates(const char *file, double *ret_gib)
{
	const char *colon = strchr(file, ':');
	char *end;

	if (!colon || !isdigit((unsigned char)colon[1]) ||
	    strspn(colon + 1, "0123456789.") != strlen(colon + 1))
		return false;
	*ret_gib = strtod(colon + 1, &end);
	return true;
}

bool qm_allocates(const char *text)
{
	auto_free char *file = pxc_strndup(text ? text : "", text ? strcspn(text, ",") : 0);
	double gib;

	return str_ends(file, ":cloudinit") || qm_drive_allocates(file, &gib);
}

char *qm_storage_id(const char *file)
{
	return pxc_strndup(file, strcspn(file, ":"));
}

bool qm_owns(const struct sim_guest *g, const char *text)
{
	auto_free char *volid = text ? qm_volid(text) : NULL;

	return volid && disk_owner(g->sim, volid, g->node) == g->vmid;
}

static void set_text(json_t *opts, const char *key, const char *text)
{
	(void)json_object_set_new(opts, key, json_string(text));
}

static uint64_t import_bytes(struct sim *sim, struct sim_node *node, const char *source)
{
	const struct sim_volume *v = sim_volume_find(sim, source, node);

	return v ? v->size_bytes : 0;
}

void qm_log_format(const struct sim *sim, const struct sim_volume *v)
{
	const char *root = qm_text(v->storage->config, "path", NULL);

	if (!sim->working || !root)
		return;
	if (!strcmp(v->format, "qcow2"))
		sim_task_log(
			sim->working,
			"Formatting '%s/images/%s', fmt=qcow2 cluster_size=65536 extended_l2=off "
			"preallocation=metadata compression_type=zlib size=%llu "
			"lazy_refcounts=off refcount_bits=16",
			root, strchr(v->volid, ':') + 1, (unsigned long long)v->size_bytes);
	else
		sim_task_log(sim->working,
			     "Formatting '%s/images/%s', fmt=%s size=%llu preallocation=off", root,
			     strchr(v->volid, ':') + 1, v->format,
			     (unsigned long long)v->size_bytes);
}

void qm_log_copy(const struct sim *sim, const char *key, const char *source,
		 const struct sim_volume *v, bool transferred)
{
	double gib = (double)v->size_bytes / (double)GIB_BYTES;
	const char *unit = gib >= 1 ? "GiB" : "MiB";

	if (!sim->working)
		return;
	sim_task_log(sim->working, "create full clone of drive %s (%s)", key, source);
	qm_log_format(sim, v);
	sim_task_log(sim->working, "allocated target volume '%s'", v->volid);
	if (!transferred)
		return;
	gib = gib >= 1 ? gib : gib * 1024;
	sim_task_log(sim->working, "transferred 0.0 B of %.1f %s (0.00%%)", gib, unit);
	sim_task_log(sim->working, "transferred %.1f %s of %.1f %s (100.00%%)", gib, unit, gib,
		     unit);
}

/* A file of that size cannot be on the storage: qemu-img fails. */
static int too_large(const struct sim_volume *v, struct pxc_err *err)
{
	const char *root = qm_text(v->storage->config, "path", NULL);

	if (!root || v->size_bytes <= MAX_FILE_BYTES)
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"unable to create image: qemu-img: %s/images/%s: The image size is too "
			"large for file format '%s'",
			root, strchr(v->volid, ':') + 1, v->format);
}

static void cannot_import(struct pxc_err *err, const char *source)
{
	struct pxc_err cause = *err;

	(void)pxc_fail(err, cause.kind, "cannot import from '%s' - %s", source, cause.msg);
}

static struct sim_volume *import(struct sim *sim, const struct disk_want *want, const char *key,
				 const char *source, struct pxc_err *err)
{
	const struct sim_volume *from = disk_need(sim, source, want->node, err);
	struct sim_volume *v = from ? disk_copy(sim, from, NULL, want, err) : NULL;

	if (v)
		qm_log_copy(sim, key, source, v, true);
	else
		cannot_import(err, source);
	return v;
}

static uint64_t bytes_of(const char *key, const char *file)
{
	double gib = 0;

	if (str_ends(file, ":cloudinit"))
		return CLOUDINIT_BYTES;
	if (qm_family(key, "efidisk"))
		return 528u << 10;
	if (qm_family(key, "tpmstate"))
		return 4u << 20;
	return qm_drive_allocates(file, &gib) ? (uint64_t)(gib * (double)GIB_BYTES) : 0;
}

/* Make the volume that "sid:4", "sid:0,import-from=..." or "sid:cloudinit" asks for. */
static struct sim_volume *allocate(struct sim *sim, struct sim_node *node, unsigned vmid,
				   const char *key, const json_t *opts, struct pxc_err *err)
{
	const char *file = qm_text(opts, "file", ""), *source = qm_text(opts, "import-from", NULL);
	bool cloudinit = str_ends(file, ":cloudinit");
	auto_free char *id = qm_storage_id(file);
	struct disk_want want = { .storage = sim_storage_find(sim, id),
				  .node = node,
				  .vmid = vmid,
				  .kind = cloudinit ? "cloudinit" : "disk",
				  .format = cloudinit ? "qcow2" : qm_text(opts, "format", NULL),
				  .size_bytes = bytes_of(key, file) };
	struct sim_volume *v;

	if (!want.storage) { /* it went away since the request was checked */
		(void)pxc_fail(err, PXC_ENOTFOUND, "storage '%s' does not exist", id);
		return NULL;
	}
	if (source)
		return import(sim, &want, key, source, err);
	v = disk_create(sim, &want, err);
	if (v)
		qm_log_format(sim, v);
	if (v && too_large(v, err) < 0) {
		sim_volume_remove(sim, v);
		return NULL;
	}
	return v;
}

/* The volume that is there already, NULL when there is none: where that is fine *ret is untouched and 0 returned. */
static int existing(struct sim *sim, const struct sim_node *node, const char *file,
		    struct sim_volume **ret, struct pxc_err *err)
{
	auto_free char *id = qm_storage_id(file);
	struct sim_storage *s = sim_storage_find(sim, id);

	*ret = s && s->rbd ? rbd_look(sim, s, file, err) : sim_volume_find(sim, file, node);
	return s && s->rbd && !*ret ? -1 : 0;
}

char *qm_drive_make(struct sim *sim, struct sim_node *node, unsigned vmid, const char *key,
		    const char *text, struct pxc_err *err)
{
	json_auto_t *opts = prop_parse(text, "file");
	const char *file = qm_text(opts, "file", "none"), *colon = strchr(file, ':');
	struct sim_volume *v = NULL;
	char size[32], *made;
	double gib = 0;
	bool cloudinit = colon && !strcmp(colon, ":cloudinit"),
	     fresh = cloudinit || (colon && qm_drive_allocates(file, &gib));

	if (fresh)
		v = allocate(sim, node, vmid, key, opts, err);
	if (fresh ? !v : colon && existing(sim, node, file, &v, err) < 0)
		return NULL;
	if (cloudinit) {
		set_text(opts, "media", "cdrom");
	} else if (v) {
		qm_size_text((v->size_bytes + 511) / 512 * 512, size);
		set_text(opts, "size", size);
	}
	if (fresh)
		set_text(opts, "file", v->volid);
	(void)json_object_del(opts, "format");
	(void)json_object_del(opts, "import-from");
	made = prop_print(opts, "file");
	if (fresh && sim->working)
		sim_task_log(sim->working, "%s: successfully created disk '%s'", key, made);
	return made;
}

int64_t qm_drive_ms(struct sim *sim, struct sim_node *node, const char *text)
{
	json_auto_t *opts = prop_parse(text, "file");
	const char *source = qm_text(opts, "import-from", NULL);
	int64_t ms;

	if (!source)
		return 0;
	ms = (int64_t)(import_bytes(sim, node, source) >> 30) * 200;
	return ms < 9000 ? ms : 9000;
}

int qm_drive_free(struct sim *sim, struct sim_guest *g, const char *text, struct pxc_err *err)
{
	auto_free char *volid = qm_volid(text);

	if (!volid || disk_owner(sim, volid, g->node) != g->vmid)
		return 0;
	rbd_let_go(g, volid);
	return disk_free(sim, volid, g->node, err);
}
