/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * foreign.c - to be preloaded: a machine that says it is an aarch64 and runs programs for one, by QEMU's user emulation. It is what
 * binfmt_misc does for a whole machine, for one session and without root.
 *
 * FOREIGN_QEMU is the emulator, FOREIGN_ROOT where it finds the other machine's libraries.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MAX_ARGS 16

typedef int execve_fn(const char *, char *const[], char *const[]);
typedef int uname_fn(struct utsname *);

static int is_foreign(const char *path)
{
	Elf64_Ehdr head = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, &head, sizeof(head));

	if (fd >= 0)
		(void)close(fd);
	return n == (ssize_t)sizeof(head) && memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
	       head.e_machine == EM_AARCH64;
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	execve_fn *real = (execve_fn *)dlsym(RTLD_NEXT, "execve");
	const char *qemu = getenv("FOREIGN_QEMU"), *root = getenv("FOREIGN_ROOT");
	const char *args[MAX_ARGS + 8] = {
		qemu, "-L", root, "-0", argv[0], "-U", "LD_PRELOAD", path
	};
	int i;

	if (!qemu || !root || !is_foreign(path))
		return real(path, argv, envp);
	for (i = 1; argv[i] && i < MAX_ARGS; i++)
		args[7 + i] = argv[i];
	return real(qemu, (char *const *)(uintptr_t)args, envp);
}

int uname(struct utsname *name)
{
	int r = ((uname_fn *)dlsym(RTLD_NEXT, "uname"))(name);

	strcpy(name->machine, "aarch64");
	return r;
}
