/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From what PVE says about VMs to constraints, and from moves to migrations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/plan.h"
#include "lib/rebalance.h"

#define NODES "pve1 65536/16000 base 0/0; pve2 65536/16000 base 0/0; pve3 65536/16000 base 0/0; "
#define VM(vmid, rest)                                                                             \
	"{\"vmid\":" #vmid ",\"name\":\"vm" #vmid                                                  \
	"\",\"status\":\"running\",\"used_mib\":4000,\"used_cpus\":0.5" rest "}"
/* VM 100 runs on pve1, and this is what PVE answers about it. */
#define ASKED(pre, config) ASKED_TOO("", pre, config)
#define ASKED_TOO(more, pre, config)                                                                       \
	"{" more "\"guests\":[" VM(                                                                        \
		100,                                                                                       \
		",\"config\":{\"tags\":\"pxc-ag-web\"}") "],"                                              \
							 "\"checks\":{\"100\":{\"pre\":{\"running\":1" pre \
							 "},\"config\":{\"memory\":\"4096\"" config        \
							 "}}}}"
#define CPU(m1, f1, m2, f2) "\"cpu\":{\"pve1\":[" m1 "," f1 "],\"pve2\":[" m2 "," f2 "]},"
#define V2 "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
#define V3 V2 " aes abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"
#define FREE NODES "100 pve1 4000/500; "
#define STAYS(why) NODES "100 pve1 4000/500: " why "; "
#define NOT_2 NODES "100 pve1 4000/500 on pve1 pve3; "

static const struct plan_row answers[] = {
	{ "nothing against it",
	  ASKED(",\"allowed_nodes\":[\"pve2\",\"pve3\"],\"not_allowed_nodes\":"
		"{\"pve2\":{},\"pve3\":{}},\"local_disks\":[]",
		""),
	  "{}", FREE },
	{ "a storage that a node has not",
	  ASKED(",\"not_allowed_nodes\":{\"pve2\":{\"unavailable_storages\":[\"fast\"]}}", ""),
	  "{}", NOT_2 },
	{ "a mapping that a node has not",
	  ASKED(",\"not_allowed_nodes\":{\"pve2\":{\"unavailable-resources\":[\"gpu\"]}}", ""),
	  "{}", NOT_2 },
	{ "an HA rule",
	  ASKED(",\"not_allowed_nodes\":{\"pve2\":{\"blocking-ha-resources\":[{\"sid\":\"vm:101\"}]}}",
		""),
	  "{}", NOT_2 },
	{ "something that is not known yet",
	  ASKED(",\"not_allowed_nodes\":{\"pve2\":{\"full-moon\":1}}", ""), "{}", NOT_2 },
	{ "a device of the node", ASKED(",\"local_resources\":[\"hostpci0\",\"usb1\"]", ""), "{}",
	  STAYS("it uses a device of its node (hostpci0, usb1)") },
	{ "a mapped device",
	  ASKED(",\"mapped-resource-info\":{\"hostpci0\":{\"live-migration\":0}}", ""), "{}",
	  STAYS("it uses a mapped device that cannot migrate live (hostpci0)") },
	{ "one that can",
	  ASKED(",\"mapped-resource-info\":{\"hostpci0\":{\"live-migration\":1}}", ""), "{}",
	  FREE },
	{ "a disk that no list has shown",
	  ASKED(",\"local_disks\":[{\"volid\":\"data:100/d.raw\"}]", ""), "{}",
	  STAYS("it has a disk on one node only (data:100/d.raw; see with_local_disks)") },
	{ "which may go along", ASKED(",\"local_disks\":[{\"volid\":\"data:100/d.raw\"}]", ""),
	  "{\"with_local_disks\":true}", FREE },
	{ "but not with a CD",
	  ASKED(",\"local_disks\":[{\"volid\":\"local:iso/a.iso\",\"cdrom\":1}]", ""),
	  "{\"with_local_disks\":true}",
	  STAYS("it has a CD of its node in the drive (local:iso/a.iso)") },
	{ "stopped since",
	  "{\"guests\":[" VM(100, "") "],\"checks\":{\"100\":{\"pre\":{\"running\":0},"
				      "\"config\":{}}}}",
	  "{}", STAYS("it has just been stopped") },
	{ "locked since", ASKED("", ",\"lock\":\"snapshot\""), "{}",
	  STAYS("it is locked (snapshot)") },
	{ "a bridge that a node has not",
	  ASKED_TOO(
		  "\"bridges\":{\"pve2\":[\"vmbr1\"],\"pve3\":[\"vmbr1\",\"blue\"]},", "",
		  ",\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr1\",\"net3\":\"virtio,bridge=blue\""),
	  "{}", NOT_2 },
	{ "another processor, for one that has the node's own",
	  ASKED_TOO(CPU("\"A\"", "\"\"", "\"B\"", "\"\""), "", ",\"cpu\":\"host,flags=+aes\""),
	  "{}", NOT_2 },
	{ "the same processor",
	  ASKED_TOO(CPU("\"A\"", "\"\"", "\"A\"", "\"\""), "", ",\"cpu\":\"host\""), "{}", FREE },
	{ "another one, for one that does not care",
	  ASKED_TOO(CPU("\"A\"", "\"" V3 "\"", "\"B\"", "\"" V2 "\""), "",
		    ",\"cpu\":\"x86-64-v2\""),
	  "{}", FREE },
	{ "an older one",
	  ASKED_TOO(CPU("\"A\"", "\"" V3 "\"", "\"B\"", "\"" V2 "\""), "",
		    ",\"cpu\":\"cputype=x86-64-v2-AES\""),
	  "{}", NOT_2 },
	{ "one that is not AVX2",
	  ASKED_TOO(CPU("\"A\"", "\"" V3 "\"", "\"B\"", "\"" V2 " aes\""), "",
		    ",\"cpu\":\"x86-64-v3\""),
	  "{}", NOT_2 },
	{ "one that is",
	  ASKED_TOO(CPU("\"A\"", "\"" V3 "\"", "\"B\"", "\"" V3 "\""), "",
		    ",\"cpu\":\"x86-64-v3\""),
	  "{}", FREE },
	{ "a group that its tags have", ASKED("", "},\"groups\":\"web\",\"x\":{\"y\":\"1\""), "{}",
	  FREE },
	{ "one that they have not", ASKED("", "},\"groups\":\"web,db\",\"x\":{\"y\":\"1\""), "{}",
	  STAYS("its notes and its tags differ about its affinity groups (db; run pxc_vm for it)") },
};

