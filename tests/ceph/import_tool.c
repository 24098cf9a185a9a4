/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import_tool.c - one import, for tests: makes the image (unless it is there), fills it, says how it went.
 *
 *	import_tool POOL[/NAMESPACE] IMAGE source=... [checksum=] [ca=] [work_dir=] [max=] [min=] [stall=] [tries=] [depth=]
 *		[timeout=MS] [user=] [keyring=] [cancel_at=BYTES]
 *
 * The cluster is that of PXC_TEST_CEPH_CONF. Prints one JSON object: ok, then what struct ceph_imported holds, or kind
 * and msg; ms of the import alone; steps and done, what was heard of its progress; rss_kib, child_rss_kib, processor time, fds left open.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/ceph.h"

struct tool {
	struct ceph_options to;
	struct ceph_import job;
	char *pool, *space;
	uint64_t cancel_at, done, total;
	json_int_t steps, child_kib;
};

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/*
 * The most memory a process has had since it became this program. (ru_maxrss also counts what its parent had when it
 * forked.)
 */
static json_int_t most_memory(const char *pid)
{
	auto_free char *path = pxc_printf("/proc/%s/status", pid);
	FILE *f = fopen(path, "re");
	char line[256];
	long kib = 0;

	while (f && !kib && fgets(line, sizeof(line), f))
		(void)sscanf(line, "VmHWM: %ld", &kib);
	if (f)
		(void)fclose(f);
	return kib;
}

static void look_at_child(struct tool *t)
{
	FILE *f = fopen("/proc/thread-self/children", "re");
	char pid[16];

	if (f && fscanf(f, "%15s", pid) == 1) {
		json_int_t kib = most_memory(pid);

		t->child_kib = kib > t->child_kib ? kib : t->child_kib;
	}
	if (f)
		(void)fclose(f);
}

static int heard(void *context, uint64_t done, uint64_t total)
{
	struct tool *t = context;

	look_at_child(t);
	t->steps++;
	t->done = done;
	t->total = total;
	return t->cancel_at && done >= t->cancel_at;
}

static const char *value_of(const char *word, const char *key)
{
	size_t n = strlen(key);

	return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

static bool take(struct tool *t, const char *word)
{
	const struct {
		const char *key;
		const char **text;
		uint64_t *size;
		uint32_t *ms;
		unsigned *count;
	} keys[] = {
		{ "source", &t->job.source, NULL, NULL, NULL },
		{ "checksum", &t->job.checksum, NULL, NULL, NULL },
		{ "ca", &t->job.ca_path, NULL, NULL, NULL },
		{ "work_dir", &t->job.work_dir, NULL, NULL, NULL },
		{ "user", &t->to.user, NULL, NULL, NULL },
		{ "keyring", &t->to.keyring, NULL, NULL, NULL },
		{ "max", NULL, &t->job.max_bytes, NULL, NULL },
		{ "min", NULL, &t->job.min_bytes, NULL, NULL },
		{ "cancel_at", NULL, &t->cancel_at, NULL, NULL },
		{ "stall", NULL, NULL, &t->job.stall_ms, NULL },
		{ "timeout", NULL, NULL, &t->to.timeout_ms, NULL },
		{ "tries", NULL, NULL, NULL, &t->job.tries },
		{ "depth", NULL, NULL, NULL, &t->job.depth },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value = value_of(word, keys[i].key);

		if (!value)
			continue;
		if (keys[i].text)
			*keys[i].text = value;
		else if (keys[i].size)
			*keys[i].size = strtoull(value, NULL, 10);
		else if (keys[i].ms)
			*keys[i].ms = (uint32_t)strtoul(value, NULL, 10);
		else
			*keys[i].count = (unsigned)strtoul(value, NULL, 10);
		return true;
	}
	return false;
}

/* Of files and pipes: connections to Ceph come and go as librados likes. */
static json_int_t open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;
	char to[32];
	json_int_t n = 0;

	while (d && (entry = readdir(d)) != NULL) {
		ssize_t len = readlinkat(dirfd(d), entry->d_name, to, sizeof(to) - 1);

		if (len <= 0)
			continue;
		to[len] = '\0';
		n += !str_starts(to, "socket:") && !str_starts(to, "anon_inode:");
	}
	if (d)
		(void)closedir(d);
	return n;
}

