/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/task.h"

#define LOCK "POST /access/groups comment=*&groupid=pxc-lock-access\n"
#define UNLOCK "DELETE /access/groups/pxc-lock-access\n"
#define ACC "pxc_access"
#define CSI "\"roles\":[{\"name\":\"CSI\",\"privs\":[\"VM.Audit\",\"VM.Config.Disk\"]}]"
#define USER "\"users\":[{\"userid\":\"csi@pve\",\"comment\":\"Driver\",\"groups\":[\"ops\"]}]"
#define OPS "\"groups\":[{\"name\":\"ops\"}]"
#define DRV(more) "\"tokens\":[{\"user\":\"csi@pve\",\"name\":\"drv\"" more "}]"
#define ON_ACME                                                                                    \
	"\"acls\":[{\"path\":\"/pool/acme\",\"role\":\"CSI\",\"user\":\"csi@pve\"},"               \
	"{\"path\":\"/pool/acme\",\"role\":\"CSI\",\"token\":\"csi@pve!drv\"}]"
#define ALL CSI "," OPS "," USER "," DRV("") "," ON_ACME

/* Tasks in the order of the rows, in one cluster: what each writes to the wire, exactly, or "!" and why it is refused. */
static const struct row {
	const char *name, *task, *writes;
} rows[] = {
	{ "check mode writes nothing", "{" ALL ",\"_ansible_check_mode\":true}", "" },
	{ "made", "{" ALL "}",
	  LOCK
	  "POST /access/roles privs=VM.Audit%2CVM.Config.Disk&roleid=CSI\n"
	  "POST /access/groups groupid=ops\n"
	  "POST /access/users comment=*&groups=ops&userid=csi%40pve\n"
	  "POST /access/users/csi%40pve/token/drv\n"
	  "PUT /access/acl path=%2Fpool%2Facme&roles=CSI&tokens=csi%40pve%21drv&users=csi%40pve\n" UNLOCK },
	{ "as it is", "{" ALL "}", "" },
	{ "as it is, exactly", "{\"mode\":\"exact\"," ALL "}", "" },
	{ "more", "{\"roles\":[{\"name\":\"CSI\",\"privs\":[\"VM.Clone\"]}]}",
	  LOCK "PUT /access/roles/CSI append=1&privs=VM.Clone\n" UNLOCK },
	{ "less, by check mode", "{\"mode\":\"exact\"," CSI ",\"_ansible_check_mode\":true}", "" },
	{ "less", "{\"mode\":\"exact\"," CSI "}",
	  LOCK "PUT /access/roles/CSI privs=VM.Audit%2CVM.Config.Disk\n" UNLOCK },
	{ "a user changes",
	  "{\"users\":[{\"userid\":\"csi@pve\",\"enabled\":false,\"email\":\"a@b.example\"}]}",
	  LOCK "PUT /access/users/csi%40pve email=a%40b.example&enable=0\n" UNLOCK },
	{ "a token changes", "{" DRV(",\"comment\":\"x\",\"expire\":4000000000") "}",
	  LOCK "PUT /access/users/csi%40pve/token/drv comment=*&expire=4000000000\n" UNLOCK },
	{ "its comment goes", "{" DRV(",\"comment\":\"\"") "}",
	  LOCK "PUT /access/users/csi%40pve/token/drv delete=comment\n" UNLOCK },
	{ "a new secret", "{" DRV(",\"regenerate\":true") "}",
	  LOCK "PUT /access/users/csi%40pve/token/drv regenerate=1\n" UNLOCK },
	{ "one entry is narrowed",
	  "{\"acls\":[{\"path\":\"/pool/acme\",\"role\":\"CSI\",\"user\":\"csi@pve\",\"propagate\":false}]}",
	  LOCK
	  "PUT /access/acl path=%2Fpool%2Facme&propagate=0&roles=CSI&users=csi%40pve\n" UNLOCK },
	{ "and goes",
	  "{\"acls\":[{\"path\":\"/pool/acme\",\"role\":\"CSI\",\"user\":\"csi@pve\",\"state\":\"absent\"}]}",
	  LOCK "PUT /access/acl delete=1&path=%2Fpool%2Facme&roles=CSI&users=csi%40pve\n" UNLOCK },
	{ "the role not, while it is granted",
	  "{\"roles\":[{\"name\":\"CSI\",\"state\":\"absent\"}]}",
	  "!role CSI is still granted on /pool/acme to token csi@pve!drv: *" },
	{ "an unknown realm", "{\"users\":[{\"userid\":\"bob@ldap\"}]}",
	  "!user bob@ldap: there is no realm ldap: there are pam, pve" },
	{ "two subjects in an entry",
	  "{\"acls\":[{\"path\":\"/\",\"role\":\"CSI\",\"user\":\"csi@pve\",\"group\":\"ops\"}]}",
	  "!parameters are mutually exclusive: user|group|token found in acls" },
	{ "its own token",
	  "{\"tokens\":[{\"user\":\"root@pam\",\"name\":\"test\",\"state\":\"absent\"}]}",
	  "!the task would take its login from root@pam!test, with which it runs itself: *" },
	{ "all goes",
	  "{\"users\":[{\"userid\":\"csi@pve\",\"state\":\"absent\"}],\"groups\":[{\"name\":\"ops\",\"state\":\"absent\"}],"
	  "\"roles\":[{\"name\":\"CSI\",\"state\":\"absent\"}]}",
	  LOCK "DELETE /access/users/csi%40pve\n"
	       "DELETE /access/groups/ops\n"
	       "DELETE /access/roles/CSI\n" UNLOCK },
	{ "it is gone",
	  "{\"users\":[{\"userid\":\"csi@pve\",\"state\":\"absent\"}],\"groups\":[{\"name\":\"ops\",\"state\":\"absent\"}],"
	  "\"roles\":[{\"name\":\"CSI\",\"state\":\"absent\"}]}",
	  "" },
};

