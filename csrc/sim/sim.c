/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sim.c - a cluster begins and ends; nodes die and come back. */
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

#include "sim/cpu.h"
#include "sim/ha.h"
#include "sim/migration.h"
#include "sim/rbd.h"
#include "sim/request.h"
#include "sim/sdn.h"

#define DEFAULT_START_S                                                                            \
	1790000000 /* 2026-09-21: a cluster without wall clock has to be some when */

static void copy_options(struct sim *sim, const struct sim_options *options)
{
	struct sim_options *own = &sim->options;

	*own = *options;
	own->nodes = options->nodes ? options->nodes : 3;
	own->cluster_name = pxc_strdup(options->cluster_name ? options->cluster_name : "pxcsim");
	own->world = pxc_strdup(options->world);
	own->apidoc = own->faults = NULL;
	own->ceph_conf = pxc_strdup(options->ceph_conf);
	own->ceph_pool = pxc_strdup(options->ceph_pool);
	own->node_memory_mib = options->node_memory_mib ? options->node_memory_mib : 65536;
	own->node_cores = options->node_cores ? options->node_cores : 16;
}

static void add_nodes(struct sim *sim)
{
	sim->node_count = sim->options.nodes;
	sim->nodes = pxc_calloc(sim->node_count, sizeof(*sim->nodes));
	for (size_t i = 0; i < sim->node_count; i++) {
		struct sim_node *node = &sim->nodes[i];

		node->number = (unsigned)i + 1;
		snprintf(node->name, sizeof(node->name), "pve%u", node->number);
		snprintf(node->ip, sizeof(node->ip), "10.77.%u.%u", (10 + node->number) / 256,
			 (10 + node->number) % 256);
		node->online = true;
		node->crowd = 1;
		node->cores = sim->options.node_cores;
		node->memory_bytes = (uint64_t)sim->options.node_memory_mib << 20;
		node->started_ms = sim->now_ms - 5400000 - (int64_t)(sim_random(sim) % 60000);
		node->next_pid = 0x200 + (uint32_t)(sim_random(sim) & 0xff);
		node->config = json_object();
		node->cpu = sim_cpu_default();
		node->bridges = json_pack("[{s:s, s:b, s:s}]", "name", "vmbr0", "vlan_aware", 0,
					  "ports", "eno1");
	}
}

int sim_create(const struct sim_options *options, struct sim **ret, struct pxc_err *err)
{
	struct sim *sim;

	if (options->nodes > SIM_MAX_NODES)
		return pxc_fail(err, PXC_EINVAL, "a simulated cluster has 1 to %d nodes, not %u",
				SIM_MAX_NODES, options->nodes);
	sim = pxc_calloc(1, sizeof(*sim));
	copy_options(sim, options);
	sim->random = options->seed;
	sim->now_ms = (options->start_s ? options->start_s : DEFAULT_START_S) * 1000;
	sim->stat_ms = sim->now_ms;
	sim->clustered = sim->options.nodes > 1 || *sim->options.cluster_name;
	sim->quorate = true;
	sim->dc = json_object();
	sim->realms = sim_realms_default();
	sim->mappings = json_pack("{s:{}, s:{}, s:{}}", "pci", "usb", "dir");
	sim->log = json_array();
	snprintf(
		sim->fingerprint, sizeof(sim->fingerprint), "%s",
		"00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00");
	add_nodes(sim);
	sdn_init(sim);
	ha_init(sim);
	sim_roles_init(sim);
	if ((options->faults && sim_faults_parse(options->faults, &sim->faults, err) < 0) ||
	    (options->apidoc && sim_apidoc_load(options->apidoc, &sim->apidoc, err) < 0) ||
	    sim_world_fill(sim, err) < 0) {
		sim_free(sim);
		return -1;
	}
	sim_stat_round(sim);
	sim_faults_tick(sim);
	*ret = sim;
	return 0;
}

static void free_node(struct sim_node *node)
{
	json_decref(node->config);
	json_decref(node->cpu);
	json_decref(node->bridges);
	json_decref(node->sdn_file);
	json_decref(node->sdn_links);
	history_free(node->history);
}

