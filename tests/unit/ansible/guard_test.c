/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "ansible/guard.h"
#include "ansible/result.h"
#include "child.h"

static int signal_to_die_by;

static void start(void)
{
	result_guard("pxc_vm");
	/* Libraries that print must not spoil the one object. */
	if (!freopen("/dev/null", "w", stderr))
		_exit(2);
	(void)printf("noise\n");
	(void)fflush(stdout);
}

static void die_by_signal(void)
{
	start();
	(void)raise(signal_to_die_by);
	_exit(0);
}

static void die_after_the_result(void)
{
	start();
	guard_print("{\"changed\": true}");
	(void)raise(signal_to_die_by);
	_exit(0);
}

static void run_out_of_memory(void)
{
	start();
	pxc_oom();
}

/* Pushes further frames for as long as depth lasts, which is longer than any stack. */
static int fill_stack(volatile char *above, long depth)
{
	volatile char space[4096];

	space[0] = *above;
	return depth ? fill_stack(space, depth - 1) + space[0] : 0;
}

static void overflow_the_stack(void)
{
	char first = '\0';

	start();
	_exit(fill_stack(&first, 1000000000));
}

static void tell_the_size_of_cores(void)
{
	struct rlimit limit = { .rlim_cur = 1, .rlim_max = 1 };

	start();
	(void)getrlimit(RLIMIT_CORE, &limit);
	guard_print(limit.rlim_cur || limit.rlim_max ? "{\"core\": true}" : "{\"core\": false}");
	_exit(0);
}

static void print_twice(void)
{
	start();
	guard_print("{\"first\": 1}");
	guard_print("{\"second\": 2}");
	_exit(result_fail("third"));
}

static void check_failure(void (*work)(void), const char *words)
{
	int status;
	auto_free char *text = output_of(work, &status);
	json_auto_t *o = json_loads(text, 0, NULL);

	if (!o)
		fail_msg("this is no JSON object: %s", text);
	assert_true(json_is_true(json_object_get(o, "failed")));
	assert_non_null(strstr(json_string_value(json_object_get(o, "msg")), words));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

static void every_deadly_signal_prints_one_failure(void **state)
{
	static const int signals[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
				       SIGABRT, SIGTERM, SIGINT, SIGHUP };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		signal_to_die_by = signals[i];
		check_failure(die_by_signal, "pxc_vm ");
	}
}

static void no_memory_prints_one_failure(void **state)
{
	(void)state;
	check_failure(run_out_of_memory, "ran out of memory");
}

static void a_stack_that_is_used_up_prints_one_failure(void **state)
{
	(void)state;
	check_failure(overflow_the_stack, "segmentation fault");
}

static void after_the_result_nothing_more_is_printed(void **state)
{
	int status;
	auto_free char *text = NULL;

	(void)state;
	signal_to_die_by = SIGTERM;
	text = output_of(die_after_the_result, &status);
	assert_string_equal(text, "{\"changed\": true}\n");
}

static void only_the_first_object_is_printed(void **state)
{
	int status;
	auto_free char *text = output_of(print_twice, &status);

	(void)state;
	assert_string_equal(text, "{\"first\": 1}\n");
}

static void a_crash_leaves_no_core_file(void **state)
{
	int status;
	auto_free char *text = output_of(tell_the_size_of_cores, &status);

	(void)state;
	assert_string_equal(text, "{\"core\": false}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_deadly_signal_prints_one_failure),
		cmocka_unit_test(no_memory_prints_one_failure),
		cmocka_unit_test(a_stack_that_is_used_up_prints_one_failure),
		cmocka_unit_test(after_the_result_nothing_more_is_printed),
		cmocka_unit_test(only_the_first_object_is_printed),
		cmocka_unit_test(a_crash_leaves_no_core_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
