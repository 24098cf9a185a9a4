/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/sshkeys.h"

#define REGISTRY "\"registry\":{\"storage\":\"fast\"}"
#define D1 "{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\"}"
#define ALICE "\"access\":{\"pxc-key.acme.alice\":{\"key\":\"" KEY_ED25519 "\"}}"
#define CEPH "{" REGISTRY "," ALICE ",\"rbd\":{\"fast\":{\"images\":[" D1 "]},\"slow\":{}}}"
#define NO_SEED                                                                                    \
	"{" REGISTRY                                                                               \
	",\"rbd\":{\"fast\":{\"images\":[{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\","     \
	"\"block\":{\"p.seed\":\"none\"}}]}}}"
#define OF(rest) "{\"name\":\"web\",\"cores\":1,\"memory\":1024,\"power\":\"stopped\"" rest "}"
#define IMAGE ",\"image\":{\"name\":\"debian\"}"
#define DATA ",\"user_data\":\"#cloud-config\\nhostname: x\\n\""
#define NET                                                                                        \
	",\"networks\":[{\"mac\":\"BC:24:11:00:00:01\",\"ip\":\"10.0.0.5/24\",\"gateway\":\"10.0.0.1\"}]"
#define SEEDED "\"block\":{\"seed\":\"0123456789abcdef\"}"
#define SEEDED_OWN "\"block\":{\"seed\":\"0123456789abcdef/u\"}"
#define DRIVE                                                                                      \
	"\"config\":{\"scsi0\":\"fast:vm-100-disk-0,size=5G\",\"scsi30\":\"fast:vm-100-pxcseed,ro=1,size=64K\"}"
#define DISK "\"config\":{\"scsi0\":\"fast:vm-100-disk-0,size=5G\"}"
#define HAVE(guest)                                                                                \
	"{" REGISTRY ",\"guests\":[{\"vmid\":100," guest "}],\"rbd\":{\"fast\":{\"images\":[" D1   \
	"]}}}"
#define RUNS "\"status\":\"running\",\"addresses\":[\"10.0.0.5\"]"
#define NO_SEED_SENTENCE                                                                           \
	"!vm acme/web: VM 100 was made without a seed, so user_data, network_config and reseed are not for it"
#define TEMPLATE                                                                                          \
	"{" REGISTRY                                                                                      \
	",\"rbd\":{\"fast\":{}},\"guests\":[{\"vmid\":9000,\"name\":\"tpl\",\"template\":1,\"raw\":\"\"," \
	"\"config\":{\"scsi0\":\"shared:9000/base-9000-disk-0.raw,size=3G\",\"tags\":\"\"}}]}"

