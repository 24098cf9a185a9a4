/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Template VMs, for consumers that can only clone a VM by its number (Cluster API, machine-controller): a projection of an
 * image version, found by the block in its notes. HA keeps it "stopped", so that it moves when its node dies.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/image_parts.h"
#include "cloud/vm_parts.h"

#define TAG "pxc-image"
#define FIRST_VMID 100u

static const struct image_projection *projection(const struct image_world *iw, const char *image,
						 const char *version)
{
	for (size_t i = 0; i < iw->nprojections; i++)
		if (str_eq(iw->projections[i].image, image) &&
		    str_eq(iw->projections[i].version, version))
			return &iw->projections[i];
	return NULL;
}

static const char *some_node(const struct image_case *c)
{
	const struct world *w = c->iw->w;

	if (c->spec->template.node)
		return c->spec->template.node;
	for (size_t i = 0; i < w->nnodes; i++)
		if (w->nodes[i].online &&
		    world_storage(w, w->nodes[i].name, c->pool->storage, "images"))
			return w->nodes[i].name;
	return NULL;
}

/* Asked for by number in this task? */
static bool spoken_for(const struct image_case *c, unsigned vmid)
{
	for (const struct image_case *x = c->all; x < c->all + c->nall; x++)
		if (x->spec->template.wanted && x->spec->template.vmid == vmid)
			return true;
	return false;
}

/* How many templates the task makes before this one with a number of our choice. */
static unsigned place_in_batch(const struct image_case *c)
{
	unsigned n = 0;

	for (const struct image_case *x = c->all; x < c; x++)
		n += x->spec->template.wanted && !x->spec->template.vmid &&
		     !projection(c->iw, x->spec->name, x->spec->version);
	return n;
}

/*
 * The disk that a run cloned for the template of this version before it was cut off: there is no VM yet that would have
 * it. One run at a time works on an image.
 */
static bool is_left(const struct image_case *c, const struct rbd_seen *s)
{
	const char *vm = rbd_get(s, "vm");
	unsigned long vmid = vm && str_starts(vm, "vm.") ? strtoul(vm + 3, NULL, 10) : 0;

	return rbd_is(s, "disk") && str_eq(rbd_get(s, "c"), c->cluster) &&
	       str_eq(rbd_get(s, "image"), c->spec->name) &&
	       str_eq(rbd_get(s, "version"), c->spec->version) && !s->nsnaps && vmid &&
	       !world_guest(c->iw->w, (unsigned)vmid);
}

/* A disk of that number that is somebody else's. */
static const struct rbd_seen *foreign_disk(const struct image_case *c, unsigned vmid)
{
	auto_free char *name = pxc_printf("vm-%u-disk-0", vmid);
	const struct rbd_seen *disk = rbd_find(c->pool, name);

	return disk && !is_left(c, disk) ? disk : NULL;
}

/* The n-th free number for the n-th template of the task: whether it is free is known only when PVE has taken it. */
static unsigned choose_vmid(const struct image_case *c)
{
	unsigned skip = place_in_batch(c), vmid = FIRST_VMID;

	if (c->spec->template.vmid)
		return c->spec->template.vmid;
	for (;; vmid++)
		if (!world_guest(c->iw->w, vmid) && !spoken_for(c, vmid) &&
		    !foreign_disk(c, vmid) && skip-- == 0)
			return vmid;
}

static char *new_uuid(const struct image_case *c, unsigned vmid)
{
	auto_free char *text = pxc_printf("%s %s %u", c->batch->nonce, c->spec->label, vmid);
	char h[65];

	sha256_hex(text, strlen(text), h);
	h[12] = '4';
	h[16] = "89ab"[h[16] % 4];
	return pxc_printf("%.8s-%.4s-%.4s-%.4s-%.12s", h, h + 8, h + 12, h + 16, h + 20);
}

