/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules.c - from rules to items that move as one, the nodes they may be on, and counts of members by node. */
#include "base/buf.h"
#include "base/mem.h"
#include "cloud/balance/parts.h"

/* A soft rule that is broken once costs as much as so many moves of its members. */
#define SOFT_MOVES 4
#define MEMBERS_SAID 8

struct grouping {
	struct bal_model *m;
	int32_t *root;              /* of each VM: the first of its group */
	const char **rule;          /* of each VM that is a root: what keeps the group together */
	uint64_t *open;             /* nodes that accept */
	uint64_t *set;              /* the nodes at hand */
	const char *const *allowed; /* that "wide" was made of */
	size_t nallowed;
	uint64_t *wide;
	int32_t *slots; /* hash of classes: index + 1 */
	size_t nslots;
};

static int32_t root_of(struct grouping *g, int32_t v)
{
	while (g->root[v] != v)
		v = g->root[v] = g->root[g->root[v]];
	return v;
}

static void join_together(struct grouping *g)
{
	const struct bal_cluster *c = g->m->cluster;

	for (size_t i = 0; i < c->nrules; i++) {
		int32_t first = -1;

		if (c->rules[i].type != BAL_TOGETHER || !c->rules[i].hard)
			continue;
		for (size_t k = 0; k < c->rules[i].nmembers; k++) {
			int32_t v = bal_find_vm(g->m, c->rules[i].members[k]), a, b;

			if (v < 0)
				continue;
			if (first < 0)
				first = v;
			a = root_of(g, first);
			b = root_of(g, v);
			g->root[a > b ? a : b] = a > b ? b : a;
			if (!g->rule[a] || (g->rule[b] && strcmp(g->rule[b], g->rule[a]) < 0))
				g->rule[a] = g->rule[b] ? g->rule[b] : c->rules[i].name;
			g->rule[b] = g->rule[a];
		}
	}
}

/* The nodes a VM may be on by its own, in g->wide. */
static void widen(struct grouping *g, const struct bal_vm *vm)
{
	size_t bytes = (size_t)g->m->words * sizeof(*g->wide);

	if (g->allowed == vm->allowed && g->nallowed == vm->nallowed &&
	    (g->allowed || g->nallowed == 0))
		return;
	g->allowed = vm->allowed;
	g->nallowed = vm->nallowed;
	memset(g->wide, vm->allowed ? 0 : 0xff, bytes);
	for (size_t i = 0; vm->allowed && i < vm->nallowed; i++) {
		int32_t n = bal_find_node(g->m, vm->allowed[i]);

		if (n >= 0)
			g->wide[n / 64] |= (uint64_t)1 << (n % 64);
	}
}

static bool has(const uint64_t *set, int32_t n)
{
	return n >= 0 && (set[n / 64] >> (n % 64) & 1);
}

static int32_t class_of(struct grouping *g)
{
	struct bal_model *m = g->m;
	size_t words = (size_t)m->words;
	uint64_t h = 14695981039346656037u;
	size_t at;

	for (size_t i = 0; i < words; i++)
		h = (h ^ g->set[i]) * 1099511628211u;
	h ^= h >> 29;
	for (at = h % g->nslots; g->slots[at]; at = (at + 1) % g->nslots)
		if (memcmp(&m->classes[(size_t)(g->slots[at] - 1) * words], g->set,
			   words * sizeof(*g->set)) == 0)
			return g->slots[at] - 1;
	memcpy(&m->classes[(size_t)m->nclasses * words], g->set, words * sizeof(*g->set));
	g->slots[at] = ++m->nclasses;
	return m->nclasses - 1;
}

static bool nowhere(const struct grouping *g)
{
	for (int32_t n = 0; n < g->m->nnodes; n++)
		if (has(g->set, n))
			return false;
	return true;
}

static void say_members(struct pxc_buf *out, const struct bal_model *m, const int32_t *vms,
			int32_t n)
{
	for (int32_t i = 0; i < n && i < MEMBERS_SAID; i++)
		buf_printf(out, "%s%u",
			   i == 0       ? ""
			   : i + 1 == n ? " and "
					: ", ",
			   m->vms[vms[i]]->id);
	if (n > MEMBERS_SAID)
		buf_printf(out, " and %d more", n - MEMBERS_SAID);
}

