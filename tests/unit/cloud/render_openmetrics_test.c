/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Prometheus' own parsers say of it: tests/report. */
#include "unit/cloud/render_rows.h"

static void samples_are_in_base_units_and_families_together(void **state)
{
	static const struct {
		const char *facts, *text;
	} rows[] = {
		{ "{}", "# EOF\n" },
		{ "{\"usage\": [{\"project\": \"a\", \"cores\": {\"used\": 3, \"limit\": 12}}, {\"project\": \"b\", \"cores\": {\"used\": 0, \"limit\": -1}},"
		  " {\"project\": \"c\", \"problem\": \"lost\"}]}",
		  "# TYPE pxc_project_quota_limit gauge\n"
		  "# HELP pxc_project_quota_limit What the project may use; in MiB and GiB where the resource says mb and gb.\n"
		  "pxc_project_quota_limit{project=\"a\",resource=\"cores\"} 12\n"
		  "pxc_project_quota_limit{project=\"b\",resource=\"cores\"} +Inf\n"
		  "# TYPE pxc_project_quota_used gauge\n"
		  "# HELP pxc_project_quota_used What the project uses, in the same units as its limit.\n"
		  "pxc_project_quota_used{project=\"a\",resource=\"cores\"} 3\n"
		  "pxc_project_quota_used{project=\"b\",resource=\"cores\"} 0\n"
		  "# TYPE pxc_findings gauge\n"
		  "# HELP pxc_findings What is not as it should be: drift, annotations that were changed by hand, what is offline or over its limit.\n"
		  "pxc_findings{what=\"quota\",project=\"c\"} 1\n# EOF\n" },
		{ "{\"nodes\": [{\"name\": \"pve1\", \"status\": \"online\", \"cpus_used\": 0.25, \"memory_bytes\": 68719476736}]}",
		  "# TYPE pxc_node_up gauge\n# HELP pxc_node_up Whether the node is online.\npxc_node_up{node=\"pve1\"} 1\n"
		  "# TYPE pxc_node_cpus_used gauge\n# HELP pxc_node_cpus_used Processors of the node that are busy.\n"
		  "pxc_node_cpus_used{node=\"pve1\"} 0.25\n"
		  "# TYPE pxc_node_memory_size_bytes gauge\n# UNIT pxc_node_memory_size_bytes bytes\n"
		  "# HELP pxc_node_memory_size_bytes Memory of the node.\n"
		  "pxc_node_memory_size_bytes{node=\"pve1\"} 68719476736\n# EOF\n" },
		{ "{\"vms\": [{\"project\": \"a\", \"status\": \"running\"}, {\"project\": \"b\", \"status\": \"running\"},"
		  " {\"project\": \"a\", \"status\": \"running\"}, {\"status\": \"stopped\"}]}",
		  "# TYPE pxc_vm_state gauge\n# HELP pxc_vm_state VMs of the project in this state.\n"
		  "pxc_vm_state{project=\"a\",status=\"running\"} 2\n"
		  "pxc_vm_state{project=\"b\",status=\"running\"} 1\n"
		  "pxc_vm_state{project=\"\",status=\"stopped\"} 1\n# EOF\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_rendered(RENDER_OPENMETRICS, rows[i].facts, rows[i].text);
}

/* Each line is a comment or a whole sample; quotation marks end where they began. */
static void check_line(const char *line, size_t len)
{
	bool quoted = false;
	size_t i = 0;

	if (len && *line == '#')
		return;
	assert_true(len > 4 && strncmp(line, "pxc_", 4) == 0 && strncmp(line, "pxc_evil", 8) != 0);
	for (; i < len && (quoted || line[i] != '}'); i++) {
		if (quoted && line[i] == '\\')
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
	}
	assert_true(i + 1 < len && !quoted && line[i + 1] == ' ');
	assert_true(strspn(line + i + 2, "0123456789.e+-Inf") == len - i - 2);
}

static void no_text_leaves_its_label(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		json_auto_t *facts = facts_with(hostile[i]);
		auto_free char *text = rendered(RENDER_OPENMETRICS, facts, hostile[i]);

		assert_true(str_ends(text, "\n# EOF\n"));
		for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
			check_line(p, strcspn(p, "\n"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_in_base_units_and_families_together),
		cmocka_unit_test(no_text_leaves_its_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
