/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tasks of each module ask the policy for: by what they name, not by what differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "modules/kind.h"

static const struct {
	const char *module, *task, *asks;
} rows[] = {
	{ "cloud", "{\"domain\":\"example.org\"}", "cloud.manage" },
	{ "flavor", "{\"name\":\"x\",\"vcpus\":1,\"memory\":512}", "flavor.manage" },
	{ "balance", "{}", "balance.run" },
	{ "info", "{}", "info.cloud" },
	{ "info", "{\"project\":\"acme\"}", "info.read@acme" },
	{ "info", "{\"project\":\"nosuch\"}", "info.read@nosuch" },

	{ "project", "{\"name\":\"acme\"}", "project.read@acme" },
	{ "project", "{\"name\":\"acme\",\"state\":\"present\"}", "project.read@acme" },
	{ "project", "{\"name\":\"ice\",\"state\":\"present\"}",
	  "project.read@ice project.freeze@ice" },
	{ "project", "{\"name\":\"ice\"}", "project.read@ice" },
	{ "project", "{\"name\":\"acme\",\"state\":\"frozen\"}",
	  "project.read@acme project.freeze@acme" },
	{ "project", "{\"name\":\"acme\",\"state\":\"absent\",\"purge\":\"all\"}",
	  "project.delete@acme" },
	{ "project", "{\"name\":\"acme\",\"description\":\"x\"}",
	  "project.read@acme project.describe@acme" },
	{ "project", "{\"name\":\"acme\",\"ha\":\"enabled\"}",
	  "project.read@acme project.describe@acme" },
	{ "project", "{\"name\":\"acme\",\"roles\":{\"reader\":[\"x\"]},\"roles_mode\":\"add\"}",
	  "project.read@acme project.roles@acme" },
	{ "project", "{\"name\":\"acme\",\"quota\":{\"cores\":1}}",
	  "project.read@acme project.quota@acme" },
	{ "project", "{\"name\":\"acme\",\"adopt\":true,\"reseal\":true}",
	  "project.read@acme project.adopt@acme project.reseal@acme" },
	{ "project", "{\"name\":\"nosuch\",\"description\":\"x\"}",
	  "project.read@nosuch project.describe@nosuch project.create@nosuch" },

	{ "vm", "{\"name\":\"web\"}", "vm.create@acme" },
	{ "vm", "{\"name\":\"web\",\"state\":\"absent\"}", "vm.delete@acme" },
	{ "vm", "{\"name\":\"web\",\"state\":\"absent\",\"protected\":false}",
	  "vm.delete@acme vm.unprotect@acme" },
	{ "vm", "{\"name\":\"web\",\"protected\":true}", "vm.create@acme" },
	{ "vm", "{\"name\":\"web\",\"power\":\"stopped\"}", "vm.create@acme vm.power@acme" },
	{ "vm", "{\"name\":\"web\",\"snapshots\":[{\"name\":\"a1\"}]}",
	  "vm.create@acme vm.snapshot@acme" },
	{ "vm", "{\"name\":\"web\",\"rollback\":\"a1\"}", "vm.create@acme vm.rollback@acme" },
	{ "vm", "{\"name\":\"web\",\"reseal\":true}", "vm.create@acme vm.reseal@acme" },
	{ "vm",
	  "{\"vms\":[{\"name\":\"a\"},{\"name\":\"b\",\"project\":\"beta\"},{\"name\":\"c\"}]}",
	  "vm.create@acme vm.create@beta" },
	/* networks are the project's to choose, bridges and VLANs are not */
	{ "vm", "{\"name\":\"web\",\"networks\":[{\"network\":\"blue\"},{}]}", "vm.create@acme" },
	{ "vm", "{\"name\":\"web\",\"networks\":[{\"bridge\":\"vmbr0\"}]}", "vm.create@acme" },
	{ "vm", "{\"name\":\"web\",\"networks\":[{\"bridge\":\"vmbr1\"}]}",
	  "vm.create@acme vm.bridge@acme" },
	{ "vm", "{\"name\":\"web\",\"networks\":[{\"bridge\":\"vmbr0\",\"tag\":7}]}",
	  "vm.create@acme vm.bridge@acme" },
	{ "vm", "{\"name\":\"web\",\"networks\":[{\"slot\":\"net1\",\"state\":\"absent\"}]}",
	  "vm.create@acme" },
	/* what reaches through to the host */
	{ "vm",
	  "{\"name\":\"web\",\"cores\":2,\"memory\":512,\"cpu\":\"host\",\"config\":{\"vga\":\"std\",\"numa\":1,"
	  "\"serial0\":\"socket\",\"efidisk0\":\"shared:1,efitype=4m\",\"tpmstate0\":\"shared:4\"}}",
	  "vm.create@acme" },
	{ "vm", "{\"name\":\"web\",\"config\":{\"hookscript\":\"local:snippets/x\"}}",
	  "vm.create@acme vm.host@acme" },
	{ "vm", "{\"name\":\"web\",\"config\":{\"args\":\"-x\"}}", "vm.create@acme vm.host@acme" },
	{ "vm", "{\"name\":\"web\",\"config\":{\"args\":null}}", "vm.create@acme vm.host@acme" },
	{ "vm", "{\"name\":\"web\",\"config\":{\"hostpci0\":\"01:00\"}}",
	  "vm.create@acme vm.host@acme" },
	{ "vm", "{\"name\":\"web\",\"config\":{\"cicustom\":\"user=local:snippets/x\"}}",
	  "vm.create@acme vm.host@acme" },
	{ "vm", "{\"name\":\"web\",\"config\":{\"serial0\":\"/dev/ttyS0\"}}",
	  "vm.create@acme vm.host@acme" },
	{ "vm", "{\"name\":\"web\",\"config\":{\"efidisk0\":\"ceph:vm-101-disk-0\"}}",
	  "vm.create@acme vm.host@acme" },
	{ "vm",
	  "{\"name\":\"web\",\"config\":{\"efidisk0\":\"ceph:0,import-from=ceph:vm-1-disk-0\"}}",
	  "vm.create@acme vm.host@acme" },
	{ "vm", "{\"name\":\"web\",\"config\":{\"efidisk0\":\"ceph:1,file=ceph:vm-1-disk-0\"}}",
	  "vm.create@acme vm.host@acme" },
	{ "vm", "{\"name\":\"web\",\"config\":{\"new-option\":\"1\"}}",
	  "vm.create@acme vm.host@acme" },
	{ "vm", "{\"name\":\"web\",\"image\":{\"url\":\"https://example.org/x.qcow2\"}}",
	  "vm.create@acme vm.fetch@acme" },

	{ "volume", "{\"name\":\"data\",\"size\":\"1G\"}", "volume.create@acme" },
	{ "volume", "{\"name\":\"data\",\"state\":\"absent\"}", "volume.delete@acme" },
	{ "volume", "{\"name\":\"data\",\"attach_to\":\"web\"}",
	  "volume.create@acme volume.attach@acme" },
	{ "volume", "{\"name\":\"data\",\"detach\":true}",
	  "volume.create@acme volume.attach@acme" },
	{ "volume", "{\"name\":\"data\",\"snapshots\":[{\"name\":\"a\"}],\"rollback\":\"a\"}",
	  "volume.create@acme volume.snapshot@acme volume.rollback@acme" },
	{ "volume", "{\"name\":\"data\",\"protected\":false,\"reseal\":true}",
	  "volume.create@acme volume.unprotect@acme volume.reseal@acme" },
	{ "volume", "{\"name\":\"data\",\"new_project\":\"beta\"}",
	  "volume.create@acme volume.give@acme volume.take@beta" },
	{ "volume", "{\"name\":\"data\",\"source\":{\"volume\":{\"name\":\"x\"}}}",
	  "volume.create@acme" },
	{ "volume",
	  "{\"name\":\"data\",\"source\":{\"volume\":{\"name\":\"x\",\"project\":\"beta\"}}}",
	  "volume.create@acme volume.copy@beta" },

	{ "rbd_image",
	  "{\"name\":\"deb\",\"project\":\"acme\",\"source\":\"https://example.org/x\"}",
	  "rbd_image.create@acme" },
	{ "rbd_image", "{\"name\":\"deb\",\"source\":\"http://example.org/x\"}",
	  "rbd_image.public" },
	/* files of the host, by whatever spelling */
	{ "rbd_image", "{\"name\":\"deb\",\"project\":\"acme\",\"source\":\"/etc/ceph/key\"}",
	  "rbd_image.create@acme rbd_image.file@acme" },
	{ "rbd_image", "{\"name\":\"deb\",\"project\":\"acme\",\"source\":\"key\"}",
	  "rbd_image.create@acme rbd_image.file@acme" },
	{ "rbd_image", "{\"name\":\"deb\",\"project\":\"acme\",\"source\":\"file:///etc/key\"}",
	  "rbd_image.create@acme rbd_image.file@acme" },
	{ "rbd_image", "{\"name\":\"deb\",\"project\":\"acme\",\"source\":\"FILE:/etc/key\"}",
	  "rbd_image.create@acme rbd_image.file@acme" },
	{ "rbd_image",
	  "{\"name\":\"deb\",\"project\":\"acme\",\"source\":\"https://x/y\",\"work_dir\":\"/etc\"}",
	  "rbd_image.create@acme rbd_image.file@acme" },
	{ "rbd_image",
	  "{\"name\":\"deb\",\"project\":\"acme\",\"source\":\"https://x/y\",\"source_ca\":\"/etc\"}",
	  "rbd_image.create@acme rbd_image.file@acme" },
	{ "rbd_image", "{\"name\":\"deb\",\"source\":\"/x\"}", "rbd_image.public rbd_image.file" },
	{ "rbd_image", "{\"name\":\"deb\",\"project\":\"acme\",\"visibility\":\"public\"}",
	  "rbd_image.create@acme rbd_image.public" },
	{ "rbd_image",
	  "{\"name\":\"deb\",\"project\":\"acme\",\"visibility\":\"shared\",\"projects\":[\"beta\"]}",
	  "rbd_image.create@acme rbd_image.share@acme project.share@beta" },
	{ "rbd_image", "{\"name\":\"deb\",\"project\":\"acme\",\"state\":\"absent\"}",
	  "rbd_image.delete@acme" },
	{ "rbd_image", "{\"name\":\"deb\",\"state\":\"absent\"}", "rbd_image.public" },
	{ "rbd_image", "{\"name\":\"deb\",\"project\":\"acme\",\"protected\":false}",
	  "rbd_image.create@acme rbd_image.unprotect@acme" },
	{ "rbd_image", "{\"name\":\"deb\",\"project\":\"acme\",\"template_vm\":{}}",
	  "rbd_image.create@acme rbd_image.public" },
	{ "rbd_image",
	  "{\"name\":\"deb\",\"project\":\"acme\",\"from_vm\":{\"name\":\"web\",\"project\":\"beta\"}}",
	  "rbd_image.create@acme rbd_image.copy@beta" },
	{ "rbd_image", "{\"gc\":true}", "rbd_image.public" },

	{ "sdn",
	  "{\"name\":\"blue\",\"project\":\"acme\",\"subnets\":[{\"cidr\":\"10.0.0.0/24\"}]}",
	  "sdn.create@acme" },
	{ "sdn", "{\"name\":\"blue\",\"project\":\"acme\",\"state\":\"absent\"}",
	  "sdn.delete@acme" },
	{ "sdn", "{\"name\":\"blue\",\"project\":\"acme\",\"zone\":\"lab\"}", "sdn.create@acme" },
	{ "sdn", "{\"name\":\"blue\",\"project\":\"acme\",\"zone\":\"infra\"}",
	  "sdn.create@acme sdn.provider" },
	{ "sdn", "{\"name\":\"blue\",\"project\":\"acme\",\"tag\":\"12\"}",
	  "sdn.create@acme sdn.provider" },
	{ "sdn", "{\"name\":\"blue\",\"project\":\"acme\",\"vnet\":\"nblue\"}",
	  "sdn.create@acme sdn.provider" },
	{ "sdn",
	  "{\"name\":\"lan\",\"kind\":\"provider\",\"zone\":\"infra\",\"zone_type\":\"simple\"}",
	  "sdn.provider" },
	{ "sdn", "{\"name\":\"blue\",\"project\":\"acme\",\"shared_with\":[\"beta\"]}",
	  "sdn.create@acme sdn.share@acme project.share@beta" },
	{ "sdn", "{\"name\":\"blue\",\"project\":\"acme\",\"shared_with\":[\"*\"]}",
	  "sdn.create@acme sdn.share@acme sdn.provider" },
	{ "sdn", "{\"name\":\"blue\",\"project\":\"acme\",\"reseal\":true,\"break_lock\":true}",
	  "sdn.create@acme sdn.reseal@acme sdn.break_lock" },

	{ "affinity", "{\"name\":\"web\",\"project\":\"acme\"}", "affinity.manage@acme" },
	{ "affinity", "{\"name\":\"web\",\"project\":\"acme\",\"state\":\"absent\"}",
	  "affinity.delete@acme" },
};

