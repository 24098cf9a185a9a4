/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/keypair.h"
#include "cloud/vm_parts.h"
#include "lib/plan.h"
#include "lib/sshkeys.h"

#define PAIR(name, key) "\"pxc-key.acme." name "\":{\"key\":\"" key "\"}"
#define RAW(name, text) "\"pxc-key.acme." name "\":{\"raw\":\"" text "\"}"
#define WITH(pairs) "{\"access\":{" pairs "}}"
#define QUOTA(n, pairs)                                                                            \
	"{\"pools\":{\"acme\":{\"quota\":{\"keypairs\":" #n "}},\"beta\":{}},\"access\":{" pairs   \
	"}}"
#define ASK(name, key) "{\"name\":\"" name "\",\"public_key\":\"" key "\"}"
#define BAD "[pxc/1 t=keypair id=group.pxc-key.acme.alice key=x s=0000000000000000]"

static const struct plan_row rows[] = {
	{ "a new one", "{}", ASK("alice", KEY_ED25519 " alice@example.org"),
	  "create key pair acme/alice (" PRINT_ED25519 ")" },
	{ "several", "{}",
	  "{\"keypairs\":[" ASK("alice", KEY_ED25519) "," ASK("bob", KEY_RSA2048) "]}",
	  "create key pair acme/alice (" PRINT_ED25519 "); create key pair acme/bob (" PRINT_RSA2048
	  ")" },
	{ "is there", WITH(PAIR("alice", KEY_ED25519)), ASK("alice", KEY_ED25519), "" },
	{ "another comment is no other key", WITH(PAIR("alice", KEY_ED25519 " old")),
	  ASK("alice", KEY_ED25519 " new"), "" },
	{ "named by its name only", WITH(PAIR("alice", KEY_ED25519)), "{\"name\":\"alice\"}", "" },
	{ "of another project", WITH("\"pxc-key.beta.alice\":{\"key\":\"" KEY_ED25519 "\"}"),
	  ASK("alice", KEY_ED25519), "create key pair acme/alice *" },
	{ "no key", "{}", "{\"name\":\"alice\"}",
	  "!key pair acme/alice does not exist yet: give a public_key" },
	{ "another key", WITH(PAIR("alice", KEY_ED25519)), ASK("alice", KEY_P256),
	  "!key pair acme/alice is there with another key (" PRINT_ED25519 ", not " PRINT_P256
	  "): take another name, or set replace: true *" },
	{ "replaced", WITH(PAIR("alice", KEY_ED25519)),
	  "{\"name\":\"alice\",\"replace\":true,\"public_key\":\"" KEY_P256 "\"}",
	  "replace key pair acme/alice (" PRINT_P256 ")" },
	{ "replaced by itself", WITH(PAIR("alice", KEY_ED25519)),
	  "{\"name\":\"alice\",\"replace\":true,\"public_key\":\"" KEY_ED25519 "\"}", "" },
	{ "goes", WITH(PAIR("alice", KEY_ED25519)), "{\"name\":\"alice\",\"state\":\"absent\"}",
	  "delete key pair acme/alice" },
	{ "has gone", "{}", "{\"name\":\"alice\",\"state\":\"absent\"}", "" },
	{ "goes though its project has gone",
	  WITH("\"pxc-key.old.alice\":{\"key\":\"" KEY_ED25519 "\"}"),
	  "{\"project\":\"old\",\"name\":\"alice\",\"state\":\"absent\"}",
	  "delete key pair old/alice" },
	{ "no project", "{}",
	  "{\"project\":\"old\",\"name\":\"alice\",\"public_key\":\"" KEY_ED25519 "\"}",
	  "!key pair old/alice: there is no project old: make it with pxc_project first" },
	{ "a project that can be none", "{}",
	  "{\"project\":\"a.b\",\"name\":\"alice\",\"public_key\":\"" KEY_ED25519 "\"}",
	  "!key pair a.b/alice: there is no project a.b: *" },
	{ "a bad name", "{}", ASK("Alice", KEY_ED25519),
	  "!key pair acme/Alice: a key pair's name begins with a letter *" },
	{ "twice", "{}",
	  "{\"keypairs\":[" ASK("alice", KEY_ED25519) "," ASK("alice", KEY_P256) "]}",
	  "!key pair acme/alice is named twice in this task" },
	{ "no key at all", "{}", ASK("alice", "ssh-ed25519 AAAA"),
	  "!key pair acme/alice: public_key: what stands behind ssh-ed25519 is no key *" },
	{ "no registry", "{\"registry\":null}", ASK("alice", KEY_ED25519), "!*pxc_cloud*" },
	{ "a group of somebody else", WITH(RAW("alice", "mine")), ASK("alice", KEY_ED25519),
	  "!key pair acme/alice: PVE group pxc-key.acme.alice exists and is no key pair (it carries no "
	  "annotation of its own): *" },
	{ "it does not go either", WITH(RAW("alice", "mine")),
	  "{\"name\":\"alice\",\"state\":\"absent\"}",
	  "!key pair acme/alice: PVE group pxc-key.acme.alice exists and is no key pair *" },
	{ "a newer format", WITH(RAW("alice", "[pxc/2 t=keypair]")),
	  "{\"name\":\"alice\",\"replace\":true,\"public_key\":\"" KEY_ED25519 "\"}",
	  "!key pair acme/alice: * (its annotation is of a newer format): *" },
	{ "damaged", WITH(RAW("alice", BAD)), ASK("alice", KEY_ED25519),
	  "!key pair acme/alice: its annotation is damaged: *: give its public_key and set replace: true *" },
	{ "damaged, written anew", WITH(RAW("alice", BAD)),
	  "{\"name\":\"alice\",\"replace\":true,\"public_key\":\"" KEY_ED25519 "\"}",
	  "replace key pair acme/alice (" PRINT_ED25519 ")" },
	{ "damaged, nothing to write", WITH(RAW("alice", BAD)),
	  "{\"name\":\"alice\",\"replace\":true}",
	  "!key pair acme/alice: its annotation is damaged: *" },
	{ "damaged, gone", WITH(RAW("alice", BAD)), "{\"name\":\"alice\",\"state\":\"absent\"}",
	  "delete key pair acme/alice" },
	{ "within the quota", QUOTA(2, PAIR("bob", KEY_P256)), ASK("alice", KEY_ED25519),
	  "create key pair *" },
	{ "above the quota", QUOTA(1, PAIR("bob", KEY_P256)), ASK("alice", KEY_ED25519),
	  "!project acme: quota: keypairs used 1 + asked 1 > limit 1" },
	{ "damaged ones count", QUOTA(1, RAW("bob", "[pxc/1 t=keypair s=0000000000000000]")),
	  ASK("alice", KEY_ED25519), "!project acme: quota: keypairs used 1 + asked 1 > limit 1" },
	{ "those of others do not", QUOTA(1, "\"pxc-key.beta.bob\":{\"key\":\"" KEY_P256 "\"}"),
	  ASK("alice", KEY_ED25519), "create key pair *" },
	{ "the whole batch counts", QUOTA(1, ""),
	  "{\"keypairs\":[" ASK("alice", KEY_ED25519) "," ASK("bob", KEY_P256) "]}",
	  "!project acme: quota: keypairs used 0 + asked 2 > limit 1" },
	{ "what goes makes room", QUOTA(1, PAIR("bob", KEY_P256)),
	  "{\"keypairs\":[{\"name\":\"bob\",\"state\":\"absent\"}," ASK("alice", KEY_ED25519) "]}",
	  "delete key pair acme/bob; create key pair acme/alice *" },
	{ "what is there needs none", QUOTA(0, PAIR("alice", KEY_ED25519)),
	  ASK("alice", KEY_ED25519), "" },
	{ "what is replaced needs none", QUOTA(0, PAIR("alice", KEY_ED25519)),
	  "{\"name\":\"alice\",\"replace\":true,\"public_key\":\"" KEY_P256 "\"}",
	  "replace key pair *" },
};

