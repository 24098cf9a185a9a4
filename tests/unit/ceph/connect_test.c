/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connect.c and fail.c: what is wrong with an address, a key, a right, said at once and not on stderr. */
#include "lib/ceph/box.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define NOBODY "127.0.0.1:1" /* refuses every connection */

static int try_connect(struct box *box, struct ceph_options options)
{
	struct ceph *ceph = NULL;
	int rc;

	if (!options.timeout_ms)
		options.timeout_ms = 2000;
	rc = box->ops->connect(&options, &ceph, &box->err);
	if (rc == 0)
		box->ops->disconnect(ceph);
	return rc;
}

/* --- stderr --------------------------------------------------------------------------------------------- */

static int old_stderr, quiet_file;

static int catch_stderr(void **state)
{
	char path[] = "/tmp/pxc-stderr-XXXXXX";

	(void)state;
	(void)fflush(stderr);
	quiet_file = mkstemp(path);
	(void)unlink(path);
	old_stderr = dup(2);
	return quiet_file < 0 || dup2(quiet_file, 2) < 0;
}

static int nothing_was_said(void **state)
{
	char text[500] = "";
	ssize_t n;

	(void)state;
	(void)fflush(stderr);
	(void)dup2(old_stderr, 2);
	(void)close(old_stderr);
	n = pread(quiet_file, text, sizeof(text) - 1, 0);
	(void)close(quiet_file);
	if (n > 0)
		print_error("on stderr: %s\n", text);
	return n != 0;
}

/* --- addresses ------------------------------------------------------------------------------------------ */

static void a_connection_knows_its_cluster(void **state)
{
	struct box *box = *state;
	char fsid[37];

	assert_int_equal(rados_cluster_fsid(box->cluster, fsid, sizeof(fsid)), 36);
	assert_string_equal(box->ops->fsid(box->ceph), fsid);
	box_ok(box, try_connect(box, (struct ceph_options){ .conf = box->conf, .user = "admin" }));
	box->ops->disconnect(NULL);
	box->ops->pool_close(NULL);
}

static void monitors_and_a_keyring_are_enough(void **state)
{
	struct box *box = *state;
	auto_free char *keyring = pxc_printf("%s/keyring", box->dir);
	char hosts[256];

	assert_int_equal(rados_conf_get(box->cluster, "mon_host", hosts, sizeof(hosts)), 0);
	assert_int_equal(setenv("CEPH_CONF", "/nonexistent/ceph.conf", 1), 0);
	box_ok(box,
	       try_connect(box, (struct ceph_options){ .mon_host = hosts, .keyring = keyring }));
	box_fails(box, try_connect(box, (struct ceph_options){ .keyring = keyring }), PXC_EINVAL,
		  "ceph.conf");
	assert_int_equal(unsetenv("CEPH_CONF"), 0);
}

static void files_that_are_missing_are_named(void **state)
{
	struct box *box = *state;

	box_fails(box, try_connect(box, (struct ceph_options){ .conf = "/nonexistent/x.conf" }),
		  PXC_EINVAL, "/nonexistent/x.conf: No such file");
	box_fails(box,
		  try_connect(box, (struct ceph_options){ .conf = box->conf,
							  .keyring = "/nonexistent/keyring" }),
		  PXC_EINVAL, "keyring /nonexistent/keyring cannot be read");
	box_fails(box, try_connect(box, (struct ceph_options){ .conf = "/dev/null" }), PXC_EINVAL,
		  "no mon_host");
}

static void monitors_without_an_address_are_named(void **state)
{
	struct box *box = *state;

	box_fails(
		box,
		try_connect(box, (struct ceph_options){ .conf = box->conf,
							.mon_host = "127.0.0.1;mon.invalid:3300" }),
		PXC_EINVAL, "\"mon.invalid\" has no address");
	box_fails(box,
		  try_connect(box, (struct ceph_options){ .conf = box->conf,
							  .mon_host = "[v2:127.0.0.1:3300" }),
		  PXC_EINVAL, "lacks a bracket");
}

static void fails_in_seconds(struct box *box, const char *hosts)
{
	double start = box_now();

	box_fails(box,
		  try_connect(box, (struct ceph_options){ .conf = box->conf, .mon_host = hosts }),
		  PXC_ETIMEOUT, "no monitor of Ceph answered within 2 s at ");
	assert_non_null(strstr(box->err.msg, hosts));
	assert_true(box_now() - start < 4);
}

static void a_port_nobody_listens_on_is_an_error_in_seconds(void **state)
{
	fails_in_seconds(*state, NOBODY);
}

static void a_server_that_accepts_and_is_silent_is_an_error_in_seconds(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	auto_free char *host = NULL;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	host = pxc_printf("[v2:127.0.0.1:%u]", ntohs(address.sin_port));
	fails_in_seconds(*state, host);
	(void)close(fd);
}

/* --- keys and rights ------------------------------------------------------------------------------------ */

