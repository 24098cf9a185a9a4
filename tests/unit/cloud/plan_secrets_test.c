/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/attr.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/plan.h"

#define KEPT "a-s3cret-kept"

static const struct {
	const char *name, *args;
	const char *says; /* NULL: it may be written */
} rows[] = {
	{ "nothing", "{}", NULL },
	{ "prose", "{\"description\":\"token ring; password policy: see wiki\"}", NULL },
	{ "numbers and more", "{\"vmid\":100,\"tags\":null,\"block\":{\"pxc.r\":1}}", NULL },
	{ "where secrets belong",
	  "{\"cipassword\":\"" KEPT "\",\"user_data\":\"password: hunter2\",\"name\":\"web\"}",
	  NULL },
	{ "notes", "{\"description\":\"login with password=hunter2\"}",
	  "vm acme/web: its description would hold what looks like a secret (password), which many could read" },
	{ "a pool's comment", "{\"comment\":\"$6$salt$0123456789\"}",
	  "vm acme/web: its comment would hold what looks like the hash of a password, which many could read" },
	{ "a vnet's alias", "{\"alias\":\"PVEAPIToken=a@pve!b=1\"}",
	  "vm acme/web: its alias would hold what looks like an API token of PVE, which many could read" },
	{ "tags", "{\"tags\":\"web;AKIAIOSFODNN7EXAMPLE\"}",
	  "vm acme/web: its tags would hold what looks like an access key of AWS, which many could read" },
	{ "metadata of an image",
	  "{\"block\":{\"pxc.t\":\"volume\",\"pxc.m.db_password\":\"hunter2\"}}",
	  "vm acme/web: its pxc.m.db_password would hold what looks like a secret, which many could read" },
	{ "deeper", "{\"metadata\":{\"a\":[{\"note\":\"secret=x\"}]}}",
	  "vm acme/web: its note would hold what looks like a secret (secret), which many could read" },
	{ "one key of an image", "{\"key\":\"pxc.m.x\",\"value\":\"api_key=4711\"}",
	  "vm acme/web: its value would hold what looks like a secret (api_key), which many could read" },
	{ "a secret of the task", "{\"description\":\"see " KEPT ".\"}",
	  "vm acme/web: its description would hold what the task keeps secret, which many could read" },
	{ "as the codec writes it", "{\"comment\":\"[pxc/1 m.x=with*20blanks*20too]\"}",
	  "vm acme/web: its comment would hold what the task keeps secret, which many could read" },
	{ "in the metadata of an image", "{\"block\":{\"pxc.m.note\":\"" KEPT "\"}}",
	  "vm acme/web: its pxc.m.note would hold what the task keeps secret, which many could read" },
	{ "a short one is in many texts", "{\"description\":\"5432 of them\"}", NULL },
};

static void what_is_written_is_looked_at(void **state)
{
	json_auto_t *secrets = json_pack("[s,s,s]", "with blanks too", KEPT, "5432");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_plans struct pxc_plans plans = { .nplans = 0 };
		struct pxc_err err = { .kind = PXC_OK };
		json_t *args = json_loads(rows[i].args, 0, NULL);
		int r;

		assert_non_null(args);
		(void)pxc_plans_add(&plans, "vm acme/db");
		pxc_plan_add(pxc_plans_add(&plans, "vm acme/web"), 0, PXC_QUIET, args, "change");
		r = pxc_plans_check_secrets(&plans, secrets, &err);
		if ((r < 0) != (rows[i].says != NULL) ||
		    (r < 0 && (err.kind != PXC_EINVAL || !str_eq(err.msg, rows[i].says))))
			fail_msg("%s: %d \"%s\"", rows[i].name, r, err.msg);
	}
}

/* Whatever the secret, and wherever in the text: the sentence does not show it, and names object and key. */
static void no_sentence_shows_it(void **state)
{
	uint64_t x = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		auto_plans struct pxc_plans plans = { .nplans = 0 };
		json_auto_t *secrets = json_array();
		struct pxc_err err = { .kind = PXC_OK };
		auto_annot struct annot a = { .npairs = 0 };
		auto_free char *text = NULL;
		char secret[24];
		size_t n;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		n = 6 + x % 16;
		for (size_t k = 0; k < n; k++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			secret[k] = (char)('!' + x % 94);
		}
		secret[n] = '\0';
		(void)json_array_append_new(secrets, json_string(secret));
		annot_init(&a);
		annot_set(&a, "m.note", secret);
		text = i % 2 ? annot_render(ANNOT_BLOCK, "", &a, "")
			     : pxc_printf("before %s after", secret);
		pxc_plan_add(pxc_plans_add(&plans, "project acme"), 0, PXC_QUIET,
			     json_pack("{s:s}", "comment", text), "change");
		assert_int_equal(pxc_plans_check_secrets(&plans, secrets, &err), -1);
		assert_true(str_starts(err.msg, "project acme: its comment "));
		assert_null(strstr(err.msg, secret));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_looked_at),
		cmocka_unit_test(no_sentence_shows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
