/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_check.c - which rules cannot be followed, in PVE's order of checks and with its words. */
#include <string.h>

#include "sim/ha.h"

bool ha_disjoint(const struct sim_map *a, const struct sim_map *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (sim_map_get(b, a->entries[i].key))
			return false;
	return true;
}

static size_t shared(const struct sim_map *a, const struct sim_map *b)
{
	size_t count = 0;

	for (size_t i = 0; i < a->count; i++)
		count += sim_map_get(b, a->entries[i].key) != NULL;
	return count;
}

static int by_lowest_sid(const void *a, const void *b)
{
	const struct ha_rule *one = *(const struct ha_rule *const *)a,
			     *two = *(const struct ha_rule *const *)b;
	const char *sids[2] = { one->sids.count ? one->sids.entries[0].key : "",
				two->sids.count ? two->sids.entries[0].key : "" };
	int order = strcmp(sids[0], sids[1]);

	return order ? order : strcmp(one->id, two->id);
}

static void join_bundle(struct ha_bundle *bundle, const struct ha_rules *rules,
			const struct ha_rule *rule)
{
	bundle->rules = pxc_realloc(bundle->rules, (bundle->nrules + 1) * sizeof(*bundle->rules));
	bundle->rules[bundle->nrules++] = (size_t)(rule - rules->all);
	for (size_t i = 0; i < rule->sids.count; i++)
		(void)sim_map_put(&bundle->sids, rule->sids.entries[i].key, bundle->rules);
}

/*
 * In the order of their first resource each rule joins the first bundle that it touches. Two bundles that a later rule
 * connects stay two: so does PVE.
 */
struct ha_bundle *ha_bundles(const struct ha_rules *rules, size_t *ret_count)
{
	struct ha_bundle *bundles = pxc_calloc(rules->count + 1, sizeof(*bundles));
	auto_free const struct ha_rule **order = pxc_calloc(rules->count + 1, sizeof(*order));
	size_t positive = 0, count = 0;

	for (size_t i = 0; i < rules->count; i++)
		if (rules->all[i].kind == HA_TOGETHER)
			order[positive++] = &rules->all[i];
	qsort(order, positive, sizeof(*order), by_lowest_sid);
	for (size_t i = 0; i < positive; i++) {
		size_t b = 0;

		while (b < count && ha_disjoint(&order[i]->sids, &bundles[b].sids))
			b++;
		count += b == count;
		join_bundle(&bundles[b], rules, order[i]);
	}
	*ret_count = count;
	return bundles;
}

void ha_bundles_free(struct ha_bundle *bundles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sim_map_release(&bundles[i].sids, NULL);
		free(bundles[i].rules);
	}
	free(bundles);
}

static void blame(json_t *errors, const struct ha_rule *rule, const char *why)
{
	json_t *entry = json_object_get(errors, rule->id), *list;

	if (!entry) {
		entry = json_pack("{s:[]}", "resources");
		json_object_set_new(errors, rule->id, entry);
	}
	list = json_object_get(entry, "resources");
	json_array_append_new(list, json_string(why));
}

static bool in_another(const struct ha_rules *rules, size_t except, const char *sid)
{
	for (size_t i = 0; i < rules->count; i++)
		if (i != except && rules->all[i].kind == HA_NODES &&
		    sim_map_get(&rules->all[i].sids, sid))
			return true;
	return false;
}

static void check_one_node_rule(const struct ha_rules *rules, json_t *errors)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct ha_rule *rule = &rules->all[i];

		for (size_t s = 0; rule->kind == HA_NODES && s < rule->sids.count; s++) {
			auto_free char *why = pxc_printf(
				"resource '%s' is already used in another node affinity rule",
				rule->sids.entries[s].key);

			if (in_another(rules, i, rule->sids.entries[s].key))
				blame(errors, rule, why);
		}
	}
}

static void check_counts(const struct ha_rules *rules, size_t nodes, json_t *errors)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rules->all[i].kind != HA_NODES && rules->all[i].sids.count < 2)
			blame(errors, &rules->all[i],
			      "rule is ineffective as there are less than two resources");
	for (size_t i = 0; i < rules->count; i++)
		if (rules->all[i].kind == HA_APART && rules->all[i].sids.count > nodes)
			blame(errors, &rules->all[i],
			      "rule defines more resources than available nodes");
}

