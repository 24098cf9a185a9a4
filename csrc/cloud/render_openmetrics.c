/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * render_openmetrics.c - OpenMetrics text. Gauges only: what is told is how it is now, and the older parsers that read files of
 * node_exporter know no other types of OpenMetrics. Names and base units as Prometheus wants them: bytes, seconds, no percentages.
 */
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "cloud/quota.h"
#include "cloud/render_parts.h"

/* A value, a backslash, a quotation mark and a line feed apart as the format says; cleaned like everywhere. */
static void put_label(struct pxc_buf *out, const char *name, const char *value)
{
	unsigned columns;

	buf_printf(out, "%s%s=\"", out->data[out->len - 1] == '{' ? "" : ",", name);
	while (*value) {
		uint32_t c = render_next(&value, &columns);

		if (c == '"' || c == '\\')
			buf_addc(out, '\\');
		utf8_put(out, c);
	}
	buf_addc(out, '"');
}

static void put_value(struct pxc_buf *out, double value)
{
	if ((double)(long long)value < value || (double)(long long)value > value)
		buf_printf(out, "} %.6g\n", value);
	else
		buf_printf(out, "} %lld\n", (long long)value);
}

static void family(struct pxc_buf *out, const char *name, const char *unit, const char *help)
{
	buf_printf(out, "# TYPE %s gauge\n", name);
	if (unit)
		buf_printf(out, "# UNIT %s %s\n", name, unit);
	buf_printf(out, "# HELP %s %s\n", name, help);
}

/* Families of which each item of a list is one sample. */
struct gauge {
	const char *list, *name, *unit, *help;
	const char *labels[3][2]; /* name of the label, key of the item; ends with NULL */
	const char *key;          /* a number, or a text that is as good as "good" */
	const char *good;         /* NULL = key is a number */
};

#define NODE                                                                                       \
	{                                                                                          \
		{                                                                                  \
			"node", "name"                                                             \
		}                                                                                  \
	}
#define STORAGE                                                                                    \
	{                                                                                          \
		{ "storage", "name" },                                                             \
		{                                                                                  \
			"node", "node"                                                             \
		}                                                                                  \
	}
#define NETWORK                                                                                    \
	{                                                                                          \
		{ "project", "project" }, { "network", "name" },                                   \
		{                                                                                  \
			"vnet", "vnet"                                                             \
		}                                                                                  \
	}

static const struct gauge gauges[] = {
	{ "nodes", "pxc_node_up", NULL, "Whether the node is online.", NODE, "status", "online" },
	{ "nodes", "pxc_node_cpus", NULL, "Logical processors of the node.", NODE, "cpus", NULL },
	{ "nodes", "pxc_node_cpus_used", NULL, "Processors of the node that are busy.", NODE,
	  "cpus_used", NULL },
	{ "nodes", "pxc_node_memory_size_bytes", "bytes", "Memory of the node.", NODE,
	  "memory_bytes", NULL },
	{ "nodes", "pxc_node_memory_used_bytes", "bytes", "Memory of the node in use.", NODE,
	  "memory_used_bytes", NULL },
	{ "nodes", "pxc_node_disk_size_bytes", "bytes", "Root disk of the node.", NODE,
	  "disk_bytes", NULL },
	{ "nodes", "pxc_node_disk_used_bytes", "bytes", "Root disk of the node in use.", NODE,
	  "disk_used_bytes", NULL },
	{ "nodes", "pxc_node_uptime_seconds", "seconds", "Time since the node was started.", NODE,
	  "uptime_seconds", NULL },
	{ "nodes", "pxc_node_guests", NULL, "Guests on the node.", NODE, "guests", NULL },
	{ "nodes", "pxc_node_guests_running", NULL, "Guests on the node that run.", NODE,
	  "guests_running", NULL },
	{ "storages", "pxc_storage_up", NULL, "Whether the storage is available.", STORAGE,
	  "status", "available" },
	{ "storages", "pxc_storage_size_bytes", "bytes", "Size of the storage.", STORAGE,
	  "size_bytes", NULL },
	{ "storages", "pxc_storage_used_bytes", "bytes", "What is used of the storage.", STORAGE,
	  "used_bytes", NULL },
	{ "projects",
	  "pxc_project_frozen",
	  NULL,
	  "Whether the project is frozen.",
	  { { "project", "name" } },
	  "state",
	  "frozen" },
	{ "networks", "pxc_network_addresses_used", NULL, "Addresses that guests have.", NETWORK,
	  "used", NULL },
};

