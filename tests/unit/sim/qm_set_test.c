/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#define GUEST "/nodes/pve1/qemu/100"

static struct sim *with_guest(const char *options)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	auto_free char *form = pxc_printf("vmid=100&%s", options);

	expect(sim, "POST", "/nodes/pve1/qemu", form, 200, NULL);
	return sim;
}

static json_t *config_of(struct sim *sim, const char *query)
{
	auto_free char *path = pxc_printf(GUEST "/config%s", query);
	struct answer answer auto_answer = ask(sim, "GET", path, NULL);

	assert_int_equal(answer.reply.status, 200);
	return json_incref(data_of(&answer));
}

static void expect_text(struct sim *sim, const char *key, const char *text)
{
	json_auto_t *config = config_of(sim, "");

	assert_string_equal(text_of(config, key), text);
}

static void values_are_stored_as_pve_echoes_them(void **state)
{
	static const struct {
		const char *form, *key, *echo;
	} rows[] = {
		{ "tags=Web;prod,+b-tag+web", "tags", "b-tag;prod;web" },
		{ "tags=", "tags", " " },
		{ "description=+a%0A%0A", "description", " a" },
		{ "description=%C3%A4%0D%0A100%25", "description", "\xc3\xa4\r\n100%" },
		{ "net0=model=e1000,macaddr=aa:bb:cc:00:11:22,bridge=vmbr0,tag=5,firewall=1",
		  "net0", "e1000=aa:bb:cc:00:11:22,bridge=vmbr0,firewall=1,tag=5" },
		{ "cipassword=secret", "cipassword", "**********" },
		{ "memory=2048", "memory", "2048" },
		{ "name=a.b", "name", "a.b" },
	};
	struct sim *sim = with_guest("name=x");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		expect(sim, "PUT", GUEST "/config", rows[i].form, 200, NULL);
		expect_text(sim, rows[i].key, rows[i].echo);
	}
	expect(sim, "PUT", "/cluster/options", "tag-style=ordering=config", 200, NULL);
	expect(sim, "PUT", GUEST "/config", "tags=z;a", 200, NULL);
	expect_text(sim, "tags", "z;a");
	sim_free(sim);
}

static void nonsense_is_refused_before_anything_is_written(void **state)
{
	static const struct {
		const char *form;
		int status;
		const char *reason;
	} rows[] = {
		{ "", 500, "no options specified" },
		{ "onboot=true", 400, NULL },
		{ "net0=bridge=vmbr0", 400, NULL },
		{ "tags=a/b", 400, NULL },
		{ "memory=8", 400, NULL },
		{ "delete=foo", 400, NULL },
		{ "cores=2&delete=cores", 400, NULL },
		{ "cores=2&scsi0=nosuch:1", 500, "storage 'nosuch' does not exist" },
		{ "memory=512&balloon=1024", 500,
		  "balloon value too large (must be smaller than assigned memory)" },
		{ "args=-x", 500, "only root can set 'args' config" },
		{ "cores=2&skiplock=1", 400, NULL },
		{ "cores=2&digest=00", 500, "checksum mismatch (file change by other user?)" },
	};
	struct sim *sim = with_guest("name=x");
	json_auto_t *before = config_of(sim, ""), *after = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(sim, "PUT", GUEST "/config", rows[i].form, rows[i].status, rows[i].reason);
	after = config_of(sim, "");
	assert_true(json_equal(before, after));
	sim_free(sim);
}

static void the_digest_follows_the_configuration(void **state)
{
	struct sim *sim = with_guest("name=x");
	json_auto_t *before = config_of(sim, ""), *after = NULL;
	auto_free char *form = pxc_printf("cores=2&digest=%s", text_of(before, "digest"));

	(void)state;
	expect(sim, "PUT", GUEST "/config", form, 200, NULL);
	after = config_of(sim, "");
	assert_string_not_equal(text_of(before, "digest"), text_of(after, "digest"));
	expect(sim, "PUT", GUEST "/config", form, 500,
	       "checksum mismatch (file change by other user?)");
	sim_free(sim);
}

