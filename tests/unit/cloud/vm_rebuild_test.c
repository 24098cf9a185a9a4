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

#define REGISTRY "\"registry\":{\"storage\":\"fast\"}"
#define D1 "{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\"}"
#define D2 "{\"name\":\"pxc-img-debian.2\",\"image\":\"debian@2\",\"block\":{\"rank\":\"2\"}}"
#define D2_DEPRECATED                                                                              \
	"{\"name\":\"pxc-img-debian.2\",\"image\":\"debian@2\",\"block\":{\"rank\":\"2\",\"deprecated\":\"1\"}}"
#define OLD_DISK "{\"name\":\"vm-100-disk-0\",\"disk\":\"vm.100.00000064\"}"
#define NEW_DISK                                                                                   \
	"{\"name\":\"vm-100-disk-1\",\"disk\":\"vm.100.00000064\",\"block\":{\"image\":\"debian@2\"}}"
#define OLD "fast:vm-100-disk-0"
#define NEW "fast:vm-100-disk-1"
#define WORLD(guest, disks)                                                                        \
	"{" REGISTRY ",\"guests\":[{\"vmid\":100," guest "}],\"rbd\":{\"fast\":{\"images\":[" D1   \
	"," D2 "," disks "]}}}"
#define MADE_OF(version) "\"block\":{\"image\":\"debian@" version "\"}"
#define JOURNAL(version, op) "\"block\":{\"image\":\"debian@" version "\",\"op\":\"" op "\"}"
#define SCSI0(volume) "\"config\":{\"scsi0\":\"" volume ",size=5G\"}"
#define SCSI0_AND(volume, rest) "\"config\":{\"scsi0\":\"" volume ",size=5G\"," rest "}"
#define RUNS "\"status\":\"running\""
#define TASK "{\"name\":\"web\",\"rebuild\":true,\"image\":{\"name\":\"debian\"}}"
#define TASK_WITH(rest)                                                                            \
	"{\"name\":\"web\",\"rebuild\":true,\"image\":{\"name\":\"debian\"}," rest "}"

#define CLONE1 "clone vm-100-disk-1 from image debian@2"
#define SWAP "set scsi0=" NEW ", description"
#define DESTROY(slot) "see that " slot " is " OLD "; destroy the old root disk " OLD
#define CLOSE "close the journal in the notes"
#define STOP "note down that it is rebuilt; shut down within 180 s"

