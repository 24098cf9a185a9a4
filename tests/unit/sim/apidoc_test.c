/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <unistd.h>

#include "ask.h"

#define SCHEMA                                                                                       \
	"[{\"path\":\"/pools\",\"children\":[],\"info\":{\"POST\":{\"parameters\":{\"properties\":{" \
	"\"poolid\":{\"type\":\"string\",\"maxLength\":5},"                                          \
	"\"comment\":{\"type\":\"string\",\"optional\":1,\"enum\":[\"a\",\"b\"]}}}},"                \
	"\"GET\":{\"parameters\":{\"properties\":{}}}}}]"

static struct sim *with_schema(const char *text, struct pxc_err *err)
{
	char path[] = "/tmp/apidoc.XXXXXX";
	int fd = mkstemp(path);
	struct sim_options options = { .nodes = 1, .apidoc = path };
	struct sim *sim = NULL;
	char secret[37];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	if (sim_create(&options, &sim, err) == 0) {
		sim_token(sim, "t", secret);
		snprintf(admin_header, sizeof(admin_header),
			 "Authorization: PVEAPIToken=root@pam!t=%s", secret);
	}
	unlink(path);
	return sim;
}

static void the_schema_is_a_second_opinion(void **state)
{
	struct pxc_err err = { 0 };
	struct sim *sim = with_schema(SCHEMA, &err);

	(void)state;
	assert_non_null(sim);
	expect(sim, "POST", "/pools", "poolid=dev&comment=a", 200, NULL);
	expect(sim, "POST", "/pools", "poolid=toolong", 400, NULL);
	expect(sim, "POST", "/pools", "poolid=x&comment=c", 400, NULL);
	expect(sim, "GET", "/pools?poolid=dev", NULL, 400, NULL);
	expect(sim, "GET", "/version", NULL, 501, "Method 'GET /version' is not in the API schema");
	sim_free(sim);
}

#define PARTS                                                                                      \
	"[{\"path\":\"/cluster/ha/rules\",\"info\":{\"POST\":{\"parameters\":{\"allOf\":["         \
	"{\"properties\":{\"rule\":{\"type\":\"string\"}}},"                                       \
	"{\"type-property\":\"type\",\"type-property-schema\":{\"enum\":[\"node-affinity\"]},"     \
	"\"oneOf\":[{\"properties\":{\"nodes\":{\"type\":\"string\"}}},"                           \
	"{\"properties\":{\"affinity\":{\"type\":\"string\"}}}]}]}}}}]"

/* What only one of the alternatives needs is not needed; what none has is refused. */
static void a_schema_may_have_parts_and_alternatives(void **state)
{
	struct pxc_err err = { 0 };
	struct sim *sim = with_schema(PARTS, &err);

	(void)state;
	assert_non_null(sim);
	expect(sim, "POST", "/cluster/ha/rules",
	       "rule=r1&type=node-affinity&nodes=pve1&resources=vm:1", 400, NULL);
	expect(sim, "POST", "/cluster/ha/rules", "type=node-affinity&nodes=pve1", 400, NULL);
	{
		struct answer answer auto_answer = ask(sim, "POST", "/cluster/ha/rules",
						       "rule=r1&type=node-affinity&nodes=pve1");
		const json_t *errors = json_object_get(answer.body, "errors");

		/* all the schema says has been said: the rest is the call's own opinion */
		assert_string_equal(text_of(errors, "oneOf[node-affinity].resources"),
				    "property is missing and it is not optional");
		assert_int_equal(json_object_size(errors), 1);
	}
	sim_free(sim);
}

static void a_broken_schema_is_an_error(void **state)
{
	struct pxc_err err = { 0 };

	(void)state;
	assert_null(with_schema("[{", &err));
	assert_int_equal(err.kind, PXC_EINVAL);
	assert_null(with_schema("{}", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_is_a_second_opinion),
		cmocka_unit_test(a_broken_schema_is_an_error),
		cmocka_unit_test(a_schema_may_have_parts_and_alternatives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
