/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a zone may be told. PVE refuses some of it only when networks are applied, or not at all. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "cloud/registry.h"
#include "cloud/sdn_zone.h"

/* "vlan or qinq": the types among these bits. */
static const char *types_text(struct pxc_buf *out, unsigned bits)
{
	unsigned left = bits;

	for (int t = 0; t < SDN_ZONE_TYPES; t++) {
		if (!(bits & 1u << t))
			continue;
		left &= ~(1u << t);
		buf_printf(out, "%s%s", !out->len ? "" : left ? ", " : " or ", sdn_zone_types[t]);
	}
	return buf_str(out);
}

static int check_number(const char *label, const struct sdn_zone_option *o, const char *text,
			struct pxc_err *err)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	if (end == text || *end || n < o->min || n > o->max)
		return pxc_fail(err, PXC_EINVAL, "%s: %s must be a number from %u to %u, not %s",
				label, o->name, o->min, o->max, text);
	return 0;
}

static int check_choice(const char *label, const struct sdn_zone_option *o, const char *text,
			struct pxc_err *err)
{
	auto_buf struct pxc_buf all = { .data = NULL };

	for (size_t i = 0; o->choices[i]; i++) {
		if (str_eq(o->choices[i], text))
			return 0;
		buf_printf(&all, "%s%s", i ? " or " : "", o->choices[i]);
	}
	return pxc_fail(err, PXC_EINVAL, "%s: %s must be %s, not %s", label, o->name, buf_str(&all),
			text);
}

static int check_words(const char *label, const struct sdn_zone_option *o, const char *text,
		       struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *const one[] = { text, NULL };
	const char *const *words = o->value == SDN_LIST ? strv_split(&arena, text) : one;

	if (str_eq(o->pve, "peers") && str_eq(text, "auto"))
		return 0;
	for (size_t i = 0; words[i]; i++)
		if (!o->is(words[i]))
			return pxc_fail(err, PXC_EINVAL, "%s: %s: \"%s\" is not %s", label, o->name,
					words[i], o->what);
	return 0;
}

static int check_value(const char *label, const struct sdn_zone_option *o, const char *text,
		       struct pxc_err *err)
{
	switch (o->value) {
	case SDN_INT:
		return check_number(label, o, text, err);
	case SDN_CHOICE:
		return check_choice(label, o, text, err);
	case SDN_BOOL:
		if (str_eq(text, "0") || str_eq(text, "1"))
			return 0;
		return pxc_fail(err, PXC_EINVAL, "%s: %s must be true or false, not %s", label,
				o->name, text);
	case SDN_TEXT:
	case SDN_LIST:
		break;
	}
	return check_words(label, o, text, err);
}

/* Does the zone have it: true, or is it not said (which is no when it is being made)? */
static bool has(const json_t *options, const char *pve)
{
	return json_is_string(json_object_get(options, pve));
}

static bool loses(const json_t *options, const char *pve, bool creating)
{
	const json_t *v = json_object_get(options, pve);

	return creating ? !json_is_string(v) : json_is_null(v);
}

static int check_needs(const char *label, int type, const json_t *options, bool creating,
		       struct pxc_err *err)
{
	for (const struct sdn_zone_option *o = sdn_zone_options; o->name; o++)
		if (o->needs & 1u << type && loses(options, o->pve, creating))
			return pxc_fail(err, PXC_EINVAL, "%s: a zone of type %s needs %s", label,
					sdn_zone_types[type], o->name);
	if (type != SDN_VXLAN)
		return 0;
	if (has(options, "peers") && has(options, "fabric"))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: peers and fabric: a zone of type vxlan has either the one or the other",
			label);
	if (loses(options, "peers", creating) && loses(options, "fabric", creating))
		return pxc_fail(err, PXC_EINVAL,
				"%s: a zone of type vxlan needs peers (addresses of its nodes, or "
				"auto) or a fabric",
				label);
	return 0;
}

int sdn_zone_check(const char *label, const char *type, const json_t *options, bool creating,
		   struct pxc_err *err)
{
	auto_buf struct pxc_buf types = { .data = NULL };
	int t = sdn_zone_type(type);
	const char *key;
	json_t *value;

	if (t < 0)
		return pxc_fail(err, PXC_EINVAL, "%s: type must be %s, not %s", label,
				types_text(&types, (1u << SDN_ZONE_TYPES) - 1),
				type ? type : "nothing");
	json_object_foreach ((json_t *)(uintptr_t)options, key, value) {
		const struct sdn_zone_option *o = sdn_zone_option(key);

		if (!o)
			return pxc_fail(err, PXC_EINVAL, "%s: there is no option %s", label, key);
		if (!(o->takes & 1u << t))
			return pxc_fail(err, PXC_EINVAL,
					"%s: %s is for zones of type %s, not for %s", label,
					o->name, types_text(&types, o->takes), type);
		if (json_is_string(value) &&
		    check_value(label, o, json_string_value(value), err) < 0)
			return -1;
	}
	return check_needs(label, t, options, creating, err);
}
