/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/ceph/box.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define SCRIPT "tests/lib/cephbox.sh"

double box_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void box_sleep_ms(unsigned ms)
{
	(void)nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L },
			NULL);
}

static void run(const char *const *argv)
{
	union {
		const char *const *ours;
		char *const *theirs;
	} args = { .ours = argv };
	pid_t pid;
	int status = 0;

	assert_int_equal(posix_spawn(&pid, argv[0], NULL, NULL, args.theirs, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s %s: status %d", argv[0], argv[1], status);
}

void box_script(const struct box *box, const char *verb, ...)
{
	const char *argv[16] = { SCRIPT, verb, box->dir };
	size_t n = 3;
	va_list ap;

	va_start(ap, verb);
	while (n < ARRAY_SIZE(argv) - 1 && (argv[n] = va_arg(ap, const char *)))
		n++;
	va_end(ap);
	argv[n] = NULL;
	run(argv);
}

char *box_mon(const struct box *box, const char *json)
{
	char *out = NULL, *words = NULL, *answer;
	size_t len = 0, nwords = 0;
	int rc = rados_mon_command(box->cluster, &json, 1, "", 0, &out, &len, &words, &nwords);

	if (rc < 0)
		fail_msg("%s: %s %.*s", json, strerror(-rc), (int)nwords, words);
	answer = pxc_strndup(out ? out : "", len);
	rados_buffer_free(out);
	rados_buffer_free(words);
	return answer;
}

static void start_own(struct box *box)
{
	auto_free char *watch = pxc_printf("watch=%ld", (long)getpid());
	const char *temp = getenv("TMPDIR");

	(void)snprintf(box->dir, sizeof(box->dir), "%s/pxc-ceph-test.%ld", temp ? temp : "/tmp",
		       (long)getpid());
	(void)snprintf(box->conf, sizeof(box->conf), "%s/ceph.conf", box->dir);
	box->is_own = true;
	box_script(box, "up", "mgr=1", "linger=8", watch, NULL);
}

static void use_running(struct box *box, const char *conf)
{
	const char *slash = strrchr(conf, '/');

	assert_non_null(slash);
	(void)snprintf(box->conf, sizeof(box->conf), "%s", conf);
	(void)snprintf(box->dir, sizeof(box->dir), "%.*s", (int)(slash - conf), conf);
}

static void connect_raw(struct box *box)
{
	assert_int_equal(rados_create2(&box->cluster, "ceph", "client.admin", 0), 0);
	assert_int_equal(rados_conf_read_file(box->cluster, box->conf), 0);
	assert_int_equal(rados_conf_set(box->cluster, "log_to_stderr", "false"), 0);
	assert_int_equal(rados_connect(box->cluster), 0);
}

static void make_pool(struct box *box)
{
	auto_free char *create = NULL, *answer = NULL;

	(void)snprintf(box->name, sizeof(box->name), "test-%ld", (long)getpid());
	create = pxc_printf("{\"prefix\":\"osd pool create\",\"pool\":\"%s\",\"pg_num\":4}",
			    box->name);
	answer = box_mon(box, create);
	assert_int_equal(rados_ioctx_create(box->cluster, box->name, &box->io), 0);
	assert_int_equal(rbd_pool_init(box->io, true), 0);
}

static int set_up(void **state, bool own)
{
	const char *running = getenv("PXC_TEST_CEPH_CONF");
	struct box *box = pxc_calloc(1, sizeof(*box));
	struct ceph_options options = { .conf = box->conf, .timeout_ms = 10000 };

	*state = box;
	if (running && !own)
		use_running(box, running);
	else
		start_own(box);
	connect_raw(box);
	make_pool(box);
	box_ok(box, ceph_load(&box->ops, &box->err));
	box_ok(box, box->ops->connect(&options, &box->ceph, &box->err));
	box_ok(box, box->ops->pool_open(box->ceph, box->name, NULL, &box->pool, &box->err));
	return 0;
}

int box_setup(void **state)
{
	return set_up(state, false);
}

int box_setup_own(void **state)
{
	return set_up(state, true);
}

int box_teardown(void **state)
{
	struct box *box = *state;

	if (box->ops) {
		box->ops->pool_close(box->pool);
		box->ops->disconnect(box->ceph);
	}
	arena_release(&box->arena);
	if (box->io)
		rados_ioctx_destroy(box->io);
	if (box->cluster && !box->is_own)
		(void)rados_pool_delete(box->cluster, box->name);
	if (box->cluster)
		rados_shutdown(box->cluster);
	if (box->is_own)
		box_script(box, "down", NULL);
	free(box);
	return 0;
}

void box_check(struct box *box, int rc, const char *call, const char *file, int line)
{
	if (rc == 0)
		return;
	print_error("%s: %s\n", call, box->err.msg);
	_assert_true(0, call, file, line);
}

void box_check_failure(struct box *box, int rc, const char *call, enum pxc_errkind kind,
		       const char *words, const char *file, int line)
{
	if (rc == -1 && box->err.kind == kind && strstr(box->err.msg, words))
		return;
	print_error("%s: %d, kind %d, \"%s\", but wanted kind %d and \"%s\"\n", call, rc,
		    box->err.kind, rc ? box->err.msg : "", kind, words);
	_assert_true(0, call, file, line);
}

const char *box_image(struct box *box, const char *name)
{
	auto_free char *data = pxc_printf("data of %s", name);
	const char *id = NULL;

	box_ok(box, box->ops->create(box->pool, name, 8u << 20, &box->arena, &id, &box->err));
	box_ok(box, box->ops->write(box->pool, name, 0, data, strlen(data) + 1, &box->err));
	return id;
}

bool box_has(struct box *box, const char *name)
{
	struct ceph_image *images;
	size_t n;

	box_ok(box, box->ops->list(box->pool, NULL, &box->arena, &images, &n, &box->err));
	for (size_t i = 0; i < n; i++) {
		if (str_eq(images[i].name, name))
			return true;
	}
	return false;
}
