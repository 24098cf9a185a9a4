/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "cloud/project_block.h"
#include "modules/items.h"
#include "modules/vm_decode.h"

#define MAX_HA_COMMENT 3900 /* PVE takes 4096 characters, the token among them */

/* As named, -1 when it was not. */
static int named_number(const json_t *dict, const char *key)
{
	const json_t *v = json_object_get(dict, key);

	if (json_is_boolean(v))
		return json_is_true(v);
	return json_is_integer(v) ? (int)json_integer_value(v) : -1;
}

int vm_decode_ha(const json_t *item, struct vm_spec *s, struct pxc_err *err)
{
	const json_t *ha = json_object_get(item, "ha");
	struct vm_ha *h = &s->ha;

	*h = (struct vm_ha){
		.named = json_is_object(ha),
		.enabled = item_true(ha, "enabled"),
		.max_restart = named_number(ha, "max_restart"),
		.max_relocate = named_number(ha, "max_relocate"),
		.failback = named_number(ha, "failback"),
		.auto_rebalance = named_number(ha, "auto_rebalance"),
		.comment = item_text(ha, "comment"),
	};
	if (item_int(ha, "max_restart") < 0 || item_int(ha, "max_relocate") < 0 ||
	    item_int(ha, "max_restart") > INT32_MAX || item_int(ha, "max_relocate") > INT32_MAX)
		return pxc_fail(err, PXC_EINVAL,
				"%s: ha: max_restart and max_relocate are numbers from 0 on",
				s->label);
	if (h->comment && (strpbrk(h->comment, "\r\n") || strstr(h->comment, "[pxc/")))
		return pxc_fail(err, PXC_EINVAL, "%s: ha: its comment must be one line of text",
				s->label);
	if (h->comment && utf8_length(h->comment) > MAX_HA_COMMENT)
		return pxc_fail(err, PXC_EINVAL,
				"%s: ha: its comment has %zu characters, at most %d are kept",
				s->label, utf8_length(h->comment), MAX_HA_COMMENT);
	return 0;
}

int vm_decode_affinity(struct pxc_env *env, const json_t *given, struct vm_spec *s,
		       struct pxc_err *err)
{
	const char *const *list = item_list(env->arena, given, "affinity");

	for (size_t i = 0; list && list[i]; i++)
		if (!item_slug(list[i]))
			return pxc_fail(err, PXC_EINVAL,
					"%s: affinity: \"%s\" is no name of an affinity group",
					s->label, list[i]);
	s->affinity = list ? strv_sorted(env->arena, list) : NULL;
	return 0;
}
