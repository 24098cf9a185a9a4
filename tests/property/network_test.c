/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random tasks of pxc_sdn against random clusters: what succeeds has converged, what is refused has written nothing; numbers and
 * subnets never collide; whatever goes wrong on the way, nothing waits to be applied behind it, and the next run puts it right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "lib/sdn_lab.h"

static uint64_t state64;

static unsigned chance(unsigned below)
{
	state64 = state64 * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state64 >> 33) % below;
}

#define PICK(...) pick((const char *const[]){ __VA_ARGS__, NULL })

static const char *pick(const char *const *words)
{
	unsigned n = 0;

	while (words[n])
		n++;
	return words[chance(n)];
}

/* Some overlap others. */
static const struct {
	const char *cidr, *gateway, *range;
} choices[] = {
	{ "10.0.0.0/24", "10.0.0.1", "10.0.0.5-10.0.0.9" },
	{ "10.0.0.0/16", "10.0.0.1", "10.0.3.0-10.0.3.255" },
	{ "10.0.1.0/24", "10.0.1.254", "10.0.1.3" },
	{ "10.1.0.0/28", "10.1.0.1", "10.1.0.3-10.1.0.14" },
	{ "10.2.0.0/24", "10.2.0.1", "10.2.0.9-10.2.0.250" },
	{ "10.3.0.0/30", "10.3.0.1", "10.3.0.2" },
	{ "10.4.0.0/24", "10.4.0.1", "10.4.0.9-10.4.0.20" },
	{ "10.5.0.0/24", "10.5.0.1", "10.5.0.9-10.5.0.20" },
	{ "fd00::/64", "fd00::1", "fd00::5-fd00::9" },
	{ "fd00::/48", "fd00::1", "fd00::5-fd00::9" },
	{ "fd00:1::/64", "fd00:1::1", "fd00:1::5-fd00:1::ffff" },
};

static void add_subnets(struct pxc_buf *out)
{
	unsigned first = chance(ARRAY_SIZE(choices));

	buf_adds(out, ",\"subnets\":[");
	for (unsigned i = 0, n = chance(3); i < n; i++) {
		unsigned which = (first + i * (1 + chance(3))) % ARRAY_SIZE(choices);
		unsigned other = chance(20) ? which : 0; /* now and then it does not lie in it */

		buf_printf(out, "%s{\"cidr\":\"%s\"", i ? "," : "", choices[which].cidr);
		if (chance(3) == 0)
			buf_printf(out, ",\"gateway\":\"%s\"",
				   chance(4) ? choices[other].gateway : "");
		if (chance(4) == 0)
			buf_printf(out, ",\"ranges\":[\"%s\"]", choices[other].range);
		if (chance(30) == 0)
			buf_adds(out, ",\"snat\":true");
		if (chance(6) == 0)
			buf_adds(out, ",\"state\":\"absent\"");
		buf_addc(out, '}');
	}
	buf_adds(out, "]");
	if (chance(2))
		buf_adds(out, ",\"subnets_mode\":\"merge\"");
}

