/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_task.h"
#include "lib/access.h"
#include "lib/world.h"

static const char *const pools[] = { "acme", NULL }, *const templates[] = { "images", NULL };
static const char *const storages[] = { "fast", NULL }, *const isos[] = { "shared", NULL };
static const char *const vnets[] = { "tenant/n1", "localnetwork/vmbr0/7", NULL };
static const char *const zones[] = { "open", NULL };

static const char pools_json[] =
	"{'pools': {'acme': {}, 'beta': {}, 'images': null}, 'guests': []}";

struct fixture {
	struct test_world world;
	struct access_state s;
	struct access_facts f;
	struct access_task t;
	struct access_want want;
	struct pxc_err err;
};

static void begin(struct fixture *x, const char *consumer, unsigned major, const char *users,
		  const char *acls)
{
	auto_free char *json = pxc_strdup(pools_json);

	memset(x, 0, sizeof(*x));
	for (char *at = json; *at; at++)
		if (*at == '\'')
			*at = '"';
	test_world_create(&x->world, json);
	x->s = access_server(major, users, acls, NULL);
	x->f = (struct access_facts){ .w = &x->world.world,
				      .cluster = "0123abcd",
				      .stamp = "20261121T220000Z",
				      .actor = "root",
				      .url = "https://pve1:8006",
				      .holder = 900001 };
	x->t = (struct access_task){
		.label = "consumer",
		.profile = access_profile(consumer),
		.project = "acme",
		.token = consumer,
		.scope = { pools, templates, storages, isos, vnets, zones },
	};
	x->t.userid = access_consumer_user(x->t.profile, x->t.project, &x->world.arena);
	x->want.warnings = json_array();
	x->want.item = json_object();
}

static void end(struct fixture *x)
{
	json_decref(x->want.warnings);
	json_decref(x->want.item);
	access_server_release(&x->s);
	test_world_release(&x->world);
}

static int run(struct fixture *x)
{
	return access_consumer(&x->t, &x->s, &x->f, &x->world.arena, &x->want, &x->err);
}

static const char *text(struct fixture *x)
{
	return access_want_text(&x->want, &x->world.arena);
}

/* Paths and roles of a subject, "path Role" each. */
static const char *grants(struct fixture *x, enum access_subject subject)
{
	auto_buf struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < x->want.nacls; i++) {
		const struct access_acl *a = &x->want.acls[i];

		if (a->subject == subject)
			buf_printf(&out, "%s%s%s %s", out.len ? ", " : "", a->path,
				   a->propagate ? "*" : "", a->roleid);
	}
	return arena_strdup(&x->world.arena, buf_str(&out));
}

#define NETS                                                                                       \
	"/sdn/zones/tenant/n1 PVESDNUser, /sdn/zones/localnetwork/vmbr0/7 PVESDNUser, "            \
	"/sdn/zones/open* PVESDNUser"

static const struct {
	const char *consumer, *grants, *only8;
} rows[] = {
	{ "machine-controller",
	  "/ PXCHighAvailability, /pool/acme PXCConsumer-machine-controller, "
	  "/pool/images PVETemplateUser, /storage/fast PXCAllocate, " NETS,
	  "" },
	{ "capmox",
	  "/ PXCAudit, /nodes* PXCAudit, /pool/acme PVEVMAdmin, /pool/images PVETemplateUser, " NETS
	  ", /storage/shared PVEDatastoreAdmin, /storage/fast PXCAllocate",
	  "" },
	{ "csi", "/pool/acme PXCConsumer-csi, /storage/fast PXCVolumes", "" },
	{ "csi-replication", "/pool/acme PXCConsumer-csi-replication, /storage/fast PXCVolumes",
	  ", /storage PXCReplication" },
	{ "ccm", "/ PXCAudit, /nodes* PXCAudit, /pool/acme PXCConsumer-ccm", "" },
	{ "backup", "/pool/acme PXCConsumer-backup, /storage/fast PXCSpace", "" },
	{ "prometheus", "/* PVEAuditor", "" },
	{ "terraform",
	  "/nodes* PXCAudit, /pool/acme PXCConsumer-terraform, /pool/images PVETemplateUser, "
	  "/storage/fast PXCSpace, /storage/shared PVEDatastoreAdmin, " NETS,
	  "" },
};