static void each_task_sends_exactly_these_writes(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 1);
	lab_prepare(&lab);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = lab_task(&lab, ACC, rows[i].task);
		auto_free char *writes = r < 0 ? pxc_printf("!%s", lab.err.msg) : lab_writes(&lab);

		if (!plan_fits(rows[i].writes, writes))
			fail_msg("%s:\nwanted\n%s\ngot\n%s", rows[i].name, rows[i].writes, writes);
	}
}

/* Does the server take this secret for the token? */
static bool works(struct lab *lab, const char *secret)
{
	auto_free char *auth =
		pxc_printf("Authorization: PVEAPIToken=csi@pve!drv=%s", secret ? secret : "");
	const char *headers[] = { auth, NULL };
	struct sim_reply reply = { .status = 0 };
	int status;

	sim_request(lab->sim, "GET", "/api2/json/version", headers, "", 0, &reply);
	status = reply.status;
	sim_reply_release(&reply);
	return status == 200;
}

static const json_t *secrets(const struct lab *lab)
{
	return json_object_get(lab->result, "secrets");
}

/* The only secret of the last task; NULL: there is not just one. */
static const char *secret(const struct lab *lab)
{
	return json_array_size(secrets(lab)) == 1
		       ? json_string_value(
				 json_object_get(json_array_get(secrets(lab), 0), "value"))
		       : NULL;
}

/* How often it stands in the result. */
static unsigned mentions(const struct lab *lab, const char *text)
{
	auto_free char *all = json_dumps(lab->result, 0);

	return lab_count(all, text);
}

static void a_secret_is_told_once(void **state)
{
	auto_lab struct lab lab;
	auto_free char *first = NULL, *second = NULL;

	(void)state;
	lab_create(&lab, 2);
	lab_must(&lab, ACC,
		 "{" ALL ",\"acls\":[],\"_ansible_check_mode\":true,\"_ansible_diff\":true}");
	assert_int_equal(json_array_size(secrets(&lab)), 0);
	lab_must(&lab, ACC, "{" OPS "," USER "," DRV("") ",\"_ansible_diff\":true}");
	assert_non_null(secret(&lab));
	first = pxc_strdup(secret(&lab));
	assert_true(works(&lab, first));
	assert_int_equal(mentions(&lab, first), 1);
	lab_must(&lab, ACC, "{" OPS "," USER "," DRV("") "}");
	assert_true(json_is_false(json_object_get(lab.result, "changed")));
	assert_true(json_is_array(secrets(&lab)) && json_array_size(secrets(&lab)) == 0);
	/* Another one ends it. */
	lab_must(&lab, ACC, "{" DRV(",\"regenerate\":true") ",\"_ansible_diff\":true}");
	second = pxc_strdup(secret(&lab));
	assert_true(works(&lab, second));
	assert_false(works(&lab, first));
	assert_int_equal(mentions(&lab, second), 1);
}

