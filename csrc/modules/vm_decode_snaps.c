/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "cloud/volume.h"
#include "modules/items.h"
#include "modules/vm_decode.h"

#define MAX_NAME 40 /* PVE's */

/* PVE's rule; and RBD snapshots of volumes with this prefix are those of pxc_volume. */
static int check_name(const struct vm_spec *s, const char *name, struct pxc_err *err)
{
	size_t len = strlen(name);
	bool ok = len >= 2 && len <= MAX_NAME && isalpha((unsigned char)*name) &&
		  !str_eq(name, "current") && !str_starts(name, VOLUME_SNAP_PREFIX);

	for (const char *p = name; ok && *p; p++)
		ok = isalnum((unsigned char)*p) || *p == '_' || *p == '-';
	if (ok)
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"%s: a snapshot's name has 2 to %d letters, digits, _ and -, begins with a letter and "
		"not with " VOLUME_SNAP_PREFIX ", and is not \"current\", unlike \"%s\"",
		s->label, MAX_NAME, name);
}

int vm_decode_snaps(struct pxc_env *env, const json_t *item, struct vm_spec *ret,
		    struct pxc_err *err)
{
	const json_t *list = json_object_get(item, "snapshots");
	size_t i;
	json_t *row;

	ret->snaps = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*ret->snaps));
	ret->snaps_named = json_is_array(list);
	ret->snaps_exact = ret->snaps_named && str_eq(item_text(item, "snapshots_mode"), "exact");
	ret->rollback = item_text(item, "rollback");
	json_array_foreach (list, i, row) {
		const char *name = item_text(row, "name");

		if (check_name(ret, name, err) < 0)
			return -1;
		for (size_t k = 0; k < ret->nsnaps; k++)
			if (str_eq(ret->snaps[k].name, name))
				return pxc_fail(err, PXC_EINVAL, "%s: snapshots: %s is named twice",
						ret->label, name);
		ret->snaps[ret->nsnaps++] =
			(struct vm_snap){ .name = name,
					  .description = item_text(row, "description"),
					  .absent = str_eq(item_text(row, "state"), "absent"),
					  .vmstate = item_true(row, "vmstate") };
	}
	return ret->rollback ? check_name(ret, ret->rollback, err) : 0;
}
