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

/* ---- what is taken back ---- */

/* Two objects that one helper completes, and one that undoes both. */
static const struct undoing {
	const char *what;
	enum pxc_errkind first, complete; /* what they ended with; PXC_OK: done */
	bool reached;                     /* was the completing one begun? */
	bool settles;                     /* is there a look behind? */
	bool left;                        /* is there still something to do for the objects then? */
	bool is_changed, is_failed;
	size_t done; /* steps that the result tells of the objects and of what completes them */
} undoings[] = {
	{ "one failed, all is taken back", PXC_EREMOTE, PXC_OK, false, true, true, false, true, 0 },
	{ "the same when nobody can look", PXC_EREMOTE, PXC_OK, false, false, true, false, true,
	  0 },
	{ "completing failed at once", PXC_OK, PXC_EREMOTE, true, true, true, false, true, 0 },
	{ "completing failed, when it was done already", PXC_OK, PXC_EREMOTE, true, true, false,
	  true, true, 2 },
	{ "completing has no answer, and was done", PXC_OK, PXC_EUNSURE, true, true, false, true,
	  false, 2 },
	{ "completing has no answer, and was not done", PXC_OK, PXC_EUNSURE, true, true, true,
	  false, false, 0 },
	{ "one has no answer: all goes round again", PXC_EUNSURE, PXC_OK, false, true, true, false,
	  false, 0 },
	{ "all is done: nothing is taken back", PXC_OK, PXC_OK, true, true, false, true, false, 3 },
};

static void plan_undoing(struct pxc_plans *plans, bool left)
{
	static const char *const labels[] = { "one", "other", "completes", "undoes" };

	for (unsigned i = 0; i < 4; i++) {
		struct pxc_plan *p = pxc_plans_add(plans, labels[i]);

		p->phase = i < 2 ? 0 : (int)i - 1;
		p->item = i < 2 ? json_object() : NULL;
		if (left)
			pxc_plan_add(p, 0, PXC_QUIET, NULL, "%s", labels[i]);
	}
	plans->plans[0]->via = plans->plans[1]->via = left ? plans->plans[2] : NULL;
	plans->plans[3]->undoes = plans->plans[2];
}

static void undo(const struct undoing *row)
{
	auto_plans struct pxc_plans plans = { .nplans = 0 }, later = { .nplans = 0 };
	const enum pxc_errkind ends[] = { row->first, PXC_OK, row->complete };
	struct outcomes o = { .n = 0 };
	struct ans_args args = { .params = NULL };
	struct pxc_env env = { .args = &args };
	const struct pxc_kind kind = { .name = "thing", .plural = "things" };
	json_auto_t *result = NULL;
	bool failed;

	plan_undoing(&plans, true);
	plan_undoing(&later, row->left);
	outcomes_preview(&o, &plans);
	for (size_t i = 0; i < (row->reached ? 3 : 2); i++) {
		struct pve_job job = { .err = { .kind = ends[i] }, .ndone = ends[i] == PXC_OK };

		outcome_add(&o, i, plans.plans[i], &job);
	}
	if (!row->reached)
		outcome_follow(&o, 2, 0);
	if (outcome_stopped(&o, 2))
		outcome_undone(&o, &plans, 3);
	if (row->settles)
		outcomes_settle(&o, &later);
	else
		outcomes_take_back(&o);
	failed = outcomes_nfailed(&o) > 0;
	result = outcomes_result(&o, &kind, &env, false);
	if (json_is_true(json_object_get(result, "changed")) != row->is_changed ||
	    failed != row->is_failed ||
	    json_array_size(json_object_get(result, "steps")) != row->done)
		fail_msg("%s: changed %d, failed %d, %zu steps", row->what,
			 json_is_true(json_object_get(result, "changed")), failed,
			 json_array_size(json_object_get(result, "steps")));
	/* Both share the fate. */
	assert_int_equal(o.list[0].failed, o.list[1].failed);
	assert_int_equal(o.list[0].changed, o.list[1].changed);
	outcomes_release(&o);
}

static void what_was_taken_back_has_not_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(undoings) / sizeof(*undoings); i++)
		undo(&undoings[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_conflict_that_nothing_is_left_of_is_a_change_only_of_our_own),
		cmocka_unit_test(what_waited_for_it_has_changed_nothing),
		cmocka_unit_test(what_was_taken_back_has_not_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
