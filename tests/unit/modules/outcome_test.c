/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "modules/outcome.h"

/* What a step ended with, when the closing look finds nothing left to do. */
static const struct row {
	const char *what;
	enum pxc_errkind kind;
	int http;
	bool is_changed, is_failed;
} rows[] = {
	{ "a write without an answer was done", PXC_EUNSURE, 0, true, false },
	{ "and one that a gateway answered", PXC_EUNSURE, 504, true, false },
	{ "PVE names another's write", PXC_ECONFLICT, 500, false, false },
	{ "Ceph does, which knows no status", PXC_ECONFLICT, 0, false, false },
	{ "a failure stays one", PXC_EREMOTE, 500, false, true },
};

static void settle(const struct row *row, bool follow)
{
	auto_plans struct pxc_plans plans = { .nplans = 0 }, later = { .nplans = 0 };
	struct outcomes o = { .n = 0 };
	struct pve_job job = { .err = { .kind = row->kind, .http = row->http } };

	for (unsigned i = 0; i < 2; i++) {
		struct pxc_plan *plan = pxc_plans_add(&plans, i ? "other" : "one");

		plan->item = json_object();
		pxc_plan_add(plan, 0, PXC_QUIET, NULL, "create");
		pxc_plans_add(&later, plan->label)->item = json_object();
	}
	outcomes_preview(&o, &plans);
	outcome_add(&o, 0, plans.plans[0], &job);
	if (follow)
		outcome_follow(&o, 1, 0);
	outcomes_settle(&o, &later);
	if (o.list[0].changed != row->is_changed || o.list[0].failed != row->is_failed)
		fail_msg("%s: changed %d, failed %d", row->what, o.list[0].changed,
			 o.list[0].failed);
	/* Nothing was sent for what waited for it. */
	assert_false(o.list[1].changed);
	outcomes_release(&o);
}

static void a_conflict_that_nothing_is_left_of_is_a_change_only_of_our_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		settle(&rows[i], false);
}

static void what_waited_for_it_has_changed_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		settle(&rows[i], true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_conflict_that_nothing_is_left_of_is_a_change_only_of_our_own),
		cmocka_unit_test(what_waited_for_it_has_changed_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
