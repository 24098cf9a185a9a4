/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load.h - what guests use of their processors and memory, and what pvestatd sees of it.
 *
 * A load is a curve: a mean, a swing around it once in each period, and noise. It depends on the cluster's clock and
 * on the seed alone, so that a day can be played twice. Layer: sim.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/json.h"

struct sim;
struct sim_node;
struct sim_guest;

/* What every running guest does to its cards and disks, bytes a second. */
#define SIM_NETIN_RATE 100
#define SIM_NETOUT_RATE 80
#define SIM_DISKREAD_RATE 1000
#define SIM_DISKWRITE_RATE 500

/* Shares are of the guest's processors and of its memory, 0 to 1. */
struct sim_load {
	double cpu, mem;  /* the mean */
	double swing;     /* of cpu, up and down */
	double mem_swing; /* of mem */
	double noise;     /* of cpu, the most that chance adds or takes away */
	double phase; /* when in the period it is highest, 0 to 1; periods are counted from 1970 on */
	int64_t period_s; /* of the swing */
};

/* How much of a guest, or of a node, is busy. */
struct sim_use {
	double cpu;   /* share of all its processors, 0 to 1 */
	double stall; /* per cent of the time in which some of its work waited for a processor */
	uint64_t mem_bytes;  /* as the guest sees it; of a node: all in use */
	uint64_t host_bytes; /* of the node's memory, as the node sees it */
};

/* A guest that nothing was said about: 1 % of its processors, half of its memory, always. */
void sim_load_init(struct sim_load *load);
/*
 * The guest's part in --loads day: who is busy, how much and when comes from seed and VMID. A few guests are much busier
 * than most, and most are busiest in the afternoon.
 */
void sim_load_day(struct sim_load *load, uint64_t seed, unsigned vmid);
/* {"cpu", "mem", "swing", "mem_swing", "noise", "phase", "period"}, every key optional; err names the key that is out of range. */
must_check int sim_load_read(struct sim_load *load, const json_t *spec, struct pxc_err *err);
bool sim_load_moves(const struct sim_load *load);
/* Shares at a time, 0 to 1; seed and vmid choose the noise. */
double sim_load_cpu(const struct sim_load *load, uint64_t seed, unsigned vmid, int64_t now_ms);
double sim_load_mem(const struct sim_load *load, int64_t now_ms);

/* ---- stat.c: pvestatd ---- */

/*
 * The guest now; its processors share those of its node with the others as they did at the last round. A guest that is
 * off uses nothing.
 */
void sim_guest_use(const struct sim_guest *guest, struct sim_use *ret);
/* The node now, what arrives there included. */
void sim_node_use(const struct sim *sim, const struct sim_node *node, struct sim_use *ret);
/* Bytes of memory that the node has left for a guest which is not there yet; 0 = none. */
uint64_t sim_node_room(const struct sim *sim, const struct sim_node *node);
/* Memory that the guest has touched grows to what it uses now. */
void sim_guest_grow(struct sim_guest *guest);
/* Memory that the guest would use now if it ran. */
uint64_t sim_guest_wants(const struct sim_guest *guest);
/* What the host itself needs. */
uint64_t sim_node_overhead(const struct sim_node *node);
