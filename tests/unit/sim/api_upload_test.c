/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <unistd.h>

#include "ask.h"
#include "lib/fileserver.h"

#define SHA256_OF_IT "checksum-algorithm=sha256&checksum="

static const char *last_status(const struct sim *sim)
{
	return sim->tasks[sim->task_count - 1]->status;
}

static void fetch(struct sim *sim, uint16_t port, const char *file, const char *more)
{
	auto_free char *form = pxc_printf("content=import&filename=%s&url=http://127.0.0.1:%u/%s%s",
					  file, port, file, more);

	expect(sim, "POST", "/nodes/pve1/storage/local/download-url", form, 200, NULL);
}

static void a_download_is_really_fetched_and_measured(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	const struct sim_volume *volume;
	struct file_server server;

	(void)state;
	file_server_start(&server, QCOW2_HEAD, QCOW2_LEN);
	fetch(sim, server.port, "d.qcow2", "");
	assert_string_equal(last_status(sim), "OK");
	volume = sim_volume_find(sim, "local:import/d.qcow2", &sim->nodes[0]);
	assert_non_null(volume);
	assert_int_equal(volume->size_bytes, 2ull << 30);
	fetch(sim, server.port, "d.qcow2", "");
	assert_string_equal(last_status(sim),
			    "refusing to override existing file '/var/lib/vz/import/d.qcow2'");
	file_server_stop(&server);
	sim_free(sim);
}

static void checksums_decide(void **state)
{
	static const char right[] =
		"&" SHA256_OF_IT "1ad79c73f9cf0ab1d25e3e3de7d1ed2dca3c8d0a0fa3f5b4cc5d3ef0a7cd8a0f";
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct file_server server;

	(void)state;
	file_server_start(&server, QCOW2_HEAD, QCOW2_LEN);
	fetch(sim, server.port, "d.qcow2", right);
	assert_true(str_starts(last_status(sim), "checksum mismatch: got '"));
	assert_null(sim_volume_find(sim, "local:import/d.qcow2", &sim->nodes[0]));
	{
		auto_free char *more =
			pxc_printf("&" SHA256_OF_IT "%.64s",
				   last_status(sim) + strlen("checksum mismatch: got '"));

		fetch(sim, server.port, "d.qcow2", more);
		assert_string_equal(last_status(sim), "OK");
		fetch(sim, server.port, "d.qcow2", more);
		assert_string_equal(last_status(sim), "OK");
	}
	fetch(sim, server.port, "d.qcow2", right);
	assert_true(str_starts(last_status(sim), "checksum mismatch: got '"));
	sim_volume_add(sim, "local:import/old.raw", sim_storage_find(sim, "local"), &sim->nodes[0]);
	fetch(sim, server.port, "old.raw", right);
	assert_true(str_starts(last_status(sim), "checksum mismatch: got '?' != expect '"));
	file_server_stop(&server);
	sim_free(sim);
}

static void what_is_no_image_is_refused_as_such(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct file_server server;

	(void)state;
	file_server_start(&server, "hello", 5);
	fetch(sim, server.port, "d.qcow2", "");
	assert_string_equal(
		last_status(sim),
		"qemu-img: Could not open '/var/lib/vz/import/d.qcow2': Image is not in qcow2 format");
	fetch(sim, server.port, "d.raw", "");
	assert_string_equal(last_status(sim), "OK");
	file_server_stop(&server);
	fetch(sim, server.port, "e.raw", "");
	assert_true(str_starts(last_status(sim), "download failed: Connecting to 127.0.0.1:"));
	expect(sim, "POST", "/nodes/pve1/storage/local/download-url",
	       "content=import&filename=x.txt&url=http://127.0.0.1/x", 400, NULL);
	sim_free(sim);
}

static void the_clock_goes_on_while_a_download_runs(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	struct file_server server;

	(void)state;
	file_server_start(&server, QCOW2_HEAD, QCOW2_LEN);
	fetch(sim, server.port, "d.qcow2", "");
	assert_null(last_status(sim));
	for (unsigned i = 0; i < 500 && !last_status(sim); i++) {
		usleep(10000);
		sim_advance(sim, 200);
	}
	assert_string_equal(last_status(sim), "OK");
	file_server_stop(&server);
	sim_free(sim);
}

static void an_upload_lands_as_a_volume(void **state)
{
	static const char body[] =
		"--b\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\niso\r\n"
		"--b\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"a.iso\"\r\n\r\n"
		"12345\r\n--b--\r\n";
	struct sim *sim = cluster(1, 0, NULL, NULL);
	const char *headers[] = { admin_header, "Content-Type: multipart/form-data; boundary=b",
				  NULL };
	const struct sim_volume *volume;
	struct sim_reply reply;

	(void)state;
	sim_request(sim, "POST", "/api2/json/nodes/pve1/storage/local/upload", headers, body,
		    sizeof(body) - 1, &reply);
	assert_int_equal(reply.status, 200);
	sim_reply_release(&reply);
	volume = sim_volume_find(sim, "local:iso/a.iso", &sim->nodes[0]);
	assert_non_null(volume);
	assert_int_equal(volume->size_bytes, 5);
	assert_string_equal(volume->format, "iso");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_download_is_really_fetched_and_measured),
		cmocka_unit_test(checksums_decide),
		cmocka_unit_test(what_is_no_image_is_refused_as_such),
		cmocka_unit_test(the_clock_goes_on_while_a_download_runs),
		cmocka_unit_test(an_upload_lands_as_a_volume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
