/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/ha.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"

struct decoder {
	struct pxc_arena *arena;
	json_t *warnings;
	struct ha *ha;
	struct pxc_err *err;
};

/* ---- values, which PVE gives as numbers or as texts ---- */

static const char *text(const json_t *row, const char *key, const char *fallback)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : fallback;
}

static int number(const json_t *row, const char *key, int fallback)
{
	const json_t *v = json_object_get(row, key);

	if (json_is_boolean(v))
		return json_is_true(v);
	if (json_is_string(v))
		return (int)strtol(json_string_value(v), NULL, 10);
	return json_is_integer(v) ? (int)json_integer_value(v) : fallback;
}

static char *kept(const struct decoder *d, const json_t *row, const char *key)
{
	return arena_strdup(d->arena, text(row, key, ""));
}

static void warn(const struct decoder *d, const char *sentence)
{
	(void)json_array_append_new(d->warnings, json_string(sentence));
}

/* "vm:100" or "ct:100"; false: another form. */
static bool read_sid(const char *sid, unsigned *ret_vmid, bool *ret_container)
{
	bool container = str_starts(sid, "ct:");
	char *end = NULL;
	unsigned long n;

	if (!container && !str_starts(sid, "vm:"))
		return false;
	n = strtoul(sid + 3, &end, 10);
	if (n == 0 || n > 999999999 || *end || sid[3] < '0' || sid[3] > '9')
		return false;
	*ret_vmid = (unsigned)n;
	*ret_container = container;
	return true;
}

static int check_list(const struct decoder *d, const json_t *list, const char *path)
{
	if (!list || json_is_array(list))
		return 0;
	return pxc_fail(d->err, PXC_EREMOTE,
			"GET /cluster/ha/%s: half an answer, not taken for truth", path);
}

/* ---- resources ---- */

static int resource_order(const void *a, const void *b)
{
	const struct ha_resource *x = a, *y = b;

	return (x->vmid > y->vmid) - (x->vmid < y->vmid);
}

static void read_resources(const struct decoder *d, const json_t *list)
{
	struct ha *ha = d->ha;
	size_t i;
	json_t *row;

	ha->resources = arena_alloc(d->arena, json_array_size(list) * sizeof(*ha->resources));
	json_array_foreach (list, i, row) {
		const char *sid = text(row, "sid", ""), *state = text(row, "state", "started");
		struct ha_resource *r = &ha->resources[ha->nresources];

		if (!read_sid(sid, &r->vmid, &r->container)) {
			warn(d, arena_printf(d->arena,
					     "HA resource %s is of a kind that is not known", sid));
			continue;
		}
		/* "enabled" is the old word. */
		r->state = str_eq(state, "enabled") ? "started" : arena_strdup(d->arena, state);
		r->crm = r->node = "";
		r->max_restart = number(row, "max_restart", 1);
		r->max_relocate = number(row, "max_relocate", 1);
		r->failback = number(row, "failback", 1) != 0;
		r->auto_rebalance = number(row, "auto-rebalance", 1) != 0;
		r->group = kept(d, row, "group");
		r->comment = kept(d, row, "comment");
		r->digest = kept(d, row, "digest");
		ha->nresources++;
	}
	if (ha->nresources)
		qsort(ha->resources, ha->nresources, sizeof(*ha->resources), resource_order);
}

const struct ha_resource *ha_resource(const struct ha *ha, unsigned vmid)
{
	struct ha_resource key = { .vmid = vmid };

	if (!ha || !ha->nresources)
		return NULL;
	return bsearch(&key, ha->resources, ha->nresources, sizeof(key), resource_order);
}

/* ---- rules ---- */

static int rule_order(const void *a, const void *b)
{
	return strcmp(((const struct ha_rule *)a)->name, ((const struct ha_rule *)b)->name);
}

const struct ha_rule *ha_rule(const struct ha *ha, const char *name)
{
	struct ha_rule key = { .name = name };

	if (!ha || !ha->nrules)
		return NULL;
	return bsearch(&key, ha->rules, ha->nrules, sizeof(key), rule_order);
}