static const struct plan_row rows[] = {
	/* where it goes */
	{ "an image by name has one", CEPH, OF(IMAGE),
	  "clone vm-100-disk-0 *; write the seed vm-100-pxcseed; create VM 100 *scsi30=fast:vm-100-pxcseed,ro=1, description" },
	{ "unless it looks for none", NO_SEED, OF(IMAGE),
	  "clone vm-100-disk-0 *; create VM 100 *scsi0=fast:vm-100-disk-0, description" },
	{ "user_data bring one all the same", NO_SEED, OF(IMAGE DATA),
	  "clone *; write the seed vm-100-pxcseed; create *" },
	{ "user_data without an image", CEPH, OF(DATA),
	  "write the seed vm-100-pxcseed; create VM 100 *scsi30=fast:vm-100-pxcseed,ro=1*" },
	{ "network_config as well", CEPH, OF(",\"network_config\":\"version: 2\""),
	  "write the seed *" },
	{ "cloud_init alone is for PVE's drive", CEPH, OF(",\"cloud_init\":{\"user\":\"ops\"}"),
	  "create VM 100 *ide2=fast:cloudinit*" },
	{ "said", CEPH, OF(",\"seed\":\"rbd\",\"cloud_init\":{\"user\":\"ops\"}"),
	  "write the seed *; create *" },
	{ "said in another storage", CEPH, OF(",\"seed\":\"rbd\",\"storage\":\"slow\""),
	  "write the seed *; create *scsi30=slow:vm-100-pxcseed,ro=1*" },
	{ "PVE's drive", CEPH, OF(IMAGE ",\"seed\":\"pve\",\"cloud_init\":{\"user\":\"ops\"}"),
	  "clone *; create *ide2=fast:cloudinit*" },
	{ "none", CEPH, OF(IMAGE ",\"seed\":\"none\",\"cloud_init\":{\"user\":\"ops\"}"),
	  "clone *; create *ciuser=ops*scsi0=fast:vm-100-disk-0, description" },
	{ "a clone of a template", TEMPLATE, OF(DATA ",\"template\":{\"vmid\":9000}"),
	  "write the seed vm-100-pxcseed; create VM 100 on pve1 as a linked clone of 9000; set *scsi30=fast:vm-100-pxcseed,ro=1*" },

	/* refused */
	{ "user_data for PVE's drive", CEPH, OF(DATA ",\"seed\":\"pve\""),
	  "!vm acme/web: user_data and network_config need seed: rbd (or auto); PVE's own drive cannot hold them" },
	{ "user_data for none", CEPH, OF(DATA ",\"seed\":\"none\""),
	  "!vm acme/web: user_data and network_config need *" },
	{ "a storage that is not of Ceph", CEPH, OF(DATA ",\"storage\":\"shared\""),
	  "!vm acme/web: its seed needs a storage of type rbd, and shared is none: set storage, or seed: pve" },
	{ "no word what user_data are", CEPH, OF(",\"user_data\":\"hello\""),
	  "!vm acme/web: user_data must begin with a line that says what they are, for example #cloud-config or #!/bin/sh" },
	{ "MIME says it", CEPH, OF(",\"user_data\":\"Content-Type: multipart/mixed\""),
	  "write the seed *" },

	/* VMs that are there */
	{ "nothing said", HAVE(SEEDED "," DRIVE), "{\"name\":\"web\"}", "" },
	{ "keys for its cloud-init go to the configuration only", HAVE(SEEDED "," DRIVE),
	  "{\"name\":\"web\",\"cloud_init\":{\"user\":\"ops\"}}", "set ciuser=ops" },
	{ "other user_data", HAVE(SEEDED_OWN "," DRIVE), "{\"name\":\"web\"" DATA "}",
	  " | vm acme/web: user_data differ from those the VM was made with; reseed: true writes them, and cloud-init then "
	  "runs as at a first boot" },
	{ "are written", HAVE(SEEDED_OWN "," DRIVE), "{\"name\":\"web\",\"reseed\":true" DATA "}",
	  "write the seed vm-100-pxcseed; set description" },
	{ "without its own user_data it is not made anew", HAVE(SEEDED_OWN "," DRIVE),
	  "{\"name\":\"web\",\"reseed\":true}",
	  "!vm acme/web: its seed has user_data, which cannot be read back: name them beside reseed" },
	{ "unless it had none", HAVE(SEEDED "," DRIVE), "{\"name\":\"web\",\"reseed\":true}",
	  "write the seed vm-100-pxcseed; set description" },
	{ "it is attached again", HAVE(SEEDED "," DISK), "{\"name\":\"web\",\"reseed\":true}",
	  "write the seed vm-100-pxcseed; set scsi30=fast:vm-100-pxcseed,ro=1, description" },
	{ "reseed of a VM without", HAVE("\"block\":{}," DISK),
	  "{\"name\":\"web\",\"reseed\":true}", NO_SEED_SENTENCE },
	{ "user_data of a VM without", HAVE("\"block\":{}," DISK), "{\"name\":\"web\"" DATA "}",
	  NO_SEED_SENTENCE },
	{ "rebuilt, with its seed",
	  HAVE("\"block\":{\"seed\":\"0123456789abcdef/u\",\"image\":\"debian@0\"}," DRIVE),
	  "{\"name\":\"web\",\"rebuild\":true" IMAGE "}",
	  "clone *; set scsi0=fast:vm-100-disk-0, description; *" },
	{ "rebuilt, without it",
	  HAVE("\"block\":{\"seed\":\"0123456789abcdef\",\"image\":\"debian@0\"}," DISK),
	  "{\"name\":\"web\",\"rebuild\":true" IMAGE "}",
	  "clone *; write the seed *; set scsi0=*, scsi30=fast:vm-100-pxcseed,ro=1, description; *" },
	{ "rebuilt, without it, which had user_data",
	  HAVE("\"block\":{\"seed\":\"0123456789abcdef/u\",\"image\":\"debian@0\"}," DISK),
	  "{\"name\":\"web\",\"rebuild\":true" IMAGE "}",
	  "!vm acme/web: its seed has user_data, which cannot be read back: name them beside rebuild" },
	{ "cloned, cut off before its configuration",
	  HAVE("\"block\":{\"seed\":\"0123456789abcdef/u\",\"op\":\"clone\"}," DISK),
	  "{\"name\":\"web\",\"power\":\"stopped\"" DATA "}",
	  "write the seed *; set *scsi30=fast:vm-100-pxcseed,ro=1*" },

	/* cleaned up */
	{ "after the agent has answered", CEPH,
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"seed_cleanup\":true,\"wait\":\"agent\"" IMAGE
	  "}",
	  "clone *; write *; create *; start; *; wait for the guest agent; remove the seed: it has been read" },
	{ "not before", CEPH,
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"seed_cleanup\":true" IMAGE "}",
	  "clone *; write *; create *; start; close the journal in the notes" },
	{ "by the next task",
	  "{" REGISTRY ",\"first_pid\":\"7\",\"guests\":[{\"vmid\":100," RUNS "," SEEDED "," DRIVE
	  "}]}",
	  "{\"name\":\"web\",\"seed_cleanup\":true}", "remove the seed: it has been read" },
	{ "not of a system that the task has started itself",
	  "{" REGISTRY ",\"first_pid\":\"6\",\"guests\":[{\"vmid\":100," RUNS "," SEEDED "," DRIVE
	  "}]}",
	  "{\"name\":\"web\",\"seed_cleanup\":true}", "" },
	{ "nor of one that did not run",
	  "{" REGISTRY ",\"first_pid\":\"0\",\"guests\":[{\"vmid\":100," RUNS "," SEEDED "," DRIVE
	  "}]}",
	  "{\"name\":\"web\",\"seed_cleanup\":true}", "" },
	{ "nor when the agent is silent",
	  "{" REGISTRY
	  ",\"first_pid\":\"7\",\"guests\":[{\"vmid\":100,\"status\":\"running\"," SEEDED "," DRIVE
	  "}]}",
	  "{\"name\":\"web\",\"seed_cleanup\":true}", "" },
	{ "gone already",
	  "{" REGISTRY ",\"first_pid\":\"7\",\"guests\":[{\"vmid\":100," RUNS "," SEEDED "," DISK
	  "}]}",
	  "{\"name\":\"web\",\"seed_cleanup\":true}", "" },
	{ "somebody else's disk in its place",
	  "{" REGISTRY ",\"first_pid\":\"7\",\"guests\":[{\"vmid\":100," RUNS "," SEEDED
	  ",\"config\":{\"scsi30\":\"fast:vm-100-disk-4\"}}]}",
	  "{\"name\":\"web\",\"seed_cleanup\":true}", "" },
	{ "of a VM without a seed of ours",
	  "{" REGISTRY ",\"first_pid\":\"7\",\"guests\":[{\"vmid\":100," RUNS ",\"block\":{}," DRIVE
	  "}]}",
	  "{\"name\":\"web\",\"seed_cleanup\":true}", "" },
	{ "not before a rebuilt one has read it",
	  "{" REGISTRY ",\"first_pid\":\"7\",\"guests\":[{\"vmid\":100," RUNS
	  ",\"block\":{\"seed\":\"0\",\"image\":\"debian@0\"}," DRIVE "}],"
	  "\"rbd\":{\"fast\":{\"images\":[" D1 "]}}}",
	  "{\"name\":\"web\",\"rebuild\":true,\"seed_cleanup\":true" IMAGE "}",
	  "*; start; close the journal in the notes" },
	{ "but then",
	  "{" REGISTRY ",\"first_pid\":\"7\",\"guests\":[{\"vmid\":100," RUNS
	  ",\"block\":{\"seed\":\"0\",\"image\":\"debian@0\"},\"config\":{\"agent\":\"1\","
	  "\"scsi0\":\"fast:vm-100-disk-0,size=5G\",\"scsi30\":\"fast:vm-100-pxcseed,ro=1\"}}],\"rbd\":{\"fast\":{\"images\":[" D1
	  "]}}}",
	  "{\"name\":\"web\",\"rebuild\":true,\"seed_cleanup\":true,\"wait\":\"agent\"" IMAGE "}",
	  "*; start; close the journal in the notes; wait for the guest agent; remove the seed: it has been read" },
	{ "what is written is not removed at once", HAVE(SEEDED "," DRIVE),
	  "{\"name\":\"web\",\"reseed\":true,\"seed_cleanup\":true}",
	  "!vm acme/web: the seed that reseed writes is read at the next boot, and seed_cleanup removes it before: name one of them" },
};

