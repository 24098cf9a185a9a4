/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_lib.c - small questions about guests, and what the core asks of this area. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

const struct sim_route *const sim_qemu_routes[] = {
	qm_list_routes,
	qm_create_routes,
	qm_config_routes,
	qm_power_routes,
	qm_clone_routes,
	qm_disk_routes,
	qm_snapshot_routes,
	qm_agent_routes,
	qm_migrate_routes,
	qm_move_routes,
	qm_cloudinit_routes,
	qm_monitor_routes,
	qm_agent_exec_routes,
	qm_template_routes,
	qm_destroy_routes,
	qm_precondition_routes,
	NULL,
};

struct sim_guest *qm_guest(struct sim_call *call)
{
	struct sim_guest *g = sim_guest_find(call->sim, call->vmid);

	if (g && g->node == call->node && !g->container)
		return g;
	(void)sim_fail(call, 500,
		       "Configuration file 'nodes/%s/qemu-server/%u.conf' does not exist",
		       call->node->name, call->vmid);
	return NULL;
}

int qm_need_unlocked(struct sim_call *call, const struct sim_guest *g)
{
	return g->lock ? sim_fail(call, 500, "VM is locked (%s)", g->lock) : 0;
}

const char *qm_text(const json_t *config, const char *key, const char *otherwise)
{
	const char *s = json_string_value(json_object_get(config, key));

	return s ? s : otherwise;
}

