/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"

/* Bodies and reason phrases in the shapes that PVE 9 sends. */
static const struct {
	int status;
	const char *reason, *body; /* JSON; NULL = none */
	enum pve_verdict verdict;
	enum pxc_errkind kind;
	const char *msg;
} rows[] = {
	{ 200, "OK", "{\"data\":[]}", PVE_FINE, PXC_OK, "" },
	{ 200, "OK", "{\"data\":null}", PVE_FINE, PXC_OK, "" },
	{ 200, "OK", NULL, PVE_FAILED, PXC_EREMOTE,
	  "the answer is not JSON: this is not the API of a PVE server, or the answer was cut off" },
	{ 200, "OK", "{\"total\":0}", PVE_FAILED, PXC_EREMOTE,
	  "the answer has no \"data\": this is not the API of a PVE server" },
	{ 200, "OK", "[]", PVE_FAILED, PXC_EREMOTE,
	  "the answer has no \"data\": this is not the API of a PVE server" },
	/* locks */
	{ 500, "can't lock file '/var/lock/qemu-server/lock-200.conf' - got timeout", NULL,
	  PVE_AGAIN, PXC_EBUSY,
	  "can't lock file '/var/lock/qemu-server/lock-200.conf' - got timeout" },
	{ 500, "x",
	  "{\"data\":null,\"message\":\"create pool failed: cfs-lock 'file-user_cfg' error: got lock "
	  "request timeout\\n\"}",
	  PVE_AGAIN, PXC_EBUSY,
	  "create pool failed: cfs-lock 'file-user_cfg' error: got lock request timeout" },
	{ 500, "VM is locked (backup)", NULL, PVE_AGAIN, PXC_EBUSY, "VM is locked (backup)" },
	{ 500, "got no worker upid - start worker failed", NULL, PVE_AGAIN, PXC_EBUSY,
	  "got no worker upid - start worker failed" },
	{ 500, "create user failed: cfs-lock 'file-user_cfg' error: no quorum!", NULL, PVE_FAILED,
	  PXC_EREMOTE, "create user failed: cfs-lock 'file-user_cfg' error: no quorum!" },
	/* conflicts */
	{ 500, "checksum mismatch (file change by other user?)", NULL, PVE_FAILED, PXC_ECONFLICT,
	  "checksum mismatch (file change by other user?)" },
	{ 500, "detected modified configuration - file changed by other user? Try again.", NULL,
	  PVE_FAILED, PXC_ECONFLICT,
	  "detected modified configuration - file changed by other user? Try again." },
	{ 500, "unable to create VM 100 - VM 100 already exists on node 'pve1'", NULL, PVE_FAILED,
	  PXC_ECONFLICT, "unable to create VM 100 - VM 100 already exists on node 'pve1'" },
	{ 500, "resource ID 'vm:300' already defined", NULL, PVE_FAILED, PXC_ECONFLICT,
	  "resource ID 'vm:300' already defined" },
	{ 400, "Parameter verification failed.",
	  "{\"data\":null,\"message\":\"Parameter verification failed.\\n\",\"errors\":{\"vmid\":\"VM 100 already "
	  "exists\"}}",
	  PVE_FAILED, PXC_ECONFLICT, "Parameter verification failed: vmid: VM 100 already exists" },
	/* not there */
	{ 500, "Configuration file 'nodes/pve1/qemu-server/4711.conf' does not exist", NULL,
	  PVE_FAILED, PXC_ENOTFOUND,
	  "Configuration file 'nodes/pve1/qemu-server/4711.conf' does not exist" },
	{ 500, "no such user ('x@pve')", NULL, PVE_FAILED, PXC_ENOTFOUND,
	  "no such user ('x@pve')" },
	{ 500, "unable to find configuration file for VM 4711 on node 'pve1'", NULL, PVE_FAILED,
	  PXC_ENOTFOUND, "unable to find configuration file for VM 4711 on node 'pve1'" },
	{ 500, "cannot delete service 'vm:300', not HA managed!", NULL, PVE_FAILED, PXC_ENOTFOUND,
	  "cannot delete service 'vm:300', not HA managed!" },
	{ 400, "Parameter verification failed.", "{\"errors\":{\"storage\":\"No such storage.\"}}",
	  PVE_FAILED, PXC_ENOTFOUND, "Parameter verification failed: storage: No such storage." },
	{ 500, "update sdn vnet object failed: no such option 'x'", NULL, PVE_FAILED, PXC_EINVAL,
	  "update sdn vnet object failed: no such option 'x'" },
	{ 500, "unable to open file - No such file or directory", NULL, PVE_FAILED, PXC_EREMOTE,
	  "unable to open file - No such file or directory" },
	{ 404, "Not Found", NULL, PVE_FAILED, PXC_ENOTFOUND, "Not Found" },
	/* bad parameters */
	{ 400, "Parameter verification failed.",
	  "{\"data\":null,\"message\":\"Parameter verification failed.\\n\",\"errors\":{\"memory\":\"invalid format "
	  "- format error\\nmemory.current: value must have a minimum value of 16\\n\",\"foo\":\"bad\"}}",
	  PVE_FAILED, PXC_EINVAL,
	  "Parameter verification failed: foo: bad, memory: invalid format - format error; memory.current: value "
	  "must have a minimum value of 16" },
	{ 400, "Parameter verification failed.",
	  "{\"message\":\"Parameter verification failed.\\n\",\"errors\":{}}", PVE_FAILED,
	  PXC_EINVAL, "Parameter verification failed. (the server does not say which)" },
	/* a multi-line message: the reason holds only its first line */
	{ 500, "create ha rule failed: 400 Rule 'apart' is invalid.",
	  "{\"message\":\"create ha rule failed: 400 Rule 'apart' is invalid.\\nresources: rule defines more "
	  "resources than available nodes\\n\"}",
	  PVE_FAILED, PXC_EREMOTE,
	  "create ha rule failed: 400 Rule 'apart' is invalid. resources: rule defines more resources than "
	  "available nodes" },
	{ 500, "", "\"malformed JSON string\"", PVE_FAILED, PXC_EREMOTE, "malformed JSON string" },
	{ 500, "", NULL, PVE_FAILED, PXC_EREMOTE, "HTTP status 500 without any word" },
	{ 424, "node is not in a cluster, no join info available!", NULL, PVE_FAILED, PXC_EREMOTE,
	  "node is not in a cluster, no join info available!" },
	{ 301, "Moved Permanently", NULL, PVE_FAILED, PXC_EREMOTE, "Moved Permanently" },
	{ 501, "Method 'GET /nosuch' not implemented", NULL, PVE_FAILED, PXC_EREMOTE,
	  "Method 'GET /nosuch' not implemented (is this PVE too old, or too new?)" },
	/* rights */
	{ 401, "No ticket", NULL, PVE_LOGIN, PXC_EDENIED, "No ticket" },
	{ 403, "Permission check failed (/pool/acme, VM.Allocate)", NULL, PVE_FAILED, PXC_EDENIED,
	  "needs privilege VM.Allocate on /pool/acme: grant it to ann@pve!ci (a token with privilege separation "
	  "has only its own rights)" },
	{ 403, "x",
	  "{\"message\":\"Permission check failed (/storage/data, "
	  "Datastore.Audit|Datastore.AllocateSpace)\\n\"}",
	  PVE_FAILED, PXC_EDENIED,
	  "needs privilege Datastore.Audit or Datastore.AllocateSpace on /storage/data: grant it to ann@pve!ci (a "
	  "token with privilege separation has only its own rights)" },
	{ 403, "Permission check failed", NULL, PVE_FAILED, PXC_EDENIED,
	  "permission denied (PVE does not say which privilege is missing): check what ann@pve!ci may do" },
	{ 403, "Permission check failed (, Pool.Allocate)", NULL, PVE_FAILED, PXC_EDENIED,
	  "permission denied to ann@pve!ci: Permission check failed (, Pool.Allocate)" },
	{ 403, "Permission check failed (pool 'nosuch' does not exist)", NULL, PVE_FAILED,
	  PXC_EDENIED,
	  "permission denied to ann@pve!ci: Permission check failed (pool 'nosuch' does not exist)" },
	/* between us and the node */
	{ 595, "No route to host", NULL, PVE_UNSURE, PXC_EREMOTE,
	  "the node does not answer the cluster (595 No route to host)" },
	{ 596, "tls", NULL, PVE_UNSURE, PXC_EREMOTE,
	  "the node does not answer the cluster (596 tls)" },
	{ 599, "Too many redirections", NULL, PVE_UNSURE, PXC_EREMOTE,
	  "the node does not answer the cluster (599 Too many redirections)" },
	{ 502, "Bad Gateway", NULL, PVE_UNSURE, PXC_EREMOTE,
	  "a proxy before the server failed (502 Bad Gateway)" },
	{ 503, "Busy", NULL, PVE_UNSURE, PXC_EREMOTE,
	  "a proxy before the server failed (503 Busy)" },
	{ 504, "Timeout", NULL, PVE_UNSURE, PXC_EREMOTE,
	  "a proxy before the server failed (504 Timeout)" },
};

