/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PVE's lock on the SDN: waited for, given back, and found when a run was killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/sdn_lab.h"

#define BLUE(rest) "{\"project\":\"acme\",\"name\":\"blue\"" rest "}"
#define NOTHING BLUE(",\"state\":\"absent\"")
#define FOREVER 4102444800ll

/* Somebody takes the lock: its token. */
static char *take(struct lab *lab)
{
	json_auto_t *token = lab_ask(lab, "POST", "/cluster/sdn/lock", "");

	assert_non_null(json_string_value(token));
	return pxc_strdup(json_string_value(token));
}

/* And writes something under it. */
static void write_zone(struct lab *lab, const char *zone, const char *token)
{
	auto_free char *form = pxc_printf("zone=%s&type=simple%s%s", zone,
					  token ? "&lock-token=" : "", token ? token : "");

	sdn_lab_ask(lab, "POST", "/cluster/sdn/zones", form);
}

/* The group of a run of this collection whose process is gone from this host; sdn: the token it has noted, or NULL. */
static void leave_group(struct lab *lab, const char *sdn)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *pid = pxc_printf("%ld", (long)getpid()),
		       *until = pxc_printf("%lld", FOREVER);
	auto_free char *comment = NULL, *form = NULL;
	struct pxc_buf encoded = { .data = NULL };
	char host[128] = "";

	(void)gethostname(host, sizeof(host) - 1);
	annot_set(&a, "t", "lock");
	annot_set(&a, "id", "lock.pxc-lock-sdn");
	annot_set(&a, "by", "bob");
	annot_set(&a, "host", host);
	annot_set(&a, "pid", pid);
	annot_set(&a, "born", "1");
	annot_set(&a, "until", until);
	annot_set(&a, "sdn", sdn);
	comment = annot_render(ANNOT_TOKEN, "", &a, "");
	for (const char *p = comment; *p; p++)
		buf_printf(&encoded, "%%%02X", (unsigned char)*p);
	form = pxc_printf("groupid=pxc-lock-sdn&comment=%s", buf_str(&encoded));
	sdn_lab_ask(lab, "POST", "/access/groups", form);
	buf_release(&encoded);
}

static bool warned(const struct lab *lab, const char *pattern)
{
	size_t i;
	json_t *text;

	json_array_foreach (json_object_get(lab->result, "warnings"), i, text)
		if (plan_fits(pattern, json_string_value(text)))
			return true;
	return false;
}

static bool sent(const struct lab *lab, const char *line)
{
	auto_free char *writes = lab_writes(lab);

	return strstr(writes, line) != NULL;
}

static void a_lock_of_others_is_waited_for_and_its_remedy_named(void **state)
{
	auto_lab struct lab lab;
	auto_free char *token = NULL;
	int64_t start;

	(void)state;
	sdn_lab_create(&lab, 9, 1);
	token = take(&lab);
	start = sim_now_ms(lab.sim);
	assert_int_equal(lab_task(&lab, "pxc_sdn", BLUE(",\"lock_timeout\":7")), -1);
	assert_int_equal(lab.err.kind, PXC_EBUSY);
	assert_non_null(
		strstr(lab.err.msg, "somebody else holds the lock on the SDN configuration"));
	assert_non_null(strstr(lab.err.msg, "break_lock: true"));
	assert_in_range(sim_now_ms(lab.sim) - start, 7000, 9000);
	assert_false(sent(&lab, "/cluster/sdn/zones"));
	assert_false(sent(&lab, "DELETE /cluster/sdn/lock"));
	assert_false(json_is_true(json_object_get(lab.result, "changed")));
	assert_true(sdn_lab_locked(&lab));
	/* When there is nothing to do it is not asked for. */
	lab_must(&lab, "pxc_sdn", NOTHING);
	lab_must(&lab, "pxc_sdn", BLUE(",\"_ansible_check_mode\":true"));
	assert_false(sent(&lab, "/cluster/sdn/lock"));
	sdn_lab_ask(&lab, "DELETE", "/cluster/sdn/lock", "force=1");
	lab_must(&lab, "pxc_sdn", BLUE(""));
	sdn_lab_is_clean(&lab);
}

