/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop, with a kind of its own: a world of a few numbers that steps count up to their wanted values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/script.h"
#include "modules/kind.h"

static struct {
	int have[3], want[3], conflicts, busy;
	enum pxc_impact impact, allow;
	bool stubborn;
	const char *comment; /* is written with it; NULL = none */
} world;

static const char *const labels[] = { "number 0", "number 1", "number 2" };
static const struct pve_op ops[] = { { .method = "PUT", .path = "/number/{n}", .wait_ms = 1000 } };

static int decode(struct pxc_env *env, void **ret, struct pxc_err *err)
{
	(void)env, (void)err;
	*ret = &world;
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
	(void)batch, (void)seen;
	if (world.busy-- > 0)
		return pxc_fail(err, PXC_EBUSY, "busy");
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		struct pxc_plan *p = pxc_plans_add(ret, labels[i]);

		p->allow = world.allow;
		p->item = json_pack("{s:i}", "value", world.have[i]);
		if (world.have[i] != world.want[i])
			pxc_plan_add(p, 0, world.impact,
				     json_pack("{s:i,s:s*}", "n", (int)i, "comment", world.comment),
				     "set it");
	}
	return 0;
}

static const struct pxc_kind number_kind = { .name = "number",
					     .plural = "numbers",
					     .ops = ops,
					     .decode = decode,
					     .observe = observe,
					     .plan = plan };

/* Number 1 fails when its wanted value is -1; conflicts are told as PVE tells them. */
static uint32_t answer(struct script *script, const char *request, struct pve_reply *ret)
{
	int n = request[strlen("PUT /number/")] - '0';

	(void)script;
	if (world.conflicts-- > 0) {
		ret->status = 500;
		(void)snprintf(ret->reason, sizeof(ret->reason),
			       "checksum mismatch (file change by other user?)");
	} else if (world.want[n] == -1) {
		ret->status = 500;
		(void)snprintf(ret->reason, sizeof(ret->reason), "no space left");
	} else if (!world.stubborn) {
		world.have[n] = world.want[n];
	}
	return 0;
}

/* Runs a kind against a script; order: the digit of each PUT. */
static int run_as(const struct pxc_kind *kind, bool check,
		  uint32_t (*answers)(struct script *, const char *, struct pve_reply *),
		  json_t **ret_result, char order[16], struct pxc_err *err)
{
	static const char *const urls[] = { "https://pve1:8006", NULL };
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct script script = { .answer = answers };
	struct ans_args args = { .task = { .check_mode = check } };
	struct pve_options options = { .urls = urls,
				       .token_id = "a@pve!b",
				       .token_secret = "x",
				       .timeout_ms = 1000,
				       .retry_ms = 1000,
				       .per_endpoint = 1 };
	struct pxc_env env = {
		.args = &args, .arena = &arena, .clock = &pxc_system_clock, .task_timeout_ms = 5000
	};
	size_t n = 0;
	int r;

	*err = (struct pxc_err){ .kind = PXC_OK };
	if (pve_create(&options, script_transport(&script), &env.pve, err) < 0)
		fail_msg("%s", err->msg);
	r = kind_run(kind, &env, ret_result, err);
	for (const char *p = buf_str(&script.log); (p = strstr(p, "PUT ")) && n < 15; p++)
		order[n++] = p[strlen("PUT /number/")];
	order[n] = '\0';
	pve_free(env.pve);
	pxc_env_release(&env);
	buf_release(&script.log);
	return r;
}

static int run(bool check, json_t **ret_result, unsigned *ret_requests, struct pxc_err *err)
{
	char order[16];
	int r = run_as(&number_kind, check, answer, ret_result, order, err);

	*ret_requests = (unsigned)strlen(order);
	return r;
}