/* The narrowest places, for the user and just so for its token, which has what both have. */
static void each_consumer_gets_its_grants(void **state)
{
	size_t consumers = 0;

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		const unsigned major = i % 2 ? 9 : 8;
		struct fixture x;
		auto_free char *expect =
			pxc_printf("%s%s", rows[i / 2].grants, major == 8 ? rows[i / 2].only8 : "");

		begin(&x, rows[i / 2].consumer, major, NULL, NULL);
		if (run(&x) < 0)
			fail_msg("%s", x.err.msg);
		assert_string_equal(grants(&x, ACCESS_USER), expect);
		assert_string_equal(grants(&x, ACCESS_TOKEN), expect);
		assert_int_equal(x.want.nusers, 1);
		assert_int_equal(x.want.ntokens, 1);
		assert_int_equal(x.want.tokens[0].privsep, 1);
		end(&x);
	}
	for (const struct access_profile *p = access_profiles; p->name; p++)
		consumers += p->consumer && !p->refused;
	assert_int_equal(consumers, ARRAY_SIZE(rows));
}

static void roles_come_with_the_privileges_of_that_server(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, "ccm", 8, NULL, NULL);
	assert_int_equal(run(&x), 0);
	assert_string_equal(text(&x), "/ PXCAudit token pxc-ccm.acme@pve!ccm\n"
				      "/ PXCAudit user pxc-ccm.acme@pve\n"
				      "/nodes/ PXCAudit token pxc-ccm.acme@pve!ccm\n"
				      "/nodes/ PXCAudit user pxc-ccm.acme@pve\n"
				      "/pool/acme PXCConsumer-ccm token pxc-ccm.acme@pve!ccm\n"
				      "/pool/acme PXCConsumer-ccm user pxc-ccm.acme@pve\n"
				      "role PXCAudit: Sys.Audit\n"
				      "role PXCConsumer-ccm: VM.Audit,VM.Monitor\n"
				      "token pxc-ccm.acme@pve!ccm\n"
				      "user pxc-ccm.acme@pve\n");
	end(&x);
	begin(&x, "ccm", 9, NULL, NULL);
	assert_int_equal(run(&x), 0);
	assert_non_null(strstr(text(&x), "role PXCConsumer-ccm: VM.Audit,VM.GuestAgent.Audit\n"));
	end(&x);
}

static void what_it_needs_must_be_named_and_be_there(void **state)
{
	static const char *const nowhere[] = { "nowhere", NULL };
	struct fixture x;

	(void)state;
	begin(&x, "csi", 9, NULL, NULL);
	x.t.scope.storages = NULL;
	assert_int_equal(run(&x), -1);
	assert_string_equal(x.err.msg, "consumer needs storages");
	x.t.scope.storages = nowhere;
	assert_int_equal(run(&x), -1);
	assert_string_equal(x.err.msg, "consumer: there is no storage nowhere");
	x.t.scope.storages = storages;
	x.t.scope.pools = nowhere;
	assert_int_equal(run(&x), -1);
	assert_string_equal(x.err.msg, "consumer: there is no pool nowhere");
	x.t.scope.pools = NULL;
	assert_int_equal(run(&x), -1);
	assert_string_equal(x.err.msg, "consumer needs project or pools");
	end(&x);
	begin(&x, "capmox", 9, NULL, NULL);
	x.t.scope.isos = NULL;
	assert_int_equal(run(&x), -1);
	assert_string_equal(x.err.msg, "consumer needs iso_storage");
	/* Networks need not be. */
	x.t.scope.isos = isos;
	x.t.scope.vnets = x.t.scope.zones = NULL;
	assert_int_equal(run(&x), 0);
	end(&x);
}