static void a_lock_that_is_given_back_meanwhile_is_taken(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	sdn_lab_create(&lab, 9, 2);
	sdn_lab_faults(
		&lab,
		"POST /cluster/sdn/lock count=4 status=500 text=\"could not acquire lock for SDN config: invalid "
		"lock token provided!\"\n");
	lab_must(&lab, "pxc_sdn", BLUE(",\"lock_timeout\":60"));
	sdn_lab_is_clean(&lab);
}

static void a_lock_is_broken_only_when_asked_and_late(void **state)
{
	auto_lab struct lab lab;
	auto_free char *token = NULL, *other = NULL, *running = NULL, *configured = NULL;
	int64_t start;

	(void)state;
	sdn_lab_create(&lab, 9, 3);
	token = take(&lab);
	start = sim_now_ms(lab.sim);
	lab_must(&lab, "pxc_sdn", BLUE(",\"lock_timeout\":5,\"break_lock\":true"));
	assert_true(sim_now_ms(lab.sim) - start >= 5000);
	assert_true(sent(&lab, "DELETE /cluster/sdn/lock force=1\n"));
	sdn_lab_is_clean(&lab);
	/* What its holder has begun is neither applied nor lost. */
	other = take(&lab);
	write_zone(&lab, "theirs", other);
	assert_int_equal(
		lab_task(&lab, "pxc_sdn",
			 BLUE(",\"isolate_ports\":true,\"lock_timeout\":1,\"break_lock\":true")),
		-1);
	assert_non_null(strstr(lab.err.msg, "zone theirs (new)"));
	configured = sdn_lab_state(&lab, false);
	running = sdn_lab_state(&lab, true);
	assert_true(str_starts(configured, "tenant theirs / "));
	assert_true(str_starts(running, "tenant / "));
	assert_false(sent(&lab, "rollback"));
}

/* What a killed run has left, by what it had done when it was killed. */
static const struct left {
	const char *what;
	bool locked, noted, pending, other; /* other: by now the lock is somebody else's */
	bool recovered;                     /* is it taken back, so that the run goes on? */
	const char *writes; /* one that is sent for it; NULL = none of those below */
	const char *warns;
} lefts[] = {
	{ "nothing but its group", false, false, false, false, true, NULL, NULL },
	{ "its lock", true, true, false, false, true,
	  "POST /cluster/sdn/rollback lock-token=*&release-lock=1\n", NULL },
	{ "its lock, and changes", true, true, true, false, true,
	  "POST /cluster/sdn/rollback lock-token=*&release-lock=1\n",
	  "a run that was cut off had changed the SDN without applying it: that was taken back" },
	{ "its lock, before it could note it", true, false, false, false, true,
	  "DELETE /cluster/sdn/lock force=1\n", NULL },
	{ "a lock that it has not noted, and changes: that was not it", true, false, true, false,
	  false, NULL, NULL },
	{ "changes without a lock: those of somebody else", false, true, true, false, false, NULL,
	  NULL },
	{ "a lock that somebody else has by now", true, true, false, true, false, NULL, NULL },
	{ "and changes of those", true, true, true, true, false, NULL, NULL },
};

static void leave(struct lab *lab, const struct left *row)
{
	auto_free char *token = NULL, *other = NULL;

	if (row->locked || row->noted)
		token = take(lab);
	if (!row->locked || row->other)
		sdn_lab_ask(lab, "DELETE", "/cluster/sdn/lock", "force=1");
	if (row->other)
		other = take(lab);
	if (row->pending)
		write_zone(lab, "left", other ? other : row->locked ? token : NULL);
	leave_group(lab, row->noted ? token : NULL);
}

static void check_left(const struct left *row, const char *task, bool needs)
{
	auto_lab struct lab lab;
	auto_free char *configured = NULL;
	int r;

	sdn_lab_create(&lab, 9, 4);
	leave(&lab, row);
	r = lab_task(&lab, "pxc_sdn", task);
	if (r < 0 && (row->recovered || !needs))
		fail_msg("%s: %s", row->what, lab.err.msg);
	if (r == 0 && needs && !row->recovered)
		fail_msg("%s: went on", row->what);
	if (row->writes && !sent(&lab, row->writes))
		fail_msg("%s: %s", row->what, buf_str(&lab.log));
	if (row->warns && !warned(&lab, row->warns))
		fail_msg("%s: no warning", row->what);
	configured = sdn_lab_state(&lab, false);
	if (row->recovered) {
		assert_null(strstr(configured, "left"));
		sdn_lab_is_clean(&lab);
		return;
	}
	/* What is not its own is as it was. */
	assert_int_equal(strstr(configured, "left") != NULL, row->pending);
	assert_int_equal(sdn_lab_locked(&lab), row->locked);
	if (row->locked && needs)
		assert_int_equal(lab.err.kind, PXC_EBUSY);
}

