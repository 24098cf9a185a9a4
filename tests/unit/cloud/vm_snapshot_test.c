/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"

#define WORLD(guest) "{\"guests\":[{\"vmid\":100," guest "}]}"
#define RUNS "\"status\":\"running\","
#define BLOCK "\"block\":{},"
#define S1 "{\"name\":\"s1\",\"description\":\"one\",\"vmstate\":0,\"snaptime\":7}"
#define S2 "{\"name\":\"s2\",\"description\":\"\",\"vmstate\":1,\"snaptime\":8,\"parent\":\"s1\"}"
#define NOW ",{\"name\":\"current\",\"description\":\"You are here!\",\"running\":0}"
#define HAS(list) "\"snapshots\":[" list NOW "]"
#define NONE "\"snapshots\":[{\"name\":\"current\"}]"
#define ROLLED(by) "\"block\":{\"rolled\":\"s1/20260101T000000Z/" by "\"},"
#define TENANT(guest) "{\"tenant\":1,\"guests\":[{\"vmid\":100," guest "}]}"
#define HELD(config) ",\"rollback\":{" config "}"
#define THEN ",\"rollback\":{\"memory\":\"512\"}"
#define VOLUME(slot) "\"" slot "\":\"fast:vm-900000-pxc-aaaaaaaa,size=2G\""
#define SNAPS(list) "{\"name\":\"web\",\"snapshots\":[" list "]}"
#define SNAPS_AND(list, rest) "{\"name\":\"web\",\"snapshots\":[" list "]," rest "}"
#define BACK "{\"name\":\"web\",\"rollback\":\"s1\"}"
#define BACK_AND(rest) "{\"name\":\"web\",\"rollback\":\"s1\"," rest "}"
#define ROLL "roll back to snapshot s1; note down the rollback"
#define KEPT ",\"config\":{\"parent\":\"s1\",\"scsi1\":\"shared:100/vm-100-disk-1.raw,size=1G\"}"

#define SEEDED                                                                                     \
	"\"block\":{\"seed\":\"0123456789abcdef\"},\"config\":{\"parent\":\"s1\","                 \
	"\"scsi30\":\"fast:vm-100-pxcseed,ro=1,size=64K\"}"

static const struct plan_row taken[] = {
	{ "one", WORLD(BLOCK NONE), SNAPS("{\"name\":\"s1\"}"), "take snapshot s1" },
	{ "with memory", WORLD(RUNS BLOCK NONE), SNAPS("{\"name\":\"s1\",\"vmstate\":true}"),
	  "take snapshot s1 with memory" },
	{ "there already", WORLD(BLOCK HAS(S1)), SNAPS("{\"name\":\"s1\"}"), "" },
	{ "there, with another text", WORLD(BLOCK HAS(S1)),
	  SNAPS("{\"name\":\"s1\",\"description\":\"two\"}"), "describe snapshot s1" },
	{ "there, with that text", WORLD(BLOCK HAS(S1)),
	  SNAPS("{\"name\":\"s1\",\"description\":\"one\"}"), "" },
	{ "removed", WORLD(BLOCK HAS(S1 "," S2)), SNAPS("{\"name\":\"s1\",\"state\":\"absent\"}"),
	  "remove snapshot s1" },
	{ "not there to be removed", WORLD(BLOCK HAS(S2)),
	  SNAPS("{\"name\":\"s1\",\"state\":\"absent\"}"), "" },
	{ "these and no others", WORLD(BLOCK HAS(S1 "," S2)),
	  SNAPS_AND("{\"name\":\"s2\"},{\"name\":\"s3\"}", "\"snapshots_mode\":\"exact\""),
	  "remove snapshot s1; take snapshot s3" },
	{ "none at all", WORLD(BLOCK HAS(S1 "," S2)), SNAPS_AND("", "\"snapshots_mode\":\"exact\""),
	  "remove snapshot s1; remove snapshot s2" },
	{ "others are left alone", WORLD(BLOCK HAS(S1 "," S2)), SNAPS(""), "" },
	{ "behind all else", WORLD(BLOCK NONE),
	  SNAPS_AND("{\"name\":\"s1\"}", "\"cores\":2,\"power\":\"running\""),
	  "set cores=2; start; take snapshot s1" },
	{ "of a new VM", "{}",
	  SNAPS_AND("{\"name\":\"s1\"}",
		    "\"cores\":1,\"memory\":512,\"disk_size\":1,\"power\":\"stopped\""),
	  "create *; take snapshot s1" },
	{ "half made", WORLD(BLOCK "\"snapshots\":[{\"name\":\"s1\",\"snapstate\":\"prepare\"}]"),
	  SNAPS("{\"name\":\"s1\"}"),
	  "!vm acme/web: snapshot s1 of VM 100 is half made or half removed (prepare): *" },
	{ "no more than is allowed is for the loop", WORLD(BLOCK HAS(S1)),
	  SNAPS_AND("{\"name\":\"s1\",\"state\":\"absent\"}", "\"allow\":\"quiet\""),
	  "remove snapshot s1" },

	/* names */
	{ "too short", "{}", SNAPS("{\"name\":\"s\"}"), "!vm acme/web: a snapshot's name has *" },
	{ "reserved", "{}", SNAPS("{\"name\":\"current\"}"), "!*unlike \"current\"" },
	{ "of volumes", "{}", SNAPS("{\"name\":\"pxc-s1\"}"), "!*unlike \"pxc-s1\"" },
	{ "a digit first", "{}", SNAPS("{\"name\":\"1s\"}"), "!*unlike \"1s\"" },
	{ "a dot", "{}", SNAPS("{\"name\":\"a.b\"}"), "!*unlike \"a.b\"" },
	{ "twice", "{}", SNAPS("{\"name\":\"s1\"},{\"name\":\"s1\"}"),
	  "!vm acme/web: snapshots: s1 is named twice" },
	{ "of the rollback", "{}", "{\"name\":\"web\",\"rollback\":\"x\"}", "!*unlike \"x\"" },
};