static const char *kind_name(enum pxc_errkind kind)
{
	static const char *const names[] = {
		[PXC_OK] = "OK",
		[PXC_EINVAL] = "EINVAL",
		[PXC_ENOTFOUND] = "ENOTFOUND",
		[PXC_ECONFLICT] = "ECONFLICT",
		[PXC_EDENIED] = "EDENIED",
		[PXC_EBUSY] = "EBUSY",
		[PXC_ETIMEOUT] = "ETIMEOUT",
		[PXC_EREMOTE] = "EREMOTE",
		[PXC_EBUG] = "EBUG",
	};

	return names[kind];
}

static double cpu_ms(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

static int show(const struct tool *t, int rc, const struct ceph_imported *got, double ms,
		json_int_t fds, const struct pxc_err *err)
{
	struct rusage us, child; /* processor time */
	json_t *o = rc == 0 ? json_pack("{s:b,s:I,s:I,s:I,s:s,s:s}", "ok", 1, "size",
					(json_int_t)got->size_bytes, "written",
					(json_int_t)got->written_bytes, "source_bytes",
					(json_int_t)got->source_bytes, "checksum", got->checksum,
					"format", got->format)
			    : json_pack("{s:b,s:s,s:s}", "ok", 0, "kind", kind_name(err->kind),
					"msg", err->msg);

	if (!o)
		return 2;
	(void)getrusage(RUSAGE_SELF, &us);
	(void)getrusage(RUSAGE_CHILDREN, &child);
	(void)json_object_set_new(o, "ms", json_real(ms));
	(void)json_object_set_new(o, "steps", json_integer(t->steps));
	(void)json_object_set_new(o, "done", json_integer((json_int_t)t->done));
	(void)json_object_set_new(o, "total", json_integer((json_int_t)t->total));
	(void)json_object_set_new(o, "rss_kib", json_integer(most_memory("self")));
	(void)json_object_set_new(o, "child_rss_kib", json_integer(t->child_kib));
	(void)json_object_set_new(o, "cpu_ms", json_real(cpu_ms(&us)));
	(void)json_object_set_new(o, "child_cpu_ms", json_real(cpu_ms(&child)));
	(void)json_object_set_new(o, "fds", json_integer(fds));
	(void)json_dumpf(o, stdout, 0);
	(void)puts("");
	json_decref(o);
	return rc == 0 ? 0 : 1;
}

static int run(struct tool *t)
{
	const struct ceph_ops *ops = NULL;
	struct ceph *ceph = NULL;
	struct ceph_pool *pool = NULL;
	struct ceph_imported got = { .size_bytes = 0 };
	struct pxc_err err = { .kind = PXC_OK };
	json_int_t before = 0, after = 0;
	double start = now_ms();
	int rc = ceph_load(&ops, &err);

	if (rc == 0)
		rc = ops->connect(&t->to, &ceph, &err);
	if (rc == 0)
		rc = ops->pool_open(ceph, t->pool, t->space, &pool, &err);
	if (rc == 0 && ops->create(pool, t->job.image, 0, NULL, NULL, &err) < 0 &&
	    err.kind != PXC_ECONFLICT)
		rc = -1;
	if (rc == 0) {
		before = open_files();
		start = now_ms();
		rc = ops->import(pool, &t->job, &got, &err);
		after = open_files();
	}
	rc = show(t, rc, &got, now_ms() - start, after - before, &err);
	if (pool)
		ops->pool_close(pool);
	if (ceph)
		ops->disconnect(ceph);
	return rc;
}

int main(int argc, char **argv)
{
	struct tool t = { .job = { .progress = heard } };
	bool good = argc > 3;

	t.job.progress_context = &t;
	t.to.conf = getenv("PXC_TEST_CEPH_CONF");
	for (int i = 3; i < argc; i++)
		good = take(&t, argv[i]) && good;
	if (!good || !t.to.conf || !t.job.source) {
		fputs("usage: PXC_TEST_CEPH_CONF=... import_tool POOL[/NAMESPACE] IMAGE source=... [KEY=VALUE]...\n",
		      stderr);
		return 2;
	}
	t.pool = argv[1];
	t.space = strchr(t.pool, '/');
	if (t.space)
		*t.space++ = '\0';
	t.job.image = argv[2];
	return run(&t);
}