static void what_a_killed_run_has_left_is_found_by_the_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lefts); i++)
		check_left(&lefts[i], BLUE(",\"lock_timeout\":2"), true);
}

static void and_by_one_that_has_nothing_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lefts); i++)
		check_left(&lefts[i], NOTHING, false);
}

/* Check mode leaves it. */
static void check_mode_takes_nothing_back(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	sdn_lab_create(&lab, 9, 5);
	leave(&lab, &lefts[2]);
	lab_must(&lab, "pxc_sdn", BLUE(",\"_ansible_check_mode\":true"));
	writes = lab_writes(&lab);
	assert_string_equal(writes, "");
	assert_true(sdn_lab_locked(&lab));
}

/* A user with these privileges everywhere, who from now on runs the tasks; the secret, which tasks must name. */
static char *user(struct lab *lab, const char *privs)
{
	auto_free char *role = pxc_printf("roleid=some&privs=%s", privs);
	json_auto_t *token = NULL;

	sdn_lab_ask(lab, "POST", "/access/roles", role);
	sdn_lab_ask(lab, "POST", "/access/users", "userid=net@pve");
	sdn_lab_ask(lab, "PUT", "/access/acl", "path=/&roles=some&users=net@pve");
	token = lab_ask(lab, "POST", "/access/users/net@pve/token/tok", "privsep=0");
	lab->token = "net@pve!tok";
	return pxc_strdup(json_string_value(json_object_get(token, "value")));
}

#define NETWORKER "SDN.Allocate%2CSDN.Audit%2CSys.Audit%2CPool.Audit%2CVM.Audit%2CDatastore.Audit"

static void without_the_right_to_make_groups_it_works_with_a_warning(void **state)
{
	static const char *const faults[] = { "", "POST /cluster/sdn/vnets count=1 lost\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		auto_lab struct lab lab;
		auto_free char *secret = NULL, *task = NULL, *running = NULL;
		const char *locked, *seen;

		sdn_lab_create(&lab, 9, 6);
		secret = user(&lab, NETWORKER);
		task = pxc_printf(BLUE(",\"lock_timeout\":5,\"api_token_secret\":\"%s\""), secret);
		sdn_lab_faults(&lab, faults[i]);
		if (lab_task(&lab, "pxc_sdn", task) < 0)
			fail_msg("%s%s", faults[i], lab.err.msg);
		assert_true(warned(&lab, "working without a lock, *"));
		/* What was seen before it was locked may be old. */
		locked = strstr(buf_str(&lab.log), "POST /cluster/sdn/lock");
		seen = strstr(locked, "GET /cluster/sdn/vnets");
		assert_true(seen && seen < strstr(locked, "POST /cluster/sdn/vnets"));
		running = sdn_lab_state(&lab, true);
		assert_true(plan_fits("tenant / n* / ", running));
		sdn_lab_is_clean(&lab);
	}
}

/* A run that may not touch the SDN cannot tell whether something is to be taken back, and leaves that to others. */
static void who_may_not_look_leaves_the_group(void **state)
{
	auto_lab struct lab lab;
	auto_free char *secret = NULL, *task = NULL;

	(void)state;
	sdn_lab_create(&lab, 9, 7);
	leave(&lab, &lefts[2]);
	secret = user(
		&lab,
		"Sys.Audit%2CPool.Audit%2CPool.Allocate%2CGroup.Allocate%2CVM.Audit%2CDatastore.Audit%2CSDN.Audit");
	task = pxc_printf("{\"name\":\"none\",\"state\":\"absent\",\"api_token_secret\":\"%s\"}",
			  secret);
	lab_must(&lab, "pxc_project", task);
	assert_true(sdn_lab_locked(&lab));
	sdn_lab_ask(&lab, "GET", "/access/groups/pxc-lock-sdn", NULL);
	lab.token = NULL;
	lab_must(&lab, "pxc_sdn", BLUE(""));
	sdn_lab_is_clean(&lab);
}

