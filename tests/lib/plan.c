/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/vm_decode.h"

struct planned {
	struct pxc_arena arena;
	struct ans_args args;
	struct pxc_env env;
	struct pxc_plans plans;
	struct pxc_err err;
	int result;
};

static const struct ans_spec *spec_of(const char *module)
{
	for (size_t i = 0; ans_specs[i]; i++)
		if (str_eq(ans_specs[i]->name, module))
			return ans_specs[i];
	fail_msg("no module %s", module);
	return NULL;
}

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static void plan(const char *task, const struct test_world *w, struct planned *p)
{
	json_auto_t *raw = json_loads(task, 0, NULL);
	struct vm_batch *batch = NULL;

	if (!raw)
		fail_msg("task: %s", task);
	if (!json_object_get(raw, "project"))
		(void)json_object_set_new(raw, "project", json_string("acme"));
	*p = (struct planned){ .err = { .kind = PXC_OK } };
	p->env = (struct pxc_env){ .args = &p->args,
				   .arena = &p->arena,
				   .clock = &pxc_system_clock,
				   .actor = "tester",
				   .stamp = "20260101T000000Z",
				   .nonce = "0123456789abcdef0123456789abcdef" };
	p->result = ans_validate(spec_of("pxc_vm"), raw, no_env, &p->args, &p->err);
	if (p->result == 0)
		p->result = vm_decode(&p->env, &batch, &p->err);
	if (p->result == 0)
		p->result = vm_plan(batch, &w->vm, &p->plans, &p->err);
}

static void release(struct planned *p)
{
	pxc_plans_release(&p->plans);
	pxc_env_release(&p->env);
	ans_args_release(&p->args);
	arena_release(&p->arena);
}

char *plan_vms(const char *task, const struct test_world *w)
{
	struct pxc_buf out = { .data = NULL }, notes = { .data = NULL };
	struct planned p;
	size_t k;
	json_t *note;

	plan(task, w, &p);
	if (p.result < 0)
		buf_printf(&out, "!%s", p.err.msg);
	for (size_t i = 0; p.result == 0 && i < p.plans.nplans; i++) {
		const struct pxc_plan *one = p.plans.plans[i];

		for (size_t s = 0; s < one->nsteps; s++)
			buf_printf(&out, "%s%s", out.len ? "; " : "", one->steps[s].why);
		json_array_foreach (one->notes, k, note)
			buf_printf(&notes, " | %s", json_string_value(note));
	}
	buf_adds(&out, buf_str(&notes));
	buf_release(&notes);
	release(&p);
	return buf_take(&out);
}

char *plan_args(const char *task, const struct test_world *w, size_t at, size_t step)
{
	static const char *const left_out[] = { "description", "smbios1", "digest", "tags" };
	struct planned p;
	char *text;
	json_t *args;

	plan(task, w, &p);
	if (p.result < 0)
		fail_msg("refused: %s", p.err.msg);
	if (at >= p.plans.nplans || step >= p.plans.plans[at]->nsteps)
		fail_msg("no step %zu of plan %zu", step, at);
	args = p.plans.plans[at]->steps[step].args;
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		(void)json_object_del(args, left_out[i]);
	text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
	release(&p);
	return text;
}