static void seeds_are_written_kept_and_removed(void **state)
{
	(void)state;
	plan_rows("pxc_vm", rows, ARRAY_SIZE(rows));
}

/* --- files ----------------------------------------------------------------------------------------------- */

static json_t *seed_step(const char *task)
{
	auto_world struct test_world w;

	test_world_create(&w, CEPH);
	return plan_step("pxc_vm", task, &w, 0, 1);
}

/* Everything in a seed but user data is JSON, which YAML includes. */
static json_t *parsed(const json_t *step, const char *file)
{
	const char *text = json_string_value(json_object_get(json_object_get(step, "files"), file));
	const char *begin =
		text && str_starts(text, "#cloud-config\n") ? strchr(text, '\n') + 1 : text;
	json_t *ret = begin ? json_loads(begin, 0, NULL) : NULL;

	if (text && !ret)
		fail_msg("%s is no JSON: %s", file, text);
	return ret;
}

#define ETH0 "{\"match\":{\"macaddress\":\"bc:24:11:00:00:01\"},"

/* Options, file, what it says; file NULL = absent. */
static const struct {
	const char *name, *options, *file, *json;
} files[] = {
	{ "a name", "", "user-data", "{\"hostname\":\"web\",\"manage_etc_hosts\":true}" },
	{ "the user",
	  ",\"cloud_init\":{\"user\":\"ops\",\"ssh_keys\":[\"ssh-rsa A a@b\",\"ssh-rsa B+/=\"],\"upgrade\":false}",
	  "user-data",
	  "{\"hostname\":\"web\",\"manage_etc_hosts\":true,\"package_upgrade\":false,\"ssh_authorized_keys\":[\"ssh-rsa A a@b\",\"ssh-rsa B+/=\"],\"user\":{\"name\":\"ops\"}}" },
	{ "a key pair behind the user's own data", DATA ",\"keypairs\":[\"alice\"]", "vendor-data",
	  "{\"hostname\":\"web\",\"manage_etc_hosts\":true,\"ssh_authorized_keys\":[\"" KEY_ED25519
	  "\"]}" },
	{ "upgrades", ",\"cloud_init\":{\"upgrade\":true}", "user-data",
	  "{\"hostname\":\"web\",\"manage_etc_hosts\":true,\"package_upgrade\":true}" },
	{ "a password", ",\"cloud_init\":{\"password\":\"s\\\"3:\"}", "user-data",
	  "{\"chpasswd\":{\"expire\":false},\"hostname\":\"web\",\"manage_etc_hosts\":true,\"password\":\"s\\\"3:\"}" },
	{ "the user's own data go before ours", DATA, "vendor-data",
	  "{\"hostname\":\"web\",\"manage_etc_hosts\":true}" },
	{ "and without them there are no others", "", "vendor-data", NULL },
	{ "no addresses", "", "network-config", NULL },
	{ "a card without an address", ",\"networks\":[{\"mac\":\"BC:24:11:00:00:01\"}]",
	  "network-config", NULL },
	{ "an address", NET, "network-config",
	  "{\"ethernets\":{\"eth0\":" ETH0
	  "\"addresses\":[\"10.0.0.5/24\"],\"routes\":[{\"to\":\"0.0.0.0/0\",\"via\":\"10.0.0.1\"}],"
	  "\"set-name\":\"eth0\"}},\"version\":2}" },
	{ "two of them",
	  ",\"networks\":[{\"mac\":\"BC:24:11:00:00:01\",\"ip\":\"10.0.0.5/24\",\"ip6\":\"2001:db8::5/64\",\"gateway6\":\"2001:db8::1\"}]",
	  "network-config",
	  "{\"ethernets\":{\"eth0\":" ETH0
	  "\"addresses\":[\"10.0.0.5/24\",\"2001:db8::5/64\"],\"routes\":[{\"to\":\"::/0\",\"via\":\"2001:db8::1\"}],"
	  "\"set-name\":\"eth0\"}},\"version\":2}" },
	{ "DHCP and SLAAC",
	  ",\"networks\":[{\"mac\":\"BC:24:11:00:00:01\",\"ip\":\"dhcp\",\"ip6\":\"auto\"}]",
	  "network-config",
	  "{\"ethernets\":{\"eth0\":" ETH0
	  "\"accept-ra\":true,\"dhcp4\":true,\"set-name\":\"eth0\"}},\"version\":2}" },
	{ "DHCP for both",
	  ",\"networks\":[{\"mac\":\"BC:24:11:00:00:01\",\"ip\":\"dhcp\",\"ip6\":\"dhcp\"}]",
	  "network-config",
	  "{\"ethernets\":{\"eth0\":" ETH0
	  "\"dhcp4\":true,\"dhcp6\":true,\"set-name\":\"eth0\"}},\"version\":2}" },
	{ "name servers",
	  ",\"networks\":[{\"mac\":\"BC:24:11:00:00:01\",\"ip\":\"dhcp\"}],\"cloud_init\":{\"dns\":[\"10.0.0.2\",\"10.0.0.3\"],\"search\":\"a.org b.org\"}",
	  "network-config",
	  "{\"ethernets\":{\"eth0\":" ETH0
	  "\"dhcp4\":true,\"nameservers\":{\"addresses\":[\"10.0.0.2\",\"10.0.0.3\"],\"search\":[\"a.org\",\"b.org\"]},"
	  "\"set-name\":\"eth0\"}},\"version\":2}" },
	{ "several cards, one of them without an address",
	  ",\"networks\":[{\"mac\":\"BC:24:11:00:00:01\",\"ip\":\"dhcp\"},{\"mac\":\"BC:24:11:00:00:02\"},{\"mac\":\"BC:24:11:00:00:0A\",\"ip\":\"10.1.0.5/16\"}]",
	  "network-config",
	  "{\"ethernets\":{\"eth0\":" ETH0
	  "\"dhcp4\":true,\"set-name\":\"eth0\"},\"eth2\":{\"addresses\":[\"10.1.0.5/16\"],"
	  "\"match\":{\"macaddress\":\"bc:24:11:00:00:0a\"},\"set-name\":\"eth2\"}},\"version\":2}" },
	{ "a network_config goes before all that",
	  NET ",\"network_config\":\"{\\\"version\\\": 1}\"", "network-config", "{\"version\":1}" },
};

