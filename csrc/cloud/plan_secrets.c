/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_secrets.c - no secret in anything that many can read: notes, comments, aliases, tags, metadata of images.
 *
 * Asked of every plan, whoever made it, before any step is done.
 */
#include <stdint.h>
#include <string.h>

#include "annot/annot.h"
#include "annot/escape.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/plan.h"

#define SHORTEST 6 /* of a value that is looked for: shorter ones are in many texts by chance */

/* Arguments of steps that become texts which many can read; an object's keys are part of the text. */
static const char *const carriers[] = { "description", "comment", "alias",    "tags",
					"notes",       "block",   "metadata", "value" };

struct look {
	const struct pxc_plan *plan;
	const json_t *secrets;
	struct pxc_err *err;
};

static int refuse(const struct look *l, const char *key, const char *what, const char *name)
{
	if (str_eq(name, key))
		name = "";
	return pxc_fail(l->err, PXC_EINVAL, "%s: its %s would hold %s%s%s%s, which many could read",
			l->plan->label, key, what, *name ? " (" : "", name, *name ? ")" : "");
}

static bool holds(const char *text, const char *secret)
{
	auto_buf struct pxc_buf escaped = { .data = NULL };

	annot_escape(&escaped, secret);
	return strstr(text, secret) || strstr(text, buf_str(&escaped));
}

static int check_text(const struct look *l, const char *key, const char *text)
{
	struct annot_leak leak;
	size_t i;
	json_t *secret;

	json_array_foreach (l->secrets, i, secret)
		if (strlen(json_string_value(secret)) >= SHORTEST &&
		    holds(text, json_string_value(secret)))
			return refuse(l, key, "what the task keeps secret", "");
	if (annot_find_secret(text, &leak)) {
		auto_free char *what = pxc_printf("what looks like %s", leak.what);

		return refuse(l, key, what, leak.name);
	}
	return 0;
}

/* Keys of RBD metadata are named as they are stored: "pxc.m.note". */
static int check_value(const struct look *l, const char *key, const json_t *value)
{
	const char *inner;
	json_t *entry;
	size_t i;

	json_array_foreach (value, i, entry)
		if (check_value(l, key, entry) < 0)
			return -1;
	json_object_foreach ((json_t *)(uintptr_t)value, inner, entry) {
		auto_free char *text =
			json_is_string(entry) ? pxc_printf("%s=%s", inner, json_string_value(entry))
					      : NULL;

		if (text ? check_text(l, inner, text) < 0 : check_value(l, inner, entry) < 0)
			return -1;
	}
	return json_is_string(value) ? check_text(l, key, json_string_value(value)) : 0;
}

int pxc_plans_check_secrets(const struct pxc_plans *plans, const json_t *secrets,
			    struct pxc_err *err)
{
	for (size_t i = 0; i < plans->nplans; i++) {
		const struct look l = { plans->plans[i], secrets, err };

		for (size_t s = 0; s < l.plan->nsteps; s++)
			for (size_t k = 0; k < ARRAY_SIZE(carriers); k++)
				if (check_value(&l, carriers[k],
						json_object_get(l.plan->steps[s].args,
								carriers[k])) < 0)
					return -1;
	}
	return 0;
}
