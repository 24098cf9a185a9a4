/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the names of storage classes and the pools that they mean. */
#include "base/str.h"
#include "cloud/volume_parts.h"

int volume_classes(struct volume_batch *batch, const struct registry *r, struct pxc_err *err)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		struct volume_spec *s = &batch->specs[i];

		/* What goes does not ask where it was meant to lie. */
		if (!s->absent && registry_class_storage(r, s->class, &s->storage, err) < 0)
			return pxc_context(err, "%s", s->label);
	}
	return 0;
}

static bool means(const struct volume_world *vw, const struct storage_class *class,
		  const struct rbd_pool *pool)
{
	const struct rbd_pool *p = rbd_pool_find(vw->rbd, class->storage);

	return str_eq(class->storage, pool->storage) || (p && rbd_same_pool(p, pool));
}

const char *volume_class(const struct volume_world *vw, const struct rbd_pool *pool,
			 const char *made_in)
{
	const struct registry *r = &vw->w->registry;
	const struct storage_class *class = made_in ? registry_class(r, made_in) : NULL;

	if (class && means(vw, class, pool))
		return class->name;
	for (size_t i = 0; i < r->nclasses; i++)
		if (means(vw, &r->classes[i], pool))
			return r->classes[i].name;
	return NULL;
}

/* Of a volume that has none written down it is only when it would be shown as of another one. */
const char *volume_class_kept(const struct volume_case *c)
{
	const struct volume_spec *s = c->spec;
	const char *now = c->have ? volume_get(c->have, "class") : NULL;
	const struct storage_class *usual = registry_default_class(&c->run->vw->w->registry);
	bool shown = c->have && !now && str_eq(volume_class(c->run->vw, c->pool, NULL), s->class);

	if (s->class)
		return shown ? NULL : s->class;
	if (!c->have)
		return !s->storage && usual ? usual->name : NULL;
	return volume_moves(c) ? NULL : now;
}
