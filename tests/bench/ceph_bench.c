/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ceph_bench.c - how fast the Ceph layer is, on a running cluster, in a pool that it may fill.
 *
 *	ceph_bench --conf FILE --pool NAME [--images 1000] [--disks 100] [--threads 8]
 *
 * Makes images with metadata (every tenth with a snapshot) and lists them; then makes disks of VMs from an image as a
 * task does: clone, annotate, grow, rename. Prints one JSON object a line: {"name", "value", "unit"}; values of single
 * operations are medians. What it made it removes.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "ceph/ceph.h"

#define MIB ((uint64_t)1 << 20)
#define GOLDEN "bench-golden"
#define SNAP "v1"
#define LISTS 5
#define SINGLES 25

struct bench {
	const struct ceph_ops *ops;
	struct ceph *ceph;
	struct ceph_pool *pool;
	unsigned threads;
	atomic_uint next;
	unsigned count;
	void (*job)(struct bench *bench, unsigned i);
};

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void show(const char *name, double value, const char *unit)
{
	printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\"}\n", name, value, unit);
	(void)fflush(stdout);
}

static void must(int rc, const struct pxc_err *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "ceph_bench: %s\n", err->msg);
	exit(1);
}

static void *work(void *arg)
{
	struct bench *bench = arg;
	unsigned i;

	while ((i = atomic_fetch_add(&bench->next, 1)) < bench->count)
		bench->job(bench, i);
	return NULL;
}

static double all(struct bench *bench, unsigned count, void (*job)(struct bench *, unsigned))
{
	pthread_t threads[64];
	double start = now_ms();

	bench->count = count;
	bench->job = job;
	atomic_store(&bench->next, 0);
	for (unsigned i = 0; i < bench->threads; i++)
		(void)pthread_create(&threads[i], NULL, work, bench);
	for (unsigned i = 0; i < bench->threads; i++)
		(void)pthread_join(threads[i], NULL);
	return now_ms() - start;
}

static void annotate(struct bench *bench, const char *id, const char *value)
{
	static const char *const keys[] = { "pxc.a", "pxc.b", "pxc.c", "pxc.d",
					    "pxc.e", "pxc.f", "pxc.g", "pxc.h" };
	struct ceph_pair set[ARRAY_SIZE(keys)];
	struct ceph_meta_change change = { .set = set, .nset = ARRAY_SIZE(keys) };
	struct pxc_err err;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		set[i] = (struct ceph_pair){ .key = keys[i], .value = value };
	must(bench->ops->meta(bench->pool, id, &change, &err), &err);
}

static void make_image(struct bench *bench, unsigned i)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_free char *name = pxc_printf("bench-%04u", i);
	struct pxc_err err;
	const char *id;

	must(bench->ops->create(bench->pool, name, 64 * MIB, &arena, &id, &err), &err);
	annotate(bench, id, "a value of forty characters, as they are");
	if (i % 10 == 0)
		must(bench->ops->snap_create(bench->pool, name, SNAP, &err), &err);
}

static void remove_image(struct bench *bench, unsigned i)
{
	auto_free char *name = pxc_printf("bench-%04u", i);
	struct pxc_err err;

	if (i % 10 == 0)
		must(bench->ops->snap_remove(bench->pool, name, SNAP, &err), &err);
	must(bench->ops->remove(bench->pool, name, &err), &err);
}

enum { CLONE, ANNOTATE, GROW, RENAME, WHOLE, STEPS };

static void make_disk(struct bench *bench, unsigned i, double ms[STEPS])
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_free char *temporary = pxc_printf("pxc-tmp-%u", i);
	auto_free char *name = pxc_printf("vm-%u-disk-0", i + 100);
	double t[STEPS];
	struct pxc_err err;
	const char *id;

	t[CLONE] = now_ms();
	must(bench->ops->clone(bench->pool, GOLDEN, SNAP, bench->pool, temporary, &arena, &id,
			       &err),
	     &err);
	t[ANNOTATE] = now_ms();
	annotate(bench, id, "what this disk is, whose, and where it came from");
	t[GROW] = now_ms();
	must(bench->ops->grow(bench->pool, temporary, 128 * MIB, &err), &err);
	t[RENAME] = now_ms();
	must(bench->ops->rename(bench->pool, temporary, name, &err), &err);
	t[WHOLE] = now_ms();
	for (unsigned s = 0; s < WHOLE; s++)
		ms[s] = t[s + 1] - t[s];
	ms[WHOLE] = t[WHOLE] - t[CLONE];
}