static const struct plan_row rebuilds[] = {
	{ "a VM that runs", WORLD(RUNS "," MADE_OF("1") "," SCSI0(OLD), OLD_DISK), TASK,
	  STOP "; " CLONE1 "; " SWAP "; " DESTROY("unused0") "; start; " CLOSE },
	{ "one that does not", WORLD(MADE_OF("1") "," SCSI0(OLD), OLD_DISK), TASK,
	  CLONE1 "; " SWAP "; " DESTROY("unused0") "; " CLOSE },
	{ "one whose first start is due", WORLD(JOURNAL("1", "start") "," SCSI0(OLD), OLD_DISK),
	  TASK, CLONE1 "; " SWAP "; " DESTROY("unused0") "; start; " CLOSE },
	{ "made of the latest already", WORLD(RUNS "," MADE_OF("2") "," SCSI0(OLD), OLD_DISK), TASK,
	  "" },
	{ "an older version, when it is named", WORLD(MADE_OF("2") "," SCSI0(OLD), OLD_DISK),
	  "{\"name\":\"web\",\"rebuild\":true,\"image\":{\"name\":\"debian\",\"version\":\"1\"}}",
	  "clone vm-100-disk-1 from image debian@1; " SWAP "; " DESTROY("unused0") "; " CLOSE },
	{ "but not because the later one was deprecated",
	  "{" REGISTRY ",\"guests\":[{\"vmid\":100," MADE_OF("2") "," SCSI0(
		  OLD) "}],\"rbd\":{\"fast\":{\"images\":[" D1 "," D2_DEPRECATED "]}}}",
	  TASK, "" },
	{ "another image", WORLD("\"block\":{\"image\":\"suse@7\"}," SCSI0(OLD), OLD_DISK), TASK,
	  CLONE1 "; *" },
	{ "one that was made without", WORLD("\"block\":{}," SCSI0(OLD), OLD_DISK), TASK,
	  CLONE1 "; *" },
	{ "its slots are taken",
	  WORLD(MADE_OF("1") "," SCSI0_AND(
			OLD,
			"\"unused0\":\"fast:vm-100-disk-7\",\"unused2\":\"fast:vm-100-disk-8\""),
		OLD_DISK),
	  TASK, CLONE1 "; " SWAP "; " DESTROY("unused1") "; " CLOSE },
	{ "disks that are detached take slots before",
	  WORLD(MADE_OF("1") "," SCSI0_AND(
			OLD,
			"\"scsi1\":\"fast:vm-100-disk-7,size=1G\",\"unused1\":\"fast:vm-100-disk-8\""),
		OLD_DISK),
	  TASK_WITH("\"disks\":[{\"slot\":\"scsi1\",\"state\":\"detached\"}]"),
	  CLONE1 "; set scsi0=" NEW
		 ", description; without scsi1; " DESTROY("unused2") "; " CLOSE },
	{ "in HA", WORLD(RUNS ",\"ha\":\"started\"," MADE_OF("1") "," SCSI0(OLD), OLD_DISK), TASK,
	  "note down that it is rebuilt; stop through the HA manager; wait until it is stopped; " CLONE1
	  "; " SWAP
	  "; " DESTROY("unused0") "; start through the HA manager; wait until it runs; " CLOSE },
	{ "paused", WORLD(RUNS ",\"paused\":1," MADE_OF("1") "," SCSI0(OLD), OLD_DISK), TASK,
	  "note down that it is rebuilt; stop; " CLONE1 "; *" },
	{ "stopped hard when it has to", WORLD(RUNS "," MADE_OF("1") "," SCSI0(OLD), OLD_DISK),
	  TASK_WITH("\"force_stop\":true"),
	  "note down that it is rebuilt; shut down, stop after 180 s; *" },
	{ "off afterwards", WORLD(RUNS "," MADE_OF("1") "," SCSI0(OLD), OLD_DISK),
	  TASK_WITH("\"power\":\"stopped\""),
	  STOP "; " CLONE1 "; " SWAP "; " DESTROY("unused0") "; " CLOSE },
	{ "on afterwards", WORLD(MADE_OF("1") "," SCSI0(OLD), OLD_DISK),
	  TASK_WITH("\"power\":\"running\""),
	  CLONE1 "; " SWAP "; " DESTROY("unused0") "; start; " CLOSE },
	{ "restarted is what it is", WORLD(RUNS "," MADE_OF("1") "," SCSI0(OLD), OLD_DISK),
	  TASK_WITH("\"power\":\"restarted\""),
	  STOP "; " CLONE1 "; " SWAP "; " DESTROY("unused0") "; start; " CLOSE },
	{ "paused afterwards", WORLD(RUNS "," MADE_OF("1") "," SCSI0(OLD), OLD_DISK),
	  TASK_WITH("\"power\":\"paused\""),
	  STOP "; " CLONE1 "; " SWAP "; " DESTROY("unused0") "; start; pause; " CLOSE },
	{ "and moved", WORLD(RUNS "," MADE_OF("1") "," SCSI0(OLD), OLD_DISK),
	  TASK_WITH("\"node\":\"pve2\""),
	  STOP "; " CLONE1 "; " SWAP "; " DESTROY("unused0") "; start; " CLOSE
							     "; migrate from pve1 to pve2" },
	{ "changed with it", WORLD(RUNS "," MADE_OF("1") "," SCSI0(OLD), OLD_DISK),
	  TASK_WITH("\"cores\":4"),
	  STOP "; " CLONE1 "; set cores=4, scsi0=" NEW ", description; *" },
	{ "disks with options", WORLD(MADE_OF("1") "," SCSI0(OLD ",discard=on"), OLD_DISK),
	  TASK_WITH("\"disks\":[{\"slot\":\"scsi0\",\"ssd\":true,\"size\":\"9G\"}]"),
	  CLONE1 "; set scsi0=" NEW
		 ",discard=on,ssd=1, description; " DESTROY("unused0") "; " CLOSE },
	{ "made of a file before",
	  WORLD(MADE_OF("1") ",\"config\":{\"scsi0\":\"fast:100/vm-100-disk-0.raw,size=5G\"}",
		OLD_DISK),
	  TASK,
	  "*; see that unused0 is fast:100/vm-100-disk-0.raw; destroy the old root disk fast:100/vm-100-disk-0.raw; *" },
	{ "protection taken off",
	  WORLD(MADE_OF("1") "," SCSI0_AND(OLD, "\"protection\":\"1\""), OLD_DISK),
	  TASK_WITH("\"protected\":false"),
	  CLONE1 "; set protection=0, scsi0=" NEW ", description; *" },
	{ "in another storage than the image",
	  "{" REGISTRY ",\"guests\":[{\"vmid\":100," MADE_OF(
		  "1") ",\"config\":{\"scsi0\":\"slow:vm-100-disk-0,size=5G\"}}],\"rbd\":{\"fast\":{\"images\":[" D1
		       "," D2 "]},\"slow\":{\"images\":["
		       "{\"name\":\"vm-100-disk-0\"}]}}}",
	  TASK, CLONE1 "; set scsi0=slow:vm-100-disk-1, description; *" },

	/* refused */
	{ "protected", WORLD(MADE_OF("1") "," SCSI0_AND(OLD, "\"protection\":\"1\""), OLD_DISK),
	  TASK,
	  "!vm acme/web: VM 100 is protected, its root disk is not replaced: set protected: false" },
	{ "with snapshots", WORLD(MADE_OF("1") "," SCSI0_AND(OLD, "\"parent\":\"s1\""), OLD_DISK),
	  TASK,
	  "!vm acme/web: VM 100 has snapshots, which hold the root disk that a rebuild destroys: *" },
	{ "diskless", WORLD(MADE_OF("1") ",\"config\":{\"scsi0\":\"none,media=cdrom\"}", OLD_DISK),
	  TASK, "!vm acme/web: *" },
	{ "another slot",
	  WORLD(MADE_OF("1") ",\"config\":{\"boot\":\"order=virtio0\",\"virtio0\":\"fast:vm-100-disk-0,size=5G\"}",
		OLD_DISK),
	  TASK,
	  "!vm acme/web: rebuild replaces a root disk at scsi0, and VM 100 boots from virtio0" },
	{ "a volume", WORLD("\"block\":{\"image\":\"volume/data\"}," SCSI0(OLD), OLD_DISK), TASK,
	  "!vm acme/web: VM 100 boots from a volume, which is not destroyed by a rebuild: remove the VM and make it anew" },
	{ "too little memory",
	  "{" REGISTRY ",\"guests\":[{\"vmid\":100," MADE_OF("1") "," SCSI0(
		  OLD) "}],\"rbd\":{\"fast\":{\"images\":["
		       "{\"name\":\"pxc-img-debian.2\",\"image\":\"debian@2\",\"block\":{\"p.min_ram\":\"4294967296\"}}]}}}",
	  TASK, "!vm acme/web: image debian needs 4G of memory, not 1G" },
};