int64_t qm_int(const json_t *config, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(config, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **qm_sorted_keys(const json_t *object, size_t *ret_count)
{
	const char **keys = pxc_calloc(json_object_size(object) + 1, sizeof(*keys)), *key;
	size_t n = 0;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value)
		keys[n++] = key;
	qsort(keys, n, sizeof(*keys), compare_keys);
	*ret_count = n;
	return keys;
}

uint64_t qm_memory_bytes(const json_t *config)
{
	json_auto_t *p = prop_parse(qm_text(config, "memory", "512"), "current");
	const char *mib = json_string_value(json_object_get(p, "current"));

	return strtoull(mib ? mib : "512", NULL, 10) << 20;
}

int64_t qm_cpus(const json_t *config)
{
	return qm_int(config, "vcpus", qm_int(config, "cores", 1) * qm_int(config, "sockets", 1));
}

bool qm_template(const struct sim_guest *g)
{
	return qm_int(g->config, "template", 0) != 0;
}

const char *qm_status(const struct sim_guest *g)
{
	return g->run == SIM_STOPPED ? "stopped" : "running";
}

const char *qm_qmpstatus(const struct sim_guest *g)
{
	static const char *const names[] = {
		[SIM_STOPPED] = "stopped",
		[SIM_RUNNING] = "running",
		[SIM_PAUSED] = "paused",
	};

	return names[g->run];
}

int qm_check_digest(struct sim_call *call, struct sim_guest *g)
{
	const char *want = sim_arg(call, "digest");

	if (!want || !strcmp(want, sim_qemu_digest(g)))
		return 0;
	return sim_fail(call, 500, "checksum mismatch (file change by other user?)");
}

json_t *qm_shown(const char *key, json_t *value)
{
	return strcmp(key, "cipassword") != 0 ? json_incref(value) : json_string("**********");
}

void qm_mask(json_t *config)
{
	if (json_object_get(config, "cipassword"))
		(void)json_object_set_new(config, "cipassword", json_string("**********"));
}

json_t *qm_merged(const struct sim_guest *g)
{
	json_t *config = json_copy(g->config), *value;
	const char *key;

	(void)json_object_update(config, g->pending);
	json_object_foreach (g->deleted, key, value) {
		(void)json_object_del(config, key);
	}
	return config;
}

/* The first drive that is (or is not) a medium to boot from. */
static bool first_drive(const json_t *config, bool medium, char name[16])
{
	static const struct {
		const char *bus;
		unsigned count;
	} buses[] = { { "ide", 4 }, { "scsi", 31 }, { "virtio", 16 }, { "sata", 6 } };

	for (size_t i = 0; i < ARRAY_SIZE(buses); i++)
		for (unsigned n = 0; n < buses[i].count; n++) {
			const char *text;

			(void)snprintf(name, 16, "%s%u", buses[i].bus, n);
			text = qm_text(config, name, NULL);
			if (text && (strstr(text, "media=cdrom") != NULL) == medium &&
			    !(medium && strstr(text, "cloudinit")))
				return true;
		}
	return false;
}

static bool first_card(const json_t *config, char name[16])
{
	for (unsigned n = 0; n < 32; n++) {
		(void)snprintf(name, 16, "net%u", n);
		if (json_object_get(config, name))
			return true;
	}
	return false;
}

void qm_default_boot(json_t *config)
{
	auto_buf struct pxc_buf order = { .data = NULL };
	char name[16];

	if (first_drive(config, false, name))
		buf_printf(&order, ";%s", name);
	if (first_drive(config, true, name))
		buf_printf(&order, ";%s", name);
	if (first_card(config, name))
		buf_printf(&order, ";%s", name);
	(void)json_object_set_new(config, "boot",
				  order.len ? json_sprintf("order=%s", buf_str(&order) + 1)
					    : json_string(" "));
}

void qm_fresh_ids(struct sim *sim, json_t *config)
{
	char uuid[37];

	sim_uuid(sim, uuid);
	(void)json_object_set_new(config, "vmgenid", json_string(uuid));
	sim_uuid(sim, uuid);
	if (!json_object_get(config, "smbios1"))
		(void)json_object_set_new(config, "smbios1", json_sprintf("uuid=%s", uuid));
	if (!json_object_get(config, "meta"))
		(void)json_object_set_new(config, "meta",
					  json_sprintf("creation-qemu=10.0.2,ctime=%lld",
						       (long long)(sim->now_ms / 1000)));
}

const char *sim_qemu_digest(struct sim_guest *g)
{
	json_auto_t *all = NULL;
	auto_free char *text = NULL;

	if (*g->digest)
		return g->digest;
	all = json_pack("{s:O,s:O,s:O,s:O}", "c", g->config, "p", g->pending, "d", g->deleted, "s",
			g->snapshots);
	text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	sim_sha1_hex(text ? text : "", g->digest);
	return g->digest;
}

static uint64_t root_bytes(const json_t *config)
{
	const char *boot = qm_text(config, "boot", "");
	const char *order = strstr(boot, "order=");
	char first[16] = "";
	json_auto_t *p = NULL;
	const char *text, *size;

	if (order)
		(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(order + 6, ";"),
			       order + 6);
	text = qm_text(config, first, NULL);
	p = text ? prop_parse(text, "file") : NULL;
	size = json_string_value(json_object_get(p, "size"));
	if (!size)
		return 0;
	switch (size[strlen(size) - 1]) {
	case 'K':
		return strtoull(size, NULL, 10) << 10;
	case 'M':
		return strtoull(size, NULL, 10) << 20;
	case 'G':
		return strtoull(size, NULL, 10) << 30;
	case 'T':
		return strtoull(size, NULL, 10) << 40;
	default:
		return strtoull(size, NULL, 10);
	}
}

json_t *sim_qemu_summary(const struct sim_guest *g)
{
	const char *tags = qm_text(g->config, "tags", NULL),
		   *name = qm_text(g->config, "name", NULL);
	json_t *o = json_pack("{s:s,s:i,s:I,s:I,s:I}", "status", qm_status(g), "template",
			      qm_template(g), "maxcpu", (json_int_t)qm_cpus(g->config), "maxmem",
			      (json_int_t)qm_memory_bytes(g->config), "maxdisk",
			      (json_int_t)root_bytes(g->config));

	(void)json_object_set_new(o, "name",
				  name ? json_string(name) : json_sprintf("VM %u", g->vmid));
	if (tags)
		(void)json_object_set_new(o, "tags", json_string(tags));
	return o;
}

json_t *sim_qemu_dump(const struct sim_guest *g)
{
	json_t *o =
		json_pack("{s:i,s:s,s:s,s:O,s:O,s:O,s:O}", "vmid", (int)g->vmid, "node",
			  g->node->name, "status", qm_qmpstatus(g), "config", g->config, "pending",
			  g->pending, "deleted", g->deleted, "snapshots", g->snapshots);

	if (g->pool)
		(void)json_object_set_new(o, "pool", json_string(g->pool));
	if (g->lock)
		(void)json_object_set_new(o, "lock", json_string(g->lock));
	return o;
}
