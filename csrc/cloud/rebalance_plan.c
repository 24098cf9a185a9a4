/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_plan.c - moves become migrations, each an object of the task, in the order in which they start. */
#include <math.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/migrate.h"
#include "cloud/project.h"
#include "cloud/rebalance_parts.h"

/* One decimal, as people read it. */
static double tenths(double value)
{
	return round(value * 10) / 10;
}

static json_t *project_of(const struct world *w, const struct world_guest *g)
{
	const struct world_pool *pool = world_pool(w, g->pool);
	json_auto_t *item = pool ? project_item(w, pool) : NULL;

	return json_incref(json_object_get(item, "name"));
}

/* How much of what the plan gains comes with this move, in percent; of what must be, maybe nothing. */
static double gain(const struct bal_plan *plan, const struct bal_move *move)
{
	double all = plan->f0 - plan->f;

	return all > 0 && move->gain > 0 ? (double)move->gain / BAL_PPM / all * 100 : 0;
}

static json_t *item_of(const struct rebalance_batch *b, const struct rebalance_world *bw,
		       const struct bal_move *move, const struct world_guest *g)
{
	int64_t seconds = (move->wire + b->spec.bandwidth - 1) / b->spec.bandwidth;
	json_t *item = json_pack("{s:i,s:s,s:s,s:s,s:s,s:f,s:I,s:f,s:b}", "vmid", (int)move->vm,
				 "name", g->name ? g->name : "", "from", move->from, "to", move->to,
				 "why", move->why, "gib", tenths((double)move->wire / 1024),
				 "seconds", (json_int_t)(seconds > 0 ? seconds : 1), "gain",
				 tenths(gain(&bw->plan, move)), "bounce", move->bounce);
	json_t *project = project_of(bw->w, g), *after = json_array();

	if (project)
		(void)json_object_set_new(item, "project", project);
	for (size_t i = 0; i < move->nstarts_after; i++)
		(void)json_array_append_new(after, json_integer((json_int_t)move->starts_after[i]));
	(void)json_object_set_new(item, "starts_after", after);
	return item;
}

static int64_t limit_of(const struct rebalance_world *bw, const char *node)
{
	return (int64_t)((__int128)rebalance_node(bw, node)->mem *
			 bw->cluster.params.transient_ppm / BAL_PPM);
}

static int64_t memory_of(const struct rebalance_world *bw, unsigned vmid)
{
	for (size_t i = 0; i < bw->cluster.nvms; i++)
		if (bw->cluster.vms[i].id == vmid)
			return bw->cluster.vms[i].mem;
	return 0;
}

/* What arrives with moves[i]: it, and whom it leads. */
static int64_t needed(const struct rebalance_world *bw, size_t i, const size_t *leaders)
{
	int64_t sum = 0;

	for (size_t k = i; k < bw->plan.nmoves; k++)
		if (leaders[k] == i)
			sum += memory_of(bw, bw->plan.moves[k].vm);
	return sum;
}

/* What was in use when the plan was made, in the same units. */
static void in_use(const struct rebalance_world *bw, const char *node, double ret[2])
{
	const struct world_node *n = world_node(bw->w, node);
	const struct rebalance_node *seen = &bw->nodes[n - bw->w->nodes];

	ret[0] = (double)seen->used_bytes / MIB;
	ret[1] = seen->used_cpus * 1000;
}

/* Other metrics than what is used now do not change from one moment to the next, and are not asked for again. */
static bool judge_worth(const struct rebalance_batch *b, const struct rebalance_world *bw,
			const struct bal_move *move, struct migrate_worth *ret)
{
	const struct bal_worth *w = &move->worth;
	double there[2], here[2];

	if (b->spec.metric != REBALANCE_USED || !(w->most > 0))
		return false;
	in_use(bw, move->to, there);
	in_use(bw, move->from, here);
	*ret = (struct migrate_worth){ .limit = w->most };
	for (int r = 0; r < 2; r++) {
		ret->to[r] = w->to[r];
		ret->from[r] = w->from[r];
		ret->limit += w->to[r] * there[r] - w->from[r] * here[r];
	}
	return true;
}

