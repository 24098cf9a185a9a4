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

static const struct plan_row templates[] = {
	{ "made with its image", EMPTY, AND("1", FILE "," WANTED),
	  "import debian version 1 into p-fast/pxc-img-debian; clone the disk of template 9000; create VM 9000 on pve1 from "
	  "pxc-img-debian; make VM 9000 a template; let HA move template 9000 when its node dies" },
	{ "of an image that is there", IMAGES(D1), AND("1", WANTED),
	  "clone the disk of template 9000; create VM 9000 on pve1 from pxc-img-debian; make VM 9000 a template; let HA *" },
	{ "the lowest free number",
	  "{" CEPH ",\"guests\":[{\"vmid\":100}],\"rbd\":{\"fast\":{\"images\":[" D1 "]}}}",
	  AND("1", "\"template_vm\":{}"), "clone the disk of template 101; *" },
	{ "a free number has no disk of somebody's", IMAGES(D1 ",{\"name\":\"vm-100-disk-0\"}"),
	  AND("1", "\"template_vm\":{}"), "clone the disk of template 101; *" },
	{ "two in a task", IMAGES(D1 "," D2),
	  "{\"template_vm\":{},\"images\":[" OF("1") "," OF("2") "]}",
	  "clone the disk of template 100; *; clone the disk of template 101; *" },
	{ "one with a number, one without", IMAGES(D1 "," D2),
	  "{\"images\":[" AND("1", "\"template_vm\":{}") "," AND(
		  "2", "\"template_vm\":{\"vmid\":100}") "]}",
	  "clone the disk of template 101; *; clone the disk of template 100; *" },
	{ "its node", IMAGES(D1), AND("1", "\"template_vm\":{\"node\":\"pve3\"}"),
	  "clone *; create VM 100 on pve3 *" },
	{ "the first that is online",
	  "{" CEPH
	  ",\"nodes\":{\"pve1\":{\"online\":0},\"pve2\":{}},\"rbd\":{\"fast\":{\"images\":[" D1
	  "]}}}",
	  AND("1", WANTED), "clone *; create VM 9000 on pve2 *" },
	{ "no node",
	  "{" CEPH ",\"nodes\":{\"pve1\":{\"online\":0}},\"rbd\":{\"fast\":{\"images\":[" D1 "]}}}",
	  AND("1", WANTED), "!image debian 1: no node that is online has storage fast" },
	{ "its number is taken",
	  "{" CEPH ",\"guests\":[{\"vmid\":9000}],\"rbd\":{\"fast\":{\"images\":[" D1 "]}}}",
	  AND("1", WANTED), "!image debian 1: template_vm: number 9000 is taken by another guest" },
	{ "there is a disk of that number", IMAGES(D1 ",{\"name\":\"vm-9000-disk-0\"}"),
	  AND("1", WANTED),
	  "!image debian 1: template_vm: p-fast/vm-9000-disk-0 exists without a VM: choose another vmid, or remove it" },

	/* cut off at each point */
	{ "cut off when its disk was cloned", IMAGES(D1 "," LEFT_DISK("9000", "1")),
	  AND("1", WANTED),
	  "remove what a run that was cut off has left (p-fast/vm-9000-disk-0); clone the disk of template 9000; create *" },
	{ "and the number is ours to choose", IMAGES(D1 "," LEFT_DISK("100", "1")),
	  AND("1", "\"template_vm\":{}"),
	  "remove what a run that was cut off has left (p-fast/vm-100-disk-0); clone the disk of template 100; *" },
	{ "another version's is not ours", IMAGES(D1 "," LEFT_DISK("100", "2")),
	  AND("1", "\"template_vm\":{}"), "clone the disk of template 101; *" },
	{ "nor one that somebody has made a snapshot of",
	  IMAGES(D1
		 ",{\"name\":\"vm-100-disk-0\",\"disk\":\"vm.100.00001234\",\"snaps\":[\"s\"],\"block\":{\"image\":"
		 "\"debian\",\"version\":\"1\"}}"),
	  AND("1", "\"template_vm\":{}"), "clone the disk of template 101; *" },
	{ "a disk of a VM is not ours",
	  IMAGES(D1 ",{\"name\":\"vm-100-disk-0\",\"disk\":\"vm.100.00001234\"}"),
	  AND("1", "\"template_vm\":{}"), "clone the disk of template 101; *" },
	{ "cut off when its VM was made",
	  "{" CEPH "," T9000("") ",\"rbd\":{\"fast\":{\"images\":[" D1
				 "," LEFT_DISK("9000", "1") "]}}}",
	  AND("1", WANTED),
	  "make VM 9000 a template; let HA move template 9000 when its node dies" },
	{ "cut off when it was a template",
	  "{" CEPH "," T9000(",\"template\":1") ",\"rbd\":{\"fast\":{\"images\":[" D1 "]}}}",
	  AND("1", WANTED), "let HA move template 9000 when its node dies" },
	{ "done",
	  "{" CEPH
	  "," T9000(",\"template\":1,\"ha\":\"stopped\"") ",\"rbd\":{\"fast\":{\"images\":[" D1
							  "]}}}",
	  AND("1", WANTED), "" },
	{ "done under another number",
	  "{" CEPH
	  "," T9000(",\"template\":1,\"ha\":\"stopped\"") ",\"rbd\":{\"fast\":{\"images\":[" D1
							  "]}}}",
	  AND("1", "\"template_vm\":{}"), "" },
	{ "nothing said of it", "{" CEPH "," T9000("") ",\"rbd\":{\"fast\":{\"images\":[" D1 "]}}}",
	  OF("1"), "" },

	/* removal */
	{ "it goes with its version",
	  "{" CEPH
	  "," T9000(",\"template\":1,\"ha\":\"stopped\"") ",\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"children\":[\"p-fast/base-9000-disk-0\"]") ",{\"name\":\"base-9000-disk-0\"}]}}}",
	  AND("1", "\"state\":\"absent\""),
	  "take template 9000 out of HA; delete template 9000; remove image debian version 1 (p-fast/pxc-img-debian)" },
	{ "cut off before it was a template",
	  "{" CEPH "," T9000("") ",\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"children\":[\"p-fast/vm-9000-disk-0\"]") "]}}}",
	  AND("1", "\"state\":\"absent\""),
	  "delete template 9000; remove image debian version 1 *" },
	{ "VMs are linked to it",
	  "{" CEPH "," T9000(",\"template\":1") ",\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"children\":[\"p-fast/base-9000-disk-0\"]") ",{\"name\":\"base-9000-disk-0\",\"children\":[\"p-fast/vm-200-disk-0\"]}]}}}",
	  AND("1", "\"state\":\"absent\""),
	  "!image debian 1: VMs are linked to its template 9000 (p-fast/vm-200-disk-0): remove them first" },
	{ "then keep keeps it",
	  "{" CEPH "," T9000(",\"template\":1") ",\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"children\":[\"p-fast/base-9000-disk-0\"]") "," D2
								",{\"name\":\"base-9000-disk-0\",\"children\":[\"p-fast/vm-200-disk-0\"]}]}}}",
	  AND("2", "\"keep\":1"),
	  " | image debian 2: version 1 is kept beyond keep: 1: it is in use by p-fast/vm-200-disk-0" },
	{ "a clone of that name in another pool is no template of ours",
	  "{" CEPH "," T9000(",\"template\":1") ",\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"children\":[\"p-slow/base-9000-disk-0\"]") "]}}}",
	  AND("1", "\"state\":\"absent\""), "!image debian 1: version 1 is in use, *" },
	{ "the clone of another number is no template",
	  "{" CEPH "," T9000(",\"template\":1") ",\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"children\":[\"p-fast/base-90000-disk-0\"]") "]}}}",
	  AND("1", "\"state\":\"absent\""), "!image debian 1: version 1 is in use, *" },
};

static void templates_follow_their_image(void **state)
{
	(void)state;
	plan_rows("pxc_rbd_image", templates, ARRAY_SIZE(templates));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_follow_their_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
