/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/fileserver.h"
#include "lib/task.h"
#include "sim/state.h"

#define LOCK "POST /access/groups comment=*&groupid=pxc-lock-image.debian\n"
#define UNLOCK "DELETE /access/groups/pxc-lock-image.debian\n"
#define PROJECT_LOCK "POST /access/groups comment=*&groupid=pxc-lock-project.acme\n"
#define PROJECT_UNLOCK "DELETE /access/groups/pxc-lock-project.acme\n"
#define DOWNLOAD(where, version)                                                                   \
	"POST /nodes/" where "/download-url content=import&filename=pxc-img-debian_V" version      \
	".qcow2&url=http%3A%2F%2F127.0.0.1%3APORT%2Fx.qcow2\n"
#define REMOVE(where, storage, version)                                                            \
	"DELETE /nodes/" where "/content/" storage "%3Aimport%2Fpxc-img-debian_V" version ".qcow2\n"
#define FILE(version, rest)                                                                        \
	"{\"backend\":\"pve\",\"name\":\"debian\",\"version\":\"" version                          \
	"\",\"source\":\"http://127.0.0.1:PORT/x.qcow2\"" rest "}"

/* Tasks in the order of the rows, in one lab; what each writes to the wire, exactly. */
static const struct row {
	const char *module, *name, *task, *writes;
} rows[] = {
	{ "pxc_rbd_image", "in check mode", FILE("1", ",\"_ansible_check_mode\":true"), "" },
	{ "pxc_rbd_image", "downloaded", FILE("1", ""),
	  LOCK DOWNLOAD("pve1/storage/shared", "1") UNLOCK },
	{ "pxc_rbd_image", "nothing to do", FILE("1", ""), "" },
	{ "pxc_rbd_image", "on a node's own storage",
	  FILE("1", ",\"storage\":\"local\",\"node\":\"pve2\""),
	  LOCK DOWNLOAD("pve2/storage/local", "1") UNLOCK },
	{ "pxc_rbd_image", "there", FILE("1", ",\"storage\":\"local\""), "" },
	{ "pxc_vm", "a VM is made from it",
	  "{\"project\":\"acme\",\"name\":\"a\",\"flavor\":\"small\",\"power\":\"stopped\","
	  "\"image\":{\"name\":\"debian\",\"storage\":\"local\"}}",
	  PROJECT_LOCK "POST /nodes/pve2/qemu agent=1&description=*&name=a&ostype=l26&pool=acme&"
		       "scsi0=shared%3A0%2Cimport-from%3Dlocal%3Aimport%2Fpxc-img-debian_V1.qcow2&"
		       "scsihw=virtio-scsi-single&smbios1=*&tags=pxc%3Bstack-default&vmid=100\n"
		       "PUT /nodes/pve2/qemu/100/resize disk=scsi0&size=3G\n" PROJECT_UNLOCK },
	{ "pxc_vm", "and is as wanted",
	  "{\"project\":\"acme\",\"name\":\"a\",\"flavor\":\"small\",\"power\":\"stopped\","
	  "\"image\":{\"name\":\"debian\",\"storage\":\"local\"}}",
	  "" },
	{ "pxc_rbd_image", "the next version, one kept", FILE("2", ",\"keep\":1"),
	  LOCK DOWNLOAD("pve1/storage/shared", "2") REMOVE("pve1/storage/shared", "shared", "1")
		  UNLOCK },
	{ "pxc_rbd_image", "refused", FILE("2", ",\"protected\":true"), "" },
	{ "pxc_rbd_image", "removed",
	  "{\"backend\":\"pve\",\"name\":\"debian\",\"state\":\"absent\"}",
	  LOCK REMOVE("pve1/storage/shared", "shared", "2") UNLOCK },
	{ "pxc_rbd_image", "gone", "{\"backend\":\"pve\",\"name\":\"debian\",\"state\":\"absent\"}",
	  "" },
};

static char *with_port(const char *text, const struct file_server *server)
{
	const char *at = strstr(text, "PORT");

	return at ? pxc_printf("%.*s%u%s", (int)(at - text), text, server->port, at + 4)
		  : pxc_strdup(text);
}

static void each_task_sends_exactly_these_writes(void **state)
{
	struct file_server server;
	auto_lab struct lab lab;

	(void)state;
	file_server_start(&server, QCOW2_HEAD, QCOW2_LEN);
	lab_create(&lab, 1);
	lab_prepare(&lab);
	lab.sim->options.speed = 0; /* a download takes time of its own */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *task = with_port(rows[i].task, &server),
			       *want = with_port(rows[i].writes, &server), *writes = NULL;
		int r = lab_task(&lab, rows[i].module, task);

		if (r < 0 && strcmp(rows[i].name, "refused") != 0)
			fail_msg("%s: %s", rows[i].name, lab.err.msg);
		writes = lab_writes(&lab);
		if (strcmp(writes, want) != 0)
			fail_msg("%s:\nwanted\n%sgot\n%s", rows[i].name, want, writes);
	}
	file_server_stop(&server);
}

