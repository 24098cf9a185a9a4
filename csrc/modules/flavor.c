/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "cloud/registry_plan.h"
#include "modules/items.h"
#include "modules/kind.h"
#include "modules/vm_read.h"
#include "modules/world.h"

#define SECONDS 1000u

static const struct pve_op flavor_ops[REGISTRY_OPS] = {
	[REGISTRY_WRITE] = { .method = "PUT", .path = "/cluster/options", .wait_ms = 60 * SECONDS },
};

static int decode_one(struct pxc_env *env, const json_t *item, const json_t *given, void *spec,
		      struct pxc_err *err)
{
	struct flavor_spec *s = spec;
	const json_t *extra = json_object_get(given, "extra");
	const char *key;
	json_t *value;

	s->name = item_text(item, "name");
	s->label = arena_printf(env->arena, "flavor %s", s->name);
	if (!item_word(s->name))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: a flavor's name has lower-case letters, digits, dot, _ and -, at most 60",
			s->label);
	s->absent = str_eq(item_text(item, "state"), "absent");
	s->force = item_true(item, "force");
	s->has_vcpus = json_object_get(given, "vcpus");
	s->has_memory = json_object_get(given, "memory");
	s->has_disk = json_object_get(given, "disk");
	s->has_public = json_object_get(given, "public");
	if (item_int(given, "vcpus") < 0 || item_int(given, "vcpus") > 8192 ||
	    (s->has_vcpus && item_int(given, "vcpus") == 0))
		return pxc_fail(err, PXC_EINVAL, "%s: vcpus must be between 1 and 8192", s->label);
	s->vcpus = (unsigned)item_int(given, "vcpus");
	s->memory_mib = (uint64_t)item_int(given, "memory") / MIB;
	s->disk_gib = (unsigned)((uint64_t)item_int(given, "disk") / GIB);
	s->is_public = item_true(given, "public");
	s->ha = item_text(given, "ha");
	s->cpu = item_text(given, "cpu");
	s->machine = item_text(given, "machine");
	s->bios = item_text(given, "bios");
	s->class = item_text(given, "class");
	s->description = item_text(given, "description");
	s->projects = item_list(env->arena, given, "projects");
	if (!extra)
		return 0;
	s->extra = pxc_env_keep(env, json_object());
	json_object_foreach ((json_t *)(uintptr_t)extra, key, value) {
		json_t *t = item_scalar(value);

		if (json_is_null(t))
			json_decref(t);
		else
			(void)json_object_set_new(s->extra, key, t);
	}
	return 0;
}

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct flavor_batch *b = arena_alloc(env->arena, sizeof(*b));

	b->stamp = env->stamp;
	b->actor = env->actor;
	b->specs = items_read(env, decode_one, sizeof(*b->specs), &b->nspecs, err);
	if (!b->specs)
		return -1;
	*ret_batch = b;
	return 0;
}

/* Which VMs name the flavors that would change? Read only when some would: it costs a request for each VM. */
static int read_users(struct pxc_env *env, const struct flavor_batch *b, struct flavor_world *fw,
		      struct pxc_err *err)
{
	struct vm_seen **seen;
	size_t n = 0;
	bool any = false;

	for (size_t i = 0; i < b->nspecs; i++)
		any |= flavor_reshapes(&b->specs[i], fw->w);
	fw->used = pxc_env_keep(env, json_object());
	if (!any)
		return 0;
	seen = vm_read_managed(env, fw->w, NULL, &n);
	for (size_t i = 0; i < n; i++) {
		const char *flavor = annot_get(&seen[i]->notes.annot, "flavor");
		json_t *list = flavor ? json_object_get(fw->used, flavor) : NULL;

		if (seen[i]->problem)
			return pxc_fail(
				err, PXC_EREMOTE,
				"which VMs use the flavor is not known: guest %u on %s cannot be read: %s",
				seen[i]->guest->vmid, seen[i]->guest->node, seen[i]->problem);
		if (!flavor)
			continue;
		if (!list) {
			list = json_array();
			(void)json_object_set_new(fw->used, flavor, list);
		}
		(void)json_array_append_new(
			list, json_sprintf("vm %s/%s", annot_get(&seen[i]->notes.annot, "project"),
					   annot_get(&seen[i]->notes.annot, "name")));
	}
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct flavor_world *fw = arena_alloc(env->arena, sizeof(*fw));
	struct world *w = NULL;

	if (world_read(env, WORLD_LISTS, &w, err) < 0)
		return -1;
	fw->w = w;
	*ret_world = fw;
	return read_users(env, batch, fw, err);
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	(void)batch, (void)w;
	policy_ask(ret, "flavor.manage", NULL, NULL);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return flavor_plan(batch, world, ret, err);
}

static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	static const char *const cloud[] = { "cloud", NULL };

	(void)env, (void)batch;
	return plans->nplans && plans->plans[plans->nplans - 1]->nsteps ? cloud : NULL;
}

const struct pxc_kind flavor_kind = {
	.name = "flavor",
	.plural = "flavors",
	.ops = flavor_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
};
