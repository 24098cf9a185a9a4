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
#include "base/units.h"
#include "modules/volume.h"

#define LAST_PHASE 3

struct planned {
	struct test_world world;
	struct rbd_world rbd;
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

static bool flag(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key)) != 0;
}

/* What "volume" and "image" stand for, then what "block" says. */
static json_t *block_of(const json_t *o)
{
	const char *volume = text(o, "volume", NULL), *image = text(o, "image", NULL);
	const char *id = strrchr(text(o, "name", "-"), '-') + 1;
	json_t *block = json_object();

	if (volume)
		(void)json_object_update_new(block, json_pack("{s:s,s:s,s:s,s:s}", "t", "volume",
							      "project", "acme", "name", volume,
							      "serial", id));
	if (image)
		(void)json_object_update_new(
			block, json_pack("{s:s,s:s#,s:s,s:s}", "t", "image", "name", image,
					 (int)strcspn(image, "@"), "version",
					 image + strcspn(image, "@") + 1, "state", "available"));
	if (json_object_size(block) || json_object_get(o, "block")) {
		char cluster[9];

		world_cluster_hash("example.org", "lab", cluster);
		(void)json_object_set_new(block, "c", json_string(cluster));
		(void)json_object_set_new(block, "r", json_string("4"));
	}
	(void)json_object_update(block, json_object_get(o, "block"));
	return block;
}

static void read_block(const json_t *o, int64_t pool, struct rbd_seen *s)
{
	json_auto_t *block = block_of(o), *meta = NULL;
	struct rbd_pair pairs[64];
	size_t n = 0;
	const char *key;
	json_t *value;

	if (json_object_size(block) == 0) {
		rbd_block_read(pairs, 0, pool, s->id, &s->finding, &s->block);
		return;
	}
	meta = rbd_block_meta(block, pool, s->id);
	if (flag(o, "tampered"))
		(void)json_object_set_new(meta, "pxc.by", json_string("somebody"));
	json_object_foreach (meta, key, value)
		pairs[n++] = (struct rbd_pair){ key, json_string_value(value) };
	rbd_block_read(pairs, n, pool, s->id, &s->finding, &s->block);
}

static const char *const *texts(struct pxc_arena *arena, const json_t *list)
{
	const char **ret = arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*ret));
	size_t i;
	json_t *value;

	json_array_foreach (list, i, value)
		ret[i] = json_string_value(value);
	return ret;
}

static int name_order(const void *a, const void *b)
{
	return strcmp(((const struct rbd_seen *)a)->name, ((const struct rbd_seen *)b)->name);
}

static struct rbd_seen *images(struct pxc_arena *arena, const json_t *list, int64_t pool)
{
	struct rbd_seen *ret = arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*ret));
	size_t i;
	json_t *o;

	json_array_foreach (list, i, o) {
		const char *const *snaps = texts(arena, json_object_get(o, "snaps"));
		json_int_t gib = json_integer_value(json_object_get(o, "size_gib"));
		struct rbd_snap *made;
		struct rbd_seen *s = &ret[i];

		*s = (struct rbd_seen){ .name = text(o, "name", NULL),
					.id = arena_printf(arena, "id-%s", text(o, "name", "")),
					.size_bytes = (uint64_t)(gib ? gib : 2) * GIB,
					.parent_pool = json_object_get(o, "parent") ? pool : -1,
					.parent_id = text(o, "parent", NULL),
					.children = texts(arena, json_object_get(o, "children")),
					.watchers = texts(arena, json_object_get(o, "watchers")) };
		read_block(o, pool, s);
		while (snaps[s->nsnaps])
			s->nsnaps++;
		made = arena_alloc(arena, (s->nsnaps + 1) * sizeof(*made));
		for (size_t k = 0; k < s->nsnaps; k++)
			made[k] = (struct rbd_snap){ .id = k + 1,
						     .name = snaps[k],
						     .size_bytes = s->size_bytes,
						     .in_trash = str_eq(snaps[k], "trash") };
		s->snaps = made;
	}
	qsort(ret, json_array_size(list), sizeof(*ret), name_order);
	return ret;
}