static char *template_notes(const struct image_case *c, const char *id)
{
	auto_annot struct annot a = { .npairs = 0 };

	annot_set(&a, "t", "template");
	annot_set(&a, "id", id);
	annot_set(&a, "c", c->cluster);
	annot_set(&a, "image", c->spec->name);
	annot_set(&a, "version", c->spec->version);
	annot_set(&a, "r", "1");
	annot_set(&a, "at", c->batch->stamp);
	annot_set(&a, "by", c->batch->actor);
	return annot_render(ANNOT_BLOCK, c->spec->description ? c->spec->description : "", &a, "");
}

static char *tags_of(const struct image_spec *s)
{
	struct pxc_buf out = { .data = NULL };
	size_t i;
	json_t *tag;

	buf_adds(&out, TAG);
	json_array_foreach (s->template.tags, i, tag)
		buf_printf(&out, ";%s", json_string_value(tag));
	return buf_take(&out);
}

/* PVE takes DNS names only: "debian-13.20261101" for a version like 2026_11_01 would be refused. */
static char *dns_name(const struct image_spec *s)
{
	char *name = pxc_printf("%s-%s", s->name, s->version);

	for (char *p = name; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *p))
			*p = '-';
	return name;
}

static json_t *create_args(const struct image_case *c, const char *node, unsigned vmid)
{
	auto_free char *uuid = new_uuid(c, vmid), *tags = tags_of(c->spec),
		       *name = dns_name(c->spec);
	auto_free char *notes = NULL, *disk = NULL, *smbios = pxc_printf("uuid=%s", uuid);
	json_auto_t *block = image_block(c);
	const char *ostype = vm_text(block, "p.os_type"), *agent = vm_text(block, "p.agent");
	bool uefi = str_eq(vm_text(block, "p.firmware"), "uefi");
	char id[64];

	vm_block_id(vmid, uuid, id);
	notes = template_notes(c, id);
	disk = pxc_printf("%s:vm-%u-disk-0", c->pool->storage, vmid);
	return json_pack("{s:s,s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "node", node,
			 "vmid", (int)vmid, "name", name, "description", notes, "tags", tags,
			 "smbios1", smbios, "scsi0", disk, "boot", "order=scsi0", "scsihw",
			 "virtio-scsi-single", "agent", agent ? agent : "1", "ostype",
			 ostype ? ostype : "l26", "bios", uefi ? "ovmf" : "seabios", "serial0",
			 "socket");
}

static void add_clone(struct image_case *c, unsigned vmid)
{
	auto_free char *name = pxc_printf("vm-%u-disk-0", vmid), *uuid = new_uuid(c, vmid);
	json_t *block;
	char id[64];

	vm_block_id(vmid, uuid, id);
	block = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "t", "disk", "c", c->cluster, "vm", id,
			  "image", c->spec->name, "version", c->spec->version, "at",
			  c->batch->stamp, "by", c->batch->actor);
	pxc_plan_add(c->plan, IMAGE_TEMPLATE_CLONE, PXC_QUIET,
		     json_pack("{s:s,s:s,s:s,s:s,s:o}", "storage", c->pool->storage, "name", name,
			       "parent", c->rbd_name, "snap", c->spec->version, "block", block),
		     "clone the disk of template %u", vmid);
}

static void add_ha(struct image_case *c, unsigned vmid)
{
	char sid[24];

	(void)snprintf(sid, sizeof(sid), "vm:%u", vmid);
	pxc_plan_add(c->plan, IMAGE_TEMPLATE_HA, PXC_QUIET,
		     json_pack("{s:s,s:s,s:s}", "sid", sid, "state", "stopped", "comment",
			       "template of an image"),
		     "let HA move template %u when its node dies", vmid);
}

static void add_convert(struct image_case *c, const char *node, unsigned vmid)
{
	pxc_plan_add(c->plan, IMAGE_TEMPLATE_CONVERT, PXC_QUIET,
		     json_pack("{s:s,s:i}", "node", node, "vmid", (int)vmid),
		     "make VM %u a template", vmid);
}

static void sweep(struct image_case *c)
{
	for (size_t i = 0; i < c->pool->nimages; i++)
		if (is_left(c, &c->pool->images[i]))
			image_add_remove(c->plan, c->pool, &c->pool->images[i], PXC_QUIET,
					 "remove what a run that was cut off has left");
}

