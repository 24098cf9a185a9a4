/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/balance/balance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "unit/cloud/balance/worlds.h"

#define G(n) ((int64_t)(n)*1024)
#define NODE(name, gib)                                                                            \
	{                                                                                          \
		name, G(gib), 32000, 0, 0, true, false                                             \
	}
#define VM(id, node, gib, cores)                                                                   \
	{                                                                                          \
		id, node, G(gib), (cores)*1000, (cores)*1000, G(gib), NULL, NULL, 0                \
	}
#define RULE(name, type, hard, ids)                                                                \
	{                                                                                          \
		name, type, hard, ids, ARRAY_SIZE(ids)                                             \
	}

static const char *const only_pve1[] = { "pve1" };
static const uint32_t web[] = { 100, 101 };
static const uint32_t app[] = { 101, 102 };
static const uint32_t three[] = { 100, 101, 102 };

static const struct {
	const char *name;
	struct bal_node nodes[4];
	struct bal_vm vms[6];
	struct bal_rule rules[3];
	const char *answer; /* "id>node ... / id node why; ...", or the refusal */
} rows[] = {
	{ "nothing is new",
	  { NODE("pve1", 64) },
	  { VM(100, "pve1", 8, 4) },
	  { { .name = NULL } },
	  "" },
	{ "to where there is most room",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM(100, "pve1", 8, 4), VM(101, NULL, 8, 4) },
	  { { .name = NULL } },
	  "101>pve2" },
	{ "the whole batch at once: the large one alone, the small ones together",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM(100, NULL, 8, 4), VM(101, NULL, 8, 4), VM(102, NULL, 16, 8) },
	  { { .name = NULL } },
	  "100>pve2 101>pve2 102>pve1" },
	{ "an uneven cluster stays as it is, but for the new one",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM(100, "pve1", 16, 8), VM(101, "pve1", 16, 8), VM(102, NULL, 1, 1) },
	  { { .name = NULL } },
	  "102>pve2" },
	{ "a new one that can only be on a full node goes first",
	  { NODE("pve1", 16), NODE("pve2", 64) },
	  { VM(100, NULL, 10, 1),
	    { 101, NULL, G(8), 1000, 1000, G(8), NULL, only_pve1, 1 },
	    VM(102, "pve2", 40, 20) },
	  { { .name = NULL } },
	  "100>pve2 101>pve1" },
	{ "a container is placed, too",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM(100, "pve1", 8, 4),
	    { 101, NULL, G(8), 4000, 4000, G(8), "it is a container", NULL, 0 } },
	  { { .name = NULL } },
	  "101>pve2" },
	{ "no room anywhere",
	  { NODE("pve1", 16),
	    { "pve2", G(64), 32000, 0, 0, false, false },
	    { "pve3", G(64), 32000, 0, 0, true, true } },
	  { VM(100, "pve1", 10, 4), VM(101, NULL, 8, 4) },
	  { { .name = NULL } },
	  " / 101 pve1 has 5324 MiB left; 101 pve2 takes no VMs; 101 pve3 is drained;" },
	{ "no cores left, and no assigned cores",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { { 100, "pve1", G(1), 30000, 30000, G(1), NULL, NULL, 0 },
	    { 101, "pve2", G(1), 1000, 127000, G(1), NULL, NULL, 0 },
	    VM(102, NULL, 1, 2) },
	  { { .name = NULL } },
	  " / 102 pve1 has 0.4 cores left; 102 pve2 has 1 assigned cores left;" },
	{ "not among its nodes",
	  { NODE("pve1", 16), NODE("pve2", 64) },
	  { VM(100, "pve1", 10, 4), { 101, NULL, G(8), 1000, 1000, G(8), NULL, only_pve1, 1 } },
	  { { .name = NULL } },
	  " / 101 pve1 has 5324 MiB left; 101 pve2 is not among its nodes;" },
	{ "apart from one that is there",
	  { NODE("pve1", 16), NODE("pve2", 64) },
	  { VM(100, "pve2", 4, 4), VM(101, NULL, 4, 4) },
	  { RULE("web", BAL_APART, true, web) },
	  "101>pve1" },
	{ "apart from one on the only node with room",
	  { NODE("pve1", 16), NODE("pve2", 64) },
	  { VM(100, "pve2", 4, 4), VM(101, NULL, 16, 4) },
	  { RULE("web", BAL_APART, true, web) },
	  " / 101 pve1 has 15564 MiB left; 101 pve2 has member 100 of rule web;" },
	{ "new ones apart from each other",
	  { NODE("pve1", 16), NODE("pve2", 64) },
	  { VM(100, NULL, 4, 4), VM(101, NULL, 4, 4) },
	  { RULE("web", BAL_APART, true, web) },
	  "100>pve2 101>pve1" },
	{ "a soft rule counts, and gives way",
	  { NODE("pve1", 16), NODE("pve2", 64) },
	  { VM(100, "pve2", 4, 4), VM(101, NULL, 4, 4), VM(102, NULL, 16, 4) },
	  { RULE("three", BAL_APART, false, three) },
	  "101>pve1 102>pve2" },
	{ "together with one that is there",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM(100, "pve1", 8, 4), VM(101, NULL, 4, 4) },
	  { RULE("web", BAL_TOGETHER, true, web) },
	  "101>pve1" },
	{ "together with one on a full node",
	  { NODE("pve1", 16), NODE("pve2", 64) },
	  { VM(100, "pve1", 14, 4), VM(101, NULL, 4, 4) },
	  { RULE("web", BAL_TOGETHER, true, web) },
	  " / 101 pve1 has 1228 MiB left; 101 pve2 does not have member 100 of rule web;" },
	{ "new ones together take room together",
	  { NODE("pve1", 16), NODE("pve2", 64) },
	  { VM(100, NULL, 8, 4), VM(101, NULL, 8, 4), VM(102, "pve2", 32, 8) },
	  { RULE("web", BAL_TOGETHER, true, web) },
	  "100>pve2 101>pve2" },
	{ "new ones together find no room together",
	  { NODE("pve1", 16), NODE("pve2", 24) },
	  { VM(100, NULL, 12, 4), VM(101, NULL, 12, 4) },
	  { RULE("web", BAL_TOGETHER, true, web) },
	  " / 100 pve1 has 15564 MiB left of the 24576 for those that stay together; "
	  "100 pve2 has 23347 MiB left of the 24576 for those that stay together; "
	  "101 pve1 has 15564 MiB left of the 24576 for those that stay together; "
	  "101 pve2 has 23347 MiB left of the 24576 for those that stay together;" },
	{ "those it belongs to are on two nodes",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM(100, "pve1", 8, 4), VM(101, NULL, 4, 4), VM(102, "pve2", 8, 4) },
	  { RULE("web", BAL_TOGETHER, true, web), RULE("app", BAL_TOGETHER, true, app) },
	  " / 101 pve1 does not have member 102 of rule app; 101 pve2 does not have member 100 of rule web;" },
	{ "small in memory and large in cores: they do not take the last room of another",
	  { NODE("pve1", 20), NODE("pve2", 20) },
	  { VM(100, NULL, 3, 15), VM(101, NULL, 3, 15), VM(102, NULL, 13, 0), VM(103, NULL, 13, 0),
	    VM(104, NULL, 5, 0) },
	  { { .name = NULL } },
	  "100>pve1 101>pve1 102>pve1 103>pve2 104>pve2" },
	{ "rules that contradict each other",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM(100, "pve1", 8, 4), VM(101, NULL, 4, 4) },
	  { RULE("one", BAL_TOGETHER, true, web), RULE("two", BAL_APART, true, web) },
	  "rules one and two contradict each other: VMs 100 and 101 are to be together and apart" },
};

