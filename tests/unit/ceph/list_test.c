/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What list.c, header.c and header_read.c make of a pool, against what librbd says about the same images. */
#include "lib/ceph/box.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "base/str.h"

#define IN_REMOVAL "its removal was begun and has not ended; if that was killed, remove it again"
#define MIB ((uint64_t)1 << 20)

static rbd_image_t open_raw(struct box *box, const char *name)
{
	rbd_image_t rbd;

	assert_int_equal(rbd_open(box->io, name, &rbd, NULL), 0);
	return rbd;
}

static void set_raw(struct box *box, const char *name, const char *key, const char *value)
{
	rbd_image_t rbd = open_raw(box, name);

	assert_int_equal(rbd_metadata_set(rbd, key, value), 0);
	assert_int_equal(rbd_close(rbd), 0);
}

static void clone_raw(struct box *box, const char *parent, const char *snap, const char *name,
		      uint64_t format)
{
	rbd_image_options_t options;

	rbd_image_options_create(&options);
	assert_int_equal(
		rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_CLONE_FORMAT, format), 0);
	assert_int_equal(rbd_clone3(box->io, parent, snap, box->io, name, options), 0);
	rbd_image_options_destroy(options);
}

static const struct ceph_image *find(const struct ceph_image *images, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(images[i].name, name))
			return &images[i];
	}
	fail_msg("%s is not listed", name);
	abort(); /* cmocka does not say that it does not return */
}

/* --- librbd's word ------------------------------------------------------------------------------------ */

static void same_meta(rbd_image_t rbd, const struct ceph_image *image)
{
	size_t nkeys = 1 << 20, nvalues = 4 << 20, i = 0;
	auto_free char *keys = pxc_alloc(nkeys), *values = pxc_alloc(nvalues);
	const char *k = keys, *v = values;

	assert_true(rbd_metadata_list(rbd, "", 0, keys, &nkeys, values, &nvalues) >= 0);
	for (; k < keys + nkeys; k += strlen(k) + 1, v += strlen(v) + 1, i++) {
		assert_true(i < image->nmeta);
		assert_string_equal(image->meta[i].key, k);
		assert_string_equal(image->meta[i].value, v);
	}
	assert_int_equal(image->nmeta, i);
}

static void same_snap(rbd_image_t rbd, const rbd_snap_info_t *theirs, const struct ceph_snap *ours)
{
	rbd_snap_namespace_type_t type;
	char was[256];
	int is_protected = 0;

	assert_int_equal(rbd_snap_get_namespace_type(rbd, theirs->id, &type), 0);
	assert_int_equal(ours->id, theirs->id);
	assert_int_equal(ours->size_bytes, theirs->size);
	assert_int_equal(ours->in_trash, type == RBD_SNAP_NAMESPACE_TYPE_TRASH);
	if (ours->in_trash) {
		assert_int_equal(rbd_snap_get_trash_namespace(rbd, theirs->id, was, sizeof(was)),
				 0);
		assert_string_equal(ours->name, was);
	} else {
		assert_string_equal(ours->name, theirs->name);
		assert_int_equal(rbd_snap_is_protected(rbd, theirs->name, &is_protected), 0);
		assert_int_equal(ours->is_protected, is_protected);
	}
}

static void same_snaps(rbd_image_t rbd, const struct ceph_image *image)
{
	rbd_snap_info_t list[64];
	rbd_snap_namespace_type_t type;
	int n = ARRAY_SIZE(list);
	size_t wanted = 0;

	n = rbd_snap_list(rbd, list, &n);
	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		assert_int_equal(rbd_snap_get_namespace_type(rbd, list[i].id, &type), 0);
		if (type != RBD_SNAP_NAMESPACE_TYPE_USER && type != RBD_SNAP_NAMESPACE_TYPE_TRASH)
			continue;
		assert_true(wanted < image->nsnaps);
		same_snap(rbd, &list[i], &image->snaps[wanted++]);
	}
	assert_int_equal(wanted, image->nsnaps);
	if (n > 0)
		rbd_snap_list_end(list);
}

