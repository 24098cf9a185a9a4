/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_block.h"
#include "cloud/network_info.h"
#include "lib/plan.h"

/* A network of acme with two subnets, one that is shared with it, one of beta, a vnet of nobody. */
enum { BLUE, LAN, RED, RAW, NVNETS };

struct lab {
	struct pxc_arena arena;
	struct sdn_vnet vnets[NVNETS];
	struct sdn_zone zone;
	struct sdn sdn;
	struct sdn_subnet subnets[3];
	struct sdn_reserve reserve;
	struct network_use list[4];
	struct net_ip ips[4][3];
	struct network_unread unread;
	struct network_uses uses;
	struct test_world world;
	json_t *ipam, *status, *options;
	struct network_view view;
};

static void add_vnet(struct lab *l, size_t at, const char *id, const char *project,
		     const char *name, const char *shared)
{
	struct sdn_vnet *v = &l->vnets[at];

	*v = (struct sdn_vnet){ .id = id,
				.zone = "lab",
				.ours = true,
				.name = name,
				.project = project,
				.provider = !project };
	annot_parse(ANNOT_TOKEN, "", &v->notes);
	v->shared = strv_split(&l->arena, shared);
}

static struct net_ip ip(const char *text)
{
	struct net_ip out;

	assert_true(ip_parse(text, &out));
	return out;
}

static struct sdn_subnet subnet(struct lab *l, const char *cidr, const char *gateway,
				const char *range)
{
	struct sdn_subnet s = { .id = cidr, .gateway = gateway, .snat = false };

	assert_true(cidr_parse(cidr, &s.cidr));
	s.ranges = arena_alloc(&l->arena, sizeof(*s.ranges));
	if (range && range_parse(range, s.ranges))
		s.nranges = 1;
	return s;
}

static void add_use(struct lab *l, const char *vnet, const char *who, const char *project,
		    const char *const *ips)
{
	struct network_use *u = &l->list[l->uses.n];

	*u = (struct network_use){
		.vnet = vnet, .who = who, .project = project, .ips = l->ips[l->uses.n]
	};
	for (; ips && ips[u->nips]; u->nips++)
		u->ips[u->nips] = ip(ips[u->nips]);
	l->uses.n++;
}

static void create(struct lab *l)
{
	*l = (struct lab){ .arena.head = NULL };
	add_vnet(l, BLUE, "nblue", "acme", "blue", NULL);
	add_vnet(l, LAN, "nlan", NULL, "lan", "acme,beta");
	add_vnet(l, RED, "nred", "beta", "red", NULL);
	add_vnet(l, RAW, "raw1", NULL, NULL, NULL);
	l->vnets[RAW].ours = l->vnets[RAW].provider = false;
	l->subnets[0] = subnet(l, "10.20.0.0/24", "10.20.0.1", NULL);
	l->subnets[1] = subnet(l, "10.20.1.0/24", NULL, "10.20.1.10-10.20.1.19");
	l->subnets[2] = subnet(l, "fd00:20::/64", NULL, NULL);
	l->vnets[BLUE].subnets = l->subnets;
	l->vnets[BLUE].nsubnets = 3;
	l->reserve = (struct sdn_reserve){ "metallb", { ip("10.20.1.16"), ip("10.20.1.30") } };
	l->vnets[BLUE].reserves = &l->reserve;
	l->vnets[BLUE].nreserves = 1;
	l->options = json_pack("{s:s,s:s}", "ipam", "pve", "dhcp", "dnsmasq");
	l->zone = (struct sdn_zone){ "lab", "simple", l->options };
	l->sdn =
		(struct sdn){ .zones = &l->zone, .nzones = 1, .vnets = l->vnets, .nvnets = NVNETS };
	l->status = json_pack("{s:{s:s},s:{s:s},s:{}}", "pve1", "lab", "available", "pve2", "lab",
			      "error", "pve3");
	l->ipam = json_array();
	l->uses = (struct network_uses){ .arena = &l->arena, .list = l->list };
	test_world_create(&l->world, "{\"pools\":{\"acme\":{},\"beta\":{},\"plain\":null}}");
	l->view = (struct network_view){ .w = &l->world.world,
					 .sdn = &l->sdn,
					 .status = l->status,
					 .uses = &l->uses,
					 .ipam = l->ipam };
}

static void destroy(struct lab *l)
{
	for (size_t i = 0; i < NVNETS; i++)
		annot_text_release(&l->vnets[i].notes);
	json_decref(l->options);
	json_decref(l->status);
	test_world_release(&l->world);
	json_decref(l->ipam);
	arena_release(&l->arena);
}

