/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

#define AGENT GUEST "/agent"

static void commands_run_and_files_live_until_the_guest_stops(void **state)
{
	struct sim *sim = with_guest(1, 0, "agent=1");
	json_auto_t *done = NULL, *read = NULL;

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	{
		struct answer answer auto_answer =
			ask(sim, "POST", AGENT "/exec",
			    "command=/bin/echo&command=hello&command=world");
		auto_free char *path = pxc_printf(AGENT "/exec-status?pid=%lld",
						  (long long)qm_int(data_of(&answer), "pid", 0));

		done = get(sim, path);
	}
	assert_int_equal(qm_int(done, "exited", 0), 1);
	assert_string_equal(text_of(done, "out-data"), "hello world\n");
	expect(sim, "GET", AGENT "/exec-status?pid=1", NULL, 500,
	       "Agent error: PID 1 does not exist");
	expect(sim, "POST", AGENT "/file-write", "file=/etc/motd&content=%C3%A4%0A", 200, NULL);
	read = get(sim, AGENT "/file-read?file=/etc/motd");
	assert_string_equal(text_of(read, "content"), "\xc3\xa4\n");
	expect(sim, "POST", GUEST "/status/stop", NULL, 200, NULL);
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	expect(sim, "GET", AGENT "/file-read?file=/etc/motd", NULL, 500,
	       "Agent error: failed to open file '/etc/motd' (mode: 'r'): No such file or directory");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_run_and_files_live_until_the_guest_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