static void key_pairs_become_what_the_task_says(void **state)
{
	(void)state;
	plan_rows("pxc_keypair", rows, ARRAY_SIZE(rows));
}

static void the_comment_is_read_back(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_world struct test_world w;
	json_auto_t *args = NULL;
	struct world_group group = { "pxc-key.acme.alice", NULL, "" };
	struct keypair k;

	(void)state;
	test_world_create(&w, "{}");
	args = plan_step("pxc_keypair", ASK("alice", KEY_RSA2048 " alice: work"), &w, 0, 0);
	assert_string_equal(json_string_value(json_object_get(args, "groupid")),
			    "pxc-key.acme.alice");
	group.comment = json_string_value(json_object_get(args, "comment"));
	assert_true(keypair_read(&group, &arena, &k));
	assert_null(k.problem);
	assert_string_equal(k.project, "acme");
	assert_string_equal(k.name, "alice");
	assert_string_equal(k.owner, "tester");
	assert_string_equal(k.key.line, KEY_RSA2048 " alice: work");
	assert_string_equal(k.key.fingerprint, PRINT_RSA2048);
	group.groupid = "pxc-key.acme.mallory"; /* a copy is none */
	assert_true(keypair_read(&group, &arena, &k));
	assert_true(k.foreign);
}

static void ids_say_whose_it_is(void **state)
{
	static const struct {
		const char *groupid, *project, *name;
	} ids[] = {
		{ "pxc-key.acme.alice", "acme", "alice" },
		{ "pxc-key.acme-2.a-b", "acme-2", "a-b" },
		{ "pxc-key.acme", NULL, NULL },
		{ "pxc-key.acme.", NULL, NULL },
		{ "pxc-key..alice", NULL, NULL },
		{ "pxc-key.a.b.c", NULL, NULL },
		{ "pxc-keyacme.alice", NULL, NULL },
		{ "pxc-ops", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct world_group g = { ids[i].groupid, "", "" };
		struct keypair k;

		assert_int_equal(keypair_read(&g, &arena, &k), ids[i].project != NULL);
		if (!ids[i].project)
			continue;
		assert_string_equal(k.project, ids[i].project);
		assert_string_equal(k.name, ids[i].name);
	}
}

#define VM(rest)                                                                                   \
	"{\"name\":\"web\",\"cores\":1,\"memory\":1024,\"template\":{\"name\":\"tpl\"}," rest "}"
#define TEMPLATE "\"guests\":[{\"vmid\":900,\"name\":\"tpl\",\"template\":1,\"config\":{}}]"
#define THREE                                                                                                                       \
	"{\"access\":{" PAIR("bob", KEY_P256) "," PAIR("alice", KEY_ED25519) "," RAW(                                               \
		"broken",                                                                                                           \
		"[pxc/1 t=keypair id=group.pxc-key.acme.broken s=0000000000000000]") ","                                            \
										     "\"pxc-key.beta.eve\":{\"key\":\"" KEY_RSA2048 \
										     "\"}}," TEMPLATE                               \
										     "}"

/* The keys that the VM is made with, one a line; or the refusal. New string. */
static char *keys_of(const char *task, const char *world)
{
	auto_world struct test_world w;
	auto_free char *plan = NULL;

	test_world_create(&w, world);
	plan = plan_vms(task, &w);
	if (*plan == '!')
		return pxc_strdup(plan);
	for (size_t step = 0; step < 8; step++) {
		json_auto_t *args = plan_step("pxc_vm", task, &w, 0, step);
		const char *keys = json_string_value(json_object_get(args, "sshkeys"));

		if (keys)
			return vm_url_decode(keys);
	}
	return pxc_strdup("(none)");
}

static const struct plan_row vms[] = {
	{ "two", THREE, VM("\"keypairs\":[\"alice\",\"bob\"]"), KEY_ED25519 "\n" KEY_P256 },
	{ "beside its own", THREE,
	  VM("\"keypairs\":[\"alice\"],\"cloud_init\":{\"ssh_keys\":[\"" KEY_P384 "\"]}"),
	  KEY_P384 "\n" KEY_ED25519 },
	{ "each once", THREE,
	  VM("\"keypairs\":[\"alice\",\"alice\"],\"cloud_init\":{\"ssh_keys\":[\"" KEY_ED25519
	     " laptop\"]}"),
	  KEY_ED25519 " laptop" },
	{ "one that there is not", THREE, VM("\"keypairs\":[\"carol\"]"),
	  "!vm acme/web: there is no key pair carol in project acme (there are alice, bob, broken)" },
	{ "one of another project", THREE, VM("\"keypairs\":[\"eve\"]"),
	  "!vm acme/web: there is no key pair eve in project acme (there are alice, bob, broken)" },
	{ "one that is damaged", THREE, VM("\"keypairs\":[\"broken\"]"),
	  "!vm acme/web: key pair acme/broken cannot be used: its annotation is damaged: *" },
	{ "none in the project", "{\"access\":{\"pxc-ops\":{}}," TEMPLATE "}",
	  VM("\"keypairs\":[\"alice\"]"),
	  "!vm acme/web: there is no key pair alice in project acme (there is none)" },
	{ "nothing to be seen", "{\"access\":{}," TEMPLATE "}", VM("\"keypairs\":[\"alice\"]"),
	  "!vm acme/web: there is no key pair alice in project acme, or the API user may not see it: *" },
};

static void vms_are_made_with_them(void **state)
{
	(void)state;
	plan_rows_with(keys_of, vms, ARRAY_SIZE(vms));
}

#define HAS(keys)                                                                                     \
	"{\"access\":{" PAIR("bob", KEY_P256) "," PAIR(                                               \
		"alice",                                                                              \
		KEY_ED25519) "},"                                                                     \
			     "\"guests\":[{\"vmid\":100,\"block\":{},\"config\":{\"sshkeys\":\"" keys \
			     "\","                                                                    \
			     "\"ide2\":\"shared:cloudinit,media=cdrom\"}}]}"

static void later_changes_are_those_of_the_list(void **state)
{
	static const struct plan_row later[] = {
		{ "not named", HAS("ssh-ed25519%20x"), "{\"name\":\"web\"}", "" },
		{ "no more of them", HAS("ssh-ed25519%20x"), "{\"name\":\"web\",\"keypairs\":[]}",
		  "*sshkeys*" },
		{ "others", HAS("ssh-ed25519%20x"), "{\"name\":\"web\",\"keypairs\":[\"bob\"]}",
		  "*sshkeys*" },
	};
	auto_free char *encoded = vm_url_encode(KEY_P256);
	auto_buf struct pxc_buf world = { .data = NULL };
	auto_world struct test_world w;
	auto_free char *got = NULL;

	(void)state;
	plan_rows("pxc_vm", later, ARRAY_SIZE(later));
	buf_printf(&world, HAS("%s"), encoded);
	test_world_create(&w, buf_str(&world));
	got = plan_vms("{\"name\":\"web\",\"keypairs\":[\"bob\"]}", &w);
	assert_string_equal(got, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_pairs_become_what_the_task_says),
		cmocka_unit_test(the_comment_is_read_back),
		cmocka_unit_test(ids_say_whose_it_is),
		cmocka_unit_test(vms_are_made_with_them),
		cmocka_unit_test(later_changes_are_those_of_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
