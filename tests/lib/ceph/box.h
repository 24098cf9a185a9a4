/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * box.h - a real Ceph for a test program: the cluster that PXC_TEST_CEPH_CONF names, or one of its own that ends with
 * the program, however that ends. The pool is the program's own.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rados/librados.h>
#include <rbd/librbd.h>

#include "ceph/ceph.h"

struct box {
	const struct ceph_ops *ops; /* from pxc-ceph.so, as the modules load it */
	struct ceph *ceph;
	struct ceph_pool *pool;
	struct pxc_arena arena;
	struct pxc_err err;
	char name[64]; /* of the pool */
	char dir[512]; /* of the cluster: ceph.conf, keyring, run/ */
	char conf[530];
	bool is_own; /* the cluster */

	/* The same by librados and librbd, to compare with and to break things. */
	rados_t cluster;
	rados_ioctx_t io;
};

/* Group fixtures; *state is the box. box_setup_own() takes a cluster of its own, with the words of BOX_OPTIONS. */
int box_setup(void **state);
int box_setup_own(void **state);
int box_teardown(void **state);

/* TEST_FILTER=some_* in the environment runs some. */
#define BOX_TESTS(tests)                                                                           \
	(cmocka_set_test_filter(getenv("TEST_FILTER")),                                            \
	 cmocka_run_group_tests(tests, box_setup, box_teardown))

void box_script(const struct box *box, const char *verb,
		...); /* cephbox.sh VERB DIR ARG..., NULL */
char *box_mon(const struct box *box,
	      const char *json); /* a command to the monitor, that must succeed; its answer */

/* What must work, and what must fail: with this kind, and these words in the sentence. */
#define box_ok(box, call) box_check(box, call, #call, __FILE__, __LINE__)
#define box_fails(box, call, kind, words)                                                          \
	box_check_failure(box, call, #call, kind, words, __FILE__, __LINE__)
void box_check(struct box *box, int rc, const char *call, const char *file, int line);
void box_check_failure(struct box *box, int rc, const char *call, enum pxc_errkind kind,
		       const char *words, const char *file, int line);

/* An image of 8 MiB with "data of <name>" at its beginning; returns its id. */
const char *box_image(struct box *box, const char *name);
bool box_has(struct box *box, const char *name);
double box_now(void); /* seconds */
void box_sleep_ms(unsigned ms);