static void check(const struct lab *l, size_t vnet, const char *key, const char *wanted)
{
	json_auto_t *item = network_show(&l->view, &l->vnets[vnet]);
	const json_t *value = json_object_get(item, key);
	auto_free char *got =
		value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : pxc_strdup("nothing");

	if (!plan_fits(wanted, got))
		fail_msg("%s of %s:\n  wanted %s\n  got    %s", key, l->vnets[vnet].id, wanted,
			 got);
}

static long long free_in(const struct lab *l, size_t at)
{
	json_auto_t *item = network_show(&l->view, &l->vnets[BLUE]);
	const json_t *row = json_array_get(json_object_get(item, "subnets"), at);

	return json_object_get(row, "free") ? json_integer_value(json_object_get(row, "free")) : -1;
}

static void add_entry(struct lab *l, const char *vnet, const char *address, const char *mac)
{
	(void)json_array_append_new(l->ipam, json_pack("{s:s,s:s,s:s,s:s}", "zone", "lab", "vnet",
						       vnet, "ip", address, "mac", mac));
}

static void addresses_are_counted(void **state)
{
	static const char *const both[] = { "10.20.0.3", "10.20.0.2", "10.20.0.3", NULL };
	static const char *const one[] = { "10.20.1.10", NULL };
	struct lab l;

	(void)state;
	create(&l);
	assert_int_equal(free_in(&l, 0), 253); /* all hosts but the gateway */
	assert_int_equal(free_in(&l, 1), 6);   /* of ten, what is not kept */
	assert_int_equal(free_in(&l, 2), -1);  /* nobody gets those without a range */
	add_use(&l, "nblue", "vm acme/web (101)", "acme", both);
	add_use(&l, "nblue", "container 205", NULL, one);
	add_use(&l, "nred", "vm beta/db (102)", "beta", one);
	add_entry(&l, "nblue", "10.20.0.9", "BC:24:11:00:00:09");
	add_entry(&l, "nblue", "10.20.0.2", "BC:24:11:00:00:01");
	assert_int_equal(free_in(&l, 0), 250);
	assert_int_equal(free_in(&l, 1), 5);
	check(&l, BLUE, "used", "3");
	check(&l, BLUE, "reserved_count", "15");
	check(&l, BLUE, "addresses",
	      "[{\"ip\":\"10.20.0.2\",\"used_by\":\"vm acme/web (101)\"},"
	      "{\"ip\":\"10.20.0.3\",\"used_by\":\"vm acme/web (101)\"},"
	      "{\"ip\":\"10.20.1.10\",\"used_by\":\"container 205\"}]");
	check(&l, RAW, "used", "0");
	l.view.project = "acme";
	check(&l, BLUE, "addresses",
	      "*vm acme/web*vm acme/web*{\"ip\":\"10.20.1.10\",\"used_by\":\"somebody else\"}]");
	l.view.uses = NULL;
	check(&l, BLUE, "used", "nothing");
	check(&l, BLUE, "addresses", "nothing");
	check(&l, BLUE, "drift", "nothing");
	assert_int_equal(free_in(&l, 0), -1);
	destroy(&l);
}

static void endless_numbers_stay_numbers(void **state)
{
	struct lab l;

	(void)state;
	create(&l);
	l.reserve.range =
		(struct net_range){ ip("fd00:20::1"), ip("fd00:20::ffff:ffff:ffff:ffff") };
	check(&l, BLUE, "reserved_count", "9223372036854775807");
	l.subnets[2].ranges[0] = (struct net_range){ ip("fd00::"), ip("fd00:ffff::") };
	l.subnets[2].nranges = 1;
	assert_true(free_in(&l, 2) == INT64_MAX);
	destroy(&l);
}

static void zones_are_told_by_node(void **state)
{
	struct lab l;

	(void)state;
	create(&l);
	check(&l, BLUE, "zone_status", "{\"pve1\":\"available\",\"pve2\":\"error\"}");
	l.view.status = NULL;
	check(&l, BLUE, "zone_status", "nothing");
	destroy(&l);
}

static void what_a_project_sees(void **state)
{
	static const struct {
		const char *project;
		bool shown[NVNETS];
	} rows[] = {
		{ NULL, { true, true, true, true } },
		{ "acme", { true, true, false, false } },
		{ "beta", { false, true, true, false } },
		{ "gamma", { false, false, false, false } },
	};
	struct lab l;

	(void)state;
	create(&l);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t k = 0; k < NVNETS; k++)
			assert_int_equal(network_shown(&l.vnets[k], rows[i].project),
					 rows[i].shown[k]);
	check(&l, BLUE, "kind", "\"project\"");
	check(&l, LAN, "kind", "\"provider\"");
	check(&l, RAW, "kind", "nothing");
	check(&l, RAW, "tampered", "nothing");
	destroy(&l);
}