static void say_placement(struct pxc_buf *out, const struct bal_cluster *c,
			  const struct bal_placement *p)
{
	for (uint32_t id = 0; id < 1000; id++)
		for (size_t i = 0; i < c->nvms; i++)
			if (c->vms[i].id == id && !c->vms[i].node && p->nodes[i])
				buf_printf(out, "%s%u>%s", out->len ? " " : "", id, p->nodes[i]);
	if (p->nrefused)
		buf_adds(out, " /");
	for (size_t i = 0; i < p->nrefused; i++)
		buf_printf(out, " %u %s %s;", p->refused[i].vm, p->refused[i].node,
			   p->refused[i].why);
}

static void each_new_vm_gets_its_node(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bal_cluster c = { .params = { 50000, 1, 1, 950000, 980000, 4000000, 2, 2, 0,
						     0, 0 },
					 .nodes = rows[i].nodes,
					 .vms = rows[i].vms,
					 .rules = rows[i].rules };
		auto_bal_placement struct bal_placement p = { .nrefused = 0 };
		auto_buf struct pxc_buf said = { .data = NULL };
		struct pxc_err err = { .kind = PXC_OK };

		while (c.nnodes < 4 && rows[i].nodes[c.nnodes].name)
			c.nnodes++;
		while (c.nvms < 6 && rows[i].vms[c.nvms].id)
			c.nvms++;
		while (c.nrules < 3 && rows[i].rules[c.nrules].name)
			c.nrules++;
		if (bal_place(&c, &p, &err) < 0)
			buf_adds(&said, err.msg);
		else
			say_placement(&said, &c, &p);
		if (strcmp(buf_str(&said), rows[i].answer) != 0)
			fail_msg("%s: %s\nnot: %s", rows[i].name, buf_str(&said), rows[i].answer);
	}
}

