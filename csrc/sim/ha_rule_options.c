/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_rule_options.c - the options of rules: which type takes which, and what may stand in them. */
#include "sim/ha_rule_options.h"

#include <string.h>

#include "sim/ha_format.h"

#define NOT_DEFINED                                                                                \
	"property is not defined in schema and the schema does not allow additional properties"

enum { OF_NODES = 1, OF_RESOURCES = 2, NEEDED = 4, SWITCH = 8 };

/* Options by type of rule: PVE says "oneOf[TYPE].OPTION" of them. */
static const struct option {
	const char *name;
	unsigned flags;
	sim_format_fn *format;
	const char *choices;
	size_t max;
} options[] = {
	{ "resources", OF_NODES | OF_RESOURCES | NEEDED, ha_format_sids, NULL, 0 },
	{ "nodes", OF_NODES | NEEDED, ha_format_nodes, NULL, 0 },
	{ "strict", OF_NODES | SWITCH, NULL, NULL, 0 },
	{ "affinity", OF_RESOURCES | NEEDED, NULL, "positive, negative", 0 },
	{ "disable", OF_NODES | OF_RESOURCES | SWITCH, NULL, NULL, 0 },
	{ "comment", OF_NODES | OF_RESOURCES, NULL, NULL, 4096 },
};

static unsigned type_bit(const char *type)
{
	if (type && !strcmp(type, "node-affinity"))
		return OF_NODES;
	return type && !strcmp(type, "resource-affinity") ? OF_RESOURCES : 0;
}

static bool is_choice(const char *choices, const char *value)
{
	bool found = false;

	for (char *one; (one = sim_list_next(&choices)); free(one))
		found |= !strcmp(one, value);
	return found;
}

static void check_value(struct sim_call *call, const struct option *o, const char *at,
			const char *value)
{
	auto_buf struct pxc_buf why = { 0 };

	if (o->flags & SWITCH && strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		sim_param_error(call, at, "type check ('boolean') failed - got '%s'", value);
	else if (o->format && !o->format(o->name, value, &why))
		sim_param_error(call, at, "invalid format - %s", buf_str(&why));
	else if (o->choices && !is_choice(o->choices, value))
		sim_param_error(call, at,
				"value '%s' does not have a value in the enumeration '%s'", value,
				o->choices);
	else if (o->max && utf8_length(value) > o->max)
		sim_param_error(call, at, "value may only be %zu characters long", o->max);
}

int ha_rule_check(struct sim_call *call, bool creating)
{
	const char *type = sim_arg(call, "type");
	unsigned bit = type_bit(type);

	if (!type)
		sim_param_error(call, "type", "property is missing and it is not optional");
	else if (!bit)
		sim_param_error(call, "type",
				"value '%s' does not have a value in the enumeration "
				"'node-affinity, resource-affinity'",
				type);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		const char *value = sim_arg(call, o->name);
		auto_free char *at = pxc_printf("oneOf[%s].%s", type ? type : "", o->name);

		if (value && !(o->flags & bit))
			sim_param_error(call, o->name, "%s", NOT_DEFINED);
		else if (value)
			check_value(call, o, at, value);
		else if (creating && bit && o->flags & bit && o->flags & NEEDED)
			sim_param_error(call, at, "property is missing and it is not optional");
	}
	return sim_bad_params(call);
}

json_t *ha_rule_given(struct sim_call *call)
{
	json_t *config = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const char *name = options[i].name, *value = sim_arg(call, name);
		auto_free char *text = NULL;

		if (!value)
			continue;
		if (options[i].flags & SWITCH) {
			json_object_set_new(config, name, json_integer(*value == '1'));
			continue;
		}
		text = !strcmp(name, "resources") ? ha_normal_sids(value)
		       : !strcmp(name, "nodes")   ? ha_normal_nodes(value)
		       : !strcmp(name, "comment") ? ha_mangled(value)
						  : pxc_strdup(value);
		if (!text) {
			json_decref(config);
			sim_fail(call, 500, "Cannot decode string with wide characters");
			return NULL;
		}
		json_object_set_new(config, name, json_string(text));
	}
	return config;
}

int ha_rule_forget(struct sim_call *call, const char *what, json_t *rule, const json_t *config)
{
	const char *list = sim_arg(call, "delete");
	unsigned bit = type_bit(sim_arg(call, "type"));
	char *key;

	for (; (key = sim_list_next(&list)); free(key)) {
		const struct option *o = NULL;
		int failed = 0;

		for (size_t i = 0; i < ARRAY_SIZE(options); i++)
			if (options[i].flags & bit && !strcmp(options[i].name, key))
				o = &options[i];
		if (!o)
			failed = sim_fail(call, 500, "%s: no such option '%s'", what, key);
		else if (o->flags & NEEDED)
			failed = sim_fail(call, 500, "%s: unable to delete required option '%s'",
					  what, key);
		else if (json_object_get(config, key))
			failed = sim_fail(
				call, 500,
				"%s: cannot set and delete property '%s' at the same time!", what,
				key);
		else
			json_object_del(rule, key);
		if (failed) {
			free(key);
			return -1;
		}
	}
	return 0;
}