/* Values may well be wrong, or clash with what is there. */
static void add_options(struct pxc_buf *out, bool provider)
{
	if (provider ? chance(8) != 0 : chance(6) == 0)
		buf_printf(out, ",\"tag\":%s",
			   PICK("5", "6", "7", "8", "100", "101", "102", "103", "199", "5000"));
	if (chance(3))
		add_subnets(out);
	if (chance(5) == 0)
		buf_printf(out, ",\"isolate_ports\":%s", PICK("true", "false"));
	if (chance(16) == 0)
		buf_printf(out, ",\"vlan_aware\":%s", PICK("true", "false"));
	if (chance(4) == 0)
		buf_printf(out, ",\"description\":\"%s\"",
			   PICK("", "text", "a: (b), [c] d.", "x ", "more"));
	else if (chance(20) == 0)
		buf_printf(out, ",\"description\":\"%s\"", PICK("50%", "[pxc/1 t=net]"));
	if (chance(5) == 0)
		buf_printf(out, ",\"shared_with\":[%s]",
			   PICK("", "\"beta\"", "\"acme\",\"beta\"", "\"*\""));
	if (chance(8) == 0)
		buf_printf(out, ",\"reserve\":[{\"name\":\"lb\",%s}]",
			   PICK("\"count\":2", "\"count\":9", "\"range\":\"10.0.0.7-10.0.0.8\"",
				"\"state\":\"absent\""));
	if (chance(10) == 0)
		buf_printf(out, ",\"new_name\":\"n%u\"", chance(5));
	if (chance(20) == 0)
		buf_adds(out, ",\"vnet\":\"fixed\"");
	if (provider && chance(6) == 0)
		buf_printf(out, ",\"mtu\":%s", PICK("1400", "1450", "9000"));
	if (chance(5) == 0)
		buf_printf(out, ",\"state\":\"absent\",\"remove_zone\":%s", PICK("true", "false"));
}

static void add_place(struct pxc_buf *out, bool provider)
{
	if (!provider) {
		buf_printf(out, ",\"project\":\"%s\"", PICK("acme", "beta"));
		return;
	}
	buf_adds(out, ",\"kind\":\"provider\"");
	buf_adds(
		out,
		PICK(",\"zone\":\"lab\",\"zone_type\":\"vlan\",\"bridge\":\"vmbr0\"",
		     ",\"zone\":\"tenant\"",
		     ",\"zone\":\"over\",\"zone_type\":\"vxlan\",\"peers\":[\"auto\"]",
		     ",\"zone\":\"in\",\"zone_type\":\"simple\"",
		     ",\"zone\":\"qq\",\"zone_type\":\"qinq\",\"bridge\":\"vmbr0\",\"service_vlan\":7"));
	if (chance(4) == 0)
		buf_printf(out, ",\"project\":\"acme\"");
}

static char *random_task(void)
{
	struct pxc_buf out = { .data = NULL };

	buf_adds(&out, "{\"lock_timeout\":5,\"networks\":[");
	for (unsigned i = 0, n = 1 + chance(3); i < n; i++) {
		bool provider = chance(3) == 0;

		buf_printf(&out, "%s{\"name\":\"n%u\"", i ? "," : "", chance(5));
		add_place(&out, provider);
		add_options(&out, provider);
		buf_addc(&out, '}');
	}
	buf_adds(&out, "]}");
	return buf_take(&out);
}

/* ---- what must hold at any time ---- */

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* The project that a vnet's token names; "" = none. In out. */
static void project_of(const json_t *vnet, char out[40])
{
	auto_annot_text struct annot_text t = { .before = NULL };
	const char *p;

	annot_parse(ANNOT_TOKEN, text(vnet, "alias"), &t);
	p = annot_get(&t.annot, "p");
	(void)snprintf(out, 40, "%s", p ? p : "");
}

static void check_tags(const json_t *running)
{
	json_t *vnets = json_object_get(running, "vnets"), *a, *b;
	const json_t *zones = json_object_get(running, "zones");
	const char *one, *two;

	json_object_foreach (vnets, one, a)
		json_object_foreach (vnets, two, b) {
			json_int_t tag = json_integer_value(json_object_get(a, "tag"));
			bool global = str_eq(text(json_object_get(zones, text(a, "zone")), "type"),
					     "vxlan") &&
				      str_eq(text(json_object_get(zones, text(b, "zone")), "type"),
					     "vxlan");

			if (strcmp(one, two) < 0 && tag &&
			    tag == json_integer_value(json_object_get(b, "tag")) &&
			    (global || str_eq(text(a, "zone"), text(b, "zone"))))
				fail_msg("%s and %s have tag %lld", one, two, (long long)tag);
		}
}