static void a_plan_refuses_vms_that_have_no_node(void **state)
{
	static const struct bal_node nodes[] = { NODE("pve1", 64) };
	static const struct bal_vm vms[] = { VM(100, NULL, 8, 4) };
	struct bal_cluster c = { .params = { 50000, 1, 1, 950000, 980000, 4000000, 2, 2, 0, 0, 0 },
				 .nodes = nodes,
				 .nnodes = 1,
				 .vms = vms,
				 .nvms = 1 };
	struct bal_plan plan;
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(bal_plan(&c, &plan, &err), -1);
	assert_int_equal(err.kind, PXC_EINVAL);
	assert_string_equal(err.msg, "VM 100 is on no node yet");
}

/* Half of the VMs are new; the nodes are so small that in most worlds some are refused. */
static void new_world(struct world *w, uint64_t seed)
{
	world_make(w, seed, 3 + seed % 5, 40);
	world_rules(w);
	for (size_t i = 0; i < w->c.nnodes; i++) {
		w->nodes[i].mem = w->nodes[i].mem * (seed % 4 ? 1 : 2) / 3;
		w->nodes[i].accepts = (seed + i) % 7 != 0;
		w->nodes[i].drain = (seed + i) % 11 == 0;
	}
	for (size_t i = 0; i < w->c.nvms; i++)
		if (world_up_to(w, 2)) {
			w->vms[i].mem *= 1 + world_up_to(w, 4);
			w->vms[i].node = NULL;
		}
}

static bool may_be_on(const struct bal_vm *vm, const struct bal_node *n)
{
	bool among = !vm->allowed;

	for (size_t i = 0; i < vm->nallowed; i++)
		among = among || str_eq(vm->allowed[i], n->name);
	return among && n->accepts && !n->drain;
}

static int64_t used(const struct world *w, const char *const *at, const struct bal_node *n,
		    int64_t load[LOADS])
{
	load[MEM] = n->base_mem;
	load[CPU] = load[VCPU] = n->base_cpu;
	for (size_t i = 0; i < w->c.nvms; i++)
		if (at[i] && str_eq(at[i], n->name))
			bal_vm_load(&w->vms[i], load, 1);
	return load[MEM];
}

static bool over(const struct bal_node *n, const int64_t load[LOADS])
{
	return load[MEM] > n->mem * 95 / 100 || load[CPU] > n->cpu * 95 / 100 ||
	       load[VCPU] > n->cpu * 4;
}

/* Is a hard rule of the VM broken, as they are? */
static bool breaks_rule(const struct world *w, const char *const *at, size_t vm)
{
	for (size_t r = 0; r < w->c.nrules; r++) {
		const struct bal_rule *rule = &w->rules[r];
		bool mine = false;

		for (size_t k = 0; k < rule->nmembers; k++)
			mine = mine || rule->members[k] == w->vms[vm].id;
		for (size_t k = 0; mine && rule->hard && k < rule->nmembers; k++) {
			size_t other = rule->members[k] - 100; /* ids are in order */

			if (other != vm && at[other] &&
			    str_eq(at[other], at[vm]) != (rule->type == BAL_TOGETHER))
				return true;
		}
	}
	return false;
}