/* Each state in which a run can be cut off, and what the next one does. */
#define WAS_ON "rebuild/" OLD "/run"
#define WAS_OFF "rebuild/" OLD

static const struct plan_row resumed[] = {
	{ "noted down", WORLD(RUNS "," JOURNAL("1", WAS_ON) "," SCSI0(OLD), OLD_DISK), TASK,
	  STOP "; " CLONE1 "; " SWAP "; " DESTROY("unused0") "; start; " CLOSE },
	{ "stopped", WORLD(JOURNAL("1", WAS_ON) "," SCSI0(OLD), OLD_DISK), TASK,
	  CLONE1 "; " SWAP "; " DESTROY("unused0") "; start; " CLOSE },
	{ "cloned", WORLD(JOURNAL("1", WAS_ON) "," SCSI0(OLD), OLD_DISK "," NEW_DISK), TASK,
	  "remove vm-100-disk-1, which a run that was cut off has left; " CLONE1 "; " SWAP
	  "; " DESTROY("unused0") "; start; " CLOSE },
	{ "cloned, of one that was off", WORLD(MADE_OF("1") "," SCSI0(OLD), OLD_DISK "," NEW_DISK),
	  TASK,
	  "remove vm-100-disk-1, which a run that was cut off has left; " CLONE1 "; " SWAP
	  "; " DESTROY("unused0") "; " CLOSE },
	{ "configured",
	  WORLD(JOURNAL("2", WAS_ON) "," SCSI0_AND(NEW, "\"unused0\":\"" OLD "\""),
		OLD_DISK "," NEW_DISK),
	  TASK, DESTROY("unused0") "; start; " CLOSE },
	{ "configured, the old disk in another slot",
	  WORLD(JOURNAL("2", WAS_ON) "," SCSI0_AND(
			NEW, "\"unused0\":\"slow:vm-100-disk-0\",\"unused3\":\"" OLD "\""),
		OLD_DISK),
	  TASK, DESTROY("unused3") "; start; " CLOSE },
	{ "configured, of one that was off",
	  WORLD(JOURNAL("2", WAS_OFF) "," SCSI0_AND(NEW, "\"unused0\":\"" OLD "\""), OLD_DISK),
	  TASK, DESTROY("unused0") "; " CLOSE },
	{ "old disk destroyed", WORLD(JOURNAL("2", WAS_ON) "," SCSI0(NEW), NEW_DISK), TASK,
	  "start; " CLOSE },
	{ "started", WORLD(RUNS "," JOURNAL("2", WAS_ON) "," SCSI0(NEW), NEW_DISK), TASK, CLOSE },
	{ "started, not destroyed",
	  WORLD(RUNS "," JOURNAL("2", WAS_ON) "," SCSI0_AND(NEW, "\"unused0\":\"" OLD "\""),
		OLD_DISK),
	  TASK, DESTROY("unused0") "; " CLOSE },
	{ "done", WORLD(RUNS "," MADE_OF("2") "," SCSI0(NEW), NEW_DISK), TASK, "" },

	/* by a task that says something else */
	{ "configured, and a task without a word of it",
	  WORLD(JOURNAL("2", WAS_ON) "," SCSI0_AND(NEW, "\"unused0\":\"" OLD "\""), OLD_DISK),
	  "{\"name\":\"web\"}", DESTROY("unused0") "; start; " CLOSE },
	{ "stopped, and such a task", WORLD(JOURNAL("1", WAS_ON) "," SCSI0(OLD), OLD_DISK),
	  "{\"name\":\"web\"}", "start; " CLOSE },
	{ "noted down, and such a task",
	  WORLD(RUNS "," JOURNAL("1", WAS_ON) "," SCSI0(OLD), OLD_DISK), "{\"name\":\"web\"}",
	  CLOSE },
	{ "stopped, and it is to be off", WORLD(JOURNAL("1", WAS_ON) "," SCSI0(OLD), OLD_DISK),
	  "{\"name\":\"web\",\"power\":\"stopped\"}", CLOSE },
	{ "started, and it is to be off",
	  WORLD(RUNS "," JOURNAL("2", WAS_ON) "," SCSI0(NEW), NEW_DISK),
	  "{\"name\":\"web\",\"power\":\"stopped\"}", "shut down within 180 s; " CLOSE },
	{ "stopped, and it is to be on", WORLD(JOURNAL("1", WAS_OFF) "," SCSI0(OLD), OLD_DISK),
	  "{\"name\":\"web\",\"power\":\"running\"}", "start; " CLOSE },
	{ "started, and it is changed and moved",
	  WORLD(RUNS "," JOURNAL("2", WAS_ON) "," SCSI0(NEW), NEW_DISK),
	  "{\"name\":\"web\",\"cores\":2,\"allow_restart\":true,\"node\":\"pve2\"}",
	  "set cores=2; shut down within 180 s; start; " CLOSE "; migrate from pve1 to pve2" },
	{ "removed", WORLD(JOURNAL("1", WAS_ON) "," SCSI0(OLD), OLD_DISK),
	  "{\"name\":\"web\",\"state\":\"absent\"}", "delete VM 100 with its disks" },
	{ "configured, and there is another version since",
	  "{" REGISTRY
	  ",\"guests\":[{\"vmid\":100," JOURNAL("1", "rebuild/fast:vm-100-disk-9/run") "," SCSI0_AND(
		  OLD, "\"unused0\":\"fast:vm-100-disk-9\"") "}],\"rbd\":{\"fast\":{\"images\":[" D1
							     "," D2 "," OLD_DISK "]}}}",
	  TASK,
	  CLONE1 "; " SWAP "; " DESTROY(
		  "unused1") "; see that unused0 is fast:vm-100-disk-9; destroy the old root disk fast:vm-100-disk-9; start; " CLOSE },
};

