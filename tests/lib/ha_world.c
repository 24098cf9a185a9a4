/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/ha_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/ha.h"

/* "@acme/web" -> the comment of the rule that shows this group. New string. */
static char *comment_of(const char *text, const char *rule)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *id = pxc_printf("ha.%s", rule), *project = NULL;
	const char *slash = strchr(text, '/');

	if (*text != '@' || !slash)
		return pxc_strdup(text);
	project = pxc_strndup(text + 1, (size_t)(slash - text - 1));
	annot_set(&a, "t", "affinity");
	annot_set(&a, "id", id);
	annot_set(&a, "project", project);
	annot_set(&a, "n", slash + 1);
	return annot_render(ANNOT_TOKEN, "", &a, "");
}

static void add_resource(json_t *list, bool container, const json_t *vmid, json_t *row_new)
{
	(void)json_object_set_new(
		row_new, "sid",
		json_sprintf("%s:%d", container ? "ct" : "vm", (int)json_integer_value(vmid)));
	(void)json_object_set_new(row_new, "digest", json_string("h1"));
	(void)json_array_append_new(list, row_new);
}

static json_t *resources(const json_t *vms, const json_t *guests)
{
	json_t *list = json_array(), *x;
	size_t i;

	json_array_foreach (vms, i, x)
		add_resource(list, false, x, json_pack("{s:s}", "state", "started"));
	json_array_foreach (guests, i, x) {
		json_t *said = json_object_get(x, "ha");

		if (said)
			add_resource(list, json_object_get(x, "lxc") != NULL,
				     json_object_get(x, "vmid"),
				     json_is_object(said) ? json_copy(said)
							  : json_pack("{s:O}", "state", said));
	}
	return list;
}

static json_t *rules(const json_t *given)
{
	json_t *list = json_array(), *row;
	size_t i;

	json_array_foreach (given, i, row) {
		const char *comment = json_string_value(json_object_get(row, "comment"));
		const char *rule = json_string_value(json_object_get(row, "rule"));
		auto_free char *text = comment_of(comment ? comment : "", rule ? rule : "");
		json_t *copy = json_deep_copy(row);

		(void)json_object_set_new(copy, "comment", json_string(text));
		(void)json_array_append_new(list, copy);
	}
	return list;
}

struct ha *test_ha(struct test_world *w, const json_t *given)
{
	json_auto_t *nodes = json_object(), *warnings = json_array();
	json_auto_t *manager = json_pack("{s:{s:O}}", "manager_status", "node_status", nodes);
	json_t *vms = resources(json_object_get(given, "vms"), json_object_get(w->json, "guests"));
	const json_t *release = json_object_get(given, "release");
	json_t *name;
	json_t *list = rules(json_object_get(given, "rules"));
	bool pve8 = json_is_true(json_object_get(given, "pve8"));
	struct ha *ha = NULL;
	struct pxc_err err;
	size_t i;

	(void)json_array_append_new(w->kept, vms);
	(void)json_array_append_new(w->kept, list);
	json_array_foreach (json_object_get(given, "maintenance"), i, name)
		(void)json_object_set_new(nodes, json_string_value(name),
					  json_string("maintenance"));
	if (ha_decode(vms, pve8 ? NULL : list, NULL, json_object_get(given, "current"), manager,
		      NULL, &w->arena, warnings, &ha, &err) < 0)
		fail_msg("ha: %s", err.msg);
	ha->release = release ? (unsigned)json_integer_value(release) : pve8 ? 804 : 902;
	return ha;
}
