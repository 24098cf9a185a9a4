/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/args.h"
#include "ansible/result.h"
#include "child.h"
#include "spec_sample.h"

static const char *raw_text, *result_json;

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static void print_result(void)
{
	auto_args struct ans_args args = { .params = NULL };
	json_auto_t *raw = json_of(raw_text);
	struct pxc_err err;

	(void)!ans_validate(&sample, raw, no_env, &args, &err);
	_exit(result_print_new(&args, json_of(result_json)));
}

static void check(const char *raw, const char *result, const char *printed, int code)
{
	int status;
	auto_free char *text = NULL;
	json_auto_t *got = NULL;

	raw_text = raw;
	result_json = result;
	text = output_of(print_result, &status);
	got = json_loads(text, 0, NULL);
	if (!got)
		fail_msg("this is no JSON object: %s", text);
	assert_json(got, printed);
	assert_int_equal(WEXITSTATUS(status), code);
	for (const char *p = text; *p; p++)
		assert_true((unsigned char)*p < 0x80);
}

static void secrets_are_masked_everywhere(void **state)
{
	(void)state;
	check("{'secret': 'geheim', 'login': {'user': 'u', 'password': '4711'}}",
	      "{'changed': true, 'msg': 'so geheim!', 'things': [{'geheim-key': ['geheim', 4711, 471], 'a4711b': 1}]}",
	      "{'changed': true, 'msg': 'so ********!', 'things': [{'********-key': ['********', '********', 471],"
	      " 'a********b': 1}]}",
	      0);
}

static void the_longest_secret_is_masked_first(void **state)
{
	(void)state;
	check("{'secret': 'ab', 'login': {'user': 'u', 'password': 'abab-cd'}}",
	      "{'msg': 'xabab-cdx abx'}", "{'msg': 'x********x ********x'}", 0);
}

/* Messages have an end, and PVE repeats what it was sent, also as it stood in the URL. */
static void a_part_of_a_secret_is_masked(void **state)
{
	(void)state;
	check("{'secret': 'correct horse battery staple'}",
	      "{'msg': 'no: correct horse b; and vm b: correct hors', 'end': 'value \\'correct', "
	      "'other': 'correct', 'short': 'this is corr', 'url': '?p=correct%20horse%20battery%20staple&x=1', "
	      "'all': '<correct horse battery staple>'}",
	      "{'msg': 'no: ********; and vm b: ********', 'end': 'value \\'********', "
	      "'other': '********', 'short': 'this is corr', 'url': '?p=********&x=1', "
	      "'all': '<********>'}",
	      0);
	check("{'secret': 'with-a-long-begin/and+this'}",
	      "{'msg': '<with-a-long-begin/and+this> <with-a-long-begin/and%2Bthis> <with-a-long-begin%2Fand%2Bthis>'}",
	      "{'msg': '<********> <********> <********>'}", 0);
	check("{'secret': 'correct horse battery staple'}",
	      "{'msg': 'correct answers, correct horses', 'list': ['incorrect order']}",
	      "{'msg': 'correct answers, ********s', 'list': ['incorrect order']}", 0);
}

static void a_secret_cannot_spoil_the_outermost_keys(void **state)
{
	(void)state;
	check("{'secret': 'failed'}", "{'failed': true, 'msg': 'it failed'}",
	      "{'failed': true, 'msg': 'it ********'}", 1);
}

static void keys_that_ansible_takes_for_its_own_are_dropped(void **state)
{
	(void)state;
	check("{}", "{'changed': false, 'vm': {'__ansible_type': 'x', 'name': 'a'}}",
	      "{'changed': false, 'vm': {'name': 'a'}}", 0);
}

static void warnings_are_joined(void **state)
{
	(void)state;
	check("{'name': 'a', 'label': 'b'}", "{'changed': false, 'warnings': ['own']}",
	      "{'changed': false, 'warnings': ['own', 'Both option name and its alias label are set.']}",
	      0);
	check("{}", "{'changed': false, 'warnings': []}", "{'changed': false}", 0);
}

static void the_arguments_come_back_only_when_asked_for(void **state)
{
	(void)state;
	check("{'_ansible_verbosity': 2, 'size': 1}", "{}", "{}", 0);
	check("{'_ansible_verbosity': 3, 'size': '1', 'secret': 'geheim', 'login': {'user': 'u', 'password': 'p4'}}",
	      "{}",
	      "{'invocation': {'module_args': {'size': 1, 'kind': 'small', 'secret': 'VALUE_SPECIFIED_IN_NO_LOG_PARAMETER',"
	      " 'login': {'user': 'u', 'password': 'VALUE_SPECIFIED_IN_NO_LOG_PARAMETER'}}}}",
	      0);
	check("{'_ansible_inject_invocation': true}", "{}",
	      "{'invocation': {'module_args': {'kind': 'small'}}}", 0);
}

static void fail_with_broken_text(void)
{
	_exit(result_fail("gr\xc3\xbc\xc3"));
}

static void a_text_that_was_cut_within_a_letter_still_comes_out(void **state)
{
	int status;
	auto_free char *text = output_of(fail_with_broken_text, &status);
	json_auto_t *got = json_loads(text, 0, NULL);

	(void)state;
	assert_json(got, "{'failed': true, 'changed': false, 'msg': 'gr?"
			 "?"
			 "?'}");
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void other_letters_are_escaped(void **state)
{
	(void)state;
	check("{}", "{'msg': 'gr\xc3\xbcn'}", "{'msg': 'gr\\u00fcn'}", 0);
}

/* A terminal obeys what it is shown; data stays as it is. */
static void nothing_that_is_shown_moves_the_terminal(void **state)
{
	(void)state;
	check("{}",
	      "{'msg': 'a\\u001b]0;x\\u0007b', 'warnings': ['c\\u009b2J', 'd\\u202e'], 'name': 'e\\u001b',"
	      " 'diff': {'before': 'f\\r\\n\\tg', 'after': ['\\u001b', 1]}}",
	      "{'msg': 'a\\ufffd]0;x\\ufffdb', 'warnings': ['c\\ufffd2J', 'd\\ufffd'], 'name': 'e\\u001b',"
	      " 'diff': {'before': 'f\\ufffd\\n\\tg', 'after': ['\\ufffd', 1]}}",
	      0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_masked_everywhere),
		cmocka_unit_test(nothing_that_is_shown_moves_the_terminal),
		cmocka_unit_test(the_longest_secret_is_masked_first),
		cmocka_unit_test(a_part_of_a_secret_is_masked),
		cmocka_unit_test(a_secret_cannot_spoil_the_outermost_keys),
		cmocka_unit_test(keys_that_ansible_takes_for_its_own_are_dropped),
		cmocka_unit_test(warnings_are_joined),
		cmocka_unit_test(the_arguments_come_back_only_when_asked_for),
		cmocka_unit_test(a_text_that_was_cut_within_a_letter_still_comes_out),
		cmocka_unit_test(other_letters_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
