/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rbd_box.h"

static void names_are_read_as_pve_reads_them(void **state)
{
	static const struct {
		const char *volid, *image; /* image NULL = refused */
		unsigned vmid;
		bool is_base;
	} rows[] = {
		{ "ceph:vm-100-disk-0", "vm-100-disk-0", 100, false },
		{ "ceph:base-9-disk-1", "base-9-disk-1", 9, true },
		{ "ceph:base-9-disk-1/vm-100-disk-0", "vm-100-disk-0", 100, false },
		{ "ceph:base-9-disk-1/base-10-disk-0", "base-10-disk-0", 10, true },
		{ "ceph:vm-900001-pxc-ab12", "vm-900001-pxc-ab12", 900001, false },
		{ "vm-100-cloudinit", "vm-100-cloudinit", 100, false },
		{ "ceph:pxc-img-debian", NULL, 0, false },
		{ "ceph:vm-100", NULL, 0, false },
		{ "ceph:vm-100-", NULL, 0, false },
		{ "ceph:vm-x-disk-0", NULL, 0, false },
		{ "ceph:vm-9-disk-1/vm-100-disk-0", NULL, 0, false },
		{ "ceph:xvm-100-disk-0", NULL, 0, false },
	};
	struct rbd_name name;
	struct pxc_err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rbd_parse(rows[i].volid, &name, &err) < 0) {
			assert_null(rows[i].image);
			assert_non_null(strstr(err.msg, "unable to parse rbd volume name '"));
			continue;
		}
		assert_string_equal(name.image, rows[i].image);
		assert_int_equal(name.vmid, rows[i].vmid);
		assert_int_equal(name.is_base, rows[i].is_base);
	}
}

static void the_content_is_what_the_pool_holds_for_guests(void **state)
{
	struct sim *sim = on_ceph(1);
	json_auto_t *entry = NULL;

	(void)state;
	make_image("vm-100-disk-0", 64);
	make_image("pxc-img-debian", 32);
	make_image("vmware", 1);
	expect_content(sim, "ceph:vm-100-disk-0");
	entry = listed(sim, "ceph:vm-100-disk-0");
	assert_int_equal(json_integer_value(json_object_get(entry, "size")), 64 << 20);
	assert_int_equal(json_integer_value(json_object_get(entry, "vmid")), 100);
	assert_string_equal(text_of(entry, "name"), "vm-100-disk-0");
	assert_string_equal(text_of(entry, "format"), "raw");
	assert_true(json_is_null(json_object_get(entry, "parent")));
	assert_null(json_object_get(entry, "ctime"));
	sim_free(sim);
}

static void what_others_do_is_seen_at_the_next_request(void **state)
{
	struct sim *sim = on_ceph(1);
	json_auto_t *grown = NULL;

	(void)state;
	make_image("vm-100-disk-0", 64);
	make_image("vm-200-disk-0", 64);
	expect_content(sim, "ceph:vm-100-disk-0 ceph:vm-200-disk-0");
	must(box.ops->grow(box.pool, "vm-100-disk-0", 96 << 20, &err));
	must(box.ops->rename(box.pool, "vm-200-disk-0", "vm-201-disk-0", &err));
	expect_content(sim, "ceph:vm-100-disk-0 ceph:vm-201-disk-0");
	grown = listed(sim, "ceph:vm-100-disk-0");
	assert_int_equal(json_integer_value(json_object_get(grown, "size")), 96 << 20);
	must(box.ops->remove(box.pool, "vm-201-disk-0", &err));
	expect_content(sim, "ceph:vm-100-disk-0");
	assert_null(sim_volume_find(sim, "ceph:vm-201-disk-0", NULL));
	sim_free(sim);
}

