/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/networks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "lib/network_world.h"
#include "modules/sdn.h"

struct planned {
	struct network_test_world world;
	struct pxc_arena arena;
	struct ans_args args;
	struct pxc_env env;
	struct pxc_plans plans;
	struct pxc_err err;
	int result;
};

static void release(struct planned *p)
{
	network_test_world_release(&p->world);
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
	struct network_batch *batch = NULL;

	if (!raw)
		fail_msg("task: %s", task);
	*p = (struct planned){ .err = { .kind = PXC_OK } };
	network_test_world_create(&p->world, world);
	p->env = (struct pxc_env){ .args = &p->args,
				   .arena = &p->arena,
				   .clock = &pxc_system_clock,
				   .actor = "tester",
				   .stamp = "20260101T000000Z" };
	for (size_t i = 0; ans_specs[i]; i++)
		if (str_eq(ans_specs[i]->name, "pxc_sdn"))
			spec = ans_specs[i];
	p->result = ans_validate(spec, raw, no_env, &p->args, &p->err);
	if (p->result == 0)
		p->result = sdn_decode(&p->env, &batch, &p->err);
	if (p->result < 0)
		return;
	network_test_world_read(&p->world, batch);
	p->result = network_plan(batch, &p->world.nw, &p->plans, &p->err);
}

char *plan_networks(const char *task, const char *world)
{
	struct pxc_buf out = { .data = NULL };
	struct planned p;

	plan(task, world, &p);
	plan_print(&p.plans, p.result, &p.err, true, &out);
	release(&p);
	return buf_take(&out);
}

static void must_plan(const char *task, const char *world, struct planned *p)
{
	plan(task, world, p);
	if (p->result < 0)
		fail_msg("refused: %s: %s", task, p->err.msg);
}

char *plan_network_args(const char *task, const char *world, int op)
{
	struct pxc_buf out = { .data = NULL };
	struct planned p;

	must_plan(task, world, &p);
	for (size_t i = 0; i < p.plans.nplans; i++)
		for (size_t s = 0; s < p.plans.plans[i]->nsteps; s++) {
			json_t *args = p.plans.plans[i]->steps[s].args;
			auto_free char *text = NULL;

			if (p.plans.plans[i]->steps[s].op != op)
				continue;
			(void)json_object_del(args, "alias");
			text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
			buf_printf(&out, "%s%s", out.len ? "\n" : "", text);
		}
	release(&p);
	buf_adds(&out, "");
	return buf_take(&out);
}

char *plan_network_alias(const char *task, const char *world)
{
	static const char *const usual[] = { "t", "c", "r", "at", "by", NULL };
	struct pxc_buf out = { .data = NULL };
	const char *alias = NULL;
	struct planned p;

	must_plan(task, world, &p);
	for (size_t i = 0; i < p.plans.nplans; i++)
		for (size_t s = 0; !alias && s < p.plans.plans[i]->nsteps; s++)
			alias = json_string_value(
				json_object_get(p.plans.plans[i]->steps[s].args, "alias"));
	if (alias) {
		auto_annot_text struct annot_text t = { .before = NULL };

		annot_parse(ANNOT_TOKEN, alias, &t);
		assert_int_equal(t.finding, ANNOT_OK);
		buf_printf(&out, "%s[", t.before);
		for (size_t i = 0; i < t.annot.npairs; i++)
			if (!strv_has(usual, t.annot.pairs[i].key))
				buf_printf(&out, "%s=%s ", t.annot.pairs[i].key,
					   t.annot.pairs[i].value);
		out.len -= str_ends(buf_str(&out), " ");
		buf_printf(&out, "]%s", t.after);
	}
	release(&p);
	buf_adds(&out, "");
	return buf_take(&out);
}

char *plan_network_changes(const char *task, const char *world)
{
	struct pxc_buf out = { .data = NULL };
	struct planned p;

	must_plan(task, world, &p);
	for (size_t i = 0; i < p.plans.nplans; i++) {
		const struct pxc_plan *one = p.plans.plans[i];

		if (one->item && (pxc_plan_changes(one) || one->via))
			buf_printf(&out, "%s%s", out.len ? ", " : "", one->label);
	}
	release(&p);
	buf_adds(&out, "");
	return buf_take(&out);
}

json_t *plan_network_items(const char *task, const char *world)
{
	json_t *items = json_array();
	struct planned p;

	must_plan(task, world, &p);
	for (size_t i = 0; i < p.plans.nplans; i++)
		if (p.plans.plans[i]->item)
			(void)json_array_append(items, p.plans.plans[i]->item);
	release(&p);
	return items;
}

void plan_network_rows(const struct plan_row *rows, size_t n)
{
	plan_rows_with(plan_networks, rows, n);
}
