/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void numbers_and_strings_come_back(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_buf struct pxc_buf out = { .data = NULL };
	struct ceph_in in;

	(void)state;
	out_u8(&out, 0xfe);
	out_u32(&out, 0x01020304);
	assert_memory_equal(out.data + 1, "\x04\x03\x02\x01", 4);
	out_string(&out, "text");
	out_string(&out, "");
	buf_add(&out, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
	in = ceph_in(out.data, out.len);
	assert_int_equal(in_u8(&in), 0xfe);
	assert_int_equal(in_u32(&in), 0x01020304);
	assert_string_equal(in_string(&in, &arena), "text");
	assert_string_equal(in_string(&in, &arena), "");
	assert_int_equal(in_u64(&in), 0x0102030405060708);
	assert_false(in.bad);
	assert_ptr_equal(in.at, in.end);
}

static void what_is_cut_off_is_bad_and_stays_so(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_in in = ceph_in("\x05\0\0\0four", 8);

	(void)state;
	assert_string_equal(in_string(&in, &arena), "");
	assert_true(in.bad);
	assert_int_equal(in_u8(&in), 0);
	in = ceph_in("\xff\xff\xff\xff", 4);
	assert_string_equal(in_string(&in, &arena), "");
	assert_true(in.bad);
	in = ceph_in("1234567", 7);
	assert_int_equal(in_u64(&in), 0);
	assert_true(in.bad);
	in = ceph_in(NULL, 0);
	assert_int_equal(in_u32(&in), 0);
	assert_true(in.bad);
	in = ceph_in("12", 2);
	in_skip(&in, 3);
	assert_true(in.bad);
}

static void frames_are_stepped_over_whole(void **state)
{
	auto_buf struct pxc_buf content = { .data = NULL }, out = { .data = NULL };
	struct ceph_in in, frame;

	(void)state;
	out_u32(&content, 7);
	out_u32(&content, 8); /* what a newer writer added */
	out_frame(&out, 3, &content);
	out_u8(&out, 9);
	in = ceph_in(out.data, out.len);
	frame = in_frame(&in, 1);
	assert_int_equal(in_u32(&frame), 7);
	assert_false(frame.bad);
	assert_int_equal(in_u8(&in), 9);
	assert_false(in.bad);
}

static void a_frame_for_newer_readers_is_bad(void **state)
{
	struct ceph_in in = ceph_in("\x03\x02\x01\0\0\0x", 7), frame = in_frame(&in, 1);

	(void)state;
	assert_true(frame.bad && in.bad);
	in = ceph_in("\x03\x02\x01\0\0\0x", 7);
	frame = in_frame(&in, 2);
	assert_int_equal(in_u8(&frame), 'x');
	assert_false(frame.bad || in.bad);
	assert_int_equal(in_u8(&frame), 0); /* never beyond the frame */
	assert_true(frame.bad);
}

/* Every beginning of a good frame, and lengths that lie. */
static void no_input_reads_beyond_its_end(void **state)
{
	static const char good[] = "\x01\x01\x0c\0\0\0\x08\0\0\0abcdefgh";
	auto_arena struct pxc_arena arena = { .head = NULL };

	(void)state;
	for (size_t len = 0; len < sizeof(good) - 1; len++) {
		char *exact = malloc(len ? len : 1); /* so that ASan sees a byte too many */
		struct ceph_in in, frame;

		assert_non_null(exact);
		memcpy(exact, good, len);
		in = ceph_in(exact, len);
		frame = in_frame(&in, 1);
		(void)in_string(&frame, &arena);
		assert_true(frame.bad && in.bad);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_strings_come_back),
		cmocka_unit_test(what_is_cut_off_is_bad_and_stays_so),
		cmocka_unit_test(frames_are_stepped_over_whole),
		cmocka_unit_test(a_frame_for_newer_readers_is_bad),
		cmocka_unit_test(no_input_reads_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
