/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"
#include "sim/multipart.h"

#define TYPE "multipart/form-data; boundary=--b1"
#define BODY                                                                                       \
	"----b1\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\niso\r\n"                \
	"----b1\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"x.iso\"\r\n"      \
	"Content-Type: application/octet-stream\r\n\r\n\r\n--b1 no end\r\n----b1--\r\n"

static void parts_come_in_order_and_keep_their_bytes(void **state)
{
	struct sim_part part;
	size_t at = 0;

	(void)state;
	assert_true(sim_multipart_next(TYPE, BODY, strlen(BODY), &at, &part));
	assert_string_equal(part.name, "content");
	assert_string_equal(part.filename, "");
	assert_memory_equal(part.data, "iso", 3);
	assert_int_equal(part.len, 3);
	assert_true(sim_multipart_next(TYPE, BODY, strlen(BODY), &at, &part));
	assert_string_equal(part.name, "filename");
	assert_string_equal(part.filename, "x.iso");
	assert_int_equal(part.len, strlen("\r\n--b1 no end"));
	assert_false(sim_multipart_next(TYPE, BODY, strlen(BODY), &at, &part));
}

static void every_cut_of_a_body_is_survived(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(BODY); len++) {
		auto_free char *exact = pxc_alloc(len);
		struct sim_part part;
		size_t at = 0;
		unsigned parts = 0;

		memcpy(exact, BODY, len);
		while (sim_multipart_next(TYPE, exact, len, &at, &part))
			parts++;
		assert_true(parts <= 2);
	}
}

static void no_boundary_no_parts(void **state)
{
	struct sim_part part;
	size_t at = 0;

	(void)state;
	assert_false(sim_multipart_next("multipart/form-data", BODY, strlen(BODY), &at, &part));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_come_in_order_and_keep_their_bytes),
		cmocka_unit_test(every_cut_of_a_body_is_survived),
		cmocka_unit_test(no_boundary_no_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
