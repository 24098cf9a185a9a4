/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha.c - what the rest of the simulator asks the HA stack, and tells it. */
#include "sim/ha.h"

#include <stdio.h>
#include <string.h>

#include "sim/state.h"

void ha_init(struct sim *sim)
{
	struct sim_crm *crm = pxc_calloc(1, sizeof(*crm));

	crm->rules = json_array();
	crm->groups = json_object();
	crm->commands = json_array();
	crm->nodes = pxc_calloc(sim->node_count, sizeof(*crm->nodes));
	sim->crm = crm;
}

void ha_free(struct sim *sim)
{
	if (!sim->crm)
		return;
	json_decref(sim->crm->rules);
	json_decref(sim->crm->groups);
	json_decref(sim->crm->commands);
	free(sim->crm->nodes);
	free(sim->crm);
	sim->crm = NULL;
}

json_t *ha_dump(const struct sim *sim)
{
	json_t *all = json_object();

	for (size_t i = 0; i < sim->ha.count; i++) {
		const struct sim_ha *ha = sim->ha.entries[i].value;

		json_object_set(all, sim->ha.entries[i].key, ha->config);
	}
	return all;
}

void sim_ha_free(void *value)
{
	struct sim_ha *ha = value;

	json_decref(ha->config);
	free(ha->upid);
	free(ha->together);
	free(ha->apart);
	sim_map_release(&ha->prefers, NULL);
	free(ha);
}

struct sim_ha *sim_ha_find(const struct sim *sim, unsigned vmid)
{
	static const char *const types[] = { "vm", "ct" };
	struct sim_ha *ha = NULL;
	char sid[24];

	for (size_t i = 0; !ha && sim->ha.count && i < ARRAY_SIZE(types); i++) {
		snprintf(sid, sizeof(sid), "%s:%u", types[i], vmid);
		ha = sim_map_get(&sim->ha, sid);
	}
	return ha;
}

bool sim_ha_managed(const struct sim *sim, unsigned vmid)
{
	const struct sim_ha *ha = sim_ha_find(sim, vmid);

	return ha && strcmp(ha->state, "ignored") != 0 &&
	       !(sim->crm->arm == HA_DISARMED && !strcmp(sim->crm->resource_mode, "ignore"));
}

const char *sim_ha_hastate(const struct sim_ha *ha)
{
	return *ha->crm ? ha->crm : json_string_value(json_object_get(ha->config, "state"));
}

json_t *sim_ha_entry(const struct sim *sim, unsigned vmid)
{
	const struct sim_ha *ha = sim_ha_find(sim, vmid);

	if (!ha || !sim_ha_managed(sim, vmid))
		return json_pack("{s:i}", "managed", 0);
	return json_pack("{s:i,s:o?,s:s*}", "managed", 1, "state",
			 *ha->crm ? json_string(ha->crm) : json_null(), "group",
			 json_string_value(json_object_get(ha->config, "group")));
}

const char *sim_ha_node_state(const struct sim *sim, const struct sim_node *node)
{
	static const char *const names[] = { [HA_UNKNOWN] = "unknown",
					     [HA_ONLINE] = "online",
					     [HA_MAINTENANCE] = "maintenance",
					     [HA_FENCE] = "fence" };

	return sim->crm->master ? names[sim->crm->nodes[node - sim->nodes].state] : NULL;
}

/* Does the manager have it, so that rules bind others by it? */
static bool counts(const struct sim_ha *ha)
{
	return *ha->crm && strcmp(ha->crm, "ignored") != 0;
}

/* A guest's resource with its rules; NULL = the HA manager does not have it. The state of rules is a cache. */
static const struct sim_ha *bound(const struct sim *sim, unsigned vmid)
{
	ha_compile((struct sim *)(uintptr_t)sim);
	return sim_ha_managed(sim, vmid) ? sim_ha_find(sim, vmid) : NULL;
}

