/* SPDX-License-Identifier: GPL-3.0-or-later */
/* worlds.h - made-up clusters for tests of the balancer: the same number gives the same cluster. */
#pragma once

#include <stdio.h>

#include "cloud/balance/parts.h"

#define WORLD_NODES 8
#define WORLD_VMS 80
#define WORLD_RULES 6

struct world {
	struct bal_cluster c;
	struct bal_node nodes[WORLD_NODES];
	struct bal_vm vms[WORLD_VMS];
	struct bal_rule rules[WORLD_RULES];
	uint32_t members[WORLD_RULES][3];
	char names[WORLD_NODES][32];
	const char *few[2];
	struct bal_random random;
};

static inline int64_t world_up_to(struct world *w, int64_t n)
{
	return (int64_t)(bal_next(&w->random) % (uint64_t)n);
}

/* Nodes of 64 or 96 GiB; most VMs start on the first half of them, as far as they fit. */
static inline void world_make(struct world *w, uint64_t seed, size_t nnodes, size_t nvms)
{
	int64_t used[WORLD_NODES] = { 0 };

	*w = (struct world){ .random = { seed * 7919 + 12345 } };
	w->c = (struct bal_cluster){ .params = { 50000, 1, 1, 950000, 980000, 4000000, 2, 2, 0, 0,
						 1 },
				     .nodes = w->nodes,
				     .nnodes = nnodes,
				     .vms = w->vms,
				     .nvms = nvms,
				     .rules = w->rules };
	for (size_t i = 0; i < nnodes; i++) {
		(void)snprintf(w->names[i], sizeof(w->names[i]), "pve%zu", i + 1);
		w->nodes[i] = (struct bal_node){
			w->names[i], 65536 + 32768 * (int64_t)(i % 2), 32000, 2048, 500, true, false
		};
		used[i] = 2048;
	}
	w->few[0] = w->names[0];
	w->few[1] = w->names[nnodes - 1];
	for (size_t i = 0; i < nvms; i++) {
		struct bal_vm *vm = &w->vms[i];
		size_t n = (size_t)world_up_to(w, (int64_t)(i % 3 ? (nnodes + 1) / 2 : nnodes));

		*vm = (struct bal_vm){ .id = (uint32_t)(100 + i),
				       .mem = 512 + world_up_to(w, 2500),
				       .cpu = 50 + world_up_to(w, 900) };
		for (size_t k = 0; k < nnodes && used[n] + vm->mem > w->nodes[n].mem * 9 / 10; k++)
			n = (n + 1) % nnodes;
		vm->node = w->names[n];
		vm->vcpu = vm->cpu * 2;
		vm->wire = vm->mem;
		vm->stays = world_up_to(w, 20) ? NULL : "it is a container";
		used[n] += vm->mem;
		if (world_up_to(w, 15) == 0 && (n == 0 || n == nnodes - 1)) {
			vm->allowed = w->few;
			vm->nallowed = 2;
		}
	}
}

/* All nodes so full of memory, in thousandths, by load that stays: hardly a VM finds room at once. */
static inline void world_fill(struct world *w, int64_t thousandths)
{
	for (size_t n = 0; n < w->c.nnodes; n++) {
		int64_t used = w->nodes[n].base_mem;

		for (size_t i = 0; i < w->c.nvms; i++)
			used += strcmp(w->vms[i].node, w->names[n]) == 0 ? w->vms[i].mem : 0;
		w->nodes[n].base_mem += w->nodes[n].mem * thousandths / 1000 - used;
	}
}

/* Some VMs apart and some together, hard and soft, whatever holds now. */
static inline void world_rules(struct world *w)
{
	static const char *const names[WORLD_RULES] = { "r0", "r1", "r2", "r3", "r4", "r5" };

	w->c.nrules = WORLD_RULES;
	for (size_t i = 0; i < WORLD_RULES; i++) {
		for (size_t k = 0; k < 3; k++)
			w->members[i][k] = (uint32_t)(100 + 3 * i + k);
		w->rules[i] = (struct bal_rule){ names[i], i % 3 == 2 ? BAL_TOGETHER : BAL_APART,
						 i < 4, w->members[i], i % 3 == 2 ? 2 : 3 };
	}
}
