/* SPDX-License-Identifier: GPL-3.0-or-later */
/* routes.c - all tables of routes, and finding one. */
#include <string.h>

#include "sim/areas.h"
#include "sim/request.h"

static const struct sim_route *const tables[] = {
	sim_node_routes,         sim_cluster_routes,    sim_options_routes,
	sim_resources_routes,    sim_task_routes,       sim_pool_routes,
	sim_user_routes,         sim_token_routes,      sim_group_routes,
	sim_acl_routes,          sim_ticket_routes,     sim_storage_routes,
	sim_domain_routes,       sim_tfa_routes,        sim_permission_routes,
	sim_node_storage_routes, sim_content_routes,    sim_volume_routes,
	sim_upload_routes,       sim_download_routes,   sim_ha_routes,
	sim_ha_move_routes,      sim_ha_rule_routes,    sim_ha_group_routes,
	sim_ha_status_routes,    sim_sdn_routes,        sim_sdn_zone_routes,
	sim_sdn_vnet_routes,     sim_sdn_subnet_routes, sim_sdn_service_routes,
	sim_sdn_ips_routes,      sim_sdn_apply_routes,  sim_sdn_node_routes,
	sim_sdn_dry_routes,      sim_network_routes,    sim_metrics_routes,
	sim_rrd_routes,          sim_mapping_routes,    sim_lxc_routes,
	sim_bulk_routes,         sim_execute_routes,
};

/*
 * Does the path fit the pattern? "{name}" takes one segment, "{name...}" the rest. Both without leading slash
 * trouble: both begin with "/", neither ends with one.
 */
static bool fits(const char *pattern, const char *path, json_t *params)
{
	while (*pattern == '/' && *path == '/') {
		size_t want, have;

		pattern++;
		path++;
		want = strcspn(pattern, "/");
		have = strcspn(path, "/");
		if (*pattern == '{' && want > 5 && !strncmp(pattern + want - 4, "...}", 4)) {
			have = strlen(path);
			if (params)
				json_object_setn_new(params, pattern + 1, want - 5,
						     json_string(path));
		} else if (*pattern == '{') {
			if (params)
				json_object_setn_new(params, pattern + 1, want - 2,
						     json_stringn(path, have));
		} else if (want != have || strncmp(pattern, path, want)) {
			return false;
		}
		if (!have && want)
			return false;
		pattern += want;
		path += have;
	}
	return !*pattern && !*path;
}

static const struct sim_route *find_in(const struct sim_route *table, const char *method,
				       const char *path)
{
	for (; table->method; table++)
		if (table->method[0] == method[0] && !strcmp(table->method, method) &&
		    fits(table->path, path, NULL))
			return table;
	return NULL;
}

const struct sim_route *sim_route_find(const char *method, const char *path, json_t *params)
{
	const struct sim_route *route = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && !route; i++)
		route = find_in(tables[i], method, path);
	for (size_t i = 0; sim_qemu_routes[i] && !route; i++)
		route = find_in(sim_qemu_routes[i], method, path);
	if (route)
		fits(route->path, path, params);
	return route;
}