static void same_parent(rbd_image_t rbd, const struct ceph_image *image)
{
	rbd_linked_image_spec_t parent;
	rbd_snap_spec_t snap;
	int rc = rbd_get_parent(rbd, &parent, &snap);

	if (rc == -ENOENT) {
		assert_int_equal(image->parent_pool, -1);
		assert_null(image->parent_id);
		return;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(image->parent_pool, parent.pool_id);
	assert_string_equal(image->parent_id, parent.image_id);
	assert_int_equal(image->parent_snap, snap.id);
	rbd_linked_image_spec_cleanup(&parent);
	rbd_snap_spec_cleanup(&snap);
}

static void same_as_librbd(struct box *box, const struct ceph_image *image)
{
	rbd_image_t rbd = open_raw(box, image->name);
	char id[64];
	uint64_t size;

	assert_null(image->problem);
	assert_int_equal(rbd_get_id(rbd, id, sizeof(id)), 0);
	assert_string_equal(image->id, id);
	assert_int_equal(rbd_get_size(rbd, &size), 0);
	assert_int_equal(image->size_bytes, size);
	same_meta(rbd, image);
	same_snaps(rbd, image);
	same_parent(rbd, image);
	assert_int_equal(rbd_close(rbd), 0);
}

/* All of the pool, listed and looked at one by one. */
static const struct ceph_image *all_same(struct box *box, const char *wanted)
{
	struct ceph_image *images, one;
	size_t n;

	box_ok(box, box->ops->list(box->pool, NULL, &box->arena, &images, &n, &box->err));
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			assert_true(strcmp(images[i - 1].name, images[i].name) < 0);
		same_as_librbd(box, &images[i]);
		box_ok(box,
		       box->ops->look(box->pool, images[i].name, &box->arena, &one, &box->err));
		same_as_librbd(box, &one);
	}
	return find(images, n, wanted);
}

/* --- tests -------------------------------------------------------------------------------------------- */

static void an_empty_pool_has_no_images(void **state)
{
	struct box *box = *state;
	struct ceph_image *images;
	size_t n = 7;

	box_ok(box, box->ops->list(box->pool, NULL, &box->arena, &images, &n, &box->err));
	assert_int_equal(n, 0);
	box_fails(box, box->ops->look(box->pool, "none", &box->arena, images, &box->err),
		  PXC_ENOTFOUND, "has no image \"none\"");
}

static void snapshots_of_every_kind(void **state)
{
	struct box *box = *state;
	const struct ceph_image *image;
	rbd_image_t rbd;

	(void)box_image(box, "snaps");
	box_ok(box, box->ops->snap_create(box->pool, "snaps", "first", &box->err));
	box_ok(box, box->ops->grow(box->pool, "snaps", 32 * MIB, &box->err));
	box_ok(box, box->ops->snap_create(box->pool, "snaps", "second, protected", &box->err));
	box_ok(box, box->ops->snap_create(box->pool, "snaps", "third", &box->err));
	rbd = open_raw(box, "snaps");
	assert_int_equal(rbd_snap_protect(rbd, "second, protected"), 0);
	clone_raw(box, "snaps", "first", "clone-2", 2);
	clone_raw(box, "snaps", "second, protected", "clone-1", 1);
	assert_int_equal(rbd_snap_remove(rbd, "first"), 0);
	assert_int_equal(rbd_close(rbd), 0);
	assert_int_equal(rbd_group_create(box->io, "group"), 0);
	assert_int_equal(rbd_group_image_add(box->io, "group", box->io, "snaps"), 0);
	assert_int_equal(rbd_group_snap_create(box->io, "group", "of a group"), 0);

	image = all_same(box, "snaps");
	assert_int_equal(image->nsnaps, 3);
	assert_string_equal(image->snaps[0].name, "first");
	assert_true(image->snaps[0].in_trash);
	assert_int_equal(image->snaps[0].size_bytes, 8 * MIB);
	assert_true(image->snaps[1].is_protected);
	assert_string_equal(image->snaps[2].name, "third");
	assert_false(image->snaps[2].is_protected || image->snaps[2].in_trash);
	assert_int_equal(image->snaps[2].size_bytes, 32 * MIB);

	assert_int_equal(rbd_group_snap_remove(box->io, "group", "of a group"), 0);
	assert_int_equal(rbd_group_remove(box->io, "group"), 0);
}

