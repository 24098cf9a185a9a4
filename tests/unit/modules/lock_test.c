/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/mem.h"
#include "lib/task.h"

#define TASK                                                                                       \
	"{\"project\":\"acme\",\"name\":\"%s\",\"cores\":1,\"memory\":512,\"power\":\"stopped\",\"task_timeout\":%d}"

/* A lock as another run would have left it. born "" and space NULL: as if it were another process's, which does not say where. */
static void hold_as(struct lab *lab, const char *host, long pid, const char *born,
		    const char *space, long long until)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *number = pxc_printf("%ld", pid), *end = pxc_printf("%lld", until);
	auto_free char *comment = NULL, *auth = NULL, *body = NULL;
	struct sim_reply reply = { .status = 0 };
	const char *headers[3] = { NULL };

	annot_set(&a, "t", "lock");
	annot_set(&a, "id", "lock.pxc-lock-project.acme");
	annot_set(&a, "by", "bob");
	annot_set(&a, "host", host);
	annot_set(&a, "pid", number);
	annot_set(&a, "born", *born ? born : "1");
	annot_set(&a, "ns", space);
	annot_set(&a, "until", end);
	comment = annot_render(ANNOT_TOKEN, "", &a, "");
	auth = pxc_printf("Authorization: PVEAPIToken=root@pam!test=%s", lab->secret);
	body = pxc_printf("{\"groupid\":\"pxc-lock-project.acme\",\"comment\":\"%s\"}", comment);
	headers[0] = auth;
	headers[1] = "Content-Type: application/json";
	sim_request(lab->sim, "POST", "/api2/json/access/groups", headers, body, strlen(body),
		    &reply);
	assert_int_equal(reply.status, 200);
	sim_reply_release(&reply);
}

static void hold(struct lab *lab, const char *host, long pid, long long until)
{
	hold_as(lab, host, pid, "", NULL, until);
}

static int create(struct lab *lab, const char *name, int timeout)
{
	auto_free char *task = pxc_printf(TASK, name, timeout);

	return lab_task(lab, "pxc_vm", task);
}

static void a_held_lock_is_waited_for_and_its_holder_named(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	lab_create(&lab, 1);
	lab_prepare(&lab);
	hold(&lab, "elsewhere", 4711, 4102444800ll);
	assert_int_equal(create(&lab, "a", 5), -1);
	assert_int_equal(lab.err.kind, PXC_EBUSY);
	assert_non_null(strstr(lab.err.msg, "is held by bob (process 4711 on elsewhere)"));
	writes = lab_writes(&lab);
	assert_null(strstr(writes, "/qemu"));
}

static void a_lock_whose_time_is_over_is_broken(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	lab_create(&lab, 2);
	lab_prepare(&lab);
	hold(&lab, "elsewhere", 4711, 1);
	assert_int_equal(create(&lab, "a", 5), 0);
	writes = lab_writes(&lab);
	assert_non_null(strstr(writes, "groupid=pxc-lock-project.acme.break"));
	assert_non_null(strstr(writes, "DELETE /access/groups/pxc-lock-project.acme.break"));
}

static void a_lock_of_a_process_that_is_gone_from_this_host_is_broken(void **state)
{
	char host[128] = "";
	auto_lab struct lab lab;

	(void)state;
	(void)gethostname(host, sizeof(host) - 1);
	lab_create(&lab, 3);
	lab_prepare(&lab);
	hold(&lab, host, (long)getpid(), 4102444800ll); /* our pid, but born at another time */
	assert_int_equal(create(&lab, "a", 5), 0);
}

/* Start of a process, the 22nd field of its stat; new string. */
static char *born_of(long pid)
{
	auto_free char *path = pxc_printf("/proc/%ld/stat", pid);
	char line[1024], *p;
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	p = fgets(line, sizeof(line), f);
	(void)fclose(f);
	assert_non_null(p);
	p = strrchr(line, ')');
	for (int field = 2; field < 22; field++)
		p = strchr(p + 1, ' ');
	p[strcspn(p + 1, " ") + 1] = '\0';
	return pxc_strdup(p + 1);
}

/* Killed, but its parent has not asked for it yet: it does nothing any more. */
static void a_lock_of_a_dead_process_that_nobody_waited_for_is_broken(void **state)
{
	char host[128] = "";
	auto_free char *born = NULL;
	auto_lab struct lab lab;
	siginfo_t info;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	born = born_of(pid);
	(void)gethostname(host, sizeof(host) - 1);
	lab_create(&lab, 5);
	lab_prepare(&lab);
	hold_as(&lab, host, pid, born, NULL, 4102444800ll);
	assert_int_equal(create(&lab, "a", 5), 0);
	(void)waitpid(pid, NULL, 0);
}

/* Two containers may have one name for their host; one cannot see the processes of the other. */
static void a_lock_of_a_process_that_cannot_be_seen_is_not_broken(void **state)
{
	char host[128] = "";
	auto_lab struct lab lab;

	(void)state;
	(void)gethostname(host, sizeof(host) - 1);
	lab_create(&lab, 6);
	lab_prepare(&lab);
	hold_as(&lab, host, 4194305, "", "pid:[1]", 4102444800ll);
	assert_int_equal(create(&lab, "a", 5), -1);
	assert_int_equal(lab.err.kind, PXC_EBUSY);
}

static void what_is_left_is_swept_by_a_run_that_needs_no_lock(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	lab_create(&lab, 4);
	lab_prepare(&lab);
	assert_int_equal(create(&lab, "a", 5), 0);
	hold(&lab, "elsewhere", 4711, 1);
	assert_int_equal(create(&lab, "a", 5), 0);
	writes = lab_writes(&lab);
	assert_non_null(strstr(writes, "DELETE /access/groups/pxc-lock-project.acme\n"));
	assert_null(strstr(writes, "/qemu"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_lock_is_waited_for_and_its_holder_named),
		cmocka_unit_test(a_lock_whose_time_is_over_is_broken),
		cmocka_unit_test(a_lock_of_a_process_that_is_gone_from_this_host_is_broken),
		cmocka_unit_test(a_lock_of_a_dead_process_that_nobody_waited_for_is_broken),
		cmocka_unit_test(a_lock_of_a_process_that_cannot_be_seen_is_not_broken),
		cmocka_unit_test(what_is_left_is_swept_by_a_run_that_needs_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
