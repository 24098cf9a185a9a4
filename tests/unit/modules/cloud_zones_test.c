/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/script.h"
#include "modules/cloud_zones.h"

/* What is learned from one answer of PVE; or the sentence of the failure. */
static char *learned(const struct script_line *line)
{
	struct script script = { .lines = line, .nlines = 1 };
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct pxc_env env = { .arena = &arena, .pve = script_client(&script, 1) };
	struct cloud_world cw = { .zones = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	char *text;

	if (cloud_zones_read(&env, &cw, &err) < 0)
		text = pxc_strdup(err.msg);
	else
		text = json_dumps(cw.zones, JSON_COMPACT | JSON_SORT_KEYS);
	pve_free(env.pve);
	script_end(&script);
	pxc_env_release(&env);
	return text;
}

static void types_of_zones_are_read(void **state)
{
	static const struct script_line lines[] = {
		{ "GET /cluster/sdn/zones", "[]" },
		{ "GET /cluster/sdn/zones",
		  "[{\"zone\":\"vl\",\"type\":\"vlan\",\"bridge\":\"vmbr0\",\"mtu\":1450},"
		  "{\"zone\":\"fa\",\"type\":\"faucet\"},{\"type\":\"odd\"},{\"zone\":\"odd\"}]" },
	};
	auto_free char *none = learned(&lines[0]), *two = learned(&lines[1]);

	(void)state;
	assert_string_equal(none, "{}");
	assert_string_equal(two, "{\"fa\":\"faucet\",\"vl\":\"vlan\"}");
}

static void not_being_told_is_a_failure(void **state)
{
	static const struct script_line line = { "GET /cluster/sdn/zones",
						 "Permission check failed", .status = 403 };
	auto_free char *why = learned(&line);

	(void)state;
	assert_non_null(strstr(why, "zones of PVE's SDN: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_of_zones_are_read),
		cmocka_unit_test(not_being_told_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
