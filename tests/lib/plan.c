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
#include "cloud/affinity_plan.h"
#include "cloud/registry_plan.h"
#include "modules/rbd_image.h"
#include "modules/vm_decode.h"

extern const struct pxc_kind cloud_kind, affinity_kind, group_kind, keypair_kind;

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

/* Addresses that PVE did not register when it was asked: "refused" of the world. */
static void note_refused(struct planned *p, const struct test_world *w, struct vm_batch *batch)
{
	const json_t *list = json_object_get(w->json, "refused");
	size_t i;
	json_t *ip;

	batch->refused =
		arena_alloc(&p->arena, (json_array_size(list) + 1) * sizeof(*batch->refused));
	json_array_foreach (list, i, ip) {
		batch->refused[i].vnet = "n1";
		if (ip_parse(json_string_value(ip), &batch->refused[i].ip))
			batch->nrefused++;
	}
}

static void plan_vm(struct planned *p, const struct test_world *w, const char *watch)
{
	struct vm_batch *batch = NULL;

	if (vm_decode(&p->env, &batch, &p->err) < 0) {
		p->result = -1;
		return;
	}
	/* The process that ran when the task began. */
	for (size_t i = 0; watch && i < batch->nspecs; i++) {
		batch->specs[i].first_seen = true;
		batch->specs[i].first_pid = strtol(watch, NULL, 10);
	}
	note_refused(p, w, batch);
	p->result = vm_classes(batch, &w->world.registry, &p->err);
	if (p->result == 0)
		p->result = vm_keypairs(batch, &w->world, &p->arena, &p->err);
	if (p->result == 0)
		p->result = vm_plan(batch, &w->vm, &p->plans, &p->err);
}

/* What a task makes an image from is found by the observation: "found" and "problem" of the world. */
static void plan_image(struct planned *p, const struct test_world *w)
{
	const json_t *from = json_object_get(w->json, "from");
	struct image_batch *batch = NULL;

	if (image_decode(&p->env, &batch, &p->err) < 0) {
		p->result = -1;
		return;
	}
	for (size_t i = 0; from && i < batch->nspecs; i++) {
		batch->specs[i].from.storage = json_string_value(json_object_get(from, "storage"));
		batch->specs[i].from.image = json_string_value(json_object_get(from, "image"));
		batch->specs[i].from.problem = json_string_value(json_object_get(from, "problem"));
	}
	p->result = image_plan(batch, &w->images, &p->plans, &p->err);
}

static void plan_cloud(struct planned *p, const struct test_world *w)
{
	const struct cloud_world cw = { .w = &w->world,
					.zones = json_object_get(w->json, "sdn_zones") };
	void *spec = NULL;

	p->result = cloud_kind.decode(&p->env, &spec, &p->err);
	if (p->result == 0)
		p->result = cloud_plan(spec, &cw, &p->plans, &p->err);
}

static void plan_affinity(struct planned *p, const struct test_world *w)
{
	const struct affinity_world aw = {
		.w = &w->world,
		.ha = w->ha,
		.seen = w->vm.seen,
		.nseen = w->vm.nseen,
		.may = !json_is_false(json_object_get(w->json, "may")),
	};
	void *batch = NULL;

	p->result = affinity_kind.decode(&p->env, &batch, &p->err);
	if (p->result == 0)
		p->result = affinity_plan(batch, &aw, &p->plans, &p->err);
}

/* A kind that plans against nothing but the cluster. */
static void plan_kind(struct planned *p, const struct pxc_kind *kind, const struct test_world *w)
{
	void *batch = NULL;

	p->result = kind->decode(&p->env, &batch, &p->err);
	if (p->result == 0)
		p->result = kind->plan(batch, &w->world, &p->plans, &p->err);
}

static void read_task(const char *module, const char *task, struct planned *p)
{
	json_auto_t *raw = json_loads(task, 0, NULL);

	if (!raw)
		fail_msg("task: %s", task);
	if ((str_eq(module, "pxc_vm") || str_eq(module, "pxc_affinity") ||
	     str_eq(module, "pxc_keypair")) &&
	    !json_object_get(raw, "project"))
		(void)json_object_set_new(raw, "project", json_string("acme"));
	*p = (struct planned){ .err = { .kind = PXC_OK } };
	p->env = (struct pxc_env){ .args = &p->args,
				   .arena = &p->arena,
				   .clock = &pxc_system_clock,
				   .actor = "tester",
				   .stamp = "20260101T000000Z",
				   .nonce = "0123456789abcdef0123456789abcdef" };
	p->result = ans_validate(spec_of(module), raw, no_env, &p->args, &p->err);
}

static void plan(const char *module, const char *task, const struct test_world *w,
		 struct planned *p)
{
	read_task(module, task, p);
	if (p->result == 0 && str_eq(module, "pxc_cloud"))
		plan_cloud(p, w);
	else if (p->result == 0 && str_eq(module, "pxc_affinity"))
		plan_affinity(p, w);
	else if (p->result == 0 && str_eq(module, "pxc_group"))
		plan_kind(p, &group_kind, w);
	else if (p->result == 0 && str_eq(module, "pxc_keypair"))
		plan_kind(p, &keypair_kind, w);
	else if (p->result == 0 && str_eq(module, "pxc_vm"))
		plan_vm(p, w, json_string_value(json_object_get(w->json, "first_pid")));
	else if (p->result == 0)
		plan_image(p, w);
}

static void release(struct planned *p)
{
	pxc_plans_release(&p->plans);
	pxc_env_release(&p->env);
	ans_args_release(&p->args);
	arena_release(&p->arena);
}

