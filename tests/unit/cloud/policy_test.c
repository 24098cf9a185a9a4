/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every action, by everybody, in every sort of project: what is expected is said by three small tables, not by the code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/group.h"
#include "cloud/policy.h"
#include "cloud/project_block.h"
#include "lib/plan.h"

/* What people are in the project acme; denied ones are what they are, and on the cloud's list. */
static const struct {
	const char *name;
	enum policy_level level;
	bool denied;
} people[] = {
	{ "ada", POLICY_ADMIN, false },     { "gus", POLICY_ADMIN, false },   /* by group admins */
	{ "max", POLICY_MANAGER, false },   { "gil", POLICY_MANAGER, false }, /* by group ops */
	{ "mona", POLICY_MEMBER, false },   { "gina", POLICY_MEMBER, false }, /* by group devs */
	{ "rita", POLICY_READER, false },   { "greg", POLICY_READER, false }, /* by group guests */
	{ "eve", POLICY_NONE, false },      { "devs", POLICY_NONE, false }, /* called as a group */
	{ "@devs", POLICY_NONE, false },    { "mona2", POLICY_NONE, false },
	{ "", POLICY_NONE, false },         { "max,mona", POLICY_NONE, false },
	{ "dora", POLICY_ADMIN, true },     { "dirk", POLICY_MANAGER, true },
	{ "svc:ci", POLICY_MEMBER, false },
};

static const char *const admins[] = { "ada", "dora", "@admins", NULL };
static const char *const denied[] = { "dirk", "dora", NULL };
static const char *const managers[] = { "@ops", "dirk", "max", NULL };
static const char *const members[] = { "@devs", "@ops", "mona", "svc:ci", NULL };
static const char *const readers[] = { "@gone", "@guests", "mona", "rita", NULL };

/* Pools, and whether people have a role in them. */
static const struct {
	const char *poolid;
	bool roles, frozen;
} pools[] = {
	{ "acme", true, false },  { "ice", true, true },     { "torn", false, false },
	{ "twin", false, false }, { "plain", false, false }, { "missing", false, false },
};

static const struct {
	const char *name, *users;
} groups[] = {
	{ "admins", "gus" }, { "devs", "gil,gina" }, { "guests", "greg,gina" }, { "ops", "gil" }
};

struct scene {
	struct world w;
	struct world_pool pools[ARRAY_SIZE(pools)];
	struct world_group groups[ARRAY_SIZE(groups)];
	char *texts[ARRAY_SIZE(pools) + ARRAY_SIZE(groups)]; /* owned */
};

static char *project_token(const char *poolid, const char *of, bool frozen)
{
	struct project_block b = { .name = of,
				   .quota = quota_unset(),
				   .frozen = frozen,
				   .roles = { managers, members, readers } };
	auto_annot struct annot a = { .npairs = 0 };
	char *text;

	project_encode(&b, of, "00000000", &a);
	text = annot_render(ANNOT_TOKEN, "For people", &a, "");
	if (str_eq(poolid, "torn"))
		*strstr(text, "mona") = 'l'; /* somebody lets lona in */
	return text;
}

static char *group_token(const char *name, const char *users)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *id = pxc_printf("group." GROUP_PREFIX "%s", name);

	annot_set(&a, "t", "group");
	annot_set(&a, "id", id);
	annot_set(&a, "m", users);
	return annot_render(ANNOT_TOKEN, "", &a, "");
}