static void parents_and_what_cuts_off_from_them(void **state)
{
	struct box *box = *state;
	const struct ceph_image *image;
	rbd_image_t rbd;

	(void)box_image(box, "parent");
	box_ok(box, box->ops->snap_create(box->pool, "parent", "s", &box->err));
	clone_raw(box, "parent", "s", "child", 2);
	clone_raw(box, "parent", "s", "flat", 2);
	clone_raw(box, "parent", "s", "shrunk", 2);
	clone_raw(box, "parent", "s", "flat-with-snap", 2);
	box_ok(box, box->ops->snap_create(box->pool, "child", "s", &box->err));
	clone_raw(box, "child", "s", "grandchild", 2);
	box_ok(box, box->ops->snap_create(box->pool, "flat-with-snap", "kept", &box->err));
	box_ok(box, box->ops->flatten(box->pool, "flat", NULL, NULL, &box->err));
	box_ok(box, box->ops->flatten(box->pool, "flat-with-snap", NULL, NULL, &box->err));
	rbd = open_raw(box, "shrunk");
	assert_int_equal(rbd_resize(rbd, 0), 0);
	assert_int_equal(rbd_resize(rbd, 8 * MIB), 0);
	assert_int_equal(rbd_close(rbd), 0);

	image = all_same(box, "grandchild");
	assert_string_equal(image->parent_id, all_same(box, "child")->id);
	assert_int_equal(image->parent_pool, box->ops->pool_id(box->pool));
	assert_null(all_same(box, "flat")->parent_id);
	assert_null(all_same(box, "flat-with-snap")->parent_id);
	assert_null(all_same(box, "shrunk")->parent_id);
}

/* More than one answer of Ceph holds. */
static void many_keys(struct box *box, const char *id, size_t n)
{
	struct ceph_pair *set = arena_alloc(&box->arena, n * sizeof(*set));
	struct ceph_meta_change change = { .set = set, .nset = n };

	for (size_t i = 0; i < n; i++) {
		set[i].key = arena_printf(&box->arena, "key %zu", i * 7919 % n);
		set[i].value = arena_printf(&box->arena, "value %zu", i);
	}
	box_ok(box, box->ops->meta(box->pool, id, &change, &box->err));
}

static void metadata_of_any_size_and_with_any_bytes(void **state)
{
	struct box *box = *state;
	const struct ceph_image *image;
	auto_free char *large = pxc_alloc(100001);

	(void)box_image(box, "meta");
	memset(large, 'v', 100000);
	large[100000] = '\0';
	set_raw(box, "meta", "large", large);
	set_raw(box, "meta", "metadata_metadata_", "twice");
	set_raw(box, "meta", "space and = and \"", "line\nline\ttab \\ 'x'");
	set_raw(box, "meta", "\xc3\xa4\xf0\x9f\x92\xbe", "\xff\xfe not UTF-8 \x01");
	set_raw(box, "meta", "/a/b@c#d%", "/");
	set_raw(box, "meta", "empty", "");
	many_keys(box, box_image(box, "keys"), 2500);

	image = all_same(box, "meta");
	assert_int_equal(image->nmeta, 6);
	assert_int_equal(all_same(box, "keys")->nmeta, 2500);
}

