/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/project_block.h"
#include "cloud/vm_parts.h"
#include "lib/ha_world.h"
#include "lib/net_world.h"
#include "lib/rbd_world.h"

#define CLUSTER "lab"
#define DOMAIN "example.org"

static const char *world_hash(void)
{
	static char hash[9];

	world_cluster_hash(DOMAIN, CLUSTER, hash);
	return hash;
}

static json_t *keep(struct test_world *w, json_t *value)
{
	(void)json_array_append_new(w->kept, value);
	return value;
}

static const char *text(const json_t *o, const char *key, const char *fallback)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : fallback;
}

static json_int_t number(const json_t *o, const char *key, json_int_t fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

static void add_nodes(struct test_world *w)
{
	static const char *const names[] = { "pve1", "pve2", "pve3" };
	const json_t *given = json_object_get(w->json, "nodes");
	json_t *name;
	size_t k;

	w->world.nodes = arena_alloc(&w->arena, ARRAY_SIZE(names) * sizeof(*w->world.nodes));
	w->world.storages = arena_alloc(&w->arena, 20 * sizeof(*w->world.storages));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const json_t *n = json_object_get(given, names[i]);

		if (given && !n)
			continue;
		w->world.nodes[w->world.nnodes++] = (struct world_node){
			.name = names[i],
			.online = number(n, "online", 1) != 0,
			.cpus = (double)number(n, "cores", 16),
			.memory_bytes = (uint64_t)number(n, "memory_gib", 64) * GIB,
			.used_bytes = (uint64_t)number(n, "used_mib", 0) * MIB,
		};
		w->world.storages[w->world.nstorages++] =
			(struct world_storage){ names[i], "shared", "dir", "images",
						true,     true,     0,     0 };
		w->world.storages[w->world.nstorages++] = (struct world_storage){
			names[i], "fast", "rbd", "images", true, true, 0, 0
		};
		w->world.storages[w->world.nstorages++] = (struct world_storage){
			names[i], "slow", "rbd", "images", true, true, 0, 0
		};
		w->world.storages[w->world.nstorages++] =
			(struct world_storage){ names[i], "local", "dir", "images,import",
						false,    true,    0,     0 };
		json_array_foreach (json_object_get(w->json, "imports"), k, name)
			w->world.storages[w->world.nstorages++] = (struct world_storage){
				names[i], json_string_value(name), "nfs", "import", true, true, 0, 0
			};
	}
}

static void add_registry(struct test_world *w)
{
	const json_t *given = json_object_get(w->json, "registry");
	struct annot block = { .npairs = 0 };
	struct pxc_err err = { .kind = PXC_OK };
	auto_free char *notes = NULL;
	char hash[9];
	const char *key;
	json_t *value;

	w->world.options = keep(w, json_object());
	if (json_is_null(given)) {
		annot_parse(ANNOT_BLOCK, "", &w->world.notes);
		return;
	}
	world_cluster_hash(DOMAIN, CLUSTER, hash);
	annot_set(&block, "t", "cloud");
	annot_set(&block, "id", "cloud." CLUSTER);
	annot_set(&block, "c", hash);
	annot_set(&block, "domain", DOMAIN);
	annot_set(&block, "storage", "shared");
	annot_set(&block, "bridge", "vmbr0");
	json_object_foreach ((json_t *)(uintptr_t)given, key, value)
		annot_set(&block, key, json_string_value(value));
	notes = annot_render(ANNOT_BLOCK, "", &block, "");
	annot_parse(ANNOT_BLOCK, notes, &w->world.notes);
	annot_release(&block);
	if (registry_decode(&w->world.notes.annot, &w->arena, keep(w, json_array()),
			    &w->world.registry, &err) < 0)
		fail_msg("%s", err.msg);
}

static const char *project_comment(struct test_world *w, const char *poolid, const json_t *p)
{
	struct project_block block = { .name = poolid, .quota = quota_unset() };
	struct annot a = { .npairs = 0 };
	auto_free char *comment = NULL;
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(p, "quota"), key, value)
		block.quota.v[quota_find(key)] = json_integer_value(value);
	block.ha = ha_policy_named(text(p, "ha", "default"));
	block.frozen = json_is_true(json_object_get(p, "frozen"));
	for (int r = 0; r < PROJECT_ROLES; r++)
		block.roles[r] = strv_split(&w->arena, text(p, project_role_names[r], ""));
	project_encode(&block, poolid, "00000000", &a);
	json_object_foreach (json_object_get(p, "groups"), key, value) {
		auto_free char *name = pxc_printf("ag.%s", key);

		annot_set(&a, name, json_string_value(value));
	}
	comment = annot_render(ANNOT_TOKEN, text(p, "human", ""), &a, "");
	annot_release(&a);
	return arena_strdup(&w->arena, comment);
}

