/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cpu.c - processor models by what they have more than the one before.
 *
 * A short form of QEMU's table: of each model the flags by which it differs from its predecessor in ways that decide
 * whether it starts on a host. Names of flags are those of /proc/cpuinfo.
 */
#include "sim/cpu.h"

#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

#define AMD "AuthenticAMD"
#define INTEL "GenuineIntel"
#define V2 "cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3 pni"
#define AVX512 "avx512f avx512bw avx512cd avx512dq avx512vl"

static const struct model {
	const char *name, *vendor, *base, *flags;
	bool abstract;
} models[] = {
	{ "486", INTEL, NULL, "", false },
	{ "athlon", AMD, NULL, "", false },
	{ "core2duo", INTEL, NULL, "ssse3", false },
	{ "coreduo", INTEL, NULL, "pni", false },
	{ "host", "default", NULL, "", false },
	{ "kvm32", "default", NULL, "", false },
	{ "kvm64", "default", NULL, "", false },
	{ "max", "default", NULL, "", false },
	{ "pentium", INTEL, NULL, "", false },
	{ "pentium2", INTEL, NULL, "", false },
	{ "pentium3", INTEL, NULL, "", false },
	{ "phenom", AMD, NULL, "cx16 sse4a", false },
	{ "qemu32", "default", NULL, "", false },
	{ "qemu64", "default", NULL, "", false },
	{ "x86-64-v2", "default", NULL, V2, true },
	{ "x86-64-v2-AES", "default", "x86-64-v2", "aes", true },
	{ "x86-64-v3", "default", "x86-64-v2-AES", "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave",
	  true },
	{ "x86-64-v4", "default", "x86-64-v3", AVX512, true },
	{ "Conroe", INTEL, NULL, "ssse3 lahf_lm", false },
	{ "Penryn", INTEL, "Conroe", "cx16 sse4_1", false },
	{ "Nehalem", INTEL, "Penryn", "sse4_2 popcnt", false },
	{ "Westmere", INTEL, "Nehalem", "aes pclmulqdq", false },
	{ "SandyBridge", INTEL, "Westmere", "avx xsave x2apic tsc_deadline_timer", false },
	{ "IvyBridge", INTEL, "SandyBridge", "f16c rdrand fsgsbase smep erms", false },
	{ "Haswell", INTEL, "IvyBridge", "avx2 bmi1 bmi2 fma movbe invpcid pcid", false },
	{ "Broadwell", INTEL, "Haswell", "adx rdseed smap 3dnowprefetch", false },
	{ "Skylake-Client", INTEL, "Broadwell", "xsavec xgetbv1 arat", false },
	{ "Skylake-Server", INTEL, "Skylake-Client", AVX512 " clwb pdpe1gb", false },
	{ "Cascadelake-Server", INTEL, "Skylake-Server", "avx512_vnni", false },
	{ "Cooperlake", INTEL, "Cascadelake-Server", "avx512_bf16", false },
	{ "Icelake-Server", INTEL, "Cascadelake-Server",
	  "avx512vbmi avx512_vbmi2 gfni vaes vpclmulqdq avx512_bitalg avx512_vpopcntdq umip",
	  false },
	{ "SapphireRapids", INTEL, "Icelake-Server", "avx512_bf16 avx512_fp16 amx_tile", false },
	{ "Opteron_G1", AMD, NULL, "", false },
	{ "Opteron_G2", AMD, NULL, "cx16", false },
	{ "Opteron_G3", AMD, "Opteron_G2", "sse4a popcnt abm", false },
	{ "Opteron_G4", AMD, "Opteron_G3", "aes avx xsave fma4 xop", false },
	{ "Opteron_G5", AMD, "Opteron_G4", "f16c fma tbm", false },
	{ "EPYC", AMD, NULL,
	  V2 " aes avx avx2 bmi1 bmi2 f16c fma movbe xsave abm sse4a adx rdseed smap smep sha_ni "
	     "clflushopt fsgsbase xsavec xgetbv1",
	  false },
	{ "EPYC-Rome", AMD, "EPYC", "clwb rdpid umip", false },
	{ "EPYC-Milan", AMD, "EPYC-Rome", "pcid invpcid erms vaes vpclmulqdq", false },
	{ "EPYC-Genoa", AMD, "EPYC-Milan",
	  AVX512 " avx512vbmi avx512_vbmi2 avx512_vnni avx512_bf16 gfni", false },
};