static void a_lock_that_cannot_be_given_back_is_left_to_the_next(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	sdn_lab_create(&lab, 9, 8);
	sdn_lab_faults(&lab, "DELETE /cluster/sdn/lock status=500 text=\"not now\"\n");
	lab_must(&lab, "pxc_sdn", BLUE(""));
	assert_true(
		warned(&lab, "the lock on the SDN configuration could not be released: *not now*"));
	assert_true(sdn_lab_locked(&lab));
	/* By the group, which stays, and says which token it was. */
	sdn_lab_ask(&lab, "GET", "/access/groups/pxc-lock-sdn", NULL);
	sdn_lab_faults(&lab, "");
	lab.skew_s = 1000;
	lab_must(&lab, "pxc_sdn", BLUE(",\"isolate_ports\":true"));
	sdn_lab_is_clean(&lab);
}

#define KILLED(rest) BLUE(",\"lock_timeout\":3" rest)
#define WITH_SUBNET ",\"subnets\":[{\"cidr\":\"10.20.0.0/24\"}]"

static const struct killed {
	const char *before, *task; /* before: done first, or NULL */
	const char *running;       /* at the end */
	unsigned long requests;    /* at least */
} kills[] = {
	{ NULL, KILLED(WITH_SUBNET), "tenant / n* / tenant-10.20.0.0-24", 30 },
	{ "{\"project\":\"acme\",\"name\":\"red\"}", KILLED(WITH_SUBNET),
	  "tenant / n* n* / tenant-10.20.0.0-24", 30 },
	{ KILLED(WITH_SUBNET), KILLED(",\"state\":\"absent\",\"remove_zone\":true"), " /  / ", 30 },
	{ KILLED(WITH_SUBNET), KILLED(",\"tag\":150,\"subnets\":[{\"cidr\":\"10.21.0.0/24\"}]"),
	  "tenant / n* / tenant-10.21.0.0-24", 30 },
};

/* Before (how odd) or after its request how / 2; false: it has not got so many. */
static bool kill_once(const struct killed *row, unsigned long how)
{
	auto_lab struct lab lab;
	auto_free char *running = NULL;

	sdn_lab_create(&lab, 9, 9);
	if (row->before)
		lab_must(&lab, "pxc_sdn", row->before);
	lab.kill_before = how % 2 ? how / 2 + 1 : 0;
	lab.kill_after = how % 2 ? 0 : how / 2;
	(void)lab_task(&lab, "pxc_sdn", row->task);
	if (!lab.killed)
		return false;
	sim_advance(lab.sim, 20000);
	lab.skew_s = 1000; /* its time is over */
	if (lab_task(&lab, "pxc_sdn", row->task) < 0)
		fail_msg("%s: killed %s request %lu: %s", row->task, how % 2 ? "before" : "after",
			 how % 2 ? how / 2 + 1 : how / 2, lab.err.msg);
	running = sdn_lab_state(&lab, true);
	if (!plan_fits(row->running, running))
		fail_msg("%s: killed at %lu: %s", row->task, how, running);
	sdn_lab_is_clean(&lab);
	return true;
}

/* Before and after each of its requests, in turn; every third time for the others, which have most requests in common. */
static void a_run_that_is_killed_leaves_nothing_that_the_next_does_not_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kills); i++) {
		unsigned long how = 1;

		while (kill_once(&kills[i], how))
			how += i ? 3 : 1;
		assert_true(how / 2 >= kills[i].requests);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_of_others_is_waited_for_and_its_remedy_named),
		cmocka_unit_test(a_lock_that_is_given_back_meanwhile_is_taken),
		cmocka_unit_test(a_lock_is_broken_only_when_asked_and_late),
		cmocka_unit_test(what_a_killed_run_has_left_is_found_by_the_next),
		cmocka_unit_test(and_by_one_that_has_nothing_to_do),
		cmocka_unit_test(check_mode_takes_nothing_back),
		cmocka_unit_test(without_the_right_to_make_groups_it_works_with_a_warning),
		cmocka_unit_test(who_may_not_look_leaves_the_group),
		cmocka_unit_test(a_lock_that_cannot_be_given_back_is_left_to_the_next),
		cmocka_unit_test(a_run_that_is_killed_leaves_nothing_that_the_next_does_not_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
