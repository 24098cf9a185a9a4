/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/volumes.h"
#include "volume_rows.h"

/* Both storages are noted at the holder, so that only the move is planned. */
#define OWNER                                                                                                                   \
	"{\"vmid\":900000,\"name\":\"holder-acme\",\"ha\":\"stopped\",\"block\":{\"t\":\"holder\",\"storages\":\"fast,slow\"}," \
	"\"config\":{\"tags\":\"pxc-holder\"}}"
#define CLASSES                                                                                       \
	"\"registry\":{\"sc.hdd\":\"storage/slow\",\"sc.ssd\":\"storage/fast\",\"sc.top\":\"storage/" \
	"fast,default/1\"},"
#define WITH(vms, fast, slow, state)                                                               \
	"{" CLASSES "\"guests\":[" vms OWNER "],\"rbd\":{\"fast\":{\"images\":[" fast              \
	"],\"state\":{" state "}},\"slow\":{\"images\":[" slow "]}}}"
#define LIES(rest) WITH(WEB("") ",", DATA(rest), "", "")
#define HDD "{\"name\":\"data\",\"class\":\"hdd\"}"
#define SLOW "{\"name\":\"data\",\"storage\":\"slow\"}"
#define MOVED                                                                                      \
	"copy it from storage fast to storage slow, as vm-900000-pxc-aaaaaaaa; "                   \
	"remove what was copied, p-fast/vm-900000-pxc-aaaaaaaa; end the move"
#define NEW                                                                                        \
	DATA(",\"block\":{\"replaces\":\"rbd.1.id-vm-900000-pxc-aaaaaaaa\",\"was\":\"fast/"        \
	     "vm-900000-pxc-aaaaaaaa\"}")
#define LEFT "remove what a run that was cut off has left, p-fast/vm-900000-pxc-aaaaaaaa"

