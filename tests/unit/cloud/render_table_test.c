/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/cloud/render_rows.h"

static void lists_are_aligned_with_units_and_without_empty_columns(void **state)
{
	static const struct {
		const char *facts, *text;
	} rows[] = {
		{ "{\"flavors\": [{\"name\": \"m1.small\", \"vcpus\": 1, \"memory_mb\": 512, \"disk_gb\": 10, \"public\": true},"
		  " {\"name\": \"xl\", \"vcpus\": 16, \"memory_mb\": 131072, \"disk_gb\": 1536, \"public\": false}]}",
		  "Flavors (2)\n"
		  "NAME      VCPUS   MEMORY     DISK  PUBLIC\n"
		  "m1.small      1  512 MiB   10 GiB  yes\n"
		  "xl           16  128 GiB  1.5 TiB  no\n" },
		{ "{\"usage\": [{\"project\": \"acme\", \"instances\": {\"used\": 3, \"limit\": 12}, \"ram_mb\": {\"used\": 1536, \"limit\": -1}}]}",
		  "Quotas (2)\n"
		  "PROJECT  RESOURCE  USED     LIMIT     SHARE\n"
		  "acme     VMs       3        12        25.0 %\n"
		  "acme     Memory    1.5 GiB  no limit\n" },
		{ "{\"nodes\": [{\"name\": \"pve1\", \"status\": \"online\", \"cpus\": 16.0, \"cpus_used\": 3.5, \"guests\": 4,"
		  " \"guests_running\": 4, \"uptime_seconds\": 200000}]}",
		  "Nodes (1)\n"
		  "NAME  STATUS  PROCESSORS          GUESTS THAT RUN  UP FOR\n"
		  "pve1  online  3.5 of 16 (21.9 %)  4 of 4              2 d\n" },
		/* Two columns each, no column for what stands on another, and what does harm is one. */
		{ "{\"groups\": [{\"name\": \"\\u65e5\\u672c\", \"description\": \"x\"}, {\"name\": \"e\\u0301\", \"description\": \"y\"},"
		  " {\"name\": \"a\\u001bb\\nc\", \"description\": \"z\"}]}",
		  "Groups of people (3)\n"
		  "NAME   DESCRIPTION\n"
		  "\xe6\x97\xa5\xe6\x9c\xac   x\n"
		  "e\xcc\x81      y\n"
		  "a\xef\xbf\xbd"
		  "b\xef\xbf\xbd"
		  "c  z\n" },
		{ "{\"vms\": []}", "VMs (0)\n" },
		{ "{}", "\n" },
		{ "{\"vms\": [{\"name\": \"a\", \"project\": \"p\", \"drift\": [\"cores is 2\"]}]}",
		  "Findings (1)\nWHAT  PROJECT  NAME  FINDING\nvm    p        a     cores is 2\n\n"
		  "VMs (1)\nPROJECT  NAME\np        a\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_rendered(RENDER_TABLE, rows[i].facts, rows[i].text);
}

/* As many lines as for a harmless text, and no control character but the line feed. */
static void no_text_leaves_its_cell(void **state)
{
	json_auto_t *plain = facts_with("x");
	auto_free char *harmless = rendered(RENDER_TABLE, plain, "x");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		json_auto_t *facts = facts_with(hostile[i]);
		auto_free char *text = rendered(RENDER_TABLE, facts, hostile[i]);

		if (*hostile[i])
			assert_int_equal(count_of(text, "\n"), count_of(harmless, "\n"));
		for (const unsigned char *p = (unsigned char *)text; *p; p++)
			assert_true(*p == '\n' || (*p >= 0x20 && *p != 0x7f));
		assert_null(strstr(text, "\xc2\x9b"));
		assert_null(strstr(text, "\xe2\x80\xae"));
		assert_true(utf8_valid(text, strlen(text)));
	}
}

static void findings_say_where_something_is_wrong(void **state)
{
	static const struct {
		const char *facts, *line; /* NULL: none */
	} rows[] = {
		{ "{\"nodes\": [{\"name\": \"pve3\", \"status\": \"offline\"}]}",
		  "pve3  it is offline\n" },
		{ "{\"nodes\": [{\"name\": \"pve3\", \"status\": \"online\"}]}", NULL },
		{ "{\"volumes\": [{\"name\": \"d\", \"project\": \"p\", \"tampered\": true}]}",
		  "its annotation was changed by hand" },
		{ "{\"volumes\": [{\"name\": \"d\", \"project\": \"p\", \"tampered\": false}]}",
		  NULL },
		{ "{\"usage\": [{\"project\": \"p\", \"cores\": {\"used\": 5, \"limit\": 4}}]}",
		  "Cores: 5 used, the limit is 4\n" },
		{ "{\"usage\": [{\"project\": \"p\", \"cores\": {\"used\": 4, \"limit\": 4}}]}",
		  NULL },
		{ "{\"usage\": [{\"project\": \"p\", \"cores\": {\"used\": 4, \"limit\": -1}}]}",
		  NULL },
		{ "{\"networks\": [{\"name\": \"n\", \"zone_status\": {\"pve1\": \"available\", \"pve2\": \"error\"}}]}",
		  "its zone is error on pve2\n" },
		{ "{\"networks\": [{\"vnet\": \"n1\", \"tampered\": \"no seal\"}]}",
		  "n1    no seal\n" },
		{ "{\"affinity\": [{\"name\": \"g\", \"project\": \"p\", \"violations\": [\"a and b are both on pve1\"]}]}",
		  "a and b are both on pve1\n" },
		{ "{\"problems\": {\"networks\": \"no way\"}}",
		  "networks  could not be read: no way\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *facts = facts_of(rows[i].facts);
		auto_free char *text = rendered(RENDER_TABLE, facts, "x");

		if (rows[i].line)
			assert_non_null(strstr(text, rows[i].line));
		else
			assert_null(strstr(text, "Findings"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_aligned_with_units_and_without_empty_columns),
		cmocka_unit_test(no_text_leaves_its_cell),
		cmocka_unit_test(findings_say_where_something_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