static bool is_base(const struct bal_model *m, int32_t v)
{
	return m->vm_node[v] >= 0 && (m->placing || m->vms[v]->stays);
}

/* Members that cannot be moved pin the group to their node; on two nodes, nobody can follow the rule. */
static bool pinned(const struct grouping *g, const int32_t *vms, int32_t n, int32_t *node)
{
	*node = -1;
	for (int32_t i = 0; i < n; i++) {
		int32_t here = g->m->vm_node[vms[i]];

		if (!is_base(g->m, vms[i]))
			continue;
		if (*node >= 0 && *node != here)
			return false;
		*node = here;
	}
	return true;
}

static void stays(struct bal_model *m, int32_t v)
{
	m->vm_item[v] = -1;
	bal_vm_load(m->vms[v], m->base[m->vm_node[v]], 1);
}

static void leave_group(struct grouping *g, const int32_t *vms, int32_t n)
{
	struct bal_model *m = g->m;
	auto_buf struct pxc_buf who = { .data = NULL };
	const char *why;

	say_members(&who, m, vms, n);
	why = arena_printf(
		&m->arena,
		"rule %s keeps VMs %s together, but two of them cannot be moved and are on different nodes",
		g->rule[vms[0]] ? g->rule[vms[0]] : "", buf_str(&who));
	for (int32_t i = 0; i < n; i++) {
		if (!m->vms[vms[i]]->stays)
			bal_leave(&m->left, &m->arena,
				  (struct bal_left){ m->vms[vms[i]]->id,
						     m->nodes[m->vm_node[vms[i]]]->name, why });
		stays(m, vms[i]);
	}
}

static int add_item(struct grouping *g, const int32_t *vms, int32_t n, struct pxc_err *err)
{
	struct bal_model *m = g->m;
	struct bal_item *it = &m->items[m->nitems];
	int32_t pin;
	bool own_home, torn = !pinned(g, vms, n, &pin);

	if (torn && !m->placing) {
		leave_group(g, vms, n);
		return 0;
	}
	memset(g->set, 0xff, (size_t)m->words * sizeof(*g->set));
	*it = (struct bal_item){ .home = -2,
				 .member = m->nitems ? it[-1].member + it[-1].nmembers : 0 };
	for (int32_t i = 0; i < n; i++) {
		const struct bal_vm *vm = m->vms[vms[i]];

		if (is_base(m, vms[i])) {
			stays(m, vms[i]);
			continue;
		}
		widen(g, vm);
		for (int32_t w = 0; w < m->words; w++)
			g->set[w] &= g->wide[w];
		m->vm_item[vms[i]] = m->nitems;
		m->members[it->member + it->nmembers++] = vms[i];
		bal_vm_load(vm, it->load, 1);
		it->cost += m->placing ? 0 : bal_move_cost(m, vm);
		if (it->home != m->vm_node[vms[i]])
			it->home = it->home == -2 ? m->vm_node[vms[i]] : -1;
	}
	if (it->nmembers == 0)
		return 0;
	if (n > 1 && nowhere(g)) {
		auto_buf struct pxc_buf who = { .data = NULL };

		say_members(&who, m, vms, n);
		return pxc_fail(
			err, PXC_EINVAL,
			"rule %s keeps VMs %s together, but there is no node all of them may be on",
			g->rule[vms[0]], buf_str(&who));
	}
	own_home = has(g->set, it->home) && !m->nodes[it->home]->drain;
	it->home_ok = own_home && (pin < 0 || pin == it->home);
	it->torn = it->home < 0 || (own_home && !it->home_ok) ? g->rule[vms[0]] : NULL;
	for (int32_t w = 0; w < m->words; w++)
		g->set[w] &= g->open[w] & (pin < 0 || pin / 64 == w ? ~(uint64_t)0 : 0);
	if (pin >= 0)
		g->set[pin / 64] &= (uint64_t)1 << (pin % 64);
	if (torn)
		memset(g->set, 0, (size_t)m->words * sizeof(*g->set));
	it->class = class_of(g);
	for (int r = 0; r < PRICED; r++)
		it->d[r] = (double)it->load[r];
	it->own_cost = it->cost;
	m->nitems++;
	return 0;
}

