/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random tasks about cards on networks: no address is ever had twice, what succeeds has converged, what is refused changes
 * nothing, and PVE's own list has exactly the addresses that VMs have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "lib/task.h"
#include "sim/sdn.h"

static uint64_t state64;

static unsigned chance(unsigned below)
{
	state64 = state64 * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state64 >> 33) % below;
}

static void add_card(struct pxc_buf *out)
{
	static const char *const networks[] = { "blue", "green", "small" };
	unsigned which = chance(8), net = chance(3);

	if (which == 0) {
		buf_adds(out, "{\"state\":\"absent\"}");
	} else if (which == 1) {
		buf_adds(out, "{\"bridge\":\"vmbr0\"}");
	} else if (which == 2) {
		buf_adds(out, "{\"bridge\":\"vmbr0\",\"ip\":\"10.20.0.14/24\"}");
	} else if (which == 3) {
		buf_printf(out, "{\"network\":\"%s\",\"ip\":\"%s\"}", networks[net],
			   chance(2) ? "dhcp" : "none");
	} else if (which == 4) {
		buf_printf(out, "{\"network\":\"blue\",\"ip\":\"10.20.0.%u\"}", 8 + chance(16));
	} else {
		buf_printf(out, "{\"network\":\"%s\"}", networks[net]);
	}
}

static char *random_task(void)
{
	struct pxc_buf out = { .data = NULL };
	unsigned n = 1 + chance(3), first = chance(6);

	buf_adds(&out, "{\"project\":\"acme\",\"cores\":1,\"memory\":128,\"power\":\"stopped\"");
	if (chance(5) == 0)
		buf_adds(&out, ",\"state\":\"absent\"");
	if (chance(4) == 0)
		buf_adds(&out, ",\"networks_mode\":\"exact\"");
	buf_adds(&out, ",\"vms\":[");
	for (unsigned i = 0; i < n; i++) {
		buf_printf(&out, "%s{\"name\":\"v%u\",\"networks\":[", i ? "," : "", first + i);
		for (unsigned k = chance(4), m = 0; m < k; m++) {
			if (m)
				buf_addc(&out, ',');
			add_card(&out);
		}
		buf_adds(&out, "]}");
	}
	buf_adds(&out, "]}");
	return buf_take(&out);
}

static void make(struct lab *lab, unsigned zone)
{
	static const char *const zones[] = { "", ",\"ipam\":\"pve\"",
					     ",\"ipam\":\"pve\",\"dhcp\":\"dnsmasq\"" };
	auto_free char *task = pxc_printf(
		"{\"kind\":\"provider\",\"zone\":\"tenant\",\"zone_type\":\"simple\"%s,\"networks\":["
		"{\"name\":\"blue\",\"subnets\":[{\"cidr\":\"10.20.0.0/24\",\"gateway\":\"10.20.0.1\","
		"\"ranges\":[\"10.20.0.10-10.20.0.19\"]},"
		"{\"cidr\":\"fd00:20::/64\",\"ranges\":[\"fd00:20::10-fd00:20::1f\"]}]},"
		"{\"name\":\"green\",\"subnets\":[{\"cidr\":\"10.30.0.0/24\",\"gateway\":\"10.30.0.1\"}]},"
		"{\"name\":\"small\",\"subnets\":[{\"cidr\":\"10.40.0.0/29\",\"gateway\":\"10.40.0.1\"}]}]}",
		zones[zone]);

	lab_prepare(lab);
	lab_must(lab, "pxc_sdn", task);
}

/* Addresses that results say are reserved: "network ip" -> true. Fails when one comes twice. */
static json_t *reserved(struct lab *lab)
{
	json_t *all = json_object(), *vm, *card;
	size_t i, k;

	lab_must(lab, "pxc_info", "{\"gather\":[\"vms\"]}");
	json_array_foreach (json_object_get(lab->result, "vms"), i, vm) {
		if (json_array_size(json_object_get(vm, "drift")))
			fail_msg(
				"drift of %s: %s", json_string_value(json_object_get(vm, "name")),
				json_string_value(json_array_get(json_object_get(vm, "drift"), 0)));
		json_array_foreach (json_object_get(vm, "networks"), k, card)
			for (int f = 0; f < 2; f++) {
				json_t *ip = json_object_get(card, f ? "ip6" : "ip");

				if (!ip)
					continue;
				if (json_object_get(all, json_string_value(ip)))
					fail_msg("%s is had twice", json_string_value(ip));
				(void)json_object_set_new(all, json_string_value(ip), json_true());
			}
	}
	return all;
}

/* With dhcp PVE also lists what it gives to cards that ask for it: then at least those that are reserved. */
static void expect_listed(const struct lab *lab, const json_t *want, unsigned zone)
{
	const char *id, *cidr, *ip;
	json_t *subnets, *ips, *entry, *value;
	json_auto_t *there = json_object();

	json_object_foreach (lab->sim->sdn->ipam, id, subnets)
		json_object_foreach (subnets, cidr, ips)
			json_object_foreach (ips, ip, entry) {
				if (json_object_get(entry, "gateway"))
					continue;
				(void)json_object_set_new(there, ip, json_true());
				if (zone == 1 && !json_object_get(want, ip))
					fail_msg("%s is registered, and no VM has it", ip);
			}
	json_object_foreach ((json_t *)(uintptr_t)want, ip, value)
		if (zone && !json_object_get(there, ip))
			fail_msg("%s is not registered", ip);
}

static unsigned runs(unsigned usual)
{
	const char *text = getenv("PXC_PROPERTY_RUNS");

	return text ? (unsigned)strtoul(text, NULL, 10) : usual;
}

static void no_address_is_ever_had_twice(void **state)
{
	unsigned good = 0, refused = 0;
	size_t most = 0;

	(void)state;
	for (unsigned seed = 1; seed <= runs(24); seed++) {
		auto_lab struct lab lab;
		json_auto_t *before = NULL;

		state64 = seed * 77777;
		lab_create(&lab, seed);
		make(&lab, seed % 3);
		before = reserved(&lab);
		for (int i = 0; i < 12; i++) {
			auto_free char *task = random_task();
			bool ok = lab_task(&lab, "pxc_vm", task) == 0;
			auto_free char *why = pxc_strdup(lab.err.msg);
			json_t *after;

			if (!ok && lab.err.kind != PXC_EINVAL)
				fail_msg("seed %u: %s: %s", seed, task, why);
			ok ? good++ : refused++;
			after = reserved(&lab);
			expect_listed(&lab, after, seed % 3);
			if (!ok && !json_equal(before, after))
				fail_msg("seed %u: refused, and changed: %s: %s", seed, task, why);
			if (json_object_size(after) > most)
				most = json_object_size(after);
			json_decref(before);
			before = after;
			if (!ok)
				continue;
			lab_must(&lab, "pxc_vm", task);
			if (json_is_true(json_object_get(lab.result, "changed")))
				fail_msg("seed %u: changes again: %s", seed, task);
		}
	}
	print_message("%u tasks went well, %u were refused, at most %zu addresses at once\n", good,
		      refused, most);
	assert_true(good > 20 && most > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_address_is_ever_had_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
