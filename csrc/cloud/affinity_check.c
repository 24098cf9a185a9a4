/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/affinity_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

struct check {
	const struct world *w;
	const struct ha *ha;
	const struct affinity_rules *rules;
	const json_t *touched;
	struct pxc_arena arena;
};

/* Only groups have a slash in their name. */
static const char *noun(const struct bal_rule *r)
{
	return strchr(r->name, '/') ? "group" : "HA rule";
}

static bool is_touched(const struct check *c, const struct bal_rule *r)
{
	return json_object_get(c->touched, r->name) != NULL;
}

/* "100 (web)"; of one that is to be made its number alone. */
static const char *vm_name(struct check *c, unsigned vmid)
{
	const struct world_guest *g = world_guest(c->w, vmid);

	return g && g->name ? arena_printf(&c->arena, "%u (%s)", vmid, g->name)
			    : arena_printf(&c->arena, "%u", vmid);
}

static int bound_order(const void *key, const void *row)
{
	unsigned a = *(const unsigned *)key, b = ((const struct affinity_bound *)row)->vmid;

	return (a > b) - (a < b);
}

/* The nodes that a guest may be on and no others; NULL: any. */
static const struct affinity_bound *bound_of(const struct check *c, unsigned vmid)
{
	const struct affinity_bound *b =
		c->rules->nbounds ? bsearch(&vmid, c->rules->bounds, c->rules->nbounds,
					    sizeof(*c->rules->bounds), bound_order)
				  : NULL;

	return b && b->nmust ? b : NULL;
}

static const char *and_list(struct check *c, const char *const *names, size_t n)
{
	auto_buf struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " and ", names[i]);
	return n ? arena_strdup(&c->arena, buf_str(&out)) : "none";
}

static bool may_be_on(const struct check *c, unsigned vmid, const char *node)
{
	const struct affinity_bound *b = bound_of(c, vmid);

	for (size_t i = 0; b && i < b->nmust; i++)
		if (str_eq(b->must[i], node))
			return true;
	return !b;
}

/* --- apart: a node for each ------------------------------------------------------------------------------------ */

struct seats {
	struct check *c;
	const struct bal_rule *rule;
	const char **nodes; /* that can take guests */
	size_t nnodes;
	long *taken; /* member that sits on each; -1 = none */
	bool *tried;
};

/* Find a node for a member, moving others to other nodes where that helps. */
static bool seat(struct seats *s, size_t member)
{
	for (size_t i = 0; i < s->nnodes; i++) {
		if (s->tried[i] || !may_be_on(s->c, s->rule->members[member], s->nodes[i]))
			continue;
		s->tried[i] = true;
		if (s->taken[i] < 0 || seat(s, (size_t)s->taken[i])) {
			s->taken[i] = (long)member;
			return true;
		}
	}
	return false;
}

static int check_apart(struct check *c, const struct bal_rule *r, struct pxc_err *err)
{
	const size_t n = c->w->nnodes;
	struct seats s = { .c = c,
			   .rule = r,
			   .nodes = arena_alloc(&c->arena, (n + 1) * sizeof(*s.nodes)),
			   .taken = arena_alloc(&c->arena, (n + 1) * sizeof(*s.taken)),
			   .tried = arena_alloc(&c->arena, (n + 1) * sizeof(*s.tried)) };

	for (size_t i = 0; i < n; i++)
		if (c->w->nodes[i].online && !ha_in_maintenance(c->ha, c->w->nodes[i].name))
			s.nodes[s.nnodes++] = c->w->nodes[i].name;
	for (size_t i = 0; i < s.nnodes; i++)
		s.taken[i] = -1;
	if (r->nmembers > s.nnodes)
		return pxc_fail(err, PXC_EINVAL,
				"%s %s: its %zu members are to be on different nodes, and there "
				"are no more than %s",
				noun(r), r->name, r->nmembers, and_list(c, s.nodes, s.nnodes));
	for (size_t i = 0; i < r->nmembers; i++) {
		const struct affinity_bound *b;

		memset(s.tried, 0, n * sizeof(*s.tried));
		if (seat(&s, i))
			continue;
		b = bound_of(c, r->members[i]);
		return pxc_fail(err, PXC_EINVAL,
				"%s %s: its members cannot all be on different nodes: VM %s may "
				"only be on %s (%s)",
				noun(r), r->name, vm_name(c, r->members[i]),
				b ? and_list(c, b->must, b->nmust) : and_list(c, s.nodes, s.nnodes),
				b ? b->rule : "no other is there");
	}
	return 0;
}

/* --- together: one node for all -------------------------------------------------------------------------------- */

static bool bound_touched(struct check *c, const struct bal_rule *r)
{
	const char *title;
	json_t *value;

	for (size_t i = 0; i < r->nmembers; i++) {
		const struct affinity_bound *b = bound_of(c, r->members[i]);

		json_object_foreach (b ? (json_t *)(uintptr_t)c->touched : NULL, title, value) {
			auto_free char *part = pxc_printf("group %s", title);

			if (strstr(b->rule, part))
				return true;
		}
	}
	return false;
}

