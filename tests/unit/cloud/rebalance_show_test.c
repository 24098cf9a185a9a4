/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task of pxc_balance says: nodes before and after, how good the plan is, and what to worry about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"
#include "lib/plan.h"
#include "lib/rebalance.h"

#define VM(vmid, rest)                                                                             \
	"{\"vmid\":" #vmid ",\"name\":\"vm" #vmid                                                  \
	"\",\"status\":\"running\",\"used_mib\":4000,\"used_cpus\":0.5" rest "}"
#define NODES "\"nodes\":{\"pve1\":{\"memory_gib\":16},\"pve2\":{\"memory_gib\":16}}"
#define TWO "\"guests\":[" VM(100, "") "," VM(101, "") "]"
#define FULL                                                                                       \
	"{" NODES ",\"guests\":[" VM(100, "") "," VM(101, "") "," VM(102, "") "," VM(103, "") "]"

static const struct {
	const char *name, *keys, *task, *world, *says;
} rows[] = {
	{ "nodes before and after", "nodes", "{}", FULL "}",
	  "{\"nodes\":[{\"cpu_after\":6.3,\"cpu_before\":12.5,\"drained\":false,\"memory_after\":48.8,"
	  "\"memory_before\":97.7,\"node\":\"pve1\",\"vms_after\":2,\"vms_before\":4},"
	  "{\"cpu_after\":6.3,\"cpu_before\":0.0,\"drained\":false,\"memory_after\":48.8,"
	  "\"memory_before\":0.0,\"node\":\"pve2\",\"vms_after\":2,\"vms_before\":0}]}" },
	{ "as a difference", "diff", "{}", FULL "}",
	  "{\"diff\":[{\"after\":\"node * memory *\\npve1 * 48.8% *\",\"after_header\":\"nodes\",\"before\":\"node *\\n"
	  "pve1 * 97.7% *\",\"before_header\":\"nodes\"}]}" },
	{ "none", "diff", "{}", "{" NODES "}", "{\"diff\":[]}" },
	{ "how uneven", "imbalance", "{}", FULL "}",
	  "{\"imbalance\":{\"cpu_after\":0.0,\"cpu_before\":6.3,\"memory_after\":0.0,\"memory_before\":48.8}}" },
	{ "the best there is", "captured certificate", "{}", FULL "}",
	  "{\"captured\":*,\"certificate\":\"this plan captures at least * % of the best possible improvement\"}" },
	{ "even", "captured certificate", "{\"tolerance\":60}", FULL "}",
	  "{\"captured\":100.0,\"certificate\":\"no migration is worth it: no plan gains more than a tolerance of 60 "
	  "points is worth\"}" },
	{ "what must", "captured certificate unmovable",
	  "{\"state\":\"drained\",\"drain\":[\"pve2\"]}", FULL "}",
	  "{\"captured\":100.0,\"certificate\":\"what must move does, and nothing else was asked for\",\"unmovable\":[]}" },
	{ "what must and cannot", "certificate unmovable",
	  "{\"state\":\"drained\",\"drain\":[\"pve1\"],\"exclude\":{\"vms\":[\"101\"]}}",
	  "{" NODES "," TWO "}",
	  "{\"certificate\":\"1 VMs must move and cannot: see unmovable\",\"unmovable\":[\"cannot move VM 101 off pve1: "
	  "the task excludes it\"]}" },
	{ "why VMs stay", "staying", "{\"exclude\":{\"vms\":[\"102\"]}}",
	  "{\"guests\":[" VM(100, ",\"lock\":\"backup\"") "," VM(
		  101, ",\"lock\":\"snapshot\"") "," VM(102, "") "," VM(103, "") "]}",
	  "{\"staying\":{\"it is locked\":2,\"the task excludes it\":1}}" },
	{ "a container that cannot leave", "unmovable", "{\"drain\":[\"pve1\"]}",
	  "{\"guests\":[" VM(100, ",\"lxc\":1") "]}",
	  "{\"unmovable\":[\"cannot move container 100 off pve1: it is a container, *\"]}" },
	{ "who yields", "warnings", "{}",
	  "{" TWO ",\"ha\":{\"vms\":[100,101],\"crs\":true,\"manual\":[101]}}",
	  "{\"warnings\":[\"PVE balances HA guests itself (crs ha-auto-rebalance): 1 of them are left to it, *\"]}" },
	{ "nodes that were chosen", "packed warnings", "{\"state\":\"drained\",\"pack\":1}",
	  "{" TWO "}", "{\"packed\":[\"pve2\"],\"warnings\":[]}" },
	{ "one whose VM has just moved, and which PVE would balance", "packed warnings",
	  "{\"state\":\"drained\",\"pack\":1,\"nodes\":[\"pve1\",\"pve2\"]}",
	  "{\"guests\":[" VM(100, "") "," VM(101, ",\"node\":\"pve2\"") "," VM(
		  102,
		  ",\"node\":\"pve2\"") "],"
					"\"moved\":{\"100\":5},\"ha\":{\"vms\":[100],\"crs\":true}}",
	  "{\"packed\":[\"pve1\"],\"warnings\":[\"PVE balances *\"]}" },
	{ "fewer than wanted", "packed warnings", "{\"pack\":3}", "{" TWO "}",
	  "{\"packed\":[\"pve2\",\"pve3\"],\"warnings\":[\"*cannot be emptied*\"]}" },
	{ "no HA, no reserve", "reserve", "{}", "{" TWO "}", "{}" },
	{ "a reserve", "reserve warnings", "{}", "{" TWO ",\"ha\":{\"vms\":[100,101]}}",
	  "{\"reserve\":[{\"gib\":7.8,\"guests\":2,\"missing\":0,\"node\":\"pve1\"}],\"warnings\":[]}" },
	{ "none", "reserve warnings", "{}", FULL ",\"ha\":{\"vms\":[100,101,102,103]}}",
	  "{\"reserve\":[{\"gib\":7.8,\"guests\":2,\"missing\":1,\"missing_gib\":3.9,\"node\":\"pve1\",\"why\":\"if pve1 fails, "
	  "1 of its 2 HA guests find no other node, VM 10* for one: *\"},{*}],\"warnings\":[\"if pve1 fails, * (and so it is with "
	  "1 more nodes)\"]}" },
};

static void results_say_what_people_ask(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got =
			rebalance_result_text(rows[i].keys, rows[i].task, rows[i].world);

		if (plan_fits(rows[i].says, got))
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", rows[i].name, rows[i].says, got);
		bad++;
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_say_what_people_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