static void what_only_root_may_do_is_refused(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, "csi-snapshots", 9, NULL, NULL);
	assert_int_equal(run(&x), -1);
	assert_non_null(strstr(x.err.msg, "root@pam with a password only, never to a token"));
	assert_int_equal(x.want.nacls + x.want.nusers, 0);
	end(&x);
}

#define CSI "pxc-csi.acme@pve"

/* The users of a second run: the comment is what the first one wrote. */
static char *users_after(struct fixture *x)
{
	return pxc_printf("[{'userid': '" CSI
			  "', 'comment': '%s', 'tokens': [{'tokenid': 'csi'}]}]",
			  x->want.users[0].comment);
}

static void it_knows_its_own_user_again(void **state)
{
	auto_free char *users = NULL;
	struct fixture x, y;

	(void)state;
	begin(&x, "csi", 9, NULL, NULL);
	assert_int_equal(run(&x), 0);
	assert_true(str_starts(x.want.users[0].comment,
			       "csi of project acme [pxc/1 t=consumer id=user." CSI
			       " c=0123abcd n=csi p=acme r=1 at=20261121T220000Z by=root s="));
	users = users_after(&x);
	begin(&y, "csi", 9, users, NULL);
	assert_int_equal(run(&y), 0);
	assert_null(y.want.users[0].comment);
	end(&y);
	/* The same user for another program, or another project, or somebody else's. */
	begin(&y, "ccm", 9, users, NULL);
	y.t.userid = CSI;
	assert_int_equal(run(&y), -1);
	assert_non_null(
		strstr(y.err.msg, "the user " CSI " is there, and its comment does not say"));
	end(&y);
	begin(&y, "csi", 9, users, NULL);
	y.t.project = "beta";
	assert_int_equal(run(&y), -1);
	y.t.absent = true;
	assert_int_equal(run(&y), -1);
	assert_int_equal(y.want.nusers, 0);
	end(&y);
	begin(&y, "csi", 9, "[{'userid': '" CSI "'}]", NULL);
	assert_int_equal(run(&y), -1);
	y.t.absent = true;
	assert_int_equal(run(&y), -1);
	end(&y);
	end(&x);
}

static void what_was_named_before_and_is_not_now_goes(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, "csi", 9, NULL,
	      "[{'path': '/storage/slow', 'type': 'user', 'ugid': '" CSI
	      "', 'roleid': 'PXCVolumes', 'propagate': 0},"
	      " {'path': '/storage/slow', 'type': 'token', 'ugid': '" CSI
	      "!csi', 'roleid': 'PXCVolumes', 'propagate': 0},"
	      " {'path': '/storage/slow', 'type': 'user', 'ugid': 'bob@pve', 'roleid': "
	      "'PXCVolumes', 'propagate': 0}]");
	assert_int_equal(run(&x), 0);
	assert_non_null(strstr(text(&x), "-/storage/slow PXCVolumes token " CSI "!csi\n"
					 "-/storage/slow PXCVolumes user " CSI "\n"));
	assert_null(strstr(text(&x), "-/storage/slow PXCVolumes user bob"));
	end(&x);
}

