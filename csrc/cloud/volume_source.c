/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a new volume is made from: nothing, an image, another volume or a snapshot of one. */
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "cloud/image.h"
#include "cloud/volume_parts.h"

static int from_image(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_world *vw = c->run->vw;
	const struct volume_source *s = &c->spec->source;
	const char *const where[] = { s->image_storage ? s->image_storage : c->pool->storage,
				      s->image_storage ? NULL : vw->w->registry.storage };
	const struct rbd_pool *pool = NULL;
	char names[400];

	for (size_t i = 0; i < ARRAY_SIZE(where) && !c->from; i++) {
		const struct rbd_pool *p = where[i] ? rbd_pool_find(vw->rbd, where[i]) : NULL;
		const struct rbd_seen *found = p ? image_find(p, s->image, s->version) : NULL;

		pool = p ? p : pool;
		if (!found || !image_visible(found, c->spec->project))
			continue;
		c->from = found;
		c->from_pool = p;
	}
	if (!c->from)
		return pxc_fail(err, PXC_EINVAL, "%s: there is no image %s%s%s for project %s: %s",
				c->spec->label, s->image, s->version ? " version " : "",
				s->version ? s->version : "", c->spec->project,
				pool ? image_names(pool, c->spec->project, names, sizeof(names))
				     : "?");
	c->from_snap = rbd_get(c->from, "version");
	c->from_bytes = c->from->size_bytes;
	c->origin = arena_printf(c->run->arena, "%s@%s", s->image, c->from_snap);
	return 0;
}

static const char *origin_of_volume(const struct volume_case *c)
{
	const struct volume_source *s = &c->spec->source;

	return arena_printf(c->run->arena, "volume/%s/%s%s%s", s->project, s->volume,
			    s->snapshot ? "@" : "", s->snapshot ? s->snapshot : "");
}

static int from_volume(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_source *s = &c->spec->source;
	const struct rbd_snap *snap;

	if (volume_find(c->run->vw->rbd, s->project, s->volume, &c->from_pool, &c->from, err) < 0)
		return -1;
	if (!c->from)
		return pxc_fail(err, PXC_EINVAL, "%s: there is no volume %s in project %s",
				c->spec->label, s->volume, s->project);
	c->from_bytes = c->from->size_bytes;
	c->origin = origin_of_volume(c);
	if (!s->snapshot)
		return 0;
	snap = volume_snap(c->from, s->snapshot);
	if (!snap)
		return pxc_fail(err, PXC_EINVAL, "%s: volume %s has no snapshot %s", c->spec->label,
				s->volume, s->snapshot);
	c->from_snap = snap->name;
	c->from_bytes = snap->size_bytes;
	return 0;
}

static int check_size(const struct volume_case *c, struct pxc_err *err)
{
	char least[32], want[32];

	size_format(c->from_bytes, least, sizeof(least));
	size_format(c->spec->size_bytes, want, sizeof(want));
	if (c->spec->size_bytes && c->spec->size_bytes < c->from_bytes)
		return pxc_fail(err, PXC_EINVAL,
				"%s: its source has %s and cannot shrink to %s: ask for %s or more",
				c->spec->label, least, want, least);
	if (!c->spec->size_bytes && !c->from)
		return pxc_fail(err, PXC_EINVAL,
				"%s does not exist yet: give it a size, or a source",
				c->spec->label);
	return 0;
}

/* What a volume was made from is never another thing later. */
static int check_origin(const struct volume_case *c, struct pxc_err *err)
{
	const struct volume_source *s = &c->spec->source;
	const char *have = volume_get(c->have, "source"), *want = NULL;
	size_t len = s->image ? strlen(s->image) : 0;

	if (s->image && have && strncmp(have, s->image, len) == 0 && have[len] == '@' &&
	    (!s->version || str_eq(have + len + 1, s->version)))
		return 0;
	if (s->image)
		want = s->image;
	else if (s->volume)
		want = origin_of_volume(c);
	if (!want || str_eq(have, want))
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"%s was made %s%s, not from %s%s%s: leave the source out, or give the new one "
		"another name",
		c->spec->label, have ? "from " : "blank", have ? have : "", want,
		s->version ? "@" : "", s->version ? s->version : "");
}

int volume_source(struct volume_case *c, struct pxc_err *err)
{
	if (c->have)
		return check_origin(c, err);
	if (c->spec->source.image && from_image(c, err) < 0)
		return -1;
	if (c->spec->source.volume && from_volume(c, err) < 0)
		return -1;
	return check_size(c, err);
}
