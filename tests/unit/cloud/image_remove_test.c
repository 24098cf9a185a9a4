/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/image.h"
#include "lib/plan.h"
#include "unit/cloud/image_worlds.h"

/* keep, absent, what runs have left */
static const struct plan_row removal[] = {
	{ "keep", IMAGES(D1 "," D2), AND("3", FILE ",\"keep\":2"),
	  "import debian version 3 *; remove image debian version 1 (p-fast/pxc-img-debian)" },
	{ "keep only this", IMAGES(D1 "," D2), AND("3", FILE ",\"keep\":1"),
	  "import *; remove image debian version 2 *; remove image debian version 1 *" },
	{ "keep more than there are", IMAGES(D1 "," D2), AND("2", "\"keep\":5"), "" },
	{ "keep goes by rank, not by name",
	  IMAGES("{\"name\":\"pxc-img-debian\",\"image\":\"debian@10\",\"block\":{\"rank\":\"3\"}},"
		 "{\"name\":\"pxc-img-debian.2\",\"image\":\"debian@9\",\"block\":{\"rank\":\"2\"}},"
		 "{\"name\":\"pxc-img-debian.3\",\"image\":\"debian@8\",\"block\":{\"rank\":\"1\"}}"),
	  AND("10", "\"keep\":2"), "remove image debian version 8 (p-fast/pxc-img-debian.3)" },
	{ "keep says nothing of other images",
	  IMAGES(D1 ",{\"name\":\"pxc-img-x\",\"image\":\"x@1\"}"), AND("1", "\"keep\":1"), "" },
	{ "protected ones are kept", IMAGES(D1_WITH("\"block\":{\"protected\":\"1\"}") "," D2),
	  AND("2", "\"keep\":1"),
	  " | image debian 2: version 1 is kept beyond keep: 1: it is protected" },
	{ "those with clones are kept",
	  IMAGES(D1_WITH("\"children\":[\"p-fast/vm-100-disk-0\",\"p-fast/b\"]") "," D2),
	  AND("2", "\"keep\":1"),
	  " | image debian 2: version 1 is kept beyond keep: 1: it is in use by p-fast/vm-100-disk-0, p-fast/b" },
	{ "those that are open are kept", IMAGES(D1_WITH("\"watchers\":[\"10.0.0.9\"]") "," D2),
	  AND("2", "\"keep\":1"),
	  " | image debian 2: version 1 is kept beyond keep: 1: it is open at 10.0.0.9" },

	{ "absent", IMAGES(D1 "," D2), AND("1", "\"state\":\"absent\""),
	  "remove image debian version 1 (p-fast/pxc-img-debian)" },
	{ "absent already", IMAGES(D2), AND("1", "\"state\":\"absent\""), "" },
	{ "all versions", IMAGES(D1 "," D2 ",{\"name\":\"pxc-img-x\",\"image\":\"x@1\"}"),
	  "{\"name\":\"debian\",\"state\":\"absent\"}",
	  "remove image debian version 1 *; remove image debian version 2 (p-fast/pxc-img-debian.2)" },
	{ "a deprecated one", IMAGES(D1_WITH("\"block\":{\"deprecated\":\"1\"}")),
	  AND("1", "\"state\":\"absent\""), "remove image debian version 1 *" },
	{ "in use", IMAGES(D1_WITH("\"children\":[\"p-fast/a\",\"p-slow/b\"]")),
	  AND("1", "\"state\":\"absent\""),
	  "!image debian 1: version 1 is in use, there are clones of it: p-fast/a, p-slow/b; remove them first, or set "
	  "state: deprecated so that no new one is made" },
	{ "in use by many",
	  IMAGES(D1_WITH(
		  "\"children\":[\"p/1\",\"p/2\",\"p/3\",\"p/4\",\"p/5\",\"p/6\",\"p/7\",\"p/8\",\"p/9\",\"p/10\"]")),
	  AND("1", "\"state\":\"absent\""),
	  "!image debian 1: *: p/1, *, p/8 and 2 more; remove them first, *" },
	{ "in use, among all versions", IMAGES(D1 "," D2_WITH("\"children\":[\"p-fast/a\"]")),
	  "{\"name\":\"debian\",\"state\":\"absent\"}", "!image debian: version 2 is in use, *" },
	{ "open", IMAGES(D1_WITH("\"watchers\":[\"10.0.0.9\"]")), AND("1", "\"state\":\"absent\""),
	  "!image debian 1: version 1 is open at 10.0.0.9: try again later" },
	{ "protected", IMAGES(D1_WITH("\"block\":{\"protected\":\"1\"}")),
	  AND("1", "\"state\":\"absent\""),
	  "!image debian 1: version 1 is protected: set protected: false to remove it all the same" },
	{ "all the same", IMAGES(D1_WITH("\"block\":{\"protected\":\"1\"}")),
	  AND("1", "\"state\":\"absent\",\"protected\":false"), "remove image debian version 1 *" },

	{ "unfinished ones of the same image go",
	  IMAGES("{\"name\":\"" TEMP_NEW
		 "\",\"image\":\"debian@1\",\"block\":{\"state\":\"importing\"}},"
		 "{\"name\":\"pxc-tmp-6955b001" HEX24
		 "\",\"image\":\"x@1\",\"block\":{\"state\":\"importing\"}},"
		 "{\"name\":\"pxc-tmp-6955b002" HEX24 "\"}"),
	  AND("1", FILE),
	  "import *; remove what a run that was cut off has left (p-fast/" TEMP_NEW ")" },
	{ "once for two versions",
	  IMAGES(D1 "," D2 ",{\"name\":\"" TEMP_NEW
		    "\",\"image\":\"debian@3\",\"block\":{\"state\":\"importing\"}}"),
	  "{\"images\":[" OF("1") "," OF("2") "]}",
	  "remove what a run that was cut off has left (p-fast/" TEMP_NEW ")" },
	{ "removals of it that were killed are ended",
	  IMAGES("{\"name\":\"pxc-img-debian\",\"in_removal\":1},"
		 "{\"name\":\"pxc-img-debian.12\",\"in_removal\":1},"
		 "{\"name\":\"pxc-img-debian-x\",\"in_removal\":1},"
		 "{\"name\":\"pxc-img-debian.x\",\"in_removal\":1}"),
	  "{\"name\":\"debian\",\"state\":\"absent\"}",
	  "remove what a run that was cut off has left (p-fast/pxc-img-debian); "
	  "remove what a run that was cut off has left (p-fast/pxc-img-debian.12)" },
	{ "with an image that goes",
	  IMAGES("{\"name\":\"" TEMP_NEW
		 "\",\"image\":\"debian@1\",\"block\":{\"state\":\"importing\"}}"),
	  "{\"name\":\"debian\",\"state\":\"absent\"}",
	  "remove what a run that was cut off has left *" },
	{ "those of processes that are gone go with other work",
	  IMAGES("{\"name\":\"" TEMP_NEW "\",\"left\":1}"), AND("1", FILE),
	  "import *; remove what a run that was cut off has left (p-fast/" TEMP_NEW ")" },
	{ "but alone they are no change", IMAGES(D1 ",{\"name\":\"" TEMP_NEW "\",\"left\":1}"),
	  OF("1"), "" },
};