static void add_steps(const struct rebalance_batch *b, const struct rebalance_world *bw, size_t i,
		      const size_t *leaders, struct pxc_plan *plan)
{
	const struct bal_move *move = &bw->plan.moves[i];
	const struct world_guest *g = world_guest(bw->w, move->vm);
	size_t ndisks;
	struct migrate_worth worth;
	struct migration m = { .vmid = move->vm,
			       .from = move->from,
			       .to = move->to,
			       .running = rebalance_runs(g),
			       .ha = rebalance_ha(bw, g) != NULL,
			       .need_mib = needed(bw, i, leaders),
			       .limit_mib = limit_of(bw, move->to),
			       .wait_s = b->spec.timeout_s,
			       .max_into = b->spec.params.max_in,
			       .max_out_of = b->spec.params.max_out };

	if (judge_worth(b, bw, move, &worth))
		m.worth = &worth;
	(void)rebalance_disks(bw, move->vm, &ndisks);
	m.local_disks = ndisks > 0 && b->spec.local_disks;
	migrate_plan(plan, &m, bw->arena);
}

/* The HA manager moves this one along with the leader: the leader's plan waits for it. */
static void add_follower(const struct rebalance_batch *b, const struct bal_move *move,
			 struct pxc_plan *leader)
{
	static const struct {
		int op;
		bool there;
	} waits[] = { { MIGRATE_HA_BEGUN, false },
		      { MIGRATE_HA_MOVED, false },
		      { MIGRATE_THERE, true } };

	for (size_t i = 0; i < ARRAY_SIZE(waits); i++)
		pxc_plan_add(leader, waits[i].op, PXC_WAITS,
			     json_pack("{s:s,s:i,s:I}", "node",
				       waits[i].there ? move->to : move->from, "vmid",
				       (int)move->vm, "_wait_ms",
				       (json_int_t)b->spec.timeout_s * 1000),
			     "wait for VM %u, which the HA manager moves along", move->vm);
}

/* Of VMs that are moved along, order counts as far as it concerns what starts before their leader: they cannot start later. */
static void add_order(const struct rebalance_world *bw, size_t i, const size_t *leaders,
		      struct pxc_plan *const *plans)
{
	const struct bal_move *move = &bw->plan.moves[i];

	for (size_t k = 0; k < move->nstarts_after; k++) {
		size_t other = leaders[move->starts_after[k]];

		if (other < leaders[i])
			pxc_plan_after(plans[leaders[i]], plans[other]);
	}
}

static struct pxc_plan *add_plan(const struct rebalance_batch *b, const struct rebalance_world *bw,
				 const struct bal_move *move, struct pxc_plans *ret)
{
	const struct world_guest *g = world_guest(bw->w, move->vm);
	struct pxc_plan *plan = pxc_plans_add(ret, arena_printf(bw->arena, "vm %s (%u) %s -> %s",
								g->name ? g->name : "", move->vm,
								move->from, move->to));

	plan->about = move->vm;
	plan->item = item_of(b, bw, move, g);
	plan->before = json_pack("{s:s}", "node", move->from);
	plan->after = json_pack("{s:s}", "node", move->to);
	return plan;
}

int rebalance_plan(const struct rebalance_batch *b, const struct rebalance_world *bw,
		   struct pxc_plans *ret, struct pxc_err *err)
{
	size_t n = bw->planned ? bw->plan.nmoves : 0;
	auto_free struct pxc_plan **plans = pxc_calloc(n + 1, sizeof(struct pxc_plan *));
	auto_free size_t *leaders = pxc_calloc(n + 1, sizeof(*leaders));

	if (bw->busy)
		return pxc_fail(err, PXC_EBUSY, "VM %u is still under way", bw->busy);
	for (size_t i = 0; i < n; i++) {
		plans[i] = add_plan(b, bw, &bw->plan.moves[i], ret);
		leaders[i] = rebalance_leader(bw, i);
	}
	for (size_t i = 0; i < n && b->spec.moves; i++) {
		if (leaders[i] == i) {
			add_steps(b, bw, i, leaders, plans[i]);
		} else {
			plans[i]->via = plans[leaders[i]];
			add_follower(b, &bw->plan.moves[i], plans[leaders[i]]);
		}
		add_order(bw, i, leaders, plans);
	}
	return 0;
}