/* All it had, and its role, but for one that somebody else has, too. */
static void removal_leaves_nothing_of_it(void **state)
{
	auto_free char *users = NULL;
	struct fixture x, y;

	(void)state;
	begin(&x, "csi", 9, NULL, NULL);
	assert_int_equal(run(&x), 0);
	users = users_after(&x);
	begin(&y, "csi", 9, users,
	      "[{'path': '/pool/acme', 'type': 'user', 'ugid': '" CSI
	      "', 'roleid': 'PXCConsumer-csi', 'propagate': 0},"
	      " {'path': '/pool/acme', 'type': 'token', 'ugid': '" CSI
	      "!csi', 'roleid': 'PXCConsumer-csi', 'propagate': 0},"
	      " {'path': '/storage/fast', 'type': 'user', 'ugid': '" CSI
	      "', 'roleid': 'PXCVolumes', 'propagate': 0},"
	      " {'path': '/storage/slow', 'type': 'user', 'ugid': 'pxc-csi.beta@pve', 'roleid': "
	      "'PXCVolumes', 'propagate': 0}]");
	(void)json_array_append_new(y.s.roles, json_pack("{ss}", "roleid", "PXCConsumer-csi"));
	(void)json_array_append_new(y.s.roles, json_pack("{ss}", "roleid", "PXCVolumes"));
	y.t.absent = true;
	y.t.scope = (struct access_scope){ .pools = NULL };
	assert_int_equal(run(&y), 0);
	assert_string_equal(text(&y), "-/pool/acme PXCConsumer-csi token " CSI "!csi\n"
				      "-/pool/acme PXCConsumer-csi user " CSI "\n"
				      "-/storage/fast PXCVolumes user " CSI "\n"
				      "-role PXCConsumer-csi\n"
				      "-token " CSI "!csi\n"
				      "-user " CSI "\n");
	end(&y);
	/* Nothing is there: nothing goes. */
	begin(&y, "csi", 9, NULL, NULL);
	y.t.absent = true;
	assert_int_equal(run(&y), 0);
	assert_string_equal(text(&y), "");
	end(&y);
	end(&x);
}

static void others_of_ours_stay_on_the_pool_and_everybody_elsewhere(void **state)
{
	auto_free char *users = NULL;
	struct fixture x, y;

	(void)state;
	begin(&x, "csi", 9, NULL, NULL);
	assert_int_equal(run(&x), 0);
	users = users_after(&x);
	begin(&y, "ccm", 9, users,
	      "[{'path': '/pool/acme', 'type': 'token', 'ugid': '" CSI
	      "!csi', 'roleid': 'PXCConsumer-csi', 'propagate': 0},"
	      " {'path': '/pool/acme', 'type': 'user', 'ugid': 'bob@pve', 'roleid': 'PVEVMUser', "
	      "'propagate': 1},"
	      " {'path': '/', 'type': 'user', 'ugid': 'bob@pve', 'roleid': 'PVEAuditor', "
	      "'propagate': 1}]");
	assert_int_equal(run(&y), 0);
	assert_non_null(strstr(text(&y), "=/* PVEAuditor user bob@pve\n"));
	assert_non_null(strstr(text(&y), "=/pool/acme PXCConsumer-csi token " CSI "!csi\n"));
	assert_null(strstr(text(&y), "PVEVMUser"));
	end(&y);
	end(&x);
}

static void disks_of_other_projects_on_its_storage_are_told(void **state)
{
	json_auto_t *sharers = json_pack("{s:[ss]}", "fast", "beta", "gamma");
	json_auto_t *none = json_pack("{s:[]}", "fast");
	struct fixture x;

	(void)state;
	begin(&x, "csi", 9, NULL, NULL);
	x.f.sharers = sharers;
	assert_int_equal(run(&x), 0);
	assert_int_equal(json_array_size(x.want.warnings), 1);
	assert_string_equal(
		json_string_value(json_array_get(x.want.warnings, 0)),
		"consumer: Datastore.Allocate lets it attach and remove every disk of "
		"the storage, and on fast there are disks of beta, gamma: a storage of its "
		"own keeps them apart");
	end(&x);
	begin(&x, "csi", 9, NULL, NULL);
	x.f.sharers = none;
	assert_int_equal(run(&x), 0);
	assert_int_equal(json_array_size(x.want.warnings), 0);
	end(&x);
	begin(&x, "csi", 9, NULL, NULL);
	assert_int_equal(run(&x), 0);
	assert_non_null(strstr(json_string_value(json_array_get(x.want.warnings, 0)),
			       "it is not known who else has disks on fast"));
	end(&x);
	/* Others make disks there, and can remove none but their own. */
	begin(&x, "capmox", 9, NULL, NULL);
	x.f.sharers = sharers;
	assert_int_equal(run(&x), 0);
	assert_int_equal(json_array_size(x.want.warnings), 0);
	end(&x);
}

