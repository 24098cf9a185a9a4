/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void families_have_as_many_members_as_pve_gives_them(void **state)
{
	static const char *const known[] = { "name",      "net0",       "net31",    "scsi30",
					     "virtio15",  "sata5",      "ide3",     "efidisk0",
					     "tpmstate0", "ipconfig31", "unused255" },
				 *const unknown[] = { "net",   "net32", "scsi31",   "virtio16",
						      "sata6", "ide4",  "efidisk1", "net0x",
						      "names", "",      "scsi-1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!qm_option(known[i]))
			fail_msg("%s is not known", known[i]);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		if (qm_option(unknown[i]))
			fail_msg("%s is known", unknown[i]);
}

static void drives_are_told_from_other_numbered_options(void **state)
{
	(void)state;
	assert_true(qm_is_drive("scsi12"));
	assert_true(qm_is_drive("tpmstate0"));
	assert_false(qm_is_drive("scsihw"));
	assert_false(qm_is_drive("unused0"));
	assert_true(qm_is_unused("unused0"));
	assert_false(qm_is_drive("net0"));
}

static void hotplug_decides_what_a_running_guest_takes_over(void **state)
{
	static const struct {
		const char *hotplug, *name;
		bool live;
	} rows[] = {
		{ NULL, "description", true },
		{ NULL, "tags", true },
		{ NULL, "name", true },
		{ NULL, "net1", true },
		{ NULL, "scsi1", true },
		{ NULL, "sata0", false },
		{ NULL, "cores", false },
		{ NULL, "memory", false },
		{ NULL, "agent", false },
		{ NULL, "ipconfig0", true },
		{ "0", "net1", false },
		{ "0", "scsi1", false },
		{ "disk", "net1", false },
		{ "disk", "virtio1", true },
		{ "1", "net1", true },
		{ "network,disk,memory", "memory", true },
		{ "network,disk", "cpu", false },
	};
	struct sim *sim = with_guest(1, 0, "name=x");
	struct sim_guest *g = sim_guest_find(sim, 100);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		(void)json_object_del(g->config, "hotplug");
		if (rows[i].hotplug)
			(void)json_object_set_new(g->config, "hotplug",
						  json_string(rows[i].hotplug));
		if (qm_live(g, rows[i].name) != rows[i].live)
			fail_msg("%s with hotplug %s", rows[i].name,
				 rows[i].hotplug ? rows[i].hotplug : "as usual");
	}
	sim_free(sim);
}

static void numbers_keep_to_their_ranges(void **state)
{
	struct sim *sim = with_guest(1, 0, "name=x");

	(void)state;
	expect(sim, "PUT", GUEST "/config", "cores=0", 400, NULL);
	expect(sim, "PUT", GUEST "/config", "cores=x", 400, NULL);
	expect(sim, "PUT", GUEST "/config", "shares=50001", 400, NULL);
	expect(sim, "PUT", GUEST "/config", "bios=uefi", 400, NULL);
	expect(sim, "PUT", GUEST "/config", "ostype=linux", 400, NULL);
	expect(sim, "PUT", GUEST "/config", "cores=1&shares=50000&bios=ovmf&ostype=l26", 200, NULL);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_have_as_many_members_as_pve_gives_them),
		cmocka_unit_test(drives_are_told_from_other_numbered_options),
		cmocka_unit_test(hotplug_decides_what_a_running_guest_takes_over),
		cmocka_unit_test(numbers_keep_to_their_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
