/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans as a stream, with a kind of its own: moves that wait for each other, have a gate in front, and are gone when done. */
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

enum { MOVES = 4 };
enum { GATE, MOVE };

static struct {
	bool done[MOVES], over[MOVES]; /* over: failed or dropped in this run */
	int rounds;
	const struct stream_case *is;
} world;

static const char *const labels[MOVES] = { "VM 0", "VM 1", "VM 2", "VM 3" };

static enum pve_judgement judge(struct pve_look *look)
{
	(void)snprintf(look->why, sizeof(look->why), "no room");
	return str_eq(json_string_value(look->data), "go") ? PVE_GO : PVE_DROP;
}

static const struct pve_op ops[] = {
	[GATE] = { .method = "GET", .path = "/gate/{n}", .wait_ms = 5000, .judge = judge },
	[MOVE] = { .method = "PUT", .path = "/move/{n}", .wait_ms = 5000 },
};

static const struct stream_case {
	const char *name;
	const char *after[MOVES]; /* numbers of moves */
	const char *fails, *drops;
	const char *appears; /* found only in the second round */
	bool same_place, drifts, check;
	unsigned max_failures;
	int result;
	const char *order; /* of the requests: "g0m0" */
	const char *
		states; /* of each move: d done, x dropped, F failed, . not begun, - nothing said */
	const char *msg;
} cases[] = {
	{ "one after the other",
	  { NULL, "0", "1", "2" },
	  "",
	  "",
	  "",
	  false,
	  false,
	  false,
	  0,
	  0,
	  "g0m0g1m1g2m2g3m3",
	  "dddd",
	  NULL },
	{ "one place",
	  { NULL },
	  "",
	  "",
	  "",
	  true,
	  false,
	  false,
	  0,
	  0,
	  "g0m0g1m1g2m2g3m3",
	  "dddd",
	  NULL },
	{ "check mode", { NULL, "0" }, "", "", "", false, false, true, 0, 0, "", "dddd", NULL },
	{ "dropped: no failure, no change",
	  { NULL },
	  "",
	  "1",
	  "",
	  true,
	  false,
	  false,
	  0,
	  0,
	  "g0m0g1g2m2g3m3",
	  "dxdd",
	  NULL },
	{ "behind a dropped one: in the next round",
	  { NULL, "0", "1", NULL },
	  "",
	  "0",
	  "",
	  true,
	  false,
	  false,
	  0,
	  0,
	  "g0g3m3g1m1g2m2",
	  "xddd",
	  NULL },
	{ "behind a failed one: in the next round",
	  { NULL, "0", "1", NULL },
	  "0",
	  "",
	  "",
	  true,
	  false,
	  false,
	  0,
	  -1,
	  "g0m0g3m3g1m1g2m2",
	  "Fddd",
	  "1 of 4 failed, first: VM 0: " },
	{ "enough failures",
	  { NULL },
	  "02",
	  "",
	  "",
	  true,
	  false,
	  false,
	  2,
	  -1,
	  "g0m0g1m1g2m2",
	  "FdF.",
	  "2 of 4 failed" },
	{ "enough failures, over all rounds",
	  { NULL, "0", NULL, NULL },
	  "01",
	  "",
	  "",
	  true,
	  false,
	  false,
	  2,
	  -1,
	  "g0m0g2m2g3m3g1m1",
	  "FFdd",
	  "2 of 4 failed" },
	{ "enough in the first round",
	  { NULL, "0", NULL, NULL },
	  "0",
	  "",
	  "",
	  true,
	  false,
	  false,
	  1,
	  -1,
	  "g0m0",
	  "F...",
	  "1 of 4 failed" },
	{ "more turns up, which is not to be",
	  { NULL },
	  "",
	  "",
	  "3",
	  true,
	  false,
	  false,
	  0,
	  -1,
	  "g0m0g1m1g2m2",
	  "ddd-",
	  "VM 3 did not converge: move it" },
	{ "more turns up where the world drifts",
	  { NULL },
	  "",
	  "",
	  "3",
	  true,
	  true,
	  false,
	  0,
	  0,
	  "g0m0g1m1g2m2g3m3",
	  "dddd",
	  NULL },
};

static int decode(struct pxc_env *env, void **ret, struct pxc_err *err)
{
	(void)env, (void)err;
	*ret = &world;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret, struct pxc_err *err)
{
	(void)env, (void)err;
	world.rounds++;
	*ret = batch;
	return 0;
}

static bool has(const char *numbers, int n)
{
	return numbers && strchr(numbers, '0' + n);
}

static int plan(const void *batch, const void *seen, struct pxc_plans *ret, struct pxc_err *err)
{
	struct pxc_plan *plans[MOVES] = { NULL };

	(void)batch, (void)seen, (void)err;
	for (int i = 0; i < MOVES; i++) {
		struct pxc_plan *p;

		if (world.done[i] || world.over[i] ||
		    (has(world.is->appears, i) && world.rounds == 1))
			continue;
		p = plans[i] = pxc_plans_add(ret, labels[i]);
		p->about = (unsigned)i + 1;
		p->item = json_pack("{s:i}", "vm", i);
		if (world.is->same_place)
			p->uses[0] = (struct pxc_use){ "place", 1 };
		for (int k = 0; k < i; k++)
			if (has(world.is->after[i], k) && plans[k])
				pxc_plan_after(p, plans[k]);
		pxc_plan_add(p, GATE, PXC_WAITS, json_pack("{s:i}", "n", i), "look");
		pxc_plan_add(p, MOVE, PXC_QUIET, json_pack("{s:i}", "n", i), "move it");
	}
	return 0;
}

