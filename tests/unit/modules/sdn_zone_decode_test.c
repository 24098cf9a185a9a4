/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/sdn_zone_decode.h"

static const struct {
	const char *given, *options; /* JSON; options: or the sentence of a refusal */
} rows[] = {
	{ "{}", "{}" },
	{ "{\"name\":\"z1\",\"type\":\"vlan\",\"default\":true}", "{}" },
	{ "{\"bridge\":\"vmbr0\",\"service_vlan\":7,\"vlan_protocol\":\"802.1ad\"}",
	  "{\"bridge\":\"vmbr0\",\"tag\":\"7\",\"vlan-protocol\":\"802.1ad\"}" },
	{ "{\"advertise_subnets\":true,\"exit_nodes_local_routing\":false}",
	  "{\"advertise-subnets\":\"1\",\"exitnodes-local-routing\":\"0\"}" },
	{ "{\"nodes\":[\"b\",\"a\",\"b\"],\"rt_import\":[\"1:2\"]}",
	  "{\"nodes\":\"a,b\",\"rt-import\":\"1:2\"}" },
	{ "{\"peers\":[\"auto\"]}", "{\"peers\":\"auto\"}" },
	{ "{\"dns\":\"\",\"nodes\":[],\"mtu\":null,\"reverse_dns\":null}",
	  "{\"dns\":null,\"mtu\":null,\"nodes\":null,\"reversedns\":null}" },
	{ "{\"mtu\":\"big\"}", "zone z1: mtu has a value of another type" },
	{ "{\"nodes\":\"a\"}", "zone z1: nodes has a value of another type" },
	{ "{\"mac\":1}", "zone z1: mac has a value of another type" },
	{ "{\"advertise_subnets\":\"1\"}",
	  "zone z1: advertise_subnets has a value of another type" },
};

static void options_become_those_of_pve(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		json_auto_t *given = json_loads(rows[i].given, 0, NULL);
		struct pxc_env env = { .arena = &arena };
		struct pxc_err err = { .kind = PXC_OK };
		auto_free char *text = NULL;
		json_t *options = NULL;

		assert_non_null(given);
		if (sdn_zone_decode(&env, "zone z1", given, &options, &err) < 0)
			assert_null(options);
		else
			text = json_dumps(options, JSON_COMPACT | JSON_SORT_KEYS);
		assert_string_equal(text ? text : err.msg, rows[i].options);
		pxc_env_release(&env);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_become_those_of_pve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