static void add_pools(struct test_world *w)
{
	json_t *given = json_object_get(w->json, "pools");
	json_auto_t *usual = json_pack("{s:{}}", "acme");
	const char *key;
	json_t *value;

	if (!given)
		given = usual;
	w->world.pools = arena_alloc(&w->arena, json_object_size(given) * sizeof(*w->world.pools));
	json_object_foreach (given, key, value)
		w->world.pools[w->world.npools++] = (struct world_pool){
			arena_strdup(&w->arena, key),
			json_is_null(value) ? "" : project_comment(w, key, value),
		};
}

static const char *group_comment(struct test_world *w, const char *groupid, const json_t *g)
{
	const char *raw = text(g, "raw", NULL), *key = text(g, "key", NULL);
	auto_free char *id = pxc_printf("group.%s", groupid), *comment = NULL;
	auto_annot struct annot a = { .npairs = 0 };

	if (raw)
		return raw;
	annot_set(&a, "t", key ? "keypair" : "group");
	annot_set(&a, "id", id);
	annot_set(&a, "c", world_hash());
	annot_set(&a, "m", text(g, "users", NULL));
	annot_set(&a, "key", key);
	if (key) {
		auto_free char *project = pxc_strdup(groupid + strlen("pxc-key."));
		char *dot = strchr(project, '.');

		annot_set(&a, "n", dot + 1);
		*dot = '\0';
		annot_set(&a, "p", project);
		annot_set(&a, "u", "tester");
	}
	annot_set(&a, "r", "1");
	comment = annot_render(ANNOT_TOKEN, text(g, "human", ""), &a, "");
	return arena_strdup(&w->arena, comment);
}

static void add_groups(struct test_world *w)
{
	json_t *given = json_object_get(w->json, "access"), *value;
	const char *key;

	w->world.groups =
		arena_alloc(&w->arena, (json_object_size(given) + 1) * sizeof(*w->world.groups));
	json_object_foreach (given, key, value)
		w->world.groups[w->world.ngroups++] =
			(struct world_group){ key, group_comment(w, key, value),
					      text(value, "members", "") };
}

/* The notes of a managed guest: its own block, with the id that fits its VMID and uuid. */
static char *notes_of(const json_t *g, unsigned vmid, const json_t *config)
{
	const json_t *given = json_object_get(g, "block");
	struct annot a = { .npairs = 0 };
	char id[64], uuid[37], hash[9], *notes;
	const char *key;
	json_t *value;

	vm_block_id(vmid, vm_smbios_uuid(config, uuid), id);
	world_cluster_hash(DOMAIN, CLUSTER, hash);
	annot_set(&a, "t", "vm");
	annot_set(&a, "id", id);
	annot_set(&a, "c", hash);
	annot_set(&a, "project", "acme");
	annot_set(&a, "name", "web");
	annot_set(&a, "stack", "default");
	json_object_foreach ((json_t *)(uintptr_t)given, key, value)
		annot_set(&a, key, json_string_value(value));
	annot_set(&a, "r", "1");
	notes = annot_render(ANNOT_BLOCK, text(g, "human", ""), &a, "");
	annot_release(&a);
	return notes;
}

static json_t *config_of(struct test_world *w, const json_t *g, unsigned vmid)
{
	json_t *config =
		keep(w, json_pack("{s:s,s:s,s:s,s:o}", "memory", "1024", "scsi0",
				  "shared:100/vm-100-disk-0.raw,size=5G", "tags",
				  "pxc;stack-default", "smbios1",
				  json_sprintf("uuid=%08x-0000-4000-8000-000000000000", vmid)));

	(void)json_object_update(config, json_object_get(g, "config"));
	return config;
}