/* alias of vnet raw1, "tampered" and "name" of what is shown, whether acme sees it */
static void tokens_that_are_not_whole_are_told(void **state)
{
	static const struct {
		const char *alias, *tampered, *name;
		bool acme;
	} rows[] = {
		{ "Office LAN", "nothing", "nothing", false },
		{ "Lab [pxc/1 t=net id=net.raw1 p=acme n=green s=0000000000000000]", "\"*seal*\"",
		  "\"green\"", true },
		{ "[pxc/2 t=net id=net.raw1 p=acme n=green]", "\"*\"", "nothing", false },
	};
	struct lab l;

	(void)state;
	create(&l);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sdn_vnet *v = &l.vnets[RAW];

		annot_text_release(&v->notes);
		annot_parse(ANNOT_TOKEN, rows[i].alias, &v->notes);
		v->name = v->project = NULL;
		network_block_read(v, NULL, &l.arena);
		check(&l, RAW, "tampered", rows[i].tampered);
		check(&l, RAW, "name", rows[i].name);
		check(&l, RAW, "kind", "nothing");
		assert_int_equal(network_shown(v, "acme"), rows[i].acme);
	}
	destroy(&l);
}

/* A token that was copied with its alias is whole, but of another vnet. */
static void copied_tokens_are_told(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *alias = NULL;
	struct lab l;

	(void)state;
	create(&l);
	annot_set(&a, "t", "net");
	annot_set(&a, "id", "net.other");
	annot_set(&a, "n", "green");
	annot_set(&a, "p", "acme");
	alias = annot_render(ANNOT_TOKEN, "", &a, "");
	annot_text_release(&l.vnets[RAW].notes);
	annot_parse(ANNOT_TOKEN, alias, &l.vnets[RAW].notes);
	network_block_read(&l.vnets[RAW], NULL, &l.arena);
	check(&l, RAW, "tampered",
	      "\"its token was written for another vnet, or another cluster\"");
	check(&l, RAW, "name", "nothing");
	assert_false(network_shown(&l.vnets[RAW], "acme"));
	destroy(&l);
}

static void usage_counts_what_is_the_projects(void **state)
{
	static const char *const twice[] = { "10.20.0.3", "10.20.0.2", "10.20.0.3", NULL };
	static const char *const one[] = { "10.20.0.4", NULL };
	struct quota q = { { 0 } };
	struct lab l;

	(void)state;
	create(&l);
	add_use(&l, "nblue", "vm acme/web (101)", "acme", twice);
	add_use(&l, "nlan", "vm acme/web (101)", "acme", one);
	add_use(&l, "nlan", "vm beta/db (102)", "beta", one);
	q.v[QUOTA_CORES] = 7;
	network_usage(&l.view, "acme", &q);
	assert_int_equal(q.v[QUOTA_NETWORKS], 1);
	assert_int_equal(q.v[QUOTA_SUBNETS], 3);
	assert_int_equal(q.v[QUOTA_IPS], 3);
	assert_int_equal(q.v[QUOTA_CORES], 7);
	network_usage(&l.view, "gamma", &q);
	assert_int_equal(q.v[QUOTA_NETWORKS] + q.v[QUOTA_SUBNETS] + q.v[QUOTA_IPS], 0);
	destroy(&l);
}

static void drift_is_told(void **state)
{
	static const char *const a[] = { "10.20.0.2", "10.20.0.3", NULL };
	static const char *const b[] = { "10.20.0.3", "10.99.0.1", NULL };
	static const char *const c[] = { "10.20.0.3", "fd99::1", NULL };
	struct lab l;

	(void)state;
	create(&l);
	add_use(&l, "nblue", "vm acme/a (101)", "acme", a);
	check(&l, BLUE, "drift", "[]");
	add_use(&l, "nblue", "vm acme/b (102)", "acme", b);
	add_use(&l, "nred", "vm beta/c (103)", "beta", b);
	check(&l, BLUE, "drift",
	      "[\"10.20.0.3 is the address of vm acme/a (101) and vm acme/b (102)\","
	      "\"10.99.0.1 of vm acme/b (102) lies in no subnet\"]");
	check(&l, RED, "drift", "[]"); /* it has no subnets at all */
	add_use(&l, "nblue", "vm beta/d (104)", "beta", c);
	l.view.project = "acme";
	check(&l, BLUE, "drift",
	      "[\"10.20.0.3 is the address of vm acme/a (101) and vm acme/b (102) and somebody "
	      "else\",*\"fd99::1 of somebody else lies in no subnet\"]");
	l.vnets[BLUE].nsubnets = 2; /* no IPv6 any more: hosts may have what they like of it */
	check(&l, BLUE, "drift", "[*\"10.99.0.1 of vm acme/b (102) lies in no subnet\"]");
	destroy(&l);
}

