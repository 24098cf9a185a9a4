/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * api_resources.c - /cluster/resources: the whole cluster in one answer.
 *
 * Written as text, because 10,000 guests must not cost more than a few milliseconds: of each guest the part
 * that pvestatd broadcast is already JSON, what changes by the second is appended.
 */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/ha.h"
#include "sim/sdn.h"
#include "sim/state.h"

static void add_string(struct pxc_buf *out, const char *key, const char *value)
{
	json_auto_t *text = json_string(value);
	auto_free char *quoted = json_dumps(text, JSON_ENCODE_ANY);

	buf_printf(out, ",\"%s\":%s", key, quoted);
}

/*
 * What pvestatd said, and the counters of a running guest. Nothing of it changes until pvestatd's next round, so it is
 * written once.
 */
static const char *stats(struct sim_guest *guest)
{
	bool up = guest->seen_run != SIM_STOPPED && guest->run != SIM_STOPPED;
	long long uptime = up ? (long long)(guest->sim->stat_ms - guest->started_ms) / 1000 : 0;
	unsigned ppm = up ? (unsigned)(guest->seen.cpu * 1e6 + 0.5) : 0;

	if (guest->shown && guest->shown_ms == guest->sim->stat_ms)
		return guest->shown;
	if (uptime < 0)
		uptime = 0;
	sim_guest_reshow(guest);
	guest->shown_ms = guest->sim->stat_ms;
	/* the summary without its braces */
	guest->shown = pxc_printf(
		",%.*s,\"uptime\":%lld,\"cpu\":%u.%06u,\"mem\":%llu,\"memhost\":%llu,\"disk\":0,"
		"\"netin\":%lld,\"netout\":%lld,\"diskread\":%lld,\"diskwrite\":%lld",
		(int)strlen(guest->summary) - 2, guest->summary + 1, uptime, ppm / 1000000,
		ppm % 1000000, up ? (unsigned long long)guest->seen.mem_bytes : 0ull,
		up ? (unsigned long long)guest->seen.host_bytes : 0ull, uptime * SIM_NETIN_RATE,
		uptime * SIM_NETOUT_RATE, uptime * SIM_DISKREAD_RATE, uptime * SIM_DISKWRITE_RATE);
	return guest->shown;
}

void sim_resource_guest(const struct sim *sim, struct sim_guest *guest, bool show_pool,
			struct pxc_buf *out)
{
	const char *tags = json_string_value(json_object_get(guest->config, "tags"));
	const struct sim_ha *ha = sim->ha.count ? sim_ha_find(sim, guest->vmid) : NULL;

	const char *type = guest->container ? "lxc" : "qemu";

	buf_printf(out, "{\"id\":\"%s/%u\",\"type\":\"%s\",\"vmid\":%u,\"node\":\"%s\"", type,
		   guest->vmid, type, guest->vmid, guest->node->name);
	if (guest->pool && show_pool)
		add_string(out, "pool", guest->pool);
	if (tags)
		add_string(out, "tags", tags);
	if (guest->lock)
		add_string(out, "lock", guest->lock);
	if (ha && sim_ha_hastate(ha))
		add_string(out, "hastate", sim_ha_hastate(ha));
	if (guest->summary)
		buf_adds(out, stats(guest));
	else
		buf_adds(out, ",\"status\":\"unknown\"");
	buf_addc(out, '}');
}

json_t *sim_resource_storage(struct sim *sim, struct sim_storage *storage,
			     const struct sim_node *node)
{
	uint64_t total, used;
	bool known = sim_storage_space(sim, storage, node, &total, &used);
	char id[256];
	json_t *entry;

	snprintf(id, sizeof(id), "storage/%s/%s", node->name, storage->id);
	entry = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:O}", "id", id, "type", "storage",
			  "storage", storage->id, "node", node->name, "shared",
			  (int)sim_storage_shared(storage), "plugintype", storage->type, "status",
			  node->online && known ? "available" : "unknown", "content",
			  json_object_get(storage->config, "content"));
	if (!known)
		return entry;
	json_object_set_new(entry, "maxdisk", json_integer((json_int_t)total));
	json_object_set_new(entry, "disk", json_integer((json_int_t)used));
	return entry;
}

static void begin_entry(struct pxc_buf *out)
{
	if (out->len > 1)
		buf_addc(out, ',');
}

static void add_json(struct pxc_buf *out, json_t *entry)
{
	auto_free char *text = json_dumps(entry, JSON_COMPACT);

	begin_entry(out);
	buf_adds(out, text);
	json_decref(entry);
}