/* A later step fails: what the task was told before is not lost. */
static void also_when_the_task_fails_later(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 3);
	json_decref(lab_ask(&lab, "POST", "!/sim/faults",
			    "PUT /access/acl status=500 text=\"no way\"\n"));
	assert_int_equal(lab_task(&lab, ACC, "{" ALL "}"), -1);
	assert_non_null(strstr(lab.err.msg, "no way"));
	assert_non_null(secret(&lab));
	assert_true(works(&lab, secret(&lab)));
}

/* Nor when the look after the change fails. */
static void also_when_nothing_can_be_seen_any_more(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 3);
	/* The first two looks are before the lock and behind it. */
	json_decref(lab_ask(&lab, "POST", "!/sim/faults",
			    "GET /access/roles nth=3 status=500 text=\"no way\"\n"));
	assert_int_equal(lab_task(&lab, ACC, "{" ALL "}"), -1);
	assert_non_null(strstr(lab.err.msg, "after the change"));
	assert_non_null(secret(&lab));
	assert_true(works(&lab, secret(&lab)));
}

/* The answer with the secret is lost: nobody has it, so the run asks for another. */
static void a_lost_answer_is_asked_for_again(void **state)
{
	static const char *const at[] = { "POST /access/users/*/token/* count=1 lost\n",
					  "PUT /access/users/*/token/* count=1 lost\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		auto_lab struct lab lab;

		lab_create(&lab, 8);
		if (i)
			lab_must(&lab, ACC, "{" OPS "," USER "," DRV("") "}");
		json_decref(lab_ask(&lab, "POST", "!/sim/faults", at[i]));
		lab_must(&lab, ACC,
			 i ? "{" DRV(",\"regenerate\":true") "}"
			   : "{" OPS "," USER "," DRV("") "}");
		assert_non_null(secret(&lab));
		assert_true(works(&lab, secret(&lab)));
	}
}

/* PVE 8 cannot make another secret for a token: it makes another token, which gets back what it was granted. */
static void another_secret_on_pve_8(void **state)
{
	static const struct sim_options options = { .nodes = 1, .seed = 9, .speed = 1, .pve = 8 };
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	lab_create_as(&lab, &options);
	lab_must(&lab, ACC, "{" ALL "}");
	lab_must(&lab, ACC, "{" DRV(",\"regenerate\":true") "}");
	writes = lab_writes(&lab);
	assert_string_equal(
		writes, LOCK
		"DELETE /access/users/csi%40pve/token/drv\n"
		"POST /access/users/csi%40pve/token/drv\n"
		"PUT /access/acl path=%2Fpool%2Facme&roles=CSI&tokens=csi%40pve%21drv\n" UNLOCK);
	assert_true(works(&lab, secret(&lab)));
	lab_must(&lab, ACC, "{" ALL "}");
	assert_true(json_is_false(json_object_get(lab.result, "changed")));
	lab_must(&lab, ACC, "{\"roles\":[{\"name\":\"R\",\"privs\":[\"VM.Monitor\"]}]}");
	assert_int_equal(
		lab_task(&lab, ACC,
			 "{\"roles\":[{\"name\":\"R\",\"privs\":[\"VM.GuestAgent.Audit\"]}]}"),
		-1);
	assert_non_null(strstr(lab.err.msg, "VM.GuestAgent.Audit"));
}

#define ADM(path, role)                                                                            \
	"{\"path\":\"" path "\",\"role\":\"" role "\",\"user\":\"adm@pve\"},"                      \
	"{\"path\":\"" path "\",\"role\":\"" role "\",\"token\":\"adm@pve!run\"}"