static const struct plan_row moves[] = {
	{ "to another class", LIES(""), HDD, MOVED },
	{ "to another storage", LIES(""), SLOW, MOVED },
	{ "to where it is", LIES(""), "{\"name\":\"data\",\"class\":\"ssd\"}", "" },
	{ "another name for where it is", LIES(""), "{\"name\":\"data\",\"class\":\"top\"}",
	  "set its metadata" },
	{ "with its snapshots", LIES(",\"snaps\":[\"pxc-s1\"]"), HDD, MOVED },
	{ "never with clones", LIES(",\"children\":[\"p-fast/a\",\"p-fast/b\"]"), HDD,
	  "!volume acme/data is in use, there are clones of it: p-fast/a, p-fast/b;*" },
	{ "not under a VM", WITH(WEB(HAS("scsi1")) ",", DATA(""), "", FOR_WEB), HDD,
	  "!volume acme/data is attached to vm acme/web and cannot move from fast to slow under it: "
	  "detach it first, or set detach: true" },
	{ "nor to where it is attached", WITH(WEB(HAS("scsi1")) ",", DATA(""), "", FOR_WEB),
	  "{\"name\":\"data\",\"class\":\"hdd\",\"attach_to\":\"web\"}",
	  "!*cannot move from fast to slow under it*" },
	{ "detached first", WITH(WEB(HAS("scsi1")) ",", DATA(""), "", FOR_WEB),
	  "{\"name\":\"data\",\"class\":\"hdd\",\"detach\":true}",
	  "detach scsi1 from vm acme/web / drop its reservation for VM 101; " MOVED },
	{ "quiet work", LIES(""), "{\"name\":\"data\",\"class\":\"hdd\",\"allow\":\"quiet\"}",
	  MOVED },
	{ "and then attached", LIES(""),
	  "{\"name\":\"data\",\"class\":\"hdd\",\"attach_to\":\"web\"}",
	  MOVED "; reserve it for VM 101 / set scsi1=slow:vm-900000-pxc-aaaaaaaa,serial=aaaaaaaa" },
	{ "with what else is wanted", LIES(",\"parent\":\"x\""),
	  "{\"name\":\"data\",\"class\":\"hdd\",\"size\":3,\"description\":\"x\",\"flatten\":"
	  "\"always\",\"snapshots\":[{\"name\":\"s\"}]}",
	  MOVED "; grow from 2G to 3G; take snapshot s" },
	{ "while somebody has it open", LIES(",\"watchers\":[\"10.0.0.9\"]"), HDD,
	  "wait until nobody has it open; " MOVED " | volume acme/data is open at 10.0.0.9*" },
	{ "a storage that is new to the project",
	  "{" CLASSES "\"guests\":[" HOLDER
	  "],\"rbd\":{\"fast\":{\"images\":[" DATA("") "]},\"slow\":{}}}",
	  HDD, "note that volumes of project acme lie in fast,slow / " MOVED },
	{ "to another Ceph",
	  "{" CLASSES "\"guests\":[" OWNER
	  "],\"rbd\":{\"fast\":{\"cluster\":\"a\",\"images\":[" DATA(
		  "") "]},\"slow\":{\"cluster\":\"b\"}}}",
	  HDD,
	  "!volume acme/data cannot move from fast to slow: they lie on different Ceph clusters*" },
	{ "removed, whatever is said of its class", LIES(""),
	  "{\"name\":\"data\",\"class\":\"none\",\"state\":\"absent\"}", "remove p-fast/*" },

	/* cut off */
	{ "before the new one had its name: it begins again",
	  WITH("", DATA(""),
	       "{\"name\":\"pxc-tmp-1\",\"volume\":\"data\",\"block\":{\"replaces\":\"rbd.1.id-vm-"
	       "900000-pxc-aaaaaaaa\"}}",
	       ""),
	  HDD, "remove what a run that was cut off has left, p-slow/pxc-tmp-1; " MOVED },
	{ "with both there the new one holds, the old one goes", WITH("", DATA(""), NEW, ""), HDD,
	  LEFT "; set its metadata" },
	{ "whatever the next task is about", WITH("", DATA(",\"snaps\":[\"pxc-s\"]"), NEW, ""),
	  "{\"name\":\"data\",\"size\":3}", LEFT "; set its metadata; grow from 2G to 3G" },
	{ "also when it is to go: the old one first", WITH("", DATA(""), NEW, ""),
	  "{\"name\":\"data\",\"state\":\"absent\"}",
	  LEFT "; remove p-slow/vm-900000-pxc-aaaaaaaa" },
	{ "half removed nobody sees the old one", WITH("", "", NEW, ""), HDD,
	  LEFT "; set its metadata" },
	{ "another one that has its name by now stays",
	  WITH("", "{\"name\":\"vm-900000-pxc-aaaaaaaa\",\"id\":\"x\",\"volume\":\"other\"}", NEW,
	       ""),
	  HDD, "set its metadata" },
	{ "when the move is ended all is done", WITH("", "", DATA(""), ""), HDD, "" },
	{ "of another Ceph it says nothing",
	  "{" CLASSES "\"guests\":[" OWNER
	  "],\"rbd\":{\"fast\":{\"cluster\":\"a\",\"images\":[" DATA(
		  "") "]},\"slow\":{\"cluster\":\"b\",\"images\":[" NEW "]}}}",
	  HDD, "!volume acme/data is there twice*" },
	{ "and counts once",
	  "{" CLASSES "\"pools\":{\"acme\":{\"quota\":{\"volumes\":2}}},\"guests\":[" OWNER
	  "],\"rbd\":{\"fast\":{\"images\":[" DATA("") "]},\"slow\":{\"images\":[" NEW "]}}}",
	  "{\"name\":\"more\",\"size\":1}", "create p-fast/*" },
};

static void moves_as_wanted(void **state)
{
	(void)state;
	plan_volume_rows(moves, ARRAY_SIZE(moves));
}

static void the_new_one_says_whom_it_replaces(void **state)
{
	auto_free char *args =
		plan_volume_args(HDD, LIES(",\"block\":{\"class\":\"top\"}"), VOLUME_MOVE);

	(void)state;
	assert_non_null(strstr(args, "\"class\":\"hdd\""));
	assert_non_null(strstr(args, "\"replaces\":\"rbd.1.id-vm-900000-pxc-aaaaaaaa\""));
	assert_non_null(strstr(args, "\"from\":\"fast\",\"name\":\"vm-900000-pxc-aaaaaaaa\","
				     "\"parent\":\"vm-900000-pxc-aaaaaaaa\",\"storage\":\"slow\""));
}

/* It is in no class that means where it was. */
static void a_move_by_storage_forgets_the_class(void **state)
{
	auto_free char *args =
		plan_volume_args(SLOW, LIES(",\"block\":{\"class\":\"top\"}"), VOLUME_MOVE);

	(void)state;
	assert_null(strstr(args, "\"class\""));
}

static void the_snapshots_go_with_the_old_one(void **state)
{
	auto_free char *args =
		plan_volume_args(HDD, LIES(",\"snaps\":[\"pxc-s\",\"trash\"]"), VOLUME_REMOVE);

	(void)state;
	assert_non_null(strstr(args, "\"snaps\":[\"pxc-s\"],\"storage\":\"fast\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_as_wanted),
		cmocka_unit_test(the_new_one_says_whom_it_replaces),
		cmocka_unit_test(a_move_by_storage_forgets_the_class),
		cmocka_unit_test(the_snapshots_go_with_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
