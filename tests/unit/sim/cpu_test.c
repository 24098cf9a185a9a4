/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

#include "sim/cpu.h"

/* pve1 as it comes, pve2 an old one, pve3 with AVX-512. */
static const char world[] =
	"{\"nodes\": {\"pve2\": {\"cores\": 8, \"cpu\": {\"model\": \"Xeon X5670\", \"vendor\": \"GenuineIntel\","
	"  \"sockets\": 2, \"flags\": \"cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3 pni aes pclmulqdq\"}},"
	" \"pve3\": {\"cpu\": {\"flags\": \"cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3 pni aes abm avx avx2 bmi1 bmi2 "
	"f16c fma movbe xsave avx512f avx512bw avx512cd avx512dq avx512vl pcid\"}}},"
	" \"guests\": [{\"vmid\": 100, \"config\": {}}]}";

static void types_start_where_their_flags_are(void **state)
{
	static const struct {
		const char *cpu;
		bool fits[3];
	} cases[] = {
		{ NULL, { true, true, true } },
		{ "host", { true, true, true } },
		{ "kvm64", { true, true, true } },
		{ "custom-mine", { true, true, true } },
		{ "x86-64-v2-AES", { true, true, true } },
		{ "x86-64-v3", { true, false, true } },
		{ "x86-64-v4", { false, false, true } },
		{ "Westmere", { true, true, false } },
		{ "Haswell-noTSX", { true, false, false } },
		{ "EPYC-Milan-v2", { true, false, false } },
		{ "EPYC-Genoa", { false, false, false } },
		{ "cputype=kvm64,flags=+pcid;-aes", { true, false, true } },
	};
	struct sim *sim = cluster(3, 0, world, NULL);
	struct sim_guest *g = sim_guest_find(sim, 100);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].cpu)
			(void)json_object_set_new(g->config, "cpu", json_string(cases[i].cpu));
		for (size_t n = 0; n < 3; n++)
			if (sim_cpu_fits(g, &sim->nodes[n]) != cases[i].fits[n])
				fail_msg("%s on pve%zu", cases[i].cpu, n + 1);
	}
	/* emulated, it starts everywhere */
	(void)json_object_set_new(g->config, "cpu", json_string("EPYC-Genoa"));
	(void)json_object_set_new(g->config, "kvm", json_integer(0));
	assert_true(sim_cpu_fits(g, &sim->nodes[1]));
	sim_free(sim);
}

static void a_guest_does_not_start_without_them(void **state)
{
	struct sim *sim = cluster(3, 0, world, NULL);

	(void)state;
	expect(sim, "PUT", GUEST "/config", "cpu=x86-64-v4", 200, NULL);
	expect_task(sim, "POST", GUEST "/status/start", NULL,
		    "start failed: QEMU exited with code 1");
	sim_free(sim);
}

static void nodes_tell_what_they_have(void **state)
{
	struct sim *sim = cluster(3, 0, world, NULL);
	json_auto_t *status = get(sim, "/nodes/pve2/status"),
		    *models = get(sim, "/nodes/pve2/capabilities/qemu/cpu");
	const json_t *info = json_object_get(status, "cpuinfo");

	(void)state;
	assert_string_equal(text_of(info, "model"), "Xeon X5670");
	assert_int_equal(qm_int(info, "sockets", 0), 2);
	assert_int_equal(qm_int(info, "cpus", 0), 8);
	assert_int_equal(qm_int(info, "cores", 0), 4);
	assert_true(json_array_size(models) > 30);
	sim_free(sim);
}

static void a_world_with_other_keys_is_refused(void **state)
{
	struct sim_options options = {
		.nodes = 1, .world = "{\"nodes\": {\"pve1\": {\"cpu\": {\"colour\": \"red\"}}}}"
	};
	struct pxc_err err = { 0 };
	struct sim *sim = NULL;

	(void)state;
	assert_int_equal(sim_create(&options, &sim, &err), -1);
	assert_non_null(strstr(err.msg, "not colour"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_start_where_their_flags_are),
		cmocka_unit_test(a_guest_does_not_start_without_them),
		cmocka_unit_test(nodes_tell_what_they_have),
		cmocka_unit_test(a_world_with_other_keys_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