static void a_failed_download_is_said_in_words_of_pve(void **state)
{
	static const char sum[] =
		"{\"backend\":\"pve\",\"name\":\"debian\",\"source\":\"http://127.0.0.1:PORT/x.qcow2\","
		"\"checksum\":\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"}";
	struct file_server server;
	auto_lab struct lab lab;

	(void)state;
	file_server_start(&server, QCOW2_HEAD, QCOW2_LEN);
	lab_create(&lab, 1);
	lab_prepare(&lab);
	lab.sim->options.speed = 0;
	{
		auto_free char *task = with_port(sum, &server);

		assert_int_equal(lab_task(&lab, "pxc_rbd_image", task), -1);
		assert_non_null(strstr(lab.err.msg, "checksum mismatch"));
		assert_non_null(strstr(buf_str(&lab.log), "checksum-algorithm=sha256"));
	}
	file_server_stop(&server);
}

static bool downloaded(const struct lab *lab)
{
	return sim_volume_find(lab->sim, "shared:import/pxc-img-debian_V1.qcow2",
			       &lab->sim->nodes[0]) != NULL;
}

/* PVE goes on alone when the run is gone: the next one waits for that instead of beginning anew. */
static void a_download_outlives_a_run_that_was_killed(void **state)
{
	struct file_server server;
	auto_lab struct lab lab;
	auto_free char *task = NULL;
	unsigned long n = 1;

	(void)state;
	file_server_start(&server, QCOW2_HEAD, QCOW2_LEN);
	pthread_mutex_lock(&server.hold);
	task = with_port(FILE("1", ",\"task_timeout\":5"), &server);
	lab_create(&lab, 1);
	lab_prepare(&lab);
	do { /* until the request that begins the download is the one behind which it ends */
		lab.kill_after = n++;
		assert_int_equal(lab_task(&lab, "pxc_rbd_image", task), -1);
		assert_true(lab.killed);
	} while (!strstr(buf_str(&lab.log), "/download-url "));
	assert_int_equal(lab_task(&lab, "pxc_rbd_image", task), -1);
	assert_non_null(
		strstr(lab.err.msg, "the download that an earlier run began still goes on"));
	assert_null(strstr(buf_str(&lab.log), "/download-url "));
	pthread_mutex_unlock(&server.hold);
	for (unsigned i = 0; i < 1000 && !downloaded(&lab); i++) {
		usleep(10000);
		sim_advance(lab.sim, 1000);
	}
	lab_must(&lab, "pxc_rbd_image", task);
	assert_false(json_is_true(json_object_get(lab.result, "changed")));
	assert_null(strstr(buf_str(&lab.log), "/download-url "));
	file_server_stop(&server);
}

/* Version 2 is there, version 1 and nothing else goes. */
static void the_next_run_finishes(struct lab *lab, const char *task)
{
	auto_free char *writes = NULL;

	lab_must(lab, "pxc_rbd_image", task);
	assert_non_null(sim_volume_find(lab->sim, "shared:import/pxc-img-debian_V2.qcow2",
					&lab->sim->nodes[0]));
	assert_false(downloaded(lab));
	lab_must(lab, "pxc_rbd_image", task);
	assert_false(json_is_true(json_object_get(lab->result, "changed")));
	writes = lab_writes(lab);
	assert_string_equal(writes, "");
}

static void a_run_may_be_killed_anywhere(void **state)
{
	struct file_server server;
	unsigned kills = 0;

	(void)state;
	file_server_start(&server, QCOW2_HEAD, QCOW2_LEN);
	for (unsigned long n = 1, after = 0;; n += after, after = !after) {
		auto_lab struct lab lab;
		auto_free char *first = with_port(FILE("1", ""), &server),
			       *second = with_port(FILE("2", ",\"keep\":1"), &server);

		lab_create(&lab, 1);
		lab_prepare(&lab);
		lab.sim->options.speed = 0;
		lab_must(&lab, "pxc_rbd_image", first);
		lab.kill_before = after ? 0 : n;
		lab.kill_after = after ? n : 0;
		(void)lab_task(&lab, "pxc_rbd_image", second);
		if (!lab.killed)
			break;
		kills++;
		the_next_run_finishes(&lab, second);
	}
	assert_in_range(kills, 60, 200);
	file_server_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_sends_exactly_these_writes),
		cmocka_unit_test(a_failed_download_is_said_in_words_of_pve),
		cmocka_unit_test(a_download_outlives_a_run_that_was_killed),
		cmocka_unit_test(a_run_may_be_killed_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
