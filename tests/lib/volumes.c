/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/volumes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/volume.h"

struct planned {
	struct test_world world;
	struct volume_world vw;
	struct pxc_arena arena;
	struct ans_args args;
	struct pxc_env env;
	struct pxc_plans plans;
	struct pxc_err err;
	int result;
};

static const char *text(const json_t *o, const char *key, const char *fallback)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : fallback;
}

static void release(struct planned *p)
{
	test_world_release(&p->world);
	pxc_plans_release(&p->plans);
	pxc_env_release(&p->env);
	ans_args_release(&p->args);
	arena_release(&p->arena);
}

/* What a world has that says nothing of Ceph. */
static const struct rbd_pool fast = {
	.storage = "fast", .pool = "p-fast", .name_space = "", .id = 1
};
static const struct rbd_world blank = { .pools = &fast, .npools = 1 };

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static void plan(const char *task, const char *world, struct planned *p)
{
	json_auto_t *raw = json_loads(task, 0, NULL);
	const struct ans_spec *spec = NULL;
	struct volume_batch *batch = NULL;

	if (!raw)
		fail_msg("task: %s", task);
	if (!json_object_get(raw, "project"))
		(void)json_object_set_new(raw, "project", json_string("acme"));
	*p = (struct planned){ .err = { .kind = PXC_OK } };
	test_world_create(&p->world, world);
	p->world.world.registry.storage = text(p->world.json, "storage", "fast");
	p->vw = (struct volume_world){ .w = &p->world.world,
				       .rbd = p->world.rbd.npools ? &p->world.rbd : &blank,
				       .seen = p->world.vm.seen,
				       .nseen = p->world.vm.nseen,
				       .snapshots =
					       json_object_get(p->world.json, "snapshots_used"),
				       .may_ha = !json_object_get(p->world.json, "may_ha") };
	p->env = (struct pxc_env){ .args = &p->args,
				   .arena = &p->arena,
				   .clock = &pxc_system_clock,
				   .actor = "tester",
				   .stamp = "20260101T000000Z",
				   .nonce = "0123456789abcdef0123456789abcdef" };
	for (size_t i = 0; ans_specs[i]; i++)
		if (str_eq(ans_specs[i]->name, "pxc_volume"))
			spec = ans_specs[i];
	p->result = ans_validate(spec, raw, no_env, &p->args, &p->err);
	if (p->result == 0)
		p->result = volume_decode(&p->env, &batch, &p->err);
	if (p->result == 0)
		p->result = volume_classes(batch, &p->world.world.registry, &p->err);
	if (p->result == 0)
		p->result = volume_plan(batch, &p->vw, &p->plans, &p->err);
}

char *plan_volumes(const char *task, const char *world)
{
	struct pxc_buf out = { .data = NULL };
	struct planned p;

	plan(task, world, &p);
	plan_print(&p.plans, p.result, &p.err, false, &out);
	release(&p);
	return buf_take(&out);
}

char *plan_volume_args(const char *task, const char *world, int op)
{
	static const char *const left_out[] = { "description", "smbios1" };
	struct planned p;
	char *ret = NULL;

	plan(task, world, &p);
	if (p.result < 0)
		fail_msg("refused: %s", p.err.msg);
	for (size_t i = 0; i < p.plans.nplans; i++)
		for (size_t s = 0; !ret && s < p.plans.plans[i]->nsteps; s++) {
			json_t *args = p.plans.plans[i]->steps[s].args;

			if (p.plans.plans[i]->steps[s].op != op)
				continue;
			for (size_t k = 0; k < ARRAY_SIZE(left_out); k++)
				(void)json_object_del(args, left_out[k]);
			ret = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
		}
	release(&p);
	return ret ? ret : pxc_strdup("");
}

void plan_volume_rows(const struct plan_row *rows, size_t n)
{
	plan_rows_with(plan_volumes, rows, n);
}
