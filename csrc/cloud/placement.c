/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/placement.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"

/* A refusal tells of so many nodes, and how many more there are. */
#define NODES_SAID 12

static int larger_first(const void *a, const void *b)
{
	const struct place_request *x = *(struct place_request *const *)a,
				   *y = *(struct place_request *const *)b;

	if (x->memory_bytes != y->memory_bytes)
		return x->memory_bytes < y->memory_bytes ? 1 : -1;
	if (x->cores < y->cores || x->cores > y->cores)
		return x->cores < y->cores ? 1 : -1;
	return strcmp(x->label, y->label);
}

static bool fits(const struct place_request *rq, const struct place_node *n)
{
	return n->online && n->used_bytes + rq->memory_bytes <= n->memory_bytes &&
	       n->used_cores + rq->cores <= n->cores && !(rq->unfit && rq->unfit(rq, n));
}

/* The share the node would have with the request on it. */
static double share(const struct place_request *rq, const struct place_node *n)
{
	double memory = n->memory_bytes ? (double)(n->used_bytes + rq->memory_bytes) /
						  (double)n->memory_bytes
					: 1.0;
	double cores = n->cores > 0 ? (n->used_cores + rq->cores) / n->cores : 1.0;

	return memory > cores ? memory : cores;
}

static void say_why_not(struct pxc_buf *out, const struct place_request *rq,
			const struct place_node *n)
{
	const char *unfit = rq->unfit ? rq->unfit(rq, n) : NULL;
	uint64_t left = n->memory_bytes > n->used_bytes ? n->memory_bytes - n->used_bytes : 0;

	if (!n->online)
		buf_printf(out, "%s is offline", n->name);
	else if (unfit)
		buf_printf(out, "%s %s", n->name, unfit);
	else if (left < rq->memory_bytes)
		buf_printf(out, "%s has %llu MiB left", n->name, (unsigned long long)(left / MIB));
	else
		buf_printf(out, "%s has %.0f cores left", n->name,
			   n->cores > n->used_cores ? n->cores - n->used_cores : 0);
}

static int refuse(const struct place_request *rq, const struct place_node *nodes, size_t nnodes,
		  struct pxc_err *err)
{
	auto_buf struct pxc_buf why = { .data = NULL };
	size_t said = 0, more = 0;

	for (size_t i = 0; i < nnodes; i++) {
		if (rq->fixed && !str_eq(rq->fixed, nodes[i].name))
			continue;
		if (said == NODES_SAID) {
			more++;
			continue;
		}
		if (said++)
			buf_adds(&why, ", ");
		say_why_not(&why, rq, &nodes[i]);
	}
	if (said == 0)
		buf_printf(&why, "there is no node %s", rq->fixed ? rq->fixed : "at all");
	if (more)
		buf_printf(&why, ", and %zu more", more);
	return pxc_fail(err, PXC_EINVAL, "no node can take %s (%llu MiB, %.0f cores): %s",
			rq->label, (unsigned long long)(rq->memory_bytes / MIB), rq->cores,
			buf_str(&why));
}

static struct place_node *best(const struct place_request *rq, struct place_node *nodes,
			       size_t nnodes)
{
	struct place_node *found = NULL;

	for (size_t i = 0; i < nnodes; i++) {
		struct place_node *n = &nodes[i];
		double mine, other;

		if (rq->fixed) {
			if (str_eq(rq->fixed, n->name) && n->online &&
			    !(rq->unfit && rq->unfit(rq, n)))
				return n;
			continue;
		}
		if (!fits(rq, n))
			continue;
		mine = share(rq, n);
		other = found ? share(rq, found) : 2.0;
		if (!found || mine < other || (!(mine > other) && strcmp(n->name, found->name) < 0))
			found = n;
	}
	return found;
}

int place_all(struct place_node *nodes, size_t nnodes, struct place_request *requests,
	      size_t nrequests, struct pxc_err *err)
{
	struct place_request **order = pxc_calloc(nrequests, sizeof(*order));
	int r = 0;

	for (size_t i = 0; i < nrequests; i++)
		order[i] = &requests[i];
	qsort(order, nrequests, sizeof(*order), larger_first);
	for (size_t i = 0; i < nrequests && r == 0; i++) {
		struct place_node *n = best(order[i], nodes, nnodes);

		if (!n) {
			r = refuse(order[i], nodes, nnodes, err);
			break;
		}
		n->used_bytes += order[i]->memory_bytes;
		n->used_cores += order[i]->cores;
		order[i]->node = n;
	}
	free(order);
	return r;
}