/* A keyring file with a user of these rights. */
static char *add_user(struct box *box, const char *user, const char *mon, const char *osd)
{
	auto_free char *command =
		pxc_printf("{\"prefix\":\"auth get-or-create\",\"entity\":\"client.%s\","
			   "\"caps\":[\"mon\",\"%s\",\"osd\",\"%s\"]}",
			   user, mon, osd);
	auto_free char *keyring = box_mon(box, command);
	char *path = pxc_printf("/tmp/pxc-keyring-%ld-%s", (long)getpid(), user);
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, keyring, strlen(keyring)), strlen(keyring));
	(void)close(fd);
	return path;
}

static void drop_user(struct box *box, const char *user, const char *path)
{
	auto_free char *command =
		pxc_printf("{\"prefix\":\"auth rm\",\"entity\":\"client.%s\"}", user);

	free(box_mon(box, command));
	(void)unlink(path);
}

static void a_wrong_key_names_user_and_keyring(void **state)
{
	struct box *box = *state;
	auto_free char *path = add_user(box, "once", "profile rbd", "profile rbd");
	auto_free char *again = NULL;
	struct ceph_options once = { .conf = box->conf, .user = "once", .keyring = path };

	box_ok(box, try_connect(box, once));
	drop_user(box, "once", "");
	box_fails(box, try_connect(box, once), PXC_EDENIED, "refuses client.once with the key in ");
	assert_non_null(strstr(box->err.msg, path));
	assert_int_equal(rename(path, "/tmp/pxc-keyring-kept"), 0);
	again = add_user(box, "once", "profile rbd", "profile rbd");
	once.keyring = "/tmp/pxc-keyring-kept";
	box_fails(box, try_connect(box, once), PXC_EDENIED, "refuses client.once with the key in ");
	drop_user(box, "once", again);
	(void)unlink("/tmp/pxc-keyring-kept");
}

static void a_keyring_without_the_user_is_named(void **state)
{
	struct box *box = *state;
	auto_free char *path = add_user(box, "other", "profile rbd", "profile rbd");

	box_fails(box,
		  try_connect(box, (struct ceph_options){ .conf = box->conf,
							  .user = "nobody",
							  .keyring = path }),
		  PXC_EINVAL, "no key of client.nobody: ");
	assert_non_null(strstr(box->err.msg, path));
	drop_user(box, "other", path);
}

/* The rights that the documentation asks for are enough for all we do. */
static void a_user_with_the_rbd_profile_can_do_everything(void **state)
{
	struct box *box = *state;
	auto_free char *osd = pxc_printf("profile rbd pool=%s", box->name);
	auto_free char *path = add_user(box, "maker", "profile rbd", osd);
	struct ceph_options options = { .conf = box->conf, .user = "maker", .keyring = path };
	struct ceph_meta_change change = { .set = &(struct ceph_pair){ "a", "b" }, .nset = 1 };
	const struct ceph_ops *ops = box->ops;
	struct ceph *ceph;
	struct ceph_pool *pool;
	struct ceph_image *images, image;
	struct ceph_lock *lock;
	const char *const *names;
	const char *id;
	size_t n;

	box_ok(box, ops->connect(&options, &ceph, &box->err));
	box_ok(box, ops->pool_open(ceph, box->name, NULL, &pool, &box->err));
	box_ok(box, ops->lock(pool, "maker", "m", 10, 0, &lock, &box->err));
	box_ok(box, ops->state_swap(pool, "maker", "k", NULL, "v", &box->arena, NULL, &box->err));
	box_ok(box, ops->create(pool, "m1", 1 << 20, &box->arena, &id, &box->err));
	box_ok(box, ops->meta(pool, id, &change, &box->err));
	box_ok(box, ops->snap_create(pool, "m1", "s", &box->err));
	box_ok(box, ops->clone(pool, "m1", "s", pool, "m2", NULL, NULL, &box->err));
	box_ok(box, ops->rename(pool, "m2", "m3", &box->err));
	box_ok(box, ops->grow(pool, "m3", 2 << 20, &box->err));
	box_ok(box, ops->copy(pool, "m3", NULL, pool, "m4", NULL, NULL, NULL, NULL, &box->err));
	box_ok(box, ops->children(pool, "m1", &box->arena, &names, &box->err));
	assert_non_null(names[0]);
	box_ok(box, ops->watchers(pool, "m1", &box->arena, &names, &box->err));
	box_ok(box, ops->flatten(pool, "m3", NULL, NULL, &box->err));
	box_ok(box, ops->list(pool, NULL, &box->arena, &images, &n, &box->err));
	box_ok(box, ops->look(pool, "m3", &box->arena, &image, &box->err));
	box_ok(box, ops->snap_remove(pool, "m1", "s", &box->err));
	box_ok(box, ops->remove(pool, "m1", &box->err));
	box_ok(box, ops->remove(pool, "m3", &box->err));
	box_ok(box, ops->remove(pool, "m4", &box->err));
	assert_true(ops->lock_held(lock));
	ops->unlock(lock);
	ops->pool_close(pool);
	ops->disconnect(ceph);
	drop_user(box, "maker", path);
}