static const struct loop_case {
	const char *name;
	int want[3], conflicts, busy;
	enum pxc_impact impact, allow;
	bool stubborn, check;
	int result;
	unsigned requests;
	bool changed;
	const char *msg;
} cases[] = {
	{ "as wanted",
	  { 0, 0, 0 },
	  0,
	  0,
	  PXC_QUIET,
	  PXC_DESTROYS,
	  false,
	  false,
	  0,
	  0,
	  false,
	  NULL },
	{ "changed", { 1, 0, 1 }, 0, 0, PXC_QUIET, PXC_DESTROYS, false, false, 0, 2, true, NULL },
	{ "check mode", { 1, 1, 1 }, 0, 0, PXC_QUIET, PXC_DESTROYS, false, true, 0, 0, true, NULL },
	{ "a conflict sends it round again",
	  { 1, 0, 0 },
	  1,
	  0,
	  PXC_QUIET,
	  PXC_DESTROYS,
	  false,
	  false,
	  0,
	  2,
	  true,
	  NULL },
	{ "conflicts for ever",
	  { 1, 0, 0 },
	  99,
	  0,
	  PXC_QUIET,
	  PXC_DESTROYS,
	  false,
	  false,
	  -1,
	  4,
	  false,
	  "gave up after 4 rounds" },
	{ "does not converge",
	  { 1, 0, 0 },
	  0,
	  0,
	  PXC_QUIET,
	  PXC_DESTROYS,
	  true,
	  false,
	  -1,
	  1,
	  true,
	  "number 0 did not converge: set it" },
	{ "one failure does not hide the others",
	  { 1, -1, 1 },
	  0,
	  0,
	  PXC_QUIET,
	  PXC_DESTROYS,
	  false,
	  false,
	  -1,
	  3,
	  true,
	  "1 of 3 failed" },
	{ "busy is waited for",
	  { 1, 0, 0 },
	  0,
	  3,
	  PXC_QUIET,
	  PXC_DESTROYS,
	  false,
	  false,
	  0,
	  1,
	  true,
	  NULL },
	{ "busy for ever",
	  { 1, 0, 0 },
	  0,
	  999,
	  PXC_QUIET,
	  PXC_DESTROYS,
	  false,
	  false,
	  -1,
	  0,
	  false,
	  "busy" },
	{ "worse than allowed",
	  { 1, 0, 0 },
	  0,
	  0,
	  PXC_DESTROYS,
	  PXC_QUIET,
	  false,
	  false,
	  -1,
	  0,
	  false,
	  "the task allows no more than quiet" },
	{ "waiting is no change",
	  { 1, 0, 0 },
	  0,
	  0,
	  PXC_WAITS,
	  PXC_QUIET,
	  false,
	  false,
	  0,
	  1,
	  false,
	  NULL },
};

static void every_way_through_the_loop(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct loop_case *c = &cases[i];
		json_auto_t *result = NULL;
		struct pxc_err err;
		unsigned requests;
		int r;

		memset(&world, 0, sizeof(world));
		memcpy(world.want, c->want, sizeof(world.want));
		world.conflicts = c->conflicts;
		world.busy = c->busy;
		world.impact = c->impact;
		world.allow = c->allow;
		world.stubborn = c->stubborn;
		r = run(c->check, &result, &requests, &err);
		if (r != c->result || requests != c->requests ||
		    json_is_true(json_object_get(result, "changed")) != c->changed)
			fail_msg("%s: %d (%s), %u requests, changed %d", c->name, r, err.msg,
				 requests, json_is_true(json_object_get(result, "changed")));
		if (c->msg && !strstr(err.msg, c->msg))
			fail_msg("%s: \"%s\" does not say \"%s\"", c->name, err.msg, c->msg);
	}
}

/*
 * Two objects that need one helper, a ground to stand on, and share another that completes them, a roof.
 */
enum { GROUND, WALL_0, WALL_1, ROOF, PARTS };
static struct {
	bool done[PARTS];
	int fail, conflict; /* the part that fails for ever, or meets a conflict once; -1 = none */
	bool ground_by_other;
} house;

static void add_part(struct pxc_plan *p, int part)
{
	if (!house.done[part])
		pxc_plan_add(p, 0, PXC_QUIET, json_pack("{s:i}", "n", part), "build it");
}

static int plan_house(const void *batch, const void *seen, struct pxc_plans *ret,
		      struct pxc_err *err)
{
	struct pxc_plan *walls[2], *ground = NULL, *roof;