static void scene_create(struct scene *s)
{
	*s = (struct scene){ .w.registry = { .admins = admins, .denied = denied } };
	s->w.pools = s->pools;
	s->w.groups = s->groups;
	for (size_t i = 0; !str_eq(pools[i].poolid, "missing"); i++) {
		const char *id = pools[i].poolid;

		s->texts[i] = str_eq(id, "plain")
				      ? pxc_strdup("a pool")
				      : project_token(id, str_eq(id, "twin") ? "acme" : id,
						      pools[i].frozen);
		s->pools[s->w.npools++] = (struct world_pool){ id, s->texts[i] };
	}
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		char **text = &s->texts[ARRAY_SIZE(pools) + i];

		*text = group_token(groups[i].name, groups[i].users);
		s->groups[s->w.ngroups++] =
			(struct world_group){ str_eq(groups[i].name, "admins")   ? "pxc-admins"
					      : str_eq(groups[i].name, "devs")   ? "pxc-devs"
					      : str_eq(groups[i].name, "guests") ? "pxc-guests"
										 : "pxc-ops",
					      *text, "" };
	}
}

static void scene_release(struct scene *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->texts); i++)
		free(s->texts[i]);
}
#define auto_scene on_scope_exit(scene_release)

static int check(const struct world *w, const char *actor, const char *action, const char *project,
		 struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct policy_asks asks = { .arena = &arena };

	*err = (struct pxc_err){ .kind = PXC_OK };
	policy_ask(&asks, action, project, NULL);
	return policy_check(w, actor, &asks, err);
}

static void everybody_may_what_the_table_says_and_no_more(void **state)
{
	auto_scene struct scene s;
	size_t allowed = 0, refused = 0;

	(void)state;
	scene_create(&s);
	for (size_t p = 0; p < ARRAY_SIZE(people); p++)
		for (size_t k = 0; k <= ARRAY_SIZE(pools); k++)
			for (const struct policy_action *a = policy_actions; a->name; a++) {
				const char *project =
					k < ARRAY_SIZE(pools) ? pools[k].poolid : NULL;
				bool roles = project && pools[k].roles;
				enum policy_level has = people[p].level == POLICY_ADMIN || roles
								? people[p].level
								: POLICY_NONE;
				bool may = !people[p].denied && has >= a->needs &&
					   !(project && pools[k].frozen && a->changes);
				struct pxc_err err;
				int r = check(&s.w, people[p].name, a->name, project, &err);

				if ((r == 0) != may)
					print_error("%s, %s in %s: %s\n", people[p].name, a->name,
						    project ? project : "the cloud", err.msg);
				assert_int_equal(r, may ? 0 : -1);
				allowed += r == 0;
				refused += r < 0;
				if (r == 0)
					continue;
				assert_int_equal(err.kind, PXC_EDENIED);
				assert_int_equal(err.http, 403);
				assert_true(str_starts(err.msg, "policy: "));
				assert_null(strpbrk(err.msg, "{}"));
			}
	assert_true(allowed > 500 && refused > 500);
}

static void what_is_missing_is_told_as_what_is_not_theirs(void **state)
{
	auto_scene struct scene s;

	(void)state;
	scene_create(&s);
	for (const struct policy_action *a = policy_actions; a->name; a++)
		for (size_t k = 1; k < ARRAY_SIZE(pools); k++) {
			struct pxc_err acme, other;
			auto_free char *got = NULL;
			char *place;

			/* acme is put in the place of the other's name: what is left must be the same. */
			assert_int_equal(check(&s.w, "eve", a->name, "acme", &acme),
					 check(&s.w, "eve", a->name, pools[k].poolid, &other));
			got = pxc_strdup("");
			for (char *from = other.msg; *from;) {
				char *old = got;

				place = strstr(from, pools[k].poolid);
				got = pxc_printf("%s%.*s%s", old,
						 place ? (int)(place - from) : (int)strlen(from),
						 from, place ? "acme" : "");
				free(old);
				from += place ? (size_t)(place - from) + strlen(pools[k].poolid)
					      : strlen(from);
			}
			assert_string_equal(got, acme.msg);
		}
}