static const struct pxc_kind *kind_of(const char *name)
{
	for (size_t i = 0; pxc_kinds[i]; i++)
		if (str_eq(pxc_kinds[i]->name, name))
			return pxc_kinds[i];
	fail_msg("no kind %s", name);
	abort();
}

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

/* "vm.create@acme vm.power@acme"; or "!" and why the task cannot be read. New string. */
static char *asked(const char *module, const char *task, const struct world *w)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_args struct ans_args args = { .params = NULL };
	auto_free char *name = pxc_printf("pxc_%s", module);
	json_auto_t *raw = json_loads(task, 0, NULL);
	struct pxc_env env = { .args = &args, .arena = &arena, .actor = "tester", .stamp = "" };
	struct policy_asks asks = { .arena = &arena };
	struct pxc_buf out = { .data = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	void *batch = NULL;
	size_t i = 0;

	if (!json_object_get(raw, "project") && (str_eq(module, "vm") || str_eq(module, "volume")))
		(void)json_object_set_new(raw, "project", json_string("acme"));
	while (!str_eq(ans_specs[i]->name, name))
		i++;
	if (ans_validate(ans_specs[i], raw, no_env, &args, &err) < 0 ||
	    kind_of(module)->decode(&env, &batch, &err) < 0) {
		buf_printf(&out, "!%s", err.msg);
	} else {
		kind_of(module)->asks(batch, w, &asks);
		for (i = 0; i < asks.n; i++)
			if (!asks.list[i].again)
				buf_printf(&out, "%s%s%s%s", out.len ? " " : "",
					   asks.list[i].action, asks.list[i].project ? "@" : "",
					   asks.list[i].project ? asks.list[i].project : "");
	}
	pxc_env_release(&env);
	return buf_take(&out);
}

static void tasks_ask_for_what_they_name(void **state)
{
	struct tenant_zone zone = { .name = "lab" };
	auto_world struct test_world w;
	size_t bad = 0;

	(void)state;
	test_world_create(&w, "{\"pools\":{\"acme\":{},\"beta\":{},\"ice\":{\"frozen\":true}}}");
	w.world.registry.zones = &zone;
	w.world.registry.nzones = 1;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = asked(rows[i].module, rows[i].task, &w.world);

		if (str_eq(got, rows[i].asks))
			continue;
		bad++;
		print_error("%s %s\n  asks %s\n  not  %s\n", rows[i].module, rows[i].task, got,
			    rows[i].asks);
	}
	assert_int_equal(bad, 0);
}

/* Who forgets it would be for admins only, which is safe, and most likely a mistake. */
static void every_kind_says_what_it_asks_for(void **state)
{
	(void)state;
	for (size_t i = 0; pxc_kinds[i]; i++)
		if (!pxc_kinds[i]->asks)
			fail_msg("%s does not", pxc_kinds[i]->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_ask_for_what_they_name),
		cmocka_unit_test(every_kind_says_what_it_asks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
