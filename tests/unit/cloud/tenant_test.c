/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is another project's, or nobody's, is not there for who is no admin: in the words of what does not exist. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "lib/plan.h"
#include "unit/cloud/image_worlds.h"

#define TENANT "\"tenant\":1"
#define POOLS "\"pools\":{\"acme\":{},\"beta\":{},\"lab\":null}"
#define TEMPLATE(pool)                                                                             \
	"{" TENANT "," POOLS ",\"guests\":[{\"vmid\":500,\"name\":\"tpl\",\"raw\":\"\","           \
	"\"template\":1" pool                                                                      \
	",\"config\":{\"memory\":\"512\",\"cores\":\"1\",\"scsi0\":\"shared:base-500-disk-0,size=1G\"}}]}"
#define BY_NUMBER "{\"name\":\"web\",\"template\":{\"vmid\":500}}"
#define BY_NAME "{\"name\":\"web\",\"template\":{\"name\":\"tpl\"}}"
#define NO_NUMBER "!vm acme/web: there is no template with VMID 500"
#define NO_NAME "!vm acme/web: there is no template called tpl"

static const struct plan_row vms[] = {
	{ "a template of nobody's", TEMPLATE(""), BY_NUMBER,
	  "create VM 100 on pve1 as a linked clone of 500; *" },
	{ "a template in a pool that is no project", TEMPLATE(",\"pool\":\"lab\""), BY_NAME,
	  "create VM 100 on pve1 as a linked clone of 500; *" },
	{ "the project's own", TEMPLATE(",\"pool\":\"acme\""), BY_NUMBER,
	  "create VM 100 on pve1 as a linked clone of 500; *" },
	{ "another project's", TEMPLATE(",\"pool\":\"beta\""), BY_NUMBER, NO_NUMBER },
	{ "another project's, by name", TEMPLATE(",\"pool\":\"beta\""), BY_NAME, NO_NAME },
	{ "there is none", "{" TENANT "," POOLS "}", BY_NUMBER, NO_NUMBER },
	{ "there is none of the name", "{" TENANT "," POOLS "}", BY_NAME, NO_NAME },
	{ "a guest of others that is no template",
	  "{" TENANT "," POOLS ",\"guests\":[{\"vmid\":500,\"name\":\"tpl\",\"pool\":\"beta\"}]}",
	  BY_NUMBER, NO_NUMBER },
	{ "a guest of nobody's that is none",
	  "{" TENANT "," POOLS ",\"guests\":[{\"vmid\":500,\"name\":\"tpl\",\"raw\":\"\"}]}",
	  BY_NUMBER, NO_NUMBER },
	{ "the admin is told what it is",
	  "{" POOLS ",\"guests\":[{\"vmid\":500,\"name\":\"tpl\",\"pool\":\"beta\"}]}", BY_NUMBER,
	  "!vm acme/web: guest 500 (tpl) is not a template: *" },
	/* vnets that somebody made in PVE */
	{ "nobody's vnet",
	  "{" TENANT
	  ",\"vnets\":[{\"id\":\"raw1\"},{\"id\":\"n1\",\"name\":\"blue\",\"project\":\"acme\"}]}",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"networks\":[{\"network\":\"raw1\"}]}",
	  "!vm acme/web: net0: no network raw1 that project acme may use: there are blue" },
	{ "no such vnet",
	  "{" TENANT
	  ",\"vnets\":[{\"id\":\"raw2\"},{\"id\":\"n1\",\"name\":\"blue\",\"project\":\"acme\"}]}",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"networks\":[{\"network\":\"raw1\"}]}",
	  "!vm acme/web: net0: no network raw1 that project acme may use: there are blue" },
	{ "another project's network",
	  "{" TENANT ",\"vnets\":[{\"id\":\"raw1\",\"name\":\"raw1\",\"project\":\"beta\"},"
	  "{\"id\":\"n1\",\"name\":\"blue\",\"project\":\"acme\"}]}",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"networks\":[{\"network\":\"raw1\"}]}",
	  "!vm acme/web: net0: no network raw1 that project acme may use: there are blue" },
	{ "nobody's vnet, by an admin", "{\"vnets\":[{\"id\":\"raw1\"}]}",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"networks\":[{\"network\":\"raw1\"}]}",
	  "create VM *" },
};

