/* SPDX-License-Identifier: GPL-3.0-or-later */
/* refusal.c - whether a node can take an item; and why not, for the end of a sentence that begins with the node. */
#include "cloud/balance/parts.h"

/* What a scattered item has on the node already. */
static int64_t part_there(const struct bal_model *m, const struct bal_item *it, int32_t n, int r)
{
	int64_t load[LOADS] = { 0 };

	for (int32_t i = 0; i < it->nmembers; i++) {
		int32_t v = m->members[it->member + i];

		if (m->vm_node[v] == n)
			bal_vm_load(m->vms[v], load, 1);
	}
	return load[r];
}

const char *bal_forbidden(const struct bal_state *s, int32_t item, int32_t to, int32_t gone)
{
	const struct bal_model *m = s->m;
	const struct bal_item *it = &m->items[item];

	if (!bal_may(m, it, to))
		return "not allowed";
	for (int32_t i = 0; i < it->nrules; i++) {
		int32_t rule = m->item_rules[it->rule + i];
		int32_t there = s->count[(ptrdiff_t)rule * m->nnodes + to];

		if (!m->counts[rule].hard)
			continue;
		for (int32_t k = 0; gone >= 0 && k < m->items[gone].nrules; k++)
			there -= m->item_rules[m->items[gone].rule + k] == rule;
		if (there > 0)
			return m->counts[rule].name;
	}
	return NULL;
}

const char *bal_refusal(const struct bal_state *s, int32_t item, int32_t to, int32_t gone)
{
	static const char *const lacks[LOADS] = { "memory", "cores", "assigned cores" };
	const struct bal_model *m = s->m;
	const struct bal_item *it = &m->items[item];

	if (!bal_may(m, it, to))
		return "not allowed";
	for (int r = 0; r < LOADS; r++) {
		int64_t load = s->load[to][r] + it->load[r];

		if (gone >= 0)
			load -= m->items[gone].load[r];
		if (s->at[item] < 0)
			load -= part_there(m, it, to, r);
		if (load > m->limit[to][r])
			return lacks[r];
	}
	return it->nrules ? bal_forbidden(s, item, to, gone) : NULL;
}

/* The first VM of a rule apart that is on the node; that there is one is known. */
static uint32_t member_on(const struct bal_state *s, const char *rule, int32_t n)
{
	const struct bal_model *m = s->m;

	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t at = m->vm_item[v] < 0 ? m->vm_node[v] : s->at[m->vm_item[v]];

		for (int32_t k = m->vm_rule[v]; at == n && k < m->vm_rule[v + 1]; k++)
			if (m->counts[m->vm_rules[k]].name == rule)
				return m->vms[v]->id;
	}
	return 0;
}

/* The member of its rule "together" that stays on another node; NULL = none does. */
static const struct bal_vm *partner(const struct bal_model *m, int32_t item, int32_t n,
				    const char **rule)
{
	const struct bal_cluster *c = m->cluster;

	for (size_t i = 0; i < c->nrules; i++) {
		const struct bal_vm *elsewhere = NULL;
		bool mine = false;

		if (c->rules[i].type != BAL_TOGETHER || !c->rules[i].hard)
			continue;
		for (size_t k = 0; k < c->rules[i].nmembers; k++) {
			int32_t v = bal_find_vm(m, c->rules[i].members[k]);

			if (v < 0)
				continue;
			mine = mine || m->vm_item[v] == item;
			if (m->vm_item[v] < 0 && m->vm_node[v] != n &&
			    (!elsewhere || m->vms[v]->id < elsewhere->id))
				elsewhere = m->vms[v];
		}
		*rule = c->rules[i].name;
		if (mine && elsewhere)
			return elsewhere;
	}
	return NULL;
}

bool bal_is_among(const struct bal_vm *vm, const char *node)
{
	for (size_t i = 0; i < vm->nallowed; i++)
		if (strcmp(vm->allowed[i], node) == 0)
			return true;
	return !vm->allowed;
}

static const char *say_not_allowed(const struct bal_model *m, int32_t v, int32_t n,
				   struct pxc_arena *arena)
{
	const struct bal_vm *other;
	const char *rule;

	if (m->nodes[n]->drain)
		return "is drained";
	if (!m->nodes[n]->accepts)
		return "takes no VMs";
	if (!bal_is_among(m->vms[v], m->nodes[n]->name))
		return "is not among its nodes";
	other = partner(m, m->vm_item[v], n, &rule);
	return other ? arena_printf(arena, "does not have member %u of rule %s", other->id, rule)
		     : "is not among the nodes of those it is together with";
}

const char *bal_say_refusal(const struct bal_state *s, int32_t v, int32_t n,
			    struct pxc_arena *arena)
{
	static const char *const units[LOADS] = { "MiB", "cores", "assigned cores" };
	const struct bal_model *m = s->m;
	const struct bal_item *it = &m->items[m->vm_item[v]];
	const char *rule;

	if (!bal_may(m, it, n))
		return say_not_allowed(m, v, n, arena);
	for (int r = 0; r < LOADS; r++) {
		int64_t room = m->limit[n][r] - s->load[n][r], left = room > 0 ? room : 0;
		double unit = r == MEM ? 1 : 1000;

		if (it->load[r] <= room)
			continue;
		if (it->nmembers == 1)
			return arena_printf(arena, "has %.10g %s left", (double)left / unit,
					    units[r]);
		return arena_printf(arena,
				    "has %.10g %s left of the %.10g for those that stay together",
				    (double)left / unit, units[r], (double)it->load[r] / unit);
	}
	rule = bal_refusal(s, m->vm_item[v], n, -1);
	return arena_printf(arena, "has member %u of rule %s", member_on(s, rule, n), rule);
}
