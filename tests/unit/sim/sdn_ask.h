/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_ask.h - for the tests of the simulator's SDN: answers as one line of JSON, and the usual zones. */
#pragma once

#include "ask.h"
#include "sim/sdn.h"

#define ZONES "/cluster/sdn/zones"
#define VNETS "/cluster/sdn/vnets"
#define SUBNETS VNETS "/blue/subnets"
#define LOCK "/cluster/sdn/lock"

/* What the path answers, or the part of it that pointer names ("/0/state", "" = all), is this JSON text. */
static inline void shows(struct sim *sim, const char *path, const char *pointer, const char *json)
{
	struct answer answer auto_answer = ask(sim, "GET", path, NULL);
	const json_t *at = data_of(&answer);
	auto_free char *text = NULL;

	if (answer.reply.status != 200)
		fail_msg("GET %s: %d %s", path, answer.reply.status, answer.reply.reason);
	while (*pointer == '/') {
		size_t len = strcspn(pointer + 1, "/");

		at = json_is_array(at) ? json_array_get(at, strtoul(pointer + 1, NULL, 10))
				       : json_object_getn(at, pointer + 1, len);
		pointer += 1 + len;
	}
	text = at ? json_dumps(at, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
		  : pxc_strdup("nothing");
	assert_string_equal(text, json);
}

/* A write that fails with the whole message. */
static inline void refuses(struct sim *sim, const char *method, const char *path, const char *body,
			   const char *message)
{
	struct answer answer auto_answer = ask(sim, method, path, body);

	assert_int_equal(answer.reply.status, 500);
	assert_string_equal(text_of(answer.body, "message"), message);
}

static inline void write_ok(struct sim *sim, const char *method, const char *path, const char *body)
{
	expect(sim, method, path, body, 200, NULL);
}

/* Zone "tenants" (simple, with dhcp and PVE's IPAM), vnet "blue" in it, its subnet 10.20.0.0/24; configured only. */
static inline void blue(struct sim *sim)
{
	write_ok(sim, "POST", ZONES, "zone=tenants&type=simple&ipam=pve&dhcp=dnsmasq");
	write_ok(sim, "POST", VNETS, "vnet=blue&zone=tenants&alias=Blue");
	write_ok(sim, "POST", SUBNETS,
		 "subnet=10.20.0.0/24&type=subnet&gateway=10.20.0.1&dhcp-range="
		 "start-address%3D10.20.0.10%2Cend-address%3D10.20.0.12");
}

/* Apply, and wait until all nodes have reloaded. */
static inline void apply(struct sim *sim)
{
	write_ok(sim, "PUT", "/cluster/sdn", NULL);
	sim_advance(sim, 30000);
}
