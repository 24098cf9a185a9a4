/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/sdn_zone_decode.h"

#include "base/buf.h"
#include "cloud/project_block.h"
#include "cloud/sdn_zone.h"
#include "modules/items.h"

static bool fits(const struct sdn_zone_option *o, const json_t *value)
{
	if (json_is_null(value))
		return true;
	switch (o->value) {
	case SDN_INT:
		return json_is_integer(value);
	case SDN_BOOL:
		return json_is_boolean(value);
	case SDN_LIST:
		return json_is_array(value);
	case SDN_TEXT:
	case SDN_CHOICE:
		break;
	}
	return json_is_string(value);
}

/* In an order of its own: these lists are sets. */
static json_t *joined(struct pxc_arena *arena, const json_t *given, const char *key)
{
	const char *const *words = strv_sorted(arena, item_list(arena, given, key));
	auto_buf struct pxc_buf text = { .data = NULL };

	for (size_t i = 0; words[i]; i++)
		buf_printf(&text, "%s%s", i ? "," : "", words[i]);
	return text.len ? json_string(buf_str(&text)) : json_null();
}

int sdn_zone_decode(struct pxc_env *env, const char *label, const json_t *given, json_t **ret,
		    struct pxc_err *err)
{
	json_t *options = pxc_env_keep(env, json_object());

	for (const struct sdn_zone_option *o = sdn_zone_options; o->name; o++) {
		const json_t *value = json_object_get(given, o->name);

		if (!value)
			continue;
		if (!fits(o, value))
			return pxc_fail(err, PXC_EINVAL, "%s: %s has a value of another type",
					label, o->name);
		(void)json_object_set_new(options, o->pve,
					  json_is_array(value) ? joined(env->arena, given, o->name)
							       : item_scalar(value));
	}
	*ret = options;
	return 0;
}
