/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_show.c - what a task says: nodes before and after, how good the plan is, and who cannot move. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/rebalance_parts.h"

#define PERCENT(ppm) (round((double)(ppm) / 1000) / 10) /* of millionths, one decimal */

static unsigned vms_on(const struct bal_cluster *c, const char *node)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->nvms; i++)
		n += str_eq(c->vms[i].node, node);
	return n;
}

/* What the moves change about the number of VMs there. */
static int arrivals(const struct bal_plan *plan, const char *node)
{
	int n = 0;

	for (size_t i = 0; i < plan->nmoves; i++)
		n += str_eq(plan->moves[i].to, node) - str_eq(plan->moves[i].from, node);
	return n;
}

static json_t *nodes_of(const struct rebalance_world *bw)
{
	json_t *list = json_array();

	for (size_t i = 0; i < bw->plan.nshares; i++) {
		const struct bal_share *s = &bw->plan.shares[i];
		int vms = (int)vms_on(&bw->cluster, s->node);

		(void)json_array_append_new(
			list, json_pack("{s:s,s:f,s:f,s:f,s:f,s:i,s:i,s:b}", "node", s->node,
					"memory_before", PERCENT(s->mem_before), "memory_after",
					PERCENT(s->mem_after), "cpu_before", PERCENT(s->cpu_before),
					"cpu_after", PERCENT(s->cpu_after), "vms_before", vms,
					"vms_after", vms + arrivals(&bw->plan, s->node), "drained",
					rebalance_node(bw, s->node)->drain));
	}
	return list;
}

/* The same as a table of text, for diffs: after = 0 or 1. */
static char *table(const struct rebalance_world *bw, bool after)
{
	struct pxc_buf out = { .data = NULL };

	buf_printf(&out, "%-16s %7s %7s %5s\n", "node", "memory", "cpu", "VMs");
	for (size_t i = 0; i < bw->plan.nshares; i++) {
		const struct bal_share *s = &bw->plan.shares[i];
		int vms = (int)vms_on(&bw->cluster, s->node);

		buf_printf(&out, "%-16s %6.1f%% %6.1f%% %5d\n", s->node,
			   PERCENT(after ? s->mem_after : s->mem_before),
			   PERCENT(after ? s->cpu_after : s->cpu_before),
			   after ? vms + arrivals(&bw->plan, s->node) : vms);
	}
	buf_adds(&out, "");
	return buf_take(&out);
}

static void add_diff(const struct rebalance_world *bw, json_t *diff)
{
	auto_free char *before = table(bw, false), *after = table(bw, true);

	if (!str_eq(before, after))
		(void)json_array_insert_new(diff, 0,
					    json_pack("{s:s,s:s,s:s,s:s}", "before", before,
						      "after", after, "before_header", "nodes",
						      "after_header", "nodes"));
}

/* How far nodes are from the mean, as a standard deviation in points of utilisation, larger nodes counting for more. */
static double spread(const struct rebalance_world *bw, bool cpu, bool after)
{
	double all = 0, sum = 0, squares = 0;

	for (size_t i = 0; i < bw->plan.nshares; i++) {
		const struct bal_share *s = &bw->plan.shares[i];
		const struct bal_node *n = rebalance_node(bw, s->node);
		double size = (double)(cpu ? n->cpu : n->mem);
		double share = (double)(cpu     ? after ? s->cpu_after : s->cpu_before
					: after ? s->mem_after
						: s->mem_before) /
			       BAL_PPM * 100;

		if (n->drain)
			continue;
		all += size;
		sum += size * share;
		squares += size * share * share;
	}
	if (!(all > 0))
		return 0;
	squares = squares / all - sum / all * (sum / all);
	return squares > 0 ? round(sqrt(squares) * 10) / 10 : 0;
}

static json_t *imbalance(const struct rebalance_world *bw)
{
	return json_pack("{s:f,s:f,s:f,s:f}", "memory_before", spread(bw, false, false),
			 "memory_after", spread(bw, false, true), "cpu_before",
			 spread(bw, true, false), "cpu_after", spread(bw, true, true));
}

/* Is there provably nothing to gain that is worth a task? What nodes half the tolerance off would gain by becoming even. */
static bool nothing_to_gain(const struct bal_cluster *c, const struct bal_plan *plan)
{
	double tolerance = (double)c->params.tolerance_ppm / BAL_PPM;
	double weights = c->params.weight_mem + c->params.weight_cpu;

	return plan->nmoves == 0 && plan->f0 - plan->bound <= weights * tolerance * tolerance / 4;
}

static double captured(const struct rebalance_world *bw)
{
	if (nothing_to_gain(&bw->cluster, &bw->plan))
		return 100;
	return bw->plan.captured_ppm > 0 ? floor((double)bw->plan.captured_ppm / 1000) / 10 : 0;
}

static const char *certificate(const struct rebalance_world *bw)
{
	double points = (double)bw->cluster.params.tolerance_ppm / 10000;

	/* Only what must be was looked for. */
	if (points >= 100 && bw->plan.nunmovable == 0)
		return "what must move does, and nothing else was asked for";
	if (points >= 100)
		return arena_printf(bw->arena, "%zu VMs must move and cannot: see unmovable",
				    bw->plan.nunmovable);
	if (nothing_to_gain(&bw->cluster, &bw->plan))
		return arena_printf(bw->arena,
				    "no migration is worth it: no plan gains more than a tolerance "
				    "of %g points is worth",
				    points);
	if (bw->plan.captured_ppm <= 0)
		return "to make room for what must move costs more than there is to gain otherwise";
	return arena_printf(bw->arena,
			    "this plan captures at least %.1f %% of the best possible improvement",
			    captured(bw));
}