static int check_together(struct check *c, const struct bal_rule *r, struct pxc_err *err)
{
	auto_buf struct pxc_buf who = { .data = NULL };

	for (size_t i = 0; i < c->w->nnodes; i++) {
		size_t k = 0;

		while (k < r->nmembers && may_be_on(c, r->members[k], c->w->nodes[i].name))
			k++;
		if (k == r->nmembers)
			return 0;
	}
	for (size_t i = 0; i < r->nmembers; i++) {
		const struct affinity_bound *b = bound_of(c, r->members[i]);

		if (b)
			buf_printf(&who, "%sVM %s only on %s (%s)", who.len ? ", " : "",
				   vm_name(c, r->members[i]), and_list(c, b->must, b->nmust),
				   b->rule);
	}
	return pxc_fail(err, PXC_EINVAL,
			"%s %s: there is no node on which all members may be together: %s", noun(r),
			r->name, buf_str(&who));
}

/* --- together and apart ---------------------------------------------------------------------------------------- */

struct unions {
	struct check *c;
	uint32_t *vmids; /* of all hard rules between guests, sorted */
	size_t *parent;
	size_t n;
};

static int vmid_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static size_t find(const struct unions *u, uint32_t vmid)
{
	const uint32_t *hit = bsearch(&vmid, u->vmids, u->n, sizeof(*u->vmids), vmid_order);
	size_t i = (size_t)(hit - u->vmids);

	while (u->parent[i] != i)
		i = u->parent[i] = u->parent[u->parent[i]];
	return i;
}

static void join_all(struct unions *u)
{
	const struct affinity_rules *rules = u->c->rules;
	size_t n = 0;

	for (size_t i = 0; i < rules->nrules; i++)
		n += rules->rules[i].hard ? rules->rules[i].nmembers : 0;
	u->vmids = arena_alloc(&u->c->arena, (n + 1) * sizeof(*u->vmids));
	u->parent = arena_alloc(&u->c->arena, (n + 1) * sizeof(*u->parent));
	n = 0;
	for (size_t i = 0; i < rules->nrules; i++)
		for (size_t k = 0; rules->rules[i].hard && k < rules->rules[i].nmembers; k++)
			u->vmids[n++] = rules->rules[i].members[k];
	qsort(u->vmids, n, sizeof(*u->vmids), vmid_order);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || u->vmids[i] != u->vmids[i - 1])
			u->vmids[u->n++] = u->vmids[i];
	for (size_t i = 0; i < u->n; i++)
		u->parent[i] = i;
	for (size_t i = 0; i < rules->nrules; i++) {
		const struct bal_rule *r = &rules->rules[i];

		for (size_t k = 1; r->hard && r->type == BAL_TOGETHER && k < r->nmembers; k++)
			u->parent[find(u, r->members[k])] = find(u, r->members[0]);
	}
}

static bool has(const struct bal_rule *r, uint32_t vmid)
{
	return bsearch(&vmid, r->members, r->nmembers, sizeof(*r->members), vmid_order) != NULL;
}

/* Two members of an apart rule are together, by one rule or by a chain of them: name one that holds them. */
static int contradicts(const struct unions *u, const struct bal_rule *apart, uint32_t a, uint32_t b,
		       struct pxc_err *err)
{
	const struct affinity_rules *rules = u->c->rules;
	const struct bal_rule *holds = NULL;
	bool touched = is_touched(u->c, apart);

	for (size_t i = 0; i < rules->nrules; i++) {
		const struct bal_rule *r = &rules->rules[i];

		if (!r->hard || r->type != BAL_TOGETHER || find(u, r->members[0]) != find(u, a))
			continue;
		touched |= is_touched(u->c, r);
		if (!holds || (has(r, a) && (!has(holds, a) || (has(r, b) && !has(holds, b)))))
			holds = r;
	}
	if (!touched || !holds)
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"%s %s and %s %s contradict each other: VMs %s and %s are to be together "
			"and apart",
			noun(holds), holds->name, noun(apart), apart->name, vm_name(u->c, a),
			vm_name(u->c, b));
}

static int check_both(struct check *c, struct pxc_err *err)
{
	struct unions u = { .c = c };
	uint32_t *last; /* member of the rule that was met last, by its set */

	join_all(&u);
	for (size_t i = 0; i < c->rules->nrules; i++) {
		const struct bal_rule *r = &c->rules->rules[i];

		if (!r->hard || r->type != BAL_APART)
			continue;
		last = arena_alloc(&c->arena, (u.n + 1) * sizeof(*last));
		for (size_t k = 0; k < r->nmembers; k++) {
			size_t set = find(&u, r->members[k]);

			if (last[set] && contradicts(&u, r, last[set], r->members[k], err) < 0)
				return -1;
			last[set] = r->members[k];
		}
	}
	return 0;
}

static int check_all(struct check *c, struct pxc_err *err)
{
	if (check_both(c, err) < 0)
		return -1;
	for (size_t i = 0; i < c->rules->nrules; i++) {
		const struct bal_rule *r = &c->rules->rules[i];

		if (!r->hard || (!is_touched(c, r) && !bound_touched(c, r)))
			continue;
		if ((r->type == BAL_APART ? check_apart : check_together)(c, r, err) < 0)
			return -1;
	}
	return 0;
}

int affinity_check(const struct world *w, const struct ha *ha, const struct affinity_rules *rules,
		   const json_t *touched, struct pxc_err *err)
{
	struct check c = { .w = w, .ha = ha, .rules = rules, .touched = touched };
	int r = check_all(&c, err);

	arena_release(&c.arena);
	return r;
}
