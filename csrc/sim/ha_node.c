/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_node.c - the manager's view of nodes, and the commands it is given. */
#include <stdio.h>
#include <string.h>

#include "sim/ha_manager.h"

#define LOST_MS 60000  /* so long a node may be away before its services are fenced */
#define LOCK_MS 120000 /* so long the lock of a dead LRM holds */

struct ha_node *ha_node(const struct sim *sim, const struct sim_node *node)
{
	return &sim->crm->nodes[node - sim->nodes];
}

bool ha_node_online(const struct sim *sim, const struct sim_node *node)
{
	return ha_node(sim, node)->state == HA_ONLINE;
}

bool ha_node_lost(const struct sim *sim, const struct sim_node *node)
{
	const struct ha_node *n = ha_node(sim, node);

	return n->state == HA_FENCE || (!node->online && ha_over(sim, n->alive_ms, LOST_MS));
}

void ha_nodes_update(struct sim *sim)
{
	for (size_t i = 0; i < sim->node_count; i++) {
		struct ha_node *n = &sim->crm->nodes[i];
		enum ha_node_state before = n->state;

		if (n->state == HA_FENCE)
			continue;
		if (sim->nodes[i].online) {
			n->alive_ms = sim->now_ms;
			n->state = n->wants_maintenance ? HA_MAINTENANCE : HA_ONLINE;
		} else if (n->state == HA_ONLINE) {
			n->state = HA_UNKNOWN;
		}
		sim->crm->changed |= n->state != before;
	}
}

bool ha_node_fence(struct sim *sim, const struct sim_node *node)
{
	struct ha_node *n = ha_node(sim, node);

	if (n->state == HA_UNKNOWN || (n->state == HA_MAINTENANCE && !node->online))
		n->state = HA_FENCE;
	if (n->state == HA_FENCE) {
		if (!ha_over(sim, n->alive_ms, LOCK_MS))
			return false;
		n->state = HA_UNKNOWN;
		n->lrm_active = false;
	}
	return true;
}

static void command_service(struct sim *sim, const char *what, const char *sid, const char *arg)
{
	struct sim_ha *ha = sim_map_get(&sim->ha, sid);
	struct sim_node *to;

	if (!ha || !*ha->crm)
		return;
	if (!strcmp(what, "stop")) {
		(void)snprintf(ha->command, sizeof(ha->command), "stop");
		ha->timeout_s = strtoll(arg, NULL, 10);
		sim->crm->changed = true;
		return;
	}
	to = sim_node_find(sim, arg);
	if (to && ha_node_online(sim, to) && to != ha->node)
		ha_move(sim, ha, what, to);
}

static void command_arm(struct sim *sim, const char *what, const char *mode)
{
	struct sim_crm *crm = sim->crm;
	bool off = !strcmp(what, "disarm-ha");

	if (off == (crm->arm != HA_ARMED))
		return;
	crm->arm = off ? HA_DISARMING : HA_ARMED;
	(void)snprintf(crm->resource_mode, sizeof(crm->resource_mode), "%s",
		       !off                     ? ""
		       : strcmp(mode, "freeze") ? "ignore"
						: "freeze");
	crm->changed = true;
}

static void command_maintenance(struct sim *sim, bool on, const char *name)
{
	struct sim_node *node = sim_node_find(sim, name);
	struct ha_node *n = node ? ha_node(sim, node) : NULL;

	if (!n || (on && n->state != HA_ONLINE))
		return;
	n->wants_maintenance = on;
	if (!on && !node->online && n->state == HA_MAINTENANCE)
		n->state = HA_UNKNOWN;
	sim->crm->changed = true;
}

void ha_read_commands(struct sim *sim)
{
	json_auto_t *commands = sim->crm->commands;
	const json_t *command;
	size_t i;

	sim->crm->commands = json_array();
	json_array_foreach (commands, i, command) {
		char what[32] = "", first[80] = "", second[80] = "";

		if (sscanf(json_string_value(command), "%31s %79s %79s", what, first, second) < 1)
			continue;
		if (str_ends(what, "-ha"))
			command_arm(sim, what, first);
		else if (str_ends(what, "-node-maintenance"))
			command_maintenance(sim, !strncmp(what, "enable", 6), first);
		else
			command_service(sim, what, first, second);
	}
}

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* The arguments of `ha-manager crm-command` as the line that it writes for the manager; NULL: none of its forms. */
static char *line_of(const char *command)
{
	static const char *const moves[] = { "migrate", "relocate", NULL },
				 *const switches[] = { "enable", "disable", NULL },
				 *const modes[] = { "freeze", "ignore", NULL };
	char words[4][80] = { "", "", "", "" };
	int count = sscanf(command, "%79s %79s %79s %79s", words[0], words[1], words[2], words[3]);

	if (count == 3 && !strcmp(words[0], "node-maintenance") && one_of(words[1], switches))
		return pxc_printf("%s-node-maintenance %s", words[1], words[2]);
	if (count == 3 && one_of(words[0], moves))
		return pxc_printf("%s %s %s", words[0], words[1], words[2]);
	if (count == 3 && !strcmp(words[0], "stop") && *words[2] &&
	    !words[2][strspn(words[2], "0123456789")])
		return pxc_printf("stop %s %s", words[1], words[2]);
	if (count == 2 && !strcmp(words[0], "disarm-ha") && one_of(words[1], modes))
		return pxc_printf("disarm-ha %s", words[1]);
	if (count == 1 && !strcmp(words[0], "arm-ha"))
		return pxc_strdup("arm-ha");
	return NULL;
}

int sim_ha_command(struct sim *sim, const char *command)
{
	auto_free char *line = line_of(command);

	if (!line)
		return -1;
	json_array_append_new(sim->crm->commands, json_string(line));
	sim_ha_kick(sim);
	return 0;
}
