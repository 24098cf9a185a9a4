/* SPDX-License-Identifier: GPL-3.0-or-later */
/* child.h - run something in a process of its own and keep what it prints on standard output. */
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

/* New string; *ret_status as wait() tells it. */
static inline char *output_of(void (*work)(void), int *ret_status)
{
	struct pxc_buf out = { .data = NULL };
	char chunk[4096];
	int fd[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(fd[1], STDOUT_FILENO);
		(void)close(fd[0]);
		(void)close(fd[1]);
		work();
		_exit(99);
	}
	(void)close(fd[1]);
	while ((n = read(fd[0], chunk, sizeof(chunk))) > 0)
		buf_add(&out, chunk, (size_t)n);
	(void)close(fd[0]);
	assert_int_equal(waitpid(pid, ret_status, 0), pid);
	return buf_take(&out);
}