static void cidr_of(const char *id, struct net_cidr *ret)
{
	const char *ip = strchr(id, '-'), *prefix = strrchr(id, '-');
	auto_free char *whole = pxc_printf("%.*s/%s", (int)(prefix - ip - 1), ip + 1, prefix + 1);

	if (!cidr_parse(whole, ret))
		fail_msg("subnet %s", id);
}

static void check_overlaps(const json_t *running)
{
	json_t *subnets = json_object_get(running, "subnets"), *a, *b;
	const json_t *vnets = json_object_get(running, "vnets");
	const char *one, *two;

	json_object_foreach (subnets, one, a)
		json_object_foreach (subnets, two, b) {
			const json_t *u = json_object_get(vnets, text(a, "vnet")),
				     *v = json_object_get(vnets, text(b, "vnet"));
			struct net_cidr x, y;
			char p[40], q[40];

			if (strcmp(one, two) >= 0)
				continue;
			project_of(u, p);
			project_of(v, q);
			cidr_of(one, &x);
			cidr_of(two, &y);
			if (cidr_overlaps(&x, &y) &&
			    (str_eq(text(u, "zone"), text(v, "zone")) || (*p && str_eq(p, q))))
				fail_msg("%s and %s overlap", one, two);
		}
}

/* No name twice, and every token sound. */
static void check_names(const json_t *running)
{
	json_t *vnets = json_object_get(running, "vnets"), *vnet;
	json_auto_t *seen = json_object();
	const char *id;

	json_object_foreach (vnets, id, vnet) {
		auto_annot_text struct annot_text t = { .before = NULL };
		auto_free char *name = NULL;

		annot_parse(ANNOT_TOKEN, text(vnet, "alias"), &t);
		if (t.finding == ANNOT_NONE)
			continue;
		assert_int_equal(t.finding, ANNOT_OK);
		name = pxc_printf("%s/%s", annot_get(&t.annot, "p") ? annot_get(&t.annot, "p") : "",
				  annot_get(&t.annot, "n"));
		if (json_object_get(seen, name))
			fail_msg("two networks %s", name);
		(void)json_object_set_new(seen, name, json_true());
	}
}

static void check_all(struct lab *lab)
{
	json_auto_t *dump = sim_dump(lab->sim);
	const json_t *running = json_object_get(json_object_get(dump, "sdn"), "running");

	check_tags(running);
	check_overlaps(running);
	check_names(running);
	sdn_lab_is_clean(lab);
}

/* Somebody's own vnets, which nobody asked the collection for. */
static void add_foreign(struct lab *lab)
{
	sdn_lab_ask(lab, "POST", "/cluster/sdn/zones", "zone=lab&type=vlan&bridge=vmbr0");
	sdn_lab_ask(lab, "POST", "/cluster/sdn/vnets",
		    "vnet=old&zone=lab&tag=101&alias=of%20somebody");
	sdn_lab_ask(lab, "POST", "/cluster/sdn/vnets/old/subnets",
		    "subnet=10.2.0.0%2F25&type=subnet");
	sdn_lab_ask(lab, "PUT", "/cluster/sdn", "");
	sim_advance(lab->sim, 20000);
}

static unsigned runs(unsigned usual)
{
	const char *env = getenv("PXC_PROPERTY_RUNS");

	return env ? (unsigned)strtoul(env, NULL, 10) : usual;
}

static bool wrote(const struct lab *lab)
{
	auto_free char *writes = lab_writes(lab);

	return strstr(writes, " /cluster/sdn/zones") || strstr(writes, " /cluster/sdn/vnets") ||
	       strstr(writes, "PUT /cluster/sdn ");
}

static void must_change_nothing(struct lab *lab, const char *task, unsigned seed)
{
	auto_free char *writes = NULL;

	if (lab_task(lab, "pxc_sdn", task) < 0)
		fail_msg("seed %u: the same again fails: %s: %s", seed, task, lab->err.msg);
	writes = lab_writes(lab);
	if (*writes || json_is_true(json_object_get(lab->result, "changed")))
		fail_msg("seed %u: the same again changes: %s\n%s", seed, task, writes);
}

