/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What VMs take of their projects' quotas, and how large one may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "lib/plan.h"

#define ACME(quota) "\"pools\":{\"acme\":{\"quota\":{" quota "}}}"
#define GUESTS(list) "\"guests\":[" list "]"
#define WEB(rest) "{\"vmid\":100,\"block\":{\"name\":\"web\"}" rest "}"
/* Made in the GUI: in the pool, without a block. */
#define GUI(vmid, config)                                                                          \
	"{\"vmid\":" #vmid ",\"name\":\"gui\",\"pool\":\"acme\",\"raw\":\"\",\"config\":{" config  \
	"}}"
#define NEW "{\"name\":\"a\",\"cores\":2,\"memory\":1024,\"power\":\"stopped\"}"
#define FITS "create VM *"

static const struct plan_row counted[] = {
	{ "room for one", "{" ACME("\"instances\":1,\"cores\":2,\"ram_mb\":1024") "}", NEW, FITS },
	{ "one made in the GUI counts",
	  "{" ACME("\"instances\":2,\"cores\":5,\"ram_mb\":3000") "," GUESTS(
		  GUI(100, "\"cores\":\"4\",\"memory\":\"2048\"")) "}",
	  NEW,
	  "!project acme: quota: cores used 4 + asked 2 > limit 5; ram_mb used 2048 + asked 1024 > limit 3000" },
	{ "one of another pool does not",
	  "{" ACME("\"instances\":1") "," GUESTS(
		  "{\"vmid\":100,\"name\":\"x\",\"pool\":\"other\",\"raw\":\"\"}") "}",
	  NEW, FITS },
	{ "a template does not",
	  "{" ACME("\"instances\":1") "," GUESTS(
		  "{\"vmid\":100,\"name\":\"x\",\"pool\":\"acme\",\"raw\":\"\",\"template\":1}") "}",
	  NEW, FITS },
	{ "a container does",
	  "{" ACME("\"instances\":1") "," GUESTS(
		  "{\"vmid\":100,\"name\":\"x\",\"pool\":\"acme\",\"lxc\":1}") "}",
	  NEW, "!project acme: quota: instances used 1 + asked 1 > limit 1" },
	{ "what waits for a restart counts already",
	  "{" ACME("\"cores\":9") "," GUESTS(WEB(
		  ",\"status\":\"running\",\"config\":{\"cores\":\"8\"},\"current\":{\"cores\":\"1\"},"
		  "\"pending\":[\"cores\"]")) "}",
	  NEW, "!project acme: quota: cores used 8 + asked 2 > limit 9" },
	{ "what it shrinks by counts until the restart",
	  "{" ACME("\"cores\":9") "," GUESTS(WEB(
		  ",\"status\":\"running\",\"config\":{\"cores\":\"1\"},\"current\":{\"cores\":\"8\"},"
		  "\"pending\":[\"cores\"]")) "}",
	  NEW, "!project acme: quota: cores used 8 + asked 2 > limit 9" },
	{ "sockets count",
	  "{" ACME("\"cores\":5") "," GUESTS(
		  WEB(",\"config\":{\"cores\":\"2\",\"sockets\":\"2\"}")) "}",
	  NEW, "!project acme: quota: cores used 4 + asked 2 > limit 5" },
	{ "cores on the sockets that it has",
	  "{" ACME("\"cores\":15") "," GUESTS(
		  WEB(",\"config\":{\"cores\":\"1\",\"sockets\":\"4\"}")) "}",
	  "{\"name\":\"web\",\"cores\":4}",
	  "!project acme: quota: cores used 4 + asked 12 > limit 15" },
	{ "sockets for the cores that it has",
	  "{" ACME("\"cores\":16") "," GUESTS(
		  WEB(",\"config\":{\"cores\":\"4\",\"sockets\":\"2\"}")) "}",
	  "{\"name\":\"web\",\"sockets\":4}", "set sockets=4*" },
	{ "the sockets that it has, named",
	  "{" ACME("\"cores\":8") "," GUESTS(
		  WEB(",\"config\":{\"cores\":\"4\",\"sockets\":\"2\"}")) "}",
	  "{\"name\":\"web\",\"sockets\":2}", "" },
	{ "sockets taken back",
	  "{" ACME("\"cores\":4") "," GUESTS(
		  WEB(",\"config\":{\"cores\":\"4\",\"sockets\":\"2\"}")) "}",
	  "{\"name\":\"web\",\"config\":{\"sockets\":null}}", "*sockets*" },
	{ "a flavor on the sockets that it has",
	  "{\"registry\":{\"f.two\":\"vcpus/2,ram_mb/512,disk_gb/1\"}," ACME("\"cores\":7") "," GUESTS(
		  WEB(",\"config\":{\"cores\":\"1\",\"sockets\":\"4\"}")) "}",
	  "{\"name\":\"web\",\"flavor\":\"two\"}",
	  "!project acme: quota: cores used 4 + asked 4 > limit 7" },
	{ "a resize that fits", "{" ACME("\"cores\":4") "," GUESTS(WEB("")) "}",
	  "{\"name\":\"web\",\"cores\":4}", "set cores=4*" },
	{ "a resize that does not", "{" ACME("\"cores\":3") "," GUESTS(WEB("")) "}",
	  "{\"name\":\"web\",\"cores\":4}",
	  "!project acme: quota: cores used 1 + asked 3 > limit 3" },
	{ "what is over its limit may shrink",
	  "{" ACME("\"cores\":1,\"ram_mb\":100") "," GUESTS(
		  WEB(",\"config\":{\"cores\":\"8\"}")) "}",
	  "{\"name\":\"web\",\"cores\":4}", "set cores=4*" },
	{ "and stay",
	  "{" ACME("\"cores\":1,\"ram_mb\":100,\"instances\":0") "," GUESTS(WEB("")) "}",
	  "{\"name\":\"web\"}", "" },
	{ "one shrinks as another grows",
	  "{" ACME("\"cores\":4") "," GUESTS(WEB(",\"config\":{\"cores\":\"4\"}")) "}",
	  "{\"vms\":[{\"name\":\"web\",\"cores\":2}," NEW "]}", "set cores=2*" },
	{ "not as long as the first runs with what it has",
	  "{" ACME("\"cores\":4") "," GUESTS(
		  WEB(",\"status\":\"running\",\"config\":{\"cores\":\"4\"}")) "}",
	  "{\"vms\":[{\"name\":\"web\",\"cores\":2}," NEW "]}",
	  "!project acme: quota: cores used 4 + asked 2 > limit 4" },
	{ "a batch of two projects",
	  "{\"pools\":{\"acme\":{\"quota\":{\"instances\":1}},\"beta\":{\"quota\":{\"instances\":0}}}}",
	  "{\"cores\":1,\"memory\":512,\"vms\":[{\"name\":\"a\"},{\"name\":\"b\",\"project\":\"beta\"}]}",
	  "!project beta: quota: instances used 0 + asked 1 > limit 0" },
	{ "a rollback to a larger configuration",
	  "{" ACME("\"cores\":3") "," GUESTS(
		  WEB(",\"snapshots\":[{\"name\":\"s1\"},{\"name\":\"current\"}],"
		      "\"rollback\":{\"cores\":\"4\",\"memory\":\"1024\"}")) "}",
	  "{\"name\":\"web\",\"rollback\":\"s1\"}",
	  "!project acme: quota: cores used 1 + asked 3 > limit 3" },
	{ "also when the task makes it small again",
	  "{" ACME("\"cores\":3") "," GUESTS(
		  WEB(",\"snapshots\":[{\"name\":\"s1\"},{\"name\":\"current\"}],"
		      "\"rollback\":{\"cores\":\"4\",\"memory\":\"1024\"}")) "}",
	  "{\"name\":\"web\",\"rollback\":\"s1\",\"cores\":1}",
	  "!project acme: quota: cores used 1 + asked 3 > limit 3" },
	{ "a rollback that fits",
	  "{" ACME("\"cores\":4") "," GUESTS(
		  WEB(",\"snapshots\":[{\"name\":\"s1\"},{\"name\":\"current\"}],"
		      "\"rollback\":{\"cores\":\"4\",\"memory\":\"1024\"}")) "}",
	  "{\"name\":\"web\",\"rollback\":\"s1\"}", "roll back to snapshot s1*" },
};

