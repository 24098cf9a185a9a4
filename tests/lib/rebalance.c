/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/rebalance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "lib/world.h"
#include "modules/balance.h"

struct made {
	struct test_world w;
	struct ans_args args;
	struct pxc_env env;
	struct rebalance_batch *b;
	struct rebalance_world bw;
	struct pxc_err err;
	int result;
};

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static void read_task(struct made *m, const char *task)
{
	json_auto_t *raw = json_loads(task, 0, NULL);
	const struct ans_spec *spec = NULL;

	for (size_t i = 0; ans_specs[i]; i++)
		if (str_eq(ans_specs[i]->name, "pxc_balance"))
			spec = ans_specs[i];
	if (!raw || !spec)
		fail_msg("task: %s", task);
	m->env = (struct pxc_env){ .args = &m->args,
				   .arena = &m->w.arena,
				   .clock = &pxc_system_clock };
	m->result = ans_validate(spec, raw, no_env, &m->args, &m->err);
	if (m->result == 0)
		m->result = balance_decode(&m->env, &m->b, &m->err);
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static void read_nodes(struct made *m)
{
	const struct world *w = &m->w.world;

	m->bw.nodes = arena_alloc(&m->w.arena, (w->nnodes + 1) * sizeof(*m->bw.nodes));
	for (size_t i = 0; i < w->nnodes; i++) {
		const json_t *cpu =
			json_object_get(json_object_get(m->w.json, "cpu"), w->nodes[i].name);
		const char *model = json_string_value(json_array_get(cpu, 0));
		const char *flags = json_string_value(json_array_get(cpu, 1));

		m->bw.nodes[i] = (struct rebalance_node){
			.memory_bytes = w->nodes[i].memory_bytes,
			.used_bytes = w->nodes[i].used_bytes,
			.cpus = w->nodes[i].cpus,
			.cpu_model = model ? model : "",
			.cpu_flags = flags ? flags : "",
			.bridges = json_object_get(json_object_get(m->w.json, "bridges"),
						   w->nodes[i].name)
		};
	}
}

static void read_disks(struct made *m)
{
	const json_t *list = json_object_get(m->w.json, "disks");
	size_t i;
	json_t *row;

	m->bw.disks = arena_alloc(&m->w.arena, (json_array_size(list) + 1) * sizeof(*m->bw.disks));
	json_array_foreach (list, i, row) {
		unsigned vmid = (unsigned)json_integer_value(json_object_get(row, "vmid"));

		m->bw.disks[m->bw.ndisks++] = (struct rebalance_disk){
			vmid, world_guest(&m->w.world, vmid)->node, text(row, "storage"),
			text(row, "volid"),
			(uint64_t)json_integer_value(json_object_get(row, "gib")) * GIB
		};
	}
}

static void read_past(struct made *m)
{
	json_t *moved = json_object_get(m->w.json, "moved"),
	       *loads = json_object_get(m->w.json, "loads"), *value;
	const char *key;

	m->bw.moved =
		arena_alloc(&m->w.arena, (json_object_size(moved) + 1) * sizeof(*m->bw.moved));
	json_object_foreach (moved, key, value)
		m->bw.moved[m->bw.nmoved++] =
			(struct rebalance_moved){ (unsigned)strtoul(key, NULL, 10),
						  json_integer_value(value) };
	m->bw.loads =
		arena_alloc(&m->w.arena, (json_object_size(loads) + 1) * sizeof(*m->bw.loads));
	json_object_foreach (loads, key, value)
		m->bw.loads[m->bw.nloads++] = (struct rebalance_load){
			(unsigned)strtoul(key, NULL, 10),
			json_number_value(json_array_get(value, 1)),
			(uint64_t)json_integer_value(json_array_get(value, 0)) * MIB
		};
}

static void read_ha(struct made *m)
{
	const json_t *given = json_object_get(m->w.json, "ha");
	json_t *crm = json_object_get(given, "crm"), *manual = json_object_get(given, "manual");
	struct ha *ha = m->w.ha;
	size_t k;
	json_t *vmid;

	ha->armed = !json_is_true(json_object_get(given, "disarmed"));
	ha->rebalances = json_is_true(json_object_get(given, "crs"));
	for (size_t i = 0; i < ha->nresources; i++) {
		auto_free char *key = pxc_printf("%u", ha->resources[i].vmid);

		ha->resources[i].crm = *text(crm, key) ? text(crm, key) : "started";
		json_array_foreach (manual, k, vmid)
			if (json_integer_value(vmid) == (json_int_t)ha->resources[i].vmid)
				ha->resources[i].auto_rebalance = false;
	}
	m->bw.ha = ha;
}

/* The configuration as PVE has it, with a block in its notes when the world says of which groups the VM is. New reference. */
static json_t *config_of(const json_t *check)
{
	json_t *config = json_deep_copy(json_object_get(check, "config"));
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *notes = NULL;

	if (!*text(check, "groups"))
		return config;
	annot_set(&block, "t", "vm");
	annot_set(&block, AFFINITY_KEY, text(check, "groups"));
	notes = annot_render(ANNOT_BLOCK, "", &block, "");
	(void)json_object_set_new(config, "description", json_string(notes));
	return config;
}

static void ask(struct made *m)
{
	json_t *value;
	const char *key;

	json_object_foreach (json_object_get(m->w.json, "checks"), key, value) {
		unsigned vmid = (unsigned)strtoul(key, NULL, 10);
		json_auto_t *config = config_of(value);

		rebalance_check(m->b, &m->bw, world_guest(&m->w.world, vmid),
				json_object_get(value, "pre"), config);
		rebalance_note_checked(m->b, vmid);
	}
}

static void make(struct made *m, const char *task, const char *world)
{
	json_auto_t *warnings = json_array();
	struct affinity groups = { .ngroups = 0 };

	*m = (struct made){ .err = { .kind = PXC_OK } };
	test_world_create(&m->w, world);
	read_task(m, task);
	if (m->result < 0)
		return;
	m->bw.w = &m->w.world;
	m->bw.arena = &m->w.arena;
	read_nodes(m);
	read_disks(m);
	read_past(m);
	read_ha(m);
	affinity_decode(&m->w.world, &m->w.arena, warnings, &groups);
	m->result = affinity_rules(&m->w.world, m->w.ha, &groups, NULL, 0, &m->w.arena,
				   &m->bw.rules, &m->err);
	if (m->result == 0)
		m->result = rebalance_check_spec(&m->b->spec, &m->bw, &m->err);
	if (m->result == 0) {
		ask(m);
		m->result = rebalance_make(m->b, &m->bw, &m->err);
	}
}

static void release(struct made *m)
{
	if (m->bw.planned)
		bal_plan_release(&m->bw.plan);
	ans_args_release(&m->args);
	test_world_release(&m->w);
}

static void add_vm(struct pxc_buf *out, const struct bal_vm *vm)
{
	buf_printf(out, "%u %s %lld/%lld", vm->id, vm->node, (long long)vm->mem,
		   (long long)vm->cpu);
	if (vm->stays)
		buf_printf(out, ": %s", vm->stays);
	for (size_t i = 0; vm->allowed && i < vm->nallowed; i++)
		buf_printf(out, "%s %s", i ? "" : " on", vm->allowed[i]);
	buf_adds(out, "; ");
}

char *rebalance_cluster_text(const char *task, const char *world)
{
	struct pxc_buf out = { .data = NULL };
	struct made m;

	make(&m, task, world);
	buf_adds(&out, "");
	if (m.result < 0)
		buf_printf(&out, "!%s", m.err.msg);
	for (size_t i = 0; m.result == 0 && i < m.bw.cluster.nnodes; i++) {
		const struct bal_node *n = &m.bw.cluster.nodes[i];

		buf_printf(&out, "%s %lld/%lld base %lld/%lld%s; ", n->name, (long long)n->mem,
			   (long long)n->cpu, (long long)n->base_mem, (long long)n->base_cpu,
			   n->drain ? " drain" : "");
	}
	for (size_t i = 0; m.result == 0 && i < m.bw.cluster.nvms; i++)
		add_vm(&out, &m.bw.cluster.vms[i]);
	release(&m);
	return buf_take(&out);
}

static void add_plan(struct pxc_buf *out, const struct pxc_plan *p)
{
	const json_t *item = p->item;

	buf_printf(out, "%lld %s -> %s (%s)",
		   (long long)json_integer_value(json_object_get(item, "vmid")), text(item, "from"),
		   text(item, "to"), text(item, "why"));
	if (p->via)
		buf_printf(out, " {via %u}", p->via->about);
	for (size_t i = 0; i < p->nwaits_for; i++)
		buf_printf(out, " {after %u}", p->waits_for[i]->about);
	for (size_t i = 0; i < p->nsteps; i++)
		buf_printf(out, "%s%s", i ? ", " : ": ", p->steps[i].why);
	buf_adds(out, "; ");
}

char *rebalance_plan_text(const char *task, const char *world)
{
	auto_plans struct pxc_plans plans = { .nplans = 0 };
	struct pxc_buf out = { .data = NULL };
	struct made m;

	make(&m, task, world);
	buf_adds(&out, "");
	if (m.result == 0)
		m.result = rebalance_plan(m.b, &m.bw, &plans, &m.err);
	if (m.result < 0)
		buf_printf(&out, "!%s", m.err.msg);
	for (size_t i = 0; i < plans.nplans; i++)
		add_plan(&out, plans.plans[i]);
	for (size_t i = 0; m.result == 0 && i < m.bw.plan.nunmovable; i++)
		buf_printf(&out, "|%s", m.bw.plan.unmovable[i].why);
	release(&m);
	return buf_take(&out);
}

char *rebalance_result_text(const char *keys, const char *task, const char *world)
{
	json_auto_t *all = json_pack("{s:[],s:[],s:[]}", "plan", "warnings", "diff"),
		    *some = json_object();
	struct made m;
	char *ret;

	make(&m, task, world);
	if (m.result < 0)
		fail_msg("%s", m.err.msg);
	rebalance_show(m.b, &m.bw, all);
	for (const char *p = keys; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		auto_free char *key = pxc_strndup(p, n);

		(void)json_object_set(some, key, json_object_get(all, key));
		p += n;
	}
	ret = json_dumps(*keys ? some : all,
			 JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(4));
	release(&m);
	return ret;
}
