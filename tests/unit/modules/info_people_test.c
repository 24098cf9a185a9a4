/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is shown which groups of people and key pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/policy.h"
#include "lib/plan.h"
#include "lib/sshkeys.h"
#include "modules/info.h"
#include "modules/items.h"

/* ops has a role in acme, devs in both projects, staff in the cloud, new in none; hand is somebody else's. */
#define WORLD                                                                                                \
	"{\"registry\":{\"adm\":\"root,@staff\"},\"pools\":{"                                                \
	"\"acme\":{\"manager\":\"bob,@ops\",\"reader\":\"rob,@devs\"},\"beta\":{\"member\":\"eve,@devs\"}}," \
	"\"access\":{\"pxc-ops\":{\"users\":\"alice\"},\"pxc-devs\":{\"users\":\"carol\"},"                  \
	"\"pxc-staff\":{\"users\":\"sue\"},\"pxc-new\":{},\"pxc-hand\":{\"raw\":\"x\"},"                     \
	"\"pxc-key.acme.alice\":{\"key\":\"" KEY_ED25519 "\"},"                                              \
	"\"pxc-key.beta.eve\":{\"key\":\"" KEY_P256 "\"},\"pxc-key.beta.x\":{\"raw\":\"x\"},"                \
	"\"pxc-lock-project.acme\":{\"raw\":\"\"}}}"

static const struct {
	const char *actor, *project, *shown;
} rows[] = {
	{ "root", NULL,
	  "ops(acme/manager) devs(acme/reader beta/member) staff(/admin) new() | acme/alice beta/eve" },
	{ "sue", NULL,
	  "ops(acme/manager) devs(acme/reader beta/member) staff(/admin) new() | acme/alice beta/eve" },
	{ "root", "acme", "ops(acme/manager) devs(acme/reader beta/member) | acme/alice" },
	{ "bob", NULL, "ops(acme/manager) devs(acme/reader) | acme/alice" },
	{ "rob", NULL, "ops(acme/manager) devs(acme/reader) | acme/alice" },
	{ "alice", NULL, "ops(acme/manager) devs(acme/reader) | acme/alice" },
	{ "eve", NULL, "devs(beta/member) | beta/eve" },
	{ "carol", NULL, "ops(acme/manager) devs(acme/reader beta/member) | acme/alice beta/eve" },
	{ "carol", "beta", "devs(beta/member) | beta/eve" },
	{ "mallory", NULL, "| " },
};

static void print(const json_t *result, struct pxc_buf *out)
{
	size_t i, k;
	json_t *item, *use;

	json_array_foreach (json_object_get(result, "groups"), i, item) {
		buf_printf(out, "%s(", item_text(item, "name"));
		json_array_foreach (json_object_get(item, "used_by"), k, use)
			buf_printf(out, "%s%s/%s", k ? " " : "",
				   item_text(use, "project") ? item_text(use, "project") : "",
				   item_text(use, "role"));
		buf_adds(out, ") ");
	}
	buf_adds(out, "| ");
	json_array_foreach (json_object_get(result, "keypairs"), i, item)
		buf_printf(out, "%s%s/%s", i ? " " : "", item_text(item, "project"),
			   item_text(item, "name"));
}

static char *shown(const char *actor, const char *project)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct pxc_env env = { .arena = &arena, .actor = actor };
	const struct info_spec spec = { .groups = true, .keypairs = true, .project = project };
	auto_world struct test_world w;
	struct info_world iw = { .w = &w.world };
	struct pxc_err err = { .kind = PXC_OK };
	json_auto_t *result = json_object();
	struct pxc_buf out = { .data = NULL };

	test_world_create(&w, WORLD);
	w.world.tenant = policy_level(&w.world, actor, NULL) != POLICY_ADMIN;
	assert_int_equal(info_read_own(&env, &spec, &iw, &w.world, &err), 0);
	info_read_people(&env, &spec, &iw);
	info_report_people(&spec, &iw, result);
	print(result, &out);
	if (!project || str_eq(project, "acme"))
		assert_int_equal(info_count_keypairs(&iw, "acme"), 1);
	return buf_take(&out);
}

static void everybody_sees_what_concerns_him(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = shown(rows[i].actor, rows[i].project);

		if (str_eq(got, rows[i].shown))
			continue;
		print_error("%s, %s:\n  wanted %s\n  got    %s\n", rows[i].actor,
			    rows[i].project ? rows[i].project : "all", rows[i].shown, got);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_sees_what_concerns_him),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
