/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_block.h"
#include "cloud/project.h"
#include "lib/plan.h"
#include "lib/sshkeys.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define WEB "{\"vmid\":100,\"name\":\"web\",\"block\":{}}"
#define HOLDER                                                                                       \
	"{\"vmid\":900000,\"name\":\"holder-acme\",\"ha\":\"stopped\",\"block\":{\"t\":\"holder\"}," \
	"\"config\":{\"tags\":\"pxc-holder\"}}"
#define NET(name, project) "n=" name " " project
#define OFF                                                                                        \
	"take VM 900000 out of HA; take the protection off VM 900000, *; delete VM 900000, which held its volumes"

/* Behind the guests of a row. */
#define ACCESS(groups) "],\"access\":{" groups "},\"rest\":["
#define PAIR(groupid) "\"" groupid "\":{\"key\":\"" KEY_ED25519 "\"}"
#define KEYS                                                                                       \
	ACCESS(PAIR("pxc-key.acme.alice") ",\"pxc-key.acme.bob\":{\"raw\":\"[pxc/1 t=keypair "     \
					  "id=group.pxc-key.acme.bob s=0000000000000000]\"}")
#define OTHER_KEYS                                                                                 \
	ACCESS(PAIR("pxc-key.acme-2.eve") "," PAIR("pxc-key.beta.acme") ",\"pxc-key.acme.x\":{"    \
									"\"raw\":\"by hand\"}")

/* guests, VMID of the holder, volumes that are left, purge, what happens: phases divided by " / "; aliases of vnets */
static const struct {
	const char *name, *guests, *holders, *volumes;
	bool purge;
	const char *plan, *aliases[3];
} rows[] = {
	{ "empty", "", "{}", "[]", false, "delete project acme" },
	{ "its holder goes first", HOLDER, "{\"900000\":\"acme\"}", "[]", false,
	  OFF " / delete project acme" },
	{ "not while there are volumes", HOLDER, "{\"900000\":\"acme\"}", "[\"data\",\"logs\"]",
	  false, "!project acme still has volumes: data, logs; remove them *" },
	{ "not even to be purged", WEB "," HOLDER, "{\"900000\":\"acme\"}", "[\"data\"]", true,
	  "!project acme still has volumes: data; remove them *" },
	{ "not while there are VMs", WEB "," HOLDER, "{\"900000\":\"acme\"}", "[]", false,
	  "!project acme still has guests: 100 (web); *" },
	{ "all of it", WEB "," HOLDER, "{\"900000\":\"acme\"}", "[]", true,
	  "note in the journal * / delete VM 100 (web) with its disks; " OFF
	  " / delete project acme" },
	{ "not while there are networks",
	  "",
	  "{}",
	  "[]",
	  false,
	  "!project acme still has networks blue, red: remove them with pxc_sdn first",
	  { NET("blue", "acme"), NET("red", "acme"), NET("lan", "beta") } },
	{ "not even to be purged",
	  WEB,
	  "{}",
	  "[]",
	  true,
	  "!project acme still has networks blue: *",
	  { NET("blue", "acme") } },
	{ "a damaged token counts",
	  "",
	  "{}",
	  "[]",
	  false,
	  "!project acme still has networks blue: *",
	  { "Lab [pxc/1 t=net id=net.v0 p=acme n=blue s=0000000000000000]" } },
	{ "networks of others do not",
	  "",
	  "{}",
	  "[]",
	  false,
	  "delete project acme",
	  { NET("blue", "beta"), "acme", NET("blue", "acme2") } },
	{ "not while there are key pairs", KEYS, "{}", "[]", false,
	  "!project acme still has key pairs: alice, bob; remove them first (pxc_keypair with *" },
	{ "they go with it, damaged ones too", WEB KEYS, "{}", "[]", true,
	  "note in the journal * / delete key pair acme/alice; delete key pair acme/bob; delete VM 100 "
	  "(web) with its disks / delete project acme" },
	{ "those of others do not", OTHER_KEYS, "{}", "[]", true, "delete project acme" },
	{ "what only looks like a holder is a guest", HOLDER, "{}", "[]", false,
	  "!project acme still has guests: 900000 (holder-acme); *" },
};

#define MOST ARRAY_SIZE(rows[0].aliases)

