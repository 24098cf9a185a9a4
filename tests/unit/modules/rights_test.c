/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists that are empty because they may not be seen, told from those that are empty; and when that is asked at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/task.h"

#define ALL "Sys.Audit,Sys.Modify,Group.Allocate,Pool.Audit,Datastore.Audit,VM.Audit"
#define FLAVOR "{\"name\":\"big\",\"vcpus\":8,\"memory\":8192,\"api_token_secret\":\"%s\"}"

/* The token of a new user few@pve, who runs the tasks to come. */
static char *user(struct lab *lab)
{
	json_auto_t *token = NULL;

	json_decref(lab_ask(lab, "POST", "/access/users", "userid=few@pve"));
	token = lab_ask(lab, "POST", "/access/users/few@pve/token/tok", "privsep=0");
	lab->token = "few@pve!tok";
	return pxc_strdup(json_string_value(json_object_get(token, "value")));
}

/* A user with these privileges on this path, besides Sys.Audit on "/"; runs a task. Returns as lab_task(). */
static int with(struct lab *lab, const char *privs, const char *path)
{
	auto_free char *role = pxc_printf("roleid=some&privs=%s", privs);
	auto_free char *acl = pxc_printf("path=%s&roles=some&users=few@pve", path);
	auto_free char *secret = user(lab), *task = pxc_printf(FLAVOR, secret);

	json_decref(lab_ask(lab, "POST", "/access/roles", role));
	json_decref(lab_ask(lab, "POST", "/access/roles",
			    "roleid=base&privs=Sys.Audit,Sys.Modify,Group.Allocate"));
	json_decref(
		lab_ask(lab, "PUT", "/access/acl", "path=/&roles=base&users=few@pve&propagate=1"));
	json_decref(lab_ask(lab, "PUT", "/access/acl", acl));
	return lab_task(lab, "pxc_flavor", task);
}

static unsigned asked(const struct lab *lab)
{
	return lab_count(buf_str(&lab->log), "/access/permissions");
}

static void a_list_that_may_not_be_seen_is_no_empty_one(void **state)
{
	static const struct {
		const char *privs, *path, *needs; /* NULL: nothing is missing */
		unsigned asked;                   /* at most */
	} rows[] = {
		{ ALL, "/", NULL, 0 },
		{ "Datastore.Audit,VM.Audit", "/", "Pool.Audit on /pool", 1 },
		{ "Pool.Audit,VM.Audit", "/", "Datastore.Audit on /storage", 1 },
		{ "Pool.Audit,Datastore.Audit", "/", "VM.Audit on /vms", 1 },
		/* held somewhere: then it is no want of a right that none is seen */
		{ "Pool.Audit,Datastore.Audit,VM.Audit", "/pool/acme", NULL, 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_lab struct lab lab;
		auto_free char *needs = pxc_printf("needs privilege %s: grant it to few@pve!tok",
						   rows[i].needs ? rows[i].needs : "");

		lab_create(&lab, 3);
		lab_prepare(&lab);
		assert_int_equal(with(&lab, rows[i].privs, rows[i].path), rows[i].needs ? -1 : 0);
		if (rows[i].needs) {
			assert_int_equal(lab.err.kind, PXC_EDENIED);
			if (!strstr(lab.err.msg, needs))
				fail_msg("%zu: %s", i, lab.err.msg);
		}
		assert_in_range(asked(&lab), rows[i].needs ? 1 : 0, rows[i].asked);
	}
}

/* A cluster without a guest or a pool is asked about, and served. */
static void a_young_cluster_is_asked_about_and_served(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 3);
	lab_must(&lab, "pxc_cloud", "{\"domain\":\"example.org\",\"storage\":\"shared\"}");
	assert_in_range(asked(&lab), 1, 4);
	lab_must(&lab, "pxc_flavor", "{\"name\":\"big\",\"vcpus\":8,\"memory\":8192}");
}

#define VM(project, storage, bridge)                                                               \
	"\"project\":\"" project "\",\"name\":\"web\",\"cores\":1,\"memory\":512,\"disk_size\":1," \
	"\"storage\":\"" storage "\",\"networks\":[{\"bridge\":\"" bridge "\"}]"
#define CLASS(storage) "\"storage_classes\":{\"a\":{\"storage\":\"" storage "\",\"default\":true}}"
#define FILE_IN(storage)                                                                            \
	"\"backend\":\"pve\",\"name\":\"deb\",\"source\":\"http://x/d.raw\",\"storage\":\"" storage \
	"\""
#define SPACE_IN(storage) "\"consumer\":\"csi\",\"project\":\"acme\",\"storages\":[\"" storage "\"]"
#define LAN(bridge)                                                                                                          \
	"\"kind\":\"provider\",\"zone\":\"office\",\"zone_type\":\"vlan\",\"name\":\"lan\",\"tag\":100,\"bridge\":\"" bridge \
	"\""