/* A name that is given in the same task is another network the next time. */
static bool repeats(const char *task)
{
	return !strstr(task, "new_name");
}

static void what_succeeds_has_converged(void **state)
{
	unsigned good = 0, refused = 0;

	(void)state;
	for (unsigned seed = 0; seed < runs(25); seed++) {
		auto_lab struct lab lab;

		state64 = seed + 7;
		sdn_lab_create(&lab, seed % 4 == 3 ? 8 : 9, seed);
		if (seed % 2)
			add_foreign(&lab);
		for (unsigned step = 0; step < 15; step++) {
			auto_free char *task = random_task();

			if (lab_task(&lab, "pxc_sdn", task) < 0) {
				if (lab.err.kind != PXC_EINVAL || wrote(&lab))
					fail_msg("seed %u: refused after writing: %s: %s", seed,
						 task, lab.err.msg);
				refused++;
			} else {
				good++;
				if (repeats(task))
					must_change_nothing(&lab, task, seed);
			}
			check_all(&lab);
		}
	}
	print_message("%u tasks converged, %u were refused\n", good, refused);
	assert_true(good > refused / 8);
}

/* Answers are lost, requests fail, the client is killed. */
static void hurt(struct lab *lab)
{
	const char *path = PICK("/cluster/sdn/vnets", "/cluster/sdn/zones", "/cluster/sdn/vnets/*",
				"/cluster/sdn/vnets/*/subnets", "/cluster/sdn", "/cluster/sdn/lock",
				"/cluster/sdn/rollback", "/access/groups", "/access/groups/*");
	const char *how = PICK("lost", "drop", "status=500 text=\"no space left\"", "status=595",
			       "lost", "slow=20s");
	auto_free char *rules = pxc_printf("* %s nth=%u %s\n", path, 1 + chance(3), how);

	sdn_lab_faults(lab, rules);
	if (chance(3) == 0)
		lab->kill_after = 10 + chance(30);
}

/* With nothing going wrong any more; false: it is refused. */
static bool put_right(struct lab *lab, const char *task, unsigned seed)
{
	sdn_lab_faults(lab, "");
	sim_advance(lab->sim, 60000);
	lab->skew_s += 1000; /* the time of its locks is over */
	if (lab_task(lab, "pxc_sdn", task) == 0)
		return true;
	if (lab->err.kind != PXC_EINVAL || strstr(lab->err.msg, "changes of others"))
		fail_msg("seed %u: %s: %s", seed, task, lab->err.msg);
	return false;
}

static void put_right_all(unsigned pve, unsigned from, unsigned to)
{
	unsigned failed = 0, good = 0;

	for (unsigned seed = from; seed < to; seed++) {
		auto_lab struct lab lab;

		state64 = seed + 1000;
		sdn_lab_create(&lab, pve, seed);
		for (unsigned step = 0; step < 8; step++) {
			auto_free char *task = random_task();

			hurt(&lab);
			if (lab_task(&lab, "pxc_sdn", task) < 0)
				failed += lab.err.kind != PXC_EINVAL;
			if (put_right(&lab, task, seed))
				good++;
			else if (pve == 8) /* it may have begun, and cannot take that back */
				sdn_lab_ask(&lab, "PUT", "/cluster/sdn", "");
			sim_advance(lab.sim, 20000);
			check_all(&lab);
		}
	}
	print_message("PVE %u: %u tasks failed or were killed, %u succeeded behind that\n", pve,
		      failed, good);
	assert_true(failed > 10 && good > 10);
}

static void whatever_fails_is_put_right_by_the_next_run(void **state)
{
	(void)state;
	put_right_all(9, 0, runs(25));
	put_right_all(8, 0, runs(25));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_succeeds_has_converged),
		cmocka_unit_test(whatever_fails_is_put_right_by_the_next_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
