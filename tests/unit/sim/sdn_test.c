/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

static void digest(struct sim *sim, char out[41])
{
	sdn_digest(sim, SDN_VNET, out);
}

static void the_digest_is_that_of_the_content(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	char empty[41], one[41], two[41], again[41];

	(void)state;
	digest(sim, empty);
	assert_string_equal(empty, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	write_ok(sim, "POST", ZONES, "zone=zz&type=simple");
	write_ok(sim, "POST", VNETS, "vnet=one&zone=zz");
	digest(sim, one);
	write_ok(sim, "POST", VNETS, "vnet=two&zone=zz&alias=x");
	digest(sim, two);
	assert_string_not_equal(one, two);
	write_ok(sim, "DELETE", VNETS "/two", NULL);
	digest(sim, again);
	assert_string_equal(again, one);
	write_ok(sim, "DELETE", VNETS "/one", NULL);
	digest(sim, again);
	assert_string_equal(again, empty);
	sim_free(sim);
}

static void a_rollback_brings_back_content_and_digest(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	char before[41], after[41];

	(void)state;
	blue(sim);
	apply(sim);
	assert_false(sdn_pending(sim));
	digest(sim, before);
	write_ok(sim, "PUT", VNETS "/blue", "alias=Other");
	write_ok(sim, "POST", VNETS, "vnet=red&zone=tenants");
	assert_true(sdn_pending(sim));
	sdn_rollback(sim);
	digest(sim, after);
	assert_string_equal(before, after);
	assert_false(sdn_pending(sim));
	shows(sim, VNETS, "/0/alias", "\"Blue\"");
	shows(sim, VNETS, "/1", "nothing");
	sim_free(sim);
}

static void an_alias_outside_of_ascii_is_gone_after_the_next_write(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	write_ok(sim, "POST", ZONES, "zone=zz&type=simple");
	write_ok(sim, "POST", VNETS, "vnet=one&zone=zz&alias=B%C3%BCro");
	shows(sim, VNETS "/one", "/alias", "\"B\xc3\xbcro\"");
	write_ok(sim, "POST", VNETS, "vnet=two&zone=zz");
	shows(sim, VNETS "/one", "/alias", "nothing");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_digest_is_that_of_the_content),
		cmocka_unit_test(a_rollback_brings_back_content_and_digest),
		cmocka_unit_test(an_alias_outside_of_ascii_is_gone_after_the_next_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
