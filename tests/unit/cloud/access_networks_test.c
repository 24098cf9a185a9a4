/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_task.h"

static const char *const nobody[] = { NULL }, *const all[] = { "*", NULL };

static struct sdn_vnet vnets[] = {
	{ .id = "n1",
	  .zone = "tenant",
	  .ours = true,
	  .name = "blue",
	  .project = "acme",
	  .shared = nobody },
	{ .id = "n2",
	  .zone = "tenant",
	  .ours = true,
	  .name = "red",
	  .project = "acme",
	  .shared = nobody },
	{ .id = "n3",
	  .zone = "tenant",
	  .ours = true,
	  .name = "blue",
	  .project = "beta",
	  .shared = nobody },
	{ .id = "n4",
	  .zone = "lan",
	  .ours = true,
	  .name = "office",
	  .provider = true,
	  .shared = all },
	{ .id = "old", .zone = "tenants", .shared = nobody },
};
static const struct sdn sdn = { .vnets = vnets, .nvnets = ARRAY_SIZE(vnets) };

/* What {vnet} stands for, joined by a blank, or the error. names: divided by blanks; NULL = not said. */
static const char *networks(struct pxc_arena *arena, const char *project, const char *names)
{
	auto_buf struct pxc_buf out = { .data = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	char *copy = arena_strdup(arena, names);
	const char *list[8] = { NULL }, *const *ret = NULL;
	size_t n = 0;

	for (char *word = copy ? strtok(copy, " ") : NULL; word; word = strtok(NULL, " "))
		list[n++] = word;
	if (access_networks(&sdn, project, names ? list : NULL, arena, &ret, &err) < 0)
		return arena_strdup(arena, err.msg);
	for (size_t i = 0; ret[i]; i++)
		buf_printf(&out, "%s%s", i ? " " : "", ret[i]);
	return arena_strdup(arena, buf_str(&out));
}

static void networks_become_paths(void **state)
{
	static const struct {
		const char *project, *names, *paths;
	} rows[] = {
		{ "acme", NULL, "tenant/n1 tenant/n2" }, /* not the shared ones, nor the cloud's */
		{ "gamma", NULL, "" },
		{ NULL, NULL, "" },
		{ "acme", "", "" }, /* none at all */
		{ "acme", "blue", "tenant/n1" },
		{ "beta", "blue office", "tenant/n3 lan/n4" },
		{ "acme", "tenant/n3", "tenant/n3" }, /* an admin says so */
		{ "acme", "lan/n4/7", "lan/n4/7" },
		{ "acme", "localnetwork/vmbr0 localnetwork/vmbr0/20",
		  "localnetwork/vmbr0 localnetwork/vmbr0/20" },
		{ "acme", "tenants/old", "tenants/old" },
	};
	auto_arena struct pxc_arena arena = { .head = NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(networks(&arena, rows[i].project, rows[i].names),
				    rows[i].paths);
}

static void what_is_not_there_is_no_path(void **state)
{
	static const char *const wrong[] = { "green",      "tenant/n9", "lan/n1",
					     "tenant/old", "tenants",   "tenan/n1" };
	auto_arena struct pxc_arena arena = { .head = NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (!str_starts(networks(&arena, "acme", wrong[i]),
				"vnets are named as zone/vnet, or as the project calls them: "))
			fail_msg("%s: %s", wrong[i], networks(&arena, "acme", wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_become_paths),
		cmocka_unit_test(what_is_not_there_is_no_path),
	};

	pxc_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
