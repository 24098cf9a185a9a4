/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What pxc_info tells of groups of people and key pairs. Admins see all, others what concerns their projects. */
#include "base/str.h"
#include "modules/info.h"
#include "modules/items.h"

void info_read_people(struct pxc_env *env, const struct info_spec *s, struct info_world *iw)
{
	if (s->keypairs)
		iw->npairs = keypairs_of(iw->w, s->project, env->arena, &iw->pairs);
}

/* Leave those of its roles that the actor may know of. Is there any, of the project that is asked for? */
static bool cut_roles(const struct info_spec *s, const struct info_world *iw, json_t *used_by)
{
	bool of_project = !s->project;

	for (size_t i = json_array_size(used_by); i-- > 0;) {
		const char *project = item_text(json_array_get(used_by, i), "project");

		if (!info_sees(iw, project))
			(void)json_array_remove(used_by, i);
		else if (str_eq(project, s->project))
			of_project = true;
	}
	return of_project && (!iw->own || json_array_size(used_by));
}

static void report_groups(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < iw->w->ngroups; i++) {
		json_t *item = group_item(iw->w, &iw->w->groups[i]);

		if (!item)
			continue;
		if ((!s->names || strv_has(s->names, item_text(item, "name"))) &&
		    cut_roles(s, iw, json_object_get(item, "used_by")))
			info_append(s, list, item);
		else
			json_decref(item);
	}
	(void)json_object_set_new(result, "groups", list);
}

static void report_keypairs(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	json_t *list = json_array();
	const char *project = NULL;
	bool seen = false;

	for (size_t i = 0; i < iw->npairs; i++) {
		const struct keypair *k = &iw->pairs[i];

		if (!str_eq(project, k->project))
			seen = info_sees(iw, k->project);
		project = k->project;
		if (seen && !k->foreign && (!s->names || strv_has(s->names, k->name)))
			info_append(s, list, keypair_item(k));
	}
	(void)json_object_set_new(result, "keypairs", list);
}

void info_report_people(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	if (s->groups)
		report_groups(s, iw, result);
	if (s->keypairs)
		report_keypairs(s, iw, result);
}

int64_t info_count_keypairs(const struct info_world *iw, const char *project)
{
	int64_t n = 0;

	for (size_t i = 0; i < iw->npairs; i++)
		n += str_eq(iw->pairs[i].project, project);
	return n;
}