static const struct plan_row back[] = {
	{ "one that is off", WORLD(BLOCK HAS(S1) THEN), BACK, ROLL },
	{ "one that runs", WORLD(RUNS BLOCK HAS(S1) THEN), BACK,
	  "roll back to snapshot s1, and start; note down the rollback" },
	{ "one that runs and is to be off", WORLD(RUNS BLOCK HAS(S1) THEN),
	  BACK_AND("\"power\":\"stopped\""), ROLL },
	{ "before all else", WORLD(BLOCK HAS(S1 "," S2) THEN),
	  BACK_AND("\"cores\":8,\"snapshots\":[],\"snapshots_mode\":\"exact\""), ROLL },
	{ "all else behind it", WORLD(ROLLED("01234567") HAS(S1 "," S2) THEN),
	  BACK_AND("\"cores\":8,\"snapshots\":[],\"snapshots_mode\":\"exact\""),
	  "set cores=8; remove snapshot s1; remove snapshot s2" },
	{ "done by this run", WORLD(ROLLED("01234567") HAS(S1) THEN), BACK, "" },
	{ "done by another", WORLD(ROLLED("76543210") HAS(S1) THEN), BACK, ROLL },
	{ "its flavor gives it its shape again",
	  "{\"registry\":{\"f.small\":\"vcpus/2,ram_mb/2048,disk_gb/5\"},\"guests\":[{\"vmid\":100,"
	  "\"block\":{\"flavor\":\"small\",\"rolled\":\"s1/20260101T000000Z/01234567\"}," HAS(S1)
		  THEN "}]}",
	  BACK_AND("\"flavor\":\"small\""), "set cores=2, memory=2048" },
	{ "with the volumes that it had",
	  WORLD(BLOCK HAS(S1) ",\"config\":{" VOLUME("scsi1") "},\"rollback\":{" VOLUME(
		  "scsi4") "}"),
	  BACK, ROLL },
	/* What a task must be allowed is not to be had by a snapshot that is older. */
	{ "the protection is the VM's, as its notes are",
	  WORLD(BLOCK HAS(S1) ",\"config\":{\"protection\":\"1\"}" THEN), BACK,
	  "roll back to snapshot s1; note down the rollback, and keep it protected" },
	{ "unless the task takes it off",
	  WORLD(BLOCK HAS(S1) ",\"config\":{\"protection\":\"1\"}" THEN),
	  BACK_AND("\"protected\":false"), ROLL },
	{ "what reaches through to the host", TENANT(BLOCK HAS(S1) HELD("\"hostpci0\":\"01:00\"")),
	  BACK,
	  "!policy: vm acme/web: snapshot s1 would bring back hostpci0, which takes an admin of the cloud" },
	{ "or otherwise than it is",
	  TENANT(BLOCK HAS(S1) ",\"config\":{\"cpuunits\":\"100\"}" HELD("\"cpuunits\":\"10000\"")),
	  BACK, "!policy: vm acme/web: snapshot s1 would bring back cpuunits, *" },
	{ "not what it has anyway",
	  TENANT(BLOCK HAS(S1) ",\"config\":{\"hostpci0\":\"01:00\"}" HELD(
		  "\"hostpci0\":\"01:00\"")),
	  BACK, ROLL },
	{ "nor what stays within the VM",
	  TENANT(BLOCK HAS(S1) HELD(
		  "\"numa\":\"1\",\"name\":\"w\",\"tags\":\"pxc\",\"meta\":\"x\",\"parent\":\"s0\","
		  "\"scsi1\":\"shared:100/vm-100-disk-1.raw,size=1G\",\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0\",\"ipconfig0\":\"ip=dhcp\"")),
	  BACK, ROLL },
	{ "an admin has it back", WORLD(BLOCK HAS(S1) HELD("\"hostpci0\":\"01:00\"")), BACK, ROLL },
	{ "a volume is gone", WORLD(BLOCK HAS(S1) ",\"rollback\":{" VOLUME("scsi1") "}"), BACK,
	  "!vm acme/web: snapshot s1 holds the volume fast:vm-900000-pxc-aaaaaaaa, which VM 100 no longer has *" },
	{ "a volume came later", WORLD(BLOCK HAS(S1) THEN ",\"config\":{" VOLUME("scsi1") "}"),
	  BACK,
	  "!vm acme/web: the volume fast:vm-900000-pxc-aaaaaaaa was attached after snapshot s1 was taken, *" },
	{ "no such snapshot", WORLD(BLOCK HAS(S2)), BACK, "!vm acme/web has no snapshot s1" },
	{ "no such VM", "{}", BACK, "!vm acme/web does not exist, there is nothing to roll back" },
	{ "removed instead", WORLD(BLOCK HAS(S1)), BACK_AND("\"state\":\"absent\""),
	  "remove snapshot s1; delete VM 100 with its disks" },
};

