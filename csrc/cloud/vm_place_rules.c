/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What affinity groups, and the HA rules beside them, have to say when VMs are placed or moved. */
#include <stdlib.h>

#include "base/str.h"
#include "cloud/vm_placing.h"

static int vmid_order(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static bool has_member(const struct bal_rule *r, uint32_t vmid)
{
	for (size_t i = 0; i < r->nmembers; i++)
		if (r->members[i] == vmid)
			return true;
	return false;
}

const struct affinity_bound *vm_bound(const struct vm_placing *p, const struct vm_case *c)
{
	return p->rules.nbounds ? bsearch(&c->vmid, p->rules.bounds, p->rules.nbounds,
					  sizeof(*p->rules.bounds), vmid_order)
				: NULL;
}

static bool is_in(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], name))
			return true;
	return false;
}

bool vm_bound_allows(const struct affinity_bound *b, bool relaxed, const char *node)
{
	if (!b)
		return true;
	return relaxed ? b->nmust == 0 || is_in(b->must, b->nmust, node)
		       : is_in(b->nodes, b->nnodes, node);
}

/* Where a guest is, or will be. */
static const char *node_of(const struct vm_placing *p, uint32_t vmid)
{
	const struct world_guest *g;

	for (size_t i = 0; i < p->ncases; i++)
		if (p->cases[i].vmid == vmid && !p->cases[i].spec->absent)
			return p->cases[i].have && p->cases[i].spec->node ? p->cases[i].spec->node
									  : p->cases[i].node;
	g = world_guest(p->w, vmid);
	return g ? g->node : NULL;
}

/* The first member that is, or is not, where the VM would be. */
const char *vm_rule_refuses(const struct vm_placing *p, const struct vm_case *c, const char *node)
{
	for (size_t i = 0; i < p->rules.nrules; i++) {
		const struct bal_rule *r = &p->rules.rules[i];

		if (!r->hard || !has_member(r, c->vmid))
			continue;
		for (size_t k = 0; k < r->nmembers; k++) {
			const char *at =
				r->members[k] == c->vmid ? NULL : node_of(p, r->members[k]);

			if (at && str_eq(at, node) == (r->type == BAL_APART))
				return arena_printf(p->arena, "%s member %u of rule %s",
						    r->type == BAL_APART ? "has" : "does not have",
						    r->members[k], r->name);
		}
	}
	return NULL;
}

bool vm_place_concerns(const struct vm_case *c)
{
	return !c->spec->absent && (!c->have || vm_moves(c->spec, c->have));
}

/* Rules between others do not matter here. */
static void keep_ours(struct vm_placing *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->rules.nrules; i++)
		for (size_t k = 0; k < p->ncases; k++)
			if (vm_place_concerns(&p->cases[k]) &&
			    has_member(&p->rules.rules[i], p->cases[k].vmid)) {
				p->rules.rules[n++] = p->rules.rules[i];
				break;
			}
	p->rules.nrules = n;
}

/* Only where a VM that is placed, or moved, is in a group: a contradiction among others is none of its business. */
int vm_place_rules(struct vm_placing *p, struct pxc_err *err)
{
	const struct vm_affinity *a = p->ncases ? p->cases[0].affinity : NULL;
	bool any = false;

	for (size_t i = 0, k = 0; a && i < p->ncases && k < a->nknown; i++) {
		if (p->cases[i].vmid != a->known[k].vmid)
			continue;
		any = any || (vm_place_concerns(&p->cases[i]) && a->known[k].groups &&
			      a->known[k].groups[0]);
		k++;
	}
	if (!any)
		return 0;
	if (affinity_rules(p->w, p->w->ha, &a->groups, a->known, a->nknown, p->arena, &p->rules,
			   err) < 0)
		return -1;
	keep_ours(p);
	return 0;
}

const char *vm_rules_refuse(const struct vm_case *c, const char *node)
{
	const struct vm_placing *p = c->placing;
	const struct affinity_bound *b = p ? vm_bound(p, c) : NULL;

	if (!p)
		return NULL;
	if (!vm_bound_allows(b, true, node))
		return arena_printf(p->arena, "%s is not among the nodes of %s", node, b->rule);
	if (!vm_rule_refuses(p, c, node))
		return NULL;
	return arena_printf(p->arena, "%s %s", node, vm_rule_refuses(p, c, node));
}