static int add_items(struct grouping *g, struct pxc_err *err)
{
	struct bal_model *m = g->m;
	auto_free int32_t *next = pxc_calloc((size_t)m->nvms + 1, sizeof(*next));
	auto_free int32_t *last = pxc_calloc((size_t)m->nvms + 1, sizeof(*last));
	auto_free int32_t *group = pxc_calloc((size_t)m->nvms + 1, sizeof(*group));

	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t root = root_of(g, v);

		next[v] = -1;
		if (root != v)
			next[last[root]] = v;
		last[root] = v;
	}
	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t n = 0;

		for (int32_t k = v; g->root[v] == v && k >= 0; k = next[k])
			group[n++] = k;
		if (n && add_item(g, group, n, err) < 0)
			return -1;
	}
	return 0;
}

static int contradiction(struct grouping *g, const struct bal_rule *rule, int32_t a, int32_t b,
			 struct pxc_err *err)
{
	const struct bal_model *m = g->m;

	return pxc_fail(
		err, PXC_EINVAL,
		"rules %s and %s contradict each other: VMs %u and %u are to be together and apart",
		g->rule[root_of(g, a)], rule->name, m->vms[a < b ? a : b]->id,
		m->vms[a < b ? b : a]->id);
}

static int compare_int(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return x < y ? -1 : x > y;
}

/* Known members, each once, in order of their ids. */
static int32_t known_members(const struct bal_model *m, const struct bal_rule *rule, int32_t *vms)
{
	int32_t n = 0, kept = 0;

	for (size_t i = 0; i < rule->nmembers; i++) {
		int32_t v = bal_find_vm(m, rule->members[i]);

		if (v >= 0)
			vms[n++] = v;
	}
	qsort(vms, (size_t)n, sizeof(*vms), compare_int);
	for (int32_t i = 0; i < n; i++)
		if (!i || vms[i] != vms[i - 1])
			vms[kept++] = vms[i];
	return kept;
}

static int check_apart(struct grouping *g, const struct bal_rule *rule, const int32_t *vms,
		       int32_t n, int32_t *seen, struct pxc_err *err)
{
	int r = 0;

	if (n > g->m->nnodes)
		return pxc_fail(err, PXC_EINVAL,
				"rule %s keeps %d VMs apart, but there are %d nodes", rule->name, n,
				g->m->nnodes);
	for (int32_t i = 0; i < n && r == 0; i++) {
		int32_t root = root_of(g, vms[i]);

		if (seen[root])
			r = contradiction(g, rule, seen[root] - 1, vms[i], err);
		seen[root] = vms[i] + 1;
	}
	for (int32_t i = 0; i < n; i++)
		seen[root_of(g, vms[i])] = 0;
	return r;
}

static double soft_price(const struct bal_model *m, const int32_t *vms, int32_t n)
{
	double sum = 0;

	for (int32_t i = 0; i < n; i++)
		sum += bal_move_cost(m, m->vms[vms[i]]);
	return SOFT_MOVES * sum / n;
}

/* For the order of moves, where the members of an item go one by one. */
static void index_vm_rules(struct bal_model *m, int32_t (*pair)[2], size_t n)
{
	m->vm_rule = arena_alloc(&m->arena, ((size_t)m->nvms + 2) * sizeof(*m->vm_rule));
	m->vm_rules = arena_alloc(&m->arena, (n + 1) * sizeof(*m->vm_rules));
	for (size_t i = 0; i < n; i++)
		m->vm_rule[pair[i][0] + 2]++;
	for (int32_t v = 2; v <= m->nvms + 1; v++)
		m->vm_rule[v] += m->vm_rule[v - 1];
	for (size_t i = 0; i < n; i++)
		m->vm_rules[m->vm_rule[pair[i][0] + 1]++] = pair[i][1];
}