void sim_free(struct sim *sim)
{
	if (!sim)
		return;
	for (size_t i = 0; i < sim->task_count; i++) {
		sim_flow_end(sim->tasks[i]);
		sim_task_free(sim->tasks[i]);
	}
	free(sim->tasks);
	sim_timers_free(sim);
	for (size_t i = 0; i < sim->guest_count; i++)
		sim_guest_free(sim->guests[i]);
	free(sim->guests);
	sim->guest_count = 0;
	sim_acl_forget_path(sim, NULL);
	free(sim->acls);
	for (size_t i = 0; i < sim->storages.count; i++)
		rbd_unbind(sim, sim->storages.entries[i].value);
	rbd_bury(sim);
	sim_map_release(&sim->volumes, sim_volume_free);
	sim_map_release(&sim->storages, sim_storage_free);
	sim_map_release(&sim->pools, sim_pool_free);
	sim_map_release(&sim->users, sim_user_free);
	sim_map_release(&sim->groups, sim_group_free);
	sim_map_release(&sim->roles, sim_role_free);
	sim_map_release(&sim->ha, sim_ha_free);
	ha_free(sim);
	for (size_t i = 0; i < sim->node_count; i++)
		free_node(&sim->nodes[i]);
	free(sim->nodes);
	sdn_free(sim);
	json_decref(sim->dc);
	json_decref(sim->realms);
	json_decref(sim->mappings);
	json_decref(sim->log);
	sim_faults_free(sim->faults);
	sim_apidoc_free(sim->apidoc);
	free((char *)(uintptr_t)sim->options.cluster_name);
	free((char *)(uintptr_t)sim->options.ceph_conf);
	free((char *)(uintptr_t)sim->options.ceph_pool);
	free((char *)(uintptr_t)sim->options.world);
	free(sim);
}

static void count_votes(struct sim *sim)
{
	size_t online = 0;

	for (size_t i = 0; i < sim->node_count; i++)
		online += sim->nodes[i].online;
	sim->quorate = online * 2 > sim->node_count;
}

void sim_node_kill(struct sim *sim, struct sim_node *node)
{
	if (!node->online)
		return;
	for (struct sim_task *task = sim->running, *next; task; task = next) {
		next = task->next_running;
		if (task->node == node)
			sim_task_stop(task, "unexpected status");
	}
	node->online = false;
	node->died_ms = sim->now_ms;
	sim_qemu_node_died(sim, node);
	count_votes(sim);
}

void sim_node_revive(struct sim *sim, struct sim_node *node)
{
	node->online = true;
	node->started_ms = sim->now_ms;
	/* it has started anew with the links that its files say */
	json_decref(node->sdn_links);
	node->sdn_links = json_incref(node->sdn_file);
	for (size_t i = 0; i < sim->guest_count; i++)
		if (sim->guests[i]->node == node)
			sim_guest_touch(sim->guests[i]);
	count_votes(sim);
	sim_ha_kick(sim);
}

void sim_token(struct sim *sim, const char *name, char secret[37])
{
	struct sim_user *root = sim_map_get(&sim->users, "root@pam");
	struct sim_token *token = sim_token_add(sim, root, name);

	memcpy(secret, token->secret, 37);
}

int sim_event(struct sim *sim, const char *event, const char *node)
{
	struct sim_node *found = node ? sim_node_find(sim, node) : NULL;

	if (!strcmp(event, "noquorum") || !strcmp(event, "quorum"))
		sim->quorate = !strcmp(event, "quorum");
	else if (!strcmp(event, "kill") && found)
		sim_node_kill(sim, found);
	else if (!strcmp(event, "revive") && found)
		sim_node_revive(sim, found);
	else
		return -1;
	return 0;
}

void sim_set_fingerprint(struct sim *sim, const char *fingerprint)
{
	snprintf(sim->fingerprint, sizeof(sim->fingerprint), "%s", fingerprint);
}

const char *sim_password(const struct sim *sim)
{
	const struct sim_user *root = sim_map_get(&sim->users, "root@pam");

	return root->password ? root->password : "";
}
