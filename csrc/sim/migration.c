/* SPDX-License-Identifier: GPL-3.0-or-later */
/* migration.c - bytes on their way from node to node. */
#include "sim/migration.h"

#define BYTES_PER_MBIT 125000.0

struct sim_flow {
	struct sim_task *task;
	const struct sim_node *to;
	double left;  /* bytes, as of since_ms */
	double limit; /* bytes a second; 0 = none */
	double rate;  /* bytes a second */
	int64_t since_ms;
	struct sim_flow *next;
};

static double link_rate(const struct sim *sim)
{
	return (sim->options.migration_mbps ? sim->options.migration_mbps : 10000) * BYTES_PER_MBIT;
}

/* What has been sent until now is no longer left. */
static void settle(const struct sim *sim)
{
	for (struct sim_flow *f = sim->flows; f; f = f->next) {
		f->left -= f->rate * (double)(sim->now_ms - f->since_ms) / 1000;
		if (f->left < 0)
			f->left = 0;
		f->since_ms = sim->now_ms;
	}
}

static double rate_of(const struct sim *sim, const struct sim_flow *flow)
{
	unsigned sent = 0, received = 0;
	double rate;

	for (const struct sim_flow *f = sim->flows; f; f = f->next) {
		sent += f->task->node == flow->task->node;
		received += f->to == flow->to;
	}
	rate = link_rate(sim) / (sent > received ? sent : received);
	return flow->limit > 0 && flow->limit < rate ? flow->limit : rate;
}

static int64_t due_in_ms(const struct sim_flow *flow)
{
	int64_t ms = (int64_t)(flow->left * 1000 / flow->rate) + 1;

	return ms < 1 ? 1 : ms;
}

/* Rates for the flows that there are now; their tasks are woken when they are done. */
static void divide(const struct sim *sim)
{
	for (struct sim_flow *f = sim->flows; f; f = f->next) {
		f->rate = rate_of(sim, f);
		if (f->task != sim->working && !f->task->hung)
			f->task->next_ms = sim->now_ms + due_in_ms(f);
	}
}

int64_t sim_flow_begin(struct sim_task *task, const struct sim_node *to, uint64_t bytes,
		       uint64_t limit)
{
	struct sim *sim = task->sim;
	struct sim_flow *flow = pxc_calloc(1, sizeof(*flow));

	settle(sim);
	flow->task = task;
	flow->to = to;
	flow->left = (double)bytes;
	flow->limit = (double)limit;
	flow->since_ms = sim->now_ms;
	flow->next = sim->flows;
	sim->flows = flow;
	divide(sim);
	return due_in_ms(flow);
}

void sim_flow_end(struct sim_task *task)
{
	struct sim *sim = task->sim;
	struct sim_flow **at = &sim->flows, *gone;

	while (*at && (*at)->task != task)
		at = &(*at)->next;
	if (!*at)
		return;
	settle(sim);
	gone = *at;
	*at = gone->next;
	free(gone);
	divide(sim);
}
