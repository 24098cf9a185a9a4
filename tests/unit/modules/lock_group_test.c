/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a killed run has left of the SDN lock, and what is somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/mem.h"
#include "base/str.h"
#include "lib/task.h"

#define CLOUD                                                                                      \
	"{\"tenant_zones\":[{\"name\":\"tenant\",\"type\":\"vlan\",\"bridge\":\"vmbr0\","          \
	"\"vlan_range\":[200,209]}]}"
#define NETWORK(name)                                                                              \
	"{\"project\":\"acme\",\"name\":\"" name "\",\"lock_timeout\":1,\"task_timeout\":30}"

/* Somebody else's request; its data. */
static json_t *ask(struct lab *lab, const char *method, const char *path, const char *body)
{
	auto_free char *auth =
		pxc_printf("Authorization: PVEAPIToken=root@pam!test=%s", lab->secret);
	auto_free char *target = pxc_printf("/api2/json%s", path);
	const char *headers[] = { auth, "Content-Type: application/json", NULL };
	struct sim_reply reply = { .status = 0 };
	json_auto_t *answer = NULL;

	sim_request(lab->sim, method, target, headers, body, body ? strlen(body) : 0, &reply);
	assert_int_equal(reply.status, 200);
	answer = json_loadb(reply.body, reply.body_len, 0, NULL);
	assert_non_null(answer);
	sim_reply_release(&reply);
	return json_incref(json_object_get(answer, "data"));
}

static void tell(struct lab *lab, const char *method, const char *path, const char *body)
{
	json_decref(ask(lab, method, path, body));
}

/* The group of a run of this host whose process is gone; sdn: the token it has noted, or NULL. */
static void leave_group(struct lab *lab, const char *sdn)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *number = pxc_printf("%ld", (long)getpid()), *comment = NULL, *body = NULL;
	char host[128] = "";

	(void)gethostname(host, sizeof(host) - 1);
	annot_set(&a, "t", "lock");
	annot_set(&a, "id", "lock.pxc-lock-sdn");
	annot_set(&a, "by", "bob");
	annot_set(&a, "host", host);
	annot_set(&a, "pid", number);
	annot_set(&a, "born", "1");
	annot_set(&a, "until", "4102444800");
	annot_set(&a, "sdn", sdn);
	comment = annot_render(ANNOT_TOKEN, "", &a, "");
	body = pxc_printf("{\"groupid\":\"pxc-lock-sdn\",\"comment\":\"%s\"}", comment);
	tell(lab, "POST", "/access/groups", body);
}

static void add_zone(struct lab *lab, const char *token)
{
	auto_free char *lock = token ? pxc_printf(",\"lock-token\":\"%s\"", token) : NULL;
	auto_free char *body =
		pxc_printf("{\"zone\":\"left\",\"type\":\"simple\"%s}", lock ? lock : "");

	tell(lab, "POST", "/cluster/sdn/zones", body);
}

/* Is the zone "left" there: 'n' not at all, 'w' waits to be applied, 'r' runs? */
static char left_zone(struct lab *lab)
{
	json_auto_t *zones = ask(lab, "GET", "/cluster/sdn/zones?pending=1", NULL);
	size_t i;
	json_t *row;

	json_array_foreach (zones, i, row)
		if (str_eq(json_string_value(json_object_get(row, "zone")), "left"))
			return json_object_get(row, "state") ? 'w' : 'r';
	return 'n';
}

static const struct {
	bool locked; /* PVE's lock is held ... */
	char noted;  /* ... and the group says by whom: 'y' this token, 'o' another one, '-' none */
	bool writes; /* something is written, not applied */
	const char *says; /* of the failure; NULL = it goes well */
	char zone;        /* afterwards, see left_zone() */
} cases[] = {
	/* Ours, wherever it was killed. */
	{ false, '-', false, NULL, 'n' },
	{ true, '-', false, NULL, 'n' },
	{ true, 'y', false, NULL, 'n' },
	{ true, 'y', true, NULL, 'n' },
	{ false, 'y', false, NULL, 'n' },
	/* Somebody else's. */
	{ true, '-', true, "somebody else holds the lock", 'w' },
	{ true, 'o', true, "somebody else holds the lock", 'w' },
	{ true, 'o', false, "somebody else holds the lock", 'n' },
	{ false, '-', true, "zone left (new)", 'w' },
	{ false, 'y', true, "zone left (new)", 'w' },
};

