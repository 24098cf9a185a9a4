/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rbd_box.h"

static json_t *storage_of(struct sim *sim, const char *id)
{
	auto_free char *path = pxc_printf("/nodes/pve1/storage/%s/status", id);

	return get(sim, path);
}

static void a_storage_appears_when_there_is_none(void **state)
{
	struct sim *sim = on_ceph(1);
	json_auto_t *storage = get(sim, "/storage/ceph");

	(void)state;
	assert_string_equal(text_of(storage, "type"), "rbd");
	assert_string_equal(text_of(storage, "pool"), box.name);
	assert_string_equal(text_of(storage, "content"), "images");
	sim_free(sim);
}

static void its_space_is_that_of_the_pool(void **state)
{
	struct sim *sim = on_ceph(2);
	json_auto_t *status = NULL, *all = NULL;
	uint64_t used = 0, left = 0;
	json_t *entry;
	size_t i, seen = 0;

	(void)state;
	/* The manager counts every few seconds, and not at all before it has begun. */
	for (unsigned tries = 0; tries < 100 && left == 0; tries++) {
		struct pxc_err err;

		if (box.ops->pool_space(box.pool, &used, &left, &err) < 0 || left == 0)
			usleep(100000);
	}
	assert_true(left > 0);
	status = storage_of(sim, "ceph");
	assert_int_equal(json_integer_value(json_object_get(status, "active")), 1);
	assert_true(llabs(json_integer_value(json_object_get(status, "avail")) - (int64_t)left) <
		    64 << 20);
	assert_int_equal(json_integer_value(json_object_get(status, "total")),
			 json_integer_value(json_object_get(status, "used")) +
				 json_integer_value(json_object_get(status, "avail")));
	all = get(sim, "/cluster/resources?type=storage");
	json_array_foreach (all, i, entry) {
		if (strcmp(text_of(entry, "storage"), "ceph") != 0)
			continue;
		seen++;
		assert_string_equal(text_of(entry, "status"), "available");
		assert_true(json_integer_value(json_object_get(entry, "maxdisk")) >=
			    (int64_t)left / 2);
	}
	assert_int_equal(seen, 2);
	sim_free(sim);
}

static void a_pool_that_is_not_there_makes_the_storage_inactive(void **state)
{
	struct sim *sim = on_ceph(1);
	json_auto_t *status = NULL, *again = NULL;
	auto_free char *form = pxc_printf("pool=%s", box.name);

	(void)state;
	expect(sim, "POST", "/storage", "storage=bad&type=rbd&pool=nosuch&content=images", 200,
	       NULL);
	status = storage_of(sim, "bad");
	assert_int_equal(json_integer_value(json_object_get(status, "active")), 0);
	assert_int_equal(json_integer_value(json_object_get(status, "total")), 0);
	expect(sim, "GET", "/nodes/pve1/storage/bad/content", NULL, 500,
	       "rbd error: rbd: error opening pool 'nosuch': (2) No such file or directory");
	expect_task(
		sim, "POST", QEMU, "vmid=100&scsi0=bad:1",
		"unable to create VM 100 - rbd error: rbd: error opening pool 'nosuch': (2) No such "
		"file or directory");
	/* What is corrected works. */
	expect(sim, "PUT", "/storage/bad", form, 200, NULL);
	expect(sim, "GET", "/nodes/pve1/storage/bad/content", NULL, 200, NULL);
	again = storage_of(sim, "bad");
	assert_int_equal(json_integer_value(json_object_get(again, "active")), 1);
	sim_free(sim);
}

static void a_wrong_key_cannot_connect_and_is_not_shown(void **state)
{
	struct sim *sim = on_ceph(1);
	json_auto_t *shown = NULL;
	auto_free char *form = pxc_printf(
		"storage=bad&type=rbd&pool=%s&content=images&keyring="
		"%%5Bclient.admin%%5D%%0A%%09key%%20%%3D%%20AQBF6wBpAAAAABAAxxxxxxxxxxxxxxxxxxxxxA"
		"%%3D%%3D%%0A",
		box.name);

	(void)state;
	expect(sim, "POST", "/storage", form, 200, NULL);
	expect(sim, "GET", "/nodes/pve1/storage/bad/content", NULL, 500,
	       "rbd error: rbd: couldn't connect to the cluster!");
	shown = get(sim, "/storage/bad");
	assert_null(json_object_get(shown, "keyring"));
	sim_free(sim);
}

static void the_text_of_a_keyring_opens_the_pool(void **state)
{
	struct sim *sim = on_ceph(1);
	auto_free char *path = pxc_printf("%s/keyring", box.dir), *text = pxc_calloc(1, 8192),
		       *body = NULL;
	FILE *file = fopen(path, "re");
	json_auto_t *form = NULL;

	(void)state;
	assert_non_null(file);
	assert_true(fread(text, 1, 8191, file) > 0);
	(void)fclose(file);
	form = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "storage", "own", "type", "rbd", "pool",
			 box.name, "content", "images", "username", "admin", "keyring", text);
	body = json_dumps(form, JSON_COMPACT);
	make_image("vm-100-disk-0", 1);
	expect(sim, "POST", "/storage", body, 200, NULL);
	{
		json_auto_t *all = get(sim, "/nodes/pve1/storage/own/content");

		assert_string_equal(text_of(json_array_get(all, 0), "volid"), "own:vm-100-disk-0");
	}
	sim_free(sim);
}