static void read_rbd(struct planned *p)
{
	json_t *given = json_object_get(p->world.json, "rbd"), *o, *value;
	struct rbd_pool *pools =
		arena_alloc(&p->arena, (json_object_size(given) + 2) * sizeof(*pools));
	const char *storage, *key;

	p->rbd.pools = pools;
	json_object_foreach (given, storage, o) {
		struct rbd_pool *pool = &pools[p->rbd.npools++];
		json_t *state = json_object_get(o, "state");
		struct rbd_pair *pairs =
			arena_alloc(&p->arena, (json_object_size(state) + 1) * sizeof(*pairs));

		*pool = (struct rbd_pool){ .storage = storage,
					   .pool = storage,
					   .name_space = "",
					   .id = (int64_t)p->rbd.npools };
		pool->images = images(&p->arena, json_object_get(o, "images"), pool->id);
		pool->nimages = json_array_size(json_object_get(o, "images"));
		pool->state = pairs;
		json_object_foreach (state, key, value)
			pairs[pool->nstate++] = (struct rbd_pair){ key, json_string_value(value) };
	}
	if (!given)
		pools[p->rbd.npools++] = (struct rbd_pool){
			.storage = "fast", .pool = "fast", .name_space = "", .id = 1
		};
}

static void release(struct planned *p)
{
	for (size_t i = 0; i < p->rbd.npools; i++)
		for (size_t k = 0; k < p->rbd.pools[i].nimages; k++)
			annot_release(&p->rbd.pools[i].images[k].block);
	test_world_release(&p->world);
	pxc_plans_release(&p->plans);
	pxc_env_release(&p->env);
	ans_args_release(&p->args);
	arena_release(&p->arena);
}

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
	read_rbd(p);
	p->vw = (struct volume_world){ .w = &p->world.world,
				       .rbd = &p->rbd,
				       .seen = p->world.vm.seen,
				       .nseen = p->world.vm.nseen,
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
		p->result = volume_plan(batch, &p->vw, &p->plans, &p->err);
}

char *plan_volumes(const char *task, const char *world)
{
	struct pxc_buf out = { .data = NULL };
	struct planned p;
	size_t k;
	json_t *note;

	plan(task, world, &p);
	if (p.result < 0)
		buf_printf(&out, "!%s", p.err.msg);
	for (int phase = 0; p.result == 0 && phase <= LAST_PHASE; phase++) {
		const char *before = out.len ? " / " : "";

		for (size_t i = 0; i < p.plans.nplans; i++)
			for (size_t s = 0;
			     p.plans.plans[i]->phase == phase && s < p.plans.plans[i]->nsteps;
			     s++, before = "; ")
				buf_printf(&out, "%s%s", before, p.plans.plans[i]->steps[s].why);
	}
	for (size_t i = 0; p.result == 0 && i < p.plans.nplans; i++)
		json_array_foreach (p.plans.plans[i]->notes, k, note)
			buf_printf(&out, " | %s", json_string_value(note));
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

/* ? is one character, * any number of them. */
bool volume_fits(const char *pattern, const char *got)
{
	for (; *pattern && *pattern != '*'; pattern++, got++)
		if (!*got || (*pattern != '?' && *pattern != *got))
			return false;
	if (!*pattern)
		return !*got;
	for (;; got++) {
		if (volume_fits(pattern + 1, got))
			return true;
		if (!*got)
			return false;
	}
}

void volume_rows(const struct volume_row *rows, size_t n)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		auto_free char *got = plan_volumes(rows[i].task, rows[i].world);
		auto_free char *again = plan_volumes(rows[i].task, rows[i].world);

		assert_string_equal(got, again);
		if (volume_fits(rows[i].plan, got))
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", rows[i].name, rows[i].plan, got);
		bad++;
	}
	assert_int_equal(bad, 0);
}