#define GC "{\"gc\":true}"

static const struct plan_row garbage[] = {
	{ "nothing", IMAGES(D1), GC, "" },
	{ "unfinished for an hour", IMAGES("{\"name\":\"" TEMP_OLD "\"}"), GC,
	  "remove what a run that was cut off has left (p-fast/" TEMP_OLD ")" },
	{ "with a block",
	  IMAGES("{\"name\":\"" TEMP_OLD
		 "\",\"image\":\"x@1\",\"block\":{\"state\":\"importing\"}}"),
	  GC, "remove what a run that was cut off has left *" },
	{ "for less", IMAGES("{\"name\":\"" TEMP_NEW "\"}"), GC, "" },
	{ "for less, of a process that is gone", IMAGES("{\"name\":\"" TEMP_NEW "\",\"left\":1}"),
	  GC, "remove what a run that was cut off has left *" },
	{ "open: it is being made",
	  IMAGES("{\"name\":\"" TEMP_OLD "\",\"watchers\":[\"10.0.0.9\"]}"), GC, "" },
	{ "with clones", IMAGES("{\"name\":\"" TEMP_OLD "\",\"children\":[\"p-fast/x\"]}"), GC,
	  "" },
	{ "somebody's image with such a name",
	  IMAGES("{\"name\":\"pxc-tmp-backup\"},{\"name\":\"pxc-tmp-69550000\"},{\"name\":\"" TEMP_OLD
		 "0\"},"
		 "{\"name\":\"pxc-tmp-69550000"
		 "AAAAAAAAAAAAAAAAAAAAAAAA\"}"),
	  GC, "" },
	{ "the disk of a VM that is not there",
	  IMAGES("{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\"}"), GC,
	  "remove the disk of a VM that is not there (p-fast/vm-101-disk-0)" },
	{ "its seed",
	  IMAGES("{\"name\":\"vm-101-pxcseed\",\"disk\":\"vm.101.00000065\",\"block\":{\"t\":\"seed\"}}"),
	  GC, "remove the disk of a VM that is not there (p-fast/vm-101-pxcseed)" },
	{ "made within the hour",
	  IMAGES("{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\",\"block\":{\"at\":\"20251231T230001Z\"}}"),
	  GC, "" },
	{ "its VM is there",
	  "{" CEPH
	  ",\"rbd\":{\"fast\":{\"images\":[{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\"}]}},"
	  "\"guests\":[{\"vmid\":101}]}",
	  GC, "" },
	{ "not every VM is seen",
	  "{" CEPH
	  ",\"sees_all\":0,\"rbd\":{\"fast\":{\"images\":[{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\"},"
	  "{\"name\":\"" TEMP_OLD "\"}]}}}",
	  GC, "remove what a run that was cut off has left (p-fast/" TEMP_OLD ")" },
	{ "of another cluster",
	  IMAGES("{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\",\"block\":{\"c\":\"00000000\"}}"),
	  GC, "" },
	{ "changed by hand",
	  IMAGES("{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\",\"tampered\":1}"), GC,
	  "" },
	{ "open",
	  IMAGES("{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\",\"watchers\":[\"10.0.0.9\"]}"),
	  GC, "" },
	{ "cloned",
	  IMAGES("{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\",\"children\":[\"p-fast/x\"]}"),
	  GC, "" },
	{ "somebody has a snapshot of it",
	  IMAGES("{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\",\"snaps\":[\"before\"]}"),
	  GC, "" },
	{ "only a run that was cut off has",
	  IMAGES("{\"name\":\"vm-101-disk-0\",\"disk\":\"vm.101.00000065\",\"snaps\":[\"" TEMP_OLD
		 "\"]}"),
	  GC, "remove the disk of a VM that is not there *" },
	{ "PVE's own disk", IMAGES("{\"name\":\"vm-101-disk-0\"}"), GC, "" },
	{ "a volume of a VM that is not there",
	  IMAGES("{\"name\":\"v\",\"disk\":\"vm.101.00000065\",\"block\":{\"t\":\"volume\"}}"), GC,
	  "" },
	{ "temporary snapshots",
	  IMAGES("{\"name\":\"vm-9-disk-0\",\"snaps\":[\"a\",\"" TEMP_OLD "\",\"" TEMP_NEW
		 "\",\"trash\"]}"),
	  GC,
	  "remove snapshot " TEMP_OLD
	  " of p-fast/vm-9-disk-0, which a run that was cut off has left" },
	{ "no more than the task allows is for the loop to say",
	  IMAGES("{\"name\":\"" TEMP_OLD
		 "\",\"image\":\"debian@1\",\"block\":{\"state\":\"importing\"}}"),
	  "{\"gc\":true,\"name\":\"debian\",\"version\":\"2\"," FILE "}",
	  "import *; remove what a run that was cut off has left (p-fast/" TEMP_OLD ")" },
	{ "an unfinished one of that name in another storage",
	  "{" CEPH ",\"rbd\":{\"fast\":{\"images\":[" D1
	  "]},\"slow\":{\"images\":[{\"name\":\"" TEMP_OLD "\","
	  "\"image\":\"debian@1\",\"block\":{\"state\":\"importing\"}}]}}}",
	  "{\"gc\":true,\"name\":\"debian\"}",
	  "remove what a run that was cut off has left (p-slow/" TEMP_OLD ")" },
};

static void images_go(void **state)
{
	(void)state;
	plan_rows("pxc_rbd_image", removal, ARRAY_SIZE(removal));
}

static void garbage_is_what_nobody_works_on(void **state)
{
	(void)state;
	plan_rows("pxc_rbd_image", garbage, ARRAY_SIZE(garbage));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_go),
		cmocka_unit_test(garbage_is_what_nobody_works_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
