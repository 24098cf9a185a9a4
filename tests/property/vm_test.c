/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random tasks against a random world: what succeeds has converged, what is refused has changed nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lib/task.h"

static uint64_t state64;

static unsigned chance(unsigned below)
{
	state64 = state64 * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state64 >> 33) % below;
}

#define PICK(...) pick((const char *const[]){ __VA_ARGS__, NULL })

static const char *pick(const char *const *words)
{
	unsigned n = 0;

	while (words[n])
		n++;
	return words[chance(n)];
}

/* An option of a VM, or nothing. Values may well be wrong, or clash with what is there. */
static void add_option(struct pxc_buf *out, unsigned which)
{
	static const char *const options[] = {
		"\"cores\":%s",
		"\"memory\":\"%s\"",
		"\"disk_size\":\"%s\"",
		"\"power\":\"%s\"",
		"\"tags\":[\"%s\"]",
		"\"description\":\"%s\"",
		"\"metadata\":{\"k\":\"%s\"}",
		"\"networks\":[{\"tag\":%s}]",
		"\"protected\":%s",
		"\"allow_restart\":%s",
		"\"disks\":[{\"size\":\"%s\"}]",
		"\"node\":\"%s\"",
		"\"flavor\":\"%s\"",
		"\"cloud_init\":{\"user\":\"%s\"}",
		"\"networks\":[{},{\"bridge\":\"%s\"}]",
		"\"onboot\":%s",
	};
	const char *value = NULL;
	char *text, *at;

	switch (which) {
	case 0:
		value = PICK("1", "2", "4");
		break;
	case 1:
		value = PICK("512", "1G", "1024M", "2048");
		break;
	case 2:
	case 10:
		value = PICK("1", "2G", "4", "3072M");
		break;
	case 3:
		value = PICK("running", "stopped", "paused", "restarted");
		break;
	case 4:
		value = PICK("a", "B", "prod");
		break;
	case 5:
		value = PICK("", "text", "# T\\nline: 100%", "ä");
		break;
	case 6:
		value = PICK("1", "a b", "--");
		break;
	case 7:
		value = PICK("0", "5", "20");
		break;
	case 11:
		value = PICK("pve1", "pve2", "auto");
		break;
	case 12:
		value = PICK("small", "big", "nosuch");
		break;
	case 13:
		value = PICK("ops", "root");
		break;
	case 14:
		value = PICK("vmbr0", "vmbr1");
		break;
	default:
		value = PICK("true", "false");
	}
	text = pxc_strdup(options[which]);
	at = strstr(text, "%s");
	*at = '\0';
	buf_printf(out, ",%s%s%s", text, value, at + 2);
	free(text);
}

static char *random_task(void)
{
	struct pxc_buf out = { .data = NULL };
	unsigned n = 1 + chance(3);

	buf_adds(&out, "{\"project\":\"acme\",\"shutdown_timeout\":30,\"force_stop\":true");
	if (chance(5) == 0)
		buf_adds(&out, ",\"state\":\"absent\"");
	if (chance(4) == 0)
		buf_adds(&out, ",\"template\":{\"vmid\":9000}");
	else if (chance(5) == 0)
		buf_adds(&out, ",\"image\":{\"volume\":\"shared:import/img.qcow2\"}");
	if (chance(3))
		buf_printf(&out, ",\"cores\":1,\"memory\":\"512\"");
	buf_adds(&out, ",\"vms\":[");
	for (unsigned i = 0; i < n; i++) {
		bool used[16] = { false };

		buf_printf(&out, "%s{\"name\":\"v%u\"", i ? "," : "", i * 2 + chance(2));
		for (unsigned k = chance(4); k > 0; k--) {
			unsigned which = chance(16);

			/* Options that make the same JSON key exclude each other. */
			if (used[which] || (which == 14 && used[7]) || (which == 7 && used[14]))
				continue;
			used[which] = true;
			add_option(&out, which);
		}
		buf_addc(&out, '}');
	}
	buf_adds(&out, "]}");
	return buf_take(&out);
}

static unsigned runs(unsigned usual)
{
	const char *text = getenv("PXC_PROPERTY_RUNS");

	return text ? (unsigned)strtoul(text, NULL, 10) : usual;
}

static void what_succeeds_has_converged(void **state)
{
	unsigned good = 0, refused = 0;

	(void)state;
	for (unsigned seed = 0; seed < runs(40); seed++) {
		auto_lab struct lab lab;

		state64 = seed + 7;
		lab_create(&lab, seed);
		lab_prepare(&lab);
		for (unsigned step = 0; step < 12; step++) {
			auto_free char *task = random_task(), *writes = NULL;
			bool restarts = strstr(task, "restarted") != NULL;

			if (lab_task(&lab, "pxc_vm", task) < 0) {
				/* A refusal comes before anything is written; a failure of PVE's may come later. */
				writes = lab_writes(&lab);
				if (lab.err.kind != PXC_EINVAL && lab.err.kind != PXC_EREMOTE)
					fail_msg("seed %u: %s: %s", seed, task, lab.err.msg);
				if (lab.err.kind == PXC_EINVAL && strstr(writes, "/qemu"))
					fail_msg("seed %u: refused after writing: %s: %s\n%s", seed,
						 task, lab.err.msg, writes);
				if (strstr(lab.err.msg, "did not converge"))
					fail_msg("seed %u: %s: %s", seed, task, lab.err.msg);
				refused++;
				continue;
			}
			good++;
			if (restarts)
				continue;
			if (lab_task(&lab, "pxc_vm", task) < 0)
				fail_msg("seed %u: the same again fails: %s: %s", seed, task,
					 lab.err.msg);
			writes = lab_writes(&lab);
			if (*writes || json_is_true(json_object_get(lab.result, "changed")))
				fail_msg("seed %u: the same again changes: %s\n%s", seed, task,
					 writes);
		}
	}
	print_message("%u tasks converged, %u were refused\n", good, refused);
	assert_true(good > refused / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_succeeds_has_converged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