static void files_say_what_the_task_does(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *task = pxc_printf(OF(IMAGE "%s"), files[i].options), *text = NULL;
		json_auto_t *step = seed_step(task), *got = parsed(step, files[i].file),
			    *want = NULL;

		want = files[i].json ? json_loads(files[i].json, 0, NULL) : NULL;
		if (files[i].json ? json_equal(got, want) : !got)
			continue;
		text = json_dumps(got, JSON_COMPACT | JSON_SORT_KEYS);
		print_error("%s:\n  wanted %s\n  got    %s\n", files[i].name,
			    files[i].json ? files[i].json : "none", text ? text : "none");
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void user_data_go_in_as_they_are(void **state)
{
	json_auto_t *step = seed_step(OF(IMAGE DATA));

	(void)state;
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(step, "files"), "user-data")),
		"#cloud-config\nhostname: x\n");
	assert_string_equal(json_string_value(json_object_get(step, "label")), "cidata");
	assert_string_equal(json_string_value(json_object_get(step, "name")), "vm-100-pxcseed");
	assert_string_equal(json_string_value(json_object_get(json_object_get(step, "block"), "t")),
			    "seed");
}

/* The card that is created has the address that the seed speaks of. */
static void a_card_without_an_address_gets_one_before(void **state)
{
	static const char task[] = OF(IMAGE ",\"networks\":[{\"ip\":\"dhcp\"}]");
	auto_world struct test_world w;
	json_auto_t *step = NULL, *create = NULL, *net = NULL;
	auto_free char *upper = NULL;
	const char *mac, *card;

	(void)state;
	test_world_create(&w, CEPH);
	step = plan_step("pxc_vm", task, &w, 0, 1);
	create = plan_step("pxc_vm", task, &w, 0, 2);
	net = parsed(step, "network-config");
	mac = json_string_value(json_object_get(
		json_object_get(json_object_get(json_object_get(net, "ethernets"), "eth0"),
				"match"),
		"macaddress"));
	assert_non_null(mac);
	upper = pxc_strdup(mac);
	for (char *p = upper; *p; p++)
		*p = *p >= 'a' && *p <= 'f' ? (char)(*p - 32) : *p;
	card = json_string_value(json_object_get(create, "net0"));
	assert_non_null(strstr(card, upper));
	assert_true(str_starts(mac, "bc:24:11:"));
}

