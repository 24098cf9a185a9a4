/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_ask.h - for the tests of the simulator's HA stack: running guests, resources, rules, and where they end up. */
#pragma once

#include "ask.h"

#include "sim/ha_manager.h"

#define RESOURCES "/cluster/ha/resources"
#define RULES "/cluster/ha/rules"
#define ROUND 10000

/*
 * Guests as "100@1 101@2": number and node; a leading "-" = it is off. They have 2 GiB and two processors and need no
 * disk, so that they can run anywhere.
 */
static inline char *ha_world(const char *guests)
{
	auto_buf struct pxc_buf world = { 0 };
	unsigned vmid, node;
	int n;

	buf_adds(&world, "{\"guests\":[");
	for (const char *at = guests; *at; at += strspn(at, " ")) {
		bool off = *at == '-';

		if (sscanf(at + off, "%u@%u%n", &vmid, &node, &n) != 2)
			break;
		buf_printf(&world,
			   "%s{\"vmid\":%u,\"node\":\"pve%u\",\"status\":\"%s\",\"config\":{"
			   "\"memory\":\"2048\",\"cores\":2}}",
			   at == guests ? "" : ",", vmid, node, off ? "stopped" : "running");
		at += off + n;
	}
	buf_adds(&world, "]}");
	return buf_take(&world);
}

static inline struct sim *ha_cluster(unsigned nodes, const char *guests)
{
	auto_free char *world = ha_world(guests);

	return cluster(nodes, 1, world, NULL);
}

/* A resource with options like "state=stopped&failback=0". */
static inline void add(struct sim *sim, unsigned vmid, const char *options)
{
	auto_free char *form =
		pxc_printf("sid=vm:%u&%s", vmid, options ? options : "state=started");

	expect(sim, "POST", RESOURCES, form, 200, NULL);
}

static inline void change(struct sim *sim, unsigned vmid, const char *options)
{
	auto_free char *path = pxc_printf(RESOURCES "/vm:%u", vmid);

	expect(sim, "PUT", path, options, 200, NULL);
}

static inline void rule(struct sim *sim, const char *form)
{
	expect(sim, "POST", RULES, form, 200, NULL);
}

static inline void rounds(struct sim *sim, unsigned count)
{
	sim_advance(sim, (int64_t)count * ROUND);
}

static inline const char *crm(struct sim *sim, unsigned vmid)
{
	return sim_ha_find(sim, vmid)->crm;
}

/* Number of the node that the guest is on. */
static inline unsigned where(struct sim *sim, unsigned vmid)
{
	return sim_guest_find(sim, vmid)->node->number;
}

static inline bool runs(struct sim *sim, unsigned vmid)
{
	return sim_guest_find(sim, vmid)->run == SIM_RUNNING;
}

static inline void expect_at(struct sim *sim, unsigned vmid, unsigned node, const char *state)
{
	if (where(sim, vmid) != node || strcmp(crm(sim, vmid), state) != 0)
		fail_msg("%u is on pve%u and %s, not on pve%u and %s", vmid, where(sim, vmid),
			 crm(sim, vmid), node, state);
}

static inline json_t *get(struct sim *sim, const char *path)
{
	struct answer answer auto_answer = ask(sim, "GET", path, NULL);

	if (answer.reply.status != 200)
		fail_msg("GET %s: %d %s", path, answer.reply.status, answer.reply.reason);
	return json_incref(data_of(&answer));
}