int image_template_steps(struct image_case *c, struct pxc_err *err)
{
	const struct image_projection *have = projection(c->iw, c->spec->name, c->spec->version);
	const char *node = have ? have->guest->node : some_node(c);
	unsigned vmid = have ? have->guest->vmid : choose_vmid(c);

	if (!c->spec->template.wanted)
		return 0;
	if (!node) {
		(void)pxc_fail(err, PXC_EINVAL, "%s: no node that is online has storage %s",
			       c->spec->label, c->pool->storage);
		return world_storage_unseen(c->iw->w, c->pool->storage, err);
	}
	if (!have && world_guest(c->iw->w, vmid))
		return pxc_fail(err, PXC_EINVAL,
				"%s: template_vm: number %u is taken by another guest",
				c->spec->label, vmid);
	if (!have) {
		if (foreign_disk(c, vmid))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: template_vm: %s/vm-%u-disk-0 exists without a VM: choose another "
				"vmid, or remove it",
				c->spec->label, c->pool->pool, vmid);
		sweep(c);
		add_clone(c, vmid);
		pxc_plan_add(c->plan, IMAGE_TEMPLATE_CREATE, PXC_QUIET, create_args(c, node, vmid),
			     "create VM %u on %s from %s", vmid, node, c->rbd_name);
	}
	if (!have || !have->is_template)
		add_convert(c, node, vmid);
	if (!have || !*have->ha)
		add_ha(c, vmid);
	return 0;
}

const char *image_template_links(const struct image_case *c, const struct rbd_seen *version)
{
	const struct image_projection *p =
		projection(c->iw, c->spec->name, rbd_get(version, "version"));
	auto_free char *disk = p ? pxc_printf("base-%u-disk-0", p->guest->vmid) : NULL;
	const struct rbd_seen *base = disk ? rbd_find(c->pool, disk) : NULL;

	return base && base->children ? base->children[0] : NULL;
}

int image_template_remove(struct image_case *c, const struct rbd_seen *version, struct pxc_err *err)
{
	const struct image_projection *p =
		projection(c->iw, c->spec->name, rbd_get(version, "version"));
	const char *link = image_template_links(c, version);
	char sid[24];

	if (!p)
		return 0;
	if (link)
		return pxc_fail(err, PXC_EINVAL,
				"%s: VMs are linked to its template %u (%s): remove them first",
				c->spec->label, p->guest->vmid, link);
	(void)snprintf(sid, sizeof(sid), "vm:%u", p->guest->vmid);
	if (*p->ha)
		pxc_plan_add(c->plan, IMAGE_TEMPLATE_HA_REMOVE, PXC_QUIET,
			     json_pack("{s:s}", "sid", sid), "take template %u out of HA",
			     p->guest->vmid);
	pxc_plan_add(c->plan, IMAGE_TEMPLATE_DELETE, PXC_DESTROYS,
		     json_pack("{s:s,s:i,s:i}", "node", p->guest->node, "vmid", (int)p->guest->vmid,
			       "purge", 1),
		     "delete template %u", p->guest->vmid);
	return 0;
}

unsigned image_template_vmid(const struct image_case *c)
{
	const struct image_projection *p = projection(c->iw, c->spec->name, c->spec->version);

	return p ? p->guest->vmid : 0;
}

bool image_is_projection(const struct image_case *c, const char *child)
{
	const char *name = strrchr(child, '/');
	size_t len = strlen(c->pool->pool);

	if (!name || strncmp(child, c->pool->pool, len) != 0 || child[len] != '/')
		return false; /* in another pool the numbers are of another cluster, or not of templates */
	for (size_t i = 0; i < c->iw->nprojections; i++) {
		unsigned vmid = c->iw->projections[i].guest->vmid;
		auto_free char *base = pxc_printf("base-%u-disk-0", vmid);
		auto_free char *disk = pxc_printf("vm-%u-disk-0", vmid);

		if (str_eq(name + 1, base) || str_eq(name + 1, disk))
			return true;
	}
	return false;
}