/* --- what is remembered ---------------------------------------------------------------------------------- */

static char *line(const json_t *args, const char *key)
{
	const char *notes = json_string_value(json_object_get(args, "description"));
	auto_free char *begin = pxc_printf("\n%s=", key);
	const char *at = notes ? strstr(notes, begin) : NULL;

	return at ? pxc_strndup(at + strlen(begin), strcspn(at + strlen(begin), "\n"))
		  : pxc_strdup("");
}

static char *sum_with(const char *options)
{
	auto_free char *task = pxc_printf(OF(IMAGE NET "%s"), options);
	auto_world struct test_world w;
	json_auto_t *create = NULL;

	test_world_create(&w, CEPH);
	create = plan_step("pxc_vm", task, &w, 0, 2);
	return line(create, "seed");
}

static void a_password_is_nowhere_but_in_the_seed(void **state)
{
	auto_free char *without = sum_with(""),
		       *with = sum_with(",\"cloud_init\":{\"password\":\"hunter2\"}"),
		       *user = sum_with(",\"cloud_init\":{\"user\":\"ops\"}"),
		       *own = sum_with(DATA), *plan = NULL;
	auto_world struct test_world w;
	json_auto_t *create = NULL;
	auto_free char *text = NULL;

	(void)state;
	assert_int_equal(strlen(without), 16);
	assert_string_equal(with, without);
	assert_string_not_equal(user, without);
	assert_true(str_ends(own, "/u"));
	test_world_create(&w, CEPH);
	create = plan_step("pxc_vm", OF(IMAGE ",\"cloud_init\":{\"password\":\"hunter2\"}"), &w, 0,
			   2);
	text = json_dumps(create, 0);
	assert_null(strstr(text, "hunter2"));
	plan = plan_vms(OF(IMAGE ",\"cloud_init\":{\"password\":\"hunter2\"}"), &w);
	assert_null(strstr(plan, "hunter2"));
}