static void root_disks_are_replaced(void **state)
{
	(void)state;
	plan_rows("pxc_vm", rebuilds, ARRAY_SIZE(rebuilds));
}

static void a_rebuild_is_finished_wherever_it_was_cut_off(void **state)
{
	(void)state;
	plan_rows("pxc_vm", resumed, ARRAY_SIZE(resumed));
}

static char *line(const json_t *args, const char *key)
{
	const char *notes = json_string_value(json_object_get(args, "description"));
	auto_free char *begin = pxc_printf("\n%s=", key);
	const char *at = notes ? strstr(notes, begin) : NULL;

	return at ? pxc_strndup(at + strlen(begin), strcspn(at + strlen(begin), "\n"))
		  : pxc_strdup("");
}

/* What the notes say at each writing: step, journal, image. */
static const struct {
	size_t step;
	const char *op, *image;
} notes[] = {
	{ 0, "rebuild/fast*3Avm-100-disk-0/run", "debian@1" },
	{ 3, "rebuild/fast*3Avm-100-disk-0/run", "debian@2" },
	{ 7, "", "debian@2" },
};

static void the_notes_tell_how_far_it_has_come(void **state)
{
	auto_world struct test_world w;

	(void)state;
	test_world_create(&w, WORLD(RUNS "," MADE_OF("1") "," SCSI0(OLD), OLD_DISK));
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		json_auto_t *args = plan_step("pxc_vm", TASK, &w, 0, notes[i].step);
		auto_free char *op = line(args, "op"), *image = line(args, "image");

		assert_string_equal(op, notes[i].op);
		assert_string_equal(image, notes[i].image);
		/* Stopping it applies what was pending: the digest seen before says nothing then. */
		assert_null(json_object_get(args, "digest"));
	}
}