static int vmid_order(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static size_t parts_of(const char *list)
{
	size_t n = 1;

	for (; *list; list++)
		n += *list == ',';
	return n;
}

/* "vm:101,ct:100" */
static void read_members(const struct decoder *d, struct ha_rule *rule, const char *list)
{
	unsigned *vmids = arena_alloc(d->arena, parts_of(list) * sizeof(*vmids));
	bool container;

	while (*list) {
		size_t len = strcspn(list, ",");
		const char *sid = arena_strndup(d->arena, list, len);

		if (read_sid(sid, &vmids[rule->nvmids], &container))
			rule->nvmids++;
		else if (len)
			warn(d, arena_printf(d->arena,
					     "HA rule %s names %s, which is of a kind that is "
					     "not known",
					     rule->name, sid));
		list += len + (list[len] == ',');
	}
	qsort(vmids, rule->nvmids, sizeof(*vmids), vmid_order);
	rule->vmids = vmids;
}

static int node_order(const void *a, const void *b)
{
	return strcmp(((const struct ha_rule_node *)a)->name,
		      ((const struct ha_rule_node *)b)->name);
}

/* "pve2,pve1:2", in no order */
static void read_nodes(const struct decoder *d, struct ha_rule *rule, const char *list)
{
	struct ha_rule_node *nodes = arena_alloc(d->arena, parts_of(list) * sizeof(*nodes));

	while (*list) {
		size_t len = strcspn(list, ","), name = strcspn(list, ",:");

		if (name)
			nodes[rule->nnodes++] = (struct ha_rule_node){
				.name = arena_strndup(d->arena, list, name),
				.priority = name < len ? (int)strtol(list + name + 1, NULL, 10) : 0,
			};
		list += len + (list[len] == ',');
	}
	qsort(nodes, rule->nnodes, sizeof(*nodes), node_order);
	rule->nodes = nodes;
}

/* errors: {"resources": ["rule is ineffective ..."]} */
static const char *read_problem(const struct decoder *d, const json_t *row)
{
	const char *all = NULL, *key;
	json_t *list, *one;
	size_t i;

	json_object_foreach (json_object_get(row, "errors"), key, list)
		json_array_foreach (list, i, one)
			if (json_is_string(one))
				all = arena_printf(d->arena, "%s%s%s", all ? all : "",
						   all ? ", " : "", json_string_value(one));
	return all;
}

static bool read_type(const json_t *row, enum ha_rule_type *ret)
{
	const char *type = text(row, "type", ""), *affinity = text(row, "affinity", "");

	if (str_eq(type, "node-affinity"))
		*ret = HA_NODES;
	else if (str_eq(type, "resource-affinity") && str_eq(affinity, "negative"))
		*ret = HA_APART;
	else if (str_eq(type, "resource-affinity") && str_eq(affinity, "positive"))
		*ret = HA_TOGETHER;
	else
		return false;
	return true;
}

static void read_rules(const struct decoder *d, const json_t *list)
{
	struct ha *ha = d->ha;
	size_t i;
	json_t *row;

	ha->rules = arena_alloc(d->arena, json_array_size(list) * sizeof(*ha->rules));
	json_array_foreach (list, i, row) {
		struct ha_rule *rule = &ha->rules[ha->nrules];

		rule->name = kept(d, row, "rule");
		if (!read_type(row, &rule->type)) {
			warn(d, arena_printf(d->arena,
					     "HA rule %s is of type %s, which is not known: it is "
					     "left out",
					     rule->name, text(row, "type", "(none)")));
			continue;
		}
		rule->disabled = number(row, "disable", 0) != 0;
		rule->strict = number(row, "strict", 0) != 0;
		read_members(d, rule, text(row, "resources", ""));
		if (rule->type == HA_NODES)
			read_nodes(d, rule, text(row, "nodes", ""));
		rule->comment = kept(d, row, "comment");
		rule->digest = kept(d, row, "digest");
		rule->problem = read_problem(d, row);
		ha->nrules++;
	}
}

/* PVE 8: a resource names its group; that it is not brought back is said there. */
static void read_group_members(const struct decoder *d, struct ha_rule *rule, bool failback)
{
	struct ha *ha = d->ha;
	unsigned *vmids = arena_alloc(d->arena, ha->nresources * sizeof(*vmids));

	for (size_t i = 0; i < ha->nresources; i++)
		if (str_eq(ha->resources[i].group, rule->name)) {
			vmids[rule->nvmids++] = ha->resources[i].vmid;
			ha->resources[i].failback = failback;
		}
	rule->vmids = vmids;
}

static void read_groups(const struct decoder *d, const json_t *list)
{
	struct ha *ha = d->ha;
	size_t i;
	json_t *row;

	ha->rules = arena_alloc(d->arena, json_array_size(list) * sizeof(*ha->rules));
	json_array_foreach (list, i, row) {
		struct ha_rule *rule = &ha->rules[ha->nrules++];

		rule->name = kept(d, row, "group");
		rule->type = HA_NODES;
		rule->strict = number(row, "restricted", 0) != 0;
		read_group_members(d, rule, number(row, "nofailback", 0) == 0);
		read_nodes(d, rule, text(row, "nodes", ""));
		rule->comment = kept(d, row, "comment");
		rule->digest = kept(d, row, "digest");
	}
}

/* ---- status ---- */

struct names {
	const char **list;
	size_t n, cap;
};

static void add_name(const struct decoder *d, struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_eq(names->list[i], name))
			return;
	names->list =
		arena_grow(d->arena, names->list, names->n, &names->cap, sizeof(*names->list));
	names->list[names->n++] = arena_strdup(d->arena, name);
}