static const struct plan_row held[] = {
	{ "a disk is not destroyed", WORLD("\"block\":{}" KEPT),
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi1\",\"state\":\"absent\"}]}",
	  "!vm acme/web: VM 100 has snapshots, which may hold disk scsi1: *" },
	{ "but detached", WORLD("\"block\":{}" KEPT),
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi1\",\"state\":\"detached\"}]}",
	  "set without scsi1" },
	{ "and grown", WORLD("\"block\":{}" KEPT),
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi1\",\"size\":2}]}",
	  "grow scsi1: 1G -> 2G" },
	{ "one without a parent, in a list", WORLD(BLOCK HAS(S1)),
	  SNAPS_AND("", "\"disks\":[{\"slot\":\"scsi0\",\"state\":\"absent\"}]"),
	  "!vm acme/web: VM 100 has snapshots, *" },
	{ "a seed is not written anew", WORLD(SEEDED), "{\"name\":\"web\",\"reseed\":true}",
	  "!vm acme/web: VM 100 has snapshots, which hold its seed: *" },
	{ "nor removed",
	  "{\"first_pid\":\"7\",\"guests\":[{\"vmid\":100," RUNS
	  "\"addresses\":[\"10.0.0.5\"]," SEEDED "}]}",
	  "{\"name\":\"web\",\"seed_cleanup\":true}",
	  " | vm acme/web: its seed stays as long as VM 100 has snapshots, which may hold it" },
	{ "the VM goes with them", WORLD(RUNS BLOCK HAS(S1 "," S2)),
	  "{\"name\":\"web\",\"state\":\"absent\"}",
	  "shut down, *; remove snapshot s1; remove snapshot s2; delete VM 100 with its disks" },
};

static void snapshots_are_taken_and_removed(void **state)
{
	(void)state;
	plan_rows("pxc_vm", taken, sizeof(taken) / sizeof(taken[0]));
}

static void a_rollback_comes_before_all_else(void **state)
{
	(void)state;
	plan_rows("pxc_vm", back, sizeof(back) / sizeof(back[0]));
}

static void what_snapshots_hold_stays(void **state)
{
	(void)state;
	plan_rows("pxc_vm", held, sizeof(held) / sizeof(held[0]));
}

/* Nothing that the task wants may get into the block before it has come about. */
static void the_note_of_a_rollback_says_nothing_else(void **state)
{
	auto_world struct test_world w = { .json = NULL };
	json_auto_t *args = NULL;
	const char *notes;

	(void)state;
	test_world_create(&w, WORLD("\"human\":\"mine\"," BLOCK HAS(S1) THEN));
	args = plan_step("pxc_vm", BACK_AND("\"metadata\":{\"k\":\"v\"},\"description\":\"new\""),
			 &w, 0, 1);
	notes = json_string_value(json_object_get(args, "description"));
	assert_non_null(notes);
	assert_non_null(strstr(notes, "mine"));
	assert_non_null(strstr(notes, "rolled=s1/20260101T000000Z/01234567"));
	assert_null(strstr(notes, "new"));
	assert_null(strstr(notes, "m.k"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snapshots_are_taken_and_removed),
		cmocka_unit_test(a_rollback_comes_before_all_else),
		cmocka_unit_test(what_snapshots_hold_stays),
		cmocka_unit_test(the_note_of_a_rollback_says_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