void sim_ha_partners(const struct sim *sim, unsigned vmid, unsigned **ret, size_t *n)
{
	const struct sim_ha *ha = bound(sim, vmid);

	*ret = NULL;
	*n = 0;
	for (size_t i = 0; ha && i < ha->ntogether; i++) {
		if (!counts(ha->together[i]))
			continue;
		*ret = pxc_realloc(*ret, (*n + 1) * sizeof(**ret));
		(*ret)[(*n)++] = ha->together[i]->vmid;
	}
}

json_t *sim_ha_blocking(const struct sim *sim, unsigned vmid, const struct sim_node *to)
{
	const struct sim_ha *ha = bound(sim, vmid);
	json_t *list = json_array();

	for (size_t i = 0; ha && i < ha->napart; i++) {
		const struct sim_ha *other = ha->apart[i];

		if (!counts(other) || other->node != to || (other->target && other->target != to))
			continue;
		json_array_append_new(list, json_pack("{s:s,s:s}", "sid", other->sid, "cause",
						      "resource-affinity"));
	}
	return list;
}

bool sim_ha_allows(const struct sim *sim, unsigned vmid, const struct sim_node *to)
{
	const struct sim_ha *ha = bound(sim, vmid);
	json_auto_t *blocking = sim_ha_blocking(sim, vmid, to);

	if (ha && ha->strict && ha->prefers.count && !sim_map_get(&ha->prefers, to->name))
		return false;
	return json_array_size(blocking) == 0;
}

void sim_ha_request(struct sim *sim, const struct sim_ha *ha, const char *what, const char *node)
{
	json_array_append_new(sim->crm->commands, json_sprintf("%s %s %s", what, ha->sid, node));
	sim_ha_kick(sim);
}

void sim_ha_set_state(struct sim_ha *ha, const char *state)
{
	(void)snprintf(ha->state, sizeof(ha->state), "%s",
		       strcmp(state, "enabled") != 0 ? state : "started");
	json_object_set_new(ha->config, "state", json_string(ha->state));
}

void sim_ha_request_start(struct sim *sim, struct sim_ha *ha)
{
	sim_ha_set_state(ha, "started");
	sim_ha_kick(sim);
}

void sim_ha_request_stop(struct sim *sim, const struct sim_ha *ha, int64_t timeout_s)
{
	json_array_append_new(sim->crm->commands,
			      json_sprintf("stop %s %lld", ha->sid, (long long)timeout_s));
	sim_ha_kick(sim);
}

/* Out of a list of words that commas divide; false: it was not in it. */
static bool drop_word(json_t *config, const char *key, const char *word)
{
	const char *list = json_string_value(json_object_get(config, key));
	auto_buf struct pxc_buf rest = { 0 };
	bool found = false;

	for (char *one; (one = sim_list_next(&list)); free(one)) {
		if (!strcmp(one, word))
			found = true;
		else
			buf_printf(&rest, "%s%s", rest.len ? "," : "", one);
	}
	if (found)
		json_object_set_new(config, key, json_string(buf_str(&rest)));
	return found;
}

/* A rule whose only resource it was goes with it. */
static void leave_rules(struct sim *sim, const char *sid)
{
	json_t *rules = sim->crm->rules;

	for (size_t i = json_array_size(rules); i-- > 0;) {
		json_t *rule = json_array_get(rules, i);

		if (!drop_word(rule, "resources", sid))
			continue;
		sim->crm->compiled = false;
		if (!*json_string_value(json_object_get(rule, "resources")))
			json_array_remove(rules, i);
	}
}

void sim_ha_remove(struct sim *sim, unsigned vmid, bool purge_rules)
{
	struct sim_ha *ha = sim_ha_find(sim, vmid);

	if (!ha)
		return;
	if (purge_rules)
		leave_rules(sim, ha->sid);
	(void)sim_map_remove(&sim->ha, ha->sid);
	if (ha->ntogether || ha->napart) {
		/* nobody points at it any more */
		sim->crm->compiled = false;
		ha_compile(sim);
	}
	sim_ha_free(ha);
	sim_ha_kick(sim);
}