#define BRIDGE "/sdn/zones/localnetwork/vmbr"

/* A user who may see everything, but for what lies at one path when that is hidden. Returns as lab_task(). */
static int with_all_but(struct lab *lab, const char *path, bool hidden, const char *module,
			const char *args)
{
	auto_free char *secret = user(lab);
	auto_free char *acl = pxc_printf("path=%s&roles=NoAccess&users=few@pve", path);
	auto_free char *task = pxc_printf("{\"api_token_secret\":\"%s\",%s}", secret, args);

	json_decref(lab_ask(lab, "PUT", "/access/acl", "path=/&roles=Administrator&users=few@pve"));
	if (hidden)
		json_decref(lab_ask(lab, "PUT", "/access/acl", acl));
	return lab_task(lab, module, task);
}

/* What is not there is not there, and what may not be seen may be. Either way just that is asked about. */
static void what_is_not_seen_may_be_there(void **state)
{
	static const struct {
		const char *path, *asks, *module, *task, *says;
		const char *privs; /* NULL: it is not hidden */
	} rows[] = {
		{ "/storage/shared", "path=%2Fstorage%2Fshared", "pxc_vm",
		  VM("acme", "shared", "vmbr0"), "no node can take vm acme/web",
		  "Datastore.Audit" },
		{ "/storage/shared", "path=%2Fstorage%2Fshared", "pxc_cloud", CLASS("shared"),
		  "there is no storage shared", "Datastore.Audit" },
		{ BRIDGE "0", "localnetwork%2Fvmbr0", "pxc_vm", VM("acme", "shared", "vmbr0"),
		  "has no bridge vmbr0", "SDN.Use or SDN.Audit" },
		{ "/pool/acme", "path=%2Fpool%2Facme", "pxc_vm", VM("acme", "shared", "vmbr0"),
		  "there is no project acme", "Pool.Audit" },
		{ "/pool/acme", "path=%2Fpool%2Facme", "pxc_info",
		  "\"project\":\"acme\",\"gather\":[\"vms\"]", "there is no project acme",
		  "Pool.Audit" },
		{ "/storage/none", "path=%2Fstorage%2Fnone", "pxc_vm", VM("acme", "none", "vmbr0"),
		  "has no storage none", NULL },
		{ "/storage/none", "path=%2Fstorage%2Fnone", "pxc_cloud", CLASS("none"),
		  "there is no storage none", NULL },
		{ "/storage/shared", "path=%2Fstorage%2Fshared", "pxc_rbd_image", FILE_IN("shared"),
		  "no node that is online has a storage shared", "Datastore.Audit" },
		{ "/storage/shared", "path=%2Fstorage%2Fshared", "pxc_access", SPACE_IN("shared"),
		  "there is no storage shared", "Datastore.Audit" },
		{ "/storage/none", "path=%2Fstorage%2Fnone", "pxc_cloud",
		  "\"audit_storage\":\"none\"", "none is no storage of the cluster", NULL },
		{ BRIDGE "0", "localnetwork%2Fvmbr0", "pxc_sdn", LAN("vmbr0"),
		  "has no bridge vmbr0", "SDN.Use or SDN.Audit" },
		{ BRIDGE "77", "localnetwork%2Fvmbr77", "pxc_sdn", LAN("vmbr77"),
		  "has no bridge vmbr77", NULL },
		{ BRIDGE "77", "localnetwork%2Fvmbr77", "pxc_vm", VM("acme", "shared", "vmbr77"),
		  "has no bridge vmbr77", NULL },
		{ "/pool/none", "path=%2Fpool%2Fnone", "pxc_vm", VM("none", "shared", "vmbr0"),
		  "there is no project none", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_lab struct lab lab;
		bool hidden = rows[i].privs != NULL;
		auto_free char *perhaps = pxc_printf(
			"; if it is there, the API user may not see it: needs privilege %s on %s: "
			"grant it to few@pve!tok",
			hidden ? rows[i].privs : "", rows[i].path);

		lab_create(&lab, 3);
		lab_prepare(&lab);
		assert_int_equal(
			with_all_but(&lab, rows[i].path, hidden, rows[i].module, rows[i].task), -1);
		assert_int_not_equal(lab.err.kind, PXC_EDENIED);
		if (!strstr(lab.err.msg, rows[i].says) ||
		    !strstr(lab.err.msg, hidden ? perhaps : "") ||
		    !strstr(lab.err.msg, "if it is there") != !hidden)
			fail_msg("%zu: %s", i, lab.err.msg);
		if (lab_count(buf_str(&lab.log), rows[i].asks) != 1)
			fail_msg("%zu: %s", i, buf_str(&lab.log));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_may_not_be_seen_is_no_empty_one),
		cmocka_unit_test(what_is_not_seen_may_be_there),
		cmocka_unit_test(a_young_cluster_is_asked_about_and_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