static void answers_become_constraints(void **state)
{
	(void)state;
	plan_rows_with(rebalance_cluster_text, answers, sizeof(answers) / sizeof(answers[0]));
}

#define OFF(node)                                                                                  \
	": look whether it is as it was, look whether " node " has room, migrate from pve1 to " node
#define WORTH(node)                                                                                \
	": look whether it is as it was, look whether " node                                       \
	" is still less busy than pve1, look whether " node                                        \
	" has room, migrate from pve1 to " node
#define TWO "{\"guests\":[" VM(100, "") "," VM(101, "") "]"
#define FULL                                                                                       \
	"{\"nodes\":{\"pve1\":{\"memory_gib\":16},\"pve2\":{\"memory_gib\":16}},\"guests\":[" VM(  \
		100, "") "," VM(101, "") "," VM(102, "") "," VM(103, "") "]}"
#define TOGETHER                                                                                   \
	"\"ha\":{\"vms\":[100,101],\"rules\":[{\"rule\":\"web\",\"type\":\"resource-affinity\","   \
	"\"affinity\":\"positive\",\"resources\":\"vm:100,vm:101\"}]}"
#define HA_WAITS ", wait for the HA manager, wait until it has left pve1, wait until it is on pve2"
#define ALONG "wait for VM 101, which the HA manager moves along"