char *plan_task(const char *module, const char *task, const struct test_world *w)
{
	struct pxc_buf out = { .data = NULL }, notes = { .data = NULL };
	struct planned p;
	size_t k;
	json_t *note;

	plan(module, task, w, &p);
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

json_t *plan_items(const char *module, const char *task, const struct test_world *w,
		   struct pxc_err *err)
{
	json_t *list = json_array();
	struct planned p;

	plan(module, task, w, &p);
	*err = p.err;
	for (size_t i = 0; p.result == 0 && i < p.plans.nplans; i++)
		if (p.plans.plans[i]->item)
			(void)json_array_append(list, p.plans.plans[i]->item);
	if (p.result < 0) {
		json_decref(list);
		list = NULL;
	}
	release(&p);
	return list;
}

json_t *plan_step(const char *module, const char *task, const struct test_world *w, size_t at,
		  size_t step)
{
	struct planned p;
	json_t *args;

	plan(module, task, w, &p);
	if (p.result < 0)
		fail_msg("refused: %s", p.err.msg);
	if (at >= p.plans.nplans || step >= p.plans.plans[at]->nsteps)
		fail_msg("no step %zu of plan %zu", step, at);
	args = json_deep_copy(p.plans.plans[at]->steps[step].args);
	release(&p);
	return args;
}

char *plan_vms(const char *task, const struct test_world *w)
{
	return plan_task("pxc_vm", task, w);
}

char *plan_images(const char *task, const struct test_world *w)
{
	return plan_task("pxc_rbd_image", task, w);
}

char *plan_args(const char *task, const struct test_world *w, size_t at, size_t step)
{
	static const char *const left_out[] = { "description", "smbios1", "digest", "tags" };
	json_auto_t *args = plan_step("pxc_vm", task, w, at, step);

	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		(void)json_object_del(args, left_out[i]);
	return json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
}

char *plan_storages(const char *task, const struct test_world *w)
{
	struct pxc_buf out = { .data = NULL };
	struct vm_batch *batch = NULL;
	const char *const *list;
	struct planned p;

	read_task("pxc_vm", task, &p);
	if (p.result < 0 || vm_decode(&p.env, &batch, &p.err) < 0)
		fail_msg("%s: %s", task, p.err.msg);
	list = vm_rbd_storages(batch, &w->vm, &p.arena);
	for (size_t i = 0; list && list[i]; i++)
		buf_printf(&out, "%s ", list[i]);
	release(&p);
	buf_adds(&out, "");
	return buf_take(&out);
}

bool plan_fits(const char *pattern, const char *got)
{
	while (*pattern && *pattern != '*')
		if (*pattern++ != *got++)
			return false;
	if (!*pattern)
		return !*got;
	for (;; got++) {
		if (plan_fits(pattern + 1, got))
			return true;
		if (!*got)
			return false;
	}
}

void plan_rows_with(char *(*plan_one)(const char *task, const char *world),
		    const struct plan_row *rows, size_t n)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		auto_free char *got = plan_one(rows[i].task, rows[i].world);
		auto_free char *again = plan_one(rows[i].task, rows[i].world);

		assert_string_equal(got, again);
		if (plan_fits(rows[i].plan, got))
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", rows[i].name, rows[i].plan, got);
		bad++;
	}
	assert_int_equal(bad, 0);
}

void plan_rows(const char *module, const struct plan_row *rows, size_t n)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		auto_world struct test_world w;
		auto_free char *got = NULL, *again = NULL;

		test_world_create(&w, rows[i].world);
		got = plan_task(module, rows[i].task, &w);
		again = plan_task(module, rows[i].task, &w);
		assert_string_equal(got, again);
		if (plan_fits(rows[i].plan, got))
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", rows[i].name, rows[i].plan, got);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void add_phase(const struct pxc_plans *plans, int phase, bool impacts, struct pxc_buf *out)
{
	const char *before = out->len ? " / " : "";

	for (size_t i = 0; i < plans->nplans; i++) {
		const struct pxc_plan *p = plans->plans[i];

		for (size_t s = 0; p->phase == phase && !p->undoes && s < p->nsteps; s++) {
			buf_printf(out, "%s%s", before, p->steps[s].why);
			if (impacts && p->steps[s].impact > PXC_QUIET)
				buf_printf(out, " [%s]", pxc_impact_name(p->steps[s].impact));
			before = "; ";
		}
	}
}

void plan_print(const struct pxc_plans *plans, int result, const struct pxc_err *err, bool impacts,
		struct pxc_buf *out)
{
	int last = 0;
	size_t k;
	json_t *note;

	buf_adds(out, "");
	if (result < 0) {
		buf_printf(out, "!%s", err->msg);
		return;
	}
	for (size_t i = 0; i < plans->nplans; i++)
		if (plans->plans[i]->phase > last)
			last = plans->plans[i]->phase;
	for (int phase = 0; phase <= last; phase++)
		add_phase(plans, phase, impacts, out);
	for (size_t i = 0; i < plans->nplans; i++)
		json_array_foreach (plans->plans[i]->notes, k, note)
			buf_printf(out, " | %s", json_string_value(note));
}

char *plan_phases(const char *module, const char *task, const struct test_world *w)
{
	struct pxc_buf out = { .data = NULL };
	struct planned p;

	plan(module, task, w, &p);
	plan_print(&p.plans, p.result, &p.err, false, &out);
	release(&p);
	return buf_take(&out);
}