static void its_own_configuration_comes_with_it(void **state)
{
	json_auto_t *expect =
		json_pack("{s:{si}, s:[{ss, sb, ss, ss}]}", "features", "controllerVmID", 900001,
			  "clusters", "url", "https://pve1:8006/api2/json", "insecure", 0,
			  "token_id", CSI "!csi", "region", "lab");
	json_auto_t *none = json_pack("{s:[]}", "fast");
	json_t *item;
	struct fixture x;

	(void)state;
	begin(&x, "csi", 9, NULL, NULL);
	x.world.world.cluster_name = "lab";
	assert_int_equal(run(&x), 0);
	item = json_object_get(x.want.item, "consumer");
	assert_true(json_equal(json_object_get(item, "config"), expect));
	assert_int_equal(json_integer_value(json_object_get(item, "holder")), 900001);
	assert_int_equal(json_array_size(json_object_get(item, "needs")), 2);
	end(&x);
	/* Before there is a volume: no number rather than a wrong one. */
	begin(&x, "csi", 9, NULL, NULL);
	x.world.world.cluster_name = "lab";
	x.f.holder = 0;
	x.f.sharers = none;
	assert_int_equal(run(&x), 0);
	(void)json_object_del(expect, "features");
	item = json_object_get(x.want.item, "consumer");
	assert_true(json_equal(json_object_get(item, "config"), expect));
	assert_non_null(strstr(json_string_value(json_array_get(x.want.warnings, 0)),
			       "nothing holds volumes of project acme yet"));
	end(&x);
}

static void the_user_of_the_cloud_has_all_it_needs(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, "automation", 9, NULL, NULL);
	x.t.userid = "pxc@pve";
	x.t.token = "awx";
	assert_int_equal(access_automation(&x.t, &x.s, &x.f, &x.world.arena, &x.want, &x.err), 0);
	assert_non_null(strstr(text(&x), "/* PXCAdmin token pxc@pve!awx\n"
					 "/* PXCAdmin user pxc@pve\n"));
	assert_non_null(strstr(text(&x), "VM.Replicate"));
	assert_true(str_starts(x.want.users[0].comment, "the user that the cloud runs as [pxc/1 "));
	end(&x);
	/* One that a person made is taken as it is, and not removed. */
	begin(&x, "automation", 8, "[{'userid': 'pxc@pve', 'comment': 'mine'}]", NULL);
	x.t.userid = "pxc@pve";
	x.t.token = "awx";
	assert_int_equal(access_automation(&x.t, &x.s, &x.f, &x.world.arena, &x.want, &x.err), 0);
	assert_null(x.want.users[0].comment);
	assert_non_null(strstr(text(&x), "VM.Monitor"));
	x.t.absent = true;
	assert_int_equal(access_automation(&x.t, &x.s, &x.f, &x.world.arena, &x.want, &x.err), -1);
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_consumer_gets_its_grants),
		cmocka_unit_test(roles_come_with_the_privileges_of_that_server),
		cmocka_unit_test(what_it_needs_must_be_named_and_be_there),
		cmocka_unit_test(what_only_root_may_do_is_refused),
		cmocka_unit_test(it_knows_its_own_user_again),
		cmocka_unit_test(what_was_named_before_and_is_not_now_goes),
		cmocka_unit_test(removal_leaves_nothing_of_it),
		cmocka_unit_test(others_of_ours_stay_on_the_pool_and_everybody_elsewhere),
		cmocka_unit_test(disks_of_other_projects_on_its_storage_are_told),
		cmocka_unit_test(its_own_configuration_comes_with_it),
		cmocka_unit_test(the_user_of_the_cloud_has_all_it_needs),
	};

	pxc_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