static const struct plan_row plans[] = {
	{ "even", "{\"guests\":[" VM(100, "") "]}", "{\"state\":\"balanced\"}", "" },
	{ "only shown", TWO "}", "{\"drain\":[\"pve1\"]}",
	  "100 pve1 -> pve* (drain pve1); 101 pve1 -> pve* (drain pve1); " },
	{ "drained", TWO "}", "{\"state\":\"drained\",\"drain\":[\"pve1\"]}",
	  "100 pve1 -> pve2 (drain pve1)" OFF("pve2") "; 101 pve1 -> pve3 (drain pve1)" OFF(
		  "pve3") "; " },
	{ "a stopped one goes without a look at memory", "{\"guests\":[{\"vmid\":100}]}",
	  "{\"state\":\"drained\",\"drain\":[\"pve1\"],\"exclude_nodes\":[\"pve3\"]}",
	  "100 pve1 -> pve2 (drain pve1): look whether it is as it was, migrate from pve1 to pve2; " },
	{ "cannot leave",
	  "{\"guests\":[" VM(100, "") "],\"checks\":{\"100\":{\"pre\":{\"running\":1,"
				      "\"local_resources\":[\"hostpci0\"]},\"config\":{}}}}",
	  "{\"state\":\"drained\",\"drain\":[\"pve1\"]}",
	  "|cannot move VM 100 off pve1: it uses a device of its node (hostpci0)" },
	{ "the HA manager is waited for", "{\"guests\":[" VM(100, "") "],\"ha\":{\"vms\":[100]}}",
	  "{\"state\":\"drained\",\"drain\":[\"pve1\"],\"exclude_nodes\":[\"pve3\"]}",
	  "100 pve1 -> pve2 (drain pve1)" OFF("pve2") HA_WAITS "; " },
	{ "what it moves together is asked for once", TWO "," TOGETHER "}",
	  "{\"state\":\"drained\",\"drain\":[\"pve1\"],\"exclude_nodes\":[\"pve3\"]}",
	  "100 pve1 -> pve2 (drain pve1)" OFF("pve2") HA_WAITS
	  ", " ALONG ", " ALONG ", " ALONG "; 101 pve1 -> pve2 (drain pve1) {via 100}; " },
	{ "what must be is done in any case", TWO "}",
	  "{\"state\":\"drained\",\"drain\":[\"pve1\"],\"max_migrations\":1}",
	  "10* pve1 -> * (drain pve1)*; 10* pve1 -> * (drain pve1)*; " },
	{ "as far as it is worth it", FULL,
	  "{\"state\":\"balanced\",\"nodes\":[\"pve1\",\"pve2\"]}",
	  "10* pve1 -> pve2 (balance)" WORTH("pve2") "; 10* pve1 -> pve2 (balance)" WORTH(
		  "pve2") "; " },
	{ "as many as may move", FULL,
	  "{\"state\":\"balanced\",\"nodes\":[\"pve1\",\"pve2\"],\"max_migrations\":1}",
	  "10* pve1 -> pve2 (balance)" WORTH("pve2") "; " },
	{ "what is configured is no less worth it by now", FULL,
	  "{\"state\":\"balanced\",\"nodes\":[\"pve1\",\"pve2\"],\"max_migrations\":1,\"metric\":\"assigned\","
	  "\"tolerance\":0.1}",
	  "10* pve1 -> pve2 (balance)" OFF("pve2") "; " },
	{ "at level 1 only what must be", FULL, "{\"state\":\"balanced\",\"level\":1}", "" },
	{ "a difference that is not worth it", FULL, "{\"state\":\"balanced\",\"tolerance\":40}",
	  "" },
	{ "as many nodes emptied as wanted", TWO "}", "{\"state\":\"drained\",\"pack\":2}", "" },
	{ "the last of them with what runs there", TWO ",\"nodes\":{\"pve1\":{},\"pve2\":{}}}",
	  "{\"state\":\"drained\",\"drain\":[\"pve1\"],\"pack\":1}",
	  "100 pve1 -> pve2 (drain pve1)" OFF("pve2") "; 101 pve1 -> pve2 (drain pve1)" OFF(
		  "pve2") "; " },
	{ "drained of what", "{}", "{\"state\":\"drained\"}",
	  "!state: drained needs nodes in drain, or how many in pack" },
	{ "a level that is none", "{}", "{\"level\":6}", "!*level*6*" },
	{ "a tolerance that is none", "{}", "{\"tolerance\":0}",
	  "!tolerance must be between 0.1 and 100, not 0" },
	{ "limits the wrong way round", "{}", "{\"node_limit\":90,\"node_limit_moving\":80}",
	  "!node_limit_moving (80) must not be below node_limit (90)" },
	{ "nothing counts", "{}", "{\"weights\":{\"memory\":0,\"cpu\":0}}",
	  "!weights: memory and cpu must not both be 0" },
	{ "no migration at a time", "{}", "{\"parallel\":0}",
	  "!parallel must be between 1 and 100, not 0" },
};

static void moves_become_migrations(void **state)
{
	(void)state;
	plan_rows_with(rebalance_plan_text, plans, sizeof(plans) / sizeof(plans[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_become_constraints),
		cmocka_unit_test(moves_become_migrations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
