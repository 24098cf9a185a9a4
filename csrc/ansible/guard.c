/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ansible/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ansible/result.h"
#include "base/attr.h"
#include "base/mem.h"

/* Signal handlers can only reach static data. */
static volatile sig_atomic_t printed;
static int out_fd = STDOUT_FILENO;
static char failures[NSIG][256];
static char oom_failure[256];

static void write_all(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(out_fd, text, len);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

void guard_print(const char *text)
{
	sigset_t all, old;

	/* A signal between the mark and the text would leave nothing, or two objects. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	if (!printed) {
		printed = 1;
		write_all(text, strlen(text));
		write_all("\n", 1);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

static void die_by_signal(int sig)
{
	if (!printed) {
		printed = 1;
		write_all(failures[sig], strlen(failures[sig]));
	}
	_exit(128 + sig);
}

static void die_without_memory(void)
{
	if (!printed) {
		printed = 1;
		write_all(oom_failure, strlen(oom_failure));
	}
}

/* Everything that other code might print on standard output goes to standard error. */
static void reserve_stdout(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return;
	out_fd = fd;
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
}

void result_guard(const char *module_name)
{
	static const struct {
		int sig;
		const char *what;
	} rows[] = {
		{ SIGSEGV, "crashed (segmentation fault); please report this" },
		{ SIGBUS, "crashed (bus error); please report this" },
		{ SIGFPE, "crashed (arithmetic error); please report this" },
		{ SIGILL, "crashed (illegal instruction); is it built for this machine?" },
		{ SIGABRT, "stopped on a broken promise of its own; please report this" },
		{ SIGTERM, "was ended by SIGTERM; what it had begun is finished by the next run" },
		{ SIGINT, "was interrupted; what it had begun is finished by the next run" },
		{ SIGHUP, "lost its terminal; what it had begun is finished by the next run" },
	};
	/* A stack of its own: the crash may be that the ordinary one is used up. */
	static char stack[16384];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = die_by_signal,
				    .sa_flags = (int)SA_RESETHAND | SA_ONSTACK };

	reserve_stdout();
	/* A core file would hold what the task keeps secret. */
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ .rlim_cur = 0, .rlim_max = 0 });
	(void)sigaltstack(&other, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		(void)snprintf(failures[rows[i].sig], sizeof(failures[0]),
			       "{\"failed\": true, \"changed\": false, \"msg\": \"%s %s\"}\n",
			       module_name, rows[i].what);
		(void)sigaction(rows[i].sig, &action, NULL);
	}
	(void)snprintf(
		oom_failure, sizeof(oom_failure),
		"{\"failed\": true, \"changed\": false, \"msg\": \"%s ran out of memory\"}\n",
		module_name);
	pxc_oom_handler = die_without_memory;
	(void)signal(SIGPIPE, SIG_IGN);
}