static const struct pve_asked by_token = { "GET", "/version", NULL, "ann@pve!ci" },
			      by_user = { "GET", "/version", NULL, "ann@pve" };

static void every_kind_of_reply_is_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *body =
			rows[i].body ? json_loads(rows[i].body, JSON_DECODE_ANY, NULL) : NULL;
		struct pve_reply reply = { .outcome = PVE_REPLIED,
					   .status = rows[i].status,
					   .body = body };
		struct pxc_err err = { .kind = PXC_OK };
		enum pve_verdict verdict;

		if (rows[i].body)
			assert_non_null(body);
		(void)snprintf(reply.reason, sizeof(reply.reason), "%s", rows[i].reason);
		verdict = pve_judge(&reply, &by_token, &err);
		assert_string_equal(err.msg, rows[i].msg);
		assert_int_equal(verdict, rows[i].verdict);
		assert_int_equal(err.kind, rows[i].kind);
		if (verdict != PVE_FINE)
			assert_int_equal(err.http, rows[i].status);
	}
}

static void a_user_is_not_told_about_tokens(void **state)
{
	struct pve_reply reply = { .status = 403,
				   .reason = "Permission check failed (/, Sys.Audit)" };
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pve_judge(&reply, &by_user, &err), PVE_FAILED);
	assert_string_equal(err.msg, "needs privilege Sys.Audit on /: grant it to ann@pve");
}