static void parents_are_written_as_rbd_writes_them(void **state)
{
	struct sim *sim = on_ceph(1);
	json_auto_t *ours = NULL, *linked = NULL, *trashed = NULL;

	(void)state;
	make_image("pxc-img-debian", 16);
	must(box.ops->snap_create(box.pool, "pxc-img-debian", "v1", &err));
	must(box.ops->clone(box.pool, "pxc-img-debian", "v1", box.pool, "vm-101-disk-0", NULL, NULL,
			    &err));
	make_image("base-9-disk-0", 16);
	must(box.ops->snap_create(box.pool, "base-9-disk-0", "__base__", &err));
	must(box.ops->clone(box.pool, "base-9-disk-0", "__base__", box.pool, "vm-102-disk-0", NULL,
			    NULL, &err));
	expect_content(sim,
		       "ceph:base-9-disk-0 ceph:base-9-disk-0/vm-102-disk-0 ceph:vm-101-disk-0");
	ours = listed(sim, "ceph:vm-101-disk-0");
	linked = listed(sim, "ceph:base-9-disk-0/vm-102-disk-0");
	assert_string_equal(text_of(ours, "parent"), "pxc-img-debian@v1");
	assert_string_equal(text_of(linked, "parent"), "base-9-disk-0@__base__");
	/* One by one it is the same, by either name. */
	assert_string_equal(sim_volume_find(sim, "ceph:vm-102-disk-0", NULL)->volid,
			    "ceph:base-9-disk-0/vm-102-disk-0");
	assert_string_equal(sim_volume_find(sim, "ceph:base-9-disk-0/vm-102-disk-0", NULL)->origin,
			    "base-9-disk-0@__base__");
	/* A snapshot that only lives on for its clones has a name that Ceph made up. */
	must(box.ops->snap_remove(box.pool, "pxc-img-debian", "v1", &err));
	trashed = listed(sim, "ceph:vm-101-disk-0");
	assert_true(str_starts(text_of(trashed, "parent"), "pxc-img-debian@"));
	assert_string_not_equal(text_of(trashed, "parent"), "pxc-img-debian@v1");
	sim_free(sim);
}

static void free_names_count_all_images_of_the_guest(void **state)
{
	struct sim *sim = on_ceph(1);
	struct sim_storage *s = sim_storage_find(sim, "ceph");
	struct pxc_err err;
	auto_free char *first = rbd_free_name(s, 100, &err), *later = NULL;

	(void)state;
	assert_string_equal(first, "vm-100-disk-0");
	make_image("vm-100-disk-0", 1);
	make_image("base-100-disk-1", 1);
	make_image("vm-100-disk-3", 1);
	make_image("vm-1000-disk-2", 1);
	make_image("vm-100-disk-x", 1);
	later = rbd_free_name(s, 100, &err);
	assert_string_equal(later, "vm-100-disk-2");
	sim_free(sim);
}

static void a_parent_in_another_pool_is_found(void **state)
{
	struct sim *sim = on_ceph(1);
	auto_free char *other = pxc_printf("%s-more", box.name), *form = NULL;
	struct ceph_pool *pool;
	json_auto_t *all = NULL;

	(void)state;
	box_script("pool", other, NULL, NULL);
	must(box.ops->pool_open(box.ceph, other, NULL, &pool, &err));
	make_image("pxc-img-debian", 16);
	must(box.ops->snap_create(box.pool, "pxc-img-debian", "v1", &err));
	must(box.ops->clone(box.pool, "pxc-img-debian", "v1", pool, "vm-101-disk-0", NULL, NULL,
			    &err));
	form = pxc_printf("storage=more&type=rbd&pool=%s&content=images", other);
	expect(sim, "POST", "/storage", form, 200, NULL);
	all = get(sim, "/nodes/pve1/storage/more/content");
	assert_string_equal(text_of(json_array_get(all, 0), "volid"), "more:vm-101-disk-0");
	assert_string_equal(text_of(json_array_get(all, 0), "parent"), "pxc-img-debian@v1");
	must(box.ops->remove(pool, "vm-101-disk-0", &err));
	box.ops->pool_close(pool);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read_as_pve_reads_them),
		box_test(the_content_is_what_the_pool_holds_for_guests),
		box_test(what_others_do_is_seen_at_the_next_request),
		box_test(parents_are_written_as_rbd_writes_them),
		box_test(free_names_count_all_images_of_the_guest),
		box_test(a_parent_in_another_pool_is_found),
	};

	return BOX_TESTS(tests);
}
