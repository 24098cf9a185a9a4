/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which network a project means by a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "lib/network_world.h"
#include "lib/plan.h"

#define OF(id, net, token) "\"" id "\":{\"zone\":\"z\",\"net\":\"" net "\",\"token\":{" token "}}"
/*
 * blue of acme, of beta (shared with acme), of gamma; red of beta for acme; lan for all; office for beta; two printers; a vnet
 * without a token, one with a damaged one.
 */
static const char world[] = "{\"vnets\":{" OF("v1", "acme/blue", "") "," OF("v2", "beta/blue", "\"sh\":\"acme,delta\"") "," OF(
	"v3", "gamma/blue",
	"") "," OF("v4", "beta/red",
		   "\"sh\":\"acme\"") "," OF("v5", "lan",
					     "\"k\":\"provider\",\"sh\":\"*\"") "," OF("v6",
										       "office",
										       "\"k\":\"provider\",\"sh\":\"beta\"") "," OF("v7",
																    "printers",
																    "\"k\":\"provider\",\"sh\":\"*\"") "," OF("v8",
																					      "beta/printers",
																					      "\"sh\":\"*\"") ","
																							      "\"raw\":{\"zone\":\"z\",\"alias\":\"of somebody\"},\"blue\":{\"zone\":\"z\"},"
																							      "\"bad\":{\"zone\":\"z\",\"net\":\"acme/bad\",\"tampered\":1},"
																							      "\"far\":{\"zone\":\"z\",\"net\":\"acme/far\",\"token\":{\"c\":\"00000000\"}}}}";

static const struct row {
	const char *what, *project, *name;
	const char *found; /* the vnet, or "!" and the sentence */
} rows[] = {
	{ "its own, before those that are shared with it", "acme", "blue", "v1" },
	{ "its own by both names", "acme", "acme/blue", "v1" },
	{ "another's by both names", "acme", "beta/blue", "v2" },
	{ "one that is shared with it", "acme", "red", "v4" },
	{ "shared, among others", "delta", "blue", "v2" },
	{ "not shared with it", "acme", "gamma/blue",
	  "!no network gamma/blue that project acme may use: there are *" },
	{ "for all", "acme", "lan", "v5" },
	{ "for others", "acme", "office",
	  "!no network office that project acme may use: there are blue, blue, red, lan, printers, printers" },
	{ "for it", "beta", "office", "v6" },
	{ "two of that name", "acme", "printers",
	  "!network printers is one of the cloud and one of beta: say which, as beta/printers" },
	{ "said which", "acme", "beta/printers", "v8" },
	{ "a vnet without a token, by its id", "acme", "raw", "raw" },
	{ "which is no network's name", "gamma", "blue", "v3" },
	{ "a damaged one is none", "acme", "bad", "!no network bad that project acme may use*" },
	{ "nor is one of another cluster, nor its vnet", "acme", "far", "!no network far *" },
	{ "none at all", "nobody", "x",
	  "!no network x that project nobody may use: there are lan, printers, printers" },
};

static void find(const struct sdn *s, const struct row *row)
{
	struct pxc_err err = { .kind = PXC_OK };
	const struct sdn_vnet *v = NULL;

	if (sdn_network_find(s, row->project, row->name, &v, &err) < 0) {
		if (*row->found != '!' || !plan_fits(row->found + 1, err.msg))
			fail_msg("%s: %s", row->what, err.msg);
		return;
	}
	if (!str_eq(v->id, row->found))
		fail_msg("%s: found %s", row->what, v->id);
}

static void each_name_means_one_network_or_is_refused(void **state)
{
	struct network_test_world w;

	(void)state;
	network_test_world_create(&w, world);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		find(&w.sdn, &rows[i]);
	network_test_world_release(&w);
}

static void where_there_is_none_it_is_said(void **state)
{
	const struct row row = {
		"none", "acme", "x",
		"!no network x that project acme may use: there are none yet (pxc_sdn makes networks)"
	};
	struct network_test_world w;

	(void)state;
	network_test_world_create(&w, "{}");
	find(&w.sdn, &row);
	network_test_world_release(&w);
}

static void vnets_are_found_by_id(void **state)
{
	static const char *const ids[] = { "bad", "blue", "far", "raw", "v1", "v5", "v8" };
	static const char *const none[] = { "", "a", "blu", "v", "v9", "zz" };
	struct network_test_world w;

	(void)state;
	network_test_world_create(&w, world);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_string_equal(sdn_vnet(&w.sdn, ids[i])->id, ids[i]);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_null(sdn_vnet(&w.sdn, none[i]));
	network_test_world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_means_one_network_or_is_refused),
		cmocka_unit_test(where_there_is_none_it_is_said),
		cmocka_unit_test(vnets_are_found_by_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
