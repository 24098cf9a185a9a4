/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_rules.c - rules taken apart, made to fit together, and what they come to for each resource. */
#include <stdio.h>
#include <string.h>

#include "sim/ha.h"

static void add_sids(struct ha_rule *rule, const char *list)
{
	for (char *sid; (sid = sim_list_next(&list)); free(sid))
		(void)sim_map_put(&rule->sids, sid, rule);
}

/* A priority is kept as a pointer that is never NULL. */
static void *boxed(unsigned priority)
{
	return (void *)((uintptr_t)priority + 1);
}

int ha_priority(const struct ha_rule *rule, const char *node)
{
	const void *box = sim_map_get(&rule->nodes, node);

	return box ? (int)((uintptr_t)box - 1) : -1;
}

static void add_nodes(struct ha_rule *rule, const char *list)
{
	for (char *node; (node = sim_list_next(&list)); free(node)) {
		char *colon = strchr(node, ':');

		if (colon)
			*colon = 0;
		(void)sim_map_put(&rule->nodes, node,
				  boxed(colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0));
	}
}

static struct ha_rule *add_rule(struct ha_rules *rules, const char *id, enum ha_kind kind)
{
	struct ha_rule *rule;

	if (rules->count == rules->room) {
		rules->room = rules->room ? rules->room * 2 : 16;
		rules->all = pxc_realloc(rules->all, rules->room * sizeof(*rules->all));
	}
	rule = &rules->all[rules->count++];
	*rule = (struct ha_rule){ .id = pxc_strdup(id), .kind = kind };
	return rule;
}

static const char *text(const json_t *config, const char *key)
{
	const char *value = json_string_value(json_object_get(config, key));

	return value ? value : "";
}

/* PVE 8: a group is a rule about the resources that name it. */
static void read_groups(const struct sim *sim, struct ha_rules *ret)
{
	const char *id;
	json_t *group;

	json_object_foreach (sim->crm->groups, id, group) {
		struct ha_rule *rule = add_rule(ret, id, HA_NODES);

		rule->strict = json_integer_value(json_object_get(group, "restricted")) != 0;
		add_nodes(rule, text(group, "nodes"));
		for (size_t i = 0; i < sim->ha.count; i++) {
			const struct sim_ha *ha = sim->ha.entries[i].value;

			if (!strcmp(text(ha->config, "group"), id))
				(void)sim_map_put(&rule->sids, sim->ha.entries[i].key, rule);
		}
	}
}

void ha_rules_read(const struct sim *sim, const json_t *configs, struct ha_rules *ret)
{
	const json_t *config;
	size_t i;

	*ret = (struct ha_rules){ 0 };
	read_groups(sim, ret);
	json_array_foreach (configs, i, config) {
		bool nodes = !strcmp(text(config, "type"), "node-affinity");
		struct ha_rule *rule;

		/* that it is named at all disables it, whatever the value */
		if (json_object_get(config, "disable"))
			continue;
		rule = add_rule(ret, text(config, "rule"),
				nodes                                           ? HA_NODES
				: !strcmp(text(config, "affinity"), "negative") ? HA_APART
										: HA_TOGETHER);
		rule->strict = json_integer_value(json_object_get(config, "strict")) != 0;
		add_sids(rule, text(config, "resources"));
		add_nodes(rule, text(config, "nodes"));
	}
}

static void release_rule(struct ha_rule *rule)
{
	free(rule->id);
	sim_map_release(&rule->sids, NULL);
	sim_map_release(&rule->nodes, NULL);
}

void ha_rules_release(struct ha_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		release_rule(&rules->all[i]);
	free(rules->all);
	*rules = (struct ha_rules){ 0 };
}

void ha_rule_drop(struct ha_rules *rules, size_t i)
{
	release_rule(&rules->all[i]);
	rules->count--;
	memmove(rules->all + i, rules->all + i + 1, (rules->count - i) * sizeof(*rules->all));
}

/* ---- making them fit together ---- */

static void drop_erroneous(struct ha_rules *rules, size_t nodes)
{
	json_auto_t *errors = ha_check(rules, nodes);

	for (size_t i = rules->count; i-- > 0;)
		if (json_object_get(errors, rules->all[i].id))
			ha_rule_drop(rules, i);
}

static void take_sids(struct ha_rule *rule, const struct sim_map *sids)
{
	for (size_t i = 0; i < sids->count; i++)
		(void)sim_map_put(&rule->sids, sids->entries[i].key, rule);
}

/* Positive rules that share resources become one. */
static void merge_positive(struct ha_rules *rules)
{
	size_t count;
	struct ha_bundle *bundles = ha_bundles(rules, &count);
	bool *gone = pxc_calloc(rules->count + 1, sizeof(*gone));

	for (size_t b = 0; b < count; b++) {
		take_sids(&rules->all[bundles[b].rules[0]], &bundles[b].sids);
		for (size_t i = 1; i < bundles[b].nrules; i++)
			gone[bundles[b].rules[i]] = true;
	}
	for (size_t i = rules->count; i-- > 0;)
		if (gone[i])
			ha_rule_drop(rules, i);
	free(gone);
	ha_bundles_free(bundles, count);
}