/* "n=blue acme" -> the alias of network blue of project acme; anything else is one. New string. */
static char *alias_of(const char *text, const char *vnet)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *id = pxc_printf("net.%s", vnet), *name = pxc_strdup(text);
	char *project = strchr(name, ' ');

	if (!str_starts(text, "n=") || !project)
		return pxc_strdup(text);
	*project++ = '\0';
	annot_set(&a, "t", "net");
	annot_set(&a, "id", id);
	annot_set(&a, "p", project);
	annot_set(&a, "n", name + strlen("n="));
	return annot_render(ANNOT_TOKEN, "", &a, "");
}

static void read_vnets(size_t row, struct pxc_arena *arena, struct sdn *ret)
{
	struct sdn_vnet *vnets = arena_alloc(arena, MOST * sizeof(*vnets));

	*ret = (struct sdn){ .vnets = vnets };
	for (size_t i = 0; i < MOST && rows[row].aliases[i]; i++) {
		auto_free char *alias = NULL;

		vnets[i].id = arena_printf(arena, "v%zu", i);
		alias = alias_of(rows[row].aliases[i], vnets[i].id);
		annot_parse(ANNOT_TOKEN, alias, &vnets[i].notes);
		network_block_read(&vnets[i], NULL, arena);
		ret->nvnets++;
	}
}

static char *phases(const struct pxc_plans *plans)
{
	struct pxc_buf out = { .data = NULL };

	for (int phase = 0; phase < 3; phase++) {
		const char *before = out.len ? " / " : "";

		for (size_t i = 0; i < plans->nplans; i++)
			for (size_t s = 0;
			     plans->plans[i]->phase == phase && s < plans->plans[i]->nsteps;
			     s++, before = "; ")
				buf_printf(&out, "%s%s", before, plans->plans[i]->steps[s].why);
	}
	return buf_take(&out);
}

static char *plan(size_t i)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct sdn sdn;
	auto_free char *json = pxc_printf("{\"guests\":[%s]}", rows[i].guests);
	json_auto_t *owned = json_pack("{s:s,s:s}", "100", "acme", "900000", "acme");
	json_auto_t *holders = json_loads(rows[i].holders, 0, NULL);
	json_auto_t *volumes = json_pack("{s:o}", "acme", json_loads(rows[i].volumes, 0, NULL));
	struct project_spec spec = { .label = "project acme",
				     .name = "acme",
				     .poolid = "acme",
				     .absent = true,
				     .purge = rows[i].purge,
				     .quota = quota_unset() };
	struct project_batch batch = {
		.specs = &spec, .nspecs = 1, .stamp = "20260101T000000Z", .actor = "tester"
	};
	auto_plans struct pxc_plans plans = { .nplans = 0 };
	auto_world struct test_world w;
	struct project_world pw = {
		.w = &w.world, .owned = owned, .holders = holders, .volumes = volumes, .sdn = &sdn
	};
	struct pxc_err err;
	char *text;

	test_world_create(&w, json);
	read_vnets(i, &arena, &sdn);
	text = project_plan(&batch, &pw, &plans, &err) < 0 ? pxc_printf("!%s", err.msg)
							   : phases(&plans);
	for (size_t k = 0; k < sdn.nvnets; k++)
		annot_text_release(&sdn.vnets[k].notes);
	return text;
}

static void projects_go_with_what_held_their_volumes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = plan(i);

		if (!plan_fits(rows[i].plan, got))
			fail_msg("%s:\n  wanted %s\n  got    %s", rows[i].name, rows[i].plan, got);
	}
}

/* Whoever may not see the SDN can have removed a project before there were networks, and still can. */
static void unseen_networks_are_said(void **state)
{
	json_auto_t *none = json_object();
	struct project_spec spec = { .label = "project acme",
				     .name = "acme",
				     .poolid = "acme",
				     .absent = true,
				     .quota = quota_unset() };
	struct project_batch batch = {
		.specs = &spec, .nspecs = 1, .stamp = "20260101T000000Z", .actor = "tester"
	};
	auto_plans struct pxc_plans plans = { .nplans = 0 };
	auto_world struct test_world w;
	struct project_world pw = {
		.w = &w.world, .owned = none, .holders = none, .volumes = none
	};
	struct pxc_err err;

	(void)state;
	test_world_create(&w, NULL);
	assert_int_equal(project_plan(&batch, &pw, &plans, &err), 0);
	assert_int_equal(plans.plans[0]->nsteps, 1);
	assert_int_equal(json_array_size(plans.plans[0]->notes), 1);
	assert_string_equal(
		json_string_value(json_array_get(plans.plans[0]->notes, 0)),
		"project acme: whether it has networks is not known: the API user needs the "
		"privilege SDN.Audit on /sdn to see that");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(projects_go_with_what_held_their_volumes),
		cmocka_unit_test(unseen_networks_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