/* The world after the VM was made, as PVE shows it. */
static void made(struct test_world *ret, const json_t *create)
{
	json_auto_t *config = json_deep_copy(create), *world = NULL;
	auto_free char *text = NULL;
	static const char *const no_config[] = { "node", "vmid", "pool", "description" };

	for (size_t i = 0; i < ARRAY_SIZE(no_config); i++)
		(void)json_object_del(config, no_config[i]);
	world = json_pack("{s:{s:s},s:[{s:i,s:s,s:s,s:s,s:O}],s:{s:{s:[{s:s,s:s}]}}}", "registry",
			  "storage", "fast", "guests", "vmid", 100, "raw",
			  json_string_value(json_object_get(create, "description")), "name", "web",
			  "pool", "acme", "config", config, "rbd", "fast", "images", "name",
			  "pxc-img-debian", "image", "debian@1");
	text = json_dumps(world, 0);
	test_world_create(ret, text);
}

static const char *const stable[] = {
	OF(IMAGE),
	OF(IMAGE NET),
	OF(IMAGE DATA),
	OF(IMAGE DATA NET ",\"reseed\":true"),
	OF(IMAGE
	   ",\"reseed\":true,\"networks\":[{\"ip\":\"dhcp\"},{\"ip6\":\"auto\"}],\"cloud_init\":{\"user\":\"ops\",\"password\":\"x\","
	   "\"ssh_keys\":[\"ssh-rsa A a@b\"],\"dns\":[\"10.0.0.2\"],\"search\":\"a.org\",\"upgrade\":true}"),
	OF(",\"seed\":\"rbd\",\"network_config\":\"version: 2\",\"reseed\":true"),
	OF(IMAGE ",\"seed\":\"pve\",\"cloud_init\":{\"user\":\"ops\"}"),
	OF(IMAGE ",\"seed\":\"none\""),
};

