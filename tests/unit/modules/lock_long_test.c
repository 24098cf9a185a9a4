/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A lock in PVE over more time than it is good for: two moves at one place, each behind a gate that stays shut for long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/script.h"
#include "modules/kind.h"

enum { MOVES = 2 };
enum { GATE, MOVE };

static bool done[MOVES];

static int decode(struct pxc_env *env, void **ret, struct pxc_err *err)
{
	(void)env, (void)err;
	*ret = done;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret, struct pxc_err *err)
{
	(void)env, (void)err;
	*ret = batch;
	return 0;
}

static int plan(const void *batch, const void *seen, struct pxc_plans *ret, struct pxc_err *err)
{
	static const char *const labels[MOVES] = { "VM 0", "VM 1" };

	(void)batch, (void)seen, (void)err;
	for (int i = 0; i < MOVES; i++) {
		struct pxc_plan *p = pxc_plans_add(ret, labels[i]);

		p->item = json_object();
		p->uses[0] = (struct pxc_use){ "place", 1 };
		if (done[i])
			continue;
		pxc_plan_add(p, GATE, PXC_WAITS, json_pack("{s:i}", "n", i), "look");
		pxc_plan_add(p, MOVE, PXC_QUIET, json_pack("{s:i}", "n", i), "move it");
	}
	return 0;
}

static struct {
	char *comment; /* of the lock's group; NULL = there is none */
	int64_t since;
	unsigned notes;
	bool stolen;
} lock;

#define GROUP "/access/groups/pxc-lock-move"

/* The guest stays busy for forty minutes. */
static enum pve_judgement busy(struct pve_look *look)
{
	(void)snprintf(look->why, sizeof(look->why), "busy");
	return str_eq(json_string_value(look->data), "go") ? PVE_GO : PVE_WAIT;
}

static const struct pve_op slow_ops[] = {
	[GATE] = { .method = "GET", .path = "/gate/{n}", .wait_ms = 3600000, .judge = busy },
	[MOVE] = { .method = "PUT", .path = "/move/{n}", .wait_ms = 5000 },
};

static uint32_t keep(struct script *script, const char *request, struct pve_reply *ret)
{
	const char *comment = strstr(request, "comment=");

	if (str_starts(request, "POST /access/groups ") || str_starts(request, "PUT " GROUP)) {
		lock.notes += str_starts(request, "PUT");
		free(lock.comment);
		lock.comment = pxc_strdup(comment + strlen("comment="));
		for (char *p = lock.comment, *q = p;; p++, q++) {
			unsigned c;

			if (*p == '&')
				*p = '\0';
			if (sscanf(p, "%%%2X", &c) == 1) {
				*q = (char)c;
				p += 2;
			} else if (!(*q = *p)) {
				break;
			}
		}
		if (lock.stolen && lock.notes) {
			free(lock.comment);
			lock.comment = pxc_strdup("[pxc/1 t=lock host=elsewhere pid=1]");
		}
	} else if (str_eq(request, "GET " GROUP)) {
		ret->body = json_pack("{s:{s:s}}", "data", "comment", lock.comment);
	} else if (str_starts(request, "DELETE " GROUP)) {
		free(lock.comment);
		lock.comment = NULL;
	} else if (str_eq(request, "GET /access/groups")) {
		ret->body = json_pack("{s:[]}", "data");
	} else if (str_starts(request, "GET /gate/")) {
		bool over = script->now >= 40 * 60000;

		ret->body = json_pack("{s:s}", "data", over ? "go" : "busy");
	} else {
		done[request[strlen("PUT /move/")] - '0'] = true;
	}
	return 0;
}

static const char *const *lock_names(struct pxc_env *env, const void *batch,
				     const struct pxc_plans *plans)
{
	static const char *const names[] = { "move", NULL };

	(void)env, (void)batch, (void)plans;
	return names;
}

/* Forty minutes are more than a lock is good for: it is noted down anew every five. */
static void a_long_run_keeps_its_lock(void **state)
{
	(void)state;
	for (int stolen = 0; stolen < 2; stolen++) {
		const struct pxc_kind kind = { .name = "move",
					       .plural = "moves",
					       .ops = slow_ops,
					       .decode = decode,
					       .observe = observe,
					       .plan = plan,
					       .locks = lock_names };
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct script script = { .answer = keep };
		struct ans_args args = { .task = { .check_mode = false } };
		struct pxc_env env = { .args = &args,
				       .arena = &arena,
				       .actor = "ann",
				       .clock = &pxc_system_clock,
				       .task_timeout_ms = 5000 };
		json_auto_t *result = NULL;
		struct pxc_err err = { .kind = PXC_OK };

		memset(done, 0, sizeof(done));
		memset(&lock, 0, sizeof(lock));
		lock.stolen = stolen;
		env.pve = script_client(&script, 1);
		assert_int_equal(kind_run(&kind, &env, &result, &err), stolen ? -1 : 0);
		if (stolen)
			assert_non_null(strstr(err.msg, "VM 1 was not begun: the run's lock"));
		for (size_t i = 0; i < MOVES; i++)
			assert_int_equal(done[i], !stolen || i == 0);
		assert_int_equal(lock.notes, stolen ? 1 : 7);
		/* Its new holder keeps it. */
		assert_int_equal(lock.comment != NULL, stolen);
		pve_free(env.pve);
		pxc_env_release(&env);
		script_end(&script);
		free(lock.comment);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_long_run_keeps_its_lock) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
