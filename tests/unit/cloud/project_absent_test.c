/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cloud/project.h"
#include "lib/plan.h"

#define WEB "{\"vmid\":100,\"name\":\"web\",\"block\":{}}"
#define HOLDER                                                                                       \
	"{\"vmid\":900000,\"name\":\"holder-acme\",\"ha\":\"stopped\",\"block\":{\"t\":\"holder\"}," \
	"\"config\":{\"tags\":\"pxc-holder\"}}"
#define OFF                                                                                        \
	"take VM 900000 out of HA; take the protection off VM 900000, *; delete VM 900000, which held its volumes"

/* guests, VMID of the holder, volumes that are left, purge, what happens: phases divided by " / " */
static const struct {
	const char *name, *guests, *holders, *volumes;
	bool purge;
	const char *plan;
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
	{ "what only looks like a holder is a guest", HOLDER, "{}", "[]", false,
	  "!project acme still has guests: 900000 (holder-acme); *" },
};

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
		.w = &w.world, .owned = owned, .holders = holders, .volumes = volumes
	};
	struct pxc_err err;

	test_world_create(&w, json);
	return project_plan(&batch, &pw, &plans, &err) < 0 ? pxc_printf("!%s", err.msg)
							   : phases(&plans);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(projects_go_with_what_held_their_volumes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
