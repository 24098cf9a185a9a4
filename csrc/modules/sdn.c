/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/sdn.h"

#include <string.h>

#include "ansible/diff.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/items.h"

#define SECONDS 1000u
#define MINUTES (60 * SECONDS)
#define SDN "/cluster/sdn"

/* Has the node taken over the zones of the list? One with an error has, and is looked at behind. */
static bool taken_over(const json_t *data, const json_t *args, int http, const char *text)
{
	const char *p = item_text(args, "_zones");

	(void)text;
	if (http != 200 || !json_is_array(data))
		return false;
	for (; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ","), i;
		json_t *row;
		bool done = false;

		json_array_foreach (data, i, row) {
			const char *zone = item_text(row, "zone");
			const char *status = item_text(row, "status");

			done |= zone && strlen(zone) == len && strncmp(zone, p, len) == 0 &&
				!(status && str_eq(status, "pending"));
		}
		if (!done)
			return false;
	}
	return true;
}

/* A preview that the server cannot give is none. */
static bool in_any_case(const json_t *data, const json_t *args, int http, const char *text)
{
	(void)data, (void)args, (void)http, (void)text;
	return true;
}

/*
 * Every request this kind can send to change something, or to wait. All are sent one after the other: PVE changes the SDN
 * under one lock of the cluster, for which requests side by side would only wait, and fail after ten seconds.
 */
static const struct pve_op sdn_ops[NETWORK_OPS] = {
	[NETWORK_ZONE_CREATE] = { .method = "POST",
				  .path = SDN "/zones",
				  .wait_ms = MINUTES,
				  .sdn = true },
	[NETWORK_ZONE_CHANGE] = { .method = "PUT",
				  .path = SDN "/zones/{zone}",
				  .wait_ms = MINUTES,
				  .sdn = true },
	[NETWORK_ZONE_DELETE] = { .method = "DELETE",
				  .path = SDN "/zones/{zone}",
				  .wait_ms = MINUTES,
				  .sdn = true,
				  .gone_ok = true },
	[NETWORK_CREATE] = { .method = "POST",
			     .path = SDN "/vnets",
			     .wait_ms = MINUTES,
			     .sdn = true },
	[NETWORK_CHANGE] = { .method = "PUT",
			     .path = SDN "/vnets/{vnet}",
			     .wait_ms = MINUTES,
			     .sdn = true },
	[NETWORK_DELETE] = { .method = "DELETE",
			     .path = SDN "/vnets/{vnet}",
			     .wait_ms = MINUTES,
			     .sdn = true,
			     .gone_ok = true },
	[NETWORK_SUBNET_CREATE] = { .method = "POST",
				    .path = SDN "/vnets/{vnet}/subnets",
				    .wait_ms = MINUTES,
				    .sdn = true },
	[NETWORK_SUBNET_CHANGE] = { .method = "PUT",
				    .path = SDN "/vnets/{vnet}/subnets/{subnet}",
				    .wait_ms = MINUTES,
				    .sdn = true },
	[NETWORK_SUBNET_DELETE] = { .method = "DELETE",
				    .path = SDN "/vnets/{vnet}/subnets/{subnet}",
				    .wait_ms = MINUTES,
				    .sdn = true,
				    .gone_ok = true },
	[NETWORK_DRY_RUN] = { .method = "GET",
			      .path = SDN "/dry-run",
			      .wait_ms = MINUTES,
			      .until = in_any_case },
	[NETWORK_APPLY] = { .method = "PUT", .path = SDN, .wait_ms = 10 * MINUTES, .sdn = true },
	[NETWORK_WAIT_ZONES] = { .method = "GET",
				 .path = "/nodes/{node}/sdn/zones",
				 .wait_ms = 5 * MINUTES,
				 .until = taken_over },
	[NETWORK_ROLLBACK] = { .method = "POST",
			       .path = SDN "/rollback",
			       .wait_ms = MINUTES,
			       .sdn = true },
};

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct network_batch *batch = NULL;

	if (sdn_decode(env, &batch, err) < 0)
		return -1;
	*ret_batch = batch;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct network_world *nw = NULL;

	if (sdn_observe(env, batch, &nw, err) < 0)
		return -1;
	*ret_world = nw;
	return 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	network_asks(batch, w, ret);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return network_plan(batch, world, ret, err);
}

/* No VM may take an address, or join, while a network or subnets of it go. */
static bool takes_away(const struct pxc_plan *p)
{
	for (size_t i = 0; i < p->nsteps; i++)
		if (p->steps[i].op == NETWORK_DELETE || p->steps[i].op == NETWORK_SUBNET_DELETE ||
		    p->steps[i].op == NETWORK_SUBNET_CHANGE || p->steps[i].op == NETWORK_CHANGE)
			return true;
	return false;
}

static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const char **list = arena_alloc(env->arena, (plans->nplans + 2) * sizeof(*list));
	size_t n = 0;
	bool any = false;

	(void)batch;
	for (size_t i = 0; i < plans->nplans; i++) {
		const struct pxc_plan *p = plans->plans[i];

		any |= p->nsteps > 0;
		if (takes_away(p))
			list[n++] = arena_printf(env->arena, "net.%s",
						 item_text(p->steps[0].args, "vnet"));
	}
	if (any)
		list[n++] = LOCK_SDN;
	list[n] = NULL;
	return list;
}

/* What a node's files become, in the server's own words. */
static json_t *shows(int op, const json_t *args, const json_t *data)
{
	auto_free char *text = NULL;
	const char *interfaces = item_text(data, "interfaces-diff");
	const char *frr = item_text(data, "frr-diff");

	if (op != NETWORK_DRY_RUN || (!interfaces && !frr))
		return NULL;
	text = pxc_printf("%s: what PVE writes\n%s%s", item_text(args, "node"),
			  interfaces ? interfaces : "", frr ? frr : "");
	return json_pack("{s:s}", "prepared", text);
}

const struct pxc_kind sdn_kind = {
	.name = "sdn",
	.singular = "network",
	.plural = "networks",
	.ops = sdn_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
	.side_by_side = 1,
	.shows = shows,
};