/* world, task, step, arguments but for the notes */
static const struct {
	const char *world, *task;
	size_t step;
	const char *args;
} arguments[] = {
	{ WORLD(MADE_OF("1") "," SCSI0(OLD), OLD_DISK), TASK, 0,
	  "*\"name\":\"vm-100-disk-1\",*\"size\":5368709120,*\"storage\":\"fast\"}" },
	{ WORLD(MADE_OF("1") "," SCSI0(OLD), OLD_DISK), TASK_WITH("\"disk_size\":9"), 0,
	  "*\"size\":9663676416,*" },
	{ WORLD(MADE_OF("1") "," SCSI0(OLD), OLD_DISK), TASK, 1,
	  "*\"digest\":\"d1\"*\"scsi0\":\"" NEW "\"*" },
	{ WORLD(MADE_OF("1") "," SCSI0(OLD), OLD_DISK), TASK, 2,
	  "{\"_disk\":\"" OLD "\",\"_slot\":\"unused0\",\"node\":\"pve1\",\"vmid\":100}" },
	{ WORLD(MADE_OF("1") "," SCSI0(OLD), OLD_DISK), TASK, 3,
	  "{\"force\":1,\"idlist\":\"unused0\",\"node\":\"pve1\",\"vmid\":100}" },
	{ WORLD(MADE_OF("1") "," SCSI0(OLD), OLD_DISK),
	  TASK_WITH("\"node\":\"pve2\",\"power\":\"running\""), 6,
	  "{\"node\":\"pve1\",\"online\":1,\"target\":\"pve2\",\"vmid\":100}" },
	{ WORLD(RUNS "," MADE_OF("1") "," SCSI0(OLD), OLD_DISK),
	  TASK_WITH("\"node\":\"pve2\",\"power\":\"stopped\""), 7,
	  "{\"node\":\"pve1\",\"target\":\"pve2\",\"vmid\":100}" },
	{ WORLD("\"block\":{}", OLD_DISK),
	  "{\"name\":\"web\",\"node\":\"pve2\",\"power\":\"running\"}", 1,
	  "{\"node\":\"pve1\",\"online\":1,\"target\":\"pve2\",\"vmid\":100}" },
};

static void steps_say_all_that_is_to_be_done(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		auto_world struct test_world w;
		json_auto_t *args = NULL;
		auto_free char *text = NULL;

		test_world_create(&w, arguments[i].world);
		args = plan_step("pxc_vm", arguments[i].task, &w, 0, arguments[i].step);
		(void)json_object_del(args, "description");
		text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
		if (plan_fits(arguments[i].args, text))
			continue;
		print_error("row %zu:\n  wanted %s\n  got    %s\n", i, arguments[i].args, text);
		bad++;
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_disks_are_replaced),
		cmocka_unit_test(a_rebuild_is_finished_wherever_it_was_cut_off),
		cmocka_unit_test(the_notes_tell_how_far_it_has_come),
		cmocka_unit_test(steps_say_all_that_is_to_be_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
