/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_drive_check.c - may a drive be as a request wants it? What is asked before anything is made. */
#include <string.h>

#include "sim/disk.h"
#include "sim/qm.h"
#include "sim/rbd.h"

static int check_storage(struct sim_call *call, const char *id)
{
	const struct sim_storage *s = sim_storage_find(call->sim, id);

	if (sim_need(call, "Datastore.AllocateSpace", "/storage/%s", id) < 0)
		return -1;
	if (!s)
		return sim_fail(call, 500, "storage '%s' does not exist", id);
	if (!sim_storage_on(s, call->node))
		return sim_fail(call, 500, "storage '%s' is not available on node '%s'", id,
				call->node->name);
	if (!sim_storage_holds(s, "images"))
		return sim_param_error(call, "storage", "storage '%s' does not support vm images",
				       id);
	return 0;
}

/* Whether an image is in Ceph is a question for the work. Until then its name says whose it is. */
static int check_in_ceph(struct sim_call *call, struct sim_storage *s, const char *volid,
			 bool import)
{
	struct rbd_name name;
	struct pxc_err err;

	if (rbd_parse(volid, &name, &err) < 0)
		return sim_fail(call, 500, "%s", err.msg);
	if (import)
		return sim_need_vm(call, name.vmid, "VM.Clone");
	if (qm_need_image(call, s->id, name.vmid) < 0)
		return -1;
	/* PUT has no worker. */
	if (!strcmp(call->method, "PUT") && !rbd_look(call->sim, s, volid, &err))
		return sim_fail(call, 500, "%s", err.msg);
	return 0;
}

static int check_import(struct sim_call *call, const char *key, const char *source, double gib)
{
	auto_free char *id = qm_storage_id(source);
	struct sim_storage *s = sim_storage_find(call->sim, id);
	const struct sim_volume *v;

	if (gib > 0)
		return sim_param_error(
			call, key,
			"'import-from' requires special syntax - use <storage ID>:0,import-from=<source>");
	if (*source == '/')
		return sim_fail(
			call, 500,
			"Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm "
			"line 651.");
	if (s && s->rbd)
		return check_in_ceph(call, s, source, true);
	v = sim_volume_find(call->sim, source, call->node);
	if (!v)
		return sim_fail(call, 500, "volume '%s' does not exist", source);
	if (strcmp(v->content, "images") != 0 && strcmp(v->content, "import") != 0)
		return sim_param_error(call, key,
				       "%s has wrong type '%s' - needs to be 'images' or 'import'",
				       source, v->content);
	return v->vmid ? sim_need_vm(call, v->vmid, "VM.Clone") : qm_need_volume(call, v);
}

/* A volume that is there already: a disk, or an ISO image as a medium. */
static int check_existing(struct sim_call *call, const char *key, const json_t *opts)
{
	const char *file = qm_text(opts, "file", "");
	auto_free char *id = qm_storage_id(file);
	struct sim_storage *s = sim_storage_find(call->sim, id);
	const struct sim_volume *v;

	if (!s)
		return sim_fail(call, 500, "storage '%s' does not exist", id);
	if (s->rbd)
		return check_in_ceph(call, s, file, false);
	v = sim_volume_find(call->sim, file, call->node);
	if (!v)
		return sim_fail(call, 500, "volume '%s' does not exist", file);
	if (qm_need_volume(call, v) < 0)
		return -1;
	if (strcmp(v->content, "images") != 0 && strcmp(v->content, "iso") != 0)
		return sim_param_error(call, key, "content type needs to be 'images' or 'iso'");
	if (!strcmp(v->content, "iso") && strcmp(qm_text(opts, "media", "disk"), "cdrom") != 0)
		return sim_param_error(call, key,
				       "explicit 'media=cdrom' is required for iso images");
	return 0;
}

int qm_drive_check(struct sim_call *call, const char *key, const char *text)
{
	json_auto_t *opts = prop_parse(text, "file");
	const char *file = qm_text(opts, "file", ""), *source = qm_text(opts, "import-from", NULL);
	auto_free char *id = qm_storage_id(file);
	const char *colon = strchr(file, ':');
	double gib;

	if (!strcmp(file, "none"))
		return 0;
	if (!strcmp(file, "cdrom"))
		return sim_need(call, "Sys.Console", "/");
	if (!colon)
		return sim_fail(call, 500, "unable to parse volume ID '%s'", file);
	if (!strcmp(colon, ":cloudinit"))
		return check_storage(call, id);
	if (!qm_drive_allocates(file, &gib))
		return check_existing(call, key, opts);
	if (check_storage(call, id) < 0)
		return -1;
	return source ? check_import(call, key, source, gib) : 0;
}