static void only_names_that_begin_so(void **state)
{
	struct box *box = *state;
	const char *const prefixes[] = { "pre-", "also-", NULL };
	struct ceph_image *images;
	size_t n;

	(void)box_image(box, "pre-1");
	(void)box_image(box, "pre-2");
	(void)box_image(box, "also-1");
	(void)box_image(box, "prE-3");
	(void)box_image(box, "x-pre-4");
	box_ok(box, box->ops->list(box->pool, prefixes, &box->arena, &images, &n, &box->err));
	assert_int_equal(n, 3);
	assert_string_equal(images[0].name, "also-1");
	assert_string_equal(images[1].name, "pre-1");
	assert_string_equal(images[2].name, "pre-2");
}

static void namespaces_are_pools_of_their_own(void **state)
{
	struct box *box = *state;
	struct ceph_pool *inner;
	struct ceph_image *images, image;
	const char *const *names;
	size_t n;

	assert_int_equal(rbd_namespace_create(box->io, "inner"), 0);
	box_ok(box, box->ops->pool_open(box->ceph, box->name, "inner", &inner, &box->err));
	(void)box_image(box, "outside");
	box_ok(box, box->ops->snap_create(box->pool, "outside", "s", &box->err));
	box_ok(box,
	       box->ops->clone(box->pool, "outside", "s", inner, "inside", NULL, NULL, &box->err));
	box_ok(box, box->ops->list(inner, NULL, &box->arena, &images, &n, &box->err));
	assert_int_equal(n, 1);
	assert_string_equal(images[0].name, "inside");
	box_ok(box, box->ops->look(box->pool, "outside", &box->arena, &image, &box->err));
	assert_string_equal(images[0].parent_id, image.id);
	assert_int_equal(images[0].parent_snap, image.snaps[0].id);
	box_ok(box, box->ops->children(box->pool, "outside", &box->arena, &names, &box->err));
	assert_non_null(names[0]);
	assert_non_null(strstr(names[0], "/inner/inside"));
	assert_null(names[1]);
	assert_false(box_has(box, "inside"));
	box_ok(box, box->ops->remove(inner, "inside", &box->err));
	box->ops->pool_close(inner);
	assert_int_equal(rbd_namespace_remove(box->io, "inner"), 0);
}

static void broken_images_are_shown_as_such(void **state)
{
	struct box *box = *state;
	struct ceph_image *images;
	const struct ceph_image *image;
	auto_free char *header = NULL, *other = NULL;
	int order = 22;
	size_t n;

	header = pxc_printf("rbd_header.%s", box_image(box, "no-header"));
	other = pxc_printf("rbd_header.%s", box_image(box, "no-keys"));
	(void)box_image(box, "whole");
	assert_int_equal(rados_remove(box->io, header), 0);
	assert_int_equal(rados_remove(box->io, other), 0);
	assert_int_equal(rados_write_full(box->io, other, "x", 1), 0);
	assert_int_equal(rbd_create(box->io, "old", MIB, &order), 0);

	box_ok(box, box->ops->list(box->pool, NULL, &box->arena, &images, &n, &box->err));
	image = find(images, n, "no-header");
	assert_string_equal(image->problem,
			    "it has a name but no header: a creation or removal of it was killed");
	assert_int_equal(image->parent_pool, -1);
	assert_non_null(find(images, n, "no-keys")->problem);
	same_as_librbd(box, find(images, n, "whole"));
	assert_null(find(images, n, "snaps")->problem);
	box_ok(box, box->ops->remove(box->pool, "no-header", &box->err));
	box_ok(box, box->ops->remove(box->pool, "no-keys", &box->err));
	assert_false(box_has(box, "no-header"));
	assert_false(box_has(box, "no-keys"));
}