static void leave(struct lab *lab, size_t i)
{
	json_auto_t *token = ask(lab, "POST", "/cluster/sdn/lock", NULL);
	const char *text = json_string_value(token);

	if (!cases[i].locked) {
		auto_free char *release = pxc_printf("/cluster/sdn/lock?lock-token=%s", text);

		tell(lab, "DELETE", release, NULL);
	}
	if (cases[i].writes)
		add_zone(lab, cases[i].locked ? text : NULL);
	leave_group(lab, cases[i].noted == 'y'   ? text
			 : cases[i].noted == 'o' ? "11111111-2222-3333-4444-555555555555"
						 : NULL);
}

static void what_a_killed_run_has_left_is_taken_back_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_lab struct lab lab;
		int r;

		lab_create(&lab, 1);
		lab_prepare(&lab);
		lab_must(&lab, "pxc_cloud", CLOUD);
		leave(&lab, i);
		r = lab_task(&lab, "pxc_sdn", NETWORK("blue"));
		if (!cases[i].says)
			assert_string_equal(lab.err.msg, "");
		else
			assert_non_null(strstr(lab.err.msg, cases[i].says));
		assert_int_equal(r, cases[i].says ? -1 : 0);
		assert_int_equal(left_zone(&lab), cases[i].zone);
	}
}

static void a_run_with_nothing_to_do_takes_it_back_too(void **state)
{
	json_auto_t *token = NULL;
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 2);
	lab_prepare(&lab);
	lab_must(&lab, "pxc_cloud", CLOUD);
	lab_must(&lab, "pxc_sdn", NETWORK("blue"));
	token = ask(&lab, "POST", "/cluster/sdn/lock", NULL);
	add_zone(&lab, json_string_value(token));
	leave_group(&lab, json_string_value(token));
	lab_must(&lab, "pxc_sdn", NETWORK("blue"));
	assert_int_equal(left_zone(&lab), 'n');
	tell(&lab, "POST", "/cluster/sdn/lock", NULL); /* nobody holds it */
}

static const char *const lost[] = {
	"POST /access/groups nth=1 lost",      "POST /cluster/sdn/lock nth=1 lost",
	"PUT /access/groups/* nth=1 lost",     "POST /cluster/sdn/zones nth=1 lost",
	"POST /cluster/sdn/vnets nth=1 lost",  "PUT /cluster/sdn nth=1 lost",
	"DELETE /cluster/sdn/lock nth=1 lost", "DELETE /access/groups/* nth=1 lost",
};

static void an_answer_that_is_lost_does_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
		const char *const none[] = { NULL };
		struct sim_reply reply = { .status = 0 };
		auto_lab struct lab lab;

		lab_create(&lab, 3);
		lab_prepare(&lab);
		lab_must(&lab, "pxc_cloud", CLOUD);
		sim_request(lab.sim, "POST", "/sim/faults", none, lost[i], strlen(lost[i]), &reply);
		assert_int_equal(reply.status, 200);
		sim_reply_release(&reply);
		lab_must(&lab, "pxc_sdn", NETWORK("blue"));
		lab_must(&lab, "pxc_sdn", NETWORK("blue"));
		assert_int_equal(json_is_true(json_object_get(lab.result, "changed")), 0);
		tell(&lab, "POST", "/cluster/sdn/lock", NULL); /* nobody holds it */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_that_is_lost_does_no_harm),
		cmocka_unit_test(what_a_killed_run_has_left_is_taken_back_and_nothing_else),
		cmocka_unit_test(a_run_with_nothing_to_do_takes_it_back_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
