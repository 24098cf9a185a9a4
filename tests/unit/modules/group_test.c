/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may change which group of people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/group.h"
#include "cloud/policy.h"
#include "lib/plan.h"
#include "modules/kind.h"

extern const struct pxc_kind group_kind;

/* ops has a role in acme only, devs in two projects, staff in the cloud and in beta, new in none. */
#define WORLD                                                                                      \
	"{\"registry\":{\"adm\":\"root,@staff\"},\"pools\":{"                                      \
	"\"acme\":{\"manager\":\"bob,@ops\",\"member\":\"mia\",\"reader\":\"@devs\"},"             \
	"\"beta\":{\"manager\":\"eve\",\"reader\":\"@devs,@staff\"}},"                             \
	"\"access\":{\"pxc-ops\":{\"users\":\"alice\"},\"pxc-devs\":{\"users\":\"carol\"},"        \
	"\"pxc-staff\":{\"users\":\"sue\"},\"pxc-new\":{}}}"

#define ADMINS "*that takes an admin of the cloud (group *)"

static const struct {
	const char *actor, *group;
	struct group_spec what;
	const char *answer; /* "" = may */
} rows[] = {
	{ "root", "ops", { .absent = false }, "" },
	{ "root", "staff", { .absent = true }, "" },
	{ "sue", "staff", { .reseal = true }, "" },
	{ "bob", "ops", { .absent = false }, "" },
	{ "alice", "ops", { .absent = false }, "" },
	{ "bob", "ops", { .absent = true }, ADMINS },
	{ "bob", "ops", { .adopt = true }, ADMINS },
	{ "bob", "ops", { .reseal = true }, ADMINS },
	{ "bob", "devs", { .absent = false }, ADMINS },
	{ "eve", "devs", { .absent = false }, ADMINS },
	{ "eve", "staff", { .absent = false }, ADMINS },
	{ "bob", "new", { .absent = false }, ADMINS },
	{ "bob", "nosuch", { .absent = false }, ADMINS },
	{ "mia", "ops", { .absent = false }, "*that takes the role manager there (group ops)" },
	{ "carol", "ops", { .absent = false }, "*that takes the role manager there (group ops)" },
	{ "eve", "ops", { .absent = false }, ADMINS },
	{ "mallory", "ops", { .absent = false }, ADMINS },
};

/* The answer once groups have been read, or as it was without them when they were not asked for. New string. */
static char *answer(const char *actor, const char *group, struct group_spec spec)
{
	struct group_batch batch = { .specs = &spec, .nspecs = 1, .actor = actor };
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct policy_asks asks = { .arena = &arena };
	struct pxc_err err = { .kind = PXC_OK };
	auto_world struct test_world w;
	struct world read;

	test_world_create(&w, WORLD);
	spec.name = group;
	spec.label = arena_printf(&arena, "group %s", group);
	read = w.world;
	w.world.groups = NULL;
	w.world.ngroups = 0;
	group_kind.asks(&batch, &w.world, &asks);
	if (policy_wants_groups(&w.world, actor, &asks)) {
		w.world = read;
		asks.n = 0;
		group_kind.asks(&batch, &w.world, &asks);
	}
	return pxc_strdup(policy_check(&w.world, actor, &asks, &err) < 0 ? err.msg : "");
}

static void who_may_change_which(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = answer(rows[i].actor, rows[i].group, rows[i].what);
		bool leaks = (str_eq(rows[i].actor, "mallory") || str_eq(rows[i].actor, "eve")) &&
			     strstr(got, "acme");

		if (plan_fits(rows[i].answer, got) && !leaks)
			continue;
		print_error("%s, %s: wanted %s\n  got %s\n", rows[i].actor, rows[i].group,
			    rows[i].answer, got);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_may_change_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