json_t *sim_cpu_default(void)
{
	return json_pack(
		"{s:s,s:s,s:s,s:s,s:s,s:i}", "model", "AMD EPYC (simulated)", "vendor", AMD,
		"family", "25", "mhz", "2400.000", "flags",
		"fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx "
		"fxsr sse sse2 ht syscall nx mmxext fxsr_opt pdpe1gb rdtscp lm pni pclmulqdq ssse3 fma "
		"cx16 pcid sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave avx f16c rdrand "
		"hypervisor lahf_lm abm sse4a misalignsse 3dnowprefetch osvw fsgsbase bmi1 avx2 smep bmi2 "
		"erms invpcid rdseed adx smap clflushopt clwb sha_ni xsaveopt xsavec xgetbv1 clzero arat "
		"umip vaes vpclmulqdq rdpid",
		"sockets", 1);
}

int sim_cpu_read(struct sim_node *node, const json_t *spec, struct pxc_err *err)
{
	const char *key;
	json_t *value;

	if (spec && !json_is_object(spec))
		return pxc_fail(err, PXC_EINVAL, "world: node %s: cpu has to be an object",
				node->name);
	json_object_foreach ((json_t *)(uintptr_t)spec, key, value) {
		const json_t *now = json_object_get(node->cpu, key);

		if (!now || json_typeof(now) != json_typeof(value))
			return pxc_fail(
				err, PXC_EINVAL,
				"world: node %s: cpu has model, vendor, family, mhz and flags "
				"(texts) and sockets (a number), not %s",
				node->name, key);
		(void)json_object_set(node->cpu, key, value);
	}
	return 0;
}

json_t *sim_cpu_info(const struct sim_node *node)
{
	json_t *info = json_copy(node->cpu);
	int64_t sockets = qm_int(node->cpu, "sockets", 1);

	(void)json_object_update_new(
		info, json_pack("{s:i,s:i,s:s,s:i}", "cpus", (int)node->cores, "cores",
				(int)(node->cores / (sockets > 0 ? (unsigned)sockets : 1)), "hvm",
				"1", "user_hz", 100));
	return info;
}

/* "Haswell-noTSX-IBRS" is a Haswell, "EPYC-Rome-v2" an EPYC-Rome. */
static const struct model *find(const char *name)
{
	const struct model *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		size_t n = strlen(models[i].name);

		if (!strncmp(models[i].name, name, n) && (!name[n] || name[n] == '-') &&
		    (!best || n > strlen(best->name)))
			best = &models[i];
	}
	return best;
}

/* Has the node all of these blank-separated flags? */
static bool has_all(const struct sim_node *node, const char *flags)
{
	const char *have = qm_text(node->cpu, "flags", "");

	while (*flags) {
		size_t n = strcspn(flags, " ");
		auto_free char *one = pxc_strndup(flags, n);

		if (*one && !qm_listed(have, one))
			return false;
		flags += n + strspn(flags + n, " ");
	}
	return true;
}

/* "+aes;-pcid": what is switched on has to be there. Names that only PVE and QEMU know are not looked at. */
static bool has_extra(const struct sim_node *node, const char *extra)
{
	static const char *const known[] = { "aes", "pcid", "pdpe1gb" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		char on[16];

		(void)snprintf(on, sizeof(on), "+%s", known[i]);
		if (strstr(extra, on) && !has_all(node, known[i]))
			return false;
	}
	return true;
}

bool sim_cpu_fits(const struct sim_guest *guest, const struct sim_node *node)
{
	json_auto_t *opts = prop_parse(qm_text(guest->config, "cpu", ""), "cputype");

	if (!qm_int(guest->config, "kvm", 1))
		return true;
	for (const struct model *m = find(qm_text(opts, "cputype", "kvm64")); m;
	     m = m->base ? find(m->base) : NULL)
		if (!has_all(node, m->flags))
			return false;
	return has_extra(node, qm_text(opts, "flags", ""));
}

json_t *sim_cpu_models(void)
{
	json_t *all = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		json_t *one = json_pack("{s:s,s:s,s:i}", "name", models[i].name, "vendor",
					models[i].vendor, "custom", 0);

		if (models[i].abstract)
			(void)json_object_set_new(one, "abstract", json_integer(1));
		(void)json_array_append_new(all, one);
	}
	return all;
}
