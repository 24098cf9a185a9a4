/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/sdn_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

static const char *const kinds[] = { "zones", "vnets", "subnets" };

void sdn_lab_create(struct lab *lab, unsigned pve, uint64_t seed)
{
	struct sim_options options = { .nodes = 3, .seed = seed, .speed = 1, .pve = pve };

	lab_create_as(lab, &options);
	lab_must(
		lab, "pxc_cloud",
		"{\"domain\":\"example.org\",\"storage\":\"shared\",\"bridge\":\"vmbr0\",\"tenant_zones\":[{"
		"\"name\":\"tenant\",\"type\":\"vlan\",\"vlan_range\":[100,199],\"bridge\":\"vmbr0\",\"default\":true}]}");
	lab_must(
		lab, "pxc_project",
		"{\"quota\":{\"networks\":-1,\"subnets\":-1},\"projects\":[{\"name\":\"acme\"},{\"name\":\"beta\"}]}");
}

void sdn_lab_ask(struct lab *lab, const char *method, const char *path, const char *form)
{
	json_decref(lab_ask(lab, method, path, form));
}

void sdn_lab_faults(struct lab *lab, const char *rules)
{
	sdn_lab_ask(lab, "POST", "!/sim/faults", rules);
}

static int word_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_ids(struct pxc_buf *out, json_t *sections)
{
	size_t n = 0, size = json_object_size(sections);
	auto_free const char **ids = pxc_calloc(size + 1, sizeof(*ids));
	const char *id;
	json_t *value;

	json_object_foreach (sections, id, value)
		ids[n++] = id;
	qsort(ids, n, sizeof(*ids), word_order);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i ? " " : "", ids[i]);
}

char *sdn_lab_state(struct lab *lab, bool running)
{
	json_auto_t *dump = sim_dump(lab->sim);
	const json_t *all =
		json_object_get(json_object_get(dump, "sdn"), running ? "running" : "config");
	struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		buf_adds(&out, i ? " / " : "");
		add_ids(&out, json_object_get(all, kinds[i]));
	}
	return buf_take(&out);
}

bool sdn_lab_locked(struct lab *lab)
{
	json_auto_t *dump = sim_dump(lab->sim);

	return json_is_true(json_object_get(json_object_get(dump, "sdn"), "locked"));
}

static bool same(const json_t *sdn, const char *kind)
{
	json_t *config = json_object_get(json_object_get(sdn, "config"), kind);
	json_t *running = json_object_get(json_object_get(sdn, "running"), kind);

	return json_object_size(config) == json_object_size(running) &&
	       (!json_object_size(config) || json_equal(config, running));
}

void sdn_lab_is_clean(struct lab *lab)
{
	json_auto_t *dump = sim_dump(lab->sim),
		    *groups = lab_ask(lab, "GET", "/access/groups", NULL);
	const json_t *sdn = json_object_get(dump, "sdn");
	size_t i;
	json_t *row;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!same(sdn, kinds[i]))
			fail_msg("%s wait to be applied", kinds[i]);
	if (json_is_true(json_object_get(sdn, "locked")))
		fail_msg("the SDN is locked");
	json_array_foreach (groups, i, row)
		if (str_starts(json_string_value(json_object_get(row, "groupid")), "pxc-lock-"))
			fail_msg("%s was left", json_string_value(json_object_get(row, "groupid")));
}
