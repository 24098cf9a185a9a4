/* SPDX-License-Identifier: GPL-3.0-or-later */
/* model.c - from the caller's arrays to nodes and VMs in one order, their limits and their weight in F. */
#include "base/mem.h"
#include "base/str.h"
#include "cloud/balance/parts.h"

/* What a migration costs beside its bytes: as much as so many MiB. */
#define MOVE_MIB 1024
#define MAX_MIB ((int64_t)1 << 40)
#define MAX_NODES 16384

void bal_leave(struct bal_left_list *list, struct pxc_arena *arena, struct bal_left row)
{
	if (list->n == list->cap) {
		struct bal_left *rows;

		list->cap = list->cap ? 2 * list->cap : 16;
		rows = arena_alloc(arena, list->cap * sizeof(*rows));
		if (list->n)
			memcpy(rows, list->rows, list->n * sizeof(*rows));
		list->rows = rows;
	}
	list->rows[list->n++] = row;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct bal_node *const *)a)->name,
		      (*(const struct bal_node *const *)b)->name);
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = (*(const struct bal_vm *const *)a)->id,
		 y = (*(const struct bal_vm *const *)b)->id;

	return x < y ? -1 : x > y;
}

int32_t bal_find_node(const struct bal_model *m, const char *name)
{
	const struct bal_node key = { .name = name }, *pkey = &key;
	const struct bal_node **found =
		name ? bsearch(&pkey, m->nodes, (size_t)m->nnodes, sizeof(*m->nodes), by_name)
		     : NULL;

	return found ? (int32_t)(found - m->nodes) : -1;
}

int32_t bal_find_vm(const struct bal_model *m, uint32_t id)
{
	const struct bal_vm key = { .id = id }, *pkey = &key;
	const struct bal_vm **found =
		bsearch(&pkey, m->vms, (size_t)m->nvms, sizeof(*m->vms), by_id);

	return found ? (int32_t)(found - m->vms) : -1;
}

static bool sane(int64_t value)
{
	return value >= 0 && value <= MAX_MIB;
}

static int check_params(const struct bal_params *p, struct pxc_err *err)
{
	if (p->tolerance_ppm < 0 || p->tolerance_ppm > BAL_PPM)
		return pxc_fail(err, PXC_EINVAL,
				"the tolerance is to be between 0 and 100 percent");
	if (!(p->weight_mem >= 0 && p->weight_mem <= 1e6 && p->weight_cpu >= 0 &&
	      p->weight_cpu <= 1e6 && p->weight_mem + p->weight_cpu > 0))
		return pxc_fail(
			err, PXC_EINVAL,
			"the weights of memory and cores are to be 0 to 1000000, and not both 0");
	if (!sane(p->steady_ppm) || !sane(p->transient_ppm) || !sane(p->overcommit_cpu_ppm))
		return pxc_fail(err, PXC_EINVAL,
				"the head-rooms and the over-commit must not be negative");
	if (!p->max_in || !p->max_out)
		return pxc_fail(err, PXC_EINVAL,
				"at least one migration into and out of a node must be allowed");
	return 0;
}

static int take_nodes(struct bal_model *m, struct pxc_err *err)
{
	const struct bal_cluster *c = m->cluster;

	if (c->nnodes > MAX_NODES || c->nvms > INT32_MAX / 4)
		return pxc_fail(err, PXC_EINVAL, "too many nodes or VMs for one plan");
	m->nnodes = (int32_t)c->nnodes;
	m->nodes = arena_alloc(&m->arena, (c->nnodes + 1) * sizeof(*m->nodes));
	for (size_t i = 0; i < c->nnodes; i++) {
		const struct bal_node *n = &c->nodes[i];

		if (!sane(n->mem) || !n->mem || !sane(n->cpu) || !n->cpu || !sane(n->base_mem) ||
		    !sane(n->base_cpu))
			return pxc_fail(err, PXC_EINVAL,
					"node %s: its memory and cores are not known", n->name);
		m->nodes[i] = n;
	}
	qsort(m->nodes, c->nnodes, sizeof(*m->nodes), by_name);
	for (size_t i = 1; i < c->nnodes; i++)
		if (str_eq(m->nodes[i - 1]->name, m->nodes[i]->name))
			return pxc_fail(err, PXC_EINVAL, "there are two nodes %s",
					m->nodes[i]->name);
	return 0;
}

static int take_vms(struct bal_model *m, struct pxc_err *err)
{
	const struct bal_cluster *c = m->cluster;

	m->nvms = (int32_t)c->nvms;
	m->vms = arena_alloc(&m->arena, (c->nvms + 1) * sizeof(*m->vms));
	m->vm_node = arena_alloc(&m->arena, (c->nvms + 1) * sizeof(*m->vm_node));
	for (size_t i = 0; i < c->nvms; i++)
		m->vms[i] = &c->vms[i];
	qsort(m->vms, c->nvms, sizeof(*m->vms), by_id);
	for (int32_t i = 0; i < m->nvms; i++) {
		const struct bal_vm *vm = m->vms[i];

		if (i && m->vms[i - 1]->id == vm->id)
			return pxc_fail(err, PXC_EINVAL, "there are two VMs %u", vm->id);
		if (!sane(vm->mem) || !sane(vm->cpu) || !sane(vm->vcpu) || !sane(vm->wire))
			return pxc_fail(err, PXC_EINVAL, "VM %u: its size is out of range", vm->id);
		m->vm_node[i] = bal_find_node(m, vm->node);
		if (vm->node && m->vm_node[i] < 0)
			return pxc_fail(err, PXC_EINVAL, "VM %u: there is no node %s", vm->id,
					vm->node);
		if (!vm->node && !m->placing)
			return pxc_fail(err, PXC_EINVAL, "VM %u is on no node yet", vm->id);
	}
	return 0;
}