	(void)batch, (void)seen, (void)err;
	for (int i = 0; i < 2; i++) {
		walls[i] = pxc_plans_add(ret, labels[i]);
		walls[i]->phase = 1;
		walls[i]->item = json_pack("{s:b}", "wall", house.done[WALL_0 + i]);
		add_part(walls[i], WALL_0 + i);
	}
	/* Helpers that are not wanted any more are not there, so that the numbers of others change. */
	if (!house.done[GROUND]) {
		ground = pxc_plans_add(ret, "ground");
		add_part(ground, GROUND);
	}
	roof = pxc_plans_add(ret, "roof");
	roof->phase = 2;
	add_part(roof, ROOF);
	for (int i = 0; i < 2; i++) {
		walls[i]->needs = ground;
		walls[i]->via = roof->nsteps ? roof : NULL;
	}
	return 0;
}

static uint32_t build(struct script *script, const char *request, struct pve_reply *ret)
{
	int n = request[strlen("PUT /number/")] - '0';

	(void)script;
	if (house.conflict == n) {
		house.conflict = -1;
		house.done[GROUND] |= house.ground_by_other;
		ret->status = 500;
		(void)snprintf(ret->reason, sizeof(ret->reason),
			       "checksum mismatch (file change by other user?)");
	} else if (house.fail == n) {
		ret->status = 500;
		(void)snprintf(ret->reason, sizeof(ret->reason), "no space left");
	} else {
		house.done[n] = true;
	}
	return 0;
}

static const struct house_case {
	const char *name;
	int fail, conflict;
	bool ground_by_other;
	int result;
	const char *order;    /* parts that were asked for */
	bool changed, failed; /* of the first object */
} houses[] = {
	{ "from the ground up", -1, -1, false, 0, "0123", true, false },
	{ "no walls without ground", GROUND, -1, false, -1, "0", false, true },
	{ "no walls while the ground is disputed", -1, GROUND, false, 0, "00123", true, false },
	{ "another run made the ground", -1, GROUND, true, 0, "0123", true, false },
	{ "no roof on half a house", WALL_1, -1, false, -1, "012", true, true },
	{ "no roof while a wall is disputed", -1, WALL_1, false, 0, "01223", true, false },
	{ "the roof fails for all", ROOF, -1, false, -1, "0123", true, true },
	{ "the roof is disputed", -1, ROOF, false, 0, "01233", true, false },
};

static void helpers_go_before_and_after(void **state)
{
	static const struct pxc_kind house_kind = { .name = "house",
						    .plural = "houses",
						    .ops = ops,
						    .decode = decode,
						    .observe = observe,
						    .plan = plan_house };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(houses); i++) {
		const struct house_case *c = &houses[i];
		json_auto_t *result = NULL;
		const json_t *first;
		char order[16] = "";
		struct pxc_err err;
		int r;

		memset(&house, 0, sizeof(house));
		house.fail = c->fail;
		house.conflict = c->conflict;
		house.ground_by_other = c->ground_by_other;
		r = run_as(&house_kind, false, build, &result, order, &err);
		first = json_array_get(json_object_get(result, "houses"), 0);
		if (r != c->result || strcmp(order, c->order) != 0 ||
		    json_is_true(json_object_get(first, "changed")) != c->changed ||
		    json_is_true(json_object_get(first, "failed")) != c->failed)
			fail_msg("%s: %d (%s), order %s, first %s", c->name, r, err.msg, order,
				 json_dumps(first, JSON_COMPACT));
	}
}

/* In check mode, too, and before anything is written: number 0 would be fine. */
static void a_secret_ends_the_run(void **state)
{
	(void)state;
	for (int check = 0; check < 2; check++) {
		json_auto_t *result = NULL;
		unsigned requests;
		struct pxc_err err;

		memset(&world, 0, sizeof(world));
		world.want[0] = world.want[2] = 1;
		world.comment = "token ring";
		assert_int_equal(run(check, &result, &requests, &err), 0);
		assert_int_equal(requests, check ? 0 : 2);
		json_decref(result);
		result = NULL;
		memset(&world, 0, sizeof(world));
		world.want[0] = world.want[2] = 1;
		world.comment = "token=4711";
		assert_int_equal(run(check, &result, &requests, &err), -1);
		assert_int_equal(requests, 0);
		assert_int_equal(err.kind, PXC_EINVAL);
		assert_string_equal(
			err.msg,
			"number 0: its comment would hold what looks like a secret (token), which many could read");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_through_the_loop),
		cmocka_unit_test(helpers_go_before_and_after),
		cmocka_unit_test(a_secret_ends_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
