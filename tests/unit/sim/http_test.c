/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/http.h"

#include <curl/curl.h>
#include <time.h>

#include "ask.h"
#include "sim/cert.h"

struct face {
	struct sim *sim;
	struct sim_http *http;
	struct sim_cert cert;
	CURL *curl;
	struct pxc_buf headers, body;
};

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
	buf_add(ctx, data, size * count);
	return size * count;
}

static void face_start(struct face *face, double speed, const char *faults)
{
	struct sim_http_options options = { .speed = speed };
	struct pxc_err err = { 0 };

	face->sim = cluster(1, speed, NULL, faults);
	assert_int_equal(sim_cert_create("127.0.0.1", &face->cert, &err), 0);
	options.cert_pem = face->cert.cert_pem;
	options.key_pem = face->cert.key_pem;
	if (sim_http_start(face->sim, &options, &face->http, &err) < 0)
		fail_msg("%s", err.msg);
	face->curl = curl_easy_init();
}

static void face_stop(struct face *face)
{
	curl_easy_cleanup(face->curl);
	sim_http_stop(face->http);
	sim_free(face->sim);
	sim_cert_release(&face->cert);
	buf_release(&face->headers);
	buf_release(&face->body);
}

/* Verified against the face's own certificate. */
static CURLcode get(struct face *face, const char *path, const char *header)
{
	struct curl_slist *list = curl_slist_append(NULL, header);
	auto_free char *url = pxc_printf("https://127.0.0.1:%u%s", sim_http_port(face->http), path);
	struct curl_blob ca = { .data = face->cert.cert_pem, .len = strlen(face->cert.cert_pem) };
	CURLcode code;

	buf_release(&face->headers);
	buf_release(&face->body);
	curl_easy_setopt(face->curl, CURLOPT_URL, url);
	curl_easy_setopt(face->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(face->curl, CURLOPT_CAINFO_BLOB, &ca);
	curl_easy_setopt(face->curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(face->curl, CURLOPT_HEADERFUNCTION, take);
	curl_easy_setopt(face->curl, CURLOPT_HEADERDATA, &face->headers);
	curl_easy_setopt(face->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(face->curl, CURLOPT_WRITEDATA, &face->body);
	curl_easy_setopt(face->curl, CURLOPT_TIMEOUT, 30L);
	code = curl_easy_perform(face->curl);
	curl_slist_free_all(list);
	return code;
}

static long new_connections(struct face *face)
{
	long count = 0;

	curl_easy_getinfo(face->curl, CURLINFO_NUM_CONNECTS, &count);
	return count;
}

static void the_reason_phrase_carries_the_message(void **state)
{
	struct face face = { 0 };

	(void)state;
	face_start(&face, 0, NULL);
	assert_int_equal(get(&face, "/api2/json/pools/x", admin_header), CURLE_OK);
	assert_true(str_starts(buf_str(&face.headers), "HTTP/1.1 500 pool 'x' does not exist\r\n"));
	assert_non_null(strstr(buf_str(&face.headers), "Connection: close"));
	assert_int_equal(get(&face, "/api2/json/version", admin_header), CURLE_OK);
	assert_true(str_starts(buf_str(&face.headers), "HTTP/1.1 200 OK\r\n"));
	assert_int_equal(get(&face, "/api2/json/version", "X: y"), CURLE_OK);
	assert_true(str_starts(buf_str(&face.headers), "HTTP/1.1 401 No ticket\r\n"));
	assert_int_equal(face.body.len, 0);
	face_stop(&face);
}

static void a_connection_lasts_a_hundred_requests(void **state)
{
	struct face face = { 0 };
	long connections = 0;

	(void)state;
	face_start(&face, 0, NULL);
	for (unsigned i = 0; i < 201; i++) {
		assert_int_equal(get(&face, "/api2/json/version", admin_header), CURLE_OK);
		connections += new_connections(&face);
	}
	assert_int_equal(connections, 3);
	face_stop(&face);
}

static void dropped_requests_have_no_answer(void **state)
{
	struct face face = { 0 };

	(void)state;
	face_start(&face, 0, "GET /version nth=1 drop\n");
	assert_int_not_equal(get(&face, "/api2/json/version", admin_header), CURLE_OK);
	assert_int_equal(get(&face, "/api2/json/version", admin_header), CURLE_OK);
	face_stop(&face);
}

static void delays_shrink_with_speed_and_hold_up_nobody(void **state)
{
	struct face face = { 0 };
	double seconds = 0;

	(void)state;
	face_start(&face, 10, NULL);
	assert_int_equal(get(&face, "/api2/json/version", "X: y"), CURLE_OK);
	curl_easy_getinfo(face.curl, CURLINFO_TOTAL_TIME, &seconds);
	assert_true(seconds > 0.29 && seconds < 5);
	face_stop(&face);
}

static void a_face_can_stop_while_somebody_waits(void **state)
{
	struct face face = { 0 };

	(void)state;
	face_start(&face, 0.001, NULL);
	curl_easy_setopt(face.curl, CURLOPT_TIMEOUT_MS, 300L);
	{
		auto_free char *url = pxc_printf("https://127.0.0.1:%u/api2/json/version",
						 sim_http_port(face.http));

		curl_easy_setopt(face.curl, CURLOPT_URL, url);
		curl_easy_setopt(face.curl, CURLOPT_PROXY, "");
		curl_easy_setopt(face.curl, CURLOPT_SSL_VERIFYPEER, 0L);
		assert_int_equal(curl_easy_perform(face.curl), CURLE_OPERATION_TIMEDOUT);
	}
	face_stop(&face);
}

static void a_port_in_use_is_an_error(void **state)
{
	struct face face = { 0 };
	struct sim_http_options options = { 0 };
	struct sim_http *second = NULL;
	struct pxc_err err = { 0 };

	(void)state;
	face_start(&face, 0, NULL);
	options.port = 1;
	options.listen = "192.0.2.1";
	options.cert_pem = face.cert.cert_pem;
	options.key_pem = face.cert.key_pem;
	assert_int_equal(sim_http_start(face.sim, &options, &second, &err), -1);
	assert_string_equal(err.msg, "cannot listen on 192.0.2.1 port 1");
	options.listen = "nowhere";
	assert_int_equal(sim_http_start(face.sim, &options, &second, &err), -1);
	assert_string_equal(err.msg, "nowhere is no IP address to listen on");
	face_stop(&face);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reason_phrase_carries_the_message),
		cmocka_unit_test(a_connection_lasts_a_hundred_requests),
		cmocka_unit_test(dropped_requests_have_no_answer),
		cmocka_unit_test(delays_shrink_with_speed_and_hold_up_nobody),
		cmocka_unit_test(a_face_can_stop_while_somebody_waits),
		cmocka_unit_test(a_port_in_use_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