static void sentences_say_who_and_what_it_takes(void **state)
{
	static const struct {
		const char *actor, *action, *project, *says;
	} rows[] = {
		{ "mona", "project.delete", "acme",
		  "policy: mona (role member) may not delete project acme: that takes an admin of the cloud" },
		{ "rita", "vm.create", "acme",
		  "policy: rita (role reader) may not make or change VMs in project acme: that takes the role member there" },
		{ "eve", "vm.create", "acme",
		  "policy: eve (no role) may not make or change VMs in project acme: that takes the role member there, "
		  "and there is no project acme in which eve has a role" },
		{ "eve", "flavor.manage", NULL,
		  "policy: eve (no admin) may not make or change flavors: that takes an admin of the cloud" },
		{ "mona", "vm.create", NULL,
		  "policy: mona (no admin) may not make or change VMs in any project: that takes *" },
		{ "dirk", "vm.create", "acme",
		  "policy: dirk (no role) may not make or change VMs in project acme: the cloud's deny list names dirk*" },
		{ "dora", "info.cloud", NULL,
		  "policy: dora (no admin) may not * deny list names dora" },
		{ "ada", "vm.create", "ice",
		  "policy: project ice is frozen: nothing in it is changed, not by admins either; * state: present" },
		{ "max", "vm.create", "ice", "policy: project ice is frozen: *" },
		{ "rita", "vm.create", "ice", "policy: rita (role reader) may not *" },
		{ "", "flavor.manage", NULL, "policy: nobody (no admin) may not *" },
	};
	auto_scene struct scene s;

	(void)state;
	scene_create(&s);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pxc_err err;

		assert_int_equal(check(&s.w, rows[i].actor, rows[i].action, rows[i].project, &err),
				 -1);
		if (!plan_fits(rows[i].says, err.msg))
			fail_msg("%s", err.msg);
	}
}

static void the_first_that_is_refused_is_told_with_its_object(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct policy_asks asks = { .arena = &arena };
	auto_scene struct scene s;
	struct pxc_err err;

	(void)state;
	scene_create(&s);
	policy_ask(&asks, "vm.create", "acme", "vm acme/a");
	policy_ask(&asks, "vm.create", "acme", "vm acme/again");
	policy_ask(&asks, "vm.unprotect", "acme", "vm acme/b");
	policy_ask(&asks, "vm.reseal", "acme", "vm acme/c");
	assert_true(asks.list[1].again);
	assert_false(asks.list[2].again);
	assert_int_equal(policy_check(&s.w, "mona", &asks, &err), -1);
	assert_non_null(strstr(err.msg, "may not take the protection off VMs of project acme"));
	assert_non_null(strstr(err.msg, "(vm acme/b)"));
	assert_int_equal(policy_check(&s.w, "max", &asks, &err), -1);
	assert_non_null(strstr(err.msg, "(vm acme/c)"));
	assert_int_equal(policy_check(&s.w, "ada", &asks, &err), 0);
}

static void without_a_named_admin_everybody_is_one(void **state)
{
	static const char *const none[] = { NULL };
	auto_scene struct scene s;
	struct pxc_err err;

	(void)state;
	scene_create(&s);
	s.w.registry.admins = none;
	assert_int_equal(check(&s.w, "eve", "cloud.manage", NULL, &err), 0);
	s.w.registry.admins = NULL;
	assert_int_equal(check(&s.w, "eve", "project.delete", "acme", &err), 0);
	/* Not in a frozen project, and not who is denied. */
	assert_int_equal(check(&s.w, "eve", "project.delete", "ice", &err), -1);
	assert_int_equal(check(&s.w, "dirk", "cloud.manage", NULL, &err), -1);
}

static void a_pool_by_itself_is_looked_at_as_closely(void **state)
{
	auto_scene struct scene s;

	(void)state;
	scene_create(&s);
	for (size_t i = 0; i < s.w.npools; i++) {
		assert_int_equal(policy_pool_level(&s.w, "max", &s.pools[i]),
				 pools[i].roles ? POLICY_MANAGER : POLICY_NONE);
		assert_int_equal(policy_pool_level(&s.w, "ada", &s.pools[i]), POLICY_ADMIN);
	}
	assert_int_equal(policy_pool_level(&s.w, "max", NULL), POLICY_NONE);
}