#define OFFLINE                                                                                    \
	"{\"vmid\":100,\"name\":\"x\",\"pool\":\"acme\",\"lxc\":1,\"config\":{\"memory\":\"0\",\"cores\":\"0\"}}"

static const struct plan_row unknown[] = {
	{ "a guest of unknown size", "{" GUESTS(OFFLINE) "}", NEW,
	  "!project acme: quota: cannot be counted: the size of guest 100 on pve1 is not known (is the node offline?)" },
	{ "nothing is limited", "{" ACME("\"cores\":-1,\"ram_mb\":-1") "," GUESTS(OFFLINE) "}", NEW,
	  FITS },
	{ "ignored", "{" GUESTS(OFFLINE) "}",
	  "{\"name\":\"a\",\"cores\":2,\"memory\":1024,\"power\":\"stopped\",\"quota_unknown\":\"ignore\"}",
	  FITS },
	{ "ignored, it is an instance all the same",
	  "{" ACME("\"instances\":1") "," GUESTS(OFFLINE) "}",
	  "{\"name\":\"a\",\"cores\":2,\"memory\":1024,\"power\":\"stopped\",\"quota_unknown\":\"ignore\"}",
	  "!project acme: quota: instances used 1 + asked 1 > limit 1" },
	{ "nothing is asked for",
	  "{" GUESTS(OFFLINE ",{\"vmid\":101,\"block\":{\"name\":\"web\"}}") "}",
	  "{\"name\":\"web\",\"state\":\"absent\"}", "*delete VM 101 with its disks" },
};