static void a_running_guest_takes_over_what_it_can_and_the_rest_waits(void **state)
{
	struct sim *sim = with_guest("memory=256&cores=1&agent=1");
	json_auto_t *merged = NULL, *current = NULL, *stopped = NULL;

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	expect(sim, "PUT", GUEST "/config", "cores=2&name=live&delete=agent", 200, NULL);
	merged = config_of(sim, "");
	current = config_of(sim, "?current=1");
	assert_int_equal(json_integer_value(json_object_get(merged, "cores")), 2);
	assert_int_equal(json_integer_value(json_object_get(current, "cores")), 1);
	assert_string_equal(text_of(current, "name"), "live");
	assert_null(json_object_get(merged, "agent"));
	assert_string_equal(text_of(current, "agent"), "1");
	expect(sim, "PUT", GUEST "/config", "revert=agent", 200, NULL);
	expect(sim, "POST", GUEST "/status/stop", NULL, 200, NULL);
	stopped = config_of(sim, "?current=1");
	assert_int_equal(json_integer_value(json_object_get(stopped, "cores")), 2);
	assert_string_equal(text_of(stopped, "agent"), "1");
	sim_free(sim);
}

static void a_detached_disk_is_unused_until_it_is_attached_or_deleted(void **state)
{
	struct sim *sim = with_guest("scsi0=data:1&scsi1=data:1");

	(void)state;
	expect_text(sim, "boot", "order=scsi0");
	expect(sim, "PUT", GUEST "/config", "delete=scsi0", 200, NULL);
	expect_text(sim, "unused0", "data:100/vm-100-disk-0.raw");
	expect_text(sim, "boot", " ");
	expect(sim, "PUT", GUEST "/config", "virtio1=data:100/vm-100-disk-0.raw,cache=none", 200,
	       NULL);
	expect_text(sim, "unused0", "");
	expect_text(sim, "virtio1", "data:100/vm-100-disk-0.raw,cache=none,size=1G");
	expect(sim, "PUT", GUEST "/config", "delete=scsi1", 200, NULL);
	expect(sim, "PUT", GUEST "/config", "delete=unused0", 200, NULL);
	assert_int_equal(sim->volumes.count, 1);
	sim_free(sim);
}

static void a_locked_guest_is_left_alone(void **state)
{
	struct sim *sim = with_guest("name=x");

	(void)state;
	sim_guest_set_lock(sim_guest_find(sim, 100), "backup");
	expect(sim, "PUT", GUEST "/config", "cores=2", 500, "VM is locked (backup)");
	expect(sim, "POST", GUEST "/config", "cores=2", 500, "VM is locked (backup)");
	expect(sim, "POST", GUEST "/clone", "newid=101", 500, "VM is locked (backup)");
	sim_free(sim);
}

static void each_option_needs_its_privilege(void **state)
{
	struct sim *sim = with_guest("name=x");
	auto_free char *header = NULL;

	(void)state;
	expect(sim, "POST", "/access/roles",
	       "roleid=Cfg&privs=VM.Audit,VM.Config.Options,VM.Config.CPU", 200, NULL);
	expect(sim, "POST", "/access/users", "userid=lim@pve", 200, NULL);
	expect(sim, "PUT", "/access/acl", "path=/vms/100&roles=Cfg&users=lim@pve", 200, NULL);
	{
		struct answer token auto_answer =
			ask(sim, "POST", "/access/users/lim@pve/token/tt", "privsep=0");

		header = pxc_printf("Authorization: PVEAPIToken=lim@pve!tt=%s",
				    text_of(data_of(&token), "value"));
	}
	for (unsigned i = 0; i < 3; i++) {
		static const char *const forms[] = { "cores=2&tags=a", "memory=256",
						     "scsi0=data:1" };
		static const char *const reasons[] = {
			"OK", "Permission check failed (/vms/100, VM.Config.Memory)",
			"Permission check failed (/storage/data, Datastore.AllocateSpace)"
		};
		struct answer answer auto_answer =
			ask_as(sim, header, "PUT", GUEST "/config", forms[i]);

		assert_string_equal(answer.reply.reason, reasons[i]);
	}
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_stored_as_pve_echoes_them),
		cmocka_unit_test(nonsense_is_refused_before_anything_is_written),
		cmocka_unit_test(the_digest_follows_the_configuration),
		cmocka_unit_test(a_running_guest_takes_over_what_it_can_and_the_rest_waits),
		cmocka_unit_test(a_detached_disk_is_unused_until_it_is_attached_or_deleted),
		cmocka_unit_test(a_locked_guest_is_left_alone),
		cmocka_unit_test(each_option_needs_its_privilege),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
