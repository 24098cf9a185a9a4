/* SPDX-License-Identifier: GPL-3.0-or-later */
/* balance_observe.c - reads, plans, asks PVE about the VMs that are to move, and plans again until the plan holds. */
#include "base/str.h"
#include "modules/balance.h"
#include "modules/ha_read.h"
#include "modules/world.h"

/* Migrations of others are waited for so long; then a plan is made around them. */
#define OTHERS_MS 120000

/* So often it is asked about more VMs; then those that it was not asked about stay. */
#define CHECKS 16

static void release_plan(void *world)
{
	struct rebalance_world *bw = world;

	if (bw->planned)
		bal_plan_release(&bw->plan);
}

/* Each failure is something that speaks against the VM, not against the plan. */
static void take_check(struct rebalance_batch *b, const struct rebalance_world *bw,
		       const struct world_guest *g, const struct pve_read reads[2])
{
	rebalance_note_checked(b, g->vmid);
	for (size_t i = 0; i < 2; i++)
		if (reads[i].err.kind != PXC_OK || !json_is_object(reads[i].data)) {
			rebalance_refuse(b, g->vmid, NULL,
					 reads[i].err.kind != PXC_OK
						 ? reads[i].err.msg
						 : "PVE does not say whether it can move");
			return;
		}
	rebalance_check(b, bw, g, reads[0].data, reads[1].data);
}

static void check(struct pxc_env *env, struct rebalance_batch *b, const struct rebalance_world *bw,
		  const unsigned *vmids, size_t n)
{
	struct pve_read *reads = arena_alloc(env->arena, 2 * n * sizeof(*reads));

	for (size_t i = 0; i < n; i++) {
		const struct world_guest *g = world_guest(bw->w, vmids[i]);
		const char *base = arena_printf(env->arena, "/nodes/%s/qemu/%u", g->node, g->vmid);

		reads[2 * i].path = arena_printf(env->arena, "%s/migrate", base);
		reads[2 * i + 1].path = arena_printf(env->arena, "%s/config", base);
	}
	pve_read_all(env->pve, reads, 2 * n);
	for (size_t i = 0; i < n; i++)
		take_check(b, bw, world_guest(bw->w, vmids[i]), &reads[2 * i]);
	for (size_t i = 0; i < 2 * n; i++)
		json_decref(reads[i].data);
}

static int make(struct pxc_env *env, struct rebalance_batch *b, struct rebalance_world *bw,
		struct pxc_err *err)
{
	bool bridges = false;

	b->closed = false;
	for (int round = 0;; round++) {
		unsigned *vmids;
		size_t n;

		if (rebalance_make(b, bw, err) < 0)
			return -1;
		vmids = arena_alloc(env->arena, (bw->plan.nmoves + 1) * sizeof(*vmids));
		n = rebalance_unchecked(b, bw, vmids, bw->plan.nmoves);
		if (n == 0)
			return 0;
		if (!bridges && balance_read_bridges(env, b, bw, err) < 0)
			return -1;
		bridges = true;
		b->closed = round == CHECKS;
		if (!b->closed)
			check(env, b, bw, vmids, n);
	}
}

static int read_rules(struct pxc_env *env, struct rebalance_world *bw, struct pxc_err *err)
{
	json_auto_t *warnings = json_array();
	struct affinity groups = { .ngroups = 0 };
	struct ha *ha = NULL;
	size_t i;
	json_t *text;

	if (ha_read(env, bw->w, &ha, err) < 0)
		return -1;
	bw->ha = ha;
	affinity_decode(bw->w, env->arena, warnings, &groups);
	json_array_foreach (warnings, i, text)
		pxc_env_warn(env, "%s", json_string_value(text));
	return affinity_rules(bw->w, ha, &groups, NULL, 0, env->arena, &bw->rules, err);
}

/* Where are the VMs that this run has moved? */
static void look_after(struct pxc_env *env, const struct rebalance_batch *b,
		       struct rebalance_world *bw)
{
	for (size_t i = 0; i < b->ndone; i++) {
		const struct rebalance_done *d = &b->done[i];
		const struct world_guest *g = world_guest(bw->w, d->vmid);
		bool last = true;

		for (size_t k = i + 1; k < b->ndone; k++)
			last &= b->done[k].vmid != d->vmid;
		if (!g || !last)
			continue;
		if (d->unsure && str_eq(g->lock, "migrate"))
			bw->busy = d->vmid;
		else if (!d->unsure && !str_eq(g->node, d->to))
			pxc_env_warn(
				env,
				"VM %u was moved to %s and is on %s again: somebody else moves "
				"it, too",
				d->vmid, d->to, g->node);
	}
}

/* A run that was cut off may have left some; those of this run have ended. A plan that is only shown waits for nobody. */
static int wait_for_others(struct pxc_env *env, struct rebalance_batch *b,
			   struct rebalance_world *bw, struct pxc_err *err)
{
	int64_t now = pve_now_ms(env->pve);

	if (!b->spec.moves || b->begun)
		return 0;
	if (!b->patience_ms)
		b->patience_ms = now + OTHERS_MS;
	return now < b->patience_ms ? balance_under_way(env, b, bw, err) : 0;
}

int balance_observe(struct pxc_env *env, struct rebalance_batch *b, struct rebalance_world **ret,
		    struct pxc_err *err)
{
	struct rebalance_world *bw = arena_alloc(env->arena, sizeof(*bw));
	struct world *w = NULL;

	bw->arena = env->arena;
	*ret = bw;
	if (world_read(env, WORLD_LISTS, &w, err) < 0)
		return -1;
	bw->w = w;
	look_after(env, b, bw);
	if (bw->busy || (b->begun && !b->unfinished))
		return 0;
	if (read_rules(env, bw, err) < 0 || rebalance_check_spec(&b->spec, bw, err) < 0 ||
	    balance_read_clock(env, b, bw, err) < 0 || wait_for_others(env, b, bw, err) < 0)
		return -1;
	if (bw->busy)
		return 0;
	b->unfinished = false;
	if (balance_read_nodes(env, b, bw, err) < 0 ||
	    (b->spec.metric == REBALANCE_P95 && balance_read_history(env, bw, err) < 0) ||
	    (b->spec.metric == REBALANCE_PSI && balance_read_pressure(env, b, bw, err) < 0))
		return -1;
	pxc_env_defer(env, release_plan, bw);
	if (make(env, b, bw, err) < 0)
		return -1;
	if (!b->begun)
		b->shown = bw;
	return 0;
}
