/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "cloud/image.h"
#include "cloud/volume.h"
#include "modules/info.h"
#include "modules/items.h"
#include "modules/rbd.h"

/* The cloud's default, and where the holders of projects say that volumes are. */
static const char *const *usual_storages(struct pxc_env *env, const struct info_world *iw)
{
	const char *const usual[] = { registry_usual_storage(&iw->w->registry),
				      iw->w->registry.storage };
	size_t n = 0, most = ARRAY_SIZE(usual) + 1;
	const char **list;

	for (size_t i = 0; i < iw->nseen; i++)
		for (const char *p = annot_get(&iw->seen[i]->notes.annot, "storages"); p && *p;
		     p += strcspn(p, ","), p += *p == ',')
			most++;
	list = arena_alloc(env->arena, most * sizeof(*list));
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (str_eq(world_storage_type(iw->w, usual[i]), "rbd") && !strv_has(list, usual[i]))
			list[n++] = usual[i];
	for (size_t i = 0; i < iw->nseen; i++) {
		const struct annot *a = &iw->seen[i]->notes.annot;
		const char *const *names = strv_split(
			env->arena,
			str_eq(annot_get(a, "t"), "holder") ? annot_get(a, "storages") : NULL);

		for (size_t k = 0; names[k]; k++)
			if (!strv_has(list, names[k]))
				list[n++] = names[k];
	}
	return list;
}

int info_read_rbd(struct pxc_env *env, const struct info_spec *s, struct info_world *iw,
		  struct pxc_err *err)
{
	static const char *const images[] = { RBD_IMAGE_PREFIX, NULL };
	static const char *const volumes[] = { "vm-", NULL };
	static const char *const both[] = { RBD_IMAGE_PREFIX, "vm-", NULL };
	const char *const *storages = s->storages ? s->storages : usual_storages(env, iw);
	struct rbd_world *rbd = NULL;

	/* A cloud without Ceph has none. */
	if (!storages[0] && s->partial)
		return 0;
	if (!storages[0])
		return pxc_fail(
			err, PXC_EINVAL,
			"images and volumes: name storages, the cloud has no default one of type rbd "
			"(pxc_cloud: storage)");
	if (rbd_observe(env, storages,
			!s->volumes ? images
			: s->images ? both
				    : volumes,
			&rbd, err) < 0)
		return -1;
	iw->rbd = rbd;
	return 0;
}

static bool wanted(const struct info_spec *s, const char *name)
{
	return name && (!s->names || strv_has(s->names, name));
}

static json_t *show_images(const struct info_spec *s, const struct info_world *iw,
			   const struct rbd_pool *p, json_t *list)
{
	for (size_t k = 0; k < p->nimages; k++) {
		const struct rbd_seen *image = &p->images[k];

		if (rbd_is(image, "image") && info_sees_image(s, iw, image) &&
		    wanted(s, rbd_get(image, "name")))
			info_append(s, list,
				    info_hide(iw, rbd_get(image, "project"), "projects",
					      image_show(p, image)));
	}
	return list;
}

static void show_volumes(const struct info_spec *s, const struct info_world *iw,
			 const struct rbd_pool *p, json_t *list)
{
	const struct volume_world vw = {
		.w = iw->w, .rbd = iw->rbd, .seen = iw->seen, .nseen = iw->nseen
	};

	for (size_t k = 0; k < p->nimages; k++) {
		const struct rbd_seen *v = &p->images[k];
		json_t *item;

		if (!volume_is(v) || !wanted(s, volume_get(v, "name")) ||
		    (s->project && !str_eq(volume_get(v, "project"), s->project)) ||
		    !info_sees(iw, volume_get(v, "project")))
			continue;
		item = volume_show(&vw, p, v);
		if (v->finding != ANNOT_OK)
			(void)json_object_set_new(item, "tampered", json_true());
		info_append(s, list, item);
	}
}

void info_report_rbd(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	json_t *images = json_array(), *volumes = json_array();

	for (size_t i = 0; i < iw->rbd->npools; i++) {
		if (s->images)
			(void)show_images(s, iw, &iw->rbd->pools[i], images);
		if (s->volumes && !volume_pool_again(iw->rbd, i))
			show_volumes(s, iw, &iw->rbd->pools[i], volumes);
	}
	if (s->images)
		(void)json_object_set(result, "images", images);
	if (s->volumes)
		(void)json_object_set(result, "volumes", volumes);
	json_decref(images);
	json_decref(volumes);
}