static void add_pools(struct sim_call *call)
{
	const struct sim_map *pools = &call->sim->pools;

	for (size_t i = 0; i < pools->count; i++) {
		const struct sim_pool *pool = pools->entries[i].value;
		auto_free char *id = pxc_printf("/pool/%s", pool->id);

		if (sim_may(call, id, "Pool.Audit"))
			add_json(&call->text, json_pack("{s:s, s:s, s:s}", "id", id, "type", "pool",
							"pool", pool->id));
	}
}

static bool may_see_pool(const struct sim_call *call, const struct sim_guest *guest)
{
	auto_free char *path = guest->pool ? pxc_printf("/pool/%s", guest->pool) : NULL;

	return path && sim_may(call, path, "Pool.Audit");
}

static void add_guests(struct sim_call *call)
{
	struct sim *sim = call->sim;
	bool all = sim_is_root(call) ||
		   (!strcmp(call->user->id, "root@pam") && !(call->token && call->token->privsep));

	for (size_t i = 0; i < sim->guest_count; i++) {
		if (!all && !sim_may_vm(call, sim->guests[i]->vmid, "VM.Audit"))
			continue;
		begin_entry(&call->text);
		sim_resource_guest(sim, sim->guests[i], all || may_see_pool(call, sim->guests[i]),
				   &call->text);
	}
}

static void add_nodes(struct sim_call *call)
{
	for (size_t i = 0; i < call->sim->node_count; i++) {
		const struct sim_node *node = &call->sim->nodes[i];
		json_t *entry = sim_resource_node(call, node);

		json_object_set_new(entry, "cgroup-mode", json_integer(2));
		if (sim_ha_node_state(call->sim, node))
			json_object_set_new(entry, "hastate",
					    json_string(sim_ha_node_state(call->sim, node)));
		add_json(&call->text, entry);
	}
}

static void add_storages(struct sim_call *call)
{
	struct sim *sim = call->sim;

	for (size_t s = 0; s < sim->storages.count; s++) {
		struct sim_storage *storage = sim->storages.entries[s].value;
		auto_free char *path = pxc_printf("/storage/%s", storage->id);

		if (!sim_may(call, path, "Datastore.Audit"))
			continue;
		for (size_t i = 0; i < sim->node_count; i++)
			if (sim_storage_on(storage, &sim->nodes[i]))
				add_json(&call->text,
					 sim_resource_storage(sim, storage, &sim->nodes[i]));
	}
}

static void add_zone(struct sim_call *call, const struct sim_node *node, const char *zone,
		     const char *status, const json_t *type)
{
	bool old = sdn_old(call->sim);
	json_t *entry = json_pack("{s:o, s:s, s:s, s:s, s:s}", "id",
				  old ? json_sprintf("sdn/%s/%s", node->name, zone)
				      : json_sprintf("network/%s/zone/%s", node->name, zone),
				  "type", old ? "sdn" : "network", old ? "sdn" : "network", zone,
				  "node", node->name, "status", node->online ? status : "unknown");

	if (!old)
		json_object_set_new(entry, "network-type", json_string("zone"));
	if (type && !old)
		json_object_set(entry, "zone-type", (json_t *)(uintptr_t)type);
	add_json(&call->text, entry);
}

static void add_networks(struct sim_call *call)
{
	json_t *zones = sdn_running(call->sim, SDN_ZONE), *zone;
	bool local = sim_may(call, "/sdn/zones/localnetwork", "SDN.Audit");
	const char *id;

	for (size_t i = 0; i < call->sim->node_count && local; i++)
		add_zone(call, &call->sim->nodes[i], "localnetwork", "ok", NULL);
	json_object_foreach (zones, id, zone) {
		auto_free char *path = pxc_printf("/sdn/zones/%s", id);
		bool seen = sim_may(call, path, "SDN.Audit");

		for (size_t i = 0; i < call->sim->node_count && seen; i++) {
			const struct sim_node *node = &call->sim->nodes[i];
			const char *status = sdn_zone_status(call->sim, node, id);

			if (status)
				add_zone(call, node, id, status, json_object_get(zone, "type"));
		}
	}
}

static int get_resources(struct sim_call *call)
{
	const char *type = sim_arg(call, "type");

	buf_addc(&call->text, '[');
	if (!type)
		add_pools(call);
	if (!type || !strcmp(type, "vm"))
		add_guests(call);
	if (!type || !strcmp(type, "node"))
		add_nodes(call);
	if (!type || !strcmp(type, "storage"))
		add_storages(call);
	if (!type || (!strcmp(type, "sdn") && sdn_old(call->sim)))
		add_networks(call);
	buf_addc(&call->text, ']');
	return 0;
}

static const struct sim_param resources_get[] = {
	{ .name = "type", .choices = "vm, storage, node, sdn" },
	{ 0 },
};

const struct sim_route sim_resources_routes[] = {
	{ "GET", "/cluster/resources", get_resources, resources_get, NULL, "user", 0 },
	{ 0 },
};
