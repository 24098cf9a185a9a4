/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_buffer_is_an_empty_string(void **state)
{
	struct pxc_buf buf = { .data = NULL };
	auto_free char *taken = NULL;

	(void)state;
	assert_string_equal(buf_str(&buf), "");
	buf_adds(&buf, "");
	assert_string_equal(buf_str(&buf), "");
	assert_int_equal(buf.len, 0);
	buf_release(&buf);
	taken = buf_take(&buf);
	assert_string_equal(taken, "");
}

static void pieces_are_joined(void **state)
{
	auto_buf struct pxc_buf buf = { .data = NULL };

	(void)state;
	buf_adds(&buf, "net");
	buf_addc(&buf, '0');
	buf_printf(&buf, "=%s,tag=%d", "virtio", 5);
	buf_add(&buf, "abc", 2);
	assert_string_equal(buf_str(&buf), "net0=virtio,tag=5ab");
	assert_int_equal(buf.len, strlen(buf_str(&buf)));
}

static void it_grows_over_every_size_and_stays_terminated(void **state)
{
	auto_buf struct pxc_buf buf = { .data = NULL };

	(void)state;
	for (size_t i = 1; i <= 1000; i++) {
		if (i % 2)
			buf_addc(&buf, 'x');
		else
			buf_printf(&buf, "%c", 'x');
		assert_int_equal(buf.len, i);
		assert_true(buf.cap > buf.len);
		assert_int_equal(buf.data[i], '\0');
	}
}

static void taking_moves_the_string_out(void **state)
{
	struct pxc_buf buf = { .data = NULL };
	auto_free char *taken = NULL;

	(void)state;
	buf_adds(&buf, "mine");
	taken = buf_take(&buf);
	assert_string_equal(taken, "mine");
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.cap, 0);
}

static void nul_bytes_are_kept(void **state)
{
	auto_buf struct pxc_buf buf = { .data = NULL };

	(void)state;
	buf_add(&buf, "a\0b", 3);
	assert_int_equal(buf.len, 3);
	assert_memory_equal(buf.data, "a\0b", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_an_empty_string),
		cmocka_unit_test(pieces_are_joined),
		cmocka_unit_test(it_grows_over_every_size_and_stays_terminated),
		cmocka_unit_test(taking_moves_the_string_out),
		cmocka_unit_test(nul_bytes_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