void bal_vm_load(const struct bal_vm *vm, int64_t load[LOADS], int64_t times)
{
	load[MEM] += times * vm->mem;
	load[CPU] += times * vm->cpu;
	load[VCPU] += times * vm->vcpu;
}

static int64_t share_of(int64_t capacity, int64_t ppm)
{
	return (int64_t)((__int128)capacity * ppm / BAL_PPM);
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Limits: where more is in use than they say, no more than that. */
static void set_limits(struct bal_model *m)
{
	const struct bal_params *p = &m->params;
	size_t n = (size_t)m->nnodes + 1;
	int64_t(*now)[LOADS] = arena_alloc(&m->arena, n * sizeof(*now));

	m->base = arena_alloc(&m->arena, n * sizeof(*m->base));
	m->limit = arena_alloc(&m->arena, n * sizeof(*m->limit));
	m->transit = arena_alloc(&m->arena, n * sizeof(*m->transit));
	for (int32_t i = 0; i < m->nnodes; i++) {
		m->base[i][MEM] = m->nodes[i]->base_mem;
		m->base[i][CPU] = m->base[i][VCPU] = m->nodes[i]->base_cpu;
	}
	memcpy(now, m->base, n * sizeof(*now));
	for (int32_t v = 0; v < m->nvms; v++)
		if (m->vm_node[v] >= 0)
			bal_vm_load(m->vms[v], now[m->vm_node[v]], 1);
	for (int32_t i = 0; i < m->nnodes; i++) {
		const struct bal_node *node = m->nodes[i];

		m->limit[i][MEM] = larger(share_of(node->mem, p->steady_ppm), now[i][MEM]);
		m->limit[i][CPU] = larger(share_of(node->cpu, p->steady_ppm), now[i][CPU]);
		m->limit[i][VCPU] =
			larger(share_of(node->cpu, p->overcommit_cpu_ppm), now[i][VCPU]);
		m->transit[i][MEM] = share_of(node->mem, p->transient_ppm);
		m->transit[i][CPU] = larger(share_of(node->cpu, p->transient_ppm), now[i][CPU]);
		m->transit[i][VCPU] = m->limit[i][VCPU];
	}
}

/* Nodes that are drained are no part of F: neither their load, as far as it leaves, nor their capacity. */
static void set_weights(struct bal_model *m)
{
	const double weight[PRICED] = { m->params.weight_mem, m->params.weight_cpu };
	const double tolerance = (double)m->params.tolerance_ppm / BAL_PPM;
	size_t n = (size_t)m->nnodes + 1;
	double capacity[PRICED] = { 0 };
	int64_t load[LOADS] = { 0 };

	m->factor = arena_alloc(&m->arena, n * sizeof(*m->factor));
	m->mean = arena_alloc(&m->arena, n * sizeof(*m->mean));
	for (int32_t i = 0; i < m->nnodes; i++) {
		if (m->nodes[i]->drain)
			continue;
		capacity[MEM] += (double)m->nodes[i]->mem;
		capacity[CPU] += (double)m->nodes[i]->cpu;
		for (int r = 0; r < LOADS; r++)
			load[r] += m->base[i][r];
	}
	for (int32_t v = 0; v < m->nvms; v++)
		if (!m->vms[v]->stays || m->vm_node[v] < 0 || !m->nodes[m->vm_node[v]]->drain)
			bal_vm_load(m->vms[v], load, 1);
	for (int32_t i = 0; i < m->nnodes; i++) {
		const double own[PRICED] = { (double)m->nodes[i]->mem, (double)m->nodes[i]->cpu };

		for (int r = 0; r < PRICED && !m->nodes[i]->drain; r++) {
			m->factor[i][r] = weight[r] / (capacity[r] * own[r]);
			m->mean[i][r] = (double)load[r] * own[r] / capacity[r];
		}
	}
	m->lambda = 2 * tolerance;
	m->memory = capacity[MEM] > 0 ? capacity[MEM] : 1;
	/* What is gained when nodes half the tolerance off become even. */
	m->hysteresis = (weight[MEM] + weight[CPU]) * tolerance * tolerance / 4;
}

double bal_move_cost(const struct bal_model *m, const struct bal_vm *vm)
{
	return m->lambda * (double)(vm->wire + MOVE_MIB) / m->memory;
}

static int init(struct bal_model *m, const struct bal_cluster *c, bool placing, struct pxc_err *err)
{
	*m = (struct bal_model){ .cluster = c, .params = c->params, .placing = placing };
	if (check_params(&m->params, err) < 0 || take_nodes(m, err) < 0 || take_vms(m, err) < 0)
		return -1;
	set_limits(m);
	set_weights(m);
	return bal_rules_init(m, err);
}

int bal_model_init(struct bal_model *m, const struct bal_cluster *c, struct pxc_err *err)
{
	return init(m, c, false, err);
}

int bal_model_init_placing(struct bal_model *m, const struct bal_cluster *c, struct pxc_err *err)
{
	return init(m, c, true, err);
}

void bal_model_release(struct bal_model *m)
{
	arena_release(&m->arena);
}
