/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locks whose requests were done but not answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "lib/sdn_lab.h"

#define NETWORK "{\"project\":\"acme\",\"name\":\"blue\",\"lock_timeout\":1,\"task_timeout\":30}"

static const char *const lost[] = {
	"POST /access/groups count=1 lost",      "POST /cluster/sdn/lock count=1 lost",
	"PUT /access/groups/* count=1 lost",     "POST /cluster/sdn/zones count=1 lost",
	"POST /cluster/sdn/vnets count=1 lost",  "PUT /cluster/sdn count=1 lost",
	"DELETE /cluster/sdn/lock count=1 lost", "DELETE /access/groups/* count=1 lost",
};

static void an_answer_that_is_lost_does_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
		auto_lab struct lab lab;

		sdn_lab_create(&lab, 9, 3 + i);
		sdn_lab_faults(&lab, lost[i]);
		lab_must(&lab, "pxc_sdn", NETWORK);
		lab_must(&lab, "pxc_sdn", NETWORK);
		assert_false(json_is_true(json_object_get(lab.result, "changed")));
		sdn_lab_is_clean(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_that_is_lost_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
