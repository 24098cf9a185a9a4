/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rbd_box.h - for the tests of storages in Ceph: a pool of the program's own in a real Ceph, a simulated cluster on it, and
 * what others do to it behind PVE's back.
 *
 * The Ceph is the one that PXC_TEST_CEPH_CONF names, or one of its own that ends with the program, however that ends.
 */
#pragma once

#include "qm_ask.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ceph/ceph.h"
#include "sim/disk.h"
#include "sim/rbd.h"

#define CONTENT "/nodes/pve1/storage/ceph/content"

static struct {
	const struct ceph_ops *ops;
	struct ceph *ceph;
	struct ceph_pool *pool;
	char dir[256], conf[280], name[32];
	bool is_own;
} box;

static void box_script(const char *verb, const char *a, const char *b, const char *c)
{
	const char *argv[] = { "tests/lib/cephbox.sh", verb, box.dir, a, b, c, NULL };
	pid_t pid;
	int status = -1;

	assert_int_equal(posix_spawn(&pid, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ),
			 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int box_setup(void **state)
{
	const char *conf = getenv("PXC_TEST_CEPH_CONF");
	struct ceph_options options = { .conf = box.conf, .timeout_ms = 20000 };
	struct pxc_err err;

	(void)state;
	(void)snprintf(box.name, sizeof(box.name), "sim-%d", (int)getpid());
	box.is_own = !conf;
	if (conf) {
		(void)snprintf(box.dir, sizeof(box.dir), "%.*s", (int)(strrchr(conf, '/') - conf),
			       conf);
		box_script("pool", box.name, NULL, NULL);
	} else {
		auto_free char *pool = pxc_printf("pool=%s", box.name),
			       *watch = pxc_printf("watch=%d", (int)getpid());

		(void)snprintf(box.dir, sizeof(box.dir), "/tmp/pxc-rbd-test-%d", (int)getpid());
		box_script("up", pool, watch, "mgr=1");
	}
	(void)snprintf(box.conf, sizeof(box.conf), "%s/ceph.conf", box.dir);
	if (ceph_load(&box.ops, &err) < 0 || box.ops->connect(&options, &box.ceph, &err) < 0 ||
	    box.ops->pool_open(box.ceph, box.name, NULL, &box.pool, &err) < 0) {
		print_error("%s\n", err.msg);
		return -1;
	}
	return 0;
}

static int box_teardown(void **state)
{
	(void)state;
	box.ops->pool_close(box.pool);
	box.ops->disconnect(box.ceph);
	if (box.is_own)
		box_script("down", NULL, NULL, NULL);
	return 0;
}

/* ---- what somebody else does ---- */

/* What must go well; the call names err, which is the macro's. */
#define must(call)                                                                                 \
	do {                                                                                       \
		struct pxc_err err;                                                                \
		if ((call) < 0)                                                                    \
			fail_msg("%s: %s", #call, err.msg);                                        \
	} while (0)

static inline void make_image(const char *name, uint64_t mib)
{
	must(box.ops->create(box.pool, name, mib << 20, NULL, NULL, &err));
}

static inline void write_text(const char *name, const char *text)
{
	must(box.ops->write(box.pool, name, 0, text, strlen(text), &err));
}

static inline void expect_text(const char *name, const char *text)
{
	char there[64] = "";

	must(box.ops->read(box.pool, name, NULL, 0, there, strlen(text), &err));
	assert_string_equal(there, text);
}

static inline bool is_there(const char *name)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image image;
	struct pxc_err err;

	return box.ops->look(box.pool, name, &arena, &image, &err) == 0;
}

static inline uint64_t mib_of(const char *name)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image image;

	must(box.ops->look(box.pool, name, &arena, &image, &err));
	return image.size_bytes >> 20;
}

/* Snapshots that are not removed while clones live on: "a b". Valid until the next call. */
static inline const char *snaps_of(const char *name)
{
	static char names[256];
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image image;

	must(box.ops->look(box.pool, name, &arena, &image, &err));
	names[0] = '\0';
	for (size_t i = 0; i < image.nsnaps; i++)
		if (!image.snaps[i].in_trash)
			(void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				       *names ? " " : "", image.snaps[i].name);
	return names;
}

static inline size_t watchers_of(const char *name)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *const *list;
	size_t n = 0;

	must(box.ops->watchers(box.pool, name, &arena, &list, &err));
	while (list[n])
		n++;
	return n;
}

/* Everything goes, clones first; nobody has anything open any more. */
static inline int sweep(void **state)
{
	struct pxc_err ignored;
	size_t left = 1;

	(void)state;
	for (unsigned round = 0; left && round < 5; round++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct ceph_image *images;

		must(box.ops->list(box.pool, NULL, &arena, &images, &left, &err));
		for (size_t i = 0; i < left; i++) {
			for (size_t n = 0; n < images[i].nsnaps; n++)
				if (!images[i].snaps[n].in_trash)
					(void)box.ops->snap_remove(box.pool, images[i].name,
								   images[i].snaps[n].name,
								   &ignored);
			(void)box.ops->remove(box.pool, images[i].name, &ignored);
		}
	}
	return left ? -1 : 0;
}

#define box_test(f) cmocka_unit_test_teardown(f, sweep)
#define BOX_TESTS(tests) cmocka_run_group_tests(tests, box_setup, box_teardown)

/* ---- PVE on it ---- */

/* Storage "ceph" is the pool. */
static inline struct sim *on_ceph(unsigned nodes)
{
	struct sim *sim = cluster(nodes, 0, NULL, NULL);

	must(sim_ceph_attach(sim, box.conf, box.name, &err));
	return sim;
}

/* The entry of a volume in the list of the storage's content; NULL = it is not listed. Caller's. */
static inline json_t *listed(struct sim *sim, const char *volid)
{
	json_auto_t *all = get(sim, CONTENT);
	json_t *entry;
	size_t i;

	json_array_foreach (all, i, entry) {
		if (!strcmp(text_of(entry, "volid"), volid))
			return json_incref(entry);
	}
	return NULL;
}

/* All volids of the storage, in order: "ceph:vm-1-disk-0 ceph:vm-2-disk-0". */
static inline void expect_content(struct sim *sim, const char *volids)
{
	json_auto_t *all = get(sim, CONTENT);
	auto_buf struct pxc_buf out = { .data = NULL };
	json_t *entry;
	size_t i;

	json_array_foreach (all, i, entry) {
		buf_printf(&out, "%s%s", i ? " " : "", text_of(entry, "volid"));
	}
	assert_string_equal(buf_str(&out), volids);
}

static inline void expect_log(const struct sim *sim, const char *line)
{
	const json_t *log = sim->tasks[sim->task_count - 1]->log;
	json_t *entry;
	size_t i;

	json_array_foreach (log, i, entry) {
		if (!strcmp(json_string_value(entry), line))
			return;
	}
	fail_msg("no line \"%s\" in %s", line, json_dumps(log, 0));
}