/* Only rule 2 holds new ones together, and it has two members. */
static size_t partner(const struct world *w, size_t vm)
{
	for (size_t k = 0; k < 2; k++)
		if (w->rules[2].members[k] == w->vms[vm].id)
			return w->rules[2].members[1 - k] - 100;
	return vm;
}

static bool fits(const struct world *w, const char **at, size_t vm, const struct bal_node *n)
{
	size_t other = partner(w, vm);
	bool fit = may_be_on(&w->vms[vm], n);
	int64_t load[LOADS];

	at[vm] = n->name;
	if (other != vm && !w->vms[other].node) {
		fit = fit && may_be_on(&w->vms[other], n);
		at[other] = n->name;
	}
	(void)used(w, at, n, load);
	fit = fit && !over(n, load) && !breaks_rule(w, at, vm) && !breaks_rule(w, at, other);
	at[vm] = NULL;
	if (!w->vms[other].node)
		at[other] = NULL;
	return fit;
}

static void check_world(struct world *w, const struct bal_placement *p, int *refused)
{
	for (size_t i = 0; i < w->c.nvms; i++) {
		if (w->vms[i].node)
			assert_string_equal(p->nodes[i], w->vms[i].node);
		for (size_t n = 0; n < w->c.nnodes; n++) {
			if (!p->nodes[i] && fits(w, p->nodes, i, &w->nodes[n]))
				fail_msg("VM %u is refused, but fits on %s", w->vms[i].id,
					 w->nodes[n].name);
			if (!w->vms[i].node && p->nodes[i] &&
			    str_eq(p->nodes[i], w->nodes[n].name)) {
				int64_t load[LOADS];

				assert_true(may_be_on(&w->vms[i], &w->nodes[n]));
				(void)used(w, p->nodes, &w->nodes[n], load);
				assert_false(over(&w->nodes[n], load));
				assert_false(breaks_rule(w, p->nodes, i));
			}
		}
		*refused += !p->nodes[i];
	}
	assert_true(p->nrefused % w->c.nnodes == 0);
	for (size_t i = 0; i < p->nrefused; i++)
		assert_true(*p->refused[i].why != '\0');
}

static void limits_and_rules_hold_and_who_is_refused_fits_nowhere(void **state)
{
	int refused = 0, placed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct world w;
		auto_bal_placement struct bal_placement p = { .nrefused = 0 };
		struct pxc_err err = { .kind = PXC_OK };
		int before = refused;

		new_world(&w, seed);
		assert_int_equal(bal_place(&w.c, &p, &err), 0);
		check_world(&w, &p, &refused);
		assert_int_equal(p.nrefused, (size_t)(refused - before) * w.c.nnodes);
		placed += 40 - (refused - before);
	}
	assert_true(refused > 100);
	/* One fewer when no new VM makes room for another. */
	assert_true(placed >= 6723);
}

static void the_order_of_the_input_does_not_matter(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct world w, other;
		auto_bal_placement struct bal_placement a = { .nrefused = 0 };
		auto_bal_placement struct bal_placement b = { .nrefused = 0 };
		auto_buf struct pxc_buf one = { .data = NULL }, two = { .data = NULL };
		struct pxc_err err = { .kind = PXC_OK };

		new_world(&w, seed);
		new_world(&other, seed);
		for (size_t i = 0; i < w.c.nvms; i++)
			other.vms[(i * 7 + 3) % w.c.nvms] = w.vms[i];
		for (size_t i = 0; i < w.c.nnodes; i++)
			other.nodes[w.c.nnodes - 1 - i] = w.nodes[i];
		for (size_t i = 0; i < w.c.nrules; i++)
			other.rules[w.c.nrules - 1 - i] = w.rules[i];
		assert_int_equal(bal_place(&w.c, &a, &err), 0);
		assert_int_equal(bal_place(&other.c, &b, &err), 0);
		say_placement(&one, &w.c, &a);
		say_placement(&two, &other.c, &b);
		assert_string_equal(buf_str(&one), buf_str(&two));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_new_vm_gets_its_node),
		cmocka_unit_test(a_plan_refuses_vms_that_have_no_node),
		cmocka_unit_test(limits_and_rules_hold_and_who_is_refused_fits_nowhere),
		cmocka_unit_test(the_order_of_the_input_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