static void leaked_registrations_are_told(void **state)
{
	struct world_guest down = { .vmid = 109, .node = "pve9", .pool = "beta" };
	struct lab l;

	(void)state;
	create(&l);
	add_use(&l, "nblue", "vm acme/a (101)", "acme", NULL);
	l.list[0].mac = "BC:24:11:00:00:01";
	add_use(&l, "nred", "vm beta/b (102)", "beta", NULL);
	l.list[1].mac = "BC:24:11:00:00:02";
	add_use(&l, "nblue", "vm acme/c (103)", "acme", NULL); /* of a card that is only noted */
	add_entry(&l, "nblue", "10.20.0.2", "bc:24:11:00:00:01");
	add_entry(&l, "nblue", "10.20.0.3", "bc:24:11:00:00:02"); /* its card is on another */
	add_entry(&l, "nred", "10.20.0.4", "BC:24:11:00:00:03");
	(void)json_array_append_new(l.ipam, json_pack("{s:s,s:s,s:s,s:i}", "zone", "lab", "vnet",
						      "nblue", "ip", "10.20.0.1", "gateway", 1));
	check(&l, BLUE, "drift",
	      "[\"10.20.0.3 is registered in PVE's IPAM for BC:24:11:00:00:02, a card that no guest "
	      "has on this network\"]");
	check(&l, RED, "drift", "[\"10.20.0.4 is registered*BC:24:11:00:00:03,*\"]");
	check(&l, LAN, "drift", "[]");
	/* A guest that cannot be read may have that card, if it may be on the network at all. */
	l.unread = (struct network_unread){ &down, "its node is offline", false };
	l.uses.unread = &l.unread;
	l.uses.nunread = 1;
	check(&l, RED, "drift", "[]");
	check(&l, BLUE, "drift", "[\"10.20.0.3 *\"]");
	down.pool = "plain";
	check(&l, BLUE, "drift", "[]");
	destroy(&l);
}

/* What the block of a VM says, where its card is plugged in, what is told. */
static void cards_that_are_elsewhere_are_told(void **state)
{
	static const struct {
		const char *block, *card, *drift;
	} rows[] = {
		{ "blue,10.20.0.5", "virtio=BC:24:11:00:00:01,bridge=nblue", "[]" },
		{ "lan", "virtio=BC:24:11:00:00:01,bridge=nlan", "[]" },
		{ "beta/red", "virtio=BC:24:11:00:00:01,bridge=nred", "[]" },
		{ "gone,10.20.0.5", "virtio=BC:24:11:00:00:01,bridge=vmbr0",
		  "[\"net0: there is no network gone, it is plugged into vmbr0\"]" },
		{ "gone,10.20.0.5", "virtio=BC:24:11:00:00:01,bridge=nblue",
		  "[\"net0: there is no network gone, it is plugged into network acme/blue\"]" },
		{ "gone,10.20.0.5", NULL, "[\"net0: there is no network gone\"]" },
		{ "blue,10.20.0.5", "virtio=BC:24:11:00:00:01,bridge=vmbr0",
		  "[\"net0 is plugged into vmbr0, not into network blue\"]" },
		{ "blue,10.20.0.5", "virtio=BC:24:11:00:00:01,bridge=raw1",
		  "[\"net0 is plugged into vnet raw1, not into network blue\"]" },
		{ "blue,10.20.0.5", NULL, "[]" }, /* that it is gone is told by the VM */
		{ NULL, "virtio=BC:24:11:00:00:01,bridge=nblue", "[]" },
	};
	struct lab l;

	(void)state;
	create(&l);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *world = json_pack("{s:[{s:i,s:{s:s,s:s*},s:{s:s*}}]}", "guests",
					       "vmid", 101, "block", "name", "web", "net0",
					       rows[i].block, "config", "net0", rows[i].card);
		auto_free char *text = json_dumps(world, 0), *got = NULL;
		json_auto_t *drift = json_array();
		auto_world struct test_world w;

		test_world_create(&w, text);
		assert_int_equal(w.vm.nseen, 1);
		network_vm_drift(&l.sdn, w.vm.seen[0], drift);
		got = json_dumps(drift, JSON_COMPACT);
		assert_string_equal(got, rows[i].drift);
	}
	destroy(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_counted),
		cmocka_unit_test(endless_numbers_stay_numbers),
		cmocka_unit_test(zones_are_told_by_node),
		cmocka_unit_test(what_a_project_sees),
		cmocka_unit_test(tokens_that_are_not_whole_are_told),
		cmocka_unit_test(copied_tokens_are_told),
		cmocka_unit_test(usage_counts_what_is_the_projects),
		cmocka_unit_test(drift_is_told),
		cmocka_unit_test(leaked_registrations_are_told),
		cmocka_unit_test(cards_that_are_elsewhere_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
