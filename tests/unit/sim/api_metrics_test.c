/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static const char world[] =
	"{\"guests\": [{\"vmid\": 100, \"status\": \"running\", \"load\": {\"cpu\": 0.5, \"noise\": 0.1},"
	"   \"config\": {\"memory\": \"1024\", \"cores\": 2}},"
	"  {\"vmid\": 101, \"node\": \"pve2\", \"config\": {\"memory\": \"512\"}}]}";

/* How many values there are of an object (NULL: all) and a metric (NULL: all), and at how many times. */
static size_t count(const json_t *export, const char *id, const char *metric, size_t *ret_times)
{
	size_t i, n = 0;
	int64_t last = 0;
	json_t *one;

	if (ret_times)
		*ret_times = 0;
	json_array_foreach (json_object_get(export, "data"), i, one) {
		int64_t at = qm_int(one, "timestamp", 0);

		assert_true(at >= last);
		if (ret_times && at > last)
			++*ret_times;
		last = at;
		n += (!id || !strcmp(text_of(one, "id"), id)) &&
		     (!metric || !strcmp(text_of(one, "metric"), metric));
	}
	return n;
}

static void the_last_round_is_exported(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);
	json_auto_t *export = get(sim, "/cluster/metrics/export");
	size_t times;

	(void)state;
	assert_int_equal(count(export, "qemu/100", NULL, &times), 10);
	assert_int_equal(times, 1);
	assert_int_equal(count(export, "qemu/101", NULL, NULL), 4); /* it is off */
	assert_int_equal(count(export, "node/pve2", NULL, NULL), 15);
	assert_int_equal(count(export, "storage/pve1/local", NULL, NULL), 2);
	sim_free(sim);
}

static void history_is_half_an_hour_and_can_be_cut(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);
	json_auto_t *all = NULL, *cut = NULL, *one = NULL;
	auto_free char *path = NULL;
	size_t times;

	(void)state;
	sim_advance(sim, 7200000);
	all = get(sim, "/cluster/metrics/export?history=1");
	assert_int_equal(count(all, "qemu/100", "cpu_current", &times), 181);
	assert_int_equal(times, 181);
	path = pxc_printf("/cluster/metrics/export?history=1&start-time=%lld",
			  (long long)sim->now_ms / 1000 - 60);
	cut = get(sim, path);
	(void)count(cut, NULL, NULL, &times);
	assert_int_equal(times, 6);
	one = get(sim, "/cluster/metrics/export?node-list=pve2,pve9");
	assert_int_equal(count(one, "node/pve1", NULL, NULL), 0);
	assert_int_equal(count(one, "qemu/101", "uptime", NULL), 1);
	sim_free(sim);
}

static void it_needs_a_privilege_on_the_cluster(void **state)
{
	struct sim *sim = cluster(2, 0, world, NULL);
	auto_free char *header = limited(sim, "VM.Audit", "/vms");

	(void)state;
	expect_as(sim, header, "GET", "/cluster/metrics/export", NULL,
		  "Permission check failed (/, Sys.Audit)");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_round_is_exported),
		cmocka_unit_test(history_is_half_an_hour_and_can_be_cut),
		cmocka_unit_test(it_needs_a_privilege_on_the_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
