/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A volume that moves into another pool: all of it is copied there, under a temporary name until it is whole, and the old one
 * goes when the new one is there to be seen. The new one's block says whom it replaces, so that whoever sees both knows.
 */
#include <string.h>

#include "base/str.h"
#include "cloud/volume_parts.h"

bool volume_moves(const struct volume_case *c)
{
	return c->have && c->lies && c->pool != c->lies;
}

/* PVE could move the disk of a VM, but would make one of it that belongs to the VM, and dies with it. */
static int refuse_attached(const struct volume_case *c, struct pxc_err *err)
{
	return pxc_fail(err, PXC_EINVAL,
			"%s is attached to %s and cannot move from %s to %s under it: detach it "
			"first, or set detach: true",
			c->spec->label,
			volume_vm_name(c->use.vm ? c->use.vm : c->use.unread, c->run->arena),
			c->lies->storage, c->pool->storage);
}

/* The old one is gone, nothing is left to be said of it. */
static void add_end(struct volume_case *c)
{
	json_t *block = volume_block(c);

	(void)json_object_del(block, "replaces");
	(void)json_object_del(block, "was");
	pxc_plan_add(c->plan, VOLUME_BLOCK, PXC_QUIET,
		     json_pack("{s:s,s:s,s:o,s:[s,s]}", "storage", c->pool->storage, "name", c->rbd,
			       "block", block, "drop", RBD_META_PREFIX "replaces",
			       RBD_META_PREFIX "was"),
		     "end the move");
}

int volume_move(struct volume_case *c, struct pxc_err *err)
{
	json_t *args;

	if (!str_eq(c->lies->cluster, c->pool->cluster))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s cannot move from %s to %s: they lie on different Ceph clusters; make "
			"a new volume there and copy its files from a VM that has both",
			c->spec->label, c->lies->storage, c->pool->storage);
	if (volume_stays(c))
		return refuse_attached(c, err);
	if (volume_refuse_clones(c, err) < 0)
		return -1;
	args = json_pack("{s:s,s:s,s:s,s:s,s:o}", "storage", c->pool->storage, "name", c->rbd,
			 "from", c->lies->storage, "parent", c->have->name, "block",
			 volume_block(c));
	pxc_plan_add(c->plan, VOLUME_MOVE, PXC_QUIET, args,
		     "copy it from storage %s to storage %s, as %s", c->lies->storage,
		     c->pool->storage, c->rbd);
	volume_add_remove(c->plan, c->lies, c->have, PXC_QUIET, "remove what was copied,");
	add_end(c);
	return 0;
}