/* The manager's line about a guest. */
static void read_service(const struct decoder *d, const json_t *row)
{
	struct ha *ha = d->ha;
	const struct ha_resource *found;
	struct ha_resource *r;
	unsigned vmid;
	bool container;

	if (!read_sid(text(row, "sid", ""), &vmid, &container))
		return;
	found = ha_resource(ha, vmid);
	if (!found)
		return;
	r = &ha->resources[found - ha->resources];
	r->crm = arena_strdup(d->arena, text(row, "crm_state", text(row, "state", "")));
	r->node = kept(d, row, "node");
}

static void read_current(const struct decoder *d, const json_t *list, struct names *maintenance)
{
	size_t i;
	json_t *row;

	json_array_foreach (list, i, row) {
		const char *type = text(row, "type", ""), *node = text(row, "node", "");
		const char *armed = text(row, "armed-state", "");

		if (str_eq(type, "service"))
			read_service(d, row);
		else if (str_eq(type, "fencing"))
			d->ha->armed = !str_starts(armed, "disarm");
		else if (str_eq(type, "lrm") &&
			 strstr(text(row, "status", ""), "(maintenance mode"))
			add_name(d, maintenance, node);
	}
}

/* What is asked for counts too: the node's own line follows some seconds later. */
static void read_manager(const struct decoder *d, const json_t *manager, struct names *maintenance)
{
	json_t *status = json_object_get(manager, "manager_status"), *value;
	const char *node;

	json_object_foreach (json_object_get(status, "node_status"), node, value)
		if (str_eq(json_string_value(value), "maintenance"))
			add_name(d, maintenance, node);
	json_object_foreach (json_object_get(status, "node_request"), node, value)
		if (number(value, "maintenance", 0))
			add_name(d, maintenance, node);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_maintenance(const struct decoder *d, const json_t *current, const json_t *manager)
{
	struct names names = { .n = 0 };
	const char **list;

	read_current(d, current, &names);
	read_manager(d, manager, &names);
	list = arena_alloc(d->arena, (names.n + 1) * sizeof(*list));
	if (names.n)
		memcpy(list, names.list, names.n * sizeof(*list));
	qsort(list, names.n, sizeof(*list), name_order);
	d->ha->maintenance = list;
}

bool ha_in_maintenance(const struct ha *ha, const char *node)
{
	for (size_t i = 0; ha && ha->maintenance && ha->maintenance[i]; i++)
		if (str_eq(ha->maintenance[i], node))
			return true;
	return false;
}

/* The cluster's resource scheduling: an object, or the text of the configuration. */
static void read_crs(const struct decoder *d, const json_t *options)
{
	json_t *crs = json_object_get(options, "crs");
	json_auto_t *parsed = json_is_string(crs) ? prop_parse(json_string_value(crs), NULL) : NULL;
	const json_t *row = parsed ? parsed : crs;

	d->ha->scheduler = kept(d, row, "ha");
	d->ha->rebalances = number(row, "ha-auto-rebalance", 0) != 0;
}

int ha_decode(const json_t *resources, const json_t *rules, const json_t *groups,
	      const json_t *current, const json_t *manager, const json_t *options,
	      struct pxc_arena *arena, json_t *warnings, struct ha **ret, struct pxc_err *err)
{
	struct ha *ha = arena_alloc(arena, sizeof(*ha));
	struct decoder d = { arena, warnings, ha, err };

	if (check_list(&d, resources, "resources") < 0 || check_list(&d, rules, "rules") < 0 ||
	    check_list(&d, groups, "groups") < 0 || check_list(&d, current, "status/current") < 0)
		return -1;
	ha->has_rules = rules != NULL;
	ha->armed = true;
	read_resources(&d, resources);
	/* Where there are rules, PVE itself shows groups that were left over as such. */
	if (rules)
		read_rules(&d, rules);
	else
		read_groups(&d, groups);
	if (ha->nrules)
		qsort(ha->rules, ha->nrules, sizeof(*ha->rules), rule_order);
	read_maintenance(&d, current, manager);
	read_crs(&d, options);
	*ret = ha;
	return 0;
}