/* With just the privileges that docs/access.md lists, and what every module reads. */
static void the_privileges_that_are_listed_do(void **state)
{
	auto_lab struct lab lab;
	auto_free char *task = NULL, *again = NULL, *denied = NULL, *own = NULL;

	(void)state;
	lab_create(&lab, 10);
	lab_must(
		&lab, ACC,
		"{\"roles\":[{\"name\":\"See\",\"privs\":[\"Sys.Audit\",\"Pool.Audit\",\"VM.Audit\"]},"
		"{\"name\":\"Roles\",\"privs\":[\"Sys.Audit\",\"Sys.Modify\",\"Group.Allocate\",\"User.Modify\",\"Realm.AllocateUser\"]},"
		"{\"name\":\"Grant\",\"privs\":[\"Permissions.Modify\"]}],"
		"\"users\":[{\"userid\":\"adm@pve\"}],\"tokens\":[{\"user\":\"adm@pve\",\"name\":\"run\"}],"
		"\"acls\":[" ADM("/", "See") "," ADM("/access", "Roles") "," ADM("/pool",
										 "Grant") "]}");
	own = pxc_strdup(secret(&lab));
	task = pxc_printf("{" ALL ",\"api_token_secret\":\"%s\"}", own);
	denied = pxc_printf("{\"acls\":[{\"path\":\"/vms\",\"role\":\"CSI\",\"user\":\"csi@pve\"}],"
			    "\"api_token_secret\":\"%s\"}",
			    own);
	again = pxc_printf(
		"{\"users\":[{\"userid\":\"csi@pve\",\"state\":\"absent\"}],\"groups\":[{\"name\":\"ops\",\"state\":\"absent\"}],"
		"\"roles\":[{\"name\":\"CSI\",\"state\":\"absent\"}],\"api_token_secret\":\"%s\"}",
		own);
	lab.token = "adm@pve!run";
	lab_must(&lab, ACC, task);
	lab_must(&lab, ACC, task);
	assert_true(json_is_false(json_object_get(lab.result, "changed")));
	assert_int_equal(lab_task(&lab, ACC, denied), -1);
	assert_non_null(strstr(lab.err.msg, "needs privilege Permissions.Modify on /vms"));
	lab_must(&lab, ACC, again);
	/* One less, and it does not see all users. */
	lab.token = NULL;
	lab_must(
		&lab, ACC,
		"{\"mode\":\"exact\",\"roles\":[{\"name\":\"Roles\",\"privs\":[\"Sys.Modify\"]}]}");
	lab.token = "adm@pve!run";
	assert_int_equal(lab_task(&lab, ACC, task), -1);
	assert_non_null(strstr(lab.err.msg, "it needs the privilege Sys.Audit on /access"));
}

struct folder {
	char path[64], file[96], begun[112];
};

static void folder_create(struct folder *f)
{
	(void)snprintf(f->path, sizeof(f->path), "/tmp/pxc-access-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	(void)snprintf(f->file, sizeof(f->file), "%s/secret", f->path);
	(void)snprintf(f->begun, sizeof(f->begun), "%s.new", f->file);
}

static void folder_release(struct folder *f)
{
	(void)chmod(f->path, 0700);
	(void)unlink(f->file);
	(void)unlink(f->begun);
	(void)rmdir(f->path);
}

/* What the file holds, without its line break; "" = it is not there. New string. */
static char *held(const char *path)
{
	char text[128] = "";
	FILE *f = fopen(path, "re");

	if (f && !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		(void)fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return pxc_strdup(text);
}

static char *saving(const struct folder *f, const char *more)
{
	return pxc_printf("{" OPS "," USER ",\"tokens\":[{\"user\":\"csi@pve\",\"name\":\"drv\","
			  "\"save_to\":\"%s\"%s}]}",
			  f->file, more);
}

static void a_file_gets_it_instead(void **state)
{
	auto_lab struct lab lab;
	struct folder f;
	auto_free char *task = NULL, *again = NULL, *first = NULL, *second = NULL;
	struct stat st;

	(void)state;
	folder_create(&f);
	task = saving(&f, "");
	again = saving(&f, ",\"regenerate\":true");
	lab_create(&lab, 4);
	lab_must(&lab, ACC, task);
	first = held(f.file);
	assert_true(works(&lab, first));
	assert_int_equal(mentions(&lab, first), 0);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(secrets(&lab), 0), "saved_to")),
		f.file);
	assert_int_equal(stat(f.file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(f.begun, F_OK), -1);
	lab_must(&lab, ACC, task);
	assert_true(json_is_false(json_object_get(lab.result, "changed")));
	lab_must(&lab, ACC, again);
	second = held(f.file);
	assert_string_not_equal(first, second);
	assert_true(works(&lab, second));
	/* It is gone, and PVE does not tell it again. */
	(void)unlink(f.file);
	assert_int_equal(lab_task(&lab, ACC, task), -1);
	assert_non_null(strstr(lab.err.msg, "regenerate: true"));
	folder_release(&f);
}

