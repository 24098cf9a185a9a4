/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/cert.h"

#include <unistd.h>

#include "ask.h"

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void a_certificate_read_back_has_the_same_fingerprint(void **state)
{
	char cert_file[] = "/tmp/cert.XXXXXX", key_file[] = "/tmp/key.XXXXXX";
	struct sim_cert made = { 0 }, read = { 0 };
	struct pxc_err err = { 0 };

	(void)state;
	assert_int_equal(sim_cert_create("10.0.0.1", &made, &err), 0);
	assert_int_equal(strlen(made.fingerprint), 95);
	assert_int_equal(strspn(made.fingerprint, "0123456789ABCDEF:"), 95);
	write_file(cert_file, made.cert_pem);
	write_file(key_file, made.key_pem);
	assert_int_equal(sim_cert_load(cert_file, key_file, &read, &err), 0);
	assert_string_equal(read.fingerprint, made.fingerprint);
	sim_cert_release(&read);
	assert_int_equal(sim_cert_load(key_file, key_file, &read, &err), -1);
	assert_int_equal(err.kind, PXC_EINVAL);
	unlink(cert_file);
	assert_int_equal(sim_cert_load(cert_file, key_file, &read, &err), -1);
	assert_int_equal(err.kind, PXC_ENOTFOUND);
	unlink(key_file);
	sim_cert_release(&made);
}

static void every_certificate_is_its_own(void **state)
{
	struct sim_cert one = { 0 }, other = { 0 };
	struct pxc_err err = { 0 };

	(void)state;
	assert_int_equal(sim_cert_create(NULL, &one, &err), 0);
	assert_int_equal(sim_cert_create(NULL, &other, &err), 0);
	assert_string_not_equal(one.fingerprint, other.fingerprint);
	sim_cert_release(&one);
	sim_cert_release(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_read_back_has_the_same_fingerprint),
		cmocka_unit_test(every_certificate_is_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
