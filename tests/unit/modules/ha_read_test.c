/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/script.h"
#include "modules/ha_read.h"

#define RULES "GET /cluster/ha/rules"
#define GROUPS "GET /cluster/ha/groups"
#define CURRENT "GET /cluster/ha/status/current"
#define MANAGER "GET /cluster/ha/status/manager_status"
#define NO_RULES                                                                                   \
	{                                                                                          \
		RULES, "Method 'GET /cluster/ha/rules' not implemented", .status = 501             \
	}
#define VERSION                                                                                    \
	{                                                                                          \
		"GET /version", "{\"version\":\"9.2.1\"}"                                          \
	}
#define QUIET { CURRENT, "[]" }, { MANAGER, "{\"manager_status\":{}}" }, VERSION
#define ONE_RULE                                                                                   \
	"[{\"rule\":\"r\",\"type\":\"node-affinity\",\"nodes\":\"a:3\",\"resources\":\"vm:100\"}]"
#define ONE_GROUP "[{\"group\":\"g\",\"nodes\":\"a\"}]"

/* What is learned: version, first rule and its members; or the sentence of the failure. */
static char *learned(const struct script_line *lines, size_t nlines)
{
	struct script script = { .lines = lines, .nlines = nlines, .any_order = true };
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct pxc_env env = { .arena = &arena, .pve = script_client(&script, 1) };
	json_auto_t *resources = json_loads("[{\"sid\":\"vm:100\",\"group\":\"g\"}]", 0, NULL);
	json_auto_t *options = json_loads("{\"crs\":{\"ha\":\"static\"}}", 0, NULL);
	struct world w = { .ha_resources = resources, .options = options };
	struct pxc_err err = { .kind = PXC_OK };
	struct ha *ha = NULL;
	char *text;

	if (ha_read(&env, &w, &ha, &err) < 0)
		text = pxc_printf("%d %s", err.kind == PXC_EDENIED, err.msg);
	else
		text = pxc_printf("%u %s %s %s/%zu %zu resources, empty: %s, %s warnings",
				  ha->release, ha->has_rules ? "rules" : "groups", ha->scheduler,
				  ha->nrules ? ha->rules[0].name : "",
				  ha->nrules ? ha->rules[0].nvmids : 0, ha->nresources,
				  ha->maintenance[0] ? ha->maintenance[0] : "",
				  json_array_size(env.warnings) ? "some" : "no");
	pve_free(env.pve);
	script_end(&script);
	pxc_env_release(&env);
	return text;
}

#define LEARNED(name, ...)                                                                         \
	static const struct script_line name##_lines[] = { __VA_ARGS__ };                          \
	auto_free char *name = learned(name##_lines, ARRAY_SIZE(name##_lines))

static void both_versions_are_read_side_by_side(void **state)
{
	LEARNED(nine, { RULES, ONE_RULE },
		{ GROUPS, "ha groups have been migrated to rules", .status = 500 }, QUIET);
	LEARNED(mixed, { RULES, ONE_RULE }, { GROUPS, ONE_GROUP }, QUIET);
	LEARNED(eight, NO_RULES, { GROUPS, ONE_GROUP }, QUIET);
	LEARNED(empty, { CURRENT, "[]" }, { RULES, "[]" }, { GROUPS, "[]" },
		{ MANAGER, "{\"manager_status\":{\"node_status\":{\"b\":\"maintenance\"}}}" },
		VERSION);
	LEARNED(odd, { RULES, "[{\"rule\":\"r\",\"type\":\"odd\"}]" }, { GROUPS, "[]" }, QUIET);

	(void)state;
	assert_string_equal(nine, "902 rules static r/1 1 resources, empty: , no warnings");
	assert_string_equal(mixed, "902 rules static r/1 1 resources, empty: , no warnings");
	assert_string_equal(eight, "902 groups static g/1 1 resources, empty: , no warnings");
	assert_string_equal(empty, "902 rules static /0 1 resources, empty: b, no warnings");
	assert_string_equal(odd, "902 rules static /0 1 resources, empty: , some warnings");
}

#define DENIED "Permission check failed (/, Sys.Audit)"

static void half_an_answer_is_none(void **state)
{
	LEARNED(denied, { RULES, DENIED, .status = 403 }, { GROUPS, DENIED, .status = 403 },
		{ CURRENT, DENIED, .status = 403 }, { MANAGER, DENIED, .status = 403 }, VERSION);
	LEARNED(groups, NO_RULES, { GROUPS, "it broke", .status = 500 }, QUIET);
	LEARNED(nothing, { RULES, NULL }, { GROUPS, "[]" }, QUIET);
	LEARNED(status, { RULES, "[]" }, { GROUPS, "[]" }, { CURRENT, "{}" }, { MANAGER, "{}" },
		VERSION);
	LEARNED(release, { RULES, "[]" }, { GROUPS, "[]" }, { CURRENT, "[]" }, { MANAGER, "{}" },
		{ "GET /version", "{\"version\":\"nine\"}" });

	(void)state;
	assert_true(denied[0] == '1' && strstr(denied, "Sys.Audit"));
	assert_non_null(strstr(groups, "it broke"));
	assert_string_equal(nothing,
			    "0 GET /cluster/ha/rules: half an answer, not taken for truth");
	assert_string_equal(
		status, "0 GET /cluster/ha/status/current: half an answer, not taken for truth");
	assert_string_equal(release, "0 GET /version: \"nine\" is no version of PVE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_versions_are_read_side_by_side),
		cmocka_unit_test(half_an_answer_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