static void put_labels(struct pxc_buf *out, const struct gauge *g, const json_t *item)
{
	buf_printf(out, "%s{", g->name);
	for (size_t i = 0; i < ARRAY_SIZE(g->labels) && g->labels[i][0]; i++) {
		const char *value = json_string_value(json_object_get(item, g->labels[i][1]));

		put_label(out, g->labels[i][0], value ? value : "");
	}
}

static void put_gauge(struct pxc_buf *out, const struct gauge *g, const json_t *list)
{
	size_t i;
	json_t *item;
	bool begun = false;

	json_array_foreach (list, i, item) {
		const json_t *v = json_object_get(item, g->key);

		if (!v)
			continue;
		if (!begun)
			family(out, g->name, g->unit, g->help);
		begun = true;
		put_labels(out, g, item);
		put_value(out,
			  g->good ? str_eq(json_string_value(v), g->good) : json_number_value(v));
	}
}

static void put_quotas(struct pxc_buf *out, const json_t *facts, const char *name, const char *key,
		       const char *help)
{
	static const struct render_list usage = { .key = "usage" };
	json_auto_t *rows = render_rows(facts, &usage);
	bool begun = false;
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		const json_t *v = json_object_get(row, key);
		const char *project = json_string_value(json_object_get(row, "project"));

		if (!v)
			continue;
		if (!begun)
			family(out, name, NULL, help);
		begun = true;
		buf_printf(out, "%s{", name);
		put_label(out, "project", project ? project : "");
		put_label(out, "resource", json_string_value(json_object_get(row, "resource")));
		if (json_number_value(v) < 0)
			buf_adds(out, "} +Inf\n");
		else
			put_value(out, json_number_value(v));
	}
}

/* How many rows agree in both keys: one sample for each pair, in the order of the first of it. */
static void put_counts(struct pxc_buf *out, const json_t *rows, const char *name,
		       const char *const keys[2], const char *help)
{
	json_auto_t *counts = json_object();
	const char *pair;
	json_t *row, *n;
	size_t i;

	if (!json_array_size(rows))
		return;
	json_array_foreach (rows, i, row) {
		auto_buf struct pxc_buf key = { .data = NULL };

		buf_addc(&key, '{');
		for (int k = 0; k < 2; k++) {
			const char *v = json_string_value(json_object_get(row, keys[k]));

			put_label(&key, keys[k], v ? v : "");
		}
		n = json_object_get(counts, buf_str(&key));
		(void)json_object_set_new(counts, buf_str(&key),
					  json_integer(json_integer_value(n) + 1));
	}
	family(out, name, NULL, help);
	json_object_foreach (counts, pair, n)
		buf_printf(out, "%s%s} %lld\n", name, pair, (long long)json_integer_value(n));
}

char *render_openmetrics(const struct render *r)
{
	static const char *const of_vms[] = { "project", "status" };
	static const char *const of_findings[] = { "what", "project" };
	json_auto_t *findings = render_findings(r->facts);
	struct pxc_buf out = { .data = NULL };

	put_quotas(&out, r->facts, "pxc_project_quota_limit", "limit",
		   "What the project may use; in MiB and GiB where the resource says mb and gb.");
	put_quotas(&out, r->facts, "pxc_project_quota_used", "used",
		   "What the project uses, in the same units as its limit.");
	for (size_t i = 0; i < ARRAY_SIZE(gauges); i++)
		put_gauge(&out, &gauges[i], json_object_get(r->facts, gauges[i].list));
	put_counts(&out, json_object_get(r->facts, "vms"), "pxc_vm_state", of_vms,
		   "VMs of the project in this state.");
	put_counts(
		&out, findings, "pxc_findings", of_findings,
		"What is not as it should be: drift, annotations that were changed by hand, what is offline or over its limit.");
	buf_adds(&out, "# EOF\n");
	return buf_take(&out);
}