static void make_one_of_many(struct bench *bench, unsigned i)
{
	double ignored[STEPS];

	make_disk(bench, i, ignored);
}

static void remove_disk(struct bench *bench, unsigned i)
{
	auto_free char *name = pxc_printf("vm-%u-disk-0", i + 100);
	struct pxc_err err;

	must(bench->ops->remove(bench->pool, name, &err), &err);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), ascending);
	return values[n / 2];
}

static void bench_list(struct bench *bench, unsigned images)
{
	double list[LISTS], look[SINGLES];
	struct pxc_err err;

	show("create and annotate", all(bench, images, make_image) / images, "ms each");
	for (unsigned i = 0; i < LISTS; i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct ceph_image *found;
		double start = now_ms();
		size_t n;

		must(bench->ops->list(bench->pool, NULL, &arena, &found, &n, &err), &err);
		list[i] = now_ms() - start;
		if (n < images)
			exit(1);
	}
	for (unsigned i = 0; i < SINGLES; i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		auto_free char *name = pxc_printf("bench-%04u", i % images);
		struct ceph_image found;
		double start = now_ms();

		must(bench->ops->look(bench->pool, name, &arena, &found, &err), &err);
		look[i] = now_ms() - start;
	}
	show("images listed", images, "");
	show("list", median(list, LISTS), "ms");
	show("look", median(look, SINGLES), "ms");
	show("remove", all(bench, images, remove_image) / images, "ms each");
}

static void make_golden(struct bench *bench)
{
	static const char data[4096] = "golden";
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct pxc_err err;
	const char *id;

	must(bench->ops->create(bench->pool, GOLDEN, 64 * MIB, &arena, &id, &err), &err);
	must(bench->ops->write(bench->pool, GOLDEN, 0, data, sizeof(data), &err), &err);
	annotate(bench, id, "golden");
	must(bench->ops->snap_create(bench->pool, GOLDEN, SNAP, &err), &err);
}

static void bench_disks(struct bench *bench, unsigned disks)
{
	static const char *const names[STEPS] = { "disk: clone", "disk: annotate", "disk: grow",
						  "disk: rename", "disk from an image" };
	double ms[STEPS][SINGLES], one[STEPS];
	struct pxc_err err;

	make_golden(bench);
	for (unsigned i = 0; i < SINGLES; i++) {
		make_disk(bench, i, one);
		for (unsigned s = 0; s < STEPS; s++)
			ms[s][i] = one[s];
	}
	(void)all(bench, SINGLES, remove_disk);
	for (unsigned s = 0; s < STEPS; s++)
		show(names[s], median(ms[s], SINGLES), "ms");
	show("disks made", disks, "");
	show("disks from an image", all(bench, disks, make_one_of_many), "ms");
	(void)all(bench, disks, remove_disk);
	must(bench->ops->snap_remove(bench->pool, GOLDEN, SNAP, &err), &err);
	must(bench->ops->remove(bench->pool, GOLDEN, &err), &err);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "conf", required_argument, NULL, 'c' },
		{ "pool", required_argument, NULL, 'p' },
		{ "images", required_argument, NULL, 'i' },
		{ "disks", required_argument, NULL, 'd' },
		{ "threads", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	struct ceph_options to = { .timeout_ms = 30000 };
	struct bench bench = { .threads = 8 };
	const char *pool = NULL;
	unsigned long images = 1000, disks = 100;
	struct pxc_err err;
	double start;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			to.conf = optarg;
		else if (option == 'p')
			pool = optarg;
		else if (option == 'i')
			images = strtoul(optarg, NULL, 10);
		else if (option == 'd')
			disks = strtoul(optarg, NULL, 10);
		else if (option == 't')
			bench.threads = (unsigned)strtoul(optarg, NULL, 10);
		else
			pool = NULL, optind = argc + 1;
	}
	if (!to.conf || !pool || optind != argc || !images || images > 9999 || !disks ||
	    bench.threads - 1 > 63) {
		fputs("usage: ceph_bench --conf FILE --pool NAME [--images N] [--disks N] [--threads N]\n",
		      stderr);
		return 2;
	}
	must(ceph_load(&bench.ops, &err), &err);
	start = now_ms();
	must(bench.ops->connect(&to, &bench.ceph, &err), &err);
	must(bench.ops->pool_open(bench.ceph, pool, NULL, &bench.pool, &err), &err);
	show("connect", now_ms() - start, "ms");
	bench_list(&bench, (unsigned)images);
	bench_disks(&bench, (unsigned)disks);
	bench.ops->pool_close(bench.pool);
	bench.ops->disconnect(bench.ceph);
	return 0;
}
