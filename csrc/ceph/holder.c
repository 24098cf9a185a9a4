/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/holder.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ceph/codec.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define TEXT 128
#define ENTITY_CLIENT 8 /* CEPH_ENTITY_TYPE_CLIENT */

static void first_line(const char *path, char text[static TEXT])
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(text, TEXT, file))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (file)
		(void)fclose(file);
}

/* The process's state letter and when it began; 0 when there is no such process to be seen. */
static char stat_of(long pid, uint64_t *ret_born)
{
	char path[32], line[1024];
	const char *rest = NULL;
	FILE *file;
	char state = 0;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file))
		rest = strrchr(line, ')'); /* its name may hold anything */
	/* After the name come the state, 18 numbers, and the start. */
	if (!rest || sscanf(rest + 1,
			    " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			    "%*s %*s %" SCNu64,
			    &state, ret_born) != 2)
		state = 0;
	if (file)
		(void)fclose(file);
	return state;
}

/* "pid:[4026531836]": one table of processes. */
static void process_table(char text[static TEXT])
{
	ssize_t n = readlink("/proc/self/ns/pid", text, TEXT - 1);

	text[n < 0 ? 0 : n] = '\0';
}

static void add_word(struct pxc_buf *out, const char *key, const char *value)
{
	buf_printf(out, " %s=", key);
	for (; *value; value++)
		buf_addc(out, (unsigned char)*value <= ' ' || *value == '=' ? '_' : *value);
}

char *holder_text(const char *owner)
{
	auto_buf struct pxc_buf out = { .data = NULL };
	char host[TEXT] = "", boot[TEXT], table[TEXT];
	uint64_t born = 0;

	(void)gethostname(host, sizeof(host) - 1);
	first_line(BOOT_ID, boot);
	process_table(table);
	(void)stat_of(getpid(), &born);
	buf_adds(&out, "v1");
	add_word(&out, "owner", owner);
	add_word(&out, "host", host);
	buf_printf(&out, " pid=%ld born=%" PRIu64, (long)getpid(), born);
	add_word(&out, "boot", boot);
	add_word(&out, "ns", table);
	return buf_take(&out);
}

/* The word after " key="; "" when there is none. */
static void word(const char *about, const char *key, char text[static TEXT])
{
	auto_free char *begin = pxc_printf(" %s=", key);
	const char *at = strstr(about, begin);

	at = at ? at + strlen(begin) : "";
	(void)snprintf(text, TEXT, "%.*s", (int)strcspn(at, " "), at);
}

bool holder_is_dead(const struct ceph_holder *holder)
{
	char boot[TEXT], table[TEXT], theirs[TEXT], number[TEXT], since[TEXT];
	uint64_t born = 0;
	long pid;
	char state;

	first_line(BOOT_ID, boot);
	process_table(table);
	word(holder->about, "boot", theirs);
	if (strncmp(holder->about, "v1 ", 3) != 0 || !*boot || strcmp(boot, theirs) != 0)
		return false;
	word(holder->about, "ns", theirs);
	word(holder->about, "pid", number);
	word(holder->about, "born", since);
	pid = strtol(number, NULL, 10);
	if (!*table || strcmp(table, theirs) != 0 || pid <= 0)
		return false;
	if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
		return true;
	state = stat_of(pid, &born);
	return state && (state == 'Z' || state == 'X' || born != strtoull(since, NULL, 10));
}

void holder_name(const struct ceph_holder *holder, struct pxc_buf *out)
{
	char owner[TEXT], host[TEXT], pid[TEXT];

	word(holder->about, "owner", owner);
	word(holder->about, "host", host);
	word(holder->about, "pid", pid);
	if (*owner)
		buf_printf(out, "%s (host %s, process %s)", owner, host, pid);
	else
		buf_printf(out, "%s (\"%s\")", holder->client, holder->about);
}

/* Of an address only the length matters: old Ceph wrote two numbers and a struct sockaddr_storage, later a frame. */
static void skip_address(struct ceph_in *in)
{
	if (in_u8(in) == 0)
		in_skip(in, 3 + 4 + 128);
	else
		(void)in_frame(in, UINT8_MAX);
}

/* Ceph's class "lock": a map of {client, cookie} to {end, address, description}; an exclusive lock has one. */
static int decode(const char *reply, size_t len, struct pxc_arena *arena, struct ceph_holder *ret)
{
	struct ceph_in outer = ceph_in(reply, len), in = in_frame(&outer, 1), id, info;
	uint8_t kind;
	uint64_t number;

	if (in_u32(&in) == 0)
		return in.bad ? -EIO : -ENOENT;
	id = in_frame(&in, 1);
	kind = in_u8(&id);
	number = in_u64(&id);
	(void)snprintf(ret->cookie, sizeof(ret->cookie), "%s", in_string(&id, arena));
	info = in_frame(&in, 1);
	ret->until_s = in_u32(&info);
	(void)in_u32(&info); /* nanoseconds */
	skip_address(&info);
	(void)snprintf(ret->about, sizeof(ret->about), "%s", in_string(&info, arena));
	(void)snprintf(ret->client, sizeof(ret->client), "client.%" PRIu64, number);
	return id.bad || info.bad || in.bad || kind != ENTITY_CLIENT ? -EIO : 0;
}

int holder_read(struct ceph_pool *pool, const char *oid, const char *lock, struct ceph_holder *ret)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_buf struct pxc_buf ask = { .data = NULL }, name = { .data = NULL };
	char reply[16384];
	int rc;

	out_string(&name, lock);
	out_frame(&ask, 1, &name);
	rc = rados_exec(pool->io, oid, "lock", "get_info", ask.data, ask.len, reply, sizeof(reply));
	return rc < 0 ? rc : decode(reply, (size_t)rc, &arena, ret);
}
