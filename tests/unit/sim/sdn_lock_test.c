/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

#define WRONG "invalid lock token provided! at /usr/share/perl5/PVE/Network/SDN.pm line 291.\n"

/* The token of a new lock; caller frees. */
static char *take(struct sim *sim, const char *body)
{
	struct answer answer auto_answer = ask(sim, "POST", LOCK, body);

	assert_int_equal(answer.reply.status, 200);
	return pxc_strdup(json_string_value(data_of(&answer)));
}

static void with_a_lock_every_write_needs_its_token(void **state)
{
	static const struct {
		const char *method, *path, *body, *what;
	} writes[] = {
		{ "POST", ZONES, "zone=z2&type=simple", "create sdn zone object failed" },
		{ "PUT", ZONES "/tenants", "mtu=1400", "update sdn zone object failed" },
		{ "POST", VNETS, "vnet=red&zone=tenants", "create sdn vnet object failed" },
		{ "PUT", VNETS "/blue", "alias=x", "update sdn vnet object failed" },
		{ "PUT", SUBNETS "/tenants-10.20.0.0-24", "snat=1",
		  "update sdn subnet object failed" },
		{ "POST", "/cluster/sdn/dns", "dns=dd&type=powerdns&url=u&key=k",
		  "create sdn dns object failed" },
		{ "PUT", "/cluster/sdn", "", "could not commit SDN config" },
		{ "POST", "/cluster/sdn/rollback", "", "could not rollback SDN configuration" },
		{ "POST", LOCK, "", "could not acquire lock for SDN config" },
	};
	struct sim *sim = cluster(1, 1, NULL, NULL);
	auto_free char *token = NULL;

	(void)state;
	blue(sim);
	token = take(sim, "allow-pending=1");
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		auto_free char *message = pxc_printf("%s: " WRONG, writes[i].what),
			       *stale = pxc_printf("%s&lock-token=stale", writes[i].body),
			       *good = pxc_printf("%s&lock-token=%s", writes[i].body, token);

		refuses(sim, writes[i].method, writes[i].path, writes[i].body, message);
		if (!strcmp(writes[i].path, LOCK))
			continue;
		refuses(sim, writes[i].method, writes[i].path, stale, message);
		write_ok(sim, writes[i].method, writes[i].path, good);
	}
	sim_free(sim);
}

static void a_lock_is_refused_while_changes_wait(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	auto_free char *token = NULL;

	(void)state;
	write_ok(sim, "POST", ZONES, "zone=zz&type=simple");
	refuses(sim, "POST", LOCK, NULL,
		"could not acquire lock for SDN config: configuration has pending changes at "
		"/usr/share/perl5/PVE/API2/Network/SDN.pm line 150.\n");
	apply(sim);
	token = take(sim, NULL);
	assert_int_equal(strlen(token), 36);
	refuses(sim, "DELETE", LOCK "?lock-token=other", NULL, "could not release lock: " WRONG);
	refuses(sim, "DELETE", LOCK, NULL, "could not release lock: " WRONG);
	write_ok(sim, "DELETE", LOCK "?force=1", NULL);
	write_ok(sim, "DELETE", LOCK, NULL); /* nobody holds it */
	sim_free(sim);
}

static void the_lock_goes_with_an_apply_only_when_asked(void **state)
{
	static const char *const calls[][2] = { { "PUT", "/cluster/sdn" },
						{ "POST", "/cluster/sdn/rollback" } };
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		auto_free char *token = take(sim, NULL), *keep = pxc_printf("lock-token=%s", token),
			       *drop = pxc_printf("lock-token=%s&release-lock=1", token);

		write_ok(sim, calls[i][0], calls[i][1], keep);
		assert_string_equal(sim->sdn->token, token);
		write_ok(sim, calls[i][0], calls[i][1], drop);
		assert_string_equal(sim->sdn->token, "");
	}
	sim_free(sim);
}

static void without_quorum_nothing_is_written(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	blue(sim);
	sim_event(sim, "noquorum", NULL);
	refuses(sim, "POST", VNETS, "vnet=red&zone=tenants", "cluster not ready - no quorum?\n");
	refuses(sim, "PUT", VNETS "/blue", "alias=x",
		"update sdn vnet object failed: cfs-lock 'domain-sdn' error: no quorum!\n");
	refuses(sim, "PUT", "/cluster/sdn", NULL,
		"could not commit SDN config: cfs-lock 'domain-sdn' error: no quorum!\n");
	sim_free(sim);
}

static void an_old_pve_has_no_lock(void **state)
{
	struct sim_options options = { .nodes = 1, .seed = 7, .speed = 1, .pve = 8 };
	struct pxc_err err = { 0 };
	struct sim *sim = NULL;
	char secret[37];

	(void)state;
	assert_int_equal(sim_create(&options, &sim, &err), 0);
	sim_token(sim, "t", secret);
	snprintf(admin_header, sizeof(admin_header), "Authorization: PVEAPIToken=root@pam!t=%s",
		 secret);
	shows(sim, "/version", "/release", "\"8.4\"");
	expect(sim, "POST", LOCK, NULL, 501, "Method 'POST /cluster/sdn/lock' not implemented");
	expect(sim, "POST", "/cluster/sdn/rollback", NULL, 501, NULL);
	expect(sim, "GET", "/cluster/sdn/dry-run?node=pve1", NULL, 501, NULL);
	expect(sim, "GET", "/cluster/sdn/fabrics/all", NULL, 501, NULL);
	expect(sim, "POST", ZONES, "zone=zz&type=simple&lock-token=x", 400, NULL);
	expect(sim, "PUT", "/cluster/sdn", "lock-token=x", 400, NULL);
	blue(sim);
	apply(sim);
	shows(sim, "/nodes/pve1/sdn/zones", "/0/status", "\"available\"");
	shows(sim, "/cluster/resources?type=sdn", "/1/id", "\"sdn/pve1/tenants\"");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_a_lock_every_write_needs_its_token),
		cmocka_unit_test(a_lock_is_refused_while_changes_wait),
		cmocka_unit_test(the_lock_goes_with_an_apply_only_when_asked),
		cmocka_unit_test(without_quorum_nothing_is_written),
		cmocka_unit_test(an_old_pve_has_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
