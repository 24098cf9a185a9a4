/* SPDX-License-Identifier: GPL-3.0-or-later */
/* balance_decode.c - from the arguments of pxc_balance to a spec. */
#include <math.h>

#include "base/str.h"
#include "modules/balance.h"
#include "modules/items.h"

/* What users of DRS know as the migration threshold, in millionths of utilisation that are not worth a move. */
static const int64_t levels[] = { BAL_PPM, 100000, 50000, 30000, 10000 };

/* An integer option within its range, else one sentence. */
static int take_int(const json_t *p, const char *key, int64_t least, int64_t most, int64_t *ret,
		    struct pxc_err *err)
{
	*ret = item_int(p, key);
	if (*ret >= least && *ret <= most)
		return 0;
	return pxc_fail(err, PXC_EINVAL, "%s must be between %lld and %lld, not %lld", key,
			(long long)least, (long long)most, (long long)*ret);
}

static int take_real(const json_t *p, const char *key, double least, double most, double *ret,
		     struct pxc_err *err)
{
	*ret = json_number_value(json_object_get(p, key));
	if (*ret >= least && *ret <= most)
		return 0;
	return pxc_fail(err, PXC_EINVAL, "%s must be between %g and %g, not %g", key, least, most,
			*ret);
}

static int take_tolerance(const json_t *p, struct rebalance_spec *s, struct pxc_err *err)
{
	int64_t level;
	double points;

	if (take_int(p, "level", 1, ARRAY_SIZE(levels), &level, err) < 0)
		return -1;
	s->params.tolerance_ppm = levels[level - 1];
	if (json_object_get(p, "tolerance")) {
		if (take_real(p, "tolerance", 0.1, 100, &points, err) < 0)
			return -1;
		s->params.tolerance_ppm = llround(points * 10000);
	}
	if (str_eq(item_text(p, "state"), "drained"))
		s->params.tolerance_ppm = BAL_PPM;
	return 0;
}

static int take_limits(const json_t *p, struct bal_params *params, struct pxc_err *err)
{
	const json_t *weights = json_object_get(p, "weights");
	int64_t steady, moving, in, most, node_most, seed;
	double cores;

	if (take_int(p, "node_limit", 1, 100, &steady, err) < 0 ||
	    take_int(p, "node_limit_moving", 1, 100, &moving, err) < 0 ||
	    take_real(p, "overcommit_cpu", 0.1, 1000, &cores, err) < 0 ||
	    take_int(p, "parallel", 1, 100, &in, err) < 0 ||
	    take_int(p, "max_migrations", 0, 1000000, &most, err) < 0 ||
	    take_int(p, "max_node_migrations", 0, 1000000, &node_most, err) < 0 ||
	    take_int(p, "seed", 1, INT64_MAX, &seed, err) < 0 ||
	    take_real(weights, "memory", 0, 1000, &params->weight_mem, err) < 0 ||
	    take_real(weights, "cpu", 0, 1000, &params->weight_cpu, err) < 0)
		return -1;
	if (!(params->weight_mem + params->weight_cpu > 0))
		return pxc_fail(err, PXC_EINVAL, "weights: memory and cpu must not both be 0");
	if (moving < steady)
		return pxc_fail(err, PXC_EINVAL,
				"node_limit_moving (%lld) must not be below node_limit (%lld)",
				(long long)moving, (long long)steady);
	params->steady_ppm = steady * 10000;
	params->transient_ppm = moving * 10000;
	params->overcommit_cpu_ppm = llround(cores * BAL_PPM);
	params->max_in = params->max_out = (unsigned)in;
	params->max_moves = (unsigned)most;
	params->max_node_moves = (unsigned)node_most;
	params->seed = (uint64_t)seed;
	return 0;
}

static void take_lists(struct pxc_env *env, const json_t *p, struct rebalance_spec *s)
{
	const json_t *exclude = json_object_get(p, "exclude");

	s->nodes = item_list(env->arena, p, "nodes");
	s->exclude_nodes = item_list(env->arena, p, "exclude_nodes");
	s->drain = item_list(env->arena, p, "drain");
	s->vms = item_list(env->arena, exclude, "vms");
	s->projects = item_list(env->arena, exclude, "projects");
	s->pools = item_list(env->arena, exclude, "pools");
	s->tags = item_list(env->arena, exclude, "tags");
}

int balance_decode(struct pxc_env *env, struct rebalance_batch **ret, struct pxc_err *err)
{
	const json_t *p = env->args->params;
	struct rebalance_batch *b = arena_alloc(env->arena, sizeof(*b));
	struct rebalance_spec *s = &b->spec;
	const char *metric = item_text(p, "metric"), *state = item_text(p, "state");
	int64_t failures, timeout, pack;

	b->arena = env->arena;
	s->moves = !str_eq(state, "planned");
	s->metric = str_eq(metric, "psi")        ? REBALANCE_PSI
		    : str_eq(metric, "p95")      ? REBALANCE_P95
		    : str_eq(metric, "assigned") ? REBALANCE_ASSIGNED
						 : REBALANCE_USED;
	s->own_ha = str_eq(item_text(p, "with_crs"), "own");
	s->local_disks = item_true(p, "with_local_disks");
	s->drain_stopped = item_true(p, "drain_stopped");
	take_lists(env, p, s);
	if (take_tolerance(p, s, err) < 0 || take_limits(p, &s->params, err) < 0 ||
	    take_int(p, "cool_down", 0, 30 * 86400, &s->cool_down_s, err) < 0 ||
	    take_int(p, "migration_timeout", 1, 7 * 86400, &timeout, err) < 0 ||
	    take_int(p, "bandwidth", 1, 1000000, &s->bandwidth, err) < 0 ||
	    take_int(p, "max_failures", 0, 1000000, &failures, err) < 0 ||
	    take_int(p, "pack", 0, 16384, &pack, err) < 0)
		return -1;
	s->pack = (unsigned)pack;
	s->timeout_s = (uint32_t)timeout;
	s->max_failures = (unsigned)failures;
	if (str_eq(state, "drained") && !s->pack && (!s->drain || !s->drain[0]))
		return pxc_fail(err, PXC_EINVAL,
				"state: drained needs nodes in drain, or how many in pack");
	s->empties = str_eq(state, "drained") && !item_true(p, "leave_unmovable");
	*ret = b;
	return 0;
}
