/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

#define GIB (1ull << 30)

/* Two guests on a node of four processors and 16 GiB. */
static const char world[] =
	"{\"nodes\": {\"pve1\": {\"cores\": 4, \"memory\": 16384}},"
	" \"guests\": [{\"vmid\": 100, \"status\": \"running\", \"load\": {\"cpu\": 0.5, \"mem\": 0.5},"
	"   \"config\": {\"memory\": \"4096\", \"cores\": 4}},"
	"  {\"vmid\": 101, \"status\": \"running\", \"load\": {\"cpu\": 0.25, \"mem\": 0.25},"
	"   \"config\": {\"memory\": \"4096\", \"cores\": 4}}]}";

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static json_t *entry(struct sim *sim, const char *type, const char *id)
{
	auto_free char *path = pxc_printf("/cluster/resources?type=%s", type);
	json_auto_t *all = get(sim, path);
	json_t *one;
	size_t i;

	json_array_foreach (all, i, one)
		if (!strcmp(text_of(one, "id"), id))
			return json_incref(one);
	fail_msg("%s is not there", id);
	return NULL;
}

static void nodes_show_the_sum_of_their_guests(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);
	json_auto_t *node = entry(sim, "node", "node/pve1"), *guest = entry(sim, "vm", "qemu/100"),
		    *current = get(sim, GUEST "/status/current");

	(void)state;
	/* 2 + 1 processors of four, and 1 % for the host; 2 + 1 GiB, and 2 for the host */
	assert_true(number(node, "cpu") > 0.7599 && number(node, "cpu") < 0.7601);
	assert_int_equal((uint64_t)number(node, "mem"), 5 * GIB);
	assert_true(number(guest, "cpu") > 0.4999 && number(guest, "cpu") < 0.5001);
	assert_int_equal((uint64_t)number(guest, "mem"), 2 * GIB);
	assert_int_equal((uint64_t)number(guest, "memhost"), 2 * GIB);
	assert_true(number(current, "cpu") > 0.4999 && number(current, "pressurecpusome") < 0.001);
	sim_free(sim);
}

static void too_much_is_shared_and_felt(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);
	struct answer answer auto_answer = ask(sim, "POST", "!/sim/load?vmid=101&cpu=1", NULL);
	json_auto_t *node = NULL, *guest = NULL, *current = NULL;

	(void)state;
	assert_int_equal(answer.reply.status, 200);
	sim_advance(sim, 10000);
	node = entry(sim, "node", "node/pve1");
	guest = entry(sim, "vm", "qemu/100");
	current = get(sim, GUEST "/status/current");
	/* 6.04 processors are wanted, there are four */
	assert_true(number(node, "cpu") > 0.999);
	assert_true(number(guest, "cpu") > 0.33 && number(guest, "cpu") < 0.332);
	assert_true(number(current, "pressurecpusome") > 33 &&
		    number(current, "pressurecpusome") < 34);
	sim_free(sim);
}

static void memory_is_not_given_back_before_a_stop(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);
	json_auto_t *low = NULL, *off = NULL;

	(void)state;
	sim_guest_find(sim, 100)->load.mem = 0.1;
	sim_guest_touch(sim_guest_find(sim, 100));
	sim_advance(sim, 10000);
	low = entry(sim, "vm", "qemu/100");
	assert_true(number(low, "mem") < 0.5 * GIB);
	assert_int_equal((uint64_t)number(low, "memhost"), 2 * GIB);
	expect(sim, "POST", GUEST "/status/stop", NULL, 200, NULL);
	sim_advance(sim, 20000);
	off = entry(sim, "node", "node/pve1");
	assert_int_equal((uint64_t)number(off, "mem"), 3 * GIB);
	sim_free(sim);
}

static void a_day_goes_by_in_rounds(void **state)
{
	struct sim_options options = {
		.nodes = 2, .vms = 20, .seed = 7, .speed = 1, .loads_day = true
	};
	struct pxc_err err = { 0 };
	struct sim *sim = NULL;
	float least = 1, most = 0;

	(void)state;
	assert_int_equal(sim_create(&options, &sim, &err), 0);
	for (unsigned hour = 0; hour < 24; hour++) {
		sim_advance(sim, 3600000);
		least = (float)sim->nodes[0].seen.cpu < least ? (float)sim->nodes[0].seen.cpu
							      : least;
		most = (float)sim->nodes[0].seen.cpu > most ? (float)sim->nodes[0].seen.cpu : most;
	}
	assert_true(most > least * 1.3f);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_show_the_sum_of_their_guests),
		cmocka_unit_test(too_much_is_shared_and_felt),
		cmocka_unit_test(memory_is_not_given_back_before_a_stop),
		cmocka_unit_test(a_day_goes_by_in_rounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
