/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * balance_plan.c - the planner of balance.h on a cluster in JSON, for benches and checkers.
 *
 *	balance_plan [--place] [FILE]		a cluster from the file, or from stdin
 *
 * Prints the plan as one JSON object, and on stderr the seconds of each phase. --place: nodes for the VMs that have none.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "cloud/balance/balance.h"

static const char *const phases[] = { "model", "plan", "order", "bound" };

struct input {
	json_t *root;
	struct pxc_arena arena;
	struct bal_cluster cluster;
	struct timespec last;
	double seconds[4];
};

static int64_t number(const json_t *o, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v)
	       : json_is_real(v)  ? (int64_t)json_real_value(v)
				  : otherwise;
}

static double real(const json_t *o, const char *key, double otherwise)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : otherwise;
}

static bool truth(const json_t *o, const char *key, bool otherwise)
{
	const json_t *v = json_object_get(o, key);

	return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void read_params(struct bal_params *p, const json_t *o)
{
	p->tolerance_ppm = number(o, "tolerance_ppm", 50000);
	p->weight_mem = real(o, "weight_mem", 1);
	p->weight_cpu = real(o, "weight_cpu", 1);
	p->steady_ppm = number(o, "steady_ppm", 950000);
	p->transient_ppm = number(o, "transient_ppm", 980000);
	p->overcommit_cpu_ppm = number(o, "overcommit_cpu_ppm", 4000000);
	p->max_in = (unsigned)number(o, "max_in", 2);
	p->max_out = (unsigned)number(o, "max_out", 2);
	p->max_moves = (unsigned)number(o, "max_moves", 0);
	p->max_node_moves = (unsigned)number(o, "max_node_moves", 0);
	p->seed = (uint64_t)number(o, "seed", 1);
}

static void read_nodes(struct input *in, const json_t *list)
{
	struct bal_node *nodes =
		arena_alloc(&in->arena, (json_array_size(list) + 1) * sizeof(*nodes));

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		nodes[i] = (struct bal_node){ text(o, "name"),          number(o, "mem", 0),
					      number(o, "cpu", 0),      number(o, "base_mem", 0),
					      number(o, "base_cpu", 0), truth(o, "accepts", true),
					      truth(o, "drain", false) };
	}
	in->cluster.nodes = nodes;
	in->cluster.nnodes = json_array_size(list);
}

static void read_vms(struct input *in, const json_t *list)
{
	struct bal_vm *vms = arena_alloc(&in->arena, (json_array_size(list) + 1) * sizeof(*vms));

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i), *allowed = json_object_get(o, "allowed");

		vms[i] = (struct bal_vm){ .id = (uint32_t)number(o, "id", 0),
					  .node = json_string_value(json_object_get(o, "node")),
					  .mem = number(o, "mem", 0),
					  .cpu = number(o, "cpu", 0),
					  .vcpu = number(o, "vcpu", 0),
					  .wire = number(o, "wire", 0),
					  .stays = truth(o, "movable", true) ? NULL
									     : "it must stay" };
		if (json_is_array(allowed)) {
			size_t n = json_array_size(allowed);
			const char **names = arena_alloc(&in->arena, (n + 1) * sizeof(*names));

			for (size_t k = 0; k < n; k++)
				names[k] = json_string_value(json_array_get(allowed, k));
			vms[i].allowed = names;
			vms[i].nallowed = n;
		}
	}
	in->cluster.vms = vms;
	in->cluster.nvms = json_array_size(list);
}

static void read_rules(struct input *in, const json_t *list)
{
	struct bal_rule *rules =
		arena_alloc(&in->arena, (json_array_size(list) + 1) * sizeof(*rules));

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i), *members = json_object_get(o, "members");
		size_t n = json_array_size(members);
		uint32_t *ids = arena_alloc(&in->arena, (n + 1) * sizeof(*ids));

		for (size_t k = 0; k < n; k++)
			ids[k] = (uint32_t)json_integer_value(json_array_get(members, k));
		rules[i] =
			(struct bal_rule){ text(o, "name"),
					   strcmp(text(o, "type"), "together") == 0 ? BAL_TOGETHER
										    : BAL_APART,
					   truth(o, "hard", true), ids, n };
	}
	in->cluster.rules = rules;
	in->cluster.nrules = json_array_size(list);
}