static void groups_are_wanted_only_where_they_can_help(void **state)
{
	static const char *const people_only[] = { "ada", NULL };
	static const struct {
		const char *actor, *action, *project;
		bool group_admins, wants;
	} rows[] = {
		{ "mona", "vm.create", "acme", false, false }, /* has it herself */
		{ "mona", "vm.create", "acme", true, true },   /* but is she an admin, too? */
		{ "ada", "cloud.manage", NULL, true, false },
		{ "eve", "vm.create", "acme", false, true },
		{ "mona", "project.roles", "acme", false, true },
		{ "eve", "vm.create", "plain", false, false },
		{ "eve", "vm.create", "missing", false, false },
		{ "eve", "cloud.manage", NULL, false, false },
		{ "eve", "cloud.manage", NULL, true, true },
		{ "eve", "vm.create", "missing", true, true },
		{ "dirk", "vm.create", "acme", true, false },
		{ "eve", "info.cloud", NULL, true, true },
		{ "eve", "info.cloud", NULL, false, false },
	};
	auto_scene struct scene s;

	(void)state;
	scene_create(&s);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct policy_asks asks = { .arena = &arena };

		s.w.registry.admins = rows[i].group_admins ? admins : people_only;
		policy_ask(&asks, rows[i].action, rows[i].project, NULL);
		s.w.groups = NULL;
		s.w.ngroups = 0;
		if (policy_wants_groups(&s.w, rows[i].actor, &asks) != rows[i].wants)
			fail_msg("%s, %s in %s", rows[i].actor, rows[i].action, rows[i].project);
		s.w.groups = s.groups;
		s.w.ngroups = ARRAY_SIZE(groups);
		assert_false(policy_wants_groups(&s.w, rows[i].actor, &asks));
	}
}

static void a_group_with_a_torn_or_copied_token_holds_nobody(void **state)
{
	auto_scene struct scene s;
	struct pxc_err err;

	(void)state;
	scene_create(&s);
	assert_int_equal(check(&s.w, "gina", "vm.create", "acme", &err), 0);
	s.groups[1].groupid = "pxc-else";
	assert_int_equal(check(&s.w, "gina", "vm.create", "acme", &err), -1);
	s.groups[1].groupid = "pxc-devs";
	*strstr(s.texts[ARRAY_SIZE(pools) + 1], "m=") = 'n';
	assert_int_equal(check(&s.w, "gina", "vm.create", "acme", &err), -1);
	assert_int_equal(policy_level(&s.w, "gina", "acme"), POLICY_READER);
}

static void the_table_is_sound(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct policy_action *a = policy_actions; a->name; a++, n++) {
		assert_ptr_equal(policy_action(a->name), a);
		assert_true(*a->text);
		assert_true(a->needs <= POLICY_ADMIN);
	}
	assert_true(n > 30);
	assert_null(policy_action("vm.fly"));
	assert_string_equal(policy_level_names[POLICY_NONE], "anybody");
	assert_null(policy_level_names[POLICY_ADMIN + 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_may_what_the_table_says_and_no_more),
		cmocka_unit_test(what_is_missing_is_told_as_what_is_not_theirs),
		cmocka_unit_test(sentences_say_who_and_what_it_takes),
		cmocka_unit_test(the_first_that_is_refused_is_told_with_its_object),
		cmocka_unit_test(without_a_named_admin_everybody_is_one),
		cmocka_unit_test(a_pool_by_itself_is_looked_at_as_closely),
		cmocka_unit_test(groups_are_wanted_only_where_they_can_help),
		cmocka_unit_test(a_group_with_a_torn_or_copied_token_holds_nobody),
		cmocka_unit_test(the_table_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
