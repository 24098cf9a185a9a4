/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PVE keeps users, groups, pools and permissions in one file: ours leave room there. */
#include <string.h>

#include "base/str.h"
#include "cloud/group.h"

/* Bytes that a text takes in user.cfg, where ":", "%", control characters and all beyond ASCII stand as %HH. */
static json_int_t stored(const char *text)
{
	json_int_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		n += *p < ' ' || *p > '~' || *p == ':' || *p == '%' ? 3 : 1;
	return n;
}

static json_int_t sum(const json_t *sizes)
{
	json_int_t n = 0;
	const char *key;
	json_t *size;

	json_object_foreach ((json_t *)(uintptr_t)sizes, key, size)
		n += (json_int_t)strlen("group:::\n") + (json_int_t)strlen(key) +
		     json_integer_value(size);
	return n;
}

static void do_plan(json_t *sizes, const struct pxc_plan *p)
{
	for (size_t s = 0; s < p->nsteps; s++) {
		const json_t *args = p->steps[s].args;
		const char *id = json_string_value(json_object_get(args, "groupid"));
		const char *comment = json_string_value(json_object_get(args, "comment"));

		if (id && comment)
			(void)json_object_set_new(sizes, id, json_integer(stored(comment)));
		else if (id)
			(void)json_object_del(sizes, id);
	}
}

int groups_room(const struct world *w, const struct pxc_plans *plans, struct pxc_err *err)
{
	json_auto_t *sizes = json_object();
	json_int_t before, after;

	for (size_t i = 0; i < w->ngroups; i++)
		if (str_starts(w->groups[i].groupid, GROUP_PREFIX))
			(void)json_object_set_new(sizes, w->groups[i].groupid,
						  json_integer(stored(w->groups[i].comment)));
	before = sum(sizes);
	for (size_t i = 0; i < plans->nplans; i++)
		do_plan(sizes, plans->plans[i]);
	after = sum(sizes);
	if (after <= (json_int_t)GROUPS_MAX_TEXT || after <= before)
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"groups of people and key pairs would take %lld bytes of PVE's file of users and "
		"permissions, which ends at 1 MiB: at most %u are taken, %lld are in use; remove some "
		"that nobody needs",
		(long long)after, GROUPS_MAX_TEXT, (long long)before);
}