static struct vm_seen *seen_of(struct test_world *w, const json_t *g,
			       const struct world_guest *guest)
{
	struct vm_seen *s = arena_alloc(&w->arena, sizeof(*s));
	auto_free char *notes = NULL;

	s->guest = guest;
	s->config = config_of(w, g, guest->vmid);
	if (json_object_get(g, "block"))
		notes = notes_of(g, guest->vmid, s->config);
	else
		notes = pxc_strdup(text(g, "raw", ""));
	(void)json_object_set_new(s->config, "description", json_string(notes));
	(void)json_object_set_new(s->config, "name", json_string(guest->name));
	s->current = json_object_get(g, "current") ? json_object_get(g, "current") : s->config;
	s->pending = json_object_get(g, "pending") ? json_object_get(g, "pending")
						   : keep(w, json_array());
	s->digest = "d1";
	s->problem = text(g, "problem", NULL);
	s->addresses = json_object_get(g, "addresses");
	s->agent = s->addresses != NULL;
	s->snapshots = json_object_get(g, "snapshots");
	s->rollback = json_object_get(g, "rollback");
	s->migration = json_object_get(g, "migration");
	annot_parse(ANNOT_BLOCK, notes, &s->notes);
	return s;
}

static void add_guests(struct test_world *w)
{
	const json_t *list = json_object_get(w->json, "guests");
	size_t i, n = json_array_size(list);
	json_t *g;

	w->world.guests = arena_alloc(&w->arena, n * sizeof(*w->world.guests));
	w->vm.seen = arena_alloc(&w->arena, n * sizeof(struct vm_seen *));
	json_array_foreach (list, i, g) {
		const json_t *config = json_object_get(g, "config");

		w->world.guests[i] = (struct world_guest){
			.vmid = (unsigned)number(g, "vmid", 100),
			.node = text(g, "node", "pve1"),
			.name = text(g, "name", text(json_object_get(g, "block"), "name", "web")),
			.status = text(g, "status", "stopped"),
			.qmpstatus = number(g, "paused", 0) ? "paused" : "",
			.pid = str_eq(text(g, "status", ""), "running") ? 7 : 0,
			.is_template = number(g, "template", 0) != 0,
			.pool = text(g, "pool", json_object_get(g, "block") ? "acme" : ""),
			.tags = text(config, "tags", "pxc;stack-default"),
			.lock = text(g, "lock", ""),
			.container = number(g, "lxc", 0) != 0,
			.ha = text(g, "ha", text(json_object_get(g, "ha"), "state", "")),
			.cpus = (double)strtol(text(config, "cores", "1"), NULL, 10),
			.memory_bytes = strtoull(text(config, "memory", "1024"), NULL, 10) * MIB,
			.used_bytes = (uint64_t)number(g, "used_mib", 0) * MIB,
			.used_cpus = json_number_value(json_object_get(g, "used_cpus")),
		};
		w->world.nguests++;
		if (!w->world.guests[i].container)
			w->vm.seen[w->vm.nseen++] = seen_of(w, g, &w->world.guests[i]);
	}
}

void test_world_create(struct test_world *ret, const char *json)
{
	json_error_t where;
	size_t i;
	json_t *value;

	*ret = (struct test_world){ .json = json_loads(json && *json ? json : "{}", 0, &where) };
	if (!ret->json)
		fail_msg("world: %s: %s", where.text, json);
	ret->kept = json_array();
	ret->world.cluster_name = CLUSTER;
	ret->world.quorate = number(ret->json, "quorate", 1) != 0;
	ret->world.tenant = number(ret->json, "tenant", 0) != 0;
	add_nodes(ret);
	add_registry(ret);
	add_pools(ret);
	add_groups(ret);
	add_guests(ret);
	ret->vm.w = &ret->world;
	ret->vm.cpu_flags = json_object_get(ret->json, "cpu_flags");
	ret->vm.bridges = json_object_get(ret->json, "bridges");
	ret->vm.volumes = keep(ret, json_object());
	json_array_foreach (json_object_get(ret->json, "volumes"), i, value)
		(void)json_object_set_new(ret->vm.volumes, json_string_value(value),
					  json_integer(2LL << 30));
	ret->vm.snapshots = json_object_get(ret->json, "snapshots_used");
	if (!ret->vm.snapshots)
		ret->vm.snapshots = keep(ret, json_pack("{s:i}", "acme", 0));
	ret->vm.index = keep(ret, vm_index(&ret->vm));
	ret->ha = test_ha(ret, json_object_get(ret->json, "ha"));
	ret->world.ha = ret->ha;
	ret->vm.ha_writable = !json_object_get(json_object_get(ret->json, "ha"), "denied");
	test_rbd_world(ret);
	test_net_world(ret);
}

void test_world_release(struct test_world *w)
{
	for (size_t i = 0; i < w->vm.nseen; i++)
		annot_text_release(&w->vm.seen[i]->notes);
	test_rbd_world_release(w);
	annot_text_release(&w->world.notes);
	json_decref(w->json);
	json_decref(w->kept);
	arena_release(&w->arena);
}