/* Whoever is apart from one of a bundle is apart from all of it. */
static void spread_negative(struct ha_rules *rules)
{
	size_t written = rules->count;

	for (size_t p = 0; p < written; p++) {
		if (rules->all[p].kind != HA_TOGETHER)
			continue;
		for (size_t n = 0; n < written; n++) {
			const struct sim_map *apart = &rules->all[n].sids;

			if (rules->all[n].kind != HA_APART ||
			    ha_disjoint(apart, &rules->all[p].sids))
				continue;
			for (size_t i = 0; i < apart->count; i++) {
				const struct sim_map *bundle = &rules->all[p].sids;
				struct ha_rule *implied;

				if (sim_map_get(bundle, apart->entries[i].key))
					continue;
				for (size_t k = 0; k < bundle->count; k++) {
					implied = add_rule(rules, "", HA_APART);
					bundle = &rules->all[p].sids; /* the array may have moved */
					apart = &rules->all[n].sids;
					(void)sim_map_put(&implied->sids, apart->entries[i].key,
							  implied);
					(void)sim_map_put(&implied->sids, bundle->entries[k].key,
							  implied);
				}
			}
		}
	}
}

/* Where one of a bundle may be, all of it may be. */
static void spread_nodes(struct ha_rules *rules)
{
	for (size_t p = 0; p < rules->count; p++)
		for (size_t n = 0; rules->all[p].kind == HA_TOGETHER && n < rules->count; n++) {
			if (rules->all[n].kind != HA_NODES ||
			    ha_disjoint(&rules->all[n].sids, &rules->all[p].sids))
				continue;
			take_sids(&rules->all[n], &rules->all[p].sids);
			break;
		}
}

/* ---- what they come to ---- */

static void forget(struct sim_ha *ha)
{
	free(ha->together);
	free(ha->apart);
	ha->together = ha->apart = NULL;
	ha->ntogether = ha->napart = 0;
	sim_map_release(&ha->prefers, NULL);
	ha->prefers = (struct sim_map){ 0 };
	ha->strict = false;
}

static void bind(struct sim_ha ***list, size_t *count, struct sim_ha *other)
{
	for (size_t i = 0; i < *count; i++)
		if ((*list)[i] == other)
			return;
	*list = pxc_realloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = other;
}

static void bind_all(struct sim *sim, const struct ha_rule *rule)
{
	const struct sim_map *sids = &rule->sids;

	for (size_t i = 0; i < sids->count; i++) {
		struct sim_ha *ha = sim_map_get(&sim->ha, sids->entries[i].key);

		for (size_t k = 0; ha && k < sids->count; k++) {
			struct sim_ha *other = sim_map_get(&sim->ha, sids->entries[k].key);

			if (k == i || !other)
				continue;
			if (rule->kind == HA_APART)
				bind(&ha->apart, &ha->napart, other);
			else
				bind(&ha->together, &ha->ntogether, other);
		}
	}
}

static void prefer_all(struct sim *sim, const struct ha_rule *rule)
{
	for (size_t i = 0; i < rule->sids.count; i++) {
		struct sim_ha *ha = sim_map_get(&sim->ha, rule->sids.entries[i].key);

		if (!ha || ha->prefers.count)
			continue;
		ha->strict = rule->strict;
		for (size_t n = 0; n < rule->nodes.count; n++)
			(void)sim_map_put(&ha->prefers, rule->nodes.entries[n].key,
					  rule->nodes.entries[n].value);
	}
}

static int by_sid(const void *a, const void *b)
{
	const struct sim_ha *one = *(struct sim_ha *const *)a, *two = *(struct sim_ha *const *)b;

	return strcmp(one->sid, two->sid);
}

size_t ha_known_nodes(const struct sim *sim)
{
	return sim->crm->master ? sim->node_count : 0;
}

void ha_compile(struct sim *sim)
{
	struct ha_rules rules auto_ha_rules = { 0 };

	if (sim->crm->compiled)
		return;
	sim->crm->compiled = true;
	for (size_t i = 0; i < sim->ha.count; i++)
		forget(sim->ha.entries[i].value);
	ha_rules_read(sim, sim->crm->rules, &rules);
	drop_erroneous(&rules, ha_known_nodes(sim));
	merge_positive(&rules);
	spread_negative(&rules);
	spread_nodes(&rules);
	for (size_t i = 0; i < rules.count; i++)
		if (rules.all[i].kind == HA_NODES)
			prefer_all(sim, &rules.all[i]);
		else
			bind_all(sim, &rules.all[i]);
	for (size_t i = 0; i < sim->ha.count; i++) {
		struct sim_ha *ha = sim->ha.entries[i].value;

		if (ha->ntogether)
			qsort(ha->together, ha->ntogether, sizeof(*ha->together), by_sid);
		if (ha->napart)
			qsort(ha->apart, ha->napart, sizeof(*ha->apart), by_sid);
	}
}
