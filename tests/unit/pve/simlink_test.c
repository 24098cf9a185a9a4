/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client and the simulator together: two readings of the same API must understand each other. */
#include "lib/simlink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"
#include "pve/client.h"

static const char *const urls[] = { "https://pve1:8006", "https://pve2:8006", NULL };

static const struct pve_op create = { .method = "POST",
				      .path = "/nodes/{node}/qemu",
				      .wait_ms = 60000 };
static const struct pve_op start = { .method = "POST",
				     .path = "/nodes/{node}/qemu/{vmid}/status/start",
				     .wait_ms = 60000 };
static const struct pve_op drop = {
	.method = "DELETE", .path = "/nodes/{node}/qemu/{vmid}", .wait_ms = 60000, .gone_ok = true
};

static struct sim *new_cluster(const char *faults)
{
	struct sim_options options = { .seed = 7, .speed = 1, .faults = faults };
	struct sim *sim = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	if (sim_create(&options, &sim, &err) < 0)
		fail_msg("%s", err.msg);
	return sim;
}

/* token NULL = log in with the password. Asking for a token again makes its old secret invalid. */
static struct pve_client *new_client(struct simlink *link, const char *token)
{
	char secret[37];
	struct pve_options options = { .urls = urls,
				       .user = "root@pam",
				       .tls = { .verify = true },
				       .timeout_ms = 30000,
				       .retry_ms = 30000 };
	struct pve_client *pve = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	if (token) {
		sim_token(link->sim, token, secret);
		options.token_id = token;
		options.token_secret = secret;
	} else {
		options.password = sim_password(link->sim);
	}
	if (pve_create(&options, simlink_create(link), &pve, &err) < 0)
		fail_msg("%s", err.msg);
	return pve;
}

static json_t *guest(int vmid)
{
	return json_pack("{s:s, s:i}", "node", "pve2", "vmid", vmid);
}

static size_t count_guests(struct sim *sim)
{
	struct simlink link = { .sim = sim };
	struct pve_client *pve = new_client(&link, "count");
	json_auto_t *data = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	if (pve_get(pve, "/nodes/pve2/qemu", &data, &err) < 0)
		fail_msg("%s", err.msg);
	pve_free(pve);
	return json_array_size(data);
}

static void life_of_a_guest(void **state)
{
	struct sim *sim = new_cluster(NULL);

	(void)state;
	for (int ticket = 0; ticket < 2; ticket++) {
		struct simlink link = { .sim = sim };
		struct pve_client *pve = new_client(&link, ticket ? NULL : "test");
		json_auto_t *args = guest(100), *full = json_deep_copy(args);
		struct pve_step steps[] = { { .op = &create, .args = full, .why = "create" },
					    { .op = &start, .args = args, .why = "start" } };
		struct pve_job job = { .steps = steps, .nsteps = 2 };
		struct pxc_err err = { .kind = PXC_OK };

		(void)json_object_set_new(full, "name", json_string("web"));
		pve_run(pve, &job, 1, 0);
		assert_string_equal(job.err.msg, "");
		assert_string_equal(json_string_value(steps[1].ret_data), "OK");
		assert_int_equal(count_guests(sim), 1);
		pve_job_release(&job);
		/* A running guest is not destroyed. */
		assert_int_equal(pve_call(pve, &drop, args, NULL, &err), -1);
		assert_string_equal(
			err.msg, "DELETE /nodes/pve2/qemu/100: VM 100 is running - destroy failed");
		pve_free(pve);
		sim_free(sim);
		sim = new_cluster(NULL);
	}
	sim_free(sim);
}

static void words_of_the_simulator_give_the_right_kinds(void **state)
{
	struct sim *sim = new_cluster(NULL);
	struct simlink link = { .sim = sim };
	struct pve_client *pve = new_client(&link, "test");
	json_auto_t *args = guest(100);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_get(pve, "/nodes/pve2/qemu/100/config", NULL, &err), -1);
	assert_int_equal(err.kind, PXC_ENOTFOUND);
	assert_int_equal(pve_call(pve, &create, args, NULL, &err), 0);
	assert_int_equal(pve_call(pve, &create, args, NULL, &err), -1);
	assert_int_equal(err.kind, PXC_ECONFLICT);
	(void)json_object_set_new(args, "foo", json_integer(1));
	assert_int_equal(pve_call(pve, &create, args, NULL, &err), -1);
	assert_int_equal(err.kind, PXC_EINVAL);
	assert_non_null(strstr(err.msg, "foo: property is not defined in schema"));
	(void)json_object_del(args, "foo");
	assert_int_equal(pve_call(pve, &drop, args, NULL, &err), 0);
	/* Gone already. */
	assert_int_equal(pve_call(pve, &drop, args, NULL, &err), 0);
	assert_int_equal(count_guests(sim), 0);
	pve_free(pve);
	sim_free(sim);
}

static void a_killed_client_reaches_nothing_any_more(void **state)
{
	static const struct {
		unsigned long before, after;
		size_t guests;
	} rows[] = { { 1, 0, 0 }, { 0, 1, 1 }, { 2, 0, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sim *sim = new_cluster(NULL);
		struct simlink link = { .sim = sim,
					.kill_before = rows[i].before,
					.kill_after = rows[i].after,
					.record = true };
		struct pve_client *pve = new_client(&link, "test");
		json_auto_t *args = guest(100);
		struct pxc_err err = { .kind = PXC_OK };
		int64_t before = sim_now_ms(sim);

		assert_int_equal(pve_call(pve, &create, args, NULL, &err), -1);
		assert_true(link.killed);
		assert_int_equal(pve_get(pve, "/version", NULL, &err), -1);
		/* Dying takes no time. */
		assert_in_range(sim_now_ms(sim) - before, 0, 1000);
		assert_string_equal(buf_str(&link.log),
				    rows[i].guests ? "POST /nodes/pve2/qemu vmid=100\n" : "");
		pve_free(pve);
		buf_release(&link.log);
		sim_advance(sim, 60000);
		assert_int_equal(count_guests(sim), rows[i].guests);
		sim_free(sim);
	}
}

static void time_passes_in_the_cluster_while_we_wait(void **state)
{
	struct sim *sim = new_cluster(NULL);
	struct simlink link = { .sim = sim };
	struct pve_client *pve = new_client(&link, "test");
	int64_t before = sim_now_ms(sim);

	(void)state;
	pve_sleep(pve, 3600 * 1000);
	assert_int_equal(sim_now_ms(sim) - before, 3600 * 1000);
	pve_free(pve);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life_of_a_guest),
		cmocka_unit_test(words_of_the_simulator_give_the_right_kinds),
		cmocka_unit_test(a_killed_client_reaches_nothing_any_more),
		cmocka_unit_test(time_passes_in_the_cluster_while_we_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