#define SNAPPED ",\"snapshots\":[{\"name\":\"s1\"},{\"name\":\"current\"}]"
#define USED(n) "\"snapshots_used\":{\"acme\":" #n "}"

static const struct plan_row snapshots[] = {
	{ "room", "{" ACME("\"snapshots\":3") "," USED(2) "," GUESTS(WEB(SNAPPED)) "}",
	  "{\"name\":\"web\",\"snapshots\":[{\"name\":\"s2\"}]}", "take snapshot s2" },
	{ "none", "{" ACME("\"snapshots\":2") "," USED(2) "," GUESTS(WEB(SNAPPED)) "}",
	  "{\"name\":\"web\",\"snapshots\":[{\"name\":\"s2\"}]}",
	  "!project acme: quota: snapshots used 2 + asked 1 > limit 2" },
	{ "one that is there is no more",
	  "{" ACME("\"snapshots\":0") "," USED(2) "," GUESTS(WEB(SNAPPED)) "}",
	  "{\"name\":\"web\",\"snapshots\":[{\"name\":\"s1\"}]}", "" },
	{ "one for another", "{" ACME("\"snapshots\":2") "," USED(2) "," GUESTS(WEB(SNAPPED)) "}",
	  "{\"name\":\"web\",\"snapshots\":[{\"name\":\"s2\"}],\"snapshots_mode\":\"exact\"}",
	  "remove snapshot s1; take snapshot s2*" },
	{ "of the whole batch",
	  "{" ACME("\"snapshots\":3") "," USED(1) "," GUESTS(WEB(SNAPPED)) "}",
	  "{\"snapshots\":[{\"name\":\"s2\"},{\"name\":\"s3\"}],\"vms\":[{\"name\":\"web\"}," NEW
	  "]}",
	  "!project acme: quota: snapshots used 1 + asked 4 > limit 3" },
	{ "they cannot be counted",
	  "{\"snapshots_used\":{\"acme\":\"Ceph is away\"}," GUESTS(WEB(SNAPPED)) "}",
	  "{\"name\":\"web\",\"snapshots\":[{\"name\":\"s2\"}]}",
	  "!project acme: quota: snapshots cannot be counted: Ceph is away" },
	{ "they were not", "{\"snapshots_used\":{}," GUESTS(WEB(SNAPPED)) "}",
	  "{\"name\":\"web\",\"snapshots\":[{\"name\":\"s2\"}]}",
	  "!project acme: quota: snapshots cannot be counted: they were not read" },
	{ "nor need they be without a limit",
	  "{" ACME("\"snapshots\":-1") ",\"snapshots_used\":{}," GUESTS(WEB(SNAPPED)) "}",
	  "{\"name\":\"web\",\"snapshots\":[{\"name\":\"s2\"}]}", "take snapshot s2" },
};

#define MOST(what) "\"registry\":{" what "}"

