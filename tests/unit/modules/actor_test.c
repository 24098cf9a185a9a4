/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose name goes where, and which names there can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/actor.h"

/* Rows are written with only what they need. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define LONGEST                                                                                    \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjj"

/* arguments -> actor, source, login, job; or a sentence */
static const struct finding {
	const char *args, *actor, *source, *login, *job, *msg;
} findings[] = {
	{ "{'actor':'alice','actor_source':'awx','job_id':'17'}", "alice", "awx", NULL, "17" },
	{ "{'actor':'bob','actor_source':'tower','actor_login':'alice','job_id':'17'}", "bob",
	  "tower", "alice", "17" },
	{ "{'actor':'svc:nightly','actor_source':'task','job_id':'17'}", "svc:nightly", "task",
	  NULL, "17" },
	{ "{'actor':'svc:ci','actor_source':'environment'}", "svc:ci", "environment" },
	{ "{'actor':'bob','actor_source':'login','actor_login':'root'}", "bob", "login", "root" },
	/* Nobody speaks for another when both are the same. */
	{ "{'actor':'bob','actor_source':'login','actor_login':'bob'}", "bob", "login" },
	{ "{'actor':'bob','actor_source':'awx','actor_login':''}", "bob", "awx" },
	/* Without the action plugin. */
	{ "{'actor':'bob'}", "bob", "task" },
	{ "{'actor':'alice@example.org','actor_source':'awx'}", "alice@example.org", "awx" },
	{ "{'actor':'J\\u00fcrgen'}", "J\xc3\xbcrgen", "task" },
	{ "{'actor':'{{x}}'}", "{{x}}", "task" },
	{ "{'actor':'" LONGEST "'}", LONGEST, "task" },
	{ "{'actor':'" LONGEST "k'}",
	  .msg = "actor: the name of who asks is longer than 100 bytes" },
	{ "{'actor':'a b'}", .msg = "actor: \"a b\" has a blank or a comma" },
	{ "{'actor':'a,b'}", .msg = "actor: \"a,b\" has a blank or a comma" },
	{ "{'actor':'a\\nb'}", .msg = "actor: the name of who asks has a control character" },
	{ "{'actor':'a\\u007f'}", .msg = "actor: the name of who asks has a control character" },
	{ "{'actor':'@ops'}", .msg = "actor: \"@ops\" is the name of a group" },
	{ "{'actor':'svc:'}",
	  .msg = "actor: \"svc:\" lacks the service's name, as in svc:nightly" },
	{ "{'actor':'bob','actor_source':'awx','actor_login':'a b'}",
	  .msg = "actor: \"a b\" has a blank or a comma" },
	/* A person of AWX does not become a service by a name. */
	{ "{'actor':'svc:ci','actor_source':'awx'}",
	  .msg = "actor: the user \"svc:ci\" of awx is called like a service" },
	{ "{'actor':'bob','actor_source':'tower','actor_login':'svc:ci'}",
	  .msg = "actor: the user \"svc:ci\" of tower is called like a service" },
};

static json_t *json_of(const char *text)
{
	auto_free char *strict = pxc_strdup(text);
	json_t *value;

	for (char *p = strict; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	value = json_loads(strict, 0, NULL);
	if (!value)
		fail_msg("no JSON: %s", text);
	return value;
}

static void each_argument_has_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(findings) / sizeof(*findings); i++) {
		const struct finding *f = &findings[i];
		json_auto_t *given = json_of(f->args);
		struct ans_args args = { .params = given, .given = given, .raw = given };
		struct pxc_env env = { .args = &args };
		struct pxc_err err = { .kind = PXC_OK };
		int r = actor_find(&env, &err);

		if (f->msg && (r == 0 || err.kind != PXC_EINVAL || !str_starts(err.msg, f->msg)))
			fail_msg("%s: %d %s", f->args, r, err.msg);
		if (!f->msg && (r < 0 || !str_eq(env.actor, f->actor) ||
				!str_eq(env.actor_source, f->source) ||
				!str_eq(env.actor_login, f->login) || !str_eq(env.job_id, f->job)))
			fail_msg("%s: %s: %s, %s, %s, %s", f->args, err.msg, env.actor,
				 env.actor_source, env.actor_login, env.job_id);
	}
}

static void without_any_word_it_is_the_login(void **state)
{
	json_auto_t *none = json_object(), *given = json_of("{'actor':'ci'}");
	struct ans_args args = { .params = none, .given = none, .raw = none };
	struct pxc_env env = { .args = &args };
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(actor_find(&env, &err), 0);
	assert_string_equal(env.actor_source, "login");
	assert_true(*env.actor);
	/* What the arguments have and the task did not name is from the environment. */
	args.params = args.given = given;
	assert_int_equal(actor_find(&env, &err), 0);
	assert_string_equal(env.actor, "ci");
	assert_string_equal(env.actor_source, "environment");
}

/* Admins are ann and whoever is in the group ops, where eve is; and bob is denied everything. */
static const struct speaking {
	const char *actor, *source, *login;
	bool may;
} speakings[] = {
	{ "alice", "awx", NULL, true },
	{ "bob", "awx", "ann", true },
	{ "svc:nightly", "awx", "ann", true },
	{ "bob", "tower", "eve", true },
	{ "bob", "awx", "alice", false },
	{ "svc:nightly", "awx", "alice", false },
	{ "ann", "tower", "alice", false },
	{ "ann", "awx", "zoe", false },
	/* Whoever has the token may say anything; it is recorded. */
	{ "ann", "login", "alice", true },
	{ "ann", "environment", "alice", true },
	{ "svc:nightly", "task", NULL, true },
};

static void only_admins_speak_for_others_in_a_job(void **state)
{
	static const char *const admins[] = { "ann", "zoe", "@ops", NULL }, *const denied[] = {
		"zoe", NULL
	};
	auto_free char *token = NULL;
	auto_annot struct annot block = { .npairs = 0 };

	(void)state;
	annot_set(&block, "t", "group");
	annot_set(&block, "id", "group.pxc-ops");
	annot_set(&block, "m", "eve");
	token = annot_render(ANNOT_TOKEN, "", &block, "");
	for (size_t i = 0; i < sizeof(speakings) / sizeof(*speakings); i++) {
		const struct speaking *s = &speakings[i];
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct world_group groups[] = { { "pxc-ops", token } };
		struct world w = { .groups = groups,
				   .ngroups = 1,
				   .registry = { .admins = admins, .denied = denied } };
		struct pxc_env env = { .arena = &arena,
				       .actor = s->actor,
				       .actor_source = s->source,
				       .actor_login = s->login };
		struct pxc_err err = { .kind = PXC_OK };
		int r = actor_check(&env, &w, &err);

		if ((r == 0) != s->may ||
		    (r < 0 && (err.kind != PXC_EDENIED || !strstr(err.msg, s->login) ||
			       !strstr(err.msg, s->actor))))
			fail_msg("%s for %s (%s): %d %s", s->login, s->actor, s->source, r,
				 err.msg);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_argument_has_its_place),
		cmocka_unit_test(without_any_word_it_is_the_login),
		cmocka_unit_test(only_admins_speak_for_others_in_a_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