static void a_refusal_without_a_word_is_explained(void **state)
{
	static const struct {
		const char *method, *path, *params, *needs; /* NULL: nobody knows */
	} silent[] = {
		{ "POST", "/nodes/pve1/qemu", "{\"vmid\": 100}", "VM.Allocate on /vms/100" },
		{ "POST", "/nodes/pve1/qemu", "{\"vmid\": 100, \"pool\": \"acme\"}",
		  "VM.Allocate on /vms/100 or /pool/acme" },
		{ "POST", "/nodes/pve1/qemu/9000/clone", "{\"newid\": \"100\"}",
		  "VM.Allocate on /vms/100" },
		{ "POST", "/nodes/pve2/storage/local/download-url", "{}",
		  "Sys.AccessNetwork on /nodes/pve2" },
		{ "GET", "/nodes/pve2/storage/local/content/local%3Aiso%2Fx.iso", NULL,
		  "Datastore.Audit on /storage/local" },
		{ "GET", "/access/users/bob@pve", NULL,
		  "User.Modify or Sys.Audit on /access/groups" },
		{ "PUT", "/access/users/bob@pve", "{}", "User.Modify on /access/groups" },
		{ "DELETE", "/access/users/bob@pve/token/ci", NULL,
		  "User.Modify on /access/groups" },
		{ "POST", "/nodes/pve1/qemu/100", "{}", NULL },
		{ "POST", "/nodes/pve1", "{}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
		json_auto_t *params =
			silent[i].params ? json_loads(silent[i].params, 0, NULL) : NULL;
		const struct pve_asked asked = { silent[i].method, silent[i].path, params,
						 "ann@pve" };
		struct pve_reply reply = { .status = 403, .reason = "Permission check failed" };
		struct pxc_err err = { .kind = PXC_OK };
		auto_free char *want = pxc_printf("needs privilege %s: grant it to ann@pve",
						  silent[i].needs ? silent[i].needs : "");

		assert_int_equal(pve_judge(&reply, &asked, &err), PVE_FAILED);
		assert_int_equal(err.kind, PXC_EDENIED);
		if (silent[i].needs)
			assert_string_equal(err.msg, want);
		else
			assert_non_null(strstr(err.msg, "PVE does not say which"));
	}
}

static void only_the_guest_itself_can_be_gone(void **state)
{
	(void)state;
	assert_true(pve_words_guest_gone(
		"Configuration file 'nodes/a/qemu-server/1.conf' does not exist"));
	assert_true(pve_words_guest_gone("unable to find configuration file for VM 1 on node 'a'"));
	assert_false(pve_words_guest_gone("storage 'data' does not exist"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_reply_is_judged),
		cmocka_unit_test(a_user_is_not_told_about_tokens),
		cmocka_unit_test(a_refusal_without_a_word_is_explained),
		cmocka_unit_test(only_the_guest_itself_can_be_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