/* Rules that count members by node: which item is in which, in two passes over the same pairs. */
static int add_counts(struct grouping *g, struct pxc_err *err)
{
	struct bal_model *m = g->m;
	const struct bal_cluster *c = m->cluster;
	size_t most = 0, pairs = 0, apart = 0;
	auto_free int32_t *vms = NULL, *seen = NULL;
	auto_free int32_t(*pair)[2] = NULL;
	auto_free int32_t(*hard)[2] = NULL;

	for (size_t i = 0; i < c->nrules; i++) {
		most = c->rules[i].nmembers > most ? c->rules[i].nmembers : most;
		pairs += c->rules[i].nmembers;
	}
	vms = pxc_calloc(most + 1, sizeof(*vms));
	seen = pxc_calloc((size_t)m->nvms + 1, sizeof(*seen));
	pair = pxc_calloc(pairs + 1, sizeof(*pair));
	hard = pxc_calloc(pairs + 1, sizeof(*hard));
	m->counts = arena_alloc(&m->arena, (c->nrules + 1) * sizeof(*m->counts));
	m->base_count = arena_alloc(&m->arena,
				    (c->nrules + 1) * (size_t)(m->nnodes + 1) * sizeof(uint16_t));
	m->item_rules = arena_alloc(&m->arena, (pairs + 1) * sizeof(*m->item_rules));
	pairs = 0;
	for (size_t i = 0; i < c->nrules; i++) {
		const struct bal_rule *rule = &c->rules[i];
		int32_t n;

		if (rule->type == BAL_TOGETHER && rule->hard)
			continue;
		n = known_members(m, rule, vms);
		if (n < 2)
			continue;
		if (rule->type == BAL_APART && rule->hard &&
		    check_apart(g, rule, vms, n, seen, err) < 0)
			return -1;
		m->counts[m->ncounts] =
			(struct bal_count){ rule->name, rule->hard, rule->type == BAL_TOGETHER,
					    rule->hard ? 0 : soft_price(m, vms, n) };
		for (int32_t k = 0; k < n; k++) {
			int32_t item = m->vm_item[vms[k]];

			if (rule->hard) {
				hard[apart][0] = vms[k];
				hard[apart++][1] = m->ncounts;
			}
			if (item < 0) {
				m->base_count[m->ncounts * m->nnodes + m->vm_node[vms[k]]]++;
			} else if (seen[item] != m->ncounts + 1) {
				seen[item] = m->ncounts + 1; /* an item counts once */
				pair[pairs][0] = item;
				pair[pairs++][1] = m->ncounts;
				m->items[item].nrules++;
			}
		}
		for (int32_t k = 0; k < n; k++)
			if (m->vm_item[vms[k]] >= 0)
				seen[m->vm_item[vms[k]]] = 0;
		m->ncounts++;
	}
	index_vm_rules(m, hard, apart);
	for (int32_t i = 1; i < m->nitems; i++)
		m->items[i].rule = m->items[i - 1].rule + m->items[i - 1].nrules;
	for (int32_t i = 0; i < m->nitems; i++)
		m->items[i].nrules = 0;
	for (size_t i = 0; i < pairs; i++) {
		struct bal_item *it = &m->items[pair[i][0]];

		m->item_rules[it->rule + it->nrules++] = pair[i][1];
	}
	return 0;
}

int bal_rules_init(struct bal_model *m, struct pxc_err *err)
{
	size_t nvms = (size_t)m->nvms + 1;
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct grouping g = { .m = m };

	m->words = (m->nnodes + 63) / 64;
	m->items = arena_alloc(&m->arena, nvms * sizeof(*m->items));
	m->members = arena_alloc(&m->arena, nvms * sizeof(*m->members));
	m->vm_item = arena_alloc(&m->arena, nvms * sizeof(*m->vm_item));
	m->classes = arena_alloc(&m->arena, nvms * (size_t)(m->words + 1) * sizeof(*m->classes));
	g.root = arena_alloc(&arena, nvms * sizeof(*g.root));
	g.rule = arena_alloc(&arena, nvms * sizeof(*g.rule));
	g.open = arena_alloc(&arena, (size_t)(m->words + 1) * sizeof(*g.open));
	g.set = arena_alloc(&arena, (size_t)(m->words + 1) * sizeof(*g.set));
	g.wide = arena_alloc(&arena, (size_t)(m->words + 1) * sizeof(*g.wide));
	g.nslots = 2 * nvms + 1;
	g.slots = arena_alloc(&arena, g.nslots * sizeof(*g.slots));
	g.nallowed = SIZE_MAX;
	for (int32_t v = 0; v < m->nvms; v++)
		g.root[v] = v;
	for (int32_t n = 0; n < m->nnodes; n++)
		if (m->nodes[n]->accepts && !m->nodes[n]->drain)
			g.open[n / 64] |= (uint64_t)1 << (n % 64);
	join_together(&g);
	return add_items(&g, err) < 0 || add_counts(&g, err) < 0 ? -1 : 0;
}