static const struct plan_row ceilings[] = {
	{ "cores of a new one", "{" MOST("\"mv.cores\":\"1\"") "}", NEW,
	  "!vm acme/a: cores asked 2 > 1, the most this cloud gives one VM" },
	{ "memory", "{" MOST("\"mv.ram_mb\":\"1023\"") "}", NEW,
	  "!vm acme/a: ram_mb asked 1024 > 1023, the most this cloud gives one VM" },
	{ "a resize", "{" MOST("\"mv.cores\":\"2\"") "," GUESTS(WEB("")) "}",
	  "{\"name\":\"web\",\"cores\":3}",
	  "!vm acme/web: cores asked 3 > 2, the most this cloud gives one VM" },
	{ "one that is above it may stay",
	  "{" MOST("\"mv.cores\":\"2\",\"mv.disk_gb\":\"1\",\"mv.ram_mb\":\"10\"") "," GUESTS(
		  WEB(",\"config\":{\"cores\":\"8\"}")) "}",
	  "{\"name\":\"web\",\"cores\":8}", "" },
	{ "and shrink",
	  "{" MOST("\"mv.cores\":\"2\"") "," GUESTS(WEB(",\"config\":{\"cores\":\"8\"}")) "}",
	  "{\"name\":\"web\",\"cores\":4}", "set cores=4*" },
	{ "but not grow",
	  "{" MOST("\"mv.cores\":\"2\"") "," GUESTS(WEB(",\"config\":{\"cores\":\"8\"}")) "}",
	  "{\"name\":\"web\",\"cores\":9}",
	  "!vm acme/web: cores asked 9 > 2, the most this cloud gives one VM" },
	{ "a rollback",
	  "{" MOST("\"mv.cores\":\"2\"") "," GUESTS(
		  WEB(",\"snapshots\":[{\"name\":\"s1\"},{\"name\":\"current\"}],"
		      "\"rollback\":{\"cores\":\"4\",\"memory\":\"1024\"}")) "}",
	  "{\"name\":\"web\",\"rollback\":\"s1\"}",
	  "!vm acme/web: cores asked 4 > 2, the most this cloud gives one VM" },
	{ "the root disk", "{" MOST("\"mv.disk_gb\":\"9\"") "," GUESTS(WEB("")) "}",
	  "{\"name\":\"web\",\"disk_size\":10}",
	  "!vm acme/web: disk_gb asked 10 > 9, the most this cloud gives one VM" },
	{ "another disk counts, too", "{" MOST("\"mv.disk_gb\":\"9\"") "," GUESTS(WEB("")) "}",
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi1\",\"size\":5}]}",
	  "!vm acme/web: disk_gb asked 10 > 9, the most this cloud gives one VM" },
	{ "both fit", "{" MOST("\"mv.disk_gb\":\"10\"") "," GUESTS(WEB("")) "}",
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi1\",\"size\":5}]}", "set scsi1=*" },
	{ "disks of a new one", "{" MOST("\"mv.disk_gb\":\"9\"") "}",
	  "{\"name\":\"a\",\"cores\":1,\"memory\":512,\"disk_size\":5,\"disks\":[{\"slot\":\"scsi1\",\"size\":5}]}",
	  "!vm acme/a: disk_gb asked 10 > 9, the most this cloud gives one VM" },
	{ "a disk that grows",
	  "{" MOST("\"mv.disk_gb\":\"9\"") "," GUESTS(
		  WEB(",\"config\":{\"scsi1\":\"shared:100/vm-100-disk-1.raw,size=4G\"}")) "}",
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi1\",\"size\":6}]}",
	  "!vm acme/web: disk_gb asked 11 > 9, the most this cloud gives one VM" },
	{ "a volume does not count",
	  "{" MOST("\"mv.disk_gb\":\"10\"") "," GUESTS(
		  WEB(",\"config\":{\"scsi1\":\"fast:vm-900000-pxc-1a2b3c4d,size=400G\"}")) "}",
	  "{\"name\":\"web\",\"disk_size\":10}", "grow scsi0: 5G -> 10G" },
};

#define TABLE(name, rows)                                                                          \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		plan_rows("pxc_vm", rows, ARRAY_SIZE(rows));                                       \
	}

TABLE(usage_is_counted_from_what_is_there, counted)
TABLE(what_cannot_be_counted_is_refused, unknown)
TABLE(snapshots_of_vms_and_volumes_count_together, snapshots)
TABLE(no_vm_grows_above_the_ceilings, ceilings)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage_is_counted_from_what_is_there),
		cmocka_unit_test(what_cannot_be_counted_is_refused),
		cmocka_unit_test(snapshots_of_vms_and_volumes_count_together),
		cmocka_unit_test(no_vm_grows_above_the_ceilings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
