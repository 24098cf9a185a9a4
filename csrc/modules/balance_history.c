/* SPDX-License-Identifier: GPL-3.0-or-later */
/* balance_history.c - what guests have used in the last half hour, out of the samples that nodes keep. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/balance.h"
#include "modules/items.h"

#define HALF_HOUR_S 1800
#define PERCENTILE 95

struct sample {
	unsigned vmid;
	bool memory; /* else processors */
	double value;
};

static int sample_order(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	if (x->vmid != y->vmid)
		return (x->vmid > y->vmid) - (x->vmid < y->vmid);
	if (x->memory != y->memory)
		return x->memory - y->memory;
	return (x->value > y->value) - (x->value < y->value);
}

/* PVE gives the busy part of the guest's processors, and bytes. */
static size_t collect(const json_t *rows, struct sample *out)
{
	size_t n = 0, i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		const char *id = item_text(row, "id"), *metric = item_text(row, "metric");
		bool memory = metric && str_eq(metric, "mem_used");

		if (!id || !str_starts(id, "qemu/") ||
		    (!memory && !(metric && str_eq(metric, "cpu_current"))))
			continue;
		out[n++] =
			(struct sample){ (unsigned)strtoul(id + strlen("qemu/"), NULL, 10), memory,
					 json_number_value(json_object_get(row, "value")) };
	}
	if (n)
		qsort(out, n, sizeof(*out), sample_order);
	return n;
}

/* The nearest rank: of n sorted values the smallest that so many percent do not exceed. */
static double percentile(const struct sample *sorted, size_t n)
{
	return sorted[(n * PERCENTILE + 99) / 100 - 1].value;
}

static void add_load(struct rebalance_world *bw, const struct sample *run, size_t n, size_t *cap)
{
	const struct world_guest *g = world_guest(bw->w, run->vmid);
	struct rebalance_load *load;

	if (!g)
		return;
	if (!bw->nloads || bw->loads[bw->nloads - 1].vmid != run->vmid) {
		bw->loads = arena_grow(bw->arena, bw->loads, bw->nloads, cap, sizeof(*bw->loads));
		bw->loads[bw->nloads++] = (struct rebalance_load){ .vmid = run->vmid };
	}
	load = &bw->loads[bw->nloads - 1];
	if (run->memory)
		load->bytes = (uint64_t)percentile(run, n);
	else
		load->cpus = percentile(run, n) * g->cpus;
}

int balance_read_history(struct pxc_env *env, struct rebalance_world *bw, struct pxc_err *err)
{
	json_auto_t *params = json_pack("{s:i,s:I}", "history", 1, "start-time",
					(json_int_t)(bw->now_s - HALF_HOUR_S));
	struct pve_read read = { .path = arena_strdup(env->arena, "/cluster/metrics/export"),
				 .params = params };
	auto_free struct sample *samples = NULL;
	json_auto_t *own = NULL;
	size_t n, cap = 0;
	const json_t *rows;

	pve_read_all(env->pve, &read, 1);
	own = read.data;
	rows = json_object_get(read.data, "data");
	if (!json_is_array(rows)) {
		*err = read.err;
		if (err->kind == PXC_OK)
			(void)pxc_fail(err, PXC_EREMOTE, "half an answer, not taken for truth");
		return pxc_context(err, "metric: p95");
	}
	samples = pxc_calloc(json_array_size(rows) + 1, sizeof(*samples));
	n = collect(rows, samples);
	for (size_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && samples[k].vmid == samples[i].vmid &&
				samples[k].memory == samples[i].memory;
		     k++)
			;
		add_load(bw, &samples[i], k - i, &cap);
	}
	return 0;
}
