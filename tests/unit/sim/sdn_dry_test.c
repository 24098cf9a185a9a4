/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

#define DRY "/cluster/sdn/dry-run?node="

/* The diff of the node's interfaces; NULL = there is none. Caller frees. */
static char *diff(struct sim *sim, const char *node)
{
	auto_free char *path = pxc_printf(DRY "%s", node);
	struct answer answer auto_answer = ask(sim, "GET", path, NULL);

	assert_int_equal(answer.reply.status, 200);
	return pxc_strdup(json_string_value(json_object_get(data_of(&answer), "interfaces-diff")));
}

static void it_shows_what_an_apply_would_write(void **state)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);
	auto_free char *first = NULL, *none = NULL, *change = NULL, *stale = NULL;

	(void)state;
	blue(sim);
	first = diff(sim, "pve1");
	assert_non_null(strstr(first, "--- /etc/network/interfaces.d/sdn\t1970-01-01 00:00:00"));
	assert_non_null(strstr(first, "+iface blue\n+\taddress 10.20.0.1/24\n"));
	apply(sim);
	none = diff(sim, "pve1");
	assert_null(none);
	write_ok(sim, "PUT", VNETS "/blue", "alias=Other");
	change = diff(sim, "pve1");
	assert_non_null(strstr(change, "\n-\talias Blue\n+\talias Other\n"));
	assert_null(strstr(change, "version"));
	shows(sim, DRY "pve1", "/nothing-applied", "nothing");
	shows(sim, VNETS "?running=1", "/0/alias", "\"Blue\"");
	sim_event(sim, "kill", "pve2");
	write_ok(sim, "PUT", "/cluster/sdn", NULL);
	expect(sim, "GET", DRY "pve2", NULL, 595, NULL);
	sim_event(sim, "revive", "pve2");
	stale = diff(sim, "pve2"); /* it has not reloaded */
	assert_non_null(strstr(stale, "\n-#version:1\n+#version:2\n"));
	sim_free(sim);
}

static void a_zone_of_other_nodes_changes_nothing(void **state)
{
	struct sim *sim = cluster(2, 1, NULL, NULL);
	auto_free char *here = NULL, *there = NULL;

	(void)state;
	apply(sim);
	write_ok(sim, "POST", ZONES, "zone=zz&type=simple&nodes=pve1");
	write_ok(sim, "POST", VNETS, "vnet=net&zone=zz");
	here = diff(sim, "pve1");
	there = diff(sim, "pve2");
	assert_non_null(here);
	assert_null(there);
	expect(sim, "GET", "/cluster/sdn/dry-run", NULL, 400, NULL);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_shows_what_an_apply_would_write),
		cmocka_unit_test(a_zone_of_other_nodes_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
