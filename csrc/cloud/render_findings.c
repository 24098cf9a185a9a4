/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render_findings.c - what the lists say is not as it should be, gathered in one. */
#include "base/str.h"
#include "cloud/quota.h"
#include "cloud/render_parts.h"

struct finder {
	json_t *rows;
	const char *what;
	const json_t *item;
};

static const char *text(const json_t *item, const char *key)
{
	const char *s = json_string_value(json_object_get(item, key));

	return s ? s : "";
}

static void say(const struct finder *f, const char *sentence)
{
	const char *name = text(f->item, "name"), *project = text(f->item, "project");
	const char *other = text(f->item, "vnet");

	(void)json_array_append_new(f->rows, json_pack("{s:s,s:s,s:s,s:s}", "what", f->what,
						       "project", project, "name",
						       *name ? name : other, "finding", sentence));
}

/* A sentence, or only that it is so. */
static void say_key(const struct finder *f, const char *key, const char *else_this)
{
	const json_t *v = json_object_get(f->item, key);

	if (json_is_string(v))
		say(f, json_string_value(v));
	else if (json_is_true(v))
		say(f, else_this);
}

static void say_list(const struct finder *f, const char *key)
{
	size_t i;
	json_t *v;

	json_array_foreach (json_object_get(f->item, key), i, v)
		if (json_is_string(v))
			say(f, json_string_value(v));
}

static void look_status(const struct finder *f)
{
	auto_buf struct pxc_buf line = { .data = NULL };

	if (str_eq(f->what, "node") && !str_eq(text(f->item, "status"), "online"))
		say(f, "it is offline");
	if (str_eq(f->what, "storage") && !str_eq(text(f->item, "status"), "available")) {
		const char *node = text(f->item, "node");

		buf_printf(&line, "it is not available%s%s", *node ? " on " : "", node);
		say(f, buf_str(&line));
	}
}

static void look_zone(const struct finder *f)
{
	const json_t *status = json_object_get(f->item, "zone_status");
	const char *node;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)status, node, v) {
		auto_buf struct pxc_buf line = { .data = NULL };

		if (str_eq(json_string_value(v), "available"))
			continue;
		buf_printf(&line, "its zone is %s on %s",
			   json_is_string(v) ? json_string_value(v) : "unknown", node);
		say(f, buf_str(&line));
	}
}

static void look_usage(const json_t *facts, json_t *rows)
{
	static const struct render_list usage = { .key = "usage" };
	json_auto_t *quotas = render_rows(facts, &usage);
	size_t i;
	json_t *row;

	json_array_foreach (quotas, i, row) {
		struct finder f = { rows, "quota", row };
		double limit = json_number_value(json_object_get(row, "limit"));
		auto_buf struct pxc_buf line = { .data = NULL };

		say_key(&f, "problem", "");
		if (!json_object_get(row, "limit") || limit < 0 ||
		    json_number_value(json_object_get(row, "used")) <= limit)
			continue;
		buf_printf(&line, "%s: %s used, the limit is %s", text(row, "title"),
			   text(row, "used_text"), text(row, "limit_text"));
		say(&f, buf_str(&line));
	}
}

json_t *render_findings(const json_t *facts)
{
	static const struct {
		const char *list, *what;
	} kinds[] = {
		{ "nodes", "node" },       { "storages", "storage" },
		{ "projects", "project" }, { "vms", "vm" },
		{ "networks", "network" }, { "images", "image" },
		{ "volumes", "volume" },   { "affinity", "affinity group" },
		{ "groups", "group" },     { "keypairs", "key pair" },
	};
	json_t *rows = json_array(), *problem;
	const char *part;

	json_object_foreach (json_object_get(facts, "problems"), part, problem) {
		struct finder f = { rows, part, NULL };

		auto_buf struct pxc_buf line = { .data = NULL };

		buf_printf(&line, "could not be read: %s", json_string_value(problem));
		say(&f, buf_str(&line));
	}
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		size_t i;
		json_t *item;

		json_array_foreach (json_object_get(facts, kinds[k].list), i, item) {
			struct finder f = { rows, kinds[k].what, item };

			look_status(&f);
			say_key(&f, "tampered",
				"its annotation was changed by hand, or is damaged");
			say_key(&f, "problem", "");
			say_key(&f, "unfinished", "");
			say_key(&f, "rule_problem", "");
			say_list(&f, "drift");
			say_list(&f, "violations");
			look_zone(&f);
		}
	}
	look_usage(facts, rows);
	return rows;
}
