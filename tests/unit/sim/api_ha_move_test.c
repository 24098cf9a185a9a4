/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

static json_t *moved(struct sim *sim, const char *path, const char *body)
{
	struct answer answer auto_answer = ask(sim, "POST", path, body);

	assert_int_equal(answer.reply.status, 200);
	return json_incref(data_of(&answer));
}

static void the_answer_tells_who_goes_along_and_who_is_in_the_way(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@1 102@2");
	json_auto_t *along = NULL, *blocked = NULL, *plain = NULL;

	(void)state;
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		add(sim, vmid, NULL);
	rounds(sim, 2);
	rule(sim, "rule=aa&type=resource-affinity&resources=vm:100,vm:101&affinity=positive");
	rule(sim, "rule=bb&type=resource-affinity&resources=vm:101,vm:102&affinity=negative");
	along = moved(sim, RESOURCES "/vm:100/migrate", "node=pve3");
	assert_string_equal(text_of(along, "requested-node"), "pve3");
	assert_string_equal(text_of(along, "sid"), "vm:100");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(along, "comigrated-resources"), 0)),
			    "vm:101");
	assert_null(json_object_get(along, "blocking-resources"));
	blocked = moved(sim, RESOURCES "/100/relocate", "node=pve2");
	assert_string_equal(
		text_of(json_array_get(json_object_get(blocked, "blocking-resources"), 0), "sid"),
		"vm:102");
	plain = moved(sim, RESOURCES "/vm:102/migrate", "node=nosuch");
	assert_int_equal(json_object_size(plain), 2);
	rounds(sim, 5);
	expect_at(sim, 100, 3, "started");
	expect_at(sim, 101, 3, "started");
	expect_at(sim, 102, 2, "started");
	sim_free(sim);
}

static void only_resources_move(void **state)
{
	struct sim *sim = ha_cluster(2, "100@1");

	(void)state;
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "node=pve2", 500,
	       "resource 'vm:100' is not HA managed");
	expect(sim, "POST", RESOURCES "/999/migrate", "node=pve2", 500,
	       "unable do detect SID from VMID - VM/CT 999 does not exist");
	add(sim, 100, NULL);
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "", 400, NULL);
	sim_free(sim);
}

/* PVE takes a request about a dead node, and then does nothing. */
static void a_dead_node_is_no_target(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 2);
	sim_node_kill(sim, &sim->nodes[2]);
	rounds(sim, 1);
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "node=pve3", 200, NULL);
	expect(sim, "POST", "/nodes/pve1/qemu/100/migrate", "target=pve3&online=1", 200, NULL);
	rounds(sim, 4);
	expect_at(sim, 100, 1, "started");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_tells_who_goes_along_and_who_is_in_the_way),
		cmocka_unit_test(only_resources_move),
		cmocka_unit_test(a_dead_node_is_no_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