static json_t *unmovable(const struct bal_plan *plan)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < plan->nunmovable; i++)
		(void)json_array_append_new(ret, json_string(plan->unmovable[i].why));
	return ret;
}

static json_t *out_of_reach(const struct bal_plan *plan)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < plan->ndropped; i++)
		(void)json_array_append_new(
			ret, json_sprintf("VM %u stays on %s: %s", plan->dropped[i].vm,
					  plan->dropped[i].node, plan->dropped[i].why));
	return ret;
}

static json_t *counts(const json_t *plan)
{
	int moved = 0, dropped = 0, failed = 0, left = 0;
	size_t i;
	json_t *item;

	json_array_foreach (plan, i, item) {
		moved += json_is_true(json_object_get(item, "changed"));
		dropped += json_object_get(item, "dropped") != NULL;
		left += json_object_get(item, "not_begun") != NULL;
		failed += json_is_true(json_object_get(item, "failed"));
	}
	return json_pack("{s:i,s:i,s:i,s:i,s:i}", "planned", (int)json_array_size(plan), "moved",
			 moved, "dropped", dropped, "not_begun", left, "failed", failed);
}

/* Why VMs stay, in short, and how many: what is in brackets behind a reason differs from VM to VM. */
static json_t *staying(const struct rebalance_world *bw)
{
	json_t *ret = json_object();

	for (size_t i = 0; i < bw->cluster.nvms; i++) {
		const char *why = bw->cluster.vms[i].stays, *end = why ? strstr(why, " (") : NULL;
		auto_free char *key = !why  ? NULL
				      : end ? pxc_strndup(why, (size_t)(end - why))
					    : pxc_strdup(why);

		if (key)
			(void)json_object_set_new(
				ret, key,
				json_integer(json_integer_value(json_object_get(ret, key)) + 1));
	}
	return ret;
}

static json_t *texts(const char *const *list)
{
	json_t *ret = json_array();

	for (size_t i = 0; list && list[i]; i++)
		(void)json_array_append_new(ret, json_string(list[i]));
	return ret;
}

/* The failure of a node that the others could not make up for is worth a warning: the first such, and how many there are. */
static void add_reserve(const struct rebalance_world *bw, json_t *result)
{
	struct pxc_err err = { .kind = PXC_OK };
	json_t *list = rebalance_ready(bw, &err), *row, *warnings;
	const char *first = NULL;
	unsigned n = 0;
	size_t i;

	if (err.kind != PXC_OK || !list)
		return;
	warnings = json_object_get(result, "warnings");
	json_array_foreach (list, i, row) {
		const char *why = json_string_value(json_object_get(row, "why"));

		n += why != NULL;
		first = first ? first : why;
	}
	if (n == 1)
		(void)json_array_append_new(warnings, json_string(first));
	else if (n)
		(void)json_array_append_new(
			warnings,
			json_sprintf("%s (and so it is with %u more nodes)", first, n - 1));
	(void)json_object_set_new(result, "reserve", list);
}

static void add_warnings(const struct rebalance_batch *b, const struct rebalance_world *bw,
			 json_t *warnings)
{
	unsigned left = 0;

	for (size_t i = 0; bw->ha && i < bw->ha->nresources; i++)
		left += bw->ha->rebalances && !b->spec.own_ha &&
			bw->ha->resources[i].auto_rebalance && !bw->ha->resources[i].container;
	if (left)
		(void)json_array_append_new(
			warnings,
			json_sprintf(
				"PVE balances HA guests itself (crs ha-auto-rebalance): %u of "
				"them are left to it, but for those on drained nodes, to which it may "
				"bring them back unless these are in maintenance",
				left));
	if (bw->not_packed && *bw->not_packed)
		(void)json_array_append_new(warnings, json_string(bw->not_packed));
}

void rebalance_show(const struct rebalance_batch *b, const struct rebalance_world *bw,
		    json_t *result)
{
	json_t *diff = json_object_get(result, "diff");

	(void)json_object_set_new(result, "counts", counts(json_object_get(result, "plan")));
	if (!bw || !bw->planned)
		return;
	(void)json_object_set_new(result, "nodes", nodes_of(bw));
	(void)json_object_set_new(result, "imbalance", imbalance(bw));
	(void)json_object_set_new(result, "captured", json_real(captured(bw)));
	(void)json_object_set_new(result, "certificate", json_string(certificate(bw)));
	(void)json_object_set_new(result, "unmovable", unmovable(&bw->plan));
	(void)json_object_set_new(result, "out_of_reach", out_of_reach(&bw->plan));
	(void)json_object_set_new(result, "staying", staying(bw));
	if (b->spec.pack)
		(void)json_object_set_new(result, "packed", texts(bw->packed));
	add_warnings(b, bw, json_object_get(result, "warnings"));
	add_reserve(bw, result);
	if (diff)
		add_diff(bw, diff);
}