static void told(struct pxc_env *env, void *batch, const struct pxc_plan *p,
		 const struct pve_job *job)
{
	(void)env, (void)batch;
	if (job->state == PVE_JOB_FAILED || job->state == PVE_JOB_DROPPED)
		world.over[p->about - 1] = true;
}

static void limits(const void *batch, struct kind_limits *ret)
{
	(void)batch;
	ret->max_failures = world.is->max_failures;
}

static uint32_t answer(struct script *script, const char *request, struct pve_reply *ret)
{
	bool gate = str_starts(request, "GET /gate/");
	int n = request[strlen("GET /gate/")] - '0';

	(void)script;
	if (gate) {
		ret->body = json_pack("{s:s}", "data", has(world.is->drops, n) ? "no" : "go");
	} else if (has(world.is->fails, n)) {
		ret->status = 500;
		(void)snprintf(ret->reason, sizeof(ret->reason), "no space left");
	} else {
		world.done[n] = true;
	}
	return gate ? 0 : 2000;
}

static void add_line(void *context, const char *line)
{
	buf_printf(context, "%s|", line);
}

static void take_order(const char *log, char *order)
{
	for (const char *p = log; (p = strchr(p, '/')) != NULL; p += 6) {
		*order++ = p[1];
		*order++ = p[6];
	}
	*order = '\0';
}

static int run(const struct stream_case *c, char *order, struct pxc_buf *lines, json_t **ret_result,
	       struct pxc_err *err)
{
	const struct pxc_kind kind = { .name = "move",
				       .plural = "moves",
				       .ops = ops,
				       .decode = decode,
				       .observe = observe,
				       .plan = plan,
				       .told = told,
				       .limits = limits,
				       .progress = true,
				       .drifts = c->drifts };
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct script script = { .answer = answer };
	struct ans_args args = { .task = { .check_mode = c->check } };
	struct pxc_env env = { .args = &args,
			       .arena = &arena,
			       .clock = &pxc_system_clock,
			       .task_timeout_ms = 5000,
			       .tell = add_line,
			       .tell_context = lines };
	int r;

	memset(&world, 0, sizeof(world));
	world.is = c;
	*err = (struct pxc_err){ .kind = PXC_OK };
	env.pve = script_client(&script, 1);
	r = kind_run(&kind, &env, ret_result, err);
	take_order(buf_str(&script.log), order);
	pve_free(env.pve);
	pxc_env_release(&env);
	script_end(&script);
	return r;
}

/* What the result says of each move; they need not come in their order. */
static void take_states(const json_t *result, char states[MOVES + 1])
{
	json_t *item;
	size_t i;

	memset(states, '?', MOVES);
	states[MOVES] = '\0';
	json_array_foreach (json_object_get(result, "moves"), i, item) {
		char *state = &states[json_integer_value(json_object_get(item, "vm"))];

		if (*state != '?')
			fail_msg("move twice in the result");
		if (json_is_true(json_object_get(item, "failed")))
			*state = 'F';
		else if (json_object_get(item, "dropped"))
			*state = 'x';
		else if (json_object_get(item, "not_begun"))
			*state = '.';
		else
			*state = json_is_true(json_object_get(item, "changed")) ? 'd' : '-';
	}
}

static void plans_stream(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct stream_case *c = &cases[i];
		struct pxc_buf lines = { .data = NULL };
		json_auto_t *result = NULL;
		char order[64], states[MOVES + 1];
		struct pxc_err err;
		int r = run(c, order, &lines, &result, &err);

		take_states(result, states);
		if (r != c->result || !str_eq(order, c->order) || !str_eq(states, c->states) ||
		    (c->msg && !strstr(err.msg, c->msg)))
			fail_msg("%s: %d (%s), order %s, states %s", c->name, r, err.msg, order,
				 states);
		assert_int_equal(json_is_true(json_object_get(result, "changed")),
				 strchr(c->states, 'd') != NULL);
		buf_release(&lines);
	}
}

/* Times are those of the jobs, on the client's clock. */
static void a_run_can_be_watched(void **state)
{
	static const struct stream_case c = { "watched", { NULL }, "2", "1", "", true, false,
					      false,     0,        0,   "",  "", NULL };
	static const int began[MOVES] = { 0, 2, 2, 4 }, seconds[MOVES] = { 2, 0, 2, 2 };
	struct pxc_buf lines = { .data = NULL };
	json_auto_t *result = NULL;
	char order[64];
	struct pxc_err err;
	json_t *item;
	size_t i;

	(void)state;
	assert_int_equal(run(&c, order, &lines, &result, &err), -1);
	assert_string_equal(buf_str(&lines),
			    "VM 0: begins|1/4 VM 0: 2 s|"
			    "VM 1: begins|2/4 VM 1: dropped after 0 s: no room|"
			    "VM 2: begins|3/4 VM 2: failed after 2 s: move it: no space left|"
			    "VM 3: begins|4/4 VM 3: 2 s|");
	json_array_foreach (json_object_get(result, "moves"), i, item) {
		assert_int_equal(json_integer_value(json_object_get(item, "began")), began[i]);
		assert_int_equal(json_integer_value(json_object_get(item, "seconds")), seconds[i]);
	}
	assert_int_equal(i, MOVES);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(result, "moves"), 1), "dropped")),
		"no room");
	buf_release(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_stream),
		cmocka_unit_test(a_run_can_be_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