static void a_file_that_cannot_be_written_stops_the_task_before_the_token(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	lab_create(&lab, 5);
	assert_int_equal(lab_task(&lab, ACC,
				  "{" OPS "," USER "," DRV(",\"save_to\":\"/nowhere/secret\"") "}"),
			 -1);
	assert_non_null(strstr(lab.err.msg, "/nowhere/secret.new cannot be written: No such file"));
	writes = lab_writes(&lab);
	assert_null(strstr(writes, "/token/"));
}

/* The server refuses: the file that was prepared goes, so that the next run does not think that a secret is on its way. */
static void a_refused_token_leaves_no_file(void **state)
{
	auto_lab struct lab lab;
	struct folder f;
	auto_free char *task = NULL;

	(void)state;
	folder_create(&f);
	task = saving(&f, "");
	lab_create(&lab, 6);
	json_decref(lab_ask(&lab, "POST", "!/sim/faults",
			    "POST /access/users/*/token/* status=500 text=\"no way\"\n"));
	assert_int_equal(lab_task(&lab, ACC, task), -1);
	assert_int_equal(access(f.begun, F_OK), -1);
	folder_release(&f);
}

#define GONE                                                                                       \
	"{\"users\":[{\"userid\":\"csi@pve\",\"state\":\"absent\"}],\"groups\":[{\"name\":\"ops\",\"state\":\"absent\"}]}"

/* Killed at any request: the next run ends with a file whose secret works, and one more changes nothing. */
static void sweep(bool after, bool anew)
{
	for (unsigned long at = 1;; at++) {
		auto_lab struct lab lab;
		struct folder f;
		auto_free char *task = NULL, *again = NULL, *has = NULL;
		bool killed;

		folder_create(&f);
		task = saving(&f, "");
		again = saving(&f, ",\"regenerate\":true");
		lab_create(&lab, 7);
		if (anew)
			lab_must(&lab, ACC, task);
		lab.kill_before = after ? 0 : at;
		lab.kill_after = after ? at : 0;
		(void)lab_task(&lab, ACC, anew ? again : task);
		killed = lab.killed;
		/* The lock of the killed run is broken by its age. */
		sim_advance(lab.sim, 3600000);
		lab.skew_s = 3600;
		lab_must(&lab, ACC, task);
		has = held(f.file);
		if (!works(&lab, has))
			fail_msg("killed at %lu: the file holds \"%s\"", at, has);
		lab_must(&lab, ACC, task);
		if (json_is_true(json_object_get(lab.result, "changed")))
			fail_msg("killed at %lu: a third run still changes something", at);
		lab_must(&lab, ACC, GONE);
		lab_must(&lab, ACC, GONE);
		assert_true(json_is_false(json_object_get(lab.result, "changed")));
		folder_release(&f);
		if (!killed)
			return;
	}
}

static void killed_anywhere(void **state)
{
	(void)state;
	sweep(false, false);
	sweep(true, false);
	sweep(false, true);
	sweep(true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_sends_exactly_these_writes),
		cmocka_unit_test(a_secret_is_told_once),
		cmocka_unit_test(also_when_the_task_fails_later),
		cmocka_unit_test(also_when_nothing_can_be_seen_any_more),
		cmocka_unit_test(a_lost_answer_is_asked_for_again),
		cmocka_unit_test(another_secret_on_pve_8),
		cmocka_unit_test(the_privileges_that_are_listed_do),
		cmocka_unit_test(a_file_gets_it_instead),
		cmocka_unit_test(a_file_that_cannot_be_written_stops_the_task_before_the_token),
		cmocka_unit_test(a_refused_token_leaves_no_file),
		cmocka_unit_test(killed_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