#define CARD(tenant, text)                                                                            \
	"{" tenant                                                                                    \
	"\"registry\":{\"bridge\":\"vmbr0\"},\"guests\":[{\"vmid\":100,\"block\":{\"name\":\"web\"}," \
	"\"config\":{\"net0\":\"virtio=BC:24:11:00:00:01," text "\"}}]}"
#define ADMINS_CARD CARD(TENANT ",", "bridge=vmbr1,tag=5")
#define NET0(rest) "{\"name\":\"web\",\"networks\":[{" rest "}]}"

/* Where an admin has put a card; what is not named of it stays, so that a name that is allowed may not lead to a place that is not. */
static const struct plan_row cards[] = {
	{ "all else of it", ADMINS_CARD, NET0("\"firewall\":true"),
	  "set net0=*bridge=vmbr1*tag=5*" },
	{ "as it is", ADMINS_CARD, NET0(""), "" },
	{ "its VLAN on the cloud's bridge", ADMINS_CARD, NET0("\"bridge\":\"vmbr0\""),
	  "!policy: vm acme/web: net0 would be on bridge vmbr0 with VLAN tag 5, which takes an admin of the cloud" },
	{ "its bridge without the VLAN", ADMINS_CARD, NET0("\"tag\":0"),
	  "!policy: vm acme/web: net0 would be on bridge vmbr1, which takes an admin of the cloud" },
	{ "the cloud's bridge", ADMINS_CARD, NET0("\"bridge\":\"vmbr0\",\"tag\":0"), "set net0=*" },
	{ "off the cloud's bridge's VLAN", CARD(TENANT ",", "bridge=vmbr0,tag=5"),
	  NET0("\"tag\":0"), "set net0=*" },
	{ "an admin", CARD("", "bridge=vmbr1,tag=5"), NET0("\"bridge\":\"vmbr0\""),
	  "set net0=*bridge=vmbr0*tag=5*" },
};

#define IMAGE(block)                                                                                            \
	"{" TENANT "," CEPH "," POOLS                                                                           \
	",\"rbd\":{\"fast\":{\"images\":[{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\",\"block\":{" block \
	"}}]}}}"
#define OWN "\"visibility\":\"private\",\"project\":\"acme\""
#define THEIRS "\"visibility\":\"private\",\"project\":\"beta\""
#define SHARED "\"visibility\":\"shared\",\"project\":\"beta\",\"projects\":\"acme\""
#define MINE(rest) "{\"name\":\"debian\",\"version\":\"1\",\"project\":\"acme\"" rest "}"
#define GONE MINE(",\"state\":\"absent\"")
#define TAKEN                                                                                      \
	"!image debian *: the name is taken by an image that is not of project acme: choose another"

static const struct plan_row images[] = {
	{ "its own is changed", IMAGE(OWN), MINE(",\"description\":\"x\""),
	  "set the properties of debian version 1" },
	{ "its own is removed", IMAGE(OWN), GONE, "remove *" },
	{ "others' is not changed", IMAGE(THEIRS), MINE(",\"description\":\"x\""), TAKEN },
	{ "nor the cloud's", IMAGE(""), MINE(",\"visibility\":\"private\""), TAKEN },
	{ "nor one that is shared with it", IMAGE(SHARED), MINE(""), TAKEN },
	{ "nor gets it another version", IMAGE(THEIRS),
	  "{\"name\":\"debian\",\"version\":\"2\",\"project\":\"acme\",\"source\":\"/x\"}", TAKEN },
	{ "others' is not there to be removed", IMAGE(THEIRS), GONE, "" },
	{ "nor in all versions", IMAGE(THEIRS),
	  "{\"name\":\"debian\",\"project\":\"acme\",\"state\":\"absent\"}", "" },
	{ "nor the cloud's is", IMAGE(""), GONE, "" },
	{ "an admin gives it away", "{" CEPH "," POOLS ",\"rbd\":{\"fast\":{\"images\":[" D1 "]}}}",
	  MINE(""), "set the properties of debian version 1" },
};

static void guests_and_vnets(void **state)
{
	(void)state;
	plan_rows("pxc_vm", vms, ARRAY_SIZE(vms));
}

static void cards_of_admins(void **state)
{
	(void)state;
	plan_rows("pxc_vm", cards, ARRAY_SIZE(cards));
}

static void images_of_others(void **state)
{
	(void)state;
	plan_rows("pxc_rbd_image", images, ARRAY_SIZE(images));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_and_vnets),
		cmocka_unit_test(cards_of_admins),
		cmocka_unit_test(images_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