static void what_a_user_may_not_do_says_what_is_missing(void **state)
{
	struct box *box = *state;
	auto_free char *osd = pxc_printf("profile rbd-read-only pool=%s", box->name);
	auto_free char *path = add_user(box, "reader", "profile rbd-read-only", osd);
	struct ceph_options options = { .conf = box->conf, .user = "reader", .keyring = path };
	const char *id = box_image(box, "read");
	struct ceph_meta_change change = { .set = &(struct ceph_pair){ "a", "b" }, .nset = 1 };
	const struct ceph_ops *ops = box->ops;
	struct ceph *ceph;
	struct ceph_pool *pool;
	struct ceph_image *images;
	struct ceph_lock *lock;
	char data[10];
	size_t n;

	box_ok(box, ops->connect(&options, &ceph, &box->err));
	box_ok(box, ops->pool_open(ceph, box->name, NULL, &pool, &box->err));
	box_ok(box, ops->list(pool, NULL, &box->arena, &images, &n, &box->err));
	assert_int_equal(n, 1);
	assert_null(images[0].problem);
	box_ok(box, ops->read(pool, "read", NULL, 0, data, 10, &box->err));
	box_fails(box, ops->create(pool, "no", 1 << 20, NULL, NULL, &box->err), PXC_EDENIED,
		  "image test-");
	assert_non_null(strstr(box->err.msg, "osd 'profile rbd pool=test-"));
	box_fails(box, ops->meta(pool, id, &change, &box->err), PXC_EDENIED, "profile rbd");
	box_fails(box, ops->lock(pool, "l", "x", 10, 0, &lock, &box->err), PXC_EDENIED,
		  "profile rbd");
	box_fails(box, ops->rename(pool, "read", "moved", &box->err), PXC_EDENIED, "profile rbd");
	box_fails(box, ops->remove(pool, "read", &box->err), PXC_EDENIED, "profile rbd");
	assert_true(box_has(box, "read"));
	ops->pool_close(pool);
	ops->disconnect(ceph);
	drop_user(box, "reader", path);
}

/* It may not even ask whether its namespace exists. */
static void a_user_of_one_namespace_has_it_for_itself(void **state)
{
	struct box *box = *state;
	auto_free char *osd = pxc_printf("profile rbd pool=%s namespace=mine", box->name);
	auto_free char *path = add_user(box, "tenant", "profile rbd", osd);
	struct ceph_options options = { .conf = box->conf, .user = "tenant", .keyring = path };
	const struct ceph_ops *ops = box->ops;
	struct ceph *ceph;
	struct ceph_pool *all, *mine;
	struct ceph_image *images;
	struct ceph_lock *lock;
	size_t n;

	assert_int_equal(rbd_namespace_create(box->io, "mine"), 0);
	box_ok(box, ops->connect(&options, &ceph, &box->err));
	box_ok(box, ops->pool_open(ceph, box->name, "mine", &mine, &box->err));
	box_ok(box, ops->lock(mine, "l", "tenant", 30, 0, &lock, &box->err));
	box_ok(box, ops->create(mine, "own", 1 << 20, NULL, NULL, &box->err));
	box_ok(box, ops->rename(mine, "own", "owned", &box->err));
	box_ok(box, ops->list(mine, NULL, &box->arena, &images, &n, &box->err));
	assert_int_equal(n, 1);
	box_ok(box, ops->remove(mine, "owned", &box->err));
	ops->unlock(lock);
	box_ok(box, ops->pool_open(ceph, box->name, NULL, &all, &box->err));
	box_fails(box, ops->list(all, NULL, &box->arena, &images, &n, &box->err), PXC_EDENIED,
		  "profile rbd");
	ops->pool_close(all);
	ops->pool_close(mine);
	ops->disconnect(ceph);
	drop_user(box, "tenant", path);
	assert_int_equal(rbd_namespace_remove(box->io, "mine"), 0);
}

#define QUIET(test) cmocka_unit_test_setup_teardown(test, catch_stderr, nothing_was_said)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUIET(a_connection_knows_its_cluster),
		QUIET(monitors_and_a_keyring_are_enough),
		cmocka_unit_test(files_that_are_missing_are_named),
		QUIET(monitors_without_an_address_are_named),
		QUIET(a_port_nobody_listens_on_is_an_error_in_seconds),
		QUIET(a_server_that_accepts_and_is_silent_is_an_error_in_seconds),
		QUIET(a_wrong_key_names_user_and_keyring),
		QUIET(a_keyring_without_the_user_is_named),
		QUIET(a_user_with_the_rbd_profile_can_do_everything),
		QUIET(a_user_of_one_namespace_has_it_for_itself),
		QUIET(what_a_user_may_not_do_says_what_is_missing),
	};

	return BOX_TESTS(tests);
}
