/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/rbd_image.h"

#include <string.h>

#include "base/str.h"
#include "modules/rbd_work.h"

#define MINUTES 60000u

/* Every request and every work of Ceph this kind can send to change something. */
static const struct pve_op image_ops[IMAGE_OPS] = {
	[IMAGE_IMPORT] = { .method = "CEPH", .path = "import", .work = rbd_work_import },
	[IMAGE_COPY] = { .method = "CEPH", .path = "copy", .work = rbd_work_copy },
	[IMAGE_BLOCK] = { .method = "CEPH", .path = "image-meta", .work = rbd_work_block },
	[IMAGE_REMOVE] = { .method = "CEPH",
			   .path = "remove",
			   .work = rbd_work_remove,
			   .gone_ok = true },
	[IMAGE_SNAP_REMOVE] = { .method = "CEPH",
				.path = "snap remove",
				.work = rbd_work_snap_remove,
				.gone_ok = true },
	[IMAGE_TEMPLATE_CLONE] = { .method = "CEPH", .path = "clone", .work = rbd_work_clone },
	[IMAGE_TEMPLATE_CREATE] = { .method = "POST",
				    .path = "/nodes/{node}/qemu",
				    .wait_ms = 10 * MINUTES },
	[IMAGE_TEMPLATE_CONVERT] = { .method = "POST",
				     .path = "/nodes/{node}/qemu/{vmid}/template",
				     .wait_ms = 10 * MINUTES },
	[IMAGE_TEMPLATE_HA] = { .method = "POST",
				.path = "/cluster/ha/resources",
				.wait_ms = MINUTES },
	[IMAGE_TEMPLATE_HA_REMOVE] = { .method = "DELETE",
				       .path = "/cluster/ha/resources/{sid}",
				       .wait_ms = MINUTES,
				       .gone_ok = true },
	[IMAGE_TEMPLATE_DELETE] = { .method = "DELETE",
				    .path = "/nodes/{node}/qemu/{vmid}",
				    .wait_ms = 10 * MINUTES,
				    .gone_ok = true },
	[IMAGE_DOWNLOAD] = { .method = "POST",
			     .path = "/nodes/{node}/storage/{storage}/download-url",
			     .wait_ms = 60 * MINUTES },
	[IMAGE_FILE_REMOVE] = { .method = "DELETE",
				.path = "/nodes/{node}/storage/{storage}/content/{volume}",
				.wait_ms = 10 * MINUTES,
				.gone_ok = true },
};

/* Done by PVE alone: Ceph need not be there. */
static bool is_of_pve(int op)
{
	return op == IMAGE_DOWNLOAD || op == IMAGE_FILE_REMOVE;
}

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct image_batch *batch = NULL;

	if (image_decode(env, &batch, err) < 0)
		return -1;
	*ret_batch = batch;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct image_world *iw = NULL;

	if (image_observe(env, batch, &iw, err) < 0)
		return -1;
	*ret_world = iw;
	return 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	image_asks(batch, w, ret);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return image_plan(batch, world, ret, err);
}

/* One run at a time works on one image: what is unfinished is then nobody's work of this moment. */
static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const struct image_batch *b = batch;
	const char **names = arena_alloc(env->arena, (2 * b->nspecs + 2) * sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; i < b->nspecs && i < plans->nplans; i++)
		for (size_t k = 0; k < plans->plans[i]->nsteps; k++) {
			const char *storage = json_string_value(
				json_object_get(plans->plans[i]->steps[k].args, "storage"));

			if (!storage)
				continue;
			/* Of its own, so that a long import holds up nobody but other images: what counts into image_gb. */
			if (b->specs[i].project)
				names[n++] =
					arena_printf(env->arena, "images.%s", b->specs[i].project);
			names[n++] =
				is_of_pve(plans->plans[i]->steps[k].op)
					? arena_printf(env->arena, "image.%s", b->specs[i].name)
					: arena_printf(env->arena, LOCK_RBD "%s/image.%s", storage,
						       b->specs[i].name);
			break;
		}
	names[n] = NULL;
	return names;
}

const struct pxc_kind rbd_image_kind = {
	.name = "rbd_image",
	.singular = "image",
	.plural = "images",
	.ops = image_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
};
