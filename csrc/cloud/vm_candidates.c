/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a new VM is where it is, for people: what each node has against it, or how well it fits there. */
#include "base/mem.h"
#include "base/str.h"
#include "cloud/vm_placing.h"

#define ENTRIES_SHOWN 200 /* of a batch, unless more is asked for */

/* By how much the node would become fuller than even: what the engine would weigh for this VM alone. */
static double burden(const struct vm_placing *p, const struct site *s, const struct vm_shape *shape)
{
	double mem = (double)shape->ram_mb, cpu = (double)shape->cores * CORE;
	double all_mem = 0, all_cpu = 0;

	for (size_t i = 0; i < p->nsites; i++) {
		all_mem += (double)p->sites[i].mem;
		all_cpu += (double)p->sites[i].cpu;
	}
	return mem * (2 * (double)s->used_mem + mem) / ((double)s->mem * all_mem) +
	       cpu * (2 * (double)s->used_cpu + cpu) / ((double)s->cpu * all_cpu);
}

struct candidate {
	struct site site; /* without the VM */
	const char *why;  /* not; NULL = it could */
	double burden;
};

static struct candidate candidate_of(const struct vm_placing *p, size_t i, const struct site *at)
{
	const struct vm_case *c = p->who[i];
	const struct affinity_bound *b = vm_bound(p, c);
	struct candidate x = { *at, vm_site_unusable(c, at), 0 };

	if (str_eq(at->node->name, c->node)) {
		x.site.used_mem -= p->shapes[i].ram_mb;
		x.site.used_cpu -= p->shapes[i].cores * CORE;
		x.why = NULL;
	} else if (!x.why && !vm_bound_allows(b, p->relaxed[i], at->node->name))
		x.why = arena_printf(p->arena, "is not among the nodes of %s", b->rule);
	else if (!x.why)
		x.why = vm_rule_refuses(p, c, at->node->name);
	if (!x.why && !c->spec->node &&
	    (x.site.used_mem + p->shapes[i].ram_mb > x.site.mem ||
	     x.site.used_cpu + p->shapes[i].cores * CORE > x.site.cpu)) {
		auto_buf struct pxc_buf text = { .data = NULL };

		vm_say_room(&text, at, &p->shapes[i]);
		x.why = arena_strdup(p->arena, buf_str(&text));
	}
	if (!x.why)
		x.burden = burden(p, &x.site, &p->shapes[i]);
	return x;
}

json_t *vm_candidates(const struct vm_case *c)
{
	const struct vm_placing *p = c->placing;
	struct candidate *list;
	json_t *ret;
	size_t i = 0;

	if (!p || c->have || (p->n * p->nsites > ENTRIES_SHOWN && !c->batch->verbose))
		return NULL;
	while (p->who[i] != c)
		i++;
	list = arena_alloc(p->arena, p->nsites * sizeof(*list));
	ret = json_array();
	for (size_t k = 0; k < p->nsites; k++)
		list[k] = candidate_of(p, i, &p->sites[k]);
	for (size_t k = 0; k < p->nsites; k++) {
		json_t *o = json_pack("{s:s}", "node", list[k].site.node->name);
		int rank = 1;

		for (size_t m = 0; m < p->nsites; m++)
			rank += !list[m].why && list[m].burden < list[k].burden;
		if (list[k].why)
			(void)json_object_set_new(o, "why", json_string(list[k].why));
		else
			(void)json_object_set_new(o, "rank", json_integer(rank));
		(void)json_array_append_new(ret, o);
	}
	return ret;
}