static void check_contradictions(const struct ha_rules *rules, const struct ha_bundle *bundles,
				 size_t count, json_t *errors)
{
	for (size_t b = 0; b < count; b++)
		for (size_t i = 0; i < rules->count; i++) {
			if (rules->all[i].kind != HA_APART ||
			    shared(&bundles[b].sids, &rules->all[i].sids) < 2)
				continue;
			blame(errors, &rules->all[i],
			      "rule shares two or more resources with a positive resource affinity rule");
			for (size_t k = 0; k < bundles[b].nrules; k++)
				blame(errors, &rules->all[bundles[b].rules[k]],
				      "rule shares two or more resources with a negative resource affinity rule");
		}
}

static bool several_priorities(const struct ha_rule *rule)
{
	for (size_t i = 1; i < rule->nodes.count; i++)
		if (rule->nodes.entries[i].value != rule->nodes.entries[0].value)
			return true;
	return false;
}

static bool pairs(const struct ha_rule *nodes, const struct sim_map *sids)
{
	return nodes->kind == HA_NODES && !ha_disjoint(sids, &nodes->sids);
}

/* All node rules that share a resource with these. */
static void blame_paired(const struct ha_rules *rules, const struct sim_map *sids, json_t *errors,
			 const char *why)
{
	for (size_t i = 0; i < rules->count; i++)
		if (pairs(&rules->all[i], sids))
			blame(errors, &rules->all[i], why);
}

static void check_priorities(const struct ha_rules *rules, json_t *errors)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct sim_map *sids = &rules->all[i].sids;
		bool several = false;

		for (size_t n = 0; rules->all[i].kind != HA_NODES && n < rules->count; n++)
			several |=
				pairs(&rules->all[n], sids) && several_priorities(&rules->all[n]);
		if (!several)
			continue;
		blame(errors, &rules->all[i],
		      "resources are in node affinity rules with multiple priorities");
		blame_paired(rules, sids, errors,
			     "resources are in a resource affinity rule and cannot be in a node "
			     "affinity rule with multiple priorities");
	}
}

static void check_bundles_nodes(const struct ha_rules *rules, const struct ha_bundle *bundles,
				size_t count, json_t *errors)
{
	for (size_t b = 0; b < count; b++) {
		size_t paired = 0;

		for (size_t n = 0; n < rules->count; n++)
			paired += pairs(&rules->all[n], &bundles[b].sids);
		if (paired < 2)
			continue;
		for (size_t k = 0; k < bundles[b].nrules; k++)
			blame(errors, &rules->all[bundles[b].rules[k]],
			      "resources are in multiple node affinity rules");
		blame_paired(rules, &bundles[b].sids, errors,
			     "at least one resource is in a positive resource affinity rule and "
			     "there are other resources in at least one other node affinity rule "
			     "already");
	}
}

/* Members of a negative rule that node rules hold, against the nodes that these leave to them. */
static void check_room(const struct ha_rules *rules, json_t *errors)
{
	for (size_t i = 0; i < rules->count; i++) {
		struct sim_map held = { 0 }, room = { 0 };
		const struct sim_map *sids = &rules->all[i].sids;
		bool narrow;

		if (rules->all[i].kind != HA_APART)
			continue;
		for (size_t n = 0; n < rules->count; n++) {
			const struct ha_rule *nodes = &rules->all[n];

			if (!pairs(nodes, sids))
				continue;
			for (size_t s = 0; s < sids->count; s++)
				if (sim_map_get(&nodes->sids, sids->entries[s].key))
					(void)sim_map_put(&held, sids->entries[s].key, &held);
			for (size_t k = 0; k < nodes->nodes.count; k++)
				(void)sim_map_put(&room, nodes->nodes.entries[k].key, &room);
		}
		narrow = room.count < held.count;
		sim_map_release(&held, NULL);
		sim_map_release(&room, NULL);
		if (!narrow)
			continue;
		blame(errors, &rules->all[i],
		      "two or more resources are restricted to less nodes than available to the "
		      "resources");
		blame_paired(rules, sids, errors,
			     "at least one resource is in a negative resource affinity rule and "
			     "this rule would restrict these to less nodes than available to the "
			     "resources");
	}
}

json_t *ha_check(const struct ha_rules *rules, size_t nodes)
{
	json_t *errors = json_object();
	size_t count;
	struct ha_bundle *bundles = ha_bundles(rules, &count);

	check_one_node_rule(rules, errors);
	check_counts(rules, nodes, errors);
	check_contradictions(rules, bundles, count, errors);
	check_priorities(rules, errors);
	check_bundles_nodes(rules, bundles, count, errors);
	check_room(rules, errors);
	ha_bundles_free(bundles, count);
	return errors;
}
