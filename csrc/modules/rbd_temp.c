/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/rbd_parts.h"

/*
 * Where a process number means something: this run of this kernel, and this table of processes (of a container). 8 hex
 * digits; "" when that cannot be found out.
 */
static void scope(char out[9])
{
	char boot[64] = "", table[64] = "", hash[65];
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	ssize_t n = readlink("/proc/self/ns/pid", table, sizeof(table) - 1);
	auto_free char *both = NULL;

	if (f && !fgets(boot, sizeof(boot), f))
		boot[0] = '\0';
	if (f)
		(void)fclose(f);
	both = pxc_printf("%s%s", boot, table);
	sha256_hex(both, strlen(both), hash);
	(void)snprintf(out, 9, "%.8s", *boot && n > 0 ? hash : "");
}

void rbd_temp_name(const struct pxc_env *env, char out[RBD_TEMP_SIZE])
{
	unsigned char noise[4];
	char here[9];

	scope(here);
	if (getrandom(noise, sizeof(noise), 0) != sizeof(noise))
		abort();
	(void)snprintf(out, RBD_TEMP_SIZE, RBD_TEMP_PREFIX "%08x%.8s%08x%02x%02x%02x%02x",
		       (unsigned)env->clock->wall_s(env->clock), *here ? here : "00000000",
		       (unsigned)getpid(), noise[0], noise[1], noise[2], noise[3]);
}

bool rbd_temp_dead(const char *name)
{
	const char *hex = name + strlen(RBD_TEMP_PREFIX);
	char here[9], part[9] = "";
	long pid;

	if (!str_starts(name, RBD_TEMP_PREFIX) || strlen(hex) != 32)
		return false;
	scope(here);
	if (!*here || strncmp(hex + 8, here, 8) != 0)
		return false;
	(void)snprintf(part, sizeof(part), "%.8s", hex + 16);
	pid = strtol(part, NULL, 16);
	return pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}