static void a_namespace_is_a_pool_of_its_own(void **state)
{
	struct sim *sim = on_ceph(1);
	auto_free char *form = pxc_printf(
			       "storage=ns&type=rbd&pool=%s&namespace=team&content=images",
			       box.name),
		       *pool = pxc_printf("%s/team", box.name);
	const char *argv[] = { "rbd", "--conf", box.conf, "namespace", "create", pool, NULL };
	json_auto_t *all = NULL;
	pid_t pid;
	int status;

	(void)state;
	expect(sim, "POST", "/storage", form, 200, NULL);
	expect(sim, "GET", "/nodes/pve1/storage/ns/content", NULL, 500,
	       "rbd error: rbd: namespace 'team' does not exist.");
	assert_int_equal(posix_spawnp(&pid, "rbd", NULL, NULL, (char **)(uintptr_t)argv, environ),
			 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	make_image("vm-100-disk-0", 1);
	expect_task(sim, "POST", QEMU, "vmid=101&scsi0=ns:1", "OK");
	all = get(sim, "/nodes/pve1/storage/ns/content");
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(text_of(json_array_get(all, 0), "volid"), "ns:vm-101-disk-0");
	assert_false(is_there("vm-101-disk-0"));
	expect_task(sim, "DELETE", QEMU "/101", NULL, "OK");
	sim_free(sim);
}

/* Of a storage that goes only the definition goes. */
static void images_outlive_their_storage(void **state)
{
	struct sim *sim = on_ceph(1);

	(void)state;
	expect_task(sim, "POST", QEMU, "vmid=100&scsi0=ceph:1", "OK");
	expect_task(sim, "POST", GUEST "/status/start", NULL, "OK");
	expect(sim, "DELETE", "/storage/ceph", NULL, 200, NULL);
	assert_int_equal(watchers_of("vm-100-disk-0"), 0);
	assert_true(is_there("vm-100-disk-0"));
	sim_free(sim);
}

static void a_world_begins_with_what_is_there(void **state)
{
	auto_free char *world = pxc_printf(
		"{\"storages\": {\"fast\": {\"type\": \"rbd\", \"pool\": \"%s\", \"content\": \"images\", "
		"\"ceph\": \"%s\"}, \"gone\": {\"type\": \"rbd\", \"pool\": \"nosuch\", \"content\": "
		"\"images\"}}, "
		"\"volumes\": {\"fast:vm-200-disk-0\": {\"size\": 1048576}, \"gone:vm-1-a\": {\"size\": 9}}, "
		"\"guests\": [{\"vmid\": 100, \"status\": \"running\", \"config\": {\"scsi0\": "
		"\"fast:vm-100-disk-0\", \"scsi1\": \"fast:1\"}}]}",
		box.name, box.conf);
	struct sim *sim;
	json_auto_t *shown = NULL, *gone = NULL;

	(void)state;
	make_image("vm-100-disk-0", 32);
	sim = cluster(1, 0, world, NULL);
	expect_option(sim, 100, "scsi0", "fast:vm-100-disk-0,size=32M");
	expect_option(sim, 100, "scsi1", "fast:vm-100-disk-1,size=1G");
	assert_int_equal(mib_of("vm-200-disk-0"), 1);
	assert_int_equal(watchers_of("vm-100-disk-1"), 1);
	shown = get(sim, "/storage/fast");
	assert_null(json_object_get(shown, "ceph"));
	/* Only the storage that named a Ceph has one. */
	gone = get(sim, "/nodes/pve1/storage/gone/content");
	assert_int_equal(json_array_size(gone), 1);
	sim_free(sim);
}

static void a_cluster_that_is_not_there_is_said_at_the_start(void **state)
{
	struct sim_options options = { .nodes = 1, .ceph_conf = "/nonexistent/ceph.conf" };
	struct sim *sim = NULL;
	struct pxc_err err;

	(void)state;
	assert_int_equal(sim_create(&options, &sim, &err), -1);
	assert_string_equal(err.msg,
			    "storage ceph: Ceph cannot read /nonexistent/ceph.conf: No such file "
			    "or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		box_test(a_storage_appears_when_there_is_none),
		box_test(its_space_is_that_of_the_pool),
		box_test(a_pool_that_is_not_there_makes_the_storage_inactive),
		box_test(a_wrong_key_cannot_connect_and_is_not_shown),
		box_test(the_text_of_a_keyring_opens_the_pool),
		box_test(a_namespace_is_a_pool_of_its_own),
		box_test(images_outlive_their_storage),
		box_test(a_world_begins_with_what_is_there),
		box_test(a_cluster_that_is_not_there_is_said_at_the_start),
	};

	return BOX_TESTS(tests);
}
