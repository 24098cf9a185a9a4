/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load.c - curves of use over the day. */
#include "sim/load.h"

#include <string.h>

#include "sim/core.h"

#define DAY_S 86400
#define NOISE_MS 300000 /* chance changes its mind every five minutes */

void sim_load_init(struct sim_load *load)
{
	*load = (struct sim_load){ .cpu = 0.01, .mem = 0.5, .period_s = DAY_S };
}

/* A number from 0 to 1 that is the same for the same three. */
static double chance(uint64_t seed, uint64_t a, uint64_t b)
{
	uint64_t x = seed + a * 0x9e3779b97f4a7c15ull + b * 0xd1b54a32d192ed03ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	x ^= x >> 31;
	return (double)(x >> 11) / 9007199254740992.0;
}

void sim_load_day(struct sim_load *load, uint64_t seed, unsigned vmid)
{
	double rank = chance(seed, vmid, 1), when = chance(seed, vmid, 3);

	sim_load_init(load);
	/* nine of ten use up to 20 %, the tenth up to 80 % */
	load->cpu = rank < 0.9 ? 0.02 + 0.18 * rank / 0.9 : 0.2 + 6 * (rank - 0.9);
	load->mem = 0.3 + 0.6 * chance(seed, vmid, 2);
	load->swing = load->cpu * (0.2 + 0.6 * chance(seed, vmid, 4));
	load->mem_swing = 0.05 * chance(seed, vmid, 5);
	load->noise = load->cpu * 0.3;
	/* highest at 15:00, give or take four hours; every fifth works at night */
	load->phase = chance(seed, vmid, 6) < 0.2 ? 0.125 + when / 6 : 0.625 + (when - 0.5) / 3;
}

static const struct {
	const char *key;
	size_t offset;
	double low, high;
} keys[] = {
	{ "cpu", offsetof(struct sim_load, cpu), 0, 1 },
	{ "mem", offsetof(struct sim_load, mem), 0, 1 },
	{ "swing", offsetof(struct sim_load, swing), 0, 1 },
	{ "mem_swing", offsetof(struct sim_load, mem_swing), 0, 1 },
	{ "noise", offsetof(struct sim_load, noise), 0, 1 },
	{ "phase", offsetof(struct sim_load, phase), 0, 1 },
};

static int read_one(struct sim_load *load, const char *key, const json_t *value,
		    struct pxc_err *err)
{
	double number = json_number_value(value);

	if (!json_is_number(value))
		return pxc_fail(err, PXC_EINVAL, "load: %s has to be a number", key);
	if (!strcmp(key, "period")) {
		if (number < 60 || number > 1e9)
			return pxc_fail(err, PXC_EINVAL, "load: period is 60 seconds at least");
		load->period_s = (int64_t)number;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].key, key) != 0)
			continue;
		if (number < keys[i].low || number > keys[i].high)
			return pxc_fail(err, PXC_EINVAL, "load: %s is %g to %g", key, keys[i].low,
					keys[i].high);
		*(double *)(void *)((char *)load + keys[i].offset) = number;
		return 0;
	}
	return pxc_fail(
		err, PXC_EINVAL,
		"load: unknown key %s; there are cpu, mem, swing, mem_swing, noise, phase, period",
		key);
}

int sim_load_read(struct sim_load *load, const json_t *spec, struct pxc_err *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(spec))
		return pxc_fail(err, PXC_EINVAL, "load: an object is needed");
	json_object_foreach ((json_t *)(uintptr_t)spec, key, value)
		if (read_one(load, key, value, err) < 0)
			return -1;
	return 0;
}

bool sim_load_moves(const struct sim_load *load)
{
	return load->swing > 0 || load->mem_swing > 0 || load->noise > 0;
}

/* Up and down once in a period, -1 to 1, highest where phase says: two parabolas, much like a sine. */
static double wave(const struct sim_load *load, int64_t now_ms)
{
	int64_t period_ms = load->period_s * 1000;
	double at = (double)(now_ms % period_ms) / (double)period_ms - load->phase + 1.25, half;

	at -= (double)(int64_t)at;
	half = at < 0.5 ? at : at - 0.5;
	return (at < 0.5 ? 16 : -16) * half * (0.5 - half);
}

static double share(double value)
{
	return value < 0 ? 0 : value > 1 ? 1 : value;
}

/* From one knot to the next, -1 to 1. */
static double noise(uint64_t seed, unsigned vmid, int64_t now_ms)
{
	uint64_t knot = (uint64_t)(now_ms / NOISE_MS);
	double part = (double)(now_ms % NOISE_MS) / NOISE_MS;

	return 2 * (chance(seed, vmid, knot) * (1 - part) + chance(seed, vmid, knot + 1) * part) -
	       1;
}

double sim_load_cpu(const struct sim_load *load, uint64_t seed, unsigned vmid, int64_t now_ms)
{
	double value = load->cpu;

	if (load->swing > 0)
		value += load->swing * wave(load, now_ms);
	if (load->noise > 0)
		value += load->noise * noise(seed, vmid, now_ms);
	return share(value);
}

double sim_load_mem(const struct sim_load *load, int64_t now_ms)
{
	return share(load->mem_swing > 0 ? load->mem + load->mem_swing * wave(load, now_ms)
					 : load->mem);
}
