/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a task of pxc_rbd_image asks the policy for. Whose an image is that is there already only its metadata say: see
 * image_foreign().
 */
#include "base/str.h"
#include "cloud/image_parts.h"

/* Is it of the cloud, for all, or more than an image? Files of PVE belong to nobody, so they are the cloud's. */
static bool is_public(const struct image_spec *s)
{
	return !s->project || s->backend == IMAGE_PVE || str_eq(s->visibility, "public") ||
	       s->template.wanted;
}

/* What the task's host can read may be anybody's: keys of Ceph, of AWX, of another project. */
static bool names_file(const struct image_spec *s)
{
	return s->ca_path || s->work_dir ||
	       (s->source && !str_starts(s->source, "http://") &&
		!str_starts(s->source, "https://"));
}

static void ask_sharing(const struct image_spec *s, struct policy_asks *ret)
{
	size_t i;
	json_t *name;

	if (str_eq(s->visibility, "shared") || json_array_size(s->projects))
		policy_ask(ret, "rbd_image.share", s->project, s->label);
	json_array_foreach (s->projects, i, name)
		policy_ask(ret, "project.share", json_string_value(name), s->label);
}

static void ask_one(const struct image_spec *s, struct policy_asks *ret)
{
	if (s->project)
		policy_ask(ret, s->state == IMAGE_ABSENT ? "rbd_image.delete" : "rbd_image.create",
			   s->project, s->label);
	if (is_public(s))
		policy_ask(ret, "rbd_image.public", NULL, s->label);
	if (names_file(s))
		policy_ask(ret, "rbd_image.file", s->project, s->label);
	ask_sharing(s, ret);
	if (s->is_protected == 0)
		policy_ask(ret, "rbd_image.unprotect", s->project, s->label);
	if (s->from.name)
		policy_ask(ret, "rbd_image.copy", s->from.project, s->label);
}

void image_asks(const struct image_batch *batch, const struct world *w, struct policy_asks *ret)
{
	(void)w;
	for (size_t i = 0; i < batch->nspecs; i++)
		ask_one(&batch->specs[i], ret);
	if (batch->gc)
		policy_ask(ret, "rbd_image.public", NULL, "gc");
}

bool image_foreign(const struct image_case *c, const struct rbd_seen *image)
{
	return c->iw->w->tenant && !str_eq(rbd_get(image, "project"), c->spec->project);
}