static void a_second_run_finds_nothing_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stable); i++) {
		auto_world struct test_world before, after;
		json_auto_t *create = NULL;
		auto_free char *plan = NULL, *what = NULL;
		size_t step = 0;

		test_world_create(&before, CEPH);
		what = plan_vms(stable[i], &before);
		for (const char *p = what; !str_starts(p, "create"); p = strstr(p, "; ") + 2)
			step++;
		create = plan_step("pxc_vm", stable[i], &before, 0, step);
		made(&after, create);
		plan = plan_vms(stable[i], &after);
		if (*plan)
			fail_msg("%s:\n%s", stable[i], plan);
	}
}

static void an_instance_is_new_when_its_seed_is(void **state)
{
	static const char task[] =
		"{\"name\":\"web\",\"reseed\":true,\"cloud_init\":{\"user\":\"%s\"}}";
	auto_free char *a = pxc_printf(task, "a"), *b = pxc_printf(task, "b");
	auto_world struct test_world w;
	json_auto_t *first = NULL, *again = NULL, *other = NULL, *x = NULL, *y = NULL, *z = NULL;

	(void)state;
	test_world_create(&w, HAVE(SEEDED "," DRIVE));
	first = plan_step("pxc_vm", a, &w, 0, 0);
	again = plan_step("pxc_vm", a, &w, 0, 0);
	other = plan_step("pxc_vm", b, &w, 0, 0);
	x = parsed(first, "meta-data");
	y = parsed(again, "meta-data");
	z = parsed(other, "meta-data");
	assert_true(json_equal(x, y));
	assert_false(json_equal(x, z));
	assert_true(str_starts(json_string_value(json_object_get(x, "instance-id")),
			       "00000064-0000-4000-8000-000000000000-"));
	assert_string_equal(json_string_value(json_object_get(x, "local-hostname")), "web");
}

/* A VM that was made in another storage than the task now names has its seed there still. */
static void a_seed_is_written_where_it_is(void **state)
{
	auto_world struct test_world w;
	json_auto_t *step = NULL;

	(void)state;
	test_world_create(
		&w,
		"{" REGISTRY ",\"guests\":[{\"vmid\":100," SEEDED
		",\"config\":{\"scsi0\":\"fast:vm-100-disk-0,size=5G\","
		"\"scsi30\":\"slow:vm-100-pxcseed,ro=1\"}}],\"rbd\":{\"fast\":{},\"slow\":{}}}");
	step = plan_step("pxc_vm", "{\"name\":\"web\",\"reseed\":true,\"storage\":\"fast\"}", &w, 0,
			 0);
	assert_string_equal(json_string_value(json_object_get(step, "storage")), "slow");
}

static void user_data_have_a_limit(void **state)
{
	auto_free char *large = pxc_alloc((1u << 20) + 2), *task = NULL, *plan = NULL,
		       *again = NULL;
	auto_world struct test_world w, there;

	(void)state;
	memset(large, '#', (1u << 20) + 1);
	large[(1u << 20) + 1] = '\0';
	task = pxc_printf(
		"{\"name\":\"web\",\"cores\":1,\"memory\":512,\"reseed\":true,\"user_data\":\"%s\"}",
		large);
	test_world_create(&w, CEPH);
	plan = plan_vms(task, &w);
	assert_string_equal(plan, "!vm acme/web: user_data has more than 1 MiB");
	test_world_create(&there, HAVE(SEEDED "," DRIVE));
	again = plan_vms(task, &there);
	assert_string_equal(again, "!vm acme/web: user_data has more than 1 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_are_written_kept_and_removed),
		cmocka_unit_test(files_say_what_the_task_does),
		cmocka_unit_test(user_data_go_in_as_they_are),
		cmocka_unit_test(a_card_without_an_address_gets_one_before),
		cmocka_unit_test(a_password_is_nowhere_but_in_the_seed),
		cmocka_unit_test(a_second_run_finds_nothing_to_do),
		cmocka_unit_test(an_instance_is_new_when_its_seed_is),
		cmocka_unit_test(a_seed_is_written_where_it_is),
		cmocka_unit_test(user_data_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
