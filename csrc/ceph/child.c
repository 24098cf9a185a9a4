/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program of the host as a child that has what it is given and nothing else, and that ends with us. No shell. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "ceph/import_parts.h"

#define FIRST_FD 3
#define REPORT_FD (FIRST_FD + (int)ARRAY_SIZE(((struct child *)0)->fds)) /* errno of exec */
#define CLOSE_RANGE 436 /* Linux 5.9; glibc 2.34 has a function for it */

/* --- the child: only what is safe in a copy of one thread of many ------------------------------------------------ */

static void limit(int what, uint64_t most)
{
	struct rlimit r = { most, most };

	(void)setrlimit((__rlimit_resource_t)what, &r);
}

static void close_from(int fd)
{
	if (syscall(CLOSE_RANGE, (unsigned)fd, ~0u, 0) == 0)
		return;
	for (; fd < 4096; fd++)
		(void)close(fd);
}

/* First all out of the way of the numbers they get, then there. */
static void place(const int from[], const int to[], int n)
{
	int high[8];

	for (int i = 0; i < n; i++)
		high[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < n; i++)
		(void)(high[i] < 0 ? close(to[i]) : dup2(high[i], to[i]));
}

static no_return void become(const struct child *c, int out, int errors, int report, pid_t parent)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", locale[] = "LC_ALL=C";
	static char *const env[] = { path, locale, NULL };
	const int from[] = {
		open("/dev/null", O_RDONLY | O_CLOEXEC), out, errors, c->fds[0], c->fds[1], report
	};
	const int to[] = { 0, 1, 2, FIRST_FD, FIRST_FD + 1, REPORT_FD };
	union {
		const char *const *ours;
		char *const *theirs;
	} argv = { .ours = c->argv };
	sigset_t none;
	int why;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	limit(RLIMIT_FSIZE, 0); /* it writes no files */
	limit(RLIMIT_CORE, 0);
	if (c->cpu_s)
		limit(RLIMIT_CPU, c->cpu_s);
	if (c->memory)
		limit(RLIMIT_AS, c->memory);
	place(from, to, (int)ARRAY_SIZE(from));
	(void)fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
	close_from(REPORT_FD + 1);
	(void)execvpe(argv.theirs[0], argv.theirs, env);
	why = errno;
	(void)!write(REPORT_FD, &why, sizeof(why));
	_exit(1);
}

/* --- the parent ---------------------------------------------------------------------------------------------------- */

struct line {
	char text[512];
	size_t len;
};

/* What is heard, cut at ends of lines and where a progress display goes back to their beginning. */
static int take(struct line *l, const char *bytes, size_t n, int (*heard)(void *, const char *),
		void *context)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		bool end = bytes[i] == '\n' || bytes[i] == '\r';

		if (!end && l->len < sizeof(l->text) - 1)
			l->text[l->len++] = bytes[i];
		if (!end || !l->len)
			continue;
		l->text[l->len] = '\0';
		l->len = 0;
		if (heard && heard(context, l->text))
			r = -1;
	}
	return r;
}

static bool is_complaint(const struct child *c, const char *line)
{
	return str_starts(line, c->argv[0]) || str_starts(line, "ERROR");
}

/* The first complaint is the cause of the others; what is no complaint counts only when there is none. */
static int keep_words(void *context, const char *line)
{
	struct child *c = context;

	if (!*c->words || (is_complaint(c, line) && !is_complaint(c, c->words)))
		(void)snprintf(c->words, sizeof(c->words), "%s", line);
	return 0;
}

/* It has complained and does not end: what it waits for does not come. */
static bool is_stuck(const struct child *c, int64_t *since_ms)
{
	int64_t now = pxc_system_clock.mono_ms(&pxc_system_clock);

	if (!*since_ms && is_complaint(c, c->words))
		*since_ms = now;
	return c->grace_ms && *since_ms && now - *since_ms > c->grace_ms;
}

/* Until it has closed both, or is to be ended (-1). */
static int listen_to(struct child *c, int out, int errors)
{
	struct pollfd fds[] = { { .fd = out, .events = POLLIN },
				{ .fd = errors, .events = POLLIN } };
	struct line lines[2] = { { .len = 0 } };
	int64_t complained_ms = 0;
	char bytes[4096];

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int n = poll(fds, 2, 1000);

		if (n == 0 && c->heard && c->heard(c->context, ""))
			return -1;
		for (int i = 0; n > 0 && i < 2; i++) {
			ssize_t got = fds[i].revents ? read(fds[i].fd, bytes, sizeof(bytes)) : -1;

			if (fds[i].revents && got <= 0)
				fds[i].fd = -1;
			if (got > 0 &&
			    take(&lines[i], bytes, (size_t)got, i ? keep_words : c->heard,
				 i ? (void *)c : c->context) < 0)
				return -1;
		}
		if (is_stuck(c, &complained_ms))
			return -1;
	}
	(void)take(&lines[1], "\n", 1, keep_words, c);
	return 0;
}

static void attend(struct child *c, pid_t pid, int out, int errors, int report)
{
	int why = 0;

	/* The pipe closes by exec, or brings errno. */
	if (read(report, &why, sizeof(why)) != sizeof(why))
		why = 0;
	if (!why && listen_to(c, out, errors) < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &c->status, 0) < 0 && errno == EINTR)
		;
	if (why)
		c->status = CHILD_ABSENT;
}

int child_run(struct child *c, struct pxc_err *err)
{
	int out[2] = { -1, -1 }, errors[2] = { -1, -1 }, report[2] = { -1, -1 };
	int *const ends[] = { &out[1], &errors[1], &report[1], &out[0], &errors[0], &report[0] };
	pid_t parent = getpid(), pid = -1;

	c->words[0] = '\0';
	if (pipe2(out, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0 &&
	    pipe2(report, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		become(c, out[1], errors[1], report[1], parent);
	if (pid < 0)
		(void)pxc_fail(err, PXC_EREMOTE, "%s cannot be started: %s", c->argv[0],
			       strerror(errno));
	for (size_t i = 0; i < 3; i++) {
		if (*ends[i] >= 0)
			(void)close(*ends[i]);
	}
	if (pid > 0)
		attend(c, pid, out[0], errors[0], report[0]);
	for (size_t i = 3; i < ARRAY_SIZE(ends); i++) {
		if (*ends[i] >= 0)
			(void)close(*ends[i]);
	}
	return pid < 0 ? -1 : 0;
}
