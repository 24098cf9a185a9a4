/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_task.h"
#include "lib/access.h"
#include "lib/world.h"

static const char *const pools[] = { "acme", NULL };
static const char *const storages[] = { "fast", NULL }, *const vnets[] = { "tenant/n1", NULL };

struct fixture {
	struct test_world world;
	struct access_state s;
	struct access_facts f;
	struct access_task t;
	struct access_want want;
	struct pxc_err err;
};

static void begin(struct fixture *x, const char *users, const char *acls)
{
	memset(x, 0, sizeof(*x));
	test_world_create(&x->world, "{\"pools\": {\"acme\": {}, \"beta\": {}}, \"guests\": []}");
	x->s = access_server(9, users, acls, NULL);
	x->f = (struct access_facts){ .w = &x->world.world,
				      .cluster = "0123abcd",
				      .stamp = "20261121T220000Z",
				      .actor = "root" };
	x->t = (struct access_task){
		.label = "token of acme",
		.profile = access_profile("project-token"),
		.project = "acme",
		.userid = "pxc@pve",
		.token = "acme",
		.scope = { .pools = pools, .storages = storages, .vnets = vnets },
	};
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
	return access_project_token(&x->t, &x->s, &x->f, &x->world.arena, &x->want, &x->err);
}

static const char *text(struct fixture *x)
{
	return access_want_text(&x->want, &x->world.arena);
}

#define ADMIN                                                                                      \
	"[{'path': '/', 'type': 'user', 'ugid': 'pxc@pve', 'roleid': 'PXCAdmin', 'propagate': 1}"

/* An entry for the user on the pool would take what it has there from "/". */
static void the_user_of_the_cloud_keeps_its_rights(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, "[{'userid': 'pxc@pve'}]", ADMIN "]");
	assert_int_equal(run(&x), 0);
	assert_true(str_starts(text(&x), "/ PXCAudit token pxc@pve!acme\n"
					 "/pool/acme PXCProjectToken token pxc@pve!acme\n"
					 "/sdn/zones/tenant/n1 PVESDNUser token pxc@pve!acme\n"
					 "/storage/fast PXCSpace token pxc@pve!acme\n"
					 "=/* PXCAdmin user pxc@pve\n"
					 "role PXCAudit: Sys.Audit\n"
					 "role PXCProjectToken: "));
	assert_int_equal(x.want.nusers, 0);
	assert_int_equal(x.want.tokens[0].privsep, 1);
	assert_true(str_starts(x.want.tokens[0].comment,
			       "project acme [pxc/1 t=token id=token.pxc@pve*21acme c=0123abcd "
			       "p=acme "));
	end(&x);
}

static void another_user_gets_what_its_token_gets(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, "[{'userid': 'pxc@pve'}]", NULL);
	assert_int_equal(run(&x), 0);
	assert_non_null(strstr(text(&x), "/pool/acme PXCProjectToken token pxc@pve!acme\n"
					 "/pool/acme PXCProjectToken user pxc@pve\n"));
	end(&x);
}

static void only_a_token_that_says_so_is_the_projects(void **state)
{
	auto_free char *users = NULL;
	struct fixture x, y;

	(void)state;
	begin(&x, "[{'userid': 'pxc@pve'}]", ADMIN "]");
	assert_int_equal(run(&x), 0);
	users = pxc_printf("[{'userid': 'pxc@pve', 'tokens': [{'tokenid': 'acme', 'comment': '%s'},"
			   " {'tokenid': 'mine', 'comment': 'hands off'}]}]",
			   x.want.tokens[0].comment);
	begin(&y, users, ADMIN "]");
	assert_int_equal(run(&y), 0);
	assert_null(y.want.tokens[0].comment);
	end(&y);
	begin(&y, users, ADMIN "]");
	y.t.token = "mine";
	assert_int_equal(run(&y), -1);
	assert_non_null(strstr(y.err.msg, "the token pxc@pve!mine is there"));
	y.t.absent = true;
	assert_int_equal(run(&y), -1);
	assert_int_equal(y.want.ntokens, 0);
	end(&y);
	/* Gone with all it had, and nothing of the user. */
	begin(&y, users,
	      ADMIN ", {'path': '/pool/acme', 'type': 'token', 'ugid': 'pxc@pve!acme', 'roleid': "
		    "'PXCProjectToken', 'propagate': 0}]");
	(void)json_array_append_new(y.s.roles, json_pack("{ss}", "roleid", "PXCProjectToken"));
	y.t.absent = true;
	assert_int_equal(run(&y), 0);
	assert_string_equal(text(&y), "-/pool/acme PXCProjectToken token pxc@pve!acme\n"
				      "-role PXCAudit\n"
				      "-role PXCProjectToken\n"
				      "-token pxc@pve!acme\n");
	end(&y);
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_user_of_the_cloud_keeps_its_rights),
		cmocka_unit_test(another_user_gets_what_its_token_gets),
		cmocka_unit_test(only_a_token_that_says_so_is_the_projects),
	};

	pxc_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