/* rbd rm of an image with many objects, killed once the image has left the directory. */
static void a_removal_that_was_killed_is_shown_and_finished(void **state)
{
	struct box *box = *state;
	auto_free char *spec = pxc_printf("%s/%s", box->name, "killed");
	char rbd[] = "rbd", conf[] = "--conf", rm[] = "rm";
	char *argv[] = { rbd, conf, box->conf, rm, spec, NULL };
	struct ceph_image image = { .problem = NULL };
	rbd_image_t raw;
	posix_spawn_file_actions_t quiet;
	pid_t pid;
	int status;

	box_ok(box, box->ops->create(box->pool, "killed", 4096 * MIB, NULL, NULL, &box->err));
	raw = open_raw(box, "killed");
	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(rbd_write(raw, i * 4 * MIB, 1, "x"), 1);
	assert_int_equal(rbd_close(raw), 0);
	assert_int_equal(posix_spawn_file_actions_init(&quiet), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1, 0), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&quiet, 1, 2), 0);
	assert_int_equal(posix_spawnp(&pid, rbd, &quiet, NULL, argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&quiet);
	while (!image.problem)
		box_ok(box, box->ops->look(box->pool, "killed", &box->arena, &image, &box->err));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));

	assert_string_equal(image.problem, IN_REMOVAL);
	assert_true(box_has(box, "killed"));
	while (box->ops->remove(box->pool, "killed", &box->err) < 0) {
		assert_int_equal(box->err.kind, PXC_EBUSY);
		box_sleep_ms(500);
	}
	assert_false(box_has(box, "killed"));
	box_fails(box, box->ops->look(box->pool, "killed", &box->arena, &image, &box->err),
		  PXC_ENOTFOUND, "has no image");
}

struct churn {
	struct box *box;
	atomic_bool end;
	unsigned turns;
};

static void *make_and_remove(void *arg)
{
	struct churn *churn = arg;
	struct box *box = churn->box;
	struct pxc_err err;

	for (; !atomic_load(&churn->end); churn->turns++) {
		if (box->ops->create(box->pool, "churn", MIB, NULL, NULL, &err) < 0 ||
		    box->ops->snap_create(box->pool, "churn", "s", &err) < 0 ||
		    box->ops->snap_remove(box->pool, "churn", "s", &err) < 0 ||
		    box->ops->remove(box->pool, "churn", &err) < 0) {
			print_error("%s\n", err.msg);
			return arg;
		}
	}
	return NULL;
}

/* Not one list may fail, or show a broken image, because images come and go meanwhile. */
static void images_that_come_and_go_do_not_disturb(void **state)
{
	struct box *box = *state;
	const char *const prefixes[] = { "churn", NULL };
	struct churn churn = { .box = box };
	struct ceph_image *images;
	size_t seen = 0;
	pthread_t thread;
	void *failed;
	size_t n;

	assert_int_equal(pthread_create(&thread, NULL, make_and_remove, &churn), 0);
	for (double end = box_now() + 4; box_now() < end;) {
		box_ok(box,
		       box->ops->list(box->pool, prefixes, &box->arena, &images, &n, &box->err));
		for (size_t i = 0; i < n; i++) {
			if (images[i].problem)
				assert_string_equal(images[i].problem, IN_REMOVAL);
		}
		seen += n;
	}
	atomic_store(&churn.end, true);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_true(churn.turns > 3 && seen > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_pool_has_no_images),
		cmocka_unit_test(snapshots_of_every_kind),
		cmocka_unit_test(parents_and_what_cuts_off_from_them),
		cmocka_unit_test(metadata_of_any_size_and_with_any_bytes),
		cmocka_unit_test(only_names_that_begin_so),
		cmocka_unit_test(namespaces_are_pools_of_their_own),
		cmocka_unit_test(broken_images_are_shown_as_such),
		cmocka_unit_test(a_removal_that_was_killed_is_shown_and_finished),
		cmocka_unit_test(images_that_come_and_go_do_not_disturb),
	};

	return BOX_TESTS(tests);
}