static json_t *moves_json(const struct bal_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->nmoves; i++) {
		const struct bal_move *m = &plan->moves[i];
		json_t *after = json_array();

		for (size_t k = 0; k < m->nstarts_after; k++)
			json_array_append_new(after, json_integer((json_int_t)m->starts_after[k]));
		json_array_append_new(list, json_pack("{s:i,s:s,s:s,s:b,s:s,s:I,s:I,s:o}", "vm",
						      (int)m->vm, "from", m->from, "to", m->to,
						      "bounce", (int)m->bounce, "why", m->why,
						      "gain_ppm", (json_int_t)m->gain, "wire",
						      (json_int_t)m->wire, "starts_after", after));
	}
	return list;
}

static json_t *left_json(const struct bal_left *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:i,s:s,s:s}", "vm", (int)rows[i].vm,
						      "node", rows[i].node, "why", rows[i].why));
	return list;
}

static json_t *shares_json(const struct bal_plan *plan, bool after)
{
	json_t *o = json_object();

	for (size_t i = 0; i < plan->nshares; i++) {
		const struct bal_share *s = &plan->shares[i];

		json_object_set_new(o, s->node,
				    json_pack("{s:I,s:I}", "mem_ppm",
					      (json_int_t)(after ? s->mem_after : s->mem_before),
					      "cpu_ppm",
					      (json_int_t)(after ? s->cpu_after : s->cpu_before)));
	}
	return o;
}

static void print_plan(const struct bal_plan *plan)
{
	json_t *o = json_pack("{s:o,s:o,s:o,s:f,s:f,s:f,s:I,s:o,s:o}", "moves", moves_json(plan),
			      "before", shares_json(plan, false), "after", shares_json(plan, true),
			      "f0", plan->f0, "f", plan->f, "lower_bound", plan->bound,
			      "captured_ppm", (json_int_t)plan->captured_ppm, "dropped",
			      left_json(plan->dropped, plan->ndropped), "unmovable",
			      left_json(plan->unmovable, plan->nunmovable));

	if (plan->stuck)
		json_object_set_new(o, "stuck", json_string(plan->stuck));
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static void count_phase(void *context, const char *name)
{
	struct input *in = context;
	struct timespec now;
	size_t i = 0;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while (i + 1 < ARRAY_SIZE(phases) && strcmp(phases[i], name) != 0)
		i++;
	in->seconds[i] += (double)(now.tv_sec - in->last.tv_sec) +
			  (double)(now.tv_nsec - in->last.tv_nsec) / 1e9;
	in->last = now;
}

static int plan(struct input *in, struct pxc_err *err)
{
	struct bal_plan plan;

	if (bal_plan(&in->cluster, &plan, err) < 0)
		return -1;
	print_plan(&plan);
	bal_plan_release(&plan);
	return 0;
}

static int place(struct input *in, struct pxc_err *err)
{
	const struct bal_cluster *c = &in->cluster;
	struct bal_placement placement;
	json_t *nodes = json_object(), *refused = json_array(), *o;

	if (bal_place(c, &placement, err) < 0) {
		json_decref(nodes);
		json_decref(refused);
		return -1;
	}
	for (size_t i = 0; i < c->nvms; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "%u", c->vms[i].id);
		json_object_set_new(nodes, id,
				    placement.nodes[i] ? json_string(placement.nodes[i])
						       : json_null());
	}
	for (size_t i = 0; i < placement.nrefused; i++) {
		const struct bal_refused *row = &placement.refused[i];

		json_array_append_new(refused, json_pack("{s:i,s:s,s:s}", "vm", (int)row->vm,
							 "node", row->node, "why", row->why));
	}
	o = json_pack("{s:o,s:o}", "nodes", nodes, "refused", refused);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
	bal_placement_release(&placement);
	return 0;
}

int main(int argc, char **argv)
{
	struct input in = { .root = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	bool placing = argc > 1 && strcmp(argv[1], "--place") == 0;
	const char *file = argv[1 + placing];
	json_error_t where;
	int r;

	pxc_mem_init();
	in.root = file ? json_load_file(file, 0, &where) : json_loadf(stdin, 0, &where);
	if (!in.root) {
		fprintf(stderr, "balance_plan: line %d: %s\n", where.line, where.text);
		return 1;
	}
	read_params(&in.cluster.params, json_object_get(in.root, "params"));
	read_nodes(&in, json_object_get(in.root, "nodes"));
	read_vms(&in, json_object_get(in.root, "vms"));
	read_rules(&in, json_object_get(in.root, "rules"));
	in.cluster.phase = count_phase;
	in.cluster.context = &in;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &in.last);
	r = placing ? place(&in, &err) : plan(&in, &err);
	if (r < 0)
		fprintf(stderr, "balance_plan: %s\n", err.msg);
	else
		for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
			fprintf(stderr, "%s %.6f\n", phases[i], in.seconds[i]);
	arena_release(&in.arena);
	json_decref(in.root);
	return r < 0;
}
